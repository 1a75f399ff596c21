/* stria bench MODEL: inference and training steps of a model. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "bench_times.h"
#include "failure.h"
#include "open.h"
#include "table.h"
#include "text.h"

#define USUAL_BATCH   64
#define USUAL_SECONDS 1

/* One mode's samples, kernels and names. */
typedef struct measurement {
    const char *model, *mode;
    int64_t batch;
    cli_times times;
    char kernels[2048];
} measurement;

static stria_status measure(measurement *into, stria_context *context, stria_model *model, cli_job_mode mode,
                            double seconds, stria_error *err)
{
    cli_job *job = NULL;
    stria_status status = cli_job_create(&job, context, model, mode, into->batch, 0, err);
    if (status == STRIA_OK) {
        status = cli_times_take(&into->times, context, job, seconds, CLI_FEWEST_SAMPLES, err);
    }
    if (status == STRIA_OK) {
        cli_job_kernels(job, into->kernels, sizeof into->kernels);
    }
    cli_job_free(job);
    return status;
}

static int print_json(const measurement *of, const stria_context *context)
{
    const cli_figures figures = cli_figures_of(of->times.seconds, of->times.count);
    cli_json *object = cli_json_object();
    cli_json_set(object, "schema", cli_json_text("stria.bench/1"));
    cli_json_set(object, "model", cli_json_text(of->model));
    cli_json_set(object, "mode", cli_json_text(of->mode));
    cli_json_set(object, "batch", cli_json_integer(of->batch));
    cli_json_set(object, "cpu", cli_json_text(stria_context_cpu(context)));
    cli_json_set(object, "threads", cli_json_integer(stria_context_threads(context)));
    cli_json_set(object, "kernels", cli_json_text(of->kernels));
    cli_figures_json(&figures, object);
    cli_times_json(&of->times, object);
    return cli_json_print(object);
}

static void add_row(cli_table *table, const measurement *of)
{
    char number[CLI_NUMBER_SIZE];
    const cli_figures figures = cli_figures_of(of->times.seconds, of->times.count);
    cli_table_add(table, "%s", of->mode);
    cli_table_add(table, "%s", cli_short_time_text(figures.median, number));
    cli_table_add(table, "%s", cli_short_time_text(figures.fastest, number));
    cli_table_add(table, "%s", cli_spread_text(&figures, number));
    cli_table_add(table, "%s", cli_count_text((int64_t)((double)of->batch / figures.median), number));
}

/* Training is timed only where it can be: on models that end in classes. */
static int time_modes(stria_context *context, stria_model *model, measurement *of,
                      const cli_bench_options *options)
{
    static const struct {
        cli_job_mode mode;
        const char *name;
    } modes[] = {{CLI_JOB_INFERENCE, "inference"}, {CLI_JOB_TRAIN_STEP, "train_step"}};
    static const cli_column columns[] = {{.title = "mode"},
                                         {.title = "median", .right = true},
                                         {.title = "fastest", .right = true},
                                         {.title = "spread", .right = true},
                                         {.title = "samples/s", .right = true}};
    const double seconds = options->seconds >= 0 ? options->seconds : USUAL_SECONDS;
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    int status = CLI_DONE;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0] && status == CLI_DONE; i++) {
        stria_error err = {0};
        of->mode = modes[i].name;
        const stria_status measured = measure(of, context, model, modes[i].mode, seconds, &err);
        if (measured != STRIA_OK && i > 0 && measured != STRIA_ERROR_MEMORY) {
            cli_note("no training: %s", err.message);
        } else if (measured != STRIA_OK) {
            status = cli_fail_with(&err, CLI_FROM_FILE);
        } else if (options->json) {
            status = print_json(of, context);
        } else {
            add_row(&table, of);
        }
    }
    if (status == CLI_DONE && !options->json) {
        char batch[CLI_NUMBER_SIZE];
        const int threads = stria_context_threads(context);
        printf("%s in batches of %s, %s, %d thread%s\n\n", of->model, cli_count_text(of->batch, batch),
               stria_context_cpu(context), threads, threads == 1 ? "" : "s");
        status = cli_table_print(&table, stdout, true);
        cli_bench_print_wrapped("\n" CLI_BENCH_SPREAD);
    }
    cli_table_free(&table);
    return status;
}

int cli_bench_model(stria_context *context, const char *name, const cli_bench_options *options)
{
    stria_model *model = NULL;
    int status = cli_open_model(&model, context, name);
    measurement *of = status == CLI_DONE ? calloc(1, sizeof *of) : NULL;
    if (status == CLI_DONE && of == NULL) {
        status = cli_fail_memory();
    }
    if (status == CLI_DONE) {
        of->model = name;
        of->batch = options->batch > 0 ? options->batch : USUAL_BATCH;
        status = time_modes(context, model, of, options);
    }
    free(of);
    stria_model_free(model);
    return status;
}

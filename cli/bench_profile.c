/* stria bench MODEL --profile: where a model spends its time, layer by layer. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "bench_steps.h"
#include "bench_times.h"
#include "failure.h"
#include "open.h"
#include "table.h"
#include "text.h"

#define USUAL_BATCH   1
#define USUAL_SECONDS 1
#define MOST_RUNS     200

/* What is found out of a plan. */
typedef struct profile {
    const char *model;
    stria_context *context;
    cli_steps steps;
    stria_peak peak;
    bool training;
    size_t runs;
    double *seconds;   /* [step][MOST_RUNS] */
    double *whole;     /* [MOST_RUNS], of all steps together */
    double all_median; /* of whole */
} profile;

static stria_status take_runs(profile *p, double seconds, stria_error *err)
{
    stria_status status = cli_steps_run(&p->steps, err); /* touches the memory */
    const uint64_t start = stria_context_now(p->context);
    while (status == STRIA_OK && p->runs < MOST_RUNS) {
        const double spent = (double)(stria_context_now(p->context) - start) * 1e-9;
        if (p->runs >= CLI_FEWEST_SAMPLES && spent >= seconds) {
            break;
        }
        status = cli_steps_run(&p->steps, err);
        p->whole[p->runs] = 0;
        for (size_t i = 0; i < p->steps.count; i++) {
            const double one = (double)p->steps.times[i] * 1e-9;
            p->seconds[i * MOST_RUNS + p->runs] = one;
            p->whole[p->runs] += one;
        }
        p->runs++;
    }
    if (status == STRIA_OK) {
        p->all_median = cli_figures_of(p->whole, p->runs).median;
    }
    return status;
}

/* Steps that compute something. */
static bool next_step(const profile *p, size_t *at, stria_step_info *info)
{
    for (; stria_plan_step(p->steps.plan, *at, info); ++*at) {
        if (*info->kernel != '\0') {
            return true;
        }
    }
    return false;
}

static int print_table(const profile *p)
{
    cli_column columns[8] = {{.title = "layer"}};
    size_t count = 1;
    if (p->training) {
        columns[count++] = (cli_column){.title = "pass"};
    }
    columns[count++] = (cli_column){.title = "time", .right = true};
    columns[count++] = (cli_column){.title = "share", .right = true};
    columns[count++] = (cli_column){.title = "rate", .right = true};
    columns[count++] = (cli_column){.title = "peak", .right = true};
    columns[count++] = (cli_column){.title = "memory", .right = true};
    columns[count++] = (cli_column){.title = "kernel"};
    cli_table table = cli_table_create(columns, count);
    char number[CLI_NUMBER_SIZE];
    stria_step_info info;
    for (size_t i = 0; next_step(p, &i, &info); i++) {
        const cli_figures figures = cli_figures_of(p->seconds + i * MOST_RUNS, p->runs);
        const cli_rate rate = cli_rate_of((double)info.macs, (double)info.bytes, figures.median, &p->peak);
        cli_table_add(&table, "%s", info.layer);
        if (p->training) {
            cli_table_add(&table, "%s", info.backward ? "backward" : "forward");
        }
        /* A layer that runs inside another has no time of its own; the clock's is not worth telling. */
        const bool alone = info.bytes > 0;
        cli_table_add(&table, "%s", alone ? cli_short_time_text(figures.median, number) : "");
        if (alone) {
            cli_table_add(&table, "%.1f %%", 100 * figures.median / p->all_median);
        } else {
            cli_table_add(&table, "%s", "");
        }
        cli_table_add(&table, "%s", cli_rate_text(&rate, number));
        cli_table_add(&table, "%s", cli_share_text(&rate, number));
        cli_table_add(&table, "%s", alone ? cli_bytes_text((int64_t)info.bytes, number) : "");
        cli_table_add(&table, "%s", info.kernel);
    }
    printf("%s in batches of %s; ", p->model, cli_count_text(p->steps.batch, number));
    cli_bench_print_peak(p->context, &p->peak);
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    const cli_figures all = cli_figures_of(p->whole, p->runs);
    printf("\nall steps: %s", cli_short_time_text(all.median, number));
    printf(" (spread %s of %zu runs)\n", cli_spread_text(&all, number), p->runs);
    cli_bench_print_wrapped(CLI_BENCH_PEAK "\nmemory: of the tensors that are read and written, each once");
    return status;
}

static int print_json(const profile *p)
{
    const cli_figures all = cli_figures_of(p->whole, p->runs);
    cli_json *object = cli_json_object();
    cli_json_set(object, "schema", cli_json_text("stria.bench.profile/1"));
    cli_json_set(object, "model", cli_json_text(p->model));
    cli_json_set(object, "mode", cli_json_text(p->training ? "training" : "inference"));
    cli_json_set(object, "batch", cli_json_integer(p->steps.batch));
    cli_json_set(object, "cpu", cli_json_text(stria_context_cpu(p->context)));
    cli_json_set(object, "threads", cli_json_integer(stria_context_threads(p->context)));
    cli_json_set(object, "peak_gflops", cli_json_number(2e-9 * p->peak.multiply_adds));
    cli_json_set(object, "peak_gbytes", cli_json_number(1e-9 * p->peak.bytes));
    cli_json_set(object, "runs", cli_json_integer((int64_t)p->runs));
    cli_figures_json(&all, object);
    cli_json *steps = cli_json_list();
    stria_step_info info;
    for (size_t i = 0; next_step(p, &i, &info); i++) {
        const cli_figures figures = cli_figures_of(p->seconds + i * MOST_RUNS, p->runs);
        const cli_rate rate = cli_rate_of((double)info.macs, (double)info.bytes, figures.median, &p->peak);
        cli_json *step = cli_json_object();
        cli_json_set(step, "layer", cli_json_text(info.layer));
        cli_json_set(step, "pass", cli_json_text(info.backward ? "backward" : "forward"));
        cli_json_set(step, "kernel", cli_json_text(info.kernel));
        cli_figures_json(&figures, step);
        cli_json_set(step, "part", cli_json_number(figures.median / p->all_median));
        cli_json_set(step, "macs", cli_json_integer(info.macs));
        cli_json_set(step, "bytes", cli_json_integer((int64_t)info.bytes));
        cli_rate_json(&rate, step);
        cli_json_append(steps, step);
    }
    cli_json_set(object, "steps", steps);
    return cli_json_print(object);
}

static int time_steps(profile *p, stria_model *model, int64_t batch, const cli_bench_options *options)
{
    stria_error err = {0};
    const stria_plan_options plan_options = {
        .struct_size = sizeof plan_options,
        .mode = p->training ? STRIA_MODE_TRAINING : STRIA_MODE_INFERENCE,
        .batch = batch,
        .raw_output = p->training, /* as training does: softmax belongs to the loss */
    };
    stria_status status = cli_steps_open(&p->steps, model, &plan_options, &err);
    if (status == STRIA_OK) {
        p->seconds = calloc(p->steps.count, MOST_RUNS * sizeof *p->seconds);
        p->whole = calloc(MOST_RUNS, sizeof *p->whole);
        if (p->seconds == NULL || p->whole == NULL) {
            return cli_fail_memory();
        }
        status = stria_context_peak(p->context, CLI_PEAK_SECONDS, &p->peak, &err);
    }
    if (status == STRIA_OK) {
        status = take_runs(p, options->seconds >= 0 ? options->seconds : USUAL_SECONDS, &err);
    }
    if (status != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    return options->json ? print_json(p) : print_table(p);
}

int cli_bench_profile_model(stria_context *context, stria_model *model, const char *name, int64_t batch,
                            bool training, const cli_bench_options *options)
{
    profile p = {.model = name, .context = context, .training = training};
    const int status = time_steps(&p, model, batch, options);
    cli_steps_close(&p.steps);
    free(p.seconds);
    free(p.whole);
    return status;
}

int cli_bench_profile(stria_context *context, const char *name, const cli_bench_options *options)
{
    stria_model *model = NULL;
    int status = cli_open_model(&model, context, name);
    if (status == CLI_DONE) {
        const int64_t batch = options->batch > 0 ? options->batch : USUAL_BATCH;
        status = cli_bench_profile_model(context, model, name, batch, options->training, options);
    }
    stria_model_free(model);
    return status;
}

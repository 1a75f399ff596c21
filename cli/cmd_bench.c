/* stria bench MODEL: how fast a model runs and learns here. */
#include <stdio.h>
#include <stdlib.h>

#include <stria/stria.h>

#include "bench_job.h"
#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"
#include "table.h"
#include "text.h"

#define SAMPLE_SECONDS 0.004
#define MOST_SAMPLES   1000
#define FEWEST_SAMPLES 5

typedef struct bench_options {
    int64_t batch, threads;
    double seconds;
    const char *cpu, *lock;
    bool worker, json;
} bench_options;

/* The times of one mode, sorted. */
typedef struct measurement {
    const char *name;
    int64_t runs; /* in each sample */
    size_t count;
    double seconds[MOST_SAMPLES]; /* of one run */
    int64_t switches[MOST_SAMPLES];
    char kernels[2048];
} measurement;

static int ascending(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double at_share(const measurement *of, double share)
{
    return of->seconds[(size_t)(share * (double)(of->count - 1) + 0.5)];
}

static stria_status measure(measurement *into, stria_context *context, stria_model *model, cli_job_mode mode,
                            const bench_options *options, stria_error *err)
{
    cli_job *job = NULL;
    stria_status status = cli_job_create(&job, context, model, mode, options->batch, 0, err);
    if (status == STRIA_OK) {
        status = cli_job_calibrate(job, SAMPLE_SECONDS, &into->runs, err);
    }
    const uint64_t start = stria_context_now(context);
    into->count = 0;
    while (status == STRIA_OK && into->count < MOST_SAMPLES) {
        if (into->count >= FEWEST_SAMPLES &&
            (double)(stria_context_now(context) - start) * 1e-9 >= options->seconds) {
            break;
        }
        status =
            cli_job_time(job, into->runs, &into->seconds[into->count], &into->switches[into->count], err);
        into->count += status == STRIA_OK;
    }
    if (status == STRIA_OK) {
        cli_job_kernels(job, into->kernels, sizeof into->kernels);
    }
    cli_job_free(job);
    return status;
}

static int print_json(const measurement *of, const char *model_name, const stria_context *context,
                      const bench_options *options)
{
    cli_json *object = cli_json_object();
    cli_json_set(object, "schema", cli_json_text("stria.bench/1"));
    cli_json_set(object, "model", cli_json_text(model_name));
    cli_json_set(object, "mode", cli_json_text(of->name));
    cli_json_set(object, "batch", cli_json_integer(options->batch));
    cli_json_set(object, "cpu", cli_json_text(stria_context_cpu(context)));
    cli_json_set(object, "threads", cli_json_integer(stria_context_threads(context)));
    cli_json_set(object, "kernels", cli_json_text(of->kernels));
    cli_json *samples = cli_json_list();
    for (size_t i = 0; i < of->count; i++) {
        cli_json *sample = cli_json_list();
        cli_json_append(sample, cli_json_number(of->seconds[i]));
        cli_json_append(sample, cli_json_integer(of->switches[i]));
        cli_json_append(samples, sample);
    }
    cli_json_set(object, "samples", samples);
    cli_json_set(object, "inner", cli_json_integer(of->runs));
    return cli_json_print(object);
}

static void add_row(cli_table *table, measurement *of, const bench_options *options)
{
    char number[CLI_NUMBER_SIZE];
    qsort(of->seconds, of->count, sizeof of->seconds[0], ascending);
    const double median = at_share(of, 0.5);
    cli_table_add(table, "%s", of->name);
    cli_table_add(table, "%s", cli_short_time_text(median, number));
    cli_table_add(table, "%s", cli_short_time_text(at_share(of, 0), number));
    cli_table_add(table, "%.1f %%", 100 * (at_share(of, 0.75) - at_share(of, 0.25)) / median);
    cli_table_add(table, "%s", cli_count_text((int64_t)((double)options->batch / median), number));
}

/* Training is timed only where it can be: on models that end in classes. */
static int time_model(stria_context *context, stria_model *model, const char *name,
                      const bench_options *options)
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
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    measurement *of = calloc(1, sizeof *of);
    int status = of != NULL ? CLI_DONE : cli_fail_memory();
    for (size_t i = 0; i < sizeof modes / sizeof modes[0] && status == CLI_DONE; i++) {
        stria_error err = {0};
        of->name = modes[i].name;
        const stria_status measured = measure(of, context, model, modes[i].mode, options, &err);
        if (measured != STRIA_OK && i > 0 && measured != STRIA_ERROR_MEMORY) {
            cli_note("no training: %s", err.message);
        } else if (measured != STRIA_OK) {
            status = cli_fail_with(&err, CLI_FROM_FILE);
        } else if (options->json) {
            status = print_json(of, name, context, options);
        } else {
            add_row(&table, of, options);
        }
    }
    if (status == CLI_DONE && !options->json) {
        char batch[CLI_NUMBER_SIZE];
        const int threads = stria_context_threads(context);
        printf("%s in batches of %s, %s, %d thread%s\n\n", name, cli_count_text(options->batch, batch),
               stria_context_cpu(context), threads, threads == 1 ? "" : "s");
        status = cli_table_print(&table, stdout, true);
        fputs("\nspread: middle half of the samples, relative to the median\n", stdout);
    }
    free(of);
    cli_table_free(&table);
    return status;
}

static int run(int argc, char **argv)
{
    bench_options options = {.batch = 64, .seconds = 1, .lock = "/tmp/bench.lock"};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_bench_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    if (options.worker) {
        if (arguments.count > 0) {
            return cli_fail(CLI_MISUSED, "--worker takes its models from stdin");
        }
        return cli_bench_worker(options.threads, options.cpu, options.lock);
    }
    if (arguments.count == 0) {
        return cli_fail(CLI_MISUSED, "a model is missing; usage: stria bench [options] MODEL");
    }
    stria_context *context = NULL;
    stria_model *model = NULL;
    if (options.json) {
        status = cli_json_check();
    }
    if (status == CLI_DONE) {
        status = cli_open_context(&context, options.threads, options.cpu);
    }
    if (status == CLI_DONE) {
        status = cli_open_model(&model, context, arguments.items[0]);
    }
    if (status == CLI_DONE) {
        status = time_model(context, model, arguments.items[0], &options);
    }
    stria_model_free(model);
    stria_context_free(context);
    return status;
}

static const cli_option options_table[] = {
    CLI_INTEGER_ROW("batch", bench_options, batch, "N", 1, 1e6, "samples computed at a time (default 64)"),
    CLI_NUMBER_ROW("seconds", bench_options, seconds, "F", 0, 3600,
                   "how long to measure each of inference and training (default 1)"),
    CLI_THREADS_ROW(bench_options, threads),
    CLI_CPU_ROW(bench_options, cpu),
    CLI_JSON_ROW(bench_options, json),
    CLI_FLAG_ROW(
        "worker", bench_options, worker,
        "answer requests on stdin, a line of JSON each, until it ends: for timing beside other frameworks"),
    CLI_TEXT_ROW("lock", bench_options, lock, "FILE",
                 "with --worker: the file that is locked while timing, so that workers take turns (default "
                 "/tmp/bench.lock)"),
};

const cli_command cli_bench_command = {
    .name = "bench",
    .title = "times a model: inference and training steps",
    .arguments = "MODEL",
    .min_arguments = 0,
    .max_arguments = 1,
    .description = "The model's parameters and the samples are random. Each figure is the median over "
                   "samples of at least 4 ms.",
    .examples = "stria bench lenet5 --threads 1\nstria bench lenet5.stria --batch 1 --json",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};

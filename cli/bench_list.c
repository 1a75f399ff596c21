/* stria bench layers, stria bench models: the workloads of a list, one after the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench_times.h"
#include "bench_workload.h"
#include "failure.h"
#include "table.h"
#include "text.h"

#define USUAL_SECONDS 0.3

/* Workloads of this group are whole networks. */
#define MODELS_GROUP "D"

/* What the list is gone through with. */
typedef struct passage {
    stria_context *context;
    const cli_bench_options *options;
    stria_peak peak;
    cli_table table;
    cli_times times;
    char kernels[2048];
} passage;

static const char *text_of(const cli_json *workload, const char *key)
{
    const char *text = cli_json_as_text(cli_json_get(workload, key));
    return text != NULL ? text : "";
}

static bool is_wanted(const cli_json *workload, const char *subject, const cli_bench_options *options)
{
    const bool is_model = strcmp(text_of(workload, "group"), MODELS_GROUP) == 0;
    return is_model == (strcmp(subject, "models") == 0) && cli_bench_wants(options, text_of(workload, "id"));
}

static cli_rate rate_of(const passage *p, const cli_json *workload, double seconds)
{
    const double macs = cli_json_as_number(cli_json_get(workload, "flops"), 0) / 2;
    const double bytes = cli_json_as_number(cli_json_get(workload, "io_bytes"), 0);
    return cli_rate_of(macs, bytes, seconds, &p->peak);
}

static cli_json *begin_json(const cli_json *workload)
{
    cli_json *object = cli_json_object();
    cli_json_set(object, "schema", cli_json_text("stria.bench.workload/1"));
    cli_json_set(object, "workload", cli_json_text(text_of(workload, "id")));
    cli_json_set(object, "mode", cli_json_text(text_of(workload, "mode")));
    return object;
}

static int tell_unsupported(const cli_json *workload, const char *why, bool json)
{
    if (json) {
        cli_json *object = begin_json(workload);
        cli_json_set(object, "unsupported", cli_json_text(why));
        return cli_json_print(object);
    }
    cli_write_text(stdout, text_of(workload, "id"));
    fputs("  not in this version: ", stdout);
    cli_write_text(stdout, why);
    fputc('\n', stdout);
    return cli_finish_output(CLI_DONE);
}

static int tell_json(const passage *p, const cli_json *workload, const cli_figures *figures)
{
    const cli_rate rate = rate_of(p, workload, figures->median);
    cli_json *object = begin_json(workload);
    cli_json_set(object, "batch", cli_json_integer(cli_json_as_integer(cli_json_get(workload, "batch"), 0)));
    cli_json_set(object, "cpu", cli_json_text(stria_context_cpu(p->context)));
    cli_json_set(object, "threads", cli_json_integer(stria_context_threads(p->context)));
    cli_json_set(object, "kernels", cli_json_text(p->kernels));
    cli_figures_json(figures, object);
    cli_rate_json(&rate, object);
    cli_times_json(&p->times, object);
    return cli_json_print(object);
}

static int tell_row(passage *p, const cli_json *workload, const cli_figures *figures)
{
    char number[CLI_NUMBER_SIZE];
    const cli_rate rate = rate_of(p, workload, figures->median);
    cli_table_clear(&p->table);
    cli_table_add(&p->table, "%s", text_of(workload, "id"));
    cli_table_add(&p->table, "%s", cli_short_time_text(figures->median, number));
    cli_table_add(&p->table, "%s", cli_spread_text(figures, number));
    cli_table_add(&p->table, "%s", cli_rate_text(&rate, number));
    cli_table_add(&p->table, "%s", cli_share_text(&rate, number));
    if (p->table.column_count > 5) {
        cli_table_add(&p->table, "%s", p->kernels);
    }
    const int status = cli_table_print(&p->table, stdout, false);
    return cli_finish_output(status);
}

static int time_workload(passage *p, const cli_json *json)
{
    stria_error err = {0};
    cli_workload workload = {0};
    const double seconds = p->options->seconds >= 0 ? p->options->seconds : USUAL_SECONDS;
    stria_status status = cli_workload_open(&workload, p->context, json, &err);
    if (status == STRIA_OK && !p->options->profile) {
        const size_t fewest = workload.mode == CLI_JOB_TRAIN_EPOCH ? 1 : CLI_FEWEST_SAMPLES;
        status = cli_times_take(&p->times, p->context, workload.job, seconds, fewest, &err);
    }
    int result;
    if (status == STRIA_ERROR_UNSUPPORTED) {
        result = tell_unsupported(json, err.message, p->options->json);
    } else if (status != STRIA_OK) {
        stria_error named = err;
        snprintf(named.message, sizeof named.message, "workload '%.64s': %.180s", text_of(json, "id"),
                 err.message);
        result = cli_fail_with(&named, CLI_FROM_FILE);
    } else if (p->options->profile) {
        const bool training = workload.mode != CLI_JOB_INFERENCE;
        result = cli_bench_profile_model(p->context, workload.model, text_of(json, "id"), workload.batch,
                                         training, p->options);
    } else {
        cli_job_kernels(workload.job, p->kernels, sizeof p->kernels);
        const cli_figures figures = cli_figures_of(p->times.seconds, p->times.count);
        result = p->options->json ? tell_json(p, json, &figures) : tell_row(p, json, &figures);
    }
    cli_workload_close(&workload);
    return result;
}

static int time_each(passage *p, const cli_json *list, const char *subject)
{
    int status = CLI_DONE;
    for (size_t i = 0; i < cli_workload_count(list) && status == CLI_DONE; i++) {
        const cli_json *workload = cli_workload_at(list, i);
        if (is_wanted(workload, subject, p->options)) {
            status = time_workload(p, workload);
        }
    }
    return status;
}

static int time_list(passage *p, const cli_json *list, const char *subject)
{
    size_t wanted = 0;
    for (size_t i = 0; i < cli_workload_count(list); i++) {
        wanted += is_wanted(cli_workload_at(list, i), subject, p->options);
    }
    if (wanted == 0) {
        return p->options->match != NULL ? cli_bench_nothing(p->options, "workload")
                                         : cli_fail(CLI_MISUSED, "the list has no %s", subject);
    }
    if (p->options->profile) {
        return time_each(p, list, subject);
    }
    stria_error err = {0};
    if (stria_context_peak(p->context, CLI_PEAK_SECONDS, &p->peak, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    int status;
    if (p->options->json) {
        status = cli_bench_print_peak_json(p->context, &p->peak);
    } else {
        cli_bench_print_peak(p->context, &p->peak);
        status = cli_table_print(&p->table, stdout, true);
    }
    status = status == CLI_DONE ? time_each(p, list, subject) : status;
    if (status == CLI_DONE && !p->options->json) {
        cli_bench_print_wrapped("\n" CLI_BENCH_SPREAD "\n" CLI_BENCH_PEAK);
    }
    return status;
}

int cli_bench_list(stria_context *context, const char *subject, const cli_bench_options *options)
{
    /* Widths that all rows fit, because each is printed when it is known. */
    static const cli_column columns[] = {{.title = "workload", .min_width = 28},
                                         {.title = "median", .right = true, .min_width = 8},
                                         {.title = "spread", .right = true, .min_width = 6},
                                         {.title = "rate", .right = true, .min_width = 12},
                                         {.title = "peak", .right = true, .min_width = 5},
                                         {.title = "kernel", .min_width = 24}};
    int status = cli_json_check();
    cli_json *list = NULL;
    passage *p = NULL;
    if (status == CLI_DONE) {
        status = cli_workloads_read(&list, options->workloads);
    }
    if (status == CLI_DONE) {
        p = calloc(1, sizeof *p);
        status = p != NULL ? CLI_DONE : cli_fail_memory();
    }
    if (status == CLI_DONE) {
        const size_t count = sizeof columns / sizeof columns[0];
        p->context = context;
        p->options = options;
        p->table = cli_table_create(columns, strcmp(subject, "layers") == 0 ? count : count - 1);
        status = time_list(p, list, subject);
        cli_table_free(&p->table);
    }
    free(p);
    cli_json_free(list);
    return status;
}

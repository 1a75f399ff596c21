/* stria bench --worker: lets another program time Stria beside other frameworks (scripts/bench-peers does).
 *
 * One JSON object for each line, requests on stdin, answers on stdout:
 * - At the start: {"ok":1,"version":"stria 0.1.0 (avx512)"}.
 * - {"cmd":"prepare","w":W} builds the network of the workload W (bench_workload.h), its plan and its data:
 *   {"ok":1,"note":"kernels"}, or {"ok":0,"unsupported":"why"} for what this version does not have.
 * - {"cmd":"round","budget":S} takes the exclusive lock, warms up once and times samples of at least 4 ms
 * until S seconds are spent (0: one sample): {"ok":1,"samples":[[seconds, switches], ...],"inner":runs}.
 * - Whatever fails: {"ok":0,"error":"why"}. */
#define _DEFAULT_SOURCE /* flock */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <stria/stria.h>

#include "bench.h"
#include "bench_times.h"
#include "bench_workload.h"
#include "failure.h"
#include "json.h"
#include "open.h"

#define MOST_SAMPLES 200

typedef struct worker {
    stria_context *context;
    cli_workload workload;
    int64_t runs; /* for one sample */
    int lock;     /* file descriptor */
} worker;

static int answer_error(const char *key, const char *message)
{
    cli_json *answer = cli_json_object();
    cli_json_set(answer, "ok", cli_json_integer(0));
    cli_json_set(answer, key, cli_json_text(message));
    return cli_json_print(answer);
}

/* ---- Requests ---- */

static int answer_failure(const stria_error *err)
{
    const bool unsupported = err->code == STRIA_ERROR_UNSUPPORTED;
    return answer_error(unsupported ? "unsupported" : "error", err->message);
}

static int prepare(worker *w, const cli_json *json)
{
    stria_error err = {0};
    cli_workload_close(&w->workload);
    stria_status status = cli_workload_open(&w->workload, w->context, json, &err);
    if (status == STRIA_OK) {
        status = cli_job_calibrate(w->workload.job, CLI_SAMPLE_SECONDS, &w->runs, &err);
    }
    if (status != STRIA_OK) {
        cli_workload_close(&w->workload);
        return answer_failure(&err);
    }
    char kernels[2048];
    cli_job_kernels(w->workload.job, kernels, sizeof kernels);
    cli_json *answer = cli_json_object();
    cli_json_set(answer, "ok", cli_json_integer(1));
    cli_json_set(answer, "note", cli_json_text(kernels));
    return cli_json_print(answer);
}

/* The samples of one round, while the lock is held. */
static stria_status take_samples(worker *w, double budget, cli_json *samples, stria_error *err)
{
    double seconds;
    int64_t switches;
    stria_status status = STRIA_OK;
    const uint64_t start = stria_context_now(w->context);
    if (w->workload.mode != CLI_JOB_TRAIN_EPOCH) {
        status = cli_job_time(w->workload.job, w->runs > 1 ? w->runs / 2 : 1, &seconds, &switches, err);
    }
    for (int i = 0; i < MOST_SAMPLES && status == STRIA_OK; i++) {
        if (i > 0 && (double)(stria_context_now(w->context) - start) * 1e-9 >= budget) {
            break;
        }
        status = cli_job_time(w->workload.job, w->runs, &seconds, &switches, err);
        if (status == STRIA_OK) {
            cli_json *sample = cli_json_list();
            cli_json_append(sample, cli_json_number(seconds));
            cli_json_append(sample, cli_json_integer(switches));
            cli_json_append(samples, sample);
        }
    }
    return status;
}

static int time_round(worker *w, double budget)
{
    if (w->workload.job == NULL) {
        return answer_error("error", "nothing is prepared");
    }
    while (flock(w->lock, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return answer_error("error", strerror(errno));
        }
    }
    stria_error err = {0};
    cli_json *samples = cli_json_list();
    const stria_status status = take_samples(w, budget, samples, &err);
    flock(w->lock, LOCK_UN);
    if (status != STRIA_OK) {
        cli_json_free(samples);
        return answer_failure(&err);
    }
    cli_json *answer = cli_json_object();
    cli_json_set(answer, "ok", cli_json_integer(1));
    cli_json_set(answer, "samples", samples);
    cli_json_set(answer, "inner", cli_json_integer(w->runs));
    return cli_json_print(answer);
}

static int answer(worker *w, const char *line)
{
    cli_json *request = cli_json_parse(line);
    const char *command = cli_json_as_text(cli_json_get(request, "cmd"));
    int status;
    if (command != NULL && strcmp(command, "prepare") == 0) {
        status = prepare(w, cli_json_get(request, "w"));
    } else if (command != NULL && strcmp(command, "round") == 0) {
        status = time_round(w, cli_json_as_number(cli_json_get(request, "budget"), 0));
    } else {
        status = answer_error("error", "the request is no prepare and no round");
    }
    cli_json_free(request);
    return status;
}

static int say_hello(const worker *w)
{
    char version[64];
    snprintf(version, sizeof version, "stria %s (%s)", stria_version(), stria_context_cpu(w->context));
    cli_json *hello = cli_json_object();
    cli_json_set(hello, "ok", cli_json_integer(1));
    cli_json_set(hello, "version", cli_json_text(version));
    return cli_json_print(hello);
}

int cli_bench_worker(const cli_bench_options *options)
{
    int status = cli_json_check();
    if (status != CLI_DONE) {
        return status;
    }
    worker w = {.lock = open(options->lock, O_CREAT | O_RDWR | O_CLOEXEC, 0666)};
    if (w.lock < 0) {
        return cli_fail(CLI_ENVIRONMENT, "%s: %s", options->lock, strerror(errno));
    }
    char *line = NULL;
    size_t capacity = 0;
    status = cli_open_context(&w.context, &options->machine);
    if (status == CLI_DONE) {
        status = say_hello(&w);
    }
    while (status == CLI_DONE && getline(&line, &capacity, stdin) >= 0) {
        status = answer(&w, line);
    }
    free(line);
    cli_workload_close(&w.workload);
    stria_context_free(w.context);
    close(w.lock);
    return status;
}

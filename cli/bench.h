/* stria bench: its options, and the subjects it can time, each in its bench_*.c. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include <stria/stria.h>

#include "json.h"
#include "open.h"

typedef struct cli_bench_options {
    int64_t batch;  /* 0: the subject's own */
    double seconds; /* for each thing timed; below 0: the subject's own */
    cli_machine machine;
    const char *match, *workloads, *lock;
    bool profile, training, tune, json, worker;
    void *pattern; /* `match` compiled: a regex_t; NULL: everything matches */
} cli_bench_options;

/* Whether the options ask for something of this name. */
bool cli_bench_wants(const cli_bench_options *options, const char *name);

/* Says that nothing matched; `what` is "workload", "kernel". Returns the exit status. */
int cli_bench_nothing(const cli_bench_options *options, const char *what);

/* How long the most that the machine can do is looked for. */
#define CLI_PEAK_SECONDS 0.3

/* How fast something was: multiply-adds (2 operations each) in GFLOP/s where there are any, else bytes in
 * GB/s, and the share of the peak that is. */
typedef struct cli_rate {
    double giga; /* per second; below 0 when neither is known */
    double share;
    bool is_arithmetic;
} cli_rate;

cli_rate cli_rate_of(double macs, double bytes, double seconds, const stria_peak *peak);

/* "78.2 GFLOP/s", "" for none; "96 %". Return `text`, which is a CLI_NUMBER_SIZE. */
char *cli_rate_text(const cli_rate *rate, char *text);
char *cli_share_text(const cli_rate *rate, char *text);

/* Adds "gflops" or "gbytes", and "share". */
void cli_rate_json(const cli_rate *rate, cli_json *object);

/* "avx512, 1 thread; at most 78.3 GFLOP/s, memory 11.0 GB/s" and an empty line; or as an object of JSON. */
void cli_bench_print_peak(const stria_context *context, const stria_peak *peak);
int cli_bench_print_peak_json(const stria_context *context, const stria_peak *peak);

/* Prints text wrapped to the screen. */
void cli_bench_print_wrapped(const char *text);

/* What stands under tables of times. */
#define CLI_BENCH_PEAK                                                                                       \
    "peak: the rate as a share of the most, which is measured first; above 100 % where caches serve the "    \
    "memory, or Winograd convolution saves multiplications"
#define CLI_BENCH_SPREAD "spread: middle half of the samples, relative to the median"

/* The subjects. Each prints its results and returns the exit status. */
int cli_bench_model(stria_context *context, const char *name, const cli_bench_options *options);
int cli_bench_profile(stria_context *context, const char *name, const cli_bench_options *options);
int cli_bench_profile_model(stria_context *context, stria_model *model, const char *name, int64_t batch,
                            bool training, const cli_bench_options *options);
int cli_bench_kernels(stria_context *context, const cli_bench_options *options);
int cli_bench_list(stria_context *context, const char *subject, const cli_bench_options *options);
int cli_bench_tune(stria_context *context, const cli_bench_options *options);

/* Answers requests on stdin until it ends. */
int cli_bench_worker(const cli_bench_options *options);

#endif

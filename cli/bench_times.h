/* The samples of one thing that is timed, and what is told of them. */
#ifndef CLI_BENCH_TIMES_H
#define CLI_BENCH_TIMES_H

#include <stddef.h>
#include <stdint.h>

#include "bench_job.h"
#include "json.h"

#define CLI_SAMPLE_SECONDS 0.004 /* a sample takes at least this */
#define CLI_MOST_SAMPLES   1000
#define CLI_FEWEST_SAMPLES 5

typedef struct cli_times {
    int64_t runs; /* in each sample */
    size_t count;
    double seconds[CLI_MOST_SAMPLES];   /* of one run */
    int64_t switches[CLI_MOST_SAMPLES]; /* how often the CPU was taken away during the sample */
} cli_times;

/* Medians bear neighbours that come and go; the fastest sample is what the machine can do. */
typedef struct cli_figures {
    double median, fastest;
    double spread; /* of the middle half of the samples, relative to the median */
} cli_figures;

/* Times the job until `seconds` are over, at least `fewest` times. */
stria_status cli_times_take(cli_times *times, stria_context *context, cli_job *job, double seconds,
                            size_t fewest, stria_error *err);

/* Of `count` > 0 times in any order. */
cli_figures cli_figures_of(const double *seconds, size_t count);

/* "4.1 %". Returns `text`, which is a CLI_NUMBER_SIZE. */
char *cli_spread_text(const cli_figures *figures, char *text);

/* Adds "median", "fastest" and "spread" to an object. */
void cli_figures_json(const cli_figures *figures, cli_json *object);

/* Adds "samples", pairs of seconds and switches, and "inner", the runs of each. */
void cli_times_json(const cli_times *times, cli_json *object);

#endif

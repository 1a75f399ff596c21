/* Samples and their figures. See bench_times.h. */
#include "bench_times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

stria_status cli_times_take(cli_times *times, stria_context *context, cli_job *job, double seconds,
                            size_t fewest, stria_error *err)
{
    times->count = 0;
    stria_status status = cli_job_calibrate(job, CLI_SAMPLE_SECONDS, &times->runs, err);
    const uint64_t start = stria_context_now(context);
    while (status == STRIA_OK && times->count < CLI_MOST_SAMPLES) {
        const double spent = (double)(stria_context_now(context) - start) * 1e-9;
        if (times->count >= fewest && spent >= seconds) {
            break;
        }
        status = cli_job_time(job, times->runs, &times->seconds[times->count], &times->switches[times->count],
                              err);
        times->count += status == STRIA_OK;
    }
    return status;
}

static int ascending(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double at_share(const double *sorted, size_t count, double share)
{
    return sorted[(size_t)(share * (double)(count - 1) + 0.5)];
}

cli_figures cli_figures_of(const double *seconds, size_t count)
{
    double sorted[CLI_MOST_SAMPLES];
    memcpy(sorted, seconds, count * sizeof *seconds);
    qsort(sorted, count, sizeof *sorted, ascending);
    const double median = at_share(sorted, count, 0.5);
    const double half = at_share(sorted, count, 0.75) - at_share(sorted, count, 0.25);
    return (cli_figures){.median = median, .fastest = sorted[0], .spread = median > 0 ? half / median : 0};
}

char *cli_spread_text(const cli_figures *figures, char *text)
{
    snprintf(text, CLI_NUMBER_SIZE, "%.1f %%", 100 * figures->spread);
    return text;
}

void cli_figures_json(const cli_figures *figures, cli_json *object)
{
    cli_json_set(object, "median", cli_json_number(figures->median));
    cli_json_set(object, "fastest", cli_json_number(figures->fastest));
    cli_json_set(object, "spread", cli_json_number(figures->spread));
}

void cli_times_json(const cli_times *times, cli_json *object)
{
    cli_json *samples = cli_json_list();
    for (size_t i = 0; i < times->count; i++) {
        cli_json *sample = cli_json_list();
        cli_json_append(sample, cli_json_number(times->seconds[i]));
        cli_json_append(sample, cli_json_integer(times->switches[i]));
        cli_json_append(samples, sample);
    }
    cli_json_set(object, "samples", samples);
    cli_json_set(object, "inner", cli_json_integer(times->runs));
}

/* What this machine can do at most: the yardstick for the times of kernels.
 *
 * What a plan does in each of its steps is in plan.h (stria_plan_profile). */
#ifndef STRIA_BENCH_H
#define STRIA_BENCH_H

#include <stria/context.h>
#include <stria/error.h>
#include <stria/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Both are the best of many short bursts: clocks change and neighbours disturb, but nothing makes a burst too
 * fast. */
typedef struct stria_peak {
    double multiply_adds; /* per second, of all threads together, with the context's instruction set, from
                             registers */
    double bytes; /* per second, of all threads together: two arrays read and one written, each larger than
                     a core's own caches; a write counts once */
} stria_peak;

/* Measures for about `seconds` (0: 0.2), half of it for each figure; uses 48 MiB meanwhile. Errors: VALUE
 * (seconds not from 0 to 3600), MEMORY. */
STRIA_API stria_status stria_context_peak(stria_context *context, double seconds, stria_peak *peak,
                                          stria_error *err);

#ifdef __cplusplus
}
#endif

#endif

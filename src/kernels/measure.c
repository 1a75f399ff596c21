/* Measuring what the machine can do at most, in short bursts of which the best counts. */
#include <stria/bench.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "kernels/kernels.h"

#define BURST_NS        500000.0 /* of multiply-adds: shorter than what the system lets a process run */
#define STREAM_FLOATS   ((size_t)4 << 20) /* of each array: 16 MiB */
#define DEFAULT_SECONDS 0.2

/* What every thread does in a burst. */
typedef struct burst {
    const stria_peak_kernels *kernels;
    size_t rounds;
    uint64_t done[STRIA_MAX_THREADS];
    float sinks[STRIA_MAX_THREADS];
} burst;

static void run_burst(void *job, size_t task, size_t worker)
{
    burst *b = job;
    (void)worker;
    b->done[task] = b->kernels->multiply_add(b->rounds, &b->sinks[task]);
}

/* Multiply-adds per second of the best burst. */
static double measure_multiply_adds(const stria_context *context, uint64_t duration)
{
    burst b = {.kernels = &context->kernels->peak, .rounds = 256};
    const size_t threads = stria_pool_workers(context->pool);
    const uint64_t start = stria_context_now(context);
    volatile float seen; /* the sums are wanted */
    double best = 0;
    uint64_t now = start;
    while (best == 0 || now - start < duration) {
        const uint64_t before = stria_context_now(context);
        stria_pool_run(context->pool, threads, run_burst, &b);
        now = stria_context_now(context);
        const double spent = (double)(now - before);
        if (spent < BURST_NS) { /* too short for the clock, and for the pool to wake */
            b.rounds *= 2;
            continue;
        }
        uint64_t done = 0;
        for (size_t t = 0; t < threads; t++) {
            done += b.done[t];
            seen = b.sinks[t];
        }
        const double rate = (double)done / spent * 1e9;
        best = rate > best ? rate : best;
    }
    (void)seen;
    return best;
}

/* Bytes per second of the best pass y = a + b. */
static double measure_bytes(const stria_context *context, float *arrays, uint64_t duration)
{
    float *a = arrays, *b = arrays + STREAM_FLOATS, *y = b + STREAM_FLOATS;
    for (size_t i = 0; i < 2 * STREAM_FLOATS; i++)
        a[i] = 1;
    const uint64_t start = stria_context_now(context);
    uint64_t now = start;
    double best = 0;
    for (int pass = 0; pass < 3 || now - start < duration; pass++) { /* the first touches y */
        const uint64_t before = stria_context_now(context);
        context->kernels->elementwise.add(a, b, y, STREAM_FLOATS, context->pool);
        now = stria_context_now(context);
        const double rate =
            3.0 * STREAM_FLOATS * sizeof(float) / (double)(now > before ? now - before : 1) * 1e9;
        best = rate > best ? rate : best;
    }
    return best;
}

stria_status stria_context_peak(stria_context *context, double seconds, stria_peak *peak, stria_error *err)
{
    if (!(seconds >= 0 && seconds <= 3600))
        return stria_fail(err, STRIA_ERROR_VALUE, "%g seconds: must be 0 to 3600", seconds);
    const size_t floats = 3 * STREAM_FLOATS;
    float *arrays = stria_allocate_floats(&context->allocator, floats);
    if (arrays == NULL)
        return stria_fail_memory(err, floats * sizeof(float));
    const uint64_t half = (uint64_t)((seconds > 0 ? seconds : DEFAULT_SECONDS) * 0.5e9);
    *peak = (stria_peak){.multiply_adds = measure_multiply_adds(context, half),
                         .bytes = measure_bytes(context, arrays, half)};
    stria_release(&context->allocator, arrays);
    return STRIA_OK;
}

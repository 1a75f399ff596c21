/* Making a context: its tables, its instruction set, its kernels and its threads.
 *
 * It stands in this room, not in base, because a context owns the kernel table. */
#include <stria/context.h>

#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/text.h"
#include "kernels/kernels.h"

#define BEST_LEVEL STRIA_CPU_NEON /* the last of the enumeration */

/* "avx512, avx2, baseline, plain": the best first. */
static const char *list_levels(char *text, size_t size)
{
    size_t length = 0;
    text[0] = '\0';
    for (int level = BEST_LEVEL; level >= STRIA_CPU_PLAIN; level--) {
        if (!stria_cpu_level_available((stria_cpu_level)level))
            continue;
        stria_format(text + length, size - length, "%s%s", length > 0 ? ", " : "",
                     stria_cpu_level_name((stria_cpu_level)level));
        length = strlen(text);
    }
    return text;
}

/* The level that the options, else the environment, else the CPU name. */
static stria_status choose_level(const char *cpu, stria_cpu_level *chosen, stria_error *err)
{
    const char *from = "cpu ";
    if (!cpu) {
        cpu = getenv("STRIA_CPU");
        from = "STRIA_CPU=";
        if (!cpu || cpu[0] == '\0') {
            *chosen = stria_cpu_detect();
            return STRIA_OK;
        }
    }
    const char *fault = "unknown";
    for (int level = BEST_LEVEL; level >= STRIA_CPU_PLAIN; level--) {
        if (strcmp(cpu, stria_cpu_level_name((stria_cpu_level)level)) != 0)
            continue;
        if (stria_cpu_level_available((stria_cpu_level)level)) {
            *chosen = (stria_cpu_level)level;
            return STRIA_OK;
        }
        fault = "not available here";
    }
    char levels[128];
    return stria_fail(err, STRIA_ERROR_VALUE, "%s'%.64s' is %s; available: %s", from, cpu, fault,
                      list_levels(levels, sizeof levels));
}

static stria_status choose_threads(int wanted, int *threads, stria_error *err)
{
    if (wanted < 0 || wanted > STRIA_MAX_THREADS)
        return stria_fail(err, STRIA_ERROR_VALUE, "%d threads: must be 1 to %d, or 0 for the CPUs allowed",
                          wanted, STRIA_MAX_THREADS);
    *threads = wanted;
    if (wanted == 0) {
        int allowed = stria_cpus_allowed();
        *threads = allowed < STRIA_MAX_THREADS ? allowed : STRIA_MAX_THREADS;
    }
    return STRIA_OK;
}

/* Bytes of so many pixels still count in 64 bits, whatever they are made of. */
#define LARGEST_MAX_PIXELS ((int64_t)1 << 40)

static stria_status check_max_pixels(int64_t wanted, stria_error *err)
{
    if (wanted < 0 || wanted > LARGEST_MAX_PIXELS)
        return stria_fail(err, STRIA_ERROR_VALUE, "max_pixels %lld: must be 1 to %lld, or 0 for %lld",
                          (long long)wanted, (long long)LARGEST_MAX_PIXELS, (long long)STRIA_MAX_PIXELS);
    return STRIA_OK;
}

stria_status stria_context_create(stria_context **context, const stria_context_options *given,
                                  stria_error *err)
{
    stria_context_options known;
    const stria_context_options *options = &known;
    STRIA_TRY(stria_options_read(&known, sizeof known, given, "stria_context_options", err));
    stria_cpu_level level = STRIA_CPU_PLAIN;
    int threads = 1;
    STRIA_TRY(choose_level(options->cpu, &level, err));
    STRIA_TRY(choose_threads(options->threads, &threads, err));
    STRIA_TRY(check_max_pixels(options->max_pixels, err));
    stria_conv_algorithm algorithm;
    STRIA_TRY(stria_conv_algorithm_read(options->algorithm, STRIA_CONV_AUTO, &algorithm, err));

    const stria_allocator *allocator = options->allocator ? options->allocator : &stria_default_allocator;
    stria_context *made = stria_allocate(allocator, sizeof *made);
    stria_kernels *kernels = stria_allocate(allocator, sizeof *kernels);
    stria_status status = STRIA_OK;
    if (!made || !kernels) {
        status = stria_fail_memory(err, made ? sizeof *kernels : sizeof *made);
        goto failed;
    }
    stria_kernels_fill(kernels, level);
    kernels->algorithm = algorithm;
    *made = (stria_context){
        .allocator = *allocator,
        .io = options->io ? *options->io : stria_default_io,
        .clock = options->clock ? *options->clock : stria_default_clock,
        .log = options->log,
        .log_payload = options->log_payload,
        .threads = threads,
        .max_pixels = options->max_pixels > 0 ? options->max_pixels : STRIA_MAX_PIXELS,
        .kernels = kernels,
    };
    if (threads > 1) {
        status = stria_pool_create(&made->pool, &made->allocator, threads, err);
        if (status != STRIA_OK)
            goto failed;
    }
    *context = made;
    return STRIA_OK;

failed:
    stria_release(allocator, kernels);
    stria_release(allocator, made);
    return status;
}

void stria_context_free(stria_context *context)
{
    if (!context)
        return;
    stria_allocator allocator = context->allocator;
    stria_pool_free(context->pool);
    allocator.release(allocator.payload, (void *)context->kernels);
    allocator.release(allocator.payload, context);
}

const char *stria_context_cpu(const stria_context *context)
{
    return context->kernels->name;
}

int stria_context_threads(const stria_context *context)
{
    return context->threads;
}

uint64_t stria_context_now(const stria_context *context)
{
    return context->clock.monotonic_ns(context->clock.payload);
}

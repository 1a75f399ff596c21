/* The inside of a context. The kernel table is filled by the kernels room, which also makes and frees
 * contexts. */
#ifndef STRIA_BASE_CONTEXT_H
#define STRIA_BASE_CONTEXT_H

#include <stria/context.h>

#include "base/pool.h"

struct stria_kernels;

/* Pixels a picture may have unless the context says otherwise. */
#define STRIA_MAX_PIXELS ((int64_t)1 << 28)

struct stria_context {
    stria_allocator allocator;
    stria_io io;
    stria_clock clock;
    stria_log_fn log;
    void *log_payload;
    int threads;
    int64_t max_pixels;                  /* of a picture that is read */
    stria_pool *pool;                    /* NULL for one thread */
    const struct stria_kernels *kernels; /* owned by the context */
};

/* Sends one formatted line to the log, if there is one. */
void stria_log(const stria_context *context, stria_log_level level, const char *format, ...)
    STRIA_PRINTF_LIKE(3, 4);

/* CPUs this process may run on, at least 1. */
int stria_cpus_allowed(void);

#endif

/* Cutting a range into pieces for the pool. The cut depends on the sizes alone, so that results do not depend
 * on the number of threads; what fits into one piece runs in the caller at once. */
#ifndef STRIA_KERNELS_CUT_H
#define STRIA_KERNELS_CUT_H

#include "base/pool.h"

/* Elements of a piece: so much that handing it over costs little beside it, so little that a batch of
 * pictures makes many. Multiples of every vector. */
#define PIECE_OF_ARITHMETIC 16384 /* many operations per element: tanh, softmax, random numbers */
#define PIECE_OF_MEMORY     65536 /* as fast as memory: sums, copies, optimizer steps */

/* Works on items first ... first + count - 1. */
typedef void (*range_fn)(void *arguments, size_t first, size_t count);

typedef struct range_job {
    range_fn run;
    void *arguments;
    size_t count, piece;
} range_job;

static inline void run_range_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const range_job *job = argument;
    size_t first = task * job->piece, rest = job->count - first;
    job->run(job->arguments, first, rest < job->piece ? rest : job->piece);
}

/* Runs over `count` items in pieces of `piece` (at least 1). */
static inline void run_range(stria_pool *pool, size_t count, size_t piece, range_fn run, void *arguments)
{
    if (count <= piece) {
        run(arguments, 0, count);
        return;
    }
    range_job job = {.run = run, .arguments = arguments, .count = count, .piece = piece};
    stria_pool_run(pool, (count - 1) / piece + 1, run_range_task, &job);
}

/* Rows of `width` elements that make a piece of about `elements`, at least one. */
static inline size_t rows_in_piece(size_t elements, size_t width)
{
    return width < elements && width > 0 ? elements / width : 1;
}

#endif

/* Pooling over a middle axis. Work goes through `inner` in blocks whose results stay in registers or the
 * first cache while the middle axis streams past; with an inner size of 1 (neighbouring channels) through
 * `outer` instead. */
#include "kernels/middle.h"

#include <math.h>

#include "base/size.h"

/* Floats of `inner` that are worked on together. */
#define BLOCK 64

/* Floats of x that make a task, about. */
#define PIECE 65536

typedef struct middle_job {
    stria_pool_kind kind;
    stria_middle shape;
    size_t blocks; /* of inner */
    size_t piece;  /* values of outer in a task */
    const float *x, *y_read, *dy;
    float *y, *dx;
} middle_job;

/* A block: `count` values of inner at `x` (and dx), at `y` (and dy). */
typedef struct middle_block {
    size_t x, y, count;
} middle_block;

/* Of two numbers the better one; NaN is only taken as the first. */
static inline float better(stria_pool_kind kind, float x, float best)
{
    return kind == STRIA_POOL_MAX ? (x > best ? x : best) : (x < best ? x : best);
}

/* Two numbers joined; what an average adds. */
static inline float joined(stria_pool_kind kind, float x, float result)
{
    return kind == STRIA_POOL_AVERAGE ? result + x : better(kind, x, result);
}

static inline int32_t is_nan(float x)
{
    return x != x;
}

static inline void pool_block(stria_pool_kind kind, const middle_job *job, const middle_block *b)
{
    float result[BLOCK];
    int32_t nan[BLOCK];
    const float *x = job->x + b->x;
    for (size_t i = 0; i < b->count; i++) {
        result[i] = x[i];
        nan[i] = is_nan(x[i]);
    }
    for (size_t m = 1; m < job->shape.middle; m++) {
        x += job->shape.inner;
        for (size_t i = 0; i < b->count; i++) {
            result[i] = joined(kind, x[i], result[i]);
            nan[i] |= is_nan(x[i]);
        }
    }
    float share = kind == STRIA_POOL_AVERAGE ? 1 / (float)job->shape.middle : 1;
    for (size_t i = 0; i < b->count; i++)
        job->y[b->y + i] = nan[i] ? NAN : result[i] * share;
}

/* The same where inner is 1. */
static inline void pool_neighbours(stria_pool_kind kind, const middle_job *job, size_t first, size_t end)
{
    size_t middle = job->shape.middle;
    float share = kind == STRIA_POOL_AVERAGE ? 1 / (float)middle : 1;
    for (size_t o = first; o < end; o++) {
        const float *x = job->x + o * middle;
        float result = x[0];
        int32_t nan = is_nan(x[0]);
        for (size_t m = 1; m < middle; m++) {
            result = joined(kind, x[m], result);
            nan |= is_nan(x[m]);
        }
        job->y[o] = nan ? NAN : result * share;
    }
}

static void gradient_of_neighbours(const middle_job *job, size_t first, size_t end)
{
    size_t middle = job->shape.middle;
    bool average = job->kind == STRIA_POOL_AVERAGE;
    for (size_t o = first; o < end; o++) {
        const float *x = average ? NULL : job->x + o * middle;
        float *dx = job->dx + o * middle, equal = average ? (float)middle : 0;
        for (size_t m = 0; !average && m < middle; m++)
            equal += (float)(x[m] == job->y_read[o]);
        float share = job->dy[o] / equal;
        for (size_t m = 0; m < middle; m++)
            dx[m] = average ? share : (float)(x[m] == job->y_read[o]) * share;
    }
}

static void gradient_block(const middle_job *job, const middle_block *b)
{
    float equal[BLOCK] = {0}, share[BLOCK];
    size_t middle = job->shape.middle, inner = job->shape.inner;
    const float *y = job->y_read + b->y;
    for (size_t m = 0; m < middle; m++) {
        const float *x = job->x + b->x + m * inner;
        for (size_t i = 0; i < b->count; i++)
            equal[i] += x[i] == y[i] ? 1.0F : 0.0F;
    }
    for (size_t i = 0; i < b->count; i++)
        share[i] = job->dy[b->y + i] / equal[i];
    for (size_t m = 0; m < middle; m++) {
        const float *x = job->x + b->x + m * inner;
        float *dx = job->dx + b->x + m * inner;
        for (size_t i = 0; i < b->count; i++)
            dx[i] = (x[i] == y[i] ? 1.0F : 0.0F) * share[i];
    }
}

static void gradient_of_average(const middle_job *job, const middle_block *b)
{
    float share[BLOCK];
    for (size_t i = 0; i < b->count; i++)
        share[i] = job->dy[b->y + i] / (float)job->shape.middle;
    for (size_t m = 0; m < job->shape.middle; m++)
        for (size_t i = 0; i < b->count; i++)
            job->dx[b->x + m * job->shape.inner + i] = share[i];
}

static middle_block block_at(const middle_job *job, size_t outer, size_t block)
{
    size_t inner = job->shape.inner, first = block * BLOCK;
    return (middle_block){outer * job->shape.middle * inner + first, outer * inner + first,
                          stria_size_min(inner - first, BLOCK)};
}

static void run_block(const middle_job *job, const middle_block *b)
{
    if (job->dx != NULL && job->kind == STRIA_POOL_AVERAGE)
        gradient_of_average(job, b);
    else if (job->dx != NULL)
        gradient_block(job, b);
    else if (job->kind == STRIA_POOL_MAX)
        pool_block(STRIA_POOL_MAX, job, b);
    else if (job->kind == STRIA_POOL_MIN)
        pool_block(STRIA_POOL_MIN, job, b);
    else
        pool_block(STRIA_POOL_AVERAGE, job, b);
}

/* One task is a block of inner for a range of outer. */
static void middle_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const middle_job *job = argument;
    size_t first = task / job->blocks * job->piece, block = task % job->blocks;
    size_t end = stria_size_min(first + job->piece, job->shape.outer);
    if (job->shape.inner == 1) {
        if (job->dx != NULL)
            gradient_of_neighbours(job, first, end);
        else if (job->kind == STRIA_POOL_MAX)
            pool_neighbours(STRIA_POOL_MAX, job, first, end);
        else if (job->kind == STRIA_POOL_MIN)
            pool_neighbours(STRIA_POOL_MIN, job, first, end);
        else
            pool_neighbours(STRIA_POOL_AVERAGE, job, first, end);
        return;
    }
    for (size_t o = first; o < end; o++) {
        middle_block b = block_at(job, o, block);
        run_block(job, &b);
    }
}

static void run(middle_job *job, stria_pool *pool)
{
    size_t width = stria_size_min(job->shape.inner, BLOCK) * job->shape.middle;
    job->blocks = stria_size_pieces(job->shape.inner, BLOCK);
    job->piece = width < PIECE ? PIECE / width : 1;
    stria_pool_run(pool, stria_size_pieces(job->shape.outer, job->piece) * job->blocks, middle_task, job);
}

void stria_middle_pool(stria_pool_kind kind, const stria_middle *shape, const float *x, float *y,
                       stria_pool *pool)
{
    run(&(middle_job){.kind = kind, .shape = *shape, .x = x, .y = y}, pool);
}

void stria_middle_pool_gradient(stria_pool_kind kind, const stria_middle *shape, const float *x,
                                const float *y, const float *dy, float *dx, stria_pool *pool)
{
    run(&(middle_job){.kind = kind, .shape = *shape, .x = x, .y_read = y, .dy = dy, .dx = dx}, pool);
}

/* Looking up rows. In the gradient each task owns a range of rows and picks its own among all indices, so
 * that no two tasks add to the same row and sums come in the order of the indices. */
#include "kernels/lookup.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

/* Floats that make a task, about. */
#define PIECE 65536

typedef struct lookup_job {
    const float *table, *indices, *dy;
    float *y, *dtable;
    size_t rows, width, count, piece;
} lookup_job;

/* The row that an index means; false when there is none. */
static inline bool row_of(float index, size_t rows, size_t *row)
{
    if (!(index >= 0 && index < (float)rows))
        return false;
    *row = (size_t)index;
    return *row < rows && (float)*row == index;
}

static void lookup_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const lookup_job *job = argument;
    size_t first = task * job->piece, end = stria_size_min(first + job->piece, job->count), row;
    for (size_t i = first; i < end; i++) {
        float *y = job->y + i * job->width;
        if (row_of(job->indices[i], job->rows, &row))
            memcpy(y, job->table + row * job->width, job->width * sizeof *y);
        else
            for (size_t k = 0; k < job->width; k++)
                y[k] = NAN;
    }
}

void stria_lookup(const float *table, size_t rows, size_t width, const float *indices, size_t count, float *y,
                  stria_pool *pool)
{
    lookup_job job = {.table = table,
                      .indices = indices,
                      .y = y,
                      .rows = rows,
                      .width = width,
                      .count = count,
                      .piece = width < PIECE ? PIECE / width : 1};
    stria_pool_run(pool, stria_size_pieces(count, job.piece), lookup_task, &job);
}

static void gradient_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const lookup_job *job = argument;
    size_t first = task * job->piece, end = stria_size_min(first + job->piece, job->rows), row;
    memset(job->dtable + first * job->width, 0, (end - first) * job->width * sizeof *job->dtable);
    for (size_t i = 0; i < job->count; i++) {
        if (!row_of(job->indices[i], job->rows, &row) || row < first || row >= end)
            continue;
        float *to = job->dtable + row * job->width;
        for (size_t k = 0; k < job->width; k++)
            to[k] += job->dy[i * job->width + k];
    }
}

void stria_lookup_gradient(const float *indices, size_t count, const float *dy, size_t rows, size_t width,
                           float *dtable, stria_pool *pool)
{
    lookup_job job = {.indices = indices,
                      .dy = dy,
                      .dtable = dtable,
                      .rows = rows,
                      .width = width,
                      .count = count,
                      .piece = width < PIECE ? PIECE / width : 1};
    stria_pool_run(pool, stria_size_pieces(rows, job.piece), gradient_task, &job);
}

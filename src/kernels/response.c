/* See response.h. The sums of a row are formed for all its columns at once, one distance from -radius to
 * radius after the other: whole vectors of columns in a fixed order, and nothing is subtracted from a sum, as
 * a sliding one would have to, so that one infinite number spoils its neighbours only. */
#include "kernels/response.h"

#include <math.h>

#include "kernels/cut.h"

#define COLUMNS_AT_ONCE 64

typedef struct response_job {
    const stria_response *response;
    const float *x, *dy;
    float *y, *scratch;
    size_t columns;
} response_job;

/* The columns whose neighbour at `distance` is one too: first to end - 1. */
static void columns_with(ptrdiff_t distance, size_t columns, size_t *first, size_t *end)
{
    *first = distance < 0 ? (size_t)-distance : 0;
    *end = distance > 0 ? columns - (size_t)distance : columns;
}

/* Distances beyond the row have no columns. */
static ptrdiff_t reach(const response_job *job)
{
    const size_t radius = job->response->radius;
    return (ptrdiff_t)(radius < job->columns ? radius : job->columns - 1);
}

/* s of a row. */
static void sum_squares(const response_job *job, const float *restrict x, float *restrict s)
{
    const float bias = job->response->bias, alpha = job->response->alpha;
    const ptrdiff_t radius = reach(job);
    for (size_t c = 0; c < job->columns; c++)
        s[c] = 0;
    for (ptrdiff_t distance = -radius; distance <= radius; distance++) {
        size_t first, end;
        columns_with(distance, job->columns, &first, &end);
        const float *neighbour = x + (ptrdiff_t)first + distance;
        for (size_t c = first; c < end; c++)
            s[c] += neighbour[c - first] * neighbour[c - first];
    }
    for (size_t c = 0; c < job->columns; c++)
        s[c] = bias + alpha * s[c];
}

/* p = s^-beta; p may be s. The exponents of the papers are made of roots. */
static void power(const stria_response *response, const float *s, size_t columns, float *p)
{
    const float beta = response->beta;
    if (beta >= 0.75F && beta <= 0.75F)
        for (size_t c = 0; c < columns; c++) {
            const float root = sqrtf(s[c]);
            p[c] = 1 / (root * sqrtf(root));
        }
    else if (beta >= 0.5F && beta <= 0.5F)
        for (size_t c = 0; c < columns; c++)
            p[c] = 1 / sqrtf(s[c]);
    else
        for (size_t c = 0; c < columns; c++)
            p[c] = powf(s[c], -beta);
}

static void normalize_rows(void *arguments, size_t first, size_t rows)
{
    const response_job *job = arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job->x + r * job->columns;
        float *y = job->y + r * job->columns;
        sum_squares(job, x, y);
        power(job->response, y, job->columns, y);
        for (size_t c = 0; c < job->columns; c++)
            y[c] *= x[c];
    }
}

void stria_response_normalize(const stria_response *response, const float *x, size_t rows, size_t columns,
                              float *y, stria_pool *pool)
{
    response_job job = {.response = response, .x = x, .y = y, .columns = columns};
    run_range(pool, rows, rows_in_piece(PIECE_OF_ARITHMETIC, columns), normalize_rows, &job);
}

/* With p = s^-beta and t[d] = dy[d] x[d] p[d] / s[d]:
 *     dx[c] = dy[c] p[c] - 2 alpha beta x[c] * sum of t[d] over d from c - radius to c + radius
 * First dx = dy p, and t takes the place of s; p is there for some columns at a time. */
static void gradient_rows(void *arguments, size_t first, size_t rows)
{
    const response_job *job = arguments;
    const float factor = 2 * job->response->alpha * job->response->beta;
    const ptrdiff_t radius = reach(job);
    float p[COLUMNS_AT_ONCE];
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job->x + r * job->columns, *dy = job->dy + r * job->columns;
        float *dx = job->y + r * job->columns, *t = job->scratch + r * job->columns;
        sum_squares(job, x, t);
        for (size_t at = 0; at < job->columns; at += COLUMNS_AT_ONCE) {
            const size_t rest = job->columns - at, n = rest < COLUMNS_AT_ONCE ? rest : COLUMNS_AT_ONCE;
            power(job->response, t + at, n, p);
            for (size_t c = 0; c < n; c++) {
                const float g = dy[at + c] * p[c];
                t[at + c] = g * x[at + c] / t[at + c];
                dx[at + c] = g;
            }
        }
        for (ptrdiff_t distance = -radius; distance <= radius; distance++) {
            size_t begin, end;
            columns_with(distance, job->columns, &begin, &end);
            const float *neighbour = t + (ptrdiff_t)begin + distance;
            for (size_t c = begin; c < end; c++)
                dx[c] -= factor * x[c] * neighbour[c - begin];
        }
    }
}

void stria_response_normalize_gradient(const stria_response *response, const float *x, const float *dy,
                                       size_t rows, size_t columns, float *dx, float *scratch,
                                       stria_pool *pool)
{
    response_job job = {
        .response = response, .x = x, .dy = dy, .y = dx, .scratch = scratch, .columns = columns};
    run_range(pool, rows, rows_in_piece(PIECE_OF_ARITHMETIC, columns), gradient_rows, &job);
}

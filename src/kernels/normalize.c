/* See normalize.h. A sum over a row has eight parts, one for each column modulo 8, which are added in the
 * end: they need not wait for each other, and the order is the same everywhere. */
#include "kernels/normalize.h"

#include <math.h>
#include <string.h>

#include "kernels/cut.h"

#define PARTS  8
#define PIECES 16 /* that the rows are cut into for sums over columns, at most */

typedef struct normalize_job {
    stria_row_norm norm;
    double epsilon;
    size_t rows, columns;
    const float *x, *dy, *gamma, *beta;
    const float *mean_of, *inverse_of;
    float *y, *mean, *inverse;
    double *partial; /* [pieces, columns] */
    size_t piece;    /* rows of one */
} normalize_job;

static double add_parts(const double sums[PARTS])
{
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

static double sum_of(const float *x, size_t n)
{
    double sums[PARTS] = {0};
    size_t i = 0;
    for (; i + PARTS <= n; i += PARTS)
        for (size_t k = 0; k < PARTS; k++)
            sums[k] += (double)x[i + k];
    for (size_t k = 0; i + k < n; k++)
        sums[k] += (double)x[i + k];
    return add_parts(sums);
}

static double sum_of_squares(const float *x, double centre, size_t n)
{
    double sums[PARTS] = {0};
    size_t i = 0;
    for (; i + PARTS <= n; i += PARTS)
        for (size_t k = 0; k < PARTS; k++) {
            double distance = (double)x[i + k] - centre;
            sums[k] += distance * distance;
        }
    for (size_t k = 0; i + k < n; k++) {
        double distance = (double)x[i + k] - centre;
        sums[k] += distance * distance;
    }
    return add_parts(sums);
}

/* Mean and inverse of a row. */
static void measure(const normalize_job *job, const float *x, double *mean, double *inverse)
{
    const double n = (double)job->columns;
    *mean = job->norm == STRIA_ROW_LAYER ? sum_of(x, job->columns) / n : 0;
    double squares = sum_of_squares(x, *mean, job->columns);
    *inverse = job->norm == STRIA_ROW_UNIT ? fmin(1 / sqrt(squares), 1 / job->epsilon)
                                           : 1 / sqrt(squares / n + job->epsilon);
}

static void normalize_rows(void *arguments, size_t first, size_t rows)
{
    const normalize_job *job = arguments;
    const float *gamma = job->gamma, *beta = job->beta;
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job->x + r * job->columns;
        float *y = job->y + r * job->columns;
        double centre, scale;
        measure(job, x, &centre, &scale);
        const float mean = (float)centre, inverse = (float)scale;
        for (size_t c = 0; c < job->columns; c++)
            y[c] = (x[c] - mean) * inverse;
        if (gamma != NULL)
            for (size_t c = 0; c < job->columns; c++)
                y[c] *= gamma[c];
        if (beta != NULL)
            for (size_t c = 0; c < job->columns; c++)
                y[c] += beta[c];
        if (job->mean != NULL)
            job->mean[r] = mean;
        if (job->inverse != NULL)
            job->inverse[r] = inverse;
    }
}

void stria_rows_normalize(stria_row_norm norm, double epsilon, const float *x, size_t rows, size_t columns,
                          const float *gamma, const float *beta, float *y, float *mean, float *inverse,
                          stria_pool *pool)
{
    normalize_job job = {.norm = norm,
                         .epsilon = epsilon,
                         .columns = columns,
                         .x = x,
                         .gamma = gamma,
                         .beta = beta,
                         .y = y,
                         .mean = mean,
                         .inverse = inverse};
    run_range(pool, rows, rows_in_piece(PIECE_OF_ARITHMETIC, columns), normalize_rows, &job);
}

/* With g = dy * gamma over n columns:
 *     layer: dx = inverse * (g - mean of g - h * mean of g h)
 *     rms:   dx = inverse * (g - h * mean of g h)
 *     unit:  dx = inverse * (g - h * sum of g h), or inverse * g where the length is below epsilon */
static void gradient_rows(void *arguments, size_t first, size_t rows)
{
    const normalize_job *job = arguments;
    const size_t columns = job->columns;
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job->x + r * columns, *dy = job->dy + r * columns;
        const float mean = job->mean_of[r], inverse = job->inverse_of[r];
        float *dx = job->y + r * columns;
        double sums[PARTS] = {0}, products[PARTS] = {0};
        for (size_t c = 0; c < columns; c++) {
            double g = (double)dy[c] * (job->gamma != NULL ? (double)job->gamma[c] : 1);
            sums[c % PARTS] += g;
            products[c % PARTS] += g * (double)((x[c] - mean) * inverse);
        }
        const double n = job->norm == STRIA_ROW_UNIT ? 1 : (double)columns;
        const float middle = job->norm == STRIA_ROW_LAYER ? (float)(add_parts(sums) / n) : 0;
        float along = (float)(add_parts(products) / n);
        if (job->norm == STRIA_ROW_UNIT && inverse >= (float)(1 / job->epsilon))
            along = 0;
        for (size_t c = 0; c < columns; c++) {
            float g = job->gamma != NULL ? dy[c] * job->gamma[c] : dy[c];
            dx[c] = inverse * (g - middle - (x[c] - mean) * inverse * along);
        }
    }
}

void stria_rows_normalize_gradient(stria_row_norm norm, double epsilon, const float *x, const float *dy,
                                   const float *gamma, const float *mean, const float *inverse, size_t rows,
                                   size_t columns, float *dx, stria_pool *pool)
{
    normalize_job job = {.norm = norm,
                         .epsilon = epsilon,
                         .columns = columns,
                         .x = x,
                         .dy = dy,
                         .gamma = gamma,
                         .mean_of = mean,
                         .inverse_of = inverse,
                         .y = dx};
    run_range(pool, rows, rows_in_piece(PIECE_OF_ARITHMETIC, columns), gradient_rows, &job);
}

size_t stria_rows_scale_gradient_scratch(size_t columns)
{
    return PIECES * columns * (sizeof(double) / sizeof(float));
}

/* One piece of the rows: the range is of pieces. */
static void sum_pieces(void *arguments, size_t first, size_t pieces)
{
    const normalize_job *job = arguments;
    const size_t columns = job->columns;
    for (size_t p = first; p < first + pieces; p++) {
        double *partial = job->partial + p * columns;
        memset(partial, 0, columns * sizeof *partial);
        for (size_t r = p * job->piece; r < (p + 1) * job->piece && r < job->rows; r++) {
            const float *x = job->x + r * columns, *dy = job->dy + r * columns;
            const float mean = job->mean_of[r], inverse = job->inverse_of[r];
            for (size_t c = 0; c < columns; c++)
                partial[c] += (double)(dy[c] * ((x[c] - mean) * inverse));
        }
    }
}

void stria_rows_scale_gradient(const float *x, const float *dy, const float *mean, const float *inverse,
                               size_t rows, size_t columns, float *dgamma, float *scratch, stria_pool *pool)
{
    const size_t piece = (rows - 1) / PIECES + 1, pieces = (rows - 1) / piece + 1;
    normalize_job job = {.rows = rows,
                         .columns = columns,
                         .x = x,
                         .dy = dy,
                         .mean_of = mean,
                         .inverse_of = inverse,
                         .partial = (void *)scratch,
                         .piece = piece};
    run_range(rows * columns < PIECE_OF_ARITHMETIC ? NULL : pool, pieces, 1, sum_pieces, &job);
    for (size_t c = 0; c < columns; c++) {
        double sum = 0;
        for (size_t p = 0; p < pieces; p++)
            sum += job.partial[p * columns + c];
        dgamma[c] = (float)sum;
    }
}

/* See rows.h. Sums run in double from the first column to the last. */
#include "kernels/rows.h"

#include <math.h>

#include "kernels/cut.h"

typedef struct rows_job {
    const float *x, *dy;
    float *y;
    size_t columns;
} rows_job;

static double largest(const float *x, size_t columns)
{
    double maximum = -INFINITY;
    for (size_t c = 0; c < columns; c++)
        maximum = (double)x[c] > maximum ? (double)x[c] : maximum;
    return maximum;
}

static void log_softmax_rows(void *arguments, size_t first, size_t rows)
{
    const rows_job *job = arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job->x + r * job->columns;
        float *y = job->y + r * job->columns;
        double maximum = largest(x, job->columns), sum = 0;
        for (size_t c = 0; c < job->columns; c++)
            sum += exp((double)x[c] - maximum);
        double logarithm = log(sum);
        for (size_t c = 0; c < job->columns; c++)
            y[c] = (float)((double)x[c] - maximum - logarithm);
    }
}

/* dx = dy - softmax * sum of dy, where softmax = e^y. */
static void log_softmax_gradient_rows(void *arguments, size_t first, size_t rows)
{
    const rows_job *job = arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *y = job->x + r * job->columns, *dy = job->dy + r * job->columns;
        float *dx = job->y + r * job->columns;
        double sum = 0;
        for (size_t c = 0; c < job->columns; c++)
            sum += (double)dy[c];
        for (size_t c = 0; c < job->columns; c++)
            dx[c] = (float)((double)dy[c] - exp((double)y[c]) * sum);
    }
}

/* The threshold t with sum of max(x - t, 0) = 1. From the mean of all on, numbers at or below the threshold
 * of the others are left out until none is (Michelot, "A finite algorithm for finding the projection of a
 * point onto the canonical simplex", 1986): at most as many rounds as there are columns, in practice a few.
 */
static double simplex_threshold(const float *x, size_t columns)
{
    double threshold = -INFINITY, previous;
    size_t count = 0, before;
    do {
        double sum = 0;
        before = count;
        previous = threshold;
        count = 0;
        for (size_t c = 0; c < columns; c++)
            if ((double)x[c] > previous) {
                sum += (double)x[c];
                count++;
            }
        if (count > 0)
            threshold = (sum - 1) / (double)count;
    } while (count > 0 && count != before && threshold > previous);
    return threshold;
}

/* Martins and Astudillo, "From softmax to sparsemax", ICML 2016. */
static void sparsemax_rows(void *arguments, size_t first, size_t rows)
{
    const rows_job *job = arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job->x + r * job->columns;
        float *y = job->y + r * job->columns;
        double threshold = simplex_threshold(x, job->columns);
        for (size_t c = 0; c < job->columns; c++) {
            double above = (double)x[c] - threshold;
            y[c] = above <= 0 ? 0 : (float)above;
        }
    }
}

/* dx = dy - mean of dy, over the columns that are not 0. */
static void sparsemax_gradient_rows(void *arguments, size_t first, size_t rows)
{
    const rows_job *job = arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *y = job->x + r * job->columns, *dy = job->dy + r * job->columns;
        float *dx = job->y + r * job->columns;
        double sum = 0;
        size_t count = 0;
        for (size_t c = 0; c < job->columns; c++)
            if (y[c] > 0) {
                sum += (double)dy[c];
                count++;
            }
        double mean = count > 0 ? sum / (double)count : 0;
        for (size_t c = 0; c < job->columns; c++)
            dx[c] = y[c] > 0 ? (float)((double)dy[c] - mean) : 0;
    }
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* Dauphin et al., "Language modeling with gated convolutional networks", ICML 2017. */
static void glu_rows(void *arguments, size_t first, size_t rows)
{
    const rows_job *job = arguments;
    const size_t half = job->columns / 2;
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job->x + r * job->columns;
        for (size_t c = 0; c < half; c++)
            job->y[r * half + c] = (float)((double)x[c] * sigmoid((double)x[half + c]));
    }
}

static void glu_gradient_rows(void *arguments, size_t first, size_t rows)
{
    const rows_job *job = arguments;
    const size_t half = job->columns / 2;
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job->x + r * job->columns, *dy = job->dy + r * half;
        float *dx = job->y + r * job->columns;
        for (size_t c = 0; c < half; c++) {
            double gate = sigmoid((double)x[half + c]);
            dx[c] = (float)((double)dy[c] * gate);
            dx[half + c] = (float)((double)dy[c] * (double)x[c] * gate * (1 - gate));
        }
    }
}

static void run_rows(range_fn run, rows_job job, size_t rows, stria_pool *pool)
{
    run_range(pool, rows, rows_in_piece(PIECE_OF_ARITHMETIC, job.columns), run, &job);
}

void stria_rows_activate(const stria_kernels *kernels, stria_activation_kind kind, const float *x,
                         size_t rows, size_t columns, float *y, stria_pool *pool)
{
    const rows_job job = {.x = x, .y = y, .columns = columns};
    switch (kind) {
    case STRIA_LOG_SOFTMAX:
        run_rows(log_softmax_rows, job, rows, pool);
        break;
    case STRIA_SPARSEMAX:
        run_rows(sparsemax_rows, job, rows, pool);
        break;
    case STRIA_GLU:
        run_rows(glu_rows, job, rows, pool);
        break;
    default:
        kernels->reduce.softmax(x, rows, columns, y, pool);
    }
}

void stria_rows_activate_gradient(const stria_kernels *kernels, stria_activation_kind kind, const float *v,
                                  const float *dy, size_t rows, size_t columns, float *dx, stria_pool *pool)
{
    const rows_job job = {.x = v, .dy = dy, .y = dx, .columns = columns};
    switch (kind) {
    case STRIA_LOG_SOFTMAX:
        run_rows(log_softmax_gradient_rows, job, rows, pool);
        break;
    case STRIA_SPARSEMAX:
        run_rows(sparsemax_gradient_rows, job, rows, pool);
        break;
    case STRIA_GLU:
        run_rows(glu_gradient_rows, job, rows, pool);
        break;
    default:
        kernels->reduce.softmax_gradient(v, dy, rows, columns, dx, pool);
    }
}

typedef struct gather_job {
    const float *x;
    float *y;
    size_t n, inner;
} gather_job;

/* Rows of y, counted over outer and inner. */
static void gather_rows(void *arguments, size_t first, size_t rows)
{
    const gather_job *job = arguments;
    for (size_t r = first; r < first + rows; r++) {
        const float *x = job->x + r / job->inner * job->n * job->inner + r % job->inner;
        float *y = job->y + r * job->n;
        for (size_t k = 0; k < job->n; k++)
            y[k] = x[k * job->inner];
    }
}

void stria_rows_gather(const float *x, size_t outer, size_t n, size_t inner, float *y, stria_pool *pool)
{
    gather_job job = {.x = x, .y = y, .n = n, .inner = inner};
    run_range(pool, outer * inner, rows_in_piece(PIECE_OF_MEMORY, n), gather_rows, &job);
}

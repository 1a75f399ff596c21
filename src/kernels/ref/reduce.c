/* Reductions and row operations in plain C: the definitions that every faster version is tested against. Sums
 * run in double from the first row or column to the last. */
#include <math.h>

#include "kernels/families.h"

static void column_sums(const float *x, size_t rows, size_t columns, float *sums, stria_pool *pool)
{
    (void)pool;
    for (size_t c = 0; c < columns; c++) {
        double sum = 0;
        for (size_t r = 0; r < rows; r++)
            sum += (double)x[r * columns + c];
        sums[c] = (float)sum;
    }
}

static void column_moments(const float *x, size_t rows, size_t columns, float *mean, float *variance,
                           stria_pool *pool)
{
    (void)pool;
    for (size_t c = 0; c < columns; c++) {
        double sum = 0, squares = 0;
        for (size_t r = 0; r < rows; r++)
            sum += (double)x[r * columns + c];
        double centre = sum / (double)rows;
        for (size_t r = 0; r < rows; r++) {
            double distance = (double)x[r * columns + c] - centre;
            squares += distance * distance;
        }
        mean[c] = (float)centre;
        variance[c] = (float)(squares / (double)rows);
    }
}

/* The gradient before the activation, which goes by the sign or size of the number that y was made from. */
static float before_activation(const stria_column_gradient *g, size_t r, size_t c)
{
    size_t i = r * g->columns + c;
    float dy = g->dy[i], z;
    if (g->activation.kind == STRIA_LINEAR)
        return dy;
    z = (float)((double)g->x[i] * (double)g->scale[c] + (double)g->shift[c]);
    switch (g->activation.kind) {
    case STRIA_RELU6:
        return z > 0 && z < 6 ? dy : 0;
    case STRIA_LEAKY_RELU:
        return z > 0 ? dy : g->activation.alpha * dy;
    default:
        return z > 0 ? dy : 0;
    }
}

static void column_products(const stria_column_gradient *gradient, const float *mean, float *sum_g,
                            float *sum_gx, stria_pool *pool)
{
    (void)pool;
    for (size_t c = 0; c < gradient->columns; c++) {
        double sum = 0, products = 0;
        for (size_t r = 0; r < gradient->rows; r++) {
            double g = (double)before_activation(gradient, r, c);
            sum += g;
            products += g * ((double)gradient->x[r * gradient->columns + c] - (double)mean[c]);
        }
        sum_g[c] = (float)sum;
        sum_gx[c] = (float)products;
    }
}

static void column_scale(const float *x, const float *scale, const float *shift, stria_activation activation,
                         size_t rows, size_t columns, float *y, stria_pool *pool)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            y[r * columns + c] = (float)((double)x[r * columns + c] * (double)scale[c] + (double)shift[c]);
    stria_elementwise_kernels elementwise;
    stria_ref_elementwise_fill(&elementwise);
    elementwise.activate(activation, y, y, rows * columns, pool);
}

static void column_combine(const stria_column_gradient *gradient, const float *a, const float *b,
                           const float *d, float *dx, stria_pool *pool)
{
    (void)pool;
    for (size_t r = 0; r < gradient->rows; r++)
        for (size_t c = 0; c < gradient->columns; c++) {
            size_t i = r * gradient->columns + c;
            double g = (double)before_activation(gradient, r, c);
            dx[i] = (float)((double)a[c] * g + (double)b[c] * (double)gradient->x[i] + (double)d[c]);
        }
}

/* The first maximum of a row; NaN never is one. */
static size_t first_maximum(const float *z, size_t columns, double *maximum)
{
    size_t first = 0;
    *maximum = -INFINITY;
    for (size_t c = 0; c < columns; c++)
        if ((double)z[c] > *maximum) {
            *maximum = (double)z[c];
            first = c;
        }
    return first;
}

/* Sum of exp(z - maximum) over the row without its first maximum, whose own term is 1: the small rest keeps
 * its accuracy beside it. */
static double sum_of_the_rest(const float *z, size_t columns, size_t first, double maximum)
{
    double rest = 0;
    for (size_t c = 0; c < columns; c++)
        if (c != first)
            rest += exp((double)z[c] - maximum);
    return rest;
}

static void softmax(const float *x, size_t rows, size_t columns, float *y, stria_pool *pool)
{
    (void)pool;
    for (size_t r = 0; r < rows; r++) {
        const float *z = x + r * columns;
        double maximum;
        size_t first = first_maximum(z, columns, &maximum);
        double sum = exp((double)z[first] - maximum) + sum_of_the_rest(z, columns, first, maximum);
        for (size_t c = 0; c < columns; c++)
            y[r * columns + c] = (float)(exp((double)z[c] - maximum) / sum);
    }
}

static void softmax_gradient(const float *y, const float *dy, size_t rows, size_t columns, float *dx,
                             stria_pool *pool)
{
    (void)pool;
    for (size_t r = 0; r < rows; r++) {
        size_t start = r * columns;
        double dot = 0;
        for (size_t c = 0; c < columns; c++)
            dot += (double)dy[start + c] * (double)y[start + c];
        for (size_t c = 0; c < columns; c++)
            dx[start + c] = (float)((double)y[start + c] * ((double)dy[start + c] - dot));
    }
}

static size_t softmax_cross_entropy(const float *logits, const int32_t *labels, size_t rows, size_t columns,
                                    float gradient_scale, double *losses, float *dlogits, stria_pool *pool)
{
    (void)pool;
    size_t correct = 0;
    for (size_t r = 0; r < rows; r++) {
        const float *z = logits + r * columns;
        size_t label = (size_t)labels[r];
        double maximum;
        size_t first = first_maximum(z, columns, &maximum);
        double own = exp((double)z[first] - maximum), rest = sum_of_the_rest(z, columns, first, maximum);
        losses[r] = log1p(own - 1 + rest) - ((double)z[label] - maximum);
        correct += first == label;
        if (dlogits == NULL)
            continue;
        for (size_t c = 0; c < columns; c++) {
            double p = exp((double)z[c] - maximum) / (own + rest);
            dlogits[r * columns + c] = (float)((p - (c == label)) * (double)gradient_scale);
        }
    }
    return correct;
}

static bool all_finite(const float *x, size_t count, stria_pool *pool)
{
    (void)pool;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

void stria_ref_reduce_fill(stria_reduce_kernels *kernels)
{
    *kernels = (stria_reduce_kernels){.column_sums = column_sums,
                                      .column_moments = column_moments,
                                      .column_products = column_products,
                                      .column_scale = column_scale,
                                      .column_combine = column_combine,
                                      .softmax = softmax,
                                      .softmax_gradient = softmax_gradient,
                                      .softmax_cross_entropy = softmax_cross_entropy,
                                      .all_finite = all_finite};
}

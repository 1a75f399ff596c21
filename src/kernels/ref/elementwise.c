/* Element-wise operations in plain C: the definitions that every faster version is tested against. */
#include <string.h>

#include "kernels/families.h"

static void activate(stria_activation activation, const float *x, float *y, size_t count, stria_pool *pool)
{
    (void)pool;
    stria_ref_activate_block(activation, x, y, count);
}

static void activate_gradient(stria_activation activation, const float *v, const float *dy, float *dx,
                              size_t count, stria_pool *pool)
{
    (void)pool;
    stria_ref_activate_gradient_block(activation, v, dy, dx, count);
}

static void add(const float *a, const float *b, float *y, size_t count, stria_pool *pool)
{
    (void)pool;
    for (size_t i = 0; i < count; i++)
        y[i] = a[i] + b[i];
}

static void add_activate(const float *a, const float *b, stria_activation activation, float *y, size_t count,
                         stria_pool *pool)
{
    add(a, b, y, count, pool);
    activate(activation, y, y, count, pool);
}

static void multiply(const float *a, const float *b, float *y, size_t count, stria_pool *pool)
{
    (void)pool;
    for (size_t i = 0; i < count; i++)
        y[i] = a[i] * b[i];
}

static void scale(const float *x, float factor, float offset, float *y, size_t count, stria_pool *pool)
{
    (void)pool;
    for (size_t i = 0; i < count; i++)
        y[i] = (float)((double)x[i] * (double)factor + (double)offset);
}

static void dropout(const stria_random_key *key, float rate, const float *x, float *y, size_t count,
                    stria_pool *pool)
{
    (void)pool;
    for (size_t e = 0; e < count; e++)
        y[e] = stria_random_uniform(key, e) >= rate ? x[e] / (1 - rate) : 0;
}

static void copy_rows(const float *from, size_t from_stride, float *to, size_t to_stride, size_t width,
                      size_t rows, stria_pool *pool)
{
    (void)pool;
    for (size_t r = 0; r < rows; r++)
        memcpy(to + r * to_stride, from + r * from_stride, width * sizeof *to);
}

static void from_bytes(const uint8_t *bytes, float factor, float *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = (float)bytes[i] * factor;
}

void stria_ref_elementwise_fill(stria_elementwise_kernels *kernels)
{
    *kernels = (stria_elementwise_kernels){.activate = activate,
                                           .activate_gradient = activate_gradient,
                                           .add = add,
                                           .add_activate = add_activate,
                                           .multiply = multiply,
                                           .scale = scale,
                                           .dropout = dropout,
                                           .copy_rows = copy_rows,
                                           .from_bytes = from_bytes};
}

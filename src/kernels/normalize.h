/* Normalisation of rows: of each row of [rows, columns] by its own numbers, and the gradients. One version,
 * in plain C with sums in double, for all instruction sets. */
#ifndef STRIA_KERNELS_NORMALIZE_H
#define STRIA_KERNELS_NORMALIZE_H

#include "kernels/kernels.h"

/* What a row is brought to, with h[c] = (x[c] - mean) * inverse. */
typedef enum stria_row_norm {
    STRIA_ROW_LAYER, /* mean 0, variance 1: inverse = 1 / sqrt(variance + epsilon) */
    STRIA_ROW_RMS,   /* root mean square 1: mean = 0, inverse = 1 / sqrt(mean of x^2 + epsilon) */
    STRIA_ROW_UNIT   /* length 1: mean = 0, inverse = min(1 / sqrt(sum of x^2), 1 / epsilon) */
} stria_row_norm;

/* y = h * gamma + beta; y may be x. gamma, beta [columns] and mean, inverse [rows] may be NULL. */
void stria_rows_normalize(stria_row_norm norm, double epsilon, const float *x, size_t rows, size_t columns,
                          const float *gamma, const float *beta, float *y, float *mean, float *inverse,
                          stria_pool *pool);

/* dx from dy, which may be the same memory; mean and inverse as stria_rows_normalize left them. */
void stria_rows_normalize_gradient(stria_row_norm norm, double epsilon, const float *x, const float *dy,
                                   const float *gamma, const float *mean, const float *inverse, size_t rows,
                                   size_t columns, float *dx, stria_pool *pool);

/* dgamma[c] = sum over the rows of dy * h. */
void stria_rows_scale_gradient(const float *x, const float *dy, const float *mean, const float *inverse,
                               size_t rows, size_t columns, float *dgamma, float *scratch, stria_pool *pool);

/* Floats of scratch that takes. */
size_t stria_rows_scale_gradient_scratch(size_t columns);

#endif

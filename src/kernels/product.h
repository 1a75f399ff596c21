/* Products of matrices that both come from layers, one pair for each sample; layers with weights have the
 * convolution's. One version, in plain C with sums in double, for all instruction sets. */
#ifndef STRIA_KERNELS_PRODUCT_H
#define STRIA_KERNELS_PRODUCT_H

#include "kernels/kernels.h"

/* y[m][n] = sum over k of a[m][k] * b[k][n]; a is stored [k][m] when turned. */
typedef struct stria_product {
    size_t rows, inner, columns; /* of m, k and n */
    bool turned;
} stria_product;

/* For each sample: a [rows, inner], b [inner, columns], y [rows, columns]. */
void stria_product_of(const stria_product *product, size_t batch, const float *a, const float *b, float *y,
                      stria_pool *pool);

#endif

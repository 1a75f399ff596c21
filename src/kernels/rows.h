/* Functions of whole rows of a tensor [rows, columns]: softmax and its relatives, and rows along other axes
 * than the last. Only softmax is common enough for vectors of its own; the others have one version, in plain
 * C, for all instruction sets. */
#ifndef STRIA_KERNELS_ROWS_H
#define STRIA_KERNELS_ROWS_H

#include "kernels/kernels.h"

/* y = activation(x) for a kind by rows; y may be x, but for glu, whose y has columns / 2. */
void stria_rows_activate(const stria_kernels *kernels, stria_activation_kind kind, const float *x,
                         size_t rows, size_t columns, float *y, stria_pool *pool);

/* dx from dy, which may be the same memory but for glu. `v` is the input for glu, else the output. */
void stria_rows_activate_gradient(const stria_kernels *kernels, stria_activation_kind kind, const float *v,
                                  const float *dy, size_t rows, size_t columns, float *dx, stria_pool *pool);

/* x [outer, n, inner] to y [outer, inner, n]: what lies along the middle axis becomes rows. */
void stria_rows_gather(const float *x, size_t outer, size_t n, size_t inner, float *y, stria_pool *pool);

#endif

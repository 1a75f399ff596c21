/* Row operations of classification; see stria_reduce_kernels. */
#ifndef STRIA_KERNELS_SIMD_SOFTMAX_H
#define STRIA_KERNELS_SIMD_SOFTMAX_H

#include "base/pool.h"
#include "kernels/simd/vec.h"

void STRIA_ISA(stria_softmax)(const float *x, size_t rows, size_t columns, float *y, stria_pool *pool);

void STRIA_ISA(stria_softmax_gradient)(const float *y, const float *dy, size_t rows, size_t columns,
                                       float *dx, stria_pool *pool);

size_t STRIA_ISA(stria_softmax_cross_entropy)(const float *logits, const int32_t *labels, size_t rows,
                                              size_t columns, float gradient_scale, double *losses,
                                              float *dlogits, stria_pool *pool);

#endif

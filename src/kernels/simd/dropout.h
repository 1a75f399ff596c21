/* Dropout; see stria_elementwise_kernels. */
#ifndef STRIA_KERNELS_SIMD_DROPOUT_H
#define STRIA_KERNELS_SIMD_DROPOUT_H

#include "base/pool.h"
#include "base/random.h"
#include "kernels/simd/vec.h"

void STRIA_ISA(stria_dropout)(const stria_random_key *key, float rate, const float *x, float *y, size_t count,
                              stria_pool *pool);

#endif

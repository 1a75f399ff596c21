/* Activations over an array, serial: for whoever has just written a block of numbers and wants it done while
 * it is in the cache. */
#ifndef STRIA_KERNELS_SIMD_ACTIVATION_H
#define STRIA_KERNELS_SIMD_ACTIVATION_H

#include "kernels/kernels.h"
#include "kernels/simd/vec.h"

/* y = activation(x), which may be the same memory; none by rows. Touches exactly `count` floats. */
void STRIA_ISA(stria_activate_block)(stria_activation activation, const float *x, float *y, size_t count);

/* dx = dy * activation', as stria_elementwise_kernels.activate_gradient. */
void STRIA_ISA(stria_activate_gradient_block)(stria_activation activation, const float *v, const float *dy,
                                              float *dx, size_t count);

#endif

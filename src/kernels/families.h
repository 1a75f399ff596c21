/* The functions that fill the kernel table, one per family and instruction set; table.c calls them from the
 * plain-C definitions upwards. A fill function sets the pointers it has something for and leaves the others
 * alone.
 *
 * A family's fast source stands in simd/, is compiled once per instruction set and defines
 * STRIA_ISA(stria_<family>_fill), which becomes stria_<family>_fill_avx512 and so on (simd/vec.h). */
#ifndef STRIA_KERNELS_FAMILIES_H
#define STRIA_KERNELS_FAMILIES_H

#include "kernels/kernels.h"

/* The definitions, in ref/: every pointer is set. */
void stria_ref_conv_fill(stria_conv_kernels *kernels);
void stria_ref_pool_fill(stria_pool_kernels *kernels);
void stria_ref_elementwise_fill(stria_elementwise_kernels *kernels);
void stria_ref_reduce_fill(stria_reduce_kernels *kernels);
void stria_ref_update_fill(stria_update_kernels *kernels);
void stria_ref_peak_fill(stria_peak_kernels *kernels);

/* Any activation of single numbers and its gradient, as stria_elementwise_kernels has them: for the kinds
 * that have no vector version. */
void stria_ref_activate_block(stria_activation activation, const float *x, float *y, size_t count);
void stria_ref_activate_gradient_block(stria_activation activation, const float *v, const float *dy,
                                       float *dx, size_t count);

#define STRIA_DECLARE_FAMILIES(isa)                                                                          \
    void stria_conv_fill_##isa(stria_conv_kernels *kernels);                                                 \
    void stria_pool_fill_##isa(stria_pool_kernels *kernels);                                                 \
    void stria_elementwise_fill_##isa(stria_elementwise_kernels *kernels);                                   \
    void stria_reduce_fill_##isa(stria_reduce_kernels *kernels);                                             \
    void stria_update_fill_##isa(stria_update_kernels *kernels);                                             \
    void stria_peak_fill_##isa(stria_peak_kernels *kernels)

/* Each exists on its architecture only. */
STRIA_DECLARE_FAMILIES(baseline);
STRIA_DECLARE_FAMILIES(avx2);
STRIA_DECLARE_FAMILIES(avx512);
STRIA_DECLARE_FAMILIES(neon);

#undef STRIA_DECLARE_FAMILIES

#endif

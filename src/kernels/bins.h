/* Adaptive pooling: an axis of any size is divided into a wished number of bins, of nearly equal sizes.
 * Output o sees the inputs floor(o * in / out) ... ceil((o + 1) * in / out) - 1; where `out` does not divide
 * `in` bins overlap by one. */
#ifndef STRIA_KERNELS_BINS_H
#define STRIA_KERNELS_BINS_H

#include "kernels/kernels.h"

/* Index 0 depth, 1 height, 2 width; unused axes have size 1. */
typedef struct stria_bins {
    size_t in[3], out[3];
} stria_bins;

/* The first input of output `o` of an axis, and the one behind its last. */
static inline size_t stria_bin_first(size_t in, size_t out, size_t o)
{
    return o * in / out;
}

static inline size_t stria_bin_end(size_t in, size_t out, size_t o)
{
    return ((o + 1) * in - 1) / out + 1;
}

/* y [N,Do,Ho,Wo,C] from x [N,D,H,W,C]: STRIA_POOL_MAX, which drops NaN as windows do, or STRIA_POOL_AVERAGE.
 * `index` [N,Do,Ho,Wo,C] gets the position of the winner in its picture; NULL in inference and for averages.
 * Among equal values the first wins that is met going down the columns, since Keras pools axis by axis, the
 * width last. */
void stria_bins_pool(stria_pool_kind kind, const stria_bins *bins, size_t channels, size_t batch,
                     const float *x, float *y, uint32_t *index, stria_pool *pool);

/* dx is overwritten. */
void stria_bins_pool_gradient(stria_pool_kind kind, const stria_bins *bins, size_t channels, size_t batch,
                              const float *dy, const uint32_t *index, float *dx, stria_pool *pool);

#endif

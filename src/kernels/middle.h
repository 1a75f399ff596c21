/* Pooling over the middle axis of [outer, middle, inner], where nothing overlaps: all positions of a feature
 * map
 * ([N, H*W, C]: global pooling) or neighbouring channels ([N*H*W*groups, channels, 1]: depth pooling). */
#ifndef STRIA_KERNELS_MIDDLE_H
#define STRIA_KERNELS_MIDDLE_H

#include "kernels/kernels.h"

typedef struct stria_middle {
    size_t outer, middle, inner;
} stria_middle;

/* y[o,i] = the extreme or average over m of x[o,m,i]. NaN stays NaN, as in Keras's reductions (pooling by
 * windows drops it). */
void stria_middle_pool(stria_pool_kind kind, const stria_middle *shape, const float *x, float *y,
                       stria_pool *pool);

/* Of an extreme, equal winners share the gradient evenly: dx = (x == y) * dy / (how many equal y), which is
 * NaN where y is. dx is overwritten; x and y are not read for averages. */
void stria_middle_pool_gradient(stria_pool_kind kind, const stria_middle *shape, const float *x,
                                const float *y, const float *dy, float *dx, stria_pool *pool);

#endif

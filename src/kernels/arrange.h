/* Moving numbers without computing: a box cut out of or set into zeros, positions repeated, axes exchanged.
 */
#ifndef STRIA_KERNELS_ARRANGE_H
#define STRIA_KERNELS_ARRANGE_H

#include "kernels/kernels.h"

/* Volumes [N,D,H,W,C]; unused axes have size 1. Output o of an axis is input o + offset, 0 where there is
 * none: padding has a negative offset, cropping one of at least 0. */
typedef struct stria_box {
    size_t in[3], out[3];
    int64_t offset[3];
    size_t channels;
} stria_box;

/* The way back, which is the gradient too. */
static inline stria_box stria_box_reverse(const stria_box *box)
{
    return (stria_box){{box->out[0], box->out[1], box->out[2]},
                       {box->in[0], box->in[1], box->in[2]},
                       {-box->offset[0], -box->offset[1], -box->offset[2]},
                       box->channels};
}

void stria_box_copy(const stria_box *box, size_t batch, const float *x, float *y, stria_pool *pool);

/* Each position `times` times along each axis: y [N, D*times, H*times, W*times, C]. */
typedef struct stria_repeat {
    size_t in[3], times[3], channels;
} stria_repeat;

void stria_repeat_forward(const stria_repeat *repeat, size_t batch, const float *x, float *y,
                          stria_pool *pool);
/* dx = the sum of dy over the repetitions, in row-major order. */
void stria_repeat_backward(const stria_repeat *repeat, size_t batch, const float *dy, float *dx,
                           stria_pool *pool);

#define STRIA_PERMUTE_MAX 8

/* Exchanged axes of a sample: sizes of the output and the steps in the input that belong to them; axes that
 * stay side by side are one. */
typedef struct stria_permute {
    int rank;
    size_t sizes[STRIA_PERMUTE_MAX], steps[STRIA_PERMUTE_MAX];
} stria_permute;

/* Output axis a is input axis axes[a] (from 0); `sizes` are the input's. */
stria_permute stria_permute_make(int rank, const size_t *sizes, const int *axes);

/* Whether all numbers stay where they are. */
bool stria_permute_is_identity(const stria_permute *permute);

void stria_permute_copy(const stria_permute *permute, size_t batch, const float *x, float *y,
                        stria_pool *pool);

#endif

/* Random numbers on tensors beyond plain dropout: masks that stretch over axes, and Gaussian noise. One definition
 * for all instruction sets; every number's draw is a function of the key and its place. */
#ifndef STRIA_KERNELS_NOISE_H
#define STRIA_KERNELS_NOISE_H

#include <stddef.h>

#include "kernels/kernels.h"

#define STRIA_MAX_MASK_AXES 8

/* How a sample's numbers find their draw: axes outermost first, those that go together merged; a stride of 0 where
 * one draw serves the whole axis. */
typedef struct stria_mask {
    int rank;
    size_t sizes[STRIA_MAX_MASK_AXES], strides[STRIA_MAX_MASK_AXES];
    size_t elements; /* of a sample */
    size_t draws;    /* for a sample */
} stria_mask;

/* The mask of a sample of these sizes whose draws have those; each of `draws` is 1 or the size. */
void stria_mask_solve(int rank, const int64_t *sizes, const int64_t *draws, stria_mask *mask);

/* What becomes of numbers: kept or dropped, each by a factor and an offset. */
typedef struct stria_mask_effect {
    float kept_factor, kept_offset, dropped_offset; /* dropped numbers have the factor 0 */
} stria_mask_effect;

/* y = kept ? x * kept_factor + kept_offset : dropped_offset, for `batch` samples. `scratch` has batch * draws
 * floats; what is kept is decided as stria_elementwise_kernels.dropout does. y may be x. */
void stria_mask_apply(const stria_kernels *kernels, const stria_random_key *key, float rate, const stria_mask *mask,
                      const stria_mask_effect *effect, const float *x, float *y, size_t batch, float *scratch,
                      stria_pool *pool);

/* y[e] = x[e] + deviation * normal(key, e). y may be x. */
void stria_noise_add(const stria_random_key *key, double deviation, const float *x, float *y, size_t count,
                     stria_pool *pool);

/* y[e] = x[e] * (1 + deviation * normal(key, e)). y may be x. Its own gradient. */
void stria_noise_multiply(const stria_random_key *key, double deviation, const float *x, float *y, size_t count,
                          stria_pool *pool);

#endif

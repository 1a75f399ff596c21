/* Bringing the norms of parts of a tensor between bounds. One plain-C version for every instruction set. */
#ifndef STRIA_KERNELS_NORMS_H
#define STRIA_KERNELS_NORMS_H

#include <stddef.h>

#define STRIA_NORM_EPSILON 1e-7

/* desired = rate * min(max(norm, low), high) + (1 - rate) * norm */
typedef struct stria_norm_rule {
    double low, high, rate;
} stria_norm_rule;

/* Takes the norm (root of the sum of squares) over the axes whose bits are set and multiplies by
 * desired / (norm + STRIA_NORM_EPSILON). Sums are taken in double, in the order of memory. */
void stria_limit_norms(float *x, const size_t *sizes, size_t rank, unsigned axes,
                       const stria_norm_rule *rule);

#endif

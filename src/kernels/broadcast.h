/* Operations on two tensors of which one or both repeat along some axes, and sums over the axes along which
 * one repeats: the gradients of the former. */
#ifndef STRIA_KERNELS_BROADCAST_H
#define STRIA_KERNELS_BROADCAST_H

#include <stria/shape.h>

#include "kernels/kernels.h"

/* How operands a and b lie under a result, outermost axis first. Axis 0 is the batch. A stride of 0 repeats
 * the operand along the axis; neighbouring axes that both operands go through alike are one. */
typedef struct stria_broadcast {
    int axes;                         /* at least 2 */
    size_t sizes[STRIA_MAX_RANK + 1]; /* [0] is not read */
    size_t a[STRIA_MAX_RANK + 1], b[STRIA_MAX_RANK + 1];
} stria_broadcast;

/* From the sizes of one sample, aligned at the last axis: each size of a and b is the result's or 1.
 * `a_batch` and `b_batch` say whether the operand has a batch. */
void stria_broadcast_make(stria_broadcast *broadcast, int rank, const size_t *result, const size_t *a,
                          bool a_batch, const size_t *b, bool b_batch);

typedef enum stria_broadcast_operation {
    STRIA_BROADCAST_ADD,
    STRIA_BROADCAST_SUBTRACT,
    STRIA_BROADCAST_MULTIPLY,
    STRIA_BROADCAST_MAXIMUM, /* NaN when one is NaN */
    STRIA_BROADCAST_MINIMUM,
    STRIA_BROADCAST_COPY,            /* b */
    STRIA_BROADCAST_PRELU,           /* a > 0 ? a : a * b */
    STRIA_BROADCAST_PRELU_SLOPE,     /* a > 0 ? 1 : a < 0 ? b : 0 */
    STRIA_BROADCAST_NEGATIVE_PRODUCT /* a < 0 ? a * b : 0 */
} stria_broadcast_operation;

/* y = a op b; y, contiguous, may be an operand that does not repeat. */
void stria_broadcast_apply(const stria_kernels *kernels, stria_broadcast_operation operation,
                           const stria_broadcast *broadcast, size_t batch, const float *a, const float *b,
                           float *y, stria_pool *pool);

/* Where b is larger (maximum) or smaller than a, contiguous: a = b and winner = `index`. Equal numbers stay;
 * NaN stays or is taken. */
void stria_broadcast_select(bool maximum, const stria_broadcast *broadcast, size_t batch, float *a,
                            const float *b, uint8_t *winner, uint8_t index, stria_pool *pool);

/* share = dy where winner = index, else 0. */
void stria_broadcast_share(const uint8_t *winner, uint8_t index, const float *dy, float *share, size_t count,
                           stria_pool *pool);

/* db = the sum of g, which is like the result, over the axes along which b repeats. Sums run in double, or as
 * column_sums does. */
void stria_broadcast_sum(const stria_kernels *kernels, const stria_broadcast *broadcast, size_t batch,
                         const float *g, float *db, stria_pool *pool);

/* Whether b is one row for many [rows, columns] of the result. */
bool stria_broadcast_is_row(const stria_broadcast *broadcast);

#endif

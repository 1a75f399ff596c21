/* Rows of a table by their numbers: embeddings. */
#ifndef STRIA_KERNELS_LOOKUP_H
#define STRIA_KERNELS_LOOKUP_H

#include "kernels/kernels.h"

/* y[i] = table[indices[i]] for `count` indices, which are whole numbers held in floats; rows have `width`
 * floats. An index that is no whole number from 0 to rows - 1 gives a row of NaN. */
void stria_lookup(const float *table, size_t rows, size_t width, const float *indices, size_t count, float *y,
                  stria_pool *pool);

/* dtable[r] = the sum of dy[i] over the i with indices[i] = r, in their order; others are left out. dtable is
 * overwritten. */
void stria_lookup_gradient(const float *indices, size_t count, const float *dy, size_t rows, size_t width,
                           float *dtable, stria_pool *pool);

#endif

/* Local response normalisation: every number of a row against its neighbours along the row. One version, in
 * plain C whose loops become the vectors that every CPU has, for all instruction sets. */
#ifndef STRIA_KERNELS_RESPONSE_H
#define STRIA_KERNELS_RESPONSE_H

#include "kernels/kernels.h"

/* y[c] = x[c] / s[c]^beta with s[c] = bias + alpha * sum of x[d]^2 over d from c - radius to c + radius, as
 * far as there are such columns. */
typedef struct stria_response {
    size_t radius;
    float bias, alpha, beta;
} stria_response;

/* x to y, other memory, [rows, columns]. */
void stria_response_normalize(const stria_response *response, const float *x, size_t rows, size_t columns,
                              float *y, stria_pool *pool);

/* dx from dy, which may be the same memory; scratch [rows, columns]. */
void stria_response_normalize_gradient(const stria_response *response, const float *x, const float *dy,
                                       size_t rows, size_t columns, float *dx, float *scratch,
                                       stria_pool *pool);

#endif

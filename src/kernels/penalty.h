/* Penalties on the size of numbers and their derivatives. One plain-C version for every instruction set; sums
 * are taken in double, in an order that depends on the size only. */
#ifndef STRIA_KERNELS_PENALTY_H
#define STRIA_KERNELS_PENALTY_H

#include <stdbool.h>
#include <stddef.h>

/* Returns l1 * sum of |x| + l2 * sum of x^2; gradient (unless NULL) += l1 * sign(x) + 2 * l2 * x. */
double stria_penalty_l1_l2(const float *x, size_t count, double l1, double l2, float *gradient);

/* Of all pairs of rows (or of columns) of x [rows, columns]: returns factor times the mean of |cosine|, which
 * is 0 for a single one, and adds its derivatives to gradient (unless NULL). */
double stria_penalty_orthogonal(const float *x, size_t rows, size_t columns, bool of_columns, double factor,
                                float *gradient);

#endif

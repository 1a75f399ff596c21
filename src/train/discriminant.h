/* Linear discriminant analysis: a dense layer's weights from the statistics of its inputs. */
#ifndef STRIA_TRAIN_DISCRIMINANT_H
#define STRIA_TRAIN_DISCRIMINANT_H

#include <stdint.h>

#include "base/context.h"

typedef struct stria_discriminant {
    const stria_context *context;
    size_t features, classes;
    size_t count;    /* of samples */
    size_t *counts;  /* [classes] */
    double *sums;    /* [classes, features], then means, then the weights */
    double *moments; /* [features, features], the lower triangle; then the covariance, then its factor */
    double *means;   /* [features]: of one class */
} stria_discriminant;

/* Most features: the table of their products has as many squared. */
#define STRIA_MAX_DISCRIMINANT 4096

/* Free with stria_discriminant_free, also after a failure. Errors: LIMIT, MEMORY. */
stria_status stria_discriminant_make(stria_discriminant *d, const stria_context *context, size_t features,
                                     size_t classes, stria_error *err);
void stria_discriminant_free(stria_discriminant *d);

/* Counts one sample x [features] of a class. */
void stria_discriminant_add(stria_discriminant *d, const float *x, size_t label);

/* Writes kernel [features, units] and bias [units], units at least the classes, from what was added; softmax
 * of the sums is then how probable each class is. Errors: VALUE when all features are always 0. */
stria_status stria_discriminant_solve(stria_discriminant *d, double shrinkage, float *kernel, float *bias,
                                      size_t units, stria_error *err);

#endif

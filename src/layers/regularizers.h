/* Penalties on parameters and outputs. */
#ifndef STRIA_LAYERS_REGULARIZERS_H
#define STRIA_LAYERS_REGULARIZERS_H

#include <stria/error.h>
#include <stria/shape.h>

#include "layers/arguments.h"

/* Whether the regularizer can be put on `name` of `shape`. Errors: SHAPE. */
stria_status stria_regularizer_check(const stria_regularizer *regularizer, const char *name,
                                     const stria_shape *shape, stria_error *err);

/* Returns `scale` times the penalty on the values of a tensor of `shape`, and adds its derivatives to
 * `gradient` unless that is NULL. */
double stria_regularize(const stria_regularizer *regularizer, const stria_shape *shape, const float *values,
                        double scale, float *gradient);

#endif

/* Initial values of parameters. */
#ifndef STRIA_LAYERS_INITIALIZERS_H
#define STRIA_LAYERS_INITIALIZERS_H

#include <stria/error.h>
#include <stria/shape.h>

#include "base/random.h"
#include "layers/arguments.h"

/* Whether the initializer can fill the parameter `name` of `shape`. Errors: SHAPE for a matrix's initializer
 * on a parameter that is none. */
stria_status stria_initializer_check(const stria_initializer *initializer, const char *name,
                                     const stria_shape *shape, stria_error *err);

/* Fills a tensor of `shape`. Fans are Keras's: receptive field times shape[-2] and shape[-1]. */
void stria_initialize(const stria_initializer *initializer, const stria_shape *shape,
                      const stria_random_key *key, float *values);

#endif

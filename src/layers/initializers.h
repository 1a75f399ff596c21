/* Initial values of parameters. */
#ifndef STRIA_LAYERS_INITIALIZERS_H
#define STRIA_LAYERS_INITIALIZERS_H

#include <stria/shape.h>

#include "base/random.h"
#include "layers/arguments.h"

/* Fills a tensor of `shape`. Fans are Keras's: receptive field times shape[-2] and shape[-1]. */
void stria_initialize(const stria_initializer *initializer, const stria_shape *shape,
                      const stria_random_key *key, float *values);

#endif

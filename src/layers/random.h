/* What the layers that draw random numbers while training share: the argument `seed`, and ranges. */
#ifndef STRIA_LAYERS_RANDOM_H
#define STRIA_LAYERS_RANDOM_H

#include "layers/layer.h"

/* The row of the argument `seed` in a table whose config struct has an int64_t of that name. */
#define STRIA_SEED_ARGUMENT(config)                                                                          \
    {                                                                                                        \
        "seed", STRIA_ARG_INTEGER, offsetof(config, seed), "-1", -1, 9007199254740992.0, NULL,               \
            "of this layer's draws; -1: the training's"                                                      \
    }

/* In bind: the layer's stream for `purpose`. A seed of its own replaces the plan's; layers of the same seed
 * still draw differently. */
void stria_random_bind(stria_layer_call *call, int64_t seed, stria_random_purpose purpose);

/* The shape rule of layers whose output has the input's shape. */
stria_status stria_same_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                              stria_layer_facts *facts, stria_error *err);

#endif

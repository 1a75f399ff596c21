/* What finding and making stimuli share: choosing a layer and a map, and telling how far it is. */
#ifndef STRIA_INSPECT_STIMULUS_H
#define STRIA_INSPECT_STIMULUS_H

#include <stria/stimulus.h>

/* The layer's name as the model has it; `wanted` NULL: the last convolution. Errors: MISSING. */
stria_status stria_stimulus_layer(const stria_model *model, const char *wanted, const char **layer,
                                  stria_error *err);

/* Whether the layer's output has the map. Errors: VALUE, SHAPE. */
stria_status stria_stimulus_map(const char *layer, const stria_shape *output, int64_t map, stria_error *err);

/* Calls `progress` unless it is NULL. Errors: CANCELLED. */
stria_status stria_stimulus_tell(stria_stimulus_fn progress, void *payload, size_t done, size_t total,
                                 stria_error *err);

#endif

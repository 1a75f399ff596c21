/* The inside of feature maps. */
#ifndef STRIA_INSPECT_MAPS_H
#define STRIA_INSPECT_MAPS_H

#include <stdbool.h>

#include <stria/inspect.h>
#include <stria/plan.h>

typedef struct stria_maps_layer {
    const char *name, *kind;
    stria_shape output;
    int64_t count, slices, channels, height, width; /* count is slices * channels */
    bool flat;                                      /* no rows and columns: one map, a strip */
    const float *values;                            /* [slices, height, width, channels], the plan's */
} stria_maps_layer;

struct stria_maps {
    stria_context *context;
    stria_plan *plan;
    stria_maps_layer *layers;
    size_t count;
};

#endif

/* What the window of one output sees: the terms of stria_pixel, by the kind of layer. */
#ifndef STRIA_INSPECT_PIXEL_TERMS_H
#define STRIA_INSPECT_PIXEL_TERMS_H

#include <stdbool.h>

#include <stria/pixel.h>

#include "layers/geometry.h"
#include "model/model.h"

typedef enum stria_pixel_sort {
    STRIA_PIXEL_CONVOLUTION,
    STRIA_PIXEL_DEPTHWISE,
    STRIA_PIXEL_SEPARABLE,
    STRIA_PIXEL_TRANSPOSED,
    STRIA_PIXEL_DENSE,
    STRIA_PIXEL_MAXIMUM,
    STRIA_PIXEL_MINIMUM,
    STRIA_PIXEL_MEAN,
    STRIA_PIXEL_VALUE
} stria_pixel_sort;

/* A layer as its terms are found. Axes are depth, height, width; unused ones have size 1. */
typedef struct stria_pixel_layer {
    const stria_model *model;
    const stria_node *node;
    stria_pixel_sort sort;
    int axes; /* spatial ones of the output */
    int64_t in[3], out[3], window[3], stride[3], dilation[3], before[3];
    int64_t channels, maps; /* of input and output */
    int64_t groups;         /* that channels and maps are split into */
    bool flipped;           /* the kernel's last tap comes first */
    int64_t middle;         /* of a separable layer: channels between its halves */
    const float *kernel;    /* as the layer has it; NULL for none. Separable: of the depthwise half ... */
    const float *pointwise; /* ... and [middle, maps] of the other */
    const float *x;         /* [in..., channels] */
} stria_pixel_layer;

/* Finds what does not depend on the numbers. Errors: UNSUPPORTED for kinds that cannot be worked out. */
stria_status stria_pixel_layer_open(stria_pixel_layer *layer, const stria_model *model,
                                    const stria_node *node, const stria_shape *input,
                                    const stria_shape *output, stria_error *err);

/* The most terms that an output has. Errors: LIMIT. */
stria_status stria_pixel_most_terms(const stria_pixel_layer *layer, size_t *count, stria_error *err);

/* The first channel of the input that a map sees, and how many. */
int64_t stria_pixel_first_channel(const stria_pixel_layer *layer, int64_t map);
int64_t stria_pixel_channels(const stria_pixel_layer *layer);

/* Writes the terms of map `map` at `position` and returns how many. */
size_t stria_pixel_find_terms(const stria_pixel_layer *layer, const int64_t position[3], int64_t map,
                              stria_pixel_term *terms);

/* What the operation makes of the terms; *chosen and *counted as in stria_pixel. */
double stria_pixel_operate(const stria_pixel_layer *layer, const stria_pixel_term *terms, size_t count,
                           size_t *chosen, size_t *counted);

#endif

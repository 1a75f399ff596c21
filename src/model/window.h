/* Layers whose outputs each see one window of the input, whatever their kind: found by their arguments, for
 * explaining (explain.c) and for finding faults (lint.c). */
#ifndef STRIA_MODEL_WINDOW_H
#define STRIA_MODEL_WINDOW_H

#include <stdbool.h>

#include "layers/geometry.h"
#include "model/model.h"

typedef struct stria_node_window {
    int rank;      /* spatial axes, 1 to 3 */
    bool weighted; /* multiplies by a kernel; else it pools */
    const stria_padding *padding;
    stria_axis axes[3]; /* outermost first; sizes may be open */
    int64_t extent[3];  /* input elements from the first to the last that a window sees */
} stria_node_window;

/* False when the node's kind has no window. */
bool stria_node_window_of(const stria_model *model, const stria_node *node, stria_node_window *window);

/* The same for transposed convolutions, whose windows lie over the output: an axis's `in` is the output's
 * size, its `out` the input's, `before` and `after` are outputs that are left out at the sides. */
bool stria_node_transposed_of(const stria_model *model, const stria_node *node, stria_node_window *window);

/* The same two for shapes that a plan gives the node's input and output. */
bool stria_node_window_between(const stria_node *node, const stria_shape *input, const stria_shape *output,
                               stria_node_window *window);
bool stria_node_transposed_between(const stria_node *node, const stria_shape *input,
                                   const stria_shape *output, stria_node_window *window);

/* "height", "width"; of one axis "length", of three "depth" first. */
const char *stria_axis_name(int rank, int axis);

/* The value of an argument of the node's kind, NULL when it has none of that name and type. */
const void *stria_node_argument(const stria_node *node, const char *name, stria_argument_type type);

/* The activation that the node ends with; linear when it has none. */
stria_activation stria_node_activation(const stria_node *node);

/* The node's only kernel: the parameter that its inputs are multiplied by. NULL when it has none or several.
 */
const stria_param_spec *stria_node_kernel(const stria_node *node);

#endif

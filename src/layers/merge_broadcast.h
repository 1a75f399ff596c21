/* What layers share that join inputs number by number, of equal shapes or of shapes that repeat each other
 * along axes of size 1, as Keras lets them: their shape rule, their plans and their gradients. */
#ifndef STRIA_LAYERS_MERGE_BROADCAST_H
#define STRIA_LAYERS_MERGE_BROADCAST_H

#include "kernels/broadcast.h"
#include "layers/layer.h"

typedef struct stria_merge {
    bool all_whole;                         /* no input repeats */
    bool whole[STRIA_MAX_INPUTS];           /* the input has the output's sizes */
    stria_broadcast first;                  /* inputs 0 and 1 */
    stria_broadcast with[STRIA_MAX_INPUTS]; /* the output and one input */
} stria_merge;

/* The shape that all inputs are repeated to: sizes aligned at the last axis, each equal to the others or 1.
 * Errors: SHAPE. */
stria_status stria_merge_shape(const stria_shape *inputs, size_t input_count, const char *kind,
                               stria_shape *output, stria_error *err);

void stria_merge_bind(const stria_layer_call *call, stria_merge *merge);

/* output = inputs[0] op inputs[1] op ... */
void stria_merge_forward(const stria_layer_call *call, const stria_merge *merge,
                         stria_broadcast_operation operation);

/* dinputs[k] = factor * g, summed where the input repeats; g is like the output. */
void stria_merge_give(const stria_layer_call *call, const stria_merge *merge, size_t k, const float *g,
                      float factor);

#endif

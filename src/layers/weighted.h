/* What layers that multiply by a kernel share (conv2d, depthwise_conv2d, dense): packing, forward and
 * backward through the convolution kernels. Such a layer resolves its geometry and leaves the rest to these
 * functions. */
#ifndef STRIA_LAYERS_WEIGHTED_H
#define STRIA_LAYERS_WEIGHTED_H

#include "layers/layer.h"

/* The state of such a layer. `shape`, `samples` and `activation` are set before stria_weighted_bind. */
typedef struct stria_weighted {
    stria_conv_shape shape;
    size_t samples; /* pictures the kernel sees for each sample: 1, or the leading sizes of a dense layer's
                       input */
    stria_activation activation;
    size_t transposed_at; /* floats into packed, where the layout for the input's gradient starts */
    size_t sum_at;        /* floats into saved, where the sum before the activation starts */
    size_t bias_at;       /* floats into packed, where the bias starts that a taken scaling is folded into */
    bool transposes, keeps_copy, saves_sum;
} stria_weighted;

/* The parts that the functions below take from layers behind. */
#define STRIA_WEIGHTED_TAKES             (STRIA_PART_SCALING | STRIA_PART_SUM | STRIA_PART_ACTIVATION | STRIA_PART_CURVED)
#define STRIA_WEIGHTED_TAKES_IN_TRAINING (STRIA_PART_ACTIVATION | STRIA_PART_CURVED | STRIA_PART_SELECTION)

void stria_weighted_bind(stria_layer_call *call, stria_weighted *state, stria_layer_needs *needs);
void stria_weighted_pack(const stria_layer_call *call);
void stria_weighted_forward(const stria_layer_call *call);
void stria_weighted_backward(const stria_layer_call *call);

#endif

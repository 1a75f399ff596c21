/* The activation that conv2d, dense and other layers apply to their own output: which of it the kernel does
 * itself, what backward must keep for it, and its gradient. Shared by every kind with an `activation`
 * argument. */
#ifndef STRIA_LAYERS_EPILOGUE_H
#define STRIA_LAYERS_EPILOGUE_H

#include "layers/layer.h"

/* The activation that the layer's own kernel is to apply; STRIA_LINEAR when stria_epilogue_forward does it.
 */
stria_activation stria_epilogue_fused(const stria_layer_call *call, stria_activation activation);

/* Whether backward needs the sum before the activation: the layer then computes into `saved`. */
bool stria_epilogue_saves_sum(const stria_layer_call *call, stria_activation activation);

/* Applies what the kernel did not: `sum` (the output itself, or what was saved) to the output. */
void stria_epilogue_forward(const stria_layer_call *call, stria_activation activation, const float *sum);

/* Turns call->dy, the gradient of the output, into that of the sum before the activation, in place. `sum` is
 * what stria_epilogue_saves_sum asked to keep, else NULL. */
void stria_epilogue_backward(const stria_layer_call *call, stria_activation activation, const float *sum);

/* Elements of the output of this run, and the size of its last axis. */
size_t stria_call_output_count(const stria_layer_call *call);
size_t stria_call_output_channels(const stria_layer_call *call);

#endif

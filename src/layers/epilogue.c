/* A layer's own activation. Most are applied by the kernel that computes the sum; softmax and its like need
 * whole rows, and activations whose derivative is a function of their input need the sum kept, so those run
 * as a second pass. */
#include "layers/epilogue.h"

#include "kernels/rows.h"

size_t stria_call_output_count(const stria_layer_call *call)
{
    size_t count = call->batch;
    for (int i = 0; i < call->output_shape->rank; i++)
        count *= (size_t)call->output_shape->sizes[i];
    return count;
}

size_t stria_call_output_channels(const stria_layer_call *call)
{
    int rank = call->output_shape->rank;
    return rank == 0 ? 1 : (size_t)call->output_shape->sizes[rank - 1];
}

bool stria_epilogue_saves_sum(const stria_layer_call *call, stria_activation activation)
{
    return call->differentiates && stria_activation_needs_input(activation.kind);
}

stria_activation stria_epilogue_fused(const stria_layer_call *call, stria_activation activation)
{
    bool second_pass =
        stria_activation_by_rows(activation.kind) || stria_epilogue_saves_sum(call, activation);
    return second_pass ? (stria_activation){.kind = STRIA_LINEAR} : activation;
}

void stria_epilogue_forward(const stria_layer_call *call, stria_activation activation, const float *sum)
{
    size_t count = stria_call_output_count(call), channels = stria_call_output_channels(call);
    if (stria_activation_by_rows(activation.kind)) {
        stria_rows_activate(call->kernels, activation.kind, sum, count / channels, channels, call->output,
                            call->pool);
    } else if (stria_epilogue_saves_sum(call, activation)) {
        call->kernels->elementwise.activate(activation, sum, call->output, count, call->pool);
    }
}

void stria_epilogue_backward(const stria_layer_call *call, stria_activation activation, const float *sum)
{
    size_t count = stria_call_output_count(call), channels = stria_call_output_channels(call);
    if (stria_activation_by_rows(activation.kind)) {
        stria_rows_activate_gradient(call->kernels, activation.kind, call->output, call->dy, count / channels,
                                     channels, call->dy, call->pool);
    } else if (activation.kind != STRIA_LINEAR) {
        call->kernels->elementwise.activate_gradient(activation, sum != NULL ? sum : call->output, call->dy,
                                                     call->dy, count, call->pool);
    }
}

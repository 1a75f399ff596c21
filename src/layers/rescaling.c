/* Rescaling: one factor and one offset for all numbers, as for pictures of 0 to 255. */
#include "layers/epilogue.h"
#include "layers/kinds.h"

typedef struct config {
    double scale, offset;
} config;

static const stria_argument arguments[] = {
    {"scale", STRIA_ARG_NUMBER, offsetof(config, scale), NULL, 0, 0, NULL, "factor; may be written as 1/255"},
    {"offset", STRIA_ARG_NUMBER, offsetof(config, offset), "0", 0, 0, NULL, "added after the factor"},
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)settings, (void)input_count, (void)err;
    facts->output = inputs[0];
    return STRIA_OK;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    (void)call;
    needs->kernel = "scale";
}

static void forward(const stria_layer_call *call)
{
    const config *c = call->config;
    call->kernels->elementwise.scale(call->inputs[0], (float)c->scale, (float)c->offset, call->output,
                                     stria_call_output_count(call), call->pool);
}

static void backward(const stria_layer_call *call)
{
    const config *c = call->config;
    if (call->dinputs[0] != NULL)
        call->kernels->elementwise.scale(call->dy, (float)c->scale, 0.0F, call->dinputs[0],
                                         stria_call_output_count(call), call->pool);
}

const stria_layer_kind stria_kind_rescaling = {
    .name = "rescaling",
    .aliases = "",
    .keras_class = "Rescaling",
    .onnx_operator = "Mul+Add",
    .title = "Multiplies by a factor and adds an offset.",
    .formula = "y = x * scale + offset",
    .example = "rescaling 1/255",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = shape,
    .bind = bind,
    .forward = forward,
    .backward = backward,
};

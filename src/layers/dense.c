/* Dense layers: every output sees every input. On inputs of higher rank it works on the last axis, as Keras
 * does. */
#include "base/error.h"
#include "layers/kinds.h"
#include "layers/weighted.h"

typedef struct config {
    int64_t units;
    stria_weighted_config weights;
} config;

static const stria_argument arguments[] = {
    {"units", STRIA_ARG_INTEGER, offsetof(config, units), NULL, 1, (double)(1 << 30), NULL,
     "number of outputs"},
    STRIA_WEIGHTED_ARGUMENTS(config, "kernel"),
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    int64_t features;
    STRIA_TRY(stria_require_channels(&inputs[0], "dense", &features, err));
    facts->output = inputs[0];
    facts->output.sizes[inputs[0].rank - 1] = c->units;
    stria_weighted_params(&c->weights, &(stria_shape){2, {features, c->units}}, c->units, facts);
    STRIA_TRY(stria_weighted_macs(&facts->params[0].shape, &inputs[0], &facts->macs, err));
    facts->sees_all = inputs[0].rank == 1;
    return STRIA_OK;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    const stria_shape *input = call->input_shapes[0];
    stria_weighted *s = call->state;
    for (int i = 0; i < 3; i++) {
        stria_window *w = &s->shape.window;
        w->in[i] = w->out[i] = w->kernel[i] = w->stride[i] = w->dilation[i] = 1;
    }
    s->shape.channels = (size_t)input->sizes[input->rank - 1];
    s->shape.filters = (size_t)c->units;
    s->shape.groups = 1;
    s->activation = c->weights.activation;
    s->samples = 1;
    for (int i = 0; i < input->rank - 1; i++)
        s->samples *= (size_t)input->sizes[i];
    stria_weighted_bind(call, s, needs);
}

static stria_activation activation(const void *settings)
{
    const config *c = settings;
    return c->weights.activation;
}

const stria_layer_kind stria_kind_dense = {
    .name = "dense",
    .aliases = "",
    .keras_class = "Dense",
    .onnx_operator = "Gemm",
    .title = "Every output is a weighted sum of all inputs.",
    .formula = "y[k] = activation(bias[k] + sum over c of x[c] * kernel[c,k])\n"
               "parameters: inputs*units + units",
    .example = "dense 120 tanh",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(stria_weighted),
    .shape = shape,
    .bind = bind,
    .pack = stria_weighted_pack,
    .forward = stria_weighted_forward,
    .backward = stria_weighted_backward,
    .takes = STRIA_WEIGHTED_TAKES,
    .takes_in_training = STRIA_WEIGHTED_TAKES_IN_TRAINING,
    .activation = activation,
};

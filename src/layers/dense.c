/* Dense layers: every output sees every input. On inputs of higher rank it works on the last axis, as Keras
 * does. */
#include "base/error.h"
#include "base/size.h"
#include "layers/kinds.h"
#include "layers/weighted.h"
#include "tensor/shape.h"

typedef struct config {
    int64_t units;
    stria_activation activation;
    bool use_bias;
    stria_initializer kernel_initializer, bias_initializer;
} config;

static const stria_argument arguments[] = {
    {"units", STRIA_ARG_INTEGER, offsetof(config, units), NULL, 1, (double)(1 << 30), NULL,
     "number of outputs"},
    {"activation", STRIA_ARG_ACTIVATION, offsetof(config, activation), "linear", 0, 0, NULL,
     "function applied to every output"},
    {"use_bias", STRIA_ARG_BOOLEAN, offsetof(config, use_bias), "yes", 0, 0, NULL,
     "add one number for each output"},
    {"kernel_initializer", STRIA_ARG_INITIALIZER, offsetof(config, kernel_initializer), "glorot_uniform", 0,
     0, NULL, "how the kernel starts"},
    {"bias_initializer", STRIA_ARG_INITIALIZER, offsetof(config, bias_initializer), "zeros", 0, 0, NULL,
     "how the bias starts"},
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
    facts->params[0] = (stria_param_spec){.name = "kernel",
                                          .shape = {2, {features, c->units}},
                                          .initializer = c->kernel_initializer,
                                          .trainable = true};
    facts->params[1] = (stria_param_spec){
        .name = "bias", .shape = {1, {c->units}}, .initializer = c->bias_initializer, .trainable = true};
    facts->param_count = c->use_bias ? 2 : 1;
    int64_t kernel, rows = 1;
    STRIA_TRY(stria_shape_count(&facts->params[0].shape, &kernel, err));
    for (int i = 0; i < inputs[0].rank - 1; i++) {
        if (inputs[0].sizes[i] == STRIA_ANY_SIZE || rows < 0)
            rows = -1;
        else if (!stria_count_multiply(rows, inputs[0].sizes[i], &rows))
            return stria_fail(err, STRIA_ERROR_LIMIT, "the input of dense has more than 2^63 rows");
    }
    if (rows < 0)
        facts->macs = -1;
    else if (!stria_count_multiply(kernel, rows, &facts->macs))
        return stria_fail(err, STRIA_ERROR_LIMIT, "more than 2^63 multiplications for one sample");
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
    s->activation = c->activation;
    s->samples = 1;
    for (int i = 0; i < input->rank - 1; i++)
        s->samples *= (size_t)input->sizes[i];
    stria_weighted_bind(call, s, needs);
}

static stria_activation activation(const void *settings)
{
    const config *c = settings;
    return c->activation;
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

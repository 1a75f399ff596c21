/* Activation layers: a function of each number by itself, and softmax over the last axis. */
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"

typedef struct activation_config {
    stria_activation activation;
} activation_config;

typedef struct relu_config {
    double max_value, negative_slope; /* max_value 0: none */
} relu_config;

typedef struct slope_config {
    double number;
} slope_config;

/* The function a layer of any of these kinds applies. */
typedef struct state {
    stria_activation activation;
} state;

static stria_status same_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                               stria_layer_facts *facts, stria_error *err)
{
    (void)settings, (void)input_count, (void)err;
    facts->output = inputs[0];
    return STRIA_OK;
}

static void bind_function(stria_layer_call *call, stria_activation activation, stria_layer_needs *needs)
{
    state *s = call->state;
    s->activation = activation;
    needs->view = activation.kind == STRIA_LINEAR || (activation.kind == STRIA_SOFTMAX && call->raw_output);
    if (call->training && !needs->view) {
        needs->backward_in_place = true;
        needs->backward_reads_input = stria_activation_needs_input(activation.kind);
        needs->backward_reads_output = !needs->backward_reads_input;
    }
    needs->kernel = needs->view ? "" : stria_activation_text(activation.kind);
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    size_t count = stria_call_output_count(call), channels = stria_call_output_channels(call);
    if (s->activation.kind == STRIA_SOFTMAX)
        call->kernels->reduce.softmax(call->inputs[0], count / channels, channels, call->output, call->pool);
    else
        call->kernels->elementwise.activate(s->activation, call->inputs[0], call->output, count, call->pool);
}

static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    size_t count = stria_call_output_count(call), channels = stria_call_output_channels(call);
    if (call->dinputs[0] == NULL)
        return;
    if (s->activation.kind == STRIA_SOFTMAX)
        call->kernels->reduce.softmax_gradient(call->output, call->dy, count / channels, channels,
                                               call->dinputs[0], call->pool);
    else
        call->kernels->elementwise.activate_gradient(
            s->activation, stria_activation_needs_input(s->activation.kind) ? call->inputs[0] : call->output,
            call->dy, call->dinputs[0], count, call->pool);
}

/* ---- activation NAME ---- */

static const stria_argument activation_arguments[] = {
    {"activation", STRIA_ARG_ACTIVATION, offsetof(activation_config, activation), NULL, 0, 0, NULL,
     "name of the function"},
};

static stria_status activation_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                     stria_layer_facts *facts, stria_error *err)
{
    const activation_config *c = settings;
    int64_t channels;
    if (c->activation.kind == STRIA_SOFTMAX)
        STRIA_TRY(stria_require_channels(&inputs[0], "softmax", &channels, err));
    return same_shape(settings, inputs, input_count, facts, err);
}

static stria_activation activation_function(const void *settings)
{
    const activation_config *c = settings;
    return c->activation;
}

static void activation_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_function(call, activation_function(call->config), needs);
}

const stria_layer_kind stria_kind_activation = {
    .name = "activation",
    .aliases = "",
    .keras_class = "Activation",
    .onnx_operator = "Relu|LeakyRelu|Elu|Selu|Tanh|Sigmoid|HardSigmoid|HardSwish|Softplus|Softsign|Gelu|"
                     "Mish|Exp|Softmax",
    .title = "A function of each number; its name alone is a line too, as in 'tanh'.",
    .formula = "linear: x                          relu: max(x, 0)\n"
               "relu6: min(max(x, 0), 6)           leaky_relu: x > 0 ? x : 0.2 x\n"
               "elu: x > 0 ? x : e^x - 1           selu: 1.0507 (x > 0 ? x : 1.6733 (e^x - 1))\n"
               "tanh: (e^x - e^-x)/(e^x + e^-x)    sigmoid: 1/(1 + e^-x)\n"
               "hard_sigmoid: relu6(x + 3)/6       hard_swish: x * hard_sigmoid(x)\n"
               "softplus: ln(1 + e^x)              softsign: x/(1 + |x|)\n"
               "silu: x * sigmoid(x)               gelu: x (1 + erf(x/sqrt 2))/2\n"
               "mish: x * tanh(softplus(x))        exponential: e^x\n"
               "softmax: e^x / sum of e^x over the last axis",
    .example = "activation gelu",
    .config_size = sizeof(activation_config),
    .arguments = activation_arguments,
    .argument_count = sizeof activation_arguments / sizeof activation_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = activation_shape,
    .bind = activation_bind,
    .forward = forward,
    .backward = backward,
    .part = STRIA_PART_ACTIVATION,
    .activation = activation_function,
};

/* ---- relu ---- */

static const stria_argument relu_arguments[] = {
    {"max_value", STRIA_ARG_NUMBER, offsetof(relu_config, max_value), "", 0, 6, NULL,
     "where the output is cut off: 6, or left out for nowhere"},
    {"negative_slope", STRIA_ARG_NUMBER, offsetof(relu_config, negative_slope), "0", 0, 1e6, NULL,
     "slope below 0"},
};

static stria_status relu_function(const relu_config *c, stria_activation *function, stria_error *err)
{
    bool cut = c->max_value > 0, slopes = c->negative_slope > 0;
    if (cut && c->max_value < 6)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "relu: max_value %g is not done; 6 is", c->max_value);
    if (cut && slopes)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "relu: max_value together with negative_slope is not done; give one of them");
    *function = (stria_activation){cut      ? STRIA_RELU6
                                   : slopes ? STRIA_LEAKY_RELU
                                            : STRIA_RELU,
                                   (float)c->negative_slope};
    return STRIA_OK;
}

static stria_status relu_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                               stria_layer_facts *facts, stria_error *err)
{
    stria_activation function;
    STRIA_TRY(relu_function(settings, &function, err));
    return same_shape(settings, inputs, input_count, facts, err);
}

static stria_activation relu_activation(const void *settings)
{
    stria_activation function = {STRIA_RELU, 0};
    relu_function(settings, &function, NULL);
    return function;
}

static void relu_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_function(call, relu_activation(call->config), needs);
}

const stria_layer_kind stria_kind_relu = {
    .name = "relu",
    .aliases = "",
    .keras_class = "ReLU",
    .onnx_operator = "Relu",
    .title = "Nothing below zero.",
    .formula = "y = max(x, 0)\nmax_value=6: min(max(x, 0), 6)\nnegative_slope=a: x > 0 ? x : a*x",
    .example = "relu",
    .config_size = sizeof(relu_config),
    .arguments = relu_arguments,
    .argument_count = sizeof relu_arguments / sizeof relu_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = relu_shape,
    .bind = relu_bind,
    .forward = forward,
    .backward = backward,
    .part = STRIA_PART_ACTIVATION,
    .activation = relu_activation,
};

/* ---- leaky_relu, elu ---- */

static const stria_argument leaky_relu_arguments[] = {
    {"negative_slope", STRIA_ARG_NUMBER, offsetof(slope_config, number), "0.3", 0, 1e6, NULL,
     "slope below 0"},
};

static const stria_argument elu_arguments[] = {
    {"alpha", STRIA_ARG_NUMBER, offsetof(slope_config, number), "1", 0, 1e6, NULL, "how far below 0 it goes"},
};

static stria_activation leaky_relu_activation(const void *settings)
{
    const slope_config *c = settings;
    return (stria_activation){STRIA_LEAKY_RELU, (float)c->number};
}

static void leaky_relu_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_function(call, leaky_relu_activation(call->config), needs);
}

static stria_activation elu_activation(const void *settings)
{
    const slope_config *c = settings;
    return (stria_activation){STRIA_ELU, (float)c->number};
}

static void elu_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_function(call, elu_activation(call->config), needs);
}

const stria_layer_kind stria_kind_leaky_relu = {
    .name = "leaky_relu",
    .aliases = "",
    .keras_class = "LeakyReLU",
    .onnx_operator = "LeakyRelu",
    .title = "A small slope below zero (as a layer 0.3, as an activation 0.2, as in Keras).",
    .formula = "y = x > 0 ? x : negative_slope * x",
    .example = "leaky_relu 0.1",
    .config_size = sizeof(slope_config),
    .arguments = leaky_relu_arguments,
    .argument_count = sizeof leaky_relu_arguments / sizeof leaky_relu_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = same_shape,
    .bind = leaky_relu_bind,
    .forward = forward,
    .backward = backward,
    .part = STRIA_PART_ACTIVATION,
    .activation = leaky_relu_activation,
};

const stria_layer_kind stria_kind_elu = {
    .name = "elu",
    .aliases = "",
    .keras_class = "ELU",
    .onnx_operator = "Elu",
    .title = "Exponential below zero (Clevert et al., 2015).",
    .formula = "y = x > 0 ? x : alpha * (e^x - 1)",
    .example = "elu",
    .config_size = sizeof(slope_config),
    .arguments = elu_arguments,
    .argument_count = sizeof elu_arguments / sizeof elu_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = same_shape,
    .bind = elu_bind,
    .forward = forward,
    .backward = backward,
    .part = STRIA_PART_ACTIVATION,
    .activation = elu_activation,
};

/* ---- softmax ---- */

static stria_status softmax_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    int64_t channels;
    STRIA_TRY(stria_require_channels(&inputs[0], "softmax", &channels, err));
    return same_shape(settings, inputs, input_count, facts, err);
}

static void softmax_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_function(call, (stria_activation){STRIA_SOFTMAX, 0}, needs);
}

const stria_layer_kind stria_kind_softmax = {
    .name = "softmax",
    .aliases = "",
    .keras_class = "Softmax",
    .onnx_operator = "Softmax",
    .title = "Probabilities that sum to 1 over the last axis.",
    .formula = "y[k] = e^(x[k] - m) / sum over j of e^(x[j] - m), m the largest x",
    .example = "softmax",
    .config_size = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = softmax_shape,
    .bind = softmax_bind,
    .forward = forward,
    .backward = backward,
};

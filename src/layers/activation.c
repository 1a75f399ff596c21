/* Activation layers: functions of each number by itself, and functions of rows such as softmax. */
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "kernels/rows.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"

typedef struct activation_config {
    stria_activation activation;
} activation_config;

typedef struct relu_config {
    double max_value, negative_slope, threshold; /* max_value 0: none */
} relu_config;

typedef struct slope_config {
    double number;
} slope_config;

typedef struct softmax_config {
    int64_t axis;
} softmax_config;

/* The function a layer of any of these kinds applies. One by rows finds its rows along the middle axis of
 * [outer, columns, inner], where outer counts one sample. */
typedef struct state {
    stria_activation activation;
    size_t outer, columns, inner;
} state;

static stria_status same_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                               stria_layer_facts *facts, stria_error *err)
{
    (void)settings, (void)input_count, (void)err;
    facts->output = inputs[0];
    return STRIA_OK;
}

static void bind_function(stria_layer_call *call, stria_activation activation, int axis,
                          stria_layer_needs *needs)
{
    const stria_shape *input = call->input_shapes[0];
    state *s = call->state;
    *s = (state){.activation = activation, .outer = 1, .columns = 1, .inner = 1};
    for (int a = 0; a < input->rank; a++)
        *(a < axis ? &s->outer : a == axis ? &s->columns : &s->inner) *= (size_t)input->sizes[a];
    needs->view = activation.kind == STRIA_LINEAR || call->raw_output;
    if (call->differentiates && !needs->view) {
        needs->backward_in_place = activation.kind != STRIA_GLU;
        needs->backward_reads_input = stria_activation_needs_input(activation.kind);
        needs->backward_reads_output = !needs->backward_reads_input;
    }
    if (s->inner > 1 && !needs->view)
        needs->scratch = (call->differentiates ? 2 : 1) * stria_call_output_count(call);
    needs->kernel = needs->view ? "" : stria_activation_text(activation.kind);
}

/* Along another axis than the last the rows are gathered in scratch and brought back. */
static void forward_rows(const stria_layer_call *call)
{
    const state *s = call->state;
    size_t outer = s->outer * call->batch, rows = outer * s->inner;
    const float *x = call->inputs[0];
    float *y = s->inner > 1 ? call->scratch : call->output;
    if (s->inner > 1) {
        stria_rows_gather(x, outer, s->columns, s->inner, y, call->pool);
        x = y;
    }
    stria_rows_activate(call->kernels, s->activation.kind, x, rows, s->columns, y, call->pool);
    if (s->inner > 1)
        stria_rows_gather(y, outer, s->inner, s->columns, call->output, call->pool);
}

static void backward_rows(const stria_layer_call *call, const float *v)
{
    const state *s = call->state;
    size_t outer = s->outer * call->batch, rows = outer * s->inner;
    const float *dy = call->dy;
    float *dx = call->dinputs[0];
    if (s->inner > 1) {
        float *gathered = call->scratch;
        dx = gathered + rows * s->columns;
        stria_rows_gather(v, outer, s->columns, s->inner, gathered, call->pool);
        stria_rows_gather(dy, outer, s->columns, s->inner, dx, call->pool);
        v = gathered;
        dy = dx;
    }
    stria_rows_activate_gradient(call->kernels, s->activation.kind, v, dy, rows, s->columns, dx, call->pool);
    if (s->inner > 1)
        stria_rows_gather(dx, outer, s->inner, s->columns, call->dinputs[0], call->pool);
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    if (stria_activation_by_rows(s->activation.kind))
        forward_rows(call);
    else
        call->kernels->elementwise.activate(s->activation, call->inputs[0], call->output,
                                            stria_call_output_count(call), call->pool);
}

static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    const float *v = stria_activation_needs_input(s->activation.kind) ? call->inputs[0] : call->output;
    if (call->dinputs[0] == NULL)
        return;
    if (stria_activation_by_rows(s->activation.kind))
        backward_rows(call, v);
    else
        call->kernels->elementwise.activate_gradient(s->activation, v, call->dy, call->dinputs[0],
                                                     stria_call_output_count(call), call->pool);
}

static int last_axis(const stria_layer_call *call)
{
    return call->input_shapes[0]->rank - 1;
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
    if (!stria_activation_by_rows(c->activation.kind))
        return same_shape(settings, inputs, input_count, facts, err);
    const char *name = stria_activation_text(c->activation.kind);
    STRIA_TRY(stria_require_channels(&inputs[0], name, &channels, err));
    facts->output = inputs[0];
    if (c->activation.kind != STRIA_GLU)
        return STRIA_OK;
    if (channels % 2 != 0)
        return stria_fail(err, STRIA_ERROR_SHAPE, "glu halves the last size, and %lld is odd",
                          (long long)channels);
    facts->output.sizes[facts->output.rank - 1] = channels / 2;
    return STRIA_OK;
}

static stria_activation activation_function(const void *settings)
{
    const activation_config *c = settings;
    return c->activation;
}

static void activation_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_function(call, activation_function(call->config), last_axis(call), needs);
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
               "clipped_relu: x > 0 ? min(x, max) : 0, with a maximum, slope and threshold\n"
               "elu: x > 0 ? x : e^x - 1           selu: 1.0507 (x > 0 ? x : 1.6733 (e^x - 1))\n"
               "celu(a): x > 0 ? x : a (e^(x/a) - 1)\n"
               "tanh: (e^x - e^-x)/(e^x + e^-x)    lecun_tanh: 1.7159 tanh(2x/3), LeNet-5's\n"
               "sigmoid: 1/(1 + e^-x)              log_sigmoid: ln(sigmoid(x))\n"
               "hard_sigmoid: relu6(x + 3)/6       hard_tanh: min(max(x, -1), 1)\n"
               "silu, swish: x * sigmoid(x)        hard_swish, hard_silu: x * hard_sigmoid(x)\n"
               "gelu: x (1 + erf(x/sqrt 2))/2      gelu_tanh: x * sigmoid(1.5958 (x + 0.044715 x^3))\n"
               "mish: x * tanh(softplus(x))        exponential: e^x\n"
               "softplus: ln(1 + e^x)              softsign: x/(1 + |x|)\n"
               "squareplus: (x + sqrt(x^2 + 4))/2  threshold(t, v): x > t ? x : v\n"
               "hard_shrink: |x| > 0.5 ? x : 0     soft_shrink: |x| > 0.5 ? x - 0.5 sign(x) : 0\n"
               "tanh_shrink: x - tanh(x)           sparse_sigmoid: min(max((x + 1)/2, 0), 1)\n"
               "sparse_plus: x <= -1 ? 0 : x < 1 ? (x + 1)^2/4 : x\n"
               "over the last axis\n"
               "softmax: e^x / sum of e^x          log_softmax: ln(softmax(x))\n"
               "sparsemax: max(x - t, 0), t such that they sum to 1\n"
               "glu: x[:n/2] * sigmoid(x[n/2:]), half as many",
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
    {"max_value", STRIA_ARG_NUMBER, offsetof(relu_config, max_value), "", 1e-6, 1e9, NULL,
     "where the output is cut off; left out for nowhere"},
    {"negative_slope", STRIA_ARG_NUMBER, offsetof(relu_config, negative_slope), "0", 0, 1e6, NULL,
     "slope below the threshold"},
    {"threshold", STRIA_ARG_NUMBER, offsetof(relu_config, threshold), "0", 0, 1e9, NULL,
     "what must be passed to come through"},
};

/* The simplest function that does it: those without a threshold and with one of the others have kernels of
 * their own. */
static stria_activation relu_activation(const void *settings)
{
    const relu_config *c = settings;
    bool cut = c->max_value > 0, slopes = c->negative_slope > 0;
    if (c->threshold > 0 || (cut && (slopes || c->max_value < 6 || c->max_value > 6))) {
        stria_activation clipped = stria_activation_default(STRIA_CLIPPED_RELU);
        clipped.alpha = (float)c->negative_slope;
        clipped.beta = cut ? (float)c->max_value : clipped.beta;
        clipped.gamma = (float)c->threshold;
        return clipped;
    }
    return (stria_activation){.kind = cut      ? STRIA_RELU6
                                      : slopes ? STRIA_LEAKY_RELU
                                               : STRIA_RELU,
                              .alpha = (float)c->negative_slope};
}

static void relu_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_function(call, relu_activation(call->config), last_axis(call), needs);
}

const stria_layer_kind stria_kind_relu = {
    .name = "relu",
    .aliases = "",
    .keras_class = "ReLU",
    .onnx_operator = "Relu",
    .title = "Nothing below zero.",
    .formula = "y = max(x, 0)\n"
               "in full: y = x > threshold ? min(x, max_value) : negative_slope * (x - threshold)",
    .example = "relu",
    .config_size = sizeof(relu_config),
    .arguments = relu_arguments,
    .argument_count = sizeof relu_arguments / sizeof relu_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = same_shape,
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
    return (stria_activation){.kind = STRIA_LEAKY_RELU, .alpha = (float)c->number};
}

static void leaky_relu_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_function(call, leaky_relu_activation(call->config), last_axis(call), needs);
}

static stria_activation elu_activation(const void *settings)
{
    const slope_config *c = settings;
    return (stria_activation){.kind = STRIA_ELU, .alpha = (float)c->number};
}

static void elu_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_function(call, elu_activation(call->config), last_axis(call), needs);
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

static const stria_argument softmax_arguments[] = {
    STRIA_AXIS_ARGUMENT(softmax_config, axis, "over which they sum to 1; 1 is the first after the batch"),
};

static stria_status softmax_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    const softmax_config *c = settings;
    int axis;
    STRIA_TRY(stria_find_axis(c->axis, &inputs[0], "softmax", &axis, err));
    return same_shape(settings, inputs, input_count, facts, err);
}

bool stria_softmax_over_last(const void *settings, const stria_shape *output)
{
    const softmax_config *c = settings;
    return c->axis == -1 || c->axis == output->rank;
}

static void softmax_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const softmax_config *c = call->config;
    int axis = 0;
    stria_find_axis(c->axis, call->input_shapes[0], "softmax", &axis, NULL);
    bind_function(call, (stria_activation){.kind = STRIA_SOFTMAX}, axis, needs);
}

const stria_layer_kind stria_kind_softmax = {
    .name = "softmax",
    .aliases = "",
    .keras_class = "Softmax",
    .onnx_operator = "Softmax",
    .title = "Probabilities that sum to 1 over an axis, the last.",
    .formula = "y[k] = e^(x[k] - m) / sum over j of e^(x[j] - m), m the largest x",
    .example = "softmax",
    .config_size = sizeof(softmax_config),
    .arguments = softmax_arguments,
    .argument_count = sizeof softmax_arguments / sizeof softmax_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = softmax_shape,
    .bind = softmax_bind,
    .forward = forward,
    .backward = backward,
};

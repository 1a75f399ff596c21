/* Convolution layers: conv2d and depthwise_conv2d, which gives every channel filters of its own. As in every
 * framework this is a cross-correlation: the kernel is not flipped. */
#include "base/error.h"
#include "base/size.h"
#include "layers/geometry.h"
#include "layers/kinds.h"
#include "layers/weighted.h"
#include "tensor/shape.h"

/* Of both kinds; each has its own arguments in it. */
typedef struct config {
    int64_t filters, groups;  /* conv2d */
    int64_t depth_multiplier; /* depthwise_conv2d */
    stria_sizes kernel_size, strides, dilation_rate;
    stria_padding padding;
    stria_activation activation;
    bool use_bias;
    stria_initializer kernel_initializer, bias_initializer;
} config;

#define LARGEST ((double)(1 << 30))

static const stria_argument conv_arguments[] = {
    {"filters", STRIA_ARG_INTEGER, offsetof(config, filters), NULL, 1, LARGEST, NULL,
     "number of feature maps"},
    {"kernel_size", STRIA_ARG_SIZES, offsetof(config, kernel_size), NULL, 1, LARGEST, NULL,
     "rows x columns of the window; one number for both"},
    {"strides", STRIA_ARG_SIZES, offsetof(config, strides), "1", 1, LARGEST, NULL,
     "how far the window moves at each step"},
    {"padding", STRIA_ARG_PADDING, offsetof(config, padding), "valid", 0, LARGEST, NULL,
     "zeros around the input: valid (none), same, or numbers"},
    {"dilation_rate", STRIA_ARG_SIZES, offsetof(config, dilation_rate), "1", 1, LARGEST, NULL,
     "distance between the taps of the window"},
    {"groups", STRIA_ARG_INTEGER, offsetof(config, groups), "1", 1, LARGEST, NULL,
     "independent parts that channels and filters are split into"},
    {"activation", STRIA_ARG_ACTIVATION, offsetof(config, activation), "linear", 0, 0, NULL,
     "function applied to every output"},
    {"use_bias", STRIA_ARG_BOOLEAN, offsetof(config, use_bias), "yes", 0, 0, NULL,
     "add one number for each filter"},
    {"kernel_initializer", STRIA_ARG_INITIALIZER, offsetof(config, kernel_initializer), "glorot_uniform", 0,
     0, NULL, "how the kernel starts"},
    {"bias_initializer", STRIA_ARG_INITIALIZER, offsetof(config, bias_initializer), "zeros", 0, 0, NULL,
     "how the bias starts"},
};

static const stria_argument depthwise_arguments[] = {
    {"kernel_size", STRIA_ARG_SIZES, offsetof(config, kernel_size), NULL, 1, LARGEST, NULL,
     "rows x columns of the window; one number for both"},
    {"strides", STRIA_ARG_SIZES, offsetof(config, strides), "1", 1, LARGEST, NULL,
     "how far the window moves at each step"},
    {"padding", STRIA_ARG_PADDING, offsetof(config, padding), "valid", 0, LARGEST, NULL,
     "zeros around the input: valid (none), same, or numbers"},
    {"depth_multiplier", STRIA_ARG_INTEGER, offsetof(config, depth_multiplier), "1", 1, LARGEST, NULL,
     "filters of each channel"},
    {"dilation_rate", STRIA_ARG_SIZES, offsetof(config, dilation_rate), "1", 1, LARGEST, NULL,
     "distance between the taps of the window"},
    {"activation", STRIA_ARG_ACTIVATION, offsetof(config, activation), "linear", 0, 0, NULL,
     "function applied to every output"},
    {"use_bias", STRIA_ARG_BOOLEAN, offsetof(config, use_bias), "yes", 0, 0, NULL,
     "add one number for each filter"},
    {"depthwise_initializer", STRIA_ARG_INITIALIZER, offsetof(config, kernel_initializer), "glorot_uniform",
     0, 0, NULL, "how the kernel starts"},
    {"bias_initializer", STRIA_ARG_INITIALIZER, offsetof(config, bias_initializer), "zeros", 0, 0, NULL,
     "how the bias starts"},
};

static bool above_one(const stria_sizes *sizes)
{
    for (int i = 0; i < sizes->count; i++)
        if (sizes->values[i] > 1)
            return true;
    return false;
}

static stria_status check_steps(const config *c, stria_error *err)
{
    if (above_one(&c->strides) && above_one(&c->dilation_rate))
        return stria_fail(
            err, STRIA_ERROR_VALUE,
            "strides and dilation_rate cannot both be above 1, as in Keras; leave one of them out");
    return STRIA_OK;
}

/* What the kinds have in common: the kernel's last two sizes are given. */
static stria_status shape_of(const config *c, const stria_shape *input, int64_t depth, int64_t width,
                             int64_t filters, stria_layer_facts *facts, stria_error *err)
{
    stria_axis axes[3];
    STRIA_TRY(check_steps(c, err));
    STRIA_TRY(stria_window_solve(input, &c->kernel_size, &c->strides, &c->dilation_rate, &c->padding, axes,
                                 NULL, err));
    facts->output = (stria_shape){3, {axes[0].out, axes[1].out, filters}};
    facts->params[0] = (stria_param_spec){
        .name = "kernel",
        .shape = {4, {axes[0].kernel, axes[1].kernel, depth, width}},
        .initializer = c->kernel_initializer,
        .trainable = true,
    };
    facts->params[1] = (stria_param_spec){
        .name = "bias", .shape = {1, {filters}}, .initializer = c->bias_initializer, .trainable = true};
    facts->param_count = c->use_bias ? 2 : 1;
    for (int a = 0; a < 2; a++) {
        facts->field[a] = (axes[a].kernel - 1) * axes[a].dilation + 1;
        facts->field_stride[a] = axes[a].stride;
        facts->field_before[a] = axes[a].before;
    }
    int64_t kernel, outputs;
    STRIA_TRY(stria_shape_count(&facts->params[0].shape, &kernel, err));
    if (axes[0].out == STRIA_ANY_SIZE || axes[1].out == STRIA_ANY_SIZE) {
        facts->macs = -1;
        return STRIA_OK;
    }
    if (!stria_count_multiply(axes[0].out, axes[1].out, &outputs) ||
        !stria_count_multiply(kernel, outputs, &facts->macs))
        return stria_fail(err, STRIA_ERROR_LIMIT, "more than 2^63 multiplications for one sample");
    return STRIA_OK;
}

static void bind_groups(stria_layer_call *call, size_t filters, size_t groups, stria_layer_needs *needs)
{
    const config *c = call->config;
    const stria_shape *input = call->input_shapes[0];
    stria_weighted *s = call->state;
    stria_axis axes[3];
    stria_window_solve(input, &c->kernel_size, &c->strides, &c->dilation_rate, &c->padding, axes,
                       &s->shape.window, NULL);
    s->shape.channels = (size_t)input->sizes[2];
    s->shape.filters = filters;
    s->shape.groups = groups;
    s->activation = c->activation;
    s->samples = 1;
    stria_weighted_bind(call, s, needs);
}

static stria_activation activation(const void *settings)
{
    const config *c = settings;
    return c->activation;
}

/* ---- conv2d ---- */

static stria_status conv_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                               stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    int64_t channels;
    STRIA_TRY(stria_require_spatial(&inputs[0], 2, "conv2d", err));
    STRIA_TRY(stria_require_channels(&inputs[0], "conv2d", &channels, err));
    if (channels % c->groups != 0)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "groups %lld does not divide the %lld channels of the input", (long long)c->groups,
                          (long long)channels);
    if (c->filters % c->groups != 0)
        return stria_fail(err, STRIA_ERROR_SHAPE, "groups %lld does not divide the %lld filters",
                          (long long)c->groups, (long long)c->filters);
    return shape_of(c, &inputs[0], channels / c->groups, c->filters, c->filters, facts, err);
}

static void conv_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    bind_groups(call, (size_t)c->filters, (size_t)c->groups, needs);
}

const stria_layer_kind stria_kind_conv2d = {
    .name = "conv2d",
    .aliases = "convolution2d",
    .keras_class = "Conv2D",
    .onnx_operator = "Conv",
    .title = "Convolution of pictures with learned kernels.",
    .formula = "z[i,j,k] = bias[k] + sum over rows u, columns v, channels c of\n"
               "           x[i*S + u*D - P, j*S + v*D - P, c] * kernel[u,v,c,k]\n"
               "y = activation(z), with strides S, dilation_rate D and padding P\n"
               "outputs: valid (W - F)/S + 1, same W/S rounded up, else (W - F + 2P)/S + 1\n"
               "parameters: F*F*C*K + K",
    .example = "conv2d 8 5 strides=3 relu",
    .config_size = sizeof(config),
    .arguments = conv_arguments,
    .argument_count = sizeof conv_arguments / sizeof conv_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(stria_weighted),
    .shape = conv_shape,
    .bind = conv_bind,
    .pack = stria_weighted_pack,
    .forward = stria_weighted_forward,
    .backward = stria_weighted_backward,
    .takes = STRIA_WEIGHTED_TAKES,
    .takes_in_training = STRIA_WEIGHTED_TAKES_IN_TRAINING,
    .activation = activation,
};

/* ---- depthwise_conv2d ---- */

static stria_status depthwise_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                    stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    int64_t channels, filters;
    STRIA_TRY(stria_require_spatial(&inputs[0], 2, "depthwise_conv2d", err));
    STRIA_TRY(stria_require_channels(&inputs[0], "depthwise_conv2d", &channels, err));
    if (!stria_count_multiply(channels, c->depth_multiplier, &filters))
        return stria_fail(err, STRIA_ERROR_LIMIT, "%lld channels times depth_multiplier %lld are too many",
                          (long long)channels, (long long)c->depth_multiplier);
    return shape_of(c, &inputs[0], channels, c->depth_multiplier, filters, facts, err);
}

/* Output channel c * multiplier + m is filter m of channel c, so the kernel [F,F,C,M] is that of C groups. */
static void depthwise_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    size_t channels = (size_t)call->input_shapes[0]->sizes[2];
    bind_groups(call, channels * (size_t)c->depth_multiplier, channels, needs);
}

const stria_layer_kind stria_kind_depthwise_conv2d = {
    .name = "depthwise_conv2d",
    .aliases = "",
    .keras_class = "DepthwiseConv2D",
    .onnx_operator = "Conv",
    .title = "Convolution of each channel by itself.",
    .formula = "z[i,j,c*M + m] = bias[c*M + m] + sum over rows u, columns v of\n"
               "                 x[i*S + u*D - P, j*S + v*D - P, c] * kernel[u,v,c,m]\n"
               "y = activation(z), with depth_multiplier M, strides S, dilation_rate D and padding P\n"
               "outputs: valid (W - F)/S + 1, same W/S rounded up, else (W - F + 2P)/S + 1\n"
               "parameters: F*F*C*M + C*M",
    .example = "depthwise_conv2d 3 2 same relu6",
    .config_size = sizeof(config),
    .arguments = depthwise_arguments,
    .argument_count = sizeof depthwise_arguments / sizeof depthwise_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(stria_weighted),
    .shape = depthwise_shape,
    .bind = depthwise_bind,
    .pack = stria_weighted_pack,
    .forward = stria_weighted_forward,
    .backward = stria_weighted_backward,
    .takes = STRIA_WEIGHTED_TAKES,
    .takes_in_training = STRIA_WEIGHTED_TAKES_IN_TRAINING,
    .activation = activation,
};

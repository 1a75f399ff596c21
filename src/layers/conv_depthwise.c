/* Depthwise convolution layers: every channel has filters of its own. Unlike conv2d they take strides and
 * dilation together, as in Keras. */
#include "base/error.h"
#include "base/size.h"
#include "layers/convolution.h"

#define ARGUMENTS(window)                                                                                    \
    STRIA_WINDOW_ARGUMENTS(window, NULL), STRIA_MULTIPLIER_ARGUMENT, STRIA_DILATION_ARGUMENT,                \
        STRIA_WEIGHTED_ARGUMENTS(stria_convolution, "depthwise")

static const stria_argument signal_arguments[] = {ARGUMENTS(STRIA_WINDOW_1D)};
static const stria_argument picture_arguments[] = {ARGUMENTS(STRIA_WINDOW_2D)};

static stria_status shape_of(const stria_convolution *c, const stria_shape *input, int axes, const char *kind,
                             stria_layer_facts *facts, stria_error *err)
{
    int64_t channels, filters;
    STRIA_TRY(stria_convolution_input(input, axes, kind, &channels, err));
    if (!stria_count_multiply(channels, c->depth_multiplier, &filters))
        return stria_fail(err, STRIA_ERROR_LIMIT, "%lld channels times depth_multiplier %lld are too many",
                          (long long)channels, (long long)c->depth_multiplier);
    return stria_convolution_shape(c, input, channels, c->depth_multiplier, filters, facts, err);
}

static stria_status signal_shape(const void *config, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return shape_of(config, &inputs[0], 1, "depthwise_conv1d", facts, err);
}

static stria_status picture_shape(const void *config, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return shape_of(config, &inputs[0], 2, "depthwise_conv2d", facts, err);
}

/* Output channel c * multiplier + m is filter m of channel c, so the kernel [F,F,C,M] is that of C groups. */
static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const stria_convolution *c = call->config;
    const stria_shape *input = call->input_shapes[0];
    size_t channels = (size_t)input->sizes[input->rank - 1];
    stria_convolution_state(c, input, channels * (size_t)c->depth_multiplier, channels, call->state);
    stria_weighted_bind(call, call->state, needs);
}

const stria_layer_kind stria_kind_depthwise_conv1d = {
    .name = "depthwise_conv1d",
    .aliases = "",
    .keras_class = "DepthwiseConv1D",
    .onnx_operator = "Conv",
    .title = "Convolution of each channel of a signal by itself.",
    .formula = "z[i,c*M + m] = bias[c*M + m] + sum over taps u of x[i*S + u*D - P, c] * kernel[u,c,m]\n"
               "y = activation(z), with depth_multiplier M, strides S, dilation_rate D and padding P\n"
               "outputs: valid (W - F)/S + 1, same W/S rounded up, else (W - F + 2P)/S + 1\n"
               "parameters: F*C*M + C*M",
    .example = "depthwise_conv1d 3 same",
    STRIA_CONVOLUTION_KIND(stria_convolution, signal_arguments),
    STRIA_CONVOLUTION_WEIGHTED,
    .shape = signal_shape,
    .bind = bind,
};

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
    STRIA_CONVOLUTION_KIND(stria_convolution, picture_arguments),
    STRIA_CONVOLUTION_WEIGHTED,
    .shape = picture_shape,
    .bind = bind,
};

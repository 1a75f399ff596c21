/* Convolution layers: conv1d, conv2d and conv3d. As in every framework this is a cross-correlation; with
 * flip_kernel it is what mathematics calls a convolution. */
#include <string.h>

#include "base/error.h"
#include "layers/convolution.h"

/* clang-format off */
#define ARGUMENTS(window, modes)                                                                             \
    STRIA_FILTERS_ARGUMENT,                                                                                  \
    STRIA_WINDOW_ARGUMENTS(window, modes),                                                                   \
    STRIA_DILATION_ARGUMENT,                                                                                 \
    {"groups", STRIA_ARG_INTEGER, offsetof(stria_convolution, groups), "1", 1, STRIA_LARGEST_SETTING, NULL,  \
     "independent parts that channels and filters are split into"},                                          \
    STRIA_WEIGHTED_ARGUMENTS(stria_convolution, "kernel"),                                                   \
    {"flip_kernel", STRIA_ARG_BOOLEAN, offsetof(stria_convolution, flip_kernel), "no", 0, 0, NULL,           \
     "true convolution: the kernel's last tap comes first (Keras has no such thing)"}
/* clang-format on */

static const stria_argument signal_arguments[] = {ARGUMENTS(STRIA_WINDOW_1D, "valid same causal")};
static const stria_argument picture_arguments[] = {ARGUMENTS(STRIA_WINDOW_2D, NULL)};
static const stria_argument volume_arguments[] = {ARGUMENTS(STRIA_WINDOW_3D, NULL)};

static stria_status shape_of(const stria_convolution *c, const stria_shape *input, int axes, const char *kind,
                             stria_layer_facts *facts, stria_error *err)
{
    int64_t channels;
    STRIA_TRY(stria_convolution_input(input, axes, kind, &channels, err));
    STRIA_TRY(stria_convolution_steps(c, err));
    if (channels % c->groups != 0)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "groups %lld does not divide the %lld channels of the input", (long long)c->groups,
                          (long long)channels);
    if (c->filters % c->groups != 0)
        return stria_fail(err, STRIA_ERROR_SHAPE, "groups %lld does not divide the %lld filters",
                          (long long)c->groups, (long long)c->filters);
    return stria_convolution_shape(c, input, channels / c->groups, c->filters, c->filters, facts, err);
}

static stria_status signal_shape(const void *config, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return shape_of(config, &inputs[0], 1, "conv1d", facts, err);
}

static stria_status picture_shape(const void *config, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return shape_of(config, &inputs[0], 2, "conv2d", facts, err);
}

static stria_status volume_shape(const void *config, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return shape_of(config, &inputs[0], 3, "conv3d", facts, err);
}

/* The taps from the last to the first. */
static void flip(const stria_layer_call *call, const float *from, float *to)
{
    const stria_weighted *s = call->state;
    const size_t *taps = s->shape.window.kernel, count = taps[0] * taps[1] * taps[2];
    const size_t row = s->shape.channels / s->shape.groups * s->shape.filters;
    for (size_t t = 0; t < count; t++)
        memcpy(to + (count - 1 - t) * row, from + t * row, row * sizeof *to);
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const stria_convolution *c = call->config;
    stria_weighted *s = call->state;
    stria_convolution_state(c, call->input_shapes[0], (size_t)c->filters, (size_t)c->groups, s);
    s->spread = s->collect = c->flip_kernel ? flip : NULL;
    stria_weighted_bind(call, s, needs);
}

const stria_layer_kind stria_kind_conv1d = {
    .name = "conv1d",
    .aliases = "convolution1d",
    .keras_class = "Conv1D",
    .onnx_operator = "Conv",
    .title = "Convolution of signals with learned kernels.",
    .formula = "z[i,k] = bias[k] + sum over taps u, channels c of\n"
               "         x[i*S + u*D - P, c] * kernel[u,c,k]\n"
               "y = activation(z), with strides S, dilation_rate D and padding P\n"
               "outputs: valid (W - F)/S + 1, same W/S rounded up, else (W - F + 2P)/S + 1\n"
               "causal: (F - 1)*D zeros in front, so that no output sees what comes after it\n"
               "flip_kernel: kernel[F - 1 - u,c,k], so that z is a sum of x[i - u] * kernel[u]\n"
               "parameters: F*C*K + K",
    .example = "conv1d 16 3 padding=causal relu",
    STRIA_CONVOLUTION_KIND(stria_convolution, signal_arguments),
    STRIA_CONVOLUTION_WEIGHTED,
    .shape = signal_shape,
    .bind = bind,
};

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
               "flip_kernel: kernel[F - 1 - u,F - 1 - v,c,k], a sum of x[i - u, j - v] * kernel[u,v]\n"
               "parameters: F*F*C*K + K",
    .example = "conv2d 8 5 strides=3 relu",
    STRIA_CONVOLUTION_KIND(stria_convolution, picture_arguments),
    STRIA_CONVOLUTION_WEIGHTED,
    .shape = picture_shape,
    .bind = bind,
};

const stria_layer_kind stria_kind_conv3d = {
    .name = "conv3d",
    .aliases = "convolution3d",
    .keras_class = "Conv3D",
    .onnx_operator = "Conv",
    .title = "Convolution of volumes with learned kernels.",
    .formula = "z[h,i,j,k] = bias[k] + sum over planes t, rows u, columns v, channels c of\n"
               "             x[h*S + t*D - P, i*S + u*D - P, j*S + v*D - P, c] * kernel[t,u,v,c,k]\n"
               "y = activation(z), with strides S, dilation_rate D and padding P\n"
               "outputs: valid (W - F)/S + 1, same W/S rounded up, else (W - F + 2P)/S + 1\n"
               "flip_kernel: kernel[F - 1 - t,F - 1 - u,F - 1 - v,c,k]\n"
               "parameters: F*F*F*C*K + K",
    .example = "conv3d 8 3 same relu",
    STRIA_CONVOLUTION_KIND(stria_convolution, volume_arguments),
    STRIA_CONVOLUTION_WEIGHTED,
    .shape = volume_shape,
    .bind = bind,
};

/* Transposed convolution layers: every input adds its filters to the outputs that it reaches. Forward is the
 * gradient of a convolution's input and the gradient of its input that convolution, so both run on the
 * convolution's kernels, of the window that lies over the output. */
#include "base/error.h"
#include "layers/convolution.h"

/* clang-format off */
#define ARGUMENTS(window)                                                                                    \
    STRIA_FILTERS_ARGUMENT,                                                                                  \
    {"kernel_size", STRIA_ARG_SIZES, offsetof(stria_convolution, kernel_size), NULL, 1,                      \
     STRIA_LARGEST_SETTING, NULL, window},                                                                   \
    {"strides", STRIA_ARG_SIZES, offsetof(stria_convolution, strides), "1", 1, STRIA_LARGEST_SETTING, NULL,  \
     "how far the outputs of neighbouring inputs lie apart"},                                                \
    {"padding", STRIA_ARG_PADDING, offsetof(stria_convolution, padding), "valid", 0, STRIA_LARGEST_SETTING,  \
     NULL, "outputs left out at the sides: valid (none), same, or numbers"},                                 \
    {"output_padding", STRIA_ARG_SIZES, offsetof(stria_convolution, output_padding), "", 0,                  \
     STRIA_LARGEST_SETTING, NULL, "outputs added at the end, fewer than the stride; left out: see outputs"}, \
    STRIA_DILATION_ARGUMENT,                                                                                 \
    STRIA_WEIGHTED_ARGUMENTS(stria_convolution, "kernel")
/* clang-format on */

static const stria_argument signal_arguments[] = {ARGUMENTS(STRIA_WINDOW_1D)};
static const stria_argument picture_arguments[] = {ARGUMENTS(STRIA_WINDOW_2D)};
static const stria_argument volume_arguments[] = {ARGUMENTS(STRIA_WINDOW_3D)};

static stria_status solve(const stria_convolution *c, const stria_shape *input, stria_axis axes[3],
                          stria_window *window, stria_error *err)
{
    return stria_window_transpose(input, &c->kernel_size, &c->strides, &c->dilation_rate, &c->padding,
                                  &c->output_padding, axes, window, err);
}

static stria_status shape_of(const stria_convolution *c, const stria_shape *input, int axes, const char *kind,
                             stria_layer_facts *facts, stria_error *err)
{
    int64_t channels;
    stria_axis solved[3];
    STRIA_TRY(stria_convolution_input(input, axes, kind, &channels, err));
    STRIA_TRY(stria_convolution_steps(c, err));
    STRIA_TRY(solve(c, input, solved, NULL, err));
    facts->output = *input;
    facts->output.sizes[axes] = c->filters;
    for (int a = 0; a < axes; a++) {
        facts->output.sizes[a] = solved[a].in;
        /* Input m reaches outputs m * stride - before to those an extent further on. */
        facts->finer[a] = solved[a].stride;
        facts->finer_first[a] = solved[a].before - (solved[a].kernel - 1) * solved[a].dilation;
        facts->finer_last[a] = solved[a].before;
    }
    const stria_shape kernel = stria_convolution_kernel(solved, axes, c->filters, channels);
    stria_weighted_params(&c->weights, &kernel, c->filters, facts);
    return stria_weighted_macs(&kernel, input, &facts->macs, err);
}

static stria_status signal_shape(const void *config, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return shape_of(config, &inputs[0], 1, "conv1d_transpose", facts, err);
}

static stria_status picture_shape(const void *config, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return shape_of(config, &inputs[0], 2, "conv2d_transpose", facts, err);
}

static stria_status volume_shape(const void *config, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return shape_of(config, &inputs[0], 3, "conv3d_transpose", facts, err);
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const stria_convolution *c = call->config;
    const stria_shape *input = call->input_shapes[0];
    stria_weighted *s = call->state;
    stria_axis axes[3];
    solve(c, input, axes, &s->shape.window, NULL);
    s->shape.channels = (size_t)c->filters;
    s->shape.filters = (size_t)input->sizes[input->rank - 1];
    s->shape.groups = 1;
    s->transposed = true;
    s->activation = c->weights.activation;
    s->samples = 1;
    stria_weighted_bind(call, s, needs);
}

#define OUTPUTS                                                                                              \
    "outputs: valid (W - 1)*S + max(F, S), same W*S, else (W - 1)*S + F - 2P\n"                              \
    "with output_padding O: valid (W - 1)*S + F + O, same (W - 1)*S + F mod 2 + O\n"

const stria_layer_kind stria_kind_conv1d_transpose = {
    .name = "conv1d_transpose",
    .aliases = "convolution1d_transpose",
    .keras_class = "Conv1DTranspose",
    .onnx_operator = "ConvTranspose",
    .title = "Transposed convolution of signals: from few numbers to many.",
    .formula =
        "z[o,k] = bias[k] + sum over i, u with o = i*S + u*D - P and channels c of\n"
        "         x[i,c] * kernel[u,k,c]\n"
        "y = activation(z), with strides S, dilation_rate D and padding P\n" OUTPUTS "parameters: F*K*C + K",
    .example = "conv1d_transpose 8 3 strides=2 same",
    STRIA_CONVOLUTION_KIND(stria_convolution, signal_arguments),
    STRIA_CONVOLUTION_WEIGHTED,
    .shape = signal_shape,
    .bind = bind,
};

const stria_layer_kind stria_kind_conv2d_transpose = {
    .name = "conv2d_transpose",
    .aliases = "convolution2d_transpose",
    .keras_class = "Conv2DTranspose",
    .onnx_operator = "ConvTranspose",
    .title = "Transposed convolution of pictures: from small maps to large.",
    .formula = "z[o,p,k] = bias[k] + sum over i, u with o = i*S + u*D - P,\n"
               "           j, v with p = j*S + v*D - P and channels c of x[i,j,c] * kernel[u,v,k,c]\n"
               "y = activation(z), with strides S, dilation_rate D and padding P\n" OUTPUTS
               "parameters: F*F*K*C + K",
    .example = "conv2d_transpose 8 3 strides=2 same",
    STRIA_CONVOLUTION_KIND(stria_convolution, picture_arguments),
    STRIA_CONVOLUTION_WEIGHTED,
    .shape = picture_shape,
    .bind = bind,
};

const stria_layer_kind stria_kind_conv3d_transpose = {
    .name = "conv3d_transpose",
    .aliases = "convolution3d_transpose",
    .keras_class = "Conv3DTranspose",
    .onnx_operator = "ConvTranspose",
    .title = "Transposed convolution of volumes: from small maps to large.",
    .formula = "z[m,o,p,k] = bias[k] + sum over h, t with m = h*S + t*D - P,\n"
               "             i, u with o = i*S + u*D - P, j, v with p = j*S + v*D - P\n"
               "             and channels c of x[h,i,j,c] * kernel[t,u,v,k,c]\n"
               "y = activation(z), with strides S, dilation_rate D and padding P\n" OUTPUTS
               "parameters: F*F*F*K*C + K",
    .example = "conv3d_transpose 4 2 strides=2",
    STRIA_CONVOLUTION_KIND(stria_convolution, volume_arguments),
    STRIA_CONVOLUTION_WEIGHTED,
    .shape = volume_shape,
    .bind = bind,
};

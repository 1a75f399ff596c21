/* Separable convolution layers: a depthwise convolution, without bias and activation, then one of 1x1 that
 * mixes the channels (Chollet, "Xception", 2017). Each half is a weighted layer of its own; what lies between
 * them stays within the layer, in training for backward. */
#include "base/error.h"
#include "base/size.h"
#include "layers/convolution.h"
#include "layers/epilogue.h"
#include "tensor/shape.h"

/* clang-format off */
#define ARGUMENTS(window)                                                                                    \
    STRIA_FILTERS_ARGUMENT,                                                                                  \
    STRIA_WINDOW_ARGUMENTS(window, NULL),                                                                    \
    STRIA_DILATION_ARGUMENT,                                                                                 \
    STRIA_MULTIPLIER_ARGUMENT,                                                                               \
    STRIA_WEIGHTED_SUM_ARGUMENTS(stria_convolution),                                                         \
    STRIA_PARAM_ARGUMENTS(stria_convolution, "depthwise", weights.kernel, "glorot_uniform",                  \
                          "the depthwise kernel"),                                                           \
    STRIA_PARAM_ARGUMENTS(stria_convolution, "pointwise", pointwise, "glorot_uniform", "the 1x1 kernel"),    \
    STRIA_WEIGHTED_BIAS_ARGUMENTS(stria_convolution)
/* clang-format on */

static const stria_argument signal_arguments[] = {ARGUMENTS(STRIA_WINDOW_1D)};
static const stria_argument picture_arguments[] = {ARGUMENTS(STRIA_WINDOW_2D)};

typedef struct state {
    stria_weighted depthwise, pointwise;
    stria_shape middle; /* what lies between the halves */
    size_t packed_at;   /* where the second half's share of packed starts, in floats, */
    size_t saved_at;    /* and of saved, in bytes */
    size_t middle_at;   /* bytes into saved, in training */
    size_t scratch_at;  /* scratch begins with the middle or its gradient, so many floats */
} state;

/* ---- Shapes ---- */

static stria_status shape_of(const stria_convolution *c, const stria_shape *input, int axes, const char *kind,
                             stria_layer_facts *facts, stria_error *err)
{
    int64_t channels, middle;
    STRIA_TRY(stria_convolution_input(input, axes, kind, &channels, err));
    if (!stria_count_multiply(channels, c->depth_multiplier, &middle) || middle > INT32_MAX)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%lld channels times depth_multiplier %lld are too many",
                          (long long)channels, (long long)c->depth_multiplier);
    STRIA_TRY(stria_convolution_shape(c, input, channels, c->depth_multiplier, middle, facts, err));
    stria_shape pointwise = {.rank = axes + 2};
    for (int a = 0; a < axes; a++)
        pointwise.sizes[a] = 1;
    pointwise.sizes[axes] = middle;
    pointwise.sizes[axes + 1] = c->filters;
    int64_t count, mixing;
    STRIA_TRY(stria_shape_count(&facts->output, &count, err));
    facts->output.sizes[axes] = c->filters;
    STRIA_TRY(stria_weighted_macs(&pointwise, &facts->output, &mixing, err));
    if (facts->macs >= 0 && !stria_count_add(facts->macs, mixing, &facts->macs))
        return stria_fail(err, STRIA_ERROR_LIMIT, "more than 2^63 multiplications for one sample");
    facts->params[2] = facts->params[1];
    facts->params[2].shape.sizes[0] = c->filters;
    facts->params[0].name = "depthwise_kernel";
    facts->params[1] = stria_param("pointwise_kernel", pointwise, &c->pointwise);
    facts->param_count++;
    return STRIA_OK;
}

static stria_status signal_shape(const void *config, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return shape_of(config, &inputs[0], 1, "separable_conv1d", facts, err);
}

static stria_status picture_shape(const void *config, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    return shape_of(config, &inputs[0], 2, "separable_conv2d", facts, err);
}

/* ---- The halves ---- */

/* What lies between the halves: in training forward leaves it in `saved`. */
static float *middle_of(const stria_layer_call *call, const state *s)
{
    return call->differentiates ? (float *)(void *)((char *)call->saved + s->middle_at) : call->scratch;
}

static stria_layer_call depthwise_half(const stria_layer_call *call)
{
    state *s = call->state;
    stria_layer_call half = *call;
    half.state = &s->depthwise;
    half.taken = (stria_taken){0};
    half.derived = false;
    half.output_shape = &s->middle;
    half.params[1] = NULL;
    half.dparams[1] = NULL;
    return half;
}

static stria_layer_call pointwise_half(const stria_layer_call *call)
{
    state *s = call->state;
    stria_layer_call half = *call;
    half.state = &s->pointwise;
    half.wants_dinput = true;
    half.input_shapes[0] = &s->middle;
    for (int i = 0; i < 2; i++) {
        half.params[i] = call->params[i + 1];
        half.dparams[i] = call->dparams[i + 1];
    }
    return half;
}

/* The same, once a plan has given memory. */
static stria_layer_call running_depthwise(const stria_layer_call *call)
{
    const state *s = call->state;
    stria_layer_call half = depthwise_half(call);
    half.scratch += s->scratch_at;
    half.output = middle_of(call, s);
    half.dy = call->scratch;
    return half;
}

static stria_layer_call running_pointwise(const stria_layer_call *call)
{
    const state *s = call->state;
    stria_layer_call half = pointwise_half(call);
    half.packed += s->packed_at;
    if (call->differentiates)
        half.saved = (char *)call->saved + s->saved_at;
    half.scratch += s->scratch_at;
    half.inputs[0] = middle_of(call, s);
    half.dinputs[0] = call->scratch;
    half.adds_dinput[0] = false;
    return half;
}

/* ---- Binding and running ---- */

#define LINE 64 /* bytes that parts of one buffer are aligned to */

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const stria_convolution *c = call->config;
    const stria_shape *input = call->input_shapes[0];
    state *s = call->state;
    size_t channels = (size_t)input->sizes[input->rank - 1], middle = channels * (size_t)c->depth_multiplier;
    stria_convolution_state(c, input, middle, channels, &s->depthwise);
    s->depthwise.activation = (stria_activation){.kind = STRIA_LINEAR};
    s->middle = *call->output_shape;
    s->middle.sizes[input->rank - 1] = (int64_t)middle;

    s->pointwise.shape = (stria_conv_shape){.channels = middle, .filters = (size_t)c->filters, .groups = 1};
    for (int i = 0; i < 3; i++) {
        stria_window *w = &s->pointwise.shape.window;
        w->in[i] = w->out[i] = s->depthwise.shape.window.out[i];
        w->kernel[i] = w->stride[i] = w->dilation[i] = 1;
    }
    s->pointwise.activation = c->weights.activation;
    s->pointwise.samples = 1;

    stria_layer_call first = depthwise_half(call), second = pointwise_half(call);
    stria_layer_needs depthwise = {0}, pointwise = {0};
    stria_weighted_bind(&first, &s->depthwise, &depthwise);
    stria_weighted_bind(&second, &s->pointwise, &pointwise);
    size_t floats =
        stria_size_round_up(stria_call_output_count(&first), LINE / sizeof(float)) + LINE / sizeof(float);
    s->packed_at = stria_size_round_up(depthwise.packed, LINE / sizeof(float));
    s->saved_at = stria_size_round_up(depthwise.saved, LINE);
    s->middle_at = s->saved_at + stria_size_round_up(pointwise.saved, LINE);
    s->scratch_at = floats;
    *needs = pointwise;
    needs->packed = s->packed_at + pointwise.packed;
    needs->saved = call->differentiates ? s->middle_at + floats * sizeof(float) : 0;
    needs->scratch = floats + (depthwise.scratch > pointwise.scratch ? depthwise.scratch : pointwise.scratch);
}

static void pack(const stria_layer_call *call)
{
    stria_layer_call first = running_depthwise(call), second = running_pointwise(call);
    stria_weighted_pack(&first);
    stria_weighted_pack(&second);
}

static void forward(const stria_layer_call *call)
{
    stria_layer_call first = running_depthwise(call), second = running_pointwise(call);
    stria_weighted_forward(&first);
    stria_weighted_forward(&second);
}

static void backward(const stria_layer_call *call)
{
    stria_layer_call first = running_depthwise(call), second = running_pointwise(call);
    stria_weighted_backward(&second);
    stria_weighted_backward(&first);
}

/* ---- The kinds ---- */

const stria_layer_kind stria_kind_separable_conv1d = {
    .name = "separable_conv1d",
    .aliases = "separable_convolution1d",
    .keras_class = "SeparableConv1D",
    .onnx_operator = "Conv + Conv",
    .title = "Convolution of each channel of a signal by itself, then 1x1.",
    .formula = "d[i,c*M + m] = sum over taps u of x[i*S + u*D - P, c] * depthwise_kernel[u,c,m]\n"
               "z[i,k] = bias[k] + sum over c of d[i,c] * pointwise_kernel[0,c,k]\n"
               "y = activation(z), with depth_multiplier M, strides S, dilation_rate D and padding P\n"
               "outputs: valid (W - F)/S + 1, same W/S rounded up, else (W - F + 2P)/S + 1\n"
               "parameters: F*C*M + C*M*K + K",
    .example = "separable_conv1d 16 3 same relu",
    STRIA_CONVOLUTION_KIND(stria_convolution, signal_arguments),
    .state_size = sizeof(state),
    .shape = signal_shape,
    .bind = bind,
    .pack = pack,
    .forward = forward,
    .backward = backward,
};

const stria_layer_kind stria_kind_separable_conv2d = {
    .name = "separable_conv2d",
    .aliases = "separable_convolution2d",
    .keras_class = "SeparableConv2D",
    .onnx_operator = "Conv + Conv",
    .title = "Convolution of each channel by itself, then 1x1 (Xception).",
    .formula = "d[i,j,c*M + m] = sum over rows u, columns v of\n"
               "                 x[i*S + u*D - P, j*S + v*D - P, c] * depthwise_kernel[u,v,c,m]\n"
               "z[i,j,k] = bias[k] + sum over c of d[i,j,c] * pointwise_kernel[0,0,c,k]\n"
               "y = activation(z), with depth_multiplier M, strides S, dilation_rate D and padding P\n"
               "outputs: valid (W - F)/S + 1, same W/S rounded up, else (W - F + 2P)/S + 1\n"
               "parameters: F*F*C*M + C*M*K + K",
    .example = "separable_conv2d 16 3 same relu",
    STRIA_CONVOLUTION_KIND(stria_convolution, picture_arguments),
    .state_size = sizeof(state),
    .shape = picture_shape,
    .bind = bind,
    .pack = pack,
    .forward = forward,
    .backward = backward,
};

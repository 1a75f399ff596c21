/* Batch normalisation (Ioffe and Szegedy, ICML 2015) over the last axis, with Keras's defaults: the moving
 * variance takes the biased variance of the batch. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "layers/params.h"

typedef struct config {
    double momentum, epsilon;
    bool center, scale;
    stria_param_config beta, gamma;
    int64_t axis;
} config;

/* Which parameter is where: gamma and beta come first, when the layer has them. */
typedef struct state {
    size_t channels;
    int gamma, beta, mean, variance; /* index of the parameter, -1 for none */
    bool batch_statistics;
    stria_activation activation; /* of a layer behind, which is taken */
} state;

static const stria_argument arguments[] = {
    {"momentum", STRIA_ARG_NUMBER, offsetof(config, momentum), "0.99", 0, 1, NULL,
     "share of the old value that moving statistics keep at each step"},
    {"epsilon", STRIA_ARG_NUMBER, offsetof(config, epsilon), "0.001", 1e-12, 1, NULL,
     "added to the variance"},
    {"center", STRIA_ARG_BOOLEAN, offsetof(config, center), "yes", 0, 0, NULL, "learn an offset beta"},
    {"scale", STRIA_ARG_BOOLEAN, offsetof(config, scale), "yes", 0, 0, NULL, "learn a factor gamma"},
    STRIA_PARAM_ARGUMENTS(config, "beta", beta, "zeros", "beta"),
    STRIA_PARAM_ARGUMENTS(config, "gamma", gamma, "ones", "gamma"),
    STRIA_AXIS_ARGUMENT(config, axis, "of the channels: the last"),
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    int64_t channels;
    int axis;
    STRIA_TRY(stria_require_channels(&inputs[0], "batchnorm", &channels, err));
    STRIA_TRY(stria_find_axis(c->axis, &inputs[0], "batchnorm", &axis, err));
    if (axis != inputs[0].rank - 1)
        return stria_fail(
            err, STRIA_ERROR_UNSUPPORTED,
            "batchnorm: channels stand last, and axis %lld is not the last; use -1, or 'permute' "
            "around it",
            (long long)c->axis);
    facts->output = inputs[0];
    stria_shape each = {1, {channels}};
    size_t n = 0;
    if (c->scale)
        facts->params[n++] = stria_param("gamma", each, &c->gamma);
    if (c->center)
        facts->params[n++] = stria_param("beta", each, &c->beta);
    facts->params[n++] = (stria_param_spec){"moving_mean", each, STRIA_START_ZEROS, .trainable = false};
    facts->params[n++] = (stria_param_spec){"moving_variance", each, STRIA_START_ONES, .trainable = false};
    facts->param_count = n;
    return STRIA_OK;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    state *s = call->state;
    s->channels = stria_call_output_channels(call);
    int next = 0;
    s->gamma = c->scale ? next++ : -1;
    s->beta = c->center ? next++ : -1;
    s->mean = next++;
    s->variance = next;
    s->batch_statistics = call->training && !call->statistics_off;
    s->activation = call->taken.activation;
    needs->packed = 2 * s->channels; /* the factor and the shift of each channel */
    needs->scratch = call->differentiates ? 5 * s->channels : 0;
    needs->saved = call->differentiates ? 2 * s->channels * sizeof(float) : 0; /* mean and 1/deviation used */
    needs->backward_reads_input = call->differentiates;
    needs->backward_reads_output = call->differentiates && !stria_column_activates(s->activation.kind);
    needs->backward_in_place = true;
    needs->backward_keeps_dy = stria_column_activates(s->activation.kind);
    needs->kernel = s->batch_statistics ? "batch statistics" : "scale and shift";
}

/* y = x * factor + shift with factor = gamma / sqrt(variance + epsilon), shift = beta - mean * factor. */
static void fold(const stria_layer_call *call, const float *mean, const float *inverse, float *factor,
                 float *shift)
{
    const state *s = call->state;
    for (size_t c = 0; c < s->channels; c++) {
        float gamma = s->gamma < 0 ? 1.0F : call->params[s->gamma][c];
        float beta = s->beta < 0 ? 0.0F : call->params[s->beta][c];
        factor[c] = gamma * inverse[c];
        shift[c] = beta - mean[c] * factor[c];
    }
}

/* The same by the moving statistics, in double: for a layer that folds it into its kernel. */
static void scale(const stria_layer_call *call, size_t channel, double *factor, double *shift)
{
    const state *s = call->state;
    const config *c = call->config;
    double gamma = s->gamma < 0 ? 1 : (double)call->params[s->gamma][channel];
    double beta = s->beta < 0 ? 0 : (double)call->params[s->beta][channel];
    *factor = gamma / sqrt((double)call->params[s->variance][channel] + c->epsilon);
    *shift = beta - (double)call->params[s->mean][channel] * *factor;
}

static float inverse_deviation(const stria_layer_call *call, float variance)
{
    const config *c = call->config;
    return (float)(1.0 / sqrt((double)variance + c->epsilon));
}

/* Inference folds the moving statistics once. */
static void pack(const stria_layer_call *call)
{
    const state *s = call->state;
    float *factor = call->packed, *shift = call->packed + s->channels;
    if (s->batch_statistics)
        return;
    for (size_t c = 0; c < s->channels; c++)
        factor[c] = inverse_deviation(call, call->params[s->variance][c]);
    fold(call, call->params[s->mean], factor, factor, shift);
}

static void copy_statistics(const stria_layer_call *call, float *mean, float *variance)
{
    const state *s = call->state;
    memcpy(mean, call->params[s->mean], s->channels * sizeof(float));
    memcpy(variance, call->params[s->variance], s->channels * sizeof(float));
}

/* Brings the moving statistics nearer to those of this batch. */
static void move_statistics(const stria_layer_call *call, const float *mean, const float *variance)
{
    const state *s = call->state;
    const config *settings = call->config;
    float kept = (float)settings->momentum, taken = 1.0F - kept;
    float *moving_mean = call->params[s->mean], *moving_variance = call->params[s->variance];
    for (size_t c = 0; c < s->channels; c++) {
        moving_mean[c] = moving_mean[c] * kept + mean[c] * taken;
        moving_variance[c] = moving_variance[c] * kept + variance[c] * taken;
    }
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    size_t channels = s->channels, rows = stria_call_output_count(call) / channels;
    float *factor = call->packed, *shift = call->packed + channels;
    if (call->differentiates) {
        float *mean = call->saved, *inverse = mean + channels, *variance = call->scratch;
        if (s->batch_statistics)
            call->kernels->reduce.column_moments(call->inputs[0], rows, channels, mean, variance, call->pool);
        else
            copy_statistics(call, mean, variance);
        if (s->batch_statistics && !call->again)
            move_statistics(call, mean, variance);
        for (size_t c = 0; c < channels; c++)
            inverse[c] = inverse_deviation(call, variance[c]);
        fold(call, mean, inverse, factor, shift);
    }
    call->kernels->reduce.column_scale(call->inputs[0], factor, shift, s->activation, rows, channels,
                                       call->output, call->pool);
}

/* With m rows, h = (x - mean) * inverse and sums over the rows of a column:
 *     dbeta = sum g, dgamma = sum g*h,
 *     dx = gamma * inverse * (g - dbeta/m - h * dgamma/m)
 * and with moving statistics dx = gamma * inverse * g, where g is dy or, when an activation is taken, the
 * gradient before it. */
static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    size_t channels = s->channels, rows = stria_call_output_count(call) / channels;
    const float *mean = call->saved, *inverse = mean + channels;
    float *sum_g = call->scratch, *sum_gx = sum_g + channels;
    float *a = sum_gx + channels, *b = a + channels, *d = b + channels;
    stria_column_gradient gradient = {
        .dy = call->dy, .x = call->inputs[0], .rows = rows, .columns = channels};
    if (stria_column_activates(s->activation.kind)) {
        gradient.activation = s->activation;
        gradient.scale = call->packed;
        gradient.shift = call->packed + channels;
    } else {
        call->kernels->elementwise.activate_gradient(s->activation, call->output, call->dy, call->dy,
                                                     rows * channels, call->pool);
    }
    call->kernels->reduce.column_products(&gradient, mean, sum_g, sum_gx, call->pool);
    for (size_t c = 0; c < channels; c++) {
        float gamma = s->gamma < 0 ? 1.0F : call->params[s->gamma][c];
        float dgamma = sum_gx[c] * inverse[c];
        if (s->gamma >= 0 && call->dparams[s->gamma] != NULL)
            call->dparams[s->gamma][c] = dgamma;
        if (s->beta >= 0 && call->dparams[s->beta] != NULL)
            call->dparams[s->beta][c] = sum_g[c];
        a[c] = gamma * inverse[c];
        b[c] = s->batch_statistics ? -a[c] * inverse[c] * dgamma / (float)rows : 0.0F;
        d[c] = s->batch_statistics ? -a[c] * sum_g[c] / (float)rows - b[c] * mean[c] : 0.0F;
    }
    if (call->dinputs[0] != NULL)
        call->kernels->reduce.column_combine(&gradient, a, b, d, call->dinputs[0], call->pool);
}

const stria_layer_kind stria_kind_batchnorm = {
    .name = "batchnorm",
    .aliases = "batch_normalization",
    .keras_class = "BatchNormalization",
    .onnx_operator = "BatchNormalization",
    .title = "Mean 0 and deviation 1 for each channel, then a learned factor and offset.",
    .formula = "y = gamma * (x - mean) / sqrt(variance + epsilon) + beta\n"
               "training: mean and variance of the batch; inference: the moving ones\n"
               "moving = momentum * moving + (1 - momentum) * batch",
    .example = "batchnorm",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = shape,
    .bind = bind,
    .pack = pack,
    .forward = forward,
    .backward = backward,
    .takes = STRIA_PART_ACTIVATION | STRIA_PART_CURVED,
    .takes_in_training = STRIA_PART_ACTIVATION,
    .part = STRIA_PART_SCALING,
    .scale = scale,
};

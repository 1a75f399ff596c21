/* Group normalisation (Wu and He, ECCV 2018): like batch normalisation, but by the statistics of some
 * channels of one sample. Its work is that of batch normalisation for each sample, whose columns' moments are
 * joined to those of groups. */
#include <math.h>

#include "base/error.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "layers/params.h"

typedef struct config {
    int64_t groups, axis;
    double epsilon;
    bool center, scale;
    stria_param_config beta, gamma;
} config;

typedef struct state {
    size_t rows, channels, groups, width; /* rows of one sample, channels of a group */
    int gamma, beta;                      /* index of the parameter, -1 for none */
} state;

static const stria_argument arguments[] = {
    {"groups", STRIA_ARG_INTEGER, offsetof(config, groups), "32", -1, 1e6, NULL,
     "of channels; -1 for one channel each (instance normalisation), 1 for all in one"},
    STRIA_AXIS_ARGUMENT(config, axis, "of the channels: the last"),
    {"epsilon", STRIA_ARG_NUMBER, offsetof(config, epsilon), "0.001", 1e-12, 1, NULL,
     "added to the variance"},
    {"center", STRIA_ARG_BOOLEAN, offsetof(config, center), "yes", 0, 0, NULL, "learn an offset beta"},
    {"scale", STRIA_ARG_BOOLEAN, offsetof(config, scale), "yes", 0, 0, NULL, "learn a factor gamma"},
    STRIA_PARAM_ARGUMENTS(config, "beta", beta, "zeros", "beta"),
    STRIA_PARAM_ARGUMENTS(config, "gamma", gamma, "ones", "gamma"),
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    int64_t channels;
    int axis;
    STRIA_TRY(stria_require_channels(&inputs[0], "groupnorm", &channels, err));
    STRIA_TRY(stria_find_axis(c->axis, &inputs[0], "groupnorm", &axis, err));
    if (axis != inputs[0].rank - 1)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "groupnorm: channels stand last, and axis %lld is not the last; use -1",
                          (long long)c->axis);
    if (c->groups == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "groupnorm: 0 groups; 1 is all channels, -1 one each");
    if (c->groups > channels || channels % (c->groups < 0 ? channels : c->groups) != 0)
        return stria_fail(err, STRIA_ERROR_SHAPE, "groupnorm: %lld groups do not divide %lld channels",
                          (long long)c->groups, (long long)channels);
    facts->output = inputs[0];
    facts->sees_all = inputs[0].rank > 1;
    const stria_shape each = {1, {channels}};
    if (c->scale)
        facts->params[facts->param_count++] = stria_param("gamma", each, &c->gamma);
    if (c->center)
        facts->params[facts->param_count++] = stria_param("beta", each, &c->beta);
    return STRIA_OK;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    state *s = call->state;
    const size_t channels = stria_call_output_channels(call);
    *s = (state){.rows = stria_call_output_count(call) / call->batch / channels,
                 .channels = channels,
                 .groups = c->groups < 0 ? channels : (size_t)c->groups,
                 .gamma = c->scale ? 0 : -1,
                 .beta = c->center ? (c->scale ? 1 : 0) : -1};
    s->width = channels / s->groups;
    needs->scratch = 7 * channels;
    needs->saved = call->differentiates ? 2 * call->batch * channels * sizeof(float) : 0;
    needs->backward_reads_input = call->differentiates;
    needs->backward_in_place = true;
    needs->kernel = "group statistics";
}

/* Mean and 1 / deviation of each channel's group, from mean and variance of the channels: the variance of a
 * group is the mean of theirs and of the squared distances of their means. */
static void join_groups(const stria_layer_call *call, float *mean, float *variance)
{
    const state *s = call->state;
    const config *c = call->config;
    const double width = (double)s->width;
    for (size_t first = 0; first < s->channels; first += s->width) {
        double sum = 0, spread = 0;
        for (size_t k = first; k < first + s->width; k++)
            sum += (double)mean[k];
        const double centre = sum / width;
        for (size_t k = first; k < first + s->width; k++) {
            const double distance = (double)mean[k] - centre;
            spread += (double)variance[k] + distance * distance;
        }
        const double inverse = 1 / sqrt(spread / width + c->epsilon);
        for (size_t k = first; k < first + s->width; k++) {
            mean[k] = (float)centre;
            variance[k] = (float)inverse;
        }
    }
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    const size_t channels = s->channels, sample = s->rows * channels;
    float *factor = call->scratch, *shift = factor + channels;
    for (size_t n = 0; n < call->batch; n++) {
        float *mean = call->differentiates ? (float *)call->saved + 2 * n * channels : shift + channels;
        float *inverse = mean + channels;
        call->kernels->reduce.column_moments(call->inputs[0] + n * sample, s->rows, channels, mean, inverse,
                                             call->pool);
        join_groups(call, mean, inverse);
        for (size_t k = 0; k < channels; k++) {
            factor[k] = (s->gamma < 0 ? 1 : call->params[s->gamma][k]) * inverse[k];
            shift[k] = (s->beta < 0 ? 0 : call->params[s->beta][k]) - mean[k] * factor[k];
        }
        call->kernels->reduce.column_scale(call->inputs[0] + n * sample, factor, shift,
                                           (stria_activation){.kind = STRIA_LINEAR}, s->rows, channels,
                                           call->output + n * sample, call->pool);
    }
}

/* For each sample, with h = (x - mean) * inverse, m numbers in a group and sums over a group:
 *     dx = inverse * (gamma dy - sum of gamma dy / m - h * sum of gamma dy h / m) */
static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    const size_t channels = s->channels, sample = s->rows * channels;
    float *dgamma = s->gamma < 0 ? NULL : call->dparams[s->gamma];
    float *dbeta = s->beta < 0 ? NULL : call->dparams[s->beta];
    float *sums = call->scratch, *products = sums + channels, *a = products + channels, *b = a + channels,
          *d = b + channels, *total_gamma = d + channels, *total_beta = total_gamma + channels;
    for (size_t k = 0; k < channels; k++)
        total_gamma[k] = total_beta[k] = 0;
    for (size_t n = 0; n < call->batch; n++) {
        const float *mean = (const float *)call->saved + 2 * n * channels, *inverse = mean + channels;
        const stria_column_gradient gradient = {.dy = call->dy + n * sample,
                                                .x = call->inputs[0] + n * sample,
                                                .rows = s->rows,
                                                .columns = channels};
        call->kernels->reduce.column_products(&gradient, mean, sums, products, call->pool);
        const double m = (double)(s->rows * s->width);
        for (size_t first = 0; first < channels; first += s->width) {
            double sum = 0, product = 0;
            for (size_t k = first; k < first + s->width; k++) {
                const double gamma = s->gamma < 0 ? 1 : (double)call->params[s->gamma][k];
                sum += gamma * (double)sums[k];
                product += gamma * (double)products[k] * (double)inverse[k];
            }
            for (size_t k = first; k < first + s->width; k++) {
                const double own = (double)inverse[k];
                const double along = -own * own * product / m;
                a[k] = (s->gamma < 0 ? 1 : call->params[s->gamma][k]) * inverse[k];
                b[k] = (float)along;
                d[k] = (float)(-own * sum / m - along * (double)mean[k]);
                total_gamma[k] += products[k] * inverse[k];
                total_beta[k] += sums[k];
            }
        }
        if (call->dinputs[0] != NULL)
            call->kernels->reduce.column_combine(&gradient, a, b, d, call->dinputs[0] + n * sample,
                                                 call->pool);
    }
    for (size_t k = 0; k < channels; k++) {
        if (dgamma != NULL)
            dgamma[k] = total_gamma[k];
        if (dbeta != NULL)
            dbeta[k] = total_beta[k];
    }
}

const stria_layer_kind stria_kind_groupnorm = {
    .name = "groupnorm",
    .aliases = "group_normalization",
    .keras_class = "GroupNormalization",
    .onnx_operator = "GroupNormalization",
    .title = "Mean 0 and deviation 1 for each group of channels of each sample.",
    .formula = "y = gamma * (x - mean) / sqrt(variance + epsilon) + beta\n"
               "mean and variance over all positions and the channels of a group",
    .example = "groupnorm 8",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = shape,
    .bind = bind,
    .forward = forward,
    .backward = backward,
};

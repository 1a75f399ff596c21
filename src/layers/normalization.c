/* Normalization by numbers that are known beforehand: mean and variance of each channel of the data, given in
 * the text or kept as parameters that training leaves alone. */
#include <math.h>

#include "base/error.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"

typedef struct config {
    int64_t axis;
    stria_numbers mean, variance; /* count 0: parameters */
    bool invert;
} config;

static const stria_argument arguments[] = {
    STRIA_AXIS_ARGUMENT(config, axis, "of the channels: the last"),
    {"mean", STRIA_ARG_NUMBERS, offsetof(config, mean), "", 0, 0, NULL,
     "of each channel, or one for all; left out: a parameter, 0 at first"},
    {"variance", STRIA_ARG_NUMBERS, offsetof(config, variance), "", 0, 1e30, NULL,
     "of each channel, or one for all; left out: a parameter, 1 at first"},
    {"invert", STRIA_ARG_BOOLEAN, offsetof(config, invert), "no", 0, 0, NULL,
     "bring normalised numbers back"},
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    int64_t channels;
    int axis;
    STRIA_TRY(stria_require_channels(&inputs[0], "normalization", &channels, err));
    STRIA_TRY(stria_find_axis(c->axis, &inputs[0], "normalization", &axis, err));
    if (axis != inputs[0].rank - 1)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "normalization: channels stand last, and axis %lld is not the last; use -1",
                          (long long)c->axis);
    facts->output = inputs[0];
    if ((c->mean.count > 0) != (c->variance.count > 0))
        return stria_fail(err, STRIA_ERROR_VALUE, "normalization: there is no %s; give both or none",
                          c->mean.count > 0 ? "variance" : "mean");
    const int counts[] = {c->mean.count, c->variance.count};
    for (int i = 0; i < 2; i++)
        if (counts[i] > 1 && counts[i] != channels)
            return stria_fail(err, STRIA_ERROR_SHAPE, "normalization: %d numbers for %lld channels",
                              counts[i], (long long)channels);
    if (c->mean.count > 0)
        return STRIA_OK;
    const stria_shape each = {1, {channels}};
    facts->params[0] = (stria_param_spec){"mean", each, STRIA_START_ZEROS, .trainable = false};
    facts->params[1] = (stria_param_spec){"variance", each, STRIA_START_ONES, .trainable = false};
    facts->param_count = 2;
    return STRIA_OK;
}

/* What is packed, each of [channels]. */
enum { FACTOR, SHIFT, ONE, ZERO, PACKED };

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    needs->packed = PACKED * stria_call_output_channels(call);
    needs->backward_in_place = true;
    needs->kernel = "scale and shift";
}

static double number_at(const stria_numbers *numbers, const float *parameter, size_t channel)
{
    if (numbers->count == 0)
        return (double)parameter[channel];
    return numbers->values[numbers->count == 1 ? 0 : channel];
}

static void pack(const stria_layer_call *call)
{
    const config *c = call->config;
    const size_t channels = stria_call_output_channels(call);
    for (size_t k = 0; k < channels; k++) {
        const double mean = number_at(&c->mean, call->params[0], k);
        const double variance = number_at(&c->variance, call->params[1], k);
        const double deviation = fmax(sqrt(variance), STRIA_LEAST_DEVIATION);
        call->packed[FACTOR * channels + k] = (float)(c->invert ? deviation : 1 / deviation);
        call->packed[SHIFT * channels + k] = (float)(c->invert ? mean : -mean);
        call->packed[ONE * channels + k] = 1;
        call->packed[ZERO * channels + k] = 0;
    }
}

/* y = x * factor + shift by channels; y may be x. */
static void apply(const stria_layer_call *call, const float *x, int factor, int shift, float *y)
{
    const size_t channels = stria_call_output_channels(call);
    call->kernels->reduce.column_scale(x, call->packed + (size_t)factor * channels,
                                       call->packed + (size_t)shift * channels,
                                       (stria_activation){.kind = STRIA_LINEAR},
                                       stria_call_output_count(call) / channels, channels, y, call->pool);
}

/* The mean is taken off first, as a sum of its own: x * factor - mean * factor would round by the size of the
 * mean, which may be thousands of deviations. */
static void forward(const stria_layer_call *call)
{
    const config *c = call->config;
    if (c->invert) {
        apply(call, call->inputs[0], FACTOR, SHIFT, call->output);
        return;
    }
    apply(call, call->inputs[0], ONE, SHIFT, call->output);
    apply(call, call->output, FACTOR, ZERO, call->output);
}

static void backward(const stria_layer_call *call)
{
    if (call->dinputs[0] != NULL)
        apply(call, call->dy, FACTOR, ZERO, call->dinputs[0]);
}

const stria_layer_kind stria_kind_normalization = {
    .name = "normalization",
    .aliases = "",
    .keras_class = "Normalization",
    .onnx_operator = "Sub+Div",
    .title = "Mean 0 and deviation 1 by the known mean and variance of the data.",
    .formula =
        "y = (x - mean) / max(sqrt(variance), 1e-7)\ninvert: y = x * max(sqrt(variance), 1e-7) + mean\n"
        "without mean and variance they are parameters, which training takes from the data before its first "
        "step",
    .example = "normalization mean=0.5 variance=0.25",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = shape,
    .bind = bind,
    .pack = pack,
    .forward = forward,
    .backward = backward,
};

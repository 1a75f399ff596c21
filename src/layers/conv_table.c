/* The convolution of LeNet-5's layer C3 (LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied
 * to document recognition", 1998, table I): each filter sees the channels that a table names, and has weights
 * for those alone. The kernel [rows, columns, pairs of channel and filter] is spread into a dense one with
 * zeros between, so that it runs as conv2d does; of the dense gradient the pairs are collected. */
#include <string.h>

#include "base/error.h"
#include "layers/convolution.h"

typedef struct config {
    stria_convolution window; /* filters and groups stay 0 */
    stria_lists connections;  /* channels of each filter */
} config;

/* clang-format off */
static const stria_argument arguments[] = {
    {"connections", STRIA_ARG_LISTS, offsetof(config, connections), NULL, 0, INT16_MAX, NULL,
     "the channels that each filter sees, from 0 on: lists like 0.1.2,1.2.3"},
    STRIA_WINDOW_ARGUMENTS(STRIA_WINDOW_2D, NULL),
    STRIA_DILATION_ARGUMENT,
    STRIA_WEIGHTED_ARGUMENTS(stria_convolution, "kernel"),
};
/* clang-format on */

/* The rows above fill the convolution, which the config begins with. */
_Static_assert(offsetof(config, window) == 0, "window comes first");

static stria_status check_connections(const stria_lists *lists, int64_t channels, stria_error *err)
{
    for (int k = 0, i = 0; k < lists->count; k++) {
        for (int first = i; i < lists->ends[k]; i++) {
            int channel = lists->values[i];
            if (channel >= channels)
                return stria_fail(
                    err, STRIA_ERROR_SHAPE,
                    "connections: filter %d sees channel %d, and the input has the channels 0 to "
                    "%lld",
                    k, channel, (long long)channels - 1);
            for (int j = first; j < i; j++)
                if (lists->values[j] == channel)
                    return stria_fail(err, STRIA_ERROR_VALUE, "connections: filter %d sees channel %d twice",
                                      k, channel);
        }
    }
    return STRIA_OK;
}

static int64_t pairs_of(const stria_lists *lists)
{
    return lists->ends[lists->count - 1];
}

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    const int64_t filters = c->connections.count, pairs = pairs_of(&c->connections);
    int64_t channels;
    STRIA_TRY(stria_convolution_input(&inputs[0], 2, "table_conv2d", &channels, err));
    STRIA_TRY(stria_convolution_steps(&c->window, err));
    STRIA_TRY(check_connections(&c->connections, channels, err));
    /* Of the dense kernel, which is what must fit in memory. */
    STRIA_TRY(stria_convolution_shape(&c->window, &inputs[0], channels, filters, filters, facts, err));
    stria_shape *kernel = &facts->params[0].shape;
    *kernel = (stria_shape){3, {kernel->sizes[0], kernel->sizes[1], pairs}};
    return stria_weighted_macs(kernel, &facts->output, &facts->macs, err);
}

static size_t taps_of(const stria_layer_call *call)
{
    const stria_weighted *s = call->state;
    return s->shape.window.kernel[1] * s->shape.window.kernel[2];
}

/* Pair p is weight p of its tap, in the order of the table. */
static void spread(const stria_layer_call *call, const float *param, float *kernel)
{
    const config *c = call->config;
    const stria_weighted *s = call->state;
    const stria_lists *lists = &c->connections;
    size_t dense = s->shape.channels * s->shape.filters, pairs = (size_t)pairs_of(lists);
    memset(kernel, 0, taps_of(call) * dense * sizeof *kernel);
    for (size_t t = 0; t < taps_of(call); t++)
        for (int k = 0, p = 0; k < lists->count; k++)
            for (; p < lists->ends[k]; p++)
                kernel[t * dense + lists->values[p] * s->shape.filters + (size_t)k] =
                    param[t * pairs + (size_t)p];
}

static void collect(const stria_layer_call *call, const float *dkernel, float *dparam)
{
    const config *c = call->config;
    const stria_weighted *s = call->state;
    const stria_lists *lists = &c->connections;
    size_t dense = s->shape.channels * s->shape.filters, pairs = (size_t)pairs_of(lists);
    for (size_t t = 0; t < taps_of(call); t++)
        for (int k = 0, p = 0; k < lists->count; k++)
            for (; p < lists->ends[k]; p++)
                dparam[t * pairs + (size_t)p] =
                    dkernel[t * dense + lists->values[p] * s->shape.filters + (size_t)k];
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    stria_weighted *s = call->state;
    stria_convolution_state(&c->window, call->input_shapes[0], (size_t)c->connections.count, 1, s);
    s->spread = spread;
    s->collect = collect;
    stria_weighted_bind(call, s, needs);
}

const stria_layer_kind stria_kind_table_conv2d = {
    .name = "table_conv2d",
    .aliases = "table_convolution2d",
    .keras_class = "TableConv2D",
    .onnx_operator = "Conv",
    .title = "Convolution whose filters see chosen channels (LeNet-5, 1998; Keras has no such layer).",
    .formula =
        "z[i,j,k] = bias[k] + sum over rows u, columns v and the pairs p of filter k, channel c(p), of\n"
        "           x[i*S + u*D - P, j*S + v*D - P, c(p)] * kernel[u,v,p]\n"
        "y = activation(z), with strides S, dilation_rate D and padding P\n"
        "outputs: valid (W - F)/S + 1, same W/S rounded up, else (W - F + 2P)/S + 1\n"
        "parameters: F*F*pairs + K for K lists of channels",
    .example = "table_conv2d 0.1.2,1.2.3,0.1.2.3 5 tanh",
    STRIA_CONVOLUTION_KIND(config, arguments),
    STRIA_CONVOLUTION_WEIGHTED,
    .shape = shape,
    .bind = bind,
};

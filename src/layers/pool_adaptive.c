/* Adaptive pooling: as many outputs as are asked for, whatever the size of the input. */
#include "base/error.h"
#include "kernels/bins.h"
#include "layers/epilogue.h"
#include "layers/geometry.h"
#include "layers/kinds.h"
#include "tensor/shape.h"

typedef struct config {
    stria_sizes output_size;
} config;

typedef struct state {
    stria_bins bins;
    stria_pool_kind kind;
    size_t channels;
} state;

static const stria_argument arguments[] = {
    {"output_size", STRIA_ARG_SIZES, offsetof(config, output_size), NULL, 1, (double)(1 << 30), NULL,
     "sizes of the output as in 7x5; one number for all axes"},
};

/* A bin is its share of the inputs, in / out, and what it meets of inputs that others share: nothing, a part
 * of one, or of two. */
static int64_t largest_bin(int64_t in, int64_t out)
{
    int64_t whole = in / out, rest = in % out;
    return rest == 0 ? whole : out % rest == 0 ? whole + 1 : whole + 2;
}

/* The field is that of the largest bin; bins lie in / out apart, which is reported rounded down. */
static stria_status shape(const config *c, const stria_shape *input, int spatial, stria_layer_facts *facts,
                          stria_error *err)
{
    STRIA_TRY(stria_require_spatial(input, spatial, "adaptive pooling", err));
    facts->output = *input;
    for (int a = 0; a < spatial; a++) {
        int64_t in = input->sizes[a], out;
        STRIA_TRY(stria_sizes_at(&c->output_size, spatial, a, "output_size", &out, err));
        facts->output.sizes[a] = out;
        if (in == STRIA_ANY_SIZE) {
            facts->sees_all = true;
            continue;
        }
        facts->field[a] = largest_bin(in, out);
        facts->field_stride[a] = in / out;
    }
    return STRIA_OK;
}

STRIA_SPATIAL_SHAPE(shape, 1)
STRIA_SPATIAL_SHAPE(shape, 2)
STRIA_SPATIAL_SHAPE(shape, 3)

static void bind_kind(stria_layer_call *call, stria_layer_needs *needs, stria_pool_kind kind)
{
    state *s = call->state;
    const stria_shape *input = call->input_shapes[0];
    s->kind = kind;
    s->channels = stria_call_output_channels(call);
    for (int i = 0; i < 3; i++) {
        int axis = i - (4 - input->rank);
        s->bins.in[i] = axis < 0 ? 1 : (size_t)input->sizes[axis];
        s->bins.out[i] = axis < 0 ? 1 : (size_t)call->output_shape->sizes[axis];
    }
    if (call->differentiates && kind != STRIA_POOL_AVERAGE)
        needs->saved = stria_call_output_count(call) * sizeof(uint32_t);
    needs->backward_reads_output = call->derives.kind != STRIA_LINEAR;
    needs->backward_keeps_dy = !needs->backward_reads_output;
    needs->kernel = kind == STRIA_POOL_AVERAGE ? "bins average" : "bins max";
}

static void bind_average(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_kind(call, needs, STRIA_POOL_AVERAGE);
}

static void bind_max(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_kind(call, needs, STRIA_POOL_MAX);
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    stria_bins_pool(s->kind, &s->bins, s->channels, call->batch, call->inputs[0], call->output, call->saved,
                    call->pool);
}

/* What a maximum selects is the output of the layer before, so its derivative there goes by the maximum. */
static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    if (call->dinputs[0] == NULL)
        return;
    if (call->derives.kind != STRIA_LINEAR)
        call->kernels->elementwise.activate_gradient(call->derives, call->output, call->dy, call->dy,
                                                     stria_call_output_count(call), call->pool);
    stria_bins_pool_gradient(s->kind, &s->bins, s->channels, call->batch, call->dy, call->saved,
                             call->dinputs[0], call->pool);
}

#define ADAPTIVE_KIND(name_, aliases_, class_, onnx_, title_, formula_, example_, spatial, pool, part_)      \
    const stria_layer_kind stria_kind_##name_ = {                                                            \
        .name = #name_,                                                                                      \
        .aliases = aliases_,                                                                                 \
        .keras_class = class_,                                                                               \
        .onnx_operator = onnx_,                                                                              \
        .title = title_,                                                                                     \
        .formula = formula_,                                                                                 \
        .example = example_,                                                                                 \
        .config_size = sizeof(config),                                                                       \
        .arguments = arguments,                                                                              \
        .argument_count = sizeof arguments / sizeof arguments[0],                                            \
        .min_inputs = 1,                                                                                     \
        .max_inputs = 1,                                                                                     \
        .state_size = sizeof(state),                                                                         \
        .shape = shape_##spatial##d,                                                                         \
        .bind = bind_##pool,                                                                                 \
        .forward = forward,                                                                                  \
        .backward = backward,                                                                                \
        .part = part_,                                                                                       \
    }

#define AVERAGE_TITLE "The averages of as many bins as asked for, of nearly equal sizes."
#define MAX_TITLE     "The largest values of as many bins as asked for, of nearly equal sizes."
#define BIN           " for u from floor(i*H/Ho) to ceil((i+1)*H/Ho) - 1"
#define BINS          BIN ", other axes alike"
#define FIRST         "\nthe first of equal values, going down the columns, takes the gradient"

ADAPTIVE_KIND(adaptive_avgpool1d, "adaptive_average_pooling1d", "AdaptiveAveragePooling1D", NULL,
              AVERAGE_TITLE, "y[i,c] = mean of x[u,c]" BIN, "adaptive_avgpool1d 4", 1, average, 0);
ADAPTIVE_KIND(adaptive_avgpool2d, "adaptive_average_pooling2d", "AdaptiveAveragePooling2D", NULL,
              AVERAGE_TITLE, "y[i,j,c] = mean of x[u,v,c]" BINS, "adaptive_avgpool2d 7x5", 2, average, 0);
ADAPTIVE_KIND(adaptive_avgpool3d, "adaptive_average_pooling3d", "AdaptiveAveragePooling3D", NULL,
              AVERAGE_TITLE, "y[d,i,j,c] = mean of x[t,u,v,c]" BINS, "adaptive_avgpool3d 4", 3, average, 0);
ADAPTIVE_KIND(adaptive_maxpool1d, "adaptive_max_pooling1d", "AdaptiveMaxPooling1D", NULL, MAX_TITLE,
              "y[i,c] = max of x[u,c]" BIN "\nthe first of equal values takes the gradient",
              "adaptive_maxpool1d 4", 1, max, STRIA_PART_SELECTION);
ADAPTIVE_KIND(adaptive_maxpool2d, "adaptive_max_pooling2d", "AdaptiveMaxPooling2D", NULL, MAX_TITLE,
              "y[i,j,c] = max of x[u,v,c]" BINS FIRST, "adaptive_maxpool2d 7x5", 2, max,
              STRIA_PART_SELECTION);
ADAPTIVE_KIND(adaptive_maxpool3d, "adaptive_max_pooling3d", "AdaptiveMaxPooling3D", NULL, MAX_TITLE,
              "y[d,i,j,c] = max of x[t,u,v,c]" BINS FIRST " (in Keras each does)", "adaptive_maxpool3d 4", 3,
              max, STRIA_PART_SELECTION);

/* Pooling over windows: the maximum, minimum or average of each, for signals, pictures and volumes. The three
 * differ in how many axes they ask of their input; windows always have three, unused ones of size 1. */
#include "base/error.h"
#include "layers/epilogue.h"
#include "layers/geometry.h"
#include "layers/kinds.h"

typedef struct config {
    stria_sizes pool_size, strides;
    stria_padding padding;
} config;

typedef struct state {
    stria_pool_kind kind;
    stria_window window;
    size_t channels;
} state;

#define LARGEST ((double)(1 << 30))

#define POOL_ARGUMENTS(default_size)                                                                         \
    {                                                                                                        \
        {"pool_size",                                                                                        \
         STRIA_ARG_SIZES,                                                                                    \
         offsetof(config, pool_size),                                                                        \
         default_size,                                                                                       \
         1,                                                                                                  \
         LARGEST,                                                                                            \
         NULL,                                                                                               \
         "sizes of the window as in 2x3; one number for all axes"},                                          \
            {"strides",                                                                                      \
             STRIA_ARG_SIZES,                                                                                \
             offsetof(config, strides),                                                                      \
             "",                                                                                             \
             1,                                                                                              \
             LARGEST,                                                                                        \
             NULL,                                                                                           \
             "how far the window moves; left out: pool_size"},                                               \
            {"padding",                                                                                      \
             STRIA_ARG_PADDING,                                                                              \
             offsetof(config, padding),                                                                      \
             "valid",                                                                                        \
             0,                                                                                              \
             LARGEST,                                                                                        \
             NULL,                                                                                           \
             "valid (windows inside the input), same, or numbers; padding never counts"},                    \
    }

/* As in Keras, only the average needs its size spelled out. */
static const stria_argument extreme_arguments[] = POOL_ARGUMENTS("2");
static const stria_argument average_arguments[] = POOL_ARGUMENTS(NULL);

static stria_status solve(const config *c, const stria_shape *input, stria_axis axes[3], stria_window *window,
                          stria_error *err)
{
    static const stria_sizes undilated = {1, {1}};
    const stria_sizes *strides = c->strides.count == 0 ? &c->pool_size : &c->strides;
    return stria_window_solve(input, &c->pool_size, strides, &undilated, &c->padding, axes, window, err);
}

static stria_status shape(const config *c, const stria_shape *input, int spatial, stria_layer_facts *facts,
                          stria_error *err)
{
    stria_axis axes[3];
    STRIA_TRY(stria_require_spatial(input, spatial, "pooling", err));
    STRIA_TRY(solve(c, input, axes, NULL, err));
    facts->output = *input;
    for (int a = 0; a < spatial; a++) {
        if (axes[a].before >= axes[a].kernel || axes[a].after >= axes[a].kernel)
            return stria_fail(
                err, STRIA_ERROR_VALUE,
                "padding %lld is not smaller than the window %lld: a window could lie wholly in the padding",
                (long long)(axes[a].before > axes[a].after ? axes[a].before : axes[a].after),
                (long long)axes[a].kernel);
        facts->field[a] = axes[a].kernel;
        facts->field_stride[a] = axes[a].stride;
        facts->field_before[a] = axes[a].before;
        facts->output.sizes[a] = axes[a].out;
    }
    return STRIA_OK;
}

STRIA_SPATIAL_SHAPE(shape, 1)
STRIA_SPATIAL_SHAPE(shape, 2)
STRIA_SPATIAL_SHAPE(shape, 3)

static void bind_kind(stria_layer_call *call, stria_layer_needs *needs, stria_pool_kind kind,
                      const char *name)
{
    state *s = call->state;
    stria_axis axes[3];
    solve(call->config, call->input_shapes[0], axes, &s->window, NULL);
    s->kind = kind;
    s->channels = stria_call_output_channels(call);
    if (call->differentiates && kind != STRIA_POOL_AVERAGE)
        needs->saved = stria_call_output_count(call) * stria_pool_index_size(&s->window);
    needs->backward_reads_output = call->derives.kind != STRIA_LINEAR;
    needs->backward_keeps_dy = !needs->backward_reads_output;
    needs->kernel = name;
}

static void bind_max(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_kind(call, needs, STRIA_POOL_MAX, "pool max");
}

static void bind_min(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_kind(call, needs, STRIA_POOL_MIN, "pool min");
}

static void bind_average(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_kind(call, needs, STRIA_POOL_AVERAGE, "pool average");
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    call->kernels->pool.forward(s->kind, &s->window, s->channels, call->batch, call->inputs[0], call->output,
                                call->saved, call->pool);
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
    call->kernels->pool.backward(s->kind, &s->window, s->channels, call->batch, call->dy, call->saved,
                                 call->dinputs[0], call->pool);
}

#define WINDOW_KIND(name_, aliases_, class_, onnx_, title_, formula_, spatial, pool, arguments_, part_)      \
    const stria_layer_kind stria_kind_##name_ = {                                                            \
        .name = #name_,                                                                                      \
        .aliases = aliases_,                                                                                 \
        .keras_class = class_,                                                                               \
        .onnx_operator = onnx_,                                                                              \
        .title = title_,                                                                                     \
        .formula = formula_,                                                                                 \
        .example = #name_ " 2",                                                                              \
        .config_size = sizeof(config),                                                                       \
        .arguments = arguments_,                                                                             \
        .argument_count = sizeof arguments_ / sizeof arguments_[0],                                          \
        .min_inputs = 1,                                                                                     \
        .max_inputs = 1,                                                                                     \
        .state_size = sizeof(state),                                                                         \
        .shape = shape_##spatial##d,                                                                         \
        .bind = bind_##pool,                                                                                 \
        .forward = forward,                                                                                  \
        .backward = backward,                                                                                \
        .part = part_,                                                                                       \
    }

#define FIRST "\nthe first of equal values takes the gradient"

WINDOW_KIND(maxpool1d, "max_pooling1d maxpooling1d", "MaxPooling1D", "MaxPool",
            "The largest value of each window.", "y[i,c] = max over u of x[i*s + u, c]" FIRST, 1, max,
            extreme_arguments, STRIA_PART_SELECTION);
WINDOW_KIND(maxpool2d, "max_pooling2d maxpooling2d", "MaxPooling2D", "MaxPool",
            "The largest value of each window.", "y[i,j,c] = max over u,v of x[i*s + u, j*s + v, c]" FIRST, 2,
            max, extreme_arguments, STRIA_PART_SELECTION);
WINDOW_KIND(maxpool3d, "max_pooling3d maxpooling3d", "MaxPooling3D", "MaxPool",
            "The largest value of each window.",
            "y[d,i,j,c] = max over t,u,v of x[d*s + t, i*s + u, j*s + v, c]" FIRST " (in Keras each does)", 3,
            max, extreme_arguments, STRIA_PART_SELECTION);

#define MIN_TITLE "The smallest value of each window (Keras has no such layer)."

WINDOW_KIND(minpool1d, "min_pooling1d minpooling1d", "MinPooling1D", "Neg+MaxPool+Neg", MIN_TITLE,
            "y[i,c] = min over u of x[i*s + u, c]" FIRST, 1, min, extreme_arguments, STRIA_PART_SELECTION);
WINDOW_KIND(minpool2d, "min_pooling2d minpooling2d", "MinPooling2D", "Neg+MaxPool+Neg", MIN_TITLE,
            "y[i,j,c] = min over u,v of x[i*s + u, j*s + v, c]" FIRST, 2, min, extreme_arguments,
            STRIA_PART_SELECTION);
WINDOW_KIND(minpool3d, "min_pooling3d minpooling3d", "MinPooling3D", "Neg+MaxPool+Neg", MIN_TITLE,
            "y[d,i,j,c] = min over t,u,v of x[d*s + t, i*s + u, j*s + v, c]" FIRST, 3, min, extreme_arguments,
            STRIA_PART_SELECTION);

WINDOW_KIND(avgpool1d, "average_pooling1d averagepool1d", "AveragePooling1D", "AveragePool",
            "The average of each window.", "y[i,c] = mean over u inside the signal of x[i*s + u, c]", 1,
            average, average_arguments, 0);
WINDOW_KIND(avgpool2d, "average_pooling2d averagepool2d", "AveragePooling2D", "AveragePool",
            "The average of each window.",
            "y[i,j,c] = mean over u,v inside the picture of x[i*s + u, j*s + v, c]", 2, average,
            average_arguments, 0);
WINDOW_KIND(avgpool3d, "average_pooling3d averagepool3d", "AveragePooling3D", "AveragePool",
            "The average of each window.",
            "y[d,i,j,c] = mean over t,u,v inside the volume of x[d*s + t, i*s + u, j*s + v, c]", 3, average,
            average_arguments, 0);

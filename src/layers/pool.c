/* Pooling layers: maximum, minimum and average over windows, and the average over the whole picture. */
#include "base/error.h"
#include "base/size.h"
#include "layers/epilogue.h"
#include "layers/geometry.h"
#include "layers/kinds.h"

typedef struct config {
    stria_sizes pool_size, strides;
    stria_padding padding;
} config;

typedef struct global_config {
    bool keepdims;
} global_config;

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
         "rows x columns of the window; one number for both"},                                               \
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

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    stria_axis axes[3];
    STRIA_TRY(stria_require_spatial(&inputs[0], 2, "pooling", err));
    STRIA_TRY(solve(c, &inputs[0], axes, NULL, err));
    for (int a = 0; a < 2; a++) {
        if (axes[a].before >= axes[a].kernel || axes[a].after >= axes[a].kernel)
            return stria_fail(
                err, STRIA_ERROR_VALUE,
                "padding %lld is not smaller than the window %lld: a window could lie wholly in the padding",
                (long long)(axes[a].before > axes[a].after ? axes[a].before : axes[a].after),
                (long long)axes[a].kernel);
        facts->field[a] = axes[a].kernel;
        facts->field_stride[a] = axes[a].stride;
        facts->field_before[a] = axes[a].before;
    }
    facts->output = (stria_shape){3, {axes[0].out, axes[1].out, inputs[0].sizes[2]}};
    return STRIA_OK;
}

static void bind_kind(stria_layer_call *call, stria_layer_needs *needs, stria_pool_kind kind,
                      const char *name)
{
    state *s = call->state;
    stria_axis axes[3];
    solve(call->config, call->input_shapes[0], axes, &s->window, NULL);
    s->kind = kind;
    s->channels = (size_t)call->input_shapes[0]->sizes[2];
    if (call->training && kind != STRIA_POOL_AVERAGE)
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

const stria_layer_kind stria_kind_maxpool2d = {
    .name = "maxpool2d",
    .aliases = "max_pooling2d maxpooling2d",
    .keras_class = "MaxPooling2D",
    .onnx_operator = "MaxPool",
    .title = "The largest value of each window.",
    .formula = "y[i,j,c] = max over u,v of x[i*s + u, j*s + v, c]\n"
               "the first of equal values takes the gradient",
    .example = "maxpool2d 2",
    .config_size = sizeof(config),
    .arguments = extreme_arguments,
    .argument_count = sizeof extreme_arguments / sizeof extreme_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = shape,
    .bind = bind_max,
    .forward = forward,
    .backward = backward,
    .part = STRIA_PART_SELECTION,
};

const stria_layer_kind stria_kind_minpool2d = {
    .name = "minpool2d",
    .aliases = "min_pooling2d",
    .keras_class = "MinPooling2D",
    .onnx_operator = "Neg+MaxPool+Neg",
    .title = "The smallest value of each window (Keras has no such layer).",
    .formula = "y[i,j,c] = min over u,v of x[i*s + u, j*s + v, c]\n"
               "the first of equal values takes the gradient",
    .example = "minpool2d 2",
    .config_size = sizeof(config),
    .arguments = extreme_arguments,
    .argument_count = sizeof extreme_arguments / sizeof extreme_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = shape,
    .bind = bind_min,
    .forward = forward,
    .backward = backward,
    .part = STRIA_PART_SELECTION,
};

const stria_layer_kind stria_kind_avgpool2d = {
    .name = "avgpool2d",
    .aliases = "average_pooling2d averagepool2d",
    .keras_class = "AveragePooling2D",
    .onnx_operator = "AveragePool",
    .title = "The average of each window.",
    .formula = "y[i,j,c] = mean over u,v inside the picture of x[i*s + u, j*s + v, c]",
    .example = "avgpool2d 2",
    .config_size = sizeof(config),
    .arguments = average_arguments,
    .argument_count = sizeof average_arguments / sizeof average_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = shape,
    .bind = bind_average,
    .forward = forward,
    .backward = backward,
};

/* ---- The whole picture as one window ---- */

static const stria_argument global_arguments[] = {
    {"keepdims", STRIA_ARG_BOOLEAN, offsetof(global_config, keepdims), "no", 0, 0, NULL,
     "give 1x1xC instead of C"},
};

static stria_status global_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const global_config *c = settings;
    STRIA_TRY(stria_require_spatial(&inputs[0], 2, "global pooling", err));
    int64_t channels = inputs[0].sizes[2];
    facts->output = c->keepdims ? (stria_shape){3, {1, 1, channels}} : (stria_shape){1, {channels}};
    facts->sees_all = true;
    return STRIA_OK;
}

static void global_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const stria_shape *input = call->input_shapes[0];
    state *s = call->state;
    *s = (state){.kind = STRIA_POOL_AVERAGE, .channels = (size_t)input->sizes[2]};
    for (int i = 0; i < 3; i++) {
        size_t size = i == 0 ? 1 : (size_t)input->sizes[i - 1];
        s->window.in[i] = s->window.kernel[i] = s->window.stride[i] = size;
        s->window.out[i] = s->window.dilation[i] = 1;
    }
    needs->kernel = "pool average";
}

const stria_layer_kind stria_kind_global_avgpool2d = {
    .name = "global_avgpool2d",
    .aliases = "global_average_pooling2d globalavgpool2d",
    .keras_class = "GlobalAveragePooling2D",
    .onnx_operator = "GlobalAveragePool",
    .title = "The average of each feature map.",
    .formula = "y[c] = mean over i,j of x[i,j,c]",
    .example = "global_avgpool2d",
    .config_size = sizeof(global_config),
    .arguments = global_arguments,
    .argument_count = sizeof global_arguments / sizeof global_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = global_shape,
    .bind = global_bind,
    .forward = forward,
    .backward = backward,
};

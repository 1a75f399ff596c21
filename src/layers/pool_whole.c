/* Global pooling: one number for each feature map, its maximum, minimum or average over all positions.
 * Averages are windows as large as the input; extremes share their gradient among equal values, as reductions
 * do in Keras. */
#include "base/error.h"
#include "kernels/middle.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "tensor/shape.h"

typedef struct config {
    bool keepdims;
} config;

typedef struct state {
    stria_window window; /* all positions */
    stria_pool_kind kind;
    size_t positions, channels;
} state;

static const stria_argument arguments[] = {
    {"keepdims", STRIA_ARG_BOOLEAN, offsetof(config, keepdims), "no", 0, 0, NULL,
     "keep the spatial axes, with size 1: 1x1xC instead of C"},
};

static stria_status shape(const config *c, const stria_shape *input, int spatial, stria_layer_facts *facts,
                          stria_error *err)
{
    STRIA_TRY(stria_require_spatial(input, spatial, "global pooling", err));
    int64_t channels = input->sizes[spatial];
    facts->output = (stria_shape){1, {channels}};
    if (c->keepdims) {
        facts->output = (stria_shape){spatial + 1, {1, 1, 1}};
        facts->output.sizes[spatial] = channels;
    }
    facts->sees_all = true;
    return STRIA_OK;
}

STRIA_SPATIAL_SHAPE(shape, 1)
STRIA_SPATIAL_SHAPE(shape, 2)
STRIA_SPATIAL_SHAPE(shape, 3)

static void bind_kind(stria_layer_call *call, stria_pool_kind kind)
{
    const stria_shape *input = call->input_shapes[0];
    state *s = call->state;
    s->kind = kind;
    s->channels = (size_t)input->sizes[input->rank - 1];
    s->positions = (size_t)stria_shape_elements(input) / s->channels;
    for (int i = 0; i < 3; i++) {
        int axis = i - (4 - input->rank);
        size_t size = axis < 0 ? 1 : (size_t)input->sizes[axis];
        s->window.in[i] = s->window.kernel[i] = s->window.stride[i] = size;
        s->window.out[i] = s->window.dilation[i] = 1;
    }
}

static void bind_average(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_kind(call, STRIA_POOL_AVERAGE);
    needs->backward_keeps_dy = true;
    needs->kernel = "pool average";
}

static void bind_extreme(stria_layer_call *call, stria_layer_needs *needs, stria_pool_kind kind)
{
    bind_kind(call, kind);
    needs->backward_reads_input = true;
    needs->backward_reads_output = true;
    needs->backward_keeps_dy = call->derives.kind == STRIA_LINEAR;
    needs->kernel = kind == STRIA_POOL_MAX ? "global max" : "global min";
}

static void bind_max(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_extreme(call, needs, STRIA_POOL_MAX);
}

static void bind_min(stria_layer_call *call, stria_layer_needs *needs)
{
    bind_extreme(call, needs, STRIA_POOL_MIN);
}

static stria_middle middle_of(const stria_layer_call *call)
{
    const state *s = call->state;
    return (stria_middle){call->batch, s->positions, s->channels};
}

/* Windows take extremes fastest, but drop NaN and do not know infinity. */
static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    const stria_middle middle = middle_of(call);
    const float *x = call->inputs[0];
    if (s->kind == STRIA_POOL_AVERAGE ||
        call->kernels->reduce.all_finite(x, call->batch * s->positions * s->channels, call->pool))
        call->kernels->pool.forward(s->kind, &s->window, s->channels, call->batch, x, call->output, NULL,
                                    call->pool);
    else
        stria_middle_pool(s->kind, &middle, x, call->output, call->pool);
}

/* What an extreme selects is the output of the layer before, so its derivative there goes by the extreme. */
static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    const stria_middle middle = middle_of(call);
    if (call->dinputs[0] == NULL)
        return;
    if (s->kind == STRIA_POOL_AVERAGE) {
        call->kernels->pool.backward(s->kind, &s->window, s->channels, call->batch, call->dy, NULL,
                                     call->dinputs[0], call->pool);
        return;
    }
    if (call->derives.kind != STRIA_LINEAR)
        call->kernels->elementwise.activate_gradient(call->derives, call->output, call->dy, call->dy,
                                                     stria_call_output_count(call), call->pool);
    stria_middle_pool_gradient(s->kind, &middle, call->inputs[0], call->output, call->dy, call->dinputs[0],
                               call->pool);
}

#define WHOLE_KIND(name_, aliases_, class_, onnx_, title_, formula_, spatial, pool, part_)                   \
    const stria_layer_kind stria_kind_##name_ = {                                                            \
        .name = #name_,                                                                                      \
        .aliases = aliases_,                                                                                 \
        .keras_class = class_,                                                                               \
        .onnx_operator = onnx_,                                                                              \
        .title = title_,                                                                                     \
        .formula = formula_,                                                                                 \
        .example = #name_,                                                                                   \
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

#define SHARED "\nequal values share the gradient evenly"

WHOLE_KIND(global_avgpool1d, "global_average_pooling1d globalavgpool1d", "GlobalAveragePooling1D",
           "GlobalAveragePool", "The average of each feature map.", "y[c] = mean over i of x[i,c]", 1,
           average, 0);
WHOLE_KIND(global_avgpool2d, "global_average_pooling2d globalavgpool2d", "GlobalAveragePooling2D",
           "GlobalAveragePool", "The average of each feature map.", "y[c] = mean over i,j of x[i,j,c]", 2,
           average, 0);
WHOLE_KIND(global_avgpool3d, "global_average_pooling3d globalavgpool3d", "GlobalAveragePooling3D",
           "GlobalAveragePool", "The average of each feature map.", "y[c] = mean over d,i,j of x[d,i,j,c]", 3,
           average, 0);

WHOLE_KIND(global_maxpool1d, "global_max_pooling1d globalmaxpool1d", "GlobalMaxPooling1D", "GlobalMaxPool",
           "The largest value of each feature map.", "y[c] = max over i of x[i,c]" SHARED, 1, max,
           STRIA_PART_SELECTION);
WHOLE_KIND(global_maxpool2d, "global_max_pooling2d globalmaxpool2d", "GlobalMaxPooling2D", "GlobalMaxPool",
           "The largest value of each feature map.", "y[c] = max over i,j of x[i,j,c]" SHARED, 2, max,
           STRIA_PART_SELECTION);
WHOLE_KIND(global_maxpool3d, "global_max_pooling3d globalmaxpool3d", "GlobalMaxPooling3D", "GlobalMaxPool",
           "The largest value of each feature map.", "y[c] = max over d,i,j of x[d,i,j,c]" SHARED, 3, max,
           STRIA_PART_SELECTION);

#define MIN_TITLE "The smallest value of each feature map (Keras has no such layer)."

WHOLE_KIND(global_minpool1d, "global_min_pooling1d globalminpool1d", "GlobalMinPooling1D", "ReduceMin",
           MIN_TITLE, "y[c] = min over i of x[i,c]" SHARED, 1, min, STRIA_PART_SELECTION);
WHOLE_KIND(global_minpool2d, "global_min_pooling2d globalminpool2d", "GlobalMinPooling2D", "ReduceMin",
           MIN_TITLE, "y[c] = min over i,j of x[i,j,c]" SHARED, 2, min, STRIA_PART_SELECTION);
WHOLE_KIND(global_minpool3d, "global_min_pooling3d globalminpool3d", "GlobalMinPooling3D", "ReduceMin",
           MIN_TITLE, "y[c] = min over d,i,j of x[d,i,j,c]" SHARED, 3, min, STRIA_PART_SELECTION);

/* Zero padding and cropping: a border of zeros is added or a border is cut off. Each is the other's gradient.
 */
#include "base/error.h"
#include "kernels/arrange.h"
#include "layers/epilogue.h"
#include "layers/geometry.h"
#include "layers/kinds.h"

/* Both have one argument. */
typedef struct config {
    stria_padding border;
} config;

typedef struct state {
    stria_box box;
} state;

static const char *const axis_names[3][3] = {{"length"}, {"height", "width"}, {"depth", "height", "width"}};

#define BORDER_ARGUMENT(name, default_value, help)                                                           \
    {                                                                                                        \
        {                                                                                                    \
            name, STRIA_ARG_PADDING, offsetof(config, border), default_value, 0, (double)(1 << 30), NULL,    \
            help},                                                                                           \
    }

#define FORMS ": 1 on every side, 1x2 for each axis, or 0,1,0,1 before and after each"

static const stria_argument padding_arguments[] = BORDER_ARGUMENT("padding", "1", "zeros" FORMS);
static const stria_argument cropping_arguments[] =
    BORDER_ARGUMENT("cropping", "1", "numbers to cut off" FORMS);
/* As in Keras, which crops pictures by nothing unless told. */
static const stria_argument cropping2d_arguments[] =
    BORDER_ARGUMENT("cropping", "0", "numbers to cut off" FORMS);

static stria_status border_at(const config *c, const char *kind, int spatial, int axis, int64_t *before,
                              int64_t *after, stria_error *err)
{
    if (c->border.mode != STRIA_PADDING_EXPLICIT)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s takes numbers, as 1 or 0,1,0,1, not a word", kind);
    return stria_padding_at(&c->border, spatial, axis, before, after, err);
}

static stria_status pad_shape(const config *c, const stria_shape *input, int spatial,
                              stria_layer_facts *facts, stria_error *err)
{
    STRIA_TRY(stria_require_spatial(input, spatial, "zero padding", err));
    facts->output = *input;
    for (int a = 0; a < spatial; a++) {
        int64_t before, after;
        STRIA_TRY(border_at(c, "zero padding", spatial, a, &before, &after, err));
        if (input->sizes[a] != STRIA_ANY_SIZE)
            facts->output.sizes[a] += before + after;
        facts->field_before[a] = before;
    }
    return STRIA_OK;
}

static stria_status crop_shape(const config *c, const stria_shape *input, int spatial,
                               stria_layer_facts *facts, stria_error *err)
{
    STRIA_TRY(stria_require_spatial(input, spatial, "cropping", err));
    facts->output = *input;
    for (int a = 0; a < spatial; a++) {
        int64_t before, after, in = input->sizes[a];
        STRIA_TRY(border_at(c, "cropping", spatial, a, &before, &after, err));
        facts->field_before[a] = -before;
        if (in == STRIA_ANY_SIZE)
            continue;
        if (in - before - after < 1)
            return stria_fail(
                err, STRIA_ERROR_SHAPE,
                "nothing is left of the %s: input %lld - %lld - %lld = %lld; crop less or give a larger "
                "input",
                axis_names[spatial - 1][a], (long long)in, (long long)before, (long long)after,
                (long long)(in - before - after));
        facts->output.sizes[a] = in - before - after;
    }
    return STRIA_OK;
}

STRIA_SPATIAL_SHAPE(pad_shape, 1)
STRIA_SPATIAL_SHAPE(pad_shape, 2)
STRIA_SPATIAL_SHAPE(pad_shape, 3)
STRIA_SPATIAL_SHAPE(crop_shape, 1)
STRIA_SPATIAL_SHAPE(crop_shape, 2)
STRIA_SPATIAL_SHAPE(crop_shape, 3)

static void bind(stria_layer_call *call, stria_layer_needs *needs, int direction, const char *name)
{
    state *s = call->state;
    const stria_shape *input = call->input_shapes[0], *output = call->output_shape;
    const config *c = call->config;
    int spatial = input->rank - 1;
    s->box = (stria_box){.channels = (size_t)input->sizes[spatial]};
    for (int i = 0; i < 3; i++) {
        int axis = i - (3 - spatial);
        int64_t before = 0, after = 0;
        if (axis >= 0)
            stria_padding_at(&c->border, spatial, axis, &before, &after, NULL);
        s->box.in[i] = axis < 0 ? 1 : (size_t)input->sizes[axis];
        s->box.out[i] = axis < 0 ? 1 : (size_t)output->sizes[axis];
        s->box.offset[i] = direction * before;
    }
    needs->backward_keeps_dy = true;
    needs->kernel = name;
}

static void bind_padding(stria_layer_call *call, stria_layer_needs *needs)
{
    bind(call, needs, -1, "pad");
}

static void bind_cropping(stria_layer_call *call, stria_layer_needs *needs)
{
    bind(call, needs, 1, "crop");
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    stria_box_copy(&s->box, call->batch, call->inputs[0], call->output, call->pool);
}

static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    const stria_box back = stria_box_reverse(&s->box);
    if (call->dinputs[0] != NULL)
        stria_box_copy(&back, call->batch, call->dy, call->dinputs[0], call->pool);
}

#define BORDER_KIND(name_, class_, onnx_, title_, formula_, example_, arguments_, what, bind_)               \
    const stria_layer_kind stria_kind_##name_ = {                                                            \
        .name = #name_,                                                                                      \
        .aliases = "",                                                                                       \
        .keras_class = class_,                                                                               \
        .onnx_operator = onnx_,                                                                              \
        .title = title_,                                                                                     \
        .formula = formula_,                                                                                 \
        .example = #name_ " " example_,                                                                      \
        .config_size = sizeof(config),                                                                       \
        .arguments = arguments_,                                                                             \
        .argument_count = 1,                                                                                 \
        .min_inputs = 1,                                                                                     \
        .max_inputs = 1,                                                                                     \
        .state_size = sizeof(state),                                                                         \
        .shape = what,                                                                                       \
        .bind = bind_,                                                                                       \
        .forward = forward,                                                                                  \
        .backward = backward,                                                                                \
    }

BORDER_KIND(zero_padding1d, "ZeroPadding1D", "Pad", "Zeros before and after a signal.",
            "y[i,c] = x[i - before, c], 0 where there is no x", "1x2", padding_arguments, pad_shape_1d,
            bind_padding);
BORDER_KIND(zero_padding2d, "ZeroPadding2D", "Pad", "Zeros around a picture.",
            "y[i,j,c] = x[i - top, j - left, c], 0 where there is no x", "0,1,0,1", padding_arguments,
            pad_shape_2d, bind_padding);
BORDER_KIND(zero_padding3d, "ZeroPadding3D", "Pad", "Zeros around a volume.",
            "y[d,i,j,c] = x[d - front, i - top, j - left, c], 0 where there is no x", "1", padding_arguments,
            pad_shape_3d, bind_padding);
BORDER_KIND(cropping1d, "Cropping1D", "Slice", "A signal without its ends.", "y[i,c] = x[i + before, c]",
            "1x2", cropping_arguments, crop_shape_1d, bind_cropping);
BORDER_KIND(cropping2d, "Cropping2D", "Slice", "A picture without its border.",
            "y[i,j,c] = x[i + top, j + left, c]", "0,1,0,1", cropping2d_arguments, crop_shape_2d,
            bind_cropping);
BORDER_KIND(cropping3d, "Cropping3D", "Slice", "A volume without its border.",
            "y[d,i,j,c] = x[d + front, i + top, j + left, c]", "1", cropping_arguments, crop_shape_3d,
            bind_cropping);

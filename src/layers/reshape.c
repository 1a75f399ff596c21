/* Layers that only give the same numbers another shape: flatten and reshape. They cost nothing: the output is
 * the input's memory. */
#include "base/error.h"
#include "base/size.h"
#include "layers/kinds.h"
#include "tensor/shape.h"

static stria_status flatten_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)settings, (void)input_count;
    int64_t count;
    STRIA_TRY(stria_shape_count(&inputs[0], &count, err));
    facts->output = (stria_shape){1, {count < 0 ? STRIA_ANY_SIZE : count}};
    facts->sees_all = false;
    return STRIA_OK;
}

static void bind_view(stria_layer_call *call, stria_layer_needs *needs)
{
    (void)call;
    needs->view = true;
    needs->kernel = "";
}

static void nothing(const stria_layer_call *call)
{
    (void)call;
}

const stria_layer_kind stria_kind_flatten = {
    .name = "flatten",
    .aliases = "",
    .keras_class = "Flatten",
    .onnx_operator = "Flatten",
    .title = "All numbers of a sample in one row, channels fastest.",
    .formula = "y[(i*W + j)*C + c] = x[i,j,c]",
    .example = "flatten",
    .config_size = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = flatten_shape,
    .bind = bind_view,
    .forward = nothing,
    .backward = nothing,
};

/* ---- reshape ---- */

typedef struct reshape_config {
    stria_shape target_shape;
} reshape_config;

static const stria_argument reshape_arguments[] = {
    {"target_shape", STRIA_ARG_SHAPE, offsetof(reshape_config, target_shape), NULL, -1, -1, NULL,
     "sizes as in 7x7x16 without the batch; one may be -1 or ?: whatever is left"},
};

/* The open size of `target`, or -1. Errors: VALUE for several. */
static stria_status open_axis(const stria_shape *target, int *axis, stria_error *err)
{
    *axis = -1;
    for (int a = 0; a < target->rank; a++) {
        if (target->sizes[a] != STRIA_ANY_SIZE)
            continue;
        if (*axis >= 0)
            return stria_fail(err, STRIA_ERROR_VALUE, "reshape: only one size may be left open");
        *axis = a;
    }
    return STRIA_OK;
}

/* The receptive field has no meaning along axes that are made of others. */
static stria_status reshape_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const reshape_config *c = settings;
    stria_shape *output = &facts->output;
    int64_t count, filled;
    int axis;
    *output = c->target_shape;
    STRIA_TRY(open_axis(output, &axis, err));
    if (axis >= 0)
        output->sizes[axis] = 1;
    STRIA_TRY(stria_shape_count(output, &filled, err));
    STRIA_TRY(stria_shape_count(&inputs[0], &count, err));
    facts->sees_all = inputs[0].rank > 1 && output->rank > 1;
    if (axis >= 0)
        output->sizes[axis] = count < 0 ? STRIA_ANY_SIZE : count / filled;
    if (count < 0 || (axis >= 0 ? count % filled == 0 : count == filled))
        return STRIA_OK;
    char from[STRIA_SHAPE_TEXT_SIZE], to[STRIA_SHAPE_TEXT_SIZE];
    return stria_fail(err, STRIA_ERROR_SHAPE,
                      "reshape: the input %s has %lld numbers, which do not fill %s%s%lld",
                      stria_shape_text(&inputs[0], from, sizeof from), (long long)count,
                      stria_shape_text(&c->target_shape, to, sizeof to),
                      axis >= 0 ? ", a multiple of " : " = ", (long long)filled);
}

const stria_layer_kind stria_kind_reshape = {
    .name = "reshape",
    .aliases = "",
    .keras_class = "Reshape",
    .onnx_operator = "Reshape",
    .title = "The same numbers in the same order under another shape.",
    .formula = "element e in row-major order stays element e",
    .example = "reshape 16x-1",
    .config_size = sizeof(reshape_config),
    .arguments = reshape_arguments,
    .argument_count = sizeof reshape_arguments / sizeof reshape_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = reshape_shape,
    .bind = bind_view,
    .forward = nothing,
    .backward = nothing,
};

/* Layers that only give the same numbers another shape: flatten. They cost nothing: the output is the input's
 * memory. */
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

/* Layers with several inputs: add and concat. */
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "layers/merge_broadcast.h"
#include "tensor/shape.h"

/* ---- add ---- */

/* Sizes agree when they are equal or one is open; fills in open ones. */
static stria_status agree(const stria_shape *inputs, size_t input_count, int free_axis, const char *kind,
                          stria_shape *common, stria_error *err)
{
    *common = inputs[0];
    for (size_t i = 1; i < input_count; i++) {
        bool fits = inputs[i].rank == common->rank;
        for (int a = 0; fits && a < common->rank; a++) {
            int64_t size = inputs[i].sizes[a];
            if (a == free_axis || size == STRIA_ANY_SIZE)
                continue;
            if (common->sizes[a] == STRIA_ANY_SIZE)
                common->sizes[a] = size;
            fits = common->sizes[a] == size;
        }
        if (!fits) {
            char first[STRIA_SHAPE_TEXT_SIZE], other[STRIA_SHAPE_TEXT_SIZE];
            return stria_fail(err, STRIA_ERROR_SHAPE, "%s: input 1 is %s and input %zu is %s; %s", kind,
                              stria_shape_text(&inputs[0], first, sizeof first), i + 1,
                              stria_shape_text(&inputs[i], other, sizeof other),
                              free_axis < 0 ? "they must be equal" : "they may differ only along the axis");
        }
    }
    return STRIA_OK;
}

static stria_status add_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                              stria_layer_facts *facts, stria_error *err)
{
    (void)settings;
    return stria_merge_shape(inputs, input_count, "add", &facts->output, err);
}

static void add_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    stria_merge *merge = call->state;
    stria_merge_bind(call, merge);
    needs->backward_reads_output = call->differentiates && call->taken.activation.kind != STRIA_LINEAR;
    needs->backward_adds = merge->all_whole;
    needs->kernel = "add";
}

static void add_forward(const stria_layer_call *call)
{
    const stria_merge *merge = call->state;
    size_t count = stria_call_output_count(call), last = call->input_count - 1;
    const float *sum = call->inputs[0];
    if (!merge->all_whole) {
        stria_merge_forward(call, merge, STRIA_BROADCAST_ADD);
        call->kernels->elementwise.activate(call->taken.activation, call->output, call->output, count,
                                            call->pool);
        return;
    }
    for (size_t i = 1; i < last; sum = call->output, i++)
        call->kernels->elementwise.add(sum, call->inputs[i], call->output, count, call->pool);
    call->kernels->elementwise.add_activate(sum, call->inputs[last], call->taken.activation, call->output,
                                            count, call->pool);
}

/* The gradient of the sum is the gradient of each input: where the plan has given an input the same memory
 * nothing is left to do. */
static void add_backward(const stria_layer_call *call)
{
    const stria_merge *merge = call->state;
    size_t count = stria_call_output_count(call);
    if (call->taken.activation.kind != STRIA_LINEAR)
        call->kernels->elementwise.activate_gradient(call->taken.activation, call->output, call->dy, call->dy,
                                                     count, call->pool);
    for (size_t i = 0; i < call->input_count; i++) {
        float *dinput = call->dinputs[i];
        if (!merge->all_whole) {
            if (dinput != call->dy)
                stria_merge_give(call, merge, i, call->dy, 1);
            continue;
        }
        if (dinput != NULL && call->adds_dinput[i])
            call->kernels->elementwise.add(dinput, call->dy, dinput, count, call->pool);
        else if (dinput != NULL && dinput != call->dy)
            memcpy(dinput, call->dy, count * sizeof(float));
    }
}

const stria_layer_kind stria_kind_add = {
    .name = "add",
    .aliases = "",
    .keras_class = "Add",
    .onnx_operator = "Add",
    .title = "The sum of its inputs.",
    .formula = "y = a + b + ...; sizes of 1 are repeated",
    .example = "add(stem, x)",
    .config_size = 1,
    .min_inputs = 2,
    .max_inputs = STRIA_MAX_INPUTS,
    .state_size = sizeof(stria_merge),
    .shape = add_shape,
    .bind = add_bind,
    .forward = add_forward,
    .backward = add_backward,
    .takes = STRIA_PART_ACTIVATION | STRIA_PART_CURVED,
    .takes_in_training = STRIA_PART_ACTIVATION,
    .part = STRIA_PART_SUM,
};

/* ---- concat ---- */

typedef struct concat_config {
    int64_t axis;
} concat_config;

/* Each input is `rows` rows of its width; the output's rows are theirs side by side. */
typedef struct concat_state {
    size_t rows; /* for one sample */
    size_t widths[STRIA_MAX_INPUTS], total;
} concat_state;

static const stria_argument concat_arguments[] = {
    STRIA_AXIS_ARGUMENT(concat_config, axis, "along which they are joined; 1 is the first after the batch"),
};

static stria_status concat_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    const concat_config *c = settings;
    int axis;
    STRIA_TRY(stria_find_axis(c->axis, &inputs[0], "concat", &axis, err));
    STRIA_TRY(agree(inputs, input_count, axis, "concat", &facts->output, err));
    int64_t total = 0;
    for (size_t i = 0; i < input_count; i++) {
        int64_t size = inputs[i].sizes[axis];
        if (size == STRIA_ANY_SIZE || total == STRIA_ANY_SIZE)
            total = STRIA_ANY_SIZE;
        else
            total += size;
    }
    facts->output.sizes[axis] = total;
    return STRIA_OK;
}

static void concat_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const concat_config *c = call->config;
    concat_state *s = call->state;
    int rank = call->output_shape->rank, axis = 0;
    stria_find_axis(c->axis, call->output_shape, "concat", &axis, NULL);
    *s = (concat_state){.rows = 1};
    for (int a = 0; a < axis; a++)
        s->rows *= (size_t)call->output_shape->sizes[a];
    for (size_t i = 0; i < call->input_count; i++) {
        s->widths[i] = 1;
        for (int a = axis; a < rank; a++)
            s->widths[i] *= (size_t)call->input_shapes[i]->sizes[a];
        s->total += s->widths[i];
    }
    needs->kernel = "copy";
}

static void concat_forward(const stria_layer_call *call)
{
    const concat_state *s = call->state;
    size_t at = 0;
    for (size_t i = 0; i < call->input_count; at += s->widths[i++])
        call->kernels->elementwise.copy_rows(call->inputs[i], s->widths[i], call->output + at, s->total,
                                             s->widths[i], s->rows * call->batch, call->pool);
}

static void concat_backward(const stria_layer_call *call)
{
    const concat_state *s = call->state;
    size_t at = 0;
    for (size_t i = 0; i < call->input_count; at += s->widths[i++])
        if (call->dinputs[i] != NULL)
            call->kernels->elementwise.copy_rows(call->dy + at, s->total, call->dinputs[i], s->widths[i],
                                                 s->widths[i], s->rows * call->batch, call->pool);
}

const stria_layer_kind stria_kind_concat = {
    .name = "concat",
    .aliases = "concatenate",
    .keras_class = "Concatenate",
    .onnx_operator = "Concat",
    .title = "Its inputs side by side along one axis.",
    .formula = "y[..., 0:A] = a, y[..., A:A+B] = b, ...",
    .example = "concat(a, b)",
    .config_size = sizeof(concat_config),
    .arguments = concat_arguments,
    .argument_count = sizeof concat_arguments / sizeof concat_arguments[0],
    .min_inputs = 2,
    .max_inputs = STRIA_MAX_INPUTS,
    .state_size = sizeof(concat_state),
    .shape = concat_shape,
    .bind = concat_bind,
    .forward = concat_forward,
    .backward = concat_backward,
};

/* Joining number by number: subtract, multiply, average, maximum, minimum, and what add shares with them. */
#include "layers/merge_broadcast.h"

#include <string.h>

#include "base/error.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "tensor/shape.h"

/* The size of an axis counted from the last; 1 beyond the first. */
static int64_t size_from_end(const stria_shape *shape, int from_end)
{
    return from_end < shape->rank ? shape->sizes[shape->rank - 1 - from_end] : 1;
}

stria_status stria_merge_shape(const stria_shape *inputs, size_t input_count, const char *kind,
                               stria_shape *output, stria_error *err)
{
    *output = inputs[0];
    for (size_t i = 1; i < input_count; i++) {
        stria_shape merged = {.rank = output->rank > inputs[i].rank ? output->rank : inputs[i].rank};
        for (int a = 0; a < merged.rank; a++) {
            int64_t one = size_from_end(output, a), other = size_from_end(&inputs[i], a);
            /* Where one size is open and the other is not 1, only that other one can come out. */
            int64_t size = one == 1 || (one == STRIA_ANY_SIZE && other != 1) ? other : one;
            if (size != one && one != 1 && one != STRIA_ANY_SIZE)
                size = 0;
            if (size != other && other != 1 && other != STRIA_ANY_SIZE)
                size = 0;
            if (size == 0) {
                char first[STRIA_SHAPE_TEXT_SIZE], second[STRIA_SHAPE_TEXT_SIZE];
                return stria_fail(err, STRIA_ERROR_SHAPE,
                                  "%s: input %zu is %s and does not fit to %s; sizes, from the last on, must "
                                  "be equal or 1",
                                  kind, i + 1, stria_shape_text(&inputs[i], second, sizeof second),
                                  stria_shape_text(output, first, sizeof first));
            }
            merged.sizes[merged.rank - 1 - a] = size;
        }
        *output = merged;
    }
    return STRIA_OK;
}

/* The sizes of one sample, with axes of 1 in front up to `rank`. */
static void align(const stria_shape *shape, int rank, size_t *sizes)
{
    for (int a = 0; a < rank; a++)
        sizes[rank - 1 - a] = (size_t)size_from_end(shape, a);
}

void stria_merge_bind(const stria_layer_call *call, stria_merge *merge)
{
    const int rank = call->output_shape->rank;
    size_t result[STRIA_MAX_RANK], first[STRIA_MAX_RANK], input[STRIA_MAX_RANK];
    align(call->output_shape, rank, result);
    align(call->input_shapes[0], rank, first);
    merge->all_whole = true;
    for (size_t k = 0; k < call->input_count; k++) {
        align(call->input_shapes[k], rank, input);
        merge->whole[k] = memcmp(input, result, (size_t)rank * sizeof result[0]) == 0;
        merge->all_whole = merge->all_whole && merge->whole[k];
        stria_broadcast_make(&merge->with[k], rank, result, result, true, input, true);
        if (k == 1)
            stria_broadcast_make(&merge->first, rank, result, first, true, input, true);
    }
}

void stria_merge_forward(const stria_layer_call *call, const stria_merge *merge,
                         stria_broadcast_operation operation)
{
    stria_broadcast_apply(call->kernels, operation, &merge->first, call->batch, call->inputs[0],
                          call->inputs[1], call->output, call->pool);
    for (size_t k = 2; k < call->input_count; k++)
        stria_broadcast_apply(call->kernels, operation, &merge->with[k], call->batch, call->output,
                              call->inputs[k], call->output, call->pool);
}

/* Elements of input k in this run. */
static size_t input_count_of(const stria_layer_call *call, size_t k)
{
    size_t count = call->batch;
    for (int a = 0; a < call->input_shapes[k]->rank; a++)
        count *= (size_t)call->input_shapes[k]->sizes[a];
    return count;
}

void stria_merge_give(const stria_layer_call *call, const stria_merge *merge, size_t k, const float *g,
                      float factor)
{
    float *dinput = call->dinputs[k];
    const size_t count = input_count_of(call, k);
    if (dinput == NULL)
        return;
    if (!merge->whole[k]) {
        stria_broadcast_sum(call->kernels, &merge->with[k], call->batch, g, dinput, call->pool);
        g = dinput;
    }
    if (factor < 1 || factor > 1)
        call->kernels->elementwise.scale(g, factor, 0, dinput, count, call->pool);
    else if (g != dinput)
        memcpy(dinput, g, count * sizeof *dinput);
}

/* ---- subtract, average ---- */

static stria_status subtract_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                   stria_layer_facts *facts, stria_error *err)
{
    (void)settings;
    return stria_merge_shape(inputs, input_count, "subtract", &facts->output, err);
}

static void subtract_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    stria_merge_bind(call, call->state);
    needs->backward_keeps_dy = true;
    needs->kernel = "subtract";
}

static void subtract_forward(const stria_layer_call *call)
{
    stria_merge_forward(call, call->state, STRIA_BROADCAST_SUBTRACT);
}

static void subtract_backward(const stria_layer_call *call)
{
    stria_merge_give(call, call->state, 0, call->dy, 1);
    stria_merge_give(call, call->state, 1, call->dy, -1);
}

const stria_layer_kind stria_kind_subtract = {
    .name = "subtract",
    .aliases = "",
    .keras_class = "Subtract",
    .onnx_operator = "Sub",
    .title = "The first input without the second.",
    .formula = "y = a - b; sizes of 1 are repeated",
    .example = "subtract(a, b)",
    .config_size = 1,
    .min_inputs = 2,
    .max_inputs = 2,
    .state_size = sizeof(stria_merge),
    .shape = subtract_shape,
    .bind = subtract_bind,
    .forward = subtract_forward,
    .backward = subtract_backward,
};

static stria_status average_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)settings;
    return stria_merge_shape(inputs, input_count, "average", &facts->output, err);
}

static void average_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    stria_merge_bind(call, call->state);
    needs->backward_keeps_dy = true;
    needs->kernel = "average";
}

static void average_forward(const stria_layer_call *call)
{
    stria_merge_forward(call, call->state, STRIA_BROADCAST_ADD);
    call->kernels->elementwise.scale(call->output, 1.0F / (float)call->input_count, 0, call->output,
                                     stria_call_output_count(call), call->pool);
}

static void average_backward(const stria_layer_call *call)
{
    for (size_t k = 0; k < call->input_count; k++)
        stria_merge_give(call, call->state, k, call->dy, 1.0F / (float)call->input_count);
}

const stria_layer_kind stria_kind_average = {
    .name = "average",
    .aliases = "",
    .keras_class = "Average",
    .onnx_operator = "Mean",
    .title = "The mean of its inputs.",
    .formula = "y = (a + b + ...) / n; sizes of 1 are repeated",
    .example = "average(a, b)",
    .config_size = 1,
    .min_inputs = 2,
    .max_inputs = STRIA_MAX_INPUTS,
    .state_size = sizeof(stria_merge),
    .shape = average_shape,
    .bind = average_bind,
    .forward = average_forward,
    .backward = average_backward,
};

/* ---- multiply ---- */

static stria_status multiply_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                   stria_layer_facts *facts, stria_error *err)
{
    (void)settings;
    return stria_merge_shape(inputs, input_count, "multiply", &facts->output, err);
}

/* Whether input k is one row for all positions of the other, whole one: squeeze-and-excitation (Hu et al.,
 * CVPR 2018). */
static bool is_excitation(const stria_layer_call *call, const stria_merge *merge, size_t k)
{
    return call->input_count == 2 && merge->whole[1 - k] && stria_broadcast_is_row(&merge->with[k]);
}

static void multiply_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    stria_merge *merge = call->state;
    stria_merge_bind(call, merge);
    needs->backward_keeps_dy = true;
    needs->backward_reads_input = call->differentiates;
    if (call->differentiates && (call->input_count > 2 || !merge->all_whole))
        needs->scratch = stria_call_output_count(call) + 2 * stria_call_output_channels(call);
    needs->kernel = "multiply";
}

static void multiply_forward(const stria_layer_call *call)
{
    stria_merge_forward(call, call->state, STRIA_BROADCAST_MULTIPLY);
}

/* For each sample, the columns' sums of dy * x. */
static void give_excitation(const stria_layer_call *call, const stria_merge *merge, size_t k)
{
    const stria_broadcast *shape = &merge->with[k];
    const size_t rows = shape->sizes[1], columns = shape->sizes[2];
    float *zeros = call->scratch, *sums = zeros + columns;
    memset(zeros, 0, columns * sizeof *zeros);
    for (size_t n = 0; n < call->batch; n++) {
        const stria_column_gradient gradient = {.dy = call->dy + n * rows * columns,
                                                .x = call->inputs[1 - k] + n * rows * columns,
                                                .rows = rows,
                                                .columns = columns};
        call->kernels->reduce.column_products(&gradient, zeros, sums, call->dinputs[k] + n * columns,
                                              call->pool);
    }
}

/* The gradient of an input is dy times all others. */
static void multiply_backward(const stria_layer_call *call)
{
    const stria_merge *merge = call->state;
    for (size_t k = 0; k < call->input_count; k++) {
        const float *product = call->dy;
        if (call->dinputs[k] == NULL)
            continue;
        if (is_excitation(call, merge, k)) {
            give_excitation(call, merge, k);
            continue;
        }
        const size_t last = k == call->input_count - 1 ? k - 1 : call->input_count - 1;
        for (size_t j = 0; j < call->input_count; j++) {
            float *to = j == last && merge->whole[k] ? call->dinputs[k] : call->scratch;
            if (j == k)
                continue;
            stria_broadcast_apply(call->kernels, STRIA_BROADCAST_MULTIPLY, &merge->with[j], call->batch,
                                  product, call->inputs[j], to, call->pool);
            product = to;
        }
        stria_merge_give(call, merge, k, product, 1);
    }
}

const stria_layer_kind stria_kind_multiply = {
    .name = "multiply",
    .aliases = "",
    .keras_class = "Multiply",
    .onnx_operator = "Mul",
    .title = "The product of its inputs: gates, as in squeeze-and-excitation.",
    .formula = "y = a * b * ...; sizes of 1 are repeated: 8x8x16 times 1x1x16 or 16",
    .example = "multiply(a, b)",
    .config_size = 1,
    .min_inputs = 2,
    .max_inputs = STRIA_MAX_INPUTS,
    .state_size = sizeof(stria_merge),
    .shape = multiply_shape,
    .bind = multiply_bind,
    .forward = multiply_forward,
    .backward = multiply_backward,
};

/* ---- maximum, minimum: in training `saved` says for each number which input it is from ---- */

static stria_status maximum_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)settings;
    return stria_merge_shape(inputs, input_count, "maximum", &facts->output, err);
}

static stria_status minimum_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)settings;
    return stria_merge_shape(inputs, input_count, "minimum", &facts->output, err);
}

static void extreme_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    stria_merge *merge = call->state;
    stria_merge_bind(call, merge);
    needs->backward_keeps_dy = true;
    if (call->differentiates) {
        needs->saved = stria_call_output_count(call);
        needs->scratch = merge->all_whole ? 0 : stria_call_output_count(call);
    }
}

static void maximum_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    extreme_bind(call, needs);
    needs->kernel = "maximum";
}

static void minimum_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    extreme_bind(call, needs);
    needs->kernel = "minimum";
}

static void extreme_forward(const stria_layer_call *call, bool maximum)
{
    const stria_merge *merge = call->state;
    if (!call->differentiates) {
        stria_merge_forward(call, merge, maximum ? STRIA_BROADCAST_MAXIMUM : STRIA_BROADCAST_MINIMUM);
        return;
    }
    memset(call->saved, 0, stria_call_output_count(call));
    stria_broadcast_apply(call->kernels, STRIA_BROADCAST_COPY, &merge->with[0], call->batch, call->output,
                          call->inputs[0], call->output, call->pool);
    for (size_t k = 1; k < call->input_count; k++)
        stria_broadcast_select(maximum, &merge->with[k], call->batch, call->output, call->inputs[k],
                               call->saved, (uint8_t)k, call->pool);
}

static void maximum_forward(const stria_layer_call *call)
{
    extreme_forward(call, true);
}

static void minimum_forward(const stria_layer_call *call)
{
    extreme_forward(call, false);
}

static void extreme_backward(const stria_layer_call *call)
{
    const stria_merge *merge = call->state;
    const size_t count = stria_call_output_count(call);
    for (size_t k = 0; k < call->input_count; k++) {
        float *share = merge->whole[k] ? call->dinputs[k] : call->scratch;
        if (call->dinputs[k] == NULL)
            continue;
        stria_broadcast_share(call->saved, (uint8_t)k, call->dy, share, count, call->pool);
        stria_merge_give(call, merge, k, share, 1);
    }
}

const stria_layer_kind stria_kind_maximum = {
    .name = "maximum",
    .aliases = "",
    .keras_class = "Maximum",
    .onnx_operator = "Max",
    .title = "The largest of its inputs, number by number; of equal ones the first has the gradient.",
    .formula = "y = max(a, b, ...); sizes of 1 are repeated",
    .example = "maximum(a, b)",
    .config_size = 1,
    .min_inputs = 2,
    .max_inputs = STRIA_MAX_INPUTS,
    .state_size = sizeof(stria_merge),
    .shape = maximum_shape,
    .bind = maximum_bind,
    .forward = maximum_forward,
    .backward = extreme_backward,
};

const stria_layer_kind stria_kind_minimum = {
    .name = "minimum",
    .aliases = "",
    .keras_class = "Minimum",
    .onnx_operator = "Min",
    .title = "The smallest of its inputs, number by number; of equal ones the first has the gradient.",
    .formula = "y = min(a, b, ...); sizes of 1 are repeated",
    .example = "minimum(a, b)",
    .config_size = 1,
    .min_inputs = 2,
    .max_inputs = STRIA_MAX_INPUTS,
    .state_size = sizeof(stria_merge),
    .shape = minimum_shape,
    .bind = minimum_bind,
    .forward = minimum_forward,
    .backward = extreme_backward,
};

/* Sums of products of two inputs along an axis of each, as Keras's Dot: the other axes of the first, then
 * those of the second remain. Both are brought to rows along their axis, so that everything is a product of
 * matrices of rows and, when they get length 1 first, the normalisation of rows. */
#include "base/error.h"
#include "base/size.h"
#include "kernels/normalize.h"
#include "kernels/product.h"
#include "kernels/rows.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "tensor/shape.h"

#define SHORTEST 1e-7 /* rows below that length are multiplied by its inverse */

typedef struct config {
    stria_sizes axes;
    bool normalize;
} config;

/* A sample of input i is [outer, length, inner]: outer * inner rows. */
typedef struct state {
    size_t length, outer[2], inner[2], rows[2];
} state;

static const stria_argument arguments[] = {
    {"axes", STRIA_ARG_SIZES, offsetof(config, axes), NULL, -STRIA_MAX_RANK, STRIA_MAX_RANK, NULL,
     "along which products are summed: one for both inputs, or one of each, as in 1,2"},
    {"normalize", STRIA_ARG_BOOLEAN, offsetof(config, normalize), "no", 0, 0, NULL,
     "bring what lies along the axes to length 1 first: cosines"},
};

static stria_status find_axes(const config *c, const stria_shape *first, const stria_shape *second,
                              int axes[2], stria_error *err)
{
    if (c->axes.count > 2)
        return stria_fail(err, STRIA_ERROR_VALUE, "dot: %d axes; give one, or two as in axes=1,2",
                          c->axes.count);
    STRIA_TRY(stria_find_axis(c->axes.values[0], first, "dot", &axes[0], err));
    return stria_find_axis(c->axes.values[c->axes.count - 1], second, "dot", &axes[1], err);
}

/* Every output is a sum of `length` products. */
static stria_status count_macs(const stria_shape *output, int64_t length, int64_t *macs, stria_error *err)
{
    int64_t outputs;
    *macs = -1;
    if (length == STRIA_ANY_SIZE || stria_shape_is_open(output))
        return STRIA_OK;
    STRIA_TRY(stria_shape_count(output, &outputs, err));
    if (!stria_count_multiply(outputs, length, macs))
        return stria_fail(err, STRIA_ERROR_LIMIT, "dot: more than 2^63 multiplications for one sample");
    return STRIA_OK;
}

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    int axes[2];
    stria_shape *output = &facts->output;
    STRIA_TRY(find_axes(settings, &inputs[0], &inputs[1], axes, err));
    const int64_t length = inputs[0].sizes[axes[0]], other = inputs[1].sizes[axes[1]];
    if (length != other && length != STRIA_ANY_SIZE && other != STRIA_ANY_SIZE) {
        char first[STRIA_SHAPE_TEXT_SIZE], second[STRIA_SHAPE_TEXT_SIZE];
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "dot: axis %d of %s and axis %d of %s have %lld and %lld numbers; they must be equal",
            axes[0] + 1, stria_shape_text(&inputs[0], first, sizeof first), axes[1] + 1,
            stria_shape_text(&inputs[1], second, sizeof second), (long long)length, (long long)other);
    }
    if (inputs[0].rank + inputs[1].rank - 2 > STRIA_MAX_RANK)
        return stria_fail(err, STRIA_ERROR_LIMIT, "dot: its output would have %d axes, and %d are possible",
                          inputs[0].rank + inputs[1].rank - 2, STRIA_MAX_RANK);
    *output = (stria_shape){0};
    for (size_t i = 0; i < input_count; i++)
        for (int a = 0; a < inputs[i].rank; a++)
            if (a != axes[i])
                output->sizes[output->rank++] = inputs[i].sizes[a];
    if (output->rank == 0)
        *output = (stria_shape){1, {1}};
    return count_macs(output, length != STRIA_ANY_SIZE ? length : other, &facts->macs, err);
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    state *s = call->state;
    int axes[2] = {0, 0};
    size_t rows = 0, counts[2];
    find_axes(c, call->input_shapes[0], call->input_shapes[1], axes, NULL);
    s->length = (size_t)call->input_shapes[0]->sizes[axes[0]];
    for (int i = 0; i < 2; i++) {
        s->outer[i] = s->inner[i] = 1;
        for (int a = 0; a < call->input_shapes[i]->rank; a++)
            if (a != axes[i])
                *(a < axes[i] ? &s->outer[i] : &s->inner[i]) *= (size_t)call->input_shapes[i]->sizes[a];
        s->rows[i] = s->outer[i] * s->inner[i];
        counts[i] = call->batch * s->rows[i] * s->length;
        rows += call->batch * s->rows[i];
    }
    /* The rows of both as forward leaves them, and where they get length 1 their means and inverses. */
    const size_t measures = c->normalize ? 2 * rows : 0, kept = counts[0] + counts[1] + measures;
    const size_t larger = counts[0] > counts[1] ? counts[0] : counts[1];
    needs->saved = call->differentiates ? kept * sizeof(float) : 0;
    needs->scratch = call->differentiates ? 2 * larger : counts[0] + 2 * counts[1];
    needs->backward_reads_input = call->differentiates && c->normalize;
    needs->backward_keeps_dy = true;
    needs->kernel = "product";
}

/* Where a run has the rows of both inputs and, of normalised ones, their means and inverses. */
typedef struct rows_of {
    float *values[2], *mean[2], *inverse[2];
} rows_of;

static rows_of find_rows(const stria_layer_call *call)
{
    const state *s = call->state;
    rows_of rows = {.values = {call->differentiates ? call->saved : call->scratch}};
    rows.values[1] = rows.values[0] + call->batch * s->rows[0] * s->length;
    if (!call->differentiates)
        return rows;
    float *measures = rows.values[1] + call->batch * s->rows[1] * s->length;
    for (int i = 0; i < 2; i++) {
        rows.mean[i] = measures;
        rows.inverse[i] = measures + call->batch * s->rows[i];
        measures += 2 * call->batch * s->rows[i];
    }
    return rows;
}

static void forward(const stria_layer_call *call)
{
    const config *c = call->config;
    const state *s = call->state;
    const rows_of rows = find_rows(call);
    const size_t count = call->batch * s->rows[1] * s->length;
    for (int i = 0; i < 2; i++) {
        stria_rows_gather(call->inputs[i], call->batch * s->outer[i], s->length, s->inner[i], rows.values[i],
                          call->pool);
        if (c->normalize)
            stria_rows_normalize(STRIA_ROW_UNIT, SHORTEST, rows.values[i], call->batch * s->rows[i],
                                 s->length, NULL, NULL, rows.values[i], rows.mean[i], rows.inverse[i],
                                 call->pool);
    }
    float *turned = call->differentiates ? call->scratch : rows.values[1] + count; /* [length, rows] */
    stria_rows_gather(rows.values[1], call->batch, s->rows[1], s->length, turned, call->pool);
    const stria_product product = {.rows = s->rows[0], .inner = s->length, .columns = s->rows[1]};
    stria_product_of(&product, call->batch, rows.values[0], turned, call->output, call->pool);
}

/* With rows a [M, K] and b [N, K] and dy [M, N]: da = dy b, db = dy^T a. */
static void backward(const stria_layer_call *call)
{
    const config *c = call->config;
    const state *s = call->state;
    const rows_of rows = find_rows(call);
    for (int i = 0; i < 2; i++) {
        const size_t count = call->batch * s->rows[i];
        float *d = call->scratch, *x = d + count * s->length;
        if (call->dinputs[i] == NULL)
            continue;
        const stria_product product = {
            .rows = s->rows[i], .inner = s->rows[1 - i], .columns = s->length, .turned = i == 1};
        stria_product_of(&product, call->batch, call->dy, rows.values[1 - i], d, call->pool);
        if (c->normalize) {
            stria_rows_gather(call->inputs[i], call->batch * s->outer[i], s->length, s->inner[i], x,
                              call->pool);
            stria_rows_normalize_gradient(STRIA_ROW_UNIT, SHORTEST, x, d, NULL, rows.mean[i], rows.inverse[i],
                                          count, s->length, d, call->pool);
        }
        stria_rows_gather(d, call->batch * s->outer[i], s->inner[i], s->length, call->dinputs[i], call->pool);
    }
}

const stria_layer_kind stria_kind_dot = {
    .name = "dot",
    .aliases = "",
    .keras_class = "Dot",
    .onnx_operator = "MatMul",
    .title = "Sums of products of two inputs along an axis of each.",
    .formula = "y[i,j] = sum over k of a[i,k] * b[j,k], i and j all other axes of a and b\n"
               "normalize: a[i,:] and b[j,:] with length 1",
    .example = "dot(a, b) -1 normalize",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 2,
    .max_inputs = 2,
    .state_size = sizeof(state),
    .shape = shape,
    .bind = bind,
    .forward = forward,
    .backward = backward,
};

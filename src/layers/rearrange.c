/* Layers that move numbers to other places: permute exchanges axes, repeat_vector repeats a row of features.
 */
#include "base/error.h"
#include "kernels/arrange.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "tensor/shape.h"

/* ---- permute ---- */

typedef struct permute_config {
    stria_shape dims; /* counted from 1 */
} permute_config;

typedef struct permute_state {
    stria_permute forward, backward;
} permute_state;

static const stria_argument permute_arguments[] = {
    {"dims", STRIA_ARG_SHAPE, offsetof(permute_config, dims), NULL, 0, 0, NULL,
     "the input's axis for each axis of the output, counted from 1 without the batch: 3x1x2"},
};

/* The receptive field has no meaning along exchanged axes. */
static stria_status permute_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                  stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const permute_config *c = settings;
    const stria_shape *dims = &c->dims;
    int rank = inputs[0].rank;
    char text[STRIA_SHAPE_TEXT_SIZE];
    unsigned seen = 0;
    for (int a = 0; a < dims->rank; a++)
        if (dims->sizes[a] >= 1 && dims->sizes[a] <= rank)
            seen |= 1U << (dims->sizes[a] - 1);
    if (dims->rank != rank || seen != (1U << rank) - 1)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "permute: dims %s does not name each of the input's %d axes once",
                          stria_shape_text(dims, text, sizeof text), rank);
    facts->output.rank = rank;
    for (int a = 0; a < rank; a++) {
        facts->output.sizes[a] = inputs[0].sizes[dims->sizes[a] - 1];
        facts->sees_all = facts->sees_all || dims->sizes[a] != a + 1;
    }
    return STRIA_OK;
}

static void permute_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const permute_config *c = call->config;
    permute_state *s = call->state;
    int rank = c->dims.rank, axes[STRIA_MAX_RANK] = {0}, back[STRIA_MAX_RANK] = {0};
    size_t in[STRIA_MAX_RANK] = {0}, out[STRIA_MAX_RANK] = {0};
    for (int a = 0; a < rank; a++) {
        axes[a] = (int)c->dims.sizes[a] - 1;
        back[axes[a]] = a;
        in[a] = (size_t)call->input_shapes[0]->sizes[a];
        out[a] = (size_t)call->output_shape->sizes[a];
    }
    s->forward = stria_permute_make(rank, in, axes);
    s->backward = stria_permute_make(rank, out, back);
    needs->view = stria_permute_is_identity(&s->forward);
    needs->backward_keeps_dy = true;
    needs->kernel = needs->view ? "" : "permute";
}

static void permute_forward(const stria_layer_call *call)
{
    const permute_state *s = call->state;
    stria_permute_copy(&s->forward, call->batch, call->inputs[0], call->output, call->pool);
}

static void permute_backward(const stria_layer_call *call)
{
    const permute_state *s = call->state;
    if (call->dinputs[0] != NULL)
        stria_permute_copy(&s->backward, call->batch, call->dy, call->dinputs[0], call->pool);
}

const stria_layer_kind stria_kind_permute = {
    .name = "permute",
    .aliases = "",
    .keras_class = "Permute",
    .onnx_operator = "Transpose",
    .title = "The same numbers with the axes in another order.",
    .formula = "permute 3x1x2: y[c,i,j] = x[i,j,c]",
    .example = "permute 3x1x2",
    .config_size = sizeof(permute_config),
    .arguments = permute_arguments,
    .argument_count = sizeof permute_arguments / sizeof permute_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(permute_state),
    .shape = permute_shape,
    .bind = permute_bind,
    .forward = permute_forward,
    .backward = permute_backward,
};

/* ---- repeat_vector ---- */

typedef struct repeat_config {
    int64_t n;
} repeat_config;

static const stria_argument repeat_arguments[] = {
    {"n", STRIA_ARG_INTEGER, offsetof(repeat_config, n), NULL, 1, (double)(1 << 30), NULL, "how many times"},
};

static stria_status repeat_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                                 stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const repeat_config *c = settings;
    char text[STRIA_SHAPE_TEXT_SIZE];
    if (inputs[0].rank != 1)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "repeat_vector takes a row of features, and its input is %s; put flatten before it",
                          stria_shape_text(&inputs[0], text, sizeof text));
    facts->output = (stria_shape){2, {c->n, inputs[0].sizes[0]}};
    return STRIA_OK;
}

static void repeat_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    (void)call;
    needs->backward_keeps_dy = true;
    needs->kernel = "repeat";
}

static stria_repeat repeat_of(const stria_layer_call *call)
{
    return (stria_repeat){
        {1, 1, 1}, {1, 1, (size_t)call->output_shape->sizes[0]}, (size_t)call->output_shape->sizes[1]};
}

static void repeat_forward(const stria_layer_call *call)
{
    const stria_repeat repeat = repeat_of(call);
    stria_repeat_forward(&repeat, call->batch, call->inputs[0], call->output, call->pool);
}

static void repeat_backward(const stria_layer_call *call)
{
    const stria_repeat repeat = repeat_of(call);
    if (call->dinputs[0] != NULL)
        stria_repeat_backward(&repeat, call->batch, call->dy, call->dinputs[0], call->pool);
}

const stria_layer_kind stria_kind_repeat_vector = {
    .name = "repeat_vector",
    .aliases = "",
    .keras_class = "RepeatVector",
    .onnx_operator = "Unsqueeze+Tile",
    .title = "A row of features, several times.",
    .formula = "y[k,f] = x[f] for k below n",
    .example = "repeat_vector 3",
    .config_size = sizeof(repeat_config),
    .arguments = repeat_arguments,
    .argument_count = sizeof repeat_arguments / sizeof repeat_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = repeat_shape,
    .bind = repeat_bind,
    .forward = repeat_forward,
    .backward = repeat_backward,
};

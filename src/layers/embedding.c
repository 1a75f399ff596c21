/* Embeddings: each of a number of things, words for instance, has a row of numbers that is learned. */
#include <string.h>

#include "base/error.h"
#include "kernels/lookup.h"
#include "layers/kinds.h"
#include "tensor/shape.h"

typedef struct config {
    int64_t input_dim, output_dim;
    stria_initializer embeddings_initializer;
    stria_regularizer embeddings_regularizer;
    stria_constraint embeddings_constraint;
    int mask_zero;
} config;

/* Indices come as floats, which hold every whole number up to here. */
#define MOST_ROWS (1 << 24)

static const stria_argument arguments[] = {
    {"input_dim", STRIA_ARG_INTEGER, offsetof(config, input_dim), NULL, 1, (double)MOST_ROWS, NULL,
     "how many things there are; indices go from 0 to input_dim - 1"},
    {"output_dim", STRIA_ARG_INTEGER, offsetof(config, output_dim), NULL, 1, (double)(1 << 30), NULL,
     "numbers for each of them"},
    {"embeddings_initializer", STRIA_ARG_INITIALIZER, offsetof(config, embeddings_initializer),
     "random_uniform", 0, 0, NULL, "how the rows start"},
    {"embeddings_regularizer", STRIA_ARG_REGULARIZER, offsetof(config, embeddings_regularizer), "none", 0, 0,
     NULL, "added to the loss for the rows"},
    {"embeddings_constraint", STRIA_ARG_CONSTRAINT, offsetof(config, embeddings_constraint), "none", 0, 0,
     NULL, "what the rows are held to after each step"},
    {"mask_zero", STRIA_ARG_WORD, offsetof(config, mask_zero), "no", 0, 0, "no",
     "Keras's masks are not known here"},
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    if (inputs[0].rank + 1 >= STRIA_MAX_RANK)
        return stria_fail(err, STRIA_ERROR_SHAPE, "embedding: its output would have %d axes, more than %d",
                          inputs[0].rank + 1, STRIA_MAX_RANK - 1);
    facts->output = inputs[0];
    facts->output.sizes[facts->output.rank++] = c->output_dim;
    facts->param_count = 1;
    facts->params[0] = (stria_param_spec){.name = "embeddings",
                                          .shape = {2, {c->input_dim, c->output_dim}},
                                          .initializer = c->embeddings_initializer,
                                          .trainable = true,
                                          .regularizer = c->embeddings_regularizer,
                                          .constraint = c->embeddings_constraint};
    return STRIA_OK;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    (void)call;
    needs->backward_reads_input = true;
    needs->backward_keeps_dy = true;
    needs->kernel = "lookup";
}

static size_t index_count(const stria_layer_call *call)
{
    return call->batch * (size_t)stria_shape_elements(call->input_shapes[0]);
}

static void forward(const stria_layer_call *call)
{
    const config *c = call->config;
    stria_lookup(call->params[0], (size_t)c->input_dim, (size_t)c->output_dim, call->inputs[0],
                 index_count(call), call->output, call->pool);
}

/* A step from one index to the next has no slope: their gradient is 0. */
static void backward(const stria_layer_call *call)
{
    const config *c = call->config;
    if (call->dparams[0] != NULL)
        stria_lookup_gradient(call->inputs[0], index_count(call), call->dy, (size_t)c->input_dim,
                              (size_t)c->output_dim, call->dparams[0], call->pool);
    if (call->dinputs[0] != NULL)
        memset(call->dinputs[0], 0, index_count(call) * sizeof(float));
}

const stria_layer_kind stria_kind_embedding = {
    .name = "embedding",
    .aliases = "",
    .keras_class = "Embedding",
    .onnx_operator = "Gather",
    .title = "A learned row of numbers for each index.",
    .formula = "y[...,k] = embeddings[x[...],k]\n"
               "NaN where x is no whole number from 0 to input_dim - 1; parameters: input_dim*output_dim",
    .example = "embedding 1000 16",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = shape,
    .bind = bind,
    .forward = forward,
    .backward = backward,
};

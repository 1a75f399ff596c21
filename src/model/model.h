/* The inside of a model: a list of layers in running order, their parameters in one flat block, names and
 * provenance. */
#ifndef STRIA_MODEL_MODEL_H
#define STRIA_MODEL_MODEL_H

#include <stdbool.h>

#include <stria/model.h>

#include "base/context.h"
#include "base/memory.h"
#include "layers/layer.h"
#include "layers/wrapper.h"
#include "model/name_table.h"

/* Most layers of a model: blocks and repeats make many of few lines. */
#define STRIA_MAX_LAYERS 10000

#define STRIA_MAX_NAME 96 /* bytes of a layer's name with its end */

/* Where the windows of a layer's outputs lie along the axes of the model's input: output k sees
 *     first + step * ceil((times * k + before) / parts)  to  last + step * floor((times * k + after) / parts)
 * with times and parts without a common factor, and times 1, before and after 0 where parts is 1. */
typedef struct stria_field_walk {
    struct stria_field_axis {
        int64_t first, last, step, times, parts, before, after;
    } axes[3]; /* step 0: they see all */
} stria_field_walk;

/* One layer of the graph. Inputs are indices of earlier nodes. */
typedef struct stria_node {
    const stria_layer_kind *kind;
    stria_wrapper wrapper;
    const char *name;
    const char *text; /* its line of model text, defaults left out */
    bool named;       /* its line of text names it */
    bool numbered;    /* its name, or the end of it, is made from its kind ... */
    unsigned number;  /* ... and this number: 2 in "conv2d_2", 0 in "conv2d" */
    unsigned part;    /* of the model in which these numbers count: an instance of a block; 0 outside */
    void *config;
    size_t input_count;
    size_t inputs[STRIA_MAX_INPUTS];
    stria_layer_facts facts;
    stria_receptive_field field;
    stria_field_walk walk; /* what the field comes from */
    size_t owner;        /* the node whose parameters these are: itself, or an earlier one used again */
    bool shared;         /* of an owner: another node uses its parameters too */
    size_t first_tensor; /* its parameters are tensors first_tensor ... + facts.param_count - 1 */
    bool frozen;         /* of an owner */
} stria_node;

/* One parameter tensor: `count` floats at weights + offset when `trains`, else at statistics + offset. */
typedef struct stria_model_tensor_entry {
    const char *name; /* "conv2d/kernel" */
    size_t node, param;
    stria_shape shape;
    size_t count;
    size_t offset; /* a multiple of 16 floats */
    bool trains;   /* a weight, not a moving statistic; frozen layers stay weights */
} stria_model_tensor_entry;

typedef struct stria_metadata_entry {
    char *key, *value;
} stria_metadata_entry;

struct stria_model {
    stria_context *context;
    stria_arena arena; /* names, texts, configs */
    stria_node *nodes;
    size_t node_count, node_capacity;
    stria_name_table names; /* of the nodes; the values are indices */
    stria_model_tensor_entry *tensors;
    size_t tensor_count, tensor_capacity;
    /* Flat blocks, gaps between tensors zero. Counts are known from the description; the blocks are NULL in a
     * model made without parameters (stria_parse_options), until stria_model_materialize. */
    float *weights;
    size_t weight_count, weight_capacity;
    float *statistics;
    size_t statistic_count, statistic_capacity;
    bool materialized;
    size_t *inputs; /* nodes of kind input */
    size_t input_count, input_capacity;
    size_t *outputs; /* nodes that are the model's outputs */
    size_t output_count, output_capacity;
    bool outputs_named; /* by `output` lines; else the last layer is the output */
    char **classes;
    size_t class_count;
    stria_metadata_entry *metadata;
    size_t metadata_count, metadata_capacity;
};

/* Gives the model its parameter blocks, all zero, when it has none yet. Errors: MEMORY. */
stria_status stria_model_materialize(stria_model *model, stria_error *err);

/* A layer to be added: what the text says, in memory of its own that the call copies. */
typedef struct stria_new_layer {
    const stria_layer_kind *kind;
    stria_wrapper wrapper;
    const char *name; /* NULL: named after its kind, behind the prefix */
    size_t name_length;
    const char *prefix; /* "residual_1." of the instance of a block that it is in */
    size_t prefix_length;
    unsigned part;      /* the number of that instance; 0 for none */
    const void *config; /* kind->config_size bytes */
    bool again;         /* the layer `owner` once more: kind, wrapper, config and parameters are its own */
    size_t owner;
    size_t input_count;
    size_t inputs[STRIA_MAX_INPUTS];
} stria_new_layer;

/* Adds a layer: shape rule, name, room for parameters (initialised from seed 0 when the model has its
 * blocks). On failure the model is as before. Errors: SHAPE, VALUE, UNSUPPORTED, LIMIT of the shape rule;
 * SHAPE when a layer used again would need other parameters;
 * SYNTAX for a name in use; MEMORY. */
stria_status stria_model_add_layer(stria_model *model, const stria_new_layer *layer, stria_error *err);

/* Makes node `node` an output. The first call ends the rule that the last layer is the output. Errors: VALUE
 * when it is one already, MEMORY. */
stria_status stria_model_add_output(stria_model *model, size_t node, stria_error *err);

/* Whether samples of this shape may come in at input `index`. Errors: SHAPE. */
stria_status stria_model_check_input(const stria_model *model, size_t index, const stria_shape *given,
                                     stria_error *err);

/* The facts of all nodes, facts[node_count], as they would be for inputs of these shapes. Errors: those of the
 * shape rules, which name the layer. */
stria_status stria_model_facts_at(const stria_model *model, const stria_shape *shapes,
                                  stria_layer_facts *facts, stria_error *err);

/* Index of the node of that name, or -1. */
int stria_model_find_node(const stria_model *model, const char *name, size_t length);

/* The layer's tensor `param`; NULL without parameters. */
float *stria_node_param(const stria_model *model, const stria_node *node, size_t param);

/* Whether the values of this tensor are changed by training. */
bool stria_tensor_is_trained(const stria_model *model, const stria_model_tensor_entry *tensor);

/* Whether the model brings pictures to the numbers it wants by itself, from bytes as they are stored: a rescaling or
 * normalization stands before the first other layer with parameters. */
bool stria_model_rescales_itself(const stria_model *model);

/* The activation that is the last thing the model's first output does, STRIA_LINEAR for none; a softmax only
 * over the last axis. */
stria_activation_kind stria_model_last_activation(const stria_model *model);

#endif

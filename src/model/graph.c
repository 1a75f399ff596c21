/* Building a model: adding layers with their shapes, names and room for parameters. Everything that can fail
 * is done before the model changes, so a failed addition leaves it as it was. */
#include "model/model.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "layers/constraints.h"
#include "layers/initializers.h"
#include "layers/regularizers.h"
#include "model/receptive_field.h"
#include "tensor/shape.h"

/* Tensors start at multiples of a cache line, in floats. */
#define TENSOR_STEP 16

stria_status stria_model_create(stria_model **model, stria_context *context, stria_error *err)
{
    stria_model *m = stria_allocate(&context->allocator, sizeof *m);
    if (m == NULL)
        return stria_fail_memory(err, sizeof *m);
    m->context = context;
    m->arena.allocator = &context->allocator;
    m->materialized = true;
    *model = m;
    return STRIA_OK;
}

void stria_model_free(stria_model *model)
{
    if (model == NULL)
        return;
    const stria_allocator *allocator = &model->context->allocator;
    stria_arena_clear(&model->arena);
    stria_name_table_free(&model->names, allocator);
    stria_release(allocator, model->nodes);
    stria_release(allocator, model->tensors);
    stria_release(allocator, model->weights);
    stria_release(allocator, model->statistics);
    stria_release(allocator, model->inputs);
    stria_release(allocator, model->outputs);
    for (size_t i = 0; i < model->class_count; i++)
        stria_release(allocator, model->classes[i]);
    stria_release(allocator, model->classes);
    for (size_t i = 0; i < model->metadata_count; i++) {
        stria_release(allocator, model->metadata[i].key);
        stria_release(allocator, model->metadata[i].value);
    }
    stria_release(allocator, model->metadata);
    stria_release(allocator, model);
}

int stria_model_find_node(const stria_model *model, const char *name, size_t length)
{
    const size_t *node = stria_name_table_find(&model->names, name, length);
    return node != NULL ? (int)*node : -1;
}

static bool is_small(char byte)
{
    return stria_is_letter(byte) && !stria_is_capital(byte);
}

/* "MaxPooling2D" as Keras names its layers: "max_pooling2d". A word begins at a capital that a small letter
 * follows or that follows a small letter. */
static void keras_name(const char *class_name, char *name, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; class_name[i] != '\0' && at + 2 < size; i++) {
        bool capital = stria_is_capital(class_name[i]);
        if (i > 0 && capital && (is_small(class_name[i + 1]) || is_small(class_name[i - 1])))
            name[at++] = '_';
        name[at++] = stria_to_small(class_name[i]);
    }
    name[at] = '\0';
}

/* Whether a node was named after this kind in the same part of the model. */
static bool is_named_after(const stria_node *node, const stria_new_layer *layer)
{
    bool alike = layer->wrapper != STRIA_WRAPPER_NONE
                     ? node->wrapper == layer->wrapper
                     : node->kind == layer->kind && node->wrapper == STRIA_WRAPPER_NONE;
    return node->numbered && node->part == layer->part && alike;
}

/* The first free name after a kind: conv2d, conv2d_1, conv2d_2 ... Names are never given back, so none below
 * the last one that was made is free. */
static unsigned free_name(const stria_model *model, const stria_new_layer *layer, char *name, size_t size)
{
    char stem[STRIA_MAX_NAME];
    const char *wrapper = stria_wrapper_class(layer->wrapper);
    keras_name(wrapper != NULL ? wrapper : layer->kind->keras_class, stem, sizeof stem);
    size_t last = model->node_count;
    while (last > 0 && !is_named_after(&model->nodes[last - 1], layer))
        last--;
    unsigned number = last > 0 ? model->nodes[last - 1].number + 1 : 0;
    int prefix = (int)layer->prefix_length;
    for (;; number++) {
        if (number == 0)
            stria_format(name, size, "%.*s%s", prefix, layer->prefix, stem);
        else
            stria_format(name, size, "%.*s%s_%u", prefix, layer->prefix, stem, number);
        if (stria_model_find_node(model, name, strlen(name)) < 0)
            return number;
    }
}

/* Grows a parameter block to `needed` floats, keeping what is there; new floats are zero. */
static bool grow_block(const stria_allocator *allocator, float **block, size_t *capacity, size_t old_count,
                       size_t needed)
{
    if (needed <= *capacity)
        return true;
    size_t size = *capacity < 1024 ? 1024 : *capacity;
    while (size < needed)
        if (!stria_size_multiply(size, 2, &size))
            return false;
    /* The first block is exact: most models are made in one go. */
    if (*capacity == 0)
        size = needed;
    float *grown = stria_allocate_floats(allocator, size);
    if (grown == NULL)
        return false;
    if (old_count > 0)
        memcpy(grown, *block, old_count * sizeof(float));
    memset(grown + old_count, 0, (size - old_count) * sizeof(float));
    stria_release(allocator, *block);
    *block = grown;
    *capacity = size;
    return true;
}

stria_status stria_model_materialize(stria_model *model, stria_error *err)
{
    const stria_allocator *allocator = &model->context->allocator;
    if (model->materialized)
        return STRIA_OK;
    if (!grow_block(allocator, &model->weights, &model->weight_capacity, 0, model->weight_count) ||
        !grow_block(allocator, &model->statistics, &model->statistic_capacity, 0, model->statistic_count))
        return stria_fail_memory(err, (model->weight_count + model->statistic_count) * sizeof(float));
    model->materialized = true;
    return STRIA_OK;
}

float *stria_node_param(const stria_model *model, const stria_node *node, size_t param)
{
    const stria_model_tensor_entry *tensor = &model->tensors[node->first_tensor + param];
    float *block = tensor->trains ? model->weights : model->statistics;
    return block == NULL ? NULL : block + tensor->offset;
}

static void initialize_tensor(stria_model *model, size_t index, uint64_t seed)
{
    const stria_model_tensor_entry *tensor = &model->tensors[index];
    const stria_node *node = &model->nodes[tensor->node];
    stria_random_key key = {.seed = seed, .purpose = STRIA_RANDOM_INITIALIZE, .layer = (uint32_t)index};
    stria_initialize(&node->facts.params[tensor->param].initializer, &tensor->shape, &key,
                     stria_node_param(model, node, tensor->param));
}

stria_status stria_model_initialize(stria_model *model, uint64_t seed, stria_error *err)
{
    STRIA_TRY(stria_model_materialize(model, err));
    for (size_t i = 0; i < model->tensor_count; i++)
        initialize_tensor(model, i, seed);
    return STRIA_OK;
}

/* ---- Adding a layer ---- */

/* A layer's own activation leaves its output's shape alone; glu as a layer of its own halves it. */
static stria_status refuse_own_glu(const stria_new_layer *layer, stria_error *err)
{
    const stria_layer_kind *kind = layer->kind;
    if (kind->activation == NULL || kind->part == STRIA_PART_ACTIVATION ||
        kind->activation(layer->config).kind != STRIA_GLU)
        return STRIA_OK;
    return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                      "%s cannot end with glu, which halves the last size; put a line 'glu' behind it",
                      kind->name);
}

/* The penalty on an output is taken over the whole batch: one more axis. */
static stria_status check_output_penalty(const stria_layer_facts *facts, stria_error *err)
{
    stria_shape batch = {.rank = facts->output.rank + 1, .sizes = {STRIA_ANY_SIZE}};
    for (int i = 0; i < facts->output.rank; i++)
        batch.sizes[i + 1] = facts->output.sizes[i];
    return stria_regularizer_check(&facts->activity_regularizer, "the output", &batch, err);
}

/* Runs the shape rule over the inputs' shapes and checks the sizes that come out. */
static stria_status find_facts(const stria_model *model, const stria_new_layer *layer,
                               stria_layer_facts *facts, stria_error *err)
{
    stria_shape shapes[STRIA_MAX_INPUTS];
    for (size_t i = 0; i < layer->input_count; i++)
        shapes[i] = model->nodes[layer->inputs[i]].facts.output;
    memset(facts, 0, sizeof *facts);
    STRIA_TRY(stria_wrapper_shape(layer->wrapper, layer->kind, layer->config, shapes, layer->input_count,
                                  facts, err));
    if (facts->output.rank >= STRIA_MAX_RANK) /* the batch is one more axis */
        return stria_fail(err, STRIA_ERROR_LIMIT,
                          "the output would have %d axes, and at most %d are possible", facts->output.rank,
                          STRIA_MAX_RANK - 1);
    for (size_t i = 0; i < facts->param_count; i++) {
        const stria_param_spec *param = &facts->params[i];
        STRIA_TRY(stria_initializer_check(&param->initializer, param->name, &param->shape, err));
        STRIA_TRY(stria_regularizer_check(&param->regularizer, param->name, &param->shape, err));
        STRIA_TRY(stria_constraint_check(&param->constraint, param->name, &param->shape, err));
    }
    STRIA_TRY(check_output_penalty(facts, err));
    STRIA_TRY(refuse_own_glu(layer, err));
    int64_t count;
    return stria_shape_count(&facts->output, &count, err);
}

/* Fills the entries of a node's tensors, appended after the model's own, and counts the blocks they need. */
static stria_status lay_out_tensors(stria_model *model, const stria_node *node, size_t *weight_count,
                                    size_t *statistic_count, stria_error *err)
{
    for (size_t p = 0; p < node->facts.param_count; p++) {
        const stria_param_spec *spec = &node->facts.params[p];
        char name[2 * STRIA_MAX_NAME];
        int length = snprintf(name, sizeof name, "%s/%s", node->name, spec->name);
        size_t *count = spec->trainable ? weight_count : statistic_count;
        stria_model_tensor_entry *tensor = &model->tensors[model->tensor_count + p];
        int64_t elements;
        STRIA_TRY(stria_shape_count(&spec->shape, &elements, err));
        *tensor =
            (stria_model_tensor_entry){.name = stria_arena_copy_text(&model->arena, name, (size_t)length),
                                       .node = model->node_count,
                                       .param = p,
                                       .shape = spec->shape,
                                       .count = (size_t)elements,
                                       .offset = *count,
                                       .trains = spec->trainable};
        if (tensor->name == NULL)
            return stria_fail_memory(err, (size_t)length);
        *count += stria_size_round_up((size_t)elements, TENSOR_STEP);
    }
    return STRIA_OK;
}

/* The layer's line of model text, in the arena. */
static const char *node_text(stria_model *model, const stria_node *node)
{
    stria_text text = {.allocator = &model->context->allocator};
    if (node->named)
        stria_text_format(&text, "%s = ", node->name);
    const bool again = node->owner != model->node_count;
    if (node->wrapper != STRIA_WRAPPER_NONE && !again)
        stria_text_format(&text, "%s ", stria_wrapper_name(node->wrapper));
    stria_text_add(&text, again ? model->nodes[node->owner].name : node->kind->name);
    bool follows = node->input_count == 1 && node->inputs[0] + 1 == model->node_count;
    if (node->input_count > 0 && (again || !follows)) {
        for (size_t i = 0; i < node->input_count; i++)
            stria_text_format(&text, "%s%s", i == 0 ? "(" : ", ", model->nodes[node->inputs[i]].name);
        stria_text_add(&text, ")");
    }
    if (!again)
        stria_arguments_write(node->kind->arguments, node->kind->argument_count, node->config, &text);
    const char *copy = text.failed ? NULL : stria_arena_copy_text(&model->arena, text.bytes, text.length);
    stria_text_free(&text);
    return copy;
}

static stria_status fail_name_length(size_t length, stria_error *err)
{
    return stria_fail(err, STRIA_ERROR_SYNTAX, "the name has %zu bytes; at most %d are allowed", length,
                      STRIA_MAX_NAME - 1);
}

/* Whether parameters of the owner's shapes do for another use of it. */
static stria_status check_owner(const stria_node *owner, const stria_layer_facts *facts, stria_error *err)
{
    for (size_t p = 0; p < facts->param_count; p++) {
        char is[STRIA_SHAPE_TEXT_SIZE], would[STRIA_SHAPE_TEXT_SIZE];
        if (stria_shape_equal(&facts->params[p].shape, &owner->facts.params[p].shape))
            continue;
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "the %s of '%s' is %s, and for this input it would be %s; a layer that is used again "
            "needs inputs with the same channels",
            facts->params[p].name, owner->name,
            stria_shape_text(&owner->facts.params[p].shape, is, sizeof is),
            stria_shape_text(&facts->params[p].shape, would, sizeof would));
    }
    return STRIA_OK;
}

static stria_status make_node(stria_model *model, const stria_new_layer *layer, stria_node *node,
                              stria_error *err)
{
    char name[2 * STRIA_MAX_NAME + 16];
    if (model->node_count == STRIA_MAX_LAYERS)
        return stria_fail(err, STRIA_ERROR_LIMIT, "a model has at most %d layers", STRIA_MAX_LAYERS);
    memset(node, 0, sizeof *node);
    node->kind = layer->kind;
    node->wrapper = layer->wrapper;
    node->numbered = layer->name == NULL;
    node->named = layer->name != NULL || layer->prefix_length > 0;
    node->part = layer->part;
    node->input_count = layer->input_count;
    memcpy(node->inputs, layer->inputs, sizeof node->inputs[0] * layer->input_count);
    node->owner = layer->again ? layer->owner : model->node_count;
    node->first_tensor = layer->again ? model->nodes[layer->owner].first_tensor : model->tensor_count;
    STRIA_TRY(find_facts(model, layer, &node->facts, err));
    if (layer->again)
        STRIA_TRY(check_owner(&model->nodes[layer->owner], &node->facts, err));
    if (layer->name != NULL) {
        if (layer->name_length >= STRIA_MAX_NAME)
            return fail_name_length(layer->name_length, err);
        if (stria_model_find_node(model, layer->name, layer->name_length) >= 0)
            return stria_fail(err, STRIA_ERROR_SYNTAX, "the name '%.*s' is already in use",
                              (int)layer->name_length, layer->name);
        memcpy(name, layer->name, layer->name_length);
        name[layer->name_length] = '\0';
    } else {
        if (layer->prefix_length >= STRIA_MAX_NAME)
            return fail_name_length(layer->prefix_length, err);
        node->number = free_name(model, layer, name, sizeof name);
        if (strlen(name) >= STRIA_MAX_NAME)
            return fail_name_length(strlen(name), err);
    }
    node->config = layer->again ? model->nodes[layer->owner].config
                                : stria_arena_allocate(&model->arena, layer->kind->config_size);
    node->name = stria_arena_copy_text(&model->arena, name, strlen(name));
    if (node->config == NULL || node->name == NULL)
        return stria_fail_memory(err, layer->kind->config_size);
    if (!layer->again)
        memcpy(node->config, layer->config, layer->kind->config_size);
    node->text = node_text(model, node);
    if (node->text == NULL)
        return stria_fail_memory(err, sizeof *node);
    stria_receptive_field_of(model, node);
    return STRIA_OK;
}

stria_status stria_model_add_layer(stria_model *model, const stria_new_layer *layer, stria_error *err)
{
    const stria_allocator *allocator = &model->context->allocator;
    stria_node node;
    size_t weights = model->weight_count, statistics = model->statistic_count;
    STRIA_TRY(make_node(model, layer, &node, err));
    bool is_input = layer->kind->max_inputs == 0;
    size_t own_tensors = layer->again ? 0 : node.facts.param_count;
    if (!stria_name_table_reserve(&model->names, allocator) ||
        !stria_grow(allocator, (void **)&model->nodes, &model->node_capacity, model->node_count + 1,
                    sizeof node) ||
        !stria_grow(allocator, (void **)&model->tensors, &model->tensor_capacity,
                    model->tensor_count + own_tensors, sizeof *model->tensors) ||
        !stria_grow(allocator, (void **)&model->inputs, &model->input_capacity, model->input_count + 1,
                    sizeof *model->inputs) ||
        !stria_grow(allocator, (void **)&model->outputs, &model->output_capacity, model->output_count + 1,
                    sizeof *model->outputs))
        return stria_fail_memory(err, sizeof node);
    if (!layer->again)
        STRIA_TRY(lay_out_tensors(model, &node, &weights, &statistics, err));
    if (model->materialized &&
        (!grow_block(allocator, &model->weights, &model->weight_capacity, model->weight_count, weights) ||
         !grow_block(allocator, &model->statistics, &model->statistic_capacity, model->statistic_count,
                     statistics)))
        return stria_fail_memory(err, (weights + statistics) * sizeof(float));

    size_t index = model->node_count++;
    model->nodes[index] = node;
    stria_name_table_add(&model->names, node.name, strlen(node.name), index);
    model->tensor_count += own_tensors;
    if (layer->again)
        model->nodes[layer->owner].shared = true;
    model->weight_count = weights;
    model->statistic_count = statistics;
    if (is_input)
        model->inputs[model->input_count++] = index;
    if (!model->outputs_named) {
        model->outputs[0] = index;
        model->output_count = 1;
    }
    for (size_t p = 0; model->materialized && p < own_tensors; p++)
        initialize_tensor(model, node.first_tensor + p, 0);
    return STRIA_OK;
}

stria_status stria_model_add_output(stria_model *model, size_t node, stria_error *err)
{
    size_t count = model->outputs_named ? model->output_count : 0;
    for (size_t i = 0; i < count; i++)
        if (model->outputs[i] == node)
            return stria_fail(err, STRIA_ERROR_VALUE, "'%s' is an output already", model->nodes[node].name);
    if (!stria_grow(&model->context->allocator, (void **)&model->outputs, &model->output_capacity, count + 1,
                    sizeof *model->outputs))
        return stria_fail_memory(err, sizeof *model->outputs);
    model->outputs[count] = node;
    model->output_count = count + 1;
    model->outputs_named = true;
    return STRIA_OK;
}

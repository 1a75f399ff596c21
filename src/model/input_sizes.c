/* Giving a model the sizes of its inputs: all shape rules once more, now with numbers where `?` stood.
 * Parameters do not depend on open sizes, so weights stay as they are. */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "model/model.h"
#include "model/receptive_field.h"
#include "tensor/shape.h"

stria_status stria_model_check_input(const stria_model *model, size_t index, const stria_shape *given,
                                     stria_error *err)
{
    const stria_shape *declared = stria_model_input_shape(model, index);
    bool fits = declared->rank == given->rank;
    for (int a = 0; fits && a < given->rank; a++)
        fits = declared->sizes[a] == STRIA_ANY_SIZE || declared->sizes[a] == given->sizes[a];
    if (fits)
        return STRIA_OK;
    char a[STRIA_SHAPE_TEXT_SIZE], b[STRIA_SHAPE_TEXT_SIZE];
    return stria_fail(err, STRIA_ERROR_SHAPE, "input '%s' of the model is %s; %s does not fit it",
                      stria_model_input_name(model, index), stria_shape_text(declared, a, sizeof a),
                      stria_shape_text(given, b, sizeof b));
}

/* The facts of node `index` for the output shapes found so far. */
static stria_status find_facts(const stria_model *model, size_t index, stria_layer_facts *facts,
                               stria_error *err)
{
    const stria_node *node = &model->nodes[index];
    stria_shape inputs[STRIA_MAX_INPUTS];
    for (size_t k = 0; k < node->input_count; k++)
        inputs[k] = facts[node->inputs[k]].output;
    stria_status status = stria_wrapper_shape(node->wrapper, node->kind, node->config, inputs,
                                              node->input_count, &facts[index], err);
    int64_t count;
    if (status == STRIA_OK)
        status = stria_shape_count(&facts[index].output, &count, err);
    for (size_t p = 0; status == STRIA_OK && p < node->facts.param_count; p++)
        if (!stria_shape_equal(&facts[index].params[p].shape, &node->facts.params[p].shape))
            status = stria_fail(err, STRIA_ERROR_SHAPE, "its parameters would have other sizes");
    return status == STRIA_OK ? STRIA_OK : stria_fail_in(err, status, "layer '%s': ", node->name);
}

/* Where the config of an input layer keeps its shape. */
static stria_shape *input_config(const stria_node *node)
{
    const stria_argument *argument = node->kind->arguments;
    while (argument->type != STRIA_ARG_SHAPE)
        argument++;
    return (stria_shape *)((unsigned char *)node->config + argument->offset);
}

/* The line of an input layer, in the arena; NULL without memory. */
static const char *input_text(stria_model *model, const stria_node *node, const stria_shape *shape)
{
    char sizes[STRIA_SHAPE_TEXT_SIZE];
    stria_text text = {.allocator = &model->context->allocator};
    if (node->named)
        stria_text_format(&text, "%s = ", node->name);
    stria_text_format(&text, "%s %s", node->kind->name, stria_shape_text(shape, sizes, sizeof sizes));
    const char *copy = text.failed ? NULL : stria_arena_copy_text(&model->arena, text.bytes, text.length);
    stria_text_free(&text);
    return copy;
}

stria_status stria_model_facts_at(const stria_model *model, const stria_shape *shapes,
                                  stria_layer_facts *facts, stria_error *err)
{
    for (size_t i = 0; i < model->input_count; i++)
        STRIA_TRY(stria_model_check_input(model, i, &shapes[i], err));
    size_t input = 0;
    for (size_t i = 0; i < model->node_count; i++) {
        facts[i] = (stria_layer_facts){0};
        if (model->nodes[i].kind->max_inputs == 0) {
            int64_t count;
            STRIA_TRY(stria_shape_count(&shapes[input], &count, err));
            facts[i] = model->nodes[i].facts;
            facts[i].output = shapes[input++];
        } else {
            STRIA_TRY(find_facts(model, i, facts, err));
        }
    }
    return STRIA_OK;
}

static stria_status resize(stria_model *model, const stria_shape *shapes, stria_layer_facts *facts,
                           const char **texts, stria_error *err)
{
    STRIA_TRY(stria_model_facts_at(model, shapes, facts, err));
    for (size_t i = 0; i < model->input_count; i++) {
        texts[i] = input_text(model, &model->nodes[model->inputs[i]], &shapes[i]);
        if (texts[i] == NULL)
            return stria_fail_memory(err, STRIA_SHAPE_TEXT_SIZE);
    }
    for (size_t i = 0; i < model->input_count; i++) {
        stria_node *node = &model->nodes[model->inputs[i]];
        *input_config(node) = shapes[i];
        node->text = texts[i];
    }
    for (size_t i = 0; i < model->node_count; i++) {
        model->nodes[i].facts = facts[i];
        stria_receptive_field_of(model, &model->nodes[i]);
    }
    return STRIA_OK;
}

stria_status stria_model_set_input_shapes(stria_model *model, const stria_shape *shapes, size_t count,
                                          stria_error *err)
{
    if (count != model->input_count)
        return stria_fail(err, STRIA_ERROR_VALUE, "the model has %zu input%s, and sizes of %zu are given",
                          model->input_count, model->input_count == 1 ? "" : "s", count);
    const stria_allocator *allocator = &model->context->allocator;
    stria_layer_facts *facts = stria_allocate_array(allocator, model->node_count, sizeof *facts);
    const char **texts = stria_allocate_array(allocator, count, sizeof *texts);
    stria_status status = facts == NULL || texts == NULL
                              ? stria_fail_memory(err, model->node_count * sizeof *facts)
                              : resize(model, shapes, facts, texts, err);
    stria_release(allocator, facts);
    stria_release(allocator, texts);
    return status;
}

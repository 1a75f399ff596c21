/* Looking at a model: layers, shapes, counts and the model text. Nothing here computes: it shows what the
 * graph knows. */
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "layers/kinds.h"
#include "model/model.h"
#include "tensor/shape.h"

size_t stria_model_input_count(const stria_model *model)
{
    return model->input_count;
}

size_t stria_model_output_count(const stria_model *model)
{
    return model->output_count;
}

const char *stria_model_input_name(const stria_model *model, size_t index)
{
    return index < model->input_count ? model->nodes[model->inputs[index]].name : NULL;
}

const char *stria_model_output_name(const stria_model *model, size_t index)
{
    return index < model->output_count ? model->nodes[model->outputs[index]].name : NULL;
}

const stria_shape *stria_model_input_shape(const stria_model *model, size_t index)
{
    return index < model->input_count ? &model->nodes[model->inputs[index]].facts.output : NULL;
}

const stria_shape *stria_model_output_shape(const stria_model *model, size_t index)
{
    return index < model->output_count ? &model->nodes[model->outputs[index]].facts.output : NULL;
}

size_t stria_model_layer_count(const stria_model *model)
{
    return model->node_count;
}

int stria_model_find_layer(const stria_model *model, const char *name)
{
    return stria_model_find_node(model, name, strlen(name));
}

/* For one sample; -1 when a size is open. */
static int64_t output_bytes(const stria_node *node)
{
    int64_t elements = stria_shape_elements(&node->facts.output);
    return elements < 0 ? -1 : elements * (int64_t)sizeof(float);
}

int stria_model_layer(const stria_model *model, size_t index, stria_layer_info *info)
{
    if (index >= model->node_count)
        return 0;
    const stria_node *node = &model->nodes[index];
    *info = (stria_layer_info){.name = node->name,
                               .kind = node->kind->name,
                               .text = node->text,
                               .input_count = node->input_count,
                               .output = node->facts.output,
                               .macs = node->facts.macs,
                               .receptive_field = node->field,
                               .frozen = model->nodes[node->owner].frozen,
                               .shares = node->owner != index ? model->nodes[node->owner].name : NULL};
    memcpy(info->inputs, node->inputs, node->input_count * sizeof node->inputs[0]);
    for (size_t p = 0; node->owner == index && p < node->facts.param_count; p++) {
        const stria_model_tensor_entry *tensor = &model->tensors[node->first_tensor + p];
        info->params += (int64_t)tensor->count;
        if (stria_tensor_is_trained(model, tensor))
            info->trainable_params += (int64_t)tensor->count;
    }
    info->bytes = output_bytes(node);
    return 1;
}

int64_t stria_model_params(const stria_model *model)
{
    int64_t sum = 0;
    for (size_t i = 0; i < model->tensor_count; i++)
        sum += (int64_t)model->tensors[i].count;
    return sum;
}

int64_t stria_model_trainable_params(const stria_model *model)
{
    int64_t sum = 0;
    for (size_t i = 0; i < model->tensor_count; i++)
        if (stria_tensor_is_trained(model, &model->tensors[i]))
            sum += (int64_t)model->tensors[i].count;
    return sum;
}

int64_t stria_model_macs(const stria_model *model)
{
    int64_t sum = 0;
    for (size_t i = 0; i < model->node_count; i++)
        if (model->nodes[i].facts.macs < 0 || !stria_count_add(sum, model->nodes[i].facts.macs, &sum))
            return -1;
    return sum;
}

/* ---- Memory of outputs ---- */

/* last[i]: the last layer that reads the output of layer i; node_count for an output of the model. */
static void find_last_readers(const stria_model *model, size_t *last)
{
    for (size_t i = 0; i < model->node_count; i++) {
        last[i] = i;
        for (size_t k = 0; k < model->nodes[i].input_count; k++)
            last[model->nodes[i].inputs[k]] = i;
    }
    for (size_t i = 0; i < model->output_count; i++)
        last[model->outputs[i]] = model->node_count;
}

/* Walks the layers in running order; -1 in *memory when a size is open. */
static stria_status sum_values(const stria_model *model, int64_t batch, size_t *last,
                               stria_value_memory *memory, stria_error *err)
{
    int64_t alive = 0, bytes;
    *memory = (stria_value_memory){0};
    for (size_t i = 0; i < model->node_count; i++) {
        const stria_node *node = &model->nodes[i];
        if (output_bytes(node) < 0) {
            *memory = (stria_value_memory){.inference = -1, .training = -1};
            return STRIA_OK;
        }
        if (!stria_count_multiply(output_bytes(node), batch, &bytes) ||
            !stria_count_add(memory->training, bytes, &memory->training))
            return stria_fail(err, STRIA_ERROR_LIMIT, "a batch of %lld takes more than 2^63 bytes",
                              (long long)batch);
        alive += bytes;
        if (alive > memory->inference) {
            memory->inference = alive;
            memory->inference_layer = i;
        }
        for (size_t k = 0; k < node->input_count; k++) {
            size_t input = node->inputs[k];
            if (last[input] == i) {
                alive -= output_bytes(&model->nodes[input]) * batch;
                last[input] = model->node_count; /* a layer may read one input twice */
            }
        }
        if (last[i] == i)
            alive -= bytes;
    }
    return STRIA_OK;
}

stria_status stria_model_value_memory(const stria_model *model, int64_t batch, stria_value_memory *memory,
                                      stria_error *err)
{
    if (batch < 1)
        return stria_fail(err, STRIA_ERROR_VALUE, "batch %lld is below 1", (long long)batch);
    const stria_allocator *allocator = &model->context->allocator;
    stria_value_memory found;
    size_t *last = stria_allocate_array(allocator, model->node_count, sizeof *last);
    if (last == NULL)
        return stria_fail_memory(err, model->node_count * sizeof *last);
    find_last_readers(model, last);
    stria_status status = sum_values(model, batch, last, &found, err);
    stria_release(allocator, last);
    if (status == STRIA_OK)
        *memory = found;
    return status;
}

/* ---- Model text ---- */

/* Adds to the length, and to the buffer as far as it goes. */
static void put(const char *text, char *buffer, size_t size, size_t *length)
{
    for (size_t i = 0; text[i] != '\0'; i++, (*length)++)
        if (*length + 1 < size)
            buffer[*length] = text[i];
}

size_t stria_model_text(const stria_model *model, char *buffer, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < model->node_count; i++) {
        put(model->nodes[i].text, buffer, size, &length);
        put("\n", buffer, size, &length);
    }
    for (size_t i = 0; model->outputs_named && i < model->output_count; i++) {
        put("output(", buffer, size, &length);
        put(model->nodes[model->outputs[i]].name, buffer, size, &length);
        put(")\n", buffer, size, &length);
    }
    if (size > 0)
        buffer[length < size ? length : size - 1] = '\0';
    return length;
}

stria_activation_kind stria_model_last_activation(const stria_model *model)
{
    if (model->output_count == 0)
        return STRIA_LINEAR;
    const stria_node *node = &model->nodes[model->outputs[0]];
    if (node->kind == &stria_kind_softmax)
        return stria_softmax_over_last(node->config, &node->facts.output) ? STRIA_SOFTMAX : STRIA_LINEAR;
    return node->kind->activation != NULL ? node->kind->activation(node->config).kind : STRIA_LINEAR;
}

bool stria_model_rescales_itself(const stria_model *model)
{
    for (size_t i = 0; i < model->node_count; i++) {
        const stria_node *node = &model->nodes[i];
        if (strcmp(node->kind->name, "rescaling") == 0 || strcmp(node->kind->name, "normalization") == 0)
            return true;
        if (node->facts.param_count > 0)
            return false;
    }
    return false;
}

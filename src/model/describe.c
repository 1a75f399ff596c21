/* Looking at a model: layers, shapes, counts and the model text. Nothing here computes: it shows what the
 * graph knows. */
#include <string.h>

#include "base/size.h"
#include "base/text.h"
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
                               .frozen = node->frozen};
    memcpy(info->inputs, node->inputs, node->input_count * sizeof node->inputs[0]);
    for (size_t p = 0; p < node->facts.param_count; p++) {
        const stria_model_tensor_entry *tensor = &model->tensors[node->first_tensor + p];
        info->params += (int64_t)tensor->count;
        if (stria_tensor_is_trained(model, tensor))
            info->trainable_params += (int64_t)tensor->count;
    }
    int64_t elements = stria_shape_elements(&node->facts.output);
    info->bytes = elements < 0 ? -1 : elements * (int64_t)sizeof(float);
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

bool stria_model_ends_in_softmax(const stria_model *model)
{
    if (model->output_count == 0)
        return false;
    const stria_node *node = &model->nodes[model->outputs[0]];
    const stria_layer_kind *kind = node->kind;
    if (strcmp(kind->name, "softmax") == 0)
        return true;
    for (size_t i = 0; i < kind->argument_count; i++)
        if (kind->arguments[i].type == STRIA_ARG_ACTIVATION) {
            const stria_activation *activation =
                (const stria_activation *)((const unsigned char *)node->config + kind->arguments[i].offset);
            return activation->kind == STRIA_SOFTMAX;
        }
    return false;
}

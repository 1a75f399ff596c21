/* Parameters by name: reading, setting, copying between models, freezing. */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "model/model.h"
#include "tensor/shape.h"

bool stria_tensor_is_trained(const stria_model *model, const stria_model_tensor_entry *tensor)
{
    return tensor->trains && !model->nodes[tensor->node].frozen;
}

size_t stria_model_tensor_count(const stria_model *model)
{
    return model->tensor_count;
}

int stria_model_tensor(const stria_model *model, size_t index, stria_tensor_info *info)
{
    if (index >= model->tensor_count)
        return 0;
    const stria_model_tensor_entry *tensor = &model->tensors[index];
    *info = (stria_tensor_info){.name = tensor->name,
                                .shape = tensor->shape,
                                .count = (int64_t)tensor->count,
                                .trainable = stria_tensor_is_trained(model, tensor)};
    return 1;
}

int stria_model_find_tensor(const stria_model *model, const char *name)
{
    for (size_t i = 0; i < model->tensor_count; i++)
        if (strcmp(model->tensors[i].name, name) == 0)
            return (int)i;
    return -1;
}

static float *tensor_data(const stria_model *model, size_t index)
{
    if (index >= model->tensor_count)
        return NULL;
    const stria_model_tensor_entry *tensor = &model->tensors[index];
    return stria_node_param(model, &model->nodes[tensor->node], tensor->param);
}

float *stria_model_tensor_data(stria_model *model, size_t index)
{
    return tensor_data(model, index);
}

const float *stria_model_tensor_data_const(const stria_model *model, size_t index)
{
    return tensor_data(model, index);
}

/* Finds a tensor whose numbers are there and as many as the caller thinks. */
static stria_status find(const stria_model *model, const char *name, size_t count, size_t *index,
                         stria_error *err)
{
    int found = stria_model_find_tensor(model, name);
    if (found < 0)
        return stria_fail(err, STRIA_ERROR_MISSING, "the model has no tensor '%.200s'", name);
    const stria_model_tensor_entry *tensor = &model->tensors[found];
    if (tensor->count != count) {
        char shape[STRIA_SHAPE_TEXT_SIZE];
        return stria_fail(err, STRIA_ERROR_SHAPE, "tensor '%s' is %s, %zu numbers, not %zu", name,
                          stria_shape_text(&tensor->shape, shape, sizeof shape), tensor->count, count);
    }
    if (!model->materialized)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "the model was made without parameters; initialize it first");
    *index = (size_t)found;
    return STRIA_OK;
}

stria_status stria_model_get_tensor(const stria_model *model, const char *name, float *values, size_t count,
                                    stria_error *err)
{
    size_t index;
    STRIA_TRY(find(model, name, count, &index, err));
    memcpy(values, tensor_data(model, index), count * sizeof(float));
    return STRIA_OK;
}

stria_status stria_model_set_tensor(stria_model *model, const char *name, const float *values, size_t count,
                                    stria_error *err)
{
    size_t index;
    STRIA_TRY(find(model, name, count, &index, err));
    memcpy(tensor_data(model, index), values, count * sizeof(float));
    return STRIA_OK;
}

stria_status stria_model_copy_tensors(stria_model *model, const stria_model *source, size_t *copied,
                                      stria_error *err)
{
    size_t count = 0;
    STRIA_TRY(stria_model_materialize(model, err));
    for (size_t i = 0; source->materialized && i < model->tensor_count; i++) {
        int other = stria_model_find_tensor(source, model->tensors[i].name);
        if (other < 0 || !stria_shape_equal(&model->tensors[i].shape, &source->tensors[other].shape))
            continue;
        memcpy(tensor_data(model, i), tensor_data(source, (size_t)other),
               model->tensors[i].count * sizeof(float));
        count++;
    }
    if (count == 0)
        return stria_fail(err, STRIA_ERROR_MISSING,
                          "no tensor of the other model has a name and shape of this one's");
    if (copied != NULL)
        *copied = count;
    return STRIA_OK;
}

/* ---- Freezing ---- */

#define MAX_PATTERN 256

/* Calls the model's layers frozen that match one pattern of the list; returns how many. */
static size_t freeze_matching(stria_model *model, const char *pattern)
{
    size_t count = 0;
    for (size_t i = 0; i < model->node_count; i++)
        if (model->nodes[i].facts.param_count > 0 && stria_text_matches(model->nodes[i].name, pattern)) {
            model->nodes[model->nodes[i].owner].frozen = true;
            count++;
        }
    return count;
}

stria_status stria_model_freeze(stria_model *model, const char *pattern, stria_error *err)
{
    size_t matched = 0;
    for (const char *at = pattern; *at != '\0';) {
        char one[MAX_PATTERN];
        size_t length = strcspn(at, ",");
        if (length >= sizeof one)
            return stria_fail(err, STRIA_ERROR_VALUE, "a pattern has %zu bytes; at most %d are allowed",
                              length, MAX_PATTERN - 1);
        memcpy(one, at, length);
        one[length] = '\0';
        matched += freeze_matching(model, one);
        at += length;
        at += *at == ',';
    }
    if (matched == 0)
        return stria_fail(err, STRIA_ERROR_MISSING, "no layer with parameters is named like '%.200s'",
                          pattern);
    return STRIA_OK;
}

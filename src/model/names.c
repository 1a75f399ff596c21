/* Class names and provenance that travel with a model. */
#include <string.h>

#include "base/error.h"
#include "model/model.h"

size_t stria_model_class_count(const stria_model *model)
{
    return model->class_count;
}

const char *stria_model_class_name(const stria_model *model, size_t index)
{
    return index < model->class_count ? model->classes[index] : NULL;
}

static void free_names(const stria_allocator *allocator, char **names, size_t count)
{
    for (size_t i = 0; names != NULL && i < count; i++)
        stria_release(allocator, names[i]);
    stria_release(allocator, names);
}

stria_status stria_model_set_classes(stria_model *model, const char *const *names, size_t count,
                                     stria_error *err)
{
    const stria_allocator *allocator = &model->context->allocator;
    char **copies = stria_allocate_array(allocator, count, sizeof *copies);
    bool complete = copies != NULL;
    for (size_t i = 0; complete && i < count; i++) {
        copies[i] = stria_copy_text(allocator, names[i], strlen(names[i]));
        complete = copies[i] != NULL;
    }
    if (!complete) {
        free_names(allocator, copies, count);
        return stria_fail_memory(err, count * sizeof *copies);
    }
    free_names(allocator, model->classes, model->class_count);
    model->classes = copies;
    model->class_count = count;
    return STRIA_OK;
}

/* The entry of a key, or NULL. */
static stria_metadata_entry *find_entry(const stria_model *model, const char *key)
{
    for (size_t i = 0; i < model->metadata_count; i++)
        if (strcmp(model->metadata[i].key, key) == 0)
            return &model->metadata[i];
    return NULL;
}

const char *stria_model_metadata(const stria_model *model, const char *key)
{
    const stria_metadata_entry *entry = find_entry(model, key);
    return entry != NULL ? entry->value : NULL;
}

static void remove_entry(stria_model *model, stria_metadata_entry *entry)
{
    const stria_allocator *allocator = &model->context->allocator;
    size_t index = (size_t)(entry - model->metadata);
    stria_release(allocator, entry->key);
    stria_release(allocator, entry->value);
    model->metadata_count--;
    memmove(entry, entry + 1, (model->metadata_count - index) * sizeof *entry);
}

stria_status stria_model_set_metadata(stria_model *model, const char *key, const char *value,
                                      stria_error *err)
{
    const stria_allocator *allocator = &model->context->allocator;
    stria_metadata_entry *entry = find_entry(model, key);
    if (value == NULL) {
        if (entry != NULL)
            remove_entry(model, entry);
        return STRIA_OK;
    }
    if (entry == NULL && !stria_grow(allocator, (void **)&model->metadata, &model->metadata_capacity,
                                     model->metadata_count + 1, sizeof *model->metadata))
        return stria_fail_memory(err, sizeof *model->metadata);
    char *value_copy = stria_copy_text(allocator, value, strlen(value));
    char *key_copy = entry == NULL ? stria_copy_text(allocator, key, strlen(key)) : NULL;
    if (value_copy == NULL || (entry == NULL && key_copy == NULL)) {
        stria_release(allocator, value_copy);
        stria_release(allocator, key_copy);
        return stria_fail_memory(err, strlen(value));
    }
    if (entry != NULL) {
        stria_release(allocator, entry->value);
        entry->value = value_copy;
    } else {
        model->metadata[model->metadata_count++] = (stria_metadata_entry){key_copy, value_copy};
    }
    return STRIA_OK;
}

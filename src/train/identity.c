/* Making and comparing the identity of a training. Data is known by its sizes and a checksum of its bytes,
 * not by its name: the same folder may be named by another path. Threads, patience and files are not part of
 * it: the result, or its first epochs, do not depend on them. */
#include "train/identity.h"

#include <assert.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/text.h"
#include "data/files.h"
#include "model/model.h"
#include "tensor/shape.h"

#define PREFIX "training."

/* Moves `value`, which is freed, into the identity under a key. */
static stria_status add_text(stria_identity *identity, const char *key, stria_text *value, stria_error *err)
{
    const size_t length = value->length;
    char *copy = value->failed
                     ? NULL
                     : stria_arena_copy_text(&identity->arena, length > 0 ? value->bytes : "", length);
    stria_text_free(value);
    if (copy == NULL)
        return stria_fail_memory(err, length + 1);
    identity->texts[identity->count++] = (stria_safetext){key, copy};
    return STRIA_OK;
}

static stria_status add(stria_identity *identity, const char *key, const char *value, stria_error *err)
{
    stria_text text = {.allocator = identity->arena.allocator};
    stria_text_add(&text, value);
    return add_text(identity, key, &text, err);
}

static stria_status add_integer(stria_identity *identity, const char *key, unsigned long long value,
                                stria_error *err)
{
    char number[24];
    stria_format(number, sizeof(number), "%llu", value);
    return add(identity, key, number, err);
}

static stria_status add_number(stria_identity *identity, const char *key, double value, stria_error *err)
{
    char number[40];
    return add(identity, key, stria_double_text(value, number, sizeof(number)), err);
}

/* Picture files are known by their names and sizes: their bytes are read when they are needed. */
static stria_status add_part(uint32_t *of, const stria_dataset *data, stria_part part, stria_error *err)
{
    const stria_samples *samples = &data->parts[part];
    const size_t sample_size = (size_t)stria_shape_elements(&data->shape) * stria_dtype_size(data->type);
    if (stria_dataset_streams(data))
        STRIA_TRY(stria_files_checksum(data, part, of, err));
    else
        *of = stria_crc32c(*of, samples->x, samples->count * sample_size);
    uint32_t checksum = *of;
    if (samples->labels != NULL)
        checksum = stria_crc32c(checksum, samples->labels, samples->count * sizeof(int32_t));
    if (samples->targets != NULL)
        checksum =
            stria_crc32c(checksum, samples->targets,
                         samples->count * (size_t)stria_shape_elements(&data->target_shape) * sizeof(float));
    *of = checksum;
    return STRIA_OK;
}

static stria_status add_data(stria_identity *identity, const stria_dataset *data, const stria_split *split,
                             stria_error *err)
{
    char shape[STRIA_SHAPE_TEXT_SIZE];
    stria_text text = {.allocator = identity->arena.allocator};
    uint32_t checksum = 0;
    STRIA_TRY(add_part(&checksum, data, STRIA_PART_TRAIN, err));
    if (split->validation_part == STRIA_PART_TEST)
        STRIA_TRY(add_part(&checksum, data, STRIA_PART_TEST, err));
    stria_text_format(&text, "%zu samples of %s for training, %zu for validation, checksum %08lx",
                      split->train_count, stria_shape_text(&data->shape, shape, sizeof(shape)),
                      split->validation_end - split->validation_first, (unsigned long)checksum);
    return add_text(identity, PREFIX "data", &text, err);
}

static stria_status add_frozen(stria_identity *identity, const stria_model *model, stria_error *err)
{
    stria_text text = {.allocator = identity->arena.allocator};
    for (size_t i = 0; i < model->node_count; i++) {
        if (model->nodes[i].frozen) {
            stria_text_add(&text, text.length > 0 ? "," : "");
            stria_text_add(&text, model->nodes[i].name);
        }
    }
    return add_text(identity, PREFIX "frozen", &text, err);
}

stria_status stria_identity_make(stria_identity *identity, const stria_model *model,
                                 const stria_dataset *data, const stria_settings *settings,
                                 const stria_split *split, const stria_loss *loss, const char *preprocessing,
                                 stria_error *err)
{
    const stria_train_options *options = &settings->options;
    *identity = (stria_identity){.arena = {.allocator = &model->context->allocator}};
    identity->fixes_epochs = stria_schedule_needs_epochs(&settings->schedule);
    stria_text optimizer = {.allocator = identity->arena.allocator};
    stria_optimizer_write(&settings->optimizer, &optimizer);
    STRIA_TRY(add_text(identity, PREFIX "optimizer", &optimizer, err));
    STRIA_TRY(add_number(identity, PREFIX "learning_rate", options->learning_rate, err));
    stria_text schedule = {.allocator = identity->arena.allocator};
    stria_schedule_write(&settings->schedule, &schedule);
    STRIA_TRY(add_text(identity, PREFIX "schedule", &schedule, err));
    stria_text loss_text = {.allocator = identity->arena.allocator};
    stria_loss_write(loss, &loss_text);
    STRIA_TRY(add_text(identity, PREFIX "loss", &loss_text, err));
    STRIA_TRY(add(identity, PREFIX "class_weight",
                  options->class_weight != NULL ? options->class_weight : "none", err));
    STRIA_TRY(add_integer(identity, PREFIX "batch", (unsigned long long)options->batch, err));
    STRIA_TRY(add_integer(identity, PREFIX "epochs", (unsigned long long)options->epochs, err));
    STRIA_TRY(add_integer(identity, PREFIX "seed", (unsigned long long)options->seed, err));
    char share[40], validation[64];
    stria_format(validation, sizeof validation, "%s%s",
                 stria_double_text(options->validation, share, sizeof share),
                 stria_split_is_stratified(data, settings) ? " stratified" : "");
    STRIA_TRY(add(identity, PREFIX "validation", validation, err));
    STRIA_TRY(add(identity, PREFIX "validate_on_test", options->validate_on_test ? "yes" : "no", err));
    STRIA_TRY(add(identity, PREFIX "no_shuffle", options->no_shuffle ? "yes" : "no", err));
    STRIA_TRY(add(identity, PREFIX "keep_parameters", options->keep_parameters ? "yes" : "no", err));
    STRIA_TRY(add(identity, PREFIX "restore_best", options->restore_best ? "yes" : "no", err));
    STRIA_TRY(add(identity, PREFIX "preprocessing", preprocessing, err));
    STRIA_TRY(add_frozen(identity, model, err));
    return add_data(identity, data, split, err);
}

void stria_identity_free(stria_identity *identity)
{
    if (identity->arena.allocator != NULL)
        stria_arena_clear(&identity->arena);
}

const char *stria_identity_value(const stria_identity *identity, const char *option)
{
    size_t i = 0;
    while (strcmp(identity->texts[i].key + sizeof(PREFIX) - 1, option) != 0)
        i++;
    assert(i < identity->count);
    return identity->texts[i].value;
}

stria_status stria_identity_check(const stria_identity *identity, const stria_safetensors *file,
                                  const char *name, stria_error *err)
{
    for (size_t i = 0; i < identity->count; i++) {
        const stria_safetext *text = &identity->texts[i];
        const char *found = stria_safetensors_text(file, text->key);
        if (found == NULL)
            return stria_fail(err, STRIA_ERROR_FORMAT,
                              "%s: this is no checkpoint of a training: '%s' is missing", name, text->key);
        if (strcmp(text->key, PREFIX "epochs") == 0 && !identity->fixes_epochs)
            continue;
        if (strcmp(found, text->value) != 0)
            return stria_fail(
                err, STRIA_ERROR_FORMAT,
                "%s: this checkpoint is of another training: its %s is '%.200s', and the one asked for has "
                "'%.200s'; give the same, or begin anew without resume",
                name, text->key + sizeof(PREFIX) - 1, found, text->value);
    }
    return STRIA_OK;
}

/* Writing and reading checkpoints. The texts of the training state are one table, which the writer and the
 * reader share. */
#include "train/checkpoint.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_file.h"
#include "model/model.h"
#include "tensor/shape.h"

/* ---- The texts ---- */

typedef struct state_field {
    const char *key;
    bool is_integer; /* int64_t, not below 0; else double */
    size_t offset;
} state_field;

static const state_field fields[] = {
    {"training.epoch", true, offsetof(stria_training_state, epoch)},
    {"training.step", true, offsetof(stria_training_state, step)},
    {"training.samples", true, offsetof(stria_training_state, samples)},
    {"training.correct", true, offsetof(stria_training_state, correct)},
    {"training.loss_sum", false, offsetof(stria_training_state, loss_sum)},
    {"training.best_figure", false, offsetof(stria_training_state, best_figure)},
    {"training.best_epoch", true, offsetof(stria_training_state, best_epoch)},
    {"training.epochs_without_best", true, offsetof(stria_training_state, epochs_without_best)},
    {"training.last.loss", false, offsetof(stria_training_state, loss)},
    {"training.last.accuracy", false, offsetof(stria_training_state, accuracy)},
    {"training.last.val_loss", false, offsetof(stria_training_state, val_loss)},
    {"training.last.val_accuracy", false, offsetof(stria_training_state, val_accuracy)},
    {"training.last.learning_rate", false, offsetof(stria_training_state, learning_rate)},
    {"training.last.seconds", false, offsetof(stria_training_state, seconds)},
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static const char history_key[] = "training.history";

static void write_field(const state_field *field, const stria_training_state *state, char value[24])
{
    const char *at = (const char *)state + field->offset;
    if (field->is_integer) {
        int64_t integer;
        memcpy(&integer, at, sizeof(integer));
        stria_format(value, 24, "%lld", (long long)integer);
    } else {
        uint64_t bits;
        memcpy(&bits, at, sizeof(bits));
        stria_format(value, 24, "%016llx", (unsigned long long)bits);
    }
}

static bool read_bits(const char *text, uint64_t *bits)
{
    if (strlen(text) != 16)
        return false;
    *bits = 0;
    for (size_t i = 0; i < 16; i++) {
        const char c = text[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        *bits = *bits << 4 | (uint64_t)digit;
    }
    return true;
}

static bool read_field(const state_field *field, const char *text, stria_training_state *state)
{
    char *at = (char *)state + field->offset;
    if (field->is_integer) {
        int64_t integer;
        if (!stria_text_to_integer(text, strlen(text), &integer) || integer < 0)
            return false;
        memcpy(at, &integer, sizeof(integer));
        return true;
    }
    uint64_t bits;
    if (!read_bits(text, &bits))
        return false;
    memcpy(at, &bits, sizeof(bits));
    return true;
}

/* ---- Making ---- */

/* "PREFIX/TENSOR" in the arena. */
static const char *join_name(stria_arena *arena, const char *prefix, const char *state, const char *tensor)
{
    stria_text text = {.allocator = arena->allocator};
    stria_text_format(&text, "%s/%s/%s", prefix, state, tensor);
    const char *name = text.failed ? NULL : stria_arena_copy_text(arena, text.bytes, text.length);
    stria_text_free(&text);
    return name;
}

static bool add_tensor(stria_checkpoint *checkpoint, const char *prefix, const char *state,
                       const stria_model_tensor_entry *tensor, float *block)
{
    const size_t index = checkpoint->optimizer_count + checkpoint->best_count;
    stria_safetensor *made = &checkpoint->tensors[index];
    checkpoint->values[index] = block + tensor->offset;
    *made = (stria_safetensor){
        .name = join_name(&checkpoint->arena, prefix, state, tensor->name),
        .type = STRIA_F32,
        .shape = tensor->shape,
        .bytes = checkpoint->values[index],
        .size = tensor->count * sizeof(float),
    };
    return made->name != NULL;
}

stria_status stria_checkpoint_make(stria_checkpoint *checkpoint, const stria_trainer *trainer,
                                   const stria_best_parameters *best, stria_error *err)
{
    const stria_model *model = trainer->model;
    const stria_allocator *allocator = &model->context->allocator;
    const size_t states = stria_optimizer_state_count(&trainer->optimizer);
    const size_t capacity = model->tensor_count * (STRIA_MAX_OPTIMIZER_STATES + 1);
    *checkpoint = (stria_checkpoint){.arena = {.allocator = allocator}};
    checkpoint->tensors = stria_allocate_array(allocator, capacity, sizeof(stria_safetensor));
    checkpoint->values = stria_allocate_array(allocator, capacity, sizeof(float *));
    if (checkpoint->tensors == NULL || checkpoint->values == NULL)
        return stria_fail_memory(err, capacity * sizeof(stria_safetensor));
    for (size_t s = 0; s < states; s++) {
        for (size_t i = 0; i < model->tensor_count; i++) {
            if (!stria_tensor_is_trained(model, &model->tensors[i]))
                continue;
            if (!add_tensor(checkpoint, "optimizer", stria_optimizer_state_name(&trainer->optimizer, s),
                            &model->tensors[i], trainer->states[s]))
                return stria_fail_memory(err, strlen(model->tensors[i].name));
            checkpoint->optimizer_count++;
        }
    }
    for (size_t i = 0; best->weights != NULL && i < model->tensor_count; i++) {
        const stria_model_tensor_entry *tensor = &model->tensors[i];
        if (!add_tensor(checkpoint, "training", "best", tensor,
                        tensor->trains ? best->weights : best->statistics))
            return stria_fail_memory(err, strlen(tensor->name));
        checkpoint->best_count++;
    }
    return STRIA_OK;
}

void stria_checkpoint_free(stria_checkpoint *checkpoint)
{
    if (checkpoint->arena.allocator == NULL)
        return;
    stria_release(checkpoint->arena.allocator, checkpoint->tensors);
    stria_release(checkpoint->arena.allocator, (void *)checkpoint->values);
    stria_arena_clear(&checkpoint->arena);
}

/* ---- Writing and reading ---- */

/* The best parameters are in the file as soon as there is a best epoch. */
static size_t tensors_in_file(const stria_checkpoint *checkpoint, const stria_training_state *state)
{
    return checkpoint->optimizer_count + (state->best_epoch > 0 ? checkpoint->best_count : 0);
}

stria_status stria_checkpoint_write(const stria_checkpoint *checkpoint, const stria_trainer *trainer,
                                    const stria_identity *identity, const stria_training_state *state,
                                    const char *path, stria_error *err)
{
    char values[FIELD_COUNT][24];
    stria_safetext texts[STRIA_IDENTITY_MAX + FIELD_COUNT + 1];
    size_t count = 0;
    for (; count < identity->count; count++)
        texts[count] = identity->texts[count];
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        write_field(&fields[i], state, values[i]);
        texts[count++] = (stria_safetext){fields[i].key, values[i]};
    }
    texts[count++] = (stria_safetext){history_key, state->history.length > 0 ? state->history.bytes : ""};
    return stria_model_file_write(trainer->model, path, checkpoint->tensors,
                                  tensors_in_file(checkpoint, state), texts, count, err);
}

/* Counts that contradict each other come from a changed file. */
static bool state_is_sound(const stria_training_state *state, const stria_split *split,
                           const stria_settings *settings, size_t marks)
{
    const int64_t count = (int64_t)split->train_count;
    if (state->epoch > INT32_MAX || state->step > split->steps)
        return false;
    const bool short_of_end = state->step < split->steps;
    const int64_t samples = short_of_end ? state->step * settings->options.batch : count;
    return (state->samples == samples || (split->may_skip && state->samples < samples)) &&
           (size_t)state->correct <= (size_t)state->samples * (marks > 0 ? marks : 1) &&
           state->best_epoch <= state->epoch &&
           state->epochs_without_best <= state->epoch - state->best_epoch && isfinite(state->loss_sum);
}

stria_status stria_checkpoint_read_state(const stria_checkpoint *checkpoint, const stria_safetensors *file,
                                         const char *name, const stria_split *split,
                                         const stria_settings *settings, size_t marks,
                                         stria_training_state *state, stria_error *err)
{
    stria_training_state read = {.history = {.allocator = state->history.allocator}};
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const char *value = stria_safetensors_text(file, fields[i].key);
        if (value == NULL || !read_field(&fields[i], value, &read))
            return stria_fail(err, STRIA_ERROR_FORMAT, "%s: '%s' is %s%.40s%s: it must be %s", name,
                              fields[i].key, value == NULL ? "missing" : "'", value == NULL ? "" : value,
                              value == NULL ? "" : "'",
                              fields[i].is_integer ? "a whole number of 0 or more" : "16 hexadecimal digits");
    }
    const char *history = stria_safetensors_text(file, history_key);
    if (history == NULL || !state_is_sound(&read, split, settings, marks))
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "%s: the training state does not fit together: the file was changed", name);
    if (read.epoch > settings->options.epochs || (read.epoch == settings->options.epochs && read.step > 0))
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "%s: this checkpoint is in epoch %lld, beyond the %d asked for", name,
                          (long long)(read.epoch + (read.step > 0)), settings->options.epochs);
    const size_t tensors = tensors_in_file(checkpoint, &read);
    for (size_t i = 0; i < tensors; i++) {
        const stria_safetensor *wanted = &checkpoint->tensors[i];
        const stria_safetensor *found = stria_safetensors_find(file, wanted->name);
        if (found == NULL || found->type != STRIA_F32 || !stria_shape_equal(&found->shape, &wanted->shape))
            return stria_fail(err, STRIA_ERROR_FORMAT, "%s: tensor '%s' is %s", name, wanted->name,
                              found == NULL ? "missing" : "of another type or shape than the model's");
    }
    stria_text_add(&read.history, history);
    if (read.history.failed)
        return stria_fail_memory(err, strlen(history) + 1);
    *state = read;
    return STRIA_OK;
}

stria_status stria_checkpoint_restore(const stria_checkpoint *checkpoint, const stria_safetensors *file,
                                      const char *name, const stria_training_state *state,
                                      stria_trainer *trainer, stria_error *err)
{
    STRIA_TRY(stria_model_file_restore(trainer->model, file, name, err));
    const size_t tensors = tensors_in_file(checkpoint, state);
    for (size_t i = 0; i < tensors; i++) {
        const stria_safetensor *kept = &checkpoint->tensors[i];
        const stria_safetensor *found = stria_safetensors_find(file, kept->name);
        stria_dtype_to_float(STRIA_F32, found->bytes, kept->size / sizeof(float), checkpoint->values[i]);
    }
    return STRIA_OK;
}

/* The fit loop: epochs of steps, validation, the best epoch, checkpoints, the log.
 *
 * Nothing that a step does depends on what is not in a checkpoint: the order of an epoch's samples and the
 * random layers are functions of seed, epoch and step, the learning rate of epoch and step, and the rest is
 * training state. So a training that goes on from a checkpoint, even in the middle of an epoch, ends with the
 * bits of one that was never stopped. The clock is read for progress and the log only. */
#include <math.h>
#include <string.h>

#include <stria/train.h>
#include <stria/version.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/size.h"
#include "data/dataset.h"
#include "formats/model_file.h"
#include "model/model.h"
#include "train/adapt.h"
#include "train/checkpoint.h"
#include "train/evaluator.h"
#include "train/identity.h"
#include "train/outputs.h"
#include "train/split.h"
#include "train/state.h"
#include "train/trainer.h"

#define PROGRESS_NANOSECONDS UINT64_C(100000000)

typedef struct fit {
    stria_context *context;
    stria_model *model;
    const stria_dataset *data;
    stria_settings settings;
    stria_loss loss; /* resolved */
    size_t marks;    /* stria_loss_marks */
    stria_split split;
    char *preprocessing;
    stria_trainer *trainer;
    stria_evaluator *evaluator; /* NULL without validation */
    stria_loader *loader;
    uint32_t *order; /* [split.train_count], shuffled; NULL: the split's own */
    stria_outputs outputs;
    stria_identity identity;
    stria_checkpoint checkpoint;
    stria_safetensors file; /* the checkpoint to go on from, while it is being read */
    stria_best_parameters best;
    stria_training_state state;
    bool resumed;
    uint64_t began, epoch_began, reported;
} fit;

static double seconds_since(const fit *f, uint64_t then)
{
    return (double)(stria_context_now(f->context) - then) * 1e-9;
}

/* ---- Copies of the model's parameters ---- */

/* Memory for a copy; free with free_copy, also after a failure. */
static stria_status make_copy(const fit *f, stria_best_parameters *copy, stria_error *err)
{
    const stria_allocator *allocator = &f->context->allocator;
    copy->weights = stria_allocate_floats(allocator, f->model->weight_count);
    copy->statistics = stria_allocate_floats(allocator, f->model->statistic_count);
    if (copy->weights == NULL || copy->statistics == NULL)
        return stria_fail_memory(err, (f->model->weight_count + f->model->statistic_count) * sizeof(float));
    return STRIA_OK;
}

static void free_copy(const fit *f, stria_best_parameters *copy)
{
    stria_release(&f->context->allocator, copy->weights);
    stria_release(&f->context->allocator, copy->statistics);
}

static void store(const fit *f, const stria_best_parameters *copy)
{
    if (f->model->weight_count > 0)
        memcpy(copy->weights, f->model->weights, f->model->weight_count * sizeof(float));
    if (f->model->statistic_count > 0)
        memcpy(copy->statistics, f->model->statistics, f->model->statistic_count * sizeof(float));
}

static void put_back(const fit *f, const stria_best_parameters *copy)
{
    if (f->model->weight_count > 0)
        memcpy(f->model->weights, copy->weights, f->model->weight_count * sizeof(float));
    if (f->model->statistic_count > 0)
        memcpy(f->model->statistics, copy->statistics, f->model->statistic_count * sizeof(float));
}

/* ---- Getting ready: all of it before the model is touched ---- */

static stria_status make_order(fit *f, stria_error *err)
{
    if (f->settings.options.no_shuffle)
        return STRIA_OK;
    f->order = stria_allocate_array(&f->context->allocator, f->split.train_count, sizeof(uint32_t));
    return f->order != NULL ? STRIA_OK : stria_fail_memory(err, f->split.train_count * sizeof(uint32_t));
}

/* Plans, loaders and memory for the whole training. */
static stria_status make_parts(fit *f, stria_error *err)
{
    const stria_train_options *options = &f->settings.options;
    STRIA_TRY(stria_preprocessing_to_keep(&f->preprocessing, f->model, f->data, err));

    stria_settings settings = f->settings;
    settings.loss = f->loss;
    if ((size_t)settings.options.batch > f->split.train_count)
        settings.options.batch = (int64_t)f->split.train_count;
    STRIA_TRY(stria_trainer_make(&f->trainer, f->model, &settings, stria_dataset_shape(f->data), err));
    STRIA_TRY(stria_check_output(&f->trainer->output, f->data, &f->loss, err));
    STRIA_TRY(stria_trainer_weigh_classes(f->trainer, &settings, f->data, f->split.order,
                                          f->split.train_count, err));
    const stria_output_view *output = &f->trainer->output;
    f->marks =
        stria_loss_marks(&f->loss, stria_dataset_class_count(f->data) > 0, output->rows * output->columns);
    STRIA_TRY(stria_loader_create(&f->loader, f->data, STRIA_PART_TRAIN, f->preprocessing,
                                  (size_t)settings.options.batch, stria_loader_threads(f->data), err));
    if (f->split.validation_end > f->split.validation_first)
        STRIA_TRY(stria_evaluator_create(&f->evaluator, f->model, f->data, f->split.validation_part,
                                         f->preprocessing, f->split.order, f->split.validation_first,
                                         f->split.validation_end, 256, &f->loss, err));
    STRIA_TRY(make_order(f, err));
    if (options->restore_best)
        STRIA_TRY(make_copy(f, &f->best, err));
    STRIA_TRY(stria_identity_make(&f->identity, f->model, f->data, &f->settings, &f->split, &f->loss,
                                  f->preprocessing, err));
    STRIA_TRY(stria_checkpoint_make(&f->checkpoint, f->trainer, &f->best, err));
    return stria_outputs_open(&f->outputs, f->context, options->output, options->log, err);
}

/* Opens and checks the checkpoint to go on from, if there is one. */
static stria_status find_checkpoint(fit *f, stria_error *err)
{
    if (!f->settings.options.resume || stria_file_probe(f->context, f->outputs.last) == 0)
        return STRIA_OK;
    const char *name = f->outputs.last;
    STRIA_TRY(stria_safetensors_open(&f->file, f->context, name, err));
    STRIA_TRY(stria_identity_check(&f->identity, &f->file, name, err));
    STRIA_TRY(stria_checkpoint_read_state(&f->checkpoint, &f->file, name, &f->split, &f->settings, f->marks,
                                          &f->state, err));
    f->resumed = true;
    return STRIA_OK;
}

/* The instruction sets that a training has been computed with, those before it was resumed first. */
static stria_status set_cpu(fit *f, stria_error *err)
{
    const char *cpu = stria_context_cpu(f->context);
    const char *before = f->resumed ? stria_safetensors_text(&f->file, "stria.cpu") : NULL;
    if (before != NULL && stria_words_find(before, cpu, strlen(cpu)) >= 0)
        return stria_model_set_metadata(f->model, "cpu", before, err);
    stria_text all = {.allocator = &f->context->allocator};
    stria_text_format(&all, "%s%s%s", before != NULL ? before : "", before != NULL ? " " : "", cpu);
    const stria_status status = all.failed ? stria_fail_memory(err, all.length)
                                           : stria_model_set_metadata(f->model, "cpu", all.bytes, err);
    stria_text_free(&all);
    return status;
}

/* Keeps with the model how it was trained. Nothing here differs between a resumed and an uninterrupted
 * training of one instruction set: no time, and the command is the one that began it. */
static stria_status set_provenance(fit *f, stria_error *err)
{
    const stria_train_options *options = &f->settings.options;
    const char *command = options->command, *data_name = options->data_name;
    if (f->resumed) {
        command = stria_safetensors_text(&f->file, "stria.command");
        data_name = stria_safetensors_text(&f->file, "stria.data_name");
    }
    static const char *const keys[] = {"data",     "seed", "optimizer", "learning_rate",
                                       "schedule", "loss", "batch"};
    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
        STRIA_TRY(
            stria_model_set_metadata(f->model, keys[k], stria_identity_value(&f->identity, keys[k]), err));
    STRIA_TRY(stria_model_set_metadata(f->model, "class_weight", f->settings.options.class_weight, err));
    STRIA_TRY(stria_model_set_metadata(f->model, "preprocessing", f->preprocessing, err));
    STRIA_TRY(stria_model_set_metadata(f->model, "command", command, err));
    STRIA_TRY(stria_model_set_metadata(f->model, "data_name", data_name, err));
    STRIA_TRY(stria_model_set_metadata(f->model, "first_parameters",
                                       options->keep_parameters ? "given" : "drawn", err));
    STRIA_TRY(stria_model_set_metadata(f->model, "trained_with", "stria " STRIA_VERSION, err));
    STRIA_TRY(set_cpu(f, err));

    return stria_take_classes(f->model, f->data, stria_loss_classes(&f->loss, f->trainer->output.columns),
                              err);
}

/* How many epochs of training are behind the model's parameters, and what happened in them. */
static stria_status set_epochs(fit *f, int64_t epochs, stria_error *err)
{
    char text[24];
    stria_format(text, sizeof(text), "%lld", (long long)epochs);
    STRIA_TRY(stria_model_set_metadata(f->model, "epochs", text, err));
    return stria_history_keep(&f->state, f->model, err);
}

/* Initial parameters, and the numbers of layers that wait for the data. */
static stria_status draw_and_adapt(fit *f, stria_error *err)
{
    const stria_train_options *options = &f->settings.options;
    if (!options->keep_parameters)
        STRIA_TRY(stria_model_initialize(f->model, options->seed, err));
    const stria_adapting adapting = {
        .model = f->model,
        .data = f->data,
        .preprocessing = f->preprocessing,
        .order = f->split.order,
        .count = f->split.train_count,
        .cancelled = options->cancelled,
        .payload = options->payload,
    };
    return stria_adapt_waiting(&adapting, err);
}

static bool has_layers_to_adapt(const stria_model *model)
{
    for (size_t i = 0; i < model->node_count; i++)
        if (stria_adapts(model, &model->nodes[i]))
            return true;
    return false;
}

/* After a failure the parameters are as they were; without layers to adapt none is possible. */
static stria_status begin(fit *f, stria_error *err)
{
    if (!has_layers_to_adapt(f->model))
        return draw_and_adapt(f, err);
    stria_best_parameters before = {0};
    stria_status status = make_copy(f, &before, err);
    if (status == STRIA_OK) {
        store(f, &before);
        status = draw_and_adapt(f, err);
        if (status != STRIA_OK)
            put_back(f, &before);
    }
    free_copy(f, &before);
    return status;
}

static stria_status prepare(fit *f, const stria_train_options *options, stria_error *err)
{
    STRIA_TRY(stria_settings_read(&f->settings, options, err));
    STRIA_TRY(stria_split_make(&f->split, f->data, &f->settings, err));
    STRIA_TRY(stria_check_input(f->model, f->data, err));
    STRIA_TRY(stria_loss_resolve(&f->settings.loss, f->model, stria_dataset_class_count(f->data) > 0,
                                 &f->loss, err));
    options = &f->settings.options;
    if (options->log != NULL && options->output != NULL && strcmp(options->log, options->output) == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "log and output are both '%s': they must be two files",
                          options->log);
    STRIA_TRY(make_parts(f, err));
    STRIA_TRY(find_checkpoint(f, err));
    if (options->log != NULL)
        STRIA_TRY(stria_history_write(f->context, &f->state, options->log, err));
    STRIA_TRY(set_provenance(f, err));
    if (f->resumed) {
        STRIA_TRY(
            stria_checkpoint_restore(&f->checkpoint, &f->file, f->outputs.last, &f->state, f->trainer, err));
        f->trainer->iterations =
            (uint64_t)f->state.epoch * (uint64_t)f->split.steps + (uint64_t)f->state.step;
        stria_log(f->context, STRIA_LOG_INFO, "going on from %s: epoch %lld, step %lld", f->outputs.last,
                  (long long)f->state.epoch + 1, (long long)f->state.step + 1);
    } else {
        STRIA_TRY(begin(f, err));
    }
    stria_safetensors_free(&f->file);
    f->file = (stria_safetensors){0};
    return STRIA_OK;
}

static void release(fit *f)
{
    const stria_allocator *allocator = &f->context->allocator;
    stria_outputs_free(&f->outputs);
    stria_safetensors_free(&f->file);
    stria_checkpoint_free(&f->checkpoint);
    stria_identity_free(&f->identity);
    stria_text_free(&f->state.history);
    free_copy(f, &f->best);
    stria_evaluator_free(f->evaluator);
    stria_loader_free(f->loader);
    stria_split_free(&f->split, f->context);
    stria_release(allocator, f->order); /* the loader's thread may have been reading ahead in it */
    stria_trainer_free(f->trainer);
    stria_release(allocator, f->preprocessing);
}

/* ---- An epoch ---- */

static stria_status save_last(fit *f, stria_error *err)
{
    if (f->outputs.model == NULL)
        return STRIA_OK;
    STRIA_TRY(set_epochs(f, f->state.epoch, err));
    return stria_checkpoint_write(&f->checkpoint, f->trainer, &f->identity, &f->state, f->outputs.last, err);
}

/* Says where training diverged, and what is left to go on from. Other failures, and STRIA_OK, pass through.
 */
static stria_status fail_diverged(const fit *f, stria_status status, int64_t step, stria_error *err)
{
    if (status != STRIA_ERROR_DIVERGED)
        return status;
    if (f->outputs.model != NULL && f->state.epoch > 0)
        stria_fail_in(err, status, "the last good checkpoint is '%s'; ", f->outputs.last);
    return stria_fail_in(err, status, "training diverged in epoch %lld, step %lld of %lld: ",
                         (long long)f->state.epoch + 1, (long long)step, (long long)f->split.steps);
}

/* A sample could not be read, which `err` tells: saves what was trained, so that training can go on when the
 * data is right again. */
static stria_status stop_unread(fit *f, stria_status unread, stria_error *err)
{
    if (stria_trainer_check_parameters(f->trainer, NULL) == STRIA_OK && f->outputs.model != NULL &&
        save_last(f, NULL) == STRIA_OK)
        stria_fail_in(err, unread, "'%s' was saved and resume goes on from there; ", f->outputs.last);
    return stria_fail_in(err, unread, "training was stopped in epoch %lld after step %lld of %lld: ",
                         (long long)f->state.epoch + 1, (long long)f->state.step, (long long)f->split.steps);
}

static stria_status stop_cancelled(fit *f, stria_error *err)
{
    STRIA_TRY(fail_diverged(f, stria_trainer_check_parameters(f->trainer, err), f->state.step, err));
    stria_error why = {0};
    const stria_status status = save_last(f, &why);
    const int epoch = (int)f->state.epoch + 1;
    if (status != STRIA_OK) {
        stria_fail(err, status, "%s", why.message);
        return stria_fail_in(err, status,
                             "training was stopped in epoch %d, and its checkpoint was not saved: ", epoch);
    }
    if (f->outputs.model == NULL)
        return stria_fail(
            err, STRIA_ERROR_CANCELLED,
            "training was stopped in epoch %d after step %lld of %lld, and nothing was saved: it has no "
            "output",
            epoch, (long long)f->state.step, (long long)f->split.steps);
    return stria_fail(
        err, STRIA_ERROR_CANCELLED,
        "training was stopped in epoch %d after step %lld of %lld, and '%s' was saved: resume goes on from "
        "there",
        epoch, (long long)f->state.step, (long long)f->split.steps, f->outputs.last);
}

static double running_accuracy(const fit *f)
{
    return f->marks == 0 ? -1 : (double)f->state.correct / ((double)f->state.samples * (double)f->marks);
}

static void report_progress(fit *f, int64_t samples_before)
{
    const stria_train_options *options = &f->settings.options;
    if (options->on_progress == NULL)
        return;
    const uint64_t now = stria_context_now(f->context);
    if (now - f->reported < PROGRESS_NANOSECONDS)
        return;
    f->reported = now;
    const double seconds = (double)(now - f->epoch_began) * 1e-9;
    const stria_progress progress = {
        .epoch = (int)f->state.epoch + 1,
        .epochs = options->epochs,
        .step = f->state.step,
        .steps = f->split.steps,
        .loss = f->state.loss_sum / (double)f->state.samples,
        .accuracy = running_accuracy(f),
        .samples_per_second = seconds > 0 ? (double)(f->state.samples - samples_before) / seconds : 0,
    };
    options->on_progress(&progress, options->payload);
}

/* The steps that are left of the epoch. */
static stria_status run_steps(fit *f, stria_error *err)
{
    const stria_train_options *options = &f->settings.options;
    stria_training_state *state = &f->state;
    const int epoch = (int)state->epoch + 1;
    const int64_t samples_before = state->samples;
    const uint32_t *order = f->split.order;
    if (f->order != NULL) {
        const stria_random_key key = {
            .seed = options->seed, .purpose = STRIA_RANDOM_SHUFFLE, .step = (uint64_t)epoch};
        stria_loader_start(f->loader, NULL, 0, 0); /* its threads let go of the old order */
        stria_random_order(&key, f->order, (uint32_t)f->split.train_count);
        for (size_t i = 0; f->split.order != NULL && i < f->split.train_count; i++)
            f->order[i] = f->split.order[f->order[i]];
        order = f->order;
    }
    stria_loader_start(f->loader, order,
                       stria_size_min((size_t)state->step * (size_t)options->batch, f->split.train_count),
                       f->split.train_count);
    while (state->step < f->split.steps) {
        stria_batch batch;
        stria_status status = stria_loader_next(f->loader, &batch, err);
        if (status != STRIA_OK)
            return stop_unread(f, status, err);
        if (batch.count == 0) { /* every file of it was left out */
            state->step++;
            f->trainer->iterations++;
            continue;
        }
        stria_trainer_set_learning_rate(
            f->trainer, stria_schedule_rate(&f->settings.schedule, options->learning_rate, options->epochs,
                                            f->split.steps, epoch, state->step));
        double loss_sum;
        int64_t correct;
        status = stria_trainer_advance(f->trainer, batch.x, batch.labels, batch.targets, (int64_t)batch.count,
                                       &loss_sum, &correct, err);
        if (status != STRIA_OK)
            return fail_diverged(f, status, state->step + 1, err);
        state->step++;
        state->samples += (int64_t)batch.count;
        state->loss_sum += loss_sum;
        state->correct += correct > 0 ? correct : 0;
        report_progress(f, samples_before);
        if (options->cancelled != NULL && options->cancelled(options->payload))
            return stop_cancelled(f, err);
    }
    if (state->samples == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "none of the %zu samples could be read",
                          f->split.train_count);
    return fail_diverged(f, stria_trainer_check_parameters(f->trainer, err), state->step, err);
}

/* Closes the epoch in the training state: its figures, whether it is the best, its row in the history. */
static stria_status count_epoch(fit *f, stria_epoch *epoch, stria_error *err)
{
    stria_training_state *state = &f->state;
    const double figure = f->evaluator != NULL ? epoch->val_loss : epoch->loss;
    state->epoch++;
    epoch->is_best = state->best_epoch == 0 ? !isnan(figure) : figure < state->best_figure;
    if (epoch->is_best) {
        state->best_figure = figure;
        state->best_epoch = state->epoch;
        state->epochs_without_best = 0;
        if (f->best.weights != NULL)
            store(f, &f->best);
    } else {
        state->epochs_without_best++;
    }
    state->loss = epoch->loss;
    state->accuracy = epoch->accuracy;
    state->val_loss = epoch->val_loss;
    state->val_accuracy = epoch->val_accuracy;
    state->learning_rate = epoch->learning_rate;
    state->seconds = epoch->seconds;
    state->step = state->samples = state->correct = 0;
    state->loss_sum = 0;
    return stria_history_add(state) ? STRIA_OK : stria_fail_memory(err, state->history.length);
}

static stria_status save_epoch(fit *f, bool is_best, stria_error *err)
{
    if (f->outputs.model != NULL && is_best) {
        STRIA_TRY(set_epochs(f, f->state.epoch, err));
        STRIA_TRY(stria_checkpoint_write(&f->checkpoint, f->trainer, &f->identity, &f->state, f->outputs.best,
                                         err));
    }
    STRIA_TRY(save_last(f, err));
    if (f->settings.options.log != NULL)
        STRIA_TRY(stria_history_write(f->context, &f->state, f->settings.options.log, err));
    return STRIA_OK;
}

static stria_status run_epoch(fit *f, stria_error *err)
{
    const stria_train_options *options = &f->settings.options;
    f->epoch_began = f->reported = stria_context_now(f->context);
    STRIA_TRY(run_steps(f, err));
    stria_epoch epoch = {
        .epoch = (int)f->state.epoch + 1,
        .epochs = options->epochs,
        .loss = f->state.loss_sum / (double)f->state.samples,
        .accuracy = running_accuracy(f),
        .val_loss = (double)NAN,
        .val_accuracy = (double)NAN,
        .learning_rate = stria_schedule_rate(&f->settings.schedule, options->learning_rate, options->epochs,
                                             f->split.steps, (int)f->state.epoch + 1, f->split.steps - 1),
    };
    if (f->evaluator != NULL) {
        bool ended = false;
        const stria_status status =
            stria_evaluator_run(f->evaluator, &epoch.val_loss, &epoch.val_accuracy, NULL, options->cancelled,
                                options->payload, &ended, err);
        if (status != STRIA_OK)
            return stop_unread(f, status, err);
        if (!ended)
            return stop_cancelled(f, err);
    }
    epoch.seconds = seconds_since(f, f->epoch_began);
    STRIA_TRY(count_epoch(f, &epoch, err));
    STRIA_TRY(save_epoch(f, epoch.is_best, err));
    if (options->on_epoch != NULL)
        options->on_epoch(&epoch, options->payload);
    return STRIA_OK;
}

/* ---- The whole ---- */

static bool is_out_of_patience(const fit *f)
{
    const int patience = f->settings.options.patience;
    return patience > 0 && f->state.epochs_without_best >= patience;
}

static stria_status finish(fit *f, stria_error *err)
{
    int64_t epochs = f->state.epoch;
    if (f->best.weights != NULL && f->state.best_epoch > 0) {
        put_back(f, &f->best);
        epochs = f->state.best_epoch;
    }
    STRIA_TRY(set_epochs(f, epochs, err));
    return f->outputs.model != NULL ? stria_model_save(f->model, f->outputs.model, err) : STRIA_OK;
}

stria_status stria_train(stria_model *model, const stria_dataset *data, const stria_train_options *options,
                         stria_train_result *result, stria_error *err)
{
    fit f = {.context = model->context, .model = model, .data = data};
    f.state.history.allocator = &f.context->allocator;
    f.began = stria_context_now(f.context);
    stria_status status = prepare(&f, options, err);
    while (status == STRIA_OK && f.state.epoch < f.settings.options.epochs && !is_out_of_patience(&f))
        status = run_epoch(&f, err);
    if (status == STRIA_OK)
        status = finish(&f, err);
    if (status == STRIA_OK && result != NULL) {
        const stria_training_state *state = &f.state;
        *result = (stria_train_result){
            .epochs = (int)state->epoch,
            .best_epoch = (int)state->best_epoch,
            .stopped_early = is_out_of_patience(&f),
            .resumed = f.resumed,
            .last = {.epoch = (int)state->epoch,
                     .epochs = f.settings.options.epochs,
                     .loss = state->loss,
                     .accuracy = state->accuracy,
                     .val_loss = state->val_loss,
                     .val_accuracy = state->val_accuracy,
                     .learning_rate = state->learning_rate,
                     .seconds = state->seconds,
                     .is_best = state->best_epoch == state->epoch},
            .seconds = seconds_since(&f, f.began),
        };
    }
    release(&f);
    return status;
}

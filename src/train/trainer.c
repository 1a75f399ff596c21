/* One step of training: forward, loss, backward, optimizer. Everything a step needs is made with the trainer,
 * so that a step allocates nothing. NaN and infinities are looked for twice, in the losses and in the
 * gradients, both before the optimizer runs: a step that diverges leaves the parameters as they were. */
#include "train/trainer.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/float_state.h"
#include "base/memory.h"
#include "model/model.h"
#include "model/penalty.h"
#include "model/plan.h"
#include "tensor/shape.h"
#include "train/class_weights.h"

/* Tensors that are trained and follow each other make one range, which takes in the zero gaps between them.
 */
static stria_status find_ranges(stria_trainer *trainer, stria_error *err)
{
    const stria_model *model = trainer->model;
    const stria_allocator *allocator = &model->context->allocator;
    trainer->ranges = stria_allocate_array(allocator, model->tensor_count, sizeof(*trainer->ranges));
    if (trainer->ranges == NULL)
        return stria_fail_memory(err, model->tensor_count * sizeof(*trainer->ranges));
    bool joins = false;
    for (size_t i = 0; i < model->tensor_count; i++) {
        const stria_model_tensor_entry *tensor = &model->tensors[i];
        if (!tensor->trains)
            continue;
        if (!stria_tensor_is_trained(model, tensor)) {
            joins = false;
            continue;
        }
        if (!joins)
            trainer->ranges[trainer->range_count++].offset = tensor->offset;
        stria_weight_range *range = &trainer->ranges[trainer->range_count - 1];
        range->count = tensor->offset + tensor->count - range->offset;
        joins = true;
    }
    if (trainer->range_count == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "there is nothing to train: %s",
                          stria_model_params(model) == 0 ? "the model has no parameters"
                                                         : "every layer is frozen");
    return STRIA_OK;
}

static stria_status make_memory(stria_trainer *trainer, stria_error *err)
{
    const stria_model *model = trainer->model;
    const stria_allocator *allocator = &model->context->allocator;
    for (size_t i = 0; i < stria_optimizer_state_count(&trainer->optimizer); i++) {
        trainer->states[i] = stria_allocate_floats(allocator, model->weight_count);
        if (trainer->states[i] == NULL)
            return stria_fail_memory(err, model->weight_count * sizeof(float));
        const float start = (float)stria_optimizer_state_start(&trainer->optimizer, i);
        for (size_t k = 0; k < model->weight_count; k++)
            trainer->states[i][k] = start;
    }
    if (model->statistic_count > 0) {
        trainer->statistics = stria_allocate_floats(allocator, model->statistic_count);
        if (trainer->statistics == NULL)
            return stria_fail_memory(err, model->statistic_count * sizeof(float));
    }
    trainer->losses = stria_allocate_array(allocator, (size_t)trainer->batch, sizeof(double));
    if (trainer->losses == NULL)
        return stria_fail_memory(err, (size_t)trainer->batch * sizeof(double));
    return stria_mixing_make(&trainer->mixing, trainer->plan, allocator, (size_t)trainer->batch,
                             trainer->output.rows * trainer->output.columns, err);
}

stria_status stria_trainer_make(stria_trainer **trainer, stria_model *model, const stria_settings *settings,
                                const stria_shape *input_shape, stria_error *err)
{
    const size_t inputs = stria_model_input_count(model), outputs = stria_model_output_count(model);
    if (inputs != 1 || outputs != 1)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "training needs a model of one input and one output, and this one has %zu and %zu",
                          inputs, outputs);
    if (!model->materialized)
        STRIA_TRY(stria_model_initialize(model, settings->options.seed, err));
    stria_trainer *made = stria_allocate(&model->context->allocator, sizeof(*made));
    if (made == NULL)
        return stria_fail_memory(err, sizeof(*made));
    made->model = model;
    made->optimizer = settings->optimizer;
    made->rate = settings->options.learning_rate;
    made->loss = settings->loss;
    made->batch = settings->options.batch;

    stria_status status = find_ranges(made, err);
    if (status != STRIA_OK)
        goto fail;
    const stria_plan_options plan_options = {
        .mode = STRIA_MODE_TRAINING,
        .batch = made->batch,
        .input_shapes = input_shape,
        .raw_output = stria_loss_raw_output(&settings->loss, model),
        .seed = settings->options.seed,
    };
    status = stria_plan_create(&made->plan, model, &plan_options, err);
    if (status != STRIA_OK)
        goto fail;
    made->kernels = stria_plan_kernels(made->plan);
    made->pool = stria_plan_pool(made->plan);
    made->output = stria_planned_output(model, made->plan);
    status = make_memory(made, err);
    if (status != STRIA_OK)
        goto fail;
    *trainer = made;
    return STRIA_OK;

fail:
    stria_trainer_free(made);
    return status;
}

stria_status stria_trainer_weigh_classes(stria_trainer *trainer, const stria_settings *settings,
                                         const stria_dataset *data, const uint32_t *order, size_t train_count,
                                         stria_error *err)
{
    const char *text = settings->options.class_weight;
    const stria_output_view *output = &trainer->output;
    stria_loss loss;
    if (text == NULL)
        return STRIA_OK;
    if (output->rows != 1)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "class_weight needs an output of one row of classes, and '%s' has %zu rows",
                          output->name, output->rows);
    /* Whether labels or targets come makes no difference to the number of classes. */
    STRIA_TRY(stria_loss_resolve(&trainer->loss, trainer->model, true, &loss, err));
    return stria_class_weights_read(&trainer->class_weights, trainer->model, text,
                                    stria_loss_classes(&loss, output->columns), data, order, train_count,
                                    err);
}

stria_status stria_trainer_create(stria_trainer **trainer, stria_model *model,
                                  const stria_train_options *options, stria_error *err)
{
    stria_settings settings;
    STRIA_TRY(stria_settings_read(&settings, options, err));
    stria_trainer *made = NULL;
    STRIA_TRY(stria_trainer_make(&made, model, &settings, NULL, err));
    stria_status status = stria_trainer_weigh_classes(made, &settings, NULL, NULL, 0, err);
    if (status == STRIA_OK && !settings.options.keep_parameters)
        status = stria_model_initialize(model, settings.options.seed, err);
    if (status != STRIA_OK) {
        stria_trainer_free(made);
        return status;
    }
    *trainer = made;
    return STRIA_OK;
}

void stria_trainer_free(stria_trainer *trainer)
{
    if (trainer == NULL)
        return;
    const stria_allocator *allocator = &trainer->model->context->allocator;
    stria_plan_free(trainer->plan);
    for (size_t i = 0; i < STRIA_MAX_OPTIMIZER_STATES; i++)
        stria_release(allocator, trainer->states[i]);
    stria_release(allocator, trainer->ranges);
    stria_release(allocator, trainer->class_weights);
    stria_release(allocator, trainer->losses);
    stria_mixing_free(&trainer->mixing, allocator);
    stria_release(allocator, trainer->statistics);
    stria_release(allocator, trainer);
}

void stria_trainer_set_learning_rate(stria_trainer *trainer, double rate)
{
    trainer->rate = rate;
}

stria_plan *stria_trainer_plan(stria_trainer *trainer)
{
    return trainer->plan;
}

/* ---- A step ---- */

static stria_status check_step(const stria_trainer *trainer, const float *x, const int32_t *labels,
                               const float *targets, int64_t batch, const stria_loss *loss, stria_error *err)
{
    if (batch < 1 || batch > trainer->batch)
        return stria_fail(err, STRIA_ERROR_VALUE, "a batch of %lld samples: this trainer takes 1 to %lld",
                          (long long)batch, (long long)trainer->batch);
    if (x == NULL || (labels == NULL) == (targets == NULL))
        return stria_fail(err, STRIA_ERROR_VALUE, "a step needs x, and either labels or targets");
    if (labels == NULL)
        return STRIA_OK;
    const stria_output_view *output = &trainer->output;
    if (output->rows != 1)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "labels need an output of one row of classes, and '%s' has %zu rows: give targets",
                          output->name, output->rows);
    const size_t classes = stria_loss_classes(loss, output->columns);
    for (int64_t i = 0; i < batch; i++)
        if (labels[i] < 0 || (size_t)labels[i] >= classes)
            return stria_fail(err, STRIA_ERROR_VALUE,
                              "label %d of sample %lld is not one of the %zu classes of '%s'", (int)labels[i],
                              (long long)i, classes, output->name);
    return STRIA_OK;
}

/* Says which layer or parameter holds the first NaN or infinity of a step that went wrong. */
static stria_status fail_diverged(const stria_trainer *trainer, const char *what, stria_error *err)
{
    const char *layer = stria_plan_first_nonfinite(trainer->plan);
    if (layer != NULL && strcmp(layer, stria_model_input_name(trainer->model, 0)) == 0)
        return stria_fail(err, STRIA_ERROR_DIVERGED,
                          "the input '%s' holds NaN or infinity: the data is at fault", layer);
    if (layer != NULL)
        return stria_fail(err, STRIA_ERROR_DIVERGED,
                          "layer '%s' gave NaN or infinity at a learning rate of %g: a smaller one may help",
                          layer, trainer->rate);
    return stria_fail(err, STRIA_ERROR_DIVERGED,
                      "%s NaN or infinity at a learning rate of %g: a smaller one may help", what,
                      trainer->rate);
}

/* The first tensor whose values in a block laid out as the weights are not all finite, or NULL. */
static const char *first_bad_tensor(const stria_trainer *trainer, const float *block, bool of_statistics)
{
    const stria_model *model = trainer->model;
    for (size_t i = 0; i < model->tensor_count; i++) {
        const stria_model_tensor_entry *tensor = &model->tensors[i];
        if (tensor->trains != of_statistics &&
            !trainer->kernels->reduce.all_finite(block + tensor->offset, tensor->count, NULL))
            return tensor->name;
    }
    return NULL;
}

static stria_status fail_gradient(const stria_trainer *trainer, const float *gradients, stria_error *err)
{
    char what[300] = "the gradients hold";
    const char *tensor = first_bad_tensor(trainer, gradients, false);
    if (tensor != NULL) {
        static const char before[] = "the gradient of '", after[] = "' holds";
        const size_t length = strlen(tensor) < sizeof(what) - 32 ? strlen(tensor) : sizeof(what) - 32;
        memcpy(what, before, sizeof(before) - 1);
        memcpy(what + sizeof(before) - 1, tensor, length);
        memcpy(what + sizeof(before) - 1 + length, after, sizeof(after));
    }
    return fail_diverged(trainer, what, err);
}

stria_status stria_trainer_check_parameters(const stria_trainer *trainer, stria_error *err)
{
    const stria_model *model = trainer->model;
    const char *bad = NULL;
    const stria_float_state before = stria_float_begin();
    if (!trainer->kernels->reduce.all_finite(model->weights, model->weight_count, trainer->pool))
        bad = first_bad_tensor(trainer, model->weights, false);
    else if (!trainer->kernels->reduce.all_finite(model->statistics, model->statistic_count, trainer->pool))
        bad = first_bad_tensor(trainer, model->statistics, true);
    stria_float_end(before);
    if (bad == NULL)
        return STRIA_OK;
    return stria_fail(
        err, STRIA_ERROR_DIVERGED,
        "parameter '%s' holds NaN or infinity after a step at a learning rate of %g: a smaller one may help",
        bad, trainer->rate);
}

/* Scales the gradients as the optimizer asks for: each tensor's norm, every number, or the norm of all. */
static void clip_gradients(const stria_trainer *trainer, float *gradients)
{
    const stria_model *model = trainer->model;
    const stria_optimizer *optimizer = &trainer->optimizer;
    if (optimizer->clipvalue > 0)
        stria_clip_all(gradients, model->weight_count, optimizer->clipvalue);
    if (optimizer->global_clipnorm > 0) {
        const double norm = sqrt(stria_square_sum(gradients, model->weight_count));
        if (norm > optimizer->global_clipnorm)
            stria_multiply_all(gradients, model->weight_count, optimizer->global_clipnorm / norm);
    }
    for (size_t i = 0; optimizer->clipnorm > 0 && i < model->tensor_count; i++) {
        const stria_model_tensor_entry *tensor = &model->tensors[i];
        if (!stria_tensor_is_trained(model, tensor))
            continue;
        const double norm = sqrt(stria_square_sum(gradients + tensor->offset, tensor->count));
        if (norm > optimizer->clipnorm)
            stria_multiply_all(gradients + tensor->offset, tensor->count, optimizer->clipnorm / norm);
    }
}

/* Moves the parameters by the plan's gradients, unless those hold NaN or infinity.
 * *penalty: what the weights' regularizers add to the loss. */
static stria_status apply_gradients(stria_trainer *trainer, double *penalty, stria_error *err)
{
    float *gradients = stria_plan_gradients(trainer->plan);
    *penalty = stria_model_penalty(trainer->model, gradients);
    if (!trainer->kernels->reduce.all_finite(gradients, trainer->model->weight_count, trainer->pool))
        return fail_gradient(trainer, gradients, err);
    clip_gradients(trainer, gradients);
    trainer->iterations++;
    for (size_t i = 0; i < trainer->range_count; i++) {
        const stria_weight_range *range = &trainer->ranges[i];
        float *states[STRIA_MAX_OPTIMIZER_STATES];
        for (size_t s = 0; s < STRIA_MAX_OPTIMIZER_STATES; s++)
            states[s] = trainer->states[s] == NULL ? NULL : trainer->states[s] + range->offset;
        stria_optimizer_apply(&trainer->optimizer, trainer->kernels, trainer->pool,
                              trainer->model->weights + range->offset, states, gradients + range->offset,
                              range->count, trainer->rate, trainer->iterations);
    }
    stria_model_constrain(trainer->model);
    return STRIA_OK;
}

stria_status stria_trainer_apply(stria_trainer *trainer, stria_error *err)
{
    const stria_float_state before = stria_float_begin();
    double penalty;
    const stria_status status = apply_gradients(trainer, &penalty, err);
    stria_float_end(before);
    return status;
}

static stria_status advance(stria_trainer *trainer, const float *x, const int32_t *labels,
                            const float *targets, int64_t batch, double *loss_sum, int64_t *correct,
                            stria_error *err)
{
    stria_loss loss;
    STRIA_TRY(stria_loss_resolve(&trainer->loss, trainer->model, labels != NULL, &loss, err));
    STRIA_TRY(check_step(trainer, x, labels, targets, batch, &loss, err));
    stria_model *model = trainer->model;
    const size_t statistics_size = model->statistic_count * sizeof(float);
    if (trainer->statistics != NULL)
        memcpy(trainer->statistics, model->statistics, statistics_size);

    stria_plan_set_step(trainer->plan, trainer->iterations);
    STRIA_TRY(stria_plan_run(trainer->plan, &x, batch, err));
    stria_loss_call call = {
        .loss = &loss,
        .outputs = stria_plan_output(trainer->plan, 0),
        .labels = labels,
        .targets = targets,
        .batch = (size_t)batch,
        .rows = trainer->output.rows,
        .columns = trainer->output.columns,
        .class_weights = trainer->class_weights,
        .losses = trainer->losses,
        .gradient = stria_plan_output_gradient(trainer->plan, 0),
    };
    const size_t numbers = call.rows * call.columns;
    if (trainer->mixing.count > 0) {
        call.targets =
            stria_mixing_targets(&trainer->mixing, trainer->plan, labels, targets, call.batch, numbers);
        call.labels = NULL;
    }
    int64_t right;
    double sum = stria_loss_compute(&call, trainer->kernels, trainer->pool, &right);
    if (labels != NULL && trainer->mixing.count > 0)
        right = stria_mixing_correct(&loss, call.outputs, call.targets, call.batch, numbers);
    const double output_penalty = stria_plan_penalty(trainer->plan);
    double weight_penalty = 0;
    stria_status status = STRIA_OK;
    if (!isfinite(sum + output_penalty)) {
        status = fail_diverged(trainer, "the loss is", err);
    } else {
        stria_plan_backward_in_place(trainer->plan);
        status = apply_gradients(trainer, &weight_penalty, err);
    }
    if (status != STRIA_OK) {
        if (trainer->statistics != NULL)
            memcpy(model->statistics, trainer->statistics, statistics_size);
        return status;
    }

    sum += (output_penalty + weight_penalty) * (double)batch;
    *loss_sum = sum;
    *correct = right;
    return STRIA_OK;
}

stria_status stria_trainer_advance(stria_trainer *trainer, const float *x, const int32_t *labels,
                                   const float *targets, int64_t batch, double *loss_sum, int64_t *correct,
                                   stria_error *err)
{
    const stria_float_state before = stria_float_begin();
    const stria_status status = advance(trainer, x, labels, targets, batch, loss_sum, correct, err);
    stria_float_end(before);
    return status;
}

stria_status stria_trainer_step(stria_trainer *trainer, const float *x, const int32_t *labels,
                                const float *targets, int64_t batch, double *loss, int64_t *correct,
                                stria_error *err)
{
    double sum;
    int64_t right;
    STRIA_TRY(stria_trainer_advance(trainer, x, labels, targets, batch, &sum, &right, err));
    if (loss != NULL)
        *loss = sum / (double)batch;
    if (correct != NULL)
        *correct = right;
    return STRIA_OK;
}

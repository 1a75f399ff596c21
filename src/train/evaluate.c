/* Evaluation and the reading of outputs: loss, accuracy, confusion matrix and the figures of every class.
 *
 * With tp the samples of a class that were found, precision is tp over all that were taken for it, recall tp
 * over all that are of it, f1 their harmonic mean 2 tp / (taken + are); each is 0 where it is 0/0, as in
 * scikit-learn. */
#include <math.h>

#include <stria/train.h>

#include "base/error.h"
#include "base/memory.h"
#include "model/model.h"
#include "train/evaluator.h"

static double ratio(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static void compute_class_figures(stria_evaluation *evaluation)
{
    const size_t classes = evaluation->class_count;
    for (size_t c = 0; c < classes; c++) {
        int64_t taken = 0, are = 0;
        for (size_t i = 0; i < classes; i++) {
            taken += evaluation->confusion[i * classes + c];
            are += evaluation->confusion[c * classes + i];
        }
        const int64_t found = evaluation->confusion[c * classes + c];
        evaluation->precision[c] = ratio(found, taken);
        evaluation->recall[c] = ratio(found, are);
        evaluation->f1[c] = ratio(2 * found, taken + are);
    }
}

static stria_status make_tables(stria_evaluation *evaluation, const stria_allocator *allocator,
                                size_t classes, stria_error *err)
{
    evaluation->class_count = classes;
    double **figures[] = {&evaluation->precision, &evaluation->recall, &evaluation->f1};
    for (size_t i = 0; i < 3; i++) {
        *figures[i] = stria_allocate_array(allocator, classes, sizeof(double));
        if (*figures[i] == NULL)
            return stria_fail_memory(err, classes * sizeof(double));
    }
    if (classes <= SIZE_MAX / sizeof(int64_t) / classes)
        evaluation->confusion = stria_allocate_array(allocator, classes * classes, sizeof(int64_t));
    return evaluation->confusion != NULL ? STRIA_OK
                                         : stria_fail_memory(err, classes * classes * sizeof(int64_t));
}

stria_status stria_evaluate_worst(stria_evaluation *evaluation, stria_sample_result *worst,
                                  size_t *worst_count, stria_model *model, const stria_dataset *data,
                                  stria_part part, int64_t batch, const char *loss, stria_error *err)
{
    if (batch < 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "batch is %lld: it must be 1 or more, or 0 for 256",
                          (long long)batch);
    stria_loss named, resolved;
    if (loss != NULL || stria_loss_read(&named, stria_model_metadata(model, "loss"), NULL) != STRIA_OK)
        STRIA_TRY(stria_loss_read(&named, loss, err));
    const size_t classes = stria_dataset_class_count(data), count = stria_dataset_count(data, part);
    STRIA_TRY(stria_loss_resolve(&named, model, classes > 0, &resolved, err));
    if (count == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "the data has no %s part",
                          part == STRIA_PART_TEST ? "test" : "training");

    const stria_allocator *allocator = &model->context->allocator;
    stria_evaluation made = {.count = (int64_t)count};
    stria_evaluator *evaluator = NULL;
    stria_status status =
        stria_evaluator_create(&evaluator, model, data, part, stria_preprocessing_for(model, data), NULL, 0, count,
                               batch == 0 ? 256 : (size_t)batch, &resolved, err);
    if (status != STRIA_OK)
        goto done;
    if (classes > 0) {
        status = make_tables(&made, allocator, stria_loss_classes(&resolved, evaluator->output.columns), err);
        if (status != STRIA_OK)
            goto done;
    }
    stria_worst bounded = {.samples = worst, .capacity = *worst_count};
    evaluator->worst = bounded.capacity > 0 ? &bounded : NULL;
    bool ended;
    status =
        stria_evaluator_run(evaluator, &made.loss, &made.accuracy, made.confusion, NULL, NULL, &ended, err);
    if (status != STRIA_OK)
        goto done;
    made.count = (int64_t)evaluator->seen;
    compute_class_figures(&made);
    stria_worst_sort(&bounded);
    *worst_count = bounded.count;
    *evaluation = made;

done:
    if (status != STRIA_OK)
        stria_evaluation_free(&made, model->context);
    stria_evaluator_free(evaluator);
    return status;
}

stria_status stria_evaluate(stria_evaluation *evaluation, stria_model *model, const stria_dataset *data,
                            stria_part part, int64_t batch, const char *loss, stria_error *err)
{
    size_t none = 0;
    return stria_evaluate_worst(evaluation, NULL, &none, model, data, part, batch, loss, err);
}

void stria_evaluation_free(stria_evaluation *evaluation, stria_context *context)
{
    if (context != NULL) {
        stria_release(&context->allocator, evaluation->confusion);
        stria_release(&context->allocator, evaluation->precision);
        stria_release(&context->allocator, evaluation->recall);
        stria_release(&context->allocator, evaluation->f1);
    }
    *evaluation = (stria_evaluation){0};
}

static bool is_larger(double a, double b)
{
    return a > b || (isnan(b) && !isnan(a));
}

size_t stria_top_predictions(const float *output, size_t count, stria_prediction *predictions, size_t top)
{
    size_t held = 0;
    for (size_t i = 0; i < count; i++) {
        const double value = output[i];
        size_t place = held;
        while (place > 0 && is_larger(value, predictions[place - 1].probability))
            place--;
        if (place >= top)
            continue;
        held = held < top ? held + 1 : held;
        for (size_t j = held - 1; j > place; j--)
            predictions[j] = predictions[j - 1];
        predictions[place] = (stria_prediction){.index = i, .probability = value};
    }
    return held;
}

/* The evaluation loop: an inference plan over batches in the order of the data, the last one short. */
#include "train/evaluator.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "model/model.h"
#include "model/penalty.h"
#include "model/plan.h"

/* Lists the layers whose outputs have a penalty, for the plan to keep them. */
static stria_status keep_penalized(stria_evaluator *evaluator, stria_error *err)
{
    const stria_model *model = evaluator->model;
    for (size_t i = 0; i < model->node_count; i++)
        evaluator->kept_count += stria_node_has_penalty(&model->nodes[i]);
    if (evaluator->kept_count == 0)
        return STRIA_OK;
    evaluator->kept =
        stria_allocate_array(&evaluator->context->allocator, evaluator->kept_count, sizeof(*evaluator->kept));
    if (evaluator->kept == NULL)
        return stria_fail_memory(err, evaluator->kept_count * sizeof(*evaluator->kept));
    size_t next = 0;
    for (size_t i = 0; i < model->node_count; i++)
        if (stria_node_has_penalty(&model->nodes[i]))
            evaluator->kept[next++] = model->nodes[i].name;
    return STRIA_OK;
}

stria_status stria_evaluator_create(stria_evaluator **evaluator, stria_model *model,
                                    const stria_dataset *data, stria_part part, const char *preprocessing,
                                    const uint32_t *order, size_t first, size_t end, size_t batch,
                                    const stria_loss *loss, stria_error *err)
{
    STRIA_TRY(stria_check_input(model, data, err));
    const stria_allocator *allocator = &model->context->allocator;
    const size_t largest = batch < end - first ? batch : end - first;
    stria_evaluator *made = stria_allocate(allocator, sizeof(*made));
    if (made == NULL)
        return stria_fail_memory(err, sizeof(*made));
    made->context = model->context;
    made->model = model;
    made->loss = *loss;
    made->has_labels = stria_dataset_class_count(data) > 0;
    made->order = order;
    made->first = first;
    made->end = end;

    stria_status status = keep_penalized(made, err);
    if (status != STRIA_OK)
        goto fail;
    const stria_plan_options plan_options = {
        .mode = STRIA_MODE_INFERENCE,
        .batch = (int64_t)largest,
        .input_shapes = stria_dataset_shape(data),
        .raw_output = stria_loss_raw_output(loss, model),
        .keep = made->kept,
        .keep_count = made->kept_count,
    };
    status = stria_plan_create(&made->plan, model, &plan_options, err);
    if (status != STRIA_OK)
        goto fail;
    made->output = stria_planned_output(model, made->plan);
    status = stria_check_output(&made->output, data, loss, err);
    if (status != STRIA_OK)
        goto fail;
    made->losses = stria_allocate_array(allocator, largest, sizeof(double));
    if (made->losses == NULL) {
        status = stria_fail_memory(err, largest * sizeof(double));
        goto fail;
    }
    status = stria_loader_create(&made->loader, data, part, preprocessing, largest,
                                 stria_loader_threads(data), err);
    if (status != STRIA_OK)
        goto fail;
    *evaluator = made;
    return STRIA_OK;

fail:
    stria_evaluator_free(made);
    return status;
}

void stria_evaluator_free(stria_evaluator *evaluator)
{
    if (evaluator == NULL)
        return;
    const stria_allocator *allocator = &evaluator->context->allocator;
    stria_loader_free(evaluator->loader);
    stria_plan_free(evaluator->plan);
    stria_release(allocator, evaluator->losses);
    stria_release(allocator, evaluator->kept);
    stria_release(allocator, evaluator);
}

static void count_confusion(const stria_evaluator *evaluator, const stria_batch *batch, int64_t *confusion)
{
    const float *outputs = stria_plan_output(evaluator->plan, 0); /* [batch, columns] */
    const size_t columns = evaluator->output.columns;
    const size_t classes = stria_loss_classes(&evaluator->loss, columns);
    for (size_t s = 0; s < batch->count; s++)
        confusion[(size_t)batch->labels[s] * classes +
                  stria_loss_predicted(&evaluator->loss, outputs + s * columns, columns)]++;
}

/* Says, for the batch just run, where the first NaN or infinity came from. */
static void warn_not_finite(stria_evaluator *evaluator)
{
    const stria_model *model = evaluator->model;
    const char *layer = stria_plan_first_nonfinite(evaluator->plan);
    if (layer == NULL)
        stria_log(evaluator->context, STRIA_LOG_WARNING, "the loss is not finite, though every output is");
    else if (strcmp(layer, stria_model_input_name(model, 0)) == 0)
        stria_log(evaluator->context, STRIA_LOG_WARNING,
                  "the loss is not finite: the input '%s' holds NaN or infinity, the data is at fault",
                  layer);
    else
        stria_log(evaluator->context, STRIA_LOG_WARNING,
                  "the loss is not finite: layer '%s' is the first that gives NaN or infinity", layer);
}

stria_status stria_evaluator_run(stria_evaluator *evaluator, double *loss, double *accuracy,
                                 int64_t *confusion, int (*cancelled)(void *payload), void *payload,
                                 bool *ended, stria_error *err)
{
    double loss_sum = 0;
    int64_t marks_sum = 0;
    size_t done = 0, seen = 0;
    const size_t count = evaluator->end - evaluator->first;
    const double weight_penalty = stria_model_penalty(evaluator->model, NULL);
    stria_plan_refresh(evaluator->plan);
    stria_loader_start(evaluator->loader, evaluator->order, evaluator->first, evaluator->end);
    *ended = false;
    while (done < count) {
        stria_batch batch;
        STRIA_TRY(stria_loader_next(evaluator->loader, &batch, err));
        done += batch.taken;
        if (batch.count == 0)
            continue;
        /* Cannot fail: the batch is within what was planned. */
        (void)stria_plan_run(evaluator->plan, &batch.x, (int64_t)batch.count, NULL);
        const stria_loss_call call = {
            .loss = &evaluator->loss,
            .outputs = stria_plan_output(evaluator->plan, 0),
            .labels = batch.labels,
            .targets = batch.targets,
            .batch = batch.count,
            .rows = evaluator->output.rows,
            .columns = evaluator->output.columns,
            .losses = evaluator->losses,
        };
        int64_t marks;
        const double batch_loss = stria_loss_compute(&call, stria_plan_kernels(evaluator->plan),
                                                     stria_plan_pool(evaluator->plan), &marks);
        if (!isfinite(batch_loss) && isfinite(loss_sum))
            warn_not_finite(evaluator);
        loss_sum += batch_loss + (weight_penalty + stria_plan_penalty(evaluator->plan)) * (double)batch.count;
        marks_sum += marks;
        if (confusion != NULL && batch.labels != NULL)
            count_confusion(evaluator, &batch, confusion);
        if (evaluator->worst != NULL)
            stria_worst_offer(evaluator->worst, &call, batch.indices);
        seen += batch.count;
        if (cancelled != NULL && done < count && cancelled(payload))
            return STRIA_OK;
    }
    if (seen == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "none of the %zu samples could be read", count);
    evaluator->seen = seen;
    *loss = loss_sum / (double)seen;
    const stria_output_view *output = &evaluator->output;
    const size_t most =
        stria_loss_marks(&evaluator->loss, evaluator->has_labels, output->rows * output->columns);
    *accuracy = most == 0 ? -1 : (double)marks_sum / ((double)seen * (double)most);
    *ended = true;
    return STRIA_OK;
}

/* The losses.
 *
 * Cross-entropy takes the sums before the softmax ("logits"): with labels it is the fused kernel, with
 * targets t it is loss = -sum_j t_j log softmax(z)_j = sum_j t_j (log sum_k exp(z_k - max) - (z_j - max))
 *     dloss/dz_j = softmax(z)_j sum_k t_k - t_j
 * for each row, then the mean over the rows of a sample. The mean squared error is the mean over all outputs
 * of a sample, for labels against a one-hot row. Losses are added in double, sample by sample, in order. */
#include "train/loss.h"

#include <assert.h>
#include <math.h>

#include "base/error.h"
#include "base/float_state.h"
#include "model/model.h"

const stria_choice stria_losses[STRIA_LOSS_COUNT] = {
    [STRIA_LOSS_CATEGORICAL_CROSSENTROPY] =
        {"categorical_crossentropy", NULL, 0,
         "categorical_crossentropy: of labels, or of targets that are rows of "
         "probabilities; joined with a softmax at the end of the model, other "
         "outputs are taken as what a softmax would get"},
    [STRIA_LOSS_MEAN_SQUARED_ERROR] =
        {"mean_squared_error", NULL, 0,
         "mean_squared_error: mean over all outputs of a sample; labels count as rows with "
         "a single 1"},
    [STRIA_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY] =
        {"sparse_categorical_crossentropy", NULL, 0,
         "sparse_categorical_crossentropy: categorical_crossentropy that "
         "insists on labels"},
};

stria_status stria_loss_read(stria_loss *loss, const char *text, stria_error *err)
{
    if (text == NULL) {
        *loss = STRIA_LOSS_DEFAULT;
        return STRIA_OK;
    }
    size_t kind;
    char no_arguments = 0;
    STRIA_TRY(stria_choice_read("loss", stria_losses, STRIA_LOSS_COUNT, text, &kind, &no_arguments, err));
    *loss = (stria_loss)kind;
    return STRIA_OK;
}

stria_status stria_loss_resolve(stria_loss loss, const stria_model *model, bool has_labels,
                                stria_loss *resolved, stria_error *err)
{
    switch (loss) {
    case STRIA_LOSS_DEFAULT:
        *resolved = has_labels || stria_model_ends_in_softmax(model) ? STRIA_LOSS_CATEGORICAL_CROSSENTROPY
                                                                     : STRIA_LOSS_MEAN_SQUARED_ERROR;
        return STRIA_OK;
    case STRIA_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY:
        if (!has_labels)
            return stria_fail(
                err, STRIA_ERROR_VALUE,
                "loss 'sparse_categorical_crossentropy' needs labels, and the data has targets: "
                "'categorical_crossentropy' takes them");
        *resolved = STRIA_LOSS_CATEGORICAL_CROSSENTROPY;
        return STRIA_OK;
    default:
        *resolved = loss;
        return STRIA_OK;
    }
}

bool stria_loss_takes_logits(stria_loss loss)
{
    return loss != STRIA_LOSS_MEAN_SQUARED_ERROR;
}

size_t stria_largest_output(const float *outputs, size_t count)
{
    size_t largest = 0;
    for (size_t i = 1; i < count; i++)
        if (outputs[i] > outputs[largest] || (isnan(outputs[largest]) && !isnan(outputs[i])))
            largest = i;
    return largest;
}

/* One row of outputs z [columns] against targets t [columns]; `scale` is the row's share of the batch's mean.
 */
static double row_cross_entropy(const float *z, const float *t, size_t columns, double scale, float *gradient)
{
    double max = z[0];
    for (size_t j = 1; j < columns; j++)
        max = z[j] > max ? z[j] : max;
    double sum = 0, weight = 0;
    for (size_t j = 0; j < columns; j++) {
        sum += exp(z[j] - max);
        weight += t[j];
    }
    const double log_sum = log(sum);
    double loss = 0;
    for (size_t j = 0; j < columns; j++) {
        /* A target of 0 has no share in the loss, not even where its output is infinitely unlikely. */
        if (t[j] != 0)
            loss += t[j] * (log_sum - (z[j] - max));
        if (gradient != NULL)
            gradient[j] = (float)((exp(z[j] - max) / sum * weight - t[j]) * scale);
    }
    /* A NaN among the outputs passes every comparison above; the sum carries it. */
    return isnan(sum) ? (double)NAN : loss;
}

static double sample_cross_entropy(const stria_loss_call *call, size_t sample)
{
    const size_t first = sample * call->rows * call->columns;
    const double scale = 1 / ((double)call->batch * (double)call->rows);
    double sum = 0;
    for (size_t r = 0; r < call->rows; r++) {
        const size_t row = first + r * call->columns;
        sum += row_cross_entropy(call->outputs + row, call->targets + row, call->columns, scale,
                                 call->gradient == NULL ? NULL : call->gradient + row);
    }
    return sum / (double)call->rows;
}

static double sample_squared_error(const stria_loss_call *call, size_t sample)
{
    const size_t count = call->rows * call->columns;
    const size_t first = sample * count;
    const double scale = 2 / ((double)call->batch * (double)count);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const double wanted = call->targets != NULL ? (double)call->targets[first + i]
                                                    : (double)(i == (size_t)call->labels[sample]);
        const double difference = call->outputs[first + i] - wanted;
        sum += difference * difference;
        if (call->gradient != NULL)
            call->gradient[first + i] = (float)(difference * scale);
    }
    return sum / (double)count;
}

/* Samples are independent: tasks of a fixed number of outputs. */
typedef struct loss_job {
    const stria_loss_call *call;
    size_t samples_per_task;
} loss_job;

static void compute_samples(void *job_pointer, size_t task, size_t worker)
{
    (void)worker;
    const loss_job *job = job_pointer;
    const size_t first = task * job->samples_per_task;
    const size_t end =
        first + job->samples_per_task < job->call->batch ? first + job->samples_per_task : job->call->batch;
    for (size_t s = first; s < end; s++)
        job->call->losses[s] = job->call->loss == STRIA_LOSS_MEAN_SQUARED_ERROR
                                   ? sample_squared_error(job->call, s)
                                   : sample_cross_entropy(job->call, s);
}

double stria_loss_compute(const stria_loss_call *call, const stria_kernels *kernels, stria_pool *pool,
                          int64_t *correct)
{
    assert(call->loss == STRIA_LOSS_CATEGORICAL_CROSSENTROPY || call->loss == STRIA_LOSS_MEAN_SQUARED_ERROR);
    assert(call->labels == NULL || call->rows == 1);
    *correct = -1;
    const stria_float_state before = stria_float_begin();
    if (call->loss == STRIA_LOSS_CATEGORICAL_CROSSENTROPY && call->labels != NULL) {
        *correct = (int64_t)kernels->reduce.softmax_cross_entropy(call->outputs, call->labels, call->batch,
                                                                  call->columns, 1 / (float)call->batch,
                                                                  call->losses, call->gradient, pool);
    } else {
        const size_t outputs = call->rows * call->columns;
        const size_t samples = outputs < 16384 ? 16384 / outputs : 1;
        loss_job job = {.call = call, .samples_per_task = samples};
        stria_pool_run(pool, (call->batch + samples - 1) / samples, compute_samples, &job);
        if (call->labels != NULL) {
            *correct = 0;
            for (size_t s = 0; s < call->batch; s++)
                *correct +=
                    stria_largest_output(call->outputs + s * outputs, outputs) == (size_t)call->labels[s];
        }
    }
    double sum = 0;
    for (size_t s = 0; s < call->batch; s++)
        sum += call->losses[s];
    stria_float_end(before);
    return sum;
}

/* Mean and variance of what a normalization layer sees of the training data, as Keras's adapt(): over the
 * samples and all axes but the channels, and divided by how many there are.
 *
 * Each layer takes one pass. A batch is in the caches when it arrives, so it is gone through twice, for its
 * mean and for the squares around that; batches are joined by the formula of Chan, Golub and LeVeque
 * ("Updating formulae and a pairwise algorithm for computing sample variances", 1979). No large squares are
 * subtracted from each other, and the order of the sums is that of the samples on any number of threads. */
#include "train/adapt.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/float_state.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/text.h"
#include "data/dataset.h"
#include "layers/kinds.h"
#include "train/fitting.h"
#include "train/view.h"

#define BATCH 64 /* samples that the layers before are run for at a time */

/* Of each channel, over `rows` rows. */
typedef struct moments {
    size_t channels;
    double rows;
    double *mean, *squares; /* [channels]; squares are sums of (x - mean)^2 */
    double *batch_mean, *batch_squares;
} moments;

/* x is [rows, channels]. */
static void measure(moments *m, const float *x, size_t rows)
{
    const size_t channels = m->channels;
    memset(m->batch_mean, 0, 2 * channels * sizeof(double));
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++)
            m->batch_mean[c] += (double)x[r * channels + c];
    for (size_t c = 0; c < channels; c++)
        m->batch_mean[c] /= (double)rows;
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < channels; c++) {
            const double away = (double)x[r * channels + c] - m->batch_mean[c];
            m->batch_squares[c] += away * away;
        }
    }
    const double all = m->rows + (double)rows;
    for (size_t c = 0; c < channels; c++) {
        const double away = m->batch_mean[c] - m->mean[c];
        m->mean[c] += away * ((double)rows / all);
        m->squares[c] += m->batch_squares[c] + away * away * (m->rows * (double)rows / all);
    }
    m->rows = all;
}

static stria_status measure_all(const stria_adapting *a, const stria_view *v, stria_loader *loader,
                                moments *m, stria_error *err)
{
    stria_loader_start(loader, a->order, 0, a->count);
    for (;;) {
        stria_batch batch;
        STRIA_TRY(stria_loader_next(loader, &batch, err));
        if (batch.taken == 0)
            break;
        if (batch.count == 0)
            continue;
        measure(m, stria_view_look(v, &batch), batch.count * (v->elements / m->channels));
        if (a->cancelled != NULL && a->cancelled(a->payload))
            return stria_fail(
                err, STRIA_ERROR_CANCELLED,
                "adapting to the data was stopped before the first step, and nothing was saved");
    }
    return STRIA_OK;
}

/* Says of channels that do not vary that the layer cannot bring them to deviation 1. */
static void warn_constant(const stria_adapting *a, const stria_node *node, const moments *m)
{
    size_t constant = 0, first = 0;
    for (size_t c = m->channels; c-- > 0;) {
        if (sqrt(m->squares[c] / m->rows) < STRIA_LEAST_DEVIATION) {
            constant++;
            first = c;
        }
    }
    if (constant > 0)
        stria_log(a->model->context, STRIA_LOG_WARNING,
                  "%s: %zu of the %zu channels that it sees of the data never change%s; the first is channel "
                  "%zu, always %g",
                  node->name, constant, m->channels, constant == 1 ? "s" : "", first, m->mean[first]);
}

/* Writes the numbers to the layer if all of them are numbers as floats. */
static stria_status take(const stria_adapting *a, const stria_node *node, const stria_view *v,
                         const moments *m, stria_error *err)
{
    for (size_t c = 0; c < m->channels; c++) {
        const double variance = m->squares[c] / m->rows;
        if (!isfinite((float)m->mean[c]) || !isfinite((float)variance))
            return stria_fail(
                err, STRIA_ERROR_VALUE,
                "layer '%s' cannot be adapted: channel %zu of what it sees of the data, the output of "
                "'%s', has mean %g and variance %g",
                node->name, c, v->layer, m->mean[c], variance);
    }
    warn_constant(a, node, m);
    float *mean = stria_node_param(a->model, node, 0), *variance = stria_node_param(a->model, node, 1);
    for (size_t c = 0; c < m->channels; c++) {
        mean[c] = (float)m->mean[c];
        variance[c] = (float)(m->squares[c] / m->rows);
    }
    char count[32];
    stria_log(a->model->context, STRIA_LOG_INFO, "%s: mean and variance are those of %s sample%s", node->name,
              stria_count_text((int64_t)a->count, count, sizeof count), a->count == 1 ? "" : "s");
    return STRIA_OK;
}

stria_status stria_adapt_layer(const stria_adapting *adapting, const stria_node *node, stria_error *err)
{
    stria_context *context = adapting->model->context;
    const size_t channels = adapting->model->tensors[node->first_tensor].count;
    const size_t batch = adapting->count < BATCH ? adapting->count : BATCH;
    const stria_float_state before = stria_float_begin();
    stria_loader *loader = NULL;
    stria_view seen = {0};
    double *sums = NULL;
    stria_status status = stria_view_open(&seen, adapting->model, adapting->data, node, batch, err);
    if (status != STRIA_OK)
        goto end;
    status = stria_loader_create(&loader, adapting->data, STRIA_PART_TRAIN, adapting->preprocessing, batch,
                                 stria_loader_threads(adapting->data), err);
    if (status != STRIA_OK)
        goto end;
    sums = stria_allocate_array(&context->allocator, channels, 4 * sizeof *sums);
    if (sums == NULL) {
        status = stria_fail_memory(err, channels * 4 * sizeof *sums);
        goto end;
    }
    moments m = {.channels = channels,
                 .mean = sums,
                 .squares = sums + channels,
                 .batch_mean = sums + 2 * channels,
                 .batch_squares = sums + 3 * channels};
    status = measure_all(adapting, &seen, loader, &m, err);
    if (status == STRIA_OK)
        status = take(adapting, node, &seen, &m, err);
end:
    stria_release(&context->allocator, sums);
    stria_loader_free(loader);
    stria_view_close(&seen);
    stria_float_end(before);
    return status;
}

bool stria_adapts(const stria_model *model, const stria_node *node)
{
    return node->kind == &stria_kind_normalization && node->facts.param_count > 0 &&
           node == &model->nodes[node->owner] && !node->frozen;
}

static bool all_are(const float *values, size_t count, float value)
{
    for (size_t i = 0; i < count; i++)
        if (values[i] < value || values[i] > value || isnan(values[i]))
            return false;
    return true;
}

bool stria_waits_for_data(const stria_model *model, const stria_node *node)
{
    if (!stria_adapts(model, node))
        return false;
    const size_t channels = model->tensors[node->first_tensor].count;
    return all_are(stria_node_param(model, node, 0), channels, 0) &&
           all_are(stria_node_param(model, node, 1), channels, 1);
}

stria_status stria_adapt_waiting(const stria_adapting *adapting, stria_error *err)
{
    const stria_model *model = adapting->model;
    for (size_t i = 0; i < model->node_count; i++)
        if (stria_waits_for_data(model, &model->nodes[i]))
            STRIA_TRY(stria_adapt_layer(adapting, &model->nodes[i], err));
    return STRIA_OK;
}

/* ---- The public call ---- */

static stria_status adapt(const stria_adapting *a, const stria_adapt_options *options, size_t *adapted,
                          stria_error *err)
{
    for (size_t i = 0; i < a->model->node_count; i++) {
        const stria_node *node = &a->model->nodes[i];
        if (options->keep_adapted ? stria_waits_for_data(a->model, node) : stria_adapts(a->model, node)) {
            STRIA_TRY(stria_adapt_layer(a, node, err));
            ++*adapted;
        }
    }
    return *adapted > 0 ? stria_model_set_metadata(a->model, "preprocessing", a->preprocessing, err)
                        : STRIA_OK;
}

stria_status stria_model_adapt(stria_model *model, const stria_dataset *data,
                               const stria_adapt_options *given, size_t *adapted, stria_error *err)
{
    stria_adapt_options options;
    STRIA_TRY(stria_options_read(&options, sizeof options, given, "stria_adapt_options", err));
    STRIA_TRY(stria_check_input(model, data, err));
    if (!model->materialized)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "the model was made without parameters; initialize it first");
    const stria_adapting adapting = {
        .model = model,
        .data = data,
        .preprocessing = stria_preprocessing_for(model, data),
        .count = stria_dataset_count(data, STRIA_PART_TRAIN),
        .cancelled = options.cancelled,
        .payload = options.payload,
    };
    if (adapting.count == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "the data has no training part");
    /* The numbers are among the statistics. */
    const stria_allocator *allocator = &model->context->allocator;
    const size_t statistics = model->statistic_count;
    float *kept = stria_allocate_floats(allocator, statistics);
    if (kept == NULL)
        return stria_fail_memory(err, statistics * sizeof *kept);
    if (statistics > 0)
        memcpy(kept, model->statistics, statistics * sizeof *kept);
    size_t count = 0;
    const stria_status status = adapt(&adapting, &options, &count, err);
    if (status != STRIA_OK && statistics > 0)
        memcpy(model->statistics, kept, statistics * sizeof *kept);
    stria_release(allocator, kept);
    if (status == STRIA_OK && adapted != NULL)
        *adapted = count;
    return status;
}

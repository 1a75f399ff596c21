/* The loader: batches gathered ahead of their use. Samples in memory are copied a batch at a time; those of
 * files are decoded one by one, by several threads, each to its own place in the batch, so that what a batch
 * holds does not depend on who was first. A sample that cannot be read fails its batch, and of several the
 * first is told; or, where the data set leaves out broken files, the batch closes up behind it. */
#include "data/dataset.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "data/ahead.h"

#define MOST_SLOTS 3

typedef struct slot {
    float *x;
    int32_t *labels;
    float *targets;
    uint32_t *indices;
    bool *left_out; /* [batch] rows of broken files; NULL where none can be */
    /* The first row that could not be read, while `failure` is not STRIA_OK; guarded by the loader's mutex.
     */
    stria_status failure;
    size_t failed_row;
    stria_error why;
} slot;

struct stria_loader {
    const stria_dataset *data;
    stria_part part;
    double scale;
    size_t batch;
    size_t x_size, target_size; /* numbers of one sample */
    bool by_sample;             /* an item of work is a sample, not a batch */
    slot slots[MOST_SLOTS];
    stria_ahead *ahead;
    pthread_mutex_t mutex;
    bool has_mutex;

    /* The pass: order[first..end). */
    const uint32_t *order;
    size_t first, end, given;
};

/* Keeps the failure of the earliest row. */
static void keep_failure(stria_loader *loader, slot *of, size_t row, stria_status status,
                         const stria_error *why)
{
    pthread_mutex_lock(&loader->mutex);
    if (of->failure == STRIA_OK || row < of->failed_row) {
        of->failure = status;
        of->failed_row = row;
        of->why = *why;
    }
    pthread_mutex_unlock(&loader->mutex);
}

/* Reads `count` samples from place `from` of the pass on to the rows from `row` on. */
static void gather_rows(stria_loader *loader, slot *to, size_t row, size_t from, size_t count)
{
    stria_error why = {0};
    for (size_t i = 0; i < count; i++) {
        const size_t at = loader->first + from + i;
        to->indices[row + i] = loader->order != NULL ? loader->order[at] : (uint32_t)at;
    }
    const stria_status status = stria_dataset_gather(
        loader->data, loader->part, loader->order, loader->first + from, count, loader->scale,
        to->x + row * loader->x_size, to->labels == NULL ? NULL : to->labels + row,
        to->targets == NULL ? NULL : to->targets + row * loader->target_size, &why);
    const bool broken = status != STRIA_OK && stria_dataset_leaves_out(loader->data, status);
    if (to->left_out != NULL)
        to->left_out[row] = broken;
    if (status != STRIA_OK && !broken)
        keep_failure(loader, to, row, status, &why);
}

static void gather(void *owner, size_t item, size_t place)
{
    stria_loader *loader = owner;
    slot *to = &loader->slots[place];
    if (loader->by_sample) {
        gather_rows(loader, to, item % loader->batch, item, 1);
        return;
    }
    const size_t from = item * loader->batch, left = loader->end - loader->first - from;
    gather_rows(loader, to, 0, from, stria_size_min(left, loader->batch));
}

static stria_status allocate_slot(stria_loader *loader, slot *to, size_t x_count, size_t target_count,
                                  stria_error *err)
{
    const stria_allocator *allocator = &loader->data->context->allocator;
    to->x = stria_allocate_floats(allocator, x_count);
    if (to->x == NULL)
        return stria_fail_memory(err, x_count * sizeof(float));
    if (target_count > 0)
        to->targets = stria_allocate_floats(allocator, target_count);
    else
        to->labels = stria_allocate_array(allocator, loader->batch, sizeof *to->labels);
    if (to->targets == NULL && to->labels == NULL)
        return stria_fail_memory(err, target_count > 0 ? target_count * sizeof(float)
                                                       : loader->batch * sizeof *to->labels);
    to->indices = stria_allocate_array(allocator, loader->batch, sizeof *to->indices);
    if (to->indices == NULL)
        return stria_fail_memory(err, loader->batch * sizeof *to->indices);
    if (loader->by_sample && loader->data->skip_broken) {
        to->left_out = stria_allocate_array(allocator, loader->batch, sizeof *to->left_out);
        if (to->left_out == NULL)
            return stria_fail_memory(err, loader->batch * sizeof *to->left_out);
    }
    return STRIA_OK;
}

static stria_status allocate_slots(stria_loader *loader, size_t slots, stria_error *err)
{
    const stria_dataset *data = loader->data;
    size_t x_count, target_count = 0;
    loader->x_size = (size_t)stria_shape_elements(&data->shape);
    loader->target_size = data->target_shape.rank > 0 ? (size_t)stria_shape_elements(&data->target_shape) : 0;
    if (!stria_size_multiply(loader->batch, loader->x_size, &x_count) ||
        !stria_size_multiply(loader->batch, loader->target_size, &target_count) ||
        x_count > (size_t)STRIA_MAX_ELEMENTS || target_count > (size_t)STRIA_MAX_ELEMENTS)
        return stria_fail(err, STRIA_ERROR_LIMIT, "a batch of %zu samples holds more than %lld numbers",
                          loader->batch, (long long)STRIA_MAX_ELEMENTS);
    for (size_t s = 0; s < slots; s++)
        STRIA_TRY(allocate_slot(loader, &loader->slots[s], x_count, target_count, err));
    return STRIA_OK;
}

int stria_loader_threads(const stria_dataset *data)
{
    const int threads = data->context->threads;
    if (!stria_dataset_streams(data))
        return threads > 1;
    return data->decode_threads > 0 ? data->decode_threads : threads > 1 ? threads : 0;
}

/* One batch is the caller's and one is gathered; where the time a batch takes varies, one more evens it out.
 */
static size_t slots_for(const stria_dataset *data, int threads)
{
    if (threads == 0)
        return 1;
    return stria_dataset_streams(data) ? MOST_SLOTS : 2;
}

stria_status stria_loader_create(stria_loader **loader, const stria_dataset *data, stria_part part,
                                 const char *preprocessing, size_t batch, int threads, stria_error *err)
{
    double scale = data->scale;
    if (preprocessing != NULL)
        STRIA_TRY(stria_preprocessing_scale(preprocessing, &scale, err));
    const bool streams = stria_dataset_streams(data);
    const int most = streams ? STRIA_MAX_DECODE_THREADS : 1;
    if (batch == 0 || threads < 0 || threads > most)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "batches of %zu by %d threads: at least 1 sample, 0 to %d threads", batch, threads,
                          most);
    stria_loader *made = stria_allocate(&data->context->allocator, sizeof *made);
    if (made == NULL)
        return stria_fail_memory(err, sizeof *made);
    made->data = data;
    made->part = part;
    made->scale = scale;
    made->batch = batch;
    made->by_sample = streams;
    const int failure = pthread_mutex_init(&made->mutex, NULL);
    made->has_mutex = failure == 0;
    const size_t slots = slots_for(data, threads);
    stria_status status = failure == 0
                              ? allocate_slots(made, slots, err)
                              : stria_fail(err, STRIA_ERROR_IO, "a mutex cannot be made (error %d)", failure);
    if (status == STRIA_OK)
        status = stria_ahead_create(&made->ahead, &data->context->allocator, (size_t)threads, slots, gather,
                                    made, err);
    if (status != STRIA_OK) {
        stria_loader_free(made);
        return status;
    }
    *loader = made;
    return STRIA_OK;
}

void stria_loader_free(stria_loader *loader)
{
    if (loader == NULL)
        return;
    const stria_allocator *allocator = &loader->data->context->allocator;
    stria_ahead_free(loader->ahead);
    if (loader->has_mutex)
        pthread_mutex_destroy(&loader->mutex);
    for (int s = 0; s < MOST_SLOTS; s++) {
        stria_release(allocator, loader->slots[s].x);
        stria_release(allocator, loader->slots[s].labels);
        stria_release(allocator, loader->slots[s].targets);
        stria_release(allocator, loader->slots[s].indices);
        stria_release(allocator, loader->slots[s].left_out);
    }
    stria_release(allocator, loader);
}

void stria_loader_start(stria_loader *loader, const uint32_t *order, size_t first, size_t end)
{
    assert(first <= end && (order != NULL || end <= stria_dataset_count(loader->data, loader->part)));
    stria_ahead_start(loader->ahead, 0, 1); /* the old order is let go of */
    loader->order = order;
    loader->first = first;
    loader->end = end;
    loader->given = 0;
    for (int s = 0; s < MOST_SLOTS; s++)
        loader->slots[s].failure = STRIA_OK;
    if (loader->by_sample)
        stria_ahead_start(loader->ahead, end - first, loader->batch);
    else
        stria_ahead_start(loader->ahead, stria_size_pieces(end - first, loader->batch), 1);
}

/* Moves row `from` to the earlier row `to`. */
static void move_row(const stria_loader *loader, slot *in, size_t to, size_t from)
{
    memcpy(in->x + to * loader->x_size, in->x + from * loader->x_size, loader->x_size * sizeof(float));
    in->indices[to] = in->indices[from];
    if (in->labels != NULL)
        in->labels[to] = in->labels[from];
    else
        memcpy(in->targets + to * loader->target_size, in->targets + from * loader->target_size,
               loader->target_size * sizeof(float));
}

/* Closes the gaps of rows that are left out; the rows that stay. */
static size_t close_up(const stria_loader *loader, slot *in, size_t rows)
{
    size_t kept = 0;
    for (size_t row = 0; row < rows; row++) {
        if (in->left_out[row])
            continue;
        if (kept < row)
            move_row(loader, in, kept, row);
        kept++;
    }
    return kept;
}

stria_status stria_loader_next(stria_loader *loader, stria_batch *batch, stria_error *err)
{
    size_t place;
    *batch = (stria_batch){0};
    if (!stria_ahead_next(loader->ahead, &place))
        return STRIA_OK;
    slot *from = &loader->slots[place];
    const size_t rows = stria_size_min(loader->batch, loader->end - loader->first - loader->given);
    if (from->failure != STRIA_OK) { /* the pass ends here */
        const stria_status failure = from->failure;
        stria_ahead_start(loader->ahead, 0, 1);
        return stria_fail(err, failure, "%s", from->why.message);
    }
    loader->given += rows;
    *batch = (stria_batch){
        .count = from->left_out != NULL ? close_up(loader, from, rows) : rows,
        .taken = rows,
        .x = from->x,
        .labels = from->labels,
        .targets = from->targets,
        .indices = from->indices,
    };
    return STRIA_OK;
}

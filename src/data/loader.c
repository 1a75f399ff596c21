/* The loader: batches gathered ahead of their use. Two buffers take turns: while the caller computes with
 * one, a thread fills the other. Everything shared is guarded by one mutex; the thread holds a buffer only
 * between taking its work and handing it over, and then nobody else touches it. */
#include "data/dataset.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "formats/quote.h"

typedef struct slot {
    float *x;
    int32_t *labels;
    float *targets;
    size_t count;
    bool full; /* gathered, and not given back by the caller */
} slot;

struct stria_loader {
    const stria_dataset *data;
    stria_part part;
    double scale;
    size_t batch;
    slot slots[2];

    /* The pass: order[position..end) is still to be gathered. */
    const uint32_t *order;
    size_t position, end;
    int filling; /* the slot to be gathered next */
    int taking;  /* the slot to be given out next */
    int held;    /* the slot that the caller has, -1 for none */

    bool threaded, gathering, quitting;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work; /* there may be something to gather, or to quit */
    pthread_cond_t done; /* a batch was gathered */
};

/* Takes the next batch of the pass into a slot that nobody else uses. */
static void gather(const stria_loader *loader, slot *to, size_t first, size_t count)
{
    stria_dataset_gather(loader->data, loader->part, loader->order, first, count, loader->scale, to->x,
                         to->labels, to->targets);
    to->count = count;
}

static size_t next_count(const stria_loader *loader)
{
    size_t left = loader->end - loader->position;
    return left < loader->batch ? left : loader->batch;
}

static void *gather_ahead(void *argument)
{
    stria_loader *loader = argument;
    pthread_mutex_lock(&loader->mutex);
    for (;;) {
        while (!loader->quitting && (loader->position == loader->end || loader->slots[loader->filling].full))
            pthread_cond_wait(&loader->work, &loader->mutex);
        if (loader->quitting)
            break;
        slot *to = &loader->slots[loader->filling];
        size_t first = loader->position, count = next_count(loader);
        loader->position += count;
        loader->gathering = true;
        pthread_mutex_unlock(&loader->mutex);
        gather(loader, to, first, count);
        pthread_mutex_lock(&loader->mutex);
        loader->gathering = false;
        to->full = true;
        loader->filling ^= 1;
        pthread_cond_signal(&loader->done);
    }
    pthread_mutex_unlock(&loader->mutex);
    return NULL;
}

/* Starts the thread with all signals blocked: they are for the threads of the host program. */
static int start_thread(stria_loader *loader)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&loader->thread, NULL, gather_ahead, loader);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

/* Makes mutex, conditions and thread. */
static stria_status go_threaded(stria_loader *loader, stria_error *err)
{
    int failure = pthread_mutex_init(&loader->mutex, NULL);
    if (failure != 0)
        goto no_mutex;
    failure = pthread_cond_init(&loader->work, NULL);
    if (failure != 0)
        goto no_work;
    failure = pthread_cond_init(&loader->done, NULL);
    if (failure != 0)
        goto no_done;
    failure = start_thread(loader);
    if (failure != 0)
        goto no_thread;
    loader->threaded = true;
    return STRIA_OK;
no_thread:
    pthread_cond_destroy(&loader->done);
no_done:
    pthread_cond_destroy(&loader->work);
no_work:
    pthread_mutex_destroy(&loader->mutex);
no_mutex:
    return stria_fail(err, STRIA_ERROR_IO, "the thread that loads batches cannot be started (error %d)",
                      failure);
}

static stria_status allocate_slots(stria_loader *loader, int slots, stria_error *err)
{
    const stria_dataset *data = loader->data;
    const stria_allocator *allocator = &data->context->allocator;
    size_t x_count, target_count = 0;
    bool fits = stria_size_multiply(loader->batch, (size_t)stria_shape_elements(&data->shape), &x_count) &&
                x_count <= (size_t)STRIA_MAX_ELEMENTS;
    if (fits && data->target_shape.rank > 0)
        fits = stria_size_multiply(loader->batch, (size_t)stria_shape_elements(&data->target_shape),
                                   &target_count) &&
               target_count <= (size_t)STRIA_MAX_ELEMENTS;
    if (!fits)
        return stria_fail(err, STRIA_ERROR_LIMIT, "a batch of %zu samples holds more than %lld numbers",
                          loader->batch, (long long)STRIA_MAX_ELEMENTS);
    for (int s = 0; s < slots; s++) {
        slot *to = &loader->slots[s];
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
    }
    return STRIA_OK;
}

stria_status stria_loader_create(stria_loader **loader, const stria_dataset *data, stria_part part,
                                 const char *preprocessing, size_t batch, int threads, stria_error *err)
{
    double scale = data->scale;
    if (preprocessing != NULL && !stria_preprocessing_scale(preprocessing, &scale))
        return stria_fail(err, STRIA_ERROR_VALUE, "preprocessing '%s' is neither empty nor 'scale=<number>'",
                          stria_quote(STRIA_QUOTE_BUFFER, preprocessing));
    if (batch == 0 || threads < 0 || threads > 1)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "batches of %zu by %d threads: at least 1 sample, 0 or 1 threads", batch, threads);
    stria_loader *made = stria_allocate(&data->context->allocator, sizeof *made);
    if (made == NULL)
        return stria_fail_memory(err, sizeof *made);
    made->data = data;
    made->part = part;
    made->scale = scale;
    made->batch = batch;
    made->held = -1;
    stria_status status = allocate_slots(made, 1 + threads, err);
    if (status == STRIA_OK && threads > 0)
        status = go_threaded(made, err);
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
    if (loader->threaded) {
        pthread_mutex_lock(&loader->mutex);
        loader->quitting = true;
        pthread_cond_signal(&loader->work);
        pthread_mutex_unlock(&loader->mutex);
        pthread_join(loader->thread, NULL);
        pthread_cond_destroy(&loader->done);
        pthread_cond_destroy(&loader->work);
        pthread_mutex_destroy(&loader->mutex);
    }
    const stria_allocator *allocator = &loader->data->context->allocator;
    for (int s = 0; s < 2; s++) {
        stria_release(allocator, loader->slots[s].x);
        stria_release(allocator, loader->slots[s].labels);
        stria_release(allocator, loader->slots[s].targets);
    }
    stria_release(allocator, loader);
}

static void set_pass(stria_loader *loader, const uint32_t *order, size_t first, size_t count)
{
    loader->order = order;
    loader->position = first;
    loader->end = count;
    loader->filling = loader->taking = 0;
    loader->held = -1;
    loader->slots[0].full = loader->slots[1].full = false;
}

void stria_loader_start(stria_loader *loader, const uint32_t *order, size_t first, size_t count)
{
    assert(first <= count && (order != NULL || count <= stria_dataset_count(loader->data, loader->part)));
    if (!loader->threaded) {
        set_pass(loader, order, first, count);
        return;
    }
    pthread_mutex_lock(&loader->mutex);
    loader->position = loader->end; /* the thread takes no more of the old pass */
    while (loader->gathering)
        pthread_cond_wait(&loader->done, &loader->mutex);
    set_pass(loader, order, first, count);
    pthread_cond_signal(&loader->work);
    pthread_mutex_unlock(&loader->mutex);
}

static stria_batch batch_of(const slot *from)
{
    return (stria_batch){
        .count = from->count, .x = from->x, .labels = from->labels, .targets = from->targets};
}

static stria_batch next_here(stria_loader *loader)
{
    size_t count = next_count(loader);
    if (count == 0)
        return (stria_batch){0};
    gather(loader, &loader->slots[0], loader->position, count);
    loader->position += count;
    return batch_of(&loader->slots[0]);
}

stria_batch stria_loader_next(stria_loader *loader)
{
    if (!loader->threaded)
        return next_here(loader);
    stria_batch batch = {0};
    pthread_mutex_lock(&loader->mutex);
    if (loader->held >= 0) {
        loader->slots[loader->held].full = false;
        loader->held = -1;
        pthread_cond_signal(&loader->work);
    }
    const slot *from = &loader->slots[loader->taking];
    while (!from->full && (loader->gathering || loader->position < loader->end))
        pthread_cond_wait(&loader->done, &loader->mutex);
    if (from->full) {
        batch = batch_of(from);
        loader->held = loader->taking;
        loader->taking ^= 1;
    }
    pthread_mutex_unlock(&loader->mutex);
    return batch;
}

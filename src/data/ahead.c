/* Threads that work ahead. Everything shared is guarded by one mutex; a thread holds an item only between
 * taking it and handing it over, and a slot is worked on only while it is not the caller's. */
#include "data/ahead.h"

#include <pthread.h>
#include <signal.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"

/* What a slot is filled with. */
typedef struct filling {
    size_t left; /* items of its group that are not done */
    bool full;   /* the whole group is */
} filling;

struct stria_ahead {
    const stria_allocator *allocator;
    stria_ahead_fn work;
    void *owner;
    size_t items, group, groups;
    size_t next;  /* the item to be taken next */
    size_t given; /* groups handed out */
    bool held;    /* the last of them is still the caller's */
    size_t slot_count;
    filling *fillings; /* [slot_count] */

    size_t working; /* threads that have an item */
    bool quitting;
    size_t thread_count;
    pthread_t *threads;
    pthread_mutex_t mutex;
    pthread_cond_t come; /* there may be an item to take, or to quit */
    pthread_cond_t done; /* a group, or the last item of a stopped run, was finished */
};

/* Whether the next item may be worked on: its group's slot is not full and not the caller's. */
static bool may_take(const stria_ahead *ahead)
{
    const size_t returned = ahead->given - (ahead->held ? 1 : 0);
    return ahead->next < ahead->items && ahead->next / ahead->group - returned < ahead->slot_count;
}

/* Takes the next item and says into which slot it goes. */
static size_t take(stria_ahead *ahead, size_t *slot)
{
    const size_t item = ahead->next++;
    *slot = item / ahead->group % ahead->slot_count;
    if (item % ahead->group == 0)
        ahead->fillings[*slot] = (filling){.left = stria_size_min(ahead->group, ahead->items - item)};
    return item;
}

static void hand_over(stria_ahead *ahead, size_t slot)
{
    filling *of = &ahead->fillings[slot];
    of->left--;
    of->full = of->left == 0;
}

static void *work_ahead(void *argument)
{
    stria_ahead *ahead = argument;
    pthread_mutex_lock(&ahead->mutex);
    for (;;) {
        while (!ahead->quitting && !may_take(ahead))
            pthread_cond_wait(&ahead->come, &ahead->mutex);
        if (ahead->quitting)
            break;
        size_t slot;
        const size_t item = take(ahead, &slot);
        ahead->working++;
        pthread_mutex_unlock(&ahead->mutex);
        ahead->work(ahead->owner, item, slot);
        pthread_mutex_lock(&ahead->mutex);
        ahead->working--;
        hand_over(ahead, slot);
        if (ahead->fillings[slot].full || ahead->working == 0)
            pthread_cond_broadcast(&ahead->done);
    }
    pthread_mutex_unlock(&ahead->mutex);
    return NULL;
}

/* Starts threads with all signals blocked: those are for the threads of the host program. */
static int start_threads(stria_ahead *ahead, size_t count)
{
    sigset_t all, before;
    int failure = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (ahead->thread_count < count && failure == 0) {
        failure = pthread_create(&ahead->threads[ahead->thread_count], NULL, work_ahead, ahead);
        ahead->thread_count += failure == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

static void stop_threads(stria_ahead *ahead)
{
    pthread_mutex_lock(&ahead->mutex);
    ahead->quitting = true;
    pthread_cond_broadcast(&ahead->come);
    pthread_mutex_unlock(&ahead->mutex);
    for (size_t t = 0; t < ahead->thread_count; t++)
        pthread_join(ahead->threads[t], NULL);
    ahead->thread_count = 0;
}

static stria_status go_threaded(stria_ahead *ahead, size_t threads, stria_error *err)
{
    ahead->threads = stria_allocate_array(ahead->allocator, threads, sizeof *ahead->threads);
    if (ahead->threads == NULL)
        return stria_fail_memory(err, threads * sizeof *ahead->threads);
    int failure = pthread_mutex_init(&ahead->mutex, NULL);
    if (failure != 0)
        goto no_mutex;
    failure = pthread_cond_init(&ahead->come, NULL);
    if (failure != 0)
        goto no_come;
    failure = pthread_cond_init(&ahead->done, NULL);
    if (failure != 0)
        goto no_done;
    failure = start_threads(ahead, threads);
    if (failure == 0)
        return STRIA_OK;
    stop_threads(ahead);
    pthread_cond_destroy(&ahead->done);
no_done:
    pthread_cond_destroy(&ahead->come);
no_come:
    pthread_mutex_destroy(&ahead->mutex);
no_mutex:
    return stria_fail(err, STRIA_ERROR_IO, "a thread that loads samples cannot be started (error %d)",
                      failure);
}

stria_status stria_ahead_create(stria_ahead **ahead, const stria_allocator *allocator, size_t threads,
                                size_t slots, stria_ahead_fn work, void *owner, stria_error *err)
{
    stria_ahead *made = stria_allocate(allocator, sizeof *made);
    if (made == NULL)
        return stria_fail_memory(err, sizeof *made);
    *made =
        (stria_ahead){.allocator = allocator, .work = work, .owner = owner, .group = 1, .slot_count = slots};
    made->fillings = stria_allocate_array(allocator, slots, sizeof *made->fillings);
    stria_status status =
        made->fillings != NULL ? STRIA_OK : stria_fail_memory(err, slots * sizeof *made->fillings);
    if (status == STRIA_OK && threads > 0)
        status = go_threaded(made, threads, err);
    if (status != STRIA_OK) {
        stria_ahead_free(made);
        return status;
    }
    *ahead = made;
    return STRIA_OK;
}

void stria_ahead_free(stria_ahead *ahead)
{
    if (ahead == NULL)
        return;
    if (ahead->thread_count > 0) {
        stop_threads(ahead);
        pthread_cond_destroy(&ahead->done);
        pthread_cond_destroy(&ahead->come);
        pthread_mutex_destroy(&ahead->mutex);
    }
    stria_release(ahead->allocator, ahead->threads);
    stria_release(ahead->allocator, ahead->fillings);
    stria_release(ahead->allocator, ahead);
}

static void set_items(stria_ahead *ahead, size_t items, size_t group)
{
    ahead->items = items;
    ahead->group = group;
    ahead->groups = stria_size_pieces(items, group);
    ahead->next = ahead->given = 0;
    ahead->held = false;
    for (size_t s = 0; s < ahead->slot_count; s++)
        ahead->fillings[s] = (filling){0};
}

void stria_ahead_start(stria_ahead *ahead, size_t items, size_t group)
{
    if (ahead->thread_count == 0) {
        set_items(ahead, items, group);
        return;
    }
    pthread_mutex_lock(&ahead->mutex);
    ahead->items = 0; /* nobody takes more of the old ones */
    while (ahead->working > 0)
        pthread_cond_wait(&ahead->done, &ahead->mutex);
    set_items(ahead, items, group);
    pthread_cond_broadcast(&ahead->come);
    pthread_mutex_unlock(&ahead->mutex);
}

/* Does the rest of the next group in the calling thread. */
static void work_here(stria_ahead *ahead)
{
    const size_t end = stria_size_min((ahead->given + 1) * ahead->group, ahead->items);
    while (ahead->next < end) {
        size_t slot;
        const size_t item = take(ahead, &slot);
        ahead->work(ahead->owner, item, slot);
        hand_over(ahead, slot);
    }
}

bool stria_ahead_next(stria_ahead *ahead, size_t *slot)
{
    const bool threaded = ahead->thread_count > 0;
    if (threaded)
        pthread_mutex_lock(&ahead->mutex);
    ahead->held = false;
    if (threaded)
        pthread_cond_broadcast(&ahead->come);
    const bool more = ahead->given < ahead->groups;
    if (more) {
        *slot = ahead->given % ahead->slot_count;
        if (!threaded)
            work_here(ahead);
        while (!ahead->fillings[*slot].full)
            pthread_cond_wait(&ahead->done, &ahead->mutex);
        ahead->fillings[*slot].full = false;
        ahead->held = true;
        ahead->given++;
    }
    if (threaded)
        pthread_mutex_unlock(&ahead->mutex);
    return more;
}

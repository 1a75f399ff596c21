/* The thread pool. One job at a time; whoever is free takes the next task from a counter, the caller too.
 *
 * `state` says everything about the job in one word: its number, whether it is still open, and how many
 * workers are in it. A worker joins by adding one to the word it has seen, which fails when anything has
 * changed. So the caller need not wait for workers that never came: when the tasks are all taken it closes
 * the job and waits only for those inside. That matters when other programs hold the cores: a worker that is
 * not running costs nothing.
 *
 * Waiting is spinning for a moment, as the next job of a training step comes within microseconds, then
 * sleeping on a condition. There is no spinning when the pool has more threads than the process has CPUs: it
 * would only keep the one that is waited for from running.
 *
 * Sleeping loses no wake-up: a sleeper first counts itself, then looks at `state` again; the other side first
 * changes `state`, then looks at the count. All four are sequentially consistent, so at least one of them
 * sees the other. The two changes are exchanges where stores would do: qemu, running AArch64 on x86-64, lets a
 * load overtake a store-release before it. */
#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/float_state.h"
#include "base/memory.h"

#define CACHE_LINE 64
#define SPIN_NS    50000 /* how long to spin before sleeping */
#define SPIN_BATCH 64    /* looks at the state between two looks at the clock */

/* The parts of `state`: workers inside, the open flag, the job's number, which may wrap. */
#define INSIDE   0xFFFFu
#define OPEN     0x10000u
#define NEXT_JOB 0x20000u
#define JOB      (~(INSIDE | OPEN))

typedef struct pool_worker {
    stria_pool *pool;
    pthread_t thread;
    size_t number; /* from 1; the caller is 0 */
} pool_worker;

struct stria_pool {
    alignas(CACHE_LINE) atomic_uint state;
    atomic_uint sleepers;      /* workers asleep or about to be */
    atomic_bool caller_sleeps; /* or is about to */
    atomic_bool ending;
    alignas(CACHE_LINE) atomic_size_t next; /* the next task */

    /* The job; written while nobody is inside. */
    alignas(CACHE_LINE) stria_task_fn run;
    void *job;
    size_t tasks;

    alignas(CACHE_LINE) atomic_flag taken; /* by the caller whose job this is */
    bool spins;
    size_t workers; /* the caller included */
    pthread_mutex_t mutex;
    pthread_cond_t job_came, job_done;
    stria_allocator allocator;
    pool_worker threads[];
};

/* ---- Waiting ---- */

static inline void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/* Whether `state` holds an open job that the worker has not been in yet. */
static inline bool has_job(unsigned state, unsigned last_job)
{
    return (state & OPEN) && (state & JOB) != last_job;
}

static inline bool is_empty(unsigned state)
{
    return (state & INSIDE) == 0;
}

static uint64_t now_ns(void)
{
    return stria_default_clock.monotonic_ns(stria_default_clock.payload);
}

/* Waits for a job; false when the pool ends. */
static bool await_job(stria_pool *pool, unsigned last_job, unsigned *state)
{
    if (pool->spins) {
        uint64_t start = now_ns();
        do {
            for (int i = 0; i < SPIN_BATCH; i++) {
                *state = atomic_load_explicit(&pool->state, memory_order_acquire);
                if (has_job(*state, last_job))
                    return true;
                pause_briefly();
            }
        } while (!atomic_load(&pool->ending) && now_ns() - start < SPIN_NS);
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    for (;;) {
        *state = atomic_load(&pool->state);
        if (has_job(*state, last_job) || atomic_load(&pool->ending))
            break;
        pthread_cond_wait(&pool->job_came, &pool->mutex);
    }
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
    return has_job(*state, last_job);
}

/* Wakes as many sleepers as there are tasks for. */
static void wake_workers(stria_pool *pool, size_t wanted)
{
    size_t sleepers = atomic_load(&pool->sleepers);
    if (sleepers == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    for (size_t i = 0; i < sleepers && i < wanted; i++)
        pthread_cond_signal(&pool->job_came);
    pthread_mutex_unlock(&pool->mutex);
}

/* Waits until nobody is inside a closed job. */
static void await_workers(stria_pool *pool)
{
    if (pool->spins) {
        uint64_t start = now_ns();
        do {
            for (int i = 0; i < SPIN_BATCH; i++) {
                if (is_empty(atomic_load_explicit(&pool->state, memory_order_acquire)))
                    return;
                pause_briefly();
            }
        } while (now_ns() - start < SPIN_NS);
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_exchange(&pool->caller_sleeps, true);
    while (!is_empty(atomic_load(&pool->state)))
        pthread_cond_wait(&pool->job_done, &pool->mutex);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->mutex);
}

/* ---- Working ---- */

static void take_tasks(stria_pool *pool, size_t worker)
{
    stria_task_fn run = pool->run;
    void *job = pool->job;
    size_t tasks = pool->tasks;
    for (;;) {
        size_t task = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (task >= tasks)
            return;
        run(job, task, worker);
    }
}

static void leave_job(stria_pool *pool)
{
    unsigned before = atomic_fetch_sub(&pool->state, 1);
    bool was_last = (before & INSIDE) == 1 && !(before & OPEN);
    if (was_last && atomic_load(&pool->caller_sleeps)) {
        pthread_mutex_lock(&pool->mutex);
        pthread_cond_signal(&pool->job_done);
        pthread_mutex_unlock(&pool->mutex);
    }
}

static void *work(void *argument)
{
    pool_worker *worker = argument;
    stria_pool *pool = worker->pool;
    (void)stria_float_begin(); /* for the life of the thread, which had its maker's state */
    unsigned last_job = 0, state;
    while (await_job(pool, last_job, &state)) {
        if (!atomic_compare_exchange_strong(&pool->state, &state, state + 1))
            continue;
        last_job = state & JOB;
        take_tasks(pool, worker->number);
        leave_job(pool);
    }
    return NULL;
}

void stria_pool_run(stria_pool *pool, size_t tasks, stria_task_fn run, void *job)
{
    if (!pool || pool->workers == 1 || tasks <= 1 || atomic_flag_test_and_set(&pool->taken)) {
        for (size_t task = 0; task < tasks; task++)
            run(job, task, 0);
        return;
    }
    pool->run = run;
    pool->job = job;
    pool->tasks = tasks;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    unsigned job_number = atomic_load_explicit(&pool->state, memory_order_relaxed) & JOB;
    atomic_exchange(&pool->state, (job_number + NEXT_JOB) | OPEN);
    wake_workers(pool, tasks - 1);
    take_tasks(pool, 0);
    unsigned closed = atomic_fetch_and(&pool->state, ~OPEN);
    if (!is_empty(closed))
        await_workers(pool);
    atomic_flag_clear(&pool->taken);
}

size_t stria_pool_workers(const stria_pool *pool)
{
    return pool ? pool->workers : 1;
}

/* ---- Making and ending ---- */

/* Ends and joins the threads that were started: numbers 1 ... started. */
static void end_threads(stria_pool *pool, size_t started)
{
    atomic_store(&pool->ending, true);
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->job_came);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < started; i++)
        pthread_join(pool->threads[i].thread, NULL);
}

/* Starts the workers with all signals blocked, so that the host's handlers run in the host's threads. */
static int start_threads(stria_pool *pool, size_t *started)
{
    sigset_t all, before;
    sigfillset(&all);
    int failure = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (failure)
        return failure;
    while (*started + 1 < pool->workers && !failure) {
        pool_worker *worker = &pool->threads[*started];
        worker->pool = pool;
        worker->number = *started + 1;
        failure = pthread_create(&worker->thread, NULL, work, worker);
        if (!failure)
            ++*started;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

stria_status stria_pool_create(stria_pool **pool, const stria_allocator *allocator, int threads,
                               stria_error *err)
{
    if (threads < 1 || threads > STRIA_MAX_THREADS)
        return stria_fail(err, STRIA_ERROR_VALUE, "%d threads: must be 1 to %d", threads, STRIA_MAX_THREADS);
    size_t workers = (size_t)threads;
    size_t size = sizeof(stria_pool) + (workers - 1) * sizeof(pool_worker);
    stria_pool *made = allocator->allocate(allocator->payload, size, alignof(stria_pool));
    if (!made)
        return stria_fail_memory(err, size);
    memset(made, 0, size);
    atomic_init(&made->state, 0);
    atomic_init(&made->sleepers, 0);
    atomic_init(&made->caller_sleeps, false);
    atomic_init(&made->ending, false);
    atomic_init(&made->next, 0);
    atomic_flag_clear(&made->taken);
    made->spins = threads <= stria_cpus_allowed();
    made->workers = workers;
    made->allocator = *allocator;

    size_t started = 0;
    int failure = pthread_mutex_init(&made->mutex, NULL);
    if (failure)
        goto no_mutex;
    failure = pthread_cond_init(&made->job_came, NULL);
    if (failure)
        goto no_job_came;
    failure = pthread_cond_init(&made->job_done, NULL);
    if (failure)
        goto no_job_done;
    failure = start_threads(made, &started);
    if (!failure) {
        *pool = made;
        return STRIA_OK;
    }
    end_threads(made, started);
    pthread_cond_destroy(&made->job_done);
no_job_done:
    pthread_cond_destroy(&made->job_came);
no_job_came:
    pthread_mutex_destroy(&made->mutex);
no_mutex:
    stria_release(allocator, made);
    char cause[128];
    return stria_fail(err, STRIA_ERROR_IO, "cannot start thread %zu of %d: %s", started + 2, threads,
                      stria_errno_text(failure, cause, sizeof cause));
}

void stria_pool_free(stria_pool *pool)
{
    if (!pool)
        return;
    end_threads(pool, pool->workers - 1);
    pthread_cond_destroy(&pool->job_done);
    pthread_cond_destroy(&pool->job_came);
    pthread_mutex_destroy(&pool->mutex);
    stria_allocator allocator = pool->allocator;
    stria_release(&allocator, pool);
}

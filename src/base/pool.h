/* The thread pool. Work is cut into tasks by the problem's size, never by the number of threads, so that
 * results do not depend on who did what: one thread and eight give the same bits. The workers compute in the state of
 * base/float_state.h; who calls stria_pool_run is in it, or computes nothing that the state shows in. */
#ifndef STRIA_BASE_POOL_H
#define STRIA_BASE_POOL_H

#include <stddef.h>

#include <stria/context.h>

typedef struct stria_pool stria_pool;

/* One piece of a job. `worker` is below stria_pool_workers: it selects scratch memory, nothing else. */
typedef void (*stria_task_fn)(void *job, size_t task, size_t worker);

#define STRIA_MAX_THREADS 256

/* Makes a pool of `threads` threads, the caller of stria_pool_run included (1: no thread is started).
 * Errors: VALUE (not 1 to STRIA_MAX_THREADS), MEMORY, IO when a thread cannot be started. */
stria_status stria_pool_create(stria_pool **pool, const stria_allocator *allocator, int threads,
                               stria_error *err);
/* NULL is allowed. */
void stria_pool_free(stria_pool *pool);

/* Threads that may work at a time; 1 for NULL. */
size_t stria_pool_workers(const stria_pool *pool);

/* Calls run(job, t, worker) for every t below `tasks` and returns when all are done. NULL runs here, in
 * order: for (size_t t = 0; t < tasks; t++) run(job, t, 0); A pool that is busy with another caller's job, or
 * called from inside a task, also runs here, as worker 0: a job within a job has scratch memory of its own.
 * Never fails. */
void stria_pool_run(stria_pool *pool, size_t tasks, stria_task_fn run, void *job);

#endif

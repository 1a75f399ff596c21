/* The thread pool: every task once, whoever calls, however often, awake or asleep.
 *
 * The meeting jobs are the test of waking: their tasks wait for one another, so they end only when as many
 * threads as tasks are at work at once. A lost wake-up would hang them. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/context.h"
#include "base/memory.h"
#include "base/pool.h"
#include "support/check.h"
#include "support/failing_allocator.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define SANITIZED 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define SANITIZED 1
#    endif
#endif
#ifndef SANITIZED
#    define SANITIZED 0
#endif

enum { MOST_TASKS = 1000, MOST_THREADS = 8 };

static stria_pool *make_pool(int threads)
{
    stria_error err = {0};
    stria_pool *pool = NULL;
    assert_ok(stria_pool_create(&pool, &stria_default_allocator, threads, &err), &err);
    assert_int_equal(stria_pool_workers(pool), threads);
    return pool;
}

static void sleep_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000 * us}, NULL);
}

/* Long enough that every worker has gone to sleep. */
static void let_sleep(void)
{
    sleep_us(500);
}

/* ---- Every task once ---- */

/* Plain numbers: that they are right shows that what a task writes is seen by the caller. */
typedef struct counting_job {
    size_t workers;
    int counts[MOST_TASKS];
} counting_job;

static void count_task(void *job, size_t task, size_t worker)
{
    counting_job *counting = job;
    counting->counts[task]++;
    if (worker >= counting->workers)
        counting->counts[task] += 1000;
}

static void assert_each_once(const counting_job *job, size_t tasks, int times)
{
    for (size_t i = 0; i < MOST_TASKS; i++)
        if (job->counts[i] != (i < tasks ? times : 0)) {
            print_error("task %zu of %zu was done %d times, not %d\n", i, tasks, job->counts[i], times);
            fail();
        }
}

static void every_task_is_done_once(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 64, MOST_TASKS};
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        stria_pool *pool = make_pool(threads);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            static counting_job job;
            memset(&job, 0, sizeof job);
            job.workers = (size_t)threads;
            stria_pool_run(pool, sizes[i], count_task, &job);
            assert_each_once(&job, sizes[i], 1);
            if (i % 2 == 0)
                let_sleep();
            stria_pool_run(pool, sizes[i], count_task, &job);
            assert_each_once(&job, sizes[i], 2);
        }
        stria_pool_free(pool);
    }
}

typedef struct order_job {
    size_t next;
    bool in_order;
} order_job;

static void note_order(void *job, size_t task, size_t worker)
{
    order_job *order = job;
    order->in_order = order->in_order && task == order->next++ && worker == 0;
}

static void no_pool_runs_in_order(void **state)
{
    (void)state;
    order_job job = {.in_order = true};
    assert_int_equal(stria_pool_workers(NULL), 1);
    stria_pool_run(NULL, 100, note_order, &job);
    stria_pool *pool = make_pool(1);
    job.next = 0;
    stria_pool_run(pool, 100, note_order, &job);
    assert_true(job.in_order);
    assert_int_equal(job.next, 100);
    stria_pool_free(pool);
    stria_pool_free(NULL);
}

/* More jobs than there are job numbers, so that they wrap. */
static void many_jobs(void **state)
{
    (void)state;
    enum { JOBS = 100000 };
    for (int threads = 2; threads <= 4; threads++) {
        stria_pool *pool = make_pool(threads);
        static counting_job job;
        memset(&job, 0, sizeof job);
        job.workers = (size_t)threads;
        for (int i = 0; i < JOBS; i++)
            stria_pool_run(pool, 4, count_task, &job);
        assert_each_once(&job, 4, JOBS);
        stria_pool_free(pool);
    }
}

/* ---- Waking ---- */

typedef struct meeting_job {
    size_t tasks;
    atomic_size_t arrived;
    atomic_uint who; /* one bit for each worker */
} meeting_job;

static void meet(void *job, size_t task, size_t worker)
{
    meeting_job *meeting = job;
    (void)task;
    atomic_fetch_or(&meeting->who, 1u << worker);
    atomic_fetch_add(&meeting->arrived, 1);
    while (atomic_load(&meeting->arrived) < meeting->tasks)
        sched_yield();
}

static void all_threads_can_work_at_once(void **state)
{
    (void)state;
    for (int threads = 2; threads <= MOST_THREADS; threads++) {
        stria_pool *pool = make_pool(threads);
        for (int i = 0; i < 60; i++) {
            meeting_job job = {.tasks = (size_t)threads};
            stria_pool_run(pool, job.tasks, meet, &job);
            assert_int_equal(job.who, (1u << threads) - 1);
            if (i % 3 == 0)
                sleep_us(17 * (i % 20)); /* just when the workers are falling asleep, too */
        }
        stria_pool_free(pool);
    }
}

/* A job with fewer tasks than threads wakes only some, and the next one must still reach them all. */
static void small_jobs_between_large_ones(void **state)
{
    (void)state;
    stria_pool *pool = make_pool(4);
    for (int i = 0; i < 300; i++) {
        meeting_job two = {.tasks = 2}, four = {.tasks = 4};
        stria_pool_run(pool, 2, meet, &two);
        assert_int_equal(two.arrived, 2);
        stria_pool_run(pool, 4, meet, &four);
        assert_int_equal(four.who, 15);
    }
    stria_pool_free(pool);
}

/* The caller ends its share first and has to sleep until a worker is done. */
static void linger(void *job, size_t task, size_t worker)
{
    meet(job, task, worker);
    if (worker != 0)
        sleep_us(300);
    atomic_fetch_add(&((meeting_job *)job)->arrived, 1);
}

static void caller_waits_for_slow_workers(void **state)
{
    (void)state;
    for (int threads = 2; threads <= 5; threads += 3) {
        stria_pool *pool = make_pool(threads);
        for (int i = 0; i < 100; i++) {
            meeting_job job = {.tasks = (size_t)threads};
            stria_pool_run(pool, job.tasks, linger, &job);
            assert_int_equal(job.arrived, 2 * threads);
        }
        stria_pool_free(pool);
    }
}

/* ---- Calls from inside and from several threads ---- */

typedef struct nested_job {
    stria_pool *pool;
    counting_job inner[16];
} nested_job;

static void run_nested(void *job, size_t task, size_t worker)
{
    nested_job *nested = job;
    (void)worker;
    nested->inner[task].workers = 1; /* as worker 0 */
    stria_pool_run(nested->pool, 50, count_task, &nested->inner[task]);
}

static void jobs_inside_jobs(void **state)
{
    (void)state;
    static nested_job job;
    memset(&job, 0, sizeof job);
    job.pool = make_pool(4);
    for (int i = 0; i < 200; i++)
        stria_pool_run(job.pool, 16, run_nested, &job);
    for (int i = 0; i < 16; i++)
        assert_each_once(&job.inner[i], 50, 200);
    stria_pool_free(job.pool);
}

enum { CALLER_JOBS = 3000 };

typedef struct calling_thread {
    stria_pool *pool;
    counting_job job;
} calling_thread;

static void *call_often(void *argument)
{
    calling_thread *caller = argument;
    for (int i = 0; i < CALLER_JOBS; i++)
        stria_pool_run(caller->pool, 20, count_task, &caller->job);
    return NULL;
}

static void several_callers(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        static calling_thread callers[3];
        pthread_t others[2];
        memset(callers, 0, sizeof callers);
        stria_pool *pool = make_pool(threads);
        for (int i = 0; i < 3; i++) {
            callers[i].pool = pool;
            callers[i].job.workers = (size_t)threads;
        }
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&others[i], NULL, call_often, &callers[i + 1]), 0);
        call_often(&callers[0]);
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_join(others[i], NULL), 0);
        for (int i = 0; i < 3; i++)
            assert_each_once(&callers[i].job, 20, CALLER_JOBS);
        stria_pool_free(pool);
    }
}

/* ---- Making and ending ---- */

static void pools_come_and_go(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        stria_pool *pool = make_pool(1 + i % MOST_THREADS);
        if (i % 3 == 0) { /* else it ends before its threads have really begun */
            meeting_job job = {.tasks = stria_pool_workers(pool)};
            stria_pool_run(pool, job.tasks, meet, &job);
        }
        if (i % 5 == 0)
            let_sleep();
        stria_pool_free(pool);
    }
}

static void bad_pools_are_refused(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_pool *pool = NULL;
    const int bad[] = {0, -1, STRIA_MAX_THREADS + 1};
    for (size_t i = 0; i < 3; i++) {
        assert_status(stria_pool_create(&pool, &stria_default_allocator, bad[i], &err), STRIA_ERROR_VALUE,
                      &err);
        assert_message(&err, "1 to 256");
    }
    failing_allocator memory;
    failing_allocator_init(&memory);
    memory.fail_at = 1;
    assert_status(stria_pool_create(&pool, &memory.table, 2, &err), STRIA_ERROR_MEMORY, &err);
    assert_null(pool);
    assert_ok(stria_pool_create(&pool, &memory.table, 2, &err), &err);
    stria_pool_free(pool);
    assert_int_equal(memory.live_blocks, 0);
}

#if !SANITIZED /* they need more address space than any limit that stops us */

#    define ADDRESSES ((size_t)300 << 20)
#    define NO_LIMIT  77 /* this system, an emulator perhaps, does not keep to the limit */

/* A process that has room for some of the threads' stacks, not for all. */
static int make_pool_without_room(void)
{
    const struct rlimit limit = {.rlim_cur = ADDRESSES, .rlim_max = ADDRESSES};
    failing_allocator memory;
    failing_allocator_init(&memory);
    stria_error err = {0};
    stria_pool *pool = NULL;
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        return 2;
    if (mmap(NULL, ADDRESSES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        return NO_LIMIT;
    stria_status status = stria_pool_create(&pool, &memory.table, STRIA_MAX_THREADS, &err);
    if (status != STRIA_ERROR_IO || !strstr(err.message, "of 256: ")) {
        fprintf(stderr, "status %s, message '%s'\n", stria_status_name(status), err.message);
        return 3;
    }
    return memory.live_blocks == 0 && !pool ? 0 : 4;
}

static void threads_that_cannot_start(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(make_pool_without_room());
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_LIMIT) {
        print_message("the address space cannot be limited here\n");
        skip();
    }
    assert_int_equal(status, 0);
}

#endif

static void check_mask(void *job, size_t task, size_t worker)
{
    meet(job, task, worker);
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    if (sigismember(&mask, SIGINT) != (worker != 0))
        atomic_fetch_add(&((meeting_job *)job)->arrived, 100);
}

/* Signals go to the host's threads: workers block them, the caller's mask is as it was. */
static void workers_take_no_signals(void **state)
{
    (void)state;
    stria_pool *pool = make_pool(3);
    meeting_job job = {.tasks = 3};
    stria_pool_run(pool, 3, check_mask, &job);
    assert_int_equal(job.arrived, 3);
    assert_int_equal(job.who, 7);
    stria_pool_free(pool);
}

/* ---- Results ---- */

/* Sums of parts in a fixed order: the numbers of threads that summed cannot be told from the result. */
enum { PARTS = 37, PART = 501 };

typedef struct sum_job {
    const float *values;
    float parts[PARTS];
} sum_job;

static void sum_part(void *job, size_t task, size_t worker)
{
    sum_job *sums = job;
    (void)worker;
    float sum = 0.0f;
    for (size_t i = 0; i < PART; i++)
        sum += sums->values[task * PART + i];
    sums->parts[task] = sum;
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    static float values[PARTS * PART];
    for (size_t i = 0; i < PARTS * PART; i++)
        values[i] = 1.0f / (float)(i + 1);
    static sum_job serial, parallel;
    serial.values = parallel.values = values;
    stria_pool_run(NULL, PARTS, sum_part, &serial);
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        stria_pool *pool = make_pool(threads);
        memset(parallel.parts, 0, sizeof parallel.parts);
        stria_pool_run(pool, PARTS, sum_part, &parallel);
        assert_memory_equal(parallel.parts, serial.parts, sizeof serial.parts);
        stria_pool_free(pool);
    }
}

static void some_cpu_is_allowed(void **state)
{
    (void)state;
    int cpus = stria_cpus_allowed();
    print_message("CPUs allowed: %d\n", cpus);
    assert_true(cpus >= 1 && cpus <= sysconf(_SC_NPROCESSORS_CONF));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_is_done_once),
        cmocka_unit_test(no_pool_runs_in_order),
        cmocka_unit_test(many_jobs),
        cmocka_unit_test(all_threads_can_work_at_once),
        cmocka_unit_test(small_jobs_between_large_ones),
        cmocka_unit_test(caller_waits_for_slow_workers),
        cmocka_unit_test(jobs_inside_jobs),
        cmocka_unit_test(several_callers),
        cmocka_unit_test(pools_come_and_go),
        cmocka_unit_test(bad_pools_are_refused),
#if !SANITIZED
        cmocka_unit_test(threads_that_cannot_start),
#endif
        cmocka_unit_test(workers_take_no_signals),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(some_cpu_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

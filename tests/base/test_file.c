/* Whole files: reading from anything, writing all or nothing whatever fails, locks between processes. */
#define _DEFAULT_SOURCE 1 /* MAP_ANONYMOUS, usleep */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/context.h"
#include "base/file.h"
#include "base/memory.h"
#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

static temporary_folder folder;

/* Files need no more of a context than its tables. */
static void prepare(test_context *test, stria_context *context)
{
    test_context_prepare(test);
    *context = (stria_context){
        .allocator = test->memory.table, .io = test->io.table, .clock = stria_default_clock, .threads = 1};
}

static int make_folder(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    return 0;
}

/* Every test leaves its folder to the next one empty. */
static int remove_folder(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    return 0;
}

/* Runs `body` in a child process and returns its exit status. */
static int in_child(int (*body)(const char *path), const char *path)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(body(path));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- Writing and reading ---- */

static void pieces_come_back(void **state)
{
    (void)state;
    test_context test;
    stria_context context;
    stria_error err = {0};
    char path[TEMPORARY_PATH_SIZE];
    prepare(&test, &context);
    temporary_folder_path(&folder, "file", path);

    const stria_bytes pieces[] = {{"head", 4}, {NULL, 0}, {"\0er", 3}, {"!", 1}};
    assert_ok(stria_file_write(&context, path, pieces, 4, true, &err), &err);
    assert_file_holds(path, "head\0er!", 8);
    assert_int_equal(temporary_folder_count(&folder), 1);
    assert_int_equal(test.memory.calls, 0); /* saving works when memory is gone */

    void *bytes = NULL;
    size_t size = 0;
    assert_ok(stria_file_read(&context, path, 8, &bytes, &size, &err), &err);
    assert_int_equal(size, 8);
    assert_memory_equal(bytes, "head\0er!", 9); /* and a NUL */
    stria_release(&context.allocator, bytes);

    assert_ok(stria_file_write(&context, path, NULL, 0, false, &err), &err);
    assert_ok(stria_file_read(&context, path, 0, &bytes, &size, &err), &err);
    assert_int_equal(size, 0);
    assert_string_equal(bytes, "");
    stria_release(&context.allocator, bytes);
    test_context_close(&test);
}

static void permissions_follow_the_umask(void **state)
{
    (void)state;
    static const mode_t masks[] = {022, 077, 002};
    test_context test;
    stria_context context;
    stria_error err = {0};
    char path[TEMPORARY_PATH_SIZE];
    struct stat status;
    prepare(&test, &context);
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        mode_t before = umask(masks[i]);
        stria_status written = stria_file_write(&context, temporary_folder_path(&folder, "file", path),
                                                &(stria_bytes){"x", 1}, 1, true, &err);
        umask(before);
        assert_ok(written, &err);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0666 & ~masks[i]);
    }
    test_context_close(&test);
}

/* The heart of it: with the n-th call failing, for every n, there is the old file or the new one and nothing
 * else. */
static void check_every_failure(bool durable, bool fail_all_later)
{
    static const char old[] = "the old file", new[] = "and the new one, which is longer";
    char path[TEMPORARY_PATH_SIZE];
    size_t failed = 0, old_kept = 0;
    temporary_folder_path(&folder, "file", path);
    for (size_t n = 1;; n++) {
        test_context test;
        stria_context context;
        stria_error err = {0};
        prepare(&test, &context);
        write_test_file(path, old, sizeof old);
        test.io.fail_at = n;
        test.io.fail_all_later = fail_all_later;
        const stria_bytes pieces[] = {{new, 10}, {new + 10, sizeof new - 10}};
        stria_status status = stria_file_write(&context, path, pieces, 2, durable, &err);
        test.io.fail_at = 0;
        test_context_close(&test);
        if (test.io.failures == 0) {
            assert_ok(status, &err);
            assert_file_holds(path, new, sizeof new);
            break;
        }
        assert_status(status, STRIA_ERROR_IO, &err);
        assert_message(&err, path);
        assert_message(&err, "Input/output error");
        /* Only the sync of the folder comes after the rename. */
        void *bytes;
        size_t size;
        assert_ok(stria_file_read(&context, path, 1000, &bytes, &size, &err), &err);
        bool is_old = size == sizeof old && memcmp(bytes, old, size) == 0;
        bool is_new = size == sizeof new &&memcmp(bytes, new, size) == 0;
        assert_true(is_old || is_new);
        stria_release(&context.allocator, bytes);
        old_kept += is_old;
        failed++;
        if (!fail_all_later) /* else the temporary could not be removed either */
            assert_int_equal(temporary_folder_count(&folder), 1);
        temporary_folder_remove(&folder);
        temporary_folder_make(&folder);
        temporary_folder_path(&folder, "file", path);
    }
    print_message("calls failed: %zu, old file kept: %zu, files lost: 0\n", failed, old_kept);
    /* probe, resolve, open, reserve, two writes, close, rename; durable also sync and the folder's sync */
    assert_int_equal(failed, durable ? 10 : 8);
    assert_int_equal(old_kept, durable ? 9 : 8);
}

static void every_failing_call_leaves_a_whole_file(void **state)
{
    (void)state;
    check_every_failure(true, false);
    check_every_failure(false, false);
    check_every_failure(true, true);
}

static void full_disks_leave_the_old_file(void **state)
{
    (void)state;
    test_context test;
    stria_context context;
    stria_error err = {0};
    char path[TEMPORARY_PATH_SIZE];
    static char large[100000];
    temporary_folder_path(&folder, "file", path);
    write_test_file(path, "old", 3);
    const stria_bytes pieces[] = {{large, sizeof large / 2}, {large, sizeof large / 2}};
    for (int can_reserve = 0; can_reserve <= 1; can_reserve++) {
        prepare(&test, &context);
        test.io.cannot_reserve = !can_reserve;
        test.io.disk_space = 70000; /* enough for the first piece */
        assert_status(stria_file_write(&context, path, pieces, 2, true, &err), STRIA_ERROR_IO, &err);
        assert_message(&err, "No space left on device");
        assert_file_holds(path, "old", 3);
        assert_int_equal(temporary_folder_count(&folder), 1);
        test_context_close(&test);
    }
}

/* The same with the system's own refusal: a limit on the size of files. */
static int write_above_limit(const char *path)
{
    const struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 99;
    static char large[100000];
    test_context test;
    stria_context context;
    stria_error err = {0};
    prepare(&test, &context);
    stria_status status =
        stria_file_write(&context, path, &(stria_bytes){large, sizeof large}, 1, true, &err);
    return status == STRIA_ERROR_IO && strstr(err.message, "File too large") ? 0 : 1;
}

static void refused_sizes_leave_the_old_file(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE];
    temporary_folder_path(&folder, "file", path);
    write_test_file(path, "old", 3);
    assert_int_equal(in_child(write_above_limit, path), 0);
    assert_file_holds(path, "old", 3);
    assert_int_equal(temporary_folder_count(&folder), 1);
}

static void unwritable_places_are_named(void **state)
{
    (void)state;
    test_context test;
    stria_context context;
    stria_error err = {0};
    char path[TEMPORARY_PATH_SIZE], long_name[6000];
    const stria_bytes piece = {"x", 1};
    prepare(&test, &context);
    assert_status(stria_file_write(&context, folder.path, &piece, 1, true, &err), STRIA_ERROR_IO, &err);
    assert_message(&err, "Is a directory");
    temporary_folder_path(&folder, "no/such/folder/file", path);
    assert_status(stria_file_write(&context, path, &piece, 1, true, &err), STRIA_ERROR_IO, &err);
    assert_message(&err, "No such file or directory");
    assert_message(&err, path);
    write_test_file(temporary_folder_path(&folder, "file", path), "x", 1);
    temporary_folder_path(&folder, "file/below", path);
    assert_status(stria_file_write(&context, path, &piece, 1, true, &err), STRIA_ERROR_IO, &err);
    assert_message(&err, "Not a directory");
    assert_status(stria_file_write(&context, "", &piece, 1, true, &err), STRIA_ERROR_IO, &err);
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    assert_status(stria_file_write(&context, long_name, &piece, 1, true, &err), STRIA_ERROR_IO, &err);
    assert_message(&err, "File name too long");
    test_context_close(&test);
}

static void links_stay_links(void **state)
{
    (void)state;
    test_context test;
    stria_context context;
    stria_error err = {0};
    char link[TEMPORARY_PATH_SIZE], target[TEMPORARY_PATH_SIZE], inner[TEMPORARY_PATH_SIZE];
    struct stat status;
    const stria_bytes piece = {"new", 3};
    prepare(&test, &context);

    /* link -> sub/second -> target, next to second; both relative. */
    assert_int_equal(mkdir(temporary_folder_path(&folder, "sub", inner), 0777), 0);
    temporary_folder_path(&folder, "sub/second", inner);
    temporary_folder_path(&folder, "sub/target", target);
    temporary_folder_path(&folder, "link", link);
    assert_int_equal(symlink("target", inner), 0);
    assert_int_equal(symlink("sub/second", link), 0);
    for (int exists = 0; exists <= 1; exists++) {
        assert_ok(stria_file_write(&context, link, &piece, 1, true, &err), &err);
        assert_file_holds(target, "new", 3);
        assert_int_equal(lstat(link, &status), 0);
        assert_true(S_ISLNK(status.st_mode));
        assert_int_equal(lstat(inner, &status), 0);
        assert_true(S_ISLNK(status.st_mode));
        write_test_file(target, "old", 3);
    }
    temporary_folder_path(&folder, "absolute", link);
    assert_int_equal(symlink(target, link), 0);
    assert_ok(stria_file_write(&context, link, &piece, 1, true, &err), &err);
    assert_file_holds(target, "new", 3);

    temporary_folder_path(&folder, "circle", link);
    assert_int_equal(symlink("circle", link), 0);
    assert_status(stria_file_write(&context, link, &piece, 1, true, &err), STRIA_ERROR_IO, &err);
    assert_message(&err, "Too many levels of symbolic links");
    test_context_close(&test);
}

/* A pipe is written to, not replaced, and read to its end; its 200 kB do not fit into it at once. */
enum { THROUGH_PIPE = 200000 };

static unsigned char pattern_byte(size_t i)
{
    return (unsigned char)(i * 7 + i / 256);
}

static int write_into_pipe(const char *path)
{
    static unsigned char large[THROUGH_PIPE];
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = pattern_byte(i);
    test_context test;
    stria_context context;
    stria_error err = {0};
    prepare(&test, &context);
    const stria_bytes pieces[] = {{large, 70000}, {large + 70000, sizeof large - 70000}};
    return stria_file_write(&context, path, pieces, 2, true, &err) == STRIA_OK ? 0 : 1;
}

static size_t alarms;

static void count_alarm(int signal_number)
{
    (void)signal_number;
    alarms++;
}

static void read_pipe(uint64_t limit, stria_status expected)
{
    test_context test;
    stria_context context;
    stria_error err = {0};
    char path[TEMPORARY_PATH_SIZE];
    struct stat status;
    prepare(&test, &context);
    temporary_folder_path(&folder, "pipe", path);
    assert_int_equal(mkfifo(path, 0666), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGPIPE, SIG_IGN);
        _exit(write_into_pipe(path));
    }
    void *bytes = NULL;
    size_t size = 0;
    assert_status(stria_file_read(&context, path, limit, &bytes, &size, &err), expected, &err);
    int child_status;
    while (waitpid(child, &child_status, 0) < 0)
        assert_int_equal(errno, EINTR);
    if (expected == STRIA_OK) {
        assert_int_equal(child_status, 0);
        assert_int_equal(size, THROUGH_PIPE);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(((unsigned char *)bytes)[i], pattern_byte(i));
        stria_release(&context.allocator, bytes);
    }
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    assert_int_equal(temporary_folder_count(&folder), 1);
    assert_int_equal(unlink(path), 0);
    test_context_close(&test);
}

static void pipes_are_read_and_written(void **state)
{
    (void)state;
    read_pipe(THROUGH_PIPE, STRIA_OK);
    read_pipe(THROUGH_PIPE - 1, STRIA_ERROR_LIMIT);
}

/* With a signal every 200 us whose handler does not restart calls. */
static void interrupted_calls_are_repeated(void **state)
{
    (void)state;
    struct sigaction act = {.sa_handler = count_alarm}, before;
    const struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
    assert_int_equal(sigaction(SIGALRM, &act, &before), 0);
    alarms = 0;
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    for (int i = 0; i < 20; i++)
        read_pipe(UINT64_MAX, STRIA_OK);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    print_message("signals: %zu\n", alarms);
    assert_true(alarms > 0);
}

/* ---- Reading ---- */

static void missing_files_and_folders_are_named(void **state)
{
    (void)state;
    test_context test;
    stria_context context;
    stria_error err = {0};
    char path[TEMPORARY_PATH_SIZE];
    void *bytes = &test;
    size_t size = 77;
    prepare(&test, &context);
    temporary_folder_path(&folder, "missing", path);
    assert_status(stria_file_read(&context, path, 10, &bytes, &size, &err), STRIA_ERROR_MISSING, &err);
    assert_message(&err, path);
    assert_status(stria_file_read(&context, folder.path, 10, &bytes, &size, &err), STRIA_ERROR_IO, &err);
    assert_message(&err, "Is a directory");
    assert_int_equal(stria_file_read(&context, path, 10, &bytes, &size, NULL), STRIA_ERROR_MISSING);
    assert_ptr_equal(bytes, &test);
    assert_int_equal(size, 77);
    test_context_close(&test);
}

static void limits_hold(void **state)
{
    (void)state;
    test_context test;
    stria_context context;
    stria_error err = {0};
    char path[TEMPORARY_PATH_SIZE];
    void *bytes;
    size_t size;
    prepare(&test, &context);
    temporary_folder_path(&folder, "file", path);
    write_test_file(path, "0123456789", 10);
    assert_status(stria_file_read(&context, path, 9, &bytes, &size, &err), STRIA_ERROR_LIMIT, &err);
    assert_message(&err, "limit of 9 bytes");
    assert_int_equal(test.memory.calls, 0); /* it is known before anything is allocated */
    assert_ok(stria_file_read(&context, path, 10, &bytes, &size, &err), &err);
    stria_release(&context.allocator, bytes);

    /* A file of 2^40 bytes that takes no room on the disk. */
    assert_int_equal(truncate(path, (off_t)1 << 40), 0);
    assert_status(stria_file_read(&context, path, 1000, &bytes, &size, &err), STRIA_ERROR_LIMIT, &err);
    assert_status(stria_file_read(&context, path, UINT64_MAX, &bytes, &size, &err), STRIA_ERROR_MEMORY, &err);
    test_context_close(&test);
}

/* A file that has grown or shrunk since it was opened, as /proc's files always seem to. */
static stria_io lying_inner;
static uint64_t lying_size;

static int lying_open_read(void *payload, const char *path, void **file, uint64_t *size)
{
    int failure = lying_inner.open_read(payload, path, file, size);
    *size = lying_size;
    return failure;
}

static void announced_sizes_are_not_trusted(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 3, 9, 10, 11, 500, UINT64_MAX};
    static const size_t read_limits[] = {0, 1, 3};
    char path[TEMPORARY_PATH_SIZE];
    temporary_folder_path(&folder, "file", path);
    write_test_file(path, "0123456789", 10);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < sizeof read_limits / sizeof read_limits[0]; j++) {
            test_context test;
            stria_context context;
            stria_error err = {0};
            void *bytes;
            size_t size;
            prepare(&test, &context);
            lying_inner = context.io;
            lying_size = sizes[i];
            context.io.open_read = lying_open_read;
            test.io.read_limit = read_limits[j];
            assert_ok(stria_file_read(&context, path, 1000, &bytes, &size, &err), &err);
            assert_int_equal(size, 10);
            assert_string_equal(bytes, "0123456789");
            stria_release(&context.allocator, bytes);
            if (sizes[i] < 10)
                assert_status(stria_file_read(&context, path, 9, &bytes, &size, &err), STRIA_ERROR_LIMIT,
                              &err);
            test_context_close(&test);
        }
    }
}

static void reading_survives_failures(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE];
    size_t calls_failed = 0, allocations_failed = 0;
    temporary_folder_path(&folder, "file", path);
    write_test_file(path, "0123456789", 10);
    for (int of_memory = 0; of_memory <= 1; of_memory++) {
        for (size_t n = 1;; n++) {
            test_context test;
            stria_context context;
            stria_error err = {0};
            void *bytes;
            size_t size;
            prepare(&test, &context);
            lying_inner = context.io;
            lying_size = 2; /* so that the buffer has to grow */
            context.io.open_read = lying_open_read;
            *(of_memory ? &test.memory.fail_at : &test.io.fail_at) = n;
            stria_status status = stria_file_read(&context, path, 100, &bytes, &size, &err);
            if (status == STRIA_OK)
                stria_release(&context.allocator, bytes);
            else
                assert_status(status, of_memory ? STRIA_ERROR_MEMORY : STRIA_ERROR_IO, &err);
            test_context_close(&test);
            calls_failed += test.io.failures;
            allocations_failed += test.memory.failures;
            if (test.io.failures + test.memory.failures == 0) {
                assert_ok(status, &err);
                break;
            }
        }
    }
    print_message("calls failed: %zu, allocations failed: %zu\n", calls_failed, allocations_failed);
    assert_true(calls_failed >= 4 && allocations_failed >= 3);
}

static void probes(void **state)
{
    (void)state;
    test_context test;
    stria_context context;
    char path[TEMPORARY_PATH_SIZE];
    prepare(&test, &context);
    assert_int_equal(stria_file_probe(&context, folder.path), 2);
    temporary_folder_path(&folder, "file", path);
    assert_int_equal(stria_file_probe(&context, path), 0);
    write_test_file(path, "x", 1);
    assert_int_equal(stria_file_probe(&context, path), 1);
    assert_int_equal(stria_file_probe(&context, temporary_folder_path(&folder, "file/below", path)), 0);
    temporary_folder_path(&folder, "pipe", path);
    assert_int_equal(mkfifo(path, 0666), 0);
    assert_int_equal(stria_file_probe(&context, path), 3);
    test_context_close(&test);
}

/* No descriptor of ours is handed on to a program that the host starts. */
static void descriptors_close_on_exec(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE];
    void *handles[3];
    uint64_t size;
    bool open_before[64];
    const stria_io *io = &stria_default_io;
    for (int i = 0; i < 64; i++)
        open_before[i] = fcntl(i, F_GETFD) >= 0;
    temporary_folder_path(&folder, "file", path);
    assert_int_equal(io->open_write(NULL, path, &handles[0]), 0);
    assert_int_equal(io->open_read(NULL, path, &handles[1], &size), 0);
    assert_int_equal(io->lock(NULL, path, &handles[2]), 0);
    int ours = 0;
    for (int i = 0; i < 64; i++) {
        int flags = fcntl(i, F_GETFD);
        if (flags < 0 || open_before[i])
            continue;
        ours++;
        assert_true(flags & FD_CLOEXEC);
    }
    assert_int_equal(ours, 3);
    assert_int_equal(io->close(NULL, handles[0]), 0);
    assert_int_equal(io->close(NULL, handles[1]), 0);
    assert_int_equal(io->unlock(NULL, handles[2]), 0);
    assert_int_equal(size, 0);
}

static void clocks_run(void **state)
{
    (void)state;
    const stria_clock *clock = &stria_default_clock;
    uint64_t first = clock->monotonic_ns(NULL), second;
    do
        second = clock->monotonic_ns(NULL);
    while (second == first);
    assert_true(second > first);
    assert_true(clock->unix_seconds(NULL) > 1700000000);
}

/* ---- Locks ---- */

static int lock_status(const char *path)
{
    test_context test;
    stria_context context;
    void *lock;
    prepare(&test, &context);
    return (int)stria_file_lock(&context, path, &lock, NULL); /* a lock taken here ends with the process */
}

static void locks_keep_others_out(void **state)
{
    (void)state;
    test_context test;
    stria_context context;
    stria_error err = {0};
    char path[TEMPORARY_PATH_SIZE];
    void *lock = NULL, *second = &test;
    prepare(&test, &context);
    temporary_folder_path(&folder, "file.lock", path);
    assert_int_equal(in_child(lock_status, path), STRIA_OK); /* that process ended without unlocking */
    assert_ok(stria_file_lock(&context, path, &lock, &err), &err);
    assert_status(stria_file_lock(&context, path, &second, &err), STRIA_ERROR_BUSY, &err);
    assert_message(&err, path);
    assert_message(&err, "another process");
    assert_ptr_equal(second, &test);
    assert_int_equal(in_child(lock_status, path), STRIA_ERROR_BUSY);
    stria_file_unlock(&context, path, lock);
    assert_int_equal(temporary_folder_count(&folder), 0);
    assert_int_equal(in_child(lock_status, path), STRIA_OK);
    stria_file_unlock(&context, path, NULL);
    assert_status(stria_file_lock(&context, "/no/such/folder/lock", &lock, &err), STRIA_ERROR_IO, &err);
    test_context_close(&test);
}

/* Processes that lock, add one to a plain number and unlock. Unlocking removes the file, so a lock on a file
 * that has lost its name must not count: then two would be inside, and the number would come out too small.
 */
enum { LOCKERS = 3, ROUNDS = 1500 };
static volatile long *shared_number; /* and whether someone is inside */

static int add_under_lock(const char *path)
{
    test_context test;
    stria_context context;
    prepare(&test, &context);
    for (int done = 0; done < ROUNDS;) {
        void *lock;
        stria_status status = stria_file_lock(&context, path, &lock, NULL);
        if (status == STRIA_ERROR_BUSY)
            continue;
        if (status != STRIA_OK || shared_number[1] != 0)
            return 1;
        shared_number[1] = 1;
        long number = shared_number[0];
        if (done % 64 == 0)
            usleep(100);
        shared_number[0] = number + 1;
        shared_number[1] = 0;
        stria_file_unlock(&context, path, lock);
        done++;
    }
    return 0;
}

static void locks_exclude_under_stress(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE];
    temporary_folder_path(&folder, "file.lock", path);
    shared_number = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared_number != MAP_FAILED);
    pid_t children[LOCKERS];
    for (int i = 0; i < LOCKERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(add_under_lock(path));
    }
    for (int i = 0; i < LOCKERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(shared_number[0], LOCKERS * ROUNDS);
    munmap((void *)shared_number, 4096);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(pieces_come_back),
        TEST(permissions_follow_the_umask),
        TEST(every_failing_call_leaves_a_whole_file),
        TEST(full_disks_leave_the_old_file),
        TEST(refused_sizes_leave_the_old_file),
        TEST(unwritable_places_are_named),
        TEST(links_stay_links),
        TEST(pipes_are_read_and_written),
        TEST(interrupted_calls_are_repeated),
        TEST(missing_files_and_folders_are_named),
        TEST(limits_hold),
        TEST(announced_sizes_are_not_trusted),
        TEST(reading_survives_failures),
        TEST(probes),
        TEST(descriptors_close_on_exec),
        TEST(clocks_run),
        TEST(locks_keep_others_out),
        TEST(locks_exclude_under_stress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

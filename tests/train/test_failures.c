/* Trainings in a hostile world: every allocation and every file call fails once, the disk fills up. Each ends
 * in one error, leaks nothing, and leaves the files of an earlier training whole. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "train/training_fixture.h"

static temporary_folder folder;
static char model_path[TEMPORARY_PATH_SIZE], last_path[TEMPORARY_PATH_SIZE], best_path[TEMPORARY_PATH_SIZE];
static char log_path[TEMPORARY_PATH_SIZE];

static int make_folder(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    temporary_folder_path(&folder, "x.safetensors", model_path);
    temporary_folder_path(&folder, "x.last.safetensors", last_path);
    temporary_folder_path(&folder, "x.best.safetensors", best_path);
    temporary_folder_path(&folder, "x.csv", log_path);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    return 0;
}

static const char *const model_text = "input 6x6x1\n"
                                      "conv2d 2 3 relu\n"
                                      "batchnorm\n"
                                      "flatten\n"
                                      "dense 3 softmax\n";

static stria_train_options every_feature(void)
{
    return (stria_train_options){.epochs = 2,
                                 .batch = 8,
                                 .optimizer = "rmsprop momentum=0.5",
                                 .schedule = "cosine",
                                 .validation = 0.25,
                                 .seed = 2,
                                 .restore_best = 1,
                                 .output = model_path,
                                 .log = log_path,
                                 .command = "train",
                                 .resume = 1};
}

static int stop_after(void *payload)
{
    int *steps = payload;
    return --*steps == 0;
}

/* Trains in a context of its own that fails from now on as `test` says; what was made before is freed. */
static stria_status train_in(test_context *test, const stria_train_options *options, size_t fail_memory_at,
                             size_t fail_io_at, stria_error *err)
{
    stria_dataset *data = make_bars(test->context, 20, 3);
    stria_model *model = make_model(test->context, model_text);
    if (fail_memory_at > 0)
        test->memory.fail_at = test->memory.calls + fail_memory_at;
    if (fail_io_at > 0)
        test->io.fail_at = test->io.calls + fail_io_at;
    const stria_status status = stria_train(model, data, options, NULL, err);
    test->memory.fail_at = 0;
    test->io.fail_at = 0;
    stria_model_free(model);
    stria_dataset_free(data);
    return status;
}

static void train_untroubled(const stria_train_options *options)
{
    test_context test;
    stria_error err = {0};
    open_fast_context(&test, 1);
    assert_ok(train_in(&test, options, 0, 0, &err), &err);
    test_context_close(&test);
}

/* Leaves a checkpoint in the middle of the second epoch. */
static void leave_checkpoint(void)
{
    test_context test;
    stria_error err = {0};
    stria_train_options options = every_feature();
    int steps = 3;
    options.resume = 0;
    options.cancelled = stop_after;
    options.payload = &steps;
    open_fast_context(&test, 1);
    assert_status(train_in(&test, &options, 0, 0, &err), STRIA_ERROR_CANCELLED, &err);
    test_context_close(&test);
}

/* A file that is there must be a whole model. */
static void check_model_file(const char *path)
{
    test_context test;
    stria_error err = {0};
    stria_model *model = NULL;
    open_fast_context(&test, 1);
    assert_ok(stria_model_load(&model, test.context, path, NULL, &err), &err);
    stria_model_free(model);
    test_context_close(&test);
}

static void check_log(void)
{
    size_t size;
    char *log = read_whole_file(log_path, &size);
    assert_int_equal(strncmp(log, "epoch,loss,", 11), 0);
    assert_true(size > 0 && log[size - 1] == '\n');
    free(log);
}

/* Fails allocation n = 1, 2, ... until none is left to fail. `from_checkpoint`: with a resumed training. */
static void fail_allocations(bool from_checkpoint, int threads)
{
    stria_train_options options = every_feature();
    for (size_t n = 1;; n++) {
        test_context test;
        stria_error err = {0};
        if (from_checkpoint)
            leave_checkpoint();
        else
            options.resume = 0;
        open_fast_context(&test, threads);
        const stria_status status = train_in(&test, &options, n, 0, &err);
        const bool done = test.memory.failures == 0;
        assert_status(status, done ? STRIA_OK : STRIA_ERROR_MEMORY, &err);
        test_context_close(&test);
        if (done) {
            print_message("%zu allocations failed, all survived\n", n - 1);
            assert_true(n > 100);
            return;
        }
    }
}

static void failing_allocations(void **state)
{
    (void)state;
    fail_allocations(false, 1);
}

static void failing_allocations_when_resuming(void **state)
{
    (void)state;
    fail_allocations(true, 2);
}

static int count_steps(void *payload)
{
    int *steps = payload;
    ++*steps;
    return 0;
}

/* Parameters do not change before all is ready: a failed start is no start. */
static void a_failed_start_leaves_the_parameters(void **state)
{
    (void)state;
    size_t starts = 0;
    for (size_t n = 1;; n++) {
        test_context test;
        stria_error err = {0};
        int steps = 0;
        open_fast_context(&test, 1);
        stria_dataset *data = make_bars(test.context, 20, 3);
        stria_model *model = make_model(test.context, model_text),
                    *untouched = make_model(test.context, model_text);
        test.memory.fail_at = test.memory.calls + n;
        const stria_status status = stria_train(
            model, data,
            &(stria_train_options){.epochs = 1, .seed = 5, .cancelled = count_steps, .payload = &steps}, NULL,
            &err);
        const bool done = test.memory.failures == 0;
        test.memory.fail_at = 0;
        assert_status(status, done ? STRIA_OK : STRIA_ERROR_MEMORY, &err);
        if (steps == 0) {
            assert_same_parameters(model, untouched);
            starts++;
        }
        stria_model_free(model);
        stria_model_free(untouched);
        stria_dataset_free(data);
        test_context_close(&test);
        if (done) {
            print_message("%zu failed starts\n", starts);
            assert_true(starts > 20);
            return;
        }
    }
}

/* Fails file call n = 1, 2, ... over a training that writes over the files of an earlier one. */
static void failing_files(void **state)
{
    (void)state;
    stria_train_options options = every_feature();
    options.resume = 0;
    train_untroubled(&options);
    for (int code = 0; code < 2; code++) {
        for (size_t n = 1;; n++) {
            test_context test;
            stria_error err = {0};
            open_fast_context(&test, 1);
            test.io.code = code == 0 ? EIO : ENOSPC;
            const stria_status status = train_in(&test, &options, 0, n, &err);
            const bool failed = test.io.failures > 0;
            /* A probe, or the removal of the lock, may fail without harm. */
            if (status != STRIA_OK) {
                assert_true(failed);
                assert_true(status == STRIA_ERROR_IO || status == STRIA_ERROR_MISSING);
                assert_true(err.message[0] != '\0');
            }
            test_context_close(&test);
            check_model_file(model_path);
            check_model_file(last_path);
            check_model_file(best_path);
            check_log();
            if (!failed) {
                print_message("%zu file calls failed, files lost: 0\n", n - 1);
                assert_true(n > 20);
                break;
            }
        }
    }
}

/* A disk with room for less and less. */
static void full_disk(void **state)
{
    (void)state;
    stria_train_options options = every_feature();
    options.resume = 0;
    train_untroubled(&options);
    size_t size, again;
    char *before = read_whole_file(last_path, &size);
    bool succeeded = false;
    int refusals = 0;
    for (uint64_t space = 0; !succeeded; space += 3000) {
        test_context test;
        stria_error err = {0};
        stria_train_options other = options;
        other.seed = 3;
        open_fast_context(&test, 1);
        test.io.disk_space = space;
        const stria_status status = train_in(&test, &other, 0, 0, &err);
        succeeded = status == STRIA_OK;
        if (!succeeded) {
            assert_status(status, STRIA_ERROR_IO, &err);
            assert_message(&err, "x.");
            refusals++;
        }
        test_context_close(&test);
        check_model_file(model_path);
        check_model_file(last_path);
        check_model_file(best_path);
        check_log();
        if (space == 0) {
            char *after = read_whole_file(last_path, &again);
            assert_int_equal(size, again);
            assert_memory_equal(before, after, size);
            free(after);
        }
    }
    assert_true(refusals >= 3);
    free(before);
    /* No temporary file and no lock is left over. */
    assert_int_equal(temporary_folder_count(&folder), 4);
}

/* When the checkpoint of a stopped training cannot be written, the message says both. */
static void full_disk_when_cancelled(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    stria_train_options options = every_feature();
    int steps = 1;
    options.log = NULL;
    options.resume = 0;
    options.cancelled = stop_after;
    options.payload = &steps;
    open_fast_context(&test, 1);
    test.io.disk_space = 100;
    assert_status(train_in(&test, &options, 0, 0, &err), STRIA_ERROR_IO, &err);
    assert_message(&err, "training was stopped in epoch 1, and its checkpoint was not saved: ");
    assert_message(&err, "x.last.safetensors");
    test_context_close(&test);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(failing_allocations),
        IN_FOLDER(failing_allocations_when_resuming),
        IN_FOLDER(a_failed_start_leaves_the_parameters),
        IN_FOLDER(failing_files),
        IN_FOLDER(full_disk),
        IN_FOLDER(full_disk_when_cancelled),
    };
    return cmocka_run_group_tests_name("train_failures", tests, NULL, NULL);
}

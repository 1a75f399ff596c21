/* Training on picture files: the same bits for any number of threads and after every interruption; a file
 * that breaks in the middle leaves a checkpoint of the last whole step; shares for validation have every
 * class. */
#include <stdlib.h>
#include <string.h>

#include "data/picture_set.h"
#include "train/training_fixture.h"

static const char *const model_text = "input 8x8x3\n"
                                      "random_flip\n"
                                      "conv2d 4 3 relu\n"
                                      "batchnorm\n"
                                      "flatten\n"
                                      "dropout 0.2\n"
                                      "dense 3 softmax\n";

static temporary_folder folder;

static int set_up(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    put_classes(&folder, "d/train/", 10, 1);
    put_classes(&folder, "d/test/", 2, 500);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    return 0;
}

static int stop_after(void *payload)
{
    int *steps = payload;
    return --*steps == 0;
}

/* Trains for 3 epochs of 6 steps (24 of 30 samples) into folder/output; `steps` 0: without a stop. */
static stria_status run(const char *output, int threads, int decode_threads, int steps, bool resume,
                        bool skip, stria_train_result *result, stria_error *err)
{
    char path[TEMPORARY_PATH_SIZE];
    test_context test;
    open_fast_context(&test, threads);
    stria_model *model = make_model(test.context, model_text);
    const stria_dataset_options reading = {
        .model = model, .decode_threads = decode_threads, .skip_broken = skip};
    stria_dataset *data = open_data(test.context, &folder, "d", &reading);
    const stria_train_options options = {
        .epochs = 3,
        .batch = 4,
        .validation = 0.2,
        .seed = 7,
        .output = temporary_folder_path(&folder, output, path),
        .resume = resume,
        .cancelled = steps > 0 ? stop_after : NULL,
        .payload = &steps,
        .command = "train",
    };
    const stria_status status = stria_train(model, data, &options, result, err);
    stria_model_free(model);
    stria_dataset_free(data);
    test_context_close(&test);
    return status;
}

static void assert_same(const char *a, const char *b)
{
    char first[TEMPORARY_PATH_SIZE], second[TEMPORARY_PATH_SIZE];
    assert_same_files(temporary_folder_path(&folder, a, first), temporary_folder_path(&folder, b, second));
}

static void threads_do_not_show(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_train_result result;
    assert_ok(run("one.safetensors", 1, 0, 0, false, false, &result, &err), &err);
    assert_true(result.last.val_loss > 0);
    static const int counts[][2] = {{1, 1}, {2, 0}, {2, 3}, {4, 0}};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        assert_ok(run("more.safetensors", counts[c][0], counts[c][1], 0, false, false, NULL, &err), &err);
        assert_same("one.safetensors", "more.safetensors");
    }
}

static void resumes_after_every_step(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_train_result result;
    assert_ok(run("whole.safetensors", 2, 0, 0, false, false, NULL, &err), &err);
    for (int step = 1; step < 18; step++) {
        assert_status(run("x.safetensors", 2, 2, step, false, false, NULL, &err), STRIA_ERROR_CANCELLED,
                      &err);
        assert_ok(run("x.safetensors", 1, 0, 0, true, false, &result, &err), &err);
        assert_true(result.resumed);
        assert_same("whole.safetensors", "x.safetensors");
    }
}

static void goes_on_when_a_file_is_back(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_train_result result;
    char path[TEMPORARY_PATH_SIZE];
    assert_ok(run("whole.safetensors", 2, 0, 0, false, false, NULL, &err), &err);
    static const char *const files[] = {"d/train/bee/0003.png", "d/train/cat/0009.png",
                                        "d/train/ape/0000.png"};
    for (size_t f = 0; f < 3; f++) {
        temporary_folder_path(&folder, files[f], path);
        size_t size;
        char *bytes = read_whole_file(path, &size);
        bytes[size / 2] ^= 1; /* as long as before, so that the data is the same */
        write_test_file(path, bytes, size);
        const stria_status status = run("y.safetensors", 2, 2, 0, false, false, NULL, &err);
        assert_int_equal(status, STRIA_ERROR_FORMAT);
        assert_message(&err, files[f]);
        assert_message(&err, "training was stopped in epoch 1 after step ");
        assert_message(&err, "was saved and resume goes on from there");
        bytes[size / 2] ^= 1;
        write_test_file(path, bytes, size);
        free(bytes);
        assert_ok(run("y.safetensors", 1, 0, 0, true, false, &result, &err), &err);
        assert_true(result.resumed);
        assert_same("whole.safetensors", "y.safetensors");
    }
}

static void leaves_out_broken_files(void **state)
{
    (void)state;
    stria_error err = {0};
    put_bytes(&folder, "d/train/bee/0003.png", "?", 1);
    put_bytes(&folder, "d/train/cat/0005.png", "\x89PNG", 4);
    put_bytes(&folder, "d/test/cat/0001.png", "", 0);
    assert_ok(run("skip1.safetensors", 1, 0, 0, false, true, NULL, &err), &err);
    assert_ok(run("skip4.safetensors", 4, 3, 0, false, true, NULL, &err), &err);
    assert_same("skip1.safetensors", "skip4.safetensors");
    for (int step = 1; step < 18; step += 4) {
        assert_status(run("z.safetensors", 2, 2, step, false, true, NULL, &err), STRIA_ERROR_CANCELLED, &err);
        assert_ok(run("z.safetensors", 2, 0, 0, true, true, NULL, &err), &err);
        assert_same("skip1.safetensors", "z.safetensors");
    }
    test_context test;
    char path[TEMPORARY_PATH_SIZE];
    open_fast_context(&test, 2);
    stria_model *model = NULL;
    assert_ok(stria_model_load(&model, test.context,
                               temporary_folder_path(&folder, "skip1.safetensors", path), NULL, &err),
              &err);
    const stria_dataset_options reading = {.model = model, .skip_broken = 1};
    stria_dataset *data = open_data(test.context, &folder, "d", &reading);
    stria_evaluation evaluation = {0};
    assert_ok(stria_evaluate(&evaluation, model, data, STRIA_PART_TEST, 4, NULL, &err), &err);
    assert_int_equal(evaluation.count, 5);
    assert_int_equal(stria_dataset_broken(data), 1);
    stria_evaluation_free(&evaluation, test.context);
    stria_dataset_free(data);
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_do_not_show, set_up, tear_down),
        cmocka_unit_test_setup_teardown(resumes_after_every_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(goes_on_when_a_file_is_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_out_broken_files, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

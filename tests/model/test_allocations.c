/* Reading a model, planning, running, going back, adding a line, copying and naming, with the n-th allocation
 * failing, for every n: each time the answer is MEMORY or success, nothing leaks, and what existed before is
 * as it was. */
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/test_context.h"

static const char text[] = "picture = input 6x6x2\n"
                           "extra = input 3\n"
                           "stem = conv2d(picture) 4 3 same relu\n"
                           "batchnorm\n"
                           "dropout 0.2\n"
                           "x = conv2d 4 1 gelu\n"
                           "add(stem, x)\n"
                           "conv2d 4 3 same\n"
                           "batchnorm\n"
                           "y = relu\n"
                           "conv2d 4 3 same\n"
                           "add(y, conv2d_1)\n"
                           "tanh\n"
                           "maxpool2d 2\n"
                           "flatten\n"
                           "both = concat(flatten, extra)\n"
                           "dense 5 softmax\n"
                           "output(dense, both)\n";

static const char broken[] = "input 6x6x2\n"
                             "stem = conv2s 4 3\n"
                             "conv2d(stem) 4 3 smae\n"
                             "dense -1\n";

/* Goes on while the calls succeed; the status of the first that does not. */
typedef stria_status (*scenario)(stria_context *context, stria_error *err);

static stria_status read_model(stria_context *context, stria_error *err)
{
    stria_model *model = NULL;
    stria_status status = stria_model_parse(&model, context, text, sizeof text - 1, NULL, err);
    assert_int_equal(status == STRIA_OK, model != NULL);
    stria_model_free(model);
    return status;
}

static stria_status read_broken(stria_context *context, stria_error *err)
{
    stria_model *model = NULL;
    stria_status status = stria_model_parse(&model, context, broken, sizeof broken - 1, NULL, err);
    assert_null(model);
    return status == STRIA_ERROR_SYNTAX ? STRIA_OK : status;
}

static stria_status train_step(stria_context *context, stria_error *err)
{
    static const float numbers[200] = {1, 2, 3, 4, 5};
    const float *inputs[2] = {numbers, numbers}, *upstream[2] = {numbers, numbers};
    static const char *const keep[] = {"stem", "flatten"};
    stria_model *model = NULL;
    stria_plan *training = NULL, *inference = NULL;
    const stria_plan_options training_options = {
        .mode = STRIA_MODE_TRAINING, .batch = 2, .input_gradients = 1};
    const stria_plan_options inference_options = {.batch = 2, .keep = keep, .keep_count = 2};
    stria_status status = stria_model_parse(&model, context, text, sizeof text - 1, NULL, err);
    if (status == STRIA_OK)
        status = stria_plan_create(&training, model, &training_options, err);
    if (status == STRIA_OK)
        status = stria_plan_create(&inference, model, &inference_options, err);
    if (status == STRIA_OK) {
        /* Running cannot run out of memory: it takes none. */
        assert_ok(stria_plan_run(training, inputs, 2, err), err);
        assert_ok(stria_plan_backward(training, upstream, err), err);
        assert_ok(stria_plan_run(inference, inputs, 2, err), err);
    }
    stria_plan_free(inference);
    stria_plan_free(training);
    stria_model_free(model);
    return status;
}

/* A model that is added to, named and copied into: a failed call leaves it as it was. */
static stria_status change_model(stria_context *context, stria_error *err)
{
    static const char *const classes[] = {"a", "b", "c", "d", "e"};
    stria_model *model = NULL, *source = NULL;
    char before[1024], after[1024];
    stria_status status = stria_model_parse(&source, context, text, sizeof text - 1, NULL, err);
    if (status == STRIA_OK)
        status = stria_model_create(&model, context, err);
    for (size_t at = 0; status == STRIA_OK && at < sizeof text - 1;) {
        char line[128];
        size_t length = strcspn(text + at, "\n");
        memcpy(line, text + at, length);
        line[length] = '\0';
        at += length + 1;
        stria_model_text(model, before, sizeof before);
        const size_t tensors = stria_model_tensor_count(model);
        status = stria_model_add(model, line, err);
        if (status != STRIA_OK) {
            stria_model_text(model, after, sizeof after);
            assert_string_equal(before, after);
            assert_int_equal(stria_model_tensor_count(model), tensors);
        }
    }
    if (status == STRIA_OK)
        status = stria_model_copy_tensors(model, source, NULL, err);
    if (status == STRIA_OK) {
        status = stria_model_set_classes(model, classes, 5, err);
        assert_int_equal(stria_model_class_count(model), status == STRIA_OK ? 5 : 0);
    }
    if (status == STRIA_OK)
        status = stria_model_set_metadata(model, "seed", "1", err);
    if (status == STRIA_OK) {
        status = stria_model_set_metadata(model, "seed", "2", err);
        assert_string_equal(stria_model_metadata(model, "seed"), status == STRIA_OK ? "2" : "1");
    }
    stria_model_free(model);
    stria_model_free(source);
    return status;
}

/* Runs a scenario with allocation 1, 2, 3 ... failing, once alone and once with all that follow. */
static void survive(scenario run)
{
    for (int all_later = 0; all_later <= 1; all_later++) {
        size_t n = 1;
        for (;; n++) {
            test_context test;
            stria_error err = {0};
            test_context_open(&test, 1, NULL);
            test.memory.fail_at = test.memory.calls + n;
            test.memory.fail_all_later = all_later != 0;
            stria_status status = run(test.context, &err);
            const size_t failures = test.memory.failures;
            if (failures == 0 ? status != STRIA_OK : status != STRIA_ERROR_MEMORY || err.code != status)
                fail_msg("allocation %zu failing (%zu failures): status %s: %s", n, failures,
                         stria_status_name(status), err.message);
            test.memory.fail_at = 0;
            test.memory.fail_all_later = false;
            test_context_close(&test); /* fails when something leaked */
            if (failures == 0)
                break;
        }
        assert_true(n > 3); /* something was allocated at all */
    }
}

static void test_reading(void **state)
{
    (void)state;
    survive(read_model);
}

static void test_reading_mistakes(void **state)
{
    (void)state;
    survive(read_broken);
}

static void test_training_step(void **state)
{
    (void)state;
    survive(train_step);
}

static void test_changing(void **state)
{
    (void)state;
    survive(change_model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_reading_mistakes),
        cmocka_unit_test(test_training_step),
        cmocka_unit_test(test_changing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Profiles of plans: what is told of each step, and that timing changes no bit. */
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/test_context.h"

#define MOST_STEPS 32

static const char text[] = "input 8x8x3\nconv2d 4 3 same relu\nmaxpool2d 2\nflatten\ndense 5\n";

static stria_plan *open_plan(stria_model *model, stria_mode mode, int input_gradients)
{
    const stria_plan_options options = {
        .struct_size = sizeof options, .mode = mode, .batch = 2, .input_gradients = input_gradients};
    stria_plan *plan = NULL;
    stria_error err = {0};
    assert_ok(stria_plan_create(&plan, model, &options, &err), &err);
    assert_true(stria_plan_step_count(plan) <= MOST_STEPS);
    return plan;
}

static stria_model *open_model(const test_context *test)
{
    stria_model *model = NULL;
    stria_error err = {0};
    assert_ok(stria_model_parse(&model, test->context, text, strlen(text), NULL, &err), &err);
    return model;
}

static stria_step_info step_of(const stria_plan *plan, const char *layer, int backward)
{
    stria_step_info info;
    for (size_t i = 0; stria_plan_step(plan, i, &info); i++)
        if (info.backward == backward && strcmp(info.layer, layer) == 0)
            return info;
    fail_msg("no step of '%s'", layer);
    return info;
}

static void expect_cost(const stria_plan *plan, const char *layer, int backward, int64_t macs,
                        uint64_t floats)
{
    const stria_step_info info = step_of(plan, layer, backward);
    if (info.macs != macs || info.bytes != 4 * floats)
        fail_msg("%s of '%s': %lld multiply-adds and %llu bytes instead of %lld and %llu",
                 backward ? "gradient" : "forward", layer, (long long)info.macs,
                 (unsigned long long)info.bytes, (long long)macs, (unsigned long long)(4 * floats));
}

/* For a batch of 2. The convolution: 8*8 outputs of 4 filters over 3*3*3; the dense layer: 64 to 5. */
static void steps_know_their_cost(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = open_model(&test);
    stria_plan *plan = open_plan(model, STRIA_MODE_TRAINING, 0);
    expect_cost(plan, "conv2d", 0, 2 * 64 * 4 * 27, 2 * (192 + 256) + 4 * 27 + 4);
    expect_cost(plan, "dense", 0, 2 * 64 * 5, 2 * (64 + 5) + 64 * 5 + 5);
    expect_cost(plan, "max_pooling2d", 0, 0, 2 * (256 + 64));
    /* Parameters and input: twice the work. The first layer has no gradient of its input. */
    expect_cost(plan, "dense", 1, 2 * 2 * 64 * 5, 2 * (5 + 64 + 64) + 2 * (64 * 5 + 5));
    assert_int_equal(step_of(plan, "conv2d", 1).macs, 2 * 64 * 4 * 27);
    assert_int_equal(step_of(plan, "flatten", 0).bytes, 0);
    stria_plan_free(plan);
    plan = open_plan(model, STRIA_MODE_TRAINING, 1);
    assert_int_equal(step_of(plan, "conv2d", 1).macs, 2 * 2 * 64 * 4 * 27);
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

static void profiles_change_nothing(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = open_model(&test);
    stria_plan *plan = open_plan(model, STRIA_MODE_TRAINING, 1),
               *plain = open_plan(model, STRIA_MODE_TRAINING, 1);
    stria_error err = {0};
    float x[2 * 192], dy[10] = {1, -2, 3};
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        x[i] = (float)(i % 17) - 8;
    const float *inputs = x, *gradients = dy;
    uint64_t times[MOST_STEPS];
    memset(times, 0xff, sizeof times);
    assert_ok(stria_plan_profile(plan, &inputs, 2, &gradients, times, &err), &err);
    assert_ok(stria_plan_run(plain, &inputs, 2, &err), &err);
    assert_ok(stria_plan_backward(plain, &gradients, &err), &err);
    assert_memory_equal(stria_plan_output(plan, 0), stria_plan_output(plain, 0), 10 * sizeof(float));
    assert_memory_equal(stria_plan_input_gradient(plan, 0), stria_plan_input_gradient(plain, 0), sizeof x);
    const size_t count = stria_plan_step_count(plan);
    for (size_t i = 0; i < MOST_STEPS; i++) {
        stria_step_info info;
        if (i >= count) {
            assert_true(times[i] == UINT64_MAX); /* nothing is written past the steps */
        } else if (stria_plan_step(plan, i, &info) && info.kernel[0] != '\0') {
            assert_true(times[i] > 0 && times[i] < 60000000000);
        }
    }
    /* Forward alone leaves the others 0. */
    assert_ok(stria_plan_profile(plan, &inputs, 2, NULL, times, &err), &err);
    for (size_t i = count / 2; i < count; i++)
        assert_true(times[i] == 0);
    stria_plan_free(plain);
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

static void profiles_refuse_what_running_refuses(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = open_model(&test);
    stria_plan *plan = open_plan(model, STRIA_MODE_INFERENCE, 0);
    stria_error err = {0};
    const float x[3 * 192] = {0}, dy[10] = {0};
    const float *inputs = x, *gradients = dy;
    uint64_t times[MOST_STEPS];
    assert_status(stria_plan_profile(plan, &inputs, 3, NULL, times, &err), STRIA_ERROR_VALUE, &err);
    assert_status(stria_plan_profile(plan, &inputs, 0, NULL, times, &err), STRIA_ERROR_VALUE, &err);
    assert_status(stria_plan_profile(plan, &inputs, 1, &gradients, times, &err), STRIA_ERROR_VALUE, &err);
    assert_ok(stria_plan_profile(plan, &inputs, 1, NULL, times, &err), &err);
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_know_their_cost),
        cmocka_unit_test(profiles_change_nothing),
        cmocka_unit_test(profiles_refuse_what_running_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

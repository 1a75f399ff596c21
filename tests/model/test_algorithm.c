/* The algorithm of convolutions: asked for by a context or a plan, told by the steps, and the same result but
 * for rounding. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/random.h"
#include "support/check.h"
#include "support/test_context.h"

static const char text[] = "input 20x20x16\n"
                           "conv2d 16 3 same\n"
                           "conv2d 20 3 strides=2\n"
                           "flatten\n"
                           "dense 10\n";

#define CHANNELS 16
#define INPUTS   (20 * 20 * CHANNELS)

static stria_model *parse(stria_context *context)
{
    stria_model *model = NULL;
    stria_error err = {0};
    assert_ok(stria_model_parse(&model, context, text, sizeof text - 1, NULL, &err), &err);
    assert_ok(stria_model_initialize(model, 1, &err), &err);
    return model;
}

/* The outputs of a plan for `algorithm`; the kernels of its steps are put into `kernels`. */
static void run(stria_model *model, const char *algorithm, float outputs[10], char *kernels, size_t size)
{
    static float x[INPUTS];
    const stria_random_key key = {.seed = 2, .purpose = STRIA_RANDOM_DATA};
    for (size_t i = 0; i < INPUTS; i++)
        x[i] = (float)stria_random_normal(&key, i);
    stria_plan *plan = NULL;
    stria_error err = {0};
    const stria_plan_options options = {.struct_size = sizeof options, .algorithm = algorithm};
    assert_ok(stria_plan_create(&plan, model, &options, &err), &err);
    const float *inputs[] = {x};
    assert_ok(stria_plan_run(plan, inputs, 1, &err), &err);
    memcpy(outputs, stria_plan_output(plan, 0), 10 * sizeof *outputs);
    stria_step_info step;
    kernels[0] = '\0';
    for (size_t i = 0; stria_plan_step(plan, i, &step); i++) {
        assert_true(strlen(kernels) + strlen(step.kernel) + 2 < size);
        strcat(strcat(kernels, step.kernel), ";");
    }
    stria_plan_free(plan);
}

/* Sums of some hundred terms of size 1: Winograd errs by 1e-6 of them, the others by less. */
static void assert_near(const float *a, const float *b, const char *what)
{
    for (int i = 0; i < 10; i++) {
        if (!(fabsf(a[i] - b[i]) <= 2e-5F))
            fail_msg("%s: output %d is %.9g, not %.9g", what, i, (double)a[i], (double)b[i]);
    }
}

static void test_plans_use_what_they_are_told(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse(test.context);
    float expected[10], outputs[10];
    char kernels[512];
    run(model, "ref", expected, kernels, sizeof kernels);
    assert_non_null(strstr(kernels, "definition plain"));
    assert_null(strstr(kernels, "gather"));
    if (strcmp(stria_context_cpu(test.context), "plain") != 0) {
        run(model, "direct", outputs, kernels, sizeof kernels);
        assert_near(outputs, expected, "direct");
        assert_non_null(strstr(kernels, "gather"));
        assert_null(strstr(kernels, "winograd"));
        run(model, "winograd", outputs, kernels, sizeof kernels);
        assert_near(outputs, expected, "winograd");
        assert_non_null(strstr(kernels, "winograd")); /* the first convolution */
        assert_non_null(strstr(kernels, "gather"));   /* the second, which moves by 2 */
        run(model, "fft", outputs, kernels, sizeof kernels);
        assert_near(outputs, expected, "fft");
        assert_non_null(strstr(kernels, "fft"));
        run(model, "auto", outputs, kernels, sizeof kernels);
        assert_near(outputs, expected, "auto");
        assert_null(strstr(kernels, "definition"));
    }
    stria_model_free(model);
    test_context_close(&test);
}

static void test_plans_follow_their_context(void **state)
{
    (void)state;
    stria_context *context = NULL;
    stria_error err = {0};
    const stria_context_options options = {.struct_size = sizeof options, .threads = 1, .algorithm = "ref"};
    assert_ok(stria_context_create(&context, &options, &err), &err);
    stria_model *model = parse(context);
    float outputs[10];
    char kernels[512];
    run(model, NULL, outputs, kernels, sizeof kernels);
    assert_non_null(strstr(kernels, "definition plain"));
    run(model, "auto", outputs, kernels, sizeof kernels);
    if (strcmp(stria_context_cpu(context), "plain") != 0)
        assert_null(strstr(kernels, "definition plain"));
    stria_model_free(model);
    stria_context_free(context);
}

static void test_unknown_names_are_refused(void **state)
{
    (void)state;
    stria_context *context = NULL;
    stria_error err = {0};
    const stria_context_options options = {.struct_size = sizeof options, .algorithm = "fast"};
    assert_int_equal(stria_context_create(&context, &options, &err), STRIA_ERROR_VALUE);
    assert_string_equal(err.message, "algorithm 'fast' is unknown; it is auto, direct, winograd, fft or ref");
    assert_null(context);

    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse(test.context);
    stria_plan *plan = NULL;
    const stria_plan_options plan_options = {.struct_size = sizeof plan_options, .algorithm = "Winograd"};
    assert_int_equal(stria_plan_create(&plan, model, &plan_options, &err), STRIA_ERROR_VALUE);
    assert_string_equal(err.message,
                        "algorithm 'Winograd' is unknown; it is auto, direct, winograd, fft or ref");
    assert_null(plan);
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans_use_what_they_are_told),
        cmocka_unit_test(test_plans_follow_their_context),
        cmocka_unit_test(test_unknown_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

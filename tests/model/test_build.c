/* Models made in C from option structs are those of the text that says the same: every argument type,
 * defaults, zeros that are meant, several inputs, structs of older programs, and mistakes. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/test_context.h"

static stria_model *empty(const test_context *test)
{
    stria_model *model = NULL;
    stria_error err = {0};
    assert_ok(stria_model_create(&model, test->context, &err), &err);
    return model;
}

static void assert_text(const stria_model *model, const char *expected)
{
    char text[2048];
    assert_true(stria_model_text(model, text, sizeof text) < sizeof text);
    assert_string_equal(text, expected);
}

static void test_lenet(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *m = empty(&test);
    stria_error err = {0};
    assert_ok(stria_add_input(m, NULL, &(stria_input_options){.shape = {3, {28, 28, 1}}}, &err), &err);
    const stria_conv2d_options first = {
        .filters = 6, .kernel_size = {5}, .padding = "same", .activation = "tanh"};
    assert_ok(stria_add_conv2d(m, NULL, &first, &err), &err);
    assert_ok(stria_add_avgpool2d(m, NULL, &(stria_avgpool2d_options){.pool_size = {2}}, &err), &err);
    assert_ok(stria_add_conv2d(m, NULL, &(stria_conv2d_options){.filters = 16, .kernel_size = {5, 5}}, &err),
              &err);
    assert_ok(stria_add_flatten(m, NULL, NULL, &err), &err);
    assert_ok(stria_add_dense(m, NULL, &(stria_dense_options){.units = 10, .activation = "softmax"}, &err),
              &err);
    assert_text(m, "input 28x28x1\nconv2d 6 5 same tanh\navgpool2d 2\nconv2d 16 5x5\nflatten\n"
                   "dense 10 softmax\n");
    /* Parameters by name, and running to an inner layer. */
    float bias[6] = {1, 2, 3, 4, 5, 6}, back[6];
    assert_ok(stria_model_set_tensor(m, "conv2d/bias", bias, 6, &err), &err);
    assert_ok(stria_model_get_tensor(m, "conv2d/bias", back, 6, &err), &err);
    assert_memory_equal(bias, back, sizeof bias);
    stria_plan *plan = NULL;
    const char *kept[] = {"conv2d"};
    const stria_plan_options options = {.keep = kept, .keep_count = 1};
    assert_ok(stria_plan_create(&plan, m, &options, &err), &err);
    static const float picture[28 * 28];
    const float *inputs[] = {picture};
    assert_ok(stria_plan_run(plan, inputs, 1, &err), &err);
    const float *map = stria_plan_value(plan, "conv2d");
    assert_non_null(map);
    assert_float_equal(map[0], 0.761594156, 1e-6); /* tanh(1): nothing but the bias */
    stria_plan_free(plan);
    stria_model_free(m);
    test_context_close(&test);
}

static void test_graph(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *m = empty(&test);
    stria_error err = {0};
    assert_ok(stria_add_input(m, NULL, &(stria_input_options){.name = "a", .shape = {2, {5, 3}}}, &err),
              &err);
    assert_ok(stria_add_input(m, NULL, &(stria_input_options){.name = "b", .shape = {2, {2, 3}}}, &err),
              &err);
    assert_ok(stria_add_concat(m, "a, b", &(stria_concat_options){.axis = 1}, &err), &err);
    assert_ok(stria_add_batchnorm(
                  m, NULL, &(stria_batchnorm_options){.momentum = STRIA_ZERO, .scale = STRIA_NO}, &err),
              &err);
    assert_ok(stria_add_dense(m, "a",
                              &(stria_dense_options){.name = "side", .units = 2, .use_bias = STRIA_NO}, &err),
              &err);
    assert_ok(stria_add_rescaling(m, "batch_normalization", &(stria_rescaling_options){.scale = 0.1}, &err),
              &err);
    assert_text(m, "a = input 5x3\nb = input 2x3\nconcat(a, b) 1\nbatchnorm 0 scale=no\nside = dense(a) 2 "
                   "use_bias=no\nrescaling(batch_normalization) 0.1\n");
    stria_model_free(m);
    test_context_close(&test);
}

/* A struct that ends after `kernel_size`, as a program has it that knows no more. */
static void test_older_struct(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *m = empty(&test);
    stria_error err = {0};
    stria_conv2d_options options = {.filters = 2, .kernel_size = {3}, .activation = "relu"};
    assert_ok(stria_model_add(m, "input 8x8x1", &err), &err);
    assert_ok(
        stria_model_add_kind(m, "conv2d", NULL, &options, offsetof(stria_conv2d_options, strides), &err),
        &err);
    assert_text(m, "input 8x8x1\nconv2d 2 3\n");
    stria_model_free(m);
    test_context_close(&test);
}

static void test_mistakes(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *m = empty(&test);
    stria_error err = {0};
    assert_ok(stria_model_add(m, "input 8x8x1", &err), &err);
    assert_int_equal(stria_model_add_kind(m, "conv4d", NULL, NULL, 0, &err), STRIA_ERROR_MISSING);
    assert_int_equal(stria_add_conv2d(m, NULL, NULL, &err), STRIA_ERROR_SYNTAX); /* filters must be given */
    assert_non_null(strstr(err.message, "filters"));
    assert_int_equal(
        stria_add_conv2d(m, NULL, &(stria_conv2d_options){.filters = 1, .kernel_size = {9}}, &err),
        STRIA_ERROR_SHAPE);
    assert_int_equal(
        stria_add_conv2d(
            m, NULL,
            &(stria_conv2d_options){.filters = 1, .kernel_size = {3}, .strides = {STRIA_ZERO_INTEGER}}, &err),
        STRIA_ERROR_SYNTAX);
    assert_int_equal(
        stria_add_conv2d(
            m, NULL, &(stria_conv2d_options){.filters = 1, .kernel_size = {3}, .activation = "relu\n"}, &err),
        STRIA_ERROR_SYNTAX);
    assert_int_equal(stria_add_flatten(m, "nobody", NULL, &err), STRIA_ERROR_SYNTAX);
    assert_text(m, "input 8x8x1\n");
    stria_model_free(m);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lenet), cmocka_unit_test(test_graph),
                                       cmocka_unit_test(test_older_struct), cmocka_unit_test(test_mistakes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Sizes given to a model with `?` in its inputs, and the memory of outputs. */
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"

static stria_layer_info layer_of(const stria_model *model, size_t index)
{
    stria_layer_info info;
    assert_true(stria_model_layer(model, index, &info));
    return info;
}

/* A model that was given sizes is in everything the one that has them written down. */
static void test_as_written(void **state)
{
    (void)state;
    static const char rest[] =
        "conv2d 8 5 2 same relu\nmaxpool2d 3 2 same\nglobal_avgpool2d\ndense 10 softmax\n";
    test_context test;
    stria_error err = {0};
    char open[256] = "picture = input ?x?x3\n", closed[256] = "picture = input 640x480x3\n", a[512], b[512];
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, strcat(open, rest)),
                *written = parse_model(test.context, strcat(closed, rest));
    assert_int_equal(stria_model_macs(model), -1);
    const stria_shape shape = {3, {640, 480, 3}};
    assert_ok(stria_model_set_input_shapes(model, &shape, 1, &err), &err);
    for (size_t i = 0; i < stria_model_layer_count(written); i++) {
        const stria_layer_info x = layer_of(model, i), y = layer_of(written, i);
        assert_string_equal(stria_shape_text(&x.output, a, sizeof a),
                            stria_shape_text(&y.output, b, sizeof b));
        assert_int_equal(x.macs, y.macs);
        assert_int_equal(x.bytes, y.bytes);
        assert_memory_equal(&x.receptive_field, &y.receptive_field, sizeof x.receptive_field);
    }
    assert_int_equal(stria_model_macs(model), stria_model_macs(written));
    stria_model_text(model, a, sizeof a);
    stria_model_text(written, b, sizeof b);
    assert_string_equal(a, b);
    stria_model_free(model);
    stria_model_free(written);
    test_context_close(&test);
}

static void test_refusals(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    char before[256], after[256];
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input ?x?x3\nconv2d 8 5\nglobal_avgpool2d\ndense 2\n");
    stria_model_text(model, before, sizeof before);
    const stria_shape small = {3, {4, 30, 3}}, channels = {3, {30, 30, 1}}, flat = {1, {30}};
    const stria_shape huge = {3, {1000000, 1000000, 3}}, none = {3, {0, 30, 3}};
    assert_status(stria_model_set_input_shapes(model, &small, 1, &err), STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "layer 'conv2d': ");
    assert_message(&err, "input 4 - window 5 + 1 = 0");
    assert_status(stria_model_set_input_shapes(model, &channels, 1, &err), STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "is ?x?x3; 30x30x1 does not fit it");
    assert_status(stria_model_set_input_shapes(model, &flat, 1, &err), STRIA_ERROR_SHAPE, &err);
    assert_status(stria_model_set_input_shapes(model, &huge, 1, &err), STRIA_ERROR_LIMIT, &err);
    assert_status(stria_model_set_input_shapes(model, &none, 1, &err), STRIA_ERROR_SHAPE, &err);
    assert_status(stria_model_set_input_shapes(model, &small, 0, &err), STRIA_ERROR_VALUE, &err);
    stria_model_text(model, after, sizeof after);
    assert_string_equal(before, after);
    assert_int_equal(layer_of(model, 1).output.sizes[0], STRIA_ANY_SIZE);
    stria_model_free(model);
    test_context_close(&test);
}

/* Wrapped layers have their shapes by the wrapper's rule. */
static void test_wrapped_layers(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    char text[STRIA_SHAPE_TEXT_SIZE];
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(
        test.context, "input ?x?x?x2\ntime_distributed conv2d 3 3\nspectral_normalization dense 5\n");
    const stria_shape shape = {4, {4, 9, 8, 2}};
    assert_ok(stria_model_set_input_shapes(model, &shape, 1, &err), &err);
    stria_layer_info layer = layer_of(model, 1);
    assert_string_equal(stria_shape_text(&layer.output, text, sizeof text), "4x7x6x3");
    assert_int_equal(layer.macs, 4 * 7 * 6 * 3 * 3 * 3 * 2);
    layer = layer_of(model, 2);
    assert_string_equal(stria_shape_text(&layer.output, text, sizeof text), "4x7x6x5");
    stria_model_free(model);
    test_context_close(&test);
}

/* Fields too large for 64 bits are those of the whole input. */
static void test_huge_fields(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input 1x1x1\n"
                                                   "maxpool2d 1 1073741824 same\n"
                                                   "huge = maxpool2d 1 536870912 same\n"
                                                   "zero_padding2d 7,0,7,0\n"
                                                   "early = maxpool2d 7 1\n"
                                                   "zero_padding2d(huge) 0,14,0,14\n"
                                                   "cropping2d 7,0,7,0\n"
                                                   "late = maxpool2d 7 1\n"
                                                   "add(early, late)\n");
    const stria_layer_info sum = layer_of(model, stria_model_layer_count(model) - 1);
    assert_int_equal(sum.receptive_field.size[0], 0);
    stria_model_free(model);
    test_context_close(&test);
}

static void test_shape_text(void **state)
{
    (void)state;
    static const char *const good[] = {"28x28x1", "?x?x3", "10", "2147483647"};
    static const char *const bad[] = {
        "", "x", "3x", "0x3", "-1", "3 4", "a", "2147483648", "1x1x1x1x1x1x1x1x1"};
    stria_error err = {0};
    stria_shape shape;
    char text[STRIA_SHAPE_TEXT_SIZE];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(stria_shape_parse(&shape, good[i], &err), &err);
        assert_string_equal(stria_shape_text(&shape, text, sizeof text), good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (stria_shape_parse(&shape, bad[i], &err) != STRIA_ERROR_VALUE)
            fail_msg("'%s' is taken for a shape", bad[i]);
}

/* Every case by hand; bytes are 4 for each number. */
static void test_value_memory(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t inference, training;
        const char *at;
    } cases[] = {
        /* A chain: the largest two neighbours. */
        {"input 10\ndense 30\ndense 20\ndense 5\n", 4 * (30 + 20), 4 * (10 + 30 + 20 + 5), "dense_1"},
        /* The skip keeps `a` while b and c are computed. */
        {"input 10\na = dense 20\nb = dense 30\nc = dense 20\nadd(a, c)\n", 4 * (20 + 30 + 20),
         4 * (10 + 20 + 30 + 20 + 20), "c"},
        /* A layer that reads one input twice frees it once; one that nobody reads is free at once. */
        {"input 10\na = dense 20\nadd(a, a)\ndense 40\n", 4 * (20 + 40), 4 * (10 + 20 + 20 + 40), "dense"},
        {"input ?x?x1\nconv2d 3 3\n", -1, -1, NULL},
    };
    test_context test;
    stria_error err = {0};
    stria_value_memory memory;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_model *model = parse_model(test.context, cases[i].text);
        for (int64_t batch = 1; batch <= 7; batch += 6) {
            assert_ok(stria_model_value_memory(model, batch, &memory, &err), &err);
            assert_int_equal(memory.inference, cases[i].inference < 0 ? -1 : cases[i].inference * batch);
            assert_int_equal(memory.training, cases[i].training < 0 ? -1 : cases[i].training * batch);
        }
        if (cases[i].at != NULL)
            assert_string_equal(layer_of(model, memory.inference_layer).name, cases[i].at);
        assert_status(stria_model_value_memory(model, 0, &memory, &err), STRIA_ERROR_VALUE, &err);
        stria_model_free(model);
    }
    stria_model *model = parse_model(test.context, "input 10\ndense 30\n");
    assert_status(stria_model_value_memory(model, INT64_MAX / 8, &memory, &err), STRIA_ERROR_LIMIT, &err);
    stria_model_free(model);
    test_context_close(&test);
}

/* Running out of memory at every place leaves the model as it was. */
static void test_allocations(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input ?x?x3\nconv2d 8 5\nglobal_avgpool2d\ndense 2\n");
    const stria_shape shape = {3, {30, 30, 3}};
    stria_status status = STRIA_ERROR_MEMORY;
    for (size_t after = 1; status != STRIA_OK; after++) {
        test.memory.fail_at = test.memory.calls + after;
        status = stria_model_set_input_shapes(model, &shape, 1, &err);
        assert_true(status == STRIA_OK || status == STRIA_ERROR_MEMORY);
        if (status != STRIA_OK)
            assert_int_equal(layer_of(model, 1).output.sizes[0], STRIA_ANY_SIZE);
        assert_true(after < 20);
    }
    test.memory.fail_at = 0;
    assert_int_equal(layer_of(model, 1).output.sizes[0], 26);
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_written),     cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_wrapped_layers), cmocka_unit_test(test_huge_fields),
        cmocka_unit_test(test_shape_text),     cmocka_unit_test(test_value_memory),
        cmocka_unit_test(test_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

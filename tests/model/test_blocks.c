/* Blocks, repeats, expressions, layers used again and wrappers: what they unroll to, and that the written
 * text reads back to the same model. What is said about mistakes in them is in broken/. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

/* The whole text of a model; the caller frees it. */
static char *text_of(const stria_model *model)
{
    size_t length = stria_model_text(model, NULL, 0);
    char *text = malloc(length + 1);
    assert_non_null(text);
    assert_int_equal(stria_model_text(model, text, length + 1), length);
    return text;
}

static stria_model *parse(const test_context *test, const char *text)
{
    stria_model *model = NULL;
    stria_error err = {0};
    const stria_parse_options options = {.without_parameters = 1};
    assert_ok(stria_model_parse(&model, test->context, text, strlen(text), &options, &err), &err);
    return model;
}

static void assert_same(const stria_model *a, const stria_model *b)
{
    assert_int_equal(stria_model_layer_count(a), stria_model_layer_count(b));
    for (size_t i = 0; i < stria_model_layer_count(a); i++) {
        stria_layer_info x, y;
        assert_int_equal(stria_model_layer(a, i, &x) + stria_model_layer(b, i, &y), 2);
        assert_string_equal(x.name, y.name);
        assert_string_equal(x.kind, y.kind);
        assert_int_equal(x.output.rank, y.output.rank);
        assert_memory_equal(x.output.sizes, y.output.sizes, sizeof x.output.sizes[0] * (size_t)x.output.rank);
        assert_int_equal(x.input_count, y.input_count);
        assert_memory_equal(x.inputs, y.inputs, sizeof x.inputs[0] * x.input_count);
    }
    assert_int_equal(stria_model_tensor_count(a), stria_model_tensor_count(b));
    for (size_t i = 0; i < stria_model_tensor_count(a); i++) {
        stria_tensor_info x, y;
        assert_int_equal(stria_model_tensor(a, i, &x) + stria_model_tensor(b, i, &y), 2);
        assert_string_equal(x.name, y.name);
        assert_int_equal(x.count, y.count);
    }
}

/* Reads `text`, compares what it unrolls to, and reads that again. */
static void check(const char *text, const char *expected)
{
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse(&test, text);
    char *written = text_of(model);
    assert_string_equal(written, expected);
    stria_model *again = parse(&test, written);
    char *twice = text_of(again);
    assert_string_equal(twice, written);
    assert_same(model, again);
    free(twice);
    free(written);
    stria_model_free(again);
    stria_model_free(model);
    test_context_close(&test);
}

static void test_use(void **state)
{
    (void)state;
    check("block unit filters stride=1\n"
          "  conv2d filters 3 stride same use_bias=no\n"
          "  batchnorm\n"
          "  relu\n"
          "end\n"
          "input 8x8x3\n"
          "unit 4\n"
          "unit 6 2\n"
          "y = unit stride=2 filters=8\n"
          "unit(unit) 4 # the first one's output\n"
          "output(y, unit_2)\n",
          "input 8x8x3\n"
          "unit.conv2d = conv2d 4 3 same use_bias=no\n"
          "unit.batch_normalization = batchnorm\n"
          "unit.re_lu = relu\n"
          "unit_1.conv2d = conv2d 6 3 2 same use_bias=no\n"
          "unit_1.batch_normalization = batchnorm\n"
          "unit_1.re_lu = relu\n"
          "y.conv2d = conv2d 8 3 2 same use_bias=no\n"
          "y.batch_normalization = batchnorm\n"
          "y.re_lu = relu\n"
          "unit_2.conv2d = conv2d(unit.re_lu) 4 3 same use_bias=no\n"
          "unit_2.batch_normalization = batchnorm\n"
          "unit_2.re_lu = relu\n"
          "output(y.re_lu)\n"
          "output(unit_2.re_lu)\n");
}

/* Inputs have names inside; the block gives its last line or the one its output line names. */
static void test_inputs_and_output(void **state)
{
    (void)state;
    check("block meet(a, b) n\n"
          "  left = conv2d n 1\n"
          "  right = conv2d(b) n 1\n"
          "  both = add(left, right)\n"
          "  concat(a, b)\n"
          "  output(both)\n"
          "end\n"
          "input 4x4x3\n"
          "x = conv2d 2 1\n"
          "z = meet(input_layer, x) 5\n"
          "dense 2\n"
          "add(z.left, z)\n",
          "input 4x4x3\n"
          "x = conv2d 2 1\n"
          "z.left = conv2d(input_layer) 5 1\n"
          "z.right = conv2d(x) 5 1\n"
          "z.both = add(z.left, z.right)\n"
          "z.concatenate = concat(input_layer, x)\n"
          "dense(z.both) 2\n"
          "add(z.left, z.both)\n");
}

/* Without output lines the output is what the last line gives. */
static void test_last_output(void **state)
{
    (void)state;
    check("block both n\n"
          "  left = dense n\n"
          "  right = dense(left) n\n"
          "  output(left)\n"
          "end\n"
          "input 4\n"
          "both 3\n",
          "input 4\n"
          "both.left = dense 3\n"
          "both.right = dense 3\n"
          "output(both.left)\n");
}

static void test_repeat(void **state)
{
    (void)state;
    check("input 4x4x2\n"
          "conv2d 2 1\n"
          "repeat 3\n"
          "  x = conv2d 2 1\n"
          "  t = tanh\n"
          "  y = add(x, t)\n"
          "end\n"
          "add(x, y)\n",
          "input 4x4x2\n"
          "conv2d 2 1\n"
          "x = conv2d 2 1\n"
          "t = activation tanh\n"
          "y = add(x, t)\n"
          "x_2 = conv2d 2 1\n"
          "t_2 = activation tanh\n"
          "y_2 = add(x_2, t_2)\n"
          "x_3 = conv2d 2 1\n"
          "t_3 = activation tanh\n"
          "y_3 = add(x_3, t_3)\n"
          "add(x_3, y_3)\n");
}

static void test_expressions(void **state)
{
    (void)state;
    check("block wide n k=3 act=relu\n"
          "  conv2d n/2 kxk act\n"
          "  conv2d 4*n-1 3xk same\n"
          "  maxpool2d pool_size=(k-1) padding=0,k-3,0,k-3\n"
          "  act\n"
          "  conv2d -(2-n)*2 (k+1)/2x1\n"
          "end\n"
          "input 29x29x1\n"
          "wide 4\n"
          "wide 6 1+2 tanh\n"
          "rescaling 1/255\n"
          "dense 2*(3+4)\n",
          "input 29x29x1\n"
          "wide.conv2d = conv2d 2 3x3 relu\n"
          "wide.conv2d_1 = conv2d 15 3x3 same\n"
          "wide.max_pooling2d = maxpool2d padding=0,0,0,0\n"
          "wide.re_lu = relu\n"
          "wide.conv2d_2 = conv2d 4 2x1\n"
          "wide_1.conv2d = conv2d 3 3x3 tanh\n"
          "wide_1.conv2d_1 = conv2d 23 3x3 same\n"
          "wide_1.max_pooling2d = maxpool2d padding=0,0,0,0\n"
          "wide_1.activation = activation tanh\n"
          "wide_1.conv2d_2 = conv2d 8 2x1\n"
          "rescaling 0.00392156862745098\n"
          "dense 14\n");
}

/* Blocks in blocks, repeats in both, and numbers of turns that are parameters. */
static void test_nesting(void **state)
{
    (void)state;
    check("block unit n\n"
          "  conv2d n 1\n"
          "end\n"
          "block stage n units=1\n"
          "  first = unit n\n"
          "  repeat units\n"
          "    y = unit n\n"
          "    repeat 2\n"
          "      relu\n"
          "    end\n"
          "  end\n"
          "  add(first, y)\n"
          "end\n"
          "input 4x4x1\n"
          "stage 3 2\n"
          "repeat 2\n"
          "  stage 3\n"
          "end\n",
          "input 4x4x1\n"
          "stage.first.conv2d = conv2d 3 1\n"
          "stage.y.conv2d = conv2d 3 1\n"
          "stage.re_lu = relu\n"
          "stage.re_lu_1 = relu\n"
          "stage.y_2.conv2d = conv2d 3 1\n"
          "stage.re_lu_2 = relu\n"
          "stage.re_lu_3 = relu\n"
          "stage.add = add(stage.first.conv2d, stage.y_2.conv2d)\n"
          "stage_1.first.conv2d = conv2d 3 1\n"
          "stage_1.y.conv2d = conv2d 3 1\n"
          "stage_1.re_lu = relu\n"
          "stage_1.re_lu_1 = relu\n"
          "stage_1.add = add(stage_1.first.conv2d, stage_1.y.conv2d)\n"
          "stage_2.first.conv2d = conv2d 3 1\n"
          "stage_2.y.conv2d = conv2d 3 1\n"
          "stage_2.re_lu = relu\n"
          "stage_2.re_lu_1 = relu\n"
          "stage_2.add = add(stage_2.first.conv2d, stage_2.y.conv2d)\n");
}

/* ---- Layers used again, and words before layers ---- */

static void test_again(void **state)
{
    (void)state;
    check("a = input 6x6x1\n"
          "b = input 6x6x1\n"
          "f = conv2d(a) 2 3 relu\n"
          "y = f(b)\n"
          "f(a)\n"
          "h = y(b)\n"
          "add(y, conv2d)\n",
          "a = input 6x6x1\n"
          "b = input 6x6x1\n"
          "f = conv2d(a) 2 3 relu\n"
          "y = f(b)\n"
          "f(a)\n"
          "h = f(b)\n"
          "add(y, conv2d)\n");
    check("block twice(x) n\n"
          "  f = dense n\n"
          "  g = f(f)\n"
          "end\n"
          "input 3\n"
          "twice 3\n"
          "repeat 2\n"
          "  k = dense 3\n"
          "  k(k)\n"
          "end\n",
          "input 3\n"
          "twice.f = dense 3\n"
          "twice.g = twice.f(twice.f)\n"
          "k = dense 3\n"
          "k(k)\n"
          "k_2 = dense 3\n"
          "k_2(k_2)\n");
}

/* Parameters are counted, frozen and saved once. */
static void test_shared_parameters(void **state)
{
    (void)state;
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_layer_info first, second;
    stria_model *model = NULL, *loaded = NULL;
    const char *text = "a = input 4\nf = dense 4\ny = f(f)\nz = f(y)\nadd(f, z)\n";
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    temporary_folder_path(&folder, "m.safetensors", path);
    assert_ok(stria_model_parse(&model, test.context, text, strlen(text), NULL, &err), &err);
    assert_int_equal(stria_model_params(model), 20);
    assert_int_equal(stria_model_tensor_count(model), 2);
    assert_int_equal(stria_model_layer(model, 1, &first), 1);
    assert_int_equal(stria_model_layer(model, 3, &second), 1);
    assert_null(first.shares);
    assert_string_equal(second.shares, "f");
    assert_int_equal(first.params, 20);
    assert_int_equal(second.params, 0);
    assert_int_equal(second.macs, 16);
    assert_ok(stria_model_freeze(model, "z", &err), &err);
    assert_int_equal(stria_model_trainable_params(model), 0);
    stria_model_layer(model, 2, &second);
    assert_int_equal(second.frozen, 1);

    assert_ok(stria_model_initialize(model, 7, &err), &err);
#if STRIA_HAVE_JSON /* reading goes by it */
    assert_ok(stria_model_save(model, path, &err), &err);
    assert_ok(stria_model_load(&loaded, test.context, path, NULL, &err), &err);
    assert_same(model, loaded);
    for (size_t i = 0; i < 2; i++) {
        stria_tensor_info info;
        stria_model_tensor(model, i, &info);
        assert_memory_equal(stria_model_tensor_data_const(model, i), stria_model_tensor_data_const(loaded, i),
                            (size_t)info.count * sizeof(float));
    }
#endif
    stria_model_free(loaded);
    stria_model_free(model);
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

static void test_wrappers(void **state)
{
    (void)state;
    check("input 3x6x6x2\n"
          "TimeDistributed conv2d 4 3 relu\n"
          "time_distributed flatten\n"
          "time_distributed tanh\n"
          "w = spectral_normalization dense 4\n"
          "v = w(time_distributed_1)\n"
          "spectral_normalization dense(v) 2\n",
          "input 3x6x6x2\n"
          "time_distributed conv2d 4 3 relu\n"
          "time_distributed flatten\n"
          "time_distributed activation tanh\n"
          "w = spectral_normalization dense 4\n"
          "v = w(time_distributed_1)\n"
          "spectral_normalization dense 2\n");
    check("input ?x4\ntime_distributed dense 3 softmax\n", "input ?x4\ntime_distributed dense 3 softmax\n");
}

/* ---- Text that wants to be too much ---- */

static stria_status try(const char *text, stria_error *err)
{
    test_context test;
    stria_model *model = NULL;
    test_context_open(&test, 1, NULL);
    const stria_parse_options options = {.without_parameters = 1};
    stria_status status = stria_model_parse(&model, test.context, text, strlen(text), &options, err);
    stria_model_free(model);
    test_context_close(&test);
    return status;
}

static void assert_refused(const char *text, const char *why)
{
    stria_error err = {0};
    assert_int_not_equal(try(text, &err), STRIA_OK);
    if (strstr(err.message, why) == NULL)
        fail_msg("expected \"%s\" but got: %s", why, err.message);
}

static void test_limits(void **state)
{
    (void)state;
    stria_error err = {0};
    assert_int_equal(try("input 4\nrepeat 9999\n relu\nend\n", &err), STRIA_OK);
    assert_refused("input 4\nrepeat 10000\n relu\nend\n", "a model has at most 10000 layers");
    assert_refused("input 4\nrepeat 1000000000\n relu\nend\n", "it takes an integer from 1 to 10000");
    assert_refused("input 4\nrepeat 10000\n repeat 10000\n  relu\n end\nend\n",
                   "a model has at most 10000 layers");
    assert_refused("block a(x)\n output(x)\nend\ninput 4\nrepeat 10000\n repeat 10000\n  a\n end\nend\n",
                   "blocks and repeats make more than 100000 lines");

    char blocks[64 * 1001] = "input 4\n";
    for (size_t i = 0, at = strlen(blocks); i < 1001; i++)
        at += (size_t)snprintf(blocks + at, sizeof blocks - at, "block b%zu\n relu\nend\n", i);
    assert_refused(blocks, "a model text has at most 1000 blocks");

    /* Each block uses the one before ten times: the last would make 10^9 layers. */
    char text[4096] = "input 4\nblock b0\n relu\nend\n";
    for (int i = 1; i < 10; i++) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "block b%d\n repeat 10\n  b%d\n end\nend\n", i, i - 1);
    }
    snprintf(text + strlen(text), sizeof text - strlen(text), "b9\n");
    assert_refused(text, "blocks and repeats are more than 16 deep in each other");
    strcpy(text, "input 4\nblock b0\n relu\nend\n");
    for (int i = 1; i < 16; i++) {
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, "block b%d\n b%d\n b%d\n b%d\nend\n", i, i - 1, i - 1, i - 1);
    }
    snprintf(text + strlen(text), sizeof text - strlen(text), "b15\n");
    assert_refused(text, "a model has at most 10000 layers");
}

static void test_adding_lines(void **state)
{
    (void)state;
    test_context test;
    stria_model *model = NULL;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    assert_ok(stria_model_create(&model, test.context, &err), &err);
    assert_ok(stria_model_add(model, "input 4", &err), &err);
    static const char *const lines[] = {"block a n", "repeat 3", "end"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(stria_model_add(model, lines[i], &err), STRIA_ERROR_SYNTAX);
        assert_non_null(strstr(err.message, "belongs to several lines"));
    }
    assert_ok(stria_model_add(model, "dense 2*3", &err), &err);
    assert_int_equal(stria_model_layer_count(model), 2);
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_use),          cmocka_unit_test(test_inputs_and_output),
        cmocka_unit_test(test_last_output),  cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_expressions),  cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_again),        cmocka_unit_test(test_shared_parameters),
        cmocka_unit_test(test_wrappers),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_adding_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

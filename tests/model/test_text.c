/* Reading and writing model text: the grammar, the graph that comes of it, texts that read back to the same
 * model, lines added one at a time, and text that is nobody's. What is said about mistakes is in
 * test_broken.c. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/random.h"
#include "support/check.h"
#include "support/test_context.h"

static stria_model *parse_with(const test_context *test, const char *text, const stria_parse_options *options)
{
    stria_model *model = NULL;
    stria_error err = {0};
    assert_ok(stria_model_parse(&model, test->context, text, strlen(text), options, &err), &err);
    return model;
}

static stria_model *parse(const test_context *test, const char *text)
{
    return parse_with(test, text, NULL);
}

/* The whole text of a model; the caller frees it. */
static char *text_of(const stria_model *model)
{
    size_t length = stria_model_text(model, NULL, 0);
    char *text = malloc(length + 1);
    assert_non_null(text);
    assert_int_equal(stria_model_text(model, text, length + 1), length);
    assert_int_equal(strlen(text), length);
    return text;
}

static void assert_shape(const stria_shape *shape, const char *expected)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    assert_non_null(shape);
    assert_string_equal(stria_shape_text(shape, text, sizeof text), expected);
}

/* One layer as "name kind inputs output". */
static void assert_layer(const stria_model *model, size_t index, const char *expected)
{
    stria_layer_info info;
    char got[512], shape[STRIA_SHAPE_TEXT_SIZE];
    assert_int_equal(stria_model_layer(model, index, &info), 1);
    int at = snprintf(got, sizeof got, "%s %s", info.name, info.kind);
    for (size_t i = 0; i < info.input_count; i++)
        at += snprintf(got + at, sizeof got - (size_t)at, "%c%zu", i == 0 ? ' ' : ',', info.inputs[i]);
    snprintf(got + at, sizeof got - (size_t)at, " %s", stria_shape_text(&info.output, shape, sizeof shape));
    assert_string_equal(got, expected);
}

static const char lenet[] = "# LeNet-5 (LeCun et al., 1998)\n"
                            "input     28x28x1\n"
                            "conv2d    6 5 same tanh\n"
                            "avgpool2d 2\n"
                            "conv2d    16 5 tanh   # no padding here\n"
                            "\n"
                            "avgpool2d 2\n"
                            "flatten\n"
                            "dense     120 tanh\n"
                            "dense     84 tanh\n"
                            "dense     10 softmax";

static void test_lines(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse(&test, lenet);
    static const char *const layers[] = {
        "input_layer input 28x28x1",
        "conv2d conv2d 0 28x28x6",
        "average_pooling2d avgpool2d 1 14x14x6",
        "conv2d_1 conv2d 2 10x10x16",
        "average_pooling2d_1 avgpool2d 3 5x5x16",
        "flatten flatten 4 400",
        "dense dense 5 120",
        "dense_1 dense 6 84",
        "dense_2 dense 7 10",
    };
    assert_int_equal(stria_model_layer_count(model), 9);
    for (size_t i = 0; i < 9; i++)
        assert_layer(model, i, layers[i]);
    stria_layer_info past;
    assert_int_equal(stria_model_layer(model, 9, &past), 0);
    assert_int_equal(stria_model_find_layer(model, "conv2d_1"), 3);
    assert_int_equal(stria_model_find_layer(model, "conv2d_2"), -1);
    assert_int_equal(stria_model_input_count(model), 1);
    assert_string_equal(stria_model_input_name(model, 0), "input_layer");
    assert_shape(stria_model_input_shape(model, 0), "28x28x1");
    assert_null(stria_model_input_name(model, 1));
    assert_null(stria_model_input_shape(model, 1));
    assert_int_equal(stria_model_output_count(model), 1);
    assert_string_equal(stria_model_output_name(model, 0), "dense_2");
    assert_shape(stria_model_output_shape(model, 0), "10");
    assert_null(stria_model_output_name(model, 1));
    stria_model_free(model);
    test_context_close(&test);
}

/* Spelling that makes no difference. */
static void test_equal_texts(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"input 8x8x1\nconv2d 4 3 1 same relu", "input 8x8x1\r\n\r\nconv2d 4 3 1 same relu\r\n"},
        {"input 8x8x1\nconv2d 4 3 1 same relu", "  input\t8x8x1 #\n\tconv2d   4  3 relu same"},
        {"input 8x8x1\nconv2d 4 3 1 same relu",
         "input shape=8x8x1\nConv2D padding=same activation=relu kernel_size=3x3 filters=4"},
        {"input 8x8x1\nconv2d 4 3 1 same relu", "InputLayer 8x8x1\nCONV2D relu 4 same 3"},
        {"input 8x8x1\nconv2d 4 3 1 same relu", "input 8x8x1\nconv2d 4 3 strides=1x1 same relu use_bias"},
        {"input 8x8x1\nmaxpool2d", "input 8x8x1\nmax_pooling2d 2 2 valid"},
        {"input 8x8x1\ntanh", "input 8x8x1\nactivation tanh"},
        {"input 8x8x1\nflatten\ndense 3",
         "x = input 8x8x1\ny = flatten(x)\nz = dense(y) 3 linear\noutput(z)"},
        {"input 8x8x1\nrescaling 1/255", "input 8x8x1\nrescaling scale=0.00392156862745098"},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        stria_model *a = parse(&test, pairs[i][0]), *b = parse(&test, pairs[i][1]);
        assert_int_equal(stria_model_layer_count(a), stria_model_layer_count(b));
        for (size_t k = 0; k < stria_model_layer_count(a); k++) {
            stria_layer_info x, y;
            stria_model_layer(a, k, &x);
            stria_model_layer(b, k, &y);
            assert_string_equal(x.kind, y.kind);
            assert_memory_equal(&x.output, &y.output, sizeof x.output);
            assert_int_equal(x.params, y.params);
            assert_int_equal(x.macs, y.macs);
        }
        stria_model_free(a);
        stria_model_free(b);
    }
    test_context_close(&test);
}

static void test_graph(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse(&test, "picture = input 8x8x3\n"
                                      "extra = input 4\n"
                                      "stem = conv2d(picture) 4 3 same relu\n"
                                      "conv2d 4 3 same\n"
                                      "sum = add( stem ,conv2d )\n"
                                      "global_avgpool2d\n"
                                      "both = concat(global_average_pooling2d, extra)\n"
                                      "classes = dense 5 softmax\n"
                                      "place = dense(both) 2\n"
                                      "output(classes, place)\n");
    static const char *const layers[] = {
        "picture input 8x8x3",   "extra input 4",     "stem conv2d 0 8x8x4",
        "conv2d conv2d 2 8x8x4", "sum add 2,3 8x8x4", "global_average_pooling2d global_avgpool2d 4 4",
        "both concat 5,1 8",     "classes dense 6 5", "place dense 6 2",
    };
    assert_int_equal(stria_model_layer_count(model), 9);
    for (size_t i = 0; i < 9; i++)
        assert_layer(model, i, layers[i]);
    assert_int_equal(stria_model_input_count(model), 2);
    assert_string_equal(stria_model_input_name(model, 1), "extra");
    assert_int_equal(stria_model_output_count(model), 2);
    assert_string_equal(stria_model_output_name(model, 0), "classes");
    assert_shape(stria_model_output_shape(model, 1), "2");
    stria_model_free(model);

    /* `output` by itself shows the line above; what follows it is no output. */
    model = parse(&test, "input 4\ndense 3\noutput\ndense 2\n");
    assert_int_equal(stria_model_output_count(model), 1);
    assert_string_equal(stria_model_output_name(model, 0), "dense");
    stria_model_free(model);
    test_context_close(&test);
}

static void test_names(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    /* Counted names step aside for given ones; names differ by case. */
    stria_model *model =
        parse(&test, "input 8x8x1\nconv2d_1 = conv2d 2 3\nconv2d 2 3\nconv2d 2 3\nConv2d = conv2d 1 1\n"
                     "_x-1.b = relu\n");
    assert_int_equal(stria_model_find_layer(model, "conv2d_1"), 1);
    assert_int_equal(stria_model_find_layer(model, "conv2d"), 2);
    assert_int_equal(stria_model_find_layer(model, "conv2d_2"), 3);
    assert_int_equal(stria_model_find_layer(model, "Conv2d"), 4);
    assert_int_equal(stria_model_find_layer(model, "_x-1.b"), 5);
    assert_int_equal(stria_model_find_tensor(model, "conv2d_1/kernel"), 0);
    stria_model_free(model);
    test_context_close(&test);
}

static void test_open_sizes(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse(&test, "input ?x28x3\nconv2d 4 3 2 same\nmaxpool2d 2\nrelu\nglobal_avgpool2d\ndense 2\n");
    assert_shape(stria_model_input_shape(model, 0), "?x28x3");
    static const char *const layers[] = {"input_layer input ?x28x3",
                                         "conv2d conv2d 0 ?x14x4",
                                         "max_pooling2d maxpool2d 1 ?x7x4",
                                         "re_lu relu 2 ?x7x4",
                                         "global_average_pooling2d global_avgpool2d 3 4",
                                         "dense dense 4 2"};
    for (size_t i = 0; i < 6; i++)
        assert_layer(model, i, layers[i]);
    stria_layer_info info;
    stria_model_layer(model, 1, &info);
    assert_int_equal(info.macs, -1);
    assert_int_equal(info.bytes, -1);
    assert_int_equal(info.params, 3 * 3 * 3 * 4 + 4);
    stria_model_layer(model, 5, &info);
    assert_int_equal(info.macs, 8);
    assert_int_equal(stria_model_macs(model), -1);
    stria_model_free(model);
    test_context_close(&test);
}

/* The text is `length` bytes: nothing behind them is read, and no NUL is needed. */
static void test_length_is_respected(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    static const char good[] = "input 4\ndense 3";
    char *exact = malloc(sizeof good - 1);
    assert_non_null(exact);
    memcpy(exact, good, sizeof good - 1);
    stria_model *model = NULL;
    stria_error err = {0};
    assert_ok(stria_model_parse(&model, test.context, exact, sizeof good - 1, NULL, &err), &err);
    assert_shape(stria_model_output_shape(model, 0), "3");
    stria_model_free(model);
    free(exact);
    assert_ok(stria_model_parse(&model, test.context, "input 4\ndense 37", 15, NULL, &err), &err);
    assert_shape(stria_model_output_shape(model, 0), "3");
    stria_model_free(model);
    test_context_close(&test);
}

/* ---- Writing ---- */

static void assert_same_model(const stria_model *a, const stria_model *b)
{
    assert_int_equal(stria_model_layer_count(a), stria_model_layer_count(b));
    for (size_t i = 0; i < stria_model_layer_count(a); i++) {
        stria_layer_info x, y;
        stria_model_layer(a, i, &x);
        stria_model_layer(b, i, &y);
        assert_string_equal(x.name, y.name);
        assert_string_equal(x.kind, y.kind);
        assert_string_equal(x.text, y.text);
        assert_int_equal(x.input_count, y.input_count);
        assert_memory_equal(x.inputs, y.inputs, x.input_count * sizeof x.inputs[0]);
        assert_memory_equal(&x.output, &y.output, sizeof x.output);
        assert_memory_equal(&x.receptive_field, &y.receptive_field, sizeof x.receptive_field);
        assert_int_equal(x.params, y.params);
        assert_int_equal(x.macs, y.macs);
    }
    assert_int_equal(stria_model_input_count(a), stria_model_input_count(b));
    assert_int_equal(stria_model_output_count(a), stria_model_output_count(b));
    for (size_t i = 0; i < stria_model_output_count(a); i++)
        assert_string_equal(stria_model_output_name(a, i), stria_model_output_name(b, i));
    assert_int_equal(stria_model_tensor_count(a), stria_model_tensor_count(b));
    for (size_t i = 0; i < stria_model_tensor_count(a); i++) {
        stria_tensor_info x, y;
        stria_model_tensor(a, i, &x);
        stria_model_tensor(b, i, &y);
        assert_string_equal(x.name, y.name);
        assert_int_equal(x.count, y.count);
        const float *numbers = stria_model_tensor_data_const(a, i);
        if (numbers != NULL)
            assert_memory_equal(numbers, stria_model_tensor_data_const(b, i),
                                (size_t)x.count * sizeof(float));
    }
}

static const char *const round_trips[] = {
    "input 8x2\nconv1d 3 3 causal\nconv1d 3 4 padding=2,1 flip_kernel=yes\n",
    "input 4x4x2\nconv2d_transpose 3 3 2 output_padding=1x0\nconv2d_transpose 3 3 padding=1\n",
    "input 8x8x3\ntable_conv2d 0.1,2,1.0.2 3 same tanh\n",

    lenet,
    "input 4",
    "input ?x?x3\nconv2d 8 3 same\nglobal_avgpool2d\ndense 2",
    "input 9x9x4\nconv2d 8 3x5 strides=2x1 padding=0,1,2,3 groups=2 elu use_bias=no "
    "kernel_initializer=he_normal bias_initializer=ones",
    "input 9x9x4\nconv2d 8 3 dilation_rate=2\nminpool2d 3 1\nmaxpool2d 3x2 strides=1 same\navgpool2d 2 "
    "padding=1",
    "input 9x9x4\nbatchnorm momentum=0.9 epsilon=1e-5 center=no\nrelu max_value=6\nleaky_relu 0.1\nelu "
    "0.5\nsoftmax",
    "input 9x9x4\nrescaling 1/127.5 offset=-1\ndropout 0.3\ngelu\nflatten\ndense 3 softmax "
    "kernel_initializer=zeros",
    "input 4\ndense 3 kernel_initializer=random_normal( 0,0.02 ) leaky_relu(0.1) "
    "bias_initializer=truncated_normal(stddev=1)",
    "a = input 4\nb = input 4\nadd(a, b)\nconcat(add, a, b) axis=1\nd = dense 3\ne = dense(a) 3\noutput(e, "
    "d)",
    "input 4\nrelu\nrelu\nx = relu\nrelu(re_lu)\nadd(x, re_lu_2)\noutput\ndense 3",
    "input 4\ndense 3\noutput",
};

static void check_round_trip_with(const test_context *test, const char *text,
                                  const stria_parse_options *options)
{
    stria_model *model = parse_with(test, text, options);
    char *written = text_of(model);
    stria_model *again = parse_with(test, written, options);
    char *written_again = text_of(again);
    assert_string_equal(written, written_again);
    assert_same_model(model, again);
    stria_model_free(model);
    stria_model_free(again);
    free(written);
    free(written_again);
}

static void check_round_trip(const test_context *test, const char *text)
{
    check_round_trip_with(test, text, NULL);
}

/* Ready models, of up to 138 million parameters, are described only. */
static void test_round_trips(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof round_trips / sizeof round_trips[0]; i++)
        check_round_trip(&test, round_trips[i]);
    size_t count = 0;
    for (; stria_architecture_name(count) != NULL; count++) {
        assert_non_null(stria_architecture_title(count));
        const char *text = stria_architecture_text(stria_architecture_name(count));
        assert_non_null(text);
        check_round_trip_with(&test, text, &(stria_parse_options){.without_parameters = 1});
    }
    assert_true(count >= 4);
    assert_null(stria_architecture_title(count));
    assert_null(stria_architecture_text("lenet6"));
    test_context_close(&test);
}

/* Every kind's own example is right, and reads back. */
/* The example of a kind reads and writes on a picture, a signal, a volume or a row of numbers. */
static void check_example(test_context *test, const stria_layer_kind_info *info)
{
    static const char *const inputs[] = {"28x28x8", "28x28x3", "28x8", "12x28x28x8", "8"};
    char text[512];
    stria_error err = {0};
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        /* Examples name their inputs a, b, stem or x, or take the line above. */
        if (strcmp(info->name, "input") == 0)
            snprintf(text, sizeof text, "%s\n", info->example);
        else
            snprintf(text, sizeof text, "b = input %s\na = relu(b)\nx = relu(a)\nstem = relu(x)\n%s\n",
                     inputs[i], info->example);
        stria_model *model = NULL;
        if (stria_model_parse(&model, test->context, text, strlen(text), NULL, &err) == STRIA_OK) {
            stria_model_free(model);
            check_round_trip(test, text);
            return;
        }
    }
    fail_msg("%s: %s", info->name, err.message);
}

static void test_examples_of_kinds(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_layer_kind_info info;
    for (size_t i = 0; stria_layer_kind_describe(i, &info); i++)
        check_example(&test, &info);
    test_context_close(&test);
}

static void test_written_text(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse(&test, "input shape=28x28x1 # remark\nstem = conv2d filters=6 kernel_size=5x5 strides=1 same\n"
                     "relu\nadd(stem, re_lu)\nrelu\n");
    static const char expected[] = "input 28x28x1\nstem = conv2d 6 5x5 same\nrelu\nadd(stem, re_lu)\nrelu\n";
    char *written = text_of(model);
    assert_string_equal(written, expected);
    free(written);
    /* As snprintf: cut with an end, and the whole length returned. */
    char buffer[16];
    memset(buffer, 'z', sizeof buffer);
    assert_int_equal(stria_model_text(model, buffer, 10), sizeof expected - 1);
    assert_string_equal(buffer, "input 28x");
    assert_int_equal(buffer[10], 'z');
    assert_int_equal(stria_model_text(model, buffer, 1), sizeof expected - 1);
    assert_string_equal(buffer, "");
    stria_model_free(model);
    test_context_close(&test);
}

/* ---- One line at a time ---- */

static void test_adding_lines(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    stria_model *model = NULL;
    test_context_open(&test, 1, NULL);
    assert_ok(stria_model_create(&model, test.context, &err), &err);
    assert_status(stria_model_add(model, "conv2d 8 3", &err), STRIA_ERROR_SYNTAX, &err);
    assert_ok(stria_model_add(model, "input 28x28x1", &err), &err);
    assert_ok(stria_model_add(model, "stem = conv2d 8 5 strides=3 relu", &err), &err);
    assert_shape(stria_model_output_shape(model, 0), "8x8x8");

    char *before = text_of(model);
    static const struct {
        const char *line;
        stria_status status;
        const char *says;
    } refused[] = {
        {"conv2d 8 9", STRIA_ERROR_SHAPE, "9"},
        {"conv2s 8 3", STRIA_ERROR_SYNTAX, "conv2d"},
        {"conv2d 8 3 smae", STRIA_ERROR_SYNTAX, "^"},
        {"stem = relu", STRIA_ERROR_SYNTAX, "stem"},
        {"relu(steem)", STRIA_ERROR_SYNTAX, "stem"},
        {"relu\nrelu", STRIA_ERROR_SYNTAX, "line"},
        {"output(nothing)", STRIA_ERROR_SYNTAX, "nothing"},
        {"output(stem, stem)", STRIA_ERROR_VALUE, "stem"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (stria_model_add(model, refused[i].line, &err) != refused[i].status)
            fail_msg("\"%s\": status %s: %s", refused[i].line, stria_status_name(err.code), err.message);
        assert_message(&err, refused[i].says);
        char *after = text_of(model);
        assert_string_equal(before, after);
        free(after);
        assert_int_equal(stria_model_output_count(model), 1);
        assert_string_equal(stria_model_output_name(model, 0), "stem");
        assert_int_equal(stria_model_tensor_count(model), 2);
    }
    free(before);
    assert_ok(stria_model_add(model, "# only a remark", &err), &err);
    assert_ok(stria_model_add(model, "relu", &err), &err);
    assert_ok(stria_model_add(model, "output(stem, re_lu)", &err), &err);
    assert_int_equal(stria_model_output_count(model), 2);
    stria_model_free(model);

    /* Line by line or all at once: the same model with the same parameters. */
    assert_ok(stria_model_create(&model, test.context, &err), &err);
    char line[256];
    for (const char *at = lenet; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, at);
        assert_ok(stria_model_add(model, line, &err), &err);
        at += length + (at[length] == '\n');
    }
    stria_model *whole = parse(&test, lenet);
    assert_same_model(model, whole);
    stria_model_free(whole);
    stria_model_free(model);
    test_context_close(&test);
}

/* ---- Text that is nobody's ---- */

/* Changes bytes of good texts at random. Whatever comes of it is a model that round-trips or a message. */
static void test_mutations(void **state)
{
    (void)state;
    static const char bytes[] = "abcdxyz0123456789=(),?.-+#_ \t\n\r/\x01\xe9";
    const stria_random_key key = {.seed = 1, .purpose = STRIA_RANDOM_DATA};
    test_context test;
    test_context_open(&test, 1, NULL);
    const size_t texts = sizeof round_trips / sizeof round_trips[0];
    size_t good = 0, bad = 0;
    for (uint64_t round = 0; round < 6000; round++) {
        uint32_t words[4];
        char text[1024];
        snprintf(text, sizeof text, "%s", round_trips[round % texts]);
        size_t length = strlen(text);
        for (uint32_t change = 0; change < 1 + round % 3; change++) {
            stria_random_block(&key, (uint32_t)(3 * round + change), words);
            size_t at = words[0] % (length + 1);
            char byte = bytes[words[1] % (sizeof bytes - 1)];
            if (words[2] % 3 == 0 && at < length) {
                text[at] = byte;
            } else if (words[2] % 3 == 1 && at < length) {
                memmove(text + at, text + at + 1, length - at);
                length--;
            } else if (length + 1 < sizeof text) {
                memmove(text + at + 1, text + at, length - at + 1);
                text[at] = byte;
                length++;
            }
        }
        /* Reading costs no more than the text: huge layers are left to the tests that ask for them. */
        stria_model *model = NULL;
        stria_error err = {0};
        test.memory.limit = test.memory.live_bytes + (64U << 20);
        stria_status status = stria_model_parse(&model, test.context, text, length, NULL, &err);
        test.memory.limit = 0;
        if (status == STRIA_OK) {
            stria_model_free(model);
            check_round_trip(&test, text);
            good++;
        } else {
            if (err.code != status || err.message[0] == '\0')
                fail_msg("no message for:\n%s", text);
            assert_null(model);
            bad++;
        }
    }
    assert_true(good > 100 && bad > 1000);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),        cmocka_unit_test(test_equal_texts),
        cmocka_unit_test(test_graph),        cmocka_unit_test(test_names),
        cmocka_unit_test(test_open_sizes),   cmocka_unit_test(test_length_is_respected),
        cmocka_unit_test(test_round_trips),  cmocka_unit_test(test_examples_of_kinds),
        cmocka_unit_test(test_written_text), cmocka_unit_test(test_adding_lines),
        cmocka_unit_test(test_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

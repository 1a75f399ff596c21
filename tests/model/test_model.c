/* Models: shapes, parameters, multiplications and receptive fields by the textbook, tensors by name,
 * freezing, copying, initial values, names and provenance. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"

static const char lenet[] =
    "input 28x28x1\nconv2d 6 5 same tanh\navgpool2d 2\nconv2d 16 5 tanh\navgpool2d 2\n"
    "flatten\ndense 120 tanh\ndense 84 tanh\ndense 10 softmax\n";

/* ---- The textbook ---- */

/* What is said of one layer. -1: not compared. */
typedef struct expected_layer {
    const char *output;
    int64_t params, macs;
} expected_layer;

typedef struct textbook {
    const char *what, *text;
    int64_t params, macs; /* of the whole model; -1: not compared */
    expected_layer layers[10];
} textbook;

static const textbook textbooks[] = {
    {"8 filters 3x3 on a grey picture",
     "input 256x256x1\nconv2d 8 3 relu",
     80,
     -1,
     {{"256x256x1", 0, 0}, {"254x254x8", 80, 254 * 254 * 8 * 9}}},
    {"4 filters 5x5 on a grey picture",
     "input 256x256x1\nconv2d 4 5",
     104,
     -1,
     {{"256x256x1", 0, 0}, {"252x252x4", 104, -1}}},
    {"stride 3",
     "input 256x256x1\nconv2d 8 5 strides=3",
     208,
     -1,
     {{"256x256x1", 0, 0}, {"84x84x8", 208, -1}}},
    {"stride 3, same",
     "input 256x256x1\nconv2d 8 5 3 same",
     208,
     -1,
     {{"256x256x1", 0, 0}, {"86x86x8", 208, -1}}},
    {"a stack",
     "input 256x256x1\nconv2d 8 5 strides=3 relu\nconv2d 4 3 strides=3 relu\nconv2d 2 3 strides=2 relu",
     574,
     -1,
     {{"256x256x1", 0, 0}, {"84x84x8", 208, -1}, {"28x28x4", 292, -1}, {"13x13x2", 74, -1}}},
    {"a stack on the first layer",
     "input 256x256x1\nconv2d 8 3\nconv2d 8 5 strides=3\nconv2d 8 5 strides=3 same",
     3296,
     -1,
     {{"256x256x1", 0, 0}, {"254x254x8", 80, -1}, {"84x84x8", 1608, -1}, {"28x28x8", 1608, -1}}},
    {"20 filters 8x8x3, stride 2, padding 1",
     "input 32x32x3\nconv2d 20 8 2 padding=1",
     3860,
     -1,
     {{"32x32x3", 0, 0}, {"14x14x20", 3860, -1}}},
    {"the same with same",
     "input 32x32x3\nconv2d 20 8 2 same",
     3860,
     -1,
     {{"32x32x3", 0, 0}, {"16x16x20", 3860, -1}}},
    {"the same with valid",
     "input 32x32x3\nconv2d 20 8 2 valid",
     3860,
     -1,
     {{"32x32x3", 0, 0}, {"13x13x20", 3860, -1}}},
    {"photographs, valid",
     "input 70x120x3\nconv2d 32 7",
     4736,
     -1,
     {{"70x120x3", 0, 0}, {"64x114x32", 4736, -1}}},
    {"photographs, same",
     "input 70x120x3\nconv2d 32 7 same",
     4736,
     -1,
     {{"70x120x3", 0, 0}, {"70x120x32", -1, -1}}},
    {"photographs, same, stride 2",
     "input 70x120x3\nconv2d 32 7 2 same",
     4736,
     -1,
     {{"70x120x3", 0, 0}, {"35x60x32", -1, -1}}},
    {"photographs, valid, stride 2",
     "input 70x120x3\nconv2d 32 7 2",
     4736,
     -1,
     {{"70x120x3", 0, 0}, {"32x57x32", -1, -1}}},
    {"memory of 200 filters",
     "input 150x100x3\nconv2d 200 5 same",
     15200,
     225000000,
     {{"150x100x3", 0, 0}, {"150x100x200", 15200, 225000000}}},
    {"dense on a picture",
     "input 100x100x1\nflatten\ndense 1000",
     10001000,
     10000000,
     {{"100x100x1", 0, 0}, {"10000", 0, 0}, {"1000", 10001000, 10000000}}},
    {"dense on a larger picture",
     "input 256x256x1\nflatten\ndense 100",
     6553700,
     6553600,
     {{"256x256x1", 0, 0}, {"65536", 0, 0}, {"100", 6553700, 6553600}}},
    {"pooling by 3", "input 84x84x8\nmaxpool2d 3 3", 0, 0, {{"84x84x8", 0, 0}, {"28x28x8", 0, 0}}},
    {"pooling by 2, three kinds",
     "input 28x28x4\nminpool2d 2\nmaxpool2d 2\navgpool2d 2",
     0,
     0,
     {{"28x28x4", 0, 0}, {"14x14x4", 0, 0}, {"7x7x4", 0, 0}, {"3x3x4", 0, 0}}},
    {"LeNet-5",
     lenet,
     61706,
     416520,
     {{"28x28x1", 0, 0},
      {"28x28x6", 156, 117600},
      {"14x14x6", 0, 0},
      {"10x10x16", 2416, 240000},
      {"5x5x16", 0, 0},
      {"400", 0, 0},
      {"120", 48120, 48000},
      {"84", 10164, 10080},
      {"10", 850, 840}}},
    {"groups share nothing: parameters and multiplications by the group",
     "input 8x8x6\nconv2d 12 3 groups=3 use_bias=no",
     9 * 2 * 12,
     6 * 6 * 12 * 9 * 2,
     {{"8x8x6", 0, 0}, {"6x6x12", 9 * 2 * 12, -1}}},
    {"batch normalisation counts its statistics",
     "input 8x8x6\nbatchnorm",
     24,
     -1,
     {{"8x8x6", 0, 0}, {"8x8x6", 24, -1}}},
};

static void assert_textbook(const test_context *test, const textbook *t)
{
    stria_model *model = parse_model(test->context, t->text);
    stria_layer_info info;
    char shape[STRIA_SHAPE_TEXT_SIZE];
    for (size_t i = 0; stria_model_layer(model, i, &info); i++) {
        const expected_layer *e = &t->layers[i];
        stria_shape_text(&info.output, shape, sizeof shape);
        if (e->output == NULL || strcmp(shape, e->output) != 0 ||
            (e->params >= 0 && info.params != e->params) || (e->macs >= 0 && info.macs != e->macs))
            fail_msg("%s, layer %zu: %s, %lld parameters, %lld multiplications", t->what, i, shape,
                     (long long)info.params, (long long)info.macs);
        int64_t elements = 1;
        for (int a = 0; a < info.output.rank; a++)
            elements *= info.output.sizes[a];
        assert_int_equal(info.bytes, 4 * elements);
    }
    assert_int_equal(stria_model_params(model), t->params);
    if (t->macs >= 0)
        assert_int_equal(stria_model_macs(model), t->macs);
    stria_model_free(model);
}

static void test_textbook(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof textbooks / sizeof textbooks[0]; i++)
        assert_textbook(&test, &textbooks[i]);
    test_context_close(&test);
}

static void test_ready_models(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t params;
    } expected[] = {{"lenet5", 61706}, {"lenet5-classic", 61706}, {"cifar-cnn", 122570}, {"mlp", 101770}};
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const char *text = stria_architecture_text(expected[i].name);
        assert_non_null(text);
        stria_model *model = parse_model(test.context, text);
        assert_int_equal(stria_model_params(model), expected[i].params);
        stria_model_free(model);
    }
    test_context_close(&test);
}

#define SIGNAL 96

/* Which inputs each output of a signal model with one channel at its end depends on: from first[k] to
 * last[k], found by running it on signals of one 1 each, with weights of 1 and no bias. Returns the number of
 * outputs. */
static size_t look_through(stria_model *model, int64_t first[6 * SIGNAL], int64_t last[6 * SIGNAL])
{
    static float x[SIGNAL * SIGNAL], ones[1000];
    stria_error err = {0};
    stria_tensor_info tensor;
    for (size_t i = 0; i < 1000; i++)
        ones[i] = 1;
    for (size_t i = 0; stria_model_tensor(model, i, &tensor); i++)
        if (strstr(tensor.name, "bias") == NULL)
            assert_ok(stria_model_set_tensor(model, tensor.name, ones, (size_t)tensor.count, &err), &err);
    memset(x, 0, sizeof x);
    for (size_t i = 0; i < SIGNAL; i++)
        x[i * SIGNAL + i] = 1;
    stria_plan *plan = NULL;
    assert_ok(
        stria_plan_create(&plan, model, &(stria_plan_options){.batch = SIGNAL, .algorithm = "direct"}, &err),
        &err);
    assert_ok(stria_plan_run(plan, (const float *const[]){x}, SIGNAL, &err), &err);
    const size_t outputs = (size_t)stria_model_output_shape(model, 0)->sizes[0];
    assert_in_range(outputs, 1, 6 * SIGNAL);
    for (size_t k = 0; k < outputs; k++) {
        first[k] = SIGNAL;
        last[k] = -1;
        for (int64_t i = 0; i < SIGNAL; i++)
            if (stria_plan_output(plan, 0)[(size_t)i * outputs + k] > 0) {
                first[k] = first[k] < i ? first[k] : i;
                last[k] = i;
            }
    }
    stria_plan_free(plan);
    return outputs;
}

/* Behind layers that make the grid finer, and coarser again: sizes and steps by hand, and all of it, away
 * from the borders, as the model computes. */
static void test_fields_of_finer_grids(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t size, stride, divisor, offset;
        bool at_most; /* the field is a bound */
    } cases[] = {
        {"conv1d_transpose 1 2 2\n", 1, 1, 2, 0, false},
        {"conv1d_transpose 1 3 2\n", 2, 1, 2, -1, false},
        {"conv1d_transpose 1 3 2 same\n", 2, 1, 2, -1, false},
        {"conv1d_transpose 1 4 2 same\n", 2, 1, 2, -1, false},
        {"conv1d_transpose 1 5 3 padding=1\n", 2, 1, 3, -1, false},
        {"conv1d_transpose 1 2 3\n", 1, 1, 3, 0, false},
        {"conv1d_transpose 1 3 2 dilation_rate=1\nconv1d 1 3\n", 3, 1, 2, -1, false},
        {"up_sampling1d 3\n", 1, 1, 3, 0, false},
        {"up_sampling1d 2\nconv1d 1 3\n", 2, 1, 2, 0, false},
        {"up_sampling1d 2\nconv1d 1 4 same\n", 3, 1, 2, -1, false},
        /* There and back: each output sees one input again. */
        {"up_sampling1d 2\navgpool1d 2\n", 1, 1, 1, 0, false},
        {"up_sampling1d 2\navgpool1d 3 2\n", 2, 1, 1, 0, false},
        {"up_sampling1d 6\nconv1d 1 3 3\n", 1, 1, 2, 0, false},
        {"up_sampling1d 2\nconv1d 1 3 3\n", 2, 3, 2, 0, false},
        {"conv1d 1 3 2\nup_sampling1d 2\n", 3, 2, 2, 0, false},
        {"avgpool1d 2\navgpool1d 2\nconv1d 1 3 same\nup_sampling1d 2\nconv1d 1 3 same\nup_sampling1d 2\n"
         "conv1d 1 3 same\n",
         20, 4, 4, -8, false},
        {"a = avgpool1d 2\navgpool1d 2\nconv1d 1 3 same\nu = up_sampling1d 2\nadd(a, u)\nconv1d 1 3 same\n",
         16, 4, 2, -8, false},
        /* Pairs of the first and five of the second, in other steps; a stride that does not divide. */
        {"a = conv1d 1 1\navgpool1d 2\nu = up_sampling1d 2\nb = conv1d(a) 1 5 same\nadd(u, b)\n", 6, 2, 2, -2,
         true},
        {"up_sampling1d 2\nconv1d 1 3 3 same\nup_sampling1d 2\n", 3, 3, 4, -1, true},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[400];
        int64_t first[6 * SIGNAL], last[6 * SIGNAL], largest = 0;
        stria_layer_info info;
        snprintf(text, sizeof text, "input %dx1\n%s", SIGNAL, cases[i].text);
        stria_model *model = parse_model(test.context, text);
        stria_model_layer(model, stria_model_layer_count(model) - 1, &info);
        const stria_receptive_field *field = &info.receptive_field;
        print_message("%s  sees %lld every %lld/%lld from %lld\n", cases[i].text, (long long)field->size[0],
                      (long long)field->stride[0], (long long)field->divisor[0], (long long)field->offset[0]);
        if (field->size[0] != cases[i].size || field->stride[0] != cases[i].stride ||
            field->divisor[0] != cases[i].divisor || field->offset[0] != cases[i].offset)
            fail_msg("not %lld every %lld/%lld from %lld", (long long)cases[i].size,
                     (long long)cases[i].stride, (long long)cases[i].divisor, (long long)cases[i].offset);
        const size_t outputs = look_through(model, first, last);
        for (size_t k = 0; k < outputs; k++) {
            const int64_t periods = (int64_t)k / field->divisor[0];
            if (last[k] < 0 || first[k] < field->size[0] || last[k] >= SIGNAL - field->size[0])
                continue; /* at a border, or nothing */
            largest = largest > last[k] - first[k] + 1 ? largest : last[k] - first[k] + 1;
            if ((int64_t)k % field->divisor[0] == 0 && !cases[i].at_most)
                assert_int_equal(first[k], field->offset[0] + periods * field->stride[0]);
        }
        if (cases[i].at_most)
            assert_in_range(largest, 1, field->size[0]);
        else
            assert_int_equal(largest, field->size[0]);
        stria_model_free(model);
    }
    test_context_close(&test);
}

/* Of two matrices [3,4] and [5,4]: 15 sums of 4 products; of vectors one sum; open where a size is. */
static void test_dot_multiplies(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t macs;
    } cases[] = {
        {"a = input 3x4\nb = input 5x4\ndot(a, b) 2", 60},
        {"a = input 7\nb = input 7\ndot(a, b) 1", 7},
        {"a = input 2x6x3\nb = input 6x5\ndot(a, b) 2,1", 180},
        {"a = input ?x4\nb = input 5x4\ndot(a, b) 2", -1},
        {"a = input 3x?\nb = input 5x4\ndot(a, b) 2", 60},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_layer_info info;
        stria_model *model = parse_model(test.context, cases[i].text);
        stria_model_layer(model, 2, &info);
        assert_int_equal(info.macs, cases[i].macs);
        stria_model_free(model);
    }
    test_context_close(&test);
}

static void test_receptive_fields(void **state)
{
    (void)state;
    static const stria_receptive_field fields[] = {
        {2, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}},     /* input */
        {2, {5, 5, 1}, {1, 1, 1}, {-2, -2, 0}, {1, 1, 1}},   /* conv2d 5 same */
        {2, {6, 6, 1}, {2, 2, 1}, {-2, -2, 0}, {1, 1, 1}},   /* avgpool2d 2 */
        {2, {14, 14, 1}, {2, 2, 1}, {-2, -2, 0}, {1, 1, 1}}, /* conv2d 5: 6 + 4*2 */
        {2, {16, 16, 1}, {4, 4, 1}, {-2, -2, 0}, {1, 1, 1}}, /* avgpool2d 2: 14 + 1*2 */
        {2,
         {0, 0, 1},
         {0, 0, 1},
         {0, 0, 0},
         {1, 1, 1}}, /* flatten onwards sees everything, or each a field of its own: see below */
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, lenet);
    stria_layer_info info;
    for (size_t i = 0; i < 5; i++) {
        stria_model_layer(model, i, &info);
        if (memcmp(&info.receptive_field, &fields[i], sizeof fields[i]) != 0)
            fail_msg("layer %zu sees %lldx%lld every %lld from %lld", i,
                     (long long)info.receptive_field.size[0], (long long)info.receptive_field.size[1],
                     (long long)info.receptive_field.stride[0], (long long)info.receptive_field.offset[0]);
    }
    stria_model_layer(model, 6, &info);
    assert_int_equal(info.receptive_field.size[0], 0);
    stria_model_free(model);

    /* Rows and columns apart, dilation, and of two ways the wider. */
    model = parse_model(
        test.context,
        "input 40x40x1\na = conv2d 2 3x5 2x1 same\nb = conv2d 2 3 same dilation_rate=2\nadd(a, b)\n");
    stria_model_layer(model, 1, &info);
    assert_memory_equal(&info.receptive_field,
                        (&(stria_receptive_field){2, {3, 5, 1}, {2, 1, 1}, {0, -2, 0}, {1, 1, 1}}),
                        sizeof info.receptive_field);
    stria_model_layer(model, 2, &info);
    assert_memory_equal(&info.receptive_field,
                        (&(stria_receptive_field){2, {11, 9, 1}, {2, 1, 1}, {-4, -4, 0}, {1, 1, 1}}),
                        sizeof info.receptive_field);
    stria_model_layer(model, 3, &info);
    assert_memory_equal(&info.receptive_field,
                        (&(stria_receptive_field){2, {11, 9, 1}, {2, 1, 1}, {-4, -4, 0}, {1, 1, 1}}),
                        sizeof info.receptive_field);
    stria_model_free(model);
    test_context_close(&test);
}

/* ---- Tensors ---- */

static void test_tensors(void **state)
{
    (void)state;
    static const struct {
        const char *name, *shape;
        int trainable;
    } expected[] = {
        {"stem/kernel", "3x3x2x4", 1},
        {"stem/bias", "4", 1},
        {"batch_normalization/gamma", "4", 1},
        {"batch_normalization/beta", "4", 1},
        {"batch_normalization/moving_mean", "4", 0},
        {"batch_normalization/moving_variance", "4", 0},
        {"conv2d/kernel", "1x1x2x6", 1},
        {"dense/kernel", "6x3", 1},
        {"dense/bias", "3", 1},
    };
    const size_t count = sizeof expected / sizeof expected[0];
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(
        test.context, "input 6x6x2\nstem = conv2d 4 3\nbatchnorm\nconv2d 6 1 groups=2 use_bias=no\n"
                      "global_avgpool2d\ndense 3\n");
    assert_int_equal(stria_model_tensor_count(model), count);
    for (size_t i = 0; i < count; i++) {
        stria_tensor_info info;
        char shape[STRIA_SHAPE_TEXT_SIZE];
        assert_int_equal(stria_model_tensor(model, i, &info), 1);
        assert_string_equal(info.name, expected[i].name);
        assert_string_equal(stria_shape_text(&info.shape, shape, sizeof shape), expected[i].shape);
        assert_int_equal(info.trainable, expected[i].trainable);
        assert_int_equal(stria_model_find_tensor(model, info.name), (int)i);
        assert_ptr_equal(stria_model_tensor_data(model, i), stria_model_tensor_data_const(model, i));
        /* Tensors lie apart and at the start of a cache line. */
        assert_int_equal((uintptr_t)stria_model_tensor_data(model, i) % 64, 0);
    }
    stria_tensor_info past;
    assert_int_equal(stria_model_tensor(model, count, &past), 0);
    assert_null(stria_model_tensor_data(model, count));
    assert_null(stria_model_tensor_data_const(model, count));
    assert_int_equal(stria_model_find_tensor(model, "stem"), -1);

    float values[4] = {1, 2, 3, 4}, back[4] = {0};
    assert_ok(stria_model_set_tensor(model, "stem/bias", values, 4, &err), &err);
    assert_ok(stria_model_get_tensor(model, "stem/bias", back, 4, &err), &err);
    assert_memory_equal(values, back, sizeof values);
    assert_memory_equal(stria_model_tensor_data(model, 1), values, sizeof values);
    assert_status(stria_model_set_tensor(model, "stem/bias", values, 3, &err), STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "3");
    assert_status(stria_model_get_tensor(model, "stem/bais", back, 4, &err), STRIA_ERROR_MISSING, &err);
    assert_message(&err, "stem/bais");
    stria_model_free(model);
    test_context_close(&test);
}

static void test_freezing(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, lenet);
    assert_int_equal(stria_model_trainable_params(model), 61706);
    assert_ok(stria_model_freeze(model, "conv2d*", &err), &err);
    assert_int_equal(stria_model_trainable_params(model), 61706 - 156 - 2416);
    assert_int_equal(stria_model_params(model), 61706);
    stria_layer_info info;
    stria_model_layer(model, 3, &info);
    assert_int_equal(info.frozen, 1);
    assert_int_equal(info.trainable_params, 0);
    assert_int_equal(info.params, 2416);
    stria_model_layer(model, 6, &info);
    assert_int_equal(info.frozen, 0);
    assert_ok(stria_model_freeze(model, "dense_?,nothing", &err), &err);
    assert_int_equal(stria_model_trainable_params(model), 48120);
    assert_status(stria_model_freeze(model, "nothing", &err), STRIA_ERROR_MISSING, &err);
    assert_message(&err, "nothing");
    assert_status(stria_model_freeze(model, "", &err), STRIA_ERROR_MISSING, &err);
    stria_model_free(model);

    model = parse_model(test.context, "input 8x8x6\nbatchnorm\nconv2d 2 3\n");
    assert_int_equal(stria_model_trainable_params(model), 12 + 110);
    assert_ok(stria_model_freeze(model, "batch_normalization", &err), &err);
    assert_int_equal(stria_model_trainable_params(model), 110);
    stria_model_free(model);
    test_context_close(&test);
}

/* Gives a model other parameters than any initializer would. */
static void fill(stria_model *model, float start)
{
    stria_tensor_info info;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++)
        for (int64_t i = 0; i < info.count; i++)
            stria_model_tensor_data(model, t)[i] = start + (float)(i % 1000);
}

static void test_copying(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *source = parse_model(test.context, lenet);
    /* The same but for the last layer: eight of its ten tensors fit. */
    stria_model *target = parse_model(
        test.context, "input 28x28x1\nconv2d 6 5 same tanh\navgpool2d 2\nconv2d 16 5 tanh\navgpool2d 2\n"
                      "flatten\ndense 120 tanh\ndense 84 tanh\ndense 7 softmax\n");
    fill(source, 0.5F);
    size_t copied = 0;
    assert_ok(stria_model_copy_tensors(target, source, &copied, &err), &err);
    assert_int_equal(copied, 8);
    stria_tensor_info info;
    for (size_t t = 0; t < 8; t++) {
        stria_model_tensor(source, t, &info);
        assert_memory_equal(stria_model_tensor_data(target, t), stria_model_tensor_data(source, t),
                            (size_t)info.count * sizeof(float));
    }
    float bias[7];
    assert_ok(stria_model_get_tensor(target, "dense_2/bias", bias, 7, &err), &err);
    for (size_t i = 0; i < 7; i++)
        assert_true(bias[i] >= 0 && bias[i] <= 0);
    assert_ok(stria_model_copy_tensors(target, source, NULL, &err), &err);

    stria_model *other = parse_model(test.context, "input 4\nx = dense 2\n");
    copied = 77;
    assert_status(stria_model_copy_tensors(other, source, &copied, &err), STRIA_ERROR_MISSING, &err);
    assert_int_equal(copied, 77);
    stria_model_free(other);
    stria_model_free(source);
    stria_model_free(target);
    test_context_close(&test);
}

static void test_initial_values(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *a = parse_model(test.context, lenet), *b = parse_model(test.context, lenet);
    stria_tensor_info info;
    assert_ok(stria_model_initialize(b, 0, &err), &err); /* what reading gives */
    for (int round = 0; round < 2; round++) {
        for (size_t t = 0; stria_model_tensor(a, t, &info); t++)
            assert_memory_equal(stria_model_tensor_data(a, t), stria_model_tensor_data(b, t),
                                (size_t)info.count * sizeof(float));
        fill(a, 3);
        assert_ok(stria_model_initialize(a, 12345, &err), &err);
        assert_ok(stria_model_initialize(b, 12345, &err), &err);
    }
    /* Another seed gives other numbers; layers of one shape have numbers of their own; biases begin at zero.
     */
    assert_ok(stria_model_initialize(b, 12346, &err), &err);
    for (size_t t = 0; stria_model_tensor(a, t, &info); t++) {
        const float *x = stria_model_tensor_data(a, t), *y = stria_model_tensor_data(b, t);
        const int is_bias = strstr(info.name, "/bias") != NULL;
        for (int64_t i = 0; i < info.count; i++) {
            if (is_bias)
                assert_true(x[i] >= 0 && x[i] <= 0);
            else
                assert_true(memcmp(&x[i], &y[i], sizeof *x) != 0);
        }
    }
    stria_model_free(a);
    stria_model_free(b);
    a = parse_model(test.context, "input 4x4x3\nconv2d 3 3 same\nconv2d 3 3 same\n");
    assert_true(memcmp(stria_model_tensor_data(a, 0), stria_model_tensor_data(a, 2), 81 * sizeof(float)) !=
                0);
    stria_model_free(a);
    a = parse_model(test.context, "input 4\ndense 3 kernel_initializer=ones bias_initializer=ones\n");
    for (size_t i = 0; i < 12; i++)
        assert_true(stria_model_tensor_data(a, 0)[i] >= 1 && stria_model_tensor_data(a, 0)[i] <= 1);
    stria_model_free(a);
    test_context_close(&test);
}

/* Without parameters a model is described as ever, takes no memory for them, and can be given them. */
static void test_without_parameters(void **state)
{
    (void)state;
    static const char text[] = "input 1000\ndense 100000 relu\ndense 10\n";
    test_context test;
    stria_error err = {0};
    stria_model *model = NULL;
    stria_plan *plan = NULL;
    test_context_open(&test, 1, NULL);
    const stria_parse_options options = {.without_parameters = 1};
    test.memory.limit = test.memory.live_bytes + (1U << 20);
    assert_ok(stria_model_parse(&model, test.context, text, strlen(text), &options, &err), &err);
    assert_int_equal(stria_model_params(model), 101100010);
    assert_null(stria_model_tensor_data(model, 0));
    float value = 0;
    assert_status(stria_model_get_tensor(model, "dense_1/bias", &value, 10, &err), STRIA_ERROR_VALUE, &err);
    assert_status(stria_plan_create(&plan, model, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_status(stria_model_initialize(model, 1, &err), STRIA_ERROR_MEMORY, &err);
    assert_null(stria_model_tensor_data(model, 0));
    test.memory.limit = 0;
    stria_model_free(model);

    stria_model *whole = parse_model(test.context, lenet);
    assert_ok(stria_model_parse(&model, test.context, lenet, strlen(lenet), &options, &err), &err);
    assert_ok(stria_model_initialize(model, 0, &err), &err);
    stria_tensor_info info;
    for (size_t t = 0; stria_model_tensor(whole, t, &info); t++)
        assert_memory_equal(stria_model_tensor_data(model, t), stria_model_tensor_data(whole, t),
                            (size_t)info.count * sizeof(float));
    stria_model_free(model);
    stria_model_free(whole);
    test_context_close(&test);
}

/* ---- Names and provenance ---- */

static void test_classes(void **state)
{
    (void)state;
    static const char *const names[] = {"cat", "dog", "h\xc3\xb6rnchen"};
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input 4\ndense 3\n");
    assert_int_equal(stria_model_class_count(model), 0);
    assert_null(stria_model_class_name(model, 0));
    assert_ok(stria_model_set_classes(model, names, 3, &err), &err);
    assert_int_equal(stria_model_class_count(model), 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(stria_model_class_name(model, i), names[i]);
    assert_null(stria_model_class_name(model, 3));
    /* When memory is gone the old names stay. */
    test.memory.limit = 1;
    assert_status(stria_model_set_classes(model, names, 2, &err), STRIA_ERROR_MEMORY, &err);
    test.memory.limit = 0;
    assert_int_equal(stria_model_class_count(model), 3);
    assert_string_equal(stria_model_class_name(model, 1), "dog");
    assert_ok(stria_model_set_classes(model, NULL, 0, &err), &err);
    assert_int_equal(stria_model_class_count(model), 0);
    stria_model_free(model);
    test_context_close(&test);
}

static void test_metadata(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input 4\ndense 3\n");
    assert_null(stria_model_metadata(model, "seed"));
    assert_ok(stria_model_set_metadata(model, "seed", "1", &err), &err);
    assert_ok(stria_model_set_metadata(model, "data", "digits", &err), &err);
    assert_ok(stria_model_set_metadata(model, "seed", "2", &err), &err);
    assert_string_equal(stria_model_metadata(model, "seed"), "2");
    assert_string_equal(stria_model_metadata(model, "data"), "digits");
    assert_ok(stria_model_set_metadata(model, "seed", NULL, &err), &err);
    assert_ok(stria_model_set_metadata(model, "never set", NULL, &err), &err);
    assert_null(stria_model_metadata(model, "seed"));
    assert_string_equal(stria_model_metadata(model, "data"), "digits");
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_textbook),
        cmocka_unit_test(test_ready_models),
        cmocka_unit_test(test_fields_of_finer_grids),
        cmocka_unit_test(test_dot_multiplies),
        cmocka_unit_test(test_receptive_fields),
        cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_freezing),
        cmocka_unit_test(test_copying),
        cmocka_unit_test(test_initial_values),
        cmocka_unit_test(test_without_parameters),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

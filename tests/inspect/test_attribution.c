/* What attribution has to be by its definition: of linear models, of one map, of regions that do not matter,
 * of steps on the way; settings that are refused; memory that fails; the same bits for any number of threads.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/attribution.h>
#include <stria/stria.h>

#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"
#include "tensor/shape.h"

static stria_attribution explain(stria_model *model, const float *x, const stria_attribution_options *options)
{
    stria_attribution found;
    stria_error err = {0};
    assert_ok(stria_attribution_compute(&found, model, x, stria_model_input_shape(model, 0), options, &err),
              &err);
    return found;
}

static void assert_near(const float *found, const float *expected, size_t count, double tolerance)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)found[i] - (double)expected[i]) <= tolerance))
            fail_msg("number %zu is %.9g, not %.9g", i, (double)found[i], (double)expected[i]);
}

/* The gradient of a linear model is its weights: saliency is the largest of a pixel's, whatever the picture;
 * gradient times input and integrated gradients are its terms; smoothing changes nothing. */
static void test_linear_model(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input 4x5x2\nflatten\nd = dense 3 use_bias=no\n");
    float *x = draw_normals(1, 40), *kernel = draw_normals(2, 120), steep[20], terms[20];
    stria_error err = {0};
    assert_ok(stria_model_set_tensor(model, "d/kernel", kernel, 120, &err), &err);
    for (size_t p = 0; p < 20; p++) {
        const float a = kernel[(2 * p) * 3 + 1], b = kernel[(2 * p + 1) * 3 + 1];
        steep[p] = fmaxf(fabsf(a), fabsf(b));
        terms[p] = x[2 * p] * a + x[2 * p + 1] * b;
    }
    stria_attribution_options options = {.method = "saliency", .target_class = "1"};
    stria_attribution found = explain(model, x, &options);
    assert_near(found.map, steep, 20, 1e-6);
    assert_near(found.full, steep, 20, 1e-6);
    assert_false(found.is_signed);
    stria_attribution_free(&found, test.context);
    options.method = "smoothgrad";
    options.samples = 9;
    options.batch = 4;
    found = explain(model, x, &options);
    assert_near(found.map, steep, 20, 1e-6);
    stria_attribution_free(&found, test.context);
    static const char *const terms_of[] = {"gradient-input", "integrated-gradients"};
    for (size_t i = 0; i < 2; i++) {
        options.method = terms_of[i];
        found = explain(model, x, &options);
        assert_near(found.map, terms, 20, 1e-5);
        assert_true(found.is_signed);
        stria_attribution_free(&found, test.context);
    }
    free(x);
    free(kernel);
    stria_model_free(model);
    test_context_close(&test);
}

/* The score is w times the mean of one map A: Grad-CAM is relu(w A) over the number of places. */
static void test_one_map(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse_model(test.context, "input 6x6x1\nc = conv2d 1 3\nglobal_avgpool2d\nd = dense 2\n");
    float *x = draw_normals(3, 36), w[2];
    stria_error err = {0};
    assert_ok(stria_model_get_tensor(model, "d/kernel", w, 2, &err), &err);
    const char *keep = "c";
    stria_plan *plan = NULL;
    assert_ok(stria_plan_create(&plan, model, &(stria_plan_options){.keep = &keep, .keep_count = 1}, &err),
              &err);
    const float *given = x;
    assert_ok(stria_plan_run(plan, &given, 1, &err), &err);
    for (int c = 0; c < 2; c++) {
        float expected[16];
        for (size_t p = 0; p < 16; p++)
            expected[p] = fmaxf(w[c] * stria_plan_value(plan, "c")[p] / 16, 0);
        stria_attribution found =
            explain(model, x, &(stria_attribution_options){.target_class = c == 0 ? "0" : "1"});
        assert_string_equal(found.layer, "c");
        assert_int_equal(found.map_height, 4);
        assert_near(found.map, expected, 16, 1e-6);
        stria_attribution_free(&found, test.context);
    }
    stria_plan_free(plan);
    free(x);
    stria_model_free(model);
    test_context_close(&test);
}

/* Hiding what has the fill's value already changes nothing; only the left half is looked at by the model. */
static void test_occlusion(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse_model(test.context,
                    "input 8x8x1\ncropping2d cropping=0,0,0,4\nconv2d 3 3 relu\nflatten\ndense 4 softmax\n");
    float x[64];
    const double fill = 0.5;
    for (size_t i = 0; i < 64; i++)
        x[i] = i / 8 < 4 ? 0.5F : (float)(i % 7);
    stria_attribution found =
        explain(model, x,
                &(stria_attribution_options){
                    .method = "occlusion", .patch = 2, .stride = 2, .fill = &fill, .batch = 3});
    assert_int_equal(found.map_height, 4);
    assert_int_equal(found.map_width, 4);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++) {
            const bool matters = i >= 2 && j < 2;
            assert_true(matters ? fabsf(found.map[i * 4 + j]) > 1e-6F : fabsf(found.map[i * 4 + j]) < 1e-7F);
            assert_true(found.map[i * 4 + j] == found.full[2 * i * 8 + 2 * j]);
        }
    stria_attribution_free(&found, test.context);
    /* The last patch lies at the end: 8 = 3 + 3 + 2. */
    found = explain(model, x, &(stria_attribution_options){.method = "occlusion", .patch = 3, .stride = 3});
    assert_int_equal(found.map_width, 3);
    assert_int_equal(found.patch, 3);
    stria_attribution_free(&found, test.context);
    stria_model_free(model);
    test_context_close(&test);
}

static const char convnet[] =
    "x = input 12x12x3\nc = conv2d 6 3 same elu\nn = batchnorm\nm = conv2d 6 3 same\n"
    "add(n, m)\nk = conv2d 8 3 2 tanh\nglobal_avgpool2d\nd = dense 4 softmax\n";

/* The sum of integrated gradients is the difference of the scores at both ends. */
static void test_completeness(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, convnet);
    float *x = draw_normals(4, 432);
    const double fill = 0.3;
    stria_attribution found = explain(
        model, x,
        &(stria_attribution_options){.method = "integrated-gradients", .samples = 100, .fill = &fill});
    double sum = 0;
    for (size_t p = 0; p < 144; p++)
        sum += (double)found.map[p];
    const double difference = found.score - found.baseline_score;
    assert_true(fabs(difference) > 0.01);
    assert_true(fabs(sum - difference) < 2e-3 * fabs(difference));
    stria_attribution_free(&found, test.context);
    free(x);
    stria_model_free(model);
    test_context_close(&test);
}

/* Signals, maps as outputs, and sizes that only the picture decides. */
static void test_other_shapes(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    float *x = draw_normals(5, 600);
    stria_model *model =
        parse_model(test.context, "input 40x2\nc = conv1d 4 5 2 relu\nglobal_avgpool1d\ndense 3 softmax\n");
    for (size_t i = 0; stria_attribution_name(i) != NULL; i++) {
        assert_non_null(stria_attribution_title(i));
        stria_attribution found = explain(
            model, x, &(stria_attribution_options){.method = stria_attribution_name(i), .samples = 3});
        assert_int_equal(found.height, 1);
        assert_int_equal(found.width, 40);
        assert_int_equal(found.map_width, i == 0 ? 18 : i == 5 ? 13 : 40);
        stria_attribution_free(&found, test.context);
    }
    stria_model_free(model);
    model = parse_model(test.context, "input 8x8x1\nc = conv2d 4 3 same relu\nconv2d 3 1 softmax\n");
    stria_attribution found =
        explain(model, x, &(stria_attribution_options){.layer = "c", .target_class = "2"});
    assert_true(found.probability > 0 && found.probability < 1);
    stria_attribution_free(&found, test.context);
    stria_model_free(model);
    model = parse_model(test.context, "input ?x?x1\nc = conv2d 4 3 relu\nglobal_avgpool2d\ndense 3\n");
    const stria_shape sizes = {3, {20, 30, 1}};
    assert_ok(stria_attribution_compute(&found, model, x, &sizes, NULL, &err), &err);
    assert_int_equal(found.map_height, 18);
    assert_int_equal(found.width, 30);
    stria_attribution_free(&found, test.context);
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

/* A single sigmoid tells two classes apart: what speaks for one speaks against the other. */
static void test_two_classes(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse_model(test.context, "input 5x5x1\nconv2d 2 3 tanh\nflatten\ndense 1 sigmoid\n");
    float *x = draw_normals(9, 25);
    double sum = 0;
    for (int probabilities = 0; probabilities < 2; probabilities++) {
        stria_attribution_options options = {
            .method = "gradient-input", .target_class = "1", .probabilities = probabilities};
        stria_attribution one = explain(model, x, &options);
        options.target_class = "0";
        stria_attribution other = explain(model, x, &options);
        assert_true(fabs(one.probability + other.probability - 1) < 1e-6);
        assert_true(fabs(one.score + other.score - probabilities) < 1e-6);
        for (size_t p = 0; p < 25; p++) {
            assert_true(one.map[p] == -other.map[p]);
            sum += fabs((double)one.map[p]);
        }
        stria_attribution_free(&one, test.context);
        stria_attribution_free(&other, test.context);
    }
    assert_true(sum > 0.01);
    free(x);
    stria_model_free(model);
    test_context_close(&test);
}

static void test_threads(void **state)
{
    (void)state;
    float *x = draw_normals(6, 432), *first[6] = {NULL};
    size_t counts[6];
    for (int threads = 1; threads <= 4; threads *= 2) {
        test_context test;
        test_context_open(&test, threads, NULL);
        stria_model *model = parse_model(test.context, convnet);
        for (size_t i = 0; i < 6; i++) {
            stria_attribution found = explain(
                model, x,
                &(stria_attribution_options){.method = stria_attribution_name(i), .samples = 5, .seed = 3});
            const size_t count = (size_t)(found.map_height * found.map_width);
            if (threads == 1) {
                counts[i] = count + 144;
                first[i] = malloc(counts[i] * sizeof(float));
                assert_non_null(first[i]);
                memcpy(first[i], found.map, count * sizeof(float));
                memcpy(first[i] + count, found.full, 144 * sizeof(float));
            }
            assert_memory_equal(found.map, first[i], count * sizeof(float));
            assert_memory_equal(found.full, first[i] + count, 144 * sizeof(float));
            stria_attribution_free(&found, test.context);
        }
        stria_model_free(model);
        test_context_close(&test);
    }
    for (size_t i = 0; i < 6; i++)
        free(first[i]);
    free(x);
}

/* ---- What is refused ---- */

static void test_refused(void **state)
{
    (void)state;
    const double infinite = INFINITY;
    const struct {
        const char *text;
        stria_attribution_options options;
        stria_status status;
        const char *message;
    } cases[] = {
        {convnet, {.method = "gradcan"}, STRIA_ERROR_VALUE, "there is no method 'gradcan'"},
        {convnet, {.layer = "q"}, STRIA_ERROR_MISSING, "no layer 'q'"},
        {convnet, {.layer = "d"}, STRIA_ERROR_SHAPE, "layer 'd' gives 4 and no maps"},
        {convnet, {.target_class = "4"}, STRIA_ERROR_VALUE, "class 4 is not from 0 to 3"},
        {convnet, {.target_class = "-1"}, STRIA_ERROR_VALUE, "class -1 is not"},
        {convnet,
         {.target_class = "cat"},
         STRIA_ERROR_VALUE,
         "there is no class 'cat': the model's classes are 0 to 3"},
        {convnet, {.method = "smoothgrad", .samples = -1}, STRIA_ERROR_VALUE, "samples -1"},
        {convnet, {.method = "smoothgrad", .noise = NAN}, STRIA_ERROR_VALUE, "noise"},
        {convnet, {.batch = 5000}, STRIA_ERROR_VALUE, "batch 5000"},
        {convnet,
         {.method = "occlusion", .patch = 13},
         STRIA_ERROR_VALUE,
         "a patch of 13 is larger than the picture of 12x12"},
        {convnet,
         {.method = "occlusion", .patch = 3, .stride = 4},
         STRIA_ERROR_VALUE,
         "stride 4 is above the patch of 3"},
        {convnet, {.method = "occlusion", .patch = -3}, STRIA_ERROR_VALUE, "patch -3"},
        {convnet, {.method = "occlusion", .fill = &infinite}, STRIA_ERROR_VALUE, "fill"},
        {"input 12x12x3\nflatten\ndense 2\n", {0}, STRIA_ERROR_UNSUPPORTED, "has no convolution"},
        {"input 12x12x3\nconv2d 4 12\nflatten\ndense 2\n",
         {0},
         STRIA_ERROR_UNSUPPORTED,
         "larger than one number"},
        {"input 432\ndense 2\n", {.method = "saliency"}, STRIA_ERROR_UNSUPPORTED, "neither a picture"},
        {"a = input 12x12x3\nb = input 12x12x3\nadd(a, b)\nconv2d 2 3\n",
         {0},
         STRIA_ERROR_UNSUPPORTED,
         "has 2 inputs"},
        {"a = input 12x12x3\nb = conv2d(a) 2 3\nc = conv2d(a) 2 3\noutput(b, c)\n",
         {.layer = "c"},
         STRIA_ERROR_VALUE,
         "does not depend on layer 'c'"},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    float *x = draw_normals(7, 432);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        stria_attribution found;
        stria_model *model = parse_model(test.context, cases[i].text);
        assert_status(stria_attribution_compute(&found, model, x, stria_model_input_shape(model, 0),
                                                &cases[i].options, &err),
                      cases[i].status, &err);
        assert_message(&err, cases[i].message);
        stria_model_free(model);
    }
    stria_error err = {0};
    stria_attribution found;
    stria_model *model = parse_model(test.context, convnet);
    static const stria_shape wrong = {3, {12, 11, 3}};
    assert_status(stria_attribution_compute(&found, model, x, &wrong, NULL, &err), STRIA_ERROR_SHAPE, &err);
    static const char *const names[] = {"cat", "dog", "horse", "cow"};
    assert_ok(stria_model_set_classes(model, names, 4, &err), &err);
    assert_status(stria_attribution_compute(&found, model, x, stria_model_input_shape(model, 0),
                                            &(stria_attribution_options){.target_class = "hores"}, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_message(&err, "did you mean 'horse'?");
    found = explain(model, x, &(stria_attribution_options){.target_class = "horse"});
    assert_int_equal(found.class_index, 2);
    assert_string_equal(found.class_name, "horse");
    stria_attribution_free(&found, test.context);
    /* Not a number among the weights, and in the picture. */
    const float before = x[17];
    x[17] = NAN;
    assert_status(stria_attribution_compute(&found, model, x, stria_model_input_shape(model, 0), NULL, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_message(&err, "the first layer with a NaN or an infinity is 'x'");
    x[17] = before;
    stria_model_tensor_data(model, (size_t)stria_model_find_tensor(model, "m/kernel"))[5] = NAN;
    assert_status(stria_attribution_compute(&found, model, x, stria_model_input_shape(model, 0), NULL, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_message(&err, "infinity is 'm'");
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

static void test_failing_memory(void **state)
{
    (void)state;
    float *x = draw_normals(8, 432);
    for (size_t m = 0; stria_attribution_name(m) != NULL; m++) {
        test_context test;
        test_context_open(&test, 1, NULL);
        stria_model *model = parse_model(test.context, convnet);
        const stria_attribution_options options = {
            .method = stria_attribution_name(m), .samples = 2, .patch = 12};
        for (size_t n = 1;; n++) {
            stria_error err = {0};
            stria_attribution found;
            test.memory.fail_at = test.memory.calls + n;
            const stria_status status = stria_attribution_compute(
                &found, model, x, stria_model_input_shape(model, 0), &options, &err);
            test.memory.fail_at = 0;
            if (status == STRIA_OK) {
                assert_true(n > 5);
                stria_attribution_free(&found, test.context);
                break;
            }
            assert_int_equal(status, STRIA_ERROR_MEMORY);
        }
        stria_model_free(model);
        test_context_close(&test);
    }
    free(x);
}

/* A sheet has the picture, the map and both; or the map alone. */
static void test_sheets(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, convnet);
    float *x = draw_normals(8, 432);
    stria_picture photo = {0}, small = {0};
    assert_ok(stria_picture_create(&photo, test.context, 12, 12, 3, &err), &err);
    assert_ok(stria_picture_create(&small, test.context, 12, 11, 1, &err), &err);
    for (size_t m = 0; stria_attribution_name(m) != NULL; m++) {
        stria_attribution found = explain(
            model, x, &(stria_attribution_options){.method = stria_attribution_name(m), .samples = 2});
        stria_sheet *sheet = NULL;
        stria_sheet_group_options group;
        for (int with = 0; with < 2; with++)
            for (size_t n = 1;; n++) {
                test.memory.fail_at = test.memory.calls + n;
                const stria_status status =
                    stria_attribution_sheet(&found, test.context, with ? &photo : NULL, NULL, &sheet, &err);
                test.memory.fail_at = 0;
                if (status != STRIA_OK) {
                    assert_int_equal(status, STRIA_ERROR_MEMORY);
                    continue;
                }
                /* Tiles that found no memory are told when the sheet is laid out. */
                if (stria_sheet_tile_count(sheet) == (with ? 3 : 1)) {
                    assert_true(stria_sheet_group_at(sheet, 0, &group));
                    assert_string_equal(group.palette, found.is_signed ? "diverging" : "heat");
                    assert_true(found.is_signed ? group.low == -group.high : group.low == 0);
                    stria_sheet_free(sheet);
                    break;
                }
                stria_sheet_free(sheet);
            }
        assert_status(stria_attribution_sheet(&found, test.context, &small, NULL, &sheet, &err),
                      STRIA_ERROR_SHAPE, &err);
        assert_message(&err, "a picture of 12x11 cannot lie under a map of 12x12");
        assert_status(stria_attribution_sheet(&found, test.context, NULL, "jet", &sheet, &err),
                      STRIA_ERROR_VALUE, &err);
        assert_message(&err, "no palette 'jet'");
        stria_attribution_free(&found, test.context);
    }
    stria_picture_free(&photo, test.context);
    stria_picture_free(&small, test.context);
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_model),   cmocka_unit_test(test_one_map),
        cmocka_unit_test(test_occlusion),      cmocka_unit_test(test_completeness),
        cmocka_unit_test(test_other_shapes),   cmocka_unit_test(test_two_classes),
        cmocka_unit_test(test_threads),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_failing_memory), cmocka_unit_test(test_sheets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

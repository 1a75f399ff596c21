/* What excites a map: the best samples against a search by hand, ties, boxes; pictures that climb as far as a
 * linear map goes; seeds and threads; what is refused; memory that fails. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"
#include "tensor/shape.h"

#define SAMPLES 40

static const char convnet[] =
    "x = input 8x6x1\nc = conv2d 3 3 2 padding=1 relu\nk = conv2d 4 2\nflatten\nd = dense 3 softmax\n";

/* Samples 30 and up are those from 0 on again. */
static stria_dataset *make_data(stria_context *context, float **x)
{
    int32_t labels[SAMPLES];
    stria_dataset *data = NULL;
    stria_error err = {0};
    *x = draw_normals(1, SAMPLES * 48);
    memcpy(*x + (size_t)30 * 48, *x, (size_t)10 * 48 * sizeof **x);
    for (int32_t i = 0; i < SAMPLES; i++)
        labels[i] = i % 3;
    const stria_shape shape = {3, {8, 6, 1}};
    assert_ok(stria_dataset_create(&data, context, *x, &shape, SAMPLES, labels, 3, NULL, NULL, &err), &err);
    return data;
}

static void test_top(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    float *x, values[SAMPLES];
    size_t places[SAMPLES];
    test_context_open(&test, 2, NULL);
    stria_dataset *data = make_data(test.context, &x);
    stria_model *model = parse_model(test.context, convnet);
    const char *layer = "c";
    stria_plan *plan = NULL;
    assert_ok(
        stria_plan_create(&plan, model, &(stria_plan_options){.outputs = &layer, .output_count = 1}, &err),
        &err);
    for (size_t i = 0; i < SAMPLES; i++) {
        const float *sample = x + i * 48;
        assert_ok(stria_plan_run(plan, &sample, 1, &err), &err);
        const float *output = stria_plan_output(plan, 0); /* [4, 3, 3] */
        places[i] = 0;
        for (size_t p = 1; p < 12; p++)
            if (output[p * 3 + 1] > output[places[i] * 3 + 1])
                places[i] = p;
        values[i] = output[places[i] * 3 + 1];
    }
    for (int64_t batch = 1; batch <= 64; batch *= 8) {
        stria_top top;
        assert_ok(stria_top_find(&top, model, data,
                                 &(stria_top_options){.layer = "c", .map = 1, .count = 25, .batch = batch},
                                 &err),
                  &err);
        assert_int_equal(top.count, 25);
        assert_int_equal(top.looked_at, SAMPLES);
        for (size_t i = 0; i < top.count; i++) {
            const stria_top_sample *s = &top.samples[i];
            size_t better = 0;
            for (size_t j = 0; j < SAMPLES; j++)
                better += values[j] > values[s->index] || (values[j] == values[s->index] && j < s->index);
            assert_int_equal(better, i);
            assert_true(fabsf(s->value - values[s->index]) < 1e-5F);
            assert_int_equal(s->label, s->index % 3);
            assert_int_equal(s->position[0], places[s->index] / 3);
            assert_int_equal(s->position[1], places[s->index] % 3);
            for (int a = 0; a < 2; a++) {
                assert_int_equal(s->first[a], 2 * s->position[a] - 1);
                assert_int_equal(s->size[a], 3);
            }
            assert_memory_equal(top.pictures + i * 48, x + (size_t)s->index * 48, 48 * sizeof *x);
        }
        stria_top_free(&top, test.context);
    }
    /* A dense layer sees everything; there are no more samples than there are. */
    stria_top top;
    assert_ok(
        stria_top_find(&top, model, data, &(stria_top_options){.layer = "d", .map = 2, .count = 100}, &err),
        &err);
    assert_int_equal(top.count, SAMPLES);
    assert_int_equal(top.samples[0].axes, 0);
    assert_int_equal(top.samples[0].first[0], 0);
    assert_int_equal(top.samples[0].size[0], 8);
    assert_int_equal(top.samples[0].size[1], 6);
    stria_top_free(&top, test.context);
    assert_ok(stria_top_find(&top, model, data, NULL, &err), &err);
    assert_string_equal(top.layer, "k");
    assert_int_equal(top.count, 9);
    stria_top_free(&top, test.context);
    stria_plan_free(plan);
    stria_model_free(model);
    stria_dataset_free(data);
    free(x);
    test_context_close(&test);
}

static int stop_soon(int64_t done, int64_t total, void *payload)
{
    (void)payload;
    assert_true(done > 0 && done <= total);
    return done >= 10;
}

static void test_top_refused(void **state)
{
    (void)state;
    const struct {
        stria_top_options options;
        stria_status status;
        const char *message;
    } cases[] = {
        {{.layer = "q"}, STRIA_ERROR_MISSING, "no layer 'q'"},
        {{.layer = "c", .map = 3}, STRIA_ERROR_VALUE, "map 3 is not from 0 to 2, the last of layer 'c'"},
        {{.layer = "c", .map = -1}, STRIA_ERROR_VALUE, "map -1"},
        {{.count = -1}, STRIA_ERROR_VALUE, "count -1"},
        {{.count = 10001}, STRIA_ERROR_VALUE, "count 10001"},
        {{.batch = -4}, STRIA_ERROR_VALUE, "batch -4"},
        {{.part = STRIA_PART_TEST}, STRIA_ERROR_VALUE, "has no samples"},
        {{.batch = 10, .progress = stop_soon}, STRIA_ERROR_CANCELLED, "stopped after 10 of 40"},
    };
    test_context test;
    float *x;
    stria_error err = {0};
    stria_top top;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = make_data(test.context, &x);
    stria_model *model = parse_model(test.context, convnet),
                *other = parse_model(test.context, "input 6x8x1\nconv2d 2 3\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_status(stria_top_find(&top, model, data, &cases[i].options, &err), cases[i].status, &err);
        assert_message(&err, cases[i].message);
    }
    assert_status(stria_top_find(&top, other, data, NULL, &err), STRIA_ERROR_SHAPE, &err);
    stria_model_tensor_data(model, (size_t)stria_model_find_tensor(model, "c/kernel"))[0] = NAN;
    assert_status(stria_top_find(&top, model, data, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "gives a NaN or an infinity for samples 0 to 39");
    stria_model_free(model);
    stria_model_free(other);
    stria_dataset_free(data);
    free(x);
    test_context_close(&test);
}

/* A linear map is largest in a corner of the range: high where its weight is above 0, low where it is below.
 */
static void test_linear_corner(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input 4x4x1\nflatten\nd = dense 3\n");
    float kernel[48];
    double best = 0;
    for (size_t i = 0; i < 48; i++)
        kernel[i] = (i * 7 % 5 < 2 ? -1.0F : 1.0F) * (1 + (float)(i % 4));
    for (size_t i = 0; i < 16; i++)
        best += (double)kernel[3 * i + 2] * (kernel[3 * i + 2] > 0 ? 2 : -1);
    assert_ok(stria_model_set_tensor(model, "d/kernel", kernel, 48, &err), &err);
    const double none = 0;
    const int64_t still = 0;
    stria_maximized made;
    assert_ok(stria_maximize(&made, model,
                             &(stria_maximize_options){.map = 2,
                                                       .steps = 300,
                                                       .decay = &none,
                                                       .blur = &none,
                                                       .jitter = &still,
                                                       .low = -1,
                                                       .high = 2},
                             &err),
              &err);
    for (size_t i = 0; i < 16; i++)
        assert_true(made.picture[i] == (kernel[3 * i + 2] > 0 ? 2.0F : -1.0F));
    assert_true(fabs(made.after - best) < 1e-4 && made.before < best - 1);
    stria_maximized_free(&made, test.context);
    stria_model_free(model);
    test_context_close(&test);
}

/* What is climbed is the sum before the function at the very end: beyond 1, where a sigmoid and a softmax
 * stay below. */
static void test_before_the_last_function(void **state)
{
    (void)state;
    static const char *const ends[] = {"sigmoid", "softmax"};
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < 2; i++) {
        char text[96];
        stria_error err = {0};
        stria_maximized made;
        snprintf(text, sizeof text, "input 4x4x1\nflatten\ndense 2 %s kernel_initializer=ones\n", ends[i]);
        stria_model *model = parse_model(test.context, text);
        assert_ok(stria_maximize(&made, model, &(stria_maximize_options){.steps = 20}, &err), &err);
        assert_true(made.after > 2);
        stria_maximized_free(&made, test.context);
        stria_model_free(model);
    }
    test_context_close(&test);
}

static void test_seeds_and_threads(void **state)
{
    (void)state;
    float *first = NULL;
    for (int threads = 1; threads <= 4; threads *= 2) {
        test_context test;
        stria_error err = {0};
        stria_maximized made, other;
        test_context_open(&test, threads, NULL);
        stria_model *model = parse_model(test.context, convnet);
        const int64_t place[2] = {1, 0};
        const stria_maximize_options options = {
            .layer = "k", .map = 3, .position = place, .steps = 30, .seed = 4};
        assert_ok(stria_maximize(&made, model, &options, &err), &err);
        assert_true(made.after > made.before);
        assert_true(made.low == 0 && made.high == 1);
        for (size_t i = 0; i < 48; i++)
            assert_true(made.picture[i] >= 0 && made.picture[i] <= 1);
        if (first == NULL) {
            first = malloc(48 * sizeof *first);
            assert_non_null(first);
            memcpy(first, made.picture, 48 * sizeof *first);
        }
        assert_memory_equal(first, made.picture, 48 * sizeof *first);
        assert_ok(stria_maximize(&other, model,
                                 &(stria_maximize_options){.layer = "k", .map = 3, .steps = 30}, &err),
                  &err);
        assert_memory_not_equal(first, other.picture, 48 * sizeof *first);
        stria_maximized_free(&made, test.context);
        stria_maximized_free(&other, test.context);
        stria_model_free(model);
        test_context_close(&test);
    }
    free(first);
}

static void test_maximize_refused(void **state)
{
    (void)state;
    const double bad = -0.1, wide = 100;
    const int64_t far = 9, place[2] = {0, 3};
    const stria_shape wrong = {3, {8, 7, 1}};
    const struct {
        stria_maximize_options options;
        stria_status status;
        const char *message;
    } cases[] = {
        {{.layer = "q"}, STRIA_ERROR_MISSING, "no layer 'q'"},
        {{.map = 3}, STRIA_ERROR_VALUE, "map 3 is not from 0 to 2, the last of layer 'd'"},
        {{.steps = -1}, STRIA_ERROR_VALUE, "steps -1"},
        {{.rate = -1}, STRIA_ERROR_VALUE, "rate -1"},
        {{.decay = &bad}, STRIA_ERROR_VALUE, "decay -0.1"},
        {{.blur = &wide}, STRIA_ERROR_VALUE, "blur 100"},
        {{.jitter = &far}, STRIA_ERROR_VALUE, "jitter 9 is not from 0 to the picture's 8 pixels"},
        {{.low = 1, .high = 1}, STRIA_ERROR_VALUE, "the range from 1 to 1 is empty"},
        {{.low = 0, .high = NAN}, STRIA_ERROR_VALUE, "is empty"},
        {{.layer = "k", .position = place}, STRIA_ERROR_VALUE, "place 3 is not from 0 to 1"},
        {{.shape = &wrong}, STRIA_ERROR_SHAPE, ""},
        {{.progress = stop_soon}, STRIA_ERROR_CANCELLED, "stopped after 10 of 200"},
    };
    test_context test;
    stria_error err = {0};
    stria_maximized made;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, convnet);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_status(stria_maximize(&made, model, &cases[i].options, &err), cases[i].status, &err);
        assert_message(&err, cases[i].message);
        assert_null(made.picture);
    }
    /* A map that is 0 for every picture, and one that is nothing. */
    const float bias[3] = {-1e6F, 0, 0};
    assert_ok(stria_model_set_tensor(model, "c/bias", bias, 3, &err), &err);
    assert_status(stria_maximize(&made, model, &(stria_maximize_options){.layer = "c", .steps = 3}, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_message(&err, "map 0 of layer 'c' does not change with the picture");
    stria_model_tensor_data(model, (size_t)stria_model_find_tensor(model, "k/kernel"))[0] = INFINITY;
    assert_status(stria_maximize(&made, model, &(stria_maximize_options){.layer = "k"}, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_message(&err, "infinity is 'k'");
    stria_model_free(model);
    model = parse_model(test.context, "input ?x?x1\nconv2d 2 3\n");
    assert_status(stria_maximize(&made, model, NULL, &err), STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "say which is to be made");
    const stria_shape square = {3, {9, 9, 1}};
    assert_ok(stria_maximize(&made, model, &(stria_maximize_options){.shape = &square, .steps = 2}, &err),
              &err);
    stria_maximized_free(&made, test.context);
    stria_model_free(model);
    test_context_close(&test);
}

static void test_failing_memory(void **state)
{
    (void)state;
    test_context test;
    float *x;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = make_data(test.context, &x);
    stria_model *model = parse_model(test.context, convnet);
    for (int making = 0; making < 2; making++)
        for (size_t n = 1;; n++) {
            stria_error err = {0};
            stria_top top = {0};
            stria_maximized made = {0};
            test.memory.fail_at = test.memory.calls + n;
            const stria_status status =
                making ? stria_maximize(&made, model, &(stria_maximize_options){.steps = 2}, &err)
                       : stria_top_find(&top, model, data, &(stria_top_options){.count = 2}, &err);
            test.memory.fail_at = 0;
            stria_top_free(&top, test.context);
            stria_maximized_free(&made, test.context);
            if (status == STRIA_OK) {
                assert_true(n > 5);
                break;
            }
            assert_int_equal(status, STRIA_ERROR_MEMORY);
        }
    stria_model_free(model);
    stria_dataset_free(data);
    free(x);
    test_context_close(&test);
}

/* A tile for each window and each whole sample; one for a picture that was made. */
static void test_sheets(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    float *x;
    stria_top top;
    stria_maximized made;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = make_data(test.context, &x);
    stria_model *model = parse_model(test.context, convnet);
    assert_ok(stria_top_find(&top, model, data, &(stria_top_options){.layer = "c", .count = 3}, &err), &err);
    assert_ok(stria_maximize(&made, model, &(stria_maximize_options){.steps = 2}, &err), &err);
    for (int making = 0; making < 2; making++)
        for (size_t n = 1;; n++) {
            stria_sheet *sheet = NULL;
            test.memory.fail_at = test.memory.calls + n;
            const stria_status status = making ? stria_maximized_sheet(&made, test.context, &sheet, &err)
                                               : stria_top_sheet(&top, test.context, data, &sheet, &err);
            test.memory.fail_at = 0;
            const size_t tiles = status == STRIA_OK ? stria_sheet_tile_count(sheet) : 0;
            assert_true(status == STRIA_OK || status == STRIA_ERROR_MEMORY);
            if (tiles == (making ? 1 : 6)) {
                stria_picture picture;
                stria_tile tile;
                size_t group;
                assert_true(stria_sheet_tile_at(sheet, 0, &picture, &tile, &group));
                assert_int_equal(picture.height, making ? 8 : 3);
                assert_int_equal(picture.width, making ? 6 : 3);
                stria_sheet_free(sheet);
                break;
            }
            stria_sheet_free(sheet);
        }
    stria_top_free(&top, test.context);
    stria_maximized_free(&made, test.context);
    stria_model_free(model);
    stria_dataset_free(data);
    free(x);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_top),
        cmocka_unit_test(test_top_refused),
        cmocka_unit_test(test_linear_corner),
        cmocka_unit_test(test_before_the_last_function),
        cmocka_unit_test(test_seeds_and_threads),
        cmocka_unit_test(test_maximize_refused),
        cmocka_unit_test(test_failing_memory),
        cmocka_unit_test(test_sheets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

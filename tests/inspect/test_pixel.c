/* One output worked out: every kind of layer against what the plan computes, at every place and map; a sum
 * that can be checked by eye; what is refused; memory that fails. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"
#include "tensor/shape.h"

static void disturb(stria_model *model)
{
    stria_tensor_info info;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++) {
        float *values = stria_model_tensor_data(model, t), *noise = draw_normals(t + 5, (size_t)info.count);
        for (int64_t i = 0; i < info.count; i++)
            values[i] = strstr(info.name, "variance") != NULL ? 0.5F + fabsf(noise[i]) : 0.5F * noise[i];
        free(noise);
    }
}

static bool is_near(double found, double expected)
{
    return fabs(found - expected) <= 1e-5 * (1 + fabs(expected));
}

/* A place of an output [sizes..., maps], and the map. */
static void unravel(const stria_shape *shape, int64_t index, int64_t *position, int64_t *map)
{
    *map = index % shape->sizes[shape->rank - 1];
    index /= shape->sizes[shape->rank - 1];
    for (int a = shape->rank - 2; a >= 0; a--) {
        position[a] = index % shape->sizes[a];
        index /= shape->sizes[a];
    }
}

/* Every output of the layer equals `values`, which the model computes. */
static void check_layer(stria_context *context, stria_model *model, const char *layer, const float *x,
                        const stria_shape *shape, const float *values, const stria_shape *output)
{
    const int64_t count = stria_shape_elements(output);
    for (int64_t i = 0; i<count; i += count> 300 ? 7 : 1) {
        int64_t position[3], map;
        stria_pixel pixel;
        stria_error err = {0};
        unravel(output, i, position, &map);
        assert_ok(
            stria_pixel_work_out(&pixel, model, layer, position, output->rank - 1, map, &x, shape, &err),
            &err);
        if (!is_near(pixel.value, (double)values[i]) || !is_near((double)pixel.plan_value, (double)values[i]))
            fail_msg("%s: output %lld is worked out to %.9g and %.9g in the plan, and is %.9g", layer,
                     (long long)i, pixel.value, (double)pixel.plan_value, (double)values[i]);
        assert_true(stria_shape_equal(&pixel.output, output));
        double sum = 0;
        for (size_t t = 0; t < pixel.term_count; t++) {
            const stria_pixel_term *term = &pixel.terms[t];
            assert_true(!term->padding || term->input == 0.0F);
            assert_true(term->channel >= pixel.first_channel &&
                        term->channel < pixel.first_channel + pixel.channels);
            sum += term->product;
        }
        assert_true(strcmp(pixel.operation, "sum") != 0 || sum == pixel.result);
        for (size_t s = 0; s < pixel.step_count; s++)
            assert_true(!pixel.steps[s].has_plan_value ||
                        is_near(pixel.steps[s].value, (double)pixel.steps[s].plan_value));
        stria_pixel_free(&pixel, context);
    }
}

static const char *const networks[] = {
    ("input 9x8x4\n"
     "a = conv2d 6 3 2 same relu groups=2\n"
     "b = batchnorm\n"
     "c = activation tanh\n"
     "d = maxpool2d 3 2 same\n"
     "e = conv2d_transpose 3 4 2 same\n"
     "f = depthwise_conv2d 3 same dilation_rate=2 depth_multiplier=2 selu\n"
     "g = avgpool2d 3 2 same\n"
     "h = dense 5 relu\n"
     "i = global_avgpool2d\n"
     "j = dense 4 softmax\n"),
    ("input 9x9x2\n"
     "a = conv2d 3 3 flip_kernel=yes use_bias=no\n"
     "b = minpool2d 2\n"
     "c = conv2d 4 2x3 padding=2,1,0,3\n"
     "d = conv2d_transpose 2 3 3 valid dilation_rate=1 output_padding=1\n"
     "e = global_maxpool2d\n"
     "f = dense 3\n"
     "g = activation softmax\n"),
    ("input 17x3\n"
     "a = conv1d 4 3 padding=causal dilation_rate=2 elu\n"
     "b = maxpool1d 2\n"
     "c = depthwise_conv1d 3 2\n"
     "d = conv1d_transpose 5 4 3\n"
     "e = batchnorm scale=no\n"
     "f = global_avgpool1d\n"),
    ("input 5x6x7x2\n"
     "a = conv3d 3 3 same relu\n"
     "b = avgpool3d 2\n"
     "c = conv3d_transpose 2 2 2 sigmoid\n"
     "d = batchnorm center=no\n"
     "e = leaky_relu\n"
     "f = global_maxpool3d\n"),
    ("input 9x8x3\n"
     "a = separable_conv2d 5 3 2 same depth_multiplier=2 relu\n"
     "b = separable_conv2d 4 3 same dilation_rate=2\n"),
    ("input 12x3\n"
     "a = separable_conv1d 4 3 padding=1 depth_multiplier=3\n"),
};

static void test_against_plans(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 2, NULL);
    for (size_t n = 0; n < sizeof networks / sizeof networks[0]; n++) {
        stria_model *model = parse_model(test.context, networks[n]);
        disturb(model);
        const stria_shape *shape = stria_model_input_shape(model, 0);
        float *x = draw_normals(1, (size_t)stria_shape_elements(shape));
        const float *given = x;
        stria_layer_info info;
        for (size_t l = 1; stria_model_layer(model, l, &info); l++) {
            const char *name = info.name;
            stria_plan *plan = NULL;
            stria_error err = {0};
            assert_ok(stria_plan_create(&plan, model,
                                        &(stria_plan_options){.outputs = &name, .output_count = 1}, &err),
                      &err);
            assert_ok(stria_plan_run(plan, &given, 1, &err), &err);
            check_layer(test.context, model, name, x, NULL, stria_plan_output(plan, 0), &info.output);
            stria_plan_free(plan);
        }
        free(x);
        stria_model_free(model);
    }
    test_context_close(&test);
}

static void test_open_sizes(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse_model(test.context, "input ?x?x1\na = conv2d 2 3 same relu\nb = maxpool2d 2\n");
    const stria_shape shape = {3, {7, 9, 1}}, outputs[] = {{3, {7, 9, 2}}, {3, {3, 4, 2}}};
    float *x = draw_normals(2, 63);
    const float *given = x;
    const char *names[] = {"a", "b"};
    for (size_t i = 0; i < 2; i++) {
        stria_plan *plan = NULL;
        stria_error err = {0};
        assert_ok(stria_plan_create(
                      &plan, model,
                      &(stria_plan_options){.input_shapes = &shape, .outputs = &names[i], .output_count = 1},
                      &err),
                  &err);
        assert_ok(stria_plan_run(plan, &given, 1, &err), &err);
        check_layer(test.context, model, names[i], x, &shape, stria_plan_output(plan, 0), &outputs[i]);
        stria_plan_free(plan);
    }
    free(x);
    stria_model_free(model);
    test_context_close(&test);
}

/* The corner of a picture 1 2 3 / 4 5 6 / 7 8 9 under a Laplacian, "same": 1*-4 + 2 + 4, a bias of 10, twice
 * that and 1 more by the normalisation, cut off at 0. */
static void test_by_hand(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(
        test.context, "input 3x3x1\nc = conv2d 1 3 same\nn = batchnorm epsilon=1e-12\nr = relu\n");
    static const float x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, laplacian[9] = {0, 1, 0, 1, -4, 1, 0, 1, 0};
    const float bias = -10, gamma = 2, beta = 1, *given = x;
    assert_ok(stria_model_set_tensor(model, "c/kernel", laplacian, 9, &err), &err);
    assert_ok(stria_model_set_tensor(model, "c/bias", &bias, 1, &err), &err);
    assert_ok(stria_model_set_tensor(model, "n/gamma", &gamma, 1, &err), &err);
    assert_ok(stria_model_set_tensor(model, "n/beta", &beta, 1, &err), &err);
    const int64_t corner[2] = {0, 0};
    stria_pixel pixel;
    assert_ok(stria_pixel_work_out(&pixel, model, NULL, corner, 2, 0, &given, NULL, &err), &err);
    assert_string_equal(pixel.layer, "c");
    assert_string_equal(pixel.operation, "sum");
    assert_int_equal(pixel.term_count, 9);
    assert_int_equal(pixel.counted, 4);
    static const double products[9] = {0, 0, 0, 0, -4, 2, 0, 4, 0};
    for (size_t t = 0; t < 9; t++) {
        assert_true(pixel.terms[t].product == products[t]);
        assert_int_equal(pixel.terms[t].padding, t < 3 || t % 3 == 0);
        assert_int_equal(pixel.terms[t].place[1], (int64_t)t / 3 - 1);
        assert_int_equal(pixel.terms[t].place[2], (int64_t)t % 3 - 1);
    }
    assert_true(pixel.result == 2 && pixel.value == -8 && pixel.plan_value == -8.0F);
    assert_int_equal(pixel.step_count, 3);
    assert_int_equal(pixel.own_steps, 1);
    assert_string_equal(pixel.steps[0].what, "bias");
    assert_string_equal(pixel.steps[1].what, "batchnorm");
    assert_int_equal(pixel.steps[1].number_count, 5);
    assert_true(fabs(pixel.steps[1].value + 15) < 1e-9);
    assert_string_equal(pixel.steps[2].what, "relu");
    assert_true(pixel.steps[2].value == 0 && pixel.steps[2].plan_value == 0.0F);
    stria_pixel_free(&pixel, test.context);
    stria_model_free(model);
    test_context_close(&test);
}

static void test_refused(void **state)
{
    (void)state;
    const struct {
        const char *layer;
        int64_t position[3];
        int axes;
        int64_t map;
        stria_status status;
        const char *message;
    } cases[] = {
        {"q", {0}, 2, 0, STRIA_ERROR_MISSING, "no layer 'q'"},
        {"c",
         {4, 0},
         2,
         0,
         STRIA_ERROR_VALUE,
         "4 is outside of the output of layer 'c', 4x4x2: there it goes from 0 to 3"},
        {"c", {0, -1}, 2, 0, STRIA_ERROR_VALUE, "-1 is outside"},
        {"c", {0}, 1, 0, STRIA_ERROR_VALUE, "a place in it has 2 numbers, not 1"},
        {"d", {0}, 2, 0, STRIA_ERROR_VALUE, "a place in it has 0 numbers, not 2"},
        {"c", {0}, 2, 2, STRIA_ERROR_VALUE, "map 2 is not from 0 to 1, the last of layer 'c'"},
        {"c", {0}, 2, -1, STRIA_ERROR_VALUE, "map -1 is not"},
        {"x", {0}, 2, 0, STRIA_ERROR_UNSUPPORTED, "layer 'x' is an input"},
        {"f", {0}, 0, 0, STRIA_ERROR_UNSUPPORTED, "layer 'f' (flatten) cannot be worked out"},
        {"s", {0}, 2, 0, STRIA_ERROR_UNSUPPORTED, "layer 's' (up_sampling2d) cannot be worked out"},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(
        test.context, "x = input 6x6x1\nc = conv2d 2 3\ns = up_sampling2d 2\nf = flatten\nd = dense 3\n");
    float *x = draw_normals(3, 36);
    const float *given = x;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_error err = {0};
        stria_pixel pixel;
        assert_status(stria_pixel_work_out(&pixel, model, cases[i].layer, cases[i].position, cases[i].axes,
                                           cases[i].map, &given, NULL, &err),
                      cases[i].status, &err);
        assert_message(&err, cases[i].message);
        assert_null(pixel.terms);
    }
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

static void test_failing_memory(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "x = input 6x6x1\nc = conv2d 2 3 relu\n");
    float *x = draw_normals(4, 36);
    const float *given = x;
    const int64_t position[2] = {1, 1};
    for (size_t n = 1;; n++) {
        stria_error err = {0};
        stria_pixel pixel;
        test.memory.fail_at = test.memory.calls + n;
        const stria_status status =
            stria_pixel_work_out(&pixel, model, "c", position, 2, 1, &given, NULL, &err);
        test.memory.fail_at = 0;
        if (status == STRIA_OK) {
            assert_true(n > 5);
            stria_pixel_free(&pixel, test.context);
            break;
        }
        assert_int_equal(status, STRIA_ERROR_MEMORY);
    }
    free(x);
    stria_model_free(model);
    test_context_close(&test);
}

/* Figures of every kind of layer can be drawn; one that fails for want of memory leaves nothing behind. */
static void test_figures(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t n = 0; n < sizeof networks / sizeof networks[0]; n++) {
        stria_model *model = parse_model(test.context, networks[n]);
        float *x = draw_normals(1, (size_t)stria_shape_elements(stria_model_input_shape(model, 0)));
        const float *given = x;
        stria_layer_info info;
        for (size_t l = 1; stria_model_layer(model, l, &info); l++) {
            const int64_t corner[3] = {0, 0, 0};
            stria_error err = {0};
            stria_pixel pixel;
            stria_figure *figure = NULL;
            stria_picture picture = {0};
            assert_ok(stria_pixel_work_out(&pixel, model, info.name, corner, info.output.rank - 1, 0, &given,
                                           NULL, &err),
                      &err);
            for (size_t fail = 1;; fail++) {
                test.memory.fail_at = test.memory.calls + fail;
                stria_status status = stria_pixel_figure(&pixel, test.context, &figure, &err);
                if (status == STRIA_OK)
                    status = stria_figure_raster(figure, NULL, &picture, &err);
                test.memory.fail_at = 0;
                if (status == STRIA_OK)
                    break;
                assert_int_equal(status, STRIA_ERROR_MEMORY);
                stria_figure_free(figure);
                figure = NULL;
                fail += fail / 4;
            }
            assert_true(picture.width > 300 && picture.height > 100);
            stria_picture_free(&picture, test.context);
            stria_figure_free(figure);
            stria_pixel_free(&pixel, test.context);
        }
        free(x);
        stria_model_free(model);
    }
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_plans),  cmocka_unit_test(test_open_sizes),
        cmocka_unit_test(test_by_hand),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_failing_memory), cmocka_unit_test(test_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

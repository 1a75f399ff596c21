/* Gradient plans: they compute what inference computes and go back from there, to the inputs and to kept
 * layers. The gradient of a kept layer is that of the input of a model which begins there, whatever the plan
 * fuses, shares or overwrites; gradients of inputs are compared with differences of an inference plan's
 * outputs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"
#include "tensor/shape.h"

#define BATCH 3

/* Moving statistics and everything else as a trained model has them; the same tensor of another model gets
 * the same. */
static void disturb(stria_model *model)
{
    stria_tensor_info info;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++) {
        float *values = stria_model_tensor_data(model, t), *noise;
        uint64_t seed = 7;
        for (const char *c = info.name; *c != '\0'; c++)
            seed = seed * 31 + (unsigned char)*c;
        noise = draw_normals(seed, (size_t)info.count);
        for (int64_t i = 0; i < info.count; i++)
            values[i] = strstr(info.name, "variance") != NULL ? 0.5F + fabsf(noise[i]) : 0.4F * noise[i];
        free(noise);
    }
}

static void run(stria_plan *plan, const float *x, const float *dy)
{
    stria_error err = {0};
    assert_ok(stria_plan_run(plan, &x, BATCH, &err), &err);
    if (dy != NULL)
        assert_ok(stria_plan_backward(plan, &dy, &err), &err);
}

static size_t count_of(const stria_shape *shape)
{
    return BATCH * (size_t)stria_shape_elements(shape);
}

static void assert_near(const float *found, const float *expected, size_t count, double tolerance,
                        const char *what)
{
    assert_non_null(found);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)found[i] - (double)expected[i]) <= tolerance * (1 + fabs((double)expected[i]))))
            fail_msg("%s: number %zu is %.9g, not %.9g", what, i, (double)found[i], (double)expected[i]);
}

/* A chain cut behind the layer `name`, and what follows it as a model of its own. */
typedef struct cut {
    const char *name, *head, *input, *tail;
} cut;

static const cut cuts[] = {
    {"c", "input 8x8x2\nc = conv2d 4 3 same\n", "input 8x8x4\n",
     "b = batchnorm\nr = activation relu\np = maxpool2d 2\nflatten\nd = dense 5 softmax\n"},
    {"b", "input 8x8x2\nc = conv2d 4 3 same\nb = batchnorm\n", "input 8x8x4\n",
     "r = activation relu\np = maxpool2d 2\nflatten\nd = dense 5 softmax\n"},
    /* The relu's derivative would be left to the pooling behind it. */
    {"r", "input 8x8x2\nc = conv2d 4 3 same\nr = activation relu\n", "input 8x8x4\n",
     "p = maxpool2d 2\nflatten\nd = dense 5 softmax\n"},
    {"c", "input 8x8x2\nc = conv2d 4 3 same relu activity_regularizer=l2(0.3)\n", "input 8x8x4\n",
     "p = maxpool2d 2\ndropout 0.5\nflatten\nd = dense 5 softmax\n"},
    /* The gradient of a view is its input's, and sums share theirs. */
    {"f", "input 8x8x2\nc = conv2d 4 3 same elu\ndropout 0.5\nf = flatten\n", "input 256\n",
     "gaussian_noise 0.3\nd = dense 5 tanh\nd2 = dense 3\n"},
    {"s", "input 8x8x2\nc = conv2d 4 3 same\nk = conv2d 4 3 same\ns = add(c, k)\n", "s = input 8x8x4\n",
     "m = conv2d 4 3 same relu\nt = add(s, m)\nglobal_avgpool2d\nd = dense 5 sigmoid\n"},
    {"p", "input 8x8x2\nc = conv2d 4 3 same\np = avgpool2d 2\n", "p = input 4x4x4\n",
     "q = relu\nu = conv2d 4 3 same relu\nt = add(q, u)\nv = conv2d 4 3 same\nw = add(t, v)\nflatten\nd = "
     "dense 5\n"},
    {"d", "input 8x8x2\nflatten\nd = dense 6 relu\n", "input 6\n", "e = dense 5 softmax\n"},
};

static void check_cut(const test_context *test, const cut *chain, int separate)
{
    char text[1024], rest[1024];
    snprintf(text, sizeof text, "%s%s", chain->head, chain->tail);
    snprintf(rest, sizeof rest, "%s%s", chain->input, chain->tail);
    stria_model *whole = parse_model(test->context, text), *tail = parse_model(test->context, rest);
    disturb(whole);
    disturb(tail);
    stria_plan *inference = open_plan(
        whole,
        &(stria_plan_options){.batch = BATCH, .keep = &chain->name, .keep_count = 1, .separate_layers = 1});
    stria_plan_options options = {.mode = STRIA_MODE_GRADIENTS,
                                  .batch = BATCH,
                                  .keep = &chain->name,
                                  .keep_count = 1,
                                  .separate_layers = separate};
    stria_plan *plan = open_plan(whole, &options);
    stria_plan *behind = open_plan(
        tail, &(stria_plan_options){
                  .mode = STRIA_MODE_GRADIENTS, .batch = BATCH, .input_gradients = 1, .separate_layers = 1});
    const size_t in = count_of(stria_model_input_shape(whole, 0)),
                 out = count_of(stria_model_output_shape(whole, 0));
    float *x = draw_normals(1, in), *dy = draw_normals(2, out);
    for (int again = 0; again < 2; again++) {
        run(inference, x, NULL);
        run(plan, x, dy);
        const float *value = stria_plan_value(inference, chain->name);
        run(behind, value, dy);
        assert_near(stria_plan_output(plan, 0), stria_plan_output(inference, 0), out, 2e-5, "output");
        assert_near(stria_plan_value_gradient(plan, chain->name), stria_plan_input_gradient(behind, 0),
                    count_of(stria_plan_shape(plan, chain->name)), 2e-5, chain->name);
    }
    assert_null(stria_plan_input_gradient(plan, 0));
    assert_null(stria_plan_value_gradient(plan, "nothing"));
    for (size_t t = 0; t < stria_model_tensor_count(whole); t++)
        assert_null(stria_plan_tensor_gradient(plan, t));
    free(x);
    free(dy);
    stria_plan_free(inference);
    stria_plan_free(plan);
    stria_plan_free(behind);
    stria_model_free(whole);
    stria_model_free(tail);
}

static void test_kept_gradients(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 2, NULL);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++)
        for (int separate = 0; separate < 2; separate++)
            check_cut(&test, &cuts[i], separate);
    test_context_close(&test);
}

/* Smooth functions, and a step at which rounding and curvature are about equal. */
static void test_input_gradients_by_differences(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(
        test.context, "input 6x6x2\na = conv2d 3 3 same tanh\nb = batchnorm\ndropout 0.5\n"
                      "c = conv2d 3 3 same silu\nadd(b, c)\navgpool2d 2\nflatten\ndense 4 softmax\n");
    disturb(model);
    stria_plan *inference = open_plan(model, &(stria_plan_options){.batch = BATCH});
    stria_plan *plan = open_plan(
        model, &(stria_plan_options){.mode = STRIA_MODE_GRADIENTS, .batch = BATCH, .input_gradients = 1});
    const size_t in = count_of(stria_model_input_shape(model, 0)),
                 out = count_of(stria_model_output_shape(model, 0));
    float *x = draw_normals(3, in), *dy = draw_normals(4, out);
    const float *given = x;
    run(plan, x, dy);
    const float *gradient = stria_plan_input_gradient(plan, 0);
    assert_non_null(gradient);
    for (size_t i = 0; i < in; i += 5) {
        const float before = x[i], step = 4e-3F;
        double change = 0;
        for (int side = -1; side <= 1; side += 2) {
            x[i] = before + (float)side * step;
            assert_ok(stria_plan_run(inference, &given, BATCH, &err), &err);
            for (size_t o = 0; o < out; o++)
                change += side * (double)dy[o] * (double)stria_plan_output(inference, 0)[o];
        }
        x[i] = before;
        const double difference = change / (2 * (double)step);
        if (!(fabs(difference - (double)gradient[i]) < 1e-3))
            fail_msg("gradient %zu is %g, differences say %g", i, (double)gradient[i], difference);
    }
    free(x);
    free(dy);
    stria_plan_free(inference);
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

/* A layer that no output depends on has no gradient; a kept input has that of the input; nothing else
 * changes. */
static void test_what_has_none(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "x = input 4x4x1\na = conv2d 2 3\nb = conv2d(x) 2 3\nn = "
                                                   "batchnorm\nflatten\ndense 2\noutput(dense)\n");
    static const char *const kept[] = {"a", "b", "x"};
    stria_plan *plan = open_plan(
        model,
        &(stria_plan_options){.mode = STRIA_MODE_GRADIENTS, .batch = BATCH, .keep = kept, .keep_count = 3});
    float *x = draw_normals(5, BATCH * 16), *dy = draw_normals(6, BATCH * 2);
    float before[4], after[4];
    stria_error err = {0};
    assert_ok(stria_model_get_tensor(model, "n/moving_mean", before, 2, &err), &err);
    run(plan, x, dy);
    assert_ok(stria_model_get_tensor(model, "n/moving_mean", after, 2, &err), &err);
    assert_memory_equal(before, after, 2 * sizeof *before);
    assert_non_null(stria_plan_value(plan, "a"));
    assert_null(stria_plan_value_gradient(plan, "a"));
    assert_non_null(stria_plan_value_gradient(plan, "b"));
    assert_non_null(stria_plan_value_gradient(plan, "x"));
    assert_null(stria_plan_value_gradient(plan, "flatten"));
    stria_plan_free(plan);
    plan = open_plan(model, &(stria_plan_options){.batch = BATCH, .keep = kept, .keep_count = 2});
    run(plan, x, NULL);
    const float *gradient = dy;
    assert_status(stria_plan_backward(plan, &gradient, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "this one is for inference");
    assert_null(stria_plan_value_gradient(plan, "b"));
    stria_plan_free(plan);
    free(x);
    free(dy);
    stria_model_free(model);
    test_context_close(&test);
}

/* A plan that ends at a layer gives its value, goes back from there, and leaves out what only later layers
 * need. */
static void test_inner_outputs(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse_model(test.context, "input 8x8x1\na = conv2d 3 3 relu\nmaxpool2d 2\nb = conv2d 2 2\nflatten\n"
                                  "c = dense 4 softmax\n");
    stria_model *head = parse_model(test.context, "input 8x8x1\na = conv2d 3 3 relu\n");
    disturb(model);
    disturb(head);
    static const char *const ends[] = {"a", "b"}, *const kept[] = {"c"};
    float *x = draw_normals(8, BATCH * 64), *dy = draw_normals(9, BATCH * 108);
    stria_plan *plan = open_plan(model, &(stria_plan_options){.mode = STRIA_MODE_GRADIENTS,
                                                              .batch = BATCH,
                                                              .outputs = ends,
                                                              .output_count = 1,
                                                              .raw_output = 1,
                                                              .input_gradients = 1});
    stria_plan *expected = open_plan(
        head, &(stria_plan_options){.mode = STRIA_MODE_GRADIENTS, .batch = BATCH, .input_gradients = 1});
    run(plan, x, dy);
    run(expected, x, dy);
    assert_near(stria_plan_output(plan, 0), stria_plan_output(expected, 0), BATCH * 108, 1e-6, "a");
    assert_near(stria_plan_input_gradient(plan, 0), stria_plan_input_gradient(expected, 0), BATCH * 64, 1e-6,
                "input");
    assert_null(stria_plan_output(plan, 1));
    assert_null(stria_plan_value(plan, "c"));
    stria_plan_free(plan);
    /* Two ends, one behind the other, and a layer behind them that is kept all the same. */
    plan = open_plan(model,
                     &(stria_plan_options){
                         .batch = BATCH, .outputs = ends, .output_count = 2, .keep = kept, .keep_count = 1});
    run(plan, x, NULL);
    assert_near(stria_plan_output(plan, 0), stria_plan_output(expected, 0), BATCH * 108, 1e-6, "a");
    assert_ptr_equal(stria_plan_output(plan, 1), stria_plan_value(plan, "b"));
    assert_non_null(stria_plan_value(plan, "c"));
    stria_plan_free(plan);
    static const char *const missing[] = {"z"};
    plan = NULL;
    assert_status(
        stria_plan_create(&plan, model, &(stria_plan_options){.outputs = missing, .output_count = 1}, &err),
        STRIA_ERROR_MISSING, &err);
    assert_message(&err, "no layer 'z' to end at");
    free(x);
    free(dy);
    stria_plan_free(expected);
    stria_model_free(model);
    stria_model_free(head);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_gradients),
        cmocka_unit_test(test_input_gradients_by_differences),
        cmocka_unit_test(test_what_has_none),
        cmocka_unit_test(test_inner_outputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What holds for layers whatever their numbers are, and needs no one else's results:
 *     linear layers   f(2a - 3b) - f(0) = 2 (f(a) - f(0)) - 3 (f(b) - f(0))
 *     their gradient  <f(x) - f(0), g> = <x, gradient of f for g>: backward is the adjoint of forward
 *     equal texts     two ways of saying one thing give the same output and the same gradients
 *     shifts          a layer of stride s moves its output by 1 when its input moves by s, away from the
 * border */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/random.h"
#include "support/check.h"
#include "support/test_context.h"

#define BATCH 2

/* Of the largest number compared: sums of some hundred floats, twice. */
#define TOLERANCE 2e-5

typedef struct network {
    stria_model *model;
    stria_plan *plan;
    size_t in, out; /* numbers of a batch */
} network;

static size_t count_of(const stria_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->sizes[i];
    return count;
}

static float *draw(uint32_t stream, size_t count)
{
    const stria_random_key key = {.seed = 7, .purpose = STRIA_RANDOM_DATA, .layer = stream};
    float *numbers = malloc(count * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)stria_random_normal(&key, i);
    return numbers;
}

/* A training plan of the text, with parameters drawn from `seed`. */
static network open_network(const test_context *test, const char *text, uint32_t seed)
{
    network n = {0};
    stria_error err = {0};
    if (stria_model_parse(&n.model, test->context, text, strlen(text), NULL, &err) != STRIA_OK)
        fail_msg("%s\n%s", text, err.message);
    stria_tensor_info info;
    for (size_t t = 0; stria_model_tensor(n.model, t, &info); t++) {
        float *numbers = draw(1000 * seed + (uint32_t)t, (size_t)info.count);
        assert_ok(stria_model_set_tensor(n.model, info.name, numbers, (size_t)info.count, &err), &err);
        free(numbers);
    }
    const stria_plan_options options = {
        .mode = STRIA_MODE_TRAINING, .batch = BATCH, .input_gradients = 1, .seed = 3};
    assert_ok(stria_plan_create(&n.plan, n.model, &options, &err), &err);
    n.in = BATCH * count_of(stria_model_input_shape(n.model, 0));
    n.out = BATCH * count_of(stria_model_output_shape(n.model, 0));
    return n;
}

static void close_network(network *n)
{
    stria_plan_free(n->plan);
    stria_model_free(n->model);
}

/* The output for x, which the caller frees. */
static float *run(const network *n, const float *x)
{
    stria_error err = {0};
    const float *inputs[] = {x};
    float *y = malloc(n->out * sizeof *y);
    assert_non_null(y);
    assert_ok(stria_plan_run(n->plan, inputs, BATCH, &err), &err);
    memcpy(y, stria_plan_output(n->plan, 0), n->out * sizeof *y);
    return y;
}

static double largest_of(const float *numbers, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)numbers[i]));
    return largest;
}

static void assert_equal(const char *text, const char *what, const float *a, const float *b, size_t count)
{
    const double allowed = TOLERANCE * fmax(largest_of(a, count), 1e-3);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= allowed))
            fail_msg("%s\n%s[%zu]: %.8g and %.8g", text, what, i, (double)a[i], (double)b[i]);
}

/* ---- Linear layers ---- */

static const char *const linear[] = {
    "input 7x9x3\nconv2d 4 3",
    "input 7x9x3\nconv2d 4 3 2 same",
    "input 7x9x3\nconv2d 5 3x2 same dilation_rate=2",
    "input 7x9x6\nconv2d 4 3 groups=2",
    "input 20x20x16\nconv2d 16 3 same",
    "input 9x8x3\ndepthwise_conv2d 3 2 same",
    "input 9x8x3\ndepthwise_conv2d 3 depth_multiplier=2",
    "input 11x3\nconv1d 4 3 2",
    "input 4x5x6x2\nconv3d 3 2 same",
    "input 9x3\nconv1d 4 3 causal dilation_rate=2",
    "input 6x7x3\nconv2d 5 3 same flip_kernel",
    "input 5x4x3\nconv2d_transpose 4 3 2 same",
    "input 3x4x2x2\nconv3d_transpose 3 2 2",
    "input 9x8x3\nseparable_conv2d 5 3 2 same",
    "input 6x7x4\ntable_conv2d 0.1,3,1.2.3 3",
    "input 7\ndense 5",
    "input 4x3x5\ndense 4 use_bias=no",
    "input 7x9x3\navgpool2d 3 2 same",
    "input 7x9x3\nglobal_avgpool2d",
    "input 3x4x2\nflatten\ndense 3",
    "input 4x5x2\nrescaling 1/127.5 offset=-1",
    "input 7x9x3\nadaptive_avgpool2d 3x2",
    "input 7x9x4\ndepth_pool 2 average",
    "input 7x9x3\nup_sampling2d 3 bicubic",
    "input 7x9x3\nresizing 4 11 antialias",
    "input 7x9x3\npermute 3x1x2",
    "x = input 4x5x2\ny = conv2d 2 3 same\nadd(x, y)\nconcat(add, x)",
};

static void check_linear(const test_context *test, const char *text, uint32_t seed)
{
    network n = open_network(test, text, seed);
    stria_error err = {0};
    float *a = draw(1, n.in), *b = draw(2, n.in), *g = draw(3, n.out);
    float *mixed = malloc(n.in * sizeof *mixed), *zero = calloc(n.in, sizeof *zero);
    assert_true(mixed != NULL && zero != NULL);
    for (size_t i = 0; i < n.in; i++)
        mixed[i] = 2 * a[i] - 3 * b[i];
    float *of_zero = run(&n, zero), *of_b = run(&n, b), *of_mixed = run(&n, mixed), *of_a = run(&n, a);
    double left = 0, right = 0, size = 0;
    for (size_t i = 0; i < n.out; i++) {
        left += ((double)of_a[i] - (double)of_zero[i]) * (double)g[i];
        size += fabs(((double)of_a[i] - (double)of_zero[i]) * (double)g[i]);
        of_mixed[i] -= of_zero[i];
        of_b[i] = 2 * (of_a[i] - of_zero[i]) - 3 * (of_b[i] - of_zero[i]);
    }
    assert_equal(text, "f(2a - 3b)", of_mixed, of_b, n.out);
    const float *gradients[] = {g};
    assert_ok(stria_plan_backward(n.plan, gradients, &err), &err); /* of the last run, that of a */
    const float *dx = stria_plan_input_gradient(n.plan, 0);
    for (size_t i = 0; i < n.in; i++)
        right += (double)a[i] * (double)dx[i];
    if (!(fabs(left - right) <= 1e-6 * size + 1e-9))
        fail_msg("%s\n<f(x) - f(0), g> = %.9g and <x, f'(g)> = %.9g", text, left, right);
    free(a), free(b), free(g), free(mixed), free(zero);
    free(of_a), free(of_b), free(of_mixed), free(of_zero);
    close_network(&n);
}

static void test_linear(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 2, NULL);
    for (size_t i = 0; i < sizeof linear / sizeof linear[0]; i++)
        check_linear(&test, linear[i], (uint32_t)i + 1);
    test_context_close(&test);
}

/* ---- Equal texts ---- */

/* Two texts of one function, their parameters of equal sizes in equal order. */
static const struct twins {
    const char *one, *other;
} twins[] = {
    {"input 7x9x3\nconv2d 4 3 same", "input 7x9x3\nconv2d 4 3 padding=1"},
    {"input 7x8x3\nconv2d 4 2 same", "input 7x8x3\nconv2d 4 2 padding=0,1,0,1"},
    {"input 8x6x3\nconv2d 4 3 2 same", "input 8x6x3\nconv2d 4 3 2 padding=0,1,0,1"},
    {"input 7x9x4\ndepthwise_conv2d 3", "input 7x9x4\nconv2d 4 3 groups=4"},
    {"input 7x9x3\ndepthwise_conv2d 3 2 same depth_multiplier=2", "input 7x9x3\nconv2d 6 3 2 same groups=3"},
    {"input 5x6x7\ndense 3", "input 5x6x7\nconv2d 3 1"},
    {"input 5x6x2\nflatten\ndense 4", "input 5x6x2\nconv2d 4 5x6\nflatten"},
    {"input 9x8x5\nglobal_avgpool2d", "input 9x8x5\navgpool2d 9x8\nflatten"},
    {"input 9x8x5\nrelu", "input 9x8x5\nactivation relu"},
    {"input 7x9x3\nzero_padding2d 0,1,0,1\nconv2d 4 2", "input 7x9x3\nconv2d 4 2 same"},
    {"input 7x9x3\nzero_padding2d 2x1\ncropping2d 2x1\ndense 2", "input 7x9x3\ndense 2"},
    {"input 6x9x3\nadaptive_avgpool2d 2x3", "input 6x9x3\navgpool2d 3"},
    {"input 6x9x3\nadaptive_maxpool2d 2x3", "input 6x9x3\nmaxpool2d 3"},
    {"input 6x9x3\nglobal_maxpool2d", "input 6x9x3\nadaptive_maxpool2d 1\nflatten"},
    {"input 6x9x4\npermute 2x3x1\npermute 3x1x2\ndense 2", "input 6x9x4\ndense 2"},
    {"input 3x4x5\nup_sampling2d 2x3 nearest\navgpool2d 2x3", "input 3x4x5\nactivation linear"},
    {"input 3x4x5\nup_sampling2d 2 bilinear", "input 3x4x5\nresizing 6 8"},
    {"input 9x8x3\ncenter_crop 5 4", "input 9x8x3\ncropping2d 2x2"},
    {"input 5x6\nreshape 30\ndense 4", "input 5x6\nflatten\ndense 4"},
    {"input 9x8x5\nconv2d 3 2 relu", "input 9x8x5\nconv2d 3 2\nrelu"},
    {"input 9x4\nconv1d 3 3 causal dilation_rate=2", "input 9x4\nconv1d 3 3 padding=4,0 dilation_rate=2"},
    {"input 6x7x3\ntable_conv2d 0.1.2 3 same", "input 6x7x3\nconv2d 1 3 same"},
    {"input 6x5x3\nconv2d_transpose 4 3 same", "input 6x5x3\nconv2d_transpose 4 3 padding=1"},
    {"input 6x3\nconv1d_transpose 4 3 2 same", "input 1x6x3\nconv2d_transpose 4 1x3 1x2 same"},
    {"input 9x4\nconv1d 3 2 2 same", "input 1x9x4\nconv2d 3 1x2 1x2 same"},
    {"input 5x6x7x2\nconv3d 3 1x3x3 same", "input 5x6x7x2\nconv3d 3 1x3x3 padding=0x1x1"},
};

static void check_twins(const test_context *test, const struct twins *t, uint32_t seed)
{
    network one = open_network(test, t->one, seed), other = open_network(test, t->other, seed);
    assert_int_equal(one.in, other.in);
    assert_int_equal(one.out, other.out);
    stria_error err = {0};
    float *x = draw(1, one.in), *g = draw(2, one.out);
    float *y = run(&one, x), *z = run(&other, x);
    const float *gradients[] = {g};
    assert_equal(t->other, "output", y, z, one.out);
    assert_ok(stria_plan_backward(one.plan, gradients, &err), &err);
    assert_ok(stria_plan_backward(other.plan, gradients, &err), &err);
    assert_equal(t->other, "input gradient", stria_plan_input_gradient(one.plan, 0),
                 stria_plan_input_gradient(other.plan, 0), one.in);
    stria_tensor_info info;
    for (size_t p = 0; stria_model_tensor(one.model, p, &info); p++)
        assert_equal(t->other, info.name, stria_plan_tensor_gradient(one.plan, p),
                     stria_plan_tensor_gradient(other.plan, p), (size_t)info.count);
    free(x), free(g), free(y), free(z);
    close_network(&one);
    close_network(&other);
}

static void test_twins(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++)
        check_twins(&test, &twins[i], (uint32_t)i + 1);
    test_context_close(&test);
}

/* A kernel that is 1 at its centre and 0 elsewhere gives the picture back. */
static void test_identity_kernel(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    network n = open_network(&test, "input 6x7x3\nconv2d 3 3 same use_bias=no", 1);
    float kernel[3 * 3 * 3 * 3] = {0};
    for (int c = 0; c < 3; c++)
        kernel[((3 * 1 + 1) * 3 + c) * 3 + c] = 1;
    stria_error err = {0};
    assert_ok(
        stria_model_set_tensor(n.model, "conv2d/kernel", kernel, sizeof kernel / sizeof kernel[0], &err),
        &err);
    float *x = draw(1, n.in), *y = run(&n, x);
    assert_memory_equal(x, y, n.in * sizeof *x);
    free(x), free(y);
    close_network(&n);
    test_context_close(&test);
}

/* ---- Shifts ---- */

/* Layers over 16x16 pictures, their stride, and how many outputs at each border see what the shift brings in.
 */
static const struct shifted {
    const char *text;
    size_t stride, border;
} shifted[] = {
    {"input 16x16x2\nconv2d 3 3", 1, 0},
    {"input 16x16x2\nconv2d 3 3 same", 1, 1},
    {"input 16x16x2\nconv2d 3 5 2 same", 2, 2},
    {"input 16x16x2\ndepthwise_conv2d 3 3", 3, 0},
    {"input 16x16x2\nmaxpool2d 2", 2, 0},
    {"input 16x16x2\navgpool2d 3 2", 2, 0},
    {"input 16x16x2\nconv2d 4 3 relu\nmaxpool2d 2\nconv2d 3 3", 2, 0},
    {"input 16x16x2\nminpool2d 3 1", 1, 0},
};

static void check_shift(const test_context *test, const struct shifted *s, uint32_t seed)
{
    network n = open_network(test, s->text, seed);
    const stria_shape *in = stria_model_input_shape(n.model, 0), *out = stria_model_output_shape(n.model, 0);
    const size_t width = (size_t)in->sizes[1], channels = (size_t)in->sizes[2], rows = (size_t)out->sizes[0],
                 columns = (size_t)out->sizes[1], filters = (size_t)out->sizes[2];
    /* Down and right by one stride; what comes in at the top and left are numbers of its own. */
    float *x = draw(1, n.in), *moved = draw(2, n.in);
    for (size_t sample = 0; sample < BATCH; sample++)
        for (size_t i = s->stride; i < width; i++)
            for (size_t j = s->stride; j < width; j++)
                memcpy(moved + ((sample * width + i) * width + j) * channels,
                       x + ((sample * width + i - s->stride) * width + j - s->stride) * channels,
                       channels * sizeof *x);
    float *y = run(&n, x), *z = run(&n, moved);
    const double allowed = TOLERANCE * largest_of(y, n.out);
    for (size_t sample = 0; sample < BATCH; sample++)
        for (size_t i = 1 + s->border; i + s->border < rows; i++)
            for (size_t j = 1 + s->border; j + s->border < columns; j++)
                for (size_t k = 0; k < filters; k++) {
                    const float there = z[((sample * rows + i) * columns + j) * filters + k];
                    const float here = y[((sample * rows + i - 1) * columns + j - 1) * filters + k];
                    if (!(fabs((double)there - (double)here) <= allowed))
                        fail_msg("%s\nshifted[%zu,%zu,%zu] is %.8g, not %.8g", s->text, i, j, k,
                                 (double)there, (double)here);
                }
    free(x), free(moved), free(y), free(z);
    close_network(&n);
}

static void test_shifts(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof shifted / sizeof shifted[0]; i++)
        check_shift(&test, &shifted[i], (uint32_t)i + 1);
    test_context_close(&test);
}

/* ---- What the course says of filters and pooling ---- */

/* A 7x7 filter of zeros with ones in its middle column answers 7 on a vertical line and 1 where it meets a
 * horizontal one. */
static void test_line_filter(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    network n = open_network(&test, "input 15x15x1\nconv2d 1 7 same use_bias=no", 1);
    float kernel[7 * 7] = {0}, *x = calloc(n.in, sizeof *x);
    stria_error err = {0};
    assert_non_null(x);
    for (int i = 0; i < 7; i++)
        kernel[i * 7 + 3] = 1;
    assert_ok(stria_model_set_tensor(n.model, "conv2d/kernel", kernel, 7 * 7, &err), &err);
    for (size_t i = 0; i < 15; i++) {
        x[i * 15 + 7] = 1;           /* first sample: a vertical line */
        x[15 * 15 + 7 * 15 + i] = 1; /* second: a horizontal one */
    }
    float *y = run(&n, x);
    assert_float_equal(y[7 * 15 + 7], 7, 0);
    assert_float_equal(y[15 * 15 + 7 * 15 + 7], 1, 0);
    assert_float_equal(y[7], 4, 0); /* at the top three of its rows lie on the padding */
    free(x), free(y);
    close_network(&n);
    test_context_close(&test);
}

/* The largest number of a window stays when the picture moves inside it, and else may not: of a picture of
 * random numbers that moves by one, a third of the 2x2 maxima stay. */
static void test_pooling_forgets_little(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    network n = open_network(&test, "input 32x32x4\nmaxpool2d 2", 1);
    float *x = draw(1, n.in), *moved = draw(2, n.in), *dot = calloc(n.in, sizeof *dot);
    assert_non_null(dot);
    dot[(4 * 32 + 6) * 4] = 1;
    float *here = run(&n, dot);
    dot[(4 * 32 + 6) * 4] = 0;
    dot[(5 * 32 + 7) * 4] = 1;
    float *beside = run(&n, dot);
    assert_memory_equal(here, beside, n.out * sizeof *here); /* one window holds both places */
    for (size_t row = 0; row < BATCH * 32; row++)
        memcpy(moved + (row * 32 + 1) * 4, x + row * 32 * 4, 31 * 4 * sizeof *x);
    float *y = run(&n, x), *z = run(&n, moved);
    size_t same = 0;
    for (size_t i = 0; i < n.out; i++)
        same += y[i] >= z[i] && y[i] <= z[i];
    printf("  moved by one pixel, %.0f %% of 2x2 maxima of random numbers stay\n",
           100 * (double)same / (double)n.out);
    /* The left column of a window becomes its right one: its maximum stays when it was there, in half of the
     * cases, and the new left one is no larger, in two thirds of those. */
    assert_in_range(100 * same, 28 * n.out, 38 * n.out);
    free(x), free(moved), free(dot), free(here), free(beside), free(y), free(z);
    close_network(&n);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear),          cmocka_unit_test(test_twins),
        cmocka_unit_test(test_identity_kernel), cmocka_unit_test(test_shifts),
        cmocka_unit_test(test_line_filter),     cmocka_unit_test(test_pooling_forgets_little)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* conv2d against the sum that textbooks write, literally and in double:
 *     z[i,j,k] = b[k] + sum over rows u, columns v, channels c of x[i*S + u, j*S + v, c] * w[u,v,c,k]
 * and with flip_kernel against the convolution of mathematics, z[i,j] = sum of x[i - u, j - v] * w[u,v].
 * Nothing here uses the library's arithmetic of windows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/random.h"
#include "support/check.h"
#include "support/test_context.h"

#define MAX_NUMBERS 40000

typedef struct literal {
    int height, width, channels, filters, rows, columns, stride;
    bool flips;
} literal;

static const literal cases[] = {
    {7, 7, 1, 1, 3, 3, 1, false},     {5, 7, 2, 3, 3, 3, 2, false},     {9, 8, 3, 5, 2, 3, 1, false},
    {32, 32, 3, 20, 8, 8, 2, false},  {28, 28, 1, 6, 5, 5, 1, false},   {14, 14, 6, 16, 5, 5, 1, false},
    {10, 10, 17, 18, 3, 3, 1, false}, {40, 40, 2, 2, 31, 31, 1, false}, {7, 9, 2, 3, 3, 2, 1, true},
    {12, 11, 16, 16, 3, 3, 1, true},  {36, 40, 1, 2, 15, 17, 1, true},
};

static double input_at(const literal *c, const float *x, int row, int column, int channel)
{
    return (double)x[(row * c->width + column) * c->channels + channel];
}

static double sum_at(const literal *c, const float *x, const float *w, const float *b, int i, int j, int k)
{
    double sum = (double)b[k];
    for (int u = 0; u < c->rows; u++)
        for (int v = 0; v < c->columns; v++)
            for (int channel = 0; channel < c->channels; channel++) {
                const double weight =
                    (double)w[((u * c->columns + v) * c->channels + channel) * c->filters + k];
                const int row = i * c->stride, column = j * c->stride;
                sum += weight *
                       (c->flips ? input_at(c, x, row + c->rows - 1 - u, column + c->columns - 1 - v, channel)
                                 : input_at(c, x, row + u, column + v, channel));
            }
    return sum;
}

static void draw(uint32_t stream, float *numbers, size_t count)
{
    const stria_random_key key = {.seed = 29, .purpose = STRIA_RANDOM_DATA, .layer = stream};
    assert_true(count <= MAX_NUMBERS);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)stria_random_normal(&key, i);
}

static void check(const test_context *test, const literal *c, const char *algorithm)
{
    static float x[MAX_NUMBERS], w[MAX_NUMBERS], b[MAX_NUMBERS];
    const size_t inputs = (size_t)(c->height * c->width * c->channels);
    const size_t weights = (size_t)(c->rows * c->columns * c->channels * c->filters);
    char text[160];
    stria_error err = {0};
    stria_model *model = NULL;
    stria_plan *plan = NULL;
    draw(1, x, inputs);
    draw(2, w, weights);
    draw(3, b, (size_t)c->filters);
    snprintf(text, sizeof text, "input %dx%dx%d\nconv2d %d %dx%d %d%s", c->height, c->width, c->channels,
             c->filters, c->rows, c->columns, c->stride, c->flips ? " flip_kernel" : "");
    assert_ok(stria_model_parse(&model, test->context, text, strlen(text), NULL, &err), &err);
    assert_ok(stria_model_set_tensor(model, "conv2d/kernel", w, weights, &err), &err);
    assert_ok(stria_model_set_tensor(model, "conv2d/bias", b, (size_t)c->filters, &err), &err);
    const stria_plan_options options = {.batch = 1, .algorithm = algorithm};
    const float *const pictures[] = {x};
    assert_ok(stria_plan_create(&plan, model, &options, &err), &err);
    assert_ok(stria_plan_run(plan, pictures, 1, &err), &err);
    const float *z = stria_plan_output(plan, 0);
    const int out[] = {(c->height - c->rows) / c->stride + 1, (c->width - c->columns) / c->stride + 1};
    const stria_shape *shape = stria_model_output_shape(model, 0);
    assert_int_equal(shape->sizes[0], out[0]);
    assert_int_equal(shape->sizes[1], out[1]);
    assert_int_equal(shape->sizes[2], c->filters);
    const double bound = 1e-5 * sqrt((double)(c->rows * c->columns * c->channels)) * 4;
    for (int i = 0; i < out[0]; i++)
        for (int j = 0; j < out[1]; j++)
            for (int k = 0; k < c->filters; k++) {
                const double expected = sum_at(c, x, w, b, i, j, k);
                const double got = (double)z[(i * out[1] + j) * c->filters + k];
                if (!(fabs(got - expected) <= bound))
                    fail_msg("%s, %s: z[%d,%d,%d] is %.9g, not %.9g", text, algorithm, i, j, k, got,
                             expected);
            }
    stria_plan_free(plan);
    stria_model_free(model);
}

static void test_the_sum(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"auto", "direct", "winograd", "fft", "ref"};
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t a = 0; a < sizeof algorithms / sizeof algorithms[0]; a++)
            check(&test, &cases[i], algorithms[a]);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_sum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The cells of the neocognitron against their formulas, written out in double; and what the formulas promise:
 * S-cells that answer to a feature whatever its strength, C-cells that are blind to small moves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/random.h"
#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"

/* Rounding to float of sums of some fifty terms. */
#define TOLERANCE 2e-6

typedef struct window {
    int rows, columns, channels, out_rows, out_columns, kernel_rows, kernel_columns, stride, top, left;
    double decay;
} window;

static double weight(const window *w, int p, int q)
{
    return pow(w->decay, hypot(p - (w->kernel_rows - 1) / 2.0, q - (w->kernel_columns - 1) / 2.0));
}

static double weight_sum(const window *w)
{
    double sum = 0;
    for (int p = 0; p < w->kernel_rows; p++)
        for (int q = 0; q < w->kernel_columns; q++)
            sum += weight(w, p, q);
    return sum;
}

/* x at tap (p, q) of output (i, j); padding is 0. */
static double at(const window *w, const float *x, int i, int j, int p, int q, int c)
{
    const int row = i * w->stride + p - w->top, column = j * w->stride + q - w->left;
    if (row < 0 || row >= w->rows || column < 0 || column >= w->columns)
        return 0;
    return (double)x[(row * w->columns + column) * w->channels + c];
}

static double s_cell(const window *w, const float *x, const float *kernel, const float *inhibition, double r,
                     int planes, int i, int j, int k)
{
    double e = 0, square = 0;
    for (int p = 0; p < w->kernel_rows; p++)
        for (int q = 0; q < w->kernel_columns; q++)
            for (int c = 0; c < w->channels; c++) {
                const double value = at(w, x, i, j, p, q, c);
                e += value * (double)kernel[((p * w->kernel_columns + q) * w->channels + c) * planes + k];
                square += weight(w, p, q) / weight_sum(w) / w->channels * value * value;
            }
    const double b = fmax(0, (double)inhibition[k]);
    return r * fmax(0, (1 + e) / (1 + r / (1 + r) * b * sqrt(square)) - 1);
}

static double c_cell(const window *w, const float *x, double alpha, int i, int j, int c)
{
    double sum = 0;
    for (int p = 0; p < w->kernel_rows; p++)
        for (int q = 0; q < w->kernel_columns; q++)
            sum += weight(w, p, q) / weight_sum(w) * at(w, x, i, j, p, q, c);
    return sum > 0 ? sum / (alpha + sum) : 0;
}

static stria_plan *plan_for(stria_model *model, int64_t batch)
{
    stria_plan *plan = NULL;
    stria_error err = {0};
    assert_ok(stria_plan_create(&plan, model, &(stria_plan_options){.batch = batch}, &err), &err);
    return plan;
}

static void draw(uint32_t stream, float *values, size_t count, bool positive)
{
    const stria_random_key key = {.seed = 7, .purpose = STRIA_RANDOM_DATA, .layer = stream};
    for (size_t i = 0; i < count; i++) {
        values[i] = (float)stria_random_normal(&key, i);
        if (positive)
            values[i] = fabsf(values[i]);
    }
}

static void test_s_cells_follow_the_formula(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 2, NULL);
    stria_model *model = parse_model(test.context, "input 6x7x3\ns_cells 5 3x4 selectivity=2.5 decay=0.8");
    const window w = {.rows = 6,
                      .columns = 7,
                      .channels = 3,
                      .out_rows = 6,
                      .out_columns = 7,
                      .kernel_rows = 3,
                      .kernel_columns = 4,
                      .stride = 1,
                      .top = 1,
                      .left = 1,
                      .decay = 0.8};
    float x[2][6 * 7 * 3];
    float *kernel = stria_model_tensor_data(model, 0), *inhibition = stria_model_tensor_data(model, 1);
    draw(1, x[0], 2 * 6 * 7 * 3, true);
    draw(2, kernel, 3 * 4 * 3 * 5, false);
    draw(3, inhibition, 5, false);
    stria_plan *plan = plan_for(model, 2);
    const float *input = x[0];
    assert_int_equal(stria_plan_run(plan, &input, 2, NULL), STRIA_OK);
    const float *y = stria_plan_output(plan, 0);
    int silent = 0;
    for (int n = 0; n < 2; n++)
        for (int o = 0; o < 6 * 7 * 5; o++) {
            const double wanted = s_cell(&w, x[n], kernel, inhibition, 2.5, 5, o / 35, o / 5 % 7, o % 5);
            const double given = (double)y[n * 6 * 7 * 5 + o];
            silent += !(wanted > 0);
            if (!(fabs(given - wanted) <= TOLERANCE * fmax(10, wanted)))
                fail_msg("cell %d of sample %d is %.8g, the formula says %.8g", o, n, given, wanted);
        }
    assert_in_range(silent, 50, 370); /* of 420: both sides of the threshold are seen */
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

static void test_c_cells_follow_the_formula(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 2, NULL);
    stria_model *model = parse_model(test.context, "input 7x5x4\nc_cells 5 2 alpha=0.3 decay=0.7");
    /* same: 7 rows by 2 give 4 and need 4 rows more, 5 columns give 3 and need 4 */
    const window w = {.rows = 7,
                      .columns = 5,
                      .channels = 4,
                      .out_rows = 4,
                      .out_columns = 3,
                      .kernel_rows = 5,
                      .kernel_columns = 5,
                      .stride = 2,
                      .top = 2,
                      .left = 2,
                      .decay = 0.7};
    float x[2][7 * 5 * 4];
    draw(4, x[0], 2 * 7 * 5 * 4, false);
    stria_plan *plan = plan_for(model, 2);
    const float *input = x[0];
    assert_int_equal(stria_plan_run(plan, &input, 2, NULL), STRIA_OK);
    const float *y = stria_plan_output(plan, 0);
    for (int n = 0; n < 2; n++)
        for (int o = 0; o < 4 * 3 * 4; o++) {
            const double wanted = c_cell(&w, x[n], 0.3, o / 12, o / 4 % 3, o % 4);
            const double given = (double)y[n * 4 * 3 * 4 + o];
            if (!(fabs(given - wanted) <= TOLERANCE))
                fail_msg("cell %d of sample %d is %.8g, the formula says %.8g", o, n, given, wanted);
        }
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

/* An S-cell whose weights are a large multiple of w * feature and whose inhibition is the same multiple of
 * the feature's v answers by likeness alone: 1 to the feature however faint, 0 to one whose likeness is below
 * r/(1+r) (Fukushima, 1980, section 3). */
static void test_s_cells_go_by_likeness(void **state)
{
    (void)state;
    static const float line[9] = {0, 1, 0, 0, 1, 0, 0, 1, 0}, across[9] = {0, 0, 0, 1, 1, 1, 0, 0, 0};
    const double scale = 1e5;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input 3x3x1\ns_cells 1 3 4 valid decay=1");
    float *kernel = stria_model_tensor_data(model, 0), *inhibition = stria_model_tensor_data(model, 1);
    for (int t = 0; t < 9; t++)
        kernel[t] = (float)(scale / 9 * (double)line[t]);
    *inhibition = (float)(scale * sqrt(3.0 / 9));
    stria_plan *plan = plan_for(model, 1);
    for (double strength = 0.1; strength < 20; strength *= 3) {
        float x[9];
        const float *input = x;
        for (int t = 0; t < 9; t++)
            x[t] = (float)strength * line[t];
        assert_int_equal(stria_plan_run(plan, &input, 1, NULL), STRIA_OK);
        /* r * (1/(r/(1+r)) - 1) = 1; the two ones in the formula are small beside 1e5 * strength. */
        assert_true(fabs((double)*stria_plan_output(plan, 0) - 1) < 1e-2);
        for (int t = 0; t < 9; t++)
            x[t] = (float)strength * across[t];
        assert_int_equal(stria_plan_run(plan, &input, 1, NULL), STRIA_OK);
        assert_true(fabs((double)*stria_plan_output(plan, 0)) <= 0); /* likeness 1/3, below 4/5 */
    }
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

/* The same weights on pictures of any size: a feature that moves by the stride moves the answer by one. */
static void test_cells_move_with_the_picture(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input ?x?x1\ns_cells 3 3 2\nc_cells 3 2 valid");
    draw(5, stria_model_tensor_data(model, 0), 27, true);
    draw(6, stria_model_tensor_data(model, 1), 3, true);
    float x[2][12 * 14] = {{0}};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            x[0][(3 + i) * 14 + 4 + j] = 0.1F * (float)(1 + (i * 7 + j * 5) % 9);
            x[1][(5 + i) * 14 + 6 + j] = x[0][(3 + i) * 14 + 4 + j];
        }
    stria_plan *plan = NULL;
    stria_error err = {0};
    const stria_shape shape = {3, {12, 14, 1}};
    assert_ok(
        stria_plan_create(&plan, model, &(stria_plan_options){.batch = 2, .input_shapes = &shape}, &err),
        &err);
    const float *input = x[0];
    assert_int_equal(stria_plan_run(plan, &input, 2, NULL), STRIA_OK);
    const float *y = stria_plan_output(plan, 0); /* [2,5,6,3] */
    double answered = 0;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 5 * 3; j++) {
            const float here = y[i * 18 + j], moved = y[90 + (i + 1) * 18 + j + 3];
            answered += (double)here;
            assert_true(here <= moved && here >= moved);
        }
    assert_true(answered > 0.1);
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_s_cells_follow_the_formula),
        cmocka_unit_test(test_c_cells_follow_the_formula),
        cmocka_unit_test(test_s_cells_go_by_likeness),
        cmocka_unit_test(test_cells_move_with_the_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

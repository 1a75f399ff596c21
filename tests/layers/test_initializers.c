/* Initial values against the formulas of Keras: fans, limits, the cut at two deviations and the spread after
 * it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "layers/initializers.h"

/* The deviation of a standard normal distribution cut at +-2, as Keras writes it. */
#define CUT 0.87962566103423978

static const stria_random_key key = {.seed = 7, .purpose = STRIA_RANDOM_INITIALIZE, .layer = 3, .step = 0};

static size_t count_of(const stria_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->sizes[i];
    return count;
}

static stria_initializer initializer_of(const char *text)
{
    stria_initializer initializer;
    stria_value_mistake mistake;
    if (!stria_function_read(&stria_initializer_functions, "initializer", text, strlen(text), &initializer,
                             &mistake))
        fail_msg("\"%s\": %s", text, mistake.why);
    return initializer;
}

static float *draw(const char *text, const stria_shape *shape, const stria_random_key *from)
{
    const stria_initializer initializer = initializer_of(text);
    float *values = malloc(count_of(shape) * sizeof *values);
    assert_non_null(values);
    stria_initialize(&initializer, shape, from, values);
    return values;
}

typedef struct spread_case {
    const char *what;
    const char *initializer;
    stria_shape shape;
    double limit;     /* no value is further from 0; INFINITY: none */
    double deviation; /* of the values */
} spread_case;

/* Enough numbers that mean and deviation are known to about one in a hundred: the tolerances are five
 * standard errors. */
static void check_spread(const spread_case *c)
{
    const size_t count = count_of(&c->shape);
    float *values = draw(c->initializer, &c->shape, &key);
    double sum = 0, squares = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i];
        squares += (double)values[i] * (double)values[i];
        largest = fmax(largest, fabs((double)values[i]));
    }
    free(values);
    const double n = (double)count, mean = sum / n, deviation = sqrt(squares / n);
    const double error_of_mean = c->deviation / sqrt(n), error_of_deviation = c->deviation / sqrt(2 * n);
    if (fabs(mean) > 5 * error_of_mean || fabs(deviation - c->deviation) > 5 * error_of_deviation)
        fail_msg("%s: mean %g deviation %g, expected 0 and %g", c->what, mean, deviation, c->deviation);
    /* The limit may be missed upwards by the rounding to float only, and is nearly reached. */
    if (largest > c->limit * (1 + 1e-6) || (isfinite(c->limit) && largest < 0.98 * c->limit))
        fail_msg("%s: largest %g, expected just below %g", c->what, largest, c->limit);
}

static void test_formulas(void **state)
{
    (void)state;
    const stria_shape conv = {4, {3, 3, 64, 32}}, dense = {2, {200, 100}}, depthwise = {4, {3, 3, 2048, 1}},
                      volume = {5, {3, 3, 3, 16, 64}}, signal = {3, {5, 64, 32}};
    /* fan_in, fan_out: 576, 288; 200, 100; 18432, 9; 432, 1728; 320, 160. */
    const spread_case cases[] = {
        {"glorot_uniform, convolution", "glorot_uniform", conv, sqrt(6.0 / 864), sqrt(2.0 / 864)},
        {"glorot_uniform, dense", "glorot_uniform", dense, sqrt(6.0 / 300), sqrt(2.0 / 300)},
        {"glorot_uniform, one filter per channel", "glorot_uniform", depthwise, sqrt(6.0 / 18441),
         sqrt(2.0 / 18441)},
        {"he_uniform, convolution", "he_uniform", conv, sqrt(6.0 / 576), sqrt(2.0 / 576)},
        {"he_uniform, dense", "he_uniform", dense, sqrt(6.0 / 200), sqrt(2.0 / 200)},
        {"lecun_uniform, convolution", "lecun_uniform", conv, sqrt(3.0 / 576), sqrt(1.0 / 576)},
        {"random_uniform", "random_uniform", dense, 0.05, 0.05 / sqrt(3)},
        {"glorot_normal, convolution", "glorot_normal", conv, 2 * sqrt(2.0 / 864) / CUT, sqrt(2.0 / 864)},
        {"glorot_normal, dense", "glorot_normal", dense, 2 * sqrt(2.0 / 300) / CUT, sqrt(2.0 / 300)},
        {"he_normal, convolution", "he_normal", conv, 2 * sqrt(2.0 / 576) / CUT, sqrt(2.0 / 576)},
        {"lecun_normal, dense", "lecun_normal", dense, 2 * sqrt(1.0 / 200) / CUT, sqrt(1.0 / 200)},
        {"truncated_normal is not widened", "truncated_normal", dense, 0.1, 0.05 * CUT},
        {"he_normal, one filter per channel", "he_normal", depthwise, 2 * sqrt(2.0 / 18432) / CUT,
         sqrt(2.0 / 18432)},
        {"lecun_normal, volume", "lecun_normal", volume, 2 * sqrt(1.0 / 432) / CUT, sqrt(1.0 / 432)},
        {"glorot_uniform, signal", "glorot_uniform", signal, sqrt(6.0 / 480), sqrt(2.0 / 480)},
        {"given limits", "random_uniform(-2, 2)", dense, 2, 2 / sqrt(3)},
        {"given deviation", "random_normal(stddev=3)", dense, INFINITY, 3},
        {"given cut deviation", "truncated_normal(stddev=3)", dense, 6, 3 * CUT},
        {"scaled", "variance_scaling", conv, 2 * sqrt(1.0 / 576) / CUT, sqrt(1.0 / 576)},
        {"scaled by fan_out", "variance_scaling(2, fan_out, normal)", conv, 2 * sqrt(2.0 / 288) / CUT,
         sqrt(2.0 / 288)},
        {"scaled, not cut", "variance_scaling(3, fan_avg, untruncated_normal)", conv, INFINITY,
         sqrt(3.0 / 432)},
        {"scaled, uniform", "variance_scaling(0.5, distribution=uniform)", dense, sqrt(1.5 / 200),
         sqrt(0.5 / 200)},
        {"random_normal is not cut", "random_normal", dense, INFINITY, 0.05},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_spread(&cases[i]);
}

static void test_random_normal_has_tails(void **state)
{
    (void)state;
    const stria_shape shape = {2, {200, 100}};
    float *values = draw("random_normal", &shape, &key);
    size_t outside = 0;
    for (size_t i = 0; i < 20000; i++)
        outside += fabsf(values[i]) > 0.1F;
    free(values);
    /* 4.55 % lie outside two deviations: 910 of 20,000 with a standard error of 29.5. */
    assert_in_range(outside, 910 - 150, 910 + 150);
}

/* Uniform numbers fill their range evenly: 32 bins of 1,000 on average, chi-square with 31 degrees of freedom
 * is below 61.1 in 999 of 1,000 cases. */
static void test_uniform_is_even(void **state)
{
    (void)state;
    const stria_shape shape = {2, {320, 100}};
    float *values = draw("random_uniform", &shape, &key);
    size_t bins[32] = {0};
    for (size_t i = 0; i < 32000; i++) {
        size_t bin = (size_t)(((double)values[i] / 0.05 + 1) * 16);
        bins[bin < 32 ? bin : 31]++;
    }
    free(values);
    double chi_square = 0;
    for (size_t i = 0; i < 32; i++)
        chi_square += ((double)bins[i] - 1000) * ((double)bins[i] - 1000) / 1000;
    if (chi_square > 61.1)
        fail_msg("chi-square %g over 32 bins", chi_square);
}

static void test_constants(void **state)
{
    (void)state;
    const stria_shape shape = {1, {17}};
    float *zeros = draw("zeros", &shape, &key), *ones = draw("ones", &shape, &key);
    for (size_t i = 0; i < 17; i++) {
        assert_true(zeros[i] >= 0 && zeros[i] <= 0 && !signbit(zeros[i]));
        assert_true(ones[i] >= 1 && ones[i] <= 1);
    }
    free(zeros);
    free(ones);
}

static void test_fans_of_low_ranks(void **state)
{
    (void)state;
    /* A vector of n has both fans n, a lone number both 1: limits sqrt(3 / n) and sqrt(3). */
    const stria_shape vector = {1, {3000}}, lone = {0, {0}};
    float *values = draw("glorot_uniform", &vector, &key);
    float largest = 0;
    for (size_t i = 0; i < 3000; i++)
        largest = fmaxf(largest, fabsf(values[i]));
    free(values);
    assert_true(largest <= sqrtf(3.0F / 3000) * 1.000001F && largest > 0.98F * sqrtf(3.0F / 3000));
    float value = 0;
    const stria_initializer glorot = initializer_of("glorot_uniform");
    for (uint64_t seed = 0; seed < 100; seed++) {
        stria_random_key other = key;
        other.seed = seed;
        stria_initialize(&glorot, &lone, &other, &value);
        assert_true(fabsf(value) <= sqrtf(3) * 1.000001F);
    }
}

static void test_means_and_constants(void **state)
{
    (void)state;
    const stria_shape shape = {2, {200, 100}};
    const struct {
        const char *text;
        double mean, largest_error;
    } cases[] = {
        {"random_uniform(1, 3)", 2, 5 * (1 / sqrt(3)) / sqrt(20000)},
        {"random_normal(-4, 0.5)", -4, 5 * 0.5 / sqrt(20000)},
        {"truncated_normal(2, 0.5)", 2, 5 * 0.5 * CUT / sqrt(20000)},
        {"constant(0.25)", 0.25, 0},
        {"constant", 0, 0},
        {"random_normal(7, 0)", 7, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float *values = draw(cases[i].text, &shape, &key);
        double sum = 0;
        for (size_t k = 0; k < 20000; k++)
            sum += (double)values[k];
        free(values);
        if (fabs(sum / 20000 - cases[i].mean) > cases[i].largest_error)
            fail_msg("%s: mean %g", cases[i].text, sum / 20000);
    }
}

static void test_identity(void **state)
{
    (void)state;
    const stria_shape shapes[] = {{2, {3, 5}}, {2, {5, 3}}, {2, {1, 1}}};
    for (size_t i = 0; i < 3; i++) {
        const size_t columns = (size_t)shapes[i].sizes[1];
        float *values = draw("identity(2)", &shapes[i], &key);
        for (size_t k = 0; k < count_of(&shapes[i]); k++)
            assert_true((double)values[k] == (k / columns == k % columns ? 2.0 : 0.0));
        free(values);
    }
}

/* The columns, or the rows where those are fewer, are orthogonal and of length gain. */
static void test_orthogonal(void **state)
{
    (void)state;
    const stria_shape shapes[] = {{2, {1, 1}},   {2, {7, 3}},   {2, {3, 7}},         {2, {150, 150}},
                                  {2, {300, 1}}, {2, {1, 300}}, {4, {3, 3, 20, 65}}, {4, {1, 1, 30, 200}}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const size_t columns = (size_t)shapes[i].sizes[shapes[i].rank - 1];
        const size_t rows = count_of(&shapes[i]) / columns, vectors = rows < columns ? rows : columns;
        const size_t length = rows < columns ? columns : rows;
        const size_t next = rows < columns ? columns : 1, along = rows < columns ? 1 : columns;
        float *values = draw("orthogonal(-3)", &shapes[i], &key);
        for (size_t a = 0; a < vectors; a++)
            for (size_t b = 0; b <= a; b++) {
                double product = 0;
                for (size_t k = 0; k < length; k++)
                    product += (double)values[a * next + k * along] * (double)values[b * next + k * along];
                if (fabs(product / 9 - (a == b ? 1 : 0)) > 1e-6)
                    fail_msg("case %zu: vectors %zu and %zu have the product %g", i, a, b, product);
            }
        free(values);
    }
}

/* All directions are equally likely: over many seeds the numbers of a 2x2 matrix have mean 0 and mean square
 * 1/2, within five standard errors. */
static void test_orthogonal_has_no_direction(void **state)
{
    (void)state;
    const stria_shape shape = {2, {2, 2}};
    double sums[4] = {0}, squares[4] = {0};
    for (uint64_t seed = 0; seed < 4000; seed++) {
        stria_random_key other = key;
        other.seed = seed;
        float *values = draw("orthogonal", &shape, &other);
        for (size_t i = 0; i < 4; i++) {
            sums[i] += (double)values[i];
            squares[i] += (double)values[i] * (double)values[i];
        }
        free(values);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_true(fabs(sums[i] / 4000) < 5 * sqrt(0.5 / 4000));
        assert_true(fabs(squares[i] / 4000 - 0.5) < 5 * sqrt(0.125 / 4000));
    }
}

static void test_shapes_that_do_not_fit(void **state)
{
    (void)state;
    const stria_shape vector = {1, {3}}, matrix = {2, {3, 4}}, kernel = {4, {3, 3, 1, 2}};
    const stria_initializer orthogonal = initializer_of("orthogonal"), identity = initializer_of("identity");
    stria_error err = {0};
    assert_int_equal(stria_initializer_check(&orthogonal, "bias", &vector, &err), STRIA_ERROR_SHAPE);
    assert_string_equal(err.message, "the initializer orthogonal needs two axes or more, and bias is 3");
    assert_int_equal(stria_initializer_check(&identity, "kernel", &kernel, &err), STRIA_ERROR_SHAPE);
    assert_non_null(strstr(err.message, "kernel is 3x3x1x2"));
    assert_int_equal(stria_initializer_check(&orthogonal, "kernel", &kernel, &err), STRIA_OK);
    assert_int_equal(stria_initializer_check(&identity, "kernel", &matrix, &err), STRIA_OK);
}

static void test_streams(void **state)
{
    (void)state;
    const stria_shape shape = {2, {20, 30}};
    float *first = draw("he_normal", &shape, &key), *again = draw("he_normal", &shape, &key);
    assert_memory_equal(first, again, 600 * sizeof *first);
    stria_random_key others[2] = {key, key};
    others[0].seed++;
    others[1].layer++;
    for (size_t k = 0; k < 2; k++) {
        float *other = draw("he_normal", &shape, &others[k]);
        size_t equal = 0;
        for (size_t i = 0; i < 600; i++)
            equal += memcmp(&first[i], &other[i], sizeof *first) == 0;
        assert_int_equal(equal, 0);
        free(other);
    }
    free(first);
    free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_random_normal_has_tails),
        cmocka_unit_test(test_uniform_is_even),
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_fans_of_low_ranks),
        cmocka_unit_test(test_means_and_constants),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_orthogonal),
        cmocka_unit_test(test_orthogonal_has_no_direction),
        cmocka_unit_test(test_shapes_that_do_not_fit),
        cmocka_unit_test(test_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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
    const stria_shape conv = {4, {3, 3, 64, 32}}, dense = {2, {200, 100}}, depthwise = {4, {3, 3, 2048, 1}};
    /* fan_in, fan_out: 576, 288; 200, 100; 18432, 9. */
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
        cmocka_unit_test(test_formulas),          cmocka_unit_test(test_random_normal_has_tails),
        cmocka_unit_test(test_uniform_is_even),   cmocka_unit_test(test_constants),
        cmocka_unit_test(test_fans_of_low_ranks), cmocka_unit_test(test_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The layers that draw while training: their statistics, and that draws depend on seed, step, layer and place
 * and on nothing else. Seeds are fixed, so that what is rare does not come up one day. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/layer.h"
#include "random_draws.h"
#include "support/check.h"

/* ---- What holds for all ---- */

/* A line of each, on an input that lets every draw be seen. */
typedef struct random_kind {
    const char *name, *arguments, *input;
} random_kind;

static const random_kind kinds[] = {
    {"dropout", "0.3", "40x30x3"},
    {"dropout", "0.3 noise_shape=1x30x3", "40x30x3"},
    {"spatial_dropout1d", "0.3", "40x50"},
    {"spatial_dropout2d", "0.3", "4x5x50"},
    {"spatial_dropout3d", "0.3", "2x4x5x50"},
    {"alpha_dropout", "0.3", "40x30x3"},
    {"gaussian_noise", "0.3", "40x30x3"},
    {"gaussian_dropout", "0.3", "40x30x3"},
    {"random_flip", "", "9x8x3"},
    {"random_rotation", "0.4", "9x8x3"},
    {"random_zoom", "0.3 0.4", "9x8x3"},
    {"random_translation", "0.3 0.4 fill_mode=wrap", "9x8x3"},
    {"random_shear", "0.3 0.4", "9x8x3"},
    {"random_perspective", "0.9", "9x8x3"},
    {"random_brightness", "0.3 value_range=0,1", "9x8x3"},
    {"random_contrast", "0.3 value_range=0,1", "9x8x3"},
    {"random_saturation", "0.8 value_range=0,1", "9x8x3"},
    {"random_hue", "0.8 value_range=0,1", "9x8x3"},
    {"random_color_degeneration", "0.8 value_range=0,1", "9x8x3"},
    {"random_grayscale", "", "9x8x3"},
    {"random_invert", "value_range=0,1", "9x8x3"},
    {"random_posterization", "8 value_range=0,1", "9x8x3"},
    {"solarization", "0.3 0.8 value_range=0,1", "9x8x3"},
    {"random_color_jitter", "brightness_factor=0.2 hue_factor=0.3 value_range=0,1", "9x8x3"},
    {"random_gaussian_blur", "", "9x8x3"},
    {"random_sharpness", "0.9 value_range=0,1", "9x8x3"},
    {"random_erasing", "value_range=0,1", "9x8x3"},
    {"mixup", "1", "40x30x3"},
    {"cutmix", "", "9x8x3"},
    {"rand_augment", "value_range=0,1 num_ops=3", "9x8x3"},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])
#define BATCH      6

static float *run_kind(const random_kind *kind, const char *more, const draws_options *options, size_t *count,
                       float **gradient)
{
    char text[256];
    snprintf(text, sizeof text, "input %s\n%s %s %s\n", kind->input, kind->name, kind->arguments, more);
    return run_draws(text, options, NULL, count, gradient);
}

static void assert_equal_numbers(const char *what, const float *a, const float *b, size_t count, bool equal)
{
    if ((memcmp(a, b, count * sizeof *a) == 0) != equal)
        fail_msg("%s: the numbers are %s", what, equal ? "not the same" : "the same");
}

static void test_threads(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        size_t count;
        float *gradient, *other_gradient;
        draws_options options = {.training = true, .threads = 1, .batch = BATCH, .seed = 3, .step = 7};
        float *one = run_kind(&kinds[k], "", &options, &count, &gradient);
        for (int threads = 2; threads <= 4; threads += 2) {
            options.threads = threads;
            float *many = run_kind(&kinds[k], "", &options, &count, &other_gradient);
            assert_equal_numbers(kinds[k].name, one, many, count, true);
            assert_equal_numbers(kinds[k].name, gradient, other_gradient, count, true);
            free(many);
            free(other_gradient);
        }
        free(one);
        free(gradient);
    }
}

static void test_streams(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        size_t count;
        const draws_options first = {.training = true, .batch = BATCH, .seed = 3, .step = 7};
        draws_options other = first;
        float *x = run_kind(&kinds[k], "", &first, &count, NULL);
        float *again = run_kind(&kinds[k], "", &first, &count, NULL);
        other.step = 8;
        float *step = run_kind(&kinds[k], "", &other, &count, NULL);
        other = first;
        other.seed = 4;
        float *seed = run_kind(&kinds[k], "", &other, &count, NULL);
        float *own = run_kind(&kinds[k], "seed=5", &first, &count, NULL);
        float *own_other = run_kind(&kinds[k], "seed=5", &other, &count, NULL);
        assert_equal_numbers(kinds[k].name, x, again, count, true);
        assert_equal_numbers(kinds[k].name, x, step, count, false);
        assert_equal_numbers(kinds[k].name, x, seed, count, false);
        assert_equal_numbers(kinds[k].name, x, own, count, false);
        assert_equal_numbers(kinds[k].name, own, own_other, count, true);
        free(x);
        free(again);
        free(step);
        free(seed);
        free(own);
        free(own_other);
    }
}

/* Two layers of one model, beside each other, with and without a seed of their own. */
static void test_layers_differ(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++)
        for (int seeded = 0; seeded < 2; seeded++) {
            char text[256];
            const char *seed = seeded ? "seed=5" : "";
            snprintf(text, sizeof text, "x = input %s\na = %s(x) %s %s\nb = %s(x) %s %s\noutput(a, b)\n",
                     kinds[k].input, kinds[k].name, kinds[k].arguments, seed, kinds[k].name,
                     kinds[k].arguments, seed);
            size_t count;
            const draws_options options = {.training = true, .batch = BATCH, .seed = 3};
            float *numbers = run_draws(text, &options, NULL, &count, NULL);
            assert_equal_numbers(kinds[k].name, numbers, numbers + count / 2, count / 2, false);
            free(numbers);
        }
}

static void test_inference_is_the_identity(void **state)
{
    (void)state;
    for (size_t k = 0; k < KIND_COUNT; k++) {
        char text[64];
        size_t count;
        const draws_options options = {.batch = BATCH};
        snprintf(text, sizeof text, "input %s\n", kinds[k].input);
        float *x = run_draws(text, &options, NULL, &count, NULL);
        float *y = run_kind(&kinds[k], "", &options, &count, NULL);
        assert_equal_numbers(kinds[k].name, x, y, count, true);
        free(x);
        free(y);
    }
}

/* ---- Dropout and noise ---- */

static float *run_on(const char *text, float value, size_t numbers, int64_t batch, size_t *count)
{
    const draws_options options = {.training = true, .batch = batch, .seed = 11};
    float *x = filled(numbers * (size_t)batch, value);
    float *y = run_draws(text, &options, x, count, NULL);
    free(x);
    return y;
}

/* Draws are those of whole groups: all numbers of a group are dropped or none is, and 30 % of the groups are.
 */
static void test_shared_draws(void **state)
{
    (void)state;
    const struct {
        const char *text;
        size_t outer, shared, inner; /* a sample is [outer, shared, inner]; draws are for outer and inner */
    } cases[] = {
        {"input 4x500\nspatial_dropout1d 0.3\n", 1, 4, 500},
        {"input 3x4x500\nspatial_dropout2d 0.3\n", 1, 12, 500},
        {"input 2x3x4x500\nspatial_dropout3d 0.3\n", 1, 24, 500},
        {"input 50x6x20\ndropout 0.3 noise_shape=?x1x20\n", 50, 6, 20},
        {"input 50x20x6\ndropout 0.3 noise_shape=50x20x1\n", 1000, 6, 1},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const size_t outer = 4 * cases[c].outer, shared = cases[c].shared, inner = cases[c].inner;
        size_t count, dropped = 0;
        float *y = run_on(cases[c].text, 1, cases[c].outer * shared * inner, 4, &count);
        assert_int_equal(count, outer * shared * inner);
        for (size_t o = 0; o < outer; o++)
            for (size_t i = 0; i < inner; i++) {
                const float *group = y + o * shared * inner + i;
                const bool zero = group[0] >= 0 && group[0] <= 0;
                dropped += zero;
                for (size_t s = 0; s < shared; s++)
                    if (fabsf(group[s * inner] - (zero ? 0 : 1 / 0.7F)) > 1e-6F)
                        fail_msg("%s: %g in a group that begins with %g", cases[c].text,
                                 (double)group[s * inner], (double)group[0]);
            }
        const double share = (double)dropped / (double)(outer * inner);
        if (fabs(share - 0.3) > 5 * sqrt(0.21 / (double)(outer * inner)))
            fail_msg("%s: %g are dropped", cases[c].text, share);
        free(y);
    }
}

static void test_gaussian(void **state)
{
    (void)state;
    size_t count;
    double mean, variance;
    float *y = run_on("input 40000\ngaussian_noise 0.5\n", 2, 40000, 1, &count);
    moments(y, count, &mean, &variance);
    assert_true(fabs(mean - 2) < 5 * 0.5 / 200 && fabs(variance - 0.25) < 5 * 0.25 * sqrt(2.0 / 40000));
    free(y);
    /* rate 0.2: factors of variance 0.25. */
    y = run_on("input 40000\ngaussian_dropout 0.2\n", 2, 40000, 1, &count);
    moments(y, count, &mean, &variance);
    assert_true(fabs(mean - 2) < 5.0 / 200 && fabs(variance - 1) < 5 * sqrt(2.0 / 40000));
    free(y);
}

/* Mean 0 and variance 1 stay, and what is dropped has one value. */
static void test_alpha_dropout(void **state)
{
    (void)state;
    size_t count, dropped = 0;
    double mean, variance;
    float *noise = run_on("input 40000\ngaussian_noise 1\n", 0, 40000, 1, &count);
    const draws_options options = {.training = true, .seed = 12};
    float *y = run_draws("input 40000\nalpha_dropout 0.2\n", &options, noise, &count, NULL);
    moments(y, count, &mean, &variance);
    assert_true(fabs(mean) < 0.025 && fabs(variance - 1) < 0.05);
    const double floor_value = -1.7580993408473766;
    const double a = 1 / sqrt(0.8 * (1 + 0.2 * floor_value * floor_value)), b = -a * floor_value * 0.2;
    for (size_t i = 0; i < count; i++) {
        const bool kept = fabs((double)y[i] - (a * (double)noise[i] + b)) < 1e-5;
        dropped += !kept;
        assert_true(kept || fabs((double)y[i] - (a * floor_value + b)) < 1e-5);
    }
    assert_in_range(dropped, 8000 - 400, 8000 + 400);
    free(noise);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),       cmocka_unit_test(test_streams),
        cmocka_unit_test(test_layers_differ), cmocka_unit_test(test_inference_is_the_identity),
        cmocka_unit_test(test_shared_draws),  cmocka_unit_test(test_gaussian),
        cmocka_unit_test(test_alpha_dropout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

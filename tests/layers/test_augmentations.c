/* What the augmentations draw: every bound is reached, none is passed, all between is as likely. Pictures are
 * made so that the drawn number can be read off the output. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "random_draws.h"
#include "support/check.h"

#define SAMPLES 4000

/* Runs a layer on SAMPLES copies of a picture of `numbers` numbers. */
static float *run_copies(const char *text, const float *picture, size_t numbers, size_t *count)
{
    const draws_options options = {.training = true, .threads = 2, .batch = SAMPLES, .seed = 21};
    float *x = filled(SAMPLES * numbers, 0);
    for (size_t i = 0; i < SAMPLES * numbers; i++)
        x[i] = picture[i % numbers];
    float *y = run_draws(text, &options, x, count, NULL);
    free(x);
    return y;
}

/* A picture of 9x9 whose two channels are the column and the row, from the middle. */
#define SIDE 9
#define RAMP (SIDE * SIDE * 2)

static void fill_ramp(float picture[RAMP])
{
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j < SIDE; j++) {
            picture[2 * (i * SIDE + j)] = (float)j - 4;
            picture[2 * (i * SIDE + j) + 1] = (float)i - 4;
        }
}

/* Where output (column, row) of sample n comes from. */
typedef struct place {
    double column, row;
} place;

static place place_of(const float *y, size_t n, size_t column, size_t row)
{
    const float *at = y + n * RAMP + 2 * (row * SIDE + column);
    return (place){(double)at[0], (double)at[1]};
}

static float *run_ramp(const char *line)
{
    char text[200];
    float picture[RAMP];
    size_t count;
    fill_ramp(picture);
    snprintf(text, sizeof text, "input 9x9x2\n%s\n", line);
    float *y = run_copies(text, picture, RAMP, &count);
    assert_int_equal(count, SAMPLES * RAMP);
    return y;
}

static void test_rotation(void **state)
{
    (void)state;
    double angles[SAMPLES];
    float *y = run_ramp("random_rotation -0.1,0.25");
    for (size_t n = 0; n < SAMPLES; n++) {
        const place p = place_of(y, n, 6, 4);
        assert_true(fabs(hypot(p.column, p.row) - 2) < 1e-4);
        angles[n] = atan2(p.row, p.column) / 6.283185307179586;
    }
    assert_uniform("share of a turn", angles, SAMPLES, -0.1, 0.25);
    free(y);
}

/* A quarter counter-clockwise: what was right is above. */
static void test_direction(void **state)
{
    (void)state;
    float *y = run_ramp("random_rotation 0.25,0.25");
    const place above = place_of(y, 0, 4, 1);
    assert_true(fabs(above.column - 3) < 1e-4 && fabs(above.row) < 1e-4);
    free(y);
}

static void test_zoom(void **state)
{
    (void)state;
    double rows[SAMPLES], columns[SAMPLES];
    float *y = run_ramp("random_zoom 0.3 -0.5,0.2");
    for (size_t n = 0; n < SAMPLES; n++) {
        columns[n] = place_of(y, n, 6, 4).column / 2 - 1;
        rows[n] = place_of(y, n, 4, 6).row / 2 - 1;
    }
    assert_uniform("rows", rows, SAMPLES, -0.3, 0.3);
    assert_uniform("columns", columns, SAMPLES, -0.5, 0.2);
    free(y);
    /* One factor keeps the aspect. */
    y = run_ramp("random_zoom 0.3");
    for (size_t n = 0; n < SAMPLES; n++)
        assert_true(fabs(place_of(y, n, 6, 4).column - place_of(y, n, 4, 6).row) < 1e-5);
    free(y);
}

static void test_translation(void **state)
{
    (void)state;
    double down[SAMPLES], right[SAMPLES];
    float *y = run_ramp("random_translation 0.3 -0.1,0.4");
    for (size_t n = 0; n < SAMPLES; n++) {
        const place p = place_of(y, n, 4, 4);
        down[n] = -p.row / SIDE;
        right[n] = -p.column / SIDE;
    }
    assert_uniform("down", down, SAMPLES, -0.3, 0.3);
    assert_uniform("right", right, SAMPLES, -0.1, 0.4);
    free(y);
}

/* Column moves by f * row, row by g * column, counted from the corner; both have the same sign. */
static void test_shear(void **state)
{
    (void)state;
    double columns[SAMPLES];
    size_t positive = 0;
    float *y = run_ramp("random_shear 0.1,0.3 0.2");
    for (size_t n = 0; n < SAMPLES; n++) {
        columns[n] = place_of(y, n, 4, 4).column / 4;
        positive += columns[n] > 0;
        columns[n] = fabs(columns[n]);
    }
    assert_uniform("columns for a row", columns, SAMPLES, 0.1, 0.3);
    assert_in_range(positive, SAMPLES / 2 - 160, SAMPLES / 2 + 160);
    free(y);
}

/* The first corner stays, the first row and column stay on their lines, and columns stay in order. */
static void test_perspective(void **state)
{
    (void)state;
    size_t moved = 0;
    float *y = run_ramp("random_perspective 1,1 scale=0.2 fill_value=-100");
    for (size_t n = 0; n < SAMPLES; n++) {
        for (size_t k = 0; k < SIDE; k++) {
            const place top = place_of(y, n, k, 0), left = place_of(y, n, 0, k);
            if (top.column > -50 && k < SIDE - 2)
                assert_true(fabs(top.row + 4) < 1e-3);
            if (left.row > -50 && k < SIDE - 2)
                assert_true(fabs(left.column + 4) < 1e-3);
            if (k > 0 && k < SIDE - 2)
                assert_true(top.column > place_of(y, n, k - 1, 0).column);
        }
        moved += fabs(place_of(y, n, 4, 4).column) > 1e-3;
    }
    assert_true(moved > SAMPLES * 19 / 20);
    free(y);
}

static void test_flip(void **state)
{
    (void)state;
    static const char *const modes[] = {"horizontal", "vertical", "horizontal_and_vertical"};
    for (int mode = 0; mode < 3; mode++) {
        char line[64];
        size_t flipped = 0;
        snprintf(line, sizeof line, "random_flip %s", modes[mode]);
        float *y = run_ramp(line);
        for (size_t n = 0; n < SAMPLES; n++) {
            const place p = place_of(y, n, 0, 0);
            const bool turned = mode == 1 ? p.row > 0 : p.column > 0;
            flipped += turned;
            assert_true(fabs(p.column - (turned && mode != 1 ? 4 : -4)) < 1e-6);
            assert_true(fabs(p.row - (turned && mode != 0 ? 4 : -4)) < 1e-6);
        }
        assert_in_range(flipped, SAMPLES / 2 - 160, SAMPLES / 2 + 160);
        free(y);
    }
}

/* Every window is as likely in training; inference takes the middle. */
static void test_crop(void **state)
{
    (void)state;
    float picture[RAMP];
    size_t count, places[4][6] = {{0}};
    fill_ramp(picture);
    float *y = run_copies("input 9x9x2\nrandom_crop 6 4\n", picture, RAMP, &count);
    assert_int_equal(count, SAMPLES * 6 * 4 * 2);
    for (size_t n = 0; n < SAMPLES; n++) {
        const float *first = y + n * 48, *last = first + 46;
        const size_t column = (size_t)(first[0] + 4.5F), row = (size_t)(first[1] + 4.5F);
        assert_true(row < 4 && column < 6);
        assert_true(fabsf(last[0] - first[0] - 3) < 1e-6F && fabsf(last[1] - first[1] - 5) < 1e-6F);
        places[row][column]++;
    }
    for (size_t r = 0; r < 4; r++)
        for (size_t c = 0; c < 6; c++)
            assert_in_range(places[r][c], SAMPLES / 24 - 65, SAMPLES / 24 + 65);
    free(y);
    const draws_options inference = {.batch = 1};
    y = run_draws("input 9x9x2\nrandom_crop 6 4\n", &inference, picture, &count, NULL);
    assert_true(fabsf(y[0] - (2 - 4)) < 1e-6F && fabsf(y[1] - (1 - 4)) < 1e-6F);
    free(y);
}

/* A box inside the picture, as long as it says, in the share of pictures that it says. */
static void test_erasing(void **state)
{
    (void)state;
    const size_t numbers = 40 * 50;
    float *picture = filled(numbers, 1), *y;
    size_t count, erased = 0;
    double widths[SAMPLES];
    y = run_copies("input 40x50x1\nrandom_erasing 0.5 scale=0.04,0.25 fill_value=7\n", picture, numbers,
                   &count);
    for (size_t n = 0; n < SAMPLES; n++) {
        const float *at = y + n * numbers;
        size_t area = 0, top = 40, bottom = 0, left = 50, right = 0;
        for (size_t e = 0; e < numbers; e++)
            if (at[e] > 1) {
                area++;
                top = e / 50 < top ? e / 50 : top;
                bottom = e / 50 + 1;
                left = e % 50 < left ? e % 50 : left;
                right = e % 50 + 1 > right ? e % 50 + 1 : right;
            }
        if (area == 0)
            continue;
        assert_int_equal(area, (bottom - top) * (right - left));
        assert_in_range(right - left, 10, 25);
        assert_in_range(bottom - top, 8, 20);
        widths[erased++] = (double)(right - left);
    }
    /* Probabilities are uniform in 0 ... 0.5. */
    assert_in_range(erased, SAMPLES / 4 - 140, SAMPLES / 4 + 140);
    double mean = 0;
    for (size_t n = 0; n < erased; n++)
        mean += widths[n] / (double)erased;
    /* 50 times the mean of sqrt(s), s uniform in 0.04 ... 0.25: 50 * 2/3 * (0.125 - 0.008) / 0.21. */
    assert_true(fabs(mean - 18.57) < 0.7);
    free(y);
    y = run_copies("input 40x50x1\nrandom_erasing 1,1 scale=1,1 value_range=-3,2\n", picture, numbers,
                   &count);
    double average, variance;
    moments(y, numbers, &average, &variance);
    /* Normal of deviation 2, held in -3 ... 2. */
    assert_true(fabs(average + 0.104) < 0.2 && variance > 2 && variance < 3.2);
    free(y);
    free(picture);
}

static void test_colors(void **state)
{
    (void)state;
    const struct {
        const char *what, *text;
        float picture[3];
        size_t numbers;
        double low, high;
    } cases[] = {
        {"brightness", "input 1x1x1\nrandom_brightness 0.25 value_range=-2,2\n", {0.5F}, 1, -0.5, 1.5},
        {"contrast", "input 1x2x1\nrandom_contrast 0.5 value_range=-2,2\n", {1, -1}, 2, 0.5, 1.5},
        {"contrast of two", "input 1x2x1\nrandom_contrast 0.2,0.5 value_range=-2,2\n", {1, -1}, 2, 0.8, 1.5},
        {"degeneration",
         "input 1x1x3\nrandom_color_degeneration 0,0.5 value_range=0,1\n",
         {1, 0, 0},
         3,
         1 - 0.5 * (1 - 0.2989),
         1},
        {"sharpness", "input 1x1x1\nrandom_sharpness 0.2,0.4 value_range=0,13\n", {13}, 1, 8.2, 11.4},
        {"jitter",
         "input 1x1x1\nrandom_color_jitter brightness_factor=0.25 value_range=-2,2\n",
         {0.5F},
         1,
         -0.5,
         1.5},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        size_t count;
        double drawn[SAMPLES];
        float *y = run_copies(cases[c].text, cases[c].picture, cases[c].numbers, &count);
        for (size_t n = 0; n < SAMPLES; n++)
            drawn[n] = (double)y[n * cases[c].numbers];
        assert_uniform(cases[c].what, drawn, SAMPLES, cases[c].low, cases[c].high);
        free(y);
    }
}

/* Pure red turned: the hue is read from green (towards yellow) or blue (towards magenta). */
static void test_hue_and_saturation(void **state)
{
    (void)state;
    const float red[3] = {1, 0, 0}, pale[3] = {1, 0.5F, 0.5F};
    size_t count;
    double drawn[SAMPLES];
    float *y = run_copies("input 1x1x3\nrandom_hue 0.3 value_range=0,1\n", red, 3, &count);
    for (size_t n = 0; n < SAMPLES; n++) {
        assert_true(y[3 * n] > 0.999F);
        drawn[n] = ((double)y[3 * n + 1] - (double)y[3 * n + 2]) / 6;
    }
    assert_uniform("hue", drawn, SAMPLES, -0.15, 0.15);
    free(y);
    y = run_copies("input 1x1x3\nrandom_saturation 0.2,0.6 value_range=0,1\n", pale, 3, &count);
    for (size_t n = 0; n < SAMPLES; n++) {
        const double times = 2 * (1 - (double)y[3 * n + 1]);
        drawn[n] = times / (1 + times);
    }
    assert_uniform("saturation", drawn, SAMPLES, 0.2, 0.6);
    free(y);
}

static void test_shares(void **state)
{
    (void)state;
    const struct {
        const char *text;
        double share; /* of pictures that change */
    } cases[] = {
        {"input 1x1x3\nrandom_grayscale 0.3\n", 0.3},
        {"input 1x1x3\nrandom_invert 0.6 value_range=0,1\n", 0.3},
        {"input 1x1x3\nrandom_invert 0.2,0.6 value_range=0,1\n", 0.4},
        {"input 1x1x3\nrandom_gaussian_blur 1 kernel_size=3 sigma=0.5,1\n", 0.5},
    };
    const float picture[3] = {0.9F, 0.2F, 0.3F};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        size_t count, changed = 0;
        float *y = run_copies(cases[c].text, picture, 3, &count);
        for (size_t n = 0; n < SAMPLES; n++)
            changed += fabsf(y[3 * n] - 0.9F) > 1e-6F;
        if (fabs((double)changed / SAMPLES - cases[c].share) > 5 * sqrt(0.25 / SAMPLES))
            fail_msg("%s: %zu of %d change", cases[c].text, changed, SAMPLES);
        free(y);
    }
}

/* Bits 1 to 4 of a value with all bits set, as often each. */
static void test_posterization(void **state)
{
    (void)state;
    const float picture[1] = {255};
    size_t count, bits[9] = {0};
    float *y = run_copies("input 1x1x1\nrandom_posterization 5\n", picture, 1, &count);
    for (size_t n = 0; n < SAMPLES; n++)
        for (unsigned b = 1; b <= 8; b++)
            bits[b] += fabsf(y[n] - (float)(256 - (1 << (8 - b)))) < 0.1F;
    for (size_t b = 1; b <= 8; b++)
        assert_in_range(bits[b] + 140, b < 5 ? 1000 : 140, b < 5 ? 1280 : 140);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotation),      cmocka_unit_test(test_direction),
        cmocka_unit_test(test_zoom),          cmocka_unit_test(test_translation),
        cmocka_unit_test(test_shear),         cmocka_unit_test(test_perspective),
        cmocka_unit_test(test_flip),          cmocka_unit_test(test_crop),
        cmocka_unit_test(test_erasing),       cmocka_unit_test(test_colors),
        cmocka_unit_test(test_shares),        cmocka_unit_test(test_hue_and_saturation),
        cmocka_unit_test(test_posterization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

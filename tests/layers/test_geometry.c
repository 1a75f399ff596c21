/* Window arithmetic: textbook numbers, Keras's rule for "same", and every small axis against counting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "layers/geometry.h"

#define VALID    STRIA_PADDING_VALID
#define SAME     STRIA_PADDING_SAME
#define CAUSAL   STRIA_PADDING_CAUSAL
#define EXPLICIT STRIA_PADDING_EXPLICIT

/* ---- One axis ---- */

typedef struct axis_case {
    const char *what;
    int64_t in, kernel, stride, dilation;
    stria_padding_mode padding;
    int64_t pad_before, pad_after; /* asked for, when explicit */
    int64_t out, before, after;
} axis_case;

static const axis_case axis_cases[] = {
    {"3 on 256", 256, 3, 1, 1, VALID, 0, 0, 254, 0, 0},
    {"5 on 256", 256, 5, 1, 1, VALID, 0, 0, 252, 0, 0},
    {"5 on 256, stride 3", 256, 5, 3, 1, VALID, 0, 0, 84, 0, 0},
    {"5 on 256, stride 3, same", 256, 5, 3, 1, SAME, 0, 0, 86, 2, 2},
    {"3 on 84, stride 3", 84, 3, 3, 1, VALID, 0, 0, 28, 0, 0},
    {"3 on 28, stride 2", 28, 3, 2, 1, VALID, 0, 0, 13, 0, 0},
    {"5 on 254, stride 3", 254, 5, 3, 1, VALID, 0, 0, 84, 0, 0},
    {"5 on 84, stride 3, same", 84, 5, 3, 1, SAME, 0, 0, 28, 1, 1},
    {"8 on 32, stride 2, one zero on each side", 32, 8, 2, 1, EXPLICIT, 1, 1, 14, 1, 1},
    {"8 on 32, stride 2, same", 32, 8, 2, 1, SAME, 0, 0, 16, 3, 3},
    {"8 on 32, stride 2", 32, 8, 2, 1, VALID, 0, 0, 13, 0, 0},
    {"7 on 70", 70, 7, 1, 1, VALID, 0, 0, 64, 0, 0},
    {"7 on 120", 120, 7, 1, 1, VALID, 0, 0, 114, 0, 0},
    {"7 on 70, same", 70, 7, 1, 1, SAME, 0, 0, 70, 3, 3},
    {"7 on 70, stride 2, same: the odd zero at the end", 70, 7, 2, 1, SAME, 0, 0, 35, 2, 3},
    {"7 on 120, stride 2, same", 120, 7, 2, 1, SAME, 0, 0, 60, 2, 3},
    {"7 on 70, stride 2: the last row is left out", 70, 7, 2, 1, VALID, 0, 0, 32, 0, 0},
    {"7 on 120, stride 2", 120, 7, 2, 1, VALID, 0, 0, 57, 0, 0},
    {"5 on 150, same", 150, 5, 1, 1, SAME, 0, 0, 150, 2, 2},
    {"3 on 7", 7, 3, 1, 1, VALID, 0, 0, 5, 0, 0},
    {"3 on 7, same", 7, 3, 1, 1, SAME, 0, 0, 7, 1, 1},
    {"3 on 5, stride 2, same", 5, 3, 2, 1, SAME, 0, 0, 3, 1, 1},
    {"3 on 7, stride 2, same", 7, 3, 2, 1, SAME, 0, 0, 4, 1, 1},
    {"5 on 28, same: LeNet-5's first layer", 28, 5, 1, 1, SAME, 0, 0, 28, 2, 2},
    {"2 on 7, stride 2: pooling drops the last", 7, 2, 2, 1, VALID, 0, 0, 3, 0, 0},
    {"3 on 3 at distance 2, same", 3, 3, 1, 2, SAME, 0, 0, 3, 2, 2},
    {"3 on 9 at distance 2", 9, 3, 1, 2, VALID, 0, 0, 5, 0, 0},
    {"1 on 5, stride 3, same: nothing to pad", 5, 1, 3, 1, SAME, 0, 0, 2, 0, 0},
    {"zeros at the end only", 4, 3, 2, 1, EXPLICIT, 0, 1, 2, 0, 1},
    {"the window is all padding and one number", 1, 5, 1, 1, EXPLICIT, 2, 2, 1, 2, 2},
    {"a window much larger than its input, same", 1, 7, 1, 1, SAME, 0, 0, 1, 3, 3},
    {"3 on 10, causal", 10, 3, 1, 1, CAUSAL, 0, 0, 10, 2, 0},
    {"3 on 10 at distance 2, causal", 10, 3, 1, 2, CAUSAL, 0, 0, 10, 4, 0},
    {"3 on 10, stride 2, causal", 10, 3, 2, 1, CAUSAL, 0, 0, 5, 2, 0},
    {"3 on 9, stride 4, causal", 9, 3, 4, 1, CAUSAL, 0, 0, 3, 2, 0},
    {"even window, same", 6, 4, 1, 1, SAME, 0, 0, 6, 1, 2},
};

static void test_axis_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof axis_cases / sizeof axis_cases[0]; i++) {
        const axis_case *c = &axis_cases[i];
        stria_axis axis = {.in = c->in, .kernel = c->kernel, .stride = c->stride, .dilation = c->dilation};
        stria_error err = {0};
        stria_status status =
            stria_axis_solve(&axis, c->padding, c->pad_before, c->pad_after, "height", &err);
        if (status != STRIA_OK || axis.out != c->out || axis.before != c->before || axis.after != c->after)
            fail_msg("%s: out %lld padding %lld,%lld (%s), not out %lld padding %lld,%lld", c->what,
                     (long long)axis.out, (long long)axis.before, (long long)axis.after, err.message,
                     (long long)c->out, (long long)c->before, (long long)c->after);
    }
}

/* Every length of a transposed convolution that Keras gives for small sizes, and how many outputs it leaves
 * out in front (tests/golden/weighted/make_weighted.py). Where Keras refuses, what its own formula says
 * holds. */
static void test_transposed_lengths(void **state)
{
    (void)state;
    FILE *file = fopen(STRIA_TEST_DATA "/golden/weighted/lengths.txt", "r");
    assert_non_null(file);
    char line[128], word[8];
    size_t compared = 0, refused = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        long long n, kernel, stride, dilation, more, length, before;
        assert_int_equal(sscanf(line, "%lld %lld %lld %lld %7s %lld %lld %lld", &n, &kernel, &stride,
                                &dilation, word, &more, &length, &before),
                         8);
        stria_axis axis = {.out = n, .kernel = kernel, .stride = stride, .dilation = dilation};
        stria_error err = {0};
        const stria_padding_mode mode = strcmp(word, "same") == 0 ? SAME : VALID;
        stria_status status = stria_axis_transpose(&axis, mode, 0, 0, more, "length", &err);
        if (length == 0) {
            const long long formula = (n - 1) * stride + ((kernel - 1) * dilation + 1) % 2 + more;
            assert_true(mode == SAME && (status == STRIA_OK ? axis.in == formula : formula == 0));
            refused++;
            continue;
        }
        if (status != STRIA_OK || axis.in != length || (before >= 0 && axis.before != before))
            fail_msg("length %lld without the first %lld, not: %s", (long long)axis.in,
                     (long long)axis.before, line);
        /* The convolution over that length gives the input's. */
        stria_axis back = {.in = length, .kernel = kernel, .stride = stride, .dilation = dilation};
        assert_int_equal(stria_axis_solve(&back, EXPLICIT, axis.before, axis.after, "length", &err),
                         STRIA_OK);
        assert_int_equal(back.out, n);
        compared++;
    }
    fclose(file);
    assert_int_equal(compared, 850);
    assert_int_equal(refused, 50);
}

/* How many positions a window has between -before and in+after, by trying them all. */
static int64_t positions(int64_t in, int64_t extent, int64_t stride, int64_t before, int64_t after)
{
    int64_t count = 0;
    for (int64_t start = -before; start + extent <= in + after; start += stride)
        count++;
    return count;
}

static void test_axis_against_counting(void **state)
{
    (void)state;
    long tried = 0;
    for (int64_t in = 1; in <= 13; in++)
        for (int64_t kernel = 1; kernel <= 6; kernel++)
            for (int64_t stride = 1; stride <= 5; stride++)
                for (int64_t dilation = 1; dilation <= 3; dilation++)
                    for (int64_t pad = -2; pad <= 3;
                         pad++) { /* -2 valid, -1 same, else explicit pad, pad + 1 */
                        const int64_t extent = (kernel - 1) * dilation + 1;
                        const stria_padding_mode mode = pad == -2 ? VALID : pad == -1 ? SAME : EXPLICIT;
                        stria_axis a = {.in = in, .kernel = kernel, .stride = stride, .dilation = dilation};
                        stria_error err = {0};
                        const int64_t before = pad < 0 ? 0 : pad, after = pad < 0 ? 0 : pad + 1;
                        stria_status status = stria_axis_solve(&a, mode, before, after, "width", &err);
                        tried++;
                        if (mode == SAME) {
                            /* One output for every stride-th input, and no more zeros than the last window
                             * needs. */
                            int64_t total = ((in + stride - 1) / stride - 1) * stride + extent - in;
                            if (total < 0)
                                total = 0;
                            assert_int_equal(status, STRIA_OK);
                            assert_int_equal(a.out, (in + stride - 1) / stride);
                            assert_int_equal(a.before, total / 2);
                            assert_int_equal(a.after, total - total / 2);
                            if (total > 0)
                                assert_int_equal(positions(in, extent, stride, a.before, a.after), a.out);
                            continue;
                        }
                        const int64_t expected = positions(in, extent, stride, before, after);
                        if (expected == 0) {
                            assert_int_equal(status, STRIA_ERROR_SHAPE);
                            assert_non_null(strstr(err.message, "width"));
                        } else {
                            assert_int_equal(status, STRIA_OK);
                            assert_int_equal(a.out, expected);
                            assert_int_equal(a.before, before);
                            assert_int_equal(a.after, after);
                        }
                    }
    assert_int_equal(tried, 13 * 6 * 5 * 3 * 6);
}

static void test_open_axis(void **state)
{
    (void)state;
    stria_axis axis = {
        .in = STRIA_ANY_SIZE, .kernel = 3, .stride = 2, .dilation = 1, .before = 9, .after = 9};
    assert_int_equal(stria_axis_solve(&axis, SAME, 0, 0, "height", NULL), STRIA_OK);
    assert_int_equal(axis.out, STRIA_ANY_SIZE);
    assert_int_equal(axis.before, 0);
    assert_int_equal(axis.after, 0);
    assert_int_equal(stria_axis_solve(&axis, EXPLICIT, 1, 2, "height", NULL), STRIA_OK);
    assert_int_equal(axis.out, STRIA_ANY_SIZE);
    assert_int_equal(axis.before, 1);
    assert_int_equal(axis.after, 2);
}

static void test_axis_refusals(void **state)
{
    (void)state;
    const int64_t huge = INT64_MAX;
    const struct {
        stria_axis axis;
        stria_padding_mode padding;
        int64_t before, after;
        stria_status status;
        const char *says; /* a piece of the message */
    } cases[] = {
        {{.in = 4, .kernel = 5, .stride = 1, .dilation = 1}, VALID, 0, 0, STRIA_ERROR_SHAPE, "4"},
        {{.in = 4, .kernel = 3, .stride = 1, .dilation = 2}, VALID, 0, 0, STRIA_ERROR_SHAPE, "dist"},
        {{.in = 2, .kernel = 7, .stride = 1, .dilation = 1}, EXPLICIT, 2, 2, STRIA_ERROR_SHAPE, "padding"},
        {{.in = 4, .kernel = 0, .stride = 1, .dilation = 1}, VALID, 0, 0, STRIA_ERROR_VALUE, "0"},
        {{.in = 4, .kernel = 1, .stride = 0, .dilation = 1}, SAME, 0, 0, STRIA_ERROR_VALUE, "stride"},
        {{.in = 4, .kernel = 1, .stride = 1, .dilation = -1}, SAME, 0, 0, STRIA_ERROR_VALUE, "dilation"},
        {{.in = 4, .kernel = 1, .stride = 1, .dilation = 1}, EXPLICIT, -1, 0, STRIA_ERROR_VALUE, "padding"},
        {{.in = 0, .kernel = 1, .stride = 1, .dilation = 1}, SAME, 0, 0, STRIA_ERROR_VALUE, "input"},
        {{.in = 4, .kernel = huge, .stride = 1, .dilation = 1}, SAME, 0, 0, STRIA_ERROR_LIMIT, "window"},
        {{.in = 4, .kernel = 2, .stride = 1, .dilation = huge}, SAME, 0, 0, STRIA_ERROR_LIMIT, "dilation"},
        {{.in = 4, .kernel = 2, .stride = huge, .dilation = 1}, VALID, 0, 0, STRIA_ERROR_LIMIT, "stride"},
        {{.in = 4, .kernel = 2, .stride = 1, .dilation = 1},
         EXPLICIT,
         huge,
         huge,
         STRIA_ERROR_LIMIT,
         "padding"},
        {{.in = huge, .kernel = 2, .stride = 1, .dilation = 1}, SAME, 0, 0, STRIA_ERROR_LIMIT, "input"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        stria_axis axis = cases[i].axis;
        stria_error err = {0};
        stria_status status =
            stria_axis_solve(&axis, cases[i].padding, cases[i].before, cases[i].after, "height", &err);
        if (status != cases[i].status || strstr(err.message, cases[i].says) == NULL ||
            strstr(err.message, "height") == NULL)
            fail_msg("case %zu: status %d, message \"%s\" does not say \"%s\" and \"height\"", i, (int)status,
                     err.message, cases[i].says);
        assert_int_equal(err.code, cases[i].status);
    }
}

/* ---- Windows ---- */

static void test_picture_window(void **state)
{
    (void)state;
    const stria_shape input = {3, {70, 121, 3}};
    const stria_sizes kernel = {2, {7, 4}}, strides = {1, {2}}, dilation = {2, {1, 3}};
    const stria_padding padding = {.mode = EXPLICIT, .count = 4, .values = {1, 2, 0, 3}};
    stria_axis axes[3];
    stria_window w;
    assert_int_equal(stria_window_solve(&input, &kernel, &strides, &dilation, &padding, axes, &w, NULL),
                     STRIA_OK);
    /* rows: (70 + 3 - 7) / 2 + 1; columns: extent 10, (121 + 3 - 10) / 2 + 1 */
    const stria_window expected = {.in = {1, 70, 121},
                                   .out = {1, 34, 58},
                                   .kernel = {1, 7, 4},
                                   .stride = {1, 2, 2},
                                   .dilation = {1, 1, 3},
                                   .before = {0, 1, 0}};
    assert_memory_equal(&w, &expected, sizeof w);
    assert_int_equal(axes[0].after, 2);
    assert_int_equal(axes[1].after, 3);

    const stria_padding by_axis = {.mode = EXPLICIT, .count = 2, .values = {1, 2}};
    assert_int_equal(stria_window_solve(&input, &kernel, &strides, &dilation, &by_axis, axes, NULL, NULL),
                     STRIA_OK);
    assert_int_equal(axes[0].before, 1);
    assert_int_equal(axes[0].after, 1);
    assert_int_equal(axes[1].before, 2);
    assert_int_equal(axes[1].after, 2);
}

static void test_open_window(void **state)
{
    (void)state;
    const stria_shape input = {3, {STRIA_ANY_SIZE, 8, 3}};
    const stria_sizes three = {1, {3}}, one = {1, {1}};
    const stria_padding valid = {.mode = VALID};
    stria_axis axes[3];
    stria_window w, untouched;
    memset(&w, 0x5a, sizeof w);
    untouched = w;
    assert_int_equal(stria_window_solve(&input, &three, &one, &one, &valid, axes, &w, NULL), STRIA_OK);
    assert_int_equal(axes[0].out, STRIA_ANY_SIZE);
    assert_int_equal(axes[1].out, 6);
    assert_memory_equal(&w, &untouched, sizeof w);
}

static void test_window_refusals(void **state)
{
    (void)state;
    const stria_shape input = {3, {8, 8, 3}};
    const stria_sizes one = {1, {1}}, three = {3, {1, 1, 1}}, nine = {2, {3, 9}};
    const stria_padding valid = {.mode = VALID}, odd = {.mode = EXPLICIT, .count = 3, .values = {1, 1, 1}};
    stria_axis axes[3];
    stria_error err = {0};
    assert_int_equal(stria_window_solve(&input, &three, &one, &one, &valid, axes, NULL, &err),
                     STRIA_ERROR_VALUE);
    assert_non_null(strstr(err.message, "3"));
    assert_int_equal(stria_window_solve(&input, &one, &three, &one, &valid, axes, NULL, &err),
                     STRIA_ERROR_VALUE);
    assert_non_null(strstr(err.message, "strides"));
    assert_int_equal(stria_window_solve(&input, &one, &one, &three, &valid, axes, NULL, &err),
                     STRIA_ERROR_VALUE);
    assert_non_null(strstr(err.message, "dilation"));
    assert_int_equal(stria_window_solve(&input, &one, &one, &one, &odd, axes, NULL, &err), STRIA_ERROR_VALUE);
    assert_non_null(strstr(err.message, "padding"));
    assert_int_equal(stria_window_solve(&input, &nine, &one, &one, &valid, axes, NULL, &err),
                     STRIA_ERROR_SHAPE);
    assert_non_null(strstr(err.message, "width"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_axis_numbers),          cmocka_unit_test(test_transposed_lengths),
        cmocka_unit_test(test_axis_against_counting), cmocka_unit_test(test_open_axis),
        cmocka_unit_test(test_axis_refusals),         cmocka_unit_test(test_picture_window),
        cmocka_unit_test(test_open_window),           cmocka_unit_test(test_window_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

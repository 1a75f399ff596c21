/* Winograd's product on every level of this CPU: against the definition, equal bits whatever the threads, the
 * batch and the instruction set, how far values that are not finite spread, and when it is chosen. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "conv_case.h"
#include "kernels/families.h"
#include "support/check.h"

/* ---- Shapes ---- */

#define MAX_WORK 3000000

/* Pictures of 1x1 up to 20x20 with any padding, also more than the picture; sometimes volumes of several. */
static stria_conv_shape random_shape(test_random *random, size_t *batch)
{
    for (;;) {
        stria_conv_shape shape = conv_case_dense(PICK(random, 1, 3, 7, 15, 16, 17, 31, 32, 33, 48, 64, 100),
                                                 PICK(random, 1, 2, 8, 15, 16, 17, 31, 32, 33, 47, 64, 100));
        for (int a = 1; a < 3; a++) {
            bool same = test_random_below(random, 2) == 0;
            conv_case_axis(&shape, a, 1 + test_random_below(random, 20), 3, 1, 1,
                           same ? 1 : test_random_below(random, 6), same ? 1 : test_random_below(random, 6));
        }
        if (test_random_below(random, 5) == 0)
            shape.window.in[0] = shape.window.out[0] = 3;
        shape.algorithm = STRIA_CONV_WINOGRAD;
        *batch = PICK(random, 1, 1, 2, 3, 9);
        const size_t *out = shape.window.out;
        if (out[1] * out[2] > 0 && conv_case_work(&shape, *batch) <= MAX_WORK)
            return shape;
    }
}

static conv_case random_case(test_random *random)
{
    size_t batch;
    stria_conv_shape shape = random_shape(random, &batch);
    conv_case conv = conv_case_create(&shape, batch, random);
    conv.with_bias = test_random_below(random, 4) > 0;
    conv.adds = test_random_below(random, 3) == 0;
    conv.in_place = test_random_below(random, 2) == 0;
    conv.transposes = test_random_below(random, 2) == 0;
    conv.activation.kind = (stria_activation_kind)PICK(random, STRIA_LINEAR, STRIA_LINEAR, STRIA_RELU,
                                                       STRIA_RELU6, STRIA_TANH);
    return conv;
}

/* ---- Against the definition ---- */

/* Largest error seen over millions of normal numbers: 2e-5 of the root mean square of a sum of `terms`
 * products, which is sqrt(terms). */
static double tolerance(size_t terms)
{
    return 4e-5 * sqrt((double)terms + 1);
}

static void compare(const guarded *result, const guarded *expected, size_t terms, const conv_case *conv,
                    const char *level, const char *what)
{
    double bound = tolerance(terms);
    for (size_t i = 0; i < result->count; i++) {
        double error = fabs((double)result->values[i] - (double)expected->values[i]);
        if (!(error <= bound))
            fail_msg("%s: %s[%zu] is %.9g, not %.9g within %.3g\n%s", level, what, i,
                     (double)result->values[i], (double)expected->values[i], bound, conv_case_text(conv));
    }
}

/* With few channels a direct convolution forms the kernel gradient from a bordered copy, and Winograd's
 * leaves that out: the sums have another order. Else the algorithm does not show in it. */
#define FEW_CHANNELS 16

static void check_case(const conv_case *conv)
{
    stria_conv_kernels definition;
    stria_ref_conv_fill(&definition);
    conv_results expected = conv_case_run(conv, &definition, NULL);
    conv_case direct = *conv;
    direct.shape.algorithm = STRIA_CONV_DIRECT;
    for (size_t l = 0; l < TEST_LEVELS; l++) {
        if (!stria_cpu_level_available(test_levels[l]))
            continue;
        stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
        const char *name = stria_cpu_level_name(test_levels[l]);
        conv_results results = conv_case_run(conv, &kernels, NULL);
        conv_results directly = conv_case_run(&direct, &kernels, NULL);
        compare(&results.y, &expected.y, 9 * conv->shape.channels, conv, name, "y");
        compare(&results.dx, &expected.dx, 9 * conv->shape.filters, conv, name, "dx");
        if (conv->shape.channels > FEW_CHANNELS)
            conv_case_same(&results.dkernel, &directly.dkernel, conv, "dkernel");
        compare(&results.dkernel, &expected.dkernel, conv->dy.count / conv->shape.filters, conv, name,
                "dkernel");
        conv_case_same(&results.dbias, &directly.dbias, conv, "dbias");
        conv_results_free(&directly);
        conv_results_free(&results);
    }
    conv_results_free(&expected);
}

static void test_random_shapes(void **state)
{
    (void)state;
    test_random random = {test_seed()};
    for (int i = 0; i < 60; i++) {
        conv_case conv = random_case(&random);
        check_case(&conv);
        conv_case_free(&conv);
    }
}

/* Channels and filters for which sums are cut into blocks and filters into groups. */
static void test_deep_shapes(void **state)
{
    (void)state;
    test_random random = {1};
    const size_t sizes[][2] = {{1100, 20}, {20, 1100}, {512, 130}};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        stria_conv_shape shape = conv_case_dense(sizes[i][0], sizes[i][1]);
        conv_case_axis(&shape, 1, 7, 3, 1, 1, 1, 1);
        conv_case_axis(&shape, 2, 6, 3, 1, 1, 1, 1);
        shape.algorithm = STRIA_CONV_WINOGRAD;
        conv_case conv = conv_case_create(&shape, 1, &random);
        check_case(&conv);
        conv_case_free(&conv);
    }
}

/* ---- Not finite ---- */

/* Whether anything but finite numbers stands in the window of output (row, column) widened by `more`. */
static bool sees(size_t row, size_t column, ptrdiff_t more, const stria_window *w, size_t at_row,
                 size_t at_column)
{
    ptrdiff_t r = (ptrdiff_t)at_row + (ptrdiff_t)w->before[1] - (ptrdiff_t)row;
    ptrdiff_t c = (ptrdiff_t)at_column + (ptrdiff_t)w->before[2] - (ptrdiff_t)column;
    return r >= -more && r <= 2 + more && c >= -more && c <= 2 + more;
}

/* A NaN reaches every output that sees it, and none beyond the tiles of 4x4 that see it. */
static void test_nan_stays_near(void **state)
{
    (void)state;
    test_random random = {3};
    for (int i = 0; i < 40; i++) {
        stria_conv_shape shape = conv_case_dense(5, 9);
        for (int a = 1; a < 3; a++)
            conv_case_axis(&shape, a, 4 + test_random_below(&random, 14), 3, 1, 1, 1, 1);
        shape.algorithm = STRIA_CONV_WINOGRAD;
        conv_case conv = conv_case_create(&shape, 1, &random);
        const stria_window *w = &shape.window;
        size_t at = test_random_below(&random, (uint32_t)(w->in[1] * w->in[2]));
        conv.x.values[at * shape.channels + 2] = i % 2 == 0 ? NAN : INFINITY;
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_results results = conv_case_run(&conv, &kernels, NULL);
            for (size_t o = 0; o < w->out[1] * w->out[2]; o++) {
                bool finite = isfinite(results.y.values[o * shape.filters]);
                size_t row = o / w->out[2], column = o % w->out[2];
                size_t at_row = at / w->in[2], at_column = at % w->in[2];
                if (finite && sees(row, column, 0, w, at_row, at_column))
                    fail_msg("output %zu,%zu hides what is not finite\n%s", row, column,
                             conv_case_text(&conv));
                if (!finite && !sees(row, column, 3, w, at_row, at_column))
                    fail_msg("output %zu,%zu is not finite\n%s", row, column, conv_case_text(&conv));
            }
            conv_results_free(&results);
        }
        conv_case_free(&conv);
    }
}

/* ---- Equal bits ---- */

static void test_threads_give_the_same_bits(void **state)
{
    (void)state;
    stria_pool *pools[3];
    stria_error err = {0};
    for (int t = 0; t < 3; t++)
        assert_ok(stria_pool_create(&pools[t], &stria_default_allocator, 2 + 3 * t, &err), &err);
    test_random random = {4};
    for (int i = 0; i < 30; i++) {
        conv_case conv = random_case(&random);
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_results serial = conv_case_run(&conv, &kernels, NULL);
            for (int t = 0; t < 3; t++) {
                conv_results threads = conv_case_run(&conv, &kernels, pools[t]);
                conv_case_same_results(&serial, &threads, &conv);
                conv_results_free(&threads);
            }
            conv_results_free(&serial);
        }
        conv_case_free(&conv);
    }
    for (int t = 0; t < 3; t++)
        stria_pool_free(pools[t]);
}

/* The last picture of a batch, computed alone. */
static void test_batches_give_the_same_bits(void **state)
{
    (void)state;
    test_random random = {5};
    for (int i = 0; i < 30; i++) {
        conv_case conv = random_case(&random);
        conv_case one = conv_case_create(&conv.shape, 1, &random);
        one.with_bias = conv.with_bias;
        one.adds = conv.adds;
        one.in_place = conv.in_place;
        one.transposes = conv.transposes;
        one.activation = conv.activation;
        size_t last = conv.batch - 1;
        memcpy(one.x.values, conv.x.values + last * one.x.count, one.x.count * sizeof(float));
        memcpy(one.dy.values, conv.dy.values + last * one.dy.count, one.dy.count * sizeof(float));
        memcpy(one.kernel.values, conv.kernel.values, one.kernel.count * sizeof(float));
        memcpy(one.bias.values, conv.bias.values, one.bias.count * sizeof(float));
        memcpy(one.input_bias.values, conv.input_bias.values, one.input_bias.count * sizeof(float));
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_results whole = conv_case_run(&conv, &kernels, NULL);
            conv_results alone = conv_case_run(&one, &kernels, NULL);
            guarded y = {.values = whole.y.values + last * alone.y.count, .count = alone.y.count};
            guarded dx = {.values = whole.dx.values + last * alone.dx.count, .count = alone.dx.count};
            conv_case_same(&y, &alone.y, &conv, "y");
            conv_case_same(&dx, &alone.dx, &conv, "dx");
            conv_results_free(&alone);
            conv_results_free(&whole);
        }
        conv_case_free(&one);
        conv_case_free(&conv);
    }
}

static void test_instruction_sets_give_the_same_bits(void **state)
{
    (void)state;
    if (!stria_cpu_level_available(STRIA_CPU_AVX512)) {
        print_message("this CPU has one instruction set with fused multiply-adds\n");
        return;
    }
    stria_conv_kernels wide = conv_case_kernels(STRIA_CPU_AVX512), narrow = conv_case_kernels(STRIA_CPU_AVX2);
    test_random random = {test_seed()};
    for (int i = 0; i < 30; i++) {
        conv_case conv = random_case(&random);
        if (conv.activation.kind == STRIA_TANH)
            conv.activation.kind = STRIA_RELU; /* promised for sums, not for tanh */
        conv_results a = conv_case_run(&conv, &wide, NULL), b = conv_case_run(&conv, &narrow, NULL);
        conv_case_same_results(&a, &b, &conv);
        conv_results_free(&a);
        conv_results_free(&b);
        conv_case_free(&conv);
    }
}

/* ---- Memory ---- */

static void test_smaller_batches_need_no_more(void **state)
{
    (void)state;
    test_random random = {test_seed()};
    for (int i = 0; i < 100; i++) {
        size_t batch;
        stria_conv_shape shape = random_shape(&random, &batch);
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_case_check_needs(&shape, 70, &kernels);
        }
    }
}

/* ---- Choosing ---- */

static stria_conv_shape layer(size_t size, size_t channels, size_t filters, size_t kernel, size_t stride)
{
    stria_conv_shape shape = conv_case_dense(channels, filters);
    for (int a = 1; a < 3; a++)
        conv_case_axis(&shape, a, size, kernel, stride, 1, kernel / 2, kernel / 2);
    return shape;
}

static void test_it_is_chosen_where_it_pays(void **state)
{
    (void)state;
    stria_conv_shape pays = layer(56, 64, 64, 3, 1), small = layer(28, 1, 6, 3, 1);
    stria_conv_shape moves = layer(56, 64, 64, 3, 2), wide = layer(56, 64, 64, 5, 1);
    for (size_t l = 0; l < TEST_LEVELS; l++) {
        if (!stria_cpu_level_available(test_levels[l]))
            continue;
        stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
        assert_int_equal(kernels.choose(&pays, 1, STRIA_CONV_AUTO), STRIA_CONV_WINOGRAD);
        assert_int_equal(kernels.choose(&pays, 1, STRIA_CONV_DIRECT), STRIA_CONV_DIRECT);
        assert_int_equal(kernels.choose(&pays, 1, STRIA_CONV_REF), STRIA_CONV_REF);
        assert_int_equal(kernels.choose(&small, 1, STRIA_CONV_AUTO), STRIA_CONV_DIRECT);
        assert_int_equal(kernels.choose(&small, 1, STRIA_CONV_WINOGRAD), STRIA_CONV_WINOGRAD);
        assert_int_equal(kernels.choose(&moves, 1, STRIA_CONV_WINOGRAD), STRIA_CONV_DIRECT);
        assert_int_equal(kernels.choose(&wide, 1, STRIA_CONV_WINOGRAD), STRIA_CONV_DIRECT);
        pays.algorithm = STRIA_CONV_WINOGRAD;
        assert_non_null(strstr(kernels.describe(&pays, 1), "winograd"));
        pays.algorithm = STRIA_CONV_REF;
        assert_string_equal(kernels.describe(&pays, 1), "definition plain");
        pays.algorithm = STRIA_CONV_DIRECT;
        assert_non_null(strstr(kernels.describe(&pays, 1), "gather"));
    }
}

/* What asks for the definition gets its bits on every level. */
static void test_ref_is_the_definition(void **state)
{
    (void)state;
    test_random random = {6};
    stria_conv_kernels definition;
    stria_ref_conv_fill(&definition);
    for (int i = 0; i < 5; i++) {
        conv_case conv = random_case(&random);
        conv.shape.algorithm = STRIA_CONV_REF;
        conv_results expected = conv_case_run(&conv, &definition, NULL);
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_results results = conv_case_run(&conv, &kernels, NULL);
            conv_case_same_results(&results, &expected, &conv);
            conv_results_free(&results);
        }
        conv_results_free(&expected);
        conv_case_free(&conv);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_shapes),
        cmocka_unit_test(test_deep_shapes),
        cmocka_unit_test(test_nan_stays_near),
        cmocka_unit_test(test_threads_give_the_same_bits),
        cmocka_unit_test(test_batches_give_the_same_bits),
        cmocka_unit_test(test_instruction_sets_give_the_same_bits),
        cmocka_unit_test(test_smaller_batches_need_no_more),
        cmocka_unit_test(test_it_is_chosen_where_it_pays),
        cmocka_unit_test(test_ref_is_the_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Convolution by Fourier transforms on every level of this CPU: against the definition, equal bits whatever
 * the threads and the batch, what smaller batches need, and when it is chosen. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "conv_case.h"
#include "kernels/families.h"
#include "support/check.h"

#define MAX_WORK 4000000

/* Windows of every size with any stride, distance of taps and padding, over signals, pictures and stacks of
 * pictures. */
static stria_conv_shape random_shape(test_random *random, size_t *batch)
{
    const stria_conv_kernels kernels = conv_case_kernels(stria_cpu_detect());
    for (;;) {
        stria_conv_shape shape = conv_case_dense(PICK(random, 1, 1, 2, 3, 8, 15, 16, 17, 33),
                                                 PICK(random, 1, 2, 3, 8, 15, 16, 17, 33, 40));
        for (int a = test_random_below(random, 3) == 0 ? 2 : 1; a < 3; a++)
            conv_case_axis(&shape, a, 1 + test_random_below(random, 40),
                           PICK(random, 1, 2, 3, 5, 7, 8, 11, 16, 31), PICK(random, 1, 1, 1, 2, 3),
                           PICK(random, 1, 1, 1, 2, 3), test_random_below(random, 16),
                           test_random_below(random, 16));
        if (test_random_below(random, 6) == 0)
            shape.window.in[0] = shape.window.out[0] = 2;
        *batch = PICK(random, 1, 1, 2, 3, 9);
        const size_t *out = shape.window.out;
        shape.algorithm = kernels.choose(&shape, *batch, STRIA_CONV_FFT);
        if (out[1] * out[2] > 0 && shape.algorithm == STRIA_CONV_FFT &&
            conv_case_work(&shape, *batch) <= MAX_WORK)
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
    conv.activation.kind =
        (stria_activation_kind)PICK(random, STRIA_LINEAR, STRIA_LINEAR, STRIA_RELU, STRIA_RELU6, STRIA_TANH);
    return conv;
}

static double largest_of(const guarded *memory)
{
    double largest = 0;
    for (size_t i = 0; i < memory->count; i++)
        largest = fmax(largest, fabs((double)memory->values[i]));
    return largest;
}

/* Errors are those of the largest sums of a tile, spread over all of it: within 1e-5 of them. Gradients are
 * formed as by direct convolution. */
static void check_case(const conv_case *conv)
{
    stria_conv_kernels definition;
    stria_ref_conv_fill(&definition);
    conv_results expected = conv_case_run(conv, &definition, NULL);
    conv_case direct = *conv, sums = *conv;
    direct.shape.algorithm = STRIA_CONV_DIRECT;
    sums.activation.kind = STRIA_LINEAR;
    conv_results linear = conv_case_run(&sums, &definition, NULL);
    const double bound = 1e-5 * (1 + largest_of(&linear.y));
    conv_results_free(&linear);
    for (size_t l = 0; l < TEST_LEVELS; l++) {
        if (!stria_cpu_level_available(test_levels[l]))
            continue;
        stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
        conv_results results = conv_case_run(conv, &kernels, NULL);
        conv_results directly = conv_case_run(&direct, &kernels, NULL);
        for (size_t i = 0; i < results.y.count; i++) {
            double error = fabs((double)results.y.values[i] - (double)expected.y.values[i]);
            if (!(error <= bound))
                fail_msg("%s: y[%zu] is %.9g, not %.9g within %.3g\n%s", stria_cpu_level_name(test_levels[l]),
                         i, (double)results.y.values[i], (double)expected.y.values[i], bound,
                         conv_case_text(conv));
        }
        conv_case_same(&results.dx, &directly.dx, conv, "dx");
        conv_case_same(&results.dkernel, &directly.dkernel, conv, "dkernel");
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
    for (int i = 0; i < 150; i++) {
        conv_case conv = random_case(&random);
        check_case(&conv);
        conv_case_free(&conv);
    }
}

static void test_smaller_batches_need_no_more(void **state)
{
    (void)state;
    test_random random = {3};
    for (int i = 0; i < 60; i++) {
        size_t batch;
        stria_conv_shape shape = random_shape(&random, &batch);
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            const stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_case_check_needs(&shape, 12, &kernels);
        }
    }
}

/* Three threads, and the last picture of a batch alone. */
static void test_threads_and_batches_give_the_same_bits(void **state)
{
    (void)state;
    test_random random = {4};
    stria_pool *pool = NULL;
    stria_error err = {0};
    assert_ok(stria_pool_create(&pool, &stria_default_allocator, 3, &err), &err);
    const stria_conv_kernels kernels = conv_case_kernels(stria_cpu_detect());
    for (int i = 0; i < 40; i++) {
        conv_case conv = random_case(&random);
        conv.adds = false;
        conv_results serial = conv_case_run(&conv, &kernels, NULL),
                     threads = conv_case_run(&conv, &kernels, pool);
        conv_case_same(&serial.y, &threads.y, &conv, "y");
        conv_case one = conv_case_create(&conv.shape, 1, &random);
        one.with_bias = conv.with_bias;
        one.activation = conv.activation;
        size_t last = conv.batch - 1;
        memcpy(one.x.values, conv.x.values + last * one.x.count, one.x.count * sizeof(float));
        memcpy(one.kernel.values, conv.kernel.values, one.kernel.count * sizeof(float));
        memcpy(one.bias.values, conv.bias.values, one.bias.count * sizeof(float));
        conv_results alone = conv_case_run(&one, &kernels, NULL);
        const guarded y = {.values = serial.y.values + last * alone.y.count, .count = alone.y.count};
        conv_case_same(&y, &alone.y, &conv, "y of the last picture");
        conv_results_free(&alone);
        conv_results_free(&threads);
        conv_results_free(&serial);
        conv_case_free(&one);
        conv_case_free(&conv);
    }
    stria_pool_free(pool);
}

static stria_conv_algorithm chosen(size_t size, size_t kernel, size_t channels, size_t filters, size_t groups,
                                   stria_conv_algorithm wish)
{
    const stria_conv_kernels kernels = conv_case_kernels(stria_cpu_detect());
    stria_conv_shape shape = conv_case_dense(channels, filters);
    shape.groups = groups;
    for (int a = 1; a < 3; a++)
        conv_case_axis(&shape, a, size, kernel, 1, 1, kernel / 2, (kernel - 1) / 2);
    return kernels.choose(&shape, 1, wish);
}

static void test_when_it_is_chosen(void **state)
{
    (void)state;
    if (stria_cpu_detect() == STRIA_CPU_PLAIN)
        return;
    assert_int_equal(chosen(64, 31, 8, 8, 1, STRIA_CONV_FFT), STRIA_CONV_FFT);
    assert_int_equal(chosen(64, 3, 8, 8, 1, STRIA_CONV_FFT), STRIA_CONV_FFT);
    assert_int_equal(chosen(64, 31, 8, 8, 1, STRIA_CONV_AUTO), STRIA_CONV_FFT);
    assert_int_equal(chosen(64, 31, 8, 8, 8, STRIA_CONV_FFT), STRIA_CONV_DIRECT); /* groups */
    assert_int_equal(chosen(64, 1, 8, 8, 1, STRIA_CONV_FFT), STRIA_CONV_DIRECT);  /* one tap */
    assert_int_equal(chosen(64, 5, 64, 64, 1, STRIA_CONV_AUTO), STRIA_CONV_DIRECT);
    assert_int_equal(chosen(224, 7, 3, 64, 1, STRIA_CONV_AUTO), STRIA_CONV_DIRECT);
    assert_int_equal(chosen(227, 11, 3, 96, 1, STRIA_CONV_DIRECT), STRIA_CONV_DIRECT);
    assert_int_equal(chosen(64, 31, 512, 512, 1, STRIA_CONV_FFT),
                     STRIA_CONV_DIRECT); /* its spectra are too large */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_shapes),
        cmocka_unit_test(test_smaller_batches_need_no_more),
        cmocka_unit_test(test_threads_and_batches_give_the_same_bits),
        cmocka_unit_test(test_when_it_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

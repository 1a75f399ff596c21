/* The loops that measure the multiply-add peak: what they compute and count, and the measuring around them.
 */
#include <math.h>

#include <stria/bench.h>

#include "kernels/kernel_check.h"
#include "support/test_context.h"

/* Every accumulator is started at its index and goes to 1 / (1 - 0.5) = 2, half the distance a round. */
static void check_loop(const stria_kernels *kernels)
{
    float sum, settled;
    const uint64_t one = kernels->peak.multiply_add(1, &sum);
    assert_true(one > 0);
    assert_int_equal(kernels->peak.multiply_add(64, &settled), 64 * one);
    /* The halves end exactly at 2; so many sums of 2 are a whole number that a float holds. */
    if (!isfinite(sum) || settled != (float)(2 * one))
        fail_msg("%s: %llu sums, and their settled total is %g instead of twice that", kernels->name,
                 (unsigned long long)one, (double)settled);
}

static void loops_compute_what_they_count(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    const size_t count = fast_levels(levels);
    check_loop(definitions());
    for (size_t l = 0; l < count; l++)
        check_loop(&levels[l]);
}

static void peaks_are_measured(void **state)
{
    (void)state;
    stria_context *context = NULL;
    stria_error err = {0};
    const stria_context_options options = {.struct_size = sizeof options, .threads = 1};
    assert_ok(stria_context_create(&context, &options, &err), &err);
    stria_peak peak = {0};
    assert_ok(stria_context_peak(context, 0.02, &peak, &err), &err);
    /* From a slow microcontroller to ten times what any core does today. */
    if (!(peak.multiply_adds > 1e6 && peak.multiply_adds < 1e13 && peak.bytes > 1e6 && peak.bytes < 1e13))
        fail_msg("%g multiply-adds and %g bytes a second", peak.multiply_adds, peak.bytes);
    const double bad[] = {-1, 3601, NAN, INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(stria_context_peak(context, bad[i], &peak, &err), STRIA_ERROR_VALUE, &err);
    stria_context_free(context);
}

static void peaks_need_memory(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    test.memory.fail_at = test.memory.calls + 1;
    stria_error err = {0};
    stria_peak peak;
    assert_status(stria_context_peak(test.context, 0.01, &peak, &err), STRIA_ERROR_MEMORY, &err);
    assert_int_equal(test.memory.failures, 1);
    assert_ok(stria_context_peak(test.context, 0.01, &peak, &err), &err);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_compute_what_they_count),
        cmocka_unit_test(peaks_are_measured),
        cmocka_unit_test(peaks_need_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

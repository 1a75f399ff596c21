/* Contexts: their tables, their instruction set and its name, their threads. */
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "kernels/kernels.h"
#include "support/check.h"
#include "support/test_context.h"

static const char *const level_names[] = {"plain", "baseline", "avx2", "avx512", "neon"};
enum { LEVELS = sizeof level_names / sizeof level_names[0] };

static int forget_environment(void **state)
{
    (void)state;
    return unsetenv("STRIA_CPU");
}

static void levels_are_consistent(void **state)
{
    (void)state;
    for (int level = 0; level < LEVELS; level++)
        assert_string_equal(stria_cpu_level_name((stria_cpu_level)level), level_names[level]);
    assert_string_equal(stria_cpu_level_name((stria_cpu_level)LEVELS), "unknown");
    assert_false(stria_cpu_level_available((stria_cpu_level)LEVELS));
    assert_true(stria_cpu_level_available(STRIA_CPU_PLAIN));
    stria_cpu_level best = stria_cpu_detect();
    print_message("best level: %s\n", stria_cpu_level_name(best));
    assert_true(stria_cpu_level_available(best));
    for (int level = (int)best + 1; level < LEVELS; level++)
        assert_false(stria_cpu_level_available((stria_cpu_level)level));
    /* Each x86-64 level holds the ones below it. */
    if (stria_cpu_level_available(STRIA_CPU_AVX512))
        assert_true(stria_cpu_level_available(STRIA_CPU_AVX2));
    if (stria_cpu_level_available(STRIA_CPU_AVX2))
        assert_true(stria_cpu_level_available(STRIA_CPU_BASELINE));
    assert_false(stria_cpu_level_available(STRIA_CPU_BASELINE) && stria_cpu_level_available(STRIA_CPU_NEON));
}

static void all_zero_options_are_the_defaults(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_context *context = NULL;
    int cpus = stria_cpus_allowed() < 256 ? stria_cpus_allowed() : 256;
    for (int i = 0; i < 3; i++) {
        stria_context_options options = {.struct_size = i == 2 ? sizeof options : 0};
        assert_ok(stria_context_create(&context, i == 0 ? NULL : &options, &err), &err);
        assert_int_equal(stria_context_threads(context), cpus);
        assert_string_equal(stria_context_cpu(context), stria_cpu_level_name(stria_cpu_detect()));
        assert_int_equal(context->pool == NULL, cpus == 1);
        uint64_t before = stria_context_now(context);
        assert_true(stria_context_now(context) >= before);
        stria_context_free(context);
    }
    stria_context_free(NULL);
}

static void every_level_can_be_asked_for(void **state)
{
    (void)state;
    for (int by_environment = 0; by_environment <= 1; by_environment++) {
        for (int level = 0; level < LEVELS; level++) {
            test_context test;
            stria_error err = {0};
            test_context_prepare(&test);
            const char *name = level_names[level];
            if (by_environment)
                assert_int_equal(setenv("STRIA_CPU", name, 1), 0);
            stria_status status = test_context_create(&test, 1, by_environment ? NULL : name, &err);
            if (stria_cpu_level_available((stria_cpu_level)level)) {
                assert_ok(status, &err);
                assert_string_equal(stria_context_cpu(test.context), name);
                assert_int_equal(test.context->kernels->level, level);
            } else {
                assert_status(status, STRIA_ERROR_VALUE, &err);
                assert_message(&err, by_environment ? "STRIA_CPU='" : "cpu '");
                assert_message(&err, name);
                assert_message(&err, "not available here; available: ");
                assert_message(&err, ", plain");
            }
            test_context_close(&test);
        }
        assert_int_equal(unsetenv("STRIA_CPU"), 0);
    }
}

static void unknown_levels_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "AVX2", "avx", "avx2 ", "sse42", "best"};
    test_context test;
    stria_error err = {0};
    test_context_prepare(&test);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(test_context_create(&test, 1, bad[i], &err), STRIA_ERROR_VALUE, &err);
        assert_message(&err, "is unknown; available: ");
        assert_message(&err, ", plain");
    }
    assert_int_equal(setenv("STRIA_CPU", "mmx", 1), 0);
    assert_status(test_context_create(&test, 1, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "STRIA_CPU='mmx' is unknown");
    assert_ok(test_context_create(&test, 1, "plain", &err),
              &err); /* the option comes before the environment */
    test_context_close(&test);
    assert_int_equal(setenv("STRIA_CPU", "", 1), 0); /* as if it were not there */
    assert_ok(test_context_create(&test, 1, NULL, &err), &err);
    test_context_close(&test);
}

static void thread_counts(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    for (int threads = 1; threads <= 5; threads++) {
        test_context_open(&test, threads, NULL);
        assert_int_equal(stria_context_threads(test.context), threads);
        assert_int_equal(stria_pool_workers(test.context->pool), threads);
        test_context_close(&test);
    }
    test_context_prepare(&test);
    assert_status(test_context_create(&test, -1, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_status(test_context_create(&test, 257, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "257 threads: must be 1 to 256");
    test_context_close(&test);
}

static void other_layouts_are_refused(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_context *context = NULL;
    const stria_context_options options = {.struct_size = sizeof options + 8};
    assert_status(stria_context_create(&context, &options, &err), STRIA_ERROR_VALUE, &err);
    assert_null(context);
}

static void every_failing_allocation_is_survived(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t n = 1;; n++) {
        test_context test;
        stria_error err = {0};
        test_context_prepare(&test);
        test.memory.fail_at = n;
        stria_status status = test_context_create(&test, 3, NULL, &err);
        size_t failures = test.memory.failures;
        if (failures > 0) {
            assert_status(status, STRIA_ERROR_MEMORY, &err);
            assert_null(test.context);
        } else
            assert_ok(status, &err);
        test_context_close(&test);
        failed += failures;
        if (failures == 0)
            break;
    }
    print_message("allocations failed: %zu\n", failed);
    assert_int_equal(failed, 3);
}

/* ---- Clock and log ---- */

static uint64_t fixed_ns(void *payload)
{
    return *(uint64_t *)payload;
}

static int64_t fixed_seconds(void *payload)
{
    (void)payload;
    return 0;
}

typedef struct log_line {
    stria_log_level level;
    char text[64];
    int count;
} log_line;

static void keep_line(stria_log_level level, const char *message, void *payload)
{
    log_line *line = payload;
    line->level = level;
    strncpy(line->text, message, sizeof line->text - 1);
    line->count++;
}

static void tables_are_used(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_context *context = NULL;
    uint64_t now = 12345;
    log_line line = {0};
    const stria_clock clock = {&now, fixed_ns, fixed_seconds};
    const stria_context_options options = {
        .clock = &clock, .log = keep_line, .log_payload = &line, .threads = 1, .cpu = "plain"};
    assert_ok(stria_context_create(&context, &options, &err), &err);
    assert_int_equal(stria_context_now(context), 12345);
    stria_log(context, STRIA_LOG_WARNING, "%d of %s", 3, "five");
    assert_int_equal(line.level, STRIA_LOG_WARNING);
    assert_string_equal(line.text, "3 of five");
    assert_int_equal(line.count, 1);
    stria_context_free(context);

    assert_ok(stria_context_create(&context, NULL, &err), &err);
    stria_log(context, STRIA_LOG_WARNING, "nobody listens");
    stria_context_free(context);
    assert_int_equal(line.count, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, forget_environment, forget_environment)
    const struct CMUnitTest tests[] = {
        TEST(levels_are_consistent),
        TEST(all_zero_options_are_the_defaults),
        TEST(every_level_can_be_asked_for),
        TEST(unknown_levels_are_refused),
        TEST(thread_counts),
        TEST(other_layouts_are_refused),
        TEST(every_failing_allocation_is_survived),
        TEST(tables_are_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The part of cmocka's interface that these tests use, for targets that have no cmocka: chosen with
 * STRIA_SMALL_CMOCKA, for programs that are cross-compiled and run under an emulator. Same names and meaning,
 * so tests need not know. */
#ifndef STRIA_TESTS_SMALL_CMOCKA_H
#define STRIA_TESTS_SMALL_CMOCKA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef void (*CMUnitTestFunction)(void **state);
typedef int (*CMFixtureFunction)(void **state);

struct CMUnitTest {
    const char *name;
    CMUnitTestFunction run;
    CMFixtureFunction set_up, tear_down;
};

#define cmocka_unit_test(f)                                                                                  \
    {                                                                                                        \
#        f, f, NULL, NULL                                                                                    \
    }
#define cmocka_unit_test_setup_teardown(f, set_up, tear_down)                                                \
    {                                                                                                        \
#        f, f, set_up, tear_down                                                                             \
    }

/* Runs the tests, each to its end or first failure; the number of those that failed. */
#define cmocka_run_group_tests(tests, set_up, tear_down)                                                     \
    small_cmocka_run(#tests, tests, sizeof(tests) / sizeof((tests)[0]), set_up, tear_down)
#define cmocka_run_group_tests_name(name, tests, set_up, tear_down)                                          \
    small_cmocka_run(name, tests, sizeof(tests) / sizeof((tests)[0]), set_up, tear_down)
int small_cmocka_run(const char *name, const struct CMUnitTest *tests, size_t count, CMFixtureFunction set_up,
                     CMFixtureFunction tear_down);

__attribute__((format(printf, 1, 2))) void print_message(const char *format, ...);
__attribute__((format(printf, 1, 2))) void print_error(const char *format, ...);

/* Ends the test that is running, as failed or as left out. */
_Noreturn void _fail(const char *file, int line);
_Noreturn void small_cmocka_skip(void);

#define skip() small_cmocka_skip()
#define fail() _fail(__FILE__, __LINE__)
#define fail_msg(...)                                                                                        \
    do {                                                                                                     \
        print_error(__VA_ARGS__);                                                                            \
        print_error("\n");                                                                                   \
        _fail(__FILE__, __LINE__);                                                                           \
    } while (0)

/* Comparisons; they print both sides before they fail. */
void small_cmocka_true(int is, const char *text, const char *file, int line);
void small_cmocka_equal(uintmax_t a, uintmax_t b, const char *texts, const char *file, int line);
void small_cmocka_same_text(const char *a, const char *b, const char *file, int line);
void small_cmocka_same_memory(const void *a, const void *b, size_t size, const char *file, int line);
void small_cmocka_in_range(uintmax_t value, uintmax_t least, uintmax_t most, const char *file, int line);

#define assert_true(c)     small_cmocka_true((c) ? 1 : 0, #c, __FILE__, __LINE__)
#define assert_false(c)    small_cmocka_true((c) ? 0 : 1, "!(" #c ")", __FILE__, __LINE__)
#define assert_null(p)     small_cmocka_true((p) == NULL, #p " == NULL", __FILE__, __LINE__)
#define assert_non_null(p) small_cmocka_true((p) != NULL, #p " != NULL", __FILE__, __LINE__)
#define assert_ptr_equal(a, b)                                                                               \
    small_cmocka_true((const void *)(a) == (const void *)(b), #a " == " #b, __FILE__, __LINE__)
#define assert_int_equal(a, b)                                                                               \
    small_cmocka_equal((uintmax_t)(a), (uintmax_t)(b), #a " and " #b, __FILE__, __LINE__)
#define assert_int_not_equal(a, b)          assert_true((uintmax_t)(a) != (uintmax_t)(b))
#define assert_float_equal(a, b, tolerance) assert_true((a) - (b) <= (tolerance) && (b) - (a) <= (tolerance))
#define assert_string_equal(a, b)           small_cmocka_same_text(a, b, __FILE__, __LINE__)
#define assert_string_not_equal(a, b)       assert_true(strcmp(a, b) != 0)
#define assert_memory_equal(a, b, size)     small_cmocka_same_memory(a, b, size, __FILE__, __LINE__)
#define assert_memory_not_equal(a, b, size) assert_true(memcmp(a, b, size) != 0)
#define assert_in_range(value, least, most)                                                                  \
    small_cmocka_in_range((uintmax_t)(value), (uintmax_t)(least), (uintmax_t)(most), __FILE__, __LINE__)

#endif

/* Running tests, and leaving one by a jump when it fails. */
#include "cmocka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PASSED, FAILED, SKIPPED };

static jmp_buf leave;

void print_message(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
}

void print_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

void _fail(const char *file, int line)
{
    print_error("%s:%d: failed\n", file, line);
    longjmp(leave, FAILED);
}

void small_cmocka_skip(void)
{
    longjmp(leave, SKIPPED);
}

static int run_one(const struct CMUnitTest *test, void **state)
{
    switch (setjmp(leave)) {
    case PASSED:
        break;
    case SKIPPED:
        return SKIPPED;
    default:
        return FAILED;
    }
    if (test->set_up != NULL && test->set_up(state) != 0)
        return FAILED;
    test->run(state);
    return PASSED;
}

static bool tears_down(const struct CMUnitTest *test, void **state)
{
    return test->tear_down == NULL || (setjmp(leave) == 0 && test->tear_down(state) == 0);
}

int small_cmocka_run(const char *name, const struct CMUnitTest *tests, size_t count, CMFixtureFunction set_up,
                     CMFixtureFunction tear_down)
{
    int failed = 0;
    void *group = NULL;
    print_message("%s: %zu tests\n", name, count);
    if (set_up != NULL && set_up(&group) != 0) {
        print_error("%s: could not be set up\n", name);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        void *state = group;
        int result = run_one(&tests[i], &state);
        if (!tears_down(&tests[i], &state))
            result = FAILED;
        print_message("%s %s\n",
                      result == PASSED   ? "passed "
                      : result == FAILED ? "FAILED "
                                         : "skipped",
                      tests[i].name);
        failed += result == FAILED;
    }
    if (tear_down != NULL && tear_down(&group) != 0)
        failed++;
    return failed;
}

void small_cmocka_true(int is, const char *text, const char *file, int line)
{
    if (is)
        return;
    print_error("not true: %s\n", text);
    _fail(file, line);
}

void small_cmocka_equal(uintmax_t a, uintmax_t b, const char *texts, const char *file, int line)
{
    if (a == b)
        return;
    print_error("%s: %#jx is not %#jx\n", texts, a, b);
    _fail(file, line);
}

void small_cmocka_same_text(const char *a, const char *b, const char *file, int line)
{
    if (strcmp(a, b) == 0)
        return;
    print_error("\"%s\" is not \"%s\"\n", a, b);
    _fail(file, line);
}

void small_cmocka_same_memory(const void *a, const void *b, size_t size, const char *file, int line)
{
    const unsigned char *left = a, *right = b;
    for (size_t i = 0; i < size; i++) {
        if (left[i] == right[i])
            continue;
        print_error("byte %zu of %zu is 0x%02x, not 0x%02x\n", i, size, left[i], right[i]);
        _fail(file, line);
    }
}

void small_cmocka_in_range(uintmax_t value, uintmax_t least, uintmax_t most, const char *file, int line)
{
    if (value >= least && value <= most)
        return;
    print_error("%ju is not from %ju to %ju\n", value, least, most);
    _fail(file, line);
}

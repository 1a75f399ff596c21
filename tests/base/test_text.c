/* Growing text, numbers in text, likeness and patterns. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "support/check.h"
#include "support/failing_allocator.h"

/* ---- Growing text ---- */

static void text_grows(void **state)
{
    (void)state;
    failing_allocator memory;
    failing_allocator_init(&memory);
    stria_text text = {.allocator = &memory.table};
    assert_null(text.bytes);
    stria_text_add(&text, "");
    assert_string_equal(text.bytes, "");
    for (int i = 0; i < 500; i++) {
        stria_text_append(&text, "abc", 2);
        stria_text_format(&text, "%d,", i % 10);
    }
    assert_int_equal(text.length, 2000);
    assert_int_equal(strlen(text.bytes), 2000);
    assert_memory_equal(text.bytes + 1996, "ab9,", 4);
    stria_text_format(&text, "%0*d", 5000, 7);
    assert_int_equal(text.length, 7000);
    assert_int_equal(text.bytes[6999], '7');
    assert_false(text.failed);
    stria_text_free(&text);
    assert_null(text.bytes);
    assert_int_equal(text.length, 0);
    stria_text_free(&text);
    assert_int_equal(memory.live_blocks, 0);
}

static void text_survives_failures(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t n = 1;; n++) {
        failing_allocator memory;
        failing_allocator_init(&memory);
        memory.fail_at = n;
        stria_text text = {.allocator = &memory.table};
        for (int i = 0; i < 100; i++) {
            stria_text_add(&text, "0123456789");
            stria_text_format(&text, "%d", i);
        }
        assert_int_equal(text.failed, memory.failures > 0);
        if (text.bytes)
            assert_int_equal(strlen(text.bytes), text.length);
        stria_text_free(&text);
        assert_int_equal(memory.live_blocks, 0);
        failed += memory.failures;
        if (memory.calls < n)
            break;
    }
    print_message("allocations failed: %zu\n", failed);
    assert_true(failed > 1);
}

static void sizes_that_wrap_fail(void **state)
{
    (void)state;
    failing_allocator memory;
    failing_allocator_init(&memory);
    stria_text text = {.allocator = &memory.table};
    stria_text_add(&text, "x");
    stria_text_append(&text, "y", SIZE_MAX - 1);
    assert_true(text.failed);
    assert_string_equal(text.bytes, "x");
    stria_text_free(&text);
    assert_int_equal(memory.live_blocks, 0);
}

/* ---- Numbers ---- */

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void assert_number(const char *text, double expected)
{
    double value = 77.0;
    bool read = stria_text_to_double(text, strlen(text), &value);
    if (!read || !same_bits(value, expected)) {
        print_error("'%s' was read as %s %a, expected %a\n", text, read ? "" : "nothing", value, expected);
        fail();
    }
}

static void numbers_are_read(void **state)
{
    (void)state;
    assert_number("0", 0.0);
    assert_number("-0", -0.0);
    assert_number("1", 1.0);
    assert_number("+1", 1.0);
    assert_number("-0.5", -0.5);
    assert_number(".5", 0.5);
    assert_number("5.", 5.0);
    assert_number("007", 7.0);
    assert_number("1e-3", 0.001);
    assert_number("1E+3", 1000.0);
    assert_number("0.1", 0.1);
    assert_number("1/255", 1.0 / 255.0);
    assert_number("-1/3", -1.0 / 3.0);
    assert_number("1.5/2e1", 1.5 / 20.0);
    assert_number("1.7976931348623157e308", DBL_MAX);
    assert_number("2.2250738585072014e-308", DBL_MIN);
    assert_number("4.9406564584124654e-324", 0x1p-1074);
    assert_number("1e-400", 0.0);
    assert_number("0e99999999999999999999", 0.0);
    assert_number("1e-99999999999999999999", 0.0);
    /* The middle between 1 and the next double goes to the even one, anything above it up: also in digit 900.
     */
    assert_number("1.00000000000000011102230246251565404236316680908203125", 1.0);
    char longer[1024] = "1.00000000000000011102230246251565404236316680908203125";
    size_t length = strlen(longer);
    memset(longer + length, '0', 900 - length);
    longer[900] = '\0';
    assert_number(longer, 1.0);
    strcpy(longer + 900, "1");
    assert_number(longer, 1.0 + DBL_EPSILON);
    /* Very long texts of either kind of zeros. */
    char zeros[3000];
    memset(zeros, '0', sizeof zeros);
    memcpy(zeros, "0.", 2);
    strcpy(zeros + 2000, "25e2000");
    assert_number(zeros, 25.0);
    memset(zeros, '0', sizeof zeros);
    zeros[0] = '3';
    strcpy(zeros + 2001, "e-2000");
    assert_number(zeros, 3.0);
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",      "+",    "-",     ".",     "e5",  "1e",         "1e+",      " 1",    "1 ",
        "1\n",   "0x10", "inf",   "-inf",  "nan", "NaN",        "1,5",      "1/0",   "1/",
        "/2",    "1//2", "1/-2",  "1/2/3", "--1", "+-1",        "1_0",      "1e400", "1.2.3",
        "1e5.5", "1f",   "1e1e1", "1/0.0", "one", "1e308/1e-9", "infinity",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double value = 77.0;
        if (stria_text_to_double(bad[i], strlen(bad[i]), &value) || value != 77.0) {
            print_error("'%s' was read as %g\n", bad[i], value);
            fail();
        }
    }
    double value = 77.0;
    assert_false(stria_text_to_double("1\0002", 3, &value));
    assert_true(stria_text_to_double("12", 1, &value)); /* only as far as it was told */
    assert_true(value == 1.0);
}

static void integers_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"+12", 12},
                {"-3", -3},
                {"0009", 9},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x1",
                                      "--1",
                                      "9223372036854775808",
                                      "a",
                                      "1/1",
                                      "99999999999999999999",
                                      "-9223372036854775809"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t value = 77;
        assert_true(stria_text_to_integer(good[i].text, strlen(good[i].text), &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t value = 77;
        if (stria_text_to_integer(bad[i], strlen(bad[i]), &value) || value != 77) {
            print_error("'%s' was read as %" PRId64 "\n", bad[i], value);
            fail();
        }
    }
}

static void assert_written(double value, const char *expected)
{
    char text[32];
    assert_string_equal(stria_double_text(value, text, sizeof text), expected);
}

static void numbers_are_written(void **state)
{
    (void)state;
    assert_written(0.0, "0");
    assert_written(-0.0, "-0");
    assert_written(1.0, "1");
    assert_written(-16.0, "-16");
    assert_written(0.1, "0.1");
    assert_written(0.3, "0.3");
    assert_written(0.1 + 0.2, "0.30000000000000004");
    assert_written(100.0, "100");
    assert_written(123456.75, "123456.75");
    assert_written(0.0001, "0.0001");
    assert_written(0.00012345, "0.00012345");
    assert_written(0.00001, "1e-5");
    assert_written(2.5e-7, "2.5e-7");
    assert_written(1e15, "1000000000000000");
    assert_written(9007199254740993.0, "9007199254740992");
    assert_written(1e16, "1e16");
    assert_written(1e300, "1e300");
    assert_written(1.0 / 255.0, "0.00392156862745098");
    assert_written(DBL_MAX, "1.7976931348623157e308");
    assert_written(-DBL_MIN, "-2.2250738585072014e-308");
    assert_written(0x1p-1074, "5e-324");
    assert_written(1e23, "1e23");
    assert_written((double)NAN, "nan");
    assert_written((double)INFINITY, "inf");
    assert_written(-(double)INFINITY, "-inf");
}

/* Random bit patterns (every exponent as likely) come back bit for bit, and strtod agrees with our reading.
 */
static void written_numbers_read_back(void **state)
{
    (void)state;
    const stria_random_key key = {.seed = 1};
    size_t count = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t words[4];
        stria_random_block(&key, i, words);
        uint64_t bits = (uint64_t)words[0] << 32 | words[1];
        double value, back = 0.0;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        char text[32], longer[64];
        stria_double_text(value, text, sizeof text);
        if (!stria_text_to_double(text, strlen(text), &back) || !same_bits(value, back)) {
            print_error("%a was written as '%s' and read as %a\n", value, text, back);
            fail();
        }
        snprintf(longer, sizeof longer, "%.*e", (int)(words[2] % 30), value);
        assert_true(stria_text_to_double(longer, strlen(longer), &back));
        assert_true(same_bits(back, strtod(longer, NULL)));
        count++;
    }
    print_message("numbers written and read: %zu\n", count);
}

/* No shorter decimal gives the same double: every power of two, where the neighbours lie unevenly, and random
 * numbers. Any decimal of n digits that reads back lies next to the nearest one of n digits. */
static void assert_no_shorter(double value)
{
    char text[32];
    stria_double_text(value, text, sizeof text);
    int digits = 0, zeros = 0; /* significant ones; zeros at the end count for nothing */
    for (const char *c = text; *c && *c != 'e'; c++)
        if (*c >= '0' && *c <= '9' && (digits > 0 || *c != '0')) {
            digits++;
            zeros = *c == '0' ? zeros + 1 : 0;
        }
    digits -= zeros;
    if (digits < 2)
        return;
    char nearest[40], mantissa[40], candidate[64];
    snprintf(nearest, sizeof nearest, "%.*e", digits - 2, value);
    int exponent = atoi(strchr(nearest, 'e') + 1);
    size_t length = 0;
    for (const char *c = nearest; *c != 'e'; c++)
        if (*c != '.')
            mantissa[length++] = *c;
    mantissa[length] = '\0';
    for (long long change = -1; change <= 1; change++) {
        snprintf(candidate, sizeof candidate, "%llde%d", atoll(mantissa) + change, exponent - (digits - 2));
        if (strtod(candidate, NULL) == value) {
            print_error("%a was written as '%s', but '%s' is shorter\n", value, text, candidate);
            fail();
        }
    }
}

static void written_numbers_are_shortest(void **state)
{
    (void)state;
    for (int exponent = -1074; exponent < 1024; exponent++)
        assert_no_shorter(ldexp(1.0, exponent));
    /* 2^-1017: the nearest decimal of 16 digits, ...044e-307, is another double; this one is not. */
    assert_written(ldexp(1.0, -1017), "7.120236347223045e-307");
    const stria_random_key key = {.seed = 2};
    for (uint32_t i = 0; i < 3000; i++)
        assert_no_shorter(ldexp(1.0 + stria_random_uniform(&key, i), (int)(i % 2000) - 1060));
}

static void format_returns_the_whole_length(void **state)
{
    (void)state;
    char text[8];
    assert_int_equal(stria_format(text, sizeof text, "%s %.1f", "value", 0.5), 9);
    assert_string_equal(text, "value 0");
    assert_int_equal(stria_format(NULL, 0, "%d", 12345), 5);
}

/* ---- Likeness and patterns ---- */

static size_t distance(const char *a, const char *b)
{
    size_t there = stria_text_distance(a, strlen(a), b, strlen(b));
    size_t back = stria_text_distance(b, strlen(b), a, strlen(a));
    assert_int_equal(there, back);
    return there;
}

static void distances(void **state)
{
    (void)state;
    assert_int_equal(distance("", ""), 0);
    assert_int_equal(distance("", "relu"), 4);
    assert_int_equal(distance("relu", "relu"), 0);
    assert_int_equal(distance("RELU", "relu"), 0);
    assert_int_equal(distance("rely", "relu"), 1);
    assert_int_equal(distance("conv2", "conv2d"), 1);
    assert_int_equal(distance("kitten", "sitting"), 3);
    assert_int_equal(distance("maxpol2d", "maxpool2d"), 1);
    assert_int_equal(distance("paddign", "padding"), 2);
    char longest[65], longer[66];
    memset(longest, 'a', 64);
    longest[64] = '\0';
    memset(longer, 'a', 65);
    longer[65] = '\0';
    assert_int_equal(distance(longest, "a"), 63);
    assert_int_equal(distance(longer, longest), 65);
}

static void patterns(void **state)
{
    (void)state;
    static const struct {
        const char *text, *pattern;
        bool matches;
    } cases[] = {
        {"conv2d", "conv2d", true},
        {"conv2d", "conv*", true},
        {"conv2d", "*", true},
        {"conv2d", "c?nv?d", true},
        {"conv2d", "conv", false},
        {"conv", "conv2d", false},
        {"", "", true},
        {"", "*", true},
        {"", "?", false},
        {"abc", "*c", true},
        {"abc", "*b", false},
        {"abcabc", "*abc", true},
        {"aaab", "*a*ab", true},
        {"aab", "a*a*a*b", false},
        {"conv2d/kernel", "*/kernel", true},
        {"conv2d_1", "conv2d_?", true},
        {"a*c", "a*c", true},
        {"abc", "abc**", true},
        {"stage1/conv2", "stage?/conv?", true},
        {"mississippi", "m*iss*ip*i", true},
        {"mississippi", "m*issx*", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (stria_text_matches(cases[i].text, cases[i].pattern) != cases[i].matches) {
            print_error("'%s' against '%s' should be %d\n", cases[i].text, cases[i].pattern,
                        cases[i].matches);
            fail();
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(text_survives_failures),
        cmocka_unit_test(sizes_that_wrap_fail),
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(integers_are_read),
        cmocka_unit_test(numbers_are_written),
        cmocka_unit_test(written_numbers_read_back),
        cmocka_unit_test(written_numbers_are_shortest),
        cmocka_unit_test(format_returns_the_whole_length),
        cmocka_unit_test(distances),
        cmocka_unit_test(patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The caller-owned error, the names of the statuses, and what the library says of itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <stria/version.h>

#include "base/error.h"
#include "support/check.h"

static void fail_fills_and_returns(void **state)
{
    (void)state;
    stria_error err = {0};
    assert_int_equal(stria_fail(&err, STRIA_ERROR_SHAPE, "kernel %dx%d", 5, 3), STRIA_ERROR_SHAPE);
    assert_int_equal(err.code, STRIA_ERROR_SHAPE);
    assert_string_equal(err.message, "kernel 5x3");
    assert_int_equal(stria_fail(NULL, STRIA_ERROR_IO, "nobody listens"), STRIA_ERROR_IO);
    assert_int_equal(stria_fail_in(NULL, STRIA_ERROR_IO, "nobody listens"), STRIA_ERROR_IO);
}

static void fail_in_prepends(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_fail(&err, STRIA_ERROR_SHAPE, "too small");
    assert_int_equal(stria_fail_in(&err, STRIA_ERROR_FORMAT, "layer '%s': ", "conv2d"), STRIA_ERROR_FORMAT);
    assert_int_equal(err.code, STRIA_ERROR_FORMAT);
    assert_string_equal(err.message, "layer 'conv2d': too small");
}

static void arguments_may_be_the_message(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_fail(&err, STRIA_ERROR_IO, "inner");
    stria_fail(&err, STRIA_ERROR_IO, "outer: %s", err.message);
    assert_string_equal(err.message, "outer: inner");
    stria_fail_in(&err, STRIA_ERROR_IO, "%s; ", err.message);
    assert_string_equal(err.message, "outer: inner; outer: inner");
}

/* A message that is too long ends before a character that would not fit whole. The euro sign has three bytes.
 */
static void long_messages_are_cut_between_characters(void **state)
{
    (void)state;
    char text[STRIA_ERROR_MESSAGE_SIZE * 2];
    for (size_t before = 0; before < 4; before++) {
        stria_error err = {0};
        memset(text, 'x', sizeof text);
        size_t at = STRIA_ERROR_MESSAGE_SIZE - 1 - before;
        memcpy(text + at, "\xE2\x82\xAC", 3);
        text[sizeof text - 1] = '\0';
        stria_fail(&err, STRIA_ERROR_IO, "%s", text);
        assert_int_equal(strlen(err.message), before < 3 ? at : STRIA_ERROR_MESSAGE_SIZE - 1);
        stria_fail_in(&err, STRIA_ERROR_IO, "file: ");
        assert_true(strlen(err.message) < STRIA_ERROR_MESSAGE_SIZE);
        assert_memory_equal(err.message, "file: xxx", 9);
    }
}

static void statuses_fit_errno(void **state)
{
    (void)state;
    assert_int_equal(stria_status_from_errno(0), STRIA_OK);
    assert_int_equal(stria_status_from_errno(ENOENT), STRIA_ERROR_MISSING);
    assert_int_equal(stria_status_from_errno(ENOMEM), STRIA_ERROR_MEMORY);
    assert_int_equal(stria_status_from_errno(EWOULDBLOCK), STRIA_ERROR_BUSY);
    assert_int_equal(stria_status_from_errno(EACCES), STRIA_ERROR_IO);
    char text[64];
    assert_string_equal(stria_errno_text(ENOSPC, text, sizeof text), "No space left on device");
    char tiny[8];
    stria_errno_text(ENOSPC, tiny, sizeof tiny);
    assert_true(strlen(tiny) < sizeof tiny);
}

static void every_status_has_its_own_name(void **state)
{
    (void)state;
    for (int a = STRIA_OK; a <= STRIA_ERROR_DIVERGED; a++) {
        assert_string_not_equal(stria_status_name((stria_status)a), "unknown");
        for (int b = STRIA_OK; b < a; b++)
            assert_string_not_equal(stria_status_name((stria_status)a), stria_status_name((stria_status)b));
    }
    assert_string_equal(stria_status_name((stria_status)99), "unknown");
}

static stria_status try_twice(stria_status first, stria_status second)
{
    STRIA_TRY(first);
    STRIA_TRY(second);
    return STRIA_OK;
}

static void try_forwards_the_first_failure(void **state)
{
    (void)state;
    assert_int_equal(try_twice(STRIA_OK, STRIA_OK), STRIA_OK);
    assert_int_equal(try_twice(STRIA_ERROR_IO, STRIA_ERROR_SHAPE), STRIA_ERROR_IO);
    assert_int_equal(try_twice(STRIA_OK, STRIA_ERROR_SHAPE), STRIA_ERROR_SHAPE);
}

static void version_and_features(void **state)
{
    (void)state;
    char expected[32];
    snprintf(expected, sizeof expected, "%d.%d.%d", STRIA_VERSION_MAJOR, STRIA_VERSION_MINOR,
             STRIA_VERSION_PATCH);
    assert_string_equal(stria_version(), expected);
    assert_string_equal(STRIA_VERSION, expected);

    stria_feature features[16], first = {0};
    size_t count = stria_features(features, 16);
    assert_int_equal(count, 6);
    assert_int_equal(stria_features(NULL, 0), count);
    assert_int_equal(stria_features(&first, 1), count);
    assert_string_equal(first.name, features[0].name);
    for (size_t i = 0; i < count; i++) {
        /* With a version exactly when it is built in: "libpng 1.6.39" and "libpng". */
        int has_version = strchr(features[i].library, ' ') != NULL;
        assert_int_equal(has_version, features[i].built_in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_fills_and_returns),
        cmocka_unit_test(fail_in_prepends),
        cmocka_unit_test(arguments_may_be_the_message),
        cmocka_unit_test(long_messages_are_cut_between_characters),
        cmocka_unit_test(statuses_fit_errno),
        cmocka_unit_test(every_status_has_its_own_name),
        cmocka_unit_test(try_forwards_the_first_failure),
        cmocka_unit_test(version_and_features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* cmocka with what it needs, and checks that print the library's own message when they fail. */
#ifndef STRIA_TESTS_SUPPORT_CHECK_H
#define STRIA_TESTS_SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stria/error.h>

/* The call returned STRIA_OK; else the test fails with the error's message. */
#define assert_ok(call, err) check_status((call), STRIA_OK, (err), #call, __FILE__, __LINE__)

/* The call returned this status and, unless it is OK, put it and one clean line into the error. */
#define assert_status(call, expected, err) check_status((call), (expected), (err), #call, __FILE__, __LINE__)

/* The error's message contains `part`. */
#define assert_message(err, part) check_message((err), (part), __FILE__, __LINE__)

void check_status(stria_status status, stria_status expected, const stria_error *err, const char *call,
                  const char *file, int line);
void check_message(const stria_error *err, const char *part, const char *file, int line);

#endif

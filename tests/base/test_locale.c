/* Numbers and messages in a program whose locale has a decimal comma and a thousands point.
 *
 * No such locale may be installed, so the test makes one: an alphabet and a decimal comma, through localedef,
 * which comes with glibc. Elsewhere there is nothing to test: musl has no such locales. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "support/check.h"
#include "support/temporary_folder.h"

static void write_charmap(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "<code_set_name> ANSI_X3.4-1968\n<comment_char> %%\n<escape_char> /\nCHARMAP\n");
    for (int c = 0; c < 128; c++)
        fprintf(file, "<U%04X> /x%02x C%d\n", (unsigned)c, (unsigned)c, c);
    fprintf(file, "END CHARMAP\n");
    assert_int_equal(fclose(file), 0);
}

static void make_locale(const temporary_folder *folder)
{
    static const char source[] = "comment_char %\nescape_char /\nLC_NUMERIC\ndecimal_point \"<U002C>\"\n"
                                 "thousands_sep \"<U002E>\"\ngrouping 3;3\nEND LC_NUMERIC\n";
    char path[TEMPORARY_PATH_SIZE], command[4 * TEMPORARY_PATH_SIZE];
    write_charmap(temporary_folder_path(folder, "charmap", path));
    write_test_file(temporary_folder_path(folder, "source", path), source, sizeof source - 1);
    snprintf(command, sizeof command,
             "localedef -c --no-archive -i '%s/source' -f '%s/charmap' '%s/comma' 2>'%s/log'", folder->path,
             folder->path, folder->path, folder->path);
    /* It warns that the other categories are missing (status 1) and makes them up. */
    if (system(command) == -1)
        fail();
    assert_int_equal(setenv("LOCPATH", folder->path, 1), 0);
    if (!setlocale(LC_ALL, "comma")) {
        print_error("localedef made no locale; is it installed (Debian: libc-bin)? See %s/log\n",
                    folder->path);
        fail();
    }
}

static void numbers_keep_their_point(void **state)
{
    (void)state;
#ifndef __GLIBC__
    skip();
#endif
    temporary_folder folder;
    temporary_folder_make(&folder);
    make_locale(&folder);
    char text[64];
    snprintf(text, sizeof text, "%.2f", 1234.5);
    assert_string_equal(text, "1234,50"); /* the locale is really at work */

    double value = 0.0;
    assert_true(stria_text_to_double("0.125", 5, &value));
    assert_true(value == 0.125);
    assert_true(stria_text_to_double("1234.5e-1", 9, &value));
    assert_true(value == 123.45);
    assert_false(stria_text_to_double("0,125", 5, &value));
    assert_false(stria_text_to_double("1.234.567", 9, &value));
    assert_string_equal(stria_double_text(0.125, text, sizeof text), "0.125");
    assert_string_equal(stria_double_text(1234567.0, text, sizeof text), "1234567");
    assert_string_equal(stria_double_text(-2.5e-7, text, sizeof text), "-2.5e-7");
    stria_format(text, sizeof text, "%g %.1f", 0.5, 2.5);
    assert_string_equal(text, "0.5 2.5");

    stria_text grown = {.allocator = &stria_default_allocator};
    stria_text_format(&grown, "rate %g", 0.001);
    assert_string_equal(grown.bytes, "rate 0.001");
    stria_text_free(&grown);

    stria_error err = {0};
    stria_fail(&err, STRIA_ERROR_VALUE, "rate %g is above 1", 1.5);
    assert_string_equal(err.message, "rate 1.5 is above 1");

    /* The program's own locale is as it was. */
    snprintf(text, sizeof text, "%.2f", 0.5);
    assert_string_equal(text, "0,50");
    assert_non_null(setlocale(LC_ALL, "C"));
    temporary_folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_keep_their_point)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

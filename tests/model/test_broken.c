/* Model texts with mistakes, and what is said about them: every broken/NAME.stria has a broken/NAME.expected
 * with the status and each mistake as line, column, message, source line and caret.
 *
 *     test_broken --refresh     writes the .expected files anew; read the difference before committing it */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/context.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

#define FOLDER    STRIA_TEST_DATA "/model/broken"
#define MAX_FILES 256

static bool refresh;

typedef struct names {
    size_t count;
    char list[MAX_FILES][64]; /* without ".stria", in order */
} names;

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void list_files(names *found)
{
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    found->count = 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".stria") != 0)
            continue;
        assert_true(found->count < MAX_FILES && (size_t)(dot - entry->d_name) < sizeof found->list[0]);
        snprintf(found->list[found->count++], sizeof found->list[0], "%.*s", (int)(dot - entry->d_name),
                 entry->d_name);
    }
    closedir(folder);
    qsort(found->list, found->count, sizeof found->list[0], compare_names);
}

/* One mistake as a compiler would print it. */
static void describe(const stria_diagnostic *d, void *payload)
{
    stria_text *text = payload;
    assert_true(d->line >= 1 && d->column >= 1 && d->length >= 1);
    stria_text_format(text, "%d:%d: %s\n  %s\n  %*s^", d->line, d->column, d->message, d->source,
                      d->column - 1, "");
    for (int i = 1; i < d->length; i++)
        stria_text_add(text, "~");
    stria_text_add(text, "\n");
}

static void check_file(stria_context *context, const char *name)
{
    char path[512], expected_path[512], file[96];
    void *bytes = NULL, *expected = NULL;
    size_t size = 0, expected_size = 0;
    stria_error err = {0};
    snprintf(path, sizeof path, FOLDER "/%s.stria", name);
    snprintf(expected_path, sizeof expected_path, FOLDER "/%s.expected", name);
    snprintf(file, sizeof file, "%s.stria", name);
    assert_ok(stria_file_read(context, path, 1 << 20, &bytes, &size, &err), &err);

    stria_text mistakes = {.allocator = &stria_default_allocator},
               got = {.allocator = &stria_default_allocator};
    const stria_parse_options options = {.file_name = file, .diagnostic = describe, .payload = &mistakes};
    stria_model *model = NULL;
    stria_status status = stria_model_parse(&model, context, bytes, size, &options, &err);
    if (status == STRIA_OK)
        fail_msg("%s has no mistake", file);
    assert_null(model);
    assert_int_equal(err.code, status);
    stria_text_format(&got, "%s\n%s", stria_status_name(status), mistakes.length > 0 ? mistakes.bytes : "");
    if (mistakes.length == 0)
        stria_text_format(&got, "%s\n", err.message);

    /* The error alone names file, line and column of the first mistake. */
    if (mistakes.length > 0) {
        char head[256];
        snprintf(head, sizeof head, "%s:%.*s", file, (int)strcspn(mistakes.bytes, "\n"), mistakes.bytes);
        if (strncmp(err.message, head, strlen(head)) != 0)
            fail_msg("the error does not begin with \"%s\" but says: %s", head, err.message);
    }

    if (refresh)
        write_test_file(expected_path, got.bytes, got.length);
    else {
        assert_ok(stria_file_read(context, expected_path, 1 << 20, &expected, &expected_size, &err), &err);
        if (expected_size != got.length || memcmp(expected, got.bytes, expected_size) != 0)
            fail_msg("%s: expected\n%s\nbut got\n%s", file, (const char *)expected, got.bytes);
    }
    stria_release(&context->allocator, bytes);
    stria_release(&context->allocator, expected);
    stria_text_free(&mistakes);
    stria_text_free(&got);
}

static void test_messages(void **state)
{
    (void)state;
    static names found;
    test_context test;
    list_files(&found);
    assert_true(found.count >= 40);
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < found.count; i++)
        check_file(test.context, found.list[i]);
    test_context_close(&test);
}

int main(int argc, char **argv)
{
    refresh = argc > 1 && strcmp(argv[1], "--refresh") == 0;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_messages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

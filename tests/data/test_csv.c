/* Lists of pictures in .csv files: rows as RFC 4180 says, columns with and without names, labels and targets,
 * and what is refused with its line. */
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"
#include "data/csv.h"
#include "data/dataset.h"
#include "data/picture_set.h"
#include "support/check.h"
#include "support/test_context.h"

static test_context test;
static temporary_folder folder;

static int set_up(void **state)
{
    (void)state;
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    test_context_close(&test);
    return 0;
}

/* ---- Rows ---- */

/* Reads all rows; fields joined with '|', rows ended with '/'. */
static stria_status read_rows(const char *text, size_t size, char *joined, stria_error *err)
{
    stria_csv csv;
    char *bytes = stria_copy_text(&test.context->allocator, text, size);
    assert_non_null(bytes);
    stria_csv_begin(&csv, &test.context->allocator, bytes, size, "list.csv");
    stria_status status;
    joined[0] = '\0';
    while ((status = stria_csv_next(&csv, err)) == STRIA_OK && csv.count > 0) {
        for (size_t i = 0; i < csv.count; i++) {
            strcat(joined, csv.fields[i]);
            strcat(joined, i + 1 < csv.count ? "|" : "/");
        }
    }
    stria_csv_free(&csv);
    stria_release(&test.context->allocator, bytes);
    return status;
}

static void reads_rows(void **state)
{
    (void)state;
    static const struct {
        const char *text, *rows, *message;
    } cases[] = {
        {"", "", NULL},
        {"a,b\nc,d\n", "a|b/c|d/", NULL},
        {"a,b\r\nc,d", "a|b/c|d/", NULL},
        {"\xEF\xBB\xBF"
         "a,b\n",
         "a|b/", NULL},
        {"\n\na\n\r\n\nb\n\n", "a/b/", NULL},
        {"\"a,b\",c\n", "a,b|c/", NULL},
        {"\"a\"\"b\",\"\"\n", "a\"b|/", NULL},
        {"\"two\nlines\",x\n", "two\nlines|x/", NULL},
        {" a , b \n,\n", " a | b /|/", NULL},
        {"a,", "a|/", NULL},
        {"\"\"", "/", NULL},
        {"a\rb\n", "a\rb/", NULL},
        {"a\n\"b\n", NULL, "list.csv: line 2: a quote that is opened and never closed"},
        {"a\n\"x\ny\"z\n", NULL, "list.csv: line 3: text behind a closing quote"},
        {"ab\"c\"\n", NULL, "list.csv: line 1: a quote within a field"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        char joined[256];
        stria_error err = {0};
        const stria_status status = read_rows(cases[c].text, strlen(cases[c].text), joined, &err);
        assert_int_equal(status, cases[c].message == NULL ? STRIA_OK : STRIA_ERROR_FORMAT);
        if (cases[c].message != NULL)
            assert_message(&err, cases[c].message);
        else
            assert_string_equal(joined, cases[c].rows);
    }
    char joined[64];
    stria_error err = {0};
    assert_status(read_rows("a\nb\0c\n", 6, joined, &err), STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "list.csv: line 2: a zero byte");
}

/* ---- Data sets ---- */

static void put_list(const char *name, const char *text)
{
    put_bytes(&folder, name, text, strlen(text));
}

static void opens_lists(void **state)
{
    (void)state;
    put_picture(&folder, "l/a.png", 4, 4, 3, 1);
    put_picture(&folder, "l/sub/b, \"c\"\n\u00e9.png", 4, 4, 3, 2);
    put_list("l/names.csv",
             "Path,Label,part\na.png,dog,train\n\"sub/b, \"\"c\"\"\n\u00e9.png\",cat,TEST\na.png,cat,val\n");
    stria_dataset *data = open_data(test.context, &folder, "l/names.csv", NULL);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TRAIN), 1);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TEST), 2);
    assert_string_equal(stria_dataset_class_name(data, 0), "cat");
    assert_int_equal(stria_dataset_label(data, STRIA_PART_TRAIN, 0), 1);
    assert_int_equal(stria_dataset_label(data, STRIA_PART_TEST, 1), 0);
    float x[48];
    uint32_t first = 0;
    stria_error err = {0};
    assert_ok(stria_dataset_read(data, STRIA_PART_TEST, &first, 1, NULL, x, NULL, NULL, &err), &err);
    stria_dataset_free(data);

    put_list("l/numbers.csv", "a.png,3\na.png,0\n");
    data = open_data(test.context, &folder, "l/numbers.csv", NULL);
    assert_int_equal(stria_dataset_class_count(data), 4);
    assert_int_equal(stria_dataset_label(data, STRIA_PART_TRAIN, 0), 3);
    stria_dataset_free(data);

    put_list("l/mixed.csv", "a.png,3\na.png,three\n");
    data = open_data(test.context, &folder, "l/mixed.csv", NULL);
    assert_string_equal(stria_dataset_class_name(data, 1), "three");
    stria_dataset_free(data);

    put_list("l/targets.csv", "a.png,3,0.5\na.png,-1,2e3\n");
    data = open_data(test.context, &folder, "l/targets.csv", NULL);
    assert_int_equal(stria_dataset_class_count(data), 0);
    assert_true(stria_dataset_target_shape(data)->rank == 1 &&
                stria_dataset_target_shape(data)->sizes[0] == 2);
    uint32_t both[2] = {1, 0};
    float two[96], targets[4];
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, both, 2, NULL, two, NULL, targets, &err), &err);
    assert_true(targets[0] == -1 && targets[1] == 2000 && targets[2] == 3 && targets[3] == 0.5F);
    assert_int_equal(stria_dataset_label(data, STRIA_PART_TRAIN, 0), -1);
    stria_dataset_free(data);

    put_list("l/one.CSV", "image,age\na.png,3.5\na.png,4\n");
    data = open_data(test.context, &folder, "l/one.CSV", NULL);
    assert_int_equal(stria_dataset_target_shape(data)->sizes[0], 1);
    stria_dataset_free(data);

    char list[2 * TEMPORARY_PATH_SIZE], path[TEMPORARY_PATH_SIZE]; /* a path from the root on */
    snprintf(list, sizeof list, "%s,1\n", temporary_folder_path(&folder, "l/a.png", path));
    put_list("elsewhere/list.csv", list);
    data = open_data(test.context, &folder, "elsewhere/list.csv", NULL);
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, &first, 1, NULL, x, NULL, NULL, &err), &err);
    stria_dataset_free(data);
}

static void refuses_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        stria_status status;
        const char *message;
    } cases[] = {
        {"", STRIA_ERROR_FORMAT, "the list is empty"},
        {"path,label\n", STRIA_ERROR_FORMAT, "the list names no pictures"},
        {"a.png\n", STRIA_ERROR_FORMAT, "line 1: there is one column, and labels are expected"},
        {"path,part\na.png,train\n", STRIA_ERROR_FORMAT, "line 1: no column is called 'label'"},
        {"a.png,1\nb.png\n", STRIA_ERROR_FORMAT, "line 2: 1 columns, and the first row has 2"},
        {"a.png,1\n,2\n", STRIA_ERROR_FORMAT, "line 2: the path is empty"},
        {"a.png,1\nb.png,\n", STRIA_ERROR_FORMAT, "line 2: the label is empty"},
        {"a.png,1,2\nb.png,1,x\n", STRIA_ERROR_FORMAT, "line 2: column 3 is 'x', and a target is a number"},
        {"path,label,part\na.png,1,maybe\n", STRIA_ERROR_FORMAT,
         "line 2: part 'maybe' is neither train nor test"},
        {"a.png,-1\n", STRIA_ERROR_VALUE, "label -1 of a.png is outside 0 to 65535"},
        {"a.png,70000\n", STRIA_ERROR_VALUE, "label 70000 of a.png is outside 0 to 65535"},
        {"missing.png,1\n", STRIA_ERROR_MISSING, "missing.png"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        stria_error err;
        put_list("bad.csv", cases[c].text);
        assert_int_equal(refuse_data(test.context, &folder, "bad.csv", NULL, &err), cases[c].status);
        assert_message(&err, cases[c].message);
    }
}

static void survives_failures(void **state)
{
    (void)state;
    put_picture(&folder, "a.png", 2, 2, 1, 1);
    put_list("list.csv", "path,label\na.png,x\na.png,y\n");
    open_with_failures(&test, &folder, "list.csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(opens_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(survives_failures, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reports: whole or not at all in a hostile world, the same bytes each time, hostile names, what is missing.
 * What stands on the page is read and compared in tests/cli/cases/report.case. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "inspect/chart.h"
#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

static temporary_folder folder;
static char path[TEMPORARY_PATH_SIZE];

static int make_folder(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    temporary_folder_path(&folder, "x.html", path);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    return 0;
}

static const char *const text = "input 6x6x1\n"
                                "conv2d 4 3 same relu\n"
                                "x = conv2d 4 3 same relu\n"
                                "add(x, conv2d)\n"
                                "maxpool2d\n"
                                "flatten\n"
                                "dense 3 softmax\n";

#define HISTORY                                                                                              \
    "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate\n1,1.5,0.4,1.2,0.5,0.01\n2,1.1,0.6,1.3,0.5,0."  \
    "0001\n"

static stria_model *make_model(stria_context *context, const char *model_text)
{
    stria_error err = {0};
    stria_model *model = NULL;
    assert_ok(stria_model_parse(&model, context, model_text, strlen(model_text), NULL, &err), &err);
    return model;
}

static stria_dataset *make_data(stria_context *context, bool targets)
{
    enum { COUNT = 30 };
    float x[COUNT * 36], y[COUNT * 3];
    int32_t labels[COUNT];
    uint32_t state = 5;
    for (size_t i = 0; i < COUNT * 36; i++)
        x[i] = (float)((state = state * 1664525 + 1013904223) >> 8) / (float)(1 << 24);
    for (size_t i = 0; i < COUNT; i++) {
        labels[i] = (int32_t)(i % 3);
        for (size_t j = 0; j < 3; j++)
            y[i * 3 + j] = x[i * 36 + j];
    }
    const stria_shape shape = {3, {6, 6, 1}}, target = {1, {3}};
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_ok(stria_dataset_create(&data, context, x, &shape, COUNT, targets ? NULL : labels, targets ? 0 : 3,
                                   targets ? y : NULL, targets ? &target : NULL, &err),
              &err);
    return data;
}

static char *read_page(void)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *page = calloc(1, 4 << 20);
    assert_non_null(page);
    assert_true(fread(page, 1, (4 << 20) - 1, file) > 0);
    fclose(file);
    return page;
}

static void set(stria_model *model, const char *key, const char *value)
{
    stria_error err = {0};
    assert_ok(stria_model_set_metadata(model, key, value, &err), &err);
}

static void same_bytes(void **state)
{
    (void)state;
    char *pages[2];
    for (int i = 0; i < 2; i++) {
        test_context test;
        stria_error err = {0};
        test_context_open(&test, 2, NULL);
        stria_model *model = make_model(test.context, text);
        stria_dataset *data = make_data(test.context, false);
        set(model, "history", HISTORY);
        set(model, "seed", "7");
        set(model, "first_parameters", "drawn");
        const stria_report_options options = {.data = data, .data_name = "bars", .name = "x.stria"};
        assert_ok(stria_report_write(model, path, &options, &err), &err);
        stria_dataset_free(data);
        stria_model_free(model);
        test_context_close(&test);
        pages[i] = read_page();
    }
    assert_string_equal(pages[0], pages[1]);
    assert_non_null(strstr(pages[0], "x.stria on bars, training part, 30 samples"));
    assert_int_equal(temporary_folder_count(&folder), 1);
    free(pages[0]);
    free(pages[1]);
}

/* Nothing of a name comes through as mark-up, whatever bytes it has. */
static void hostile_names(void **state)
{
    (void)state;
    static const char *const names[3] = {"<script>alert(1)</script>", "a\"b'c&d\n\x01\x7F\xFF",
                                         "\xEF\xBF\xBF\xE2\x80\xAE</td><img src=http://x/>"};
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = make_model(test.context, text);
    assert_ok(stria_model_set_classes(model, names, 3, &err), &err);
    set(model, "history", HISTORY);
    set(model, "command", "stria train '<b>' \x1B[31m");
    set(model, "data_name", "</pre><script>");
    set(model, "loss", "\" onload=\"alert(1)");
    const stria_report_options options = {.title = "</title><script>", .name = "<i>.stria"};
    assert_ok(stria_report_write(model, path, &options, &err), &err);
    char *page = read_page();
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<i>"));
    assert_null(strstr(page, "<img"));
    assert_null(strstr(page, " onload=\"alert"));
    assert_null(strchr(page, '\x1B'));
    assert_null(strchr(page, '\x01'));
    assert_null(strchr(page, '\x7F'));
    assert_null(strstr(page, "\xEF\xBF\xBF"));
    assert_non_null(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_non_null(strstr(page, "a&quot;b&#39;c&amp;d\n\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"));
    free(page);
    stria_model_free(model);
    test_context_close(&test);
}

/* Without training, without data; with targets; with a history that is damaged; with open sizes. */
static void what_is_missing(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = make_model(test.context, text),
                *open = make_model(test.context, "input ?x?x1\nconv2d 2 3\n");
    stria_dataset *data = make_data(test.context, true);
    assert_ok(stria_report_write(model, path, NULL, &err), &err);
    char *page = read_page();
    assert_non_null(strstr(page, "This model has not been trained."));
    assert_non_null(strstr(page, "There are no results without data"));
    free(page);

    set(model, "history", "nonsense");
    stria_report_options options = {.data = data, .mistakes = 3, .part = STRIA_PART_TEST};
    assert_ok(stria_report_write(model, path, &options, &err), &err);
    page = read_page();
    assert_non_null(
        strstr(page, "The curves are left out: the history in the model&#39;s metadata is damaged"));
    assert_non_null(strstr(page, "The data has targets instead of classes"));
    assert_non_null(strstr(page, "The 3 samples with the largest losses"));
    free(page);

    options = (stria_report_options){.mistakes = -1, .samples = -1};
    assert_ok(stria_report_write(open, path, &options, &err), &err);
    page = read_page();
    assert_non_null(strstr(page, "The model cannot be planned: "));
    free(page);
    stria_dataset_free(data);
    stria_model_free(open);
    stria_model_free(model);
    test_context_close(&test);
}

static void refused(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = make_model(test.context, text),
                *other = make_model(test.context, "input 5\ndense 3\n");
    stria_dataset *data = make_data(test.context, false);
    assert_status(stria_report_write(model, path, &(stria_report_options){.mistakes = 501}, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_status(stria_report_write(model, path, &(stria_report_options){.samples = -2}, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_status(stria_report_write(model, path, &(stria_report_options){.part = (stria_part)7}, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_status(stria_report_write(model, path, &(stria_report_options){.struct_size = 100000}, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_status(
        stria_report_write(model, path, &(stria_report_options){.data = data, .loss = "none"}, &err),
        STRIA_ERROR_VALUE, &err);
    assert_status(stria_report_write(other, path, &(stria_report_options){.data = data}, &err),
                  STRIA_ERROR_SHAPE, &err);
    assert_status(stria_report_write(model, folder.path, NULL, &err), STRIA_ERROR_IO, &err);
    assert_int_equal(temporary_folder_count(&folder), 0);
    stria_dataset_free(data);
    stria_model_free(other);
    stria_model_free(model);
    test_context_close(&test);
}

static stria_status write_in(test_context *test, size_t fail_memory_at, size_t fail_io_at, stria_error *err)
{
    stria_model *model = make_model(test->context, text);
    stria_dataset *data = make_data(test->context, false);
    set(model, "history", HISTORY);
    set(model, "seed", "7");
    set(model, "first_parameters", "drawn");
    if (fail_memory_at > 0)
        test->memory.fail_at = test->memory.calls + fail_memory_at;
    if (fail_io_at > 0)
        test->io.fail_at = test->io.calls + fail_io_at;
    const stria_report_options options = {.data = data, .mistakes = 2, .samples = 1};
    const stria_status status = stria_report_write(model, path, &options, err);
    test->memory.fail_at = 0;
    test->io.fail_at = 0;
    stria_dataset_free(data);
    stria_model_free(model);
    return status;
}

/* Either the page cannot be written, or it is whole without the plan of a training, which may be too large
 * for a machine. */
static void failing_allocations(void **state)
{
    (void)state;
    static const char old[] = "the page before";
    for (size_t n = 1;; n++) {
        test_context test;
        stria_error err = {0};
        write_test_file(path, old, sizeof old - 1);
        test_context_open(&test, 1, NULL);
        const stria_status status = write_in(&test, n, 0, &err);
        const bool done = test.memory.failures == 0;
        test_context_close(&test);
        if (status == STRIA_OK) {
            char *page = read_page();
            assert_true(done || strstr(page, "cannot be planned") != NULL);
            assert_non_null(strstr(page, "</html>\n"));
            free(page);
        } else {
            assert_status(status, STRIA_ERROR_MEMORY, &err);
            assert_file_holds(path, old, sizeof old - 1);
        }
        if (done) {
            print_message("%zu allocations failed, all survived\n", n - 1);
            assert_true(n > 200);
            return;
        }
    }
}

static void failing_files(void **state)
{
    (void)state;
    static const char old[] = "the page before";
    for (size_t n = 1;; n++) {
        test_context test;
        stria_error err = {0};
        write_test_file(path, old, sizeof old - 1);
        test_context_open(&test, 1, NULL);
        const stria_status status = write_in(&test, 0, n, &err);
        const bool done = test.io.failures == 0;
        test_context_close(&test);
        if (done) {
            assert_ok(status, &err);
            print_message("%zu calls failed\n", n - 1);
            return;
        }
        if (status != STRIA_OK)
            assert_file_holds(path, old, sizeof old - 1);
        assert_int_equal(temporary_folder_count(&folder), 1);
    }
}

/* ---- Charts ---- */

static void round_ticks(void **state)
{
    (void)state;
    static const struct {
        double low, high;
        int wanted;
        const char *texts[4]; /* the first, the second, the last */
    } cases[] = {
        {0, 1, 5, {"0.0", "0.2", "1.0"}},
        {0, 97, 5, {"0", "20", "100"}},
        {0.31, 0.39, 5, {"0.30", "0.32", "0.40"}},
        {1, 2, 1, {"1", "2", "2"}},
        {-3, 3, 5, {"-4", "-2", "4"}},
        {0, 1e-6, 5, {"0", "2e-07", "1e-06"}},
        {5, 5, 5, {"4.4", "4.6", "5.6"}},
        {0, 0, 5, {"-1.0", "-0.5", "1.0"}},
        {0, 3e8, 5, {"0", "1e+08", "3e+08"}},
    };
    char number[40];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const stria_ticks ticks = stria_ticks_linear(cases[i].low, cases[i].high, cases[i].wanted);
        assert_true(ticks.count >= 2 && ticks.low <= cases[i].low && ticks.high >= cases[i].high);
        assert_string_equal(stria_tick_text(&ticks, ticks.values[0], number), cases[i].texts[0]);
        assert_string_equal(stria_tick_text(&ticks, ticks.values[1], number), cases[i].texts[1]);
        assert_string_equal(stria_tick_text(&ticks, ticks.values[ticks.count - 1], number),
                            cases[i].texts[2]);
    }
    /* Numbers of any size give an axis that holds them. */
    for (int e = -300; e <= 300; e += 7) {
        double low = 1;
        for (int k = 0; k < abs(e); k++)
            low = e < 0 ? low / 10 : low * 10;
        const double highs[] = {low, low * (1 + 1e-15), low * 1.5, low * 1e6};
        for (int k = 0; k < 4; k++) {
            const stria_ticks linear = stria_ticks_linear(low, highs[k], 5);
            const stria_ticks logarithmic = stria_ticks_logarithmic(low, highs[k]);
            assert_true(linear.count >= 2 && linear.low < linear.high);
            const double hair = 1e-8 * (linear.high - linear.low);
            assert_true(linear.low <= low + hair && linear.high >= highs[k] - hair);
            assert_true(logarithmic.count >= 2 && logarithmic.low < logarithmic.high);
            assert_true(logarithmic.low <= low && logarithmic.high >= highs[k]);
        }
    }
}

static void labels_are_cut(void **state)
{
    (void)state;
    char label[STRIA_LABEL_SIZE], longer[1000];
    assert_string_equal(stria_chart_label(label, "short", 100, 12, false), "short");
    stria_chart_label(label, "a name that is too long", 60, 12, false);
    assert_true(stria_text_width(label, 12, false) <= 60);
    assert_non_null(strstr(label, "\xE2\x80\xA6"));
    assert_int_equal(strncmp(label, "a na", 4), 0);
    /* Characters of several bytes are kept whole, any number of them, also where the width would take them
     * all. */
    for (size_t i = 0; i + 2 < sizeof longer; i += 2)
        memcpy(longer + i, "\xC3\xA4", 3);
    for (double width = 0; width < 4000; width += 97) {
        stria_chart_label(label, longer, width, 12, true);
        assert_true(strlen(label) < STRIA_LABEL_SIZE);
        assert_true((strlen(label) - 3) % 2 == 0);
    }
}

/* Charts of 1 to many classes and of odd numbers become figures, in a size that a page takes. */
static void charts_of_any_size(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    static const size_t sizes[] = {1, 2, 16, 17, 40, 61, 100, 200, 201, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const size_t n = sizes[i];
        int64_t *counts = calloc(n * n, sizeof *counts);
        const char **names = calloc(n, sizeof *names);
        for (size_t j = 0; j < n * n; j++)
            counts[j] = (int64_t)(j * 7919 % 5);
        for (size_t j = 0; j < n; j++)
            names[j] = "class";
        const stria_confusion_chart chart = {counts, names, n};
        stria_figure *figure = NULL;
        const char *svg;
        size_t length;
        assert_ok(stria_chart_confusion(&figure, test.context, &chart, &err), &err);
        assert_ok(stria_figure_svg(figure, NULL, &svg, &length, &err), &err);
        print_message("%zu classes: %.0f pixels wide, %zu bytes\n", n, stria_figure_width(figure), length);
        assert_true(length < 900000);
        assert_true(stria_figure_width(figure) < 1400);
        stria_figure_free(figure);
        free(names);
        free(counts);
    }
    static const double x[] = {1, 2, 3, 4};
    static const double odd[][4] = {{0, 0, 0, 0},
                                    {1, NAN, 3, 4},
                                    {NAN, NAN, NAN, NAN},
                                    {INFINITY, -INFINITY, 1, 1e300},
                                    {1e-300, 1e300, 0, -1}};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        for (size_t count = 1; count <= 4; count++) {
            for (int logarithmic = 0; logarithmic < 2; logarithmic++) {
                const stria_line_chart chart = {.title = "t",
                                                .x_title = "x",
                                                .y_title = "y",
                                                .x = x,
                                                .count = count,
                                                .series = {{"s", odd[i]}},
                                                .series_count = 1,
                                                .logarithmic = logarithmic != 0};
                stria_figure *figure = NULL;
                const char *svg;
                size_t length;
                assert_ok(stria_chart_lines(&figure, test.context, &chart, &err), &err);
                assert_ok(stria_figure_svg(figure, NULL, &svg, &length, &err), &err);
                assert_null(strstr(svg, "nan"));
                assert_null(strstr(svg, "inf"));
                stria_figure_free(figure);
            }
        }
    }
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_bytes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(hostile_names, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_missing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(failing_allocations, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(failing_files, make_folder, remove_folder),
        cmocka_unit_test(round_ticks),
        cmocka_unit_test(labels_are_cut),
        cmocka_unit_test(charts_of_any_size),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}

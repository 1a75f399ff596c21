/* Contact sheets and augmented samples: which samples are on them, that random layers changed them and
 * rescaling did not, and that any allocation may fail. */
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/test_context.h"

static const char text[] =
    "input 8x8x1\nrescaling 1/8 offset=-1\nrandom_flip horizontal\nconv2d 2 3\nflatten\n"
    "dense 10 softmax\n";

static void test_contact_sheet(void **state)
{
    (void)state;
    for (size_t n = 1;; n += n < 40 ? 1 : 7) {
        test_context test;
        stria_error err = {0};
        stria_dataset *data = NULL;
        stria_sheet *sheet = NULL;
        const stria_gallery_options options = {.struct_size = sizeof options, .name = "d", .samples = 3};
        test_context_open(&test, 1, NULL);
        assert_ok(stria_dataset_open(&data, test.context, "digits", &err), &err);
        const size_t before = test.memory.calls;
        test.memory.fail_at = before + n;
        const stria_status status = stria_contact_sheet(&sheet, data, &options, &err);
        const size_t calls = test.memory.calls - before, failures = test.memory.failures;
        test.memory.fail_at = 0;
        if (failures == 0) {
            stria_picture picture;
            stria_tile tile;
            stria_sheet_group_options about;
            size_t group;
            assert_ok(status, &err);
            assert_string_equal(stria_sheet_title(sheet), "d, training part: 1,442 samples of 10 classes");
            assert_int_equal(stria_sheet_tile_count(sheet), 30);
            assert_true(stria_sheet_group_at(sheet, 7, &about));
            assert_string_equal(about.heading, "7: 144");
            assert_true(stria_sheet_tile_at(sheet, 29, &picture, &tile, &group));
            assert_int_equal(group, 9);
            assert_true(tile.width == 72 && tile.height == 72); /* 8 pixels, nine times */
        } else if (status != STRIA_OK) { /* else the sheet remembers, and says so when it is laid out */
            assert_status(status, STRIA_ERROR_MEMORY, &err);
            assert_null(sheet);
        }
        stria_sheet_free(sheet);
        stria_dataset_free(data);
        test_context_close(&test);
        if (calls < n)
            break;
    }
}

/* Rows are the pictures; each draw of a flip is the picture or its mirror image, and both come up. */
static void check_flips(const stria_sheet *sheet, size_t rows, size_t draws)
{
    size_t mirrored = 0;
    assert_int_equal(stria_sheet_tile_count(sheet), rows * (draws + 1));
    for (size_t i = 0; i < rows * (draws + 1); i++) {
        stria_picture original, drawn;
        stria_tile tile;
        size_t group;
        assert_true(stria_sheet_tile_at(sheet, i - i % (draws + 1), &original, &tile, &group));
        assert_true(stria_sheet_tile_at(sheet, i, &drawn, &tile, &group));
        bool same = true, mirror = true;
        for (int p = 0; p < 64; p++) {
            same = same && drawn.bytes[p] == original.bytes[p];
            mirror = mirror && drawn.bytes[p] == original.bytes[p - p % 8 + 7 - p % 8];
        }
        assert_true(same || mirror);
        assert_true(same || i % (draws + 1) > 0);
        mirrored += mirror ? 1 : 0;
    }
    assert_in_range(mirrored, rows * draws / 5, rows * draws * 4 / 5);
}

static void test_augmented_sheet(void **state)
{
    (void)state;
    for (size_t n = 1;; n += n < 40 ? 1 : 7) {
        test_context test;
        stria_error err = {0};
        stria_dataset *data = NULL;
        stria_model *model = NULL;
        stria_sheet *sheet = NULL;
        const stria_gallery_options options = {.struct_size = sizeof options, .samples = 5, .draws = 9};
        test_context_open(&test, 1, NULL);
        assert_ok(stria_dataset_open(&data, test.context, "digits", &err), &err);
        assert_ok(stria_model_parse(&model, test.context, text, strlen(text), NULL, &err), &err);
        const size_t before = test.memory.calls;
        test.memory.fail_at = before + n;
        const stria_status status = stria_augmented_sheet(&sheet, model, data, &options, &err);
        const size_t calls = test.memory.calls - before, failures = test.memory.failures;
        test.memory.fail_at = 0;
        if (failures == 0) {
            assert_ok(status, &err);
            check_flips(sheet, 5, 9);
        } else if (status != STRIA_OK) {
            assert_status(status, STRIA_ERROR_MEMORY, &err);
            assert_null(sheet);
        }
        stria_sheet_free(sheet);
        stria_model_free(model);
        stria_dataset_free(data);
        test_context_close(&test);
        if (calls < n)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_contact_sheet),
                                       cmocka_unit_test(test_augmented_sheet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

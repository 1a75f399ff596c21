/* Pictures: channels, boxes, and files written and read again. */
#include <stdlib.h>
#include <string.h>

#include <stria/picture.h>

#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

static stria_picture make(stria_context *context, int64_t height, int64_t width, int64_t channels)
{
    stria_picture picture;
    stria_error err = {0};
    assert_ok(stria_picture_create(&picture, context, height, width, channels, &err), &err);
    for (int64_t i = 0; i < height * width * channels; i++) {
        assert_int_equal(picture.bytes[i], 0);
        picture.bytes[i] = (uint8_t)(i * 37 + i / 11);
    }
    return picture;
}

static void converts_channels(void **state)
{
    (void)state;
    /* Grey as Pillow's convert("L") gives it. */
    static const uint8_t grey[] = {7, 200}, grey_alpha[] = {7, 11, 200, 0}, rgb[] = {10, 200, 30, 255, 0, 1},
                         rgba[] = {10, 200, 30, 4, 255, 0, 1, 99};
    static const uint8_t *const from[] = {grey, grey_alpha, rgb, rgba};
    static const uint8_t to[4][4][8] = {
        {{7, 200}, {7, 255, 200, 255}, {7, 7, 7, 200, 200, 200}, {7, 7, 7, 255, 200, 200, 200, 255}},
        {{7, 200}, {7, 11, 200, 0}, {7, 7, 7, 200, 200, 200}, {7, 7, 7, 11, 200, 200, 200, 0}},
        {{124, 76}, {124, 255, 76, 255}, {10, 200, 30, 255, 0, 1}, {10, 200, 30, 255, 255, 0, 1, 255}},
        {{124, 76}, {124, 4, 76, 99}, {10, 200, 30, 255, 0, 1}, {10, 200, 30, 4, 255, 0, 1, 99}},
    };
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    for (int64_t has = 1; has <= 4; has++)
        for (int64_t wanted = 1; wanted <= 4; wanted++) {
            stria_picture picture = make(test.context, 1, 2, has);
            memcpy(picture.bytes, from[has - 1], (size_t)(2 * has));
            assert_ok(stria_picture_convert(&picture, test.context, wanted, &err), &err);
            assert_int_equal(picture.channels, wanted);
            assert_memory_equal(picture.bytes, to[has - 1][wanted - 1], (size_t)(2 * wanted));
            stria_picture_free(&picture, test.context);
            assert_null(picture.bytes);
        }
    stria_picture picture = make(test.context, 1, 2, 3);
    assert_status(stria_picture_convert(&picture, test.context, 5, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "5 channels: must be 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGB and alpha)");
    stria_picture_free(&picture, test.context);
    test_context_close(&test);
}

static void cuts_boxes(void **state)
{
    (void)state;
    static const int64_t bad[][4] = {
        {-1, 0, 1, 1}, {0, -1, 1, 1}, {0, 0, 0, 1}, {0, 0, 1, 0},
        {4, 0, 2, 1},  {0, 6, 1, 2},  {0, 0, 6, 1}, {INT64_MAX, 0, INT64_MAX, 1}};
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_picture whole = make(test.context, 5, 7, 3), box = make(test.context, 5, 7, 3);
    assert_ok(stria_picture_crop(&box, test.context, 1, 2, 3, 4, &err), &err);
    assert_int_equal(box.height, 3);
    assert_int_equal(box.width, 4);
    for (int64_t y = 0; y < 3; y++)
        assert_memory_equal(box.bytes + y * 12, whole.bytes + ((y + 1) * 7 + 2) * 3, 12);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(
            stria_picture_crop(&whole, test.context, bad[i][0], bad[i][1], bad[i][2], bad[i][3], &err),
            STRIA_ERROR_VALUE, &err);
    assert_status(stria_picture_crop(&whole, test.context, 4, 0, 2, 1, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "a box of 2x1 at row 4, column 0 is not within a picture of 5x7");
    stria_picture_free(&whole, test.context);
    stria_picture_free(&box, test.context);
    test_context_close(&test);
}

static void refuses_what_is_no_picture(void **state)
{
    (void)state;
    static uint8_t byte;
    const stria_picture bad[] = {{0},
                                 {1, 1, 1, NULL},
                                 {0, 1, 1, &byte},
                                 {1, -1, 1, &byte},
                                 {1, 1, 5, &byte},
                                 {INT64_MAX, INT64_MAX, 1, &byte}};
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        stria_picture picture = bad[i];
        assert_status(stria_picture_convert(&picture, test.context, 1, &err), STRIA_ERROR_VALUE, &err);
        assert_message(&err, "no picture: ");
        assert_status(stria_picture_crop(&picture, test.context, 0, 0, 1, 1, &err), STRIA_ERROR_VALUE, &err);
        assert_status(stria_picture_resize(&picture, test.context, 1, 1, "nearest", &err), STRIA_ERROR_VALUE,
                      &err);
#if STRIA_HAVE_PNG
        uint8_t *bytes = NULL;
        size_t size = 0;
        assert_status(stria_picture_encode_png(&bytes, &size, test.context, &picture, &err),
                      STRIA_ERROR_VALUE, &err);
        assert_null(bytes);
#endif
    }
    stria_picture picture = {0};
    assert_status(stria_picture_create(&picture, test.context, 3, 0, 1, &err), STRIA_ERROR_VALUE, &err);
    assert_status(stria_picture_create(&picture, test.context, 100000, 100000, 1, &err), STRIA_ERROR_LIMIT,
                  &err);
    assert_message(&err, "a picture of 100000x100000, more than the limit of 268435456 pixels");
    assert_status(stria_picture_decode(&picture, test.context, "", 0, "a", &err), STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "a: the file is empty");
    test_context_close(&test);
}

static void resizes(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_picture picture = make(test.context, 1, 2, 1);
    picture.bytes[0] = 0;
    picture.bytes[1] = 100;
    assert_ok(stria_picture_resize(&picture, test.context, 1, 4, "bilinear", &err), &err);
    assert_memory_equal(picture.bytes, ((uint8_t[]){0, 25, 75, 100}), 4);
    assert_ok(stria_picture_resize(&picture, test.context, 1, 2, "area", &err), &err);
    assert_true(picture.bytes[0] >= 12 && picture.bytes[0] <= 13);
    assert_status(stria_picture_resize(&picture, test.context, 1, 2, "best", &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "resizing method 'best': must be one of nearest, bilinear, bicubic");
    assert_status(stria_picture_resize(&picture, test.context, 0, 2, "area", &err), STRIA_ERROR_VALUE, &err);
    assert_status(stria_picture_resize(&picture, test.context, INT64_MAX, 2, "area", &err), STRIA_ERROR_LIMIT,
                  &err);
    stria_picture_free(&picture, test.context);
    test_context_close(&test);
}

#if STRIA_HAVE_PNG

/* What is written is read again, also with each allocation and each call of the file system failing. */
static void writes_png(void **state)
{
    (void)state;
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    temporary_folder_make(&folder);
    temporary_folder_path(&folder, "a.png", path);
    test_context_open(&test, 1, NULL);
    size_t failed = 0;
    for (int64_t channels = 1; channels <= 4; channels++) {
        stria_picture picture = make(test.context, 13, 9, channels), read;
        for (size_t fail_at = 1;; fail_at++) {
            test.memory.fail_at = test.memory.calls + fail_at;
            stria_status status = stria_picture_write(test.context, path, &picture, &err);
            bool was_failed = test.memory.calls >= test.memory.fail_at;
            test.memory.fail_at = 0;
            if (!was_failed) {
                assert_ok(status, &err);
                break;
            }
            failed++;
            assert_status(status, STRIA_ERROR_MEMORY, &err);
            assert_int_equal(temporary_folder_count(&folder), channels == 1 ? 0 : 1);
        }
        assert_int_equal(temporary_folder_count(&folder), 1);
        assert_ok(stria_picture_read(&read, test.context, path, &err), &err);
        assert_int_equal(read.height, 13);
        assert_int_equal(read.width, 9);
        assert_int_equal(read.channels, channels);
        assert_memory_equal(read.bytes, picture.bytes, (size_t)(13 * 9 * channels));
        stria_picture_free(&read, test.context);
        stria_picture_free(&picture, test.context);
    }
    print_message("%zu allocations made to fail\n", failed);
    assert_status(stria_picture_write(test.context, "a.jpg", &(stria_picture){0}, &err), STRIA_ERROR_VALUE,
                  &err);
    assert_message(&err, "'a.jpg': pictures are written as .png");
    stria_picture missing;
    temporary_folder_path(&folder, "b.png", path);
    assert_status(stria_picture_read(&missing, test.context, path, &err), STRIA_ERROR_MISSING, &err);
    test_context_close(&test);
    temporary_folder_remove(&folder);
}

/* Figures have few colours, photographs many; both come back with the channels they had. */
static void writes_few_and_many_colours(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    static const int64_t counts[] = {1, 2, 3, 4, 5, 16, 17, 255, 256, 257, 5000};
    size_t sizes[11];
    for (int64_t channels = 1; channels <= 4; channels++)
        for (size_t c = 0; c < 11; c++) {
            stria_picture picture = make(test.context, 75, 81, channels), read;
            uint8_t *bytes = NULL;
            for (int64_t i = 0; i < 75 * 81; i++) {
                uint32_t colour = (uint32_t)(i * 7919 % counts[c]) * 2654435U;
                for (int64_t k = 0; k < channels; k++)
                    picture.bytes[i * channels + k] = (uint8_t)(colour >> (8 * k));
            }
            assert_ok(stria_picture_encode_png(&bytes, &sizes[c], test.context, &picture, &err), &err);
            assert_ok(stria_picture_decode(&read, test.context, bytes, sizes[c], "a", &err), &err);
            assert_int_equal(read.channels, channels);
            assert_memory_equal(read.bytes, picture.bytes, (size_t)(75 * 81 * channels));
            stria_picture_free_bytes(bytes, test.context);
            stria_picture_free(&read, test.context);
            stria_picture_free(&picture, test.context);
        }
    print_message("RGBA in %zu bytes with 2 colours, %zu with 256, %zu with 257\n", sizes[1], sizes[8],
                  sizes[9]);
    assert_true(sizes[1] < 2000 && sizes[8] < 75 * 81 * 2);
    test_context_close(&test);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converts_channels),
        cmocka_unit_test(cuts_boxes),
        cmocka_unit_test(refuses_what_is_no_picture),
        cmocka_unit_test(resizes),
#if STRIA_HAVE_PNG
        cmocka_unit_test(writes_png),
        cmocka_unit_test(writes_few_and_many_colours),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Resizing against Keras, Pillow and OpenCV: arrays that make_resized.py made with them, by names that say
 * how. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/picture.h>

#include "base/context.h"
#include "base/file.h"
#include "base/memory.h"
#include "data/picture.h"
#include "formats/npy.h"
#include "support/check.h"
#include "support/test_context.h"

/* The most that a number may differ, and the least share of numbers that are equal. Keras's floats near a
 * half are rounded either way; Pillow's arithmetic is repeated to the bit, OpenCV's bilinear rounds in
 * between. */
static const struct {
    const char *method;
    int tolerance;
    double equal;
} methods[] = {
    {"nearest", 0, 1},
    {"bilinear", 1, 0.99},
    {"bicubic", 1, 0.99},
    {"lanczos3", 1, 0.99},
    {"lanczos5", 1, 0.99},
    {"area", 1, 0.95},
    {"antialias", 1, 0.99},
    {"antialias-bicubic", 1, 0.99},
    {"antialias-lanczos3", 1, 0.99},
    {"pil-nearest", 0, 1},
    {"pil-box", 0, 1},
    {"pil-bilinear", 0, 1},
    {"pil-hamming", 0, 1},
    {"pil-bicubic", 0, 1},
    {"pil-lanczos", 0, 1},
    {"opencv-nearest", 0, 1},
    {"opencv-bilinear", 1, 0.8},
};

#define METHODS (sizeof methods / sizeof methods[0])

static size_t numbers[METHODS], equal[METHODS];

typedef struct fixture {
    test_context test;
    void *bytes;
    stria_npz *npz;
} fixture;

static void open_arrays(fixture *f)
{
    size_t size = 0;
    stria_error err = {0};
    test_context_open(&f->test, 1, NULL);
    assert_ok(stria_file_read(f->test.context, STRIA_TEST_DATA "/data/resized.npz", 1 << 24, &f->bytes, &size,
                              &err),
              &err);
    assert_ok(stria_npz_open(&f->npz, f->test.context, f->bytes, size, "resized.npz", &err), &err);
}

static void close_arrays(fixture *f)
{
    stria_npz_free(f->npz);
    stria_release(&f->test.context->allocator, f->bytes);
    test_context_close(&f->test);
}

/* The array as a picture, which the caller frees. */
static stria_picture array_at(fixture *f, const char *name)
{
    stria_npy array;
    void *memory = NULL;
    stria_picture picture;
    stria_error err = {0};
    assert_ok(stria_npz_read(f->npz, name, 1 << 24, &array, &memory, &err), &err);
    assert_true(array.rank == 3 && array.type == STRIA_U8);
    assert_ok(
        stria_picture_create(&picture, f->test.context, array.sizes[0], array.sizes[1], array.sizes[2], &err),
        &err);
    memcpy(picture.bytes, array.elements, array.count);
    stria_release(&f->test.context->allocator, memory);
    return picture;
}

static size_t method_at(const char *name, size_t length)
{
    size_t m = 0;
    while (m < METHODS &&
           (strlen(methods[m].method) != length || strncmp(methods[m].method, name, length) != 0))
        m++;
    assert_true(m < METHODS);
    return m;
}

static void compare(fixture *f, const char *name)
{
    int height = 0, width = 0;
    const char *at = strchr(name, '@'), *option = strchr(name, '/');
    assert_int_equal(sscanf(at, "@%dx%d", &height, &width), 2);
    size_t m = method_at(name, (size_t)(at - name));
    stria_error err = {0};
    stria_picture expected = array_at(f, name);
    stria_picture picture = array_at(f, expected.channels == 4 ? "source4" : "source3");
    stria_resize_options options = {.method = methods[m].method};
    options.crop_to_aspect_ratio = option != NULL && strcmp(option, "/crop") == 0;
    options.pad_to_aspect_ratio = option != NULL && strcmp(option, "/pad") == 0;
    assert_ok(stria_picture_resize_with(&picture, f->test.context, height, width, &options, &err), &err);
    assert_true(picture.height == expected.height && picture.width == expected.width &&
                picture.channels == expected.channels);
    for (size_t i = 0; i < stria_picture_size(&picture); i++) {
        if (abs(picture.bytes[i] - expected.bytes[i]) > methods[m].tolerance)
            fail_msg("%s: number %zu is %d, not %d", name, i, picture.bytes[i], expected.bytes[i]);
        equal[m] += picture.bytes[i] == expected.bytes[i];
        numbers[m]++;
    }
    stria_picture_free(&picture, f->test.context);
    stria_picture_free(&expected, f->test.context);
}

static void equals_what_it_is_named_after(void **state)
{
    (void)state;
    fixture f;
    open_arrays(&f);
    for (size_t i = 0; i < stria_npz_count(f.npz); i++)
        if (strchr(stria_npz_name(f.npz, i), '@') != NULL)
            compare(&f, stria_npz_name(f.npz, i));
    for (size_t m = 0; m < METHODS; m++) {
        print_message("%-20s %6zu of %6zu numbers equal\n", methods[m].method, equal[m], numbers[m]);
        assert_true(numbers[m] > 0);
        assert_true((double)equal[m] >= methods[m].equal * (double)numbers[m]);
    }
    close_arrays(&f);
}

static const char *const all_methods[] = {"nearest",     "bicubic",        "area",
                                          "antialias",   "pil-box",        "pil-lanczos",
                                          "pil-nearest", "opencv-nearest", "opencv-bilinear"};

/* A picture of one colour stays so, whatever is done to it, and padding has the colour it is given. */
static void keeps_one_colour(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    for (size_t m = 0; m < sizeof all_methods / sizeof all_methods[0]; m++)
        for (int64_t channels = 1; channels <= 4; channels++) {
            stria_picture picture;
            assert_ok(stria_picture_create(&picture, test.context, 10, 31, channels, &err), &err);
            memset(picture.bytes, 77, (size_t)(310 * channels));
            const stria_resize_options options = {
                .method = all_methods[m], .pad_to_aspect_ratio = 1, .fill = 77};
            assert_ok(stria_picture_resize_with(&picture, test.context, 23, 17, &options, &err), &err);
            for (size_t i = 0; i < stria_picture_size(&picture); i++)
                assert_in_range(picture.bytes[i], 76, 78); /* alpha is divided by */
            stria_picture_free(&picture, test.context);
        }
    test_context_close(&test);
}

static void pads_with_the_fill(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    for (size_t m = 0; m < sizeof all_methods / sizeof all_methods[0]; m++) {
        stria_picture picture;
        assert_ok(stria_picture_create(&picture, test.context, 4, 12, 1, &err), &err);
        memset(picture.bytes, 200, 48);
        const stria_resize_options options = {.method = all_methods[m], .pad_to_aspect_ratio = 1, .fill = 50};
        assert_ok(stria_picture_resize_with(&picture, test.context, 12, 12, &options, &err), &err);
        for (int64_t x = 0; x < 12; x++) {
            assert_int_equal(picture.bytes[x], 50);
            assert_int_equal(picture.bytes[6 * 12 + x], 200);
            assert_int_equal(picture.bytes[11 * 12 + x], 50);
        }
        stria_picture_free(&picture, test.context);
    }
    test_context_close(&test);
}

static void refuses_bad_options(void **state)
{
    (void)state;
    test_context test;
    stria_picture picture;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    assert_ok(stria_picture_create(&picture, test.context, 2, 3, 3, &err), &err);
    static const struct {
        stria_resize_options options;
        int64_t height;
        stria_status status;
        const char *message;
    } cases[] = {
        {{.method = "pil-cubic"},
         2,
         STRIA_ERROR_VALUE,
         "resizing method 'pil-cubic': must be one of nearest, bilinear"},
        {{.crop_to_aspect_ratio = 1, .pad_to_aspect_ratio = 1},
         2,
         STRIA_ERROR_VALUE,
         "crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other; leave one out"},
        {{.fill = 256}, 2, STRIA_ERROR_VALUE, "fill 256: must be 0 to 255"},
        {{.struct_size = 1000}, 2, STRIA_ERROR_VALUE, "stria_resize_options of 1000 bytes"},
        {{0},
         (1 << 20) + 1,
         STRIA_ERROR_LIMIT,
         "resizing 2x3 to 1048577x7: sides of at most 1048576 are supported"},
        {{0}, 1 << 20, STRIA_ERROR_LIMIT, ""},
        {{0}, 0, STRIA_ERROR_VALUE, "a picture of 0x7: sizes must be at least 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t width = cases[i].height == 1 << 20 ? 1 << 10 : 7;
        assert_status(stria_picture_resize_with(&picture, test.context, cases[i].height, width,
                                                &cases[i].options, &err),
                      cases[i].status, &err);
        assert_message(&err, cases[i].message);
    }
    stria_picture_free(&picture, test.context);
    test_context_close(&test);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    size_t failed = 0;
    for (size_t m = 0; m < sizeof all_methods / sizeof all_methods[0]; m++) {
        stria_picture picture;
        stria_error err = {0};
        assert_ok(stria_picture_create(&picture, test.context, 6, 7, 4, &err), &err);
        for (size_t fail_at = 1;; fail_at++) {
            test.memory.fail_at = test.memory.calls + fail_at;
            stria_status status = stria_picture_resize(&picture, test.context, 3, 9, all_methods[m], &err);
            bool was_failed = test.memory.calls >= test.memory.fail_at;
            test.memory.fail_at = 0;
            if (!was_failed)
                break;
            assert_status(status, STRIA_ERROR_MEMORY, &err);
            assert_int_equal(picture.height, 6);
            failed++;
        }
        assert_int_equal(picture.width, 9);
        stria_picture_free(&picture, test.context);
    }
    print_message("%zu allocations made to fail\n", failed);
    assert_true(failed >= 12);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_what_it_is_named_after),
        cmocka_unit_test(keeps_one_colour),
        cmocka_unit_test(pads_with_the_fill),
        cmocka_unit_test(refuses_bad_options),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Arrays for prediction: what is read from each kind of file, told by content; and how an array is fitted to
 * a model. */
#include <stdio.h>
#include <string.h>

#include "data/dataset.h"
#include "data/make_files.h"
#include "support/check.h"
#include "support/test_context.h"

#if STRIA_HAVE_PNG
#    include <png.h>
#endif

static void assert_shape(const stria_shape *shape, const char *expected)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    assert_string_equal(stria_shape_text(shape, text, sizeof text), expected);
}

/* ---- Reading ---- */

/* A file and what it must be read as; failed allocations included. */
static void assert_reads(const temporary_folder *folder, const blob *file, const char *shape, int from_bytes,
                         const float *expected, size_t count)
{
    test_context test;
    char path[TEMPORARY_PATH_SIZE];
    test_context_open(&test, 1, NULL);
    put_file(folder, "file", file); /* no name tells what it is */
    temporary_folder_path(folder, "file", path);
    for (size_t fail_at = 1;; fail_at++) {
        stria_array array = {0};
        stria_error err = {0};
        test.memory.fail_at = test.memory.calls + fail_at;
        stria_status status = stria_array_read(&array, test.context, path, &err);
        bool was_failed = test.memory.calls >= test.memory.fail_at;
        test.memory.fail_at = 0;
        if (was_failed) {
            assert_status(status, STRIA_ERROR_MEMORY, &err);
            assert_null(array.values);
            continue;
        }
        assert_ok(status, &err);
        assert_shape(&array.shape, shape);
        assert_int_equal(array.from_bytes, from_bytes);
        for (size_t i = 0; i < count; i++)
            assert_true(array.values[i] == expected[i]);
        stria_array_free(&array, test.context);
        assert_null(array.values);
        break;
    }
    test_context_close(&test);
}

static void reads_arrays(void **state)
{
    (void)state;
    static const uint8_t bytes[6] = {0, 1, 2, 253, 254, 255};
    static const double doubles[6] = {0, 0.5, -1, 1e10, 3, 4};
    static const float from_bytes[6] = {0, 1, 2, 253, 254, 255}, from_doubles[6] = {0, 0.5F, -1, 1e10F, 3, 4};
    static const float from_sixteen[3] = {0, 1, 258 / 257.0F};
    static const float flags[6] = {0, 1, 1, 0, 0, 1};
    temporary_folder folder;
    temporary_folder_make(&folder);
    struct {
        blob file;
        const char *shape;
        int from_bytes;
        const float *expected;
    } cases[] = {
        {make_idx(0x08, 3, (const uint32_t[]){1, 2, 3}, bytes), "1x2x3", 1, from_bytes},
        {make_idx(0x0E, 1, (const uint32_t[]){6}, doubles), "6", 0, from_doubles},
        {make_npy("|u1", 2, (const int64_t[]){3, 2}, bytes, 6), "3x2", 1, from_bytes},
        {make_npy("<f8", 4, (const int64_t[]){1, 3, 2, 1}, doubles, 48), "1x3x2x1", 0, from_doubles},
        {make_npy("|b1", 1, (const int64_t[]){6}, "\0\1\1\0\0\1", 6), "6", 0, flags},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        assert_reads(&folder, &cases[c].file, cases[c].shape, cases[c].from_bytes, cases[c].expected, 6);
#if STRIA_HAVE_ZLIB
        blob packed = make_gzip(cases[c].file.bytes, cases[c].file.size);
        assert_reads(&folder, &packed, cases[c].shape, cases[c].from_bytes, cases[c].expected, 6);
        blob_free(&packed);
#endif
        blob_free(&cases[c].file);
    }
#if STRIA_HAVE_PNG
    const png_plan plan = {
        .width = 1, .height = 2, .depth = 8, .colour = PNG_COLOR_TYPE_RGB, .rows = bytes, .row_size = 3};
    blob picture = make_png(&plan);
    assert_reads(&folder, &picture, "1x2x1x3", 1, from_bytes, 6);
    blob_free(&picture);
    static const uint8_t sixteen[6] = {0, 0, 1, 1, 1, 2};
    const png_plan wide = {
        .width = 1, .height = 1, .depth = 16, .colour = PNG_COLOR_TYPE_RGB, .rows = sixteen, .row_size = 6};
    picture = make_png(&wide);
    assert_reads(&folder, &picture, "1x1x1x3", 1, from_sixteen, 3);
    blob_free(&picture);
#endif
    /* Sixteen bits keep what they say between the steps of bytes, also those of fewer than 65536 steps. */
    blob pnm = blob_copy("P5 3 1 65535\n\0\0\1\1\1\2", 19),
         of_ten_bits = blob_copy("P5 2 1 1023\n\3\xFF\0\1", 16);
    assert_reads(&folder, &pnm, "1x1x3x1", 1, from_sixteen, 3);
    assert_reads(&folder, &of_ten_bits, "1x1x2x1", 1, (const float[]){255, 64 / 257.0F}, 2);
    blob_free(&pnm);
    blob_free(&of_ten_bits);
    temporary_folder_remove(&folder);
}

static void refuses_other_files(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        stria_status status;
        const char *message;
    } cases[] = {
        {"", 0, STRIA_ERROR_FORMAT, "the file is empty"},
        {"hello", 5, STRIA_ERROR_FORMAT,
         "neither a picture (PNG, JPEG, WebP, PNM or BMP) nor .npy nor IDX: it begins with byte 0x68"},
        {"GIF89a", 6, STRIA_ERROR_UNSUPPORTED, "GIF pictures are not read: convert it to PNG"},
        {"PK\3\4", 4, STRIA_ERROR_UNSUPPORTED, "an archive is not read here: save one array as .npy"},
        {"\0\0\x08\1\0\0\0\2\7", 9, STRIA_ERROR_FORMAT, "but 1 bytes follow it"},
        {"\x93NUMPY", 6, STRIA_ERROR_FORMAT, ""},
#if STRIA_HAVE_PNG
        {"\x89PNG\r\n\x1a\n", 8, STRIA_ERROR_FORMAT, "damaged PNG: the file ends early"},
#endif
    };
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
    stria_array array = {0};
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    temporary_folder_path(&folder, "file", path);
    assert_status(stria_array_read(&array, test.context, path, &err), STRIA_ERROR_MISSING, &err);
    assert_message(&err, path);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        blob file = blob_copy(cases[c].bytes, cases[c].size);
        put_file(&folder, "file", &file);
        blob_free(&file);
        assert_status(stria_array_read(&array, test.context, path, &err), cases[c].status, &err);
        assert_message(&err, cases[c].message);
        assert_message(&err, path);
    }
    blob empty = make_npy("<f4", 2, (const int64_t[]){0, 3}, "", 0);
    put_file(&folder, "file", &empty);
    blob_free(&empty);
    assert_status(stria_array_read(&array, test.context, path, &err), STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "the array of 0x3 holds no numbers");
    assert_null(array.values);
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

/* ---- Fitting ---- */

static stria_model *make_model(stria_context *context, const char *text)
{
    stria_model *model = NULL;
    stria_error err = {0};
    assert_ok(stria_model_parse(&model, context, text, strlen(text), NULL, &err), &err);
    return model;
}

static stria_array make_array(stria_context *context, int rank, const int64_t *sizes, int from_bytes)
{
    stria_array array;
    stria_error err = {0};
    const stria_shape shape = stria_shape_make(rank, sizes);
    assert_ok(stria_array_create(&array, context, &shape, &err), &err);
    for (int64_t i = 0; i < stria_shape_elements(&shape); i++)
        array.values[i] = (float)i;
    array.from_bytes = from_bytes;
    return array;
}

static void fits_shapes(void **state)
{
    (void)state;
    static const char grey[] = "input 4x6x1\nflatten\ndense 2\n",
                      colour[] = "input 4x6x3\nflatten\ndense 2\n",
                      open[] = "input ?x?x1\nconv2d 2 3 same\nglobal_avgpool2d\n",
                      flat[] = "input 5\ndense 2\n";
    static const struct {
        const char *model;
        int rank;
        int64_t sizes[5];
        const char *fitted, *message; /* one of them */
    } cases[] = {
        {grey, 2, {4, 6}, "1x4x6x1", NULL},
        {grey, 3, {4, 6, 1}, "1x4x6x1", NULL},
        {grey, 3, {7, 4, 6}, "7x4x6x1", NULL},
        {grey, 4, {7, 4, 6, 1}, "7x4x6x1", NULL},
        {colour, 3, {4, 6, 3}, "1x4x6x3", NULL},
        {colour, 4, {2, 4, 6, 3}, "2x4x6x3", NULL},
        {open, 2, {9, 11}, "1x9x11x1", NULL},
        {open, 3, {9, 11, 1}, "1x9x11x1", NULL},
        {open, 3, {9, 11, 5}, "9x11x5x1", NULL},
        {open, 4, {3, 5, 7, 1}, "3x5x7x1", NULL},
        {flat, 1, {5}, "1x5", NULL},
        {flat, 2, {3, 5}, "3x5", NULL},
        {grey,
         4,
         {1, 4, 6, 3},
         NULL,
         "the array is 1x4x6x3, the model takes 4x6x1: convert it to grey without alpha"},
        {grey, 4, {1, 4, 6, 2}, NULL, "the model takes 4x6x1: remove its alpha channel"},
        {grey, 4, {1, 8, 6, 1}, NULL, "the array is 1x8x6x1, the model takes 4x6x1: resize it to 4x6"},
        {grey, 2, {8, 6}, NULL, "the array is 8x6, the model takes 4x6x1: resize it to 4x6"},
        {grey, 4, {1, 8, 8, 4}, NULL, "convert it to grey without alpha and resize it to 4x6"},
        {colour,
         4,
         {1, 4, 6, 4},
         NULL,
         "the array is 1x4x6x4, the model takes 4x6x3: remove its alpha channel"},
        {colour, 4, {1, 4, 6, 1}, NULL, "the array is 1x4x6x1, the model takes 4x6x3: convert it to RGB"},
        {colour, 2, {4, 6}, NULL, "the array is 4x6, the model takes 4x6x3: convert it to RGB"},
        {open, 4, {1, 4, 6, 3}, NULL, "the model takes ?x?x1: convert it to grey without alpha"},
        {flat, 1, {4}, NULL, "the array is 4, the model takes 5"},
        {flat, 3, {1, 5, 1}, NULL, "begin the model with the picture's size and a flatten layer"},
        {grey, 5, {1, 1, 4, 6, 1}, NULL, "the array is 1x1x4x6x1, the model takes 4x6x1"},
        {grey, 1, {24}, NULL, "the array is 24, the model takes 4x6x1"},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        stria_error err = {0};
        stria_model *model = make_model(test.context, cases[c].model);
        stria_array array = make_array(test.context, cases[c].rank, cases[c].sizes, 0);
        stria_shape before = array.shape;
        int64_t count = stria_shape_elements(&array.shape);
        stria_status status = stria_array_fit(&array, test.context, model, &err);
        if (cases[c].fitted != NULL) {
            assert_ok(status, &err);
            assert_shape(&array.shape, cases[c].fitted);
        } else {
            assert_status(status, STRIA_ERROR_SHAPE, &err);
            assert_message(&err, cases[c].message);
            assert_true(stria_shape_equal(&array.shape, &before));
        }
        for (int64_t i = 0; i < count; i++)
            assert_true(array.values[i] == (float)i);
        stria_array_free(&array, test.context);
        stria_model_free(model);
    }
    test_context_close(&test);
}

/* Who decides how bytes become a model's input: the model's metadata, its rescaling layer, the data. */
static void applies_preprocessing(void **state)
{
    (void)state;
    static const char plain[] = "input 8x8x1\nflatten\ndense 10 softmax\n",
                      rescaling[] = "input 8x8x1\nrescaling 1/16\nflatten\ndense 10 softmax\n",
                      random[] = "input 8x8x1\nrandom_flip\nrescaling 1/16\nflatten\ndense 10 softmax\n",
                      late[] = "input 8x8x1\nconv2d 2 3\nrescaling 1/16\nflatten\ndense 10 softmax\n",
                      normal[] = "input 8x8x1\nnormalization\nflatten\ndense 10 softmax\n";
    static const struct {
        const char *model, *metadata, *for_data;
        float for_array;
    } cases[] = {
        {plain, NULL, "scale=0.0625", (float)(1.0 / 255)},
        {plain, "scale=0.5", "scale=0.5", 0.5F},
        {plain, "", "", 1},
        {rescaling, NULL, "", 1},
        {rescaling, "scale=1/3", "scale=1/3", (float)(1.0 / 3)},
        {random, NULL, "", 1},
        {late, NULL, "scale=0.0625", (float)(1.0 / 255)},
        {normal, NULL, "", 1},
    };
    test_context test;
    stria_error err = {0};
    stria_dataset *data = NULL;
    test_context_open(&test, 1, NULL);
    assert_ok(stria_dataset_open(&data, test.context, "digits", &err), &err);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        stria_model *model = make_model(test.context, cases[c].model);
        if (cases[c].metadata != NULL)
            assert_ok(stria_model_set_metadata(model, "preprocessing", cases[c].metadata, &err), &err);
        assert_string_equal(stria_preprocessing_for(model, data), cases[c].for_data);
        for (int from_bytes = 0; from_bytes < 2; from_bytes++) {
            stria_array array = make_array(test.context, 2, (const int64_t[]){8, 8}, from_bytes);
            /* The second time there is nothing left to do. */
            for (int again = 0; again < 2; again++) {
                assert_ok(stria_array_fit(&array, test.context, model, &err), &err);
                for (int i = 0; i < 64; i++)
                    assert_true(array.values[i] == (from_bytes ? (float)i * cases[c].for_array : (float)i));
            }
            stria_array_free(&array, test.context);
        }
        stria_model_free(model);
    }
    stria_model *model = make_model(test.context, plain);
    stria_array array = make_array(test.context, 2, (const int64_t[]){8, 8}, 1);
    assert_ok(stria_model_set_metadata(model, "preprocessing", "mean=\x1b[1m", &err), &err);
    assert_status(stria_array_fit(&array, test.context, model, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "the model's preprocessing 'mean=\\x1b[1m' is not text such as");
    assert_shape(&array.shape, "8x8");
    assert_int_equal(array.from_bytes, 1);
    stria_array_free(&array, test.context);
    stria_model_free(model);
    stria_dataset_free(data);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_arrays),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(fits_shapes),
        cmocka_unit_test(applies_preprocessing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

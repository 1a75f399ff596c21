/* Data sets in .npz archives: what Keras and NumPy store, what is missing or wrong in an archive, damage, and
 * memory that runs out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "data/make_files.h"
#include "data/sources.h"
#include "support/check.h"
#include "support/test_context.h"

#if STRIA_HAVE_ZIP

/* An array of an archive under test. */
typedef struct spec {
    const char *name, *type;
    int rank;
    int64_t sizes[4];
    const void *elements;
    size_t size;
} spec;

static blob make_archive(const spec *specs, size_t count, bool deflate)
{
    npz_member members[8];
    for (size_t s = 0; s < count; s++)
        members[s] = (npz_member){
            .name = specs[s].name,
            .file = make_npy(specs[s].type, specs[s].rank, specs[s].sizes, specs[s].elements, specs[s].size)};
    blob file = make_npz(members, count, deflate);
    for (size_t s = 0; s < count; s++)
        blob_free(&members[s].file);
    return file;
}

static stria_status open_archive(stria_dataset **data, stria_context *context, const spec *specs,
                                 size_t count, stria_error *err)
{
    blob file = make_archive(specs, count, true);
    *data = NULL;
    stria_status status = stria_npz_dataset_open(data, context, file.bytes, file.size, "a.npz", err);
    blob_free(&file);
    return status;
}

static void assert_shape(const stria_shape *shape, const char *expected)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    assert_string_equal(stria_shape_text(shape, text, sizeof text), expected);
}

static const uint8_t bytes8[8] = {0, 1, 2, 3, 252, 253, 254, 255};
static const float floats8[8] = {0, 0.5F, -1, 2, 3, 4, 5, 1e6F};
static const int16_t shorts8[8] = {0, 1, -1, 300, -300, 32767, -32768, 7};
static const double doubles4[4] = {0, 1, 0.25, 0.75};
static const int64_t labels2[2] = {1, 3};
static const uint8_t small_labels2[2] = {4, 0};

/* The numbers of both samples and their label (or -1). */
static void read_both(const stria_dataset *data, stria_part part, float x[8], int32_t labels[2],
                      float *targets)
{
    stria_error err = {0};
    labels[0] = labels[1] = -1;
    assert_ok(stria_dataset_read(data, part, (const uint32_t[]){0, 1}, 2, NULL, x, labels, targets, &err),
              &err);
}

static void opens_x_and_y(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = NULL;
    stria_error err = {0};
    float x[8], targets[4];
    int32_t labels[2];

    /* Pictures in bytes, labels in a column. */
    const spec pictures[] = {{"x.npy", "|u1", 3, {2, 2, 2}, bytes8, 8},
                             {"y.npy", "<i8", 2, {2, 1}, labels2, 16}};
    assert_ok(open_archive(&data, test.context, pictures, 2, &err), &err);
    assert_shape(stria_dataset_shape(data), "2x2x1");
    assert_string_equal(stria_dataset_preprocessing(data), "scale=0.00392156862745098");
    assert_int_equal(stria_dataset_class_count(data), 4);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TEST), 0);
    read_both(data, STRIA_PART_TRAIN, x, labels, NULL);
    for (int i = 0; i < 8; i++)
        assert_true(x[i] == (float)bytes8[i] * (float)(1.0 / 255));
    assert_int_equal(labels[0], 1);
    assert_int_equal(labels[1], 3);
    stria_dataset_free(data);

    /* Flat features, other integers become floats; classes one-hot are targets. */
    const spec features[] = {{"x.npy", "<i2", 2, {2, 4}, shorts8, 16},
                             {"y.npy", "<f8", 2, {2, 2}, doubles4, 32}};
    assert_ok(open_archive(&data, test.context, features, 2, &err), &err);
    assert_shape(stria_dataset_shape(data), "4");
    assert_shape(stria_dataset_target_shape(data), "2");
    assert_string_equal(stria_dataset_preprocessing(data), "");
    assert_int_equal(stria_dataset_class_count(data), 0);
    read_both(data, STRIA_PART_TRAIN, x, labels, targets);
    for (int i = 0; i < 8; i++)
        assert_true(x[i] == (float)shorts8[i]);
    for (int i = 0; i < 4; i++)
        assert_true(targets[i] == (float)doubles4[i]);
    assert_int_equal(labels[0], -1);
    stria_dataset_free(data);

    /* A boolean is 0 or 1, not a byte of a picture; one float a row is a target of one number. */
    const spec flags[] = {{"x.npy", "|b1", 4, {2, 2, 1, 2}, "\1\0\1\1\0\0\1\0", 8},
                          {"y.npy", "<f8", 1, {2}, doubles4, 16}};
    assert_ok(open_archive(&data, test.context, flags, 2, &err), &err);
    assert_shape(stria_dataset_shape(data), "2x1x2");
    assert_shape(stria_dataset_target_shape(data), "1");
    read_both(data, STRIA_PART_TRAIN, x, labels, targets);
    assert_memory_equal(x, ((const float[]){1, 0, 1, 1, 0, 0, 1, 0}), sizeof x);
    stria_dataset_free(data);
    test_context_close(&test);
}

static void opens_both_parts(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = NULL;
    stria_error err = {0};
    float x[8];
    int32_t labels[2];
    /* The order in the archive does not matter, nor do other arrays. */
    const spec specs[] = {{"y_test.npy", "|u1", 1, {2}, small_labels2, 2},
                          {"extra.npy", "<f4", 1, {8}, floats8, 32},
                          {"x_test.npy", "<f8", 2, {2, 2}, doubles4, 32},
                          {"x_train.npy", "<f4", 2, {2, 2}, floats8, 16},
                          {"y_train.npy", "<i8", 1, {2}, labels2, 16}};
    assert_ok(open_archive(&data, test.context, specs, 5, &err), &err);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TRAIN), 2);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TEST), 2);
    assert_int_equal(stria_dataset_class_count(data), 5); /* the test part has label 4 */
    read_both(data, STRIA_PART_TRAIN, x, labels, NULL);
    assert_memory_equal(x, floats8, 16);
    assert_int_equal(labels[1], 3);
    read_both(data, STRIA_PART_TEST, x, labels, NULL);
    assert_memory_equal(x, ((const float[]){0, 1, 0.25F, 0.75F}), 16);
    assert_int_equal(labels[0], 4);
    stria_dataset_free(data);
    test_context_close(&test);
}

static void refuses_wrong_archives(void **state)
{
    (void)state;
    static const int64_t wide_labels[2] = {0, 70000}, negative_labels[2] = {0, -5};
    static const struct {
        spec specs[4];
        stria_status status;
        const char *message;
    } cases[] = {
        {{{0}}, STRIA_ERROR_MISSING, "a.npz: has no array x (with y) or x_train (with y_train); found: none"},
        {{{"pics.npy", "|u1", 3, {2, 2, 2}, bytes8, 8}, {"lab\nels.npy", "<i8", 1, {2}, labels2, 16}},
         STRIA_ERROR_MISSING,
         "found: pics, lab\\x0aels"},
        {{{"x.npy", "|u1", 3, {2, 2, 2}, bytes8, 8}}, STRIA_ERROR_MISSING, "a.npz: has no array y; found: x"},
        {{{"x_train.npy", "|u1", 3, {2, 2, 2}, bytes8, 8}, {"y.npy", "<i8", 1, {2}, labels2, 16}},
         STRIA_ERROR_MISSING,
         "has no array y_train; found: x_train, y"},
        {{{"x_train.npy", "|u1", 3, {2, 2, 2}, bytes8, 8},
          {"y_train.npy", "<i8", 1, {2}, labels2, 16},
          {"y_test.npy", "<i8", 1, {2}, labels2, 16}},
         STRIA_ERROR_MISSING,
         "has no array x_test"},
        {{{"x.npy", "|u1", 3, {2, 2, 2}, bytes8, 8}, {"y.npy", "|u1", 1, {3}, bytes8, 3}},
         STRIA_ERROR_SHAPE,
         "a.npz: y: 3 labels for the 2 samples of the training part"},
        {{{"x.npy", "|u1", 3, {2, 2, 2}, bytes8, 8}, {"y.npy", "<f4", 2, {4, 2}, floats8, 32}},
         STRIA_ERROR_SHAPE,
         "a.npz: y: 4 targets for the 2 samples of the training part"},
        {{{"x.npy", "|u1", 3, {2, 2, 2}, bytes8, 8}, {"y.npy", "<i8", 1, {2}, wide_labels, 16}},
         STRIA_ERROR_VALUE,
         "a.npz: y: label 70000 of sample 1 is outside 0 to 65535"},
        {{{"x.npy", "|u1", 3, {2, 2, 2}, bytes8, 8}, {"y.npy", "<i8", 1, {2}, negative_labels, 16}},
         STRIA_ERROR_VALUE,
         "label -5 of sample 1"},
        {{{"x.npy", "|u1", 0, {0}, bytes8, 1}, {"y.npy", "<i8", 1, {2}, labels2, 16}},
         STRIA_ERROR_SHAPE,
         "a.npz: x: a single number, expected one row for each sample"},
        {{{"x.npy", "|u1", 3, {0, 2, 2}, bytes8, 0}, {"y.npy", "<i8", 1, {0}, labels2, 0}},
         STRIA_ERROR_SHAPE,
         "a.npz: x: the array of 0x2x2 holds no samples"},
        {{{"x_train.npy", "|u1", 3, {2, 2, 2}, bytes8, 8},
          {"y_train.npy", "<i8", 1, {2}, labels2, 16},
          {"x_test.npy", "<f4", 3, {2, 2, 2}, floats8, 32},
          {"y_test.npy", "<i8", 1, {2}, labels2, 16}},
         STRIA_ERROR_SHAPE,
         "a.npz: x_test: test samples of float32, but training samples of uint8"},
        {{{"x_train.npy", "|u1", 3, {2, 2, 2}, bytes8, 8},
          {"y_train.npy", "<i8", 1, {2}, labels2, 16},
          {"x_test.npy", "|u1", 3, {2, 4, 1}, bytes8, 8},
          {"y_test.npy", "<i8", 1, {2}, labels2, 16}},
         STRIA_ERROR_SHAPE,
         "test samples of 4x1x1, but training samples of 2x2x1"},
        {{{"x_train.npy", "|u1", 3, {2, 2, 2}, bytes8, 8},
          {"y_train.npy", "<i8", 1, {2}, labels2, 16},
          {"x_test.npy", "|u1", 3, {2, 2, 2}, bytes8, 8},
          {"y_test.npy", "<f8", 1, {2}, doubles4, 16}},
         STRIA_ERROR_SHAPE,
         "a.npz: y_test: test targets, but training labels"},
        {{{"x_train.npy", "|u1", 3, {2, 2, 2}, bytes8, 8},
          {"y_train.npy", "<f4", 2, {2, 2}, floats8, 16},
          {"x_test.npy", "|u1", 3, {2, 2, 2}, bytes8, 8},
          {"y_test.npy", "<f4", 2, {2, 3}, floats8, 24}},
         STRIA_ERROR_SHAPE,
         "test targets of 3, but training targets of 2"},
        {{{"x.npy", "<c8", 1, {2}, floats8, 16}, {"y.npy", "<i8", 1, {2}, labels2, 16}},
         STRIA_ERROR_UNSUPPORTED,
         "a.npz: x.npy: "},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        stria_dataset *data = NULL;
        stria_error err = {0};
        size_t count = 0;
        while (count < 4 && cases[c].specs[count].name != NULL)
            count++;
        static const spec other = {"note.txt", "|u1", 1, {8}, bytes8, 8};
        stria_status status = open_archive(&data, test.context, count > 0 ? cases[c].specs : &other,
                                           count > 0 ? count : 1, &err);
        assert_status(status, cases[c].status, &err);
        assert_message(&err, cases[c].message);
        assert_null(data);
    }
    print_message("%zu refusals checked\n", sizeof cases / sizeof cases[0]);
    test_context_close(&test);
}

static const spec small_set[] = {{"x.npy", "<f4", 2, {2, 4}, floats8, 32},
                                 {"y.npy", "<i8", 1, {2}, labels2, 16}};

/* Cut anywhere the archive is refused; with any byte changed it is refused or harmless, and never more than
 * that. */
static void survives_damage(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    size_t accepted = 0, tried = 0;
    for (int deflate = 0; deflate < 2; deflate++) {
        blob file = make_archive(small_set, 2, deflate);
        stria_error err = {0};
        for (size_t size = 0; size < file.size; size++) {
            stria_dataset *data = NULL;
            blob cut = blob_copy(file.bytes, size);
            stria_status status = stria_npz_dataset_open(&data, test.context, cut.bytes, size, "a.npz", &err);
            assert_int_not_equal(status, STRIA_OK);
            blob_free(&cut);
        }
        for (size_t at = 0; at < file.size; at++) {
            for (unsigned change = 1; change < 256; change += 36) {
                stria_dataset *data = NULL;
                file.bytes[at] ^= (uint8_t)change;
                tried++;
                if (stria_npz_dataset_open(&data, test.context, file.bytes, file.size, "a.npz", &err) ==
                    STRIA_OK) {
                    float x[8];
                    int32_t labels[2];
                    accepted++;
                    read_both(data, STRIA_PART_TRAIN, x, labels, NULL);
                    assert_memory_equal(x, floats8, sizeof x);
                    assert_true(labels[0] == 1 && labels[1] == 3);
                    stria_dataset_free(data);
                }
                file.bytes[at] ^= (uint8_t)change;
            }
        }
        blob_free(&file);
    }
    print_message("%zu changed archives, %zu accepted\n", tried, accepted);
    test_context_close(&test);
}

/* The same through a path, with every allocation failing in turn. */
static void survives_failures(void **state)
{
    (void)state;
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    blob file = make_archive(small_set, 2, true);
    put_file(&folder, "no ending", &file);
    blob_free(&file);
    temporary_folder_path(&folder, "no ending", path);
    size_t fail_at = 1;
    for (;; fail_at++) {
        stria_dataset *data = NULL;
        stria_error err = {0};
        test.memory.fail_at = test.memory.calls + fail_at;
        stria_status status = stria_dataset_open(&data, test.context, path, &err);
        bool was_failed = test.memory.calls >= test.memory.fail_at;
        test.memory.fail_at = 0;
        if (!was_failed) {
            assert_ok(status, &err);
            stria_dataset_free(data);
            break;
        }
        assert_status(status, STRIA_ERROR_MEMORY, &err);
        assert_null(data);
    }
    print_message("%zu allocations made to fail\n", fail_at - 1);
    assert_true(fail_at > 8);
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

/* An array for each input of a model, by the input's name; the only array for the only input. */
static void reads_model_inputs(void **state)
{
    (void)state;
    const spec two[] = {{"a.npy", "<f4", 2, {2, 4}, floats8, sizeof floats8},
                        {"b.npy", "|u1", 3, {2, 2, 2}, bytes8, sizeof bytes8}};
    const char *text = "a = input 4\nb = input 2x2x1\nflatten(b)\nadd(a, flatten)\n";
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE], one_path[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_model *model = NULL, *single = NULL;
    stria_array array = {0};
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    blob both = make_archive(two, 2, true), one = make_archive(two, 1, false);
    put_file(&folder, "both", &both);
    put_file(&folder, "one", &one);
    temporary_folder_path(&folder, "both", path);
    temporary_folder_path(&folder, "one", one_path);
    assert_ok(stria_model_parse(&model, test.context, text, strlen(text), NULL, &err), &err);
    assert_ok(stria_model_parse(&single, test.context, "input 4\ndense 2\n", 16, NULL, &err), &err);

    assert_ok(stria_array_read_input(&array, test.context, path, model, 0, &err), &err);
    assert_ok(stria_array_fit_input(&array, test.context, model, 0, &err), &err);
    assert_shape(&array.shape, "2x4");
    assert_memory_equal(array.values, floats8, sizeof floats8);
    stria_array_free(&array, test.context);
    assert_ok(stria_array_read_input(&array, test.context, path, model, 1, &err), &err);
    assert_ok(stria_array_fit_input(&array, test.context, model, 1, &err), &err);
    assert_shape(&array.shape, "2x2x2x1");
    assert_true(array.values[7] >= 1 && array.values[7] <= 1);
    stria_array_free(&array, test.context);
    assert_ok(stria_array_read_input(&array, test.context, one_path, single, 0, &err), &err);
    assert_shape(&array.shape, "2x4");
    stria_array_free(&array, test.context);

    assert_status(stria_array_read_input(&array, test.context, one_path, model, 1, &err), STRIA_ERROR_MISSING,
                  &err);
    assert_non_null(strstr(err.message, "has no array b; found: a"));
    assert_status(stria_array_read_input(&array, test.context, path, single, 0, &err), STRIA_ERROR_MISSING,
                  &err);
    assert_status(stria_array_read_input(&array, test.context, path, model, 2, &err), STRIA_ERROR_VALUE,
                  &err);
    assert_null(array.values);
    blob_free(&both);
    blob_free(&one);
    stria_model_free(model);
    stria_model_free(single);
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_x_and_y),          cmocka_unit_test(opens_both_parts),
        cmocka_unit_test(refuses_wrong_archives), cmocka_unit_test(survives_damage),
        cmocka_unit_test(survives_failures),      cmocka_unit_test(reads_model_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void names_the_missing_part(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_status(stria_npz_dataset_open(&data, test.context, "PK\3\4", 4, "a.npz", &err),
                  STRIA_ERROR_NOT_BUILT, &err);
    assert_message(&err, "STRIA_WITH_ZIP");
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_the_missing_part)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif

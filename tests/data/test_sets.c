/* Data sets: the known ones compared with figures taken from their originals, folders of IDX files right and
 * wrong, the caller's own numbers, reading, and memory and files that fail at every place. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checksum.h"
#include "data/dataset.h"
#include "data/digits.h"
#include "data/make_files.h"
#include "support/check.h"
#include "support/test_context.h"

/* The sum of a part's stored bytes, read with scale 1: whole numbers, so exact in double. */
static double sum_of(const stria_dataset *data, stria_part part)
{
    stria_error err = {0};
    size_t size = (size_t)stria_shape_elements(stria_dataset_shape(data)),
           count = stria_dataset_count(data, part);
    float *x = malloc(100 * size * sizeof *x);
    assert_non_null(x);
    double sum = 0;
    for (size_t first = 0; first < count; first += 100) {
        uint32_t indices[100];
        size_t batch = count - first < 100 ? count - first : 100;
        for (size_t i = 0; i < batch; i++)
            indices[i] = (uint32_t)(first + i);
        assert_ok(stria_dataset_read(data, part, indices, batch, "scale=1", x, NULL, NULL, &err), &err);
        for (size_t i = 0; i < batch * size; i++)
            sum += x[i];
    }
    free(x);
    return sum;
}

static void assert_labels(const stria_dataset *data, stria_part part, const int32_t *expected, size_t count,
                          const size_t *histogram)
{
    stria_error err = {0};
    size_t size = (size_t)stria_shape_elements(stria_dataset_shape(data)), found[16] = {0};
    float *x = malloc(size * sizeof *x);
    assert_non_null(x);
    for (uint32_t i = 0; i < stria_dataset_count(data, part); i++) {
        int32_t label = -1;
        assert_ok(stria_dataset_read(data, part, &i, 1, NULL, x, &label, NULL, &err), &err);
        assert_true(label >= 0 && label < 16);
        if (i < count)
            assert_int_equal(label, expected[i]);
        found[label]++;
    }
    assert_memory_equal(found, histogram, 10 * sizeof found[0]);
    free(x);
}

static void assert_shape(const stria_shape *shape, const char *expected)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    assert_string_equal(stria_shape_text(shape, text, sizeof text), expected);
}

/* ---- Known data sets ---- */

/* Figures from scikit-learn's load_digits with the split done in NumPy; the checksum is that of
 * scripts/make_digits.py. */
static void opens_digits(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = NULL;
    stria_error err = {0};
    static uint8_t pixels[STRIA_DIGITS_COUNT * STRIA_DIGITS_PIXELS], classes[STRIA_DIGITS_COUNT];
    uint32_t crc = 0;
    stria_digits_decode(pixels, classes);
    for (size_t i = 0; i < STRIA_DIGITS_COUNT; i++) {
        crc = stria_crc32c(crc, &classes[i], 1);
        crc = stria_crc32c(crc, &pixels[i * STRIA_DIGITS_PIXELS], STRIA_DIGITS_PIXELS);
    }
    assert_int_equal(crc, 0x617F91FC);

    assert_ok(stria_dataset_open(&data, test.context, "digits", &err), &err);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TRAIN), 1442);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TEST), 355);
    assert_shape(stria_dataset_shape(data), "8x8x1");
    assert_int_equal(stria_dataset_class_count(data), 10);
    assert_string_equal(stria_dataset_class_name(data, 0), "0");
    assert_string_equal(stria_dataset_class_name(data, 9), "9");
    assert_null(stria_dataset_class_name(data, 10));
    assert_int_equal(stria_dataset_target_shape(data)->rank, 0);
    assert_string_equal(stria_dataset_preprocessing(data), "scale=0.0625");
    assert_true(sum_of(data, STRIA_PART_TRAIN) == 450566);
    assert_true(sum_of(data, STRIA_PART_TEST) == 111152);
    assert_labels(data, STRIA_PART_TRAIN, (const int32_t[]){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1}, 12,
                  (const size_t[]){143, 146, 142, 147, 145, 146, 145, 144, 140, 144});
    assert_labels(data, STRIA_PART_TEST, (const int32_t[]){5, 0, 9, 8, 7, 1, 2, 6, 3, 4, 0, 2}, 12,
                  (const size_t[]){35, 36, 35, 36, 36, 36, 36, 35, 34, 36});
    static const int first[64] = {0, 6, 13, 5,  8,  8,  1, 0, 0, 8, 16, 16, 16, 16, 6, 0,
                                  0, 6, 16, 9,  6,  4,  0, 0, 0, 6, 16, 16, 15, 5,  0, 0,
                                  0, 0, 4,  5,  15, 12, 0, 0, 0, 0, 0,  3,  16, 9,  0, 0,
                                  0, 1, 8,  13, 15, 3,  0, 0, 0, 4, 16, 15, 3,  0,  0, 0};
    float x[64];
    assert_ok(stria_dataset_read(data, STRIA_PART_TEST, &(uint32_t){0}, 1, NULL, x, NULL, NULL, &err), &err);
    for (int i = 0; i < 64; i++)
        assert_true(x[i] == (float)first[i] / 16);
    stria_dataset_free(data);
    test_context_close(&test);
}

/* Digits at other sizes and places: the same ink, moved; enlarged by the formula of bilinear interpolation
 * with centres at halves (pixels 3 and 4 of 16 lie at 1.25 and 1.75 of 8). */
static void opens_digits_elsewhere(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = NULL, *moved = NULL;
    stria_error err = {0};
    static float plain[64], x[20 * 24], large[256], shifted[28 * 28];
    const uint32_t sample = 17;
    assert_ok(stria_dataset_open(&data, test.context, "digits", &err), &err);
    assert_ok(stria_dataset_read(data, STRIA_PART_TEST, &sample, 1, NULL, plain, NULL, NULL, &err), &err);

    assert_ok(stria_dataset_open(&moved, test.context, "digits@20x24-6+7", &err), &err);
    assert_shape(stria_dataset_shape(moved), "20x24x1");
    assert_int_equal(stria_dataset_count(moved, STRIA_PART_TEST), 355);
    assert_string_equal(stria_dataset_preprocessing(moved), "scale=0.0625");
    assert_true(sum_of(moved, STRIA_PART_TEST) == sum_of(data, STRIA_PART_TEST));
    assert_ok(stria_dataset_read(moved, STRIA_PART_TEST, &sample, 1, NULL, x, NULL, NULL, &err), &err);
    for (int i = 0; i < 64; i++)
        assert_true(x[(i / 8) * 24 + 15 + i % 8] == plain[i]);
    stria_dataset_free(moved);

    assert_ok(stria_dataset_open(&moved, test.context, "digits16", &err), &err);
    assert_ok(stria_dataset_read(moved, STRIA_PART_TEST, &sample, 1, NULL, large, NULL, NULL, &err), &err);
    for (int i = 1; i < 15; i++)
        for (int j = 1; j < 15; j++) {
            const int row = (i - 1) / 2, column = (j - 1) / 2;
            const double down = i % 2 != 0 ? 0.25 : 0.75, right = j % 2 != 0 ? 0.25 : 0.75;
            const float *p = plain + row * 8 + column;
            const double wanted = (1 - down) * ((1 - right) * (double)p[0] + right * (double)p[1]) +
                                  down * ((1 - right) * (double)p[8] + right * (double)p[9]);
            assert_true(fabs((double)large[i * 16 + j] - wanted) <= 0.501 / 240);
        }
    assert_true(large[0] == plain[0] && large[255] == plain[63] && large[15] == plain[7]);
    stria_dataset_free(moved);

    assert_ok(stria_dataset_open(&moved, test.context, "digits16@28x28+3-2", &err), &err);
    assert_ok(stria_dataset_read(moved, STRIA_PART_TEST, &sample, 1, NULL, shifted, NULL, NULL, &err), &err);
    for (int i = 0; i < 256; i++)
        assert_true(shifted[(9 + i / 16) * 28 + 4 + i % 16] == large[i]);
    stria_dataset_free(moved);
    stria_dataset_free(data);
    test_context_close(&test);
}

static void refuses_digits_elsewhere(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = NULL;
    stria_error err = {0};
    const struct {
        const char *name, *message;
    } cases[] = {
        {"digits16@28x28+7+0",
         "digits of 16 pixels moved by 7 leave a picture of height 28: it has room for -6 to 6"},
        {"digits16@28x29+0-7", "moved by -7 leave a picture of width 29: it has room for -6 to 7"},
        {"digits16@28x12", "the picture's width 12 is not 16, the digits' size, to 256"},
        {"digits@257x8", "the picture's height 257"},
        {"digits7", "digits are 8 to 256 pixels large, not 7"},
        {"digits300", "not 300"},
        {"digits16@28", "they are written digits, digits16"},
        {"digits16@28x28+3", "digits16@28x28+3-2"},
        {"digits16@28x28+3+2+1", "not a name of digits"},
        {"digits1600", "not a name of digits"},
        {"digits@", "not a name of digits"},
        {"digits@28x28+-3+1", "not a name of digits"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        assert_status(stria_dataset_open(&data, test.context, cases[c].name, &err), STRIA_ERROR_VALUE, &err);
        assert_message(&err, cases[c].message);
    }
    assert_status(stria_dataset_open(&data, test.context, "digits16.npz", &err), STRIA_ERROR_MISSING, &err);
    test_context_close(&test);
}

/* Figures from the package's files by Python. */
static void opens_fashion_mnist(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = NULL;
    stria_error err = {0};
#if !STRIA_HAVE_ZLIB
    assert_status(stria_dataset_open(&data, test.context, "fashion-mnist", &err), STRIA_ERROR_NOT_BUILT,
                  &err);
    assert_message(&err, "train-images-idx3-ubyte.gz: gzip files need a build with -DSTRIA_WITH_ZLIB=ON");
    test_context_close(&test);
    return;
#endif
    assert_ok(stria_dataset_open(&data, test.context, "fashion-mnist", &err), &err);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TRAIN), 60000);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TEST), 10000);
    assert_shape(stria_dataset_shape(data), "28x28x1");
    assert_string_equal(stria_dataset_preprocessing(data), "scale=0.00392156862745098");
    static const char *const classes[10] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                            "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
    assert_int_equal(stria_dataset_class_count(data), 10);
    for (size_t c = 0; c < 10; c++)
        assert_string_equal(stria_dataset_class_name(data, c), classes[c]);
    double train = sum_of(data, STRIA_PART_TRAIN), tests = sum_of(data, STRIA_PART_TEST);
    print_message("mean pixel %.6f of training, %.6f of testing\n", train / 60000 / 784 / 255,
                  tests / 10000 / 784 / 255);
    assert_true(train == 3431114169.0);
    assert_true(tests == 573469082.0);
    assert_labels(data, STRIA_PART_TRAIN, (const int32_t[]){9, 0, 0, 3, 0, 2, 7, 2, 5, 5}, 10,
                  (const size_t[]){6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000});
    assert_labels(data, STRIA_PART_TEST, (const int32_t[]){9, 2, 1, 1, 6, 1, 4, 6, 5, 7}, 10,
                  (const size_t[]){1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000});
    print_message("%zu bytes of memory held, %zu at most\n", (size_t)test.memory.live_bytes,
                  (size_t)test.memory.peak_bytes);
    stria_dataset_free(data);
    test_context_close(&test);
}

static int nothing_there(void *payload, const char *path, int *kind)
{
    (void)payload, (void)path, (void)kind;
    return ENOENT;
}

static void says_what_is_missing(void **state)
{
    (void)state;
    test_context test;
    stria_dataset *data = NULL;
    stria_error err = {0};
    test_context_prepare(&test);
    test.io.table.probe = nothing_there;
    assert_ok(test_context_create(&test, 1, NULL, &err), &err);
    const struct {
        const char *name, *message;
    } cases[] = {
        {"fashion-mnist", "install it with `apt-get install dataset-fashion-mnist`"},
        {"fashion_mnist", "fashion_mnist: no such file, folder or data set: did you mean 'fashion-mnist'?"},
        {"FashionMNIST", "did you mean 'fashion-mnist'?"},
        {"digit", "did you mean 'digits'?"},
        {"cifar-10", "cifar-10: no such file, folder or data set (known names: digits, fashion-mnist)"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        assert_status(stria_dataset_open(&data, test.context, cases[c].name, &err), STRIA_ERROR_MISSING,
                      &err);
        assert_message(&err, cases[c].message);
    }
    test_context_close(&test);
}

/* ---- Folders ---- */

/* A folder of 3 training and 2 test pictures of 2x2, written with the given names' middle and ending. */
static void put_small_set(const temporary_folder *folder, const char *dot, int rank)
{
    static const uint8_t train[12] = {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 255},
                         test[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    char name[64];
    snprintf(name, sizeof name, "train-images%sidx%d-ubyte", dot, rank);
    put_idx(folder, name, rank, (const uint32_t[]){3, 2, 2, 1}, train);
    snprintf(name, sizeof name, "t10k-images%sidx%d-ubyte", dot, rank);
    put_idx(folder, name, rank, (const uint32_t[]){2, 2, 2, 1}, test);
    snprintf(name, sizeof name, "train-labels%sidx1-ubyte", dot);
    put_idx(folder, name, 1, (const uint32_t[]){3}, (const uint8_t[]){2, 0, 1});
    snprintf(name, sizeof name, "t10k-labels%sidx1-ubyte", dot);
    put_idx(folder, name, 1, (const uint32_t[]){2}, (const uint8_t[]){3, 1});
}

static void assert_small_set(const stria_dataset *data)
{
    stria_error err = {0};
    float x[12];
    int32_t labels[3];
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TRAIN), 3);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TEST), 2);
    assert_shape(stria_dataset_shape(data), "2x2x1");
    assert_int_equal(stria_dataset_class_count(data), 4);
    assert_string_equal(stria_dataset_class_name(data, 3), "3");
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, (const uint32_t[]){2, 0, 2}, 3, NULL, x, labels,
                                 NULL, &err),
              &err);
    static const float expected[12] = {80, 90, 100, 255, 0, 10, 20, 30, 80, 90, 100, 255};
    for (int i = 0; i < 12; i++)
        assert_true(x[i] == expected[i] * (float)(1.0 / 255));
    assert_memory_equal(labels, ((const int32_t[]){1, 2, 1}), sizeof labels);
    assert_ok(stria_dataset_read(data, STRIA_PART_TEST, (const uint32_t[]){1}, 1, "", x, labels, NULL, &err),
              &err);
    assert_memory_equal(x, ((const float[]){5, 6, 7, 8}), 4 * sizeof(float));
    assert_int_equal(labels[0], 1);
}

static void opens_folders(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    for (int dot = 0; dot < 2; dot++) {
        for (int rank = 3; rank <= 4; rank++) {
            temporary_folder folder;
            char with_slash[600];
            stria_dataset *data = NULL;
            stria_error err = {0};
            temporary_folder_make(&folder);
            put_small_set(&folder, dot ? "." : "-", rank);
            assert_ok(stria_dataset_open(&data, test.context, folder.path, &err), &err);
            assert_small_set(data);
            stria_dataset_free(data);
            snprintf(with_slash, sizeof with_slash, "%s/", folder.path);
            assert_ok(stria_dataset_open(&data, test.context, with_slash, &err), &err);
            stria_dataset_free(data);
            temporary_folder_remove(&folder);
        }
    }
    test_context_close(&test);
}

static void opens_a_folder_without_tests(void **state)
{
    (void)state;
    test_context test;
    temporary_folder folder;
    stria_dataset *data = NULL;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    /* Colour, and floats, which are used as they are. */
    static const float x[12] = {0, 0.5F, 1, -1, 2, 300, 0, 0, 0, 1, 1, 1};
    blob images = make_idx(0x0D, 4, (const uint32_t[]){2, 1, 2, 3}, x);
    put_file(&folder, "train-images-idx4-ubyte", &images);
    blob labels = make_idx(0x0C, 1, (const uint32_t[]){2}, (const int32_t[]){65535, 7});
    put_file(&folder, "train-labels-idx1-ubyte", &labels);
    assert_ok(stria_dataset_open(&data, test.context, folder.path, &err), &err);
    assert_shape(stria_dataset_shape(data), "1x2x3");
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TEST), 0);
    assert_int_equal(stria_dataset_class_count(data), 65536);
    assert_string_equal(stria_dataset_class_name(data, 65535), "65535");
    assert_string_equal(stria_dataset_preprocessing(data), "");
    float read[12];
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, (const uint32_t[]){0, 1}, 2, "scale=1/255", read,
                                 NULL, NULL, &err),
              &err);
    assert_memory_equal(read, x, sizeof x);
    assert_status(
        stria_dataset_read(data, STRIA_PART_TEST, (const uint32_t[]){0}, 1, NULL, read, NULL, NULL, &err),
        STRIA_ERROR_VALUE, &err);
    assert_message(&err, "sample 0 does not exist: the test part has 0 samples");
    stria_dataset_free(data);
    blob_free(&images);
    blob_free(&labels);
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

/* Each case puts one file over the small set, or removes one (type 0), and says what the message holds. */
static void refuses_wrong_folders(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        unsigned type;
        int rank;
        uint32_t sizes[4];
        const char *elements;
        stria_status status;
        const char *message;
    } cases[] = {
        {"train-images-idx3-ubyte",
         0,
         0,
         {0},
         "",
         STRIA_ERROR_MISSING,
         "no data set in this folder: looked for IDX files with MNIST's names"},
        {"train-labels-idx1-ubyte", 0, 0, {0}, "", STRIA_ERROR_MISSING, "train-labels-idx1-ubyte is missing"},
        {"t10k-images-idx3-ubyte", 0, 0, {0}, "", STRIA_ERROR_MISSING, "t10k-images-idx3-ubyte is missing"},
        {"t10k-labels-idx1-ubyte", 0, 0, {0}, "", STRIA_ERROR_MISSING, "t10k-labels-idx1-ubyte is missing"},
        {"train-labels-idx1-ubyte",
         0x08,
         1,
         {4},
         "\1\2\3\4",
         STRIA_ERROR_SHAPE,
         "train-labels-idx1-ubyte: 4 labels for the 3 samples of the training part"},
        {"t10k-labels-idx1-ubyte",
         0x08,
         1,
         {1},
         "\1",
         STRIA_ERROR_SHAPE,
         "t10k-labels-idx1-ubyte: 1 labels for the 2 samples of the test part"},
        {"train-labels-idx1-ubyte",
         0x09,
         1,
         {3},
         "\1\xFE\3",
         STRIA_ERROR_VALUE,
         "label -2 of sample 1 is outside 0 to 65535"},
        {"t10k-labels-idx1-ubyte",
         0x0C,
         1,
         {2},
         "\0\0\0\0\0\0\1\0",
         STRIA_ERROR_VALUE,
         "label 65536 of sample 1 is outside 0 to 65535"},
        {"train-labels-idx1-ubyte",
         0x08,
         2,
         {3, 1},
         "\1\1\1",
         STRIA_ERROR_FORMAT,
         "labels are one dimension of integers, not 2 of uint8"},
        {"train-labels-idx1-ubyte",
         0x0D,
         1,
         {3},
         "\0\0\0\0\0\0\0\0\0\0\0\0",
         STRIA_ERROR_FORMAT,
         "labels are one dimension of integers, not 1 of float32"},
        {"train-images-idx3-ubyte",
         0x08,
         2,
         {3, 1},
         "\1\1\1",
         STRIA_ERROR_FORMAT,
         "train-images-idx3-ubyte: pictures have 3 dimensions (count, height, width) or 4, not 2"},
        {"t10k-images-idx3-ubyte",
         0x08,
         3,
         {2, 1, 3},
         "\1\1\1\1\1\1",
         STRIA_ERROR_SHAPE,
         "t10k-images-idx3-ubyte: test samples of 1x3x1, but training samples of 2x2x1"},
        {"t10k-images-idx3-ubyte",
         0x09,
         3,
         {2, 2, 2},
         "\1\1\1\1\1\1\1\1",
         STRIA_ERROR_SHAPE,
         "test samples of float32, but training samples of uint8: store both alike"},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        temporary_folder folder;
        char path[TEMPORARY_PATH_SIZE];
        stria_dataset *data = NULL;
        stria_error err = {0};
        temporary_folder_make(&folder);
        put_small_set(&folder, "-", 3);
        if (cases[c].type == 0) {
            assert_int_equal(remove(temporary_folder_path(&folder, cases[c].file, path)), 0);
        } else {
            blob file = make_idx(cases[c].type, cases[c].rank, cases[c].sizes, cases[c].elements);
            put_file(&folder, cases[c].file, &file);
            blob_free(&file);
        }
        assert_status(stria_dataset_open(&data, test.context, folder.path, &err), cases[c].status, &err);
        assert_message(&err, cases[c].message);
        assert_message(&err, folder.path);
        temporary_folder_remove(&folder);
    }
    print_message("%zu refusals checked\n", sizeof cases / sizeof cases[0]);
    test_context_close(&test);
}

/* What is there, but is no data set. */
static void refuses_other_files(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        size_t size;
        stria_status status;
        const char *message;
    } cases[] = {
        {"empty", "", 0, STRIA_ERROR_FORMAT, "the file is empty"},
        {"text", "hello world", 11, STRIA_ERROR_FORMAT,
         "not a data set: expected an .npz archive with x and y"},
        {"idx", "\0\0\x08\1\0\0\0\1\7", 9, STRIA_ERROR_FORMAT,
         "one IDX file is no data set: name its folder"},
        {"gz", "\x1F\x8B\x08\0", 4, STRIA_ERROR_FORMAT, "one IDX file is no data set: name its folder"},
        {"npy", "\x93NUMPY\1\0", 8, STRIA_ERROR_FORMAT, "save x and y together with numpy.savez"},
    };
    test_context test;
    temporary_folder folder;
    char path[TEMPORARY_PATH_SIZE];
    stria_dataset *data = NULL;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    assert_status(stria_dataset_open(&data, test.context, folder.path, &err), STRIA_ERROR_MISSING, &err);
    assert_message(&err, "no data set in this folder");
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        blob file = blob_copy(cases[c].bytes, cases[c].size);
        put_file(&folder, cases[c].name, &file);
        blob_free(&file);
        assert_status(stria_dataset_open(&data, test.context,
                                         temporary_folder_path(&folder, cases[c].name, path), &err),
                      cases[c].status, &err);
        assert_message(&err, cases[c].message);
        assert_message(&err, path);
    }
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

/* Every allocation, then every call to the system, of opening fails once. */
static void survives_failures(void **state)
{
    (void)state;
    test_context test;
    temporary_folder folder;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    temporary_folder_make(&folder);
    put_small_set(&folder, "-", 3);
    const char *const names[] = {"digits", folder.path};
    for (int n = 0; n < 2; n++) {
        for (int files = 0; files < 2; files++) {
            size_t failed = 0;
            for (size_t fail_at = 1;; fail_at++) {
                stria_dataset *data = NULL;
                size_t before = files ? test.io.failures : test.memory.failures;
                if (files)
                    test.io.fail_at = test.io.calls + fail_at;
                else
                    test.memory.fail_at = test.memory.calls + fail_at;
                stria_status status = stria_dataset_open(&data, test.context, names[n], &err);
                test.io.fail_at = test.memory.fail_at = 0;
                bool was_failed = (files ? test.io.failures : test.memory.failures) > before;
                failed += was_failed;
                if (status == STRIA_OK) {
                    if (n == 1)
                        assert_small_set(data);
                    stria_dataset_free(data);
                } else {
                    assert_true(was_failed);
                    assert_null(data);
                    assert_int_equal(status, files ? STRIA_ERROR_IO : STRIA_ERROR_MEMORY);
                }
                if (!was_failed)
                    break;
            }
            print_message("%s: %zu %s made to fail\n", n == 0 ? "digits" : "folder", failed,
                          files ? "calls to the system" : "allocations");
            assert_true(failed >= (n == 0 ? (files ? 0 : 7) : 13));
        }
    }
    temporary_folder_remove(&folder);
    test_context_close(&test);
}

/* ---- The caller's numbers ---- */

static void creates_from_numbers(void **state)
{
    (void)state;
    test_context test;
    stria_dataset *data = NULL;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    const stria_shape shape = {.rank = 2, .sizes = {2, 3}}, pair = {.rank = 1, .sizes = {2}};
    float x[24], read[24];
    for (int i = 0; i < 24; i++)
        x[i] = (float)i * 0.5F;
    assert_ok(stria_dataset_create(&data, test.context, x, &shape, 4, (const int32_t[]){0, 2, 1, 0}, 5, NULL,
                                   NULL, &err),
              &err);
    assert_shape(stria_dataset_shape(data), "2x3");
    assert_int_equal(stria_dataset_class_count(data), 5);
    assert_string_equal(stria_dataset_class_name(data, 4), "4");
    int32_t labels[4];
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, (const uint32_t[]){3, 2, 1, 0}, 4, NULL, read,
                                 labels, NULL, &err),
              &err);
    for (int i = 0; i < 4; i++)
        assert_memory_equal(read + 6 * i, x + 6 * (3 - i), 6 * sizeof(float));
    assert_memory_equal(labels, ((const int32_t[]){0, 1, 2, 0}), sizeof labels);
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, NULL, 0, NULL, NULL, NULL, NULL, &err), &err);
    stria_dataset_free(data);

    float targets[8] = {0, 1, 2, 3, 4, 5, 6, 7}, targets_read[4];
    assert_ok(stria_dataset_create(&data, test.context, x, &shape, 4, NULL, 0, targets, &pair, &err), &err);
    assert_int_equal(stria_dataset_class_count(data), 0);
    assert_null(stria_dataset_class_name(data, 0));
    assert_shape(stria_dataset_target_shape(data), "2");
    labels[0] = 99;
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, (const uint32_t[]){3, 1}, 2, NULL, read, labels,
                                 targets_read, &err),
              &err);
    assert_memory_equal(targets_read, ((const float[]){6, 7, 2, 3}), sizeof targets_read);
    assert_int_equal(labels[0], 99); /* there are none to write */
    stria_dataset_free(data);
    test_context_close(&test);
}

static void refuses_wrong_numbers(void **state)
{
    (void)state;
    test_context test;
    stria_dataset *data = NULL;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    const stria_shape shape = {.rank = 1, .sizes = {2}}, none = {0},
                      open = {.rank = 2, .sizes = {STRIA_ANY_SIZE, 2}}, zero = {.rank = 1, .sizes = {0}},
                      huge = {.rank = 1, .sizes = {INT64_MAX}},
                      deep = {.rank = 8, .sizes = {1, 1, 1, 1, 1, 1, 1, 1}};
    const float x[4] = {0};
    const int32_t labels[2] = {0, 3}, negative[2] = {-1, 0};
    const struct {
        const float *x;
        const stria_shape *shape;
        size_t count;
        const int32_t *labels;
        size_t class_count;
        const float *targets;
        const stria_shape *target_shape;
        stria_status status;
        const char *message;
    } cases[] = {
        {NULL, &shape, 2, labels, 4, NULL, NULL, STRIA_ERROR_VALUE, "a data set needs x"},
        {x, NULL, 2, labels, 4, NULL, NULL, STRIA_ERROR_VALUE, "a data set needs x"},
        {x, &shape, 0, labels, 4, NULL, NULL, STRIA_ERROR_VALUE, "1 to 4294967295 samples, not 0"},
        {x, &shape, 2, NULL, 4, NULL, NULL, STRIA_ERROR_VALUE, "either labels or targets"},
        {x, &shape, 2, labels, 4, x, &shape, STRIA_ERROR_VALUE, "either labels or targets"},
        {x, &shape, 2, labels, 0, NULL, NULL, STRIA_ERROR_VALUE, "0 classes, allowed are 1 to 65536"},
        {x, &shape, 2, labels, 65537, NULL, NULL, STRIA_ERROR_VALUE, "65537 classes"},
        {x, &shape, 2, labels, 3, NULL, NULL, STRIA_ERROR_VALUE,
         "label 3 of training sample 1 is outside 0 to 2"},
        {x, &shape, 2, negative, 3, NULL, NULL, STRIA_ERROR_VALUE, "label -1 of sample 0"},
        {x, &shape, 2, NULL, 0, x, NULL, STRIA_ERROR_VALUE, "targets need their shape"},
        {x, &none, 2, labels, 4, NULL, NULL, STRIA_ERROR_SHAPE,
         "x: a shape of 0 dimensions, allowed are 1 to 7"},
        {x, &deep, 2, labels, 4, NULL, NULL, STRIA_ERROR_SHAPE, "x: a shape of 8 dimensions"},
        {x, &open, 2, labels, 4, NULL, NULL, STRIA_ERROR_SHAPE, "x: every size of a sample must be known"},
        {x, &zero, 2, labels, 4, NULL, NULL, STRIA_ERROR_SHAPE, "0"},
        {x, &huge, 2, labels, 4, NULL, NULL, STRIA_ERROR_LIMIT, ""},
        {x, &shape, 2, NULL, 0, x, &none, STRIA_ERROR_SHAPE, "targets: a shape of 0 dimensions"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        assert_status(stria_dataset_create(&data, test.context, cases[c].x, cases[c].shape, cases[c].count,
                                           cases[c].labels, cases[c].class_count, cases[c].targets,
                                           cases[c].target_shape, &err),
                      cases[c].status, &err);
        assert_message(&err, cases[c].message);
        assert_null(data);
    }
    for (size_t fail_at = 1;; fail_at++) {
        test.memory.fail_at = test.memory.calls + fail_at;
        stria_status status =
            stria_dataset_create(&data, test.context, x, &shape, 2, labels, 4, NULL, NULL, &err);
        test.memory.fail_at = 0;
        if (status == STRIA_OK) {
            assert_int_equal(fail_at, 5);
            break;
        }
        assert_int_equal(status, STRIA_ERROR_MEMORY);
    }
    stria_dataset_free(data);
    test_context_close(&test);
}

/* ---- Preprocessing text ---- */

static void parses_preprocessing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        double scale;
    } cases[] = {
        {"", true, 1},
        {"scale=1", true, 1},
        {"scale=0.0625", true, 0.0625},
        {"scale=1/255", true, 1.0 / 255},
        {"scale=-2", true, -2},
        {"scale=", false, 0},
        {"scale=x", false, 0},
        {"scale=0", false, 0},
        {"scale=nan", false, 0},
        {"scale=1e300", false, 0},
        {"scale=1e-300", false, 0},
        {"scale=1 ", false, 0},
        {"SCALE=1", false, 0},
        {"mean=1", false, 0},
        {" ", false, 0},
        {"scale=0,5", false, 0},
        {"size=224x192 resize=bilinear crop=yes channels=3", true, 1},
        {"scale=0.5 size=1x1", true, 0.5},
        {"channels=1 scale=0.5", true, 0.5},
        {"size=0x1", false, 0},
        {"size=3", false, 0},
        {"size=1x-1", false, 0},
        {"resize=", false, 0},
        {"resize=a_method_that_is_too_long", false, 0},
        {"crop=maybe", false, 0},
        {"channels=5", false, 0},
        {"scale=1  size=1x1", false, 0},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        double scale = 0;
        bool good = stria_preprocessing_scale(cases[c].text, &scale, NULL) == STRIA_OK;
        if (good != cases[c].good || scale != cases[c].scale) {
            print_error("'%s' gave %d and %.17g\n", cases[c].text, good, scale);
            fail();
        }
    }
    stria_preprocessing read;
    assert_int_equal(
        stria_preprocessing_read(&read, "scale=2 size=224x192 resize=bilinear crop=yes channels=3", NULL),
        STRIA_OK);
    assert_true(read.height == 224 && read.width == 192 && read.crop && read.channels == 3);
    assert_string_equal(read.resize, "bilinear");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_digits),
        cmocka_unit_test(opens_digits_elsewhere),
        cmocka_unit_test(refuses_digits_elsewhere),
        cmocka_unit_test(opens_fashion_mnist),
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(opens_folders),
        cmocka_unit_test(opens_a_folder_without_tests),
        cmocka_unit_test(refuses_wrong_folders),
        cmocka_unit_test(refuses_other_files),
        cmocka_unit_test(survives_failures),
        cmocka_unit_test(creates_from_numbers),
        cmocka_unit_test(refuses_wrong_numbers),
        cmocka_unit_test(parses_preprocessing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Folders of pictures in class folders: their order, what is refused, how pictures are made to fit, files
 * that break, and that results are the same bits for any number of threads and any cache. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

/* What Keras 3.15's index_directory gives for these files without shuffling. */
static void has_the_order_of_keras(void **state)
{
    (void)state;
    static const char *const names[] = {
        "d/A/1.jpg",      "d/a/10.png",          "d/a/2.png",       "d/a/B.Jpeg",     "d/a/z.png",
        "d/a/\u00e9.png", "d/a/sub/1.png",       "d/a/sub b/1.png", "d/a/sub-/z.bmp", "d/a/sub/c/1.png",
        "d/a b/n.gif",    "d/b/line\nbreak.png", "d/b/x.PNG",       "d/c,d/1.png",
    };
    static const int32_t labels[] = {0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 4};
    static const char *const others[] = {"d/b/readme.txt", "d/.hid/1.png",      "d/a/.hidden.png",
                                         "d/loose.png",    "d/a/.thumbs/1.png", "d/a/png"};
    enum { COUNT = sizeof names / sizeof names[0] };
    for (size_t i = COUNT; i-- > 0;)
        put_bytes(&folder, names[i], "?", 1);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        put_bytes(&folder, others[i], "?", 1);
    const stria_dataset_options options = {.height = 2, .width = 2, .channels = 1};
    stria_dataset *data = open_data(test.context, &folder, "d", &options);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TRAIN), COUNT);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TEST), 0);
    assert_int_equal(stria_dataset_class_count(data), 5);
    assert_string_equal(stria_dataset_class_name(data, 2), "a b");
    for (size_t i = 0; i < COUNT; i++) {
        char path[TEMPORARY_PATH_SIZE], expected[TEMPORARY_PATH_SIZE];
        const size_t length = stria_dataset_path(data, STRIA_PART_TRAIN, i, path, sizeof path);
        assert_int_equal(length, strlen(path));
        assert_string_equal(path, temporary_folder_path(&folder, names[i], expected));
        assert_int_equal(stria_dataset_label(data, STRIA_PART_TRAIN, i), labels[i]);
    }
    assert_int_equal(stria_dataset_path(data, STRIA_PART_TRAIN, COUNT, NULL, 0), 0);
    assert_int_equal(stria_dataset_label(data, STRIA_PART_TRAIN, COUNT), -1);
    stria_dataset_free(data);
}

static void opens_parts(void **state)
{
    (void)state;
    put_classes(&folder, "p/train/", 3, 1);
    put_classes(&folder, "p/val/", 1, 100);
    stria_dataset *data = open_data(test.context, &folder, "p", NULL);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TRAIN), 9);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TEST), 3);
    assert_string_equal(stria_dataset_preprocessing(data), "scale=0.00392156862745098 channels=3");
    stria_dataset_free(data);
    put_classes(&folder, "p/test/", 2, 200); /* goes before val */
    data = open_data(test.context, &folder, "p", NULL);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TEST), 6);
    stria_dataset_free(data);
    put_picture(&folder, "p/plane/1.png", 8, 8, 3, 5); /* now train, test and val are classes */
    data = open_data(test.context, &folder, "p", NULL);
    assert_int_equal(stria_dataset_class_count(data), 4);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TRAIN), 19);
    stria_dataset_free(data);
}

static void refuses(void **state)
{
    (void)state;
    stria_error err;
    stria_dataset_options options = {0};
    put_bytes(&folder, "e/a/notes.txt", "?", 1);
    put_picture(&folder, "e/b/1.png", 4, 4, 1, 1);
    assert_int_equal(refuse_data(test.context, &folder, "e", NULL, &err), STRIA_ERROR_VALUE);
    assert_message(&err, "class folder 'a' holds no pictures: remove it, or allow empty classes");
    options.keep_empty_classes = 1;
    stria_dataset *data = open_data(test.context, &folder, "e", &options);
    assert_int_equal(stria_dataset_class_count(data), 2);
    stria_dataset_free(data);
    put_picture(&folder, "flat/1.png", 4, 4, 1, 1);
    assert_int_equal(refuse_data(test.context, &folder, "flat", NULL, &err), STRIA_ERROR_MISSING);
    assert_message(&err, "1 pictures, but no class folders");
    put_picture(&folder, "m/train/a/1.png", 4, 4, 1, 1);
    put_picture(&folder, "m/test/b/1.png", 4, 4, 1, 1);
    assert_int_equal(refuse_data(test.context, &folder, "m", NULL, &err), STRIA_ERROR_VALUE);
    assert_message(&err, "class 'a' has a folder in 'train' and none in 'test'");
    static const struct {
        stria_dataset_options options;
        const char *message;
    } cases[] = {
        {{.height = 3}, "pictures of 3x0: both sizes must be at least 1, or both 0"},
        {{.height = -1, .width = 2}, "pictures of -1x2"},
        {{.channels = 5}, "5 channels: allowed are 1 (grey) to 4 (RGB with alpha)"},
        {{.decode_threads = 1000}, "1000 threads to decode with"},
        {{.resize = "magic"}, "magic"},
        {{.resize = "a_very_long_name_of_a_method"}, "is no method"},
        {{.struct_size = 10000}, "stria_dataset_options"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        assert_int_equal(refuse_data(test.context, &folder, "m/train", &cases[c].options, &err),
                         STRIA_ERROR_VALUE);
        assert_message(&err, cases[c].message);
    }
}

/* ---- Reading ---- */

static void read_all(const stria_dataset *data, float *x, stria_error *err)
{
    uint32_t indices[64];
    const size_t count = stria_dataset_count(data, STRIA_PART_TRAIN);
    for (uint32_t i = 0; i < count; i++)
        indices[i] = i;
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, indices, count, "scale=1", x, NULL, NULL, err), err);
}

/* Reads the first picture as the functions on pictures make it. */
static void make_expected(const stria_dataset *data, int64_t channels, const int64_t crop[4], int64_t height,
                          int64_t width, const char *method, float *x)
{
    stria_error err = {0};
    stria_picture picture = {0};
    assert_ok(stria_dataset_picture(data, STRIA_PART_TRAIN, 0, &picture, &err), &err);
    assert_ok(stria_picture_convert(&picture, test.context, channels, &err), &err);
    if (crop != NULL)
        assert_ok(stria_picture_crop(&picture, test.context, crop[0], crop[1], crop[2], crop[3], &err), &err);
    assert_ok(stria_picture_resize(&picture, test.context, height, width, method, &err), &err);
    for (int64_t i = 0; i < height * width * channels; i++)
        x[i] = picture.bytes[i];
    stria_picture_free(&picture, test.context);
}

static void makes_pictures_fit(void **state)
{
    (void)state;
    static float got[2 * 12 * 12 * 3], wanted[12 * 12 * 3];
    stria_error err = {0};
    put_picture(&folder, "f/a/1.png", 20, 31, 3, 1);
    put_picture(&folder, "f/b/2.png", 9, 7, 1, 2);
    static const int64_t crop[4] = {0, 5, 20, 20};
    static const struct {
        stria_dataset_options options;
        const int64_t *crop;
        const char *method, *preprocessing;
    } cases[] = {
        {{.height = 12, .width = 12, .channels = 3},
         NULL,
         "bilinear",
         "scale=0.00392156862745098 size=12x12 resize=bilinear channels=3"},
        {{.height = 12, .width = 12, .channels = 1, .resize = "nearest"},
         NULL,
         "nearest",
         "scale=0.00392156862745098 size=12x12 resize=nearest channels=1"},
        {{.height = 12, .width = 12, .channels = 3, .resize = "area", .crop_to_aspect_ratio = 1},
         crop,
         "area",
         "scale=0.00392156862745098 size=12x12 resize=area crop=yes channels=3"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const int64_t channels = cases[c].options.channels;
        stria_dataset *data = open_data(test.context, &folder, "f", &cases[c].options);
        assert_string_equal(stria_dataset_preprocessing(data), cases[c].preprocessing);
        read_all(data, got, &err);
        make_expected(data, channels, cases[c].crop, 12, 12, cases[c].method, wanted);
        assert_memory_equal(got, wanted, (size_t)(144 * channels) * sizeof *got);
        stria_dataset_free(data);
    }
    /* Without a size, and then without channels, the second does not go with the first. */
    uint32_t second = 1;
    stria_dataset *data = open_data(test.context, &folder, "f", NULL);
    assert_status(stria_dataset_read(data, STRIA_PART_TRAIN, &second, 1, NULL, got, NULL, NULL, &err),
                  STRIA_ERROR_SHAPE, &err);
    assert_message(
        &err, "b/2.png: a picture of 9x7x1 among others of 20x31x3: different pictures need a size to resize "
              "to, such as 20x31");
    stria_dataset_free(data);
    const stria_dataset_options sized = {.height = 4, .width = 4};
    data = open_data(test.context, &folder, "f", &sized);
    assert_status(stria_dataset_read(data, STRIA_PART_TRAIN, &second, 1, NULL, got, NULL, NULL, &err),
                  STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "need the channels to convert to, such as 3");
    stria_dataset_free(data);
}

/* A model says size and channels, and after training also how pictures were resized. */
static void asks_the_model(void **state)
{
    (void)state;
    stria_model *model = NULL;
    stria_error err = {0};
    static const char text[] = "input 6x5x1\nflatten\ndense 3 softmax\n";
    put_classes(&folder, "", 1, 3);
    assert_ok(stria_model_parse(&model, test.context, text, sizeof text - 1, NULL, &err), &err);
    stria_dataset_options options = {.model = model};
    stria_dataset *data = open_data(test.context, &folder, "", &options);
    assert_string_equal(stria_dataset_preprocessing(data),
                        "scale=0.00392156862745098 size=6x5 resize=bilinear channels=1");
    stria_dataset_free(data);
    assert_ok(stria_model_set_metadata(model, "preprocessing", "scale=0.5 resize=area crop=yes", &err), &err);
    data = open_data(test.context, &folder, "", &options);
    assert_string_equal(stria_dataset_preprocessing(data),
                        "scale=0.00392156862745098 size=6x5 resize=area crop=yes channels=1");
    assert_string_equal(stria_preprocessing_for(model, data), "scale=0.5 resize=area crop=yes");
    stria_dataset_free(data);
    assert_ok(stria_model_set_metadata(model, "preprocessing", "size=wide", &err), &err);
    assert_int_equal(refuse_data(test.context, &folder, "", &options, &err), STRIA_ERROR_VALUE);
    assert_message(&err, "the model's preprocessing 'size=wide'");
    stria_model_free(model);
}

/* ---- Threads and caches ---- */

#define PICTURES 60
#define NUMBERS  (8 * 8 * 3)

/* A pass in a mixed order; all batches one after the other. */
static void take_pass(const stria_dataset *data, int threads, float *x, int32_t *labels)
{
    stria_loader *loader = NULL;
    stria_error err = {0};
    uint32_t order[PICTURES];
    for (uint32_t i = 0; i < PICTURES; i++)
        order[i] = i * 17 % PICTURES;
    assert_ok(stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, 7, threads, &err), &err);
    stria_loader_start(loader, NULL, 0, PICTURES); /* left at once */
    stria_loader_start(loader, order, 0, PICTURES);
    size_t at = 0;
    for (stria_batch batch;; at += batch.count) {
        assert_ok(stria_loader_next(loader, &batch, &err), &err);
        if (batch.taken == 0)
            break;
        assert_memory_equal(batch.indices, order + at, batch.count * sizeof *order);
        memcpy(x + at * NUMBERS, batch.x, batch.count * NUMBERS * sizeof *x);
        memcpy(labels + at, batch.labels, batch.count * sizeof *labels);
    }
    assert_int_equal(at, PICTURES);
    stria_loader_free(loader);
}

static void gives_the_same_bits(void **state)
{
    (void)state;
    static float first[PICTURES * NUMBERS], x[PICTURES * NUMBERS];
    int32_t first_labels[PICTURES], labels[PICTURES];
    char file[TEMPORARY_PATH_SIZE], other[TEMPORARY_PATH_SIZE];
    put_classes(&folder, "d/", PICTURES / 3, 9);
    put_bytes(&folder, "caches/x", "", 0);
    const char *const caches[] = {NULL, "memory", temporary_folder_path(&folder, "file.cache", file),
                                  temporary_folder_path(&folder, "caches", other)};
    bool is_first = true;
    for (size_t c = 0; c < 4; c++) {
        for (int threads = 0; threads <= 4; threads++) {
            const stria_dataset_options options = {.cache = caches[c],
                                                   .cache_bytes = threads == 2 ? 10 * NUMBERS : 0};
            stria_dataset *data = open_data(test.context, &folder, "d", &options);
            for (int pass = 0; pass < 2; pass++) {
                take_pass(data, threads, x, labels);
                if (is_first) {
                    memcpy(first, x, sizeof x);
                    memcpy(first_labels, labels, sizeof labels);
                    is_first = false;
                }
                assert_memory_equal(x, first, sizeof x);
                assert_memory_equal(labels, first_labels, sizeof labels);
            }
            stria_dataset_free(data);
        }
    }
}

/* A cache answers without the files; one of other data, or half a one, begins anew; a file of others stays.
 */
static void caches(void **state)
{
    (void)state;
    static float first[PICTURES * NUMBERS], x[PICTURES * NUMBERS];
    char file[TEMPORARY_PATH_SIZE], path[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    put_classes(&folder, "d/", 4, 9);
    const stria_dataset_options options = {.cache = temporary_folder_path(&folder, "c", file)};
    stria_dataset *data = open_data(test.context, &folder, "d", &options);
    read_all(data, first, &err);
    size_t calls = test.io.calls;
    read_all(data, x, &err);
    assert_int_equal(test.io.calls - calls, 12); /* one read for each */
    assert_memory_equal(x, first, 12 * NUMBERS * sizeof *x);
    stria_dataset_free(data);
    data = open_data(test.context, &folder, "d", &options); /* of the run before */
    calls = test.io.calls;
    read_all(data, x, &err);
    assert_int_equal(test.io.calls - calls, 12);
    assert_memory_equal(x, first, 12 * NUMBERS * sizeof *x);
    stria_dataset_free(data);
    /* A byte of a sample that changed costs a decoding. */
    FILE *stream = fopen(file, "r+b");
    assert_non_null(stream);
    assert_int_equal(fseek(stream, -1, SEEK_END), 0);
    const int last = fgetc(stream);
    assert_int_equal(fseek(stream, -1, SEEK_END), 0);
    assert_int_equal(fputc(last ^ 1, stream), last ^ 1);
    assert_int_equal(fclose(stream), 0);
    data = open_data(test.context, &folder, "d", &options);
    read_all(data, x, &err);
    assert_memory_equal(x, first, 12 * NUMBERS * sizeof *x);
    stria_dataset_free(data);
    /* Another picture under the same name. */
    put_picture(&folder, "d/ape/0000.png", 8, 8, 3, 777);
    data = open_data(test.context, &folder, "d", &options);
    read_all(data, x, &err);
    assert_memory_not_equal(x, first, NUMBERS * sizeof *x);
    assert_memory_equal(x + NUMBERS, first + NUMBERS, 11 * NUMBERS * sizeof *x);
    stria_dataset_free(data);
    /* A disk that fills up. */
    assert_int_equal(unlink(temporary_folder_path(&folder, "c", path)), 0);
    test.io.disk_space = 200;
    data = open_data(test.context, &folder, "d", &options);
    read_all(data, first, &err);
    assert_memory_equal(x, first, 12 * NUMBERS * sizeof *x);
    stria_dataset_free(data);
    test.io.disk_space = UINT64_MAX;
    write_test_file(file, "my diary", 8);
    assert_int_equal(refuse_data(test.context, &folder, "d", &options, &err), STRIA_ERROR_FORMAT);
    assert_message(&err, "this is no cache of pictures, and is left as it is");
    assert_file_holds(file, "my diary", 8);
}

/* ---- Files that break ---- */

static void names_broken_files(void **state)
{
    (void)state;
    put_classes(&folder, "d/", 5, 9);
    put_bytes(&folder, "d/ape/0003.png", "\x89PNG\r\n\x1a\n....", 12);
    put_bytes(&folder, "d/cat/0001.png", "", 0);
    for (int threads = 0; threads <= 3; threads++) {
        stria_error err = {0};
        stria_dataset *data = open_data(test.context, &folder, "d", NULL);
        stria_loader *loader = NULL;
        stria_batch batch;
        assert_ok(stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, 4, threads, &err), &err);
        stria_loader_start(loader, NULL, 4, 15);
        for (int b = 0; b < 1; b++)
            assert_ok(stria_loader_next(loader, &batch, &err), &err);
        stria_loader_start(loader, NULL, 0, 15);
        assert_status(stria_loader_next(loader, &batch, &err), STRIA_ERROR_FORMAT, &err);
        assert_message(&err, "d/ape/0003.png");
        assert_ok(stria_loader_next(loader, &batch, &err), &err);
        assert_int_equal(batch.taken, 0); /* the pass has ended */
        stria_loader_start(loader, NULL, 4, 15);
        assert_ok(stria_loader_next(loader, &batch, &err), &err);
        assert_int_equal(batch.count, 4);
        stria_loader_free(loader);
        stria_dataset_free(data);
    }
    for (int threads = 0; threads <= 3; threads++) {
        const stria_dataset_options options = {.skip_broken = 1};
        stria_error err = {0};
        stria_dataset *data = open_data(test.context, &folder, "d", &options);
        stria_loader *loader = NULL;
        assert_ok(stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, 4, threads, &err), &err);
        for (int pass = 0; pass < 2; pass++) {
            static const size_t counts[] = {3, 4, 3, 3}, takens[] = {4, 4, 4, 3};
            stria_loader_start(loader, NULL, 0, 15);
            for (int b = 0; b < 4; b++) {
                stria_batch batch;
                assert_ok(stria_loader_next(loader, &batch, &err), &err);
                assert_int_equal(batch.count, counts[b]);
                assert_int_equal(batch.taken, takens[b]);
                for (size_t r = 0; r < batch.count; r++) {
                    float x[NUMBERS];
                    assert_true(batch.indices[r] != 3 && batch.indices[r] != 11);
                    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, batch.indices + r, 1, NULL, x, NULL,
                                                 NULL, &err),
                              &err);
                    assert_memory_equal(x, batch.x + r * NUMBERS, sizeof x);
                    assert_int_equal(batch.labels[r],
                                     stria_dataset_label(data, STRIA_PART_TRAIN, batch.indices[r]));
                }
            }
        }
        assert_int_equal(stria_dataset_broken(data), 2);
        stria_loader_free(loader);
        stria_dataset_free(data);
    }
}

/* ---- Memory ---- */

/* The most bytes that live while all pictures of a folder are loaded, and while it is open only. */
static void measure(const char *name, size_t count, size_t *loading, size_t *open, double *seconds)
{
    test_context own;
    test_context_open(&own, 1, NULL);
    const size_t before = own.memory.live_bytes;
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    stria_dataset *data = open_data(own.context, &folder, name, NULL);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    *seconds = (double)(ended.tv_sec - began.tv_sec) + 1e-9 * (double)(ended.tv_nsec - began.tv_nsec);
    assert_int_equal(stria_dataset_count(data, STRIA_PART_TRAIN), count);
    *open = own.memory.live_bytes - before;
    own.memory.peak_bytes = own.memory.live_bytes;
    const size_t held = own.memory.live_bytes;
    stria_error err = {0};
    stria_loader *loader = NULL;
    stria_batch batch;
    assert_ok(stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, 16, 2, &err), &err);
    stria_loader_start(loader, NULL, 0, count);
    do
        assert_ok(stria_loader_next(loader, &batch, &err), &err);
    while (batch.taken > 0);
    stria_loader_free(loader);
    *loading = own.memory.peak_bytes - held;
    stria_dataset_free(data);
    test_context_close(&own);
}

static void memory_does_not_grow(void **state)
{
    (void)state;
    size_t few_loading, few_open, many_loading, many_open;
    double few_seconds, many_seconds;
    put_picture(&folder, "one.png", 4, 4, 3, 1);
    char from[TEMPORARY_PATH_SIZE], to[TEMPORARY_PATH_SIZE];
    temporary_folder_path(&folder, "one.png", from);
    put_bytes(&folder, "few/a/x.png", "?", 1);
    put_bytes(&folder, "many/a/x.png", "?", 1);
    for (int i = 0; i < 5000; i++) {
        char name[64];
        for (int many = i < 500 ? 0 : 1; many < 2; many++) {
            snprintf(name, sizeof name, "%s/a/picture-%05d.png", many ? "many" : "few", i);
            assert_int_equal(link(from, temporary_folder_path(&folder, name, to)), 0);
        }
    }
    (void)unlink(temporary_folder_path(&folder, "few/a/x.png", to));
    (void)unlink(temporary_folder_path(&folder, "many/a/x.png", to));
    measure("few", 500, &few_loading, &few_open, &few_seconds);
    measure("many", 5000, &many_loading, &many_open, &many_seconds);
    print_message(
        "500 files: open in %.1f ms with %zu bytes, loading takes %zu more; 5,000: %.1f ms, %zu, %zu\n",
        1e3 * few_seconds, few_open, few_loading, 1e3 * many_seconds, many_open, many_loading);
    assert_true(many_loading < few_loading + 65536); /* one or two pictures at a time */
    assert_true(many_open < 5000 * 64); /* a path of 22 bytes, two numbers, and what doubling leaves free */
    assert_true(many_seconds < 1);
}

/* ---- Failures ---- */

/* Opens, reads and closes; the first status that is not OK. */
static stria_status open_and_read(stria_context *context, const char *path, const char *cache,
                                  stria_error *err)
{
    stria_dataset *data = NULL;
    stria_loader *loader = NULL;
    const stria_dataset_options options = {.cache = cache};
    stria_status status = stria_dataset_open_with(&data, context, path, &options, err);
    if (status == STRIA_OK)
        status = stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, 4, 0, err);
    if (status == STRIA_OK) {
        stria_loader_start(loader, NULL, 0, 6);
        stria_batch batch;
        do
            status = stria_loader_next(loader, &batch, err);
        while (status == STRIA_OK && batch.taken > 0);
    }
    stria_loader_free(loader);
    stria_dataset_free(data);
    return status;
}

static void survives_failures(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE], cache[TEMPORARY_PATH_SIZE];
    put_classes(&folder, "d/train/", 2, 1);
    put_classes(&folder, "d/test/", 1, 2);
    temporary_folder_path(&folder, "d", path);
    temporary_folder_path(&folder, "cache", cache);
    size_t memory_failures = 0, io_failures = 0;
    for (int c = 0; c < 3; c++) {
        const char *where = c == 0 ? NULL : c == 1 ? "memory" : cache;
        for (size_t n = 1;; n++) {
            stria_error err = {0};
            (void)unlink(cache);
            test.memory.fail_at = test.memory.calls + n;
            const stria_status status = open_and_read(test.context, path, where, &err);
            const bool reached = test.memory.calls >= test.memory.fail_at;
            test.memory.fail_at = 0;
            if (!reached) {
                assert_int_equal(status, STRIA_OK);
                break;
            }
            assert_true(status == STRIA_ERROR_MEMORY || status == STRIA_OK); /* a cache does without */
            memory_failures++;
        }
        for (size_t n = 1;; n++) {
            stria_error err = {0};
            (void)unlink(cache);
            test.io.fail_at = test.io.calls + n;
            const stria_status status = open_and_read(test.context, path, where, &err);
            const bool reached = test.io.calls >= test.io.fail_at;
            test.io.fail_at = 0;
            if (!reached) {
                assert_int_equal(status, STRIA_OK);
                break;
            }
            assert_true(status == STRIA_ERROR_IO || status == STRIA_OK); /* closing, a cache's file */
            io_failures++;
        }
    }
    print_message("%zu allocations and %zu calls to the system made to fail\n", memory_failures, io_failures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(has_the_order_of_keras, set_up, tear_down),
        cmocka_unit_test_setup_teardown(opens_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(makes_pictures_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(asks_the_model, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gives_the_same_bits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(caches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_broken_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_does_not_grow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(survives_failures, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Examining data: the numbers are those of the definition, every list is what the files say, nothing depends
 * on the number of threads, and any allocation may fail. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <stria/examine.h>

#include "support/check.h"
#include "support/temporary_folder.h"
#include "support/test_context.h"

static temporary_folder folder;

/* A PNM file of `channels` (1 or 3) whose pixels follow from `seed`; 16 bits a number when `wide`. */
static void write_picture(const char *name, int height, int width, int channels, unsigned seed, bool wide)
{
    char path[TEMPORARY_PATH_SIZE];
    unsigned char bytes[4096];
    int length = snprintf((char *)bytes, sizeof bytes, "P%c\n%d %d\n%d\n", channels == 1 ? '5' : '6', width,
                          height, wide ? 65535 : 255);
    for (int i = 0; i < height * width * channels * (wide ? 2 : 1); i++) {
        seed = seed * 1103515245u + 12345u;
        bytes[length++] = (unsigned char)(seed >> 16);
    }
    write_test_file(temporary_folder_path(&folder, name, path), bytes, (size_t)length);
}

static void make_folders(void)
{
    static const char *const names[] = {"train", "test", "train/a", "train/b", "test/a", "test/b"};
    char path[TEMPORARY_PATH_SIZE];
    temporary_folder_make(&folder);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(mkdir(temporary_folder_path(&folder, names[i], path), 0777), 0);
    write_picture("train/a/0.pgm", 4, 5, 1, 1, false);
    write_picture("train/a/1.pgm", 4, 5, 1, 2, false);
    write_picture("train/a/2.pgm", 5, 4, 1, 1, false); /* the bytes of the first in another size: not equal */
    write_picture("train/a/3.ppm", 4, 5, 3, 3, false);
    write_picture("train/a/4.pgm", 4, 5, 1, 4, true);
    write_picture("train/b/0.pgm", 4, 5, 1, 2, false); /* equal to one of class a */
    write_test_file(temporary_folder_path(&folder, "train/b/1.pgm", path), "P5\n9 9\n255\nshort", 16);
    write_test_file(temporary_folder_path(&folder, "train/b/2.png", path), "", 0);
    write_picture("test/a/0.ppm", 4, 5, 3, 3, false); /* equal to one that is trained on */
    write_picture("test/b/0.pgm", 9, 9, 1, 6, false);
}

static stria_status open_folder(stria_dataset **data, stria_context *context, stria_error *err)
{
    const stria_dataset_options options = {
        .struct_size = sizeof options, .height = 1, .width = 1, .channels = 3};
    return stria_dataset_open_with(data, context, folder.path, &options, err);
}

static void assert_place(stria_place place, stria_part part, uint32_t index)
{
    assert_int_equal(place.part, part);
    assert_int_equal(place.index, index);
}

static void check_folder(const stria_examination *found)
{
    assert_int_equal(found->counts[0], 8);
    assert_int_equal(found->counts[1], 2);
    assert_int_equal(found->class_count, 2);
    assert_int_equal(found->class_counts[0][0], 5);
    assert_int_equal(found->class_counts[0][1], 3);
    assert_int_equal(found->class_counts[1][1], 1);

    assert_int_equal(found->size_count, 3);
    assert_int_equal(found->sizes[0].height, 4);
    assert_int_equal(found->sizes[0].width, 5);
    assert_int_equal(found->sizes[0].count, 6);
    assert_int_equal(found->sizes[1].height, 5); /* one of each: the smaller first */
    assert_int_equal(found->sizes[2].height, 9);

    assert_int_equal(found->mode_count, 3);
    assert_string_equal(found->modes[0].name, "grey");
    assert_int_equal(found->modes[0].count, 5);
    assert_string_equal(found->modes[1].name, "RGB");
    assert_int_equal(found->modes[1].count, 2);
    assert_string_equal(found->modes[2].name, "grey, 16 bit");
    assert_int_equal(found->format_count, 1);
    assert_string_equal(found->formats[0].name, "PNM");
    assert_int_equal(found->formats[0].count, 8);

    assert_int_equal(found->broken_count, 2);
    assert_place(found->broken[0].place, STRIA_PART_TRAIN, 6);
    assert_non_null(strstr(found->broken[0].reason, "train/b/1.pgm: "));
    assert_place(found->broken[1].place, STRIA_PART_TRAIN, 7);
    assert_non_null(strstr(found->broken[1].reason, "the file is empty"));

    assert_int_equal(found->group_count, 2);
    assert_int_equal(found->group_ends[0], 2);
    assert_int_equal(found->group_ends[1], 4);
    assert_place(found->duplicates[0], STRIA_PART_TRAIN, 1);
    assert_place(found->duplicates[1], STRIA_PART_TRAIN, 5);
    assert_place(found->duplicates[2], STRIA_PART_TRAIN, 3);
    assert_place(found->duplicates[3], STRIA_PART_TEST, 0);
    assert_int_equal(found->leaking_groups, 1);
    assert_int_equal(found->conflicting_groups, 1);

    assert_int_equal(found->channel_count, 3);
    assert_string_equal(found->channels[0].name, "red");
    assert_string_equal(found->channels[2].name, "blue");
}

/* Whatever the number of threads, the numbers are the same to the bit. */
static void test_folder(void **state)
{
    (void)state;
    stria_channel_numbers first[3];
    for (int threads = 1; threads <= 7; threads += 2) {
        test_context test;
        stria_error err = {0};
        stria_dataset *data = NULL;
        stria_examination found = {0};
        test_context_open(&test, threads, NULL);
        assert_ok(open_folder(&data, test.context, &err), &err);
        assert_ok(stria_dataset_examine(&found, data, NULL, &err), &err);
        check_folder(&found);
        for (int c = 0; c < 3; c++) {
            if (threads == 1)
                first[c] = found.channels[c];
            assert_memory_equal(&first[c].mean, &found.channels[c].mean, 4 * sizeof(double));
        }
        stria_examination_free(&found, test.context);
        stria_examination_free(&found, test.context);
        stria_dataset_free(data);
        test_context_close(&test);
    }
}

/* Mean, deviation and extremes against sums over all samples in long double. */
static void test_numbers(void **state)
{
    (void)state;
    enum { COUNT = 57, PIXELS = 12, CHANNELS = 6 };
    static float x[COUNT][PIXELS][CHANNELS];
    const stria_shape shape = {.rank = 3, .sizes = {3, 4, CHANNELS}};
    float targets[COUNT] = {0};
    const stria_shape target = {.rank = 1, .sizes = {1}};
    unsigned seed = 5;
    for (int n = 0; n < COUNT; n++)
        for (int i = 0; i < PIXELS; i++)
            for (int c = 0; c < CHANNELS; c++) {
                seed = seed * 1103515245u + 12345u;
                x[n][i][c] = (float)(seed >> 8) / 1e5f + (float)(1000000 * c);
            }
    x[20][3][2] = NAN;
    x[41][0][0] = INFINITY;
    memcpy(x[30], x[7], sizeof x[7]);
    test_context test;
    stria_error err = {0};
    stria_dataset *data = NULL;
    stria_examination found = {0};
    test_context_open(&test, 2, NULL);
    assert_ok(
        stria_dataset_create(&data, test.context, x[0][0], &shape, COUNT, NULL, 0, targets, &target, &err),
        &err);
    assert_ok(stria_dataset_examine(&found, data, NULL, &err), &err);
    assert_int_equal(found.broken_count, 2);
    assert_place(found.broken[0].place, STRIA_PART_TRAIN, 20);
    assert_string_equal(found.broken[0].reason, "training sample 20: 1 of its 72 numbers are not finite");
    assert_place(found.broken[1].place, STRIA_PART_TRAIN, 41);
    assert_int_equal(found.group_count, 1);
    assert_place(found.duplicates[0], STRIA_PART_TRAIN, 7);
    assert_place(found.duplicates[1], STRIA_PART_TRAIN, 30);
    assert_int_equal(found.conflicting_groups, 0);
    assert_int_equal(found.class_count, 0);
    assert_int_equal(found.size_count, 0);
    assert_int_equal(found.channel_count, CHANNELS);
    for (int c = 0; c < CHANNELS; c++) {
        long double sum = 0, squares = 0, count = 0;
        double lowest = INFINITY, highest = -INFINITY;
        for (int pass = 0; pass < 2; pass++)
            for (int n = 0; n < COUNT; n++)
                for (int i = 0; i < PIXELS && n != 20 && n != 41; i++) {
                    if (pass == 0) {
                        sum += x[n][i][c];
                        count++;
                        lowest = fmin(lowest, x[n][i][c]);
                        highest = fmax(highest, x[n][i][c]);
                    } else {
                        squares += (x[n][i][c] - sum / count) * (x[n][i][c] - sum / count);
                    }
                }
        const double mean = (double)(sum / count), deviation = (double)sqrtl(squares / count);
        assert_true(fabs(found.channels[c].mean - mean) <= 1e-14 * fabs(mean));
        assert_true(fabs(found.channels[c].deviation - deviation) <= 1e-12 * deviation);
        assert_true(found.channels[c].lowest == lowest && found.channels[c].highest == highest);
    }
    stria_examination_free(&found, test.context);
    stria_dataset_free(data);
    test_context_close(&test);
}

/* Bytes are counted exactly: the digits' sums are known to their own reader. */
static void test_bytes(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    stria_dataset *data = NULL;
    stria_examination found = {0};
    test_context_open(&test, 1, NULL);
    assert_ok(stria_dataset_open(&data, test.context, "digits", &err), &err);
    assert_ok(stria_dataset_examine(&found, data, NULL, &err), &err);
    double sum = 0, squares = 0;
    for (int part = 0; part < 2; part++)
        for (uint32_t i = 0; i < stria_dataset_count(data, (stria_part)part); i++) {
            float x[64];
            assert_ok(stria_dataset_read(data, (stria_part)part, &i, 1, "", x, NULL, NULL, &err), &err);
            for (int p = 0; p < 64; p++) {
                sum += x[p];
                squares += x[p] * x[p];
            }
        }
    const double count = 1797 * 64, mean = sum / count;
    assert_int_equal(found.channel_count, 1);
    assert_string_equal(found.channels[0].name, "grey");
    assert_true(found.channels[0].mean == mean);
    assert_true(fabs(found.channels[0].deviation - sqrt(squares / count - mean * mean)) < 1e-12);
    assert_int_equal(found.size_count, 1);
    assert_int_equal(found.sizes[0].count, 1797);
    assert_int_equal(found.group_count, 0);
    stria_examination_free(&found, test.context);
    stria_dataset_free(data);
    test_context_close(&test);
}

static int stop_at(size_t done, size_t total, void *payload)
{
    assert_int_equal(total, 10);
    return done == *(const size_t *)payload;
}

static void test_cancelled(void **state)
{
    (void)state;
    for (size_t at = 1; at <= 10; at++) {
        test_context test;
        stria_error err = {0};
        stria_dataset *data = NULL;
        stria_examination found = {0};
        const stria_examine_options options = {
            .struct_size = sizeof options, .progress = stop_at, .payload = &at};
        test_context_open(&test, 3, NULL);
        assert_ok(open_folder(&data, test.context, &err), &err);
        assert_status(stria_dataset_examine(&found, data, &options, &err), STRIA_ERROR_CANCELLED, &err);
        assert_null(found.memory);
        stria_dataset_free(data);
        test_context_close(&test);
    }
}

static void test_out_of_memory(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t n = 1;; n++) {
        test_context test;
        stria_error err = {0};
        stria_dataset *data = NULL;
        stria_examination found = {0};
        test_context_open(&test, n % 2 == 0 ? 2 : 1, NULL);
        assert_ok(open_folder(&data, test.context, &err), &err);
        const size_t before = test.memory.calls;
        test.memory.fail_at = before + n;
        const stria_status status = stria_dataset_examine(&found, data, NULL, &err);
        if (test.memory.failures > 0) {
            assert_status(status, STRIA_ERROR_MEMORY, &err);
            failed++;
        } else {
            assert_ok(status, &err);
            check_folder(&found);
        }
        const size_t calls = test.memory.calls - before;
        test.memory.fail_at = 0;
        stria_examination_free(&found, test.context);
        stria_dataset_free(data);
        test_context_close(&test);
        if (calls < n)
            break;
    }
    print_message("allocations failed: %zu\n", failed);
    assert_true(failed > 20);
}

static int set_up(void **state)
{
    (void)state;
    make_folders();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_folder), cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_bytes), cmocka_unit_test(test_cancelled),
                                       cmocka_unit_test(test_out_of_memory)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

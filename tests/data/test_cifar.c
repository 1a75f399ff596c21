/* Folders of CIFAR-10 and CIFAR-100 in their binary version. */
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "data/picture_set.h"
#include "support/check.h"
#include "support/test_context.h"

#define PIXELS 3072

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

/* Records r of `labels` label bytes 90 and r % classes; red of pixel p is p, green p + 1, blue p + 2, plus r.
 */
static void put_records(const char *name, size_t count, size_t labels, unsigned classes, size_t cut)
{
    const size_t record = labels + PIXELS;
    uint8_t *bytes = malloc(count * record + 1);
    assert_non_null(bytes);
    for (size_t r = 0; r < count; r++) {
        memset(bytes + r * record, 90, labels);
        bytes[r * record + labels - 1] = (uint8_t)(r % classes);
        for (size_t i = 0; i < PIXELS; i++)
            bytes[r * record + labels + i] = (uint8_t)(i % 1024 + i / 1024 + r);
    }
    put_bytes(&folder, name, bytes, count * record - cut);
    free(bytes);
}

static void assert_samples(const stria_dataset *data, stria_part part, size_t count, unsigned classes)
{
    assert_int_equal(stria_dataset_count(data, part), count);
    for (uint32_t r = 0; r < count; r++) {
        float x[PIXELS];
        int32_t label;
        stria_error err = {0};
        assert_ok(stria_dataset_read(data, part, &r, 1, "scale=1", x, &label, NULL, &err), &err);
        for (size_t p = 0; p < 1024; p++)
            for (size_t c = 0; c < 3; c++)
                assert_true(x[3 * p + c] == (float)(uint8_t)(p + c + r % 3));
        assert_int_equal(label, (r % 3) % classes);
    }
}

static void opens_both(void **state)
{
    (void)state;
    static const char names[] = "a\nb\r\nc\nd\ne\nf\ng\nh\ni\nj\n\n";
    stria_error err;
    put_records("ten/data_batch_1.bin", 3, 1, 10, 0);
    put_records("ten/data_batch_2.bin", 3, 1, 10, 0);
    put_records("ten/test_batch.bin", 2, 1, 10, 0);
    put_bytes(&folder, "ten/batches.meta.txt", names, sizeof names - 1);
    stria_dataset *data = open_data(test.context, &folder, "ten", NULL);
    assert_samples(data, STRIA_PART_TRAIN, 6, 10);
    assert_samples(data, STRIA_PART_TEST, 2, 10);
    assert_int_equal(stria_dataset_class_count(data), 10);
    assert_string_equal(stria_dataset_class_name(data, 1), "b");
    stria_picture picture = {0};
    assert_ok(stria_dataset_picture(data, STRIA_PART_TRAIN, 1, &picture, &err), &err);
    assert_true(picture.height == 32 && picture.width == 32 && picture.channels == 3 &&
                picture.bytes[0] == 1);
    stria_picture_free(&picture, test.context);
    stria_dataset_free(data);

    put_records("hundred/train.bin", 3, 2, 100, 0);
    data = open_data(test.context, &folder, "hundred", NULL);
    assert_samples(data, STRIA_PART_TRAIN, 3, 100);
    assert_int_equal(stria_dataset_class_count(data), 100);
    assert_string_equal(stria_dataset_class_name(data, 99), "99");
    stria_dataset_free(data);
}

static void refuses(void **state)
{
    (void)state;
    stria_error err;
    put_records("cut/data_batch_1.bin", 2, 1, 10, 1);
    assert_int_equal(refuse_data(test.context, &folder, "cut", NULL, &err), STRIA_ERROR_FORMAT);
    assert_message(&err,
                   "data_batch_1.bin: 6145 bytes are not whole records of 3073: CIFAR-10's binary version");
    put_records("gap/data_batch_1.bin", 1, 1, 10, 0);
    put_records("gap/data_batch_3.bin", 1, 1, 10, 0);
    assert_int_equal(refuse_data(test.context, &folder, "gap", NULL, &err), STRIA_ERROR_MISSING);
    assert_message(&err, "data_batch_2.bin is missing, and later batches are there");
    put_records("label/data_batch_1.bin", 12, 1, 11, 0);
    assert_int_equal(refuse_data(test.context, &folder, "label", NULL, &err), STRIA_ERROR_VALUE);
    assert_message(&err, "label 10 of training sample 10 is outside 0 to 9");
    put_records("names/train.bin", 1, 2, 100, 0);
    put_bytes(&folder, "names/fine_label_names.txt", "a\nb\n", 4);
    assert_int_equal(refuse_data(test.context, &folder, "names", NULL, &err), STRIA_ERROR_FORMAT);
    assert_message(&err, "fine_label_names.txt: 2 names for 100 classes");
}

static void survives_failures(void **state)
{
    (void)state;
    put_records("t/data_batch_1.bin", 2, 1, 10, 0);
    put_records("t/test_batch.bin", 2, 1, 10, 0);
    put_bytes(&folder, "t/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n", 20);
    open_with_failures(&test, &folder, "t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opens_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(survives_failures, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

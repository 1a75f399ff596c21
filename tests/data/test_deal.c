/* Splits: every sample is in one group, groups have their sizes, and stratified ones of every class its
 * share. */
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "support/check.h"
#include "support/test_context.h"

#define MOST 500

static stria_dataset *make_labels(stria_context *context, const int32_t *labels, size_t count, size_t classes)
{
    stria_dataset *data = NULL;
    stria_error err = {0};
    static const float x[MOST];
    const stria_shape shape = {.rank = 1, .sizes = {1}};
    assert_ok(stria_dataset_create(&data, context, x, &shape, count, labels, classes,
                                   labels == NULL ? x : NULL, labels == NULL ? &shape : NULL, &err),
              &err);
    return data;
}

/* For many sizes, classes and shares: |samples of a class in a group - its share| < 1 where there are two
 * groups, and below 2 where there are more, as each is dealt from what is left. */
static void gives_classes_their_shares(void **state)
{
    (void)state;
    static const double shares[][3] = {{0.8, 0.2, 0}, {0.5, 0.5, 0}, {0.7, 0.2, 0.1}, {0.9, 0.1, 0}};
    test_context test;
    test_context_open(&test, 1, NULL);
    size_t splits = 0;
    for (size_t count = 10; count <= MOST; count += 49) {
        for (size_t classes = 1; classes <= 12; classes += 3) {
            int32_t labels[MOST];
            size_t of_class[12] = {0};
            for (size_t i = 0; i < count; i++) {
                labels[i] = (int32_t)(i * i % 97 % classes);
                of_class[labels[i]]++;
            }
            stria_dataset *data = make_labels(test.context, labels, count, classes);
            for (size_t s = 0; s < 4; s++) {
                const size_t groups = shares[s][2] > 0 ? 3 : 2;
                uint8_t group[MOST], again[MOST];
                size_t sizes[3] = {0}, in[3][12] = {{0}};
                stria_error err = {0};
                assert_ok(
                    stria_dataset_split(data, STRIA_PART_TRAIN, shares[s], groups, NULL, 5, group, &err),
                    &err);
                assert_ok(stria_dataset_split(data, STRIA_PART_TRAIN, shares[s], groups, "stratified", 5,
                                              again, &err),
                          &err);
                assert_memory_equal(group, again, count);
                for (size_t i = 0; i < count; i++) {
                    assert_true(group[i] < groups);
                    sizes[group[i]]++;
                    in[group[i]][labels[i]]++;
                }
                assert_int_equal(sizes[0], (size_t)((double)count * shares[s][0] + 1e-6));
                for (size_t g = 0; g < groups; g++) {
                    for (size_t c = 0; c < classes; c++) {
                        const double share = (double)of_class[c] * (double)sizes[g] / (double)count;
                        const double off = (double)in[g][c] - share;
                        assert_true(off < (double)groups - 1 && off > 1 - (double)groups);
                    }
                }
                splits++;
            }
            stria_dataset_free(data);
        }
    }
    print_message("%zu splits\n", splits);
    test_context_close(&test);
}

static void splits_otherwise(void **state)
{
    (void)state;
    static const double halves[] = {0.5, 0.5};
    int32_t labels[8] = {0, 0, 0, 0, 1, 1, 1, 1};
    uint8_t group[8], other[8];
    stria_error err = {0};
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = make_labels(test.context, labels, 8, 2);
    assert_ok(stria_dataset_split(data, STRIA_PART_TRAIN, halves, 2, "end", 0, group, &err), &err);
    assert_memory_equal(group, "\0\0\0\0\1\1\1\1", 8);
    assert_ok(stria_dataset_split(data, STRIA_PART_TRAIN, halves, 2, "random", 1, group, &err), &err);
    assert_ok(stria_dataset_split(data, STRIA_PART_TRAIN, halves, 2, "random", 2, other, &err), &err);
    assert_memory_not_equal(group, other, 8);
    static const struct {
        double shares[2];
        size_t count;
        const char *how, *message;
    } bad[] = {
        {{0.5, 0.4}, 2, NULL, "the shares make 0.9 together"},
        {{1, 0}, 2, NULL, "a share of 0: it must be above 0"},
        {{0.05, 0.95}, 2, NULL, "a share of 0.05 of 8 samples is none"},
        {{0.5, 0.5}, 0, NULL, "0 shares: allowed are 1 to 16"},
        {{0.5, 0.5}, 2, "fair", "split 'fair' is none of end, random, stratified"},
    };
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
        assert_status(stria_dataset_split(data, STRIA_PART_TRAIN, bad[b].shares, bad[b].count, bad[b].how, 0,
                                          group, &err),
                      STRIA_ERROR_VALUE, &err);
        assert_message(&err, bad[b].message);
    }
    for (size_t n = 1;; n++) {
        test.memory.fail_at = test.memory.calls + n;
        const stria_status status =
            stria_dataset_split(data, STRIA_PART_TRAIN, halves, 2, NULL, 0, group, &err);
        test.memory.fail_at = 0;
        if (status == STRIA_OK)
            break;
        assert_int_equal(status, STRIA_ERROR_MEMORY);
    }
    stria_dataset_free(data);
    data = make_labels(test.context, NULL, 8, 0);
    assert_status(stria_dataset_split(data, STRIA_PART_TRAIN, halves, 2, "stratified", 0, group, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_message(&err, "the data has no labels to stratify by");
    stria_dataset_free(data);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_classes_their_shares),
        cmocka_unit_test(splits_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The loader: every pass it delivers equals what stria_dataset_read gives, with and without a thread, started
 * and freed at any moment; and taking batches allocates nothing. */
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "support/check.h"
#include "support/test_context.h"

#define SAMPLES 23
#define SIZE    5 /* of a sample */

/* Sample s is s*100, s*100 + 1, ...; its label s % 7, its targets s and -s. */
static stria_dataset *make_data(stria_context *context, bool with_targets)
{
    stria_dataset *data = NULL;
    stria_error err = {0};
    const stria_shape shape = {.rank = 1, .sizes = {SIZE}}, pair = {.rank = 1, .sizes = {2}};
    float x[SAMPLES * SIZE], targets[SAMPLES * 2];
    int32_t labels[SAMPLES];
    for (int s = 0; s < SAMPLES; s++) {
        for (int i = 0; i < SIZE; i++)
            x[s * SIZE + i] = (float)(s * 100 + i);
        labels[s] = s % 7;
        targets[2 * s] = (float)s;
        targets[2 * s + 1] = (float)-s;
    }
    assert_ok(stria_dataset_create(&data, context, x, &shape, SAMPLES, with_targets ? NULL : labels,
                                   with_targets ? 0 : 7, with_targets ? targets : NULL,
                                   with_targets ? &pair : NULL, &err),
              &err);
    return data;
}

/* The batch holds the samples order[first...]. */
static void assert_batch(const stria_batch *batch, const uint32_t *order, size_t first, size_t count,
                         bool targets)
{
    assert_int_equal(batch->count, count);
    assert_true(targets ? batch->labels == NULL : batch->targets == NULL);
    for (size_t b = 0; b < count; b++) {
        size_t s = order != NULL ? order[first + b] : first + b;
        assert_int_equal(batch->indices[b], s);
        for (size_t i = 0; i < SIZE; i++)
            assert_true(batch->x[b * SIZE + i] == (float)(s * 100 + i));
        if (targets)
            assert_true(batch->targets[2 * b] == (float)s && batch->targets[2 * b + 1] == -(float)s);
        else
            assert_int_equal(batch->labels[b], s % 7);
    }
}

/* The loader's next batch, which is read. */
static stria_batch next(stria_loader *loader)
{
    stria_error err = {0};
    stria_batch batch;
    assert_ok(stria_loader_next(loader, &batch, &err), &err);
    assert_int_equal(batch.taken, batch.count);
    return batch;
}

static void assert_pass(stria_loader *loader, const uint32_t *order, size_t first, size_t count, size_t batch,
                        bool targets)
{
    stria_loader_start(loader, order, first, count);
    for (size_t at = first; at < count; at += batch) {
        stria_batch got = next(loader);
        assert_batch(&got, order, at, count - at < batch ? count - at : batch, targets);
        assert_int_equal((uintptr_t)got.x % 64, 0);
    }
    for (int again = 0; again < 3; again++)
        assert_int_equal(next(loader).count, 0);
}

static void delivers_every_pass(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    uint32_t order[SAMPLES];
    for (uint32_t i = 0; i < SAMPLES; i++)
        order[i] = i * 9 % SAMPLES;
    for (int threads = 0; threads < 2; threads++) {
        for (int targets = 0; targets < 2; targets++) {
            stria_dataset *data = make_data(test.context, targets == 1);
            static const size_t batches[] = {1, 2, 5, 22, 23, 24, 100};
            for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) {
                stria_loader *loader = NULL;
                stria_error err = {0};
                assert_ok(
                    stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, batches[b], threads, &err),
                    &err);
                assert_int_equal(next(loader).count, 0); /* nothing was started */
                size_t calls = test.memory.calls;
                for (size_t count = 0; count <= SAMPLES; count++) {
                    assert_pass(loader, NULL, 0, count, batches[b], targets);
                    assert_pass(loader, order, 0, count, batches[b], targets);
                    assert_pass(loader, order, count, SAMPLES, batches[b], targets);
                    assert_pass(loader, NULL, count / 2, count, batches[b], targets);
                }
                assert_int_equal(test.memory.calls, calls);
                stria_loader_free(loader);
            }
            stria_dataset_free(data);
        }
    }
    stria_loader_free(NULL);
    test_context_close(&test);
}

/* Starts, takes and frees in an order that a simple generator chooses; what a pass delivers is always right.
 */
static void may_be_left_at_any_moment(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = make_data(test.context, false);
    uint32_t order[SAMPLES], word = 7;
    for (uint32_t i = 0; i < SAMPLES; i++)
        order[i] = SAMPLES - 1 - i;
    for (int round = 0; round < 300; round++) {
        stria_loader *loader = NULL;
        stria_error err = {0};
        word = word * 1664525U + 1013904223U;
        size_t batch = 1 + (word >> 16) % 9;
        assert_ok(stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, batch, 1, &err), &err);
        int starts = (int)((word >> 24) % 4);
        for (int s = 0; s < starts; s++) {
            word = word * 1664525U + 1013904223U;
            size_t first = (word >> 8) % SAMPLES, takes = (word >> 16) % 6;
            stria_loader_start(loader, order, first, SAMPLES);
            for (size_t t = 0; t < takes; t++) {
                size_t at = first + t * batch < SAMPLES ? first + t * batch : SAMPLES;
                stria_batch got = next(loader);
                assert_batch(&got, order, at, SAMPLES - at < batch ? SAMPLES - at : batch, false);
            }
        }
        stria_loader_free(loader);
    }
    stria_dataset_free(data);
    test_context_close(&test);
}

/* A held batch stays as it is while the next is gathered. */
static void leaves_the_held_batch_alone(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = make_data(test.context, false);
    stria_loader *loader = NULL;
    stria_error err = {0};
    assert_ok(stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, 2, 1, &err), &err);
    for (int round = 0; round < 50; round++) {
        stria_loader_start(loader, NULL, 0, SAMPLES);
        for (size_t at = 0; at < SAMPLES; at += 2) {
            stria_batch got = next(loader);
            for (int look = 0; look < 20; look++)
                assert_batch(&got, NULL, at, SAMPLES - at < 2 ? 1 : 2, false);
        }
    }
    stria_loader_free(loader);
    stria_dataset_free(data);
    test_context_close(&test);
}

static void scales_bytes(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_ok(stria_dataset_open(&data, test.context, "digits", &err), &err);
    static const char *const texts[] = {NULL, "", "scale=0.5"};
    static float x[64 * 64];
    uint32_t indices[64];
    for (uint32_t i = 0; i < 64; i++)
        indices[i] = i;
    for (int t = 0; t < 3; t++) {
        stria_loader *loader = NULL;
        assert_ok(stria_loader_create(&loader, data, STRIA_PART_TEST, texts[t], 64, 1, &err), &err);
        stria_loader_start(loader, NULL, 0, 355);
        stria_batch got = next(loader);
        assert_ok(stria_dataset_read(data, STRIA_PART_TEST, indices, 64, texts[t], x, NULL, NULL, &err),
                  &err);
        assert_memory_equal(got.x, x, sizeof x);
        stria_loader_free(loader);
    }
    stria_dataset_free(data);
    test_context_close(&test);
}

static void refuses_and_survives(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_loader *loader = NULL;
    stria_error err = {0};
    stria_dataset *data = make_data(test.context, true);
    assert_status(stria_loader_create(&loader, data, STRIA_PART_TRAIN, "zoom=2", 1, 1, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_message(&err, "preprocessing 'zoom=2' is not text such as");
    assert_status(stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, 0, 1, &err), STRIA_ERROR_VALUE,
                  &err);
    assert_status(stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, 1, 2, &err), STRIA_ERROR_VALUE,
                  &err);
    assert_status(stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, SIZE_MAX / 2, 1, &err),
                  STRIA_ERROR_LIMIT, &err);
    assert_message(&err, "holds more than 2147483647 numbers");
    size_t fail_at = 1;
    for (;; fail_at++) {
        test.memory.fail_at = test.memory.calls + fail_at;
        stria_status status = stria_loader_create(&loader, data, STRIA_PART_TRAIN, NULL, 4, 1, &err);
        test.memory.fail_at = 0;
        if (status == STRIA_OK)
            break;
        assert_int_equal(status, STRIA_ERROR_MEMORY);
    }
    assert_int_equal(fail_at, 11); /* the loader, two buffers of three, the work ahead of three */
    stria_loader_free(loader);
    stria_dataset_free(data);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivers_every_pass),         cmocka_unit_test(may_be_left_at_any_moment),
        cmocka_unit_test(leaves_the_held_batch_alone), cmocka_unit_test(scales_bytes),
        cmocka_unit_test(refuses_and_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

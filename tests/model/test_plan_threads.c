/* Threads: one to four of the pool give the same bits, and many threads run plans of one model at a time. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"

/* Large enough that every layer is cut into several tasks. */
static const char text[] = "input 24x24x3\n"
                           "conv2d 16 3 same relu\n"
                           "batchnorm\n"
                           "maxpool2d 2\n"
                           "conv2d 32 3 groups=2 gelu\n"
                           "dropout 0.2\n"
                           "x = conv2d 32 3 same\n"
                           "y = conv2d 32 1 tanh\n"
                           "add(x, y)\n"
                           "avgpool2d 3 2 same\n"
                           "flatten\n"
                           "dense 64 relu\n"
                           "dense 10 softmax\n";

#define BATCH 5

static void append(float **numbers, size_t *count, const float *from, size_t added)
{
    assert_non_null(from);
    float *grown = realloc(*numbers, (*count + added) * sizeof *grown);
    assert_non_null(grown);
    memcpy(grown + *count, from, added * sizeof *grown);
    *numbers = grown;
    *count += added;
}

/* Everything that a training step and an inference run give on a pool of `threads`. */
static float *compute(int threads, const float *x, const float *dy, size_t *count)
{
    test_context test;
    stria_model *model = NULL;
    stria_plan *training = NULL, *inference = NULL;
    stria_error err = {0};
    float *numbers = NULL;
    stria_tensor_info info;
    *count = 0;
    test_context_open(&test, threads, NULL);
    assert_int_equal(stria_context_threads(test.context), threads);
    assert_ok(stria_model_parse(&model, test.context, text, sizeof text - 1, NULL, &err), &err);
    const stria_plan_options options = {
        .mode = STRIA_MODE_TRAINING, .batch = BATCH, .input_gradients = 1, .seed = 3};
    assert_ok(stria_plan_create(&training, model, &options, &err), &err);
    for (int round = 0; round < 2; round++) {
        assert_ok(stria_plan_run(training, &x, BATCH, &err), &err);
        assert_ok(stria_plan_backward(training, &dy, &err), &err);
        append(&numbers, count, stria_plan_output(training, 0), BATCH * 10);
        append(&numbers, count, stria_plan_input_gradient(training, 0), BATCH * 1728);
        for (size_t t = 0; stria_model_tensor(model, t, &info); t++) {
            if (info.trainable)
                append(&numbers, count, stria_plan_tensor_gradient(training, t), (size_t)info.count);
            append(&numbers, count, stria_model_tensor_data(model, t), (size_t)info.count);
        }
    }
    assert_ok(stria_plan_create(&inference, model, &(stria_plan_options){.batch = BATCH}, &err), &err);
    assert_ok(stria_plan_run(inference, &x, BATCH, &err), &err);
    append(&numbers, count, stria_plan_output(inference, 0), BATCH * 10);
    stria_plan_free(training);
    stria_plan_free(inference);
    stria_model_free(model);
    test_context_close(&test);
    return numbers;
}

static void test_threads_give_the_same_bits(void **state)
{
    (void)state;
    float *x = draw_normals(1, BATCH * 1728), *dy = draw_normals(2, BATCH * 10);
    size_t count, other_count;
    float *one = compute(1, x, dy, &count);
    for (int threads = 2; threads <= 4; threads++) {
        float *more = compute(threads, x, dy, &other_count);
        assert_int_equal(count, other_count);
        for (size_t i = 0; i < count; i++)
            if (memcmp(&one[i], &more[i], sizeof *one) != 0)
                fail_msg("number %zu of %zu is %.9g on 1 thread and %.9g on %d", i, count, (double)one[i],
                         (double)more[i], threads);
        free(more);
    }
    free(one);
    free(x);
    free(dy);
}

/* ---- Many plans of one model ---- */

typedef struct user {
    stria_model *model;
    const float *x;
    float outputs[BATCH * 10];
    stria_status status;
} user;

/* Makes a plan, runs it some times with different batches, and keeps the outputs of the last. */
static void *use(void *payload)
{
    user *u = payload;
    stria_plan *plan = NULL;
    u->status = stria_plan_create(&plan, u->model, &(stria_plan_options){.batch = BATCH}, NULL);
    for (int64_t batch = 1; u->status == STRIA_OK && batch <= BATCH; batch += 4)
        u->status = stria_plan_run(plan, &u->x, batch, NULL);
    if (u->status == STRIA_OK)
        memcpy(u->outputs, stria_plan_output(plan, 0), sizeof u->outputs);
    stria_plan_free(plan);
    return NULL;
}

static void test_many_plans_of_one_model(void **state)
{
    (void)state;
    test_context test;
    stria_model *model = NULL;
    stria_error err = {0};
    static user users[5];
    pthread_t threads[4];
    float *x = draw_normals(1, BATCH * 1728);
    test_context_open(&test, 2, NULL);
    assert_ok(stria_model_parse(&model, test.context, text, sizeof text - 1, NULL, &err), &err);
    for (size_t i = 0; i < 5; i++)
        users[i] = (user){.model = model, .x = x, .status = STRIA_ERROR_IO};
    use(&users[4]);
    assert_int_equal(users[4].status, STRIA_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, &users[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(users[i].status, STRIA_OK);
        assert_memory_equal(users[i].outputs, users[4].outputs, sizeof users[i].outputs);
    }
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_give_the_same_bits),
        cmocka_unit_test(test_many_plans_of_one_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Plans and trainers compute in one floating-point state, whatever the caller's is, and give the caller's
 * back: after success, after a refusal and after a training that diverged. Denormal numbers count as zeros,
 * on any number of threads. */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/context.h"
#include "kernels/kernels.h"
#include "support/check.h"
#include "support/float_register.h"
#include "support/models.h"
#include "support/test_context.h"

static const char text[] = "input 20x20x3\n"
                           "conv2d 16 3 same\n"
                           "batchnorm\n"
                           "relu\n"
                           "maxpool2d 2\n"
                           "conv2d 24 3 tanh\n"
                           "flatten\n"
                           "dense 10 softmax\n";

#define BATCH  4
#define INPUTS (BATCH * 20 * 20 * 3)

static stria_model *parse(test_context *test)
{
    stria_model *model = NULL;
    stria_error err = {0};
    assert_ok(stria_model_parse(&model, test->context, text, sizeof text - 1, NULL, &err), &err);
    assert_ok(stria_model_initialize(model, 1, &err), &err);
    return model;
}

/* Calls under the state `odd`, in which most arithmetic of a plan would trap or round elsewhere, and fails
 * unless it is as before. The call is done with; nothing is asserted in that state. */
#define UNDER(odd, call)                                                                                     \
    do {                                                                                                     \
        set_float_register(odd);                                                                             \
        call;                                                                                                \
        const uint64_t after = float_register();                                                             \
        set_float_register(FLOAT_USUAL);                                                                     \
        if (after != (odd))                                                                                  \
            fail_msg("%s: the state is %#llx after %#llx", #call, (unsigned long long)after,                 \
                     (unsigned long long)(odd));                                                             \
    } while (0)

/* Everything that a plan and a trainer give, computed under a caller's state. */
static float *compute(int threads, uint64_t odd, const float *x, const float *dy, size_t *count)
{
    test_context test;
    stria_error err = {0};
    stria_plan *training = NULL, *inference = NULL;
    stria_trainer *trainer = NULL;
    stria_status status = STRIA_OK;
    test_context_open(&test, threads, NULL);
    stria_model *model = parse(&test);
    const stria_plan_options options = {.mode = STRIA_MODE_TRAINING, .batch = BATCH, .input_gradients = 1};
    UNDER(odd, status = stria_plan_create(&training, model, &options, &err));
    assert_ok(status, &err);
    UNDER(odd, status = stria_plan_create(&inference, model, &(stria_plan_options){.batch = BATCH}, &err));
    assert_ok(status, &err);
    UNDER(odd, status = stria_plan_run(training, &x, BATCH, &err));
    assert_ok(status, &err);
    UNDER(odd, status = stria_plan_backward(training, &dy, &err));
    assert_ok(status, &err);
    UNDER(odd, stria_plan_refresh(inference));
    UNDER(odd, status = stria_plan_run(inference, &x, BATCH, &err));
    assert_ok(status, &err);
    const char *layer;
    UNDER(odd, layer = stria_plan_first_nonfinite(inference));
    assert_null(layer);
    UNDER(odd, status = stria_plan_run(training, &x, BATCH + 1, &err));
    assert_status(status, STRIA_ERROR_VALUE, &err);
    UNDER(odd, status = stria_plan_run(training, &x, 0, &err));
    assert_status(status, STRIA_ERROR_VALUE, &err);
    UNDER(odd, status = stria_plan_backward(inference, &dy, &err));
    assert_status(status, STRIA_ERROR_VALUE, &err);

    stria_tensor_info info;
    size_t total = (size_t)(2 * BATCH * 10 + INPUTS), at = 0;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++)
        total += 2 * (size_t)info.count;
    float *numbers = calloc(total, sizeof *numbers);
    assert_non_null(numbers);
    memcpy(numbers, stria_plan_output(training, 0), BATCH * 10 * sizeof(float));
    memcpy(numbers + BATCH * 10, stria_plan_output(inference, 0), BATCH * 10 * sizeof(float));
    memcpy(numbers + 2 * BATCH * 10, stria_plan_input_gradient(training, 0), INPUTS * sizeof(float));
    at = 2 * BATCH * 10 + INPUTS;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++) {
        if (info.trainable)
            memcpy(numbers + at, stria_plan_tensor_gradient(training, t), (size_t)info.count * sizeof(float));
        at += (size_t)info.count;
    }

    const int32_t labels[BATCH] = {3, 1, 4, 1};
    const stria_train_options train_options = {.batch = BATCH, .keep_parameters = 1};
    assert_ok(stria_trainer_create(&trainer, model, &train_options, &err),
              &err); /* reads text: runs no kernel */
    for (int step = 0; step < 3; step++) {
        UNDER(odd, status = stria_trainer_step(trainer, x, labels, NULL, BATCH, NULL, NULL, &err));
        assert_ok(status, &err);
    }
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++) {
        memcpy(numbers + at, stria_model_tensor_data_const(model, t), (size_t)info.count * sizeof(float));
        at += (size_t)info.count;
    }
    assert_int_equal(at, total);
    float *bad = draw_normals(9, INPUTS);
    bad[17] = INFINITY;
    UNDER(odd, status = stria_trainer_step(trainer, bad, labels, NULL, BATCH, NULL, NULL, &err));
    assert_status(status, STRIA_ERROR_DIVERGED, &err);
    assert_message(&err, "'input_layer'");
    free(bad);
    stria_trainer_free(trainer);
    stria_plan_free(training);
    stria_plan_free(inference);
    stria_model_free(model);
    test_context_close(&test);
    *count = total;
    return numbers;
}

static void results_do_not_depend_on_the_callers_state(void **state)
{
    (void)state;
    static const uint64_t odd[] = {FLOAT_ODD, FLOAT_ODD_OTHER, FLOAT_COMPUTING};
    float *x = draw_normals(3, INPUTS), *dy = draw_normals(4, BATCH * 10);
    size_t count, again;
    float *wanted = compute(1, FLOAT_USUAL, x, dy, &count);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        for (int threads = 1; threads <= 3; threads += 2) {
            float *got = compute(threads, odd[i], x, dy, &again);
            assert_int_equal(again, count);
            for (size_t n = 0; n < count; n++)
                if (memcmp(&got[n], &wanted[n], sizeof(float)) != 0)
                    fail_msg("state %#llx, %d threads: number %zu of %zu is %.9g, not %.9g",
                             (unsigned long long)odd[i], threads, n, count, (double)got[n],
                             (double)wanted[n]);
            free(got);
        }
    }
    free(wanted);
    free(x);
    free(dy);
}

/* One number in three becomes denormal, or the zero of its sign. */
static void make_small(float *values, size_t count, bool zeros)
{
    for (size_t i = 0; i < count; i += 3)
        values[i] = copysignf(zeros ? 0.0f : 0x1p-133f + (float)(i % 7) * 0x1p-149f, values[i]);
}

static float *run_small(int threads, bool zeros, size_t *count)
{
    test_context test;
    stria_error err = {0};
    stria_plan *plan = NULL;
    stria_tensor_info info;
    test_context_open(&test, threads, NULL);
    stria_model *model = parse(&test);
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++)
        make_small(stria_model_tensor_data(model, t), (size_t)info.count, zeros);
    float *x = draw_normals(5, INPUTS), *dy = draw_normals(6, BATCH * 10);
    make_small(x, INPUTS, zeros);
    make_small(dy, BATCH * 10, zeros);
    const float *input = x, *gradient = dy;
    const stria_plan_options options = {.mode = STRIA_MODE_TRAINING, .batch = BATCH, .input_gradients = 1};
    assert_ok(stria_plan_create(&plan, model, &options, &err), &err);
    assert_ok(stria_plan_run(plan, &input, BATCH, &err), &err);
    assert_ok(stria_plan_backward(plan, &gradient, &err), &err);
    size_t total = BATCH * 10 + INPUTS;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++)
        total += info.trainable ? (size_t)info.count : 0;
    float *numbers = malloc(total * sizeof *numbers);
    assert_non_null(numbers);
    memcpy(numbers, stria_plan_output(plan, 0), BATCH * 10 * sizeof(float));
    memcpy(numbers + BATCH * 10, stria_plan_input_gradient(plan, 0), INPUTS * sizeof(float));
    size_t at = BATCH * 10 + INPUTS;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++) {
        if (!info.trainable)
            continue;
        memcpy(numbers + at, stria_plan_tensor_gradient(plan, t), (size_t)info.count * sizeof(float));
        at += (size_t)info.count;
    }
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
    free(x);
    free(dy);
    *count = total;
    return numbers;
}

static void denormals_count_as_zeros(void **state)
{
    (void)state;
    size_t count, again;
    float *wanted = run_small(1, true, &count);
    for (int threads = 1; threads <= 3; threads++) {
        float *got = run_small(threads, false, &again);
        assert_int_equal(again, count);
        for (size_t i = 0; i < count; i++)
            if (got[i] != wanted[i])
                fail_msg("%d threads: number %zu of %zu is %.9g, with zeros %.9g", threads, i, count,
                         (double)got[i], (double)wanted[i]);
        free(got);
    }
    free(wanted);
}

/* ---- The state, seen from inside ---- */

static void (*true_forward)(const stria_conv_call *call);
static _Atomic(uint64_t) others; /* bits of all states seen that are not the one to compute in */
static atomic_size_t looks;

static void look(void *job, size_t task, size_t worker)
{
    (void)job;
    (void)task;
    (void)worker;
    atomic_fetch_or(&others, (float_register() & ~FLOAT_FLAGS) ^ FLOAT_COMPUTING);
    atomic_fetch_add(&looks, 1);
}

static void looking_forward(const stria_conv_call *call)
{
    stria_pool_run(call->pool, 64, look, NULL);
    true_forward(call);
}

static void kernels_run_in_the_state(void **state)
{
    (void)state;
    float *x = draw_normals(7, INPUTS);
    const float *input = x;
    for (int threads = 1; threads <= 4; threads++) {
        test_context test;
        stria_error err = {0};
        stria_plan *plan = NULL;
        test_context_open(&test, threads, NULL);
        stria_kernels spied = *test.context->kernels;
        true_forward = spied.conv.forward;
        spied.conv.forward = looking_forward;
        const stria_kernels *owned = test.context->kernels;
        test.context->kernels = &spied;
        atomic_store(&others, 0);
        atomic_store(&looks, 0);
        stria_model *model = parse(&test);
        assert_ok(stria_plan_create(&plan, model, &(stria_plan_options){.batch = BATCH}, &err), &err);
        assert_ok(stria_plan_run(plan, &input, BATCH, &err), &err);
        assert_true(atomic_load(&looks) >= 64);
        assert_int_equal(atomic_load(&others), 0);
        stria_plan_free(plan);
        stria_model_free(model);
        test.context->kernels = owned;
        test_context_close(&test);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_do_not_depend_on_the_callers_state),
        cmocka_unit_test(denormals_count_as_zeros),
        cmocka_unit_test(kernels_run_in_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

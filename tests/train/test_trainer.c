/* One step at a time: what moves, what does not, what a step refuses, and that it allocates nothing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/training_fixture.h"

static test_context test;

static int set_up(void **state)
{
    (void)state;
    test_context_open(&test, 2, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_context_close(&test);
    return 0;
}

#define BATCH 16

/* A batch of the bars. */
static void read_bars(float x[BATCH * 36], int32_t labels[BATCH])
{
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, BATCH, 4);
    uint32_t order[BATCH];
    for (uint32_t i = 0; i < BATCH; i++)
        order[i] = i;
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, order, BATCH, NULL, x, labels, NULL, &err), &err);
    stria_dataset_free(data);
}

static stria_trainer *make_trainer(stria_model *model, const stria_train_options *options)
{
    stria_error err = {0};
    stria_trainer *trainer = NULL;
    assert_ok(stria_trainer_create(&trainer, model, options, &err), &err);
    return trainer;
}

static const char *const all_optimizers[] = {
    "sgd", "sgd momentum=0.9", "sgd momentum=0.9 nesterov", "adam", "adamw", "rmsprop momentum=0.5"};

#define OPTIMIZER_COUNT (sizeof(all_optimizers) / sizeof(all_optimizers[0]))

static void steps_lower_the_loss_without_memory(void **state)
{
    (void)state;
    float x[BATCH * 36];
    int32_t labels[BATCH];
    read_bars(x, labels);
    for (size_t o = 0; o < OPTIMIZER_COUNT; o++) {
        stria_error err = {0};
        stria_model *model = make_model(test.context, bars_text);
        stria_trainer *trainer = make_trainer(
            model, &(stria_train_options){
                       .optimizer = all_optimizers[o], .learning_rate = 0.01, .batch = BATCH, .seed = 2});
        double first = 0, last = 0;
        int64_t correct = -1;
        const size_t calls = test.memory.calls;
        for (int step = 0; step < 40; step++) {
            assert_ok(stria_trainer_step(trainer, x, labels, NULL, BATCH, &last, &correct, &err), &err);
            assert_true(correct >= 0 && correct <= BATCH);
            first = step == 0 ? last : first;
        }
        assert_ok(stria_trainer_step(trainer, x, labels, NULL, 3, NULL, NULL, &err), &err);
        assert_int_equal(test.memory.calls, calls);
        if (!(last < 0.7 * first))
            print_error("%s: loss %g at first, %g at last\n", all_optimizers[o], first, last);
        assert_true(last < 0.7 * first);
        stria_trainer_free(trainer);
        stria_model_free(model);
    }
}

/* The gradients of the step before, or of a backward of one's own, move the parameters once more. */
static void gradients_are_applied_alone(void **state)
{
    (void)state;
    float x[BATCH * 36];
    int32_t labels[BATCH];
    read_bars(x, labels);
    stria_error err = {0};
    stria_model *model = make_model(test.context, plain_bars_text);
    stria_trainer *trainer = make_trainer(
        model, &(stria_train_options){.optimizer = "sgd", .learning_rate = 0.25, .batch = BATCH, .seed = 1});
    assert_ok(stria_trainer_step(trainer, x, labels, NULL, BATCH, NULL, NULL, &err), &err);
    size_t count, at = 0;
    float *before = copy_parameters(model, &count);
    const size_t calls = test.memory.calls;
    assert_ok(stria_trainer_apply(trainer, &err), &err);
    assert_int_equal(test.memory.calls, calls);
    stria_tensor_info info;
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        const float *gradient = stria_plan_tensor_gradient(stria_trainer_plan(trainer), i);
        const float *now = stria_model_tensor_data_const(model, i);
        for (int64_t e = 0; e < info.count; e++)
            assert_near(now[e], before[at + (size_t)e] - 0.25f * gradient[e], 1e-7);
        at += (size_t)info.count;
    }
    free(before);
    before = copy_parameters(model, &count);
    float bad[BATCH * 3] = {NAN};
    const float *gradients = bad;
    assert_ok(stria_plan_backward(stria_trainer_plan(trainer), &gradients, &err), &err);
    assert_status(stria_trainer_apply(trainer, &err), STRIA_ERROR_DIVERGED, &err);
    float *after = copy_parameters(model, &count);
    assert_memory_equal(before, after, count * sizeof *before);
    free(after);
    free(before);
    stria_trainer_free(trainer);
    stria_model_free(model);
}

/* With plain SGD a step is the gradient times the rate, and the gradient is that of the mean loss. */
static void a_step_follows_the_gradient(void **state)
{
    (void)state;
    float x[BATCH * 36];
    int32_t labels[BATCH];
    read_bars(x, labels);
    stria_error err = {0};
    stria_model *model = make_model(test.context, plain_bars_text);
    stria_trainer *trainer = make_trainer(
        model, &(stria_train_options){.optimizer = "sgd", .learning_rate = 0.25, .batch = BATCH, .seed = 1});
    size_t count;
    float *before = copy_parameters(model, &count);
    double loss;
    assert_ok(stria_trainer_step(trainer, x, labels, NULL, BATCH, &loss, NULL, &err), &err);

    size_t at = 0;
    stria_tensor_info info;
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        const float *gradient = stria_plan_tensor_gradient(stria_trainer_plan(trainer), i);
        const float *now = stria_model_tensor_data_const(model, i);
        assert_non_null(gradient);
        for (int64_t e = 0; e < info.count; e++)
            assert_near(now[e], before[at + (size_t)e] - 0.25f * gradient[e], 1e-7);
        at += (size_t)info.count;
    }

    /* The derivative along the step: the loss must fall by about rate * |gradient|^2 for a small rate. */
    double square = 0;
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        const float *gradient = stria_plan_tensor_gradient(stria_trainer_plan(trainer), i);
        for (int64_t e = 0; e < info.count; e++)
            square += (double)gradient[e] * gradient[e];
    }
    at = 0;
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        const float *gradient = stria_plan_tensor_gradient(stria_trainer_plan(trainer), i);
        float *now = stria_model_tensor_data(model, i);
        for (int64_t e = 0; e < info.count; e++)
            now[e] = before[at + (size_t)e] - 1e-3f * gradient[e];
        at += (size_t)info.count;
    }
    double lower;
    assert_ok(stria_trainer_step(trainer, x, labels, NULL, BATCH, &lower, NULL, &err), &err);
    /* Second-order terms are 1e-3 of it, roundings of the loss 1e-7 of 1. */
    assert_near(loss - lower, 1e-3 * square, 0.02e-3 * square + 1e-6);
    free(before);
    stria_trainer_free(trainer);
    stria_model_free(model);
}

/* Frozen layers keep every bit, whatever momentum or decay does to the others. */
static void frozen_layers_stay(void **state)
{
    (void)state;
    float x[BATCH * 36];
    int32_t labels[BATCH];
    read_bars(x, labels);
    for (size_t o = 0; o < OPTIMIZER_COUNT; o++) {
        stria_error err = {0};
        stria_model *model = make_model(test.context, bars_text);
        assert_ok(stria_model_freeze(model, "conv2d,batch*", &err), &err);
        stria_trainer *trainer = make_trainer(
            model, &(stria_train_options){.optimizer = all_optimizers[o], .batch = BATCH, .seed = 9});
        size_t count;
        float *before = copy_parameters(model, &count);
        for (int step = 0; step < 5; step++)
            assert_ok(stria_trainer_step(trainer, x, labels, NULL, BATCH, NULL, NULL, &err), &err);
        float *after = copy_parameters(model, &count);
        size_t at = 0, moved = 0;
        stria_tensor_info info;
        for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
            const bool frozen = strncmp(info.name, "dense", 5) != 0;
            for (int64_t e = 0; e < info.count; e++, at++) {
                const bool same = memcmp(&before[at], &after[at], sizeof(float)) == 0;
                if (frozen && !same) {
                    print_error("%s: %s[%lld] moved\n", all_optimizers[o], info.name, (long long)e);
                    fail();
                }
                moved += !same;
            }
        }
        assert_true(moved > 50);
        free(before);
        free(after);
        stria_trainer_free(trainer);
        stria_model_free(model);
    }
}

/* A step that fails leaves weights, moving statistics and the course of training as they were. */
static void nan_pixels_stop_a_step(void **state)
{
    (void)state;
    float x[BATCH * 36], bad[BATCH * 36];
    int32_t labels[BATCH];
    read_bars(x, labels);
    memcpy(bad, x, sizeof(bad));
    bad[5 * 36 + 8] = (float)NAN;
    stria_error err = {0};
    const stria_train_options options = {.optimizer = "adam", .batch = BATCH, .seed = 7};
    stria_model *model = make_model(test.context, bars_text), *other = make_model(test.context, bars_text);
    stria_trainer *trainer = make_trainer(model, &options), *undisturbed = make_trainer(other, &options);
    for (int step = 0; step < 4; step++) {
        assert_status(stria_trainer_step(trainer, bad, labels, NULL, BATCH, NULL, NULL, &err),
                      STRIA_ERROR_DIVERGED, &err);
        assert_message(&err, "input");
        assert_message(&err, "the data is at fault");
        assert_ok(stria_trainer_step(trainer, x, labels, NULL, BATCH, NULL, NULL, &err), &err);
        assert_ok(stria_trainer_step(undisturbed, x, labels, NULL, BATCH, NULL, NULL, &err), &err);
        assert_same_parameters(model, other);
    }
    stria_trainer_free(trainer);
    stria_trainer_free(undisturbed);
    stria_model_free(model);
    stria_model_free(other);
}

static void absurd_rates_diverge(void **state)
{
    (void)state;
    float x[BATCH * 36];
    int32_t labels[BATCH];
    read_bars(x, labels);
    for (size_t o = 0; o < OPTIMIZER_COUNT; o++) {
        stria_error err = {0};
        stria_model *model = make_model(test.context, plain_bars_text);
        stria_trainer *trainer = make_trainer(
            model,
            &(stria_train_options){.optimizer = all_optimizers[o], .learning_rate = 3e37, .batch = BATCH});
        stria_status status = STRIA_OK;
        float *before = NULL, *after;
        size_t count;
        for (int step = 0; step < 20 && status == STRIA_OK; step++) {
            free(before);
            before = copy_parameters(model, &count);
            status = stria_trainer_step(trainer, x, labels, NULL, BATCH, NULL, NULL, &err);
        }
        assert_status(status, STRIA_ERROR_DIVERGED, &err);
        assert_message(&err, "layer '");
        assert_message(&err, "at a learning rate of 3e+37");
        after = copy_parameters(model, &count);
        assert_memory_equal(before, after, count * sizeof(float));
        free(before);
        free(after);
        stria_trainer_free(trainer);
        stria_model_free(model);
    }
}

static void refused_steps(void **state)
{
    (void)state;
    float x[BATCH * 36], targets[BATCH * 3] = {0};
    int32_t labels[BATCH];
    read_bars(x, labels);
    stria_error err = {0};
    stria_model *model = make_model(test.context, plain_bars_text);
    stria_trainer *trainer = make_trainer(model, &(stria_train_options){.batch = BATCH});
    assert_status(stria_trainer_step(trainer, x, labels, NULL, 0, NULL, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "this trainer takes 1 to 16");
    assert_status(stria_trainer_step(trainer, x, labels, NULL, BATCH + 1, NULL, NULL, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_status(stria_trainer_step(trainer, NULL, labels, NULL, 1, NULL, NULL, &err), STRIA_ERROR_VALUE,
                  &err);
    assert_status(stria_trainer_step(trainer, x, NULL, NULL, 1, NULL, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_status(stria_trainer_step(trainer, x, labels, targets, 1, NULL, NULL, &err), STRIA_ERROR_VALUE,
                  &err);
    labels[2] = 3;
    assert_status(stria_trainer_step(trainer, x, labels, NULL, BATCH, NULL, NULL, &err), STRIA_ERROR_VALUE,
                  &err);
    assert_message(&err, "label 3 of sample 2");
    labels[2] = -1;
    assert_status(stria_trainer_step(trainer, x, labels, NULL, BATCH, NULL, NULL, &err), STRIA_ERROR_VALUE,
                  &err);
    assert_ok(stria_trainer_step(trainer, x, labels, NULL, 2, NULL, NULL, &err), &err);
    stria_trainer_free(trainer);

    trainer = make_trainer(model,
                           &(stria_train_options){.batch = BATCH, .loss = "sparse_categorical_crossentropy"});
    assert_status(stria_trainer_step(trainer, x, NULL, targets, 1, NULL, NULL, &err), STRIA_ERROR_VALUE,
                  &err);
    stria_trainer_free(trainer);
    stria_model_free(model);
}

static void refused_models(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_trainer *trainer = NULL;
    stria_model *model = make_model(test.context, plain_bars_text);
    assert_ok(stria_model_freeze(model, "*", &err), &err);
    assert_status(stria_trainer_create(&trainer, model, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "every layer is frozen");
    stria_model_free(model);
    model = make_model(test.context, "input 4x4x1\nflatten\n");
    assert_status(stria_trainer_create(&trainer, model, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "no parameters");
    stria_model_free(model);
    model = make_model(test.context, "a = input 4\nb = input 4\nadd(a, b)\ndense 2\n");
    assert_status(stria_trainer_create(&trainer, model, NULL, &err), STRIA_ERROR_UNSUPPORTED, &err);
    assert_message(&err, "2 and 1");
    stria_model_free(model);
    model = make_model(test.context, "input ?x?x1\nconv2d 2 3\nglobal_avgpool2d\n");
    assert_status(stria_trainer_create(&trainer, model, NULL, &err), STRIA_ERROR_SHAPE, &err);
    stria_model_free(model);
    assert_null(trainer);
    stria_trainer_free(NULL);
}

static void parameters_are_drawn_or_kept(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_model *model = make_model(test.context, plain_bars_text),
                *same = make_model(test.context, plain_bars_text);
    assert_ok(stria_model_initialize(same, 5, &err), &err);
    stria_trainer *trainer = make_trainer(model, &(stria_train_options){.seed = 5});
    assert_same_parameters(model, same);
    stria_trainer_free(trainer);
    trainer = make_trainer(model, &(stria_train_options){.seed = 6, .keep_parameters = 1});
    assert_same_parameters(model, same);
    stria_trainer_free(trainer);
    stria_model_free(model);
    stria_model_free(same);
}

static void rate_of_following_steps(void **state)
{
    (void)state;
    float x[BATCH * 36];
    int32_t labels[BATCH];
    read_bars(x, labels);
    stria_error err = {0};
    stria_model *model = make_model(test.context, plain_bars_text),
                *start = make_model(test.context, plain_bars_text);
    stria_trainer *trainer = make_trainer(model, &(stria_train_options){.batch = BATCH, .optimizer = "sgd"});
    assert_ok(stria_model_initialize(start, 0, &err), &err);
    stria_trainer_set_learning_rate(trainer, 0);
    assert_ok(stria_trainer_step(trainer, x, labels, NULL, BATCH, NULL, NULL, &err), &err);
    assert_same_parameters(model, start);
    stria_trainer_free(trainer);
    stria_model_free(model);
    stria_model_free(start);
}

/* Squared error keeps the softmax in the model and takes labels as rows with a single 1. */
static void squared_error_of_labels(void **state)
{
    (void)state;
    float x[BATCH * 36], targets[BATCH * 3] = {0};
    int32_t labels[BATCH];
    read_bars(x, labels);
    for (int i = 0; i < BATCH; i++)
        targets[i * 3 + labels[i]] = 1;
    stria_error err = {0};
    const stria_train_options options = {
        .batch = BATCH, .loss = "mean_squared_error", .seed = 1, .learning_rate = 0.01};
    stria_model *by_labels = make_model(test.context, plain_bars_text),
                *by_targets = make_model(test.context, plain_bars_text);
    stria_trainer *first = make_trainer(by_labels, &options), *second = make_trainer(by_targets, &options);
    double loss = 0, same = 0, start = 0;
    int64_t correct, none;
    for (int step = 0; step < 60; step++) {
        assert_ok(stria_trainer_step(first, x, labels, NULL, BATCH, &loss, &correct, &err), &err);
        assert_ok(stria_trainer_step(second, x, NULL, targets, BATCH, &same, &none, &err), &err);
        assert_near(loss, same, 0);
        assert_int_equal(none, -1);
        start = step == 0 ? loss : start;
    }
    assert_same_parameters(by_labels, by_targets);
    assert_true(start < 1 && loss < 0.5 * start);
    assert_true(correct > BATCH / 2);
    stria_trainer_free(first);
    stria_trainer_free(second);
    stria_model_free(by_labels);
    stria_model_free(by_targets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(steps_lower_the_loss_without_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gradients_are_applied_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_step_follows_the_gradient, set_up, tear_down),
        cmocka_unit_test_setup_teardown(frozen_layers_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nan_pixels_stop_a_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(absurd_rates_diverge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_models, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parameters_are_drawn_or_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rate_of_following_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(squared_error_of_labels, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("trainer", tests, NULL, NULL);
}

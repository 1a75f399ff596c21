/* Regularizers and constraints against Keras 3: three steps with each, and what evaluation says afterwards.
 * The file is made by make_keras_penalties.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/keras_archive.h"

#define STEPS   3
#define SAMPLES 8

static const struct {
    const char *of, *conv, *hidden, *last;
} cases[] = {
    {"l1", "kernel_regularizer=l1(0.02)", "bias_regularizer=l1(0.03)", ""},
    {"l2", "l2(0.02)", "l2 bias_regularizer=l2(0.1)", ""},
    {"l1_l2", "", "l1_l2(0.01, 0.02)", "l1_l2(l2=0.1)"},
    {"orthogonal", "", "orthogonal_regularizer(0.5)", "orthogonal_regularizer(0.3, columns)"},
    {"activity", "activity_regularizer=l1", "activity_regularizer=l2(0.05)",
     "activity_regularizer=l1_l2(0.01, 0.02)"},
    {"activity_orthogonal", "", "activity_regularizer=orthogonal_regularizer(0.5)", ""},
    {"frozen", "l2(0.02) activity_regularizer=l1(0.01) non_neg", "l1(0.02)", ""},
    {"max_norm", "max_norm(0.4, [0, 1, 2])", "max_norm(0.7)", "bias_constraint=max_norm(0.01)"},
    {"min_max_norm", "min_max_norm(0.2, 0.3, 0.5, [0, 1])", "min_max_norm(0.9, 1.1, axis=-1)", ""},
    {"non_neg", "non_neg", "", "bias_constraint=non_neg"},
    {"unit_norm", "unit_norm([0, 1, 2, 3])", "unit_norm", "unit_norm(1)"},
};

static keras_archive archive;

static stria_model *make_case(size_t index)
{
    char text[512];
    snprintf(text, sizeof text,
             "input 6x6x2\nconv2d 3 3 relu %s\nmaxpool2d 2\nflatten\ndense 5 tanh %s\ndense 4 %s\nsoftmax\n",
             cases[index].conv, cases[index].hidden, cases[index].last);
    stria_model *model = make_model(archive.test.context, text);
    stria_error err = {0};
    start_from_keras(&archive, model, "start");
    if (strcmp(cases[index].of, "frozen") == 0)
        assert_ok(stria_model_freeze(model, "conv2d", &err), &err);
    return model;
}

static void steps(void **state)
{
    (void)state;
    open_archive(&archive, "keras_penalty_steps.npz");
    float *x = read_member(&archive, "x", SAMPLES * 72, NULL);
    float *y = read_member(&archive, "y", SAMPLES, NULL);
    int32_t labels[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++)
        labels[i] = (int32_t)y[i];
    const stria_shape shape = {3, {6, 6, 2}};
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_ok(
        stria_dataset_create(&data, archive.test.context, x, &shape, SAMPLES, labels, 4, NULL, NULL, &err),
        &err);
    const stria_train_options options = {
        .optimizer = "sgd", .learning_rate = 0.1, .batch = SAMPLES, .keep_parameters = 1};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        stria_model *model = make_case(c);
        stria_trainer *trainer = NULL;
        char name[64];
        double losses[STEPS], evaluated;
        snprintf(name, sizeof name, "%s.losses", cases[c].of);
        free(read_member(&archive, name, STEPS, losses));
        snprintf(name, sizeof name, "%s.eval", cases[c].of);
        free(read_member(&archive, name, 1, &evaluated));
        print_message("%s\n", cases[c].of);
        assert_ok(stria_trainer_create(&trainer, model, &options, &err), &err);
        for (int step = 0; step < STEPS; step++) {
            double loss;
            assert_ok(stria_trainer_step(trainer, x, labels, NULL, SAMPLES, &loss, NULL, &err), &err);
            assert_near(loss, losses[step], 2e-6 * losses[step]);
        }
        compare_weights(&archive, model, cases[c].of, 1e-5);
        stria_trainer_free(trainer);
        stria_evaluation evaluation;
        assert_ok(stria_evaluate(&evaluation, model, data, STRIA_PART_TRAIN, 4, NULL, &err), &err);
        assert_near(evaluation.loss, evaluated, 2e-6 * evaluated);
        stria_evaluation_free(&evaluation, archive.test.context);
        stria_model_free(model);
    }
    stria_dataset_free(data);
    free(x);
    free(y);
    close_archive(&archive);
}

/* The loss has the softmax built in: there is no output to penalise. */
static void what_cannot_be(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = make_model(test.context, "input 3\ndense 4 softmax activity_regularizer=l2\n");
    stria_trainer *trainer = NULL;
    stria_error err = {0};
    assert_int_equal(stria_trainer_create(&trainer, model, NULL, &err), STRIA_ERROR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "softmax on a line of its own"));
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps),
        cmocka_unit_test(what_cannot_be),
    };
    return cmocka_run_group_tests_name("penalties", tests, NULL, NULL);
}

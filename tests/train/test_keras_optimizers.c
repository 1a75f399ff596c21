/* Six steps with the optimizers, decays and clippings of Keras 3: losses and weights. The file is made by
 * make_keras_optimizers.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/keras_archive.h"

#define STEPS   6
#define SAMPLES 8

static const struct {
    const char *of, *optimizer;
} cases[] = {
    {"adagrad", "adagrad learning_rate=0.05"},
    {"adagrad_from_1", "adagrad learning_rate=0.05 initial_accumulator_value=1"},
    {"adadelta", "adadelta learning_rate=1"},
    {"adamax", "adamax learning_rate=0.01"},
    {"nadam", "nadam learning_rate=0.01"},
    {"ftrl", "ftrl learning_rate=0.05"},
    {"ftrl_all", "ftrl learning_rate=0.05 learning_rate_power=-0.6 initial_accumulator_value=0.2 "
                 "l1_regularization_strength=0.01 l2_regularization_strength=0.02 "
                 "l2_shrinkage_regularization_strength=0.03 beta=0.1"},
    {"lion", "lion learning_rate=0.01"},
    {"amsgrad", "adam learning_rate=0.01 beta_2=0.9 amsgrad"},
    {"sgd_decay", "sgd learning_rate=0.05 weight_decay=0.1"},
    {"adagrad_decay", "adagrad learning_rate=0.05 weight_decay=0.2"},
    {"adam_decay", "adam learning_rate=0.01 weight_decay=0.1"},
    {"clipnorm", "sgd learning_rate=0.1 clipnorm=0.1"},
    {"clipvalue", "sgd learning_rate=0.1 clipvalue=0.02"},
    {"global_clipnorm", "sgd learning_rate=0.1 global_clipnorm=0.2"},
};

static void against_keras(void **state)
{
    (void)state;
    keras_archive archive;
    open_archive(&archive, "keras_optimizer_kinds.npz");
    float *x = read_member(&archive, "x", SAMPLES * 72, NULL);
    float *y = read_member(&archive, "y", SAMPLES, NULL);
    int32_t labels[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++)
        labels[i] = (int32_t)y[i];
    stria_error err = {0};
    stria_model *model =
        make_model(archive.test.context, "input 6x6x2\nconv2d 3 3 tanh\nflatten\ndense 4 softmax\n");
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const stria_train_options options = {
            .optimizer = cases[c].optimizer, .batch = SAMPLES, .keep_parameters = 1};
        stria_trainer *trainer = NULL;
        char name[64];
        double losses[STEPS];
        snprintf(name, sizeof name, "%s.losses", cases[c].of);
        free(read_member(&archive, name, STEPS, losses));
        start_from_keras(&archive, model, "start");
        assert_ok(stria_trainer_create(&trainer, model, &options, &err), &err);
        for (int step = 0; step < STEPS; step++) {
            double loss;
            assert_ok(stria_trainer_step(trainer, x, labels, NULL, SAMPLES, &loss, NULL, &err), &err);
            assert_near(loss, losses[step], 1e-5 * losses[step]);
        }
        compare_weights(&archive, model, cases[c].of, 2e-5);
        stria_trainer_free(trainer);
    }
    stria_model_free(model);
    free(x);
    free(y);
    close_archive(&archive);
}

static void one_clipping_only(void **state)
{
    (void)state;
    stria_error err = {0};
    const stria_train_options options = {.optimizer = "adam clipnorm=1 clipvalue=0.5"};
    assert_int_equal(stria_train_options_check(&options, &err), STRIA_ERROR_VALUE);
    assert_non_null(strstr(err.message, "only one of clipnorm"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_keras),
        cmocka_unit_test(one_clipping_only),
    };
    return cmocka_run_group_tests_name("keras_optimizers", tests, NULL, NULL);
}

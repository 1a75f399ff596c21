/* Five training steps against Keras 3: LeNet-5 with SGD, and every optimizer and loss on a small network. The
 * files are made by make_keras_steps.py. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/keras_archive.h"

#define STEPS 5

static keras_archive archive;

static void five_steps(stria_model *model, const char *of, const stria_train_options *options, const float *x,
                       const int32_t *labels, const float *targets)
{
    stria_error err = {0};
    stria_trainer *trainer = NULL;
    char name[100];
    double wanted[STEPS];
    start_from_keras(&archive, model, "start");
    assert_ok(stria_trainer_create(&trainer, model, options, &err), &err);
    strcpy(name, of);
    strcat(name, ".losses");
    free(read_member(&archive, name, STEPS, wanted));
    for (int step = 0; step < STEPS; step++) {
        double loss;
        assert_ok(stria_trainer_step(trainer, x, labels, targets, options->batch, &loss, NULL, &err), &err);
        /* Keras gives its losses as floats of sums in float. */
        assert_near(loss, wanted[step], 2e-6 * wanted[step]);
    }
    stria_trainer_free(trainer);
}

static void lenet5(void **state)
{
    (void)state;
    open_archive(&archive, "keras_5_sgd_steps.npz");
    stria_model *model = make_model(archive.test.context, "input 28x28x1\n"
                                                          "conv2d 6 5 same relu\n"
                                                          "maxpool2d 2\n"
                                                          "conv2d 16 5 relu\n"
                                                          "maxpool2d 2\n"
                                                          "flatten\n"
                                                          "dense 120 relu\n"
                                                          "dense 84 relu\n"
                                                          "dense 10 softmax\n");
    assert_int_equal(stria_model_params(model), 61706);
    float *x = read_member(&archive, "x", 64 * 784, NULL), *y = read_member(&archive, "y", 64, NULL);
    int32_t labels[64];
    for (size_t i = 0; i < 64 * 784; i++)
        x[i] *= (float)(1.0 / 255);
    for (size_t i = 0; i < 64; i++)
        labels[i] = (int32_t)y[i];
    five_steps(
        model, "sgd",
        &(stria_train_options){.optimizer = "sgd", .learning_rate = 0.1, .batch = 64, .keep_parameters = 1},
        x, labels, NULL);
    /* The promise. Both sides add in float in orders of their own. */
    compare_weights(&archive, model, "sgd", 1e-5);
    free(x);
    free(y);
    stria_model_free(model);
    close_archive(&archive);
}

static void optimizers_and_losses(void **state)
{
    (void)state;
    open_archive(&archive, "keras_5_optimizer_steps.npz");
    static const struct {
        const char *of, *optimizer;
        double rate;
        const char *loss;
    } cases[] = {
        {"sgd", "sgd", 0.05, NULL},
        {"momentum", "sgd momentum=0.9", 0.05, NULL},
        {"nesterov", "sgd momentum=0.9 nesterov", 0.05, NULL},
        {"adam", "adam", 0.01, NULL},
        {"adamw", "adamw weight_decay=0.1", 0.01, NULL},
        {"rmsprop", "rmsprop", 0.01, NULL},
        {"rmsprop_momentum", "rmsprop rho=0.8 momentum=0.5", 0.01, NULL},
        {"soft", "sgd", 0.05, "categorical_crossentropy"},
        {"squared", "sgd", 0.5, "mean_squared_error"},
    };
    float *x = read_member(&archive, "x", 8 * 72, NULL), *y = read_member(&archive, "y", 8, NULL),
          *soft = read_member(&archive, "soft", 8 * 4, NULL);
    int32_t labels[8];
    for (size_t i = 0; i < 8; i++)
        labels[i] = (int32_t)y[i];
    stria_model *model = make_model(archive.test.context, "input 6x6x2\n"
                                                          "conv2d 3 3 tanh\n"
                                                          "avgpool2d 2\n"
                                                          "flatten\n"
                                                          "dense 4 softmax\n");
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        const stria_train_options options = {.optimizer = cases[c].optimizer,
                                             .learning_rate = cases[c].rate,
                                             .loss = cases[c].loss,
                                             .batch = 8,
                                             .keep_parameters = 1};
        const bool has_targets = strcmp(cases[c].of, "soft") == 0;
        five_steps(model, cases[c].of, &options, x, has_targets ? NULL : labels, has_targets ? soft : NULL);
        /* Adam and RMSprop divide by the gradient's size: roundings of the smallest gradients count in full.
         */
        compare_weights(&archive, model, cases[c].of, 1e-5);
    }
    free(x);
    free(y);
    free(soft);
    stria_model_free(model);
    close_archive(&archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lenet5),
        cmocka_unit_test(optimizers_and_losses),
    };
    return cmocka_run_group_tests_name("keras_steps", tests, NULL, NULL);
}

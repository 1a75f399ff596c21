/* The losses of the first 20 steps of five small networks with three optimizers, from the start that Keras 3
 * had: equal to Keras's within 1e-4. The file is made by make_keras_20_steps.py. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "train/keras_archive.h"

#define STEPS 20
#define BATCH 16

static const struct {
    const char *name;
    size_t elements; /* of a sample */
    const char *text;
} networks[] = {
    {"batchnorm", 8 * 8 * 2,
     "input 8x8x2\nc = conv2d 4 3 same use_bias=no\nb = batchnorm\nrelu\nmaxpool2d 2\nflatten\nd = dense 5 "
     "softmax\n"},
    {"dropout_off", 8 * 8 * 2,
     "input 8x8x2\nc = conv2d 4 3 relu\ndropout 0\nflatten\nd = dense 16 relu\ndropout 0\ne = dense 5 "
     "softmax\n"},
    {"residual", 8 * 8 * 3,
     "input 8x8x3\nc = conv2d 6 3 same relu\nw = depthwise_conv2d 3 same\np = conv2d 6 1\nadd(c, p)\nrelu\n"
     "global_avgpool2d\nd = dense 5 softmax\n"},
    {"conv1d", 32 * 2,
     "input 32x2\nc = conv1d 6 5 same relu\nmaxpool1d 2\ne = conv1d 8 3 causal tanh\nflatten\nd = dense 5 "
     "softmax\n"},
    {"transposed", 4 * 4 * 3,
     "input 4x4x3\nt = conv2d_transpose 4 3 strides=2 same relu\nc = conv2d 6 3 relu\nflatten\nd = dense 5 "
     "softmax\n"},
};

static const struct {
    const char *name;
    double rate;
} optimizers[] = {{"sgd", 0.05}, {"adam", 0.003}, {"rmsprop", 0.002}};

static keras_archive archive;

static void check_losses(stria_model *model, size_t network, size_t optimizer, const float *x,
                         const int32_t *labels)
{
    const stria_train_options options = {.optimizer = optimizers[optimizer].name,
                                         .learning_rate = optimizers[optimizer].rate,
                                         .batch = BATCH,
                                         .keep_parameters = 1};
    char name[64];
    double wanted[STEPS], worst = 0;
    stria_error err = {0};
    snprintf(name, sizeof name, "%s.start", networks[network].name);
    start_from_keras(&archive, model, name);
    snprintf(name, sizeof name, "%s.%s.losses", networks[network].name, optimizers[optimizer].name);
    free(read_member(&archive, name, STEPS, wanted));
    stria_trainer *trainer = NULL;
    assert_ok(stria_trainer_create(&trainer, model, &options, &err), &err);
    for (int step = 0; step < STEPS; step++) {
        double loss;
        assert_ok(stria_trainer_step(trainer, x, labels, NULL, BATCH, &loss, NULL, &err), &err);
        assert_near(loss, wanted[step], 1e-4 * wanted[step]);
        worst = fmax(worst, fabs(loss - wanted[step]) / wanted[step]);
    }
    print_message("%s: largest difference %.2g of the loss\n", name, worst);
    stria_trainer_free(trainer);
}

static void twenty_steps(void **state)
{
    (void)state;
    open_archive(&archive, "keras_20_steps.npz");
    for (size_t n = 0; n < sizeof networks / sizeof networks[0]; n++) {
        char name[64];
        snprintf(name, sizeof name, "%s.x", networks[n].name);
        float *x = read_member(&archive, name, BATCH * networks[n].elements, NULL);
        snprintf(name, sizeof name, "%s.y", networks[n].name);
        float *y = read_member(&archive, name, BATCH, NULL);
        int32_t labels[BATCH];
        for (size_t i = 0; i < BATCH; i++)
            labels[i] = (int32_t)y[i];
        stria_model *model = make_model(archive.test.context, networks[n].text);
        for (size_t o = 0; o < sizeof optimizers / sizeof optimizers[0]; o++)
            check_losses(model, n, o, x, labels);
        stria_model_free(model);
        free(x);
        free(y);
    }
    close_archive(&archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_steps),
    };
    return cmocka_run_group_tests_name("keras_20_steps", tests, NULL, NULL);
}

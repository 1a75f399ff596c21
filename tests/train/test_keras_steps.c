/* Five training steps against Keras 3: LeNet-5 with SGD, and every optimizer and loss on a small network. The
 * files are made by make_keras_steps.py. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/npy.h"
#include "train/training_fixture.h"

#define STEPS 5

static test_context test;

/* An opened archive of arrays. */
static char *file_bytes;
static stria_npz *archive;

static void open_archive(const char *name)
{
    char path[TEMPORARY_PATH_SIZE];
    size_t size;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    strcpy(path, STRIA_TEST_DATA "/train/");
    strcat(path, name);
    file_bytes = read_whole_file(path, &size);
    assert_ok(stria_npz_open(&archive, test.context, file_bytes, size, name, &err), &err);
}

static void close_archive(void)
{
    stria_npz_free(archive);
    free(file_bytes);
    test_context_close(&test);
}

/* The numbers of a member as floats, and in `losses` (when not NULL) as doubles. Freed with free. */
static float *read_member(const char *name, size_t count, double *losses)
{
    stria_npy array;
    void *memory = NULL;
    stria_error err = {0};
    assert_ok(stria_npz_read(archive, name, (uint64_t)1 << 24, &array, &memory, &err), &err);
    assert_int_equal(array.count, count);
    float *values = malloc(count * sizeof(float));
    assert_non_null(values);
    stria_dtype_to_float(array.type, array.elements, count, values);
    if (losses != NULL) {
        assert_int_equal(array.type, STRIA_F64);
        memcpy(losses, array.elements, count * sizeof(double));
    }
    stria_release(&test.memory.table, memory);
    return values;
}

/* "CASE.LAYER.TENSOR" for the tensor "LAYER/TENSOR". */
static float *read_weights(const char *of, const char *tensor, size_t count)
{
    char name[100];
    strcpy(name, of);
    strcat(name, ".");
    strcat(name, tensor);
    *strchr(name, '/') = '.';
    return read_member(name, count, NULL);
}

static void start_from_keras(stria_model *model)
{
    stria_tensor_info info;
    stria_error err = {0};
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        float *values = read_weights("start", info.name, (size_t)info.count);
        assert_ok(stria_model_set_tensor(model, info.name, values, (size_t)info.count, &err), &err);
        free(values);
    }
}

/* Largest difference in each tensor, over its largest value. */
static void compare_weights(const stria_model *model, const char *of, double tolerance)
{
    stria_tensor_info info;
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        float *wanted = read_weights(of, info.name, (size_t)info.count);
        const float *got = stria_model_tensor_data_const(model, i);
        double difference = 0, largest = 0;
        for (int64_t e = 0; e < info.count; e++) {
            difference = fmax(difference, fabs((double)got[e] - wanted[e]));
            largest = fmax(largest, fabs((double)wanted[e]));
        }
        print_message("%s, %s: largest difference %.2g of %.3g\n", of, info.name, difference / largest,
                      largest);
        assert_true(difference <= tolerance * largest);
        free(wanted);
    }
}

static void five_steps(stria_model *model, const char *of, const stria_train_options *options, const float *x,
                       const int32_t *labels, const float *targets)
{
    stria_error err = {0};
    stria_trainer *trainer = NULL;
    char name[100];
    double wanted[STEPS];
    start_from_keras(model);
    assert_ok(stria_trainer_create(&trainer, model, options, &err), &err);
    strcpy(name, of);
    strcat(name, ".losses");
    free(read_member(name, STEPS, wanted));
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
    open_archive("keras_5_sgd_steps.npz");
    stria_model *model = make_model(test.context, "input 28x28x1\n"
                                                  "conv2d 6 5 same relu\n"
                                                  "maxpool2d 2\n"
                                                  "conv2d 16 5 relu\n"
                                                  "maxpool2d 2\n"
                                                  "flatten\n"
                                                  "dense 120 relu\n"
                                                  "dense 84 relu\n"
                                                  "dense 10 softmax\n");
    assert_int_equal(stria_model_params(model), 61706);
    float *x = read_member("x", 64 * 784, NULL), *y = read_member("y", 64, NULL);
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
    compare_weights(model, "sgd", 1e-5);
    free(x);
    free(y);
    stria_model_free(model);
    close_archive();
}

static void optimizers_and_losses(void **state)
{
    (void)state;
    open_archive("keras_5_optimizer_steps.npz");
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
    float *x = read_member("x", 8 * 72, NULL), *y = read_member("y", 8, NULL),
          *soft = read_member("soft", 8 * 4, NULL);
    int32_t labels[8];
    for (size_t i = 0; i < 8; i++)
        labels[i] = (int32_t)y[i];
    stria_model *model = make_model(test.context, "input 6x6x2\n"
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
        compare_weights(model, cases[c].of, 1e-5);
    }
    free(x);
    free(y);
    free(soft);
    stria_model_free(model);
    close_archive();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lenet5),
        cmocka_unit_test(optimizers_and_losses),
    };
    return cmocka_run_group_tests_name("keras_steps", tests, NULL, NULL);
}

/* Losses against Keras 3: values and gradients, steps of training, evaluation. The file is made by
 * make_keras_losses.py. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "train/keras_archive.h"
#include "train/loss.h"

/* Of a tensor's largest number: one bias's steps of up to 0.05 cancel to 0.0026, which keeps their rounding. */
#define WEIGHTS_TOLERANCE 5e-6

#define BATCH   5
#define ROWS    3
#define COLUMNS 4
#define STEPS   5
#define SAMPLES 16

static const struct {
    const char *of, *loss;
} cases[] = {
    {"binary_crossentropy", "binary_crossentropy"},
    {"binary_crossentropy_one", "bce"},
    {"binary_crossentropy_smooth", "binary_crossentropy label_smoothing=0.2"},
    {"binary_crossentropy_soft", "binary_crossentropy"},
    {"binary_focal", "binary_focal_crossentropy"},
    {"binary_focal_all",
     "binary_focal_crossentropy apply_class_balancing alpha=0.4 gamma=1.5 label_smoothing=0.1"},
    {"categorical_crossentropy", "categorical_crossentropy"},
    {"categorical_crossentropy_smooth", "categorical_crossentropy label_smoothing=0.1"},
    {"categorical_crossentropy_soft", "categorical_crossentropy label_smoothing=0.3"},
    {"categorical_focal", "categorical_focal_crossentropy"},
    {"categorical_focal_all", "categorical_focal_crossentropy alpha=0.6 gamma=0.5 label_smoothing=0.2"},
    {"categorical_hinge", "categorical_hinge"},
    {"cosine_similarity", "cosine_similarity"},
    {"hinge_binary", "hinge"},
    {"hinge", "hinge"},
    {"squared_hinge", "squared_hinge"},
    {"squared_hinge_other", "squared_hinge"},
    {"huber", "huber"},
    {"huber_small", "huber delta=0.25"},
    {"kl_divergence", "kld"},
    {"log_cosh", "logcosh"},
    {"mean_absolute_error", "mae"},
    {"mean_absolute_percentage_error", "mape"},
    {"mean_squared_error", "mse"},
    {"mean_squared_logarithmic_error", "msle"},
    {"poisson", "poisson"},
};

static float *read_part(const keras_archive *archive, const char *of, const char *part, size_t count,
                        double *doubles)
{
    char name[100];
    snprintf(name, sizeof name, "%s.%s", of, part);
    return read_member(archive, name, count, doubles);
}

/* Keras computes in float: `tolerance` of the largest number there is. */
static void compare_numbers(const char *of, const float *got, const float *wanted, size_t count)
{
    double largest = 0, difference = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)wanted[i]));
        difference = fmax(difference, fabs((double)got[i] - wanted[i]));
    }
    print_message("%s: largest difference %.2g of %.3g\n", of, difference, largest);
    assert_true(difference <= 2e-6 * largest);
}

static void values_and_gradients(void **state)
{
    (void)state;
    keras_archive archive;
    stria_error err = {0};
    open_archive(&archive, "keras_losses.npz");
    const stria_context *context = archive.test.context;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const char *of = cases[c].of;
        const size_t columns = strcmp(of, "binary_crossentropy_one") == 0 ? 1 : COLUMNS;
        const size_t count = BATCH * ROWS * columns;
        float gradient[BATCH * ROWS * COLUMNS];
        double rows[BATCH * ROWS], losses[BATCH];
        float *outputs = read_part(&archive, of, "outputs", count, NULL);
        float *targets = read_part(&archive, of, "targets", count, NULL);
        float *slopes = read_part(&archive, of, "gradient", count, NULL);
        free(read_part(&archive, of, "losses", BATCH * ROWS, rows));
        stria_loss loss;
        assert_ok(stria_loss_read(&loss, cases[c].loss, &err), &err);
        const stria_loss_call call = {
            .loss = &loss,
            .outputs = outputs,
            .targets = targets,
            .batch = BATCH,
            .rows = ROWS,
            .columns = columns,
            .losses = losses,
            .gradient = gradient,
        };
        int64_t marks;
        stria_loss_compute(&call, context->kernels, context->pool, &marks);
        float got[BATCH], wanted[BATCH];
        for (size_t s = 0; s < BATCH; s++) {
            got[s] = (float)losses[s];
            wanted[s] = (float)((rows[s * ROWS] + rows[s * ROWS + 1] + rows[s * ROWS + 2]) / ROWS);
        }
        compare_numbers(of, got, wanted, BATCH);
        compare_numbers(of, gradient, slopes, count);
        free(outputs);
        free(targets);
        free(slopes);
    }
    close_archive(&archive);
}

static const struct {
    const char *of, *end, *loss, *weights; /* NULL: the default */
    int classes;                           /* of labels; 0: targets */
    size_t outputs;
} fits[] = {
    {"single", "dense 1 sigmoid", NULL, NULL, 2, 1},
    {"single_weighted", "dense 1 sigmoid", "bce label_smoothing=0.1", "0.5,3", 2, 1},
    {"single_hinge", "dense 1 tanh", "hinge", NULL, 2, 1},
    {"many", "dense 4 sigmoid", "binary_crossentropy", NULL, 0, 4},
    {"classes_weighted", "dense 4 softmax", NULL, "3=0.25,0=2", 4, 4},
    {"focal", "dense 4 softmax", "categorical_focal_crossentropy", NULL, 4, 4},
    {"rows_weighted", "dense 4", "huber", "2,1,0.5,1", 0, 4},
};

static stria_dataset *make_data(const keras_archive *archive, const float *x, const float *y,
                                const int32_t *labels, int classes, int64_t outputs)
{
    const stria_shape shape = {1, {6}}, target = {1, {outputs}};
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_ok(stria_dataset_create(&data, archive->test.context, x, &shape, SAMPLES,
                                   classes > 0 ? labels : NULL, (size_t)classes, classes > 0 ? NULL : y,
                                   classes > 0 ? NULL : &target, &err),
              &err);
    return data;
}

/* Steps one by one, the same as whole epochs, and the evaluation afterwards. */
static void trainings(void **state)
{
    (void)state;
    keras_archive archive;
    stria_error err = {0};
    open_archive(&archive, "keras_losses.npz");
    for (size_t f = 0; f < sizeof fits / sizeof fits[0]; f++) {
        const char *of = fits[f].of;
        const size_t numbers = SAMPLES * (fits[f].classes > 0 ? 1 : fits[f].outputs);
        double losses[STEPS], accuracies[STEPS], evaluated[2];
        int32_t labels[SAMPLES];
        char text[100];
        float *x = read_part(&archive, of, "x", SAMPLES * 6, NULL);
        float *y = read_part(&archive, of, "y", numbers, NULL);
        free(read_part(&archive, of, "losses", STEPS, losses));
        free(read_part(&archive, of, "accuracies", STEPS, accuracies));
        free(read_part(&archive, of, "eval", 2, evaluated));
        for (size_t i = 0; i < SAMPLES; i++)
            labels[i] = (int32_t)y[i];
        snprintf(text, sizeof text, "input 6\ndense 5 tanh\n%s\n", fits[f].end);
        stria_model *model = make_model(archive.test.context, text);
        snprintf(text, sizeof text, "%s.start", of);
        start_from_keras(&archive, model, text);
        stria_train_options options = {.optimizer = "sgd",
                                       .learning_rate = 0.2,
                                       .batch = SAMPLES,
                                       .keep_parameters = 1,
                                       .no_shuffle = 1,
                                       .loss = fits[f].loss,
                                       .class_weight = fits[f].weights};
        const bool has_accuracy = fits[f].classes > 0 || strcmp(of, "many") == 0;
        stria_dataset *data = make_data(&archive, x, y, labels, fits[f].classes, (int64_t)fits[f].outputs);
        for (int step = 0; step < STEPS; step++) {
            stria_train_result result;
            options.epochs = 1;
            assert_ok(stria_train(model, data, &options, &result, &err), &err);
            assert_near(result.last.loss, losses[step], 2e-6 * losses[step]);
            assert_near(result.last.accuracy, has_accuracy ? accuracies[step] : -1, 1e-7);
        }
        compare_weights(&archive, model, of, WEIGHTS_TOLERANCE);
        /* With the loss that it was trained with, by default. */
        stria_evaluation evaluation;
        assert_ok(stria_evaluate(&evaluation, model, data, STRIA_PART_TRAIN, 0, NULL, &err), &err);
        assert_near(evaluation.loss, evaluated[0], 2e-6 * evaluated[0]);
        assert_near(evaluation.accuracy, has_accuracy ? evaluated[1] : -1, 1e-7);
        assert_int_equal(evaluation.class_count, fits[f].classes);
        stria_evaluation_free(&evaluation, archive.test.context);

        stria_trainer *trainer = NULL;
        start_from_keras(&archive, model, text);
        assert_ok(stria_trainer_create(&trainer, model, &options, &err), &err);
        for (int step = 0; step < STEPS; step++) {
            double loss;
            assert_ok(stria_trainer_step(trainer, x, fits[f].classes > 0 ? labels : NULL,
                                         fits[f].classes > 0 ? NULL : y, SAMPLES, &loss, NULL, &err),
                      &err);
            assert_near(loss, losses[step], 2e-6 * losses[step]);
        }
        compare_weights(&archive, model, of, WEIGHTS_TOLERANCE);
        stria_trainer_free(trainer);
        stria_dataset_free(data);
        stria_model_free(model);
        free(x);
        free(y);
    }
    close_archive(&archive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_gradients),
        cmocka_unit_test(trainings),
    };
    return cmocka_run_group_tests_name("keras_losses", tests, NULL, NULL);
}

/* Every loss by its properties: slopes by finite differences, labels as rows of targets, the same bits on any
 * number of threads, NaN that shows, and gradients that are numbers wherever the loss is one; which loss a
 * model calls for, what its outputs say. */
#include <float.h>
#include <math.h>
#include <string.h>

#include <stria/plan.h>

#include "base/context.h"
#include "train/loss.h"
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

/* Each loss with its defaults, and again with other arguments. */
static const char *const texts[] = {
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "squared_hinge",
    "binary_crossentropy label_smoothing=0.3",
    "binary_focal_crossentropy alpha=0.7 gamma=0.5 label_smoothing=0.1 apply_class_balancing",
    "binary_focal_crossentropy gamma=0",
    "categorical_crossentropy label_smoothing=1",
    "categorical_focal_crossentropy alpha=1 gamma=0",
    "huber delta=0.01",
};

#define TEXT_COUNT (sizeof texts / sizeof texts[0])

static stria_loss read_loss(const char *text)
{
    stria_loss loss;
    stria_error err = {0};
    assert_ok(stria_loss_read(&loss, text, &err), &err);
    return loss;
}

static double compute(const stria_loss_call *call, stria_pool *pool)
{
    int64_t marks;
    return stria_loss_compute(call, test.context->kernels, pool, &marks);
}

#define BATCH   3
#define ROWS    2
#define COLUMNS 4
#define COUNT   (BATCH * ROWS * COLUMNS)

static void slopes(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const stria_loss loss = read_loss(texts[i]);
        float outputs[COUNT], targets[COUNT], gradient[COUNT];
        double losses[BATCH];
        fill_numbers(outputs, COUNT, 5);
        fill_numbers(targets, COUNT, 6);
        for (size_t j = 0; j < COUNT; j++) {
            outputs[j] = 0.5f + 0.45f * outputs[j]; /* within 0 and 1: every loss has a slope there */
            targets[j] = 0.5f + 0.49f * targets[j];
        }
        stria_loss_call call = {.loss = &loss,
                                .outputs = outputs,
                                .targets = targets,
                                .batch = BATCH,
                                .rows = ROWS,
                                .columns = COLUMNS,
                                .losses = losses,
                                .gradient = gradient};
        compute(&call, NULL);
        call.gradient = NULL;
        double largest = 0;
        for (size_t j = 0; j < COUNT; j++) {
            const double size = fabs((double)gradient[j]);
            largest = size > largest ? size : largest;
        }
        for (size_t j = 0; j < COUNT; j++) {
            const float kept = outputs[j], above = kept + 0x1p-11f, below = kept - 0x1p-11f;
            outputs[j] = above;
            const double more = compute(&call, NULL);
            outputs[j] = below;
            const double less = compute(&call, NULL);
            outputs[j] = kept;
            const double slope = (more - less) / BATCH / ((double)above - (double)below);
            /* The quotient errs by h^2 times the third derivative; a corner may lie between. */
            if (fabs(slope - (double)gradient[j]) > 1e-4 * largest + 1e-7)
                fail_msg("%s: slope %zu is %.9g by differences and %.9g", texts[i], j, slope,
                         (double)gradient[j]);
        }
    }
}

/* Labels are rows with a single 1, and of a single column the 0 or 1 that they are. */
static void labels_are_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const stria_loss loss = read_loss(texts[i]);
        for (size_t columns = 1; columns <= COLUMNS; columns += COLUMNS - 1) {
            const size_t classes = stria_loss_classes(&loss, columns), count = 7 * columns;
            float outputs[7 * COLUMNS], targets[7 * COLUMNS] = {0}, of_labels[7 * COLUMNS],
                                                    of_targets[7 * COLUMNS];
            double losses[7], again[7];
            int32_t labels[7];
            fill_numbers(outputs, count, 9);
            for (size_t s = 0; s < 7; s++) {
                labels[s] = (int32_t)(s * 3 % classes);
                if (columns == 1 && classes == 2)
                    targets[s] = (float)labels[s];
                else
                    targets[s * columns + (size_t)labels[s]] = 1;
            }
            if (columns == 1 && classes == 1)
                continue; /* a choice of one */
            const stria_loss_call by_labels = {.loss = &loss,
                                               .outputs = outputs,
                                               .labels = labels,
                                               .batch = 7,
                                               .rows = 1,
                                               .columns = columns,
                                               .losses = losses,
                                               .gradient = of_labels};
            stria_loss_call by_targets = by_labels;
            by_targets.labels = NULL;
            by_targets.targets = targets;
            by_targets.losses = again;
            by_targets.gradient = of_targets;
            const double sum = compute(&by_labels, NULL);
            assert_near(compute(&by_targets, NULL), sum, 1e-5 * fabs(sum));
            for (size_t j = 0; j < count; j++)
                assert_near(of_targets[j], of_labels[j], 1e-6 * (1 + fabs((double)of_labels[j])));
        }
    }
}

static void any_number_of_threads(void **state)
{
    (void)state;
    enum { SAMPLES = 40, OUTPUTS = 1000 };
    static float outputs[SAMPLES * OUTPUTS], targets[SAMPLES * OUTPUTS], gradients[2][SAMPLES * OUTPUTS];
    double losses[2][SAMPLES];
    fill_numbers(outputs, SAMPLES * OUTPUTS, 1);
    fill_numbers(targets, SAMPLES * OUTPUTS, 2);
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const stria_loss loss = read_loss(texts[i]);
        for (int threaded = 0; threaded < 2; threaded++) {
            const stria_loss_call call = {.loss = &loss,
                                          .outputs = outputs,
                                          .targets = targets,
                                          .batch = SAMPLES,
                                          .rows = 1,
                                          .columns = OUTPUTS,
                                          .losses = losses[threaded],
                                          .gradient = gradients[threaded]};
            compute(&call, threaded ? test.context->pool : NULL);
        }
        assert_memory_equal(losses[0], losses[1], sizeof losses[0]);
        assert_memory_equal(gradients[0], gradients[1], sizeof gradients[0]);
    }
}

/* Outputs of 0, 1, and as large as they get: a loss that is a number has a gradient of numbers, and NaN
 * shows.
 */
static void hostile_outputs(void **state)
{
    (void)state;
    static const float values[] = {0, 1, -1, 0.5f, 1e-30f, -1e-30f, 1e-7f, 88, -88, 1e30f, -1e30f};
    static const float wanted[] = {0, 1, 0.5f, -1, 1e30f};
    const size_t value_count = sizeof values / sizeof values[0],
                 wanted_count = sizeof wanted / sizeof wanted[0];
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const stria_loss loss = read_loss(texts[i]);
        float outputs[3], targets[3], gradient[3];
        double one;
        const stria_loss_call call = {.loss = &loss,
                                      .outputs = outputs,
                                      .targets = targets,
                                      .batch = 1,
                                      .rows = 1,
                                      .columns = 3,
                                      .losses = &one,
                                      .gradient = gradient};
        for (size_t k = 0; k < value_count * value_count * wanted_count * wanted_count; k++) {
            outputs[0] = values[k % value_count];
            outputs[1] = values[k / value_count % value_count];
            outputs[2] = 0.25f;
            targets[0] = wanted[k / value_count / value_count % wanted_count];
            targets[1] = wanted[k / value_count / value_count / wanted_count];
            targets[2] = 0;
            if (!isfinite(compute(&call, NULL)))
                continue;
            for (size_t j = 0; j < 3; j++)
                if (isnan(gradient[j]))
                    fail_msg("%s of %g, %g for %g, %g is %g, and gradient %zu is NaN", texts[i],
                             (double)outputs[0], (double)outputs[1], (double)targets[0], (double)targets[1],
                             one, j);
        }
        for (size_t j = 0; j < 3; j++) {
            outputs[0] = outputs[1] = outputs[2] = 0.5f;
            targets[0] = targets[1] = targets[2] = 0.5f;
            assert_true(isfinite(compute(&call, NULL)));
            outputs[j] = (float)NAN;
            if (!isnan(compute(&call, NULL)))
                fail_msg("%s hides a NaN", texts[i]);
        }
    }
}

static void which_loss(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        stria_loss_kind of_labels, of_targets;
        int raw_output;
    } models[] = {
        {"input 3\ndense 1 sigmoid\n", STRIA_LOSS_BINARY_CROSSENTROPY, STRIA_LOSS_BINARY_CROSSENTROPY,
         STRIA_RAW_SIGMOID},
        {"input 3\ndense 1\nsigmoid\n", STRIA_LOSS_BINARY_CROSSENTROPY, STRIA_LOSS_BINARY_CROSSENTROPY,
         STRIA_RAW_SIGMOID},
        {"input 3\ndense 1\n", STRIA_LOSS_BINARY_CROSSENTROPY, STRIA_LOSS_MEAN_SQUARED_ERROR,
         STRIA_RAW_NOTHING},
        {"input 3\ndense 2 sigmoid\n", STRIA_LOSS_CATEGORICAL_CROSSENTROPY, STRIA_LOSS_MEAN_SQUARED_ERROR,
         STRIA_RAW_NOTHING},
        {"input 3\ndense 2 softmax\n", STRIA_LOSS_CATEGORICAL_CROSSENTROPY,
         STRIA_LOSS_CATEGORICAL_CROSSENTROPY, STRIA_RAW_SOFTMAX},
    };
    const stria_loss any = read_loss(NULL);
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        stria_model *model = make_model(test.context, models[i].text);
        stria_loss loss;
        stria_error err = {0};
        assert_ok(stria_loss_resolve(&any, model, true, &loss, &err), &err);
        assert_int_equal(loss.kind, models[i].of_labels);
        assert_ok(stria_loss_resolve(&any, model, false, &loss, &err), &err);
        assert_int_equal(loss.kind, models[i].of_targets);
        assert_int_equal(stria_loss_raw_output(&any, model), models[i].raw_output);
        stria_model_free(model);
    }
}

static void what_outputs_say(void **state)
{
    (void)state;
    const stria_loss binary = read_loss("bce"), hinge = read_loss("hinge"),
                     classes = read_loss("categorical_crossentropy");
    const float one[] = {0.2f}, three[] = {-1, 2, 0.5f}, none[] = {(float)NAN};
    assert_int_equal(stria_loss_classes(&binary, 1), 2);
    assert_int_equal(stria_loss_classes(&hinge, 1), 2);
    assert_int_equal(stria_loss_classes(&classes, 1), 1);
    assert_int_equal(stria_loss_classes(&binary, 3), 3);
    assert_int_equal(stria_loss_predicted(&binary, one, 1), 1); /* its sigmoid is above a half */
    assert_int_equal(stria_loss_predicted(&hinge, one, 1), 0);
    assert_int_equal(stria_loss_predicted(&binary, none, 1), 0);
    assert_int_equal(stria_loss_predicted(&classes, three, 3), 1);
    assert_near(stria_loss_probability(&binary, one, 1, 1), 1 / (1 + exp(-0.2)), 1e-7);
    assert_near(stria_loss_probability(&binary, one, 1, 0), 1 / (1 + exp(0.2)), 1e-7);
    assert_near(stria_loss_probability(&hinge, one, 1, 0), 0.8, 1e-7);
    assert_near(stria_loss_probability(&hinge, three, 3, 2), 0.5, 0);
    assert_near(stria_loss_probability(&binary, three, 3, 1), 1 / (1 + exp(-2)), 1e-15);
    assert_near(stria_loss_probability(&classes, three, 3, 0), exp(-1) / (exp(-1) + exp(2) + exp(0.5)),
                1e-15);
    assert_int_equal(stria_loss_marks(&binary, true, 3), 1);
    assert_int_equal(stria_loss_marks(&binary, false, 3), 3);
    assert_int_equal(stria_loss_marks(&hinge, false, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slopes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(labels_are_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_number_of_threads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_outputs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(which_loss, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_outputs_say, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("loss_formulas", tests, NULL, NULL);
}

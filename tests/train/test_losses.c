/* Losses and their gradients against the definitions in double, and by finite differences; reading of
 * outputs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

#define MAX_OUTPUTS 2000

/* The mean loss of a batch in double. */
static double reference_loss(stria_loss_kind loss, const double *outputs, const int32_t *labels,
                             const float *targets, size_t batch, size_t rows, size_t columns)
{
    double sum = 0;
    for (size_t r = 0; r < batch * rows; r++) {
        const double *z = outputs + r * columns;
        double total = 0, row = 0;
        for (size_t j = 0; j < columns; j++)
            total += exp(z[j]);
        for (size_t j = 0; j < columns; j++) {
            const double t =
                targets != NULL ? (double)targets[r * columns + j] : (double)(labels[r] == (int32_t)j);
            if (loss == STRIA_LOSS_MEAN_SQUARED_ERROR)
                row += (z[j] - t) * (z[j] - t) / (double)columns;
            else
                row -= t * (z[j] - log(total));
        }
        sum += row / (double)rows;
    }
    return sum / (double)batch;
}

static void compare(stria_loss_kind loss, bool with_labels, size_t batch, size_t rows, size_t columns)
{
    const size_t count = batch * rows * columns;
    float outputs[MAX_OUTPUTS], targets[MAX_OUTPUTS], gradient[MAX_OUTPUTS];
    double exact[MAX_OUTPUTS], losses[MAX_OUTPUTS];
    int32_t labels[MAX_OUTPUTS];
    assert_true(count <= MAX_OUTPUTS);
    fill_numbers(outputs, count, 1);
    fill_numbers(targets, count, 2);
    for (size_t i = 0; i < count; i++) {
        outputs[i] *= 4;
        exact[i] = outputs[i];
        targets[i] = loss == STRIA_LOSS_MEAN_SQUARED_ERROR ? targets[i] : 0.5f + 0.5f * targets[i];
    }
    for (size_t i = 0; i < batch; i++)
        labels[i] = (int32_t)(i * 7 % columns);
    const stria_loss_call call = {
        .loss = &(stria_loss){.kind = loss},
        .outputs = outputs,
        .labels = with_labels ? labels : NULL,
        .targets = with_labels ? NULL : targets,
        .batch = batch,
        .rows = rows,
        .columns = columns,
        .losses = losses,
        .gradient = gradient,
    };
    int64_t correct;
    const double sum = stria_loss_compute(&call, test.context->kernels, test.context->pool, &correct);
    const double wanted = reference_loss(loss, exact, call.labels, call.targets, batch, rows, columns);
    /* The fused kernel takes exponentials in float; the sums are doubles. */
    assert_near(sum / (double)batch, wanted, 2e-6 * (1 + fabs(wanted)));

    for (size_t i = 0; i < count; i++) {
        const double kept = exact[i], h = 1e-4;
        exact[i] = kept + h;
        const double above = reference_loss(loss, exact, call.labels, call.targets, batch, rows, columns);
        exact[i] = kept - h;
        const double below = reference_loss(loss, exact, call.labels, call.targets, batch, rows, columns);
        exact[i] = kept;
        /* Gradients are floats of at most about 1/batch, the difference quotient errs by h^2. */
        assert_near(gradient[i], (above - below) / (2 * h), 1e-6);
    }

    int64_t right = with_labels ? 0 : -1;
    for (size_t s = 0; with_labels && s < batch; s++)
        right += stria_largest_output(outputs + s * columns, columns) == (size_t)labels[s];
    assert_int_equal(correct, right);

    stria_loss_call without = call;
    without.gradient = NULL;
    int64_t again;
    const double same = stria_loss_compute(&without, test.context->kernels, NULL, &again);
    assert_true(same >= sum && same <= sum);
    assert_int_equal(again, correct);
}

static void cross_entropy_of_labels(void **state)
{
    (void)state;
    compare(STRIA_LOSS_CATEGORICAL_CROSSENTROPY, true, 1, 1, 2);
    compare(STRIA_LOSS_CATEGORICAL_CROSSENTROPY, true, 64, 1, 10);
    compare(STRIA_LOSS_CATEGORICAL_CROSSENTROPY, true, 7, 1, 37);
}

static void cross_entropy_of_targets(void **state)
{
    (void)state;
    compare(STRIA_LOSS_CATEGORICAL_CROSSENTROPY, false, 1, 1, 3);
    compare(STRIA_LOSS_CATEGORICAL_CROSSENTROPY, false, 33, 1, 10);
    compare(STRIA_LOSS_CATEGORICAL_CROSSENTROPY, false, 5, 12, 4);
}

static void squared_error(void **state)
{
    (void)state;
    compare(STRIA_LOSS_MEAN_SQUARED_ERROR, false, 1, 1, 1);
    compare(STRIA_LOSS_MEAN_SQUARED_ERROR, false, 9, 1, 13);
    compare(STRIA_LOSS_MEAN_SQUARED_ERROR, false, 3, 25, 8);
    compare(STRIA_LOSS_MEAN_SQUARED_ERROR, true, 20, 1, 10);
}

/* Equal to labels: targets with a single 1. */
static void one_hot_targets_are_labels(void **state)
{
    (void)state;
    float outputs[6 * 5], targets[6 * 5] = {0}, of_labels[6 * 5], of_targets[6 * 5];
    double losses[6];
    int32_t labels[6];
    fill_numbers(outputs, 30, 3);
    for (int i = 0; i < 6; i++) {
        labels[i] = i * 3 % 5;
        targets[i * 5 + labels[i]] = 1;
    }
    stria_loss_call call = {.loss = &(stria_loss){.kind = STRIA_LOSS_CATEGORICAL_CROSSENTROPY},
                            .outputs = outputs,
                            .labels = labels,
                            .batch = 6,
                            .rows = 1,
                            .columns = 5,
                            .losses = losses,
                            .gradient = of_labels};
    int64_t correct;
    const double by_labels = stria_loss_compute(&call, test.context->kernels, NULL, &correct);
    call.labels = NULL;
    call.targets = targets;
    call.gradient = of_targets;
    const double by_targets = stria_loss_compute(&call, test.context->kernels, NULL, &correct);
    assert_near(by_targets, by_labels, 1e-5);
    for (int i = 0; i < 30; i++)
        assert_near(of_targets[i], of_labels[i], 1e-7);
}

/* Large outputs must not overflow, NaN and infinities must show in the loss. */
static void extreme_outputs(void **state)
{
    (void)state;
    const int32_t label = 1;
    const float target[3] = {0, 1, 0};
    for (int with_labels = 0; with_labels < 2; with_labels++) {
        float outputs[3] = {1e30f, -1e30f, 0}, gradient[3];
        double loss;
        int64_t correct;
        stria_loss_call call = {.loss = &(stria_loss){.kind = STRIA_LOSS_CATEGORICAL_CROSSENTROPY},
                                .outputs = outputs,
                                .labels = with_labels ? &label : NULL,
                                .targets = with_labels ? NULL : target,
                                .batch = 1,
                                .rows = 1,
                                .columns = 3,
                                .losses = &loss,
                                .gradient = gradient};
        const double sum = stria_loss_compute(&call, test.context->kernels, NULL, &correct);
        assert_near(sum, 2e30, 1e24);
        assert_near(gradient[0], 1, 0);
        assert_near(gradient[1], -1, 0);
        assert_near(gradient[2], 0, 0);
        for (int place = 0; place < 3; place++) {
            outputs[0] = outputs[1] = outputs[2] = 0;
            outputs[place] = (float)NAN;
            assert_true(isnan(stria_loss_compute(&call, test.context->kernels, NULL, &correct)));
            outputs[place] = INFINITY;
            const double infinite = stria_loss_compute(&call, test.context->kernels, NULL, &correct);
            assert_true(isnan(infinite) || isinf(infinite));
        }
    }
}

static void largest_output(void **state)
{
    (void)state;
    const float ties[] = {1, 3, 3, 2}, nans[] = {(float)NAN, -5, (float)NAN, -4},
                none[] = {(float)NAN, (float)NAN};
    assert_int_equal(stria_largest_output(ties, 4), 1);
    assert_int_equal(stria_largest_output(nans, 4), 3);
    assert_int_equal(stria_largest_output(none, 2), 0);
}

static void top_predictions(void **state)
{
    (void)state;
    const float output[] = {0.1f, 0.3f, (float)NAN, 0.3f, 0.05f, 0.25f};
    stria_prediction top[6];
    assert_int_equal(stria_top_predictions(output, 6, top, 3), 3);
    assert_int_equal(top[0].index, 1);
    assert_int_equal(top[1].index, 3);
    assert_int_equal(top[2].index, 5);
    assert_near(top[2].probability, 0.25, 0);
    assert_int_equal(stria_top_predictions(output, 6, top, 6), 6);
    assert_int_equal(top[4].index, 4);
    assert_int_equal(top[5].index, 2);
    assert_int_equal(stria_top_predictions(output, 2, top, 6), 2);
    assert_int_equal(top[0].index, 1);
    assert_int_equal(stria_top_predictions(output, 6, top, 0), 0);
    assert_int_equal(stria_top_predictions(output, 0, top, 6), 0);
}

static void which_loss(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_model *softmax = make_model(test.context, plain_bars_text);
    stria_model *linear = make_model(test.context, "input 3\ndense 2\n");
    stria_loss loss;
    assert_ok(stria_loss_resolve(&(stria_loss){.kind = STRIA_LOSS_DEFAULT}, softmax, true, &loss, &err),
              &err);
    assert_int_equal(loss.kind, STRIA_LOSS_CATEGORICAL_CROSSENTROPY);
    assert_ok(stria_loss_resolve(&(stria_loss){.kind = STRIA_LOSS_DEFAULT}, softmax, false, &loss, &err),
              &err);
    assert_int_equal(loss.kind, STRIA_LOSS_CATEGORICAL_CROSSENTROPY);
    assert_ok(stria_loss_resolve(&(stria_loss){.kind = STRIA_LOSS_DEFAULT}, linear, true, &loss, &err), &err);
    assert_int_equal(loss.kind, STRIA_LOSS_CATEGORICAL_CROSSENTROPY);
    assert_ok(stria_loss_resolve(&(stria_loss){.kind = STRIA_LOSS_DEFAULT}, linear, false, &loss, &err),
              &err);
    assert_int_equal(loss.kind, STRIA_LOSS_MEAN_SQUARED_ERROR);
    assert_ok(stria_loss_resolve(&(stria_loss){.kind = STRIA_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY}, softmax,
                                 true, &loss, &err),
              &err);
    assert_int_equal(loss.kind, STRIA_LOSS_CATEGORICAL_CROSSENTROPY);
    assert_status(stria_loss_resolve(&(stria_loss){.kind = STRIA_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY},
                                     softmax, false, &loss, &err),
                  STRIA_ERROR_VALUE, &err);
    assert_message(&err, "needs labels");
    stria_model_free(softmax);
    stria_model_free(linear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cross_entropy_of_labels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cross_entropy_of_targets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(squared_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_hot_targets_are_labels, set_up, tear_down),
        cmocka_unit_test_setup_teardown(extreme_outputs, set_up, tear_down),
        cmocka_unit_test(largest_output),
        cmocka_unit_test(top_predictions),
        cmocka_unit_test_setup_teardown(which_loss, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("losses", tests, NULL, NULL);
}

/* Evaluation against figures worked out by hand and by a second path through the library. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
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

/* Outputs that are the inputs: the "prediction" of a sample is where its largest number stands. */
static stria_model *make_identity(const char *text)
{
    static const float identity[16] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
    stria_error err = {0};
    stria_model *model = make_model(test.context, text);
    assert_ok(stria_model_set_tensor(model, "dense/kernel", identity, 16, &err), &err);
    return model;
}

/* Ten samples of four classes; class 3 neither occurs nor is predicted. */
static const int32_t truth[10] = {0, 0, 0, 0, 1, 1, 1, 2, 2, 2};
static const int32_t guess[10] = {0, 0, 1, 2, 1, 1, 0, 2, 2, 2};

static stria_dataset *make_guesses(void)
{
    float x[40];
    fill_numbers(x, 40, 8);
    for (int i = 0; i < 10; i++)
        x[i * 4 + guess[i]] += 3;
    const stria_shape shape = {1, {4}};
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_ok(stria_dataset_create(&data, test.context, x, &shape, 10, truth, 4, NULL, NULL, &err), &err);
    return data;
}

static void check_guesses(const stria_evaluation *e)
{
    static const int64_t confusion[16] = {2, 1, 1, 0, 1, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0};
    assert_int_equal(e->count, 10);
    assert_int_equal(e->class_count, 4);
    for (int i = 0; i < 16; i++)
        assert_int_equal(e->confusion[i], confusion[i]);
    assert_near(e->accuracy, 0.7, 1e-15);
    static const double precision[4] = {2.0 / 3, 2.0 / 3, 3.0 / 4, 0}, recall[4] = {2.0 / 4, 2.0 / 3, 1, 0};
    static const double f1[4] = {4.0 / 7, 4.0 / 6, 6.0 / 7, 0};
    for (int c = 0; c < 4; c++) {
        assert_near(e->precision[c], precision[c], 1e-15);
        assert_near(e->recall[c], recall[c], 1e-15);
        assert_near(e->f1[c], f1[c], 1e-15);
    }
}

static void figures_by_hand(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_guesses();
    stria_model *logits = make_identity("input 4\ndense 4\n"),
                *softmax = make_identity("input 4\ndense 4 softmax\n");
    stria_evaluation whole = {0}, parts = {0}, ends = {0}, squared = {0};
    assert_ok(stria_evaluate(&whole, logits, data, STRIA_PART_TRAIN, 0, NULL, &err), &err);
    check_guesses(&whole);
    /* A short last batch counts by its own size; a softmax at the end changes nothing. */
    assert_ok(stria_evaluate(&parts, logits, data, STRIA_PART_TRAIN, 4, NULL, &err), &err);
    check_guesses(&parts);
    assert_ok(stria_evaluate(&ends, softmax, data, STRIA_PART_TRAIN, 3, NULL, &err), &err);
    check_guesses(&ends);
    assert_near(parts.loss, whole.loss, 1e-12);
    assert_near(ends.loss, whole.loss, 1e-12);

    float x[40];
    uint32_t order[10];
    double loss = 0, error = 0;
    for (uint32_t i = 0; i < 10; i++)
        order[i] = i;
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, order, 10, NULL, x, NULL, NULL, &err), &err);
    for (int i = 0; i < 10; i++) {
        double sum = 0;
        for (int c = 0; c < 4; c++) {
            sum += exp(x[i * 4 + c]);
            error += pow((double)x[i * 4 + c] - (c == truth[i]), 2) / 4;
        }
        loss += log(sum) - (double)x[i * 4 + truth[i]];
    }
    /* The kernel takes exponentials in float. */
    assert_near(whole.loss, loss / 10, 1e-6);
    assert_ok(stria_evaluate(&squared, logits, data, STRIA_PART_TRAIN, 0, "mean_squared_error", &err), &err);
    assert_near(squared.loss, error / 10, 1e-6);
    check_guesses(&squared);

    stria_evaluation_free(&whole, test.context);
    stria_evaluation_free(&whole, test.context);
    stria_evaluation_free(&parts, test.context);
    stria_evaluation_free(&ends, test.context);
    stria_evaluation_free(&squared, test.context);
    stria_model_free(logits);
    stria_model_free(softmax);
    stria_dataset_free(data);
}

/* The worst samples are those of a list of all, sorted by what a softmax in double says. */
static void worst_samples(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_guesses();
    stria_model *logits = make_identity("input 4\ndense 4\n");
    float x[40];
    uint32_t order[10];
    for (uint32_t i = 0; i < 10; i++)
        order[i] = i;
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, order, 10, NULL, x, NULL, NULL, &err), &err);
    size_t wrong[3] = {2, 3, 6}; /* where guess and truth differ, made the worst first */
    double loss[10], probability[10];
    for (int i = 0; i < 10; i++) {
        double sum = 0;
        for (int c = 0; c < 4; c++)
            sum += exp(x[i * 4 + c]);
        probability[i] = exp(x[i * 4 + guess[i]]) / sum;
        loss[i] = log(sum) - (double)x[i * 4 + truth[i]];
    }
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) {
            if (loss[wrong[j]] < loss[wrong[j + 1]]) {
                const size_t other = wrong[j];
                wrong[j] = wrong[j + 1];
                wrong[j + 1] = other;
            }
        }
    }
    for (size_t room = 0; room <= 5; room++) {
        for (int64_t batch = 1; batch <= 10; batch += 3) {
            stria_sample_result worst[5];
            stria_evaluation e = {0};
            size_t count = room;
            assert_ok(
                stria_evaluate_worst(&e, worst, &count, logits, data, STRIA_PART_TRAIN, batch, NULL, &err),
                &err);
            check_guesses(&e);
            stria_evaluation_free(&e, test.context);
            assert_int_equal(count, room < 3 ? room : 3);
            for (size_t i = 0; i < count; i++) {
                const size_t s = wrong[i];
                assert_int_equal(worst[i].index, s);
                assert_int_equal(worst[i].label, truth[s]);
                assert_int_equal(worst[i].predicted, guess[s]);
                assert_near(worst[i].loss, loss[s], 1e-6);
                assert_near(worst[i].probability, probability[s], 1e-6);
                assert_near(worst[i].label_probability, exp(-loss[s]), 1e-6);
            }
        }
    }
    /* The squared error sees the outputs themselves. */
    stria_sample_result squared[1];
    stria_evaluation e = {0};
    size_t count = 1;
    assert_ok(stria_evaluate_worst(&e, squared, &count, logits, data, STRIA_PART_TRAIN, 0,
                                   "mean_squared_error", &err),
              &err);
    assert_near(squared[0].probability, (double)x[squared[0].index * 4 + squared[0].predicted], 0);
    stria_evaluation_free(&e, test.context);
    stria_model_free(logits);
    stria_dataset_free(data);
}

/* Targets: any sample may be among the worst; a thousand of them through a heap of a hundred. */
static void worst_of_many(void **state)
{
    (void)state;
    enum { ALL = 1000, KEPT = 100 };
    stria_error err = {0};
    stria_dataset *data = NULL;
    stria_model *model = make_identity("input 4\ndense 4\n");
    const stria_shape shape = {1, {4}};
    float *x = calloc(ALL * 4, sizeof *x), *y = calloc(ALL * 4, sizeof *y);
    fill_numbers(y, ALL * 4, 4);
    for (int i = 0; i < ALL; i += 7)
        memcpy(y + i * 4, y, 4 * sizeof *y); /* equal losses */
    y[500 * 4] = (float)NAN;
    assert_ok(stria_dataset_create(&data, test.context, x, &shape, ALL, NULL, 0, y, &shape, &err), &err);
    stria_sample_result worst[KEPT], all[ALL];
    stria_evaluation e = {0};
    size_t kept = KEPT, count = ALL;
    assert_ok(stria_evaluate_worst(&e, worst, &kept, model, data, STRIA_PART_TRAIN, 64, NULL, &err), &err);
    stria_evaluation_free(&e, test.context);
    assert_ok(stria_evaluate_worst(&e, all, &count, model, data, STRIA_PART_TRAIN, 64, NULL, &err), &err);
    stria_evaluation_free(&e, test.context);
    assert_int_equal(kept, KEPT);
    assert_int_equal(count, ALL);
    assert_int_equal(all[0].index, 500);
    assert_true(isnan(all[0].loss));
    for (size_t i = 0; i < ALL; i++) {
        if (i < KEPT)
            assert_int_equal(worst[i].index, all[i].index);
        if (i > 1)
            assert_true(all[i - 1].loss > all[i].loss ||
                        (all[i - 1].loss == all[i].loss && all[i - 1].index < all[i].index));
    }
    free(x);
    free(y);
    stria_model_free(model);
    stria_dataset_free(data);
}

static void targets(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_curve(test.context, 50, 3);
    stria_model *model = make_model(test.context, "input 3\ndense 4 tanh\ndense 2\n");
    stria_evaluation e = {0};
    assert_ok(stria_evaluate(&e, model, data, STRIA_PART_TRAIN, 7, NULL, &err), &err);
    assert_int_equal(e.class_count, 0);
    assert_null(e.confusion);
    assert_near(e.accuracy, -1, 0);
    assert_true(e.loss > 0 && e.loss < 10);
    stria_evaluation_free(&e, test.context);
    stria_model_free(model);
    stria_dataset_free(data);
}

static void refused(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_guesses(), *curve = make_curve(test.context, 5, 3);
    stria_evaluation e = {0};
    stria_model *model = make_identity("input 4\ndense 4\n");
    assert_status(stria_evaluate(&e, model, data, STRIA_PART_TEST, 0, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "no test part");
    assert_status(stria_evaluate(&e, model, data, STRIA_PART_TRAIN, -1, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_status(stria_evaluate(&e, model, data, STRIA_PART_TRAIN, 0, "hinges", &err), STRIA_ERROR_VALUE,
                  &err);
    assert_status(stria_evaluate(&e, model, curve, STRIA_PART_TRAIN, 0, NULL, &err), STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "samples are 3");
    assert_message(&err, "input is 4");
    stria_model_free(model);

    model = make_model(test.context, "input 4\ndense 3\n");
    assert_status(stria_evaluate(&e, model, data, STRIA_PART_TRAIN, 0, NULL, &err), STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "has 4 classes and the model's output 'dense' has 3");
    stria_model_free(model);
    model = make_model(test.context, "input 3\ndense 3\n");
    assert_status(stria_evaluate(&e, model, curve, STRIA_PART_TRAIN, 0, NULL, &err), STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "targets are 2 and");
    assert_status(
        stria_evaluate(&e, model, curve, STRIA_PART_TRAIN, 0, "sparse_categorical_crossentropy", &err),
        STRIA_ERROR_VALUE, &err);
    stria_model_free(model);
    model = make_model(test.context, "a = input 4\nb = input 4\nadd(a, b)\n");
    assert_status(stria_evaluate(&e, model, data, STRIA_PART_TRAIN, 0, NULL, &err), STRIA_ERROR_UNSUPPORTED,
                  &err);
    stria_model_free(model);
    assert_null(e.confusion);
    stria_dataset_free(data);
    stria_dataset_free(curve);
}

/* Pictures with a label each, outputs that are still pictures. */
static void labels_need_one_row(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 6, 1);
    stria_model *model = make_model(test.context, "input 6x6x1\nconv2d 3 3\n");
    stria_evaluation e = {0};
    assert_status(stria_evaluate(&e, model, data, STRIA_PART_TRAIN, 0, NULL, &err), STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "4x4x3");
    assert_message(&err, "flatten");
    stria_model_free(model);
    stria_dataset_free(data);
}

/* A model for any size is planned for the size of the data. */
static void open_sizes(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 6, 1);
    stria_model *model = make_model(test.context, "input ?x?x1\nconv2d 3 3\nglobal_avgpool2d\nsoftmax\n");
    stria_evaluation e = {0};
    assert_ok(stria_evaluate(&e, model, data, STRIA_PART_TRAIN, 0, NULL, &err), &err);
    assert_true(e.loss > 0 && isfinite(e.loss) != 0);
    stria_evaluation_free(&e, test.context);
    stria_model_free(model);
    stria_dataset_free(data);
}

static char warnings[600];

static void keep_warnings(stria_log_level level, const char *message, void *payload)
{
    (void)payload;
    if (level == STRIA_LOG_WARNING)
        snprintf(warnings + strlen(warnings), sizeof warnings - strlen(warnings), "%s;", message);
}

/* One warning for a whole evaluation, whatever the number of its batches, names where NaN began. */
static void not_finite(void **state)
{
    (void)state;
    stria_error err = {0};
    float x[40], kernel[16], bias[4] = {0, NAN, 0, 0};
    fill_numbers(x, 40, 8);
    const stria_shape shape = {1, {4}};
    stria_dataset *data = NULL, *bad = NULL;
    assert_ok(stria_dataset_create(&data, test.context, x, &shape, 10, truth, 4, NULL, NULL, &err), &err);
    x[21] = INFINITY;
    assert_ok(stria_dataset_create(&bad, test.context, x, &shape, 10, truth, 4, NULL, NULL, &err), &err);
    stria_model *model = make_model(test.context, "input 4\na = dense 4\nb = dense 4\nc = dense 4\n");
    stria_evaluation result = {0};
    test.context->log = keep_warnings;

    warnings[0] = '\0';
    assert_ok(stria_evaluate(&result, model, data, STRIA_PART_TRAIN, 4, NULL, &err), &err);
    assert_true(isfinite(result.loss));
    assert_string_equal(warnings, "");
    stria_evaluation_free(&result, test.context);

    assert_ok(stria_evaluate(&result, model, bad, STRIA_PART_TRAIN, 4, NULL, &err), &err);
    assert_true(!isfinite(result.loss));
    assert_non_null(strstr(warnings, "the input 'input_layer' holds NaN or infinity"));
    stria_evaluation_free(&result, test.context);

    for (size_t i = 0; i < 2; i++) {
        warnings[0] = '\0';
        assert_ok(stria_model_get_tensor(model, "b/kernel", kernel, 16, &err), &err);
        kernel[7] = i == 0 ? NAN : 0;
        assert_ok(stria_model_set_tensor(model, "b/kernel", kernel, 16, &err), &err);
        if (i == 1)
            assert_ok(stria_model_set_tensor(model, "c/bias", bias, 4, &err), &err);
        assert_ok(stria_evaluate(&result, model, data, STRIA_PART_TRAIN, 4, NULL, &err), &err);
        assert_true(!isfinite(result.loss));
        char wanted[100];
        snprintf(wanted, sizeof wanted,
                 "the loss is not finite: layer '%s' is the first that gives NaN or infinity;",
                 i == 0 ? "b" : "c");
        assert_string_equal(warnings, wanted);
        stria_evaluation_free(&result, test.context);
    }
    test.context->log = NULL;
    stria_model_free(model);
    stria_dataset_free(data);
    stria_dataset_free(bad);
}

static void failing_allocations(void **state)
{
    (void)state;
    for (size_t n = 1;; n++) {
        test_context_open(&test, 1, NULL);
        stria_dataset *data = make_guesses();
        stria_model *model = make_identity("input 4\ndense 4 softmax\n");
        stria_evaluation e = {0};
        stria_error err = {0};
        test.memory.fail_at = test.memory.calls + n;
        const stria_status status = stria_evaluate(&e, model, data, STRIA_PART_TRAIN, 3, NULL, &err);
        const bool done = test.memory.failures == 0;
        test.memory.fail_at = 0;
        assert_status(status, done ? STRIA_OK : STRIA_ERROR_MEMORY, &err);
        stria_evaluation_free(&e, test.context);
        stria_model_free(model);
        stria_dataset_free(data);
        test_context_close(&test);
        if (done) {
            print_message("%zu allocations failed, all survived\n", n - 1);
            assert_true(n > 5);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(figures_by_hand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(worst_samples, set_up, tear_down),
        cmocka_unit_test_setup_teardown(worst_of_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(targets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(labels_need_one_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(open_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_finite, set_up, tear_down),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests_name("evaluation", tests, NULL, NULL);
}

/* Learning without labels: what S-cells learn from a few patterns, the rules of the competition, the read-out
 * against a class structure that is known. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/training_fixture.h"

static const char *const small_text = "input 6x6x1\n"
                                      "s_cells 6 3 3 learning_selectivity=5\n"
                                      "c_cells 3 2\n"
                                      "s_cells 8 3 2 learning_selectivity=4\n"
                                      "c_cells 3 valid\n"
                                      "flatten\n"
                                      "dense 3 softmax\n";

static stria_learned_layer told[8];
static size_t told_count;

static void note_layer(const stria_learned_layer *layer, void *payload)
{
    (void)payload;
    assert_true(told_count < 8);
    told[told_count++] = *layer;
}

static int stop_at_once(void *payload)
{
    (void)payload;
    return 1;
}

/* Three features that have nothing in common, one for each sample: each takes a plane, with the weights of
 * the rule, and a fourth plane stays silent. */
static void test_planes_take_features(void **state)
{
    (void)state;
    static const float features[3][9] = {
        {1, 0, 0, 0, 0.5F, 0, 0, 0, 0}, {0, 2, 0, 0, 0, 0, 0, 1, 0}, {0, 0, 1, 0, 0, 0, 1, 0, 0}};
    test_context test;
    open_fast_context(&test, 1);
    stria_error err = {0};
    stria_dataset *data = NULL;
    const int32_t labels[3] = {0, 1, 2};
    const stria_shape shape = {3, {3, 3, 1}};
    assert_ok(stria_dataset_create(&data, test.context, features[0], &shape, 3, labels, 3, NULL, NULL, &err),
              &err);
    stria_model *model = make_model(test.context, "input 3x3x1\ns_cells 4 3 4 valid decay=0.5\n");
    const stria_unsupervised_options options = {
        .rule = "winner-take-all rate=50 passes=3", .no_shuffle = 1, .on_layer = note_layer};
    stria_unsupervised_result result;
    told_count = 0;
    assert_ok(stria_train_unsupervised(model, data, &options, &result, &err), &err);
    assert_int_equal(result.layers, 1);
    assert_int_equal(result.planes, 4);
    assert_int_equal(result.planes_used, 3);
    assert_int_equal(result.labelled, 0);
    assert_int_equal(told_count, 1);
    assert_string_equal(told[0].layer, "s_cells");
    assert_int_equal(told[0].samples, 9);
    const float *kernel = stria_model_tensor_data(model, 0), *inhibition = stria_model_tensor_data(model, 1);
    double sum = 0;
    for (int t = 0; t < 9; t++)
        sum += pow(0.5, hypot(t / 3 - 1, t % 3 - 1));
    for (int k = 0; k < 3; k++) {
        double square = 0;
        for (int t = 0; t < 9; t++) {
            const double w = pow(0.5, hypot(t / 3 - 1, t % 3 - 1)) / sum, x = (double)features[k][t];
            assert_near((double)kernel[t * 4 + k], 50 * w * x, 1e-5);
            square += w * x * x;
        }
        assert_near((double)inhibition[k], 50 * sqrt(square), 1e-4);
    }
    for (int t = 0; t < 9; t++)
        assert_near((double)kernel[t * 4 + 3], 0, 0);
    assert_near((double)inhibition[3], 0, 0);

    /* Reinforcement: the same features once more, each by the plane that has it, by half of q. */
    const stria_unsupervised_options again = {
        .rule = "winner-take-all rate=50 reinforcement=0.5", .no_shuffle = 1, .keep_parameters = 1};
    float first[9 * 4];
    memcpy(first, kernel, sizeof first);
    assert_ok(stria_train_unsupervised(model, data, &again, &result, &err), &err);
    assert_int_equal(result.planes_used, 3);
    for (int i = 0; i < 9 * 4; i++)
        assert_near((double)kernel[i], 1.5 * (double)first[i], 1e-5);
    stria_model_free(model);
    stria_dataset_free(data);
    test_context_close(&test);
}

/* Two features far apart in one picture, one of them stronger, and a weak one between them: the stronger
 * wins, the weak one is barred by the square around it, and the other learns as well. */
static void test_winners_bar_their_neighbours(void **state)
{
    (void)state;
    test_context test;
    open_fast_context(&test, 1);
    stria_error err = {0};
    /* 1x1 windows over two channels: a place's feature is the ratio of its channels. */
    stria_model *model = make_model(test.context, "input 1x9x2\ns_cells 3 1 4 competition=5\n");
    float *kernel = stria_model_tensor_data(model, 0), *inhibition = stria_model_tensor_data(model, 1);
    static const float known[6] = {10, 0, 7, 0, 10, 7}; /* [2,3]: channel 0, channel 1, both */
    static const double v[3] = {0.5, 0.5, 0.5};
    memcpy(kernel, known, sizeof known);
    for (int k = 0; k < 3; k++)
        inhibition[k] = (float)(20 * sqrt(v[k]));
    float x[18] = {0};
    x[2 * 1] = 9;                   /* channel 0, strong */
    x[2 * 3] = x[2 * 3 + 1] = 0.1F; /* both, faint, two places on: barred */
    x[2 * 7 + 1] = 3;               /* channel 1, far away */
    stria_dataset *data = NULL;
    const int32_t label = 0;
    const stria_shape shape = {3, {1, 9, 2}};
    assert_ok(stria_dataset_create(&data, test.context, x, &shape, 1, &label, 1, NULL, NULL, &err), &err);
    const stria_unsupervised_options options = {.rule = "winner-take-all rate=1 reinforcement=1",
                                                .keep_parameters = 1};
    assert_ok(stria_train_unsupervised(model, data, &options, NULL, &err), &err);
    /* w of a 1x1 window over two channels is 1/2. */
    assert_near((double)kernel[0], 10 + 0.5 * 9, 1e-5);
    assert_near((double)kernel[3 + 1], 10 + 0.5 * 3, 1e-5);
    assert_near((double)kernel[2], 7, 0);
    assert_near((double)kernel[3 + 2], 7, 0);
    assert_near((double)inhibition[2], 20 * sqrt(0.5), 1e-5);
    stria_dataset_free(data);
    stria_model_free(model);
    test_context_close(&test);
}

/* The same bits on one thread and on three, other bits from another order of the samples. */
static void test_same_bits_on_any_threads(void **state)
{
    (void)state;
    static const char *const rules[] = {NULL, "winner-take-all reinforcement=0.3 passes=2 rate=20"};
    for (size_t r = 0; r < 2; r++) {
        test_context test[3];
        stria_model *models[3];
        for (int i = 0; i < 3; i++) {
            stria_error err = {0};
            open_fast_context(&test[i], i == 1 ? 3 : 1);
            stria_dataset *data = make_bars(test[i].context, 60, 5);
            models[i] = make_model(test[i].context, small_text);
            const stria_unsupervised_options options = {.rule = rules[r], .seed = i == 2 ? 1 : 0};
            assert_ok(stria_train_unsupervised(models[i], data, &options, NULL, &err), &err);
            stria_dataset_free(data);
        }
        assert_same_parameters(models[0], models[1]);
        size_t count;
        float *a = copy_parameters(models[0], &count), *b = copy_parameters(models[2], &count);
        assert_memory_not_equal(a, b, count * sizeof(float));
        free(a);
        free(b);
        for (int i = 0; i < 3; i++) {
            stria_model_free(models[i]);
            test_context_close(&test[i]);
        }
    }
}

/* The read-out is the discriminant of two classes with known means and variances: with features that do not
 * go together it is, for each, the difference of means over the variance. */
static void test_read_out(void **state)
{
    (void)state;
    enum { SAMPLES = 40 };
    test_context test;
    open_fast_context(&test, 1);
    stria_error err = {0};
    float x[SAMPLES][4];
    int32_t labels[SAMPLES];
    for (int s = 0; s < SAMPLES; s++) {
        const int a = s / 4 % 2 != 0 ? 1 : -1,
                  b = s / 8 % 2 != 0 ? 1 : -1; /* deviations, balanced but for rests */
        labels[s] = s % 4 == 0;
        x[s][0] = 5 + 2 * (float)labels[s] + 0.5F * (float)a;
        x[s][1] = 3 - (float)labels[s] + 1.0F * (float)b;
        x[s][2] = 1; /* says nothing */
        x[s][3] = 0;
    }
    stria_dataset *data = NULL;
    const stria_shape shape = {3, {2, 2, 1}};
    assert_ok(stria_dataset_create(&data, test.context, x[0], &shape, SAMPLES, labels, 2, NULL, NULL, &err),
              &err);
    /* The S-cells only make the call legal: the read-out sees the input. */
    stria_model *model = make_model(test.context, "x = input 2x2x1\ns = s_cells 1 1 4\nc = c_cells(s) 1\n"
                                                  "flat = flatten(x)\nside = flatten(c)\n"
                                                  "both = concat(flat, side)\ndense(both) 2 softmax\n");
    const stria_unsupervised_options options = {.rule = "winner-take-all shrinkage=1e-6"};
    stria_unsupervised_result result;
    assert_ok(stria_train_unsupervised(model, data, &options, &result, &err), &err);
    assert_int_equal(result.labelled, 1);
    assert_near(measured_accuracy(&test, model, data, STRIA_PART_TRAIN), 1, 0);
    assert_int_equal(stria_model_class_count(model), 2);
    stria_model_free(model);

    /* Against the closed form: one feature of mean 5 or 7 and variance 0.25 within the classes. */
    for (int s = 0; s < SAMPLES; s++)
        x[s][1] = x[s][2] = 0;
    stria_dataset_free(data);
    const stria_shape one = {3, {1, 1, 4}};
    assert_ok(stria_dataset_create(&data, test.context, x[0], &one, SAMPLES, labels, 2, NULL, NULL, &err),
              &err);
    model = make_model(test.context, "x = input 1x1x4\ns_cells 1 1 4\nflat = flatten(x)\ndense(flat) 3\n");
    assert_ok(stria_train_unsupervised(model, data, &options, &result, &err), &err);
    float kernel[12], bias[3];
    assert_ok(stria_model_get_tensor(model, "dense/kernel", kernel, 12, &err), &err);
    assert_ok(stria_model_get_tensor(model, "dense/bias", bias, 3, &err), &err);
    /* x . m/S - m^2/(2S) + log n; the difference of the two classes. */
    assert_near((double)(kernel[1] - kernel[0]), (7.0 - 5.0) / 0.25, 1e-3);
    assert_near((double)(bias[1] - bias[0]), -(49.0 - 25.0) / 0.5 + log(10.0 / 30.0), 1e-2);
    assert_near((double)kernel[2], 0, 0); /* a class that the data does not have */
    assert_near((double)bias[2], log(0.5), 1e-6);
    stria_model_free(model);
    stria_dataset_free(data);
    test_context_close(&test);
}

static void refuse(stria_context *context, const char *text, const stria_dataset *data,
                   const stria_unsupervised_options *options, stria_status status, const char *says)
{
    stria_error err = {0};
    stria_model *model = make_model(context, text);
    assert_status(stria_train_unsupervised(model, data, options, NULL, &err), status, &err);
    assert_message(&err, says);
    stria_model_free(model);
}

static void test_refusals(void **state)
{
    (void)state;
    test_context test;
    open_fast_context(&test, 1);
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 12, 1);
    refuse(test.context, plain_bars_text, data, NULL, STRIA_ERROR_VALUE, "no s_cells that may learn");
    refuse(test.context, "input 5x6x1\ns_cells 2 3\n", data, NULL, STRIA_ERROR_SHAPE, "input 6x6x1");
    refuse(test.context, small_text, data, &(stria_unsupervised_options){.rule = "winner-takes-all"},
           STRIA_ERROR_VALUE, "did you mean 'winner-take-all'?");
    refuse(test.context, small_text, data, &(stria_unsupervised_options){.rule = "winner-take-all rate=0"},
           STRIA_ERROR_VALUE, "rate");
    refuse(test.context, small_text, data, &(stria_unsupervised_options){.cancelled = stop_at_once},
           STRIA_ERROR_CANCELLED, "nothing was saved");
    refuse(test.context, "input 6x6x1\ns_cells 2 3\nc_cells 3\nflatten\ndense 2 softmax\n", data, NULL,
           STRIA_ERROR_SHAPE, "dense 3 softmax");
    refuse(test.context, "input 6x6x1\nrescaling 0\ns_cells 2 3\nc_cells 3\nflatten\ndense 3 softmax\n", data,
           NULL, STRIA_ERROR_VALUE, "layer 's_cells' learned nothing");
    refuse(test.context, "input 6x6x1\ns_cells 120 3\nflatten\ndense 3 softmax\n", data, NULL,
           STRIA_ERROR_LIMIT, "4320");
    stria_model *frozen = make_model(test.context, small_text);
    assert_ok(stria_model_freeze(frozen, "s_cells*", &err), &err);
    assert_status(stria_train_unsupervised(frozen, data, NULL, NULL, &err), STRIA_ERROR_VALUE, &err);
    stria_model_free(frozen);
    stria_dataset_free(data);
    test_context_close(&test);
}

/* Every allocation fails once. */
static void test_out_of_memory(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t n = 1;; n++) {
        test_context test;
        stria_error err = {0};
        open_fast_context(&test, 1);
        stria_dataset *data = make_bars(test.context, 12, 1);
        stria_model *model = make_model(test.context, small_text);
        test.memory.fail_at = test.memory.calls + n;
        const stria_status status = stria_train_unsupervised(model, data, NULL, NULL, &err);
        const bool met = test.memory.calls >= test.memory.fail_at;
        if (met)
            assert_status(status, STRIA_ERROR_MEMORY, &err);
        else
            assert_ok(status, &err);
        failed += met;
        stria_model_free(model);
        stria_dataset_free(data);
        test_context_close(&test);
        if (!met)
            break;
    }
    assert_true(failed > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planes_take_features),
        cmocka_unit_test(test_winners_bar_their_neighbours),
        cmocka_unit_test(test_same_bits_on_any_threads),
        cmocka_unit_test(test_read_out),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Adapting normalization layers to data: the numbers of Keras and numpy (keras_adapt.npz, made by
 * make_keras_adapt.py), the same bits on any number of threads, what training does of it by itself, and what
 * is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/dataset.h"
#include "train/keras_archive.h"

static test_context test;
static char told[2000]; /* the lines of the log */

static void keep_lines(stria_log_level level, const char *message, void *payload)
{
    (void)payload;
    const size_t length = strlen(told);
    snprintf(told + length, sizeof told - length, "%s%s\n", level == STRIA_LOG_WARNING ? "warning: " : "",
             message);
}

static void open_context(int threads)
{
    open_fast_context(&test, threads);
    test.context->log = keep_lines;
    told[0] = '\0';
}

static int set_up(void **state)
{
    (void)state;
    open_context(2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_context_close(&test);
    return 0;
}

/* Samples of `shape` with targets that nobody looks at, as many as the output has. */
static stria_dataset *make_data(const float *x, const stria_shape *shape, size_t count)
{
    static const float targets[1000];
    const stria_shape target = {1, {1}};
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_ok(stria_dataset_create(&data, test.context, x, shape, count, NULL, 0, targets, &target, &err),
              &err);
    return data;
}

/* Two numbers for each of `count` samples, the second larger and off 0. */
static stria_dataset *make_pairs(size_t count)
{
    float x[600];
    fill_numbers(x, 2 * count, 3);
    for (size_t i = 0; i < count; i++)
        x[2 * i + 1] = 40 * x[2 * i + 1] + 7;
    return make_data(x, &(stria_shape){1, {2}}, count);
}

static const float *tensor(const stria_model *model, const char *name)
{
    stria_tensor_info info;
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++)
        if (strcmp(info.name, name) == 0)
            return stria_model_tensor_data_const(model, i);
    fail_msg("there is no tensor %s", name);
    return NULL;
}

/* ---- Numbers ---- */

static const struct {
    const char *of, *data, *text;
    size_t samples, outputs; /* of a sample */
    stria_shape shape;
} cases[] = {
    {"pictures", "pictures", "input 4x3x2\nnormalization\n", 150, 24, {3, {4, 3, 2}}},
    {"features", "features", "input 3\nnormalization\n", 65, 3, {1, {3}}},
    {"one", "features", "input 3\nnormalization\n", 1, 3, {1, {3}}},
    {"invert", "features", "input 3\nnormalization invert=yes\n", 65, 3, {1, {3}}},
    {"chain",
     "pictures",
     "input 4x3x2\nnormalization\nconv2d 3 2 relu\nnormalization\ndense 2\n",
     150,
     12,
     {3, {4, 3, 2}}},
};

static void start(const keras_archive *archive, stria_model *model, const char *of)
{
    stria_tensor_info info;
    stria_error err = {0};
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        if (strncmp(info.name, "normalization", 13) == 0)
            continue;
        char name[100];
        snprintf(name, sizeof name, "%s.start.%s", of, info.name);
        *strchr(name, '/') = '.';
        float *values = read_member(archive, name, (size_t)info.count, NULL);
        assert_ok(stria_model_set_tensor(model, info.name, values, (size_t)info.count, &err), &err);
        free(values);
    }
}

/* Against numpy's doubles to the last bits of a float; against Keras's floats as far as those go. */
static void compare(const keras_archive *archive, const stria_model *model, const char *of)
{
    stria_tensor_info info;
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        if (strncmp(info.name, "normalization", 13) != 0)
            continue;
        char name[100];
        double wanted[3];
        const size_t count = (size_t)info.count;
        const float *got = stria_model_tensor_data_const(model, i);
        snprintf(name, sizeof name, "%s.wanted.%s", of, info.name);
        *strchr(name, '/') = '.';
        free(read_member(archive, name, count, wanted));
        snprintf(name, sizeof name, "%s.keras.%s", of, info.name);
        *strchr(name, '/') = '.';
        float *keras = read_member(archive, name, count, NULL);
        for (size_t c = 0; c < count; c++) {
            /* Behind other layers numpy saw Keras's floats. */
            const double tolerance = strcmp(of, "chain") == 0 ? 1e-6 : 1e-7;
            assert_near((double)got[c], wanted[c], tolerance * fabs(wanted[c]));
            assert_near((double)got[c], (double)keras[c], 1e-5 * fabs((double)keras[c]));
        }
        free(keras);
    }
}

static void keras_numbers(void **state)
{
    (void)state;
    keras_archive archive;
    open_archive(&archive, "keras_adapt.npz");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *of = cases[i].of;
        const size_t count = (size_t)stria_shape_elements(&cases[i].shape),
                     all = strcmp(of, "one") == 0 ? 65 : cases[i].samples;
        float *x = read_member(&archive, cases[i].data, all * count, NULL);
        stria_dataset *data = make_data(x, &cases[i].shape, cases[i].samples);
        stria_model *model = make_model(test.context, cases[i].text);
        stria_error err = {0};
        size_t adapted = 0;
        start(&archive, model, of);
        assert_ok(stria_model_adapt(model, data, NULL, &adapted, &err), &err);
        assert_int_equal(adapted, strcmp(of, "chain") == 0 ? 2 : 1);
        compare(&archive, model, of);

        const int64_t batch = cases[i].samples < 4 ? (int64_t)cases[i].samples : 4;
        const size_t outputs = (size_t)batch * cases[i].outputs;
        char name[100];
        snprintf(name, sizeof name, "%s.y", of);
        float *y = read_member(&archive, name, outputs, NULL);
        stria_plan *plan = NULL;
        assert_ok(stria_plan_create(&plan, model, &(stria_plan_options){.batch = batch}, &err), &err);
        assert_ok(stria_plan_run(plan, (const float *const[]){x}, batch, &err), &err);
        double difference = 0, largest = 1;
        for (size_t e = 0; e < outputs; e++) {
            difference = fmax(difference, fabs((double)stria_plan_output(plan, 0)[e] - (double)y[e]));
            largest = fmax(largest, fabs((double)y[e]));
        }
        print_message("%s: outputs differ by %.2g of %.3g\n", of, difference, largest);
        assert_true(difference <= 2e-5 * largest);
        stria_plan_free(plan);
        stria_model_free(model);
        stria_dataset_free(data);
        free(x);
        free(y);
    }
    close_archive(&archive);
}

/* ---- The call ---- */

static const char *const chain_text =
    "input 2\na = normalization\ndense 5 tanh\nb = normalization\ndense 1\n";

static void same_bits_on_any_number_of_threads(void **state)
{
    (void)state;
    float *first = NULL;
    for (int threads = 1; threads <= 8; threads = threads < 3 ? threads + 1 : threads + 5) {
        open_context(threads);
        stria_dataset *data = make_pairs(200);
        stria_model *model = make_model(test.context, chain_text);
        stria_error err = {0};
        size_t count;
        assert_ok(stria_model_adapt(model, data, NULL, NULL, &err), &err);
        float *values = copy_parameters(model, &count);
        if (first == NULL)
            first = values;
        assert_memory_equal(values, first, count * sizeof *values);
        if (first != values)
            free(values);
        stria_model_free(model);
        stria_dataset_free(data);
        test_context_close(&test);
    }
    free(first);
}

static void adapted_layers_may_be_left_alone(void **state)
{
    (void)state;
    stria_dataset *data = make_pairs(100);
    stria_model *model = make_model(test.context, chain_text);
    stria_error err = {0};
    size_t adapted = 9;
    const float mean[] = {1, 2};
    assert_ok(stria_model_set_tensor(model, "a/mean", mean, 2, &err), &err);
    const stria_adapt_options keep = {.struct_size = sizeof keep, .keep_adapted = 1};
    assert_ok(stria_model_adapt(model, data, &keep, &adapted, &err), &err);
    assert_int_equal(adapted, 1);
    assert_memory_equal(tensor(model, "a/mean"), mean, sizeof mean);
    assert_true(fabsf(tensor(model, "b/mean")[0]) > 0);
    assert_string_equal(told, "b: mean and variance are those of 100 samples\n");
    assert_ok(stria_model_adapt(model, data, &keep, &adapted, &err), &err);
    assert_int_equal(adapted, 0);
    assert_ok(stria_model_adapt(model, data, NULL, &adapted, &err), &err);
    assert_int_equal(adapted, 2);
    assert_near((double)tensor(model, "a/variance")[1], 1600.0 / 3, 120);
    assert_non_null(stria_model_metadata(model, "preprocessing"));
    stria_model_free(model);
    stria_dataset_free(data);
}

/* Frozen layers and given numbers are not adapted; a layer used twice is, to its first use. */
static void frozen_given_and_shared(void **state)
{
    (void)state;
    stria_dataset *data = make_pairs(100);
    stria_model *model = make_model(test.context, "x = input 2\n"
                                                  "f = normalization\n"
                                                  "normalization mean=1 variance=4\n"
                                                  "s = normalization\n"
                                                  "s(f)\n"
                                                  "dense 1\n");
    stria_model *alone =
        make_model(test.context, "input 2\nnormalization mean=1 variance=4\ns = normalization\ndense 1\n");
    stria_error err = {0};
    size_t adapted = 0;
    assert_ok(stria_model_freeze(model, "f", &err), &err);
    assert_ok(stria_model_adapt(model, data, NULL, &adapted, &err), &err);
    assert_int_equal(adapted, 1);
    assert_near((double)tensor(model, "f/mean")[1], 0, 0);
    assert_near((double)tensor(model, "f/variance")[1], 1, 0);
    assert_ok(stria_model_adapt(alone, data, NULL, &adapted, &err), &err);
    assert_int_equal(adapted, 1);
    for (int c = 0; c < 2; c++) {
        assert_near((double)tensor(model, "s/mean")[c], (double)tensor(alone, "s/mean")[c], 0);
        assert_near((double)tensor(model, "s/variance")[c], (double)tensor(alone, "s/variance")[c], 0);
    }
    stria_model_free(model);
    stria_model_free(alone);
    stria_dataset_free(data);
}

static void constant_channels_are_named(void **state)
{
    (void)state;
    float x[300];
    fill_numbers(x, 300, 5);
    for (size_t i = 0; i < 100; i++)
        x[3 * i + 1] = 0.1f;
    const stria_shape shape = {1, {3}};
    stria_model *model = make_model(test.context, "input 3\nnormalization\ndense 1\n");
    stria_error err = {0};
    stria_dataset *data = make_data(x, &shape, 100);
    assert_ok(stria_model_adapt(model, data, NULL, NULL, &err), &err);
    assert_near((double)tensor(model, "normalization/mean")[1], 0.1f, 0);
    assert_near((double)tensor(model, "normalization/variance")[1], 0, 0);
    assert_string_equal(told,
                        "warning: normalization: 1 of the 3 channels that it sees of the data never changes; "
                        "the first is channel 1, always 0.1\n"
                        "normalization: mean and variance are those of 100 samples\n");
    stria_dataset_free(data);
    stria_model_free(model);
}

static int stop(void *payload)
{
    int *asked = payload;
    return ++*asked == 2;
}

/* Whatever stops it, also behind a layer that was adapted already, leaves the parameters. */
static void refusals(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_model *model = make_model(test.context, chain_text),
                *untouched = make_model(test.context, chain_text);
    stria_dataset *data = make_pairs(100);

    int asked = 0;
    const stria_adapt_options cancel = {.cancelled = stop, .payload = &asked};
    assert_status(stria_model_adapt(model, data, &cancel, NULL, &err), STRIA_ERROR_CANCELLED, &err);
    asked = -2; /* each layer sees two batches */
    assert_status(stria_model_adapt(model, data, &cancel, NULL, &err), STRIA_ERROR_CANCELLED, &err);
    assert_same_parameters(model, untouched);
    stria_dataset_free(data);

    float x[200];
    fill_numbers(x, 200, 4);
    const stria_shape shape = {1, {2}};
    const float bad[] = {NAN, INFINITY, 3e38f};
    for (size_t i = 0; i < 3; i++) {
        x[151] = bad[i];
        data = make_data(x, &shape, 100);
        assert_status(stria_model_adapt(model, data, NULL, NULL, &err), STRIA_ERROR_VALUE, &err);
        assert_message(&err, "layer 'a' cannot be adapted: channel 1 of what it sees of the data, the output "
                             "of 'input_layer', has mean ");
        assert_same_parameters(model, untouched);
        const stria_train_options options = {.epochs = 1, .seed = 3};
        assert_status(stria_train(model, data, &options, NULL, &err), STRIA_ERROR_VALUE, &err);
        assert_message(&err, "layer 'a' cannot be adapted");
        assert_same_parameters(model, untouched);
        stria_dataset_free(data);
    }

    /* The first layer is fine, what the second sees is not. */
    const float bias[] = {0, 0, 0, 0, INFINITY};
    stria_model *endless =
        make_model(test.context, "input 2\na = normalization\ndense 5\nb = normalization\n");
    assert_ok(stria_model_set_tensor(endless, "dense/bias", bias, 5, &err), &err);
    assert_ok(stria_model_initialize(untouched, 0, &err), &err);
    data = make_pairs(100);
    assert_status(stria_model_adapt(endless, data, NULL, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "layer 'b' cannot be adapted: channel 4 of what it sees of the data, the output of "
                         "'dense', has mean ");
    assert_near((double)tensor(endless, "a/mean")[1], 0, 0);
    stria_model_free(endless);

    data->parts[STRIA_PART_TRAIN].count = 0;
    assert_status(stria_model_adapt(model, data, NULL, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "the data has no training part");
    data->parts[STRIA_PART_TRAIN].count = 100;

    stria_model *other = make_model(test.context, "input 3\nnormalization\n");
    assert_status(stria_model_adapt(other, data, NULL, NULL, &err), STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "the data's samples are 2 and the model's input is 3");
    stria_model_free(other);

    const stria_parse_options description = {.struct_size = sizeof description, .without_parameters = 1};
    assert_ok(stria_model_parse(&other, test.context, chain_text, strlen(chain_text), &description, &err),
              &err);
    assert_status(stria_model_adapt(other, data, NULL, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "initialize it first");
    stria_model_free(other);

    stria_model_free(model);
    stria_model_free(untouched);
    stria_dataset_free(data);
}

static int count(void *payload)
{
    int *asked = payload;
    ++*asked;
    return 0;
}

/* Of the call, and of a training: allocation n = 1, 2, ... fails until none is left. Up to the first step,
 * after adapting has asked twice for each of the two layers, the parameters are as they were. */
static void failing_allocations(void **state)
{
    (void)state;
    for (int train = 0; train < 2; train++) {
        bool done = false;
        for (size_t n = 1; !done; n++) {
            open_context(1 + train);
            stria_dataset *data = make_pairs(100);
            stria_model *model = make_model(test.context, chain_text),
                        *untouched = make_model(test.context, chain_text);
            stria_error err = {0};
            int asked = 0;
            const stria_train_options options = {
                .epochs = 1, .seed = 3, .cancelled = count, .payload = &asked};
            test.memory.fail_at = test.memory.calls + n;
            const stria_status status = train ? stria_train(model, data, &options, NULL, &err)
                                              : stria_model_adapt(model, data, NULL, NULL, &err);
            done = test.memory.failures == 0;
            test.memory.fail_at = 0;
            assert_status(status, done ? STRIA_OK : STRIA_ERROR_MEMORY, &err);
            if (asked <= 4 && !done)
                assert_same_parameters(model, untouched);
            if (done)
                print_message("%zu allocations failed, all survived\n", n - 1);
            assert_true(!done || n > 15);
            stria_model_free(model);
            stria_model_free(untouched);
            stria_dataset_free(data);
            test_context_close(&test);
        }
    }
}

/* ---- Training ---- */

/* Training is the same as adapting first and going on from there; with validation it does not look at that
 * part, and what it was given it keeps. */
static void training_adapts_first(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_pairs(100);
    stria_train_options options = {.epochs = 2, .batch = 16, .seed = 7};
    stria_model *by_itself = make_model(test.context, chain_text),
                *by_hand = make_model(test.context, chain_text);
    assert_ok(stria_train(by_itself, data, &options, NULL, &err), &err);
    assert_string_equal(told, "a: mean and variance are those of 100 samples\n"
                              "b: mean and variance are those of 100 samples\n");
    assert_ok(stria_model_initialize(by_hand, 7, &err), &err);
    assert_ok(stria_model_adapt(by_hand, data, NULL, NULL, &err), &err);
    told[0] = '\0';
    options.keep_parameters = 1;
    assert_ok(stria_train(by_hand, data, &options, NULL, &err), &err);
    assert_same_parameters(by_itself, by_hand);
    assert_string_equal(told, "");

    stria_model *part = make_model(test.context, chain_text), *of_part = make_model(test.context, chain_text);
    stria_dataset *first = make_pairs(80); /* the first 80 of the 100 */
    options.keep_parameters = 0;
    options.validation = 0.2;
    assert_ok(stria_train(part, data, &options, NULL, &err), &err);
    assert_string_equal(told, "a: mean and variance are those of 80 samples\n"
                              "b: mean and variance are those of 80 samples\n");
    assert_ok(stria_model_adapt(of_part, first, NULL, NULL, &err), &err);
    assert_memory_equal(tensor(part, "a/mean"), tensor(of_part, "a/mean"), 2 * sizeof(float));
    assert_memory_equal(tensor(part, "a/variance"), tensor(of_part, "a/variance"), 2 * sizeof(float));

    /* Layers that are frozen keep what they start with, also in training. */
    stria_model *frozen = make_model(test.context, chain_text);
    assert_ok(stria_model_freeze(frozen, "a", &err), &err);
    assert_ok(stria_train(frozen, data, &options, NULL, &err), &err);
    assert_near((double)tensor(frozen, "a/variance")[1], 1, 0);
    stria_model_free(frozen);
    stria_model_free(part);
    stria_model_free(of_part);
    stria_model_free(by_itself);
    stria_model_free(by_hand);
    stria_dataset_free(data);
    stria_dataset_free(first);
}

static int stop_at(void *payload)
{
    int *steps = payload;
    return --*steps == 0;
}

/* Adapting asks twice for each of the two layers, the training after each of 7 steps. */
static void a_resumed_training_does_not_adapt_again(void **state)
{
    (void)state;
    stria_error err = {0};
    temporary_folder folder;
    char whole[TEMPORARY_PATH_SIZE], broken[TEMPORARY_PATH_SIZE];
    temporary_folder_make(&folder);
    stria_dataset *data = make_pairs(100);
    stria_train_options options = {.epochs = 2, .batch = 16, .seed = 7, .command = "train"};
    options.output = temporary_folder_path(&folder, "whole.safetensors", whole);
    stria_model *model = make_model(test.context, chain_text);
    assert_ok(stria_train(model, data, &options, NULL, &err), &err);
    stria_model_free(model);

    options.output = temporary_folder_path(&folder, "broken.safetensors", broken);
    options.resume = 1;
    options.cancelled = stop_at;
    const int stops[] = {2, 6, 3, 4}; /* in adapting first, and then there is nothing to resume */
    for (size_t i = 0; i < 4; i++) {
        int left = stops[i];
        options.payload = &left;
        model = make_model(test.context, chain_text);
        told[0] = '\0';
        assert_status(stria_train(model, data, &options, NULL, &err), STRIA_ERROR_CANCELLED, &err);
        assert_message(&err, i == 0 ? "adapting to the data was stopped" : "resume goes on from there");
        assert_int_equal(strstr(told, "mean and variance") != NULL, i == 1);
        stria_model_free(model);
    }
    int never = 0;
    options.payload = &never;
    told[0] = '\0';
    model = make_model(test.context, chain_text);
    assert_ok(stria_train(model, data, &options, NULL, &err), &err);
    assert_null(strstr(told, "mean and variance"));
    assert_non_null(strstr(told, "going on from "));
    stria_model_free(model);
    assert_same_files(whole, broken);
    stria_dataset_free(data);
    temporary_folder_remove(&folder);
}

static void learning_without_labels_adapts_when_the_turn_comes(void **state)
{
    (void)state;
    const char *text = "input 6x6x1\nnormalization\nrelu\ns_cells 4 3 2\nc_cells 3 2\nb = normalization\n";
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 90, 2);
    stria_model *learned = make_model(test.context, text), *again = make_model(test.context, text);
    const stria_unsupervised_options options = {.seed = 3};
    assert_ok(stria_train_unsupervised(learned, data, &options, NULL, &err), &err);
    assert_string_equal(told, "normalization: mean and variance are those of 90 samples\n"
                              "b: mean and variance are those of 90 samples\n");
    assert_ok(stria_model_adapt(again, data, NULL, NULL, &err), &err);
    assert_memory_equal(tensor(learned, "normalization/mean"), tensor(again, "normalization/mean"),
                        sizeof(float));
    assert_true(tensor(learned, "b/mean")[0] > 0);

    /* It keeps what it has. */
    told[0] = '\0';
    const stria_unsupervised_options keep = {.seed = 3, .keep_parameters = 1};
    assert_ok(stria_train_unsupervised(learned, data, &keep, NULL, &err), &err);
    assert_null(strstr(told, "mean and variance"));
    stria_model_free(learned);
    stria_model_free(again);
    stria_dataset_free(data);
}

int main(void)
{
#define IN_CONTEXT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_CONTEXT(keras_numbers),
        cmocka_unit_test(same_bits_on_any_number_of_threads),
        IN_CONTEXT(adapted_layers_may_be_left_alone),
        IN_CONTEXT(frozen_given_and_shared),
        IN_CONTEXT(constant_channels_are_named),
        IN_CONTEXT(refusals),
        cmocka_unit_test(failing_allocations),
        IN_CONTEXT(training_adapts_first),
        IN_CONTEXT(a_resumed_training_does_not_adapt_again),
        IN_CONTEXT(learning_without_labels_adapts_when_the_turn_comes),
    };
    return cmocka_run_group_tests_name("adapt", tests, NULL, NULL);
}

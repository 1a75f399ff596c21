/* Whole trainings without files: what is learned, validated, reported, and when it stops. */
#include <math.h>
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

/* What a training told its caller. */
typedef struct diary {
    stria_epoch epochs[64];
    int epoch_count;
    int progress_count;
    stria_progress progress;
    stria_model *model; /* its parameters are copied at every best epoch */
    float *best;
    int steps_until_cancel; /* 0: never */
    int steps;
} diary;

static void write_epoch(const stria_epoch *epoch, void *payload)
{
    diary *d = payload;
    assert_true(d->epoch_count < 64);
    d->epochs[d->epoch_count++] = *epoch;
    if (epoch->is_best && d->model != NULL) {
        size_t count;
        free(d->best);
        d->best = copy_parameters(d->model, &count);
    }
}

static void write_progress(const stria_progress *progress, void *payload)
{
    diary *d = payload;
    d->progress_count++;
    d->progress = *progress;
}

static int count_step(void *payload)
{
    diary *d = payload;
    return ++d->steps == d->steps_until_cancel;
}

static void learns_the_bars(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 300, 1);
    stria_model *model = make_model(test.context, bars_text);
    diary d = {0};
    stria_train_result result = {0};
    assert_ok(stria_train(model, data,
                          &(stria_train_options){.epochs = 12,
                                                 .batch = 16,
                                                 .learning_rate = 0.01,
                                                 .validation = 0.2,
                                                 .seed = 3,
                                                 .on_epoch = write_epoch,
                                                 .payload = &d},
                          &result, &err),
              &err);
    assert_int_equal(result.epochs, 12);
    assert_int_equal(d.epoch_count, 12);
    assert_int_equal(result.stopped_early, 0);
    assert_int_equal(result.resumed, 0);
    const stria_epoch *last = &d.epochs[11];
    print_message("loss %.3f, accuracy %.3f, on 60 others %.3f\n", last->loss, last->accuracy,
                  last->val_accuracy);
    assert_true(last->accuracy > 0.9 && last->val_accuracy > 0.9);
    assert_true(last->loss < d.epochs[0].loss);
    double best = INFINITY;
    int best_epoch = 0;
    for (int i = 0; i < 12; i++) {
        assert_int_equal(d.epochs[i].epoch, i + 1);
        assert_int_equal(d.epochs[i].epochs, 12);
        assert_int_equal(d.epochs[i].is_best, d.epochs[i].val_loss < best);
        best_epoch = d.epochs[i].is_best ? i + 1 : best_epoch;
        best = fmin(best, d.epochs[i].val_loss);
    }
    assert_int_equal(result.best_epoch, best_epoch);
    assert_near(result.last.val_loss, last->val_loss, 0);
    assert_int_equal(result.last.epoch, 12);

    /* What the model carries away. */
    assert_string_equal(stria_model_metadata(model, "seed"), "3");
    assert_string_equal(stria_model_metadata(model, "epochs"), "12");
    assert_string_equal(stria_model_metadata(model, "batch"), "16");
    assert_string_equal(stria_model_metadata(model, "optimizer"), "adam");
    assert_string_equal(stria_model_metadata(model, "learning_rate"), "0.01");
    assert_string_equal(stria_model_metadata(model, "schedule"), "constant");
    assert_string_equal(stria_model_metadata(model, "loss"), "categorical_crossentropy");
    assert_string_equal(stria_model_metadata(model, "preprocessing"), "");
    assert_non_null(strstr(stria_model_metadata(model, "data"), "240 samples of 6x6x1"));
    assert_null(stria_model_metadata(model, "command"));
    assert_int_equal(stria_model_class_count(model), 3);

    /* The last epoch's validation is an evaluation of these samples. */
    stria_dataset *others = NULL;
    float x[60 * 36];
    int32_t labels[60];
    uint32_t order[60];
    for (uint32_t i = 0; i < 60; i++)
        order[i] = 240 + i;
    assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, order, 60, NULL, x, labels, NULL, &err), &err);
    const stria_shape shape = {3, {6, 6, 1}};
    assert_ok(stria_dataset_create(&others, test.context, x, &shape, 60, labels, 3, NULL, NULL, &err), &err);
    stria_evaluation e = {0};
    assert_ok(stria_evaluate(&e, model, others, STRIA_PART_TRAIN, 0, NULL, &err), &err);
    assert_near(e.loss, last->val_loss, 0);
    assert_near(e.accuracy, last->val_accuracy, 0);
    stria_evaluation_free(&e, test.context);
    stria_dataset_free(others);
    stria_model_free(model);
    stria_dataset_free(data);
}

/* Reported losses are means over all samples, a short last batch counting by its own size: a rate that
 * changes nothing gives the loss of the start in every epoch. */
static void epoch_loss_is_the_mean_over_samples(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 50, 2);
    stria_model *model = make_model(test.context, plain_bars_text);
    assert_ok(stria_model_initialize(model, 4, &err), &err);
    stria_evaluation e = {0};
    assert_ok(stria_evaluate(&e, model, data, STRIA_PART_TRAIN, 0, NULL, &err), &err);
    diary d = {0};
    assert_ok(stria_train(model, data,
                          &(stria_train_options){.epochs = 2,
                                                 .batch = 16,
                                                 .optimizer = "sgd",
                                                 .learning_rate = 1e-30,
                                                 .seed = 4,
                                                 .on_epoch = write_epoch,
                                                 .payload = &d},
                          NULL, &err),
              &err);
    /* The samples come in another order: sums of doubles differ in the last bits. */
    assert_near(d.epochs[0].loss, e.loss, 1e-12);
    assert_near(d.epochs[1].loss, e.loss, 1e-12);
    assert_near(d.epochs[1].accuracy, e.accuracy, 1e-15);
    assert_true(isnan(d.epochs[0].val_loss) && isnan(d.epochs[0].val_accuracy));
    stria_evaluation_free(&e, test.context);
    stria_model_free(model);
    stria_dataset_free(data);
}

static stria_model *train_with(stria_context *context, const stria_train_options *options)
{
    stria_error err = {0};
    stria_dataset *data = make_bars(context, 100, 5);
    stria_model *model = make_model(context, bars_text);
    assert_ok(stria_train(model, data, options, NULL, &err), &err);
    stria_dataset_free(data);
    return model;
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    const stria_train_options options = {
        .epochs = 3, .batch = 24, .seed = 11, .learning_rate = 0.01, .validation = 0.1};
    test_context one, four;
    test_context_open(&one, 1, NULL);
    test_context_open(&four, 4, NULL);
    stria_model *by_one = train_with(one.context, &options), *by_two = train_with(test.context, &options),
                *by_four = train_with(four.context, &options);
    assert_same_parameters(by_one, by_two);
    assert_same_parameters(by_one, by_four);
    stria_model_free(by_one);
    stria_model_free(by_two);
    stria_model_free(by_four);
    test_context_close(&one);
    test_context_close(&four);
}

static bool same_parameters(const stria_model *a, const stria_model *b)
{
    size_t count;
    float *of_a = copy_parameters(a, &count), *of_b = copy_parameters(b, &count);
    const bool same = memcmp(of_a, of_b, count * sizeof(float)) == 0;
    free(of_a);
    free(of_b);
    return same;
}

static void seeds_and_order_matter(void **state)
{
    (void)state;
    stria_model *first = train_with(test.context, &(stria_train_options){.epochs = 2, .seed = 1});
    stria_model *again = train_with(test.context, &(stria_train_options){.epochs = 2, .seed = 1});
    stria_model *other = train_with(test.context, &(stria_train_options){.epochs = 2, .seed = 2});
    stria_model *ordered =
        train_with(test.context, &(stria_train_options){.epochs = 2, .seed = 1, .no_shuffle = 1});
    assert_same_parameters(first, again);
    assert_false(same_parameters(first, other));
    assert_false(same_parameters(first, ordered));
    stria_model_free(first);
    stria_model_free(again);
    stria_model_free(other);
    stria_model_free(ordered);
}

/* The loop is nothing but steps: the same steps by hand give the same bits. */
static void the_loop_is_its_steps(void **state)
{
    (void)state;
    stria_error err = {0};
    const stria_train_options options = {.epochs = 2,
                                         .batch = 32,
                                         .no_shuffle = 1,
                                         .seed = 6,
                                         .optimizer = "sgd momentum=0.9",
                                         .learning_rate = 0.05,
                                         .schedule = "step every=1 factor=0.5"};
    stria_model *fitted = train_with(test.context, &options), *by_hand = make_model(test.context, bars_text);
    stria_dataset *data = make_bars(test.context, 100, 5);
    stria_trainer *trainer = NULL;
    assert_ok(stria_trainer_create(&trainer, by_hand, &options, &err), &err);
    float x[32 * 36];
    int32_t labels[32];
    for (int epoch = 0; epoch < 2; epoch++) {
        stria_trainer_set_learning_rate(trainer, epoch == 0 ? 0.05 : 0.025);
        for (uint32_t first = 0; first < 100; first += 32) {
            uint32_t order[32];
            const size_t count = first + 32 <= 100 ? 32 : 100 - first;
            for (uint32_t i = 0; i < count; i++)
                order[i] = first + i;
            assert_ok(stria_dataset_read(data, STRIA_PART_TRAIN, order, count, NULL, x, labels, NULL, &err),
                      &err);
            assert_ok(stria_trainer_step(trainer, x, labels, NULL, (int64_t)count, NULL, NULL, &err), &err);
        }
    }
    assert_same_parameters(fitted, by_hand);
    stria_trainer_free(trainer);
    stria_dataset_free(data);
    stria_model_free(fitted);
    stria_model_free(by_hand);
}

static void patience_runs_out(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 40, 7);
    stria_model *model = make_model(test.context, plain_bars_text);
    stria_train_result result;
    diary d = {0};
    assert_ok(stria_train(model, data,
                          &(stria_train_options){.epochs = 20,
                                                 .optimizer = "sgd",
                                                 .learning_rate = 1e-30,
                                                 .validation = 0.25,
                                                 .patience = 3,
                                                 .on_epoch = write_epoch,
                                                 .payload = &d},
                          &result, &err),
              &err);
    /* The figure of the first epoch is never bettered, only equalled. */
    assert_int_equal(result.epochs, 4);
    assert_int_equal(result.best_epoch, 1);
    assert_int_equal(result.stopped_early, 1);
    assert_int_equal(d.epoch_count, 4);
    stria_model_free(model);
    stria_dataset_free(data);
}

/* A rate that grows tenfold every epoch spoils what the first ones reached. */
static void the_best_parameters_come_back(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 80, 8);
    for (int restore = 0; restore < 2; restore++) {
        stria_model *model = make_model(test.context, bars_text);
        stria_train_result result;
        diary d = {.model = model};
        assert_ok(stria_train(model, data,
                              &(stria_train_options){.epochs = 7,
                                                     .batch = 16,
                                                     .seed = 1,
                                                     .learning_rate = 0.003,
                                                     .schedule = "step every=1 factor=10",
                                                     .validation = 0.25,
                                                     .restore_best = restore,
                                                     .on_epoch = write_epoch,
                                                     .payload = &d},
                              &result, &err),
                  &err);
        assert_true(result.best_epoch > 0 && result.best_epoch < 7);
        assert_int_equal(result.epochs, 7);
        size_t count;
        float *now = copy_parameters(model, &count);
        assert_int_equal(memcmp(now, d.best, count * sizeof(float)) == 0, restore);
        char epochs[2] = {(char)('0' + (restore ? result.best_epoch : 7)), '\0'};
        assert_string_equal(stria_model_metadata(model, "epochs"), epochs);
        free(now);
        free(d.best);
        stria_model_free(model);
    }
    stria_dataset_free(data);
}

static void regression(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_curve(test.context, 400, 9);
    stria_model *model = make_model(test.context, "input 3\ndense 24 tanh\ndense 2\n");
    stria_train_result result;
    assert_ok(stria_train(model, data,
                          &(stria_train_options){.epochs = 60,
                                                 .batch = 20,
                                                 .learning_rate = 0.02,
                                                 .schedule = "cosine warmup=1",
                                                 .validation = 0.2,
                                                 .seed = 1},
                          &result, &err),
              &err);
    print_message("mean squared error %.2g, on others %.2g\n", result.last.loss, result.last.val_loss);
    assert_true(result.last.val_loss < 2e-3);
    assert_near(result.last.accuracy, -1, 0);
    assert_near(result.last.val_accuracy, -1, 0);
    assert_string_equal(stria_model_metadata(model, "loss"), "mean_squared_error");
    assert_int_equal(stria_model_class_count(model), 0);
    stria_model_free(model);
    stria_dataset_free(data);
}

static void cancelling(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 100, 5);
    stria_model *model = make_model(test.context, bars_text);
    diary d = {.steps_until_cancel = 6};
    assert_status(
        stria_train(
            model, data,
            &(stria_train_options){
                .epochs = 5, .batch = 25, .cancelled = count_step, .on_epoch = write_epoch, .payload = &d},
            NULL, &err),
        STRIA_ERROR_CANCELLED, &err);
    assert_message(&err, "epoch 2 after step 2 of 4");
    assert_message(&err, "no output");
    assert_int_equal(d.epoch_count, 1);
    assert_int_equal(d.steps, 6);
    stria_model_free(model);
    stria_dataset_free(data);
}

static void divergence(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 100, 5);
    stria_model *model = make_model(test.context, plain_bars_text);
    assert_status(stria_train(model, data,
                              &(stria_train_options){.batch = 25, .optimizer = "sgd", .learning_rate = 1e30},
                              NULL, &err),
                  STRIA_ERROR_DIVERGED, &err);
    assert_message(&err, "training diverged in epoch 1, step ");
    assert_message(&err, "of 4: layer '");
    assert_message(&err, "1e+30");

    /* One step is the whole epoch: the parameters it leaves are looked at before anything is kept of them. */
    stria_dataset *few = make_bars(test.context, 10, 5);
    assert_status(stria_train(model, few,
                              &(stria_train_options){.batch = 10, .optimizer = "sgd", .learning_rate = 3e38},
                              NULL, &err),
                  STRIA_ERROR_DIVERGED, &err);
    stria_dataset_free(few);
    stria_dataset_free(data);

    float x[20 * 36];
    int32_t labels[20];
    fill_numbers(x, 20 * 36, 1);
    for (int i = 0; i < 20; i++)
        labels[i] = i % 3;
    x[13 * 36 + 5] = (float)NAN;
    const stria_shape shape = {3, {6, 6, 1}};
    assert_ok(stria_dataset_create(&data, test.context, x, &shape, 20, labels, 3, NULL, NULL, &err), &err);
    assert_status(stria_train(model, data, &(stria_train_options){.batch = 5, .no_shuffle = 1}, NULL, &err),
                  STRIA_ERROR_DIVERGED, &err);
    assert_message(&err, "epoch 1, step 3 of 4: the input 'input_layer' holds NaN");
    stria_model_free(model);
    stria_dataset_free(data);
}

/* A clock that a test turns on by hand, and by itself at every look. */
typedef struct test_clock {
    uint64_t now, tick;
} test_clock;

static uint64_t tell_time(void *payload)
{
    test_clock *clock = payload;
    return clock->now += clock->tick;
}

static int64_t no_date(void *payload)
{
    (void)payload;
    return 0;
}

static void progress_ten_times_a_second(void **state)
{
    (void)state;
    stria_error err = {0};
    test_clock time = {.tick = 30000000}; /* each look is 0.03 s later */
    const stria_clock clock = {&time, tell_time, no_date};
    stria_context *context = NULL;
    assert_ok(stria_context_create(&context, &(stria_context_options){.clock = &clock, .threads = 1}, &err),
              &err);
    stria_dataset *data = make_bars(context, 100, 5);
    stria_model *model = make_model(context, bars_text);
    diary d = {0};
    assert_ok(stria_train(model, data,
                          &(stria_train_options){
                              .epochs = 2, .batch = 1, .on_progress = write_progress, .payload = &d},
                          NULL, &err),
              &err);
    /* 100 looks in an epoch are 3 s: every fourth look is a report. */
    assert_int_equal(d.progress_count, 50);
    assert_int_equal(d.progress.epoch, 2);
    assert_int_equal(d.progress.epochs, 2);
    assert_int_equal(d.progress.steps, 100);
    assert_int_equal(d.progress.step, 100);
    assert_near(d.progress.samples_per_second, 100 / 3.0, 1e-9);
    assert_true(d.progress.loss > 0 && d.progress.accuracy >= 0 && d.progress.accuracy <= 1);
    stria_model_free(model);
    stria_dataset_free(data);
    stria_context_free(context);
}

static void refuse(const char *model_text, const stria_dataset *data, const stria_train_options *options,
                   stria_status status, const char *message)
{
    stria_error err = {0};
    stria_model *model = make_model(test.context, model_text),
                *untouched = make_model(test.context, model_text);
    assert_status(stria_train(model, data, options, NULL, &err), status, &err);
    assert_message(&err, message);
    assert_same_parameters(model, untouched);
    stria_model_free(model);
    stria_model_free(untouched);
}

static void refused(void **state)
{
    (void)state;
    stria_dataset *bars = make_bars(test.context, 20, 1), *curve = make_curve(test.context, 20, 1);
    refuse(bars_text, bars, &(stria_train_options){.epochs = -1}, STRIA_ERROR_VALUE, "epochs is -1");
    refuse(bars_text, bars, &(stria_train_options){.validate_on_test = 1}, STRIA_ERROR_VALUE, "no test part");
    refuse(bars_text, bars, &(stria_train_options){.validation = 0.99}, STRIA_ERROR_VALUE,
           "validation 0.99 of 20 samples leaves 0 for training");
    refuse("input 8x8x1\nflatten\ndense 3 softmax\n", bars, NULL, STRIA_ERROR_SHAPE, "samples are 6x6x1 and");
    refuse("input 6x6x1\nflatten\ndense 2 softmax\n", bars, NULL, STRIA_ERROR_SHAPE, "has 3 classes");
    refuse("input 3\ndense 3\n", curve, NULL, STRIA_ERROR_SHAPE, "targets are 2 and");
    refuse("input 3\ndense 2\n", curve, &(stria_train_options){.loss = "sparse_categorical_crossentropy"},
           STRIA_ERROR_VALUE, "needs labels");
    refuse(bars_text, bars, &(stria_train_options){.log = "same.csv", .output = "same.csv"},
           STRIA_ERROR_VALUE, "must be two files");
    refuse(bars_text, bars, &(stria_train_options){.output = "/no such folder/x.safetensors"},
           STRIA_ERROR_MISSING, "there is no folder '/no such folder'");
    refuse(bars_text, bars, &(stria_train_options){.output = "/"}, STRIA_ERROR_IO, "it is a folder");
    refuse(bars_text, bars, &(stria_train_options){.log = "/no such folder/x.csv"}, STRIA_ERROR_MISSING,
           "/no such folder/x.csv: there is no folder '/no such folder'");
    stria_dataset_free(bars);
    stria_dataset_free(curve);
}

/* More outputs than classes are allowed: the data may lack the last classes. */
static void fewer_classes_than_outputs(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 20, 1);
    stria_model *model = make_model(test.context, "input 6x6x1\nflatten\ndense 5 softmax\n");
    assert_ok(stria_train(model, data, &(stria_train_options){.epochs = 1}, NULL, &err), &err);
    assert_int_equal(stria_model_class_count(model), 0);
    stria_model_free(model);
    stria_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(learns_the_bars, set_up, tear_down),
        cmocka_unit_test_setup_teardown(epoch_loss_is_the_mean_over_samples, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_do_not_matter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(seeds_and_order_matter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_loop_is_its_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(patience_runs_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_best_parameters_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(regression, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cancelling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(divergence, set_up, tear_down),
        cmocka_unit_test(progress_ten_times_a_second),
        cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fewer_classes_than_outputs, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}

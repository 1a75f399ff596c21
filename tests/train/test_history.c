/* What a trained file remembers of its training: the epochs, where its first parameters came from, what
 * computed it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/training_fixture.h"

static test_context test;
static temporary_folder folder;

static int set_up(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    open_fast_context(&test, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_context_close(&test);
    temporary_folder_remove(&folder);
    return 0;
}

#define EPOCHS 5

typedef struct diary {
    stria_epoch epochs[EPOCHS];
    int count;
} diary;

static void on_epoch(const stria_epoch *epoch, void *payload)
{
    diary *d = payload;
    d->epochs[d->count++] = *epoch;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void check_epochs(const stria_model *model, const diary *d)
{
    stria_error err = {0};
    stria_history history = {0};
    assert_ok(stria_history_read(&history, model, &err), &err);
    assert_int_equal(history.count, d->count);
    for (int i = 0; i < d->count; i++) {
        const stria_epoch *read = &history.epochs[i], *told = &d->epochs[i];
        assert_int_equal(read->epoch, told->epoch);
        assert_int_equal(read->is_best, told->is_best);
        assert_true(same(read->loss, told->loss) && same(read->accuracy, told->accuracy));
        assert_true(same(read->val_loss, told->val_loss) && same(read->val_accuracy, told->val_accuracy));
        assert_true(read->learning_rate == told->learning_rate);
        assert_true(isnan(read->seconds));
    }
    stria_history_free(&history, test.context);
    assert_null(history.epochs);
    stria_history_free(&history, NULL);
}

/* With and without validation, with labels and with targets; from memory and from both files. */
static void epochs_are_read_back(void **state)
{
    (void)state;
    stria_error err = {0};
    char path[TEMPORARY_PATH_SIZE], last[TEMPORARY_PATH_SIZE];
    temporary_folder_path(&folder, "x.safetensors", path);
    temporary_folder_path(&folder, "x.last.safetensors", last);
    for (int c = 0; c < 4; c++) {
        const bool labels = c % 2 == 0;
        diary d = {0};
        stria_dataset *data = labels ? make_bars(test.context, 60, 3) : make_curve(test.context, 60, 3);
        stria_model *model =
            make_model(test.context, labels ? bars_text : "input 3\ndense 4 tanh\ndense 2\n");
        const stria_train_options options = {.epochs = EPOCHS,
                                             .batch = 16,
                                             .schedule = "cosine warmup=1",
                                             .validation = c < 2 ? 0.2 : 0,
                                             .output = path,
                                             .data_name = "bars",
                                             .on_epoch = on_epoch,
                                             .payload = &d};
        assert_ok(stria_train(model, data, &options, NULL, &err), &err);
        assert_int_equal(d.count, EPOCHS);
        check_epochs(model, &d);
        assert_string_equal(stria_model_metadata(model, "data_name"), "bars");
        assert_string_equal(stria_model_metadata(model, "cpu"), stria_context_cpu(test.context));
        const char *const files[] = {path, last};
        for (int f = 0; f < 2; f++) {
            stria_model *read = NULL;
            assert_ok(stria_model_load(&read, test.context, files[f], NULL, &err), &err);
            check_epochs(read, &d);
            stria_model_free(read);
        }
        stria_model_free(model);
        stria_dataset_free(data);
    }
}

/* Model text and seed of a trained file give the parameters that its training began with. */
static void first_parameters_can_be_drawn_again(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_dataset *data = make_bars(test.context, 60, 3);
    stria_model *model = make_model(test.context, bars_text), *again = NULL;
    stria_train_options options = {.epochs = 1, .seed = 77};
    assert_ok(stria_train(model, data, &options, NULL, &err), &err);
    assert_string_equal(stria_model_metadata(model, "first_parameters"), "drawn");
    char text[2048];
    const size_t length = stria_model_text(model, text, sizeof text);
    assert_true(length < sizeof text);
    assert_ok(stria_model_parse(&again, test.context, text, length, NULL, &err), &err);
    assert_ok(stria_model_initialize(again, strtoull(stria_model_metadata(model, "seed"), NULL, 10), &err),
              &err);
    stria_model *drawn = make_model(test.context, bars_text);
    assert_ok(stria_model_initialize(drawn, 77, &err), &err);
    assert_same_parameters(again, drawn);

    options.keep_parameters = 1;
    assert_ok(stria_train(model, data, &options, NULL, &err), &err);
    assert_string_equal(stria_model_metadata(model, "first_parameters"), "given");
    stria_model_free(drawn);
    stria_model_free(again);
    stria_model_free(model);
    stria_dataset_free(data);
}

#define HEADER "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate\n"

static void damaged_histories(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line;
    } damaged[] = {
        {"", "line 1 "},
        {"epoch,loss\n1,2\n", "line 1 "},
        {HEADER "1,0.5,,,,0.1", "line 2 "},
        {HEADER "2,0.5,,,,0.1\n", "line 2 "},
        {HEADER ",0.5,,,,0.1\n", "line 2 "},
        {HEADER "1,0.5,,,,0.1\n\n", "line 3 "},
        {HEADER "1,0.5,,,,0.1\n2,x,,,,0.1\n", "line 3 "},
        {HEADER "1,0.5,,,,0.1,\n", "line 2 "},
        {HEADER "1,0.5,,,\n", "line 2 "},
        {HEADER "1,0.5,,,,1e999\n", "line 2 "},
    };
    stria_error err = {0};
    stria_model *model = make_model(test.context, bars_text);
    stria_history history = {0};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        assert_ok(stria_model_set_metadata(model, "history", damaged[i].text, &err), &err);
        assert_status(stria_history_read(&history, model, &err), STRIA_ERROR_FORMAT, &err);
        assert_message(&err, damaged[i].line);
        assert_null(history.epochs);
    }
    /* None at all, only a header, and numbers that are none. */
    assert_ok(stria_model_set_metadata(model, "history", NULL, &err), &err);
    assert_ok(stria_history_read(&history, model, &err), &err);
    assert_int_equal(history.count, 0);
    assert_ok(stria_model_set_metadata(model, "history", HEADER, &err), &err);
    assert_ok(stria_history_read(&history, model, &err), &err);
    assert_int_equal(history.count, 0);
    stria_history_free(&history, test.context);
    assert_ok(
        stria_model_set_metadata(model, "history", HEADER "1,1,1,nan,0.5,0.1\n2,2,0,inf,0,-inf\n", &err),
        &err);
    assert_ok(stria_history_read(&history, model, &err), &err);
    assert_int_equal(history.count, 2);
    assert_true(isnan(history.epochs[0].val_loss) && history.epochs[0].val_accuracy == 0.5);
    assert_true(isinf(history.epochs[1].val_loss) && history.epochs[1].learning_rate < 0);
    stria_history_free(&history, test.context);
    stria_model_free(model);
}

static void failing_allocations(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_history history = {0};
    stria_model *model = make_model(test.context, bars_text);
    assert_ok(stria_model_set_metadata(model, "history", HEADER "1,1,1,1,1,1\n", &err), &err);
    test.memory.fail_at = test.memory.calls + 1;
    assert_status(stria_history_read(&history, model, &err), STRIA_ERROR_MEMORY, &err);
    test.memory.fail_at = 0;
    assert_ok(stria_history_read(&history, model, &err), &err);
    stria_history_free(&history, test.context);
    stria_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epochs_are_read_back),
        cmocka_unit_test(first_parameters_can_be_drawn_again),
        cmocka_unit_test(damaged_histories),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* Checkpoints: a training that was interrupted and resumed ends with the bytes of one that was not; what may
 * and may not change in between; what the files hold; two trainings of one output. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "train/training_fixture.h"

static temporary_folder folder;

static int make_folder(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    return 0;
}

/* Everything that a checkpoint has to remember is in this training: momentum, a schedule, moving statistics,
 * dropout, shuffling, a short last batch, validation, the best epoch and how long ago it was. */
#define SAMPLES 70
#define EPOCHS  4
#define STEPS   4 /* of an epoch: 56 samples in batches of 16 */

static const stria_train_options whole = {
    .epochs = EPOCHS,
    .batch = 16,
    .optimizer = "adam beta_1=0.8",
    .learning_rate = 0.02,
    .schedule = "step every=2 factor=60",
    .validation = 0.2,
    .seed = 21,
    .patience = 3,
    .restore_best = 1,
    .command = "train bars",
};

typedef struct interruption {
    int step; /* of the process; 0: none */
    bool kill;
} interruption;

static int interrupt(void *payload)
{
    interruption *stop = payload;
    if (--stop->step != 0)
        return 0;
    if (stop->kill)
        kill(getpid(), SIGKILL);
    return 1;
}

/* One training in a process's life: a context, data and a model of its own. */
static stria_status run(const stria_train_options *options, const char *model_text, uint32_t data_seed,
                        int threads, stria_train_result *result, stria_error *err)
{
    test_context test;
    open_fast_context(&test, threads);
    stria_dataset *data = make_bars(test.context, SAMPLES, data_seed);
    stria_model *model = make_model(test.context, model_text);
    const stria_status status = stria_train(model, data, options, result, err);
    stria_model_free(model);
    stria_dataset_free(data);
    test_context_close(&test);
    return status;
}

static void run_to_end(const stria_train_options *options, stria_train_result *result)
{
    stria_error err = {0};
    assert_ok(run(options, bars_text, 1, 2, result, &err), &err);
}

static stria_train_options with_output(char path[TEMPORARY_PATH_SIZE], const char *name)
{
    stria_train_options options = whole;
    options.output = temporary_folder_path(&folder, name, path);
    return options;
}

static void remove_file(const char *name)
{
    char path[TEMPORARY_PATH_SIZE];
    assert_int_equal(unlink(temporary_folder_path(&folder, name, path)), 0);
}

static bool has_file(const char *name)
{
    char path[TEMPORARY_PATH_SIZE];
    return access(temporary_folder_path(&folder, name, path), F_OK) == 0;
}

/* The log without its last column, the seconds, which no two trainings share. */
static char *read_log(const char *path)
{
    size_t size, kept = 0;
    char *text = read_whole_file(path, &size);
    char *line = text;
    while (*line != '\0') {
        char *end = strchr(line, '\n'), *comma = end;
        assert_non_null(end);
        while (*comma != ',')
            comma--;
        memmove(text + kept, line, (size_t)(comma - line));
        kept += (size_t)(comma - line);
        text[kept++] = '\n';
        line = end + 1;
    }
    text[kept] = '\0';
    return text;
}

static void cancelled_at_every_step(void **state)
{
    (void)state;
    char straight[TEMPORARY_PATH_SIZE], broken[TEMPORARY_PATH_SIZE];
    char straight_log[TEMPORARY_PATH_SIZE], broken_log[TEMPORARY_PATH_SIZE];
    stria_train_options options = with_output(straight, "straight.safetensors");
    options.log = temporary_folder_path(&folder, "straight.csv", straight_log);
    stria_train_result reference;
    run_to_end(&options, &reference);
    assert_int_equal(reference.epochs, EPOCHS);
    assert_int_equal(reference.resumed, 0);
    assert_true(reference.best_epoch > 0);
    print_message("the best epoch is %d of %d\n", reference.best_epoch, reference.epochs);
    char *reference_log = read_log(straight_log);

    int interrupts = 0;
    for (int step = 1; step <= EPOCHS * STEPS; step++) {
        stria_train_options part = with_output(broken, "broken.safetensors");
        part.log = temporary_folder_path(&folder, "broken.csv", broken_log);
        interruption stop = {.step = step};
        part.cancelled = interrupt;
        part.payload = &stop;
        stria_error err = {0};
        assert_status(run(&part, bars_text, 1, 1 + step % 2, NULL, &err), STRIA_ERROR_CANCELLED, &err);
        assert_message(&err, "broken.last.safetensors");
        assert_false(has_file("broken.safetensors"));
        /* Every third is interrupted once more. */
        part.resume = 1;
        part.command = "train bars --resume";
        stop.step = step % 3 == 0 && step + 2 <= EPOCHS * STEPS ? 2 : 0;
        if (stop.step > 0) {
            assert_status(run(&part, bars_text, 1, 2, NULL, &err), STRIA_ERROR_CANCELLED, &err);
            interrupts++;
        }
        stop.step = 0;
        part.cancelled = NULL;
        stria_train_result result;
        run_to_end(&part, &result);
        assert_int_equal(result.resumed, 1);
        assert_int_equal(result.epochs, reference.epochs);
        assert_int_equal(result.best_epoch, reference.best_epoch);
        assert_near(result.last.val_loss, reference.last.val_loss, 0);
        assert_same_files(straight, broken);
        char *log = read_log(broken_log);
        assert_string_equal(log, reference_log);
        free(log);
        remove_file("broken.safetensors");
        remove_file("broken.last.safetensors");
        if (has_file("broken.best.safetensors"))
            remove_file("broken.best.safetensors");
        interrupts++;
    }
    print_message("%d interrupts, 0 differences\n", interrupts);
    free(reference_log);
}

/* kill -9: the process has no chance to save; the training goes on from the checkpoint of the last whole
 * epoch. */
static void killed(void **state)
{
    (void)state;
    char straight[TEMPORARY_PATH_SIZE], broken[TEMPORARY_PATH_SIZE];
    stria_train_options options = with_output(straight, "straight.safetensors");
    run_to_end(&options, NULL);
    for (int step = 1; step <= EPOCHS * STEPS; step += 3) {
        stria_train_options part = with_output(broken, "killed.safetensors");
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            interruption stop = {.step = step, .kill = true};
            part.cancelled = interrupt;
            part.payload = &stop;
            run(&part, bars_text, 1, 2, NULL, NULL);
            _exit(1);
        }
        int how = 0;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
        stria_train_result result;
        part.resume = 1;
        run_to_end(&part, &result);
        assert_int_equal(result.resumed, step > STEPS);
        assert_same_files(straight, broken);
        remove_file("killed.safetensors");
        remove_file("killed.last.safetensors");
        remove_file("killed.best.safetensors");
    }
    /* A lock that a killed process leaves behind holds nobody up, and is gone in the end. */
    assert_int_equal(temporary_folder_count(&folder), 3);
}

static void threads_give_the_same_file(void **state)
{
    (void)state;
    char one[TEMPORARY_PATH_SIZE], other[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_train_options options = with_output(one, "one.safetensors");
    assert_ok(run(&options, bars_text, 1, 1, NULL, &err), &err);
    for (int threads = 2; threads <= 4; threads += 2) {
        options = with_output(other, "other.safetensors");
        assert_ok(run(&options, bars_text, 1, threads, NULL, &err), &err);
        assert_same_files(one, other);
    }
}

static void more_epochs(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE], longer[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_train_options options = with_output(longer, "longer.safetensors");
    options.restore_best = 0;
    run_to_end(&options, NULL);
    options = with_output(path, "more.safetensors");
    options.restore_best = 0;
    options.epochs = 2;
    run_to_end(&options, NULL);
    options.resume = 1;
    options.epochs = EPOCHS;
    stria_train_result result;
    run_to_end(&options, &result);
    assert_int_equal(result.resumed, 1);
    assert_same_files(path, longer);

    /* Nothing left to do: the model is there again. */
    remove_file("more.safetensors");
    run_to_end(&options, &result);
    assert_int_equal(result.epochs, EPOCHS);
    assert_int_equal(result.last.epoch, EPOCHS);
    assert_true(result.last.val_loss > 0);
    assert_same_files(path, longer);

    options.epochs = 3;
    assert_status(run(&options, bars_text, 1, 1, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "beyond the 3 asked for");

    options = with_output(path, "cosine.safetensors");
    options.schedule = "cosine";
    options.epochs = 2;
    run_to_end(&options, NULL);
    options.resume = 1;
    options.epochs = 3;
    assert_status(run(&options, bars_text, 1, 1, NULL, &err), STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "epochs is '2'");
}

/* Patience that ran out stays so, and may be raised. */
static void more_patience(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE];
    stria_train_options options = with_output(path, "patient.safetensors");
    options.optimizer = "sgd";
    options.learning_rate = 1e-30;
    options.schedule = NULL;
    options.patience = 2;
    options.epochs = 9;
    options.restore_best = 0;
    stria_train_result result;
    run_to_end(&options, &result);
    assert_int_equal(result.stopped_early, 1);
    const int epochs = result.epochs;
    options.resume = 1;
    run_to_end(&options, &result);
    assert_int_equal(result.stopped_early, 1);
    assert_int_equal(result.epochs, epochs);
    options.patience = 3;
    run_to_end(&options, &result);
    assert_int_equal(result.epochs, epochs + 1);
}

static void other_trainings_are_refused(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE];
    stria_train_options options = with_output(path, "first.safetensors");
    options.epochs = 1;
    options.patience = 0;
    run_to_end(&options, NULL);
    options.resume = 1;
    options.epochs = EPOCHS;
    size_t size;
    char checkpoint[TEMPORARY_PATH_SIZE];
    temporary_folder_path(&folder, "first.last.safetensors", checkpoint);
    char *before = read_whole_file(checkpoint, &size);

#define REFUSED(change, message)                                                                             \
    do {                                                                                                     \
        stria_train_options other = options;                                                                 \
        stria_error err = {0};                                                                               \
        other.change;                                                                                        \
        assert_status(run(&other, bars_text, 1, 1, NULL, &err), STRIA_ERROR_FORMAT, &err);                   \
        assert_message(&err, message);                                                                       \
        assert_message(&err, "first.last.safetensors");                                                      \
    } while (0)
    REFUSED(optimizer = "adam", "optimizer is 'adam beta_1=0.8', and the one asked for has 'adam'");
    REFUSED(learning_rate = 0.01, "learning_rate is '0.02'");
    REFUSED(schedule = "constant", "schedule is 'step");
    REFUSED(loss = "mean_squared_error", "loss is 'categorical_crossentropy'");
    REFUSED(batch = 17, "batch is '16', and the one asked for has '17'");
    REFUSED(seed = 22, "seed is '21'");
    REFUSED(validation = 0.25, "validation is '0.2'");
    REFUSED(no_shuffle = 1, "no_shuffle is 'no'");
    REFUSED(keep_parameters = 1, "keep_parameters is 'no'");
    REFUSED(restore_best = 0, "restore_best is 'yes'");
#undef REFUSED

    stria_error err = {0};
    assert_status(run(&options, bars_text, 2, 1, NULL, &err), STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "data is '56 samples of 6x6x1 for training, 14 for validation, checksum ");
    assert_status(run(&options, plain_bars_text, 1, 1, NULL, &err), STRIA_ERROR_FORMAT, &err);

    /* None of these touched it. */
    assert_file_holds(checkpoint, before, size);
    free(before);
    run_to_end(&options, NULL);
}

static void frozen_layers_are_remembered(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_train_options options = with_output(path, "frozen.safetensors");
    options.epochs = 1;
    run_to_end(&options, NULL);
    options.resume = 1;
    options.epochs = 2;
    test_context test;
    open_fast_context(&test, 1);
    stria_dataset *data = make_bars(test.context, SAMPLES, 1);
    stria_model *model = make_model(test.context, bars_text);
    assert_ok(stria_model_freeze(model, "conv2d", &err), &err);
    assert_status(stria_train(model, data, &options, NULL, &err), STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "frozen is '', and the one asked for has 'conv2d'");
    stria_model_free(model);
    stria_dataset_free(data);
    test_context_close(&test);
}

static void damaged_checkpoints(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE], last[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_train_options options = with_output(path, "damaged.safetensors");
    options.epochs = 1;
    run_to_end(&options, NULL);
    options.resume = 1;
    options.epochs = 2;
    temporary_folder_path(&folder, "damaged.last.safetensors", last);
    size_t size;
    char *bytes = read_whole_file(last, &size);
    for (int i = 0; i < 60; i++) {
        const size_t at = (size_t)i * (size - 1) / 59;
        bytes[at] = (char)(bytes[at] ^ 0x10);
        write_test_file(last, bytes, size);
        assert_status(run(&options, bars_text, 1, 1, NULL, &err), STRIA_ERROR_FORMAT, &err);
        assert_message(&err, "damaged.last.safetensors");
        bytes[at] = (char)(bytes[at] ^ 0x10);
    }
    for (int i = 0; i < 20; i++) {
        write_test_file(last, bytes, (size_t)i * size / 20);
        assert_status(run(&options, bars_text, 1, 1, NULL, &err), STRIA_ERROR_FORMAT, &err);
    }
    /* A model that is no checkpoint. */
    char *model = read_whole_file(path, &size);
    write_test_file(last, model, size);
    assert_status(run(&options, bars_text, 1, 1, NULL, &err), STRIA_ERROR_FORMAT, &err);
    assert_message(&err, "no checkpoint of a training");
    free(model);
    free(bytes);
}

/* Checkpoints are models: they load, evaluate, and carry their epoch; the best one is the best epoch's. */
static void checkpoints_are_models(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE], best_path[TEMPORARY_PATH_SIZE], last_path[TEMPORARY_PATH_SIZE];
    stria_error err = {0};
    stria_train_options options = with_output(path, "three.safetensors");
    stria_train_result result;
    run_to_end(&options, &result);
    assert_true(result.best_epoch < EPOCHS);
    assert_int_equal(temporary_folder_count(&folder), 3);

    test_context test;
    open_fast_context(&test, 1);
    stria_model *trained = NULL, *best = NULL, *last = NULL;
    assert_ok(stria_model_load(&trained, test.context, path, NULL, &err), &err);
    assert_ok(stria_model_load(&best, test.context,
                               temporary_folder_path(&folder, "three.best.safetensors", best_path), NULL,
                               &err),
              &err);
    assert_ok(stria_model_load(&last, test.context,
                               temporary_folder_path(&folder, "three.last.safetensors", last_path), NULL,
                               &err),
              &err);
    assert_same_parameters(trained, best);
    assert_string_equal(stria_model_metadata(trained, "epochs"), stria_model_metadata(best, "epochs"));
    assert_string_equal(stria_model_metadata(last, "epochs"), "4");
    assert_string_equal(stria_model_metadata(trained, "command"), "train bars");
    stria_dataset *data = make_bars(test.context, SAMPLES, 1);
    stria_evaluation of_best = {0}, of_last = {0};
    assert_ok(stria_evaluate(&of_best, best, data, STRIA_PART_TRAIN, 0, NULL, &err), &err);
    assert_ok(stria_evaluate(&of_last, last, data, STRIA_PART_TRAIN, 0, NULL, &err), &err);
    assert_true(of_best.loss < of_last.loss);
    stria_evaluation_free(&of_best, test.context);
    stria_evaluation_free(&of_last, test.context);
    stria_dataset_free(data);
    stria_model_free(trained);
    stria_model_free(best);
    stria_model_free(last);
    test_context_close(&test);
}

static void log_of_epochs(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE];
    stria_train_options options = whole;
    options.log = temporary_folder_path(&folder, "log.csv", path);
    options.epochs = 3;
    stria_train_result result;
    run_to_end(&options, &result);
    size_t size;
    char *log = read_whole_file(path, &size);
    static const char header[] = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds\n";
    assert_memory_equal(log, header, sizeof(header) - 1);
    int rows = 0;
    double values[7] = {0};
    for (char *line = log + sizeof(header) - 1; *line != '\0'; rows++) {
        for (int column = 0; column < 7; column++) {
            char *end;
            values[column] = strtod(line, &end);
            assert_true(end > line);
            assert_int_equal(*end, column < 6 ? ',' : '\n');
            line = end + 1;
        }
        assert_near(values[0], rows + 1, 0);
    }
    assert_int_equal(rows, 3);
    assert_near(values[1], result.last.loss, 0);
    assert_near(values[2], result.last.accuracy, 0);
    assert_near(values[3], result.last.val_loss, 0);
    assert_near(values[4], result.last.val_accuracy, 0);
    assert_near(values[5], 1.2, 1e-15);
    free(log);
    assert_int_equal(temporary_folder_count(&folder), 1);

    /* Without validation its columns are empty. */
    options.validation = 0;
    options.epochs = 1;
    run_to_end(&options, &result);
    log = read_whole_file(path, &size);
    assert_non_null(strstr(log, ",,,0.02,"));
    free(log);
}

/* A second training of the same output, begun while the first one runs. */
typedef struct second_training {
    const char *output;
    stria_status status;
    char message[STRIA_ERROR_MESSAGE_SIZE];
} second_training;

static void begin_second(const stria_epoch *epoch, void *payload)
{
    second_training *second = payload;
    if (epoch->epoch != 1)
        return;
    stria_train_options options = whole;
    stria_error err = {0};
    options.output = second->output;
    second->status = run(&options, bars_text, 1, 1, NULL, &err);
    strcpy(second->message, err.message);
}

static void one_training_for_one_output(void **state)
{
    (void)state;
    char path[TEMPORARY_PATH_SIZE];
    stria_train_options options = with_output(path, "locked.safetensors");
    second_training second = {.output = path};
    options.on_epoch = begin_second;
    options.payload = &second;
    run_to_end(&options, NULL);
    assert_int_equal(second.status, STRIA_ERROR_BUSY);
    assert_non_null(strstr(second.message, "another training is writing it"));
    assert_false(has_file("locked.safetensors.lock"));
    options.on_epoch = NULL;
    run_to_end(&options, NULL);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(cancelled_at_every_step),
        IN_FOLDER(killed),
        IN_FOLDER(threads_give_the_same_file),
        IN_FOLDER(more_epochs),
        IN_FOLDER(more_patience),
        IN_FOLDER(other_trainings_are_refused),
        IN_FOLDER(frozen_layers_are_remembered),
        IN_FOLDER(damaged_checkpoints),
        IN_FOLDER(checkpoints_are_models),
        IN_FOLDER(log_of_epochs),
        IN_FOLDER(one_training_for_one_output),
    };
    return cmocka_run_group_tests_name("resume", tests, NULL, NULL);
}

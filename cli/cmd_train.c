/* stria train MODEL DATA: trains a model on a data set, or teaches it without labels.
 *
 * The library trains, checkpoints and resumes; this file turns the command line into its options, shows where
 * training is, and turns Ctrl-C and SIGTERM into a request to stop after the current step. */
#define _XOPEN_SOURCE 700 /* SA_RESETHAND */

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"
#include "progress.h"
#include "ready.h"
#include "terminal.h"
#include "text.h"

typedef struct train_options {
    int64_t epochs, batch, seed, patience;
    double learning_rate;
    const char *optimizer, *schedule, *loss, *class_weight, *validation, *init, *log, *output, *learn;
    cli_machine machine;
    cli_data_options data;
    cli_list freeze;
    bool stratified, no_shuffle, resume, restore_best, json, quiet;
} train_options;

/* ---- Stopping ---- */

static volatile sig_atomic_t stopped_by; /* the signal, 0 while there was none */

static void stop(int signal)
{
    stopped_by = signal;
}

/* The first signal asks for a stop; SA_RESETHAND lets a second one end the process at once. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = stop, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void release_signals(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

/* ---- What is seen while it runs ---- */

typedef struct display {
    cli_progress progress;
    bool json, quiet;
    int json_status;
} display;

static int cancelled(void *payload)
{
    (void)payload;
    return stopped_by != 0;
}

static void on_progress(const stria_progress *at, void *payload)
{
    display *shown = payload;
    if (!shown->quiet) {
        cli_progress_draw(&shown->progress, at);
    }
}

static int print_epoch_json(const stria_epoch *epoch)
{
    cli_json *object = cli_json_object();
    cli_json_set(object, "schema", cli_json_text("stria.train/1"));
    cli_json_set(object, "epoch", cli_json_integer(epoch->epoch));
    cli_json_set(object, "epochs", cli_json_integer(epoch->epochs));
    cli_json_set(object, "loss", cli_json_number(epoch->loss));
    cli_json_set(object, "accuracy",
                 epoch->accuracy >= 0 ? cli_json_number(epoch->accuracy) : cli_json_null());
    cli_json_set(object, "val_loss", cli_json_number(epoch->val_loss));
    cli_json_set(object, "val_accuracy",
                 epoch->val_accuracy >= 0 ? cli_json_number(epoch->val_accuracy) : cli_json_null());
    cli_json_set(object, "learning_rate", cli_json_number(epoch->learning_rate));
    cli_json_set(object, "seconds", cli_json_number(epoch->seconds));
    cli_json_set(object, "best", cli_json_boolean(epoch->is_best != 0));
    return cli_json_print(object);
}

static void on_epoch(const stria_epoch *epoch, void *payload)
{
    display *shown = payload;
    if (!shown->quiet) {
        cli_progress_epoch(&shown->progress, epoch);
    }
    if (shown->json && shown->json_status == CLI_DONE) {
        shown->json_status = print_epoch_json(epoch);
    }
}

/* ---- Preparing ---- */

/* "lenet5.safetensors" for "models/lenet5.stria" and for "lenet5"; the caller frees it. */
static char *default_output(const char *model_name)
{
    const char *slash = strrchr(model_name, '/');
    const char *base = slash != NULL ? slash + 1 : model_name;
    const char *dot = strrchr(base, '.');
    const size_t length = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
    static const char suffix[] = ".safetensors";
    char *output = malloc(length + sizeof suffix);
    if (output != NULL) {
        memcpy(output, base, length);
        memcpy(output + length, suffix, sizeof suffix);
    }
    return output;
}

static int parse_validation(const char *text, stria_train_options *options)
{
    if (text == NULL) {
        return CLI_DONE;
    }
    if (strcmp(text, "test") == 0) {
        options->validate_on_test = 1;
        return CLI_DONE;
    }
    char *end = NULL;
    const double share = strtod(text, &end);
    if (end == text || *end != '\0' || !(share > 0 && share < 1)) {
        return cli_fail(
            CLI_MISUSED,
            "--validation '%s' is neither 'test' nor a share of the training part between 0 and 1", text);
    }
    options->validation = share;
    return CLI_DONE;
}

/* Draws the parameters and takes over those that another model has. */
static int take_weights(stria_model *model, stria_context *context, const train_options *options)
{
    stria_error err = {0};
    stria_model *source = NULL;
    int status = cli_open_model(&source, context, options->init);
    size_t copied = 0;
    if (status == CLI_DONE && (stria_model_initialize(model, (uint64_t)options->seed, &err) != STRIA_OK ||
                               stria_model_copy_tensors(model, source, &copied, &err) != STRIA_OK)) {
        status = cli_fail(CLI_BAD_INPUT, "--init %s: %s", options->init, err.message);
    }
    if (status == CLI_DONE) {
        cli_note("took %zu of %zu tensors from %s", copied, stria_model_tensor_count(model), options->init);
    }
    stria_model_free(source);
    return status;
}

/* Says before the time is spent that something in the network is likely not meant. */
static void note_problems(const stria_model *model, const char *name, const char *loss)
{
    const stria_lint_options options = {.struct_size = sizeof options, .loss = loss};
    stria_lint_counts counts = {0};
    if (stria_model_lint(model, &options, &counts, NULL) == STRIA_OK && counts.problems > 0) {
        cli_note("%s: %zu likely mistake%s in the network; 'stria check' tells", name, counts.problems,
                 counts.problems == 1 ? "" : "s");
    }
}

static int freeze(stria_model *model, const cli_list *patterns)
{
    stria_error err = {0};
    for (size_t i = 0; i < patterns->count; i++) {
        if (stria_model_freeze(model, patterns->items[i], &err) != STRIA_OK) {
            return cli_fail_with(&err, CLI_FROM_OPTION);
        }
    }
    return CLI_DONE;
}

/* ---- Ending ---- */

static void print_part(stria_context *context, stria_model *model, const stria_dataset *data, stria_part part,
                       const char *loss, FILE *stream)
{
    stria_error err = {0};
    stria_evaluation result = {0};
    const char *name = part == STRIA_PART_TEST ? "test" : "training";
    if (stria_evaluate(&result, model, data, part, 0, loss, &err) != STRIA_OK) {
        cli_note("the %s part could not be evaluated: %s", name, err.message);
        return;
    }
    char count[CLI_NUMBER_SIZE], number[CLI_NUMBER_SIZE];
    fprintf(stream, "%s: ", name);
    if (result.accuracy >= 0) {
        fprintf(stream, "accuracy %.4f, ", result.accuracy);
    }
    fprintf(stream, "loss %s (%s samples)\n", cli_figure_text(result.loss, number),
            cli_count_text(result.count, count));
    stria_evaluation_free(&result, context);
}

static void print_figures(const char *what, double loss, double accuracy, FILE *stream)
{
    char number[CLI_NUMBER_SIZE];
    fprintf(stream, "%s: ", what);
    if (accuracy >= 0) {
        fprintf(stream, "accuracy %.4f, ", accuracy);
    }
    fprintf(stream, "loss %s\n", cli_figure_text(loss, number));
}

/* The closing lines. With --json the epochs are the results, and these go to stderr. */
static void print_result(const stria_train_result *result, const stria_train_options *options,
                         stria_context *context, stria_model *model, const stria_dataset *data,
                         const display *shown)
{
    if (shown->json && shown->quiet) {
        return;
    }
    FILE *stream = shown->json ? stderr : stdout;
    char seconds[CLI_NUMBER_SIZE];
    fprintf(stream, "trained: %d epoch%s, %s%s%s\n", result->epochs, result->epochs == 1 ? "" : "s",
            cli_seconds_text(result->seconds, seconds), result->resumed ? " in this run" : "",
            result->stopped_early ? ", stopped early" : "");
    const bool validated = options->validation > 0 || options->validate_on_test;
    if (validated && result->best_epoch > 0 && result->best_epoch != result->epochs) {
        fprintf(stream, "best epoch: %d%s\n", result->best_epoch, options->restore_best ? ", restored" : "");
    }
    const size_t broken = stria_dataset_broken(data);
    if (broken > 0) {
        fprintf(stream, "left out: %zu file%s that cannot be read\n", broken, broken == 1 ? "" : "s");
    }
    print_figures("training", result->last.loss, result->last.accuracy, stream);
    if (validated) {
        print_figures("validation", result->last.val_loss, result->last.val_accuracy, stream);
    }
    if (!options->validate_on_test && stria_dataset_count(data, STRIA_PART_TEST) > 0) {
        print_part(context, model, data, STRIA_PART_TEST, options->loss, stream);
    }
    fputs("saved: ", stream);
    cli_write_text(stream, options->output);
    fputc('\n', stream);
}

/* Says how to go on after a signal: the same command line with --resume. */
static int stopped(const stria_error *err, const char *command, bool has_resume)
{
    cli_fail(CLI_SIGNAL, "%s", err->message);
    return cli_fail(CLI_SIGNAL + (int)stopped_by, "continue with: %s%s", command,
                    has_resume ? "" : " --resume");
}

static int train(stria_context *context, stria_model *model, const stria_dataset *data,
                 const train_options *options, stria_train_options *library, const char *command)
{
    stria_error err = {0};
    stria_train_result result = {0};
    display shown = {
        .progress = {.has_validation = library->validation > 0 || library->validate_on_test},
        .json = options->json,
        .quiet = options->quiet,
    };
    library->on_epoch = on_epoch;
    library->on_progress = on_progress;
    library->cancelled = cancelled;
    library->payload = &shown;
    catch_signals();
    const stria_status trained = stria_train(model, data, library, &result, &err);
    release_signals();
    cli_progress_clear(&shown.progress);
    if (trained == STRIA_ERROR_CANCELLED) {
        return stopped(&err, command, options->resume);
    }
    if (trained != STRIA_OK) {
        return cli_fail_with(&err, trained == STRIA_ERROR_VALUE ? CLI_FROM_OPTION : CLI_FROM_FILE);
    }
    print_result(&result, library, context, model, data, &shown);
    return shown.json_status;
}

/* ---- Without labels ---- */

/* Options of training by gradients say nothing to learning without labels. */
static int check_learn(const train_options *options)
{
    const struct {
        const char *name;
        bool given;
    } others[] = {
        {"epochs", options->epochs > 0},
        {"batch", options->batch > 0},
        {"optimizer", options->optimizer != NULL},
        {"lr", options->learning_rate > 0},
        {"schedule", options->schedule != NULL},
        {"loss", options->loss != NULL},
        {"class-weight", options->class_weight != NULL},
        {"validation", options->validation != NULL},
        {"patience", options->patience > 0},
        {"restore-best", options->restore_best},
        {"resume", options->resume},
        {"log", options->log != NULL},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i].given) {
            return cli_fail(CLI_MISUSED,
                            "--%s is for training by gradients and --learn is without them: leave out one",
                            others[i].name);
        }
    }
    return CLI_DONE;
}

static void on_layer(const stria_learned_layer *layer, void *payload)
{
    display *shown = payload;
    if (!shown->quiet) {
        cli_note("%s: %lld of %lld planes learned a feature, after %lld samples", layer->layer,
                 (long long)layer->planes_used, (long long)layer->planes, (long long)layer->samples);
    }
    if (shown->json && shown->json_status == CLI_DONE) {
        cli_json *object = cli_json_object();
        cli_json_set(object, "schema", cli_json_text("stria.learn/1"));
        cli_json_set(object, "layer", cli_json_text(layer->layer));
        cli_json_set(object, "planes", cli_json_integer(layer->planes));
        cli_json_set(object, "planes_used", cli_json_integer(layer->planes_used));
        cli_json_set(object, "samples", cli_json_integer(layer->samples));
        cli_json_set(object, "seconds", cli_json_number(layer->seconds));
        shown->json_status = cli_json_print(object);
    }
}

static int learn(stria_context *context, stria_model *model, const stria_dataset *data,
                 const train_options *options, const stria_train_options *library)
{
    stria_error err = {0};
    stria_unsupervised_result result = {0};
    display shown = {.json = options->json, .quiet = options->quiet};
    const stria_unsupervised_options unsupervised = {
        .struct_size = sizeof unsupervised,
        .rule = options->learn,
        .seed = library->seed,
        .keep_parameters = library->keep_parameters,
        .no_shuffle = library->no_shuffle,
        .output = library->output,
        .command = library->command,
        .data_name = library->data_name,
        .on_layer = on_layer,
        .payload = &shown,
        .cancelled = cancelled,
    };
    catch_signals();
    const stria_status learned = stria_train_unsupervised(model, data, &unsupervised, &result, &err);
    release_signals();
    if (learned == STRIA_ERROR_CANCELLED) {
        return cli_fail(CLI_SIGNAL + (int)stopped_by, "%s", err.message);
    }
    if (learned != STRIA_OK) {
        return cli_fail_with(&err, learned == STRIA_ERROR_VALUE ? CLI_FROM_OPTION : CLI_FROM_FILE);
    }
    if (shown.json && shown.quiet) {
        return shown.json_status;
    }
    FILE *stream = shown.json ? stderr : stdout;
    char seconds[CLI_NUMBER_SIZE];
    fprintf(stream, "learned: %lld of %lld planes in %d layer%s, %s\n", (long long)result.planes_used,
            (long long)result.planes, result.layers, result.layers == 1 ? "" : "s",
            cli_seconds_text(result.seconds, seconds));
    if (result.labelled) {
        print_part(context, model, data, STRIA_PART_TRAIN, NULL, stream);
        if (stria_dataset_count(data, STRIA_PART_TEST) > 0) {
            print_part(context, model, data, STRIA_PART_TEST, NULL, stream);
        }
    }
    fputs("saved: ", stream);
    cli_write_text(stream, library->output);
    fputc('\n', stream);
    return shown.json_status;
}

static int run(int argc, char **argv)
{
    train_options options = {0};
    cli_arguments arguments;
    int status;
    char *command = cli_command_line(argc, argv), *output = NULL;
    if (command == NULL) {
        return cli_fail_memory();
    }
    stria_context *context = NULL;
    stria_model *model = NULL;
    stria_dataset *data = NULL;
    stria_error err = {0};
    if (!cli_parse(&cli_train_command, argc, argv, &options, &arguments, &status)) {
        goto end;
    }
    const char *model_name = arguments.items[0];
    if (options.quiet) {
        cli_notes_off();
    }
    if (options.json && (status = cli_json_check()) != CLI_DONE) {
        goto end;
    }
    output = options.output == NULL ? default_output(model_name) : NULL;
    if (options.output == NULL && output == NULL) {
        status = cli_fail_memory();
        goto end;
    }
    stria_train_options library = {
        .struct_size = sizeof library,
        .epochs = (int)options.epochs,
        .batch = options.batch,
        .optimizer = options.optimizer,
        .learning_rate = options.learning_rate,
        .schedule = options.schedule,
        .loss = options.loss,
        .class_weight = options.class_weight,
        .seed = (uint64_t)options.seed,
        .stratified = options.stratified,
        .no_shuffle = options.no_shuffle,
        .patience = (int)options.patience,
        .restore_best = options.restore_best,
        .output = output != NULL ? output : options.output,
        .resume = options.resume,
        .log = options.log,
        .command = command,
        .data_name = arguments.items[1],
    };
    if ((options.learn != NULL && (status = check_learn(&options)) != CLI_DONE) ||
        (status = parse_validation(options.validation, &library)) != CLI_DONE) {
        goto end;
    }
    if (stria_train_options_check(&library, &err) != STRIA_OK) {
        status = cli_fail_with(&err, CLI_FROM_OPTION);
        goto end;
    }
    if (output != NULL && strcmp(output, model_name) == 0) {
        status = cli_fail(CLI_MISUSED,
                          "the trained model would replace %s; say where it shall go with -o FILE", output);
        goto end;
    }
    if ((status = cli_open_context(&context, &options.machine)) != CLI_DONE ||
        (status = cli_open_model(&model, context, model_name)) != CLI_DONE ||
        (status = cli_open_data(&data, context, arguments.items[1], model, &options.data)) != CLI_DONE) {
        goto end;
    }
    if (options.init != NULL) {
        status = take_weights(model, context, &options);
        library.keep_parameters = 1;
    } else if (cli_is_trained(model, model_name)) {
        cli_note("going on from the weights in %s", model_name);
        library.keep_parameters = 1;
    }
    if (status == CLI_DONE) {
        status = freeze(model, &options.freeze);
    }
    if (status == CLI_DONE) {
        note_problems(model, model_name, options.loss);
        status = options.learn != NULL ? learn(context, model, data, &options, &library)
                                       : train(context, model, data, &options, &library, command);
    }
end:
    stria_dataset_free(data);
    stria_model_free(model);
    stria_context_free(context);
    free(output);
    free(command);
    return status;
}

static void more_help(FILE *stream, int width)
{
    (void)width;
    static const char *const lists[][2] = {{"optimizer", "optimizers"},
                                           {"schedule", "schedules"},
                                           {"loss", "losses"},
                                           {"learning rule", "learning without labels (--learn)"}};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        fprintf(stream, "\n%s\n", lists[i][1]);
        cli_print_choices(stream, lists[i][0]);
    }
}

static const cli_option options_table[] = {
    CLI_INTEGER_ROW("epochs", train_options, epochs, "N", 1, 1e6,
                    "passes over the training part (default 10)"),
    CLI_INTEGER_ROW("batch", train_options, batch, "N", 1, 1e6, "samples for each step (default 64)"),
    CLI_TEXT_ROW("optimizer", train_options, optimizer, "TEXT",
                 "optimizer with its arguments, as 'sgd momentum=0.9' (default adam)"),
    CLI_NUMBER_ROW("lr", train_options, learning_rate, "F", 1e-12, 1e6,
                   "learning rate (default: the optimizer's, 0.001; 0.01 for sgd)"),
    CLI_TEXT_ROW(
        "schedule", train_options, schedule, "TEXT",
        "how the learning rate changes, as 'cosine' or 'step every=3 factor=0.5' (default constant)"),
    CLI_TEXT_ROW("loss", train_options, loss, "LOSS",
                 "what is made small (default: cross-entropy for classes, mean squared error for targets)"),
    CLI_TEXT_ROW("class-weight", train_options, class_weight, "WEIGHTS",
                 "what samples of each class count for in the loss: 'balanced' for the same share of every "
                 "class, '2,1,1,0.5', or 'cat=2,dog=0.5' (default: all 1)"),
    CLI_TEXT_ROW("learn", train_options, learn, "RULE",
                 "teach the s_cells without labels instead, as 'winner-take-all'; it takes seconds to "
                 "a minute, and cannot be gone on with when it is stopped"),
    CLI_TEXT_ROW("validation", train_options, validation, "F|test",
                 "measure after each epoch on a share F of the training part, taken from its end, or on the "
                 "test part (default: no validation; the test part is measured once, at the end)"),
    CLI_FLAG_ROW(
        "stratified", train_options, stratified,
        "draw the share for --validation from every class, by --seed (the default for a folder of class "
        "folders)"),
    CLI_INTEGER_ROW("patience", train_options, patience, "N", 0, 1e6,
                    "stop after N epochs without a better validation loss, or loss (default: never)"),
    CLI_FLAG_ROW("restore-best", train_options, restore_best, "end with the parameters of the best epoch"),
    CLI_INTEGER_ROW(
        "seed", train_options, seed, "N", 0, 9007199254740992.0,
        "of initial weights, shuffling and random layers (default 0); the same seed gives the same bits"),
    CLI_FLAG_ROW("no-shuffle", train_options, no_shuffle, "take the samples in their order"),
    CLI_TEXT_ROW("init", train_options, init, "FILE",
                 "begin with the weights in FILE, for every tensor of the same name and shape"),
    CLI_REPEATED_ROW("freeze", train_options, freeze, "PATTERN",
                     "do not train the layers whose names match, as 'conv2d*'; may be given several times"),
    CLI_FLAG_ROW("resume", train_options, resume,
                 "go on from the last checkpoint of the same output file, if there is one"),
    CLI_OUTPUT_ROW(train_options, output, "FILE",
                   "the trained model (default: the model's name with .safetensors, in this folder); "
                   "checkpoints stand beside x.safetensors as x.last.safetensors and x.best.safetensors"),
    CLI_TEXT_ROW("log", train_options, log, "FILE", "write a CSV file with a row for each epoch"),
    CLI_FLAG_ROW("quiet", train_options, quiet, "print no progress and no remarks"),
    CLI_DATA_ROWS(train_options, data),
    CLI_MACHINE_ROWS(train_options, machine),
    CLI_FLAG_ROW("json", train_options, json, "print a line of JSON for each epoch on stdout"),
};

const cli_command cli_train_command = {
    .name = "train",
    .title = "trains a model on data and saves it",
    .arguments = "MODEL DATA",
    .min_arguments = 2,
    .max_arguments = 2,
    .description =
        "MODEL is a file of model text, the name of a ready model ('stria help models'), or a "
        "trained model, whose weights training then goes on from. DATA is a folder of pictures for each "
        "class, a .csv "
        "list of pictures, a folder of IDX or CIFAR files, a .npz file, or a known name: digits, "
        "fashion-mnist, or digits16@28x28+3-2: digits of 16x16 "
        "pixels in pictures of 28x28, 3 down and 2 to the left of the middle.\n\nCtrl-C stops after the "
        "current "
        "step and saves; the same command with --resume goes on, and ends with the same weights, "
        "bit for bit, as a run that was never stopped.",
    .examples = "stria train lenet5 fashion-mnist --epochs 5\n"
                "stria train my.stria digits --validation 0.2 --patience 5 --restore-best\n"
                "stria train lenet5 fashion-mnist --optimizer 'sgd momentum=0.9' --lr 0.02\n"
                "stria train neocognitron digits16@28x28 --learn winner-take-all",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .more_help = more_help,
    .run = run,
};

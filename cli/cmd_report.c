/* stria report MODEL [DATA]: one page of HTML about a model and its training. The library writes it; this
 * file finds the data, the one that is named or the one that the model was trained on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "commands.h"
#include "failure.h"
#include "open.h"
#include "text.h"

typedef struct report_options {
    const char *output, *title, *part, *loss;
    int64_t mistakes, samples, batch;
    cli_data_options data;
    cli_machine machine;
    bool no_data;
} report_options;

/* "lenet5.html" for "models/lenet5.safetensors" and for "lenet5"; the caller frees it. */
static char *default_output(const char *model_name)
{
    static const char suffix[] = ".html";
    const char *slash = strrchr(model_name, '/');
    const char *base = slash != NULL ? slash + 1 : model_name;
    const char *dot = strrchr(base, '.');
    const size_t length = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
    char *output = malloc(length + sizeof suffix);
    if (output != NULL) {
        memcpy(output, base, length);
        memcpy(output + length, suffix, sizeof suffix);
    }
    return output;
}

/* Opens the data that is named; without a name that of the training, if it is still there and still fits. */
static int open_data(stria_dataset **data, const char **name, stria_context *context,
                     const stria_model *model, const report_options *options)
{
    stria_error err = {0};
    const stria_dataset_options library = {.struct_size = sizeof library, .model = model};
    if (*name != NULL) {
        return cli_open_data(data, context, *name, model, &options->data);
    }
    const char *trained_on = stria_model_metadata(model, "data_name");
    if (options->no_data || trained_on == NULL) {
        if (!options->no_data) {
            cli_note("the model does not say what it was trained on; name data for results, mistakes and "
                     "feature maps");
        }
        return CLI_DONE;
    }
    if (stria_dataset_open_with(data, context, trained_on, &library, &err) == STRIA_OK) {
        cli_note("taking the data it was trained on, %s", trained_on);
        *name = trained_on;
        return CLI_DONE;
    }
    if (err.code == STRIA_ERROR_MEMORY) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    cli_note("%s; the report is without the data it was trained on", err.message);
    return CLI_DONE;
}

/* The part asked for; without a wish the test part, or all there is. */
static int choose_part(const char *wanted, const stria_dataset *data, const char *name, stria_part *part)
{
    *part = wanted == NULL || strcmp(wanted, "test") == 0 ? STRIA_PART_TEST : STRIA_PART_TRAIN;
    if (data == NULL || *part == STRIA_PART_TRAIN || stria_dataset_count(data, STRIA_PART_TEST) > 0) {
        return CLI_DONE;
    }
    if (wanted != NULL) {
        return cli_fail(CLI_BAD_INPUT, "%s has no test part; --part train takes the samples there are", name);
    }
    *part = STRIA_PART_TRAIN;
    cli_note("%s has no test part; taking the training part", name);
    return CLI_DONE;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static int write_report(const report_options *options, stria_model *model, const char *model_name,
                        const stria_dataset *data, const char *data_name, const char *output)
{
    stria_error err = {0};
    stria_report_options library = {
        .struct_size = sizeof library,
        .title = options->title,
        .name = base_name(model_name),
        .data = data,
        .data_name = data_name != NULL ? base_name(data_name) : NULL,
        .batch = options->batch,
        .loss = options->loss,
        .mistakes = options->mistakes == 0 ? -1 : options->mistakes,
        .samples = options->samples == 0 ? -1 : options->samples,
    };
    const int status = choose_part(options->part, data, data_name, &library.part);
    if (status != CLI_DONE) {
        return status;
    }
    if (stria_report_write(model, output, &library, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    fputs("wrote ", stdout);
    cli_write_text(stdout, output);
    fputc('\n', stdout);
    return CLI_DONE;
}

static int run(int argc, char **argv)
{
    report_options options = {.mistakes = 24, .samples = 2};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_report_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    const char *model_name = arguments.items[0], *data_name = arguments.count > 1 ? arguments.items[1] : NULL;
    if (options.no_data && data_name != NULL) {
        return cli_fail(CLI_MISUSED, "--no-data and the data %s: leave out one", data_name);
    }
    const char *suffix = options.output != NULL ? strrchr(options.output, '.') : ".html";
    if (suffix == NULL || (strcmp(suffix, ".html") != 0 && strcmp(suffix, ".htm") != 0)) {
        return cli_fail(CLI_MISUSED, "-o %s: a report is a page of HTML: give a name that ends in .html",
                        options.output);
    }
    stria_context *context = NULL;
    stria_model *model = NULL;
    stria_dataset *data = NULL;
    char *output = NULL;
    status = cli_open_context(&context, &options.machine);
    if (status == CLI_DONE) {
        status = cli_open_model(&model, context, model_name);
    }
    if (status == CLI_DONE && options.output == NULL && (output = default_output(model_name)) == NULL) {
        status = cli_fail_memory();
    }
    if (status == CLI_DONE) {
        status = open_data(&data, &data_name, context, model, &options);
    }
    if (status == CLI_DONE) {
        status = write_report(&options, model, model_name, data, data_name,
                              output != NULL ? output : options.output);
    }
    free(output);
    stria_dataset_free(data);
    stria_model_free(model);
    stria_context_free(context);
    return status;
}

static const cli_option options_table[] = {
    CLI_OUTPUT_ROW(report_options, output, "FILE",
                   "the page (default: the model's name with .html, in this folder)"),
    CLI_TEXT_ROW("title", report_options, title, "TEXT",
                 "its title (default: 'Report on' and the model's name)"),
    CLI_FLAG_ROW("no-data", report_options, no_data,
                 "leave out what needs data, also when the data of the training is "
                 "there"),
    CLI_WORDS_ROW(
        "part", report_options, part, "PART", "train test",
        "the part of the data that is evaluated, train or test (default: test, or train when there is no "
        "other)"),
    CLI_INTEGER_ROW("mistakes", report_options, mistakes, "N", 0, 500,
                    "how many of the worst mistakes to show (default "
                    "24)"),
    CLI_INTEGER_ROW("samples", report_options, samples, "N", 0, 20,
                    "for how many samples to show feature maps (default "
                    "2)"),
    CLI_TEXT_ROW("loss", report_options, loss, "LOSS",
                 "loss to compute (default: cross-entropy for classes, mean squared error for targets)"),
    CLI_INTEGER_ROW("batch", report_options, batch, "N", 1, 1e6, "samples computed at a time (default 256)"),
    CLI_DATA_ROWS(report_options, data),
    CLI_MACHINE_ROWS(report_options, machine),
};

const cli_command cli_report_command = {
    .name = "report",
    .title = "writes a page about a model and its training",
    .arguments = "MODEL [DATA]",
    .min_arguments = 1,
    .max_arguments = 2,
    .description = "MODEL is a trained model or a checkpoint, a file of model text or the name of a ready "
                   "model. DATA is what it is "
                   "evaluated on; without it the data it was trained on is taken, when that is still "
                   "there.\n\nThe page holds layers "
                   "and graph, the curves of the training, confusion matrix and the figures of every class, "
                   "the worst mistakes, "
                   "filters before and after training, feature maps, memory, and the command that trained "
                   "the model. It is one "
                   "file, which loads nothing from elsewhere and runs no script.",
    .examples = "stria report lenet5.safetensors\n"
                "stria report lenet5.safetensors fashion-mnist -o lenet5.html --mistakes 48\n"
                "stria report resnet18 --no-data",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};

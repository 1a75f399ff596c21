/* stria summary MODEL: what is known of a network before anything runs, as a table, Markdown, JSON or a
 * graph, and the arithmetic of one layer. It prints what the library knows and computes nothing of its own.
 */
#include <stdio.h>

#include <stria/stria.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"
#include "summary.h"
#include "text.h"

typedef struct summary_options {
    bool json, markdown, dot, all;
    const char *explain;
    int64_t batch;
    cli_list inputs;
} summary_options;

/* Samples of one batch; bytes of the largest output times so many fit 63 bits. */
#define MOST_SAMPLES 1000000000

static int check_options(const summary_options *options)
{
    if (options->json + options->markdown + options->dot > 1) {
        return cli_fail(CLI_MISUSED, "only one of --json, --markdown and --dot can be given");
    }
    if (options->explain != NULL && (options->markdown || options->dot)) {
        return cli_fail(CLI_MISUSED, "--explain is told as text or --json");
    }
    return options->json ? cli_json_check() : CLI_DONE;
}

/* Gives the inputs the sizes of --input. */
static int set_inputs(stria_model *model, const cli_list *inputs)
{
    stria_shape shapes[CLI_LIST_CAPACITY];
    stria_error err = {0};
    for (size_t i = 0; i < inputs->count; i++) {
        if (stria_shape_parse(&shapes[i], inputs->items[i], &err) != STRIA_OK) {
            return cli_fail(CLI_MISUSED, "--input: %s", err.message);
        }
    }
    if (inputs->count > 0 && stria_model_set_input_shapes(model, shapes, inputs->count, &err) != STRIA_OK) {
        if (err.code == STRIA_ERROR_MEMORY) {
            return cli_fail_with(&err, CLI_FROM_OPTION);
        }
        return cli_fail(CLI_MISUSED, "--input: %s", err.message);
    }
    return CLI_DONE;
}

static int unknown_layer(const stria_model *model, const char *model_name, const char *name)
{
    cli_nearest nearest = cli_nearest_to(name);
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        cli_nearest_offer(&nearest, layer.name);
    }
    if (nearest.best != NULL) {
        return cli_fail(CLI_MISUSED, "%s has no layer '%s'; did you mean '%s'?", model_name, name,
                        nearest.best);
    }
    return cli_fail(CLI_MISUSED, "%s has no layer '%s'; 'stria summary' lists them", model_name, name);
}

static int show(const summary_options *options, const stria_model *model, const char *name)
{
    cli_summary summary = {.model = model, .name = name, .batch = options->batch, .all = options->all};
    stria_error err = {0};
    if (options->explain != NULL) {
        const int layer = stria_model_find_layer(model, options->explain);
        if (layer < 0) {
            return unknown_layer(model, name, options->explain);
        }
        return options->json ? cli_explain_json(&summary, (size_t)layer)
                             : cli_explain_text(&summary, (size_t)layer);
    }
    if (stria_model_value_memory(model, options->batch, &summary.memory, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    if (options->markdown) {
        return cli_summary_markdown(&summary);
    }
    if (options->dot) {
        return cli_summary_dot(&summary);
    }
    return options->json ? cli_summary_json(&summary) : cli_summary_table(&summary);
}

static int run(int argc, char **argv)
{
    summary_options options = {.batch = 1};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_summary_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    const char *name = arguments.items[0];
    stria_context *context = NULL;
    stria_model *model = NULL;
    status = check_options(&options);
    if (status == CLI_DONE) {
        status = cli_open_context(&context, &(cli_machine){.threads = 1});
    }
    if (status == CLI_DONE) {
        status = cli_open_description(&model, context, name);
    }
    if (status == CLI_DONE) {
        status = set_inputs(model, &options.inputs);
    }
    if (status == CLI_DONE) {
        status = show(&options, model, name);
    }
    stria_model_free(model);
    stria_context_free(context);
    return status;
}

static const cli_option options_table[] = {
    CLI_TEXT_ROW("explain", summary_options, explain, "LAYER",
                 "write out the arithmetic of a layer with its numbers put in"),
    CLI_FLAG_ROW(
        "all", summary_options, all,
        "more columns: how far apart the parts of the input lie that neighbouring outputs see (step), "
        "and where the first begins (from)"),
    CLI_INTEGER_ROW("batch", summary_options, batch, "N", 1, MOST_SAMPLES,
                    "tell memory for N samples (default 1)"),
    CLI_REPEATED_ROW("input", summary_options, inputs, "SIZES",
                     "the sizes of an input that has '?' in it, as 640x480x3; once for each input"),
    CLI_JSON_ROW(summary_options, json),
    CLI_FLAG_ROW("markdown", summary_options, markdown, "print a table in Markdown"),
    CLI_FLAG_ROW("dot", summary_options, dot, "print the graph for Graphviz"),
};

const cli_command cli_summary_command = {
    .name = "summary",
    .title = "shows a model's layers: shapes, parameters, multiplications",
    .arguments = "MODEL",
    .min_arguments = 1,
    .max_arguments = 1,
    .description =
        "MODEL is a file of model text, a trained model (.safetensors) or the name of a ready "
        "model.\n\n'sees' is the part of the input that one output of the layer depends on, its "
        "receptive field; 'memory' is the layer's output. Training holds the outputs of all layers, "
        "inference at most those that a layer reads and writes and others still have to read: of a "
        "chain, two neighbours.",
    .examples =
        "stria summary lenet5\nstria summary lenet5 --explain conv2d_1\n"
        "stria summary lenet5.stria --batch 32 --json\nstria summary lenet5 --dot | dot -Tsvg > lenet5.svg",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};

/* stria new ARCH: prints a ready model text. */
#include <stdio.h>

#include <stria/model.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "ready.h"
#include "text.h"

typedef struct new_options {
    bool json;
} new_options;

static int unknown_model(const char *name)
{
    cli_nearest nearest = cli_nearest_to(name);
    for (size_t i = 0; stria_architecture_name(i) != NULL; i++) {
        cli_nearest_offer(&nearest, stria_architecture_name(i));
    }
    if (nearest.best != NULL) {
        return cli_fail(CLI_MISUSED, "there is no ready model '%s'; did you mean '%s'?", name, nearest.best);
    }
    return cli_fail(CLI_MISUSED, "there is no ready model '%s'; 'stria new' lists them", name);
}

static cli_json *model_json(const char *name, const char *text)
{
    cli_json *model = cli_json_object();
    cli_json_set(model, "schema", cli_json_text("stria.new/1"));
    cli_json_set(model, "name", cli_json_text(name));
    cli_json_set(model, "title", cli_json_text(cli_ready_model_title(name)));
    cli_json_set(model, "text", cli_json_text(text));
    return model;
}

/* All ready models: a line of JSON each, or a list to read. */
static int list_models(bool json)
{
    int status = json ? cli_json_check() : CLI_DONE;
    if (!json) {
        cli_print_ready_models(stdout);
    }
    for (size_t i = 0; json && status == CLI_DONE && stria_architecture_name(i) != NULL; i++) {
        const char *name = stria_architecture_name(i);
        status = cli_json_print(model_json(name, stria_architecture_text(name)));
    }
    return status;
}

static int run(int argc, char **argv)
{
    new_options options = {0};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_new_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    if (arguments.count == 0) {
        return list_models(options.json);
    }
    const char *name = arguments.items[0];
    const char *text = stria_architecture_text(name);
    if (text == NULL) {
        return unknown_model(name);
    }
    if (!options.json) {
        fputs(text, stdout);
        return CLI_DONE;
    }
    status = cli_json_check();
    if (status != CLI_DONE) {
        return status;
    }
    return cli_json_print(model_json(name, text));
}

static void more_help(FILE *stream, int width)
{
    (void)width;
    fputs("\nready models\n", stream);
    cli_print_ready_models(stream);
}

static const cli_option options_table[] = {
    CLI_JSON_ROW(new_options, json),
};

const cli_command cli_new_command = {
    .name = "new",
    .title = "prints a ready model text",
    .arguments = "[ARCH]",
    .max_arguments = 1,
    .description = "ARCH is the name of a ready model; without it they are listed. Its text is a starting "
                   "point: keep it in a file, "
                   "change its lines, train it. Commands that take a model also take the name itself.",
    .examples = "stria new lenet5 > lenet5.stria",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .more_help = more_help,
    .run = run,
};

/* stria version: what this build is and what is in it. */
#include <stdio.h>

#include <stria/stria.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"
#include "table.h"

#define MOST_FEATURES 32

typedef struct version_options {
    bool json;
} version_options;

static int print_json(const stria_context *context, const stria_feature *features, size_t count)
{
    cli_json *result = cli_json_object();
    cli_json_set(result, "schema", cli_json_text("stria.version/1"));
    cli_json_set(result, "version", cli_json_text(stria_version()));
    cli_json_set(result, "cpu", cli_json_text(stria_context_cpu(context)));
    cli_json_set(result, "threads", cli_json_integer(stria_context_threads(context)));
    cli_json *list = cli_json_list();
    for (size_t i = 0; i < count; i++) {
        cli_json *feature = cli_json_object();
        cli_json_set(feature, "name", cli_json_text(features[i].name));
        cli_json_set(feature, "library", cli_json_text(features[i].library));
        cli_json_set(feature, "built_in", cli_json_boolean(features[i].built_in != 0));
        cli_json_append(list, feature);
    }
    cli_json_set(result, "features", list);
    return cli_json_print(result);
}

static int print_text(const stria_context *context, const stria_feature *features, size_t count)
{
    printf("stria %s\n\n", stria_version());
    static const cli_column columns[] = {{.title = "part"}, {.title = "built in"}, {.title = "by"}};
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++) {
        cli_table_add(&table, "%s", features[i].name);
        cli_table_add(&table, "%s", features[i].built_in ? "yes" : "no");
        cli_table_add(&table, "%s", features[i].library != NULL ? features[i].library : "");
    }
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    printf("\ninstruction set in use: %s; threads: %d\n", stria_context_cpu(context),
           stria_context_threads(context));
    return status;
}

static int run(int argc, char **argv)
{
    version_options options = {0};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_version_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    stria_context *context = NULL;
    if (options.json) {
        status = cli_json_check();
    }
    if (status == CLI_DONE) {
        status = cli_open_context(&context, &(cli_machine){0});
    }
    if (status == CLI_DONE) {
        stria_feature features[MOST_FEATURES];
        size_t count = stria_features(features, MOST_FEATURES);
        count = count < MOST_FEATURES ? count : MOST_FEATURES;
        status = options.json ? print_json(context, features, count) : print_text(context, features, count);
    }
    stria_context_free(context);
    return status;
}

static const cli_option options_table[] = {
    CLI_JSON_ROW(version_options, json),
};

const cli_command cli_version_command = {
    .name = "version",
    .title = "prints the version and what is built in",
    .arguments = "",
    .examples = "stria version",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};

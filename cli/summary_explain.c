/* The arithmetic of one layer, as the library writes it out: `stria summary MODEL --explain LAYER`. See
 * summary.h. */
#include <stdio.h>
#include <string.h>

#include <stria/explain.h>

#include "failure.h"
#include "json.h"
#include "summary.h"
#include "table.h"
#include "terminal.h"
#include "text.h"

static const cli_column columns[] = {{.title = ""}, {.title = ""}, {.title = ""}};

/* The facts of one group, until the next begins. */
typedef struct fact_group {
    cli_table table;
    char name[96];
    int narrow; /* columns of a screen too narrow for a table; 0: wide enough */
    int status;
} fact_group;

/* Narrower than this, a fact is a sentence that is wrapped. */
#define NARROW 72

static void print_heading(const fact_group *group)
{
    const cli_terminal terminal = cli_terminal_of(stdout);
    printf("\n%s%s%s\n", cli_style_text(&terminal, CLI_BOLD), group->name,
           cli_style_text(&terminal, CLI_PLAIN));
}

static void print_fact(const stria_fact *fact, const char *value, int width)
{
    char line[1024];
    const char *equals = !fact->has_value ? "" : *fact->sum != '\0' ? " = " : " ";
    snprintf(line, sizeof line, "%s:%s%s%s%s%s%s", fact->name, *fact->sum != '\0' ? " " : "", fact->sum,
             equals, fact->has_value ? value : "", *fact->unit != '\0' ? " " : "", fact->unit);
    fputs(fact->chosen ? "* " : "  ", stdout);
    cli_write_wrapped(stdout, line, 2, 4, width);
}

static void print_group(fact_group *group)
{
    if (group->table.cell_count > 0 && group->status == CLI_DONE) {
        print_heading(group);
        group->status = cli_table_print(&group->table, stdout, false);
    }
    cli_table_clear(&group->table);
}

static void take_fact(const stria_fact *fact, void *payload)
{
    fact_group *group = payload;
    char number[CLI_NUMBER_SIZE];
    if (strcmp(group->name, fact->group) != 0) {
        print_group(group);
        snprintf(group->name, sizeof group->name, "%s", fact->group);
        if (group->narrow > 0) {
            print_heading(group);
        }
    }
    if (group->narrow > 0) {
        print_fact(fact, cli_count_text(fact->value, number), group->narrow);
        return;
    }
    cli_table_add(&group->table, "%s%s", fact->chosen ? "* " : "  ", fact->name);
    cli_table_add(&group->table, "%s", fact->sum);
    if (fact->has_value) {
        cli_table_add(&group->table, "= %s%s%s", cli_count_text(fact->value, number),
                      *fact->unit != '\0' ? " " : "", fact->unit);
    } else {
        cli_table_add(&group->table, "%s", "");
    }
}

static int explain(const cli_summary *summary, size_t index, stria_fact_fn fact, void *payload)
{
    stria_error err = {0};
    const stria_explain_options options = {.struct_size = sizeof options,
                                           .batch = summary->batch > 1 ? summary->batch : 0,
                                           .fact = fact,
                                           .payload = payload};
    if (stria_model_explain(summary->model, index, &options, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    return CLI_DONE;
}

int cli_explain_text(const cli_summary *summary, size_t index)
{
    stria_layer_info layer;
    const cli_terminal terminal = cli_terminal_of(stdout);
    fact_group group = {.table = cli_table_create(columns, sizeof columns / sizeof columns[0]),
                        .narrow = terminal.width < NARROW ? terminal.width : 0};
    stria_model_layer(summary->model, index, &layer);
    printf("%s%s%s: %s\n", cli_style_text(&terminal, CLI_BOLD), layer.name,
           cli_style_text(&terminal, CLI_PLAIN), layer.text);
    const int status = explain(summary, index, take_fact, &group);
    print_group(&group);
    cli_table_free(&group.table);
    return status == CLI_DONE ? group.status : status;
}

static void append_fact(const stria_fact *fact, void *payload)
{
    cli_json *object = cli_json_object();
    cli_json_set(object, "group", cli_json_text(fact->group));
    cli_json_set(object, "key", cli_json_text(fact->key));
    cli_json_set(object, "name", cli_json_text(fact->name));
    cli_json_set(object, "sum", cli_json_text(fact->sum));
    cli_json_set(object, "value", fact->has_value ? cli_json_integer(fact->value) : cli_json_null());
    cli_json_set(object, "unit", cli_json_text(fact->unit));
    cli_json_set(object, "chosen", fact->alternative ? cli_json_boolean(fact->chosen) : cli_json_null());
    cli_json_append(payload, object);
}

int cli_explain_json(const cli_summary *summary, size_t index)
{
    stria_layer_info layer;
    cli_json *facts = cli_json_list();
    stria_model_layer(summary->model, index, &layer);
    const int status = explain(summary, index, append_fact, facts);
    if (status != CLI_DONE) {
        cli_json_free(facts);
        return status;
    }
    cli_json *result = cli_json_object();
    cli_json_set(result, "schema", cli_json_text("stria.explain/1"));
    cli_json_set(result, "model", cli_json_text(summary->name));
    cli_json_set(result, "layer", cli_json_text(layer.name));
    cli_json_set(result, "kind", cli_json_text(layer.kind));
    cli_json_set(result, "text", cli_json_text(layer.text));
    cli_json_set(result, "facts", facts);
    return cli_json_print(result);
}

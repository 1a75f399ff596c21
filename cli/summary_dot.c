/* The graph of a model in DOT, the language of Graphviz: `stria summary MODEL --dot | dot -Tsvg`. See
 * summary.h. */
#include <stdio.h>
#include <string.h>

#include "exit_status.h"
#include "summary.h"
#include "text.h"

/* Text within a string of DOT, where only quotes and backslashes mean something. */
static void print_escaped(const char *text)
{
    char escaped[1024];
    while (*text != '\0') {
        size_t length = 0;
        for (; *text != '\0' && length + 8 < sizeof escaped; text++) {
            if (*text == '"' || *text == '\\') {
                escaped[length++] = '\\';
            }
            escaped[length++] = *text == '\n' ? ' ' : *text;
        }
        while (((unsigned char)*text & 0xC0) == 0x80) {
            escaped[length++] = *text++; /* the rest of a character of several bytes */
        }
        escaped[length] = '\0';
        cli_write_text(stdout, escaped);
    }
}

static bool is_output(const stria_model *model, const char *layer)
{
    const char *output;
    for (size_t i = 0; (output = stria_model_output_name(model, i)) != NULL; i++) {
        if (strcmp(output, layer) == 0) {
            return true;
        }
    }
    return false;
}

/* The name, the line without it, the shape, the parameters: a line of the box each. */
static void print_layer(const stria_model *model, const stria_layer_info *layer)
{
    char shape[STRIA_SHAPE_TEXT_SIZE], number[CLI_NUMBER_SIZE];
    const char *text = strstr(layer->text, " = ");
    fputs("  \"", stdout);
    print_escaped(layer->name);
    fputs("\" [label=\"", stdout);
    print_escaped(layer->name);
    fputs("\\n", stdout);
    print_escaped(text != NULL ? text + 3 : layer->text);
    printf("\\n%s", stria_shape_text(&layer->output, shape, sizeof shape));
    if (layer->params > 0) {
        printf("\\n%s params", cli_count_text(layer->params, number));
    }
    if (layer->shares != NULL) {
        fputs("\\nparams of ", stdout);
        print_escaped(layer->shares);
    }
    fputs("\"", stdout);
    if (layer->input_count == 0) {
        fputs(", shape=ellipse", stdout);
    } else if (is_output(model, layer->name)) {
        fputs(", peripheries=2", stdout);
    }
    fputs("];\n", stdout);
}

static void print_edges(const stria_model *model, const stria_layer_info *layer)
{
    for (size_t i = 0; i < layer->input_count; i++) {
        stria_layer_info input;
        if (stria_model_layer(model, layer->inputs[i], &input)) {
            fputs("  \"", stdout);
            print_escaped(input.name);
            fputs("\" -> \"", stdout);
            print_escaped(layer->name);
            fputs("\";\n", stdout);
        }
    }
    if (layer->shares != NULL) { /* another use of the same parameters */
        fputs("  \"", stdout);
        print_escaped(layer->shares);
        fputs("\" -> \"", stdout);
        print_escaped(layer->name);
        fputs("\" [style=dashed, dir=none, constraint=false];\n", stdout);
    }
}

int cli_summary_dot(const cli_summary *summary)
{
    stria_layer_info layer;
    fputs("digraph \"", stdout);
    print_escaped(summary->name);
    fputs("\" {\n  node [shape=box];\n", stdout);
    for (size_t i = 0; stria_model_layer(summary->model, i, &layer); i++) {
        print_layer(summary->model, &layer);
    }
    for (size_t i = 0; stria_model_layer(summary->model, i, &layer); i++) {
        print_edges(summary->model, &layer);
    }
    fputs("}\n", stdout);
    return CLI_DONE;
}

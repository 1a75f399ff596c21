/* Lists of what the library knows by name. See ready.h. */
#include "ready.h"

#include <string.h>

#include <stria/layers.h>
#include <stria/model.h>
#include <stria/train.h>

#include "terminal.h"
#include "text.h"

/* "  NAME   title", the title wrapped under itself; on a narrow screen under the name. */
static void print_entry(FILE *stream, const char *name, int column, const char *title)
{
    const cli_terminal terminal = cli_terminal_of(stream);
    int at = fprintf(stream, "  %s", name);
    if (terminal.width < 60) {
        fputc('\n', stream);
        at = 0;
        column = 6;
    }
    fprintf(stream, "%*s", column > at ? column - at : 1, "");
    cli_write_wrapped(stream, title, column, column, terminal.width < 100 ? terminal.width : 100);
}

void cli_print_ready_models(FILE *stream)
{
    size_t longest = 0;
    for (size_t i = 0; stria_architecture_name(i) != NULL; i++) {
        const size_t length = strlen(stria_architecture_name(i));
        longest = length > longest ? length : longest;
    }
    for (size_t i = 0; stria_architecture_name(i) != NULL; i++) {
        print_entry(stream, stria_architecture_name(i), (int)longest + 4, stria_architecture_title(i));
    }
}

const char *cli_ready_model_title(const char *name)
{
    for (size_t i = 0; stria_architecture_name(i) != NULL; i++) {
        if (strcmp(stria_architecture_name(i), name) == 0) {
            return stria_architecture_title(i);
        }
    }
    return NULL;
}

void cli_print_layer_kinds(FILE *stream)
{
    stria_layer_kind_info info;
    size_t longest = 0;
    for (size_t i = 0; stria_layer_kind_describe(i, &info); i++) {
        longest = strlen(info.name) > longest ? strlen(info.name) : longest;
    }
    for (size_t i = 0; stria_layer_kind_describe(i, &info); i++) {
        print_entry(stream, info.name, (int)longest + 4, info.title);
    }
}

void cli_print_choices(FILE *stream, const char *what)
{
    const cli_terminal terminal = cli_terminal_of(stream);
    for (size_t i = 0; stria_train_choice(what, i) != NULL; i++) {
        fputs("  ", stream);
        cli_write_wrapped(stream, stria_train_choice(what, i), 2, 6,
                          terminal.width < 100 ? terminal.width : 100);
    }
}

void cli_print_activations(FILE *stream, int width)
{
    int at = 1;
    fputc(' ', stream);
    for (size_t i = 0; stria_activation_name(i) != NULL; i++) {
        const char *name = stria_activation_name(i);
        if (at + 1 + (int)strlen(name) > width) {
            fputs("\n ", stream);
            at = 1;
        }
        at += fprintf(stream, " %s", name);
    }
    fputc('\n', stream);
}

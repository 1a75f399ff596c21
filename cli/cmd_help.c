/* stria help [TOPIC]: the manual. A topic is a command, a layer kind, or a list. What it says of layers comes
 * from the tables that the parser of model text uses. */
#include <stdio.h>
#include <string.h>

#include <stria/layers.h>
#include <stria/model.h>

#include "commands.h"
#include "failure.h"
#include "help.h"
#include "ready.h"
#include "terminal.h"
#include "text.h"

int cli_page_width(FILE *stream)
{
    const cli_terminal terminal = cli_terminal_of(stream);
    return terminal.width < 100 ? terminal.width : 100;
}

void cli_print_overview(FILE *stream)
{
    const int width = cli_page_width(stream);
    const cli_terminal terminal = cli_terminal_of(stream);
    fputs("stria: ", stream);
    cli_write_wrapped(stream, "convolutional networks: describe, train, look into and ship them", 7, 2,
                      width);
    fputs("\nusage: stria COMMAND [options] ...\n\n", stream);
    fprintf(stream, "%scommands%s\n", cli_style_text(&terminal, CLI_BOLD),
            cli_style_text(&terminal, CLI_PLAIN));
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        if (strchr(cli_commands[i]->name, ' ') != NULL) {
            continue;
        }
        fprintf(stream, "  %-9s", cli_commands[i]->name);
        cli_write_wrapped(stream, cli_commands[i]->title, 11, 11, width);
    }
    fprintf(stream, "\n%shelp%s\n", cli_style_text(&terminal, CLI_BOLD),
            cli_style_text(&terminal, CLI_PLAIN));
    static const char *const topics[][2] = {
        {"stria help COMMAND", "options and examples of a command"},
        {"stria help LAYER", "formula and arguments of a layer, as 'conv2d'"},
        {"stria help layers", "all layers"},
        {"stria help models", "all ready models"},
        {"stria help training", "optimizers, schedules, losses"},
        {"stria help losses", "their arguments; also: optimizers, schedules, initializers, regularizers, "
                              "constraints"},
        {"stria help status", "exit statuses"},
    };
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        fprintf(stream, "  %-21s", topics[i][0]);
        cli_write_wrapped(stream, topics[i][1], 23, 23, width);
    }
    fputs("\nfirst steps\n"
          "  stria new lenet5 > lenet5.stria\n"
          "  stria summary lenet5.stria\n"
          "  stria train lenet5.stria fashion-mnist\n",
          stream);
}

#define UNBOUNDED 1073741824.0 /* a largest size that only guards the arithmetic is not worth telling */

void cli_describe_argument(const stria_argument_info *argument, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, "%s", argument->type);
    if (argument->minimum < argument->maximum && argument->maximum >= UNBOUNDED && length < size) {
        length += (size_t)snprintf(text + length, size - length, ", at least %.10g", argument->minimum);
    } else if (argument->minimum < argument->maximum && length < size) {
        length += (size_t)snprintf(text + length, size - length, ", %.10g to %.10g", argument->minimum,
                                   argument->maximum);
    }
    if (argument->words != NULL && length < size) {
        length += (size_t)snprintf(text + length, size - length, ", one of: %s", argument->words);
    }
    if (length < size) {
        if (argument->default_value == NULL) {
            snprintf(text + length, size - length, "; must be given");
        } else if (*argument->default_value == '\0') {
            snprintf(text + length, size - length, "; none when left out");
        } else {
            snprintf(text + length, size - length, "; default %s", argument->default_value);
        }
    }
}

/* Each line of `lines`, set in; one too long for the page goes on below, further in. */
static void print_indented(FILE *stream, const char *lines, int width)
{
    while (*lines != '\0') {
        char line[256];
        const size_t length = strcspn(lines, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, lines);
        fputs("  ", stream);
        cli_write_wrapped(stream, line, 2, 6, width);
        lines += length + (lines[length] == '\n' ? 1 : 0);
    }
}

/* "Conv"; "Neg, MaxPool, Neg in a row"; "one of Relu, Tanh". */
static void print_onnx_operator(const char *operators, int width)
{
    static const char title[] = "ONNX operator: ";
    char text[256];
    size_t length = 0;
    const bool alternatives = operators != NULL && strchr(operators, '|') != NULL;
    if (alternatives) {
        length = (size_t)snprintf(text, sizeof text, "one of ");
    }
    const char *from = operators != NULL ? operators : "none";
    for (; *from != '\0' && length + 3 < sizeof text; from++) {
        if (*from == '|' || *from == '+') {
            text[length++] = ',';
            text[length++] = ' ';
        } else {
            text[length++] = *from;
        }
    }
    snprintf(text + length, sizeof text - length, "%s",
             operators != NULL && strchr(operators, '+') != NULL ? " in a row" : "");
    fputs(title, stdout);
    cli_write_wrapped(stdout, text, (int)strlen(title), 6, width);
}

static void print_layer(size_t index)
{
    stria_layer_kind_info kind;
    stria_layer_kind_describe(index, &kind);
    const int width = cli_page_width(stdout);
    const cli_terminal terminal = cli_terminal_of(stdout);
    const char *bold = cli_style_text(&terminal, CLI_BOLD), *plain = cli_style_text(&terminal, CLI_PLAIN);
    printf("%s%s%s: ", bold, kind.name, plain);
    cli_write_wrapped(stdout, kind.title, (int)strlen(kind.name) + 2, 2, width);
    printf("\nKeras class: %s\n", kind.keras_class);
    print_onnx_operator(kind.onnx_operator, width);
    if (*kind.aliases != '\0') {
        printf("other names: %s\n", kind.aliases);
    }
    printf("\n%sformula%s\n", bold, plain);
    print_indented(stdout, kind.formula, width);
    printf("\n%sarguments%s%s\n", bold, plain, kind.argument_count == 0 ? ": none" : ", in their order");
    stria_argument_info argument;
    for (size_t i = 0; stria_layer_kind_argument(index, i, &argument); i++) {
        char text[512];
        cli_describe_argument(&argument, text, sizeof text);
        printf("  %s%s%s: ", bold, argument.name, plain);
        cli_write_wrapped(stdout, text, (int)strlen(argument.name) + 4, 6, width);
        printf("      ");
        cli_write_wrapped(stdout, argument.help, 6, 6, width);
    }
    printf("\n%sexample%s\n", bold, plain);
    print_indented(stdout, kind.example, width);
}

/* A word that stands before a layer. False when `name` is none. */
static bool print_wrapper(const char *name)
{
    stria_layer_wrapper_info wrapper;
    for (size_t i = 0; stria_layer_wrapper_describe(i, &wrapper); i++) {
        if (strcmp(wrapper.name, name) != 0 && strcmp(wrapper.keras_class, name) != 0) {
            continue;
        }
        const int width = cli_page_width(stdout);
        const cli_terminal terminal = cli_terminal_of(stdout);
        const char *bold = cli_style_text(&terminal, CLI_BOLD), *plain = cli_style_text(&terminal, CLI_PLAIN);
        printf("%s%s%s: ", bold, wrapper.name, plain);
        cli_write_wrapped(stdout, wrapper.title, (int)strlen(wrapper.name) + 2, 2, width);
        printf("\nKeras class: %s\n\n%sformula%s\n", wrapper.keras_class, bold, plain);
        print_indented(stdout, wrapper.formula, width);
        printf("\n%sexample%s\n", bold, plain);
        print_indented(stdout, wrapper.example, width);
        return true;
    }
    return false;
}

static void print_statuses(void)
{
    static const struct {
        const char *status, *meaning;
    } statuses[] = {
        {"0", "done"},
        {"1", "the question asked was answered \"no\": an accuracy was missed, problems were found"},
        {"2", "misused: unknown command, option or value"},
        {"3", "bad input file: damaged, with mistakes, or not fitting the model"},
        {"4", "environment: missing file, permission, full disk, file in use, a part not built in"},
        {"5", "not enough memory"},
        {"6", "training diverged: a loss or a weight became NaN or infinite"},
        {"130, 143", "stopped by Ctrl-C or SIGTERM, after saving"},
    };
    const int width = cli_page_width(stdout);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        printf("%8s  ", statuses[i].status);
        cli_write_wrapped(stdout, statuses[i].meaning, 10, 10, width);
    }
}

static void print_training(void)
{
    static const char *const lists[][3] = {{"optimizer", "optimizers", "optimizer"},
                                           {"schedule", "schedules", "schedule"},
                                           {"loss", "losses", "loss"},
                                           {"learning rule", "learning without labels", "learn"}};
    const cli_terminal terminal = cli_terminal_of(stdout);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        printf("%s%s%s (--%s)%s\n", i > 0 ? "\n" : "", cli_style_text(&terminal, CLI_BOLD), lists[i][1],
               lists[i][2], cli_style_text(&terminal, CLI_PLAIN));
        cli_print_choices(stdout, lists[i][0]);
        if (i == 0) {
            fputs("  ", stdout);
            cli_write_wrapped(stdout,
                              "Every optimizer also takes weight_decay=0 and one of clipnorm=0, clipvalue=0, "
                              "global_clipnorm=0 (0: no limit).",
                              2, 2, cli_page_width(stdout));
        }
    }
    fputs("\nTheir arguments: 'stria help optimizers', 'schedules', 'losses'.\n", stdout);
}

static void print_layers(void)
{
    cli_print_layer_kinds(stdout);
    fputs("\nwords before a layer\n", stdout);
    stria_layer_wrapper_info wrapper;
    for (size_t i = 0; stria_layer_wrapper_describe(i, &wrapper); i++) {
        printf("  %s: ", wrapper.name);
        cli_write_wrapped(stdout, wrapper.title, (int)strlen(wrapper.name) + 4, 6, cli_page_width(stdout));
    }
    fputs("\nactivations, as a layer's argument\n", stdout);
    cli_print_activations(stdout, cli_page_width(stdout));
    fputs("\n'stria help LAYER' explains one. What arguments name: 'stria help initializers',\n"
          "'regularizers', 'constraints'.\n",
          stdout);
}

static void print_models(void)
{
    cli_print_ready_models(stdout);
    fputs("\n'stria new ARCH' prints one's text.\n", stdout);
}

/* Pages that are neither a command nor a layer. */
static const struct {
    const char *name;
    void (*print)(void);
} topics[] = {{"layers", print_layers},
              {"models", print_models},
              {"training", print_training},
              {"status", print_statuses}};

#define TOPIC_COUNT (sizeof topics / sizeof topics[0])

/* Whether `name` is an activation that is no layer kind of its own. */
static bool is_activation(const char *name)
{
    size_t i = 0;
    while (stria_activation_name(i) != NULL && strcmp(stria_activation_name(i), name) != 0) {
        i++;
    }
    return stria_activation_name(i) != NULL && stria_layer_kind_find(name) < 0;
}

static int unknown_topic(const char *name)
{
    cli_nearest nearest = cli_nearest_to(name);
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        cli_nearest_offer(&nearest, cli_commands[i]->name);
    }
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        cli_nearest_offer(&nearest, topics[i].name);
    }
    for (size_t i = 0; cli_functions_topic(i) != NULL; i++) {
        cli_nearest_offer(&nearest, cli_functions_topic(i));
    }
    stria_layer_kind_info kind;
    for (size_t i = 0; stria_layer_kind_describe(i, &kind); i++) {
        cli_nearest_offer(&nearest, kind.name);
    }
    stria_layer_wrapper_info wrapper;
    for (size_t i = 0; stria_layer_wrapper_describe(i, &wrapper); i++) {
        cli_nearest_offer(&nearest, wrapper.name);
    }
    const char *best = nearest.best != NULL ? nearest.best : stria_layer_kind_suggest(name);
    if (best != NULL) {
        return cli_fail(CLI_MISUSED, "there is no help on '%s'; did you mean '%s'?", name, best);
    }
    return cli_fail(CLI_MISUSED,
                    "there is no help on '%s'; 'stria help' lists the commands, 'stria help layers' the "
                    "layers",
                    name);
}

static int run(int argc, char **argv)
{
    char no_options;
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_help_command, argc, argv, &no_options, &arguments, &status)) {
        return status;
    }
    if (arguments.count == 0) {
        cli_print_overview(stdout);
        return CLI_DONE;
    }
    const char *name = arguments.items[0];
    const cli_command *command = cli_find_command(name);
    if (arguments.count == 2 && (command = cli_find_words(name, arguments.items[1])) == NULL) {
        return cli_fail(CLI_MISUSED, "there is no help on '%s %s'", name, arguments.items[1]);
    }
    if (command != NULL) {
        cli_print_help(command, stdout);
        return CLI_DONE;
    }
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        if (strcmp(topics[i].name, name) == 0) {
            topics[i].print();
            return CLI_DONE;
        }
    }
    if (cli_print_functions(name)) {
        return CLI_DONE;
    }
    const int kind = stria_layer_kind_find(is_activation(name) ? "activation" : name);
    if (kind >= 0) {
        print_layer((size_t)kind);
        return CLI_DONE;
    }
    return print_wrapper(name) ? CLI_DONE : unknown_topic(name);
}

const cli_command cli_help_command = {
    .name = "help",
    .title = "explains a command or a layer",
    .arguments = "[TOPIC]",
    .max_arguments = 2,
    .description =
        "TOPIC is a command, a layer kind in model text or its Keras class, or one of: layers, models, "
        "training, losses, optimizers, schedules, initializers, regularizers, constraints, status.",
    .examples = "stria help train\nstria help conv2d\nstria help layers",
    .run = run,
};

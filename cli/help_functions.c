/* The pages of functions that arguments of layers name (initializers, regularizers, constraints) and of the
 * choices of training (losses, optimizers, schedules): all from the library's tables. */
#include <stdio.h>
#include <string.h>

#include <stria/layers.h>
#include <stria/train.h>

#include "help.h"
#include "terminal.h"
#include "text.h"

/* A page of functions with arguments in parentheses. */
typedef struct family_page {
    const char *name, *title, *family, *use;
} family_page;

static const family_page families[] = {
    {"initializers", "how a parameter starts", "initializer",
     "dense 10 kernel_initializer=random_normal(0, stddev=0.02)"},
    {"regularizers", "penalties on parameters (w) or outputs, part of the loss", "regularizer",
     "dense 10 kernel_regularizer=l1_l2(0.001, l2=0.01)"},
    {"constraints", "what a parameter (w) is brought back to after every step of training", "constraint",
     "dense 10 kernel_constraint=max_norm(3, axis=0)"},
};

/* A page of choices with arguments behind their name. */
static const family_page choices[] = {
    {"losses", "what training makes small (--loss); y is an output, t its target", "loss",
     "stria train my.stria digits --loss 'huber delta=0.5'"},
    {"optimizers", "how gradients move the parameters (--optimizer)", "optimizer",
     "stria train my.stria digits --optimizer 'sgd momentum=0.9 nesterov'"},
    {"schedules", "how the learning rate changes (--schedule)", "schedule",
     "stria train my.stria digits --schedule 'step every=3 factor=0.5'"},
};

#define FAMILY_COUNT (sizeof families / sizeof families[0])
#define CHOICE_COUNT (sizeof choices / sizeof choices[0])

const char *cli_functions_topic(size_t index)
{
    if (index < FAMILY_COUNT) {
        return families[index].name;
    }
    return index - FAMILY_COUNT < CHOICE_COUNT ? choices[index - FAMILY_COUNT].name : NULL;
}

static void print_head(const family_page *page, const char *bold, const char *plain, int width)
{
    printf("%s%s%s: ", bold, page->name, plain);
    cli_write_wrapped(stdout, page->title, (int)strlen(page->name) + 2, 2, width);
}

static void print_example(const family_page *page, const char *bold, const char *plain, int width)
{
    printf("\n%sexample%s\n  ", bold, plain);
    cli_write_wrapped(stdout, page->use, 2, 6, width);
}

/* "    alpha: number, 0 to 1; default 0.25", and what it is for where the table says so. */
static void print_argument(const stria_argument_info *argument, int width)
{
    char text[512];
    cli_describe_argument(argument, text, sizeof text);
    const size_t length = strlen(text);
    if (argument->help != NULL) {
        snprintf(text + length, sizeof text - length, ": %s", argument->help);
    }
    printf("      %s: ", argument->name);
    cli_write_wrapped(stdout, text, (int)strlen(argument->name) + 8, 10, width);
}

/* "(l1=0, l2=0)": the arguments with their defaults; "" for none. */
static void write_call(const char *family, size_t index, char *text, size_t size)
{
    size_t length = 0;
    *text = '\0';
    stria_argument_info argument;
    for (size_t a = 0; length < size && stria_function_argument(family, index, a, &argument); a++) {
        length += (size_t)snprintf(text + length, size - length, "%s%s=%s", a == 0 ? "(" : ", ",
                                   argument.name, argument.default_value);
    }
    if (length > 0 && length < size) {
        snprintf(text + length, size - length, ")");
    }
}

static void print_family(const family_page *page)
{
    const cli_terminal terminal = cli_terminal_of(stdout);
    const char *bold = cli_style_text(&terminal, CLI_BOLD), *plain = cli_style_text(&terminal, CLI_PLAIN);
    const int width = cli_page_width(stdout);
    print_head(page, bold, plain, width);
    stria_function_info function;
    for (size_t i = 0; stria_function_describe(page->family, i, &function); i++) {
        char call[200], text[500];
        write_call(page->family, i, call, sizeof call);
        snprintf(text, sizeof text, "%s: %s%s%s%s", call, function.formula,
                 *function.aliases != '\0' ? " (also " : "", function.aliases,
                 *function.aliases != '\0' ? ")" : "");
        printf("\n  %s%s%s", bold, function.name, plain);
        cli_write_wrapped(stdout, text, (int)strlen(function.name) + 2, 6, width);
        stria_argument_info argument;
        for (size_t a = 0; stria_function_argument(page->family, i, a, &argument); a++) {
            print_argument(&argument, width);
        }
    }
    print_example(page, bold, plain, width);
}

/* Whether choice `index` has an argument of that name and meaning. */
static bool has_argument(const char *what, size_t index, const stria_argument_info *wanted)
{
    stria_argument_info argument;
    for (size_t a = 0; stria_train_choice_argument(what, index, a, &argument); a++) {
        if (strcmp(argument.name, wanted->name) == 0 && strcmp(argument.help, wanted->help) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether all of several choices have it, so that it is told once. */
static bool is_common(const char *what, const stria_argument_info *argument)
{
    size_t count = 0;
    for (; stria_train_choice(what, count) != NULL; count++) {
        if (!has_argument(what, count, argument)) {
            return false;
        }
    }
    return count > 1;
}

static void print_choices(const family_page *page)
{
    const cli_terminal terminal = cli_terminal_of(stdout);
    const char *bold = cli_style_text(&terminal, CLI_BOLD), *plain = cli_style_text(&terminal, CLI_PLAIN);
    const int width = cli_page_width(stdout);
    stria_argument_info argument;
    print_head(page, bold, plain, width);
    for (size_t i = 0; stria_train_choice(page->family, i) != NULL; i++) {
        const char *help = stria_train_choice(page->family, i);
        const int named = (int)strcspn(help, " :");
        const int gap = help[named] == ' ';
        printf("\n  %s%.*s%s%s", bold, named, help, plain, gap == 1 ? " " : "");
        cli_write_wrapped(stdout, help + named + gap, named + 2 + gap, 6, width);
        for (size_t a = 0; stria_train_choice_argument(page->family, i, a, &argument); a++) {
            if (!is_common(page->family, &argument)) {
                print_argument(&argument, width);
            }
        }
    }
    bool any = false;
    for (size_t a = 0; stria_train_choice_argument(page->family, 0, a, &argument); a++) {
        if (is_common(page->family, &argument)) {
            printf("%s", any ? "" : "\n  all of them:\n");
            if (*argument.default_value == '\0') {
                argument.default_value = "each its own, as above";
            }
            print_argument(&argument, width);
            any = true;
        }
    }
    print_example(page, bold, plain, width);
}

bool cli_print_functions(const char *topic)
{
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        if (strcmp(families[i].name, topic) == 0) {
            print_family(&families[i]);
            return true;
        }
    }
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        if (strcmp(choices[i].name, topic) == 0) {
            print_choices(&choices[i]);
            return true;
        }
    }
    return false;
}

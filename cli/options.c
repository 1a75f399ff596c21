/* Declared options. See options.h. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "terminal.h"
#include "text.h"

static const cli_option help_option = {
    .name = "help", .letter = 'h', .type = CLI_FLAG, .help = "print this help"};

static const cli_option *find_option(const cli_command *command, const char *name, size_t length)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const cli_option *option = &command->options[i];
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0) {
            return option;
        }
    }
    return length == 4 && strncmp(name, "help", 4) == 0 ? &help_option : NULL;
}

static const cli_option *find_letter(const cli_command *command, char letter)
{
    for (size_t i = 0; i < command->option_count; i++) {
        if (command->options[i].letter == letter) {
            return &command->options[i];
        }
    }
    return letter == help_option.letter ? &help_option : NULL;
}

static int unknown_option(const cli_command *command, const char *given, size_t length)
{
    char name[64];
    const size_t start = strspn(given, "-");
    snprintf(name, sizeof name, "%.*s", length > start ? (int)(length - start) : 0, given + start);
    cli_nearest nearest = cli_nearest_to(name);
    for (size_t i = 0; i < command->option_count; i++) {
        cli_nearest_offer(&nearest, command->options[i].name);
    }
    if (nearest.best != NULL) {
        return cli_fail(CLI_MISUSED, "unknown option '%.*s'; did you mean '--%s'?", (int)length, given,
                        nearest.best);
    }
    return cli_fail(CLI_MISUSED, "unknown option '%.*s'; 'stria help %s' lists them", (int)length, given,
                    command->name);
}

static bool is_one_of(const char *words, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        const size_t next = strcspn(at, " ");
        if (next == length && strncmp(at, word, length) == 0) {
            return true;
        }
        at += next;
    }
    return false;
}

/* Stores the option's value; `value` is NULL for flags. Returns CLI_DONE or says what is wrong. */
static int store(const cli_option *option, const char *value, void *options)
{
    void *field = (char *)options + option->offset;
    char *end = NULL;
    errno = 0;
    switch (option->type) {
    case CLI_FLAG:
        *(bool *)field = true;
        return CLI_DONE;
    case CLI_INTEGER: {
        const long long integer = strtoll(value, &end, 10);
        if (end == value || *end != '\0' || isspace((unsigned char)*value)) {
            return cli_fail(CLI_MISUSED, "--%s '%s' is not a whole number", option->name, value);
        }
        if (errno == ERANGE || (double)integer < option->min || (double)integer > option->max) {
            return cli_fail(CLI_MISUSED, "--%s %s is not from %.0f to %.0f", option->name, value, option->min,
                            option->max);
        }
        *(int64_t *)field = integer;
        return CLI_DONE;
    }
    case CLI_NUMBER: {
        const double number = strtod(value, &end);
        if (end == value || *end != '\0' || isspace((unsigned char)*value) || isnan(number)) {
            return cli_fail(CLI_MISUSED, "--%s '%s' is not a number", option->name, value);
        }
        if (number < option->min || number > option->max) {
            return cli_fail(CLI_MISUSED, "--%s %s is not from %g to %g", option->name, value, option->min,
                            option->max);
        }
        *(double *)field = number;
        return CLI_DONE;
    }
    case CLI_TEXT:
        if (option->words != NULL && !is_one_of(option->words, value)) {
            return cli_fail(CLI_MISUSED, "--%s '%s' is none of: %s", option->name, value, option->words);
        }
        *(const char **)field = value;
        return CLI_DONE;
    case CLI_REPEATED: {
        cli_list *list = field;
        if (list->count == CLI_LIST_CAPACITY) {
            return cli_fail(CLI_MISUSED, "--%s is given more than %d times", option->name, CLI_LIST_CAPACITY);
        }
        list->items[list->count++] = value;
        return CLI_DONE;
    }
    }
    return CLI_MISUSED;
}

bool cli_parse(const cli_command *command, int argc, char **argv, void *options, cli_arguments *arguments,
               int *status)
{
    *arguments = (cli_arguments){0, argv + 1};
    bool options_ended = false;
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        if (options_ended || word[0] != '-' || word[1] == '\0') {
            arguments->items[arguments->count++] = word;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            options_ended = true;
            continue;
        }
        const bool is_long = word[1] == '-';
        const size_t length = is_long ? strcspn(word, "=") : 2;
        const cli_option *option =
            is_long ? find_option(command, word + 2, length - 2) : find_letter(command, word[1]);
        if (option == NULL) {
            *status = unknown_option(command, word, is_long ? length : strlen(word));
            return false;
        }
        if (option == &help_option) {
            cli_print_help(command, stdout);
            *status = CLI_DONE;
            return false;
        }
        const char *value = word[length] == '\0' ? NULL : word + length + (is_long ? 1 : 0);
        if (option->type == CLI_FLAG) {
            if (value != NULL) {
                *status = cli_fail(CLI_MISUSED, "%.*s takes no value", (int)length, word);
                return false;
            }
        } else if (value == NULL) {
            if (i + 1 == argc || strncmp(argv[i + 1], "--", 2) == 0) {
                *status = cli_fail(CLI_MISUSED, "%s needs a value: %s %s", word, word, option->value);
                return false;
            }
            value = argv[++i];
        }
        *status = store(option, value, options);
        if (*status != CLI_DONE) {
            return false;
        }
    }
    if (arguments->count < command->min_arguments || arguments->count > command->max_arguments) {
        const bool too_few = arguments->count < command->min_arguments;
        if (!too_few && command->max_arguments == 0) {
            *status = cli_fail(CLI_MISUSED, "'%s' is one argument too many; usage: stria %s [options]",
                               arguments->items[0], command->name);
        } else {
            *status = cli_fail(CLI_MISUSED, "%s; usage: stria %s [options] %s",
                               too_few ? "an argument is missing" : "too many arguments", command->name,
                               command->arguments);
        }
        return false;
    }
    *status = CLI_DONE;
    return true;
}

#define HELP_INDENT 2
#define HELP_COLUMN 24

static void print_option(const cli_option *option, FILE *stream, int width)
{
    char left[96];
    int length = option->letter != 0 ? snprintf(left, sizeof left, "-%c, --%s", option->letter, option->name)
                                     : snprintf(left, sizeof left, "--%s", option->name);
    if (option->value != NULL) {
        length += snprintf(left + length, sizeof left - (size_t)length, " %s", option->value);
    }
    fprintf(stream, "%*s%s", HELP_INDENT, "", left);
    int at = HELP_INDENT + length;
    const int column = width < 60 ? 6 : HELP_COLUMN;
    if (at + 2 > column) {
        fputc('\n', stream);
        at = 0;
    }
    fprintf(stream, "%*s", column - at, "");
    cli_write_wrapped(stream, option->help, column, column, width);
}

void cli_print_help(const cli_command *command, FILE *stream)
{
    const cli_terminal terminal = cli_terminal_of(stream);
    const int width = terminal.width < 100 ? terminal.width : 100;
    const char *bold = cli_style_text(&terminal, CLI_BOLD), *plain = cli_style_text(&terminal, CLI_PLAIN);
    fprintf(stream, "%sstria %s%s: ", bold, command->name, plain);
    cli_write_wrapped(stream, command->title, (int)strlen(command->name) + 8, 4, width);
    fprintf(stream, "\nusage: ");
    char usage[160];
    snprintf(usage, sizeof usage, "stria %s [options]%s%s", command->name,
             *command->arguments != '\0' ? " " : "", command->arguments);
    cli_write_wrapped(stream, usage, 7, 11, width);
    if (command->description != NULL) {
        fputc('\n', stream);
        cli_write_wrapped(stream, command->description, 0, 0, width);
    }
    fprintf(stream, "\n%soptions%s\n", bold, plain);
    for (size_t i = 0; i < command->option_count; i++) {
        print_option(&command->options[i], stream, width);
    }
    print_option(&help_option, stream, width);
    if (command->more_help != NULL) {
        command->more_help(stream, width);
    }
    fprintf(stream, "\n%sexamples%s\n", bold, plain);
    for (const char *line = command->examples; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        fprintf(stream, "  %.*s\n", (int)length, line);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
}

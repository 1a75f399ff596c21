/* stria check MODEL: what is probably a mistake in a network, and whether a saved file is whole. The rules
 * are the library's. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <stria/stria.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"
#include "terminal.h"
#include "text.h"

typedef struct check_options {
    bool json, strict;
    const char *loss;
} check_options;

/* One check: the file, the model in it, and what was found. */
typedef struct model_check {
    const check_options *options;
    const char *name;
    stria_model *model;
    stria_file_facts file;
    stria_lint_counts counts;
    cli_json *findings;
} model_check;

static const char *severity_name(stria_severity severity)
{
    return severity == STRIA_PROBLEM ? "problem" : "hint";
}

/* "problem: what is the matter [rule]", and below what would help. */
static void print_finding(const stria_finding *finding, void *payload)
{
    (void)payload;
    const cli_terminal terminal = cli_terminal_of(stdout);
    const int width = terminal.width < 100 ? terminal.width : 100;
    const char *severity = severity_name(finding->severity);
    char line[1024];
    snprintf(line, sizeof line, "%s [%s]", finding->message, finding->rule);
    printf("%s%s:%s ", cli_style_text(&terminal, finding->severity == STRIA_PROBLEM ? CLI_RED : CLI_YELLOW),
           severity, cli_style_text(&terminal, CLI_PLAIN));
    cli_write_wrapped(stdout, line, (int)strlen(severity) + 2, 4, width);
    fputs("    ", stdout);
    cli_write_wrapped(stdout, finding->help, 4, 4, width);
}

static void append_finding(const stria_finding *finding, void *payload)
{
    model_check *check = payload;
    cli_json *object = cli_json_object();
    cli_json_set(object, "rule", cli_json_text(finding->rule));
    cli_json_set(object, "severity", cli_json_text(severity_name(finding->severity)));
    cli_json_set(object, "layer", cli_json_text(finding->name));
    cli_json_set(object, "message", cli_json_text(finding->message));
    cli_json_set(object, "help", cli_json_text(finding->help));
    cli_json_append(check->findings, object);
}

/* What was verified of a trained model's file. */
static void print_file(const model_check *check)
{
    const cli_terminal terminal = cli_terminal_of(stdout);
    char number[CLI_NUMBER_SIZE], bytes[CLI_NUMBER_SIZE], line[512];
    if (!check->file.trained) {
        return;
    }
    snprintf(line, sizeof line, "%s tensors, %s, with all that its model text asks for; %s",
             cli_count_text((int64_t)check->file.tensors, number),
             cli_bytes_text((int64_t)check->file.bytes, bytes),
             check->file.has_checksums ? "the checksums of the header and of every tensor are right"
                                       : "there are no checksums, so that changed numbers cannot be noticed");
    cli_write_text(stdout, check->name);
    fputs(": ", stdout);
    cli_write_wrapped(stdout, line, cli_text_width(check->name) + 2, 4,
                      terminal.width < 100 ? terminal.width : 100);
}

static void print_counts(const model_check *check)
{
    const size_t problems = check->counts.problems, hints = check->counts.hints;
    cli_write_text(stdout, check->name);
    if (problems == 0) {
        fputs(": no problems", stdout);
    } else {
        printf(": %zu problem%s", problems, problems == 1 ? "" : "s");
    }
    if (hints > 0) {
        printf(", %zu hint%s", hints, hints == 1 ? "" : "s");
    }
    fputc('\n', stdout);
}

static int print_json(model_check *check)
{
    cli_json *result = cli_json_object();
    cli_json_set(result, "schema", cli_json_text("stria.check/1"));
    cli_json_set(result, "model", cli_json_text(check->name));
    cli_json *file = cli_json_null();
    if (check->file.trained) {
        file = cli_json_object();
        cli_json_set(file, "tensors", cli_json_integer((int64_t)check->file.tensors));
        cli_json_set(file, "bytes", cli_json_integer((int64_t)check->file.bytes));
        cli_json_set(file, "checksums", cli_json_boolean(check->file.has_checksums));
    }
    cli_json_set(result, "file", file);
    cli_json_set(result, "problems", cli_json_integer((int64_t)check->counts.problems));
    cli_json_set(result, "hints", cli_json_integer((int64_t)check->counts.hints));
    cli_json_set(result, "findings", check->findings);
    check->findings = NULL;
    return cli_json_print(result);
}

static int look(model_check *check)
{
    stria_error err = {0};
    const bool json = check->options->json;
    check->findings = json ? cli_json_list() : NULL;
    const stria_lint_options options = {.struct_size = sizeof options,
                                        .loss = check->options->loss,
                                        .finding = json ? append_finding : print_finding,
                                        .payload = check};
    if (stria_model_lint(check->model, &options, &check->counts, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    int status = CLI_DONE;
    if (json) {
        status = print_json(check);
    } else {
        print_file(check);
        print_counts(check);
    }
    const size_t bad = check->counts.problems + (check->options->strict ? check->counts.hints : 0);
    return status == CLI_DONE && bad > 0 ? CLI_NO : status;
}

/* Verifies the file, and takes the model from it: with its parameters when it has any. */
static int open_checked(model_check *check, stria_context *context)
{
    stria_error err = {0};
    if (cli_exists(check->name) && stria_file_verify(&check->file, context, check->name, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    return check->file.trained ? cli_open_model(&check->model, context, check->name)
                               : cli_open_description(&check->model, context, check->name);
}

static int run(int argc, char **argv)
{
    check_options options = {0};
    cli_arguments arguments;
    stria_error err = {0};
    int status;
    if (!cli_parse(&cli_check_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    const stria_train_options training = {.struct_size = sizeof training, .loss = options.loss};
    if (stria_train_options_check(&training, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    stria_context *context = NULL;
    model_check check = {.options = &options, .name = arguments.items[0]};
    status = options.json ? cli_json_check() : CLI_DONE;
    if (status == CLI_DONE) {
        status = cli_open_context(&context, &(cli_machine){.threads = 1});
    }
    if (status == CLI_DONE) {
        status = open_checked(&check, context);
    }
    if (status == CLI_DONE) {
        status = look(&check);
    }
    cli_json_free(check.findings);
    stria_model_free(check.model);
    stria_context_free(context);
    return status;
}

static void more_help(FILE *stream, int width)
{
    stria_lint_rule_info rule;
    size_t longest = 0;
    for (size_t i = 0; stria_lint_rule(i, &rule); i++) {
        longest = strlen(rule.name) > longest ? strlen(rule.name) : longest;
    }
    const int column = width < 60 ? 6 : (int)longest + 4;
    for (int severity = STRIA_PROBLEM; severity >= STRIA_HINT; severity--) {
        fprintf(stream, "\n%s\n", severity == STRIA_PROBLEM ? "problems" : "hints");
        for (size_t i = 0; stria_lint_rule(i, &rule); i++) {
            if ((int)rule.severity == severity) {
                const int at = fprintf(stream, "  %s", rule.name);
                fprintf(stream, "%s%*s", width < 60 ? "\n" : "", width < 60 ? column : column - at, "");
                cli_write_wrapped(stream, rule.title, column, column, width);
            }
        }
    }
}

static const cli_option options_table[] = {
    CLI_TEXT_ROW("loss", check_options, loss, "LOSS",
                 "the loss that it will be trained with, to look at its outputs ('stria help training')"),
    CLI_FLAG_ROW("strict", check_options, strict, "end with status 1 for hints too"),
    CLI_JSON_ROW(check_options, json),
};

const cli_command cli_check_command = {
    .name = "check",
    .title = "finds likely mistakes in a model, and damage in a saved one",
    .arguments = "MODEL",
    .min_arguments = 1,
    .max_arguments = 1,
    .description =
        "MODEL is a file of model text, a trained model (.safetensors) or the name of a ready model. "
        "Of a trained model the checksums are verified and the numbers looked at.\n\nEnds with status 0 "
        "when there are no problems, 1 when there are, 3 when the file is damaged or has mistakes in its "
        "text. Hints are worth knowing and may well be meant so.",
    .examples = "stria check lenet5.stria\nstria check lenet5.safetensors --json",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .more_help = more_help,
    .run = run,
};

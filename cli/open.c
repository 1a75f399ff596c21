/* Opening what commands work on. See open.h. */
#include "open.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "terminal.h"
#include "text.h"

static void log_line(stria_log_level level, const char *message, void *payload)
{
    (void)payload;
    if (level >= STRIA_LOG_INFO) {
        cli_note("%s%s", level == STRIA_LOG_WARNING ? "warning: " : "", message);
    }
}

int cli_open_context(stria_context **context, const cli_machine *machine)
{
    stria_error err = {0};
    const stria_context_options options = {
        .struct_size = sizeof options,
        .log = log_line,
        .cpu = machine->cpu,
        .threads = (int)machine->threads,
        .algorithm = machine->algorithm,
    };
    if (stria_context_create(context, &options, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    return CLI_DONE;
}

int cli_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* As compilers do it: file:line:column: message, the line, a caret under the marked part. */
static void show_mistake(const stria_diagnostic *diagnostic, void *payload)
{
    int *shown = payload;
    ++*shown;
    const cli_terminal terminal = cli_terminal_of(stderr);
    const char *plain = cli_style_text(&terminal, CLI_PLAIN);
    fputs(cli_style_text(&terminal, CLI_BOLD), stderr);
    cli_write_text(stderr, diagnostic->file);
    fprintf(stderr, ":%d:%d:%s ", diagnostic->line, diagnostic->column, plain);
    cli_write_text(stderr, diagnostic->message);
    fputs("\n  ", stderr);
    cli_write_text(stderr, diagnostic->source);
    char before[512];
    snprintf(before, sizeof before, "%.*s", diagnostic->column - 1, diagnostic->source);
    fprintf(stderr, "\n  %*s%s^", cli_text_width(before), "", cli_style_text(&terminal, CLI_RED));
    for (int i = 1; i < diagnostic->length; i++) {
        fputc('~', stderr);
    }
    fprintf(stderr, "%s\n", plain);
}

static int fail_model(const stria_error *err, const char *name, int shown)
{
    if (shown == 1) {
        return cli_fail(CLI_BAD_INPUT, "%s has a mistake", name);
    }
    if (shown > 1) {
        return cli_fail(CLI_BAD_INPUT, "%s has %d mistakes", name, shown);
    }
    if (err->code == STRIA_ERROR_MISSING && strpbrk(name, "/.") == NULL) {
        cli_nearest nearest = cli_nearest_to(name);
        for (size_t i = 0; stria_architecture_name(i) != NULL; i++) {
            cli_nearest_offer(&nearest, stria_architecture_name(i));
        }
        if (nearest.best != NULL) {
            return cli_fail(CLI_ENVIRONMENT, "there is no file and no ready model '%s'; did you mean '%s'?",
                            name, nearest.best);
        }
        return cli_fail(CLI_ENVIRONMENT,
                        "there is no file and no ready model '%s'; 'stria help models' lists them", name);
    }
    return cli_fail_with(err, CLI_FROM_FILE);
}

/* A ready model is meant by its name, unless a model text beside it may have been. */
static void note_file_beside(const char *name)
{
    char path[64];
    if (snprintf(path, sizeof path, "%s.stria", name) < (int)sizeof path && cli_exists(path)) {
        cli_note("'%s' is the ready model of that name, not the file '%s'", name, path);
    }
}

static int open_model(stria_model **model, stria_context *context, const char *name, int without_parameters)
{
    stria_error err = {0};
    int shown = 0;
    stria_parse_options options = {.struct_size = sizeof options,
                                   .diagnostic = show_mistake,
                                   .payload = &shown,
                                   .without_parameters = without_parameters};
    const char *path = strcmp(name, "-") == 0 ? "/dev/stdin" : name;
    const char *ready = cli_exists(path) ? NULL : stria_architecture_text(name);
    stria_status status;
    if (ready != NULL) {
        note_file_beside(name);
        options.file_name = name;
        status = stria_model_parse(model, context, ready, strlen(ready), &options, &err);
    } else {
        status = stria_model_load(model, context, path, &options, &err);
    }
    return status == STRIA_OK ? CLI_DONE : fail_model(&err, name, shown);
}

int cli_open_model(stria_model **model, stria_context *context, const char *name)
{
    return open_model(model, context, name, 0);
}

int cli_open_description(stria_model **model, stria_context *context, const char *name)
{
    return open_model(model, context, name, 1);
}

int cli_is_trained(const stria_model *model, const char *name)
{
    static const char suffix[] = ".safetensors";
    const size_t length = strlen(name), end = sizeof suffix - 1;
    return stria_model_metadata(model, "epochs") != NULL ||
           (length > end && strcmp(name + length - end, suffix) == 0);
}

/* "224x224" or "224" for both. */
static bool parse_size(const char *text, int64_t *height, int64_t *width)
{
    char *end = NULL;
    if (*text < '0' || *text > '9') {
        return false;
    }
    *height = *width = strtoll(text, &end, 10);
    if (*end == 'x' && end[1] >= '0' && end[1] <= '9') {
        *width = strtoll(end + 1, &end, 10);
    }
    return *end == '\0' && *height > 0 && *width > 0;
}

int cli_open_data(stria_dataset **data, stria_context *context, const char *name, const stria_model *model,
                  const cli_data_options *options)
{
    stria_error err = {0};
    stria_dataset_options library = {.struct_size = sizeof library, .model = model};
    if (options != NULL) {
        library.channels = options->channels;
        library.resize = options->resize;
        library.crop_to_aspect_ratio = options->crop;
        library.decode_threads = (int)options->decode_threads;
        library.cache = options->cache;
        library.skip_broken = options->skip_broken;
        library.keep_empty_classes = options->empty_classes;
        if (options->size != NULL && !parse_size(options->size, &library.height, &library.width)) {
            return cli_fail(CLI_MISUSED, "--size '%s' is no size such as 224x224", options->size);
        }
    }
    if (stria_dataset_open_with(data, context, name, &library, &err) == STRIA_OK) {
        return CLI_DONE;
    }
    struct stat about;
    if (err.code == STRIA_ERROR_MISSING && stat(name, &about) == 0 && S_ISREG(about.st_mode)) {
        return cli_fail(CLI_BAD_INPUT, "%s", err.message); /* the file is there, something in it is not */
    }
    return cli_fail_with(&err, CLI_FROM_FILE);
}

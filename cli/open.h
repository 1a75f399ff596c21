/* Opening what commands work on: a context, a model by path or ready name, a data set. Each prints what is
 * wrong and returns the exit status, CLI_DONE when it went well. */
#ifndef CLI_OPEN_H
#define CLI_OPEN_H

#include <stdbool.h>

#include <stria/stria.h>

#include "exit_status.h"

/* What to compute with; all zero means the defaults. CLI_MACHINE_ROWS (options.h) are its options. */
typedef struct cli_machine {
    int64_t threads;
    const char *cpu, *algorithm;
} cli_machine;

/* What the library logs, warnings and more, goes to stderr. */
int cli_open_context(stria_context **context, const cli_machine *machine);

/* A file of model text or a trained model, `-` for standard input; or, when there is no such file, a ready
 * model's name: a file NAME.stria beside it is remarked on, on stderr. Every mistake in a model text is shown
 * with its line and a caret. */
int cli_open_model(stria_model **model, stria_context *context, const char *name);

/* The same without parameters: it can only be described, and costs no memory for them. */
int cli_open_description(stria_model **model, stria_context *context, const char *name);

/* Whether `name` is a file with weights, which training goes on from, rather than model text. */
int cli_is_trained(const stria_model *model, const char *name);

/* How data of picture files is read; all zero means the defaults. CLI_DATA_ROWS (options.h) are its options. */
typedef struct cli_data_options {
    const char *size, *resize, *cache;
    int64_t channels, decode_threads;
    bool crop, skip_broken, empty_classes;
} cli_data_options;

/* For a model, which says what the options leave open; NULL for none of either. */
int cli_open_data(stria_dataset **data, stria_context *context, const char *name, const stria_model *model,
                  const cli_data_options *options);

/* Whether something of that name is in the file system. */
int cli_exists(const char *path);

#endif

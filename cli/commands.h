/* The commands, each in its cmd_*.c, and the table that main() and `stria help` share. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "exit_status.h"
#include "options.h"

extern const cli_command cli_bench_command;
extern const cli_command cli_check_command;
extern const cli_command cli_data_command;
extern const cli_command cli_data_split_command;
extern const cli_command cli_eval_command;
extern const cli_command cli_help_command;
extern const cli_command cli_new_command;
extern const cli_command cli_predict_command;
extern const cli_command cli_see_command;
extern const cli_command cli_report_command;
extern const cli_command cli_summary_command;
extern const cli_command cli_train_command;
extern const cli_command cli_version_command;

/* In the order in which a user meets them; ends with NULL. Names of two words, "data split", belong to the command of the
 * first, whose help tells of them. */
extern const cli_command *const cli_commands[];

/* The command called `name`, or NULL. */
const cli_command *cli_find_command(const char *name);

/* The command of two words, or NULL; `second` may be NULL. */
const cli_command *cli_find_words(const char *first, const char *second);

/* What `stria` and `stria help` print. */
void cli_print_overview(FILE *stream);

#endif

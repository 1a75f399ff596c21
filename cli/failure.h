/* Saying what went wrong, and with which exit status to end. Every message goes to stderr as `stria:
 * message`. */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

#include <stdbool.h>

#include <stria/error.h>

#include "exit_status.h"

/* Prints the message and returns `status`. */
int cli_fail(int status, const char *format, ...) STRIA_PRINTF_LIKE(2, 3);

/* Where a name or a number that broke its rule came from: the two kinds of error that may be either's fault.
 */
typedef enum cli_origin {
    CLI_FROM_FILE,  /* a file: wrong values in it are bad input, a missing one is the environment */
    CLI_FROM_OPTION /* the command line: misuse */
} cli_origin;

/* Prints the error's message and returns the exit status for its code. */
int cli_fail_with(const stria_error *err, cli_origin origin);

/* "out of memory", CLI_MEMORY. */
int cli_fail_memory(void);

/* Remarks on stderr, as `stria: text`, for what a user may want to know and a script need not. */
void cli_note(const char *format, ...) STRIA_PRINTF_LIKE(1, 2);

/* Makes cli_note silent, for --quiet. */
void cli_notes_off(void);

/* Sends out what is buffered for stdout. Returns `status`, or CLI_ENVIRONMENT with a message, the first time,
 * when something could not be written. */
int cli_finish_output(int status);

#endif

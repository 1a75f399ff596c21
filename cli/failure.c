/* Saying what went wrong. See failure.h. */
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "terminal.h"
#include "text.h"

static bool notes_are_off;

static void say(cli_style style, const char *format, va_list arguments)
{
    fflush(stdout);
    const cli_terminal terminal = cli_terminal_of(stderr);
    fprintf(stderr, "%sstria:%s ", cli_style_text(&terminal, style), cli_style_text(&terminal, CLI_PLAIN));
    char usual[2 * STRIA_ERROR_MESSAGE_SIZE], *message = usual;
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(usual, sizeof usual, format, arguments);
    if (length >= (int)sizeof usual) {
        message = malloc((size_t)length + 1);
        if (message != NULL) {
            vsnprintf(message, (size_t)length + 1, format, again);
        }
    }
    va_end(again);
    cli_write_text(stderr, message != NULL ? message : usual);
    fputc('\n', stderr);
    if (message != usual) {
        free(message);
    }
}

int cli_fail(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(CLI_RED, format, arguments);
    va_end(arguments);
    return status;
}

int cli_fail_memory(void)
{
    return cli_fail(CLI_MEMORY, "out of memory");
}

void cli_note(const char *format, ...)
{
    if (notes_are_off) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    say(CLI_DIM, format, arguments);
    va_end(arguments);
}

void cli_notes_off(void)
{
    notes_are_off = true;
}

static int exit_for(stria_status code, cli_origin origin)
{
    switch (code) {
    case STRIA_OK:
        return CLI_DONE;
    case STRIA_ERROR_VALUE:
        return origin == CLI_FROM_OPTION ? CLI_MISUSED : CLI_BAD_INPUT;
    case STRIA_ERROR_SHAPE:
    case STRIA_ERROR_SYNTAX:
    case STRIA_ERROR_FORMAT:
    case STRIA_ERROR_UNSUPPORTED:
    case STRIA_ERROR_LIMIT:
        return CLI_BAD_INPUT;
    case STRIA_ERROR_MISSING:
        return origin == CLI_FROM_OPTION ? CLI_MISUSED : CLI_ENVIRONMENT;
    case STRIA_ERROR_NOT_BUILT:
    case STRIA_ERROR_IO:
    case STRIA_ERROR_BUSY:
        return CLI_ENVIRONMENT;
    case STRIA_ERROR_MEMORY:
        return CLI_MEMORY;
    case STRIA_ERROR_DIVERGED:
        return CLI_DIVERGED;
    case STRIA_ERROR_CANCELLED:
        return CLI_SIGNAL;
    }
    return CLI_ENVIRONMENT;
}

int cli_fail_with(const stria_error *err, cli_origin origin)
{
    return cli_fail(exit_for(err->code, origin), "%s", err->message);
}

int cli_finish_output(int status)
{
    static bool said; /* once is enough */
    errno = 0;
    const bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (failed && !said) {
        said = true;
        return cli_fail(CLI_ENVIRONMENT, "cannot write the results to stdout: %s",
                        errno != 0 ? strerror(errno) : "an earlier write failed");
    }
    return failed ? CLI_ENVIRONMENT : status;
}

/* The exit statuses of every command, so that scripts can tell what happened. */
#ifndef CLI_EXIT_STATUS_H
#define CLI_EXIT_STATUS_H

typedef enum cli_exit {
    CLI_DONE = 0,
    CLI_NO = 1,          /* the question asked was answered "no": an accuracy was missed, problems were found */
    CLI_MISUSED = 2,     /* wrong command, option or argument */
    CLI_BAD_INPUT = 3,   /* an input file is damaged, does not fit or has mistakes */
    CLI_ENVIRONMENT = 4, /* missing file, permission, full disk, busy file, a part not built in */
    CLI_MEMORY = 5,      /* not enough memory */
    CLI_DIVERGED = 6,    /* training produced NaN or infinity */
    CLI_SIGNAL = 128     /* plus the number of the signal that stopped it: 130, 143 */
} cli_exit;

#endif

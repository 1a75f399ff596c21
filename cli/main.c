/* stria: the command. Finds the verb in the table and runs it; each verb is one cmd_*.c.
 *
 * Results go to stdout, progress and messages to stderr. The exit statuses are in exit_status.h. */
#include "commands.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "text.h"

const cli_command *const cli_commands[] = {
    &cli_new_command,
    &cli_data_command,
    &cli_data_split_command,
    &cli_summary_command,
    &cli_check_command,
    &cli_train_command,
    &cli_eval_command,
    &cli_predict_command,
    &cli_see_command,
    &cli_report_command,
    &cli_bench_command,
    &cli_help_command,
    &cli_version_command,
    NULL,
};

const cli_command *cli_find_command(const char *name)
{
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        if (strcmp(cli_commands[i]->name, name) == 0) {
            return cli_commands[i];
        }
    }
    return NULL;
}

const cli_command *cli_find_words(const char *first, const char *second)
{
    char words[64];
    const int length = second != NULL ? snprintf(words, sizeof words, "%s %s", first, second) : 0;
    return length > 0 && length < (int)sizeof words ? cli_find_command(words) : NULL;
}

static int unknown_command(const char *name)
{
    cli_nearest nearest = cli_nearest_to(name);
    for (size_t i = 0; cli_commands[i] != NULL; i++) {
        cli_nearest_offer(&nearest, cli_commands[i]->name);
    }
    if (nearest.best != NULL) {
        return cli_fail(CLI_MISUSED, "unknown command '%s'; did you mean '%s'?", name, nearest.best);
    }
    return cli_fail(CLI_MISUSED, "unknown command '%s'; 'stria help' lists the commands", name);
}

/* When the caller closed one of the three standard streams, the next file that is opened would take its
 * number, and messages would go into a model. A stand-in that cannot be written (or read) takes the number
 * first. */
static void guard_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) == -1) {
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
        }
    }
}

int main(int argc, char **argv)
{
    guard_standard_streams();
    signal(SIGXFSZ, SIG_IGN); /* a file that grows past a limit is reported where it is written */
    /* Names in files are UTF-8 whatever the user's locale; only the width and kind of characters come from
     * it. */
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        setlocale(LC_CTYPE, "");
    }
    if (argc < 2) {
        cli_print_overview(stderr);
        return CLI_MISUSED;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    } else if (strcmp(name, "--version") == 0) {
        name = "version";
    }
    const cli_command *command = cli_find_words(name, argc > 2 ? argv[2] : NULL);
    if (command != NULL) {
        return cli_finish_output(command->run(argc - 2, argv + 2));
    }
    command = cli_find_command(name);
    if (command == NULL) {
        return unknown_command(name);
    }
    return cli_finish_output(command->run(argc - 1, argv + 1));
}

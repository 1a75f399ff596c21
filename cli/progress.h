/* What is seen of a training on stderr: on a terminal a bar that moves, elsewhere nothing; after each epoch
 * one line of a table, everywhere. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

#include <stria/train.h>

#include "table.h"

typedef struct cli_progress {
    bool bar_is_shown;
    bool titles_are_printed;
    bool has_validation; /* there are columns for it */
} cli_progress;

/* Draws or moves the bar. */
void cli_progress_draw(cli_progress *progress, const stria_progress *at);

/* Wipes the bar away and prints the epoch's line. */
void cli_progress_epoch(cli_progress *progress, const stria_epoch *epoch);

/* Wipes the bar away, so that something else can be printed. */
void cli_progress_clear(cli_progress *progress);

#endif

/* What is seen of a training. See progress.h. */
#include "progress.h"

#include <stdio.h>
#include <string.h>

#include "terminal.h"
#include "text.h"

#define LONGEST_BAR  30
#define SHORTEST_BAR 8
#define MOST_PARTS   6

/* Writes the bar: done and left differ in colour, in shade, or in the character, whatever the terminal has.
 */
static void write_bar(const cli_terminal *terminal, int length, double share)
{
    const int done = (int)(share * length);
    const bool coloured = terminal->colour != CLI_COLOUR_NONE;
    const char *full = !terminal->unicode ? "#" : coloured ? "━" : "█";
    const char *empty = !terminal->unicode ? "-" : coloured ? "━" : "░";
    fputs(cli_style_text(terminal, CLI_GREEN), stderr);
    for (int i = 0; i < length; i++) {
        if (i == done) {
            fputs(cli_style_text(terminal, CLI_PLAIN), stderr);
            fputs(cli_style_text(terminal, CLI_DIM), stderr);
        }
        fputs(i < done ? full : empty, stderr);
    }
    fputs(cli_style_text(terminal, CLI_PLAIN), stderr);
}

void cli_progress_draw(cli_progress *progress, const stria_progress *at)
{
    const cli_terminal terminal = cli_terminal_of(stderr);
    if (!terminal.is_terminal) {
        return;
    }
    const double share = at->steps > 0 ? (double)at->step / (double)at->steps : 0;
    char parts[MOST_PARTS][CLI_NUMBER_SIZE + 16], number[CLI_NUMBER_SIZE];
    int count = 0;
    snprintf(parts[count++], sizeof parts[0], "epoch %d/%d", at->epoch, at->epochs);
    snprintf(parts[count++], sizeof parts[0], "%3.0f %%", 100 * share);
    snprintf(parts[count++], sizeof parts[0], "loss %s", cli_figure_text(at->loss, number));
    if (at->accuracy >= 0) {
        snprintf(parts[count++], sizeof parts[0], "accuracy %.4f", at->accuracy);
    }
    if (at->samples_per_second > 0) {
        snprintf(parts[count++], sizeof parts[0], "%s/s",
                 cli_count_text((int64_t)at->samples_per_second, number));
    }
    /* The parts in the order of their importance, as many as fit; the bar takes what is left. */
    const int room = terminal.width - 1;
    int used = (int)strlen(parts[0]), shown = 1;
    while (shown < count && used + 2 + (int)strlen(parts[shown]) <= room) {
        used += 2 + (int)strlen(parts[shown++]);
    }
    int bar = room - used - 2;
    bar = bar > LONGEST_BAR ? LONGEST_BAR : bar;
    fputc('\r', stderr);
    fputs(parts[0], stderr);
    if (bar >= SHORTEST_BAR) {
        fputs("  ", stderr);
        write_bar(&terminal, bar, share);
        used += 2 + bar;
    }
    for (int i = 1; i < shown; i++) {
        fprintf(stderr, "  %s", parts[i]);
    }
    if (terminal.erases) {
        fputs("\033[K\r", stderr);
    } else {
        fprintf(stderr, "%*s\r", room - used, "");
    }
    fflush(stderr);
    progress->bar_is_shown = true;
}

void cli_progress_clear(cli_progress *progress)
{
    if (!progress->bar_is_shown) {
        return;
    }
    const cli_terminal terminal = cli_terminal_of(stderr);
    if (terminal.erases) {
        fputs("\r\033[J", stderr);
    } else {
        fprintf(stderr, "\r%*s\r", terminal.width - 1, "");
    }
    fflush(stderr);
    progress->bar_is_shown = false;
}

void cli_progress_epoch(cli_progress *progress, const stria_epoch *epoch)
{
    cli_progress_clear(progress);
    const bool has_accuracy = epoch->accuracy >= 0;
    char last[CLI_NUMBER_SIZE]; /* the widest first cell there will be */
    const int widest = snprintf(last, sizeof last, "%d/%d", epoch->epochs, epoch->epochs);
    cli_column columns[7] = {{"epoch", true, widest}, {"loss", true, 6}};
    size_t count = 2;
    if (has_accuracy) {
        columns[count++] = (cli_column){"accuracy", true, 0};
    }
    if (progress->has_validation) {
        columns[count++] = (cli_column){"val_loss", true, 0};
        if (has_accuracy) {
            columns[count++] = (cli_column){"val_accuracy", true, 0};
        }
    }
    columns[count++] = (cli_column){"rate", true, 7};
    columns[count++] = (cli_column){"time", true, 6};

    char number[CLI_NUMBER_SIZE];
    cli_table table = cli_table_create(columns, count);
    cli_table_add(&table, "%d/%d", epoch->epoch, epoch->epochs);
    cli_table_add(&table, "%s", cli_figure_text(epoch->loss, number));
    if (has_accuracy) {
        cli_table_add(&table, "%.4f", epoch->accuracy);
    }
    if (progress->has_validation) {
        cli_table_add(&table, "%s", cli_figure_text(epoch->val_loss, number));
        if (has_accuracy) {
            cli_table_add(&table, "%.4f", epoch->val_accuracy);
        }
    }
    cli_table_add(&table, "%.3g", epoch->learning_rate);
    cli_table_add(&table, "%s", cli_seconds_text(epoch->seconds, number));
    cli_table_print(&table, stderr, !progress->titles_are_printed);
    progress->titles_are_printed = true;
    cli_table_free(&table);
    fflush(stderr);
}

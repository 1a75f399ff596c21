/* Text for people: numbers with separators, sizes in bytes, widths on the screen, wrapping, quoting, near
 * misses. Everything written through here is free of control bytes, whatever a file or its name holds. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Enough for every text of a number below. */
#define CLI_NUMBER_SIZE 40

/* "61,706"; "?" for a negative number, which stands for an open size. Returns `text`. */
char *cli_count_text(int64_t count, char text[CLI_NUMBER_SIZE]);

/* "320.00 B", "241.04 KB" (1 KB is 1024 bytes, as Keras prints it); "?" for a negative number. Returns
 * `text`. */
char *cli_bytes_text(int64_t bytes, char text[CLI_NUMBER_SIZE]);

/* "41.5 ms", "0.82 s", "12.3 s", "3 min 05 s". Returns `text`. */
char *cli_seconds_text(double seconds, char text[CLI_NUMBER_SIZE]);

/* "1.24 ms", "18.3 us". Returns `text`. */
char *cli_short_time_text(double seconds, char text[CLI_NUMBER_SIZE]);

/* A loss or score: four decimals, or as many digits when it is large or tiny. Returns `text`. */
char *cli_figure_text(double value, char text[CLI_NUMBER_SIZE]);

/* Columns that UTF-8 `text` takes on a screen. */
int cli_text_width(const char *text);

/* Writes `text` with every control byte but newline and every byte that is not UTF-8 replaced by `?`; a tab
 * becomes one space. */
void cli_write_text(FILE *stream, const char *text);

/* Writes words wrapped to `width` columns. The cursor stands at column `at`; further lines begin at column
 * `indent`. Newlines in `text` begin a new line there. Ends with a newline. */
void cli_write_wrapped(FILE *stream, const char *text, int at, int indent, int width);

/* The command line as a shell would read it back; the caller frees it. NULL without memory. */
char *cli_command_line(int argc, char *const *argv);

/* Looks for the candidate nearest to a mistyped word. */
typedef struct cli_nearest {
    const char *word;
    const char *best; /* NULL when none is near */
    size_t distance;  /* candidates must be nearer than this */
} cli_nearest;

cli_nearest cli_nearest_to(const char *word);
void cli_nearest_offer(cli_nearest *nearest, const char *candidate);

#endif

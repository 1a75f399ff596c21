/* What the place a stream goes to can show: a terminal or not, its width, colours, characters beyond ASCII.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

typedef enum cli_colour {
    CLI_COLOUR_NONE, /* not a terminal, a dumb one, or NO_COLOR is set: no escape sequences at all */
    CLI_COLOUR_16,
    CLI_COLOUR_256,
    CLI_COLOUR_TRUE /* 24 bits */
} cli_colour;

typedef struct cli_terminal {
    bool is_terminal;
    bool unicode; /* a terminal with a UTF-8 locale */
    bool erases;  /* a terminal that knows the sequences for erasing */
    cli_colour colour;
    int width; /* columns: COLUMNS, else the terminal's, else 80; at least 20 */
} cli_terminal;

cli_terminal cli_terminal_of(FILE *stream);

typedef enum cli_style { CLI_BOLD, CLI_DIM, CLI_RED, CLI_GREEN, CLI_YELLOW, CLI_PLAIN } cli_style;

/* The escape sequence for a style, "" where there are no colours. */
const char *cli_style_text(const cli_terminal *terminal, cli_style style);

#endif

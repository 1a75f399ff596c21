/* What the place a stream goes to can show. See terminal.h. */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? value : "";
}

/* The locale's name decides, even where that locale is not installed: the terminal is the user's, the machine
 * may be another. */
static bool locale_is_utf8(void)
{
    const char *name = environment("LC_ALL");
    if (*name == '\0') {
        name = environment("LC_CTYPE");
    }
    if (*name == '\0') {
        name = environment("LANG");
    }
    const char *encoding = strchr(name, '.');
    return encoding != NULL &&
           (strncasecmp(encoding, ".utf-8", 6) == 0 || strncasecmp(encoding, ".utf8", 5) == 0);
}

/* Whether the terminal knows escape sequences at all. */
static bool is_clever(void)
{
    const char *term = environment("TERM");
    return *term != '\0' && strcmp(term, "dumb") != 0;
}

static cli_colour colours(void)
{
    if (*environment("NO_COLOR") != '\0' || !is_clever()) {
        return CLI_COLOUR_NONE;
    }
    const char *term = environment("TERM");
    const char *more = environment("COLORTERM");
    if (strcmp(more, "truecolor") == 0 || strcmp(more, "24bit") == 0 || strstr(term, "direct") != NULL) {
        return CLI_COLOUR_TRUE;
    }
    return strstr(term, "256color") != NULL ? CLI_COLOUR_256 : CLI_COLOUR_16;
}

static int width_of(FILE *stream, bool is_terminal)
{
    int width = atoi(environment("COLUMNS"));
    if (width <= 0 && is_terminal) {
        struct winsize size;
        if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0) {
            width = size.ws_col;
        }
    }
    if (width <= 0 || width > 10000) {
        width = 80;
    }
    return width < 20 ? 20 : width;
}

cli_terminal cli_terminal_of(FILE *stream)
{
    cli_terminal terminal = {.is_terminal = isatty(fileno(stream)) == 1, .colour = CLI_COLOUR_NONE};
    if (terminal.is_terminal) {
        terminal.unicode = locale_is_utf8();
        terminal.erases = is_clever();
        terminal.colour = colours();
    }
    terminal.width = width_of(stream, terminal.is_terminal);
    return terminal;
}

const char *cli_style_text(const cli_terminal *terminal, cli_style style)
{
    static const char *const sequences[] = {
        [CLI_BOLD] = "\033[1m",   [CLI_DIM] = "\033[2m",     [CLI_RED] = "\033[31m",
        [CLI_GREEN] = "\033[32m", [CLI_YELLOW] = "\033[33m", [CLI_PLAIN] = "\033[0m"};
    return terminal->colour == CLI_COLOUR_NONE ? "" : sequences[style];
}

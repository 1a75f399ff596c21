/* Pictures in terminals that show pixels: sixel (DEC, as xterm, foot and mlterm have it) and kitty's
 * graphics. */
#ifndef CLI_GRAPHICS_H
#define CLI_GRAPHICS_H

#include <stdio.h>

#include <stria/stria.h>

typedef enum cli_graphics { CLI_GRAPHICS_HALF, CLI_GRAPHICS_SIXEL, CLI_GRAPHICS_KITTY } cli_graphics;

/* What the environment says of the terminal; half blocks when it says nothing. */
cli_graphics cli_graphics_of_terminal(void);

/* "half", "sixel" or "kitty". */
cli_graphics cli_graphics_named(const char *name);

/* Prints a picture of 3 channels by sixel or kitty graphics, and a newline. Returns the exit status. */
int cli_graphics_print(FILE *stream, cli_graphics graphics, stria_context *context,
                       const stria_picture *picture);

#endif

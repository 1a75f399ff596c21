/* Pictures in the terminal, several side by side where they fit.
 *
 * With colours, one character shows two pixels, the upper half block in the upper one's colour over the lower
 * one's as background. Without colours a character's shade shows the mean of the two; off a terminal, in
 * ASCII. */
#ifndef CLI_PICTURE_H
#define CLI_PICTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "terminal.h"

typedef struct cli_picture {
    const float
        *values; /* [height, width, channels]; of 3 or more channels the first three are red, green, blue */
    int64_t height, width, channels;
    float low, high;     /* shown as black and white */
    const char *caption; /* lines below it; they are wrapped to the picture's cell */
    cli_style last_line; /* of the caption */
} cli_picture;

/* Prints pictures, left to right and line by line. */
void cli_pictures_print(FILE *stream, const cli_picture *pictures, size_t count);

#endif

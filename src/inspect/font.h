/* The font that text in PNG figures is drawn with, and widths of text. */
#ifndef STRIA_INSPECT_FONT_H
#define STRIA_INSPECT_FONT_H

#include <stdbool.h>
#include <stdint.h>

#include "inspect/path.h"

/* ---- The tables of font_data.c; scripts/make_font.py says what they are. Index 1 is the bold weight. ----
 */

#define STRIA_FONT_SIGNS 230
#define STRIA_FONT_EM    2048 /* of the advances */
#define STRIA_FONT_GRID  256  /* of the outlines */
#define STRIA_FONT_ASCENT                                                                                    \
    0.76 /* of the em: what capitals and digits reach above the base line, with a little air */
#define STRIA_FONT_DESCENT 0.24

extern const uint16_t stria_font_signs[STRIA_FONT_SIGNS]; /* code points, in order */
extern const uint16_t stria_font_advances[2][STRIA_FONT_SIGNS];
extern const uint16_t stria_font_starts[2][STRIA_FONT_SIGNS];
extern const uint8_t *const stria_font_outlines[2];

/* The next code point of UTF-8 text, which it steps over; 0 at the end. Bytes that are not UTF-8 and control
 * characters are U+FFFD, which the font does not have. */
uint32_t stria_utf8_next(const char **text);

/* Adds the outlines of a line of text to a path: base line at (x, y), em of `size` pixels. `upward` turns it
 * by a quarter about that point. Signs the font does not have are boxes. */
void stria_font_draw(stria_path *path, const char *text, double x, double y, double size, bool bold,
                     bool upward);

#endif

/* The data set "digits" as it is compiled in: text that digits.c decodes; scripts/make_digits.py makes it. */
#ifndef STRIA_DATA_DIGITS_H
#define STRIA_DATA_DIGITS_H

#include <stddef.h>
#include <stdint.h>

#define STRIA_DIGITS_COUNT   1797
#define STRIA_DIGITS_PIXELS  64
#define STRIA_DIGITS_LINES   644
#define STRIA_DIGITS_COLUMNS 100

extern const char stria_digits_text[STRIA_DIGITS_LINES][STRIA_DIGITS_COLUMNS + 1];

/* Decodes all samples in their original order: pixels [1797, 64] (0 to 16) and classes [1797] (0 to 9). */
void stria_digits_decode(uint8_t *pixels, uint8_t *classes);

#endif

/* Numbers to colours by a table of 256, as pictures of filters and maps need it. */
#ifndef STRIA_INSPECT_PALETTE_H
#define STRIA_INSPECT_PALETTE_H

#include <math.h>
#include <stdint.h>

#include <stria/figure.h>

#include "base/error.h"
#include "base/options.h"

#define STRIA_PALETTE_SIZE 256

/* The colours of a map. Errors: VALUE lists the names there are. */
stria_status stria_palette_make(uint8_t palette[STRIA_PALETTE_SIZE][3], const char *name, stria_error *err);

/* The place of a number between low and high, 0 to 255; the middle when they are equal or the number is NaN.
 */
static inline uint8_t stria_palette_byte(float value, float low, float high)
{
    if (!(high > low) || isnan(value))
        return 128;
    const float part = (value - low) / (high - low);
    return (uint8_t)(255 * (part > 0 ? part < 1 ? part : 1 : 0) + 0.5f);
}

#endif

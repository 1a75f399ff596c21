/* The inside of figures: the list of items, which the raster (raster.c) and the SVG writer (svg.c) go
 * through. */
#ifndef STRIA_INSPECT_FIGURE_H
#define STRIA_INSPECT_FIGURE_H

#include <stdbool.h>

#include <stria/figure.h>

#include "base/memory.h"
#include "base/text.h"

/* Pixels drawn and left out of a dashed line: paint.dashed from 1 on, beyond 3 from the first again. */
typedef struct stria_dash_lengths {
    double on, off;
} stria_dash_lengths;
stria_dash_lengths stria_dash(int dashed);

typedef enum stria_item_kind {
    STRIA_ITEM_BOX,
    STRIA_ITEM_POLYLINE,
    STRIA_ITEM_DISC,
    STRIA_ITEM_PICTURE,
    STRIA_ITEM_TEXT
} stria_item_kind;

/* One item. Strings, points and pictures are the figure's own. */
typedef struct stria_item {
    stria_item_kind kind;
    double x, y, width, height; /* of a disc: width is the radius */
    stria_paint paint;          /* of pictures and text: the title only */
    const double *points;       /* {x, y} of a polyline */
    size_t count;
    bool closed;
    stria_picture picture;
    bool smooth;
    const char *text; /* valid UTF-8 without control characters */
    stria_lettering lettering;
} stria_item;

struct stria_figure {
    stria_context *context;
    double width, height;
    stria_item *items;
    size_t count, capacity;
    stria_arena arena;
    bool failed; /* an allocation did */
    stria_text svg;
};

/* The bytes of a colour on a light or dark page. */
void stria_color_bytes(stria_color color, bool dark, uint8_t rgb[3]);

/* The options as this version knows them, and whether nothing failed while the figure was made. Errors:
 * VALUE, MEMORY. */
stria_status stria_figure_ready(const stria_figure *figure, stria_figure_options *known,
                                const stria_figure_options *options, stria_error *err);

/* Appends text with the signs that mark-up has a use for replaced. */
void stria_markup_add(stria_text *text, const char *string);

/* Appends bytes in Base64 (RFC 4648). */
void stria_base64_add(stria_text *text, const uint8_t *bytes, size_t size);

#endif

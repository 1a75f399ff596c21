/* Figures: boxes, lines, pictures and text on a page of pixels, written as PNG, SVG or one self-contained HTML file.
 *
 * A figure is a list of items, drawn in the order in which they were added. Coordinates are pixels from the upper left
 * corner, x to the right and y down, and may have fractions; the middle of the first pixel is (0.5, 0.5). Items are added
 * without a status: when memory runs out the figure remembers it, and the function that writes it says so. An item with
 * a coordinate that is not finite is left out, as nobody could say where it is; what lies outside is cut off.
 *
 * One thread uses a figure at a time. */
#ifndef STRIA_FIGURE_H
#define STRIA_FIGURE_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/picture.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct stria_figure stria_figure;

/* ---- Colours ---- */

/* STRIA_RGB(0xRRGGBB) is that colour everywhere. The others depend on whether the page is light or dark, which in SVG and
 * HTML is the reader's choice (prefers-color-scheme) and in PNG an option. */
typedef uint32_t stria_color;
#define STRIA_RGB(rrggbb) ((stria_color)(0x1000000u | (uint32_t)(rrggbb)))

enum {
    STRIA_COLOR_NONE = 0, /* not drawn; of text: ink */
    STRIA_COLOR_INK,      /* text and what matters: nearly black on light pages, nearly white on dark ones */
    STRIA_COLOR_SOFT,     /* text of less weight, axes */
    STRIA_COLOR_FAINT,    /* lines of a grid, borders */
    STRIA_COLOR_PANEL,    /* a surface that stands out from the page a little */
    STRIA_COLOR_PAPER,    /* the page */
    STRIA_COLOR_MARK,     /* a box or sign on something, orange */
    STRIA_COLOR_SERIES    /* the first of eight colours of curves that stay apart for the colour-blind; add 0 to 7 */
};
#define STRIA_SERIES_COLORS 8

/* A colour map's colour for `value` from 0 to 1 (outside is taken as the nearer end, NaN as the middle grey) into
 * rgb[3]; 1, or 0 when there is no map called `name`. "gray": black to white. "sequential": dark blue to light yellow,
 * even steps of lightness. "diverging": blue over near white, at 0.5, to dark orange. "heat": black over red to light
 * yellow, for overlays. The last three differ in lightness along each arm, so that they can be read without colour
 * vision. Any thread. */
STRIA_API int stria_color_map(const char *name, double value, uint8_t rgb[3]);

/* The names that stria_color_map takes; NULL past the end. Any thread. */
STRIA_API const char *stria_color_map_name(size_t index);

/* ---- Making ---- */

/* Makes an empty figure. The caller owns it and frees it before the context. Errors: VALUE for a size that is not above
 * 0, LIMIT for more than 32,000 pixels a side or 2^26 in all, MEMORY. */
STRIA_API stria_status stria_figure_create(stria_figure **figure, stria_context *context, double width, double height,
                                           stria_error *err);

/* NULL is allowed. */
STRIA_API void stria_figure_free(stria_figure *figure);

/* The size it was made with. */
STRIA_API double stria_figure_width(const stria_figure *figure);
STRIA_API double stria_figure_height(const stria_figure *figure);

/* How a shape is drawn. All zero draws nothing. Strings are copied. */
typedef struct stria_paint {
    stria_color fill, stroke; /* STRIA_COLOR_NONE: not filled, no outline */
    double width;             /* of the outline; 0: 1 pixel */
    double opacity;           /* 0 (stands for 1) to 1 */
    int dashed;               /* 1: the outline of lines and polylines is dashed; 2: dotted; 3: in long dashes */
    const char *title;        /* shown under the pointer in SVG and HTML; NULL: none */
} stria_paint;

/* A box from (x, y), outlined on its border's middle. A line. A line through `count` points {x, y}, closed to a polygon
 * when `closed`; an open one is not filled. A disc around (x, y). */
STRIA_API void stria_figure_box(stria_figure *figure, double x, double y, double width, double height,
                                const stria_paint *paint);
STRIA_API void stria_figure_line(stria_figure *figure, double x1, double y1, double x2, double y2,
                                 const stria_paint *paint);
STRIA_API void stria_figure_polyline(stria_figure *figure, const double *points, size_t count, int closed,
                                     const stria_paint *paint);
STRIA_API void stria_figure_disc(stria_figure *figure, double x, double y, double radius, const stria_paint *paint);

/* A picture of 1 to 4 channels (see stria/picture.h) stretched to the box; it is copied. Enlarged, its pixels stay hard
 * squares, or run into each other when `smooth`; made smaller, each point is the mean of what it covers. */
STRIA_API void stria_figure_picture(stria_figure *figure, const stria_picture *picture, double x, double y, double width,
                                    double height, int smooth, const char *title);

typedef enum stria_anchor { STRIA_ANCHOR_START = 0, STRIA_ANCHOR_MIDDLE, STRIA_ANCHOR_END } stria_anchor;

/* How text is set. All zero means the defaults. */
typedef struct stria_lettering {
    double size;         /* of the em; 0: 12 pixels */
    stria_anchor anchor; /* which point of the text x is */
    int bold;
    int upward;        /* 1: turned, to be read from below, as the title of a vertical axis */
    stria_color color; /* STRIA_COLOR_NONE: ink */
    const char *title; /* as in stria_paint */
} stria_lettering;

/* One line of UTF-8 text whose base line begins, has its middle or ends at (x, y). Control characters are left out. */
STRIA_API void stria_figure_text(stria_figure *figure, double x, double y, const char *text,
                                 const stria_lettering *lettering);

/* How wide a line of text of this size is: what it takes in PNG exactly, in SVG and HTML within a pixel. Any thread. */
STRIA_API double stria_text_width(const char *text, double size, int bold);

/* ---- Writing ---- */

/* All zero means the defaults. */
typedef struct stria_figure_options {
    size_t struct_size;
    double scale;        /* of PNG: pixels to a unit, up to 8; 0: 1 */
    int dark;            /* PNG on a dark page */
    const char *title;   /* of the HTML page, in its tab only, and what SVG and HTML tell those who cannot see it; NULL: "figure" */
    const char *caption; /* paragraphs of text under it in HTML, separated by newlines; NULL: none */
    const char *html;    /* put into the HTML page behind the figure as it is; NULL: nothing */
} stria_figure_options;

/* Draws to a picture of 3 channels, which is freed with stria_picture_free of the figure's context. Errors: MEMORY, VALUE
 * for a bad scale, LIMIT for more than 2^27 pixels. */
STRIA_API stria_status stria_figure_raster(const stria_figure *figure, const stria_figure_options *options,
                                           stria_picture *picture, stria_error *err);

/* Makes the text of an <svg> element, to be put into a page or, as it is, into a file. It belongs to the figure and lives
 * until the next call or the end of the figure. Pictures in it are PNG. Errors: MEMORY; NOT_BUILT for pictures in a
 * build without libpng. */
STRIA_API stria_status stria_figure_svg(stria_figure *figure, const stria_figure_options *options, const char **text,
                                        size_t *length, stria_error *err);

/* Writes the file `path`, whole or not at all, as its end says: .png, .svg or .html. The HTML page needs nothing from
 * elsewhere. `options` may be NULL. Errors: VALUE for another end, those of the two above, IO. */
STRIA_API stria_status stria_figure_write(stria_figure *figure, const char *path, const stria_figure_options *options,
                                          stria_error *err);

#ifdef __cplusplus
}
#endif

#endif

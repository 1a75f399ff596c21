/* Sheets: many small pictures side by side, in groups under headings, each with a caption. A sheet is laid out as a figure
 * (stria/figure.h), or gone through tile by tile to be shown elsewhere, in a terminal for example.
 *
 * As with figures, adding returns no status: what ran out of memory is told when the sheet is laid out. One thread uses a
 * sheet at a time. */
#ifndef STRIA_SHEET_H
#define STRIA_SHEET_H

#include <stddef.h>

#include <stria/context.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/figure.h>
#include <stria/picture.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct stria_sheet stria_sheet;

/* Makes an empty sheet; `title` stands on top. The caller owns it. Errors: MEMORY. */
STRIA_API stria_status stria_sheet_create(stria_sheet **sheet, stria_context *context, const char *title,
                                          stria_error *err);

/* NULL is allowed. */
STRIA_API void stria_sheet_free(stria_sheet *sheet);

/* The title. */
STRIA_API const char *stria_sheet_title(const stria_sheet *sheet);

/* All zero means the defaults. Strings are copied. */
typedef struct stria_sheet_group_options {
    size_t struct_size;
    const char *heading; /* NULL: none */
    double size;         /* of the longer side of its tiles in pixels, about: small pictures are enlarged by a whole
                            factor; 0: 72 */
    int columns;         /* tiles side by side, however wide that is; 0: as many as fit */
    const char *palette; /* a colour map (stria_color_map) that is drawn as a scale from low to high; NULL: none */
    double low, high;
} stria_sheet_group_options;

/* Begins a group; the tiles that follow are of it. */
STRIA_API void stria_sheet_group(stria_sheet *sheet, const stria_sheet_group_options *options);

/* One picture of a sheet. All zero means the defaults. Strings are copied. */
typedef struct stria_tile {
    const char *caption;  /* up to four lines under it; NULL: none */
    const char *mark;     /* why it stands out, "dead": a line in the colour of marks, and a frame; NULL: it does not */
    const char *title;    /* shown under the pointer */
    double width, height; /* that it is drawn with; 0: by the group's size */
    int smooth;           /* enlarged without hard pixels */
} stria_tile;

/* Adds a picture to the last group; it is copied. */
STRIA_API void stria_sheet_tile(stria_sheet *sheet, const stria_picture *picture, const stria_tile *tile);

/* Adds a paragraph under all groups. */
STRIA_API void stria_sheet_note(stria_sheet *sheet, const char *text);

/* Lays the sheet out as a figure, which the caller owns; about `width` pixels wide at most, 0: 960. Errors: MEMORY, LIMIT
 * when it would become too large. */
STRIA_API stria_status stria_sheet_figure(const stria_sheet *sheet, double width, stria_figure **figure,
                                          stria_error *err);

/* What there is, one after another; strings and pictures belong to the sheet. Each returns 1, or 0 past the end;
 * *group is the number of the tile's group. Groups have the members of their options. */
STRIA_API size_t stria_sheet_tile_count(const stria_sheet *sheet);
STRIA_API int stria_sheet_tile_at(const stria_sheet *sheet, size_t index, stria_picture *picture, stria_tile *tile,
                                  size_t *group);
STRIA_API int stria_sheet_group_at(const stria_sheet *sheet, size_t index, stria_sheet_group_options *group);
/* NULL past the end. */
STRIA_API const char *stria_sheet_note_at(const stria_sheet *sheet, size_t index);

#ifdef __cplusplus
}
#endif

#endif

/* Paths: outlines of straight lines, and how much of each pixel they cover.
 *
 * Coverage is exact: every line adds, to each pixel of the rows it passes, the signed area to its right, and
 * the running sum along a row is the winding number averaged over the pixel (the accumulation buffer of R.
 * Levien's font-rs and of S. Barrett's stb_truetype 2). Cut at 1, it is the coverage of outlines that do not
 * run against each other. */
#ifndef STRIA_INSPECT_PATH_H
#define STRIA_INSPECT_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>

typedef struct stria_segment {
    double x1, y1, x2, y2;
} stria_segment;

/* {.allocator = a} is an empty path. After a failed allocation `failed` is true and adding does nothing. */
typedef struct stria_path {
    const stria_allocator *allocator;
    stria_segment *segments;
    size_t count, capacity;
    double first_x, first_y, x, y; /* of the contour that is being drawn */
    bool failed;
} stria_path;

/* Begins a contour, after closing the one before. */
void stria_path_move(stria_path *path, double x, double y);
void stria_path_line(stria_path *path, double x, double y);
/* A parabola with control point (cx, cy), in pieces that stay within a fiftieth of a pixel. */
void stria_path_curve(stria_path *path, double cx, double cy, double x, double y);
void stria_path_close(stria_path *path);

void stria_path_box(stria_path *path, double x, double y, double width, double height);
/* The frame of `line` pixels on both sides of a box's border, half of it outside. */
void stria_path_frame(stria_path *path, double x, double y, double width, double height, double line);
void stria_path_disc(stria_path *path, double x, double y, double radius);
/* The ring of `line` pixels on the border of a disc. */
void stria_path_ring(stria_path *path, double x, double y, double radius, double line);
/* A line of `line` pixels through points {x, y}, with butt ends and mitred joins (bevelled where it turns by
 * more than a right angle). */
void stria_path_stroke(stria_path *path, const double *points, size_t count, bool closed, double line);
/* Pieces of such a line, `on` pixels long with `off` between. */
void stria_path_dash(stria_path *path, const double *points, size_t count, double line, double on,
                     double off);

/* Forgets the segments, keeps the memory. */
void stria_path_clear(stria_path *path);
void stria_path_free(stria_path *path);

/* The pixels of a picture that a path may touch: columns left to right-1, rows top to bottom-1. */
typedef struct stria_extent {
    int64_t left, right, top, bottom;
} stria_extent;

/* Closes the path and tells the part of a picture of this size that it may touch; empty has right <= left. */
stria_extent stria_path_extent(stria_path *path, int64_t width, int64_t height);

/* Coverage, 0 to 1, of `rows` rows of pixels from row `top` on and columns left to right-1, to
 * coverage[row*(right-left+2) + column-left]; the two columns more are work space. */
void stria_path_cover(const stria_path *path, int64_t left, int64_t right, int64_t top, int64_t rows,
                      float *coverage);

#endif

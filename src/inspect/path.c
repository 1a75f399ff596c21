/* Outlines, strokes and coverage. See path.h. */
#include "inspect/path.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"

#define PI 3.14159265358979323846

/* ---- Outlines ---- */

static void add(stria_path *path, double x1, double y1, double x2, double y2)
{
    if (path->failed || y1 == y2) /* lines along a row enclose nothing */
        return;
    void *segments = path->segments;
    if (!stria_grow(path->allocator, &segments, &path->capacity, path->count + 1, sizeof *path->segments)) {
        path->failed = true;
        return;
    }
    path->segments = segments;
    path->segments[path->count++] = (stria_segment){x1, y1, x2, y2};
}

void stria_path_close(stria_path *path)
{
    stria_path_line(path, path->first_x, path->first_y);
}

void stria_path_move(stria_path *path, double x, double y)
{
    stria_path_close(path);
    path->first_x = path->x = x;
    path->first_y = path->y = y;
}

void stria_path_line(stria_path *path, double x, double y)
{
    add(path, path->x, path->y, x, y);
    path->x = x;
    path->y = y;
}

/* A parabola leaves its chord by |p0 - 2c + p2|/4 at most; n equal steps of the parameter divide that by n*n.
 */
void stria_path_curve(stria_path *path, double cx, double cy, double x, double y)
{
    const double x0 = path->x, y0 = path->y;
    const double bend = hypot(x0 - 2 * cx + x, y0 - 2 * cy + y) / 4;
    const int pieces = (int)fmin(64, fmax(1, ceil(sqrt(bend / 0.02))));
    for (int i = 1; i < pieces; i++) {
        const double t = (double)i / pieces, s = 1 - t;
        stria_path_line(path, s * s * x0 + 2 * s * t * cx + t * t * x,
                        s * s * y0 + 2 * s * t * cy + t * t * y);
    }
    stria_path_line(path, x, y);
}

/* A box run through the other way round when `hollow`: inside another one it is a hole. */
static void add_box(stria_path *path, double x, double y, double width, double height, bool hollow)
{
    stria_path_move(path, x, y);
    stria_path_line(path, hollow ? x : x + width, hollow ? y + height : y);
    stria_path_line(path, x + width, y + height);
    stria_path_line(path, hollow ? x + width : x, hollow ? y : y + height);
    stria_path_close(path);
}

void stria_path_box(stria_path *path, double x, double y, double width, double height)
{
    add_box(path, x, y, width, height, false);
}

void stria_path_frame(stria_path *path, double x, double y, double width, double height, double line)
{
    const double half = line / 2;
    add_box(path, x - half, y - half, width + line, height + line, false);
    if (width > line && height > line)
        add_box(path, x + half, y + half, width - line, height - line, true);
}

static void add_circle(stria_path *path, double x, double y, double radius, bool hollow)
{
    const int corners = (int)fmin(256, fmax(8, ceil(16 * sqrt(radius))));
    stria_path_move(path, x + radius, y);
    for (int i = 1; i < corners; i++) {
        const double angle = (hollow ? -2 : 2) * PI * i / corners;
        stria_path_line(path, x + radius * cos(angle), y + radius * sin(angle));
    }
    stria_path_close(path);
}

void stria_path_disc(stria_path *path, double x, double y, double radius)
{
    add_circle(path, x, y, radius, false);
}

void stria_path_ring(stria_path *path, double x, double y, double radius, double line)
{
    add_circle(path, x, y, radius + line / 2, false);
    if (radius > line / 2)
        add_circle(path, x, y, radius - line / 2, true);
}

/* ---- Strokes ---- */

/* The direction from point i to the next one that differs, turned by a right angle; false when there is none.
 */
static bool normal_after(const double *points, size_t count, bool closed, size_t i, double normal[2])
{
    for (size_t step = 1; step < count; step++) {
        if (!closed && i + step >= count)
            return false;
        const double *a = points + 2 * i, *b = points + 2 * ((i + step) % count);
        const double dx = b[0] - a[0], dy = b[1] - a[1], length = hypot(dx, dy);
        if (length > 1e-9) {
            normal[0] = -dy / length;
            normal[1] = dx / length;
            return true;
        }
    }
    return false;
}

/* One side of a stroke at a point where it turns from normal a to normal b: the mitre, or both ends of a
 * bevel. */
static void turn(stria_path *path, const double *point, const double *a, const double *b, double half,
                 bool begin)
{
    const double along = a[0] * b[0] + a[1] * b[1];
    double at[2][2] = {{a[0], a[1]}, {b[0], b[1]}};
    size_t corners = 2;
    if (along > -1e-6) {
        at[0][0] = (a[0] + b[0]) / (1 + along);
        at[0][1] = (a[1] + b[1]) / (1 + along);
        corners = 1;
    }
    for (size_t i = 0; i < corners; i++) {
        const double x = point[0] + half * at[i][0], y = point[1] + half * at[i][1];
        if (begin && i == 0)
            stria_path_move(path, x, y);
        else
            stria_path_line(path, x, y);
    }
}

/* Goes along one side of a line: forwards on the side of the normals, backwards on the other. */
static void add_side(stria_path *path, const double *points, size_t count, bool closed, double half,
                     bool backwards)
{
    double before[2] = {0}, after[2] = {0};
    bool begin = closed || !backwards;
    /* The normals come forwards in any case; the way back meets them in the opposite order and turned round.
     */
    for (size_t k = 0; k < count; k++) {
        const size_t i = backwards ? count - 1 - k : k;
        const double *here = points + 2 * i;
        const double *next = points + 2 * ((i + 1) % count);
        if (k > 0 && !backwards && here[0] == points[2 * (i - 1)] && here[1] == points[2 * (i - 1) + 1])
            continue;
        if (k > 0 && backwards && here[0] == next[0] && here[1] == next[1])
            continue;
        const bool has_after = normal_after(points, count, closed, i, after);
        bool has_before = false;
        for (size_t back = 1; back < count && !has_before && (closed || i >= back); back++) {
            const size_t j = (i + count - back) % count;
            const double *there = points + 2 * j;
            if (hypot(here[0] - there[0], here[1] - there[1]) > 1e-9)
                has_before = normal_after(points, count, closed, j, before);
        }
        if (!has_after && !has_before)
            return;
        if (!has_after)
            memcpy(after, before, sizeof after);
        if (!has_before)
            memcpy(before, after, sizeof before);
        if (backwards) {
            const double a[2] = {-after[0], -after[1]}, b[2] = {-before[0], -before[1]};
            turn(path, here, a, b, half, begin);
        } else {
            turn(path, here, before, after, half, begin);
        }
        begin = false;
    }
}

void stria_path_stroke(stria_path *path, const double *points, size_t count, bool closed, double line)
{
    add_side(path, points, count, closed, line / 2, false);
    if (closed)
        stria_path_close(path);
    add_side(path, points, count, closed, line / 2, true);
    stria_path_close(path);
}

void stria_path_dash(stria_path *path, const double *points, size_t count, double line, double on, double off)
{
    double phase = 0; /* since the last dash began */
    for (size_t i = 0; i + 1 < count; i++) {
        const double *a = points + 2 * i, *b = a + 2;
        const double length = hypot(b[0] - a[0], b[1] - a[1]);
        for (double at = 0; at < length;) {
            const bool drawn = phase < on;
            const double left = (drawn ? on : on + off) - phase, step = fmin(left, length - at);
            if (drawn) {
                const double s = at / length, t = (at + step) / length;
                const double piece[4] = {a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1]),
                                         a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])};
                stria_path_stroke(path, piece, 2, false, line);
            }
            at += fmax(step, 1e-3);
            phase = step < left ? phase + step : drawn ? on : 0;
        }
    }
}

void stria_path_clear(stria_path *path)
{
    path->count = 0;
    path->x = path->y = path->first_x = path->first_y = 0;
}

void stria_path_free(stria_path *path)
{
    stria_release(path->allocator, path->segments);
    *path = (stria_path){.allocator = path->allocator};
}

/* ---- Coverage ---- */

stria_extent stria_path_extent(stria_path *path, int64_t width, int64_t height)
{
    stria_path_close(path);
    double left = (double)width, right = 0, top = (double)height, bottom = 0;
    for (size_t i = 0; i < path->count; i++) {
        const stria_segment *s = &path->segments[i];
        left = fmin(left, fmin(s->x1, s->x2));
        right = fmax(right, fmax(s->x1, s->x2));
        top = fmin(top, fmin(s->y1, s->y2));
        bottom = fmax(bottom, fmax(s->y1, s->y2));
    }
    stria_extent extent = {
        .left = (int64_t)fmax(0, floor(left)),
        .right = (int64_t)fmin((double)width, ceil(right)),
        .top = (int64_t)fmax(0, floor(top)),
        .bottom = (int64_t)fmin((double)height, ceil(bottom)),
    };
    if (extent.bottom <= extent.top)
        extent.right = extent.left;
    return extent;
}

/* A line within one row that goes from x1 to x2 (0 to the row's width) and down by `down` rows (below 0: up).
 * Each pixel it passes gets the area to the line's right there, and the next one the rest of `down`. */
static void accumulate(float *row, double x1, double x2, double down)
{
    const double low = fmin(x1, x2), high = fmax(x1, x2);
    const int64_t first = (int64_t)low, last = (int64_t)high;
    if (first == last) {
        const double area = down * (1 - ((low + high) / 2 - (double)first));
        row[first] += (float)area;
        row[first + 1] += (float)(down - area);
        return;
    }
    const double slope = down / (high - low); /* rows per column */
    double covered = 0;                       /* what the columns so far have got */
    for (int64_t i = first; i <= last; i++) {
        const double from = fmax(low, (double)i), to = fmin(high, (double)i + 1);
        /* What has gone down before this column fills it whole, what goes down in it on average up to its
         * right. */
        const double filled =
            slope * (from - low) + slope * (to - from) * (1 - ((from + to) / 2 - (double)i));
        row[i] += (float)(filled - covered);
        covered = filled;
    }
    row[last + 1] += (float)(down - covered);
}

/* A line within one row that may leave the row's columns: what is left of them covers all of them, as if it
 * ran along the left edge; what is right of them, none. */
static void accumulate_cut(float *row, double width, double x1, double x2, double down)
{
    if (fmin(x1, x2) >= 0 && fmax(x1, x2) <= width) {
        accumulate(row, x1, x2, down);
        return;
    }
    const double edges[2] = {0, width};
    double from = 0; /* the part of the line that is done */
    double cuts[3] = {1, 1, 1};
    size_t count = 0;
    for (size_t i = 0; i < 2; i++) {
        const double t = x1 == x2 ? -1 : (edges[i] - x1) / (x2 - x1);
        if (t > 0 && t < 1)
            cuts[count++] = t;
    }
    if (count == 2 && cuts[0] > cuts[1]) {
        const double t = cuts[0];
        cuts[0] = cuts[1];
        cuts[1] = t;
    }
    for (size_t i = 0; i <= count; i++) {
        const double to = i < count ? cuts[i] : 1;
        const double a = fmin(width, fmax(0, x1 + from * (x2 - x1))),
                     b = fmin(width, fmax(0, x1 + to * (x2 - x1)));
        accumulate(row, a, b, down * (to - from));
        from = to;
    }
}

void stria_path_cover(const stria_path *path, int64_t left, int64_t right, int64_t top, int64_t rows,
                      float *coverage)
{
    const size_t stride = (size_t)(right - left) + 2;
    memset(coverage, 0, (size_t)rows * stride * sizeof *coverage);
    for (size_t i = 0; i < path->count; i++) {
        const stria_segment *s = &path->segments[i];
        const double slope = (s->x2 - s->x1) / (s->y2 - s->y1), sign = s->y1 < s->y2 ? 1 : -1;
        const double upper = fmax(fmin(s->y1, s->y2), (double)top);
        const double lower = fmin(fmax(s->y1, s->y2), (double)(top + rows));
        for (double y = upper; y < lower;) {
            const double end = fmin(lower, floor(y) + 1);
            const double x1 = s->x1 + (y - s->y1) * slope - (double)left;
            const double x2 = s->x1 + (end - s->y1) * slope - (double)left;
            float *row = coverage + (size_t)((int64_t)floor(y) - top) * stride;
            accumulate_cut(row, (double)(right - left), x1, x2, sign * (end - y));
            y = end;
        }
    }
    for (int64_t r = 0; r < rows; r++) {
        float *row = coverage + (size_t)r * stride, sum = 0;
        for (size_t x = 0; x + 2 < stride; x++) {
            sum += row[x];
            row[x] = fminf(1, fabsf(sum));
        }
    }
}

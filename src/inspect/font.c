/* Text as outlines. See font.h. */
#include "inspect/font.h"

#include <stddef.h>

#include <stria/figure.h>

#define NO_SIGN   UINT32_C(0xFFFD)
#define BOX_WIDTH 0.6 /* of the em, with the air on both sides, for signs that the font does not have */

uint32_t stria_utf8_next(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    if (*at == 0)
        return 0;
    const int more = *at < 0x80 ? 0 : *at >= 0xF0 && *at < 0xF5 ? 3 : *at >= 0xE0 ? 2 : *at >= 0xC2 ? 1 : -1;
    static const uint32_t lowest[] = {0, 0x80, 0x800, 0x10000};
    uint32_t code = more <= 0 ? *at : *at & (0x3Fu >> more);
    bool good = more >= 0 && *at < 0xF5;
    int read = 1;
    for (; good && read <= more; read++) {
        if ((at[read] & 0xC0) != 0x80) {
            good = false;
            break;
        }
        code = code << 6 | (at[read] & 0x3Fu);
    }
    good = good && code >= lowest[more] && code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
    *text += good ? read : 1;
    return good && code >= 0x20 && (code < 0x7F || code > 0x9F) ? code : NO_SIGN;
}

/* Where a code point stands in the tables, or -1. */
static int sign_of(uint32_t code)
{
    int low = 0, high = STRIA_FONT_SIGNS;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (stria_font_signs[middle] < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < STRIA_FONT_SIGNS && stria_font_signs[low] == code ? low : -1;
}

static double advance_of(int sign, bool bold)
{
    return sign < 0 ? BOX_WIDTH : (double)stria_font_advances[bold][sign] / STRIA_FONT_EM;
}

double stria_text_width(const char *text, double size, int bold)
{
    double width = 0;
    for (uint32_t code = stria_utf8_next(&text); code != 0; code = stria_utf8_next(&text))
        width += advance_of(sign_of(code), bold != 0);
    return width * size;
}

/* ---- Outlines ---- */

/* Where the signs are put: point (x, y) of the em's grid, y up, is at the base line's start + x and y times
 * `scale`. */
typedef struct place {
    stria_path *path;
    double x, y, scale;
    bool upward;
} place;

typedef struct point {
    double x, y;
    bool on_curve;
} point;

static point placed(const place *pen, double x, double y, bool on_curve)
{
    return pen->upward ? (point){pen->x - y * pen->scale, pen->y - x * pen->scale, on_curve}
                       : (point){pen->x + x * pen->scale, pen->y - y * pen->scale, on_curve};
}

static uint32_t read_integer(const uint8_t **at)
{
    uint32_t value = 0;
    for (int shift = 0;; shift += 7) {
        const uint8_t byte = *(*at)++;
        value |= (uint32_t)(byte & 127) << shift;
        if (byte < 128)
            return value;
    }
}

static int read_step(uint32_t folded)
{
    return folded & 1 ? -(int)(folded >> 1) - 1 : (int)(folded >> 1);
}

static point between(point a, point b)
{
    return (point){(a.x + b.x) / 2, (a.y + b.y) / 2, true};
}

/* The next point of a contour of parabolas: between two control points lies one on the curve. A contour of
 * the font begins on the curve. */
static void go_on(stria_path *path, point *control, bool *has_control, point next)
{
    if (*has_control) {
        const point end = next.on_curve ? next : between(*control, next);
        stria_path_curve(path, control->x, control->y, end.x, end.y);
    } else if (next.on_curve) {
        stria_path_line(path, next.x, next.y);
    }
    *control = next;
    *has_control = !next.on_curve;
}

static void draw_sign(const place *pen, int sign, bool bold)
{
    const uint8_t *at = stria_font_outlines[bold] + stria_font_starts[bold][sign];
    int x = 0, y = 0;
    for (uint32_t contours = read_integer(&at); contours > 0; contours--) {
        point first = {0}, control = {0};
        bool has_control = false;
        const uint32_t count = read_integer(&at);
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t step = read_integer(&at);
            x += read_step(step >> 1);
            y += read_step(read_integer(&at));
            const point next = placed(pen, x, y, step & 1);
            if (i == 0) {
                first = next;
                stria_path_move(pen->path, next.x, next.y);
            } else {
                go_on(pen->path, &control, &has_control, next);
            }
        }
        go_on(pen->path, &control, &has_control, first);
    }
}

/* A box as high as a capital, hollow. */
static void draw_box(const place *pen)
{
    static const double corners[2][4][2] = {{{0.07, 0}, {0.07, 0.73}, {0.53, 0.73}, {0.53, 0}},
                                            {{0.12, 0.05}, {0.48, 0.05}, {0.48, 0.68}, {0.12, 0.68}}};
    for (int contour = 0; contour < 2; contour++) {
        for (int i = 0; i < 4; i++) {
            const double *corner = corners[contour][i];
            const point p = placed(pen, corner[0] * STRIA_FONT_GRID, corner[1] * STRIA_FONT_GRID, true);
            if (i == 0)
                stria_path_move(pen->path, p.x, p.y);
            else
                stria_path_line(pen->path, p.x, p.y);
        }
    }
    stria_path_close(pen->path);
}

void stria_font_draw(stria_path *path, const char *text, double x, double y, double size, bool bold,
                     bool upward)
{
    place pen = {path, x, y, size / STRIA_FONT_GRID, upward};
    for (uint32_t code = stria_utf8_next(&text); code != 0; code = stria_utf8_next(&text)) {
        const int sign = sign_of(code);
        if (sign < 0)
            draw_box(&pen);
        else
            draw_sign(&pen, sign, bold);
        const double advance = advance_of(sign, bold) * size;
        pen.x += upward ? 0 : advance;
        pen.y -= upward ? advance : 0;
    }
}

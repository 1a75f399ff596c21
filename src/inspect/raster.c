/* Drawing a figure to pixels: shapes and text as paths filled by coverage, in strips of rows so that the work
 * space stays small; pictures point by point. */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/size.h"
#include "inspect/figure.h"
#include "inspect/font.h"
#include "inspect/path.h"

#define MOST_PIXELS 134217728.0 /* 2^27 */
#define STRIP_ROWS  32

typedef struct page {
    stria_picture picture; /* 3 channels */
    double scale;
    bool dark;
    stria_path path;
    float *coverage; /* [STRIP_ROWS, width + 2] */
    uint8_t paper[3];
} page;

/* ---- Paths ---- */

static void blend(uint8_t *pixel, const uint8_t color[3], float amount)
{
    for (int c = 0; c < 3; c++)
        pixel[c] = (uint8_t)((float)pixel[c] + ((float)color[c] - (float)pixel[c]) * amount + 0.5f);
}

/* Fills the canvas's path and forgets it. */
static void fill(page *canvas, stria_color name, double opacity)
{
    uint8_t color[3];
    stria_color_bytes(name, canvas->dark, color);
    const stria_extent extent =
        stria_path_extent(&canvas->path, canvas->picture.width, canvas->picture.height);
    const int64_t width = extent.right - extent.left;
    for (int64_t top = extent.top; top < extent.bottom && width > 0; top += STRIP_ROWS) {
        const int64_t rows = extent.bottom - top < STRIP_ROWS ? extent.bottom - top : STRIP_ROWS;
        stria_path_cover(&canvas->path, extent.left, extent.right, top, rows, canvas->coverage);
        for (int64_t row = 0; row < rows; row++) {
            const float *coverage = canvas->coverage + row * (width + 2);
            uint8_t *pixel = canvas->picture.bytes + 3 * ((top + row) * canvas->picture.width + extent.left);
            for (int64_t i = 0; i < width; i++, pixel += 3) {
                if (coverage[i] > 0)
                    blend(pixel, color, coverage[i] * (float)opacity);
            }
        }
    }
    stria_path_clear(&canvas->path);
}

/* Many boxes lie on whole pixels and cover what is below: then there is no coverage to compute. */
static bool fill_whole_pixels(page *canvas, const stria_item *item)
{
    const double edges[4] = {item->x * canvas->scale, item->y * canvas->scale,
                             (item->x + item->width) * canvas->scale,
                             (item->y + item->height) * canvas->scale};
    for (int i = 0; i < 4; i++) {
        if (edges[i] != floor(edges[i]) || item->paint.opacity < 1)
            return false;
    }
    uint8_t color[3];
    stria_color_bytes(item->paint.fill, canvas->dark, color);
    const stria_picture *picture = &canvas->picture;
    const int64_t left = (int64_t)fmax(0, edges[0]), right = (int64_t)fmin((double)picture->width, edges[2]);
    const int64_t top = (int64_t)fmax(0, edges[1]), bottom = (int64_t)fmin((double)picture->height, edges[3]);
    for (int64_t y = top; y < bottom; y++) {
        uint8_t *row = picture->bytes + 3 * y * picture->width;
        for (int64_t x = left; x < right; x++)
            memcpy(row + 3 * x, color, 3);
    }
    return true;
}

static void draw_box(page *canvas, const stria_item *item)
{
    const stria_paint *paint = &item->paint;
    const double s = canvas->scale;
    if (paint->fill != STRIA_COLOR_NONE && !fill_whole_pixels(canvas, item)) {
        stria_path_box(&canvas->path, item->x * s, item->y * s, item->width * s, item->height * s);
        fill(canvas, paint->fill, paint->opacity);
    }
    if (paint->stroke != STRIA_COLOR_NONE) {
        stria_path_frame(&canvas->path, item->x * s, item->y * s, item->width * s, item->height * s,
                         paint->width * s);
        fill(canvas, paint->stroke, paint->opacity);
    }
}

static void draw_disc(page *canvas, const stria_item *item)
{
    const stria_paint *paint = &item->paint;
    const double x = item->x * canvas->scale, y = item->y * canvas->scale,
                 radius = item->width * canvas->scale;
    if (paint->fill != STRIA_COLOR_NONE) {
        stria_path_disc(&canvas->path, x, y, radius);
        fill(canvas, paint->fill, paint->opacity);
    }
    if (paint->stroke != STRIA_COLOR_NONE) {
        stria_path_ring(&canvas->path, x, y, radius, paint->width * canvas->scale);
        fill(canvas, paint->stroke, paint->opacity);
    }
}

static stria_status draw_polyline(page *canvas, const stria_item *item, stria_context *context,
                                  stria_error *err)
{
    const stria_paint *paint = &item->paint;
    const double line = paint->width * canvas->scale;
    double *points = stria_allocate_array(&context->allocator, 2 * item->count, sizeof *points);
    if (points == NULL)
        return stria_fail_memory(err, 2 * item->count * sizeof *points);
    for (size_t i = 0; i < 2 * item->count; i++)
        points[i] = item->points[i] * canvas->scale;
    if (paint->fill != STRIA_COLOR_NONE && item->closed) {
        stria_path_move(&canvas->path, points[0], points[1]);
        for (size_t i = 1; i < item->count; i++)
            stria_path_line(&canvas->path, points[2 * i], points[2 * i + 1]);
        fill(canvas, paint->fill, paint->opacity);
    }
    if (paint->stroke != STRIA_COLOR_NONE) {
        if (paint->dashed && !item->closed)
            stria_path_dash(&canvas->path, points, item->count, line,
                            stria_dash(paint->dashed).on * canvas->scale,
                            stria_dash(paint->dashed).off * canvas->scale);
        else
            stria_path_stroke(&canvas->path, points, item->count, item->closed, line);
        fill(canvas, paint->stroke, paint->opacity);
    }
    stria_release(&context->allocator, points);
    return STRIA_OK;
}

static void draw_text(page *canvas, const stria_item *item)
{
    const stria_lettering *lettering = &item->lettering;
    const double shift = lettering->anchor == STRIA_ANCHOR_MIDDLE ? item->width / 2
                         : lettering->anchor == STRIA_ANCHOR_END  ? item->width
                                                                  : 0;
    const double x = (lettering->upward ? item->x : item->x - shift) * canvas->scale;
    const double y = (lettering->upward ? item->y + shift : item->y) * canvas->scale;
    if (item->text == NULL)
        return;
    stria_font_draw(&canvas->path, item->text, x, y, lettering->size * canvas->scale, lettering->bold != 0,
                    lettering->upward != 0);
    fill(canvas, lettering->color, 1);
}

/* ---- Pictures ---- */

/* What of a picture's rows or columns a row or column of the page shows: the mean of first to last, or,
 * between two, `second` parts of last and the rest of first. */
typedef struct share {
    int64_t first, last;
    float second; /* below 0: all count the same */
} share;

static share share_of(int64_t at, int64_t shown, int64_t stored, bool smooth)
{
    if (shown < stored) {
        const int64_t first = at * stored / shown;
        const int64_t end = ((at + 1) * stored + shown - 1) / shown;
        return (share){first, end - 1, -1};
    }
    if (!smooth)
        return (share){at * stored / shown, at * stored / shown, -1};
    const double middle = ((double)at + 0.5) * (double)stored / (double)shown - 0.5;
    const double low = floor(middle);
    const int64_t first = low < 0 ? 0 : (int64_t)low;
    const int64_t last = low + 1 > (double)(stored - 1) ? stored - 1 : (int64_t)low + 1;
    return (share){first, last, (float)(middle - low)};
}

static float weight_in(const share *of, int64_t i)
{
    return of->second < 0 ? 1 : of->first == of->last ? 0.5f : i == of->first ? 1 - of->second : of->second;
}

/* The colour that one point of the page sees in a picture: red, green, blue and how much it covers, 0 to 1.
 */
static void sample(const stria_picture *picture, const share *rows, const share *columns, float color[4])
{
    const bool has_alpha = picture->channels == 2 || picture->channels == 4, grey = picture->channels < 3;
    float sum[3] = {0}, covered = 0, total = 0;
    for (int64_t y = rows->first; y <= rows->last; y++) {
        for (int64_t x = columns->first; x <= columns->last; x++) {
            const uint8_t *pixel = picture->bytes + (y * picture->width + x) * picture->channels;
            const float weight = weight_in(rows, y) * weight_in(columns, x);
            const float alpha = has_alpha ? weight * (float)pixel[picture->channels - 1] / 255 : weight;
            for (int c = 0; c < 3; c++)
                sum[c] += alpha * (float)pixel[grey ? 0 : c];
            covered += alpha;
            total += weight;
        }
    }
    for (int c = 0; c < 3; c++)
        color[c] = covered > 0 ? sum[c] / covered : 0;
    color[3] = total > 0 ? covered / total : 0;
}

static void draw_picture(page *canvas, const stria_item *item)
{
    const stria_picture *from = &item->picture, *to = &canvas->picture;
    const double s = canvas->scale;
    const int64_t left = (int64_t)floor(item->x * s + 0.5), top = (int64_t)floor(item->y * s + 0.5);
    int64_t width = (int64_t)floor((item->x + item->width) * s + 0.5) - left;
    int64_t height = (int64_t)floor((item->y + item->height) * s + 0.5) - top;
    width = width < 1 ? 1 : width;
    height = height < 1 ? 1 : height;
    const bool opaque = from->channels == 1 || from->channels == 3;
    for (int64_t y = top < 0 ? -top : 0; y < height && top + y < to->height; y++) {
        const share rows = share_of(y, height, from->height, item->smooth);
        uint8_t *line = to->bytes + 3 * (top + y) * to->width;
        for (int64_t x = left < 0 ? -left : 0; x < width && left + x < to->width; x++) {
            uint8_t *pixel = line + 3 * (left + x);
            const share columns = share_of(x, width, from->width, item->smooth);
            if (opaque && rows.first == rows.last && columns.first == columns.last) {
                const uint8_t *p = from->bytes + (rows.first * from->width + columns.first) * from->channels;
                for (int c = 0; c < 3; c++)
                    pixel[c] = p[from->channels == 1 ? 0 : c];
                continue;
            }
            float color[4];
            sample(from, &rows, &columns, color);
            const uint8_t bytes[3] = {(uint8_t)(color[0] + 0.5f), (uint8_t)(color[1] + 0.5f),
                                      (uint8_t)(color[2] + 0.5f)};
            blend(pixel, bytes, color[3]);
        }
    }
}

/* ---- The whole ---- */

static stria_status draw_items(page *canvas, const stria_figure *figure, stria_error *err)
{
    for (size_t i = 0; i < figure->count; i++) {
        const stria_item *item = &figure->items[i];
        switch (item->kind) {
        case STRIA_ITEM_BOX:
            draw_box(canvas, item);
            break;
        case STRIA_ITEM_POLYLINE:
            STRIA_TRY(draw_polyline(canvas, item, figure->context, err));
            break;
        case STRIA_ITEM_DISC:
            draw_disc(canvas, item);
            break;
        case STRIA_ITEM_PICTURE:
            draw_picture(canvas, item);
            break;
        case STRIA_ITEM_TEXT:
            draw_text(canvas, item);
            break;
        }
        if (canvas->path.failed)
            return stria_fail(err, STRIA_ERROR_MEMORY, "out of memory for an outline of %zu lines",
                              canvas->path.count);
    }
    return STRIA_OK;
}

stria_status stria_figure_raster(const stria_figure *figure, const stria_figure_options *options,
                                 stria_picture *picture, stria_error *err)
{
    stria_figure_options known;
    STRIA_TRY(stria_figure_ready(figure, &known, options, err));
    stria_context *context = figure->context;
    const double width = ceil(figure->width * known.scale), height = ceil(figure->height * known.scale);
    if (width * height > MOST_PIXELS)
        return stria_fail(err, STRIA_ERROR_LIMIT,
                          "a figure of %.0f x %.0f pixels at scale %g: at most %.0f in all; lower the scale",
                          figure->width, figure->height, known.scale, MOST_PIXELS);
    page canvas = {.scale = known.scale, .dark = known.dark != 0, .path = {.allocator = &context->allocator}};
    STRIA_TRY(stria_picture_create(&canvas.picture, context, (int64_t)height, (int64_t)width, 3, err));
    stria_status status = STRIA_OK;
    const size_t strip = (size_t)(canvas.picture.width + 2) * STRIP_ROWS;
    canvas.coverage = stria_allocate_array(&context->allocator, strip, sizeof *canvas.coverage);
    if (canvas.coverage == NULL) {
        status = stria_fail_memory(err, strip * sizeof *canvas.coverage);
    } else {
        uint8_t paper[3];
        stria_color_bytes(STRIA_COLOR_PAPER, canvas.dark, paper);
        for (int64_t i = 0; i < canvas.picture.width * canvas.picture.height; i++)
            memcpy(canvas.picture.bytes + 3 * i, paper, 3);
        status = draw_items(&canvas, figure, err);
    }
    stria_path_free(&canvas.path);
    stria_release(&context->allocator, canvas.coverage);
    if (status == STRIA_OK)
        *picture = canvas.picture;
    else
        stria_picture_free(&canvas.picture, context);
    return status;
}

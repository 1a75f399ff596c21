/* Figures: making them and adding items. */
#include "inspect/figure.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/options.h"
#include "base/size.h"
#include "inspect/font.h"

#define MOST_SIDE   32000.0
#define MOST_PIXELS 67108864.0 /* 2^26 */
#define FARTHEST    1e6        /* coordinates beyond are moved there: all of it is far outside any page */

/* ---- Life ---- */

stria_status stria_figure_create(stria_figure **figure, stria_context *context, double width, double height,
                                 stria_error *err)
{
    if (!(width > 0) || !(height > 0))
        return stria_fail(err, STRIA_ERROR_VALUE, "a figure of %g x %g pixels: both must be above 0", width,
                          height);
    if (width > MOST_SIDE || height > MOST_SIDE || width * height > MOST_PIXELS)
        return stria_fail(
            err, STRIA_ERROR_LIMIT,
            "a figure of %.0f x %.0f pixels: a side may have %.0f, and the whole %.0f; show less in it",
            width, height, MOST_SIDE, MOST_PIXELS);
    stria_figure *made = stria_allocate(&context->allocator, sizeof *made);
    if (made == NULL)
        return stria_fail_memory(err, sizeof *made);
    made->context = context;
    made->width = width;
    made->height = height;
    made->arena.allocator = made->svg.allocator = &context->allocator;
    *figure = made;
    return STRIA_OK;
}

void stria_figure_free(stria_figure *figure)
{
    if (figure == NULL)
        return;
    const stria_allocator *allocator = &figure->context->allocator;
    stria_text_free(&figure->svg);
    stria_arena_clear(&figure->arena);
    stria_release(allocator, figure->items);
    stria_release(allocator, figure);
}

double stria_figure_width(const stria_figure *figure)
{
    return figure->width;
}

double stria_figure_height(const stria_figure *figure)
{
    return figure->height;
}

stria_status stria_figure_ready(const stria_figure *figure, stria_figure_options *known,
                                const stria_figure_options *options, stria_error *err)
{
    STRIA_TRY(stria_options_read(known, sizeof *known, options, "stria_figure_options", err));
    if (!(known->scale >= 0 && known->scale <= 8))
        return stria_fail(err, STRIA_ERROR_VALUE, "scale %g: must be above 0 and at most 8", known->scale);
    known->scale = known->scale > 0 ? known->scale : 1;
    known->title = known->title != NULL ? known->title : "figure";
    if (figure->failed)
        return stria_fail(err, STRIA_ERROR_MEMORY, "out of memory for the items of a figure");
    return STRIA_OK;
}

stria_dash_lengths stria_dash(int dashed)
{
    static const stria_dash_lengths lengths[] = {{5, 4}, {2, 3}, {11, 4}};
    return lengths[((unsigned)dashed - 1) % (sizeof lengths / sizeof lengths[0])];
}

/* ---- Items ---- */

/* A copy of text in which control characters are left out and what is not UTF-8 is U+FFFD, so that it can
 * stand in a page; NULL for NULL. */
static const char *copy_text(stria_figure *figure, const char *text)
{
    static const char unknown[] = "\xEF\xBF\xBD";
    if (text == NULL)
        return NULL;
    size_t size = 1; /* every byte may become three */
    if (!stria_size_multiply(strlen(text), sizeof unknown - 1, &size)) {
        figure->failed = true;
        return NULL;
    }
    char *copy = stria_arena_allocate(&figure->arena, size + 1);
    if (copy == NULL) {
        figure->failed = true;
        return NULL;
    }
    char *end = copy;
    for (const char *at = text; *at != '\0';) {
        const char *from = at;
        const uint32_t code = stria_utf8_next(&at);
        const unsigned char byte = (unsigned char)*from;
        if (byte < 0x20 || byte == 0x7F)
            continue;
        const bool good = code != 0xFFFD;
        const size_t length = good ? (size_t)(at - from) : sizeof unknown - 1;
        memcpy(end, good ? from : unknown, length);
        end += length;
    }
    *end = '\0';
    return copy;
}

static bool all_finite(const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(numbers[i]))
            return false;
    }
    return true;
}

static double near(double coordinate)
{
    return fmin(FARTHEST, fmax(-FARTHEST, coordinate));
}

/* A new item at a place, or NULL when it is not to be or there is no memory for it. */
static stria_item *add_item(stria_figure *figure, stria_item_kind kind, double x, double y, double width,
                            double height, const char *title)
{
    const double numbers[] = {x, y, width, height};
    if (figure->failed || !all_finite(numbers, 4))
        return NULL;
    void *items = figure->items;
    if (!stria_grow(&figure->context->allocator, &items, &figure->capacity, figure->count + 1,
                    sizeof *figure->items)) {
        figure->failed = true;
        return NULL;
    }
    figure->items = items;
    stria_item *item = &figure->items[figure->count++];
    *item =
        (stria_item){.kind = kind, .x = near(x), .y = near(y), .width = near(width), .height = near(height)};
    item->paint.title = copy_text(figure, title);
    return item;
}

static void take_paint(stria_item *item, const stria_paint *paint)
{
    const char *title = item->paint.title;
    item->paint = *paint;
    item->paint.title = title;
    item->paint.width = paint->width > 0 ? fmin(paint->width, FARTHEST) : 1;
    item->paint.opacity = paint->opacity > 0 && paint->opacity < 1 ? paint->opacity : 1;
}

void stria_figure_box(stria_figure *figure, double x, double y, double width, double height,
                      const stria_paint *paint)
{
    stria_item *item = width >= 0 && height >= 0
                           ? add_item(figure, STRIA_ITEM_BOX, x, y, width, height, paint->title)
                           : NULL;
    if (item != NULL)
        take_paint(item, paint);
}

void stria_figure_line(stria_figure *figure, double x1, double y1, double x2, double y2,
                       const stria_paint *paint)
{
    const double points[4] = {x1, y1, x2, y2};
    stria_figure_polyline(figure, points, 2, 0, paint);
}

void stria_figure_polyline(stria_figure *figure, const double *points, size_t count, int closed,
                           const stria_paint *paint)
{
    if (count < 2 || count > SIZE_MAX / (2 * sizeof *points) || !all_finite(points, 2 * count))
        return;
    stria_item *item = add_item(figure, STRIA_ITEM_POLYLINE, 0, 0, 0, 0, paint->title);
    double *copy = item != NULL ? stria_arena_allocate(&figure->arena, 2 * count * sizeof *points) : NULL;
    if (copy == NULL) {
        figure->failed = true;
        return;
    }
    for (size_t i = 0; i < 2 * count; i++)
        copy[i] = near(points[i]);
    take_paint(item, paint);
    item->points = copy;
    item->count = count;
    item->closed = closed != 0;
}

void stria_figure_disc(stria_figure *figure, double x, double y, double radius, const stria_paint *paint)
{
    stria_item *item = radius >= 0 ? add_item(figure, STRIA_ITEM_DISC, x, y, radius, 0, paint->title) : NULL;
    if (item != NULL)
        take_paint(item, paint);
}

void stria_figure_picture(stria_figure *figure, const stria_picture *picture, double x, double y,
                          double width, double height, int smooth, const char *title)
{
    if (!(width > 0) || !(height > 0) || picture->height < 1 || picture->width < 1)
        return;
    stria_item *item = add_item(figure, STRIA_ITEM_PICTURE, x, y, width, height, title);
    if (item == NULL)
        return;
    const size_t size = (size_t)(picture->height * picture->width * picture->channels);
    uint8_t *bytes = stria_arena_allocate(&figure->arena, size);
    if (bytes == NULL) {
        figure->failed = true;
        return;
    }
    memcpy(bytes, picture->bytes, size);
    item->picture = *picture;
    item->picture.bytes = bytes;
    item->smooth = smooth != 0;
}

void stria_figure_text(stria_figure *figure, double x, double y, const char *text,
                       const stria_lettering *lettering)
{
    static const stria_lettering usual = {0};
    const stria_lettering *given = lettering != NULL ? lettering : &usual;
    stria_item *item = add_item(figure, STRIA_ITEM_TEXT, x, y, 0, 0, given->title);
    if (item == NULL)
        return;
    item->text = copy_text(figure, text);
    item->lettering = *given;
    item->lettering.size = given->size > 0 && given->size < FARTHEST ? given->size : 12;
    item->lettering.color = given->color != STRIA_COLOR_NONE ? given->color : STRIA_COLOR_INK;
    item->width = item->text != NULL ? stria_text_width(item->text, item->lettering.size, given->bold) : 0;
}

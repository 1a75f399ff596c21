/* Figures as SVG 1.1: one element for each item, pictures as PNG in data addresses, colours that depend on
 * the page as classes with a light and a dark meaning. */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "inspect/figure.h"

void stria_markup_add(stria_text *text, const char *string)
{
    while (*string != '\0') {
        const size_t plain = strcspn(string, "&<>\"'");
        stria_text_append(text, string, plain);
        string += plain;
        if (*string == '\0')
            return;
        stria_text_add(text, *string == '&'   ? "&amp;"
                             : *string == '<' ? "&lt;"
                             : *string == '>' ? "&gt;"
                             : *string == '"' ? "&quot;"
                                              : "&#39;");
        string++;
    }
}

/* A number with up to two decimals. Figures have many: quicker than printf, and whatever the locale. */
static void add_number(stria_text *text, double value)
{
    char digits[32], *at = digits + sizeof digits;
    int64_t hundredths = (int64_t)floor(fabs(value) * 100 + 0.5);
    const bool negative = value < 0 && hundredths > 0;
    const int fraction = (int)(hundredths % 100);
    if (fraction != 0) {
        if (fraction % 10 != 0)
            *--at = (char)('0' + fraction % 10);
        *--at = (char)('0' + fraction / 10);
        *--at = '.';
    }
    hundredths /= 100;
    do
        *--at = (char)('0' + hundredths % 10);
    while ((hundredths /= 10) > 0);
    if (negative)
        *--at = '-';
    stria_text_append(text, at, (size_t)(digits + sizeof digits - at));
}

static void add_attribute(stria_text *text, const char *name, double value)
{
    stria_text_add(text, " ");
    stria_text_add(text, name);
    stria_text_add(text, "=\"");
    add_number(text, value);
    stria_text_add(text, "\"");
}

static void add_color(stria_text *text, const char *attribute, stria_color color)
{
    uint8_t rgb[3];
    stria_color_bytes(color, false, rgb);
    stria_text_format(text, " %s=\"#%02x%02x%02x\"", attribute, rgb[0], rgb[1], rgb[2]);
}

/* The attributes of fill and outline. Colours of the page are classes: "sf1" fills with ink, "ss1" draws with
 * it. */
static void add_paint(stria_text *text, const stria_paint *paint, bool can_fill)
{
    const stria_color fill = can_fill ? paint->fill : STRIA_COLOR_NONE, stroke = paint->stroke;
    const bool named_fill = fill != STRIA_COLOR_NONE && fill < STRIA_RGB(0);
    const bool named_stroke = stroke != STRIA_COLOR_NONE && stroke < STRIA_RGB(0);
    if (named_fill && named_stroke)
        stria_text_format(text, " class=\"sf%u ss%u\"", (unsigned)fill, (unsigned)stroke);
    else if (named_fill || named_stroke)
        stria_text_format(text, " class=\"s%c%u\"", named_fill ? 'f' : 's',
                          (unsigned)(named_fill ? fill : stroke));
    if (fill == STRIA_COLOR_NONE)
        stria_text_add(text, " fill=\"none\"");
    else if (!named_fill)
        add_color(text, "fill", fill);
    if (stroke != STRIA_COLOR_NONE && !named_stroke)
        add_color(text, "stroke", stroke);
    if (stroke != STRIA_COLOR_NONE && paint->width != 1)
        add_attribute(text, "stroke-width", paint->width);
    if (stroke != STRIA_COLOR_NONE && paint->dashed)
        stria_text_format(text, " stroke-dasharray=\"%.0f %.0f\"", stria_dash(paint->dashed).on,
                          stria_dash(paint->dashed).off);
    if (paint->opacity < 1)
        stria_text_format(text, " opacity=\"%.3g\"", paint->opacity);
}

/* Closes an element, around its title when it has one. */
static void end_element(stria_text *text, const char *name, const char *title)
{
    if (title == NULL) {
        stria_text_add(text, "/>\n");
        return;
    }
    stria_text_add(text, "><title>");
    stria_markup_add(text, title);
    stria_text_add(text, "</title></");
    stria_text_add(text, name);
    stria_text_add(text, ">\n");
}

void stria_base64_add(stria_text *text, const uint8_t *bytes, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char out[1024];
    size_t used = 0;
    for (size_t i = 0; i < size; i += 3) {
        const size_t have = size - i < 3 ? size - i : 3;
        const uint32_t three = (uint32_t)bytes[i] << 16 | (have > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                               (have > 2 ? (uint32_t)bytes[i + 2] : 0);
        for (size_t k = 0; k < 4; k++)
            out[used++] = k <= have ? letters[three >> (18 - 6 * k) & 63] : '=';
        if (used == sizeof out || i + 3 >= size) {
            stria_text_append(text, out, used);
            used = 0;
        }
    }
}

static void add_place(stria_text *text, const stria_item *item)
{
    add_attribute(text, "x", item->x);
    add_attribute(text, "y", item->y);
    add_attribute(text, "width", item->width);
    add_attribute(text, "height", item->height);
}

static stria_status add_picture(stria_text *text, const stria_item *item, stria_context *context,
                                stria_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_picture_encode_png(&bytes, &size, context, &item->picture, err));
    stria_text_add(text, "<image");
    add_place(text, item);
    stria_text_add(text, " preserveAspectRatio=\"none\"");
    const bool shrunk =
        item->width < (double)item->picture.width || item->height < (double)item->picture.height;
    if (!item->smooth && !shrunk)
        stria_text_add(text, " style=\"image-rendering:pixelated\"");
    stria_text_add(text, " href=\"data:image/png;base64,");
    stria_base64_add(text, bytes, size);
    stria_text_add(text, "\"");
    end_element(text, "image", item->paint.title);
    stria_picture_free_bytes(bytes, context);
    return STRIA_OK;
}

/* The width is stated, so that a label fits where it should in fonts of other widths too. */
static void add_text(stria_text *text, const stria_item *item)
{
    const stria_lettering *lettering = &item->lettering;
    if (item->text == NULL || item->text[0] == '\0')
        return;
    stria_text_add(text, "<text");
    add_attribute(text, "x", item->x);
    add_attribute(text, "y", item->y);
    add_attribute(text, "font-size", lettering->size);
    add_attribute(text, "textLength", item->width);
    stria_text_add(text, " lengthAdjust=\"spacingAndGlyphs\"");
    const stria_paint paint = {.fill = lettering->color, .opacity = 1};
    add_paint(text, &paint, true);
    if (lettering->anchor != STRIA_ANCHOR_START)
        stria_text_add(text, lettering->anchor == STRIA_ANCHOR_END ? " text-anchor=\"end\""
                                                                   : " text-anchor=\"middle\"");
    if (lettering->bold)
        stria_text_add(text, " font-weight=\"bold\"");
    if (lettering->upward) {
        stria_text_add(text, " transform=\"rotate(-90 ");
        add_number(text, item->x);
        stria_text_add(text, " ");
        add_number(text, item->y);
        stria_text_add(text, ")\"");
    }
    stria_text_add(text, ">");
    if (item->paint.title != NULL) {
        stria_text_add(text, "<title>");
        stria_markup_add(text, item->paint.title);
        stria_text_add(text, "</title>");
    }
    stria_markup_add(text, item->text);
    stria_text_add(text, "</text>\n");
}

static stria_status add_item(stria_text *text, const stria_item *item, stria_context *context,
                             stria_error *err)
{
    switch (item->kind) {
    case STRIA_ITEM_BOX:
        stria_text_add(text, "<rect");
        add_place(text, item);
        add_paint(text, &item->paint, true);
        end_element(text, "rect", item->paint.title);
        break;
    case STRIA_ITEM_POLYLINE:
        stria_text_add(text, item->closed ? "<polygon points=\"" : "<polyline points=\"");
        for (size_t i = 0; i < 2 * item->count; i++) {
            stria_text_add(text, i == 0 ? "" : i % 2 != 0 ? "," : " ");
            add_number(text, item->points[i]);
        }
        stria_text_add(text, "\"");
        add_paint(text, &item->paint, item->closed);
        end_element(text, item->closed ? "polygon" : "polyline", item->paint.title);
        break;
    case STRIA_ITEM_DISC:
        stria_text_add(text, "<circle");
        add_attribute(text, "cx", item->x);
        add_attribute(text, "cy", item->y);
        add_attribute(text, "r", item->width);
        add_paint(text, &item->paint, true);
        end_element(text, "circle", item->paint.title);
        break;
    case STRIA_ITEM_PICTURE:
        return add_picture(text, item, context, err);
    case STRIA_ITEM_TEXT:
        add_text(text, item);
        break;
    }
    return STRIA_OK;
}

/* What the classes mean, on light pages and on dark ones. */
static void add_style(stria_text *text)
{
    stria_text_add(text, "<style>");
    for (int dark = 0; dark < 2; dark++) {
        stria_text_add(text, dark ? "@media screen and (prefers-color-scheme:dark){" : "");
        for (unsigned color = STRIA_COLOR_INK; color < STRIA_COLOR_SERIES + STRIA_SERIES_COLORS; color++) {
            uint8_t rgb[3];
            stria_color_bytes(color, dark != 0, rgb);
            const unsigned value = (unsigned)rgb[0] << 16 | (unsigned)rgb[1] << 8 | rgb[2];
            stria_text_format(text, ".sf%u{fill:#%06x}.ss%u{stroke:#%06x}", color, value, color, value);
        }
        stria_text_add(text, dark ? "}" : "");
    }
    stria_text_add(text, "</style>\n");
}

stria_status stria_figure_svg(stria_figure *figure, const stria_figure_options *options, const char **text,
                              size_t *length, stria_error *err)
{
    stria_figure_options known;
    STRIA_TRY(stria_figure_ready(figure, &known, options, err));
    stria_text *svg = &figure->svg;
    stria_text_free(svg);
    *svg = (stria_text){.allocator = &figure->context->allocator};
    stria_text_add(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
    add_attribute(svg, "width", figure->width);
    add_attribute(svg, "height", figure->height);
    stria_text_add(svg, " viewBox=\"0 0 ");
    add_number(svg, figure->width);
    stria_text_add(svg, " ");
    add_number(svg, figure->height);
    stria_text_add(svg, "\" role=\"img\" aria-label=\"");
    stria_markup_add(svg, known.title);
    stria_text_add(
        svg,
        "\" font-family=\"DejaVu Sans,Verdana,Helvetica,Arial,sans-serif\" style=\"white-space:pre\">\n");
    add_style(svg);
    const stria_item paper = {.width = figure->width,
                              .height = figure->height,
                              .paint = {.fill = STRIA_COLOR_PAPER, .width = 1, .opacity = 1}};
    stria_status status = add_item(svg, &paper, figure->context, err);
    for (size_t i = 0; i < figure->count && status == STRIA_OK; i++)
        status = add_item(svg, &figure->items[i], figure->context, err);
    stria_text_add(svg, "</svg>\n");
    if (status == STRIA_OK && svg->failed)
        status = stria_fail(err, STRIA_ERROR_MEMORY, "out of memory for %zu bytes of SVG", svg->length);
    if (status != STRIA_OK) {
        stria_text_free(svg);
        return status;
    }
    *text = svg->bytes;
    *length = svg->length;
    return STRIA_OK;
}

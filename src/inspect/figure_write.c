/* Writing figures to files: PNG, SVG, and HTML around the SVG. */
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "inspect/figure.h"

static bool ends_with(const char *path, const char *end)
{
    const size_t length = strlen(path), wanted = strlen(end);
    if (length < wanted)
        return false;
    for (size_t i = 0; i < wanted; i++) {
        if (stria_to_small(path[length - wanted + i]) != end[i])
            return false;
    }
    return true;
}

static stria_status write_png(const stria_figure *figure, const char *path,
                              const stria_figure_options *options, stria_error *err)
{
    stria_picture picture = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    stria_context *context = figure->context;
    STRIA_TRY(stria_figure_raster(figure, options, &picture, err));
    stria_status status = stria_picture_encode_png(&bytes, &size, context, &picture, err);
    stria_picture_free(&picture, context);
    if (status != STRIA_OK)
        return status;
    const stria_bytes piece = {bytes, size};
    status = stria_file_write(context, path, &piece, 1, false, err);
    stria_picture_free_bytes(bytes, context);
    return status;
}

/* The colours are those of the figure's page (color_map.c). */
static const char style[] =
    ":root{color-scheme:light dark}"
    "body{margin:1.5rem;background:#fff;color:#1b1f24;"
    "font:15px/1.5 'DejaVu Sans',Verdana,Helvetica,Arial,sans-serif}"
    "p{max-width:60rem;margin:.4rem 0;white-space:pre-line}"
    "svg{max-width:100%;height:auto;display:block}"
    "@media screen and (prefers-color-scheme:dark){body{background:#121519;color:#e8eaed}}";

static void add_head(stria_text *head, const char *title)
{
    stria_text_add(head, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    stria_markup_add(head, title);
    stria_text_add(head, "</title>\n<style>");
    stria_text_add(head, style);
    stria_text_add(head, "</style>\n</head>\n<body>\n");
}

static stria_status write_text(stria_figure *figure, const char *path, const stria_figure_options *options,
                               bool page, stria_error *err)
{
    stria_figure_options known;
    const char *svg = NULL;
    size_t length = 0;
    STRIA_TRY(stria_figure_ready(figure, &known, options, err));
    STRIA_TRY(stria_figure_svg(figure, options, &svg, &length, err));
    stria_text head = {.allocator = &figure->context->allocator}, tail = head;
    if (page) {
        add_head(&head, known.title);
        if (known.caption != NULL) {
            stria_text_add(&tail, "<p>");
            stria_markup_add(&tail, known.caption);
            stria_text_add(&tail, "</p>\n");
        }
        stria_text_add(&tail, known.html != NULL ? known.html : "");
        stria_text_add(&tail, "</body>\n</html>\n");
    }
    stria_status status = STRIA_OK;
    if (head.failed || tail.failed) {
        status = stria_fail(err, STRIA_ERROR_MEMORY, "out of memory for the text around a figure");
    } else {
        const stria_bytes pieces[3] = {{head.bytes, head.length}, {svg, length}, {tail.bytes, tail.length}};
        status = page ? stria_file_write(figure->context, path, pieces, 3, false, err)
                      : stria_file_write(figure->context, path, &pieces[1], 1, false, err);
    }
    stria_text_free(&head);
    stria_text_free(&tail);
    return status;
}

stria_status stria_figure_write(stria_figure *figure, const char *path, const stria_figure_options *options,
                                stria_error *err)
{
    if (ends_with(path, ".png"))
        return write_png(figure, path, options, err);
    const bool page = ends_with(path, ".html");
    if (!page && !ends_with(path, ".svg"))
        return stria_fail(err, STRIA_ERROR_VALUE, "'%s': a figure is written to a .png, .svg or .html file",
                          path);
    return write_text(figure, path, options, page, err);
}

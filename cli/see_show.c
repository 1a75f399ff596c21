/* Where the pictures of stria see go: to a file as a figure, to a terminal as half blocks or by its graphics,
 * or nowhere when stdout is no terminal. */
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "graphics.h"
#include "picture.h"
#include "see.h"
#include "terminal.h"
#include "text.h"

#define MOST_SHOWN        64    /* tiles printed at a time */
#define LARGEST_IN_HALVES 720.0 /* pixels of a figure's width */

static int fail_figure(const stria_error *err)
{
    return cli_fail_with(err, err->code == STRIA_ERROR_LIMIT ? CLI_FROM_OPTION : CLI_FROM_FILE);
}

/* Writes a figure to the file of --output. */
static int write_figure(const see *run, stria_figure *figure, const char *title, const char *caption,
                        const char *html)
{
    stria_error err = {0};
    const stria_figure_options options = {.struct_size = sizeof options,
                                          .scale = (double)run->options->zoom,
                                          .dark = run->options->dark,
                                          .title = title,
                                          .caption = caption,
                                          .html = html};
    if (stria_figure_write(figure, run->options->output, &options, &err) != STRIA_OK) {
        return fail_figure(&err);
    }
    cli_note("wrote %s: %.0f x %.0f", run->options->output, stria_figure_width(figure) * options.scale,
             stria_figure_height(figure) * options.scale);
    return CLI_DONE;
}

/* Sends a figure to a terminal that shows pixels. */
static int print_figure(const see *run, const stria_figure *figure, cli_graphics graphics)
{
    stria_error err = {0};
    stria_picture picture = {0};
    const stria_figure_options options = {
        .struct_size = sizeof options, .scale = (double)run->options->zoom, .dark = run->options->dark};
    if (stria_figure_raster(figure, &options, &picture, &err) != STRIA_OK) {
        return fail_figure(&err);
    }
    const int status = cli_graphics_print(stdout, graphics, run->context, &picture);
    stria_picture_free(&picture, run->context);
    return status;
}

/* A tile as numbers for half blocks; see-through pixels are black, as the space around them is. The caller
 * frees them. */
static float *numbers_of(const stria_picture *picture, cli_picture *shown)
{
    const int64_t pixels = picture->height * picture->width, kept = picture->channels < 3 ? 1 : 3;
    float *values = calloc((size_t)(pixels * kept), sizeof *values);
    for (int64_t i = 0; i < pixels && values != NULL; i++) {
        const uint8_t *from = picture->bytes + i * picture->channels;
        const int alpha = picture->channels % 2 == 0 ? from[picture->channels - 1] : 255;
        for (int64_t c = 0; c < kept; c++) {
            values[i * kept + c] = (float)(from[c] * alpha) / 255;
        }
    }
    shown->values = values;
    shown->height = picture->height;
    shown->width = picture->width;
    shown->channels = kept;
    shown->low = 0;
    shown->high = 255;
    return values;
}

/* The caption's lines with the mark below. The caller frees it. */
static char *caption_of(const stria_tile *tile)
{
    const char *caption = tile->caption != NULL ? tile->caption : "",
               *mark = tile->mark != NULL ? tile->mark : "";
    const size_t size = strlen(caption) + strlen(mark) + 2;
    char *text = malloc(size);
    if (text != NULL) {
        snprintf(text, size, "%s%s%s", caption, *mark != '\0' ? "\n" : "", mark);
    }
    return text;
}

static void print_heading(const stria_sheet *sheet, size_t group)
{
    stria_sheet_group_options options;
    if (stria_sheet_group_at(sheet, group, &options) && options.heading != NULL) {
        cli_write_text(stdout, options.heading);
        fputc('\n', stdout);
    }
    if (stria_sheet_group_at(sheet, group, &options) && options.palette != NULL) {
        printf("black to white: %.3g to %.3g\n", options.low, options.high);
    }
}

/* A sheet as half blocks, group by group. */
static int print_sheet(const stria_sheet *sheet)
{
    cli_picture shown[MOST_SHOWN];
    char *captions[MOST_SHOWN] = {0};
    const size_t count = stria_sheet_tile_count(sheet);
    int status = CLI_DONE;
    cli_write_wrapped(stdout, stria_sheet_title(sheet), 0, 0, cli_terminal_of(stdout).width);
    for (size_t next = 0; next < count && status == CLI_DONE;) {
        stria_picture picture;
        stria_tile tile;
        size_t group = 0, used = 0, first = 0;
        stria_sheet_tile_at(sheet, next, &picture, &tile, &first);
        for (; next < count && used < MOST_SHOWN; next++, used++) {
            stria_sheet_tile_at(sheet, next, &picture, &tile, &group);
            if (group != first) {
                break;
            }
            shown[used] = (cli_picture){.last_line = tile.mark != NULL ? CLI_YELLOW : CLI_PLAIN};
            captions[used] = caption_of(&tile);
            shown[used].caption = captions[used];
            if (captions[used] == NULL || numbers_of(&picture, &shown[used]) == NULL) {
                status = cli_fail_memory();
                next = count - 1;
            }
        }
        if (status == CLI_DONE) {
            print_heading(sheet, first);
            cli_pictures_print(stdout, shown, used);
            fputc('\n', stdout);
        }
        for (size_t i = 0; i < used; i++) {
            free(captions[i]);
            free((void *)(uintptr_t)shown[i].values);
        }
    }
    for (size_t i = 0; stria_sheet_note_at(sheet, i) != NULL && status == CLI_DONE; i++) {
        cli_write_wrapped(stdout, stria_sheet_note_at(sheet, i), 0, 0, cli_terminal_of(stdout).width);
    }
    return status;
}

/* What stdout can show: half blocks when --terminal says so or it is a terminal. False: nothing. */
static bool graphics_of(const see *run, cli_graphics *graphics)
{
    const char *asked = run->options->terminal;
    if (asked == NULL && (run->options->json || !cli_terminal_of(stdout).is_terminal)) {
        return false;
    }
    *graphics = asked != NULL ? cli_graphics_named(asked) : cli_graphics_of_terminal();
    return true;
}

static void hint(const see *run)
{
    if (!run->options->json) {
        cli_note("no picture without a terminal; -o FILE.png, .svg or .html writes it to a file");
    }
}

/* Writes every tile as a picture of its own pixels, each --zoom times as large: FILE-0.png, FILE-1.png, ...
 */
static int write_each(const see *run, const stria_sheet *sheet)
{
    const char *output = run->options->output;
    const size_t length = strlen(output), stem = length - strlen(".png");
    if (strcmp(output + stem, ".png") != 0) {
        return cli_fail(CLI_MISUSED, "--each writes PNG files; --output %s is none", output);
    }
    char *path = malloc(length + 32);
    if (path == NULL) {
        return cli_fail_memory();
    }
    stria_error err = {0};
    stria_picture tile;
    stria_tile about;
    size_t group, written = 0;
    stria_status status = STRIA_OK;
    for (; status == STRIA_OK && stria_sheet_tile_at(sheet, written, &tile, &about, &group); written++) {
        const int64_t zoom = run->options->zoom, pixels = tile.height * tile.width * tile.channels;
        stria_picture picture = {0};
        snprintf(path, length + 32, "%.*s-%zu.png", (int)stem, output, written);
        status = stria_picture_create(&picture, run->context, tile.height, tile.width, tile.channels, &err);
        if (status == STRIA_OK) {
            memcpy(picture.bytes, tile.bytes, (size_t)pixels);
            status = stria_picture_resize(&picture, run->context, tile.height * zoom, tile.width * zoom,
                                          "nearest", &err);
        }
        if (status == STRIA_OK) {
            status = stria_picture_write(run->context, path, &picture, &err);
        }
        stria_picture_free(&picture, run->context);
    }
    if (status == STRIA_OK) {
        cli_note("wrote %zu pictures, the last to %s", written, path);
    }
    free(path);
    return status == STRIA_OK ? CLI_DONE : cli_fail_with(&err, CLI_FROM_FILE);
}

int see_show_sheet(const see *run, const stria_sheet *sheet, const char *html)
{
    cli_graphics graphics = CLI_GRAPHICS_HALF;
    const bool shows = graphics_of(run, &graphics);
    if (run->options->output == NULL && !shows) {
        hint(run);
        return CLI_DONE;
    }
    if (run->options->output == NULL && graphics == CLI_GRAPHICS_HALF) {
        return print_sheet(sheet);
    }
    if (run->options->output != NULL && run->options->each) {
        return write_each(run, sheet);
    }
    stria_error err = {0};
    stria_figure *figure = NULL;
    if (stria_sheet_figure(sheet, 0, &figure, &err) != STRIA_OK) {
        return fail_figure(&err);
    }
    const int status = run->options->output != NULL
                           ? write_figure(run, figure, stria_sheet_title(sheet), NULL, html)
                           : print_figure(run, figure, graphics);
    stria_figure_free(figure);
    return status;
}

/* A figure as one picture of half blocks, when it is not too fine for that. */
static int print_small(const see *run, const stria_figure *figure, const char *title)
{
    if (stria_figure_width(figure) > LARGEST_IN_HALVES) {
        cli_note("the picture is too fine for half blocks; -o FILE.png, .svg or .html writes it to a file");
        return CLI_DONE;
    }
    stria_error err = {0};
    stria_picture picture = {0};
    const stria_figure_options options = {.struct_size = sizeof options, .dark = 1};
    if (stria_figure_raster(figure, &options, &picture, &err) != STRIA_OK) {
        return fail_figure(&err);
    }
    cli_picture shown = {.caption = title != NULL ? title : "", .last_line = CLI_PLAIN};
    const float *values = numbers_of(&picture, &shown);
    if (values != NULL) {
        cli_pictures_print(stdout, &shown, 1);
    }
    free((void *)(uintptr_t)shown.values);
    stria_picture_free(&picture, run->context);
    return values != NULL ? CLI_DONE : cli_fail_memory();
}

int see_show_figure(const see *run, stria_figure *figure, const char *title, const char *caption)
{
    cli_graphics graphics = CLI_GRAPHICS_HALF;
    const bool shows = graphics_of(run, &graphics);
    if (run->options->output != NULL) {
        return write_figure(run, figure, title, caption, NULL);
    }
    if (shows) {
        return graphics == CLI_GRAPHICS_HALF ? print_small(run, figure, title)
                                             : print_figure(run, figure, graphics);
    }
    hint(run);
    return CLI_DONE;
}

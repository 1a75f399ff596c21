/* Pixels in terminals. See graphics.h. */
#include "graphics.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

#define KITTY_CHUNK 3072 /* bytes, 4096 letters: the most that one escape sequence may carry */
#define LEVELS      6    /* of each colour in sixel */
#define GREYS       24
#define COLORS      (LEVELS * LEVELS * LEVELS + GREYS)
#define BAND        6 /* rows to a line of sixels */

static bool environment_has(const char *name, const char *part)
{
    const char *value = getenv(name);
    return value != NULL && strstr(value, part) != NULL;
}

cli_graphics cli_graphics_of_terminal(void)
{
    if (environment_has("TERM", "kitty") || environment_has("TERM", "ghostty") ||
        environment_has("TERM_PROGRAM", "WezTerm")) {
        return CLI_GRAPHICS_KITTY;
    }
    if (environment_has("TERM", "sixel") || environment_has("TERM", "mlterm") ||
        environment_has("TERM", "foot") || environment_has("TERM", "yaft")) {
        return CLI_GRAPHICS_SIXEL;
    }
    return CLI_GRAPHICS_HALF;
}

cli_graphics cli_graphics_named(const char *name)
{
    return strcmp(name, "kitty") == 0   ? CLI_GRAPHICS_KITTY
           : strcmp(name, "sixel") == 0 ? CLI_GRAPHICS_SIXEL
                                        : CLI_GRAPHICS_HALF;
}

/* ---- kitty: a PNG in base64, in pieces ---- */

static void write_base64(FILE *stream, const uint8_t *bytes, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        const size_t have = size - i < 3 ? size - i : 3;
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++) {
            three = three << 8 | (k < have ? bytes[i + k] : 0u);
        }
        for (size_t k = 0; k < 4; k++) {
            fputc(k <= have ? letters[three >> (18 - 6 * k) & 63] : '=', stream);
        }
    }
}

static int print_kitty(FILE *stream, stria_context *context, const stria_picture *picture)
{
    stria_error err = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (stria_picture_encode_png(&bytes, &size, context, picture, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    for (size_t at = 0; at < size; at += KITTY_CHUNK) {
        const size_t piece = size - at < KITTY_CHUNK ? size - at : KITTY_CHUNK;
        fprintf(stream, "\033_G%sm=%d;", at == 0 ? "a=T,f=100," : "", at + piece < size);
        write_base64(stream, bytes + at, piece);
        fputs("\033\\", stream);
    }
    fputc('\n', stream);
    stria_picture_free_bytes(bytes, context);
    return CLI_DONE;
}

/* ---- sixel: six rows at a time, colour by colour, runs packed ---- */

static int nearest_color(const uint8_t *rgb)
{
    if (rgb[0] == rgb[1] && rgb[1] == rgb[2]) {
        return LEVELS * LEVELS * LEVELS + (rgb[0] * (GREYS - 1) + 127) / 255;
    }
    int color = 0;
    for (int c = 0; c < 3; c++) {
        color = color * LEVELS + (rgb[c] * (LEVELS - 1) + 127) / 255;
    }
    return color;
}

static void write_palette(FILE *stream)
{
    for (int color = 0; color < COLORS; color++) {
        int percent[3];
        if (color < LEVELS * LEVELS * LEVELS) {
            percent[0] = color / (LEVELS * LEVELS) * 100 / (LEVELS - 1);
            percent[1] = color / LEVELS % LEVELS * 100 / (LEVELS - 1);
            percent[2] = color % LEVELS * 100 / (LEVELS - 1);
        } else {
            percent[0] = percent[1] = percent[2] = (color - LEVELS * LEVELS * LEVELS) * 100 / (GREYS - 1);
        }
        fprintf(stream, "#%d;2;%d;%d;%d", color, percent[0], percent[1], percent[2]);
    }
}

static void write_run(FILE *stream, int sixel, int64_t count)
{
    if (count > 3) {
        fprintf(stream, "!%lld%c", (long long)count, '?' + sixel);
    } else {
        for (int64_t i = 0; i < count; i++) {
            fputc('?' + sixel, stream);
        }
    }
}

/* One colour of one band. `colors` [BAND, width]. */
static void write_band(FILE *stream, const uint8_t *colors, int64_t width, int64_t rows, int color)
{
    int last = 0;
    int64_t run = 0;
    fprintf(stream, "#%d", color);
    for (int64_t x = 0; x < width; x++) {
        int sixel = 0;
        for (int64_t y = 0; y < rows; y++) {
            sixel |= (colors[y * width + x] == color) << y;
        }
        if (sixel != last) {
            write_run(stream, last, run);
            run = 0;
            last = sixel;
        }
        run++;
    }
    if (last != 0) {
        write_run(stream, last, run);
    }
    fputc('$', stream);
}

static int print_sixel(FILE *stream, const stria_picture *picture)
{
    uint8_t *colors = malloc((size_t)(BAND * picture->width));
    if (colors == NULL) {
        return cli_fail_memory();
    }
    fprintf(stream, "\033Pq\"1;1;%lld;%lld", (long long)picture->width, (long long)picture->height);
    write_palette(stream);
    for (int64_t top = 0; top < picture->height; top += BAND) {
        const int64_t rows = picture->height - top < BAND ? picture->height - top : BAND;
        bool used[COLORS] = {false};
        for (int64_t i = 0; i < rows * picture->width; i++) {
            colors[i] = (uint8_t)nearest_color(picture->bytes + 3 * (top * picture->width + i));
            used[colors[i]] = true;
        }
        for (int color = 0; color < COLORS; color++) {
            if (used[color]) {
                write_band(stream, colors, picture->width, rows, color);
            }
        }
        fputc('-', stream);
    }
    fputs("\033\\\n", stream);
    free(colors);
    return CLI_DONE;
}

int cli_graphics_print(FILE *stream, cli_graphics graphics, stria_context *context,
                       const stria_picture *picture)
{
    return graphics == CLI_GRAPHICS_KITTY ? print_kitty(stream, context, picture)
                                          : print_sixel(stream, picture);
}

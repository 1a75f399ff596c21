/* Pictures in the terminal. See picture.h. */
#include "picture.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "terminal.h"
#include "text.h"

#define LARGEST_COLUMNS                                                                                      \
    48 /* a larger picture is made smaller: each shown pixel is the mean of those it covers */
#define SMALLEST_COLUMNS 16 /* a smaller one is shown with 2, 3, ... characters to a pixel */
#define CAPTION_COLUMNS  22 /* a cell is at least so wide */
#define GAP              3
#define CAPTION_LINES    6

typedef struct rgb {
    double red, green, blue; /* 0 to 1 */
} rgb;

/* A picture and the place it takes. */
typedef struct cell {
    const cli_picture *picture;
    int columns, rows; /* shown pixels; two rows to a line of text */
    int width;         /* of the cell, in characters */
} cell;

static cell cell_for(const cli_picture *picture, int screen)
{
    const int largest = screen < LARGEST_COLUMNS ? screen : LARGEST_COLUMNS;
    const double width = (double)picture->width, height = (double)picture->height;
    double scale = 1;
    if (width > largest) {
        scale = largest / width;
    } else if (width < SMALLEST_COLUMNS) {
        scale = ceil(SMALLEST_COLUMNS / width);
    }
    cell place = {.picture = picture, .columns = (int)(width * scale + 0.5)};
    double rows = height * scale;
    if (rows > 2 * LARGEST_COLUMNS) { /* a tall strip */
        place.columns = (int)fmax(1, place.columns * (2 * LARGEST_COLUMNS / rows) + 0.5);
        rows = 2 * LARGEST_COLUMNS;
    }
    place.rows = (int)fmax(1, rows + 0.5);
    place.width = place.columns < CAPTION_COLUMNS ? CAPTION_COLUMNS : place.columns;
    return place;
}

/* The mean colour of the picture's pixels under the shown pixel (row, column). */
static rgb colour_at(const cell *place, int row, int column)
{
    const cli_picture *picture = place->picture;
    const int64_t top = row * picture->height / place->rows, left = column * picture->width / place->columns;
    int64_t bottom = ((row + 1) * picture->height + place->rows - 1) / place->rows;
    int64_t right = ((column + 1) * picture->width + place->columns - 1) / place->columns;
    bottom = bottom > picture->height ? picture->height : bottom;
    right = right > picture->width ? picture->width : right;
    const int64_t used = picture->channels >= 3 ? 3 : 1;
    double sum[3] = {0};
    for (int64_t y = top; y < bottom; y++) {
        for (int64_t x = left; x < right; x++) {
            for (int64_t c = 0; c < used; c++) {
                sum[c] += picture->values[(y * picture->width + x) * picture->channels + c];
            }
        }
    }
    const double count = (double)((bottom - top) * (right - left)), range = picture->high - picture->low;
    for (int64_t c = 0; c < used; c++) {
        const double value = range > 0 ? (sum[c] / count - picture->low) / range : 0;
        sum[c] = value > 0 ? value < 1 ? value : 1 : 0; /* NaN is black too */
    }
    return used == 3 ? (rgb){sum[0], sum[1], sum[2]} : (rgb){sum[0], sum[0], sum[0]};
}

static double brightness(rgb colour)
{
    return 0.299 * colour.red + 0.587 * colour.green + 0.114 * colour.blue;
}

/* A colour as the terminal is told it: 0xRRGGBB, or an index of the 256. */
static int colour_code(const cli_terminal *terminal, rgb colour)
{
    const int red = (int)(255 * colour.red + 0.5), green = (int)(255 * colour.green + 0.5),
              blue = (int)(255 * colour.blue + 0.5);
    if (terminal->colour == CLI_COLOUR_TRUE) {
        return red << 16 | green << 8 | blue;
    }
    if (red == green && green == blue) { /* the 24 greys between black and white of the cube */
        const int step = (red * 25 + 127) / 255;
        return step == 0 ? 16 : step == 25 ? 231 : 231 + step;
    }
    return 16 + 36 * ((red * 5 + 127) / 255) + 6 * ((green * 5 + 127) / 255) + (blue * 5 + 127) / 255;
}

static void write_colour(FILE *stream, const cli_terminal *terminal, bool background, int code)
{
    if (terminal->colour == CLI_COLOUR_TRUE) {
        fprintf(stream, "\033[%d;2;%d;%d;%dm", background ? 48 : 38, code >> 16, code >> 8 & 255, code & 255);
    } else {
        fprintf(stream, "\033[%d;5;%dm", background ? 48 : 38, code);
    }
}

static void write_coloured_line(FILE *stream, const cli_terminal *terminal, const cell *place, int line)
{
    int upper_now = -1, lower_now = -1;
    for (int column = 0; column < place->columns; column++) {
        const int upper = colour_code(terminal, colour_at(place, 2 * line, column));
        const bool has_lower = 2 * line + 1 < place->rows;
        const int lower = has_lower ? colour_code(terminal, colour_at(place, 2 * line + 1, column)) : -1;
        if (upper != upper_now) {
            write_colour(stream, terminal, false, upper);
            upper_now = upper;
        }
        if (lower != lower_now) {
            write_colour(stream, terminal, true, lower);
            lower_now = lower;
        }
        fputs("▀", stream);
    }
    fputs(cli_style_text(terminal, CLI_PLAIN), stream);
}

static void write_shaded_line(FILE *stream, const cli_terminal *terminal, const cell *place, int line)
{
    static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"};
    static const char *const blocks[] = {" ", "░", "▒", "▓", "█"};
    const char *const *shades = terminal->unicode ? blocks : ascii;
    const int count = terminal->unicode ? 5 : 10;
    for (int column = 0; column < place->columns; column++) {
        double value = brightness(colour_at(place, 2 * line, column));
        if (2 * line + 1 < place->rows) {
            value = (value + brightness(colour_at(place, 2 * line + 1, column))) / 2;
        }
        fputs(shades[(int)(value * (count - 1) + 0.5)], stream);
    }
}

/* Cuts the caption into lines of at most `width` columns, at spaces where it can; returns how many there are.
 */
static int caption_lines(const char *caption, int width, char lines[CAPTION_LINES][128])
{
    int count = 0;
    for (const char *at = caption; *at != '\0' && count < CAPTION_LINES;) {
        size_t length = strcspn(at, "\n");
        char *line = lines[count++];
        for (;;) {
            snprintf(line, 128, "%.*s", (int)(length < 127 ? length : 127), at);
            if (cli_text_width(line) <= width) {
                break;
            }
            size_t shorter = length - 1;
            while (shorter > 0 && at[shorter] != ' ') {
                shorter--;
            }
            if (shorter == 0) {
                break; /* one long word stands as it is */
            }
            length = shorter;
        }
        at += length;
        at += *at == '\n' || *at == ' ' ? 1 : 0;
    }
    return count;
}

static void print_row(FILE *stream, const cli_terminal *terminal, const cell *cells, size_t count)
{
    int lines = 0;
    for (size_t i = 0; i < count; i++) {
        const int needed = (cells[i].rows + 1) / 2;
        lines = needed > lines ? needed : lines;
    }
    const bool half_blocks = terminal->unicode && terminal->colour >= CLI_COLOUR_256;
    for (int line = 0; line < lines; line++) {
        int owed = 0; /* spaces before the next thing on this line */
        for (size_t i = 0; i < count; i++) {
            if (2 * line < cells[i].rows) {
                fprintf(stream, "%*s", owed, "");
                if (half_blocks) {
                    write_coloured_line(stream, terminal, &cells[i], line);
                } else {
                    write_shaded_line(stream, terminal, &cells[i], line);
                }
                owed = cells[i].width - cells[i].columns + GAP;
            } else {
                owed += cells[i].width + GAP;
            }
        }
        fputc('\n', stream);
    }
    char captions[16][CAPTION_LINES][128];
    int caption_counts[16], most = 0;
    for (size_t i = 0; i < count; i++) {
        caption_counts[i] = caption_lines(cells[i].picture->caption, cells[i].width, captions[i]);
        most = caption_counts[i] > most ? caption_counts[i] : most;
    }
    for (int line = 0; line < most; line++) {
        int owed = 0;
        for (size_t i = 0; i < count; i++) {
            const char *text = line < caption_counts[i] ? captions[i][line] : "";
            if (*text != '\0') {
                const bool is_last = line + 1 == caption_counts[i];
                fprintf(stream, "%*s", owed, "");
                fputs(is_last ? cli_style_text(terminal, cells[i].picture->last_line) : "", stream);
                cli_write_text(stream, text);
                fputs(is_last ? cli_style_text(terminal, CLI_PLAIN) : "", stream);
                owed = 0;
            }
            owed += cells[i].width - cli_text_width(text) + GAP;
        }
        fputc('\n', stream);
    }
}

void cli_pictures_print(FILE *stream, const cli_picture *pictures, size_t count)
{
    const cli_terminal terminal = cli_terminal_of(stream);
    cell row[16];
    size_t in_row = 0;
    int used = 0;
    for (size_t i = 0; i < count; i++) {
        const cell next = cell_for(&pictures[i], terminal.width);
        if (in_row > 0 && (in_row == 16 || used + GAP + next.width > terminal.width)) {
            print_row(stream, &terminal, row, in_row);
            fputc('\n', stream);
            in_row = 0;
            used = 0;
        }
        used += (in_row > 0 ? GAP : 0) + next.width;
        row[in_row++] = next;
    }
    if (in_row > 0) {
        print_row(stream, &terminal, row, in_row);
    }
}

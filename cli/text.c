/* Text for people. See text.h.
 *
 * Widths come from the C library's wcwidth. main() sets the character type of the locale to UTF-8, which is
 * what file names and class names are taken to be, on any terminal; numbers stay in the C locale. */
#define _XOPEN_SOURCE 700 /* wcwidth */

#include "text.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

char *cli_count_text(int64_t count, char text[CLI_NUMBER_SIZE])
{
    if (count < 0) {
        return strcpy(text, "?");
    }
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%lld", (long long)count);
    char *to = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *to++ = ',';
        }
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

char *cli_bytes_text(int64_t bytes, char text[CLI_NUMBER_SIZE])
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 0) {
        return strcpy(text, "?");
    }
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1024;
        unit++;
    }
    snprintf(text, CLI_NUMBER_SIZE, "%.2f %s", value, units[unit]);
    return text;
}

char *cli_seconds_text(double seconds, char text[CLI_NUMBER_SIZE])
{
    if (seconds < 0.0995) {
        snprintf(text, CLI_NUMBER_SIZE, "%.2g ms", 1000 * seconds);
    } else if (seconds < 9.995) {
        snprintf(text, CLI_NUMBER_SIZE, "%.2f s", seconds);
    } else if (seconds < 99.95) {
        snprintf(text, CLI_NUMBER_SIZE, "%.1f s", seconds);
    } else if (seconds < 3600) {
        const int whole = (int)(seconds + 0.5);
        snprintf(text, CLI_NUMBER_SIZE, "%d min %02d s", whole / 60, whole % 60);
    } else {
        const long long minutes = (long long)(seconds / 60 + 0.5);
        snprintf(text, CLI_NUMBER_SIZE, "%lld h %02lld min", minutes / 60, minutes % 60);
    }
    return text;
}

char *cli_short_time_text(double seconds, char text[CLI_NUMBER_SIZE])
{
    static const struct {
        double size;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
    size_t unit = 0;
    while (unit < 3 && seconds < 0.9995 * units[unit].size) { /* three digits round up to the next unit */
        unit++;
    }
    snprintf(text, CLI_NUMBER_SIZE, "%.3g %s", seconds / units[unit].size, units[unit].name);
    return text;
}

char *cli_figure_text(double value, char text[CLI_NUMBER_SIZE])
{
    if (isnan(value)) {
        return strcpy(text, "-");
    }
    const double size = fabs(value);
    snprintf(text, CLI_NUMBER_SIZE, (size >= 0.001 && size < 1000) || size == 0 ? "%.4f" : "%.4g", value);
    return text;
}

/* One character of UTF-8: its bytes, its columns, and whether it may go to a screen. */
typedef struct glyph {
    size_t bytes;
    int columns;
    bool printable;
} glyph;

static glyph glyph_at(const char *text, size_t length)
{
    wchar_t character = 0;
    mbstate_t state;
    memset(&state, 0, sizeof state);
    const size_t bytes = mbrtowc(&character, text, length, &state);
    if (bytes == 0 || bytes == (size_t)-1 || bytes == (size_t)-2) {
        return (glyph){1, 1, false};
    }
    const int columns = wcwidth(character);
    return columns < 0 ? (glyph){bytes, 1, false} : (glyph){bytes, columns, true};
}

int cli_text_width(const char *text)
{
    int width = 0;
    for (size_t left = strlen(text); left > 0;) {
        const glyph next = glyph_at(text, left);
        width += next.columns;
        text += next.bytes;
        left -= next.bytes;
    }
    return width;
}

static void write_part(FILE *stream, const char *text, size_t length)
{
    while (length > 0) {
        const glyph next = glyph_at(text, length);
        if (next.printable) {
            fwrite(text, 1, next.bytes, stream);
        } else {
            fputc(*text == '\n' ? '\n' : *text == '\t' ? ' ' : '?', stream);
        }
        text += next.bytes;
        length -= next.bytes;
    }
}

void cli_write_text(FILE *stream, const char *text)
{
    write_part(stream, text, strlen(text));
}

static int part_width(const char *text, size_t length)
{
    int width = 0;
    while (length > 0) {
        const glyph next = glyph_at(text, length);
        width += next.columns;
        text += next.bytes;
        length -= next.bytes;
    }
    return width;
}

void cli_write_wrapped(FILE *stream, const char *text, int at, int indent, int width)
{
    bool first = true; /* of the line: no space before it */
    while (*text != '\0') {
        if (*text == '\n') {
            fprintf(stream, "\n%*s", text[1] == '\0' || text[1] == '\n' ? 0 : indent, "");
            at = indent;
            first = true;
            text++;
            continue;
        }
        const size_t spaces = strspn(text, " ");
        const size_t length = strcspn(text + spaces, " \n");
        const int columns = part_width(text + spaces, length);
        if (!first && at + (int)spaces + columns > width) {
            fprintf(stream, "\n%*s", indent, "");
            at = indent;
            first = true;
        }
        const int gap = first && at == indent ? 0 : (int)spaces;
        fprintf(stream, "%*s", gap, "");
        write_part(stream, text + spaces, length);
        at += gap + columns;
        first = false;
        text += spaces + length;
    }
    fputc('\n', stream);
}

/* Whether a shell takes the word as it stands. */
static bool is_plain(const char *word)
{
    if (*word == '\0') {
        return false;
    }
    for (; *word != '\0'; word++) {
        if (!isalnum((unsigned char)*word) && strchr("_-+=./:,@%^", *word) == NULL) {
            return false;
        }
    }
    return true;
}

char *cli_command_line(int argc, char *const *argv)
{
    size_t size = 8;
    for (int i = 0; i < argc; i++) {
        size += 4 * strlen(argv[i]) + 3; /* each quote within grows to four bytes */
    }
    char *line = malloc(size);
    if (line == NULL) {
        return NULL;
    }
    char *to = line + sprintf(line, "stria");
    for (int i = 0; i < argc; i++) {
        *to++ = ' ';
        if (is_plain(argv[i])) {
            to += sprintf(to, "%s", argv[i]);
            continue;
        }
        *to++ = '\'';
        for (const char *from = argv[i]; *from != '\0'; from++) {
            if (*from == '\'') {
                to += sprintf(to, "'\\''");
            } else {
                *to++ = *from;
            }
        }
        *to++ = '\'';
    }
    *to = '\0';
    return line;
}

#define LONGEST_WORD 40

/* Levenshtein's distance with neighbouring swaps (optimal string alignment), for words up to LONGEST_WORD. */
static size_t edit_distance(const char *a, const char *b)
{
    const size_t la = strlen(a), lb = strlen(b);
    if (la > LONGEST_WORD || lb > LONGEST_WORD) {
        return LONGEST_WORD;
    }
    size_t rows[3][LONGEST_WORD + 1];
    for (size_t j = 0; j <= lb; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= la; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                const size_t swapped = rows[(i + 1) % 3][j - 2] + 1;
                best = swapped < best ? swapped : best;
            }
            row[j] = best;
        }
    }
    return rows[la % 3][lb];
}

cli_nearest cli_nearest_to(const char *word)
{
    return (cli_nearest){word, NULL, (strlen(word) + 1) / 3 + 1};
}

void cli_nearest_offer(cli_nearest *nearest, const char *candidate)
{
    const size_t length = strlen(nearest->word);
    size_t distance = edit_distance(nearest->word, candidate);
    if (length >= 3 && strncmp(nearest->word, candidate, length) == 0) {
        distance = 1; /* the beginning of a longer name */
    }
    if (distance < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}

/* The data set "digits": 1,797 handwritten digits of 8x8 pixels, 0 (white) to 16, from the UCI repository. It
 * has no test part of its own, so every fifth digit of each class is one: 355 digits, every class and every
 * writer in both parts. (The file is ordered by writer: its last fifth would test writers nobody trained on,
 * which is another question.)
 *
 * "digits16@28x28+3-2" is the same digits drawn 16x16 pixels large, by bilinear interpolation, in the middle
 * of a picture of 28x28 and from there 3 down and 2 to the left: for other networks' inputs, and to try what
 * a network makes of digits at places where it has seen none. */
#include "data/digits.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "data/sources.h"

#define SIDE     8 /* of a digit as it comes */
#define CLASSES  10
#define HELD_OUT 5 /* one of so many is for testing */
#define LEVELS   17

/* Takes the numbers of the stream one by one: class, 64 pixels, class, 64 pixels ... */
typedef struct sink {
    uint8_t *pixels, *classes;
    size_t sample, at; /* at 0: the class is next */
} sink;

static void put(sink *to, uint8_t number)
{
    assert(to->sample < STRIA_DIGITS_COUNT);
    if (to->at == 0)
        to->classes[to->sample] = number;
    else
        to->pixels[to->sample * STRIA_DIGITS_PIXELS + to->at - 1] = number;
    if (to->at++ == STRIA_DIGITS_PIXELS) {
        to->at = 0;
        to->sample++;
    }
}

/* The code is described in digits_data.c. */
void stria_digits_decode(uint8_t *pixels, uint8_t *classes)
{
    sink to = {.pixels = pixels, .classes = classes};
    for (size_t line = 0; line < STRIA_DIGITS_LINES; line++) {
        for (const char *c = stria_digits_text[line]; *c != '\0'; c++) {
            int code = (*c == ' ' ? '?' : *c == '!' ? '\\' : *c) - '#';
            for (int zeros = code / LEVELS; zeros > 0; zeros--)
                put(&to, 0);
            put(&to, (uint8_t)(code % LEVELS));
        }
    }
    assert(to.sample == STRIA_DIGITS_COUNT && to.at == 0);
}

/* ---- Names ---- */

#define NAME "digits"

#define MOST_PIXELS 256 /* of a side */

/* "digits" with or without what may follow. */
typedef struct layout {
    int64_t side;          /* of the digits */
    int64_t height, width; /* of the pictures */
    int64_t rows, columns; /* how far down and to the right of the middle */
} layout;

bool stria_digits_is_name(const char *name)
{
    const size_t length = strlen(NAME);
    return strncmp(name, NAME, length) == 0 &&
           strspn(name + length, "0123456789@x+-") == strlen(name + length);
}

/* Takes a number of 1 to 3 figures. */
static bool take_number(const char **at, int64_t *number)
{
    size_t figures = strspn(*at, "0123456789");
    if (figures < 1 || figures > 3)
        return false;
    *number = 0;
    for (; figures > 0; figures--)
        *number = 10 * *number + *(*at)++ - '0';
    return true;
}

static bool take_shift(const char **at, int64_t *number)
{
    const char sign = *(*at)++;
    if ((sign != '+' && sign != '-') || !take_number(at, number))
        return false;
    *number = sign == '-' ? -*number : *number;
    return true;
}

static bool take_layout(const char *name, layout *l)
{
    const char *at = name + strlen(NAME);
    *l = (layout){.side = SIDE};
    if (*at >= '0' && *at <= '9' && !take_number(&at, &l->side))
        return false;
    l->height = l->width = l->side;
    if (*at == '\0')
        return true;
    if (*at++ != '@' || !take_number(&at, &l->height) || *at++ != 'x' || !take_number(&at, &l->width))
        return false;
    return *at == '\0' || (take_shift(&at, &l->rows) && take_shift(&at, &l->columns) && *at == '\0');
}

/* Along one axis: where the first pixel of the digits falls. */
static stria_status place(const char *name, const char *axis, int64_t size, int64_t side, int64_t shift,
                          int64_t *first, stria_error *err)
{
    if (size < side || size > MOST_PIXELS)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "%s: the picture's %s %lld is not %lld, the digits' size, to %d", name, axis,
                          (long long)size, (long long)side, MOST_PIXELS);
    *first = (size - side) / 2 + shift;
    if (*first < 0 || *first + side > size)
        return stria_fail(
            err, STRIA_ERROR_VALUE,
            "%s: digits of %lld pixels moved by %lld leave a picture of %s %lld: it has room for "
            "%lld to %lld",
            name, (long long)side, (long long)shift, axis, (long long)size, -(long long)((size - side) / 2),
            (long long)(size - side - (size - side) / 2));
    return STRIA_OK;
}

/* Reads the name; rows and columns become those of the digits' first pixel. */
static stria_status read_layout(const char *name, layout *l, stria_error *err)
{
    if (!take_layout(name, l))
        return stria_fail(
            err, STRIA_ERROR_VALUE,
            "%s: not a name of digits: they are written digits, digits16 (16x16 pixels large), "
            "digits16@28x28 (in the middle of a picture), digits16@28x28+3-2 (3 down and 2 to the "
            "left of it)",
            name);
    if (l->side < SIDE || l->side > MOST_PIXELS)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s: digits are %d to %d pixels large, not %lld", name,
                          SIDE, MOST_PIXELS, (long long)l->side);
    STRIA_TRY(place(name, "height", l->height, l->side, l->rows, &l->rows, err));
    return place(name, "width", l->width, l->side, l->columns, &l->columns, err);
}

/* ---- Drawing ---- */

/* Enlarged digits have levels between those of the originals: 0 to 240. */
#define FINER 15

/* Pixel `i` of `side` lies between pixels *low and *low + 1 of the original, nearer to the second by *share.
 * Centres of pixels are at halves; before the first and behind the last centre the edge goes on. */
static void between(int64_t i, int64_t side, size_t *low, double *share)
{
    double at = ((double)i + 0.5) * SIDE / (double)side - 0.5;
    at = at < 0 ? 0 : at > SIDE - 1 ? SIDE - 1 : at;
    *low = at >= SIDE - 1 ? SIDE - 2 : (size_t)at;
    *share = at - (double)*low;
}

/* Draws one digit [8,8] into a picture [height, width] of zeros. */
static void draw(const layout *l, const uint8_t *digit, uint8_t *picture)
{
    for (int64_t i = 0; i < l->side; i++)
        for (int64_t j = 0; j < l->side; j++) {
            uint8_t *pixel = picture + (l->rows + i) * l->width + l->columns + j;
            if (l->side == SIDE) {
                *pixel = digit[i * SIDE + j];
                continue;
            }
            size_t row, column;
            double down, right;
            between(i, l->side, &row, &down);
            between(j, l->side, &column, &right);
            const uint8_t *from = digit + row * SIDE + column;
            const double above = from[0] + right * (from[1] - from[0]);
            const double below = from[SIDE] + right * (from[SIDE + 1] - from[SIDE]);
            *pixel = (uint8_t)(FINER * (above + down * (below - above)) + 0.5);
        }
}

/* Draws the digits of one part: x [count, height, width] with y [count] behind it, in one block. */
static stria_status take_part(stria_dataset *data, stria_part part, const layout *l, const uint8_t *pixels,
                              const uint8_t *classes, const char *name, stria_error *err)
{
    const size_t picture = (size_t)(l->height * l->width);
    uint8_t *memory = stria_allocate(&data->context->allocator, STRIA_DIGITS_COUNT * (picture + 1));
    if (memory == NULL)
        return stria_fail_memory(err, STRIA_DIGITS_COUNT * (picture + 1));
    uint8_t *x = memory, *y = memory + STRIA_DIGITS_COUNT * picture;
    size_t count = 0, seen[CLASSES] = {0};
    for (size_t i = 0; i < STRIA_DIGITS_COUNT; i++) {
        bool test = ++seen[classes[i]] % HELD_OUT == 0;
        if (test != (part == STRIA_PART_TEST))
            continue;
        draw(l, pixels + i * STRIA_DIGITS_PIXELS, x + count * picture);
        y[count++] = classes[i];
    }
    int64_t samples = (int64_t)count;
    stria_npy images = {.type = STRIA_U8, .rank = 3, .sizes = {samples, l->height, l->width}, .elements = x};
    images.count = count * picture;
    stria_npy labels = {.type = STRIA_U8, .rank = 1, .sizes = {samples}, .count = count, .elements = y};
    void *owned = memory;
    stria_status status = stria_dataset_take_x(data, part, &images, &owned, name, err);
    if (status == STRIA_OK)
        status = stria_dataset_take_y(data, part, &labels, name, err);
    stria_release(&data->context->allocator, owned);
    return status;
}

stria_status stria_digits_open(stria_dataset **data, stria_context *context, const char *name,
                               stria_error *err)
{
    layout l;
    STRIA_TRY(read_layout(name, &l, err));
    stria_dataset *made = NULL;
    size_t size = STRIA_DIGITS_COUNT * (STRIA_DIGITS_PIXELS + 1);
    uint8_t *pixels = stria_allocate(&context->allocator, size);
    if (pixels == NULL)
        return stria_fail_memory(err, size);
    uint8_t *classes = pixels + (size_t)STRIA_DIGITS_COUNT * STRIA_DIGITS_PIXELS;
    stria_digits_decode(pixels, classes);
    stria_status status = stria_dataset_new(&made, context, err);
    for (int part = 0; part < 2 && status == STRIA_OK; part++)
        status = take_part(made, (stria_part)part, &l, pixels, classes, name, err);
    if (status == STRIA_OK)
        status = stria_dataset_finish(made, NULL, CLASSES, name, err);
    stria_release(&context->allocator, pixels);
    if (status != STRIA_OK) {
        stria_dataset_free(made);
        return status;
    }
    stria_dataset_set_scale(made, l.side == SIDE ? 1.0 / 16 : 1.0 / (16 * FINER));
    *data = made;
    return STRIA_OK;
}

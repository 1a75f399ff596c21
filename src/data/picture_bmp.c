/* BMP, as Windows and OS/2 write it: 1 to 32 bits a pixel, palettes, runs (RLE), bit fields; rows from below
 * or from above. A file header of 14 bytes with the place of the pixels, an information header that begins
 * with its own size, then bit fields or a palette. Microsoft's documentation of BITMAPINFOHEADER and
 * BITMAPV5HEADER describes it. */
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/picture.h"

#define FILE_HEADER 14
#define CORE_HEADER 12 /* of OS/2 and the first Windows: sizes of two bytes, palette entries of three */
#define INFO_HEADER 40

/* How pixels are packed. */
enum {
    PLAIN = 0,
    RUNS_OF_8 = 1,
    RUNS_OF_4 = 2,
    FIELDS = 3,
    JPEG_INSIDE = 4,
    PNG_INSIDE = 5,
    ALPHA_FIELDS = 6
};

/* Bits of a pixel that are one channel. */
typedef struct field {
    uint32_t mask;
    unsigned shift;
} field;

typedef struct bmp {
    const stria_picture_file *file;
    stria_error *err;
    size_t header, pixels; /* size of the information header, place of the pixels */
    int64_t height, width, channels;
    bool from_above;
    unsigned bits, packing;
    field fields[4];
    size_t colours; /* of the palette */
    uint8_t palette[256][3];
} bmp;

bool stria_bmp_looks(const uint8_t *bytes, size_t size)
{
    return size >= 2 && bytes[0] == 'B' && bytes[1] == 'M';
}

static unsigned short_at(const bmp *b, size_t at)
{
    return (unsigned)b->file->bytes[at + 1] << 8 | b->file->bytes[at];
}

static uint32_t long_at(const bmp *b, size_t at)
{
    return (uint32_t)short_at(b, at + 2) << 16 | short_at(b, at);
}

static stria_status fail(const bmp *b, const char *what)
{
    return stria_fail(b->err, STRIA_ERROR_FORMAT, "%s: damaged BMP: %s", b->file->name, what);
}

/* ---- The headers ---- */

static stria_status read_sizes(bmp *b)
{
    const char *name = b->file->name;
    if (b->file->size < FILE_HEADER + CORE_HEADER)
        return fail(b, "the file ends early");
    b->pixels = long_at(b, 10);
    b->header = long_at(b, FILE_HEADER);
    if (b->header != CORE_HEADER && (b->header < INFO_HEADER || b->header > 4096))
        return stria_fail(b->err, STRIA_ERROR_FORMAT, "%s: damaged BMP: a header of %zu bytes", name,
                          b->header);
    if (b->file->size < FILE_HEADER + b->header)
        return fail(b, "the file ends early");
    size_t at = FILE_HEADER + 4;
    if (b->header == CORE_HEADER) {
        b->width = short_at(b, at);
        b->height = short_at(b, at + 2);
        b->bits = short_at(b, at + 6);
    } else {
        b->width = (int32_t)long_at(b, at);
        b->height = (int32_t)long_at(b, at + 4);
        b->bits = short_at(b, at + 10);
        b->packing = long_at(b, at + 12);
        b->from_above = b->height < 0;
        b->height = b->from_above ? -b->height : b->height;
    }
    if (b->height < 1 || b->width < 1)
        return stria_fail(b->err, STRIA_ERROR_FORMAT, "%s: damaged BMP: a picture of %lldx%lld", name,
                          (long long)b->height, (long long)b->width);
    if (b->pixels < FILE_HEADER + b->header || b->pixels > b->file->size)
        return fail(b, "its pixels begin outside the file");
    return STRIA_OK;
}

/* Whether the packing goes with the bits of a pixel. */
static stria_status check_packing(const bmp *b)
{
    static const unsigned bits[] = {1, 2, 4, 8, 16, 24, 32};
    bool known = false;
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        known |= b->bits == bits[i];
    if (b->packing == JPEG_INSIDE || b->packing == PNG_INSIDE)
        return stria_fail(b->err, STRIA_ERROR_UNSUPPORTED,
                          "%s: a BMP with a %s inside is not read: take that out", b->file->name,
                          b->packing == PNG_INSIDE ? "PNG" : "JPEG");
    if (b->packing == RUNS_OF_8 || b->packing == RUNS_OF_4) {
        known = b->bits == (b->packing == RUNS_OF_8 ? 8 : 4) && !b->from_above;
    } else if (b->packing == FIELDS || b->packing == ALPHA_FIELDS) {
        known = b->bits == 16 || b->bits == 32;
    } else if (b->packing != PLAIN) {
        known = false;
    }
    if (known)
        return STRIA_OK;
    return stria_fail(b->err, STRIA_ERROR_UNSUPPORTED,
                      "%s: a BMP of %u bits a pixel and compression %u is not read", b->file->name, b->bits,
                      b->packing);
}

/* One field: bits side by side. */
static stria_status set_field(bmp *b, size_t channel, uint32_t mask)
{
    field f = {.mask = mask};
    while (mask != 0 && (mask >> f.shift & 1) == 0)
        f.shift++;
    uint32_t largest = mask >> f.shift;
    if ((largest & (largest + 1)) != 0)
        return fail(b, "a bit field with gaps");
    b->fields[channel] = f;
    return STRIA_OK;
}

/* The channels of 16 and 32 bits. Without fields the bits above the colours mean nothing. */
static stria_status read_fields(bmp *b)
{
    size_t at = FILE_HEADER + INFO_HEADER;
    uint32_t masks[4] = {0xFF0000, 0xFF00, 0xFF, 0};
    if (b->packing == PLAIN && b->bits == 16)
        memcpy(masks, (const uint32_t[3]){0x7C00, 0x3E0, 0x1F}, 3 * sizeof masks[0]);
    if (b->packing != PLAIN) {
        size_t count = b->packing == ALPHA_FIELDS || b->header >= 56 ? 4 : 3;
        if (b->pixels < at + 4 * count)
            return fail(b, "its bit fields lie among its pixels");
        for (size_t c = 0; c < count; c++)
            masks[c] = long_at(b, at + 4 * c);
    }
    for (size_t c = 0; c < 4; c++)
        STRIA_TRY(set_field(b, c, masks[c]));
    b->channels = masks[3] != 0 ? 4 : 3;
    return STRIA_OK;
}

/* Entries lie between the headers and the pixels. A palette that is the scale from black to white, which is
 * how a BMP says grey, gives one channel. */
static stria_status read_palette(bmp *b)
{
    size_t most = (size_t)1 << b->bits, entry = b->header == CORE_HEADER ? 3 : 4;
    size_t at = FILE_HEADER + b->header, room = (b->pixels - at) / entry;
    size_t colours = b->header == CORE_HEADER ? 0 : long_at(b, FILE_HEADER + 32);
    if (colours == 0)
        colours = b->header == CORE_HEADER && room < most ? room : most;
    if (colours > most || colours > room)
        return stria_fail(b->err, STRIA_ERROR_FORMAT,
                          "%s: damaged BMP: a palette of %zu colours, at most %zu fit", b->file->name,
                          colours, most < room ? most : room);
    bool grey = colours > 1;
    for (size_t i = 0; i < colours; i++) {
        const uint8_t *from = b->file->bytes + at + i * entry; /* blue, green, red */
        for (size_t c = 0; c < 3; c++) {
            b->palette[i][c] = from[2 - c];
            grey &= colours == most && from[c] == i * 255 / (most - 1);
        }
    }
    b->colours = colours;
    b->channels = grey ? 1 : 3;
    return STRIA_OK;
}

/* ---- Pixels ---- */

/* Row `y` of the file is this row of the picture. */
static uint8_t *row_of(const bmp *b, const stria_picture *picture, size_t y)
{
    size_t row = b->from_above ? y : (size_t)b->height - 1 - y;
    return picture->bytes + row * (size_t)b->width * (size_t)b->channels;
}

static void put_colour(const bmp *b, uint8_t *pixel, unsigned index)
{
    pixel[0] = b->palette[index][0];
    if (b->channels == 3) {
        pixel[1] = b->palette[index][1];
        pixel[2] = b->palette[index][2];
    }
}

static stria_status read_indices(const bmp *b, const uint8_t *from, uint8_t *to)
{
    unsigned largest = 0, mask = (1u << b->bits) - 1;
    for (size_t x = 0; x < (size_t)b->width; x++) {
        size_t bit = x * b->bits;
        unsigned index = (unsigned)from[bit / 8] >> (8 - b->bits - bit % 8) & mask;
        largest = index > largest ? index : largest;
        put_colour(b, to + x * (size_t)b->channels, index);
    }
    return largest < b->colours ? STRIA_OK : fail(b, "a pixel has no colour in its palette");
}

static void read_24_bits(const bmp *b, const uint8_t *from, uint8_t *to)
{
    for (size_t x = 0; x < (size_t)b->width; x++, from += 3, to += 3) {
        to[0] = from[2];
        to[1] = from[1];
        to[2] = from[0];
    }
}

/* A channel of n bits is spread over 0 to 255; one without bits is 0. */
static void read_by_fields(const bmp *b, const uint8_t *from, uint8_t *to)
{
    for (size_t x = 0; x < (size_t)b->width; x++, from += b->bits / 8, to += b->channels) {
        uint32_t pixel = (uint32_t)from[1] << 8 | from[0];
        if (b->bits == 32)
            pixel |= (uint32_t)from[3] << 24 | (uint32_t)from[2] << 16;
        for (size_t c = 0; c < (size_t)b->channels; c++) {
            uint64_t value = (pixel & b->fields[c].mask) >> b->fields[c].shift;
            uint64_t largest = b->fields[c].mask >> b->fields[c].shift;
            to[c] = (uint8_t)(largest > 0 ? (value * 255 + largest / 2) / largest : 0);
        }
    }
}

/* Rows begin at multiples of four bytes. */
static stria_status read_rows(const bmp *b, stria_picture *picture)
{
    size_t row = ((size_t)b->width * b->bits + 31) / 32 * 4;
    const uint8_t *from = b->file->bytes + b->pixels;
    for (size_t y = 0; y < (size_t)b->height; y++, from += row) {
        uint8_t *to = row_of(b, picture, y);
        if (b->bits <= 8)
            STRIA_TRY(read_indices(b, from, to));
        else if (b->bits == 24)
            read_24_bits(b, from, to);
        else
            read_by_fields(b, from, to);
    }
    return STRIA_OK;
}

/* Runs: a count and the indices it is of; or 0 and the end of a row (0), the end (1), a jump to the right and
 * up (2), or a count of indices that follow, padded to two bytes. What is jumped over has index 0. */
static stria_status read_runs(const bmp *b, stria_picture *picture)
{
    const uint8_t *from = b->file->bytes + b->pixels, *end = b->file->bytes + b->file->size;
    size_t x = 0, y = 0, width = (size_t)b->width, height = (size_t)b->height, channels = (size_t)b->channels;
    for (size_t i = 0; i < width * height; i++)
        put_colour(b, picture->bytes + i * channels, 0);
    while (end - from >= 2) {
        size_t count = *from++, second = *from++;
        bool literal = count == 0 && second > 2;
        if (count == 0 && second == 1)
            return STRIA_OK;
        if (count == 0 && second == 0) {
            x = 0;
            y++;
            continue;
        }
        if (count == 0 && second == 2) {
            if (end - from < 2)
                break;
            x += *from++;
            y += *from++;
            if (x > width || y > height)
                return fail(b, "a jump leaves the picture");
            continue;
        }
        count = literal ? second : count;
        size_t bytes = literal ? (count * b->bits + 15) / 16 * 2 : 0;
        if (y >= height || count > width - x)
            return fail(b, "a run leaves the picture");
        if ((size_t)(end - from) < bytes)
            break;
        for (size_t i = 0; i < count; i++, x++) {
            size_t byte = literal ? from[i * b->bits / 8] : second;
            unsigned index = (unsigned)(b->bits == 8 ? byte : i % 2 == 0 ? byte >> 4 : byte & 15);
            if (index >= b->colours)
                return fail(b, "a pixel has no colour in its palette");
            put_colour(b, row_of(b, picture, y) + x * channels, index);
        }
        from += bytes;
    }
    return fail(b, "the file ends early");
}

stria_status stria_bmp_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                              stria_error *err)
{
    bmp b = {.file = file, .err = err, .channels = 3};
    STRIA_TRY(read_sizes(&b));
    STRIA_TRY(check_packing(&b));
    STRIA_TRY(stria_picture_check_size(context, (uint64_t)b.height, (uint64_t)b.width, file->name, err));
    if (b.bits <= 8)
        STRIA_TRY(read_palette(&b));
    else if (b.bits != 24)
        STRIA_TRY(read_fields(&b));
    bool runs = b.packing == RUNS_OF_8 || b.packing == RUNS_OF_4;
    uint64_t rows = ((uint64_t)b.width * b.bits + 31) / 32 * 4 * (uint64_t)b.height;
    if (runs) /* two bytes make at most 255 pixels; what is jumped over counts as well, since encoders do not
                 jump far */
        rows = (uint64_t)b.height * (uint64_t)b.width / 128;
    if (rows > file->size - b.pixels)
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "%s: damaged BMP: %zu bytes of pixels cannot hold a picture of %lldx%lld",
                          file->name, file->size - b.pixels, (long long)b.height, (long long)b.width);
    stria_picture made;
    STRIA_TRY(stria_picture_allocate(&made, context, b.height, b.width, b.channels, false, err));
    stria_status status = runs ? read_runs(&b, &made) : read_rows(&b, &made);
    if (status != STRIA_OK) {
        stria_release(&context->allocator, made.bytes);
        return status;
    }
    *picture = made;
    return STRIA_OK;
}

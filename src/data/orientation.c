/* Cameras store what their sensor sees and note in EXIF data how it was held. This finds the note and turns
 * the picture. EXIF (CIPA DC-008) is a TIFF file: a byte order, the place of a directory, and there 12 bytes
 * an entry: tag, type, count, value. */
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/picture.h"

#define ORIENTATION_TAG 0x0112
#define SHORT_TYPE      3

typedef struct tiff {
    const uint8_t *bytes;
    size_t size;
    bool big_endian;
} tiff;

/* The number of two bytes at `at`, which are there. */
static unsigned short_at(const tiff *t, size_t at)
{
    const uint8_t *b = t->bytes + at;
    return t->big_endian ? (unsigned)b[0] << 8 | b[1] : (unsigned)b[1] << 8 | b[0];
}

static size_t long_at(const tiff *t, size_t at)
{
    size_t first = short_at(t, at), second = short_at(t, at + 2);
    return t->big_endian ? first << 16 | second : second << 16 | first;
}

int stria_exif_orientation(const uint8_t *bytes, size_t size)
{
    if (size < 8 || (memcmp(bytes, "MM\0*", 4) != 0 && memcmp(bytes, "II*\0", 4) != 0))
        return 1;
    const tiff t = {bytes, size, bytes[0] == 'M'};
    size_t at = long_at(&t, 4);
    if (at > size - 2)
        return 1;
    unsigned entries = short_at(&t, at);
    at += 2;
    for (; entries > 0 && size - at >= 12; entries--, at += 12) {
        if (short_at(&t, at) != ORIENTATION_TAG)
            continue;
        unsigned value = short_at(&t, at + 8);
        bool is_one = short_at(&t, at + 2) == SHORT_TYPE && long_at(&t, at + 4) == 1;
        return is_one && value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* Pixels of the turned picture's rows are those of the stored one from `first` on, `across` pixels further
 * for each column and `down` for each row. */
static inline void turn(const uint8_t *first, ptrdiff_t across, ptrdiff_t down, const stria_picture *to,
                        size_t channels)
{
    uint8_t *pixel = to->bytes;
    for (int64_t y = 0; y < to->height; y++) {
        const uint8_t *from = first + y * down * (ptrdiff_t)channels;
        for (int64_t x = 0; x < to->width; x++, from += across * (ptrdiff_t)channels, pixel += channels)
            for (size_t c = 0; c < channels; c++)
                pixel[c] = from[c];
    }
}

stria_status stria_picture_orient(stria_picture *picture, stria_context *context, int orientation,
                                  stria_error *err)
{
    if (orientation <= 1 || orientation > 8)
        return STRIA_OK;
    /* 2 to 4 are mirrored left to right, top to bottom, or both; 5 to 8 also have rows and columns exchanged.
     * `from_right` and `from_below` say where the first pixel is stored. */
    bool turned = orientation >= 5;
    bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    int64_t height = turned ? picture->width : picture->height;
    int64_t width = turned ? picture->height : picture->width;
    stria_picture made;
    STRIA_TRY(stria_picture_allocate(&made, context, height, width, picture->channels, false, err));
    ptrdiff_t row = (ptrdiff_t)picture->width, rows = (ptrdiff_t)picture->height;
    ptrdiff_t along = from_right ? -1 : 1, below = from_below ? -row : row;
    ptrdiff_t start = (from_right ? row - 1 : 0) + (from_below ? (rows - 1) * row : 0);
    const uint8_t *first = picture->bytes + start * (ptrdiff_t)picture->channels;
    if (picture->channels == 3)
        turn(first, turned ? below : along, turned ? along : below, &made, 3);
    else
        turn(first, turned ? below : along, turned ? along : below, &made, (size_t)picture->channels);
    stria_release(&context->allocator, picture->bytes);
    *picture = made;
    return STRIA_OK;
}

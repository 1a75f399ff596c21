/* PNM and PAM, the formats of netpbm: a header of a few words, then the numbers, as text or as bytes.
 * https://netpbm.sourceforge.net/doc/ describes pbm (P1, P4: bits), pgm (P2, P5: grey), ppm (P3, P6: RGB) and
 * pam (P7). Of a file with several pictures the first is read. */
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/picture.h"

/* No number in a header is larger. */
#define LARGEST 0x7FFFFFFF

typedef struct reader {
    const stria_picture_file *file;
    size_t at;
    stria_error *err;
} reader;

typedef struct header {
    char kind; /* '1' to '7' */
    int64_t height, width, channels, maximum;
} header;

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

bool stria_pnm_looks(const uint8_t *bytes, size_t size)
{
    return size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' &&
           (is_space(bytes[2]) || bytes[2] == '#');
}

static stria_status fail(const reader *r, const char *what)
{
    return stria_fail(r->err, STRIA_ERROR_FORMAT, "%s: damaged PNM: %s", r->file->name, what);
}

/* ---- The header ---- */

/* To the end of white space and of comments, which reach from # to the end of the line. */
static void skip_space(reader *r)
{
    const uint8_t *bytes = r->file->bytes;
    bool comment = false;
    for (; r->at < r->file->size; r->at++) {
        uint8_t byte = bytes[r->at];
        if (comment)
            comment = byte != '\n' && byte != '\r';
        else if (byte == '#')
            comment = true;
        else if (!is_space(byte))
            return;
    }
}

/* The next number, of 0 to LARGEST. */
static stria_status read_number(reader *r, const char *what, int64_t *number)
{
    skip_space(r);
    size_t first = r->at;
    int64_t value = 0;
    for (; r->at < r->file->size && r->file->bytes[r->at] >= '0' && r->file->bytes[r->at] <= '9'; r->at++) {
        value = value * 10 + (r->file->bytes[r->at] - '0');
        if (value > LARGEST)
            return stria_fail(r->err, STRIA_ERROR_FORMAT, "%s: damaged PNM: its %s is more than %d",
                              r->file->name, what, LARGEST);
    }
    if (r->at == first)
        return stria_fail(r->err, STRIA_ERROR_FORMAT, "%s: damaged PNM: %s %s", r->file->name,
                          first == r->file->size ? "the file ends before its" : "no number where it has its",
                          what);
    *number = value;
    return STRIA_OK;
}

/* The one byte of white space between the header and the numbers. */
static stria_status end_header(reader *r)
{
    if (r->at >= r->file->size)
        return fail(r, "the file ends early");
    if (!is_space(r->file->bytes[r->at]))
        return fail(r, "no white space ends its header");
    r->at++;
    return STRIA_OK;
}

/* Whether the next word is `word`, which is then skipped. */
static bool takes_word(reader *r, const char *word)
{
    size_t length = strlen(word);
    skip_space(r);
    if (r->file->size - r->at < length || memcmp(r->file->bytes + r->at, word, length) != 0 ||
        (r->at + length < r->file->size && !is_space(r->file->bytes[r->at + length])))
        return false;
    r->at += length;
    return true;
}

static void skip_line(reader *r)
{
    while (r->at < r->file->size && r->file->bytes[r->at] != '\n')
        r->at++;
}

/* Lines of a word and a number, in any order, up to ENDHDR. The kind of tuple says nothing that the number of
 * channels does not. */
static stria_status read_pam_header(reader *r, header *h)
{
    while (!takes_word(r, "ENDHDR")) {
        if (takes_word(r, "WIDTH"))
            STRIA_TRY(read_number(r, "width", &h->width));
        else if (takes_word(r, "HEIGHT"))
            STRIA_TRY(read_number(r, "height", &h->height));
        else if (takes_word(r, "DEPTH"))
            STRIA_TRY(read_number(r, "depth", &h->channels));
        else if (takes_word(r, "MAXVAL"))
            STRIA_TRY(read_number(r, "maximum", &h->maximum));
        else if (takes_word(r, "TUPLTYPE"))
            skip_line(r);
        else
            return fail(r, r->at == r->file->size ? "the file ends early" : "an unknown line in its header");
    }
    return end_header(r);
}

static stria_status read_header(reader *r, header *h)
{
    h->kind = (char)r->file->bytes[1];
    r->at = 2;
    if (h->kind == '7') {
        STRIA_TRY(read_pam_header(r, h));
    } else {
        h->channels = h->kind == '3' || h->kind == '6' ? 3 : 1;
        h->maximum = 1;
        STRIA_TRY(read_number(r, "width", &h->width));
        STRIA_TRY(read_number(r, "height", &h->height));
        if (h->kind != '1' && h->kind != '4')
            STRIA_TRY(read_number(r, "maximum", &h->maximum));
        STRIA_TRY(end_header(r));
    }
    if (h->height < 1 || h->width < 1)
        return stria_fail(r->err, STRIA_ERROR_FORMAT, "%s: damaged PNM: a picture of %lldx%lld",
                          r->file->name, (long long)h->height, (long long)h->width);
    if (h->maximum < 1 || h->maximum > 65535)
        return stria_fail(r->err, STRIA_ERROR_FORMAT,
                          "%s: damaged PNM: its maximum is %lld, must be 1 to 65535", r->file->name,
                          (long long)h->maximum);
    if (h->channels < 1 || h->channels > 4)
        return stria_fail(r->err, STRIA_ERROR_UNSUPPORTED,
                          "%s: a PAM of depth %lld is not read: must be 1 to 4", r->file->name,
                          (long long)h->channels);
    return STRIA_OK;
}

/* ---- The numbers ---- */

/* Where numbers go, and what is 1 in the file. */
typedef struct target {
    uint8_t *bytes;
    uint16_t *wide; /* NULL: bytes */
    uint32_t maximum;
} target;

/* Puts a number of 0 to the maximum at place `i`, scaled and rounded. */
static inline void put(const target *t, size_t i, uint32_t value)
{
    if (t->wide != NULL)
        t->wide[i] = (uint16_t)((value * 65535ULL + t->maximum / 2) / t->maximum);
    else
        t->bytes[i] = (uint8_t)((value * 255 + t->maximum / 2) / t->maximum);
}

/* Bits are 1 where it is black. */
static stria_status read_text(reader *r, const header *h, const target *t, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t value = 0;
        if (h->kind == '1') {
            skip_space(r);
            if (r->at >= r->file->size)
                return fail(r, "the file ends early");
            uint8_t byte = r->file->bytes[r->at++];
            if (byte != '0' && byte != '1')
                return fail(r, "a pixel that is neither 0 nor 1");
            value = byte == '0';
        } else {
            STRIA_TRY(read_number(r, "next pixel", &value));
            if (value > h->maximum)
                return fail(r, "a number is larger than its maximum");
        }
        put(t, i, (uint32_t)value);
    }
    return STRIA_OK;
}

static void read_bits(const uint8_t *from, const header *h, const target *t)
{
    size_t width = (size_t)h->width, row = (width + 7) / 8;
    for (size_t y = 0; y < (size_t)h->height; y++, from += row)
        for (size_t x = 0; x < width; x++)
            put(t, y * width + x, (from[x / 8] >> (7 - x % 8) & 1) == 0);
}

/* Numbers of one byte, or of two, the high one first. */
static stria_status read_numbers(const reader *r, const uint8_t *from, const header *h, const target *t,
                                 size_t count)
{
    if (h->maximum == 255 && t->wide == NULL) {
        memcpy(t->bytes, from, count);
        return STRIA_OK;
    }
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = h->maximum < 256 ? from[i] : (uint32_t)from[2 * i] << 8 | from[2 * i + 1];
        largest = value > largest ? value : largest;
        put(t, i, value <= t->maximum ? value : 0);
    }
    return largest <= t->maximum ? STRIA_OK : fail(r, "a number is larger than its maximum");
}

/* The least bytes that the numbers of a picture take. */
static uint64_t least_bytes(const header *h, uint64_t count)
{
    switch (h->kind) {
    case '1':
        return count;
    case '2':
    case '3':
        return 2 * count - 1;
    case '4':
        return ((uint64_t)h->width + 7) / 8 * (uint64_t)h->height;
    default:
        return h->maximum < 256 ? count : 2 * count;
    }
}

stria_status stria_pnm_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                              stria_error *err)
{
    reader r = {.file = file, .err = err};
    header h = {0};
    STRIA_TRY(read_header(&r, &h));
    STRIA_TRY(stria_picture_check_size(context, (uint64_t)h.height, (uint64_t)h.width, file->name, err));
    size_t count = (size_t)h.height * (size_t)h.width * (size_t)h.channels;
    if (least_bytes(&h, count) > file->size - r.at)
        return stria_fail(
            err, STRIA_ERROR_FORMAT,
            "%s: damaged PNM: %zu bytes after the header cannot hold a picture of %lldx%lldx%lld", file->name,
            file->size - r.at, (long long)h.height, (long long)h.width, (long long)h.channels);
    bool wide = file->wide != NULL && h.maximum > 255;
    stria_picture made;
    STRIA_TRY(stria_picture_allocate(&made, context, h.height, h.width, h.channels, wide, err));
    const target t = {.bytes = made.bytes,
                      .wide = wide ? (uint16_t *)(void *)made.bytes : NULL,
                      .maximum = (uint32_t)h.maximum};
    const uint8_t *from = file->bytes + r.at;
    stria_status status = STRIA_OK;
    if (h.kind <= '3')
        status = read_text(&r, &h, &t, count);
    else if (h.kind == '4')
        read_bits(from, &h, &t);
    else
        status = read_numbers(&r, from, &h, &t, count);
    if (status != STRIA_OK) {
        stria_release(&context->allocator, made.bytes);
        return status;
    }
    if (wide)
        *file->wide = true;
    *picture = made;
    return STRIA_OK;
}

/* The IDX reader: every size is checked against the bytes that are there before it is used. */
#include "data/idx.h"

#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/gzip.h"

#define IDX_MAX_RANK 4

/* Type codes of the third byte. */
static bool type_of(unsigned code, stria_dtype *type)
{
    switch (code) {
    case 0x08:
        *type = STRIA_U8;
        return true;
    case 0x09:
        *type = STRIA_I8;
        return true;
    case 0x0B:
        *type = STRIA_I16;
        return true;
    case 0x0C:
        *type = STRIA_I32;
        return true;
    case 0x0D:
        *type = STRIA_F32;
        return true;
    case 0x0E:
        *type = STRIA_F64;
        return true;
    default:
        return false;
    }
}

bool stria_idx_looks(const void *bytes, size_t size)
{
    const uint8_t *b = bytes;
    stria_dtype type;
    return size >= 4 && b[0] == 0 && b[1] == 0 && type_of(b[2], &type) && b[3] >= 1 && b[3] <= IDX_MAX_RANK;
}

static void reverse_bytes(uint8_t *bytes, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++, bytes += size) {
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            uint8_t byte = bytes[a];
            bytes[a] = bytes[b];
            bytes[b] = byte;
        }
    }
}

stria_status stria_idx_parse(stria_npy *array, void *bytes, size_t size, const char *name, stria_error *err)
{
    uint8_t *b = bytes;
    stria_npy made = {0};
    if (size < 4)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: %zu bytes are too few for an IDX file", name, size);
    if (b[0] != 0 || b[1] != 0)
        return stria_fail(
            err, STRIA_ERROR_FORMAT,
            "%s: not an IDX file: it begins with %02x %02x %02x %02x, expected 00 00 and a type", name, b[0],
            b[1], b[2], b[3]);
    if (!type_of(b[2], &made.type))
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "%s: IDX type 0x%02x is unknown (known: 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e)", name,
                          b[2]);
    made.rank = b[3];
    if (made.rank < 1 || made.rank > IDX_MAX_RANK)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "%s: an IDX file of %d dimensions, supported are 1 to %d", name, made.rank,
                          IDX_MAX_RANK);
    size_t header = 4 + 4 * (size_t)made.rank;
    if (size < header)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: the IDX header of %zu bytes ends early, after %zu",
                          name, header, size);
    size_t element = stria_dtype_size(made.type), present = size - header, announced = 1;
    bool fits = true;
    for (int d = 0; d < made.rank; d++) {
        const uint8_t *s = b + 4 + 4 * d;
        made.sizes[d] = (int64_t)s[0] << 24 | (int64_t)s[1] << 16 | (int64_t)s[2] << 8 | (int64_t)s[3];
        if (made.sizes[d] == 0)
            return stria_fail(err, STRIA_ERROR_FORMAT, "%s: dimension %d of the IDX file has size 0", name,
                              d + 1);
        fits = fits && stria_size_multiply(announced, (size_t)made.sizes[d], &announced);
    }
    made.count = announced;
    fits = fits && stria_size_multiply(announced, element, &announced);
    if (!fits || announced != present) {
        stria_shape shape = stria_shape_make(made.rank, made.sizes);
        char text[STRIA_SHAPE_TEXT_SIZE], expected[32] = "more than memory holds";
        if (fits)
            stria_format(expected, sizeof expected, "%zu bytes", announced);
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "%s: the header announces %s numbers of type %s (%s), but %zu bytes follow it",
                          name, stria_shape_text(&shape, text, sizeof text), stria_dtype_name(made.type),
                          expected, present);
    }
    if (element > 1)
        reverse_bytes(b + header, made.count, element);
    made.elements = b + header;
    *array = made;
    return STRIA_OK;
}

stria_status stria_idx_read(stria_npy *array, stria_context *context, const char *path, void **memory,
                            stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    void *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_file_read(context, path, STRIA_DATA_FILE_LIMIT, &bytes, &size, err));
    stria_status status = STRIA_OK;
    if (stria_gzip_looks(bytes, size)) {
        void *unpacked = NULL;
        status = stria_gzip_unpack(context, bytes, size, STRIA_DATA_FILE_LIMIT, path, &unpacked, &size, err);
        stria_release(allocator, bytes);
        bytes = unpacked;
    }
    if (status == STRIA_OK)
        status = stria_idx_parse(array, bytes, size, path, err);
    if (status != STRIA_OK) {
        stria_release(allocator, bytes);
        return status;
    }
    *memory = bytes;
    return STRIA_OK;
}

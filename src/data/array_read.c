/* Reading pictures and arrays for prediction. What a file is, its first bytes say, not its name. */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "data/gzip.h"
#include "data/idx.h"
#include "data/picture.h"
#include "kernels/kernels.h"

/* Converts numbers of any type to an array of floats. */
static stria_status convert(stria_array *array, stria_context *context, const stria_npy *from,
                            const char *name, stria_error *err)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    stria_shape shape = stria_shape_make(from->rank, from->sizes);
    if (from->count == 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: the array of %s holds no numbers", name,
                          stria_shape_text(&shape, text, sizeof text));
    if (from->count > (size_t)STRIA_MAX_ELEMENTS)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%s: the array of %s holds more than %lld numbers", name,
                          stria_shape_text(&shape, text, sizeof text), (long long)STRIA_MAX_ELEMENTS);
    stria_array made = {.shape = shape, .from_bytes = from->type == STRIA_U8 && !from->is_bool};
    made.values = stria_allocate_floats(&context->allocator, from->count);
    if (made.values == NULL)
        return stria_fail_memory(err, from->count * sizeof(float));
    if (from->type == STRIA_U8)
        context->kernels->elementwise.from_bytes(from->elements, 1.0F, made.values, from->count);
    else
        stria_dtype_to_float(from->type, from->elements, from->count, made.values);
    *array = made;
    return STRIA_OK;
}

static stria_status read_png(stria_array *array, stria_context *context, const void *bytes, size_t size,
                             const char *name, stria_error *err)
{
    stria_picture picture;
    STRIA_TRY(stria_png_decode(&picture, context, bytes, size, name, err));
    stria_npy pixels = {.type = STRIA_U8,
                        .rank = 4,
                        .sizes = {1, picture.height, picture.width, picture.channels},
                        .count = (size_t)(picture.height * picture.width * picture.channels),
                        .elements = picture.bytes};
    stria_status status = convert(array, context, &pixels, name, err);
    stria_release(&context->allocator, picture.bytes);
    return status;
}

static stria_status refuse(const void *bytes, size_t size, const char *name, stria_error *err)
{
    const uint8_t *b = bytes;
    if (size == 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: the file is empty", name);
    if (size >= 3 && b[0] == 0xFF && b[1] == 0xD8 && b[2] == 0xFF)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "%s: JPEG pictures are not read: convert it to PNG",
                          name);
    if (size >= 4 && memcmp(b, "PK\x03\x04", 4) == 0)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "%s: an archive is not read here: save one array as .npy", name);
    return stria_fail(err, STRIA_ERROR_FORMAT, "%s: neither PNG nor .npy nor IDX: it begins with byte 0x%02x",
                      name, b[0]);
}

/* `bytes` may be changed. */
static stria_status read_bytes(stria_array *array, stria_context *context, void *bytes, size_t size,
                               const char *name, stria_error *err)
{
    stria_npy numbers;
    if (stria_png_looks(bytes, size))
        return read_png(array, context, bytes, size, name, err);
    if (size >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0)
        STRIA_TRY(stria_npy_parse(&numbers, bytes, size, name, err));
    else if (stria_idx_looks(bytes, size))
        STRIA_TRY(stria_idx_parse(&numbers, bytes, size, name, err));
    else
        return refuse(bytes, size, name, err);
    return convert(array, context, &numbers, name, err);
}

stria_status stria_array_read(stria_array *array, stria_context *context, const char *path, stria_error *err)
{
    void *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_file_read(context, path, STRIA_DATA_FILE_LIMIT, &bytes, &size, err));
    stria_status status = STRIA_OK;
    if (stria_gzip_looks(bytes, size)) {
        void *unpacked = NULL;
        status = stria_gzip_unpack(context, bytes, size, STRIA_DATA_FILE_LIMIT, path, &unpacked, &size, err);
        stria_release(&context->allocator, bytes);
        bytes = unpacked;
    }
    if (status == STRIA_OK)
        status = read_bytes(array, context, bytes, size, path, err);
    stria_release(&context->allocator, bytes);
    return status;
}

/* Pictures: reading files of any format, told apart by their first bytes, and writing them. The formats are
 * in files of their own, picture_png.c and its neighbours. */
#include "data/picture.h"

#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/size.h"
#include "formats/quote.h"

/* ---- Memory ---- */

stria_status stria_picture_check_size(const stria_context *context, uint64_t height, uint64_t width,
                                      const char *name, stria_error *err)
{
    uint64_t most = (uint64_t)context->max_pixels;
    if (width == 0 || height <= most / width)
        return STRIA_OK;
    return stria_fail(err, STRIA_ERROR_LIMIT,
                      "%s: a picture of %llux%llu, more than the limit of %llu pixels", name,
                      (unsigned long long)height, (unsigned long long)width, (unsigned long long)most);
}

/* The limit of pixels leaves products with channels far from overflow. */
stria_status stria_picture_allocate(stria_picture *picture, stria_context *context, int64_t height,
                                    int64_t width, int64_t channels, stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    stria_picture made = {.height = height, .width = width, .channels = channels};
    made.bytes = allocator->allocate(allocator->payload, stria_picture_size(&made), 16);
    if (made.bytes == NULL)
        return stria_fail_memory(err, stria_picture_size(&made));
    *picture = made;
    return STRIA_OK;
}

stria_status stria_picture_create(stria_picture *picture, stria_context *context, int64_t height,
                                  int64_t width, int64_t channels, stria_error *err)
{
    if (height < 1 || width < 1 || channels < 1 || channels > 4)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "a picture of %lldx%lldx%lld: sizes must be at least 1 and channels 1 to 4",
                          (long long)height, (long long)width, (long long)channels);
    STRIA_TRY(stria_picture_check_size(context, (uint64_t)height, (uint64_t)width, "picture", err));
    STRIA_TRY(stria_picture_allocate(picture, context, height, width, channels, err));
    memset(picture->bytes, 0, stria_picture_size(picture));
    return STRIA_OK;
}

void stria_picture_free(stria_picture *picture, stria_context *context)
{
    stria_release(&context->allocator, picture->bytes);
    *picture = (stria_picture){0};
}

void stria_picture_free_bytes(uint8_t *bytes, stria_context *context)
{
    stria_release(&context->allocator, bytes);
}

stria_status stria_picture_check(const stria_picture *picture, stria_error *err)
{
    int64_t pixels = 0, bytes = 0;
    if (picture->bytes == NULL || picture->height < 1 || picture->width < 1 || picture->channels < 1 ||
        picture->channels > 4 || !stria_count_multiply(picture->height, picture->width, &pixels) ||
        !stria_count_multiply(pixels, picture->channels, &bytes))
        return stria_fail(err, STRIA_ERROR_VALUE, "no picture: %lldx%lldx%lld%s", (long long)picture->height,
                          (long long)picture->width, (long long)picture->channels,
                          picture->bytes == NULL ? " without bytes" : "");
    return STRIA_OK;
}

/* ---- Reading ---- */

stria_status stria_picture_decode(stria_picture *picture, stria_context *context, const void *bytes,
                                  size_t size, const char *name, stria_error *err)
{
    const uint8_t *b = bytes;
    if (stria_png_looks(bytes, size))
        return stria_png_decode(picture, context, bytes, size, name, err);
    if (size == 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: the file is empty", name);
    return stria_fail(err, STRIA_ERROR_FORMAT, "%s: not a PNG picture: it begins with byte 0x%02x", name,
                      b[0]);
}

stria_status stria_picture_read(stria_picture *picture, stria_context *context, const char *path,
                                stria_error *err)
{
    void *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_file_read(context, path, STRIA_PICTURE_FILE_LIMIT, &bytes, &size, err));
    stria_status status = stria_picture_decode(picture, context, bytes, size, path, err);
    stria_release(&context->allocator, bytes);
    return status;
}

/* ---- Writing ---- */

stria_status stria_picture_write(stria_context *context, const char *path, const stria_picture *picture,
                                 stria_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0, length = strlen(path);
    if (length < 4 || strcmp(path + length - 4, ".png") != 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "'%s': pictures are written as .png",
                          stria_quote(STRIA_QUOTE_BUFFER, path));
    STRIA_TRY(stria_picture_encode_png(&bytes, &size, context, picture, err));
    stria_status status = stria_file_write(context, path, &(stria_bytes){bytes, size}, 1, false, err);
    stria_release(&context->allocator, bytes);
    return status;
}

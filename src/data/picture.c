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

/* The limit of pixels leaves the products far from overflow. */
stria_status stria_picture_allocate(stria_picture *picture, stria_context *context, int64_t height,
                                    int64_t width, int64_t channels, bool wide, stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    stria_picture made = {.height = height, .width = width, .channels = channels};
    size_t size = stria_picture_size(&made) * (wide ? sizeof(uint16_t) : 1);
    made.bytes = allocator->allocate(allocator->payload, size, 16);
    if (made.bytes == NULL)
        return stria_fail_memory(err, size);
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
    STRIA_TRY(stria_picture_allocate(picture, context, height, width, channels, false, err));
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

static const struct {
    const char *name;
    bool (*looks)(const uint8_t *bytes, size_t size);
    stria_status (*decode)(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                           stria_error *err);
} formats[] = {
    {"PNG", stria_png_looks, stria_png_decode},    {"JPEG", stria_jpeg_looks, stria_jpeg_decode},
    {"WebP", stria_webp_looks, stria_webp_decode}, {"PNM", stria_pnm_looks, stria_pnm_decode},
    {"BMP", stria_bmp_looks, stria_bmp_decode},
};

/* How files of pictures begin that are not read. */
static const struct {
    const char *name;
    size_t at, length;
    const char *bytes;
} others[] = {
    {"GIF", 0, 4, "GIF8"},         {"TIFF", 0, 4, "II*"},      {"TIFF", 0, 4, "MM\0*"},
    {"HEIC", 4, 8, "ftypheic"},    {"HEIC", 4, 8, "ftypmif1"}, {"AVIF", 4, 8, "ftypavif"},
    {"JPEG XL", 0, 2, "\xFF\x0A"}, {"JPEG XL", 4, 4, "JXL "},  {"JPEG 2000", 4, 4, "jP  "},
    {"Photoshop", 0, 4, "8BPS"},   {"icon", 0, 4, "\0\0\1"},
};

const char *stria_picture_format(const void *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i].looks(bytes, size))
            return formats[i].name;
    return NULL;
}

/* What a file is that is of no format above. */
static stria_status refuse(const stria_picture_file *file, stria_error *err)
{
    if (file->size == 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: the file is empty", file->name);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (file->size >= others[i].at + others[i].length &&
            memcmp(file->bytes + others[i].at, others[i].bytes, others[i].length) == 0)
            return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "%s: %s pictures are not read: convert it to PNG",
                              file->name, others[i].name);
    return stria_fail(err, STRIA_ERROR_FORMAT,
                      "%s: not a picture (" STRIA_PICTURE_FORMATS "): it begins with byte 0x%02x", file->name,
                      file->bytes[0]);
}

stria_status stria_picture_decode_file(stria_picture *picture, stria_context *context,
                                       const stria_picture_file *file, stria_error *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (formats[i].looks(file->bytes, file->size))
            return formats[i].decode(picture, context, file, err);
    return refuse(file, err);
}

stria_status stria_picture_decode(stria_picture *picture, stria_context *context, const void *bytes,
                                  size_t size, const char *name, stria_error *err)
{
    return stria_picture_decode_reduced(picture, context, bytes, size, name, 0, 0, err);
}

stria_status stria_picture_decode_reduced(stria_picture *picture, stria_context *context, const void *bytes,
                                          size_t size, const char *name, int64_t height, int64_t width,
                                          stria_error *err)
{
    const stria_picture_file file = {
        .name = name, .bytes = bytes, .size = size, .least_height = height, .least_width = width};
    if (height < 0 || width < 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "a picture of %lldx%lld: sizes must be at least 0",
                          (long long)height, (long long)width);
    return stria_picture_decode_file(picture, context, &file, err);
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

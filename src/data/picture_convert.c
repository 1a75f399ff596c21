/* Pictures of other channels, and boxes cut out of pictures. */
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/picture.h"

/* ITU-R BT.601 in 16 bits of fraction, to the bit what Pillow's convert("L") computes. */
static uint8_t grey_of(const uint8_t *rgb)
{
    return (uint8_t)((rgb[0] * 19595U + rgb[1] * 38470U + rgb[2] * 7471U + 0x8000U) >> 16);
}

/* With both numbers of channels known when compiling, this is a loop without branches. */
static inline void convert(const uint8_t *from, size_t channels, uint8_t *to, size_t wanted, size_t count)
{
    for (size_t i = 0; i < count; i++, from += channels, to += wanted) {
        if (wanted < 3)
            to[0] = channels < 3 ? from[0] : grey_of(from);
        for (size_t c = 0; wanted >= 3 && c < 3; c++)
            to[c] = from[channels < 3 ? 0 : c];
        if (wanted % 2 == 0)
            to[wanted - 1] = channels % 2 == 0 ? from[channels - 1] : 255;
    }
}

static void convert_from(const uint8_t *from, size_t channels, uint8_t *to, size_t wanted, size_t count)
{
    if (channels == 3 && wanted == 1)
        convert(from, 3, to, 1, count);
    else if (channels == 1 && wanted == 3)
        convert(from, 1, to, 3, count);
    else if (channels == 4 && wanted == 3)
        convert(from, 4, to, 3, count);
    else if (channels == 3 && wanted == 4)
        convert(from, 3, to, 4, count);
    else
        convert(from, channels, to, wanted, count);
}

/* Replaces the picture. */
static void take(stria_picture *picture, stria_context *context, const stria_picture *made)
{
    stria_release(&context->allocator, picture->bytes);
    *picture = *made;
}

stria_status stria_picture_convert(stria_picture *picture, stria_context *context, int64_t channels,
                                   stria_error *err)
{
    stria_picture made;
    STRIA_TRY(stria_picture_check(picture, err));
    if (channels < 1 || channels > 4)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "%lld channels: must be 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGB and alpha)",
                          (long long)channels);
    if (channels == picture->channels)
        return STRIA_OK;
    STRIA_TRY(stria_picture_allocate(&made, context, picture->height, picture->width, channels, false, err));
    convert_from(picture->bytes, (size_t)picture->channels, made.bytes, (size_t)channels,
                 (size_t)(picture->height * picture->width));
    take(picture, context, &made);
    return STRIA_OK;
}

stria_status stria_picture_crop(stria_picture *picture, stria_context *context, int64_t top, int64_t left,
                                int64_t height, int64_t width, stria_error *err)
{
    stria_picture made;
    STRIA_TRY(stria_picture_check(picture, err));
    if (top < 0 || left < 0 || height < 1 || width < 1 || top > picture->height - height ||
        left > picture->width - width)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "a box of %lldx%lld at row %lld, column %lld is not within a picture of %lldx%lld",
                          (long long)height, (long long)width, (long long)top, (long long)left,
                          (long long)picture->height, (long long)picture->width);
    if (height == picture->height && width == picture->width)
        return STRIA_OK;
    STRIA_TRY(stria_picture_allocate(&made, context, height, width, picture->channels, false, err));
    size_t from_row = (size_t)(picture->width * picture->channels),
           to_row = (size_t)(width * picture->channels);
    const uint8_t *from = picture->bytes + (size_t)top * from_row + (size_t)(left * picture->channels);
    for (int64_t y = 0; y < height; y++)
        memcpy(made.bytes + (size_t)y * to_row, from + (size_t)y * from_row, to_row);
    take(picture, context, &made);
    return STRIA_OK;
}

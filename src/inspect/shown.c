/* Numbers as pictures. */
#include "inspect/shown.h"

#include <math.h>

#include <stria/figure.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"

#define STRONGEST 0.8 /* share of the map's colour where it is furthest from 0 */
#define LIFTED    112 /* what black becomes under maps of two signs */

static stria_status make(stria_picture *picture, stria_context *context, int64_t height, int64_t width,
                         int64_t channels, stria_error *err)
{
    size_t bytes;
    if (!stria_size_multiply((size_t)height, (size_t)width, &bytes) ||
        !stria_size_multiply(bytes, (size_t)channels, &bytes))
        return stria_fail(err, STRIA_ERROR_LIMIT, "a picture of %lldx%lld is too large", (long long)height,
                          (long long)width);
    *picture = (stria_picture){height, width, channels, stria_allocate(&context->allocator, bytes)};
    return picture->bytes != NULL ? STRIA_OK : stria_fail_memory(err, bytes);
}

/* 0 to 1 between low and high; a range of nothing is its middle. */
static double share_of(double value, double low, double high)
{
    const double share = high > low ? (value - low) / (high - low) : 0.5;
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

stria_status stria_shown_numbers(stria_picture *picture, stria_context *context, const float *x,
                                 int64_t height, int64_t width, int64_t channels, double low, double high,
                                 stria_error *err)
{
    const int64_t shown = channels == 3 ? 3 : 1, taken = channels == 3 ? 1 : channels;
    STRIA_TRY(make(picture, context, height, width, shown, err));
    for (int64_t i = 0; i < height * width * shown; i++) {
        double sum = 0;
        for (int64_t c = 0; c < taken; c++)
            sum += (double)x[i * taken + c];
        picture->bytes[i] = (uint8_t)lrint(255 * share_of(sum / (double)taken, low, high));
    }
    return STRIA_OK;
}

static stria_status check_palette(const char *palette, stria_error *err)
{
    uint8_t rgb[3];
    return stria_color_map(palette, 0, rgb)
               ? STRIA_OK
               : stria_fail(err, STRIA_ERROR_VALUE, "there is no palette '%.80s'", palette);
}

stria_status stria_shown_map(stria_picture *picture, stria_context *context, const float *map, int64_t height,
                             int64_t width, const char *palette, double low, double high, stria_error *err)
{
    STRIA_TRY(check_palette(palette, err));
    STRIA_TRY(make(picture, context, height, width, 3, err));
    for (int64_t i = 0; i < height * width; i++)
        stria_color_map(palette, share_of((double)map[i], low, high), picture->bytes + 3 * i);
    return STRIA_OK;
}

/* Luma of ITU-R BT.601. */
static double gray_of(const stria_picture *photo, int64_t pixel)
{
    const uint8_t *p = photo->bytes + pixel * photo->channels;
    return photo->channels < 3 ? p[0] : 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
}

stria_status stria_shown_overlay(stria_picture *picture, stria_context *context, const stria_picture *photo,
                                 const float *map, const char *palette, double low, double high,
                                 stria_error *err)
{
    const double furthest = fmax(fabs(low), fabs(high));
    const double bottom = low < 0 ? LIFTED : 0; /* both ends of a palette with two arms are dark */
    STRIA_TRY(check_palette(palette, err));
    STRIA_TRY(make(picture, context, photo->height, photo->width, 3, err));
    for (int64_t i = 0; i < photo->height * photo->width; i++) {
        const double gray = bottom + (1 - bottom / 255) * gray_of(photo, i), far = fabs((double)map[i]);
        const double mix = furthest > 0 ? STRONGEST * fmin(1, far / furthest) : 0;
        uint8_t rgb[3];
        stria_color_map(palette, share_of((double)map[i], low, high), rgb);
        for (int64_t c = 0; c < 3; c++)
            picture->bytes[3 * i + c] = (uint8_t)lrint((1 - mix) * gray + mix * rgb[c]);
    }
    return STRIA_OK;
}

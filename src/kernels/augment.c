/* Augmentations of one picture. The simple ones are here; colours in augment_color.c, neighbourhoods and
 * histograms in augment_filter.c, maps of the plane in warp.c. */
#include "kernels/augment.h"

#include <string.h>

#include "kernels/augment_inside.h"

static size_t count_of(const stria_picture_size *size)
{
    return size->height * size->width * size->channels;
}

/* ---- Flips ---- */

/* Its own gradient. */
static void flip(const stria_augment *a, const stria_picture_size *size, const float *x, float *y)
{
    for (size_t i = 0; i < size->height; i++)
        for (size_t j = 0; j < size->width; j++) {
            const size_t row = a->vertical ? size->height - 1 - i : i;
            const size_t column = a->horizontal ? size->width - 1 - j : j;
            memcpy(y + (i * size->width + j) * size->channels,
                   x + (row * size->width + column) * size->channels, size->channels * sizeof *y);
        }
}

/* ---- Functions of each number ---- */

/* y and dy/dx of number x. */
static float number(const stria_augment *a, float x, float *slope)
{
    switch (a->kind) {
    case STRIA_AUGMENT_BRIGHTNESS:
        return stria_clip(a, x + a->amount, slope);
    case STRIA_AUGMENT_CLIP:
        return stria_clip(a, x, slope);
    case STRIA_AUGMENT_INVERT:
        *slope = -1;
        return a->high - x;
    case STRIA_AUGMENT_SOLARIZE: {
        const float v = stria_clip(a, x + a->amount, slope);
        if (v < a->threshold)
            return v;
        *slope = -*slope;
        return a->low + a->high - v;
    }
    case STRIA_AUGMENT_POSTERIZE: {
        const float v = stria_clip(a, x, slope), scaled = (v - a->low) * (255.0F / (a->high - a->low));
        const unsigned steps = scaled > 0 ? (unsigned)scaled : 0; /* 0 for NaN */
        const unsigned shift = (unsigned)a->amount, kept = steps >> shift << shift;
        *slope = 0;
        return (float)kept * ((a->high - a->low) / 255.0F) + a->low;
    }
    default:
        *slope = 1;
        return x;
    }
}

/* ---- Contrast ---- */

/* The mean of a channel, in double and a fixed order. */
static float channel_mean(const stria_picture_size *size, size_t channel, const float *x)
{
    const size_t pixels = size->height * size->width;
    double sum = 0;
    for (size_t p = 0; p < pixels; p++)
        sum += (double)x[p * size->channels + channel];
    return (float)(sum / (double)pixels);
}

static void contrast(const stria_augment *a, const stria_picture_size *size, const float *x, float *y)
{
    const size_t count = count_of(size);
    float slope;
    for (size_t c = 0; c < size->channels; c++) {
        const float mean = channel_mean(size, c, x);
        for (size_t e = c; e < count; e += size->channels)
            y[e] = stria_clip(a, (x[e] - mean) * a->amount + mean, &slope);
    }
}

/* Every number has a share in the mean: dx = amount * g + (1 - amount) * mean(g), g what is not clipped of
 * dy. */
static void contrast_gradient(const stria_augment *a, const stria_picture_size *size, const float *x,
                              const float *dy, float *dx)
{
    const size_t count = count_of(size);
    for (size_t c = 0; c < size->channels; c++) {
        const float mean = channel_mean(size, c, x);
        for (size_t e = c; e < count; e += size->channels) {
            float slope;
            stria_clip(a, (x[e] - mean) * a->amount + mean, &slope);
            dx[e] = slope * dy[e];
        }
        const float through_mean = (1 - a->amount) * channel_mean(size, c, dx);
        for (size_t e = c; e < count; e += size->channels)
            dx[e] = a->amount * dx[e] + through_mean;
    }
}

/* ---- Erasing ---- */

static void erase(const stria_augment *a, const stria_picture_size *size, const float *x, float *y)
{
    memcpy(y, x, count_of(size) * sizeof *y);
    for (size_t i = a->top; i < a->bottom; i++)
        for (size_t e = (i * size->width + a->left) * size->channels;
             e < (i * size->width + a->right) * size->channels; e++) {
            float slope, fill = a->fill_value;
            if (a->noise)
                fill = (float)stria_random_normal(&a->key, a->first + e) * a->high;
            y[e] = stria_clip(a, fill, &slope);
        }
}

static void erase_gradient(const stria_augment *a, const stria_picture_size *size, const float *dy, float *dx)
{
    memcpy(dx, dy, count_of(size) * sizeof *dx);
    for (size_t i = a->top; i < a->bottom; i++)
        memset(dx + (i * size->width + a->left) * size->channels, 0,
               (a->right - a->left) * size->channels * sizeof *dx);
}

/* ---- Choosing ---- */

void stria_augment_forward(const stria_augment *augment, const stria_picture_size *size, const float *x,
                           float *y)
{
    const size_t count = count_of(size);
    float slope;
    switch (augment->kind) {
    case STRIA_AUGMENT_NONE:
        memcpy(y, x, count * sizeof *y);
        break;
    case STRIA_AUGMENT_WARP:
        stria_warp_forward(&augment->warp, size->height, size->width, size->channels, x, y);
        break;
    case STRIA_AUGMENT_FLIP:
        flip(augment, size, x, y);
        break;
    case STRIA_AUGMENT_CONTRAST:
        contrast(augment, size, x, y);
        break;
    case STRIA_AUGMENT_GRAY:
    case STRIA_AUGMENT_HUE:
    case STRIA_AUGMENT_SATURATION:
        stria_augment_color(augment, size, x, y);
        break;
    case STRIA_AUGMENT_STRETCH:
        stria_augment_stretch(augment, size, x, y);
        break;
    case STRIA_AUGMENT_EQUALIZE:
        stria_augment_equalize(augment, size, x, y);
        break;
    case STRIA_AUGMENT_BLUR:
    case STRIA_AUGMENT_SHARPEN:
        stria_augment_filter(augment, size, x, y);
        break;
    case STRIA_AUGMENT_ERASE:
        erase(augment, size, x, y);
        break;
    case STRIA_AUGMENT_BRIGHTNESS:
    case STRIA_AUGMENT_CLIP:
    case STRIA_AUGMENT_INVERT:
    case STRIA_AUGMENT_POSTERIZE:
    case STRIA_AUGMENT_SOLARIZE:
        for (size_t e = 0; e < count; e++)
            y[e] = number(augment, x[e], &slope);
        break;
    }
}

void stria_augment_backward(const stria_augment *augment, const stria_picture_size *size, const float *x,
                            const float *dy, float *dx, float *scratch)
{
    const size_t count = count_of(size);
    float slope;
    switch (augment->kind) {
    case STRIA_AUGMENT_NONE:
        memcpy(dx, dy, count * sizeof *dx);
        break;
    case STRIA_AUGMENT_WARP:
        stria_warp_backward(&augment->warp, size->height, size->width, size->channels, dy, dx);
        break;
    case STRIA_AUGMENT_FLIP:
        flip(augment, size, dy, dx);
        break;
    case STRIA_AUGMENT_CONTRAST:
        contrast_gradient(augment, size, x, dy, dx);
        break;
    case STRIA_AUGMENT_GRAY:
    case STRIA_AUGMENT_HUE:
    case STRIA_AUGMENT_SATURATION:
        stria_augment_color_gradient(augment, size, x, dy, dx);
        break;
    case STRIA_AUGMENT_STRETCH:
        stria_augment_stretch_gradient(augment, size, x, dy, dx);
        break;
    case STRIA_AUGMENT_EQUALIZE:
        stria_augment_equalize_gradient(augment, size, x, dy, dx);
        break;
    case STRIA_AUGMENT_BLUR:
    case STRIA_AUGMENT_SHARPEN:
        stria_augment_filter_gradient(augment, size, x, dy, dx, scratch);
        break;
    case STRIA_AUGMENT_ERASE:
        erase_gradient(augment, size, dy, dx);
        break;
    case STRIA_AUGMENT_BRIGHTNESS:
    case STRIA_AUGMENT_CLIP:
    case STRIA_AUGMENT_INVERT:
    case STRIA_AUGMENT_POSTERIZE:
    case STRIA_AUGMENT_SOLARIZE:
        for (size_t e = 0; e < count; e++) {
            number(augment, x[e], &slope);
            dx[e] = slope * dy[e];
        }
        break;
    }
}

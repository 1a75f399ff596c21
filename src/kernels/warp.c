/* Warping a picture. Every output pixel looks up where it comes from, in float as the definitions it must
 * agree with (Keras's affine_transform on TensorFlow, whose fill modes these are), and mixes one or four
 * pixels there. */
#include "kernels/warp.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* Far from the picture it is all one what is read; so a coordinate can be made an integer. */
#define FAR_AWAY 1e9F

/* Up to four inputs and their weights; the rest of the weight is the fill value's. */
typedef struct sources {
    int count;
    size_t pixels[4];
    float weights[4];
    float outside;
} sources;

static float clamp(float v, float low, float high)
{
    return v < low ? low : v > high ? high : v;
}

static float reflected(float v, float size)
{
    const float period = 2 * size;
    if (v < 0) {
        if (v < period)
            v += period * truncf(-v / period);
        return v < -size ? v + period : -v - 1;
    }
    v -= period * truncf(v / period);
    return v >= size ? period - v - 1 : v;
}

static float wrapped(float v, float size)
{
    if (v < 0)
        return v + size * (truncf(-v / (size - 1)) + 1);
    return v - size * truncf(v / (size - 1));
}

/* Where an axis of `length` is read for coordinate v. */
static float inside(stria_fill_mode mode, float v, size_t length)
{
    const float size = (float)length, last = size - 1;
    if (mode == STRIA_FILL_CONSTANT)
        return v;
    if (mode != STRIA_FILL_NEAREST && (v < 0 || v > last)) {
        if (length == 1)
            return 0;
        v = mode == STRIA_FILL_REFLECT ? reflected(v, size) : wrapped(v, size);
    }
    return clamp(v, 0, last);
}

/* One of the pixels an output is made of. */
static void add_source(sources *s, float row, float column, size_t height, size_t width, float weight)
{
    if (row >= 0 && row < (float)height && column >= 0 && column < (float)width) {
        s->pixels[s->count] = (size_t)row * width + (size_t)column;
        s->weights[s->count++] = weight;
    } else
        s->outside += weight;
}

/* What output (x, y) is made of. */
static sources find_sources(const stria_warp *warp, size_t height, size_t width, float x, float y)
{
    const float *m = warp->map;
    sources s = {0};
    const float k = m[6] * x + m[7] * y + 1.0F;
    const float from_x = (m[0] * x + m[1] * y + m[2]) / k, from_y = (m[3] * x + m[4] * y + m[5]) / k;
    if (!(fabsf(from_x) < FAR_AWAY && fabsf(from_y) < FAR_AWAY)) {
        s.outside = 1;
        return s;
    }
    const float column = inside(warp->fill_mode, from_x, width),
                row = inside(warp->fill_mode, from_y, height);
    if (warp->sampling == STRIA_WARP_NEAREST) {
        add_source(&s, roundf(row), roundf(column), height, width, 1);
        return s;
    }
    const float top = floorf(row), left = floorf(column);
    const float down = row - top, up = top + 1 - row, right = column - left, back = left + 1 - column;
    add_source(&s, top, left, height, width, up * back);
    add_source(&s, top, left + 1, height, width, up * right);
    add_source(&s, top + 1, left, height, width, down * back);
    add_source(&s, top + 1, left + 1, height, width, down * right);
    return s;
}

/* An output whose four inputs all lie within the picture, which most do: the same sums as in general, without
 * asking for each input. False where it is not so. */
static bool mix_within(const stria_warp *warp, size_t height, size_t width, size_t channels, const float *x,
                       float column_of_y, float row_of_y, float *y)
{
    const float *m = warp->map;
    const float column = m[0] * column_of_y + m[1] * row_of_y + m[2],
                row = m[3] * column_of_y + m[4] * row_of_y + m[5];
    if (!(row >= 0 && row < (float)(height - 1) && column >= 0 && column < (float)(width - 1)))
        return false;
    const size_t above = (size_t)row, before = (size_t)column; /* rounded down, since they are not negative */
    const float top = (float)above, left = (float)before;
    const float down = row - top, up = top + 1 - row, right = column - left, back = left + 1 - column;
    const float weights[4] = {up * back, up * right, down * back, down * right};
    const float *first = x + (above * width + before) * channels, *second = first + width * channels;
    for (size_t c = 0; c < channels; c++)
        y[c] = 0.0F + weights[0] * first[c] + weights[1] * first[channels + c] + weights[2] * second[c] +
               weights[3] * second[channels + c];
    return true;
}

void stria_warp_forward(const stria_warp *warp, size_t height, size_t width, size_t channels, const float *x,
                        float *y)
{
    const bool is_plain =
        warp->sampling == STRIA_WARP_BILINEAR && fabsf(warp->map[6]) + fabsf(warp->map[7]) <= 0;
    for (size_t i = 0; i < height; i++)
        for (size_t j = 0; j < width; j++, y += channels) {
            if (is_plain && mix_within(warp, height, width, channels, x, (float)j, (float)i, y))
                continue;
            const sources s = find_sources(warp, height, width, (float)j, (float)i);
            const float outside = s.outside > 0 ? s.outside * warp->fill_value : 0;
            for (size_t c = 0; c < channels; c++)
                y[c] = outside;
            for (int k = 0; k < s.count; k++) {
                const float *from = x + s.pixels[k] * channels;
                const float weight = s.weights[k];
                for (size_t c = 0; c < channels; c++)
                    y[c] += weight * from[c];
            }
        }
}

void stria_warp_backward(const stria_warp *warp, size_t height, size_t width, size_t channels,
                         const float *dy, float *dx)
{
    memset(dx, 0, height * width * channels * sizeof *dx);
    for (size_t i = 0; i < height; i++)
        for (size_t j = 0; j < width; j++, dy += channels) {
            const sources s = find_sources(warp, height, width, (float)j, (float)i);
            for (int k = 0; k < s.count; k++) {
                float *to = dx + s.pixels[k] * channels;
                const float weight = s.weights[k];
                for (size_t c = 0; c < channels; c++)
                    to[c] += weight * dy[c];
            }
        }
}

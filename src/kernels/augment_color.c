/* Colours of a picture: towards grey, round the circle of hues, more or less saturated.
 *
 * Hue and saturation by the hexcone model (Smith, "Color gamut transform pairs", SIGGRAPH 1978): of the
 * numbers r, g, b, scaled so that the value range is 0 ... 1, v is the largest, c the largest less the
 * smallest, the saturation c / v, and the hue h the place on the circle. Back: channel i is v - c * (1 -
 * k_i(h)), with k_i a trapezoid around the hue of that channel. Gradients follow these formulas; at their
 * corners one side's is taken. */
#include <math.h>

#include "kernels/augment_inside.h"

/* ---- Grey ---- */

/* ITU-R BT.601 as Keras rounds it; one channel is its own grey. */
static const float gray_weights[3] = {0.2989F, 0.587F, 0.114F};

static float gray_of(const float *x, size_t channels)
{
    if (channels == 1)
        return x[0];
    return x[0] * gray_weights[0] + x[1] * gray_weights[1] + x[2] * gray_weights[2];
}

static float towards_gray(const stria_augment *a, float x, float gray, float *slope)
{
    const float y = x + a->amount * (gray - x);
    *slope = 1;
    return a->clips ? stria_clip(a, y, slope) : y;
}

static void gray(const stria_augment *a, size_t channels, const float *x, float *y)
{
    const float of_pixel = gray_of(x, channels);
    float slope;
    for (size_t c = 0; c < channels; c++)
        y[c] = towards_gray(a, x[c], of_pixel, &slope);
}

static void gray_gradient(const stria_augment *a, size_t channels, const float *x, const float *dy, float *dx)
{
    const float of_pixel = gray_of(x, channels);
    float sum = 0;
    for (size_t c = 0; c < channels; c++) {
        float slope;
        towards_gray(a, x[c], of_pixel, &slope);
        dx[c] = slope * dy[c];
        sum += dx[c];
    }
    for (size_t c = 0; c < channels; c++)
        dx[c] = (1 - a->amount) * dx[c] + a->amount * (channels == 1 ? 1.0F : gray_weights[c]) * sum;
}

/* ---- Hue and saturation ---- */

/* A pixel taken apart, with what its gradient needs. */
typedef struct cone {
    float v, c, h;
    int largest, smallest; /* channels */
    int ahead, behind;     /* the hue's numerator is x[ahead] - x[behind] */
    float numerator;
} cone;

static cone take_apart(const float x[3])
{
    cone p;
    p.largest = x[0] >= x[1] && x[0] >= x[2] ? 0 : x[1] >= x[2] ? 1 : 2;
    p.smallest = x[0] <= x[1] && x[0] <= x[2] ? 0 : x[1] <= x[2] ? 1 : 2;
    p.v = x[p.largest];
    p.c = p.v - x[p.smallest];
    p.ahead = (p.largest + 1) % 3;
    p.behind = (p.largest + 2) % 3;
    p.numerator = x[p.ahead] - x[p.behind];
    p.h = p.c > 0 ? p.numerator / (6 * p.c) + (float)p.largest / 3.0F : 0;
    if (p.h < 0)
        p.h += 1;
    return p;
}

/* k of channel i at hue h: 1 near the channel's own hue, 0 far from it; and its slope. */
static float trapezoid(int i, float h, float *slope)
{
    static const float centers[3] = {3, 2, 4};
    const float from = h * 6 - centers[i], away = fabsf(from);
    const float k = i == 0 ? away - 1 : 2 - away;
    *slope = k > 0 && k < 1 ? ((from > 0) == (i == 0) ? 6.0F : -6.0F) : 0.0F;
    return k < 0 ? 0 : k > 1 ? 1 : k;
}

/* dL/dx of a pixel from those with respect to v, c and h. */
static void put_gradient(const cone *p, float dv, float dc, float dh, float dx[3])
{
    dx[0] = dx[1] = dx[2] = 0;
    if (p->c > 0) {
        const float dnumerator = dh / (6 * p->c);
        dc -= dh * p->numerator / (6 * p->c * p->c);
        dx[p->ahead] += dnumerator;
        dx[p->behind] -= dnumerator;
    }
    dx[p->largest] += dv + dc;
    dx[p->smallest] -= dc;
}

static float turned(float h, float amount)
{
    h += amount;
    if (h > 1)
        h -= 1;
    return h < 0 ? h + 1 : h;
}

static void hue(const stria_augment *a, const float *x, float *y)
{
    const float width = a->high - a->low;
    const float scaled[3] = {(x[0] - a->low) / width, (x[1] - a->low) / width, (x[2] - a->low) / width};
    const cone p = take_apart(scaled);
    const float h = turned(p.h, a->amount);
    for (int i = 0; i < 3; i++) {
        float slope;
        const float value = p.v - p.c * (1 - trapezoid(i, h, &slope));
        y[i] = stria_clip(a, value * width + a->low, &slope);
    }
}

static void hue_gradient(const stria_augment *a, const float *x, const float *dy, float *dx)
{
    const float width = a->high - a->low;
    const float scaled[3] = {(x[0] - a->low) / width, (x[1] - a->low) / width, (x[2] - a->low) / width};
    const cone p = take_apart(scaled);
    const float h = turned(p.h, a->amount);
    float dv = 0, dc = 0, dh = 0;
    for (int i = 0; i < 3; i++) {
        float steep, inside;
        const float k = trapezoid(i, h, &steep);
        stria_clip(a, (p.v - p.c * (1 - k)) * width + a->low, &inside);
        const float g = inside * dy[i];
        dv += g;
        dc -= g * (1 - k);
        dh += g * p.c * steep;
    }
    put_gradient(&p, dv, dc, dh, dx);
}

/* The saturation c / v grows to at most 1; back, channel i is v * (1 - s * (1 - k_i(h))). */
static float saturated(const stria_augment *a, const cone *p, bool *held)
{
    const float s = p->v > 0 ? p->c / p->v * a->amount : 0;
    *held = s > 1 || !(p->v > 0);
    return s > 1 ? 1 : s;
}

static void saturation(const stria_augment *a, const float *x, float *y)
{
    const cone p = take_apart(x);
    bool held;
    const float s = saturated(a, &p, &held);
    for (int i = 0; i < 3; i++) {
        float slope;
        y[i] = p.v * (1 - s * (1 - trapezoid(i, p.h, &slope)));
    }
}

static void saturation_gradient(const stria_augment *a, const float *x, const float *dy, float *dx)
{
    const cone p = take_apart(x);
    bool held;
    const float s = saturated(a, &p, &held);
    float dv = 0, ds = 0, dh = 0;
    for (int i = 0; i < 3; i++) {
        float steep;
        const float k = trapezoid(i, p.h, &steep);
        dv += dy[i] * (1 - s * (1 - k));
        ds -= dy[i] * p.v * (1 - k);
        dh += dy[i] * p.v * s * steep;
    }
    if (held)
        put_gradient(&p, dv, 0, dh, dx);
    else
        put_gradient(&p, dv - ds * s / p.v, ds * a->amount / p.v, dh, dx);
}

/* ---- All pixels ---- */

void stria_augment_color(const stria_augment *a, const stria_picture_size *size, const float *x, float *y)
{
    const size_t channels = size->channels, end = size->height * size->width * channels;
    for (size_t e = 0; e < end; e += channels)
        if (a->kind == STRIA_AUGMENT_GRAY)
            gray(a, channels, x + e, y + e);
        else if (a->kind == STRIA_AUGMENT_HUE)
            hue(a, x + e, y + e);
        else
            saturation(a, x + e, y + e);
}

void stria_augment_color_gradient(const stria_augment *a, const stria_picture_size *size, const float *x,
                                  const float *dy, float *dx)
{
    const size_t channels = size->channels, end = size->height * size->width * channels;
    for (size_t e = 0; e < end; e += channels)
        if (a->kind == STRIA_AUGMENT_GRAY)
            gray_gradient(a, channels, x + e, dy + e, dx + e);
        else if (a->kind == STRIA_AUGMENT_HUE)
            hue_gradient(a, x + e, dy + e, dx + e);
        else
            saturation_gradient(a, x + e, dy + e, dx + e);
}

/* Augmentations that look at more than one pixel: smoothing and sharpening with zeros outside the picture,
 * and what goes by a channel's extremes or histogram. */
#include <math.h>
#include <string.h>

#include "kernels/augment_inside.h"

/* ---- Neighbourhoods ---- */

/* The weight of the tap `rows` below and `columns` right of the centre. */
typedef struct taps {
    ptrdiff_t rows, columns; /* the window reaches so far to each side */
    bool gaussian;
    double row_scale, column_scale, norm;
} taps;

static double bell(ptrdiff_t at, double scale)
{
    return exp(-0.5 * ((double)at / scale) * ((double)at / scale));
}

static double sum_of_bells(ptrdiff_t reach, double scale)
{
    double sum = 0;
    for (ptrdiff_t t = -reach; t <= reach; t++)
        sum += bell(t, scale);
    return sum;
}

static taps taps_of(const stria_augment *a)
{
    if (a->kind == STRIA_AUGMENT_SHARPEN)
        return (taps){.rows = 1, .columns = 1};
    taps t = {.rows = (ptrdiff_t)(a->kernel[0] / 2),
              .columns = (ptrdiff_t)(a->kernel[1] / 2),
              .gaussian = true,
              .row_scale = (double)a->sigma[0],
              .column_scale = (double)a->sigma[1]};
    t.norm = sum_of_bells(t.rows, t.row_scale) * sum_of_bells(t.columns, t.column_scale);
    return t;
}

/* Smoothing of Pillow and Keras: 5/13 in the middle, 1/13 around it. */
static float weight_of(const taps *t, ptrdiff_t row, ptrdiff_t column)
{
    if (!t->gaussian)
        return row == 0 && column == 0 ? 5.0F / 13.0F : 1.0F / 13.0F;
    return (float)(bell(row, t->row_scale) * bell(column, t->column_scale) / t->norm);
}

/* How far taps of an axis reach that meet a picture of this size. */
static ptrdiff_t seen_reach(ptrdiff_t reach, ptrdiff_t size)
{
    return reach < size ? reach : size - 1;
}

/* y[i,j] = sum over taps of w * x[i + row, j + column]; tap by tap over whole rows. The window is symmetric,
 * so this is its own adjoint. */
static void smooth(const taps *t, const stria_picture_size *size, const float *x, float *y)
{
    const ptrdiff_t height = (ptrdiff_t)size->height, width = (ptrdiff_t)size->width;
    const size_t line = size->width * size->channels;
    const ptrdiff_t rows = seen_reach(t->rows, height), columns = seen_reach(t->columns, width);
    memset(y, 0, size->height * line * sizeof *y);
    for (ptrdiff_t row = -rows; row <= rows; row++)
        for (ptrdiff_t column = -columns; column <= columns; column++) {
            const float w = weight_of(t, row, column);
            const ptrdiff_t first = column < 0 ? -column : 0, last = column > 0 ? width - column : width;
            for (ptrdiff_t i = row < 0 ? -row : 0; i < (row > 0 ? height - row : height); i++) {
                const float *from = x + (size_t)(i + row) * line + (size_t)(first + column) * size->channels;
                float *to = y + (size_t)i * line + (size_t)first * size->channels;
                for (size_t e = 0; e < (size_t)(last - first) * size->channels; e++)
                    to[e] += w * from[e];
            }
        }
}

void stria_augment_filter(const stria_augment *a, const stria_picture_size *size, const float *x, float *y)
{
    const size_t count = size->height * size->width * size->channels;
    const taps t = taps_of(a);
    float slope;
    smooth(&t, size, x, y);
    for (size_t e = 0; e < count; e++) {
        const float filtered = t.gaussian ? y[e] : x[e] + (1 - a->amount) * (y[e] - x[e]);
        y[e] = stria_clip(a, filtered, &slope);
    }
}

/* dx = (1 - share) * g + share * smooth(g), with g = dy where y is not clipped. The smoothed picture says
 * where that is, so it is made again. */
void stria_augment_filter_gradient(const stria_augment *a, const stria_picture_size *size, const float *x,
                                   const float *dy, float *dx, float *scratch)
{
    const size_t count = size->height * size->width * size->channels;
    const taps t = taps_of(a);
    const float share = a->kind == STRIA_AUGMENT_BLUR ? 1 : 1 - a->amount;
    float *g = scratch;
    smooth(&t, size, x, g);
    for (size_t e = 0; e < count; e++) {
        float slope;
        stria_clip(a, t.gaussian ? g[e] : x[e] + (1 - a->amount) * (g[e] - x[e]), &slope);
        g[e] = slope * dy[e];
    }
    smooth(&t, size, g, dx);
    for (size_t e = 0; e < count; e++)
        dx[e] = (1 - share) * g[e] + share * dx[e];
}

/* ---- Extremes of a channel ---- */

typedef struct extremes {
    float least, most;
    size_t least_at, most_at; /* the first of them */
} extremes;

static extremes find_extremes(const stria_picture_size *size, size_t channel, const float *x)
{
    const size_t count = size->height * size->width * size->channels;
    extremes found = {x[channel], x[channel], channel, channel};
    for (size_t e = channel; e < count; e += size->channels) {
        if (x[e] < found.least) {
            found.least = x[e];
            found.least_at = e;
        }
        if (x[e] > found.most) {
            found.most = x[e];
            found.most_at = e;
        }
    }
    return found;
}

/* A channel of one value stays as it is. */
void stria_augment_stretch(const stria_augment *a, const stria_picture_size *size, const float *x, float *y)
{
    const size_t count = size->height * size->width * size->channels;
    for (size_t c = 0; c < size->channels; c++) {
        const extremes of = find_extremes(size, c, x);
        const float factor = (a->high - a->low) / (of.most - of.least);
        float slope;
        for (size_t e = c; e < count; e += size->channels)
            y[e] = of.most > of.least ? stria_clip(a, (x[e] - of.least) * factor + a->low, &slope) : x[e];
    }
}

/* The extremes move all numbers: what a number x hands on to the largest is -(x - least) / (most - least)
 * times its gradient, to the least -(most - x) / (most - least). */
void stria_augment_stretch_gradient(const stria_augment *a, const stria_picture_size *size, const float *x,
                                    const float *dy, float *dx)
{
    const size_t count = size->height * size->width * size->channels;
    for (size_t c = 0; c < size->channels; c++) {
        const extremes of = find_extremes(size, c, x);
        const float factor = (a->high - a->low) / (of.most - of.least);
        double to_least = 0, to_most = 0;
        for (size_t e = c; e < count; e += size->channels) {
            if (!(of.most > of.least)) {
                dx[e] = dy[e];
                continue;
            }
            const double share = (double)((x[e] - of.least) / (of.most - of.least));
            dx[e] = factor * dy[e];
            to_most -= share * (double)dx[e];
            to_least -= (1 - share) * (double)dx[e];
        }
        if (of.most > of.least) {
            dx[of.least_at] += (float)to_least;
            dx[of.most_at] += (float)to_most;
        }
    }
}

/* ---- Histograms ---- */

/* Number v as one of `bins` grey values. */
static size_t bin_of(const stria_augment *a, float v)
{
    float slope;
    const float share = (stria_clip(a, v, &slope) - a->low) / (a->high - a->low);
    return share > 0 ? (size_t)(share * (float)(a->bins - 1)) : 0; /* 0 for NaN */
}

/* How many numbers of a channel lie in each bin; returns the lowest with any. */
static size_t count_bins(const stria_augment *a, const stria_picture_size *size, size_t channel,
                         const float *x, size_t counts[STRIA_MAX_BINS])
{
    size_t lowest = 0;
    memset(counts, 0, (size_t)a->bins * sizeof *counts);
    for (size_t p = 0; p < size->height * size->width; p++)
        counts[bin_of(a, x[p * size->channels + channel])]++;
    while (counts[lowest] == 0)
        lowest++;
    return lowest;
}

/* Each value becomes the share of numbers that are not above it, of those beyond the lowest bin, in 256
 * steps; a channel of one bin stays. */
void stria_augment_equalize(const stria_augment *a, const stria_picture_size *size, const float *x, float *y)
{
    const size_t pixels = size->height * size->width, channels = size->channels;
    for (size_t c = 0; c < channels; c++) {
        size_t below[STRIA_MAX_BINS];
        const size_t lowest = count_bins(a, size, c, x, below), first = below[lowest];
        for (int b = 1; b < a->bins; b++)
            below[b] += below[b - 1];
        for (size_t p = 0; p < pixels; p++) {
            const float v = x[p * channels + c];
            if (first == pixels) {
                y[p * channels + c] = v;
                continue;
            }
            const double share = (double)(below[bin_of(a, v)] - first) / (double)(pixels - first);
            y[p * channels + c] = a->low + (float)rint(share * 255) / 255 * (a->high - a->low);
        }
    }
}

void stria_augment_equalize_gradient(const stria_augment *a, const stria_picture_size *size, const float *x,
                                     const float *dy, float *dx)
{
    const size_t pixels = size->height * size->width, channels = size->channels;
    for (size_t c = 0; c < channels; c++) {
        size_t counts[STRIA_MAX_BINS];
        const size_t lowest = count_bins(a, size, c, x, counts);
        const bool stays = counts[lowest] == pixels;
        for (size_t e = c; e < pixels * channels; e += channels)
            dx[e] = stays ? dy[e] : 0;
    }
}

/* Resampling of bytes in whole numbers, to the bit as Pillow does it (its sources are the only description):
 * weights of 22 bits behind the point, columns first, then rows, each rounded to bytes. Also OpenCV's
 * bilinear of bytes.
 *
 * Tables are as in resample.c, of int32_t: a line for each output with the first input, how many, the weight
 * of fill values, and the weights. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "kernels/resample.h"

#define PI 3.14159265358979323846

/* Eight bits for the result and two for weights below 0 and sums above 1. */
#define PRECISION 22
#define HALF      (1 << (PRECISION - 1))

#define LINE_HEAD 3

/* ---- Weights ---- */

static double radius_of(stria_interpolation interpolation)
{
    return interpolation == STRIA_BOX        ? 0.5
           : interpolation == STRIA_BICUBIC  ? 2
           : interpolation == STRIA_LANCZOS3 ? 3
                                             : 1;
}

static double sinc(double x)
{
    return x == 0 ? 1 : sin(PI * x) / (PI * x);
}

static double kernel_at(stria_interpolation interpolation, double x)
{
    double distance = fabs(x);
    switch (interpolation) {
    case STRIA_BOX:
        return x > -0.5 && x <= 0.5 ? 1 : 0;
    case STRIA_HAMMING:
        /* Pillow has the window's two numbers as floats. */
        return distance < 1 ? sinc(distance) * ((double)0.54F + (double)0.46F * cos(PI * distance)) : 0;
    case STRIA_BICUBIC:
        if (distance < 1)
            return (1.5 * distance - 2.5) * distance * distance + 1;
        return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * -0.5 : 0;
    case STRIA_LANCZOS3:
        return x >= -3 && x < 3 ? sinc(distance) * sinc(distance / 3) : 0;
    default:
        return distance < 1 ? 1 - distance : 0;
    }
}

static double widening(const stria_resample_axis *axis)
{
    double scale = (double)axis->extent / (double)axis->out;
    return scale > 1 ? scale : 1;
}

static size_t taps_of(const stria_resample *r, int a)
{
    double reach = radius_of(r->interpolation) * widening(&r->axes[a]);
    size_t extent = r->axes[a].extent;
    return reach < (double)extent ? stria_size_min((size_t)ceil(reach) * 2 + 1, extent) : extent;
}

static size_t line_size(const stria_resample *r, int a)
{
    return LINE_HEAD + taps_of(r, a);
}

size_t stria_resample_fixed_table_size(const stria_resample *r)
{
    return r->axes[0].out * line_size(r, 0) + r->axes[1].out * line_size(r, 1);
}

static int32_t to_fixed(double weight)
{
    return (int32_t)(weight * (1 << PRECISION) + (weight < 0 ? -0.5 : 0.5));
}

/* Inputs first ... end of the stretch, of which those within the picture are kept. */
static void fill_line(const stria_resample *r, const stria_resample_axis *axis, size_t o, int32_t *line)
{
    double scale = (double)axis->extent / (double)axis->out, narrowing = 1 / widening(axis);
    double centre = ((double)o + 0.5) * scale, reach = radius_of(r->interpolation) * widening(axis);
    double from = centre - reach + 0.5, to = centre + reach + 0.5, total = 0;
    int64_t first = from > 0 ? (int64_t)from : 0, end = (int64_t)to;
    if (end > (int64_t)axis->extent)
        end = (int64_t)axis->extent;
    for (int64_t i = first; i < end; i++)
        total += kernel_at(r->interpolation, ((double)i - centre + 0.5) * narrowing);
    int32_t outside = 0, count = 0, kept = 0;
    for (int64_t i = first; i < end; i++) {
        double weight = kernel_at(r->interpolation, ((double)i - centre + 0.5) * narrowing);
        int32_t fixed = to_fixed(total != 0 ? weight / total : weight);
        int64_t place = i + axis->start;
        if (place < 0 || place >= (int64_t)axis->in) {
            outside += fixed;
            continue;
        }
        if (count == 0)
            kept = (int32_t)place;
        line[LINE_HEAD + count++] = fixed;
    }
    line[0] = kept;
    line[1] = count;
    line[2] = outside;
}

void stria_resample_fill_fixed_table(const stria_resample *r, int32_t *table)
{
    for (int a = 0; a < 2; a++)
        for (size_t o = 0; o < r->axes[a].out; o++, table += line_size(r, a))
            fill_line(r, &r->axes[a], o, table);
}

/* ---- Running ---- */

static inline uint8_t clip(int32_t sum)
{
    int32_t value = sum >> PRECISION;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* A row [W,C] to [Wo,C]: each channel by itself, or three at once. */
static void resample_channel(const int32_t *line, size_t step, size_t out, size_t channels, int32_t fill,
                             const uint8_t *x, uint8_t *y)
{
    for (size_t o = 0; o < out; o++, line += step, y += channels) {
        const uint8_t *from = x + (size_t)line[0] * channels;
        int32_t sum = HALF + line[2] * fill;
        for (int32_t k = 0; k < line[1]; k++, from += channels)
            sum += from[0] * line[LINE_HEAD + k];
        *y = clip(sum);
    }
}

static void resample_colours(const int32_t *line, size_t step, size_t out, int32_t fill, const uint8_t *x,
                             uint8_t *y)
{
    for (size_t o = 0; o < out; o++, line += step, y += 3) {
        const uint8_t *from = x + (size_t)line[0] * 3;
        const int32_t *weights = line + LINE_HEAD, *end = weights + line[1];
        int32_t red = HALF + line[2] * fill, green = red, blue = red;
        for (; weights < end; weights++, from += 3) {
            red += from[0] * *weights;
            green += from[1] * *weights;
            blue += from[2] * *weights;
        }
        y[0] = clip(red);
        y[1] = clip(green);
        y[2] = clip(blue);
    }
}

static void resample_columns(const stria_resample *r, const int32_t *table, const uint8_t *x, uint8_t *y)
{
    size_t step = line_size(r, 1), out = r->axes[1].out;
    if (r->channels == 3)
        resample_colours(table, step, out, (int32_t)r->fill, x, y);
    for (size_t c = 0; c < r->channels && r->channels != 3; c++)
        resample_channel(table, step, out, r->channels, (int32_t)r->fill, x + c, y + c);
}

/* An output row is input rows added up, all columns at once. */
static void resample_rows(const int32_t *line, const uint8_t *x, size_t row, int32_t fill, int32_t *sums,
                          uint8_t *y)
{
    int32_t start = HALF + line[2] * fill;
    const uint8_t *from = x + (size_t)line[0] * row;
    for (size_t i = 0; i < row; i++)
        sums[i] = start;
    for (int32_t k = 0; k < line[1]; k++, from += row) {
        int32_t weight = line[LINE_HEAD + k];
        for (size_t i = 0; i < row; i++)
            sums[i] += from[i] * weight;
    }
    for (size_t i = 0; i < row; i++)
        y[i] = clip(sums[i]);
}

/* Which pass comes first decides where is rounded. Pillow 13 begins with the rows where their number shrinks
 * by more than twice what that of the columns does; older ones always begin with the columns. */
static bool begins_with_rows(const stria_resample *r)
{
    int64_t fewer_rows = (int64_t)r->axes[0].extent - (int64_t)r->axes[0].out;
    int64_t fewer_columns = (int64_t)r->axes[1].extent - (int64_t)r->axes[1].out;
    return fewer_rows > 0 && fewer_rows > 2 * fewer_columns;
}

static bool is_identity(const stria_resample_axis *axis)
{
    return axis->in == axis->out && axis->extent == axis->in && axis->start == 0;
}

size_t stria_resample_fixed_scratch(const stria_resample *r)
{
    size_t row = r->axes[1].out * r->channels, in_row = r->axes[1].in * r->channels;
    if (begins_with_rows(r))
        return in_row * sizeof(int32_t) + in_row;
    return row * sizeof(int32_t) + r->axes[0].in * row;
}

static void rows_then_columns(const stria_resample *r, const int32_t *rows, const int32_t *columns,
                              const uint8_t *x, uint8_t *y, int32_t *sums)
{
    size_t row = r->axes[1].out * r->channels, in_row = r->axes[1].in * r->channels;
    bool only_rows = is_identity(&r->axes[1]);
    uint8_t *between = (uint8_t *)(sums + in_row);
    for (size_t o = 0; o < r->axes[0].out; o++, rows += line_size(r, 0), y += row) {
        resample_rows(rows, x, in_row, (int32_t)r->fill, sums, only_rows ? y : between);
        if (!only_rows)
            resample_columns(r, columns, between, y);
    }
}

static void columns_then_rows(const stria_resample *r, const int32_t *rows, const int32_t *columns,
                              const uint8_t *x, uint8_t *y, int32_t *sums)
{
    size_t row = r->axes[1].out * r->channels, in_row = r->axes[1].in * r->channels;
    bool only_columns = is_identity(&r->axes[0]);
    uint8_t *between = only_columns ? y : (uint8_t *)(sums + row);
    /* The rows that are needed: lines are in order, and those without inputs are at the ends. */
    const int32_t *last = rows + (r->axes[0].out - 1) * line_size(r, 0);
    size_t first = (size_t)rows[0], end = last[1] > 0 ? (size_t)(last[0] + last[1]) : r->axes[0].in;
    for (size_t i = first; i < end; i++)
        if (is_identity(&r->axes[1]))
            memcpy(between + i * row, x + i * in_row, row);
        else
            resample_columns(r, columns, x + i * in_row, between + i * row);
    for (size_t o = 0; o < r->axes[0].out && !only_columns; o++, rows += line_size(r, 0))
        resample_rows(rows, between, row, (int32_t)r->fill, sums, y + o * row);
}

void stria_resample_fixed(const stria_resample *r, const int32_t *table, const uint8_t *x, uint8_t *y,
                          void *scratch)
{
    const int32_t *columns = table + r->axes[0].out * line_size(r, 0);
    if (begins_with_rows(r))
        rows_then_columns(r, table, columns, x, y, scratch);
    else
        columns_then_rows(r, table, columns, x, y, scratch);
}

/* Depthwise micro-kernels: channels do not mix, so a vector holds neighbouring channels and no input is
 * broadcast.
 *
 * Windows of 3x3 with stride 1 or 2 compute several rows of outputs at once: the weights and the three
 * columns of inputs that one output sees stay in registers, so every input is loaded once for all rows. All
 * other windows are strips, several neighbouring pixels that see the same taps; kernel gradients sum up to
 * nine taps over a rectangle of pixels. */
#include "kernels/conv_depthwise.h"
#include "kernels/simd/conv.h"

/* The lanes that are channels. `whole`, a constant: all of them. */
VEC_INLINE vec load_channels(const float *from, const part lanes, const bool whole)
{
    return whole ? vec_load(from) : load_part(from, lanes);
}

VEC_INLINE void store_channels(float *to, vec v, const part lanes, const bool whole)
{
    if (whole)
        vec_store(to, v);
    else
        store_part(to, v, lanes);
}

/* ---- Windows of 3x3 ---- */

/* As many rows as the registers hold: 9 weights, 3 columns of inputs, the sums. */
#if VEC_REGISTERS == 32
#    define WINDOW_ROWS_1 3
#    define WINDOW_ROWS_2 2
#else
#    define WINDOW_ROWS_1 2
#    define WINDOW_ROWS_2 1
#endif

typedef struct window {
    const stria_depthwise_rows *tile;
    size_t channel;
    part lanes;
    vec weights[9], start;
    float *out; /* of the next column */
} window;

/* Column `column` of the inputs, or the padding beside them. */
VEC_INLINE void load_column(const window *k, ptrdiff_t column, vec *x, const int lines, const bool whole)
{
    const stria_depthwise_rows *t = k->tile;
    const bool real = column >= 0 && (size_t)column < t->in;
    VEC_UNROLL
    for (int l = 0; l < lines; l++)
        x[l] = real ? load_channels(t->lines[l] + (size_t)column * t->steps[l] + k->channel, k->lanes, whole)
                    : (vec){0};
}

/* One output of each row; its first column of inputs is x[first], the others follow in a ring. */
VEC_INLINE void window_outputs(window *k, vec x[3][STRIA_DEPTHWISE_LINES], const int first, const int rows,
                               const int stride, const bool whole)
{
    const stria_depthwise_rows *t = k->tile;
    vec sums[STRIA_DEPTHWISE_ROWS];
    VEC_UNROLL
    for (int r = 0; r < rows; r++)
        sums[r] = k->start;
    VEC_UNROLL
    for (int j = 0; j < 9 * rows; j++) {
        const int tap = j / rows, r = j % rows;
        sums[r] += x[(first + tap % 3) % 3][r * stride + tap / 3] * k->weights[tap];
    }
    if (t->residual != NULL) {
        const float *residual = t->residual + (k->out - t->out);
        VEC_UNROLL
        for (int r = 0; r < rows; r++, residual += t->out_row)
            sums[r] += load_channels(residual, k->lanes, whole);
    }
    if (t->relu) {
        VEC_UNROLL
        for (int r = 0; r < rows; r++)
            sums[r] = clip(sums[r], vec_broadcast(t->ceiling));
    }
    float *out = k->out;
    VEC_UNROLL
    for (int r = 0; r < rows; r++, out += t->out_row)
        store_channels(out, sums[r], k->lanes, whole);
    k->out += t->out_step;
}

/* `rows` rows of outputs for the channels of one vector. */
VEC_INLINE void window_channels(const stria_depthwise_rows *t, size_t channel, const part lanes,
                                const bool whole, const int rows, const int stride)
{
    const int lines = 3 + (rows - 1) * stride;
    window k = {.tile = t, .channel = channel, .lanes = lanes, .out = t->out + channel};
    VEC_UNROLL
    for (int i = 0; i < 9; i++)
        k.weights[i] = load_channels(t->weights + (size_t)i * t->channels + channel, lanes, whole);
    k.start = t->bias != NULL ? load_channels(t->bias + channel, lanes, whole) : (vec){0};

    vec x[3][STRIA_DEPTHWISE_LINES];
    ptrdiff_t column = t->first; /* the next to be loaded */
    VEC_UNROLL
    for (int i = 0; i < 3 - stride; i++)
        load_column(&k, column++, x[i], lines, whole);
    for (size_t left = t->columns; left > 0;) {
        if (column >= 0 && left >= 3 && (size_t)column + 3 * (size_t)stride <= t->in) {
            /* Three outputs: the ring is back where it began. */
            const float *from[STRIA_DEPTHWISE_LINES];
            VEC_UNROLL
            for (int l = 0; l < lines; l++)
                from[l] = t->lines[l] + (size_t)column * t->steps[l] + channel;
            do {
                VEC_UNROLL
                for (int i = 0; i < 3; i++) {
                    VEC_UNROLL
                    for (int j = 0; j < stride * lines; j++) {
                        const int l = j % lines;
                        x[(i * stride + 3 - stride + j / lines) % 3][l] =
                            load_channels(from[l], lanes, whole);
                        from[l] += t->steps[l];
                    }
                    window_outputs(&k, x, i * stride % 3, rows, stride, whole);
                }
                column += 3 * stride;
                left -= 3;
            } while (left >= 3 && (size_t)column + 3 * (size_t)stride <= t->in);
            continue;
        }
        VEC_UNROLL
        for (int i = 3 - stride; i < 3; i++)
            load_column(&k, column++, x[i], lines, whole);
        window_outputs(&k, x, 0, rows, stride, whole);
        VEC_UNROLL
        for (int j = 0; j < (3 - stride) * lines; j++)
            x[j / lines][j % lines] = x[j / lines + stride][j % lines];
        left--;
    }
}

#define WINDOW(rows, stride)                                                                                 \
    static void window_##rows##_##stride(const stria_depthwise_rows *t)                                      \
    {                                                                                                        \
        size_t c = 0;                                                                                        \
        for (; c + VL <= t->channels; c += VL)                                                               \
            window_channels(t, c, part_of(VL), true, rows, stride);                                          \
        if (c < t->channels)                                                                                 \
            window_channels(t, c, part_of(t->channels - c), false, rows, stride);                            \
    }

WINDOW(1, 1)
WINDOW(2, 1)
WINDOW(1, 2)
#if VEC_REGISTERS == 32
WINDOW(3, 1)
WINDOW(2, 2)
#endif

static void depthwise_rows(const stria_depthwise_rows *tile)
{
#if VEC_REGISTERS == 32
    static void (*const windows[2][WINDOW_ROWS_1])(const stria_depthwise_rows *) = {
        {window_1_1, window_2_1, window_3_1}, {window_1_2, window_2_2}};
#else
    static void (*const windows[2][WINDOW_ROWS_1])(const stria_depthwise_rows *) = {{window_1_1, window_2_1},
                                                                                    {window_1_2}};
#endif
    windows[tile->stride - 1][tile->rows - 1](tile);
}

/* ---- Strips ---- */

#if VEC_REGISTERS == 32
#    define STRIP_PIXELS           8
#    define EACH_STRIP_PIXEL(what) ROWS_1_TO_6(what) what(7) what(8)
#else
#    define STRIP_PIXELS           6
#    define EACH_STRIP_PIXEL(what) ROWS_1_TO_6(what)
#endif

/* A tile of `pixels` by `vectors` vectors of channels in registers. */
VEC_INLINE void strip(const stria_depthwise_strip *s, size_t pixel, size_t channel, const part lanes,
                      const bool whole, const int pixels, const int vectors)
{
    const int count = pixels * vectors;
    vec sums[TILE_MAX_SUMS], start[2];
    VEC_UNROLL
    for (int v = 0; v < vectors; v++)
        start[v] = s->bias != NULL ? load_channels(s->bias + channel + v * VL, lanes, whole) : (vec){0};
    VEC_UNROLL
    for (int j = 0; j < count; j++)
        sums[j] = start[j % vectors];
    const float *corner = s->x + pixel * s->x_step + channel, *weights = s->weights + channel;
    const size_t x_step = s->x_step;
    for (size_t t = 0; t < s->taps; t++) {
        const float *x = corner + s->offsets[t], *w = weights + s->rows[t];
        vec b[2];
        VEC_UNROLL
        for (int v = 0; v < vectors; v++)
            b[v] = load_channels(w + v * VL, lanes, whole);
        VEC_UNROLL
        for (int j = 0; j < count; j++) {
            const float *from = x + (size_t)(j / vectors) * x_step + j % vectors * VL;
            sums[j] += load_channels(from, lanes, whole) * b[j % vectors];
        }
    }
    const size_t first = pixel * s->out_step + channel;
    if (s->residual != NULL) {
        VEC_UNROLL
        for (int j = 0; j < count; j++) {
            const float *from = s->residual + first + (size_t)(j / vectors) * s->out_step + j % vectors * VL;
            sums[j] += load_channels(from, lanes, whole);
        }
    }
    if (s->relu) {
        VEC_UNROLL
        for (int j = 0; j < count; j++)
            sums[j] = clip(sums[j], vec_broadcast(s->ceiling));
    }
    float *out = s->out + first;
    VEC_UNROLL
    for (int j = 0; j < count; j++)
        store_channels(out + (size_t)(j / vectors) * s->out_step + j % vectors * VL, sums[j], lanes, whole);
}

typedef void (*strip_fn)(const stria_depthwise_strip *s, size_t pixel, size_t channel, part lanes);

#define STRIPS(pixels)                                                                                       \
    static void strip_two_##pixels(const stria_depthwise_strip *s, size_t pixel, size_t channel, part lanes) \
    {                                                                                                        \
        strip(s, pixel, channel, lanes, true, pixels, 2);                                                    \
    }                                                                                                        \
    static void strip_one_##pixels(const stria_depthwise_strip *s, size_t pixel, size_t channel, part lanes) \
    {                                                                                                        \
        strip(s, pixel, channel, lanes, true, pixels, 1);                                                    \
    }                                                                                                        \
    static void strip_part_##pixels(const stria_depthwise_strip *s, size_t pixel, size_t channel,            \
                                    part lanes)                                                              \
    {                                                                                                        \
        strip(s, pixel, channel, lanes, false, pixels, 1);                                                   \
    }
EACH_STRIP_PIXEL(STRIPS)

#define NAME_TWO(pixels)  strip_two_##pixels,
#define NAME_ONE(pixels)  strip_one_##pixels,
#define NAME_PART(pixels) strip_part_##pixels,

static const strip_fn strips_two[] = {EACH_STRIP_PIXEL(NAME_TWO)},
                      strips_one[] = {EACH_STRIP_PIXEL(NAME_ONE)},
                      strips_part[] = {EACH_STRIP_PIXEL(NAME_PART)};

static void depthwise_strip(const stria_depthwise_strip *s)
{
    size_t tiles = (s->pixels + STRIP_PIXELS - 1) / STRIP_PIXELS;
    for (size_t c = 0; c < s->channels;) {
        size_t left = s->channels - c, width = left >= 2 * VL ? 2 * VL : left >= VL ? VL : left;
        const strip_fn *strips = left >= 2 * VL ? strips_two : left >= VL ? strips_one : strips_part;
        const part lanes = part_of(width < VL ? width : VL);
        for (size_t t = 0; t < tiles; t++) {
            size_t begin = t * s->pixels / tiles, end = (t + 1) * s->pixels / tiles;
            strips[end - begin - 1](s, begin, c, lanes);
        }
        c += width;
    }
}

/* ---- Kernel gradients ---- */

/* `taps` sums over a rectangle of pixels, and that of dy alone when `with_bias`. */
VEC_INLINE void outer(const stria_depthwise_outer *g, size_t channel, const part lanes, const bool whole,
                      const int taps, const bool with_bias)
{
    vec sums[STRIA_DEPTHWISE_TAPS], total = {0};
    VEC_UNROLL
    for (int t = 0; t < taps; t++)
        sums[t] = load_channels(g->sums + g->rows[t] + channel, lanes, whole);
    if (with_bias)
        total = load_channels(g->bias_sums + channel, lanes, whole);
    const float *corner = g->x + channel, *line = g->dy + channel;
    const size_t x_step = g->x_step, dy_step = g->dy_step;
    for (size_t row = g->row_count; row > 0; row--, corner += g->x_row, line += g->dy_row) {
        const float *x[STRIA_DEPTHWISE_TAPS], *dy = line;
        VEC_UNROLL
        for (int t = 0; t < taps; t++)
            x[t] = corner + g->offsets[t];
        const size_t end = g->column_count * x_step;
        for (size_t at = 0; at < end; at += x_step, dy += dy_step) {
            const vec d = load_channels(dy, lanes, whole);
            VEC_UNROLL
            for (int t = 0; t < taps; t++)
                sums[t] += load_channels(x[t] + at, lanes, whole) * d;
            if (with_bias)
                total += d;
        }
    }
    VEC_UNROLL
    for (int t = 0; t < taps; t++)
        store_channels(g->sums + g->rows[t] + channel, sums[t], lanes, whole);
    if (with_bias)
        store_channels(g->bias_sums + channel, total, lanes, whole);
}

#define OUTER(taps, name, with_bias)                                                                         \
    static void outer_##name##_##taps(const stria_depthwise_outer *g)                                        \
    {                                                                                                        \
        size_t c = 0;                                                                                        \
        for (; c + VL <= g->channels; c += VL)                                                               \
            outer(g, c, part_of(VL), true, taps, with_bias);                                                 \
        if (c < g->channels)                                                                                 \
            outer(g, c, part_of(g->channels - c), false, taps, with_bias);                                   \
    }
#define OUTERS(taps)   OUTER(taps, kernel, false) OUTER(taps, bias, true)
#define EACH_TAP(what) what(0) ROWS_1_TO_6(what) what(7) what(8) what(9)
EACH_TAP(OUTERS)

#define NAME_KERNEL(taps) outer_kernel_##taps,
#define NAME_BIAS(taps)   outer_bias_##taps,

static void depthwise_outer(const stria_depthwise_outer *g)
{
    static void (*const kernels[])(const stria_depthwise_outer *) = {EACH_TAP(NAME_KERNEL)};
    static void (*const biases[])(const stria_depthwise_outer *) = {EACH_TAP(NAME_BIAS)};
    (g->bias_sums != NULL ? biases : kernels)[g->taps](g);
}

const stria_depthwise_isa STRIA_ISA(stria_depthwise) = {
    .rows = depthwise_rows,
    .strip = depthwise_strip,
    .outer = depthwise_outer,
    .most_rows = {WINDOW_ROWS_1, WINDOW_ROWS_2},
    .name = "depthwise " STRIA_ISA_NAME,
};

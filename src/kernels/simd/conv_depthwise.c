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

/* Column `column` of the inputs, or the padding beside them. */
VEC_INLINE vec load_input(const stria_depthwise_rows *t, int line, ptrdiff_t column, size_t channel,
                          const part lanes, const bool whole)
{
    const bool real = column >= 0 && (size_t)column < t->in;
    return real ? load_channels(t->lines[line] + (size_t)column * t->steps[line] + channel, lanes, whole)
                : (vec){0};
}

/* Applies the epilogue to a sum and stores it at out[at]. */
VEC_INLINE void store_output(const stria_depthwise_rows *t, size_t at, vec sum, const part lanes,
                             const bool whole)
{
    if (t->residual != NULL)
        sum += load_channels(t->residual + at, lanes, whole);
    if (t->relu)
        sum = clip(sum, vec_broadcast(t->ceiling));
    store_channels(t->out + at, sum, lanes, whole);
}

#if VEC_REGISTERS == 32

/* In pixels of an even number of cache lines a vector of channels lies on every other line only, which is
 * half the banks of the second cache: there all channels go over so many columns of outputs before the next
 * ones. */
#    define LINE_FLOATS   16
#    define BLOCK_COLUMNS 6
#    define WHOLE_COLUMNS 8 /* too few for blocks */

/* Rows of outputs at once with stride 1. clang reads ahead and would spill a third. */
#    if defined(__clang__)
#        define WINDOW_ROWS 2
#    else
#        define WINDOW_ROWS 3
#    endif

/* What stays in registers while the window moves along several rows of outputs. */
typedef struct window {
    vec weights[9], start;
    vec x[3][STRIA_DEPTHWISE_LINES]; /* columns of inputs, a ring */
    size_t at;                       /* of the next output */
} window;

/* One output of each row; its first column of inputs is x[first], the others follow in the ring. */
VEC_INLINE void window_outputs(window *k, const stria_depthwise_rows *t, const int first, const part lanes,
                               const bool whole, const int rows, const int stride)
{
    vec sums[STRIA_DEPTHWISE_ROWS];
    VEC_UNROLL
    for (int r = 0; r < rows; r++)
        sums[r] = k->start;
    VEC_UNROLL
    for (int j = 0; j < 9 * rows; j++) {
        const int tap = j / rows, r = j % rows;
        sums[r] =
            vec_multiply_add(k->x[(first + tap % 3) % 3][r * stride + tap / 3], k->weights[tap], sums[r]);
    }
    VEC_UNROLL
    for (int r = 0; r < rows; r++)
        store_output(t, k->at + (size_t)r * t->out_row, sums[r], lanes, whole);
    k->at += t->out_step;
}

/* Outputs first ... end - 1 of `rows` rows, for the channels of one vector. */
VEC_INLINE void window_channels(const stria_depthwise_rows *t, size_t first, size_t end, size_t channel,
                                const part lanes, const bool whole, const int rows, const int stride)
{
    const int lines = 3 + (rows - 1) * stride;
    window k = {.at = first * t->out_step + channel};
    VEC_UNROLL
    for (int i = 0; i < 9; i++)
        k.weights[i] = load_channels(t->weights + (size_t)i * t->channels + channel, lanes, whole);
    k.start = t->bias != NULL ? load_channels(t->bias + channel, lanes, whole) : (vec){0};

    ptrdiff_t column = (ptrdiff_t)(first * (size_t)stride) + t->first; /* the next to be loaded */
    VEC_UNROLL
    for (int j = 0; j < (3 - stride) * lines; j++)
        k.x[j / lines][j % lines] = load_input(t, j % lines, column + j / lines, channel, lanes, whole);
    column += 3 - stride;
    for (size_t left = end - first; left > 0;) {
        if (column >= 0 && left >= 3 && (size_t)column + 3 * (size_t)stride <= t->in) {
            const float *from[STRIA_DEPTHWISE_LINES];
            VEC_UNROLL
            for (int l = 0; l < lines; l++)
                from[l] = t->lines[l] + (size_t)column * t->steps[l] + channel;
            /* Three outputs inside the picture: the ring is then back where it began. */
            do {
                VEC_UNROLL
                for (int i = 0; i < 3; i++) {
                    VEC_UNROLL
                    for (int j = 0; j < stride * lines; j++) {
                        const int l = j % lines;
                        k.x[(i * stride + 3 - stride + j / lines) % 3][l] =
                            load_channels(from[l], lanes, whole);
                        from[l] += t->steps[l];
                    }
                    window_outputs(&k, t, i * stride % 3, lanes, whole, rows, stride);
                }
                column += 3 * stride;
                left -= 3;
            } while (left >= 3 && (size_t)column + 3 * (size_t)stride <= t->in);
            continue;
        }
        VEC_UNROLL
        for (int j = 0; j < stride * lines; j++)
            k.x[3 - stride + j / lines][j % lines] =
                load_input(t, j % lines, column + j / lines, channel, lanes, whole);
        window_outputs(&k, t, 0, lanes, whole, rows, stride);
        VEC_UNROLL
        for (int j = 0; j < (3 - stride) * lines; j++)
            k.x[j / lines][j % lines] = k.x[j / lines + stride][j % lines];
        column += stride;
        left--;
    }
}

#    define WINDOW(rows, stride)                                                                             \
        static void window_##rows##_##stride(const stria_depthwise_rows *t, size_t first, size_t end)        \
        {                                                                                                    \
            size_t c = 0;                                                                                    \
            for (; c + VL <= t->channels; c += VL)                                                           \
                window_channels(t, first, end, c, part_of(VL), true, rows, stride);                          \
            if (c < t->channels)                                                                             \
                window_channels(t, first, end, c, part_of(t->channels - c), false, rows, stride);            \
        }

WINDOW(1, 1)
WINDOW(2, 1)
WINDOW(1, 2)
WINDOW(2, 2)
#    if WINDOW_ROWS == 3
WINDOW(3, 1)
#    endif

static void (*const windows[2][WINDOW_ROWS])(const stria_depthwise_rows *, size_t, size_t) = {
#    if WINDOW_ROWS == 3
    {window_1_1, window_2_1, window_3_1},
#    else
    {window_1_1, window_2_1},
#    endif
    {window_1_2, window_2_2}};

static void depthwise_rows(const stria_depthwise_rows *t)
{
    const bool even = t->out_step % (2 * LINE_FLOATS) == 0;
    const size_t most = even && t->columns > WHOLE_COLUMNS ? BLOCK_COLUMNS : t->columns;
    for (size_t first = 0; first < t->columns; first += most) {
        const size_t end = first + most < t->columns ? first + most : t->columns;
        windows[t->stride - 1][t->rows - 1](t, first, end);
    }
}

#endif

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
            sums[j] = vec_multiply_add(load_channels(from, lanes, whole), b[j % vectors], sums[j]);
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

#if VEC_REGISTERS < 32

/* ---- Windows of 3x3 with few registers ---- */

/* A ring does not fit. Rows without padding are strips between their first and last columns; elsewhere the
 * sums of neighbouring outputs stay and inputs are read for each tap. */
#    define ROW_PIXELS 6

/* Outputs first ... first + pixels - 1 of a row; `inside`: all see real columns. */
VEC_INLINE void window_pixels(const stria_depthwise_rows *t, size_t first, size_t channel, const part lanes,
                              const bool whole, const int pixels, const int vectors, const bool inside)
{
    vec sums[ROW_PIXELS * 2], start[2];
    VEC_UNROLL
    for (int v = 0; v < vectors; v++)
        start[v] = t->bias != NULL ? load_channels(t->bias + channel + v * VL, lanes, whole) : (vec){0};
    VEC_UNROLL
    for (int j = 0; j < pixels * vectors; j++)
        sums[j] = start[j % vectors];
    const ptrdiff_t column = (ptrdiff_t)(first * t->stride) + t->first;
    const float *weights = t->weights + channel;
    for (int l = 0; l < 3; l++) {
        const size_t step = t->steps[l], next = t->stride * step;
        const float *from = t->lines[l] + channel + (inside ? (size_t)column * step : 0);
        VEC_UNROLL
        for (int i = 0; i < 3; i++, weights += t->channels, from += inside ? step : 0) {
            vec w[2];
            VEC_UNROLL
            for (int v = 0; v < vectors; v++)
                w[v] = load_channels(weights + v * VL, lanes, whole);
            VEC_UNROLL
            for (int j = 0; j < pixels * vectors; j++) {
                const int v = j % vectors;
                const vec x = inside
                                  ? load_channels(from + (size_t)(j / vectors) * next + v * VL, lanes, whole)
                                  : load_input(t, l, column + i, channel + (size_t)v * VL, lanes, whole);
                sums[j] = vec_multiply_add(x, w[v], sums[j]);
            }
        }
    }
    VEC_UNROLL
    for (int j = 0; j < pixels * vectors; j++)
        store_output(t, (first + (size_t)(j / vectors)) * t->out_step + channel + (size_t)(j % vectors) * VL,
                     sums[j], lanes, whole);
}

/* Whether outputs first ... first + pixels - 1 see real columns. */
VEC_INLINE bool is_inside(const stria_depthwise_rows *t, size_t first, size_t pixels)
{
    const ptrdiff_t column = (ptrdiff_t)(first * t->stride) + t->first;
    return column >= 0 && (size_t)column + (pixels - 1) * t->stride + 3 <= t->in;
}

/* Outputs o ... end - 1 of a row for the channels of some vectors. */
VEC_INLINE void window_channels(const stria_depthwise_rows *t, size_t o, size_t end, size_t channel,
                                const part lanes, const bool whole, const int vectors)
{
    while (o < end) {
        if (o + ROW_PIXELS <= end && is_inside(t, o, ROW_PIXELS)) {
            window_pixels(t, o, channel, lanes, whole, ROW_PIXELS, vectors, true);
            o += ROW_PIXELS;
        } else {
            window_pixels(t, o, channel, lanes, whole, 1, vectors, false);
            o++;
        }
    }
}

static void window_outputs(const stria_depthwise_rows *t, size_t first, size_t end)
{
    size_t c = 0;
    for (; c + 2 * VL <= t->channels; c += 2 * VL)
        window_channels(t, first, end, c, part_of(VL), true, 2);
    for (; c + VL <= t->channels; c += VL)
        window_channels(t, first, end, c, part_of(VL), true, 1);
    if (c < t->channels)
        window_channels(t, first, end, c, part_of(t->channels - c), false, 1);
}

/* Outputs first ... end - 1 of a row without padding. */
static void inner_outputs(const stria_depthwise_rows *t, size_t first, size_t end)
{
    ptrdiff_t offsets[9];
    size_t rows[9];
    const size_t step = t->steps[0], at = first * t->out_step;
    for (size_t tap = 0; tap < 9; tap++) {
        offsets[tap] = t->lines[tap / 3] - t->lines[0] + (ptrdiff_t)(tap % 3 * step);
        rows[tap] = tap * t->channels;
    }
    const stria_depthwise_strip s = {.x = t->lines[0] +
                                          (size_t)((ptrdiff_t)(first * t->stride) + t->first) * step,
                                     .offsets = offsets,
                                     .rows = rows,
                                     .taps = 9,
                                     .pixels = end - first,
                                     .x_step = t->stride * step,
                                     .channels = t->channels,
                                     .weights = t->weights,
                                     .bias = t->bias,
                                     .out = t->out + at,
                                     .out_step = t->out_step,
                                     .residual = t->residual != NULL ? t->residual + at : NULL,
                                     .relu = t->relu,
                                     .ceiling = t->ceiling};
    depthwise_strip(&s);
}

static void depthwise_rows(const stria_depthwise_rows *t)
{
    size_t first = 0, end = t->columns;
    while (first < end && !is_inside(t, first, 1))
        first++;
    while (end > first && !is_inside(t, end - 1, 1))
        end--;
    if (t->steps[0] == 0 || t->steps[1] == 0 || t->steps[2] == 0 || first == end) {
        window_outputs(t, 0, t->columns);
        return;
    }
    window_outputs(t, 0, first);
    inner_outputs(t, first, end);
    window_outputs(t, end, t->columns);
}

#endif

/* ---- Kernel gradients ---- */

#define OUTER_VECTORS (VEC_REGISTERS == 32 ? 2 : 1)

/* `taps` sums over a rectangle of pixels, and that of dy alone when `with_bias`, for some vectors of
 * channels.
 */
VEC_INLINE void outer(const stria_depthwise_outer *g, size_t channel, const part lanes, const bool whole,
                      const int taps, const bool with_bias, const int vectors)
{
    const int count = taps * vectors;
    vec sums[STRIA_DEPTHWISE_TAPS * OUTER_VECTORS], totals[OUTER_VECTORS];
    VEC_UNROLL
    for (int j = 0; j < count; j++)
        sums[j] = load_channels(g->sums + g->rows[j / vectors] + channel + j % vectors * VL, lanes, whole);
    VEC_UNROLL
    for (int v = 0; v < vectors; v++)
        totals[v] = with_bias ? load_channels(g->bias_sums + channel + v * VL, lanes, whole) : (vec){0};
    const float *corner = g->x + channel, *line = g->dy + channel;
    const size_t x_step = g->x_step, dy_step = g->dy_step;
    for (size_t row = g->row_count; row > 0; row--, corner += g->x_row, line += g->dy_row) {
        const float *x[STRIA_DEPTHWISE_TAPS], *dy = line;
        VEC_UNROLL
        for (int t = 0; t < taps; t++)
            x[t] = corner + g->offsets[t];
        const size_t end = g->column_count * x_step;
        for (size_t at = 0; at < end; at += x_step, dy += dy_step) {
            vec d[OUTER_VECTORS];
            VEC_UNROLL
            for (int v = 0; v < vectors; v++)
                d[v] = load_channels(dy + v * VL, lanes, whole);
            VEC_UNROLL
            for (int j = 0; j < count; j++)
                sums[j] =
                    vec_multiply_add(load_channels(x[j / vectors] + at + j % vectors * VL, lanes, whole),
                                     d[j % vectors], sums[j]);
            if (with_bias) {
                VEC_UNROLL
                for (int v = 0; v < vectors; v++)
                    totals[v] += d[v];
            }
        }
    }
    VEC_UNROLL
    for (int j = 0; j < count; j++)
        store_channels(g->sums + g->rows[j / vectors] + channel + j % vectors * VL, sums[j], lanes, whole);
    if (with_bias) {
        VEC_UNROLL
        for (int v = 0; v < vectors; v++)
            store_channels(g->bias_sums + channel + v * VL, totals[v], lanes, whole);
    }
}

/* The channels that do not fill a vector. On the baseline level, which is kept small, one by one. */
#if VEC_REGISTERS == 16 && VL == 4
static void __attribute__((noinline))
outer_rest(const stria_depthwise_outer *g, size_t first, int taps, bool with_bias)
{
    for (size_t c = first; c < g->channels; c++)
        for (int t = with_bias ? -1 : 0; t < taps; t++) {
            float *at = (t < 0 ? g->bias_sums : g->sums + g->rows[t]) + c;
            float sum = *at;
            for (size_t row = 0; row < g->row_count; row++) {
                const float *dy = g->dy + row * g->dy_row + c;
                const float *x = t < 0 ? NULL : g->x + row * g->x_row + c + g->offsets[t];
                for (size_t i = 0; i < g->column_count; i++)
                    sum += t < 0 ? dy[i * g->dy_step] : x[i * g->x_step] * dy[i * g->dy_step];
            }
            *at = sum;
        }
}
#else
VEC_INLINE void outer_rest(const stria_depthwise_outer *g, size_t first, const int taps, const bool with_bias)
{
    outer(g, first, part_of(g->channels - first), false, taps, with_bias, 1);
}
#endif

#define OUTER(taps, name, with_bias)                                                                         \
    static void outer_##name##_##taps(const stria_depthwise_outer *g)                                        \
    {                                                                                                        \
        size_t c = 0;                                                                                        \
        for (; OUTER_VECTORS > 1 && c + OUTER_VECTORS * VL <= g->channels; c += OUTER_VECTORS * VL)          \
            outer(g, c, part_of(VL), true, taps, with_bias, OUTER_VECTORS);                                  \
        for (; c + VL <= g->channels; c += VL)                                                               \
            outer(g, c, part_of(VL), true, taps, with_bias, 1);                                              \
        if (c < g->channels)                                                                                 \
            outer_rest(g, c, taps, with_bias);                                                               \
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
#if VEC_REGISTERS == 32
    .most_rows = {WINDOW_ROWS, 2},
#else
    .most_rows = {1, 1},
#endif
    .name = "depthwise " STRIA_ISA_NAME,
};

/* Pooling forward: a vector holds channels of one output pixel and goes through the inputs its window sees.
 */
#include "kernels/simd/pool.h"

#include <float.h>

#include "kernels/families.h"
#include "kernels/cut.h"

/* What is kept of the winning taps. */
typedef enum index_kind { NO_INDEX, INDEX_OF_BYTES, INDEX_OF_WORDS } index_kind;

typedef struct pool_job {
    stria_pool_kind kind;
    const stria_window *window;
    size_t channels;
    const float *x; /* [N,D,H,W,C] */
    float *y;       /* [N,Do,Ho,Wo,C] */
    void *index;    /* [N,Do,Ho,Wo,C] or NULL */
} pool_job;

/* The real inputs of one window. */
typedef struct pool_view {
    const float *x;           /* at the first one, channel 0 */
    size_t count[3], step[3]; /* taps along each axis and floats between them */
    size_t tap, tap_step[2];  /* number of the first tap; taps between planes and between rows */
} pool_view;

/* Numbers that are summed one after another; of a larger window sums of such sums are taken, and sums of
 * those. */
#define SUMMED_TAPS 64

/* Sums over the window for `vectors` vectors of channels. */
VEC_INLINE void window_sums(const pool_view *v, size_t vectors, size_t c, size_t n, vec *sums)
{
    vec rows[4] = {{0}, {0}, {0}, {0}};
    size_t added = 0;
    VEC_UNROLL
    for (size_t k = 0; k < vectors; k++)
        sums[k] = (vec){0};
    for (size_t d = 0; d < v->count[0]; d++)
        for (size_t h = 0; h < v->count[1]; h++) {
            const float *x = v->x + d * v->step[0] + h * v->step[1] + c;
            for (size_t start = 0; start < v->count[2]; start += SUMMED_TAPS) {
                size_t end = v->count[2] - start < SUMMED_TAPS ? v->count[2] : start + SUMMED_TAPS;
                vec part[4] = {{0}, {0}, {0}, {0}};
                for (size_t w = start; w < end; w++) {
                    VEC_UNROLL
                    for (size_t k = 0; k < vectors; k++)
                        part[k] += vec_load_first(x + w * v->step[2] + k * VL, n);
                }
                VEC_UNROLL
                for (size_t k = 0; k < vectors; k++)
                    rows[k] += part[k];
                if (++added % SUMMED_TAPS != 0)
                    continue;
                VEC_UNROLL
                for (size_t k = 0; k < vectors; k++) {
                    sums[k] += rows[k];
                    rows[k] = (vec){0};
                }
            }
        }
    VEC_UNROLL
    for (size_t k = 0; k < vectors; k++)
        sums[k] += rows[k];
}

/* Whether `x` takes the place of `best`; never if it is NaN. */
VEC_INLINE vec_mask is_better(stria_pool_kind kind, vec x, vec best)
{
    return kind == STRIA_POOL_MAX ? vec_greater(x, best) : vec_less(x, best);
}

VEC_INLINE vec better_of(stria_pool_kind kind, vec x, vec best)
{
    return kind == STRIA_POOL_MAX ? vec_max(x, best) : vec_min(x, best);
}

VEC_INLINE vec worst(stria_pool_kind kind)
{
    return vec_broadcast(kind == STRIA_POOL_MAX ? -FLT_MAX : FLT_MAX);
}

/* Extremes over the window and, if they are kept, the taps where they are. */
VEC_INLINE void window_extremes(stria_pool_kind kind, index_kind kept, const pool_view *v, size_t vectors,
                                size_t c, size_t n, vec *best, vec *winner)
{
    VEC_UNROLL
    for (size_t k = 0; k < vectors; k++) {
        best[k] = worst(kind);
        winner[k] = (vec)veci_broadcast((int32_t)v->tap);
    }
    for (size_t d = 0; d < v->count[0]; d++)
        for (size_t h = 0; h < v->count[1]; h++) {
            const float *x = v->x + d * v->step[0] + h * v->step[1] + c;
            size_t tap = v->tap + d * v->tap_step[0] + h * v->tap_step[1];
            for (size_t w = 0; w < v->count[2]; w++) {
                vec number = (vec)veci_broadcast((int32_t)(tap + w));
                VEC_UNROLL
                for (size_t k = 0; k < vectors; k++) {
                    vec value = vec_load_first(x + w * v->step[2] + k * VL, n);
                    if (kept != NO_INDEX)
                        winner[k] = vec_select(is_better(kind, value, best[k]), number, winner[k]);
                    best[k] = better_of(kind, value, best[k]);
                }
            }
        }
}

/* Where the results of one pixel go. Behind it there is room for `room` entries that are written later, its
 * own included. */
typedef struct pool_target {
    float *y;
    void *index;
    size_t room;
} pool_target;

VEC_INLINE void store_results(index_kind kept, const pool_target *to, size_t at, vec result, vec winner,
                              size_t n)
{
    vec_store_first(to->y + at, result, n);
    if (kept == INDEX_OF_BYTES)
        store_byte_entries((uint8_t *)to->index + at, (veci)winner, n, to->room - at);
    else if (kept == INDEX_OF_WORDS)
        vec_store_first((float *)to->index + at, winner, n);
}

/* `vectors` vectors of channels of one pixel, from channel c on, the n first lanes of each. */
VEC_INLINE void pool_lanes(stria_pool_kind kind, index_kind kept, const pool_view *v, float share,
                           size_t vectors, size_t c, size_t n, const pool_target *to)
{
    vec result[4], winner[4];
    if (kind == STRIA_POOL_AVERAGE) {
        window_sums(v, vectors, c, n, result);
        VEC_UNROLL
        for (size_t k = 0; k < vectors; k++)
            result[k] = result[k] * share;
    } else {
        window_extremes(kind, kept, v, vectors, c, n, result, winner);
    }
    VEC_UNROLL
    for (size_t k = 0; k < vectors; k++)
        store_results(kept, to, c + k * VL, result[k], winner[k], n);
}

VEC_INLINE void pool_pixel(stria_pool_kind kind, index_kind kept, const pool_view *v, size_t channels,
                           const pool_target *to)
{
    float share = 1;
    size_t c = 0;
    if (kind == STRIA_POOL_AVERAGE) {
        size_t seen = v->count[0] * v->count[1] * v->count[2];
        share = seen > 0 ? 1 / (float)seen : 0;
    }
    for (; c + 4 * VL <= channels; c += 4 * VL)
        pool_lanes(kind, kept, v, share, 4, c, VL, to);
    for (; c + VL <= channels; c += VL)
        pool_lanes(kind, kept, v, share, 1, c, VL, to);
    if (c < channels)
        pool_lanes(kind, kept, v, share, 1, c, channels - c, to);
}

/* ---- Whole windows of 2x2, the usual case ---- */

/* The inputs of neighbouring windows: two rows, floats between columns and between windows. */
typedef struct square_view {
    const float *upper, *lower;
    size_t column, advance;
} square_view;

/* The pool of four taps, in row-major order, n lanes of each. */
VEC_INLINE void pool_square(stria_pool_kind kind, index_kind kept, const vec taps[4], size_t c, size_t n,
                            const pool_target *to)
{
    vec result = worst(kind), winner = {0};
    if (kind == STRIA_POOL_AVERAGE) {
        result = ((taps[0] + taps[1]) + (taps[2] + taps[3])) * 0.25f;
    } else {
        VEC_UNROLL
        for (int32_t tap = 0; tap < 4; tap++) {
            if (kept != NO_INDEX)
                winner = vec_select(is_better(kind, taps[tap], result), (vec)veci_broadcast(tap), winner);
            result = better_of(kind, taps[tap], result);
        }
    }
    store_results(kept, to, c, result, winner, n);
}

VEC_INLINE void square_lanes(stria_pool_kind kind, index_kind kept, const square_view *v, size_t c, size_t n,
                             const pool_target *to)
{
    const vec taps[4] = {vec_load_first(v->upper + c, n), vec_load_first(v->upper + v->column + c, n),
                         vec_load_first(v->lower + c, n), vec_load_first(v->lower + v->column + c, n)};
    pool_square(kind, kept, taps, c, n, to);
}

/* The taps of two windows side by side, where both fit into a vector: the columns 0 1 2 3 of a row give 0 2
 * and 1 3. */
VEC_INLINE void square_pair(stria_pool_kind kind, index_kind kept, const square_view *v, vec_mask is_first,
                            const pool_target *to)
{
    size_t n = 2 * v->column;
    vec taps[4];
    VEC_UNROLL
    for (size_t row = 0; row < 2; row++) {
        const float *x = row == 0 ? v->upper : v->lower;
        vec from_0 = vec_load_first(x, n), from_1 = vec_load_first(x + v->column, n),
            from_2 = vec_load_first(x + 2 * v->column, n);
        taps[2 * row] = vec_select(is_first, from_0, from_1);
        taps[2 * row + 1] = vec_select(is_first, from_1, from_2);
    }
    pool_square(kind, kept, taps, 0, n, to);
}

VEC_INLINE void next_pixels(index_kind kept, square_view *v, pool_target *to, size_t channels, size_t pixels)
{
    v->upper += pixels * v->advance;
    v->lower += pixels * v->advance;
    to->y += pixels * channels;
    to->room -= pixels * channels;
    if (kept != NO_INDEX)
        to->index = (char *)to->index + pixels * channels * (kept == INDEX_OF_BYTES ? 1 : 4);
}

/* `pixels` whole windows in a row. */
VEC_INLINE void square_pixels(stria_pool_kind kind, index_kind kept, square_view v, size_t channels,
                              size_t pixels, pool_target to)
{
    static const float places[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t o = 0;
    if (channels > VL) {
        for (; o < pixels; o++, next_pixels(kept, &v, &to, channels, 1)) {
            size_t c = 0;
            for (; c + VL <= channels; c += VL)
                square_lanes(kind, kept, &v, c, VL, &to);
            if (c < channels)
                square_lanes(kind, kept, &v, c, channels - c, &to);
        }
        return;
    }
    if (2 * channels <= VL && v.column == channels && v.advance == 2 * channels) {
        vec_mask is_first = vec_less(vec_load(places), vec_broadcast((float)channels));
        for (; o + 2 <= pixels; o += 2, next_pixels(kept, &v, &to, channels, 2))
            square_pair(kind, kept, &v, is_first, &to);
    }
    if (channels == VL)
        for (; o < pixels; o++, next_pixels(kept, &v, &to, channels, 1))
            square_lanes(kind, kept, &v, 0, VL, &to);
    for (; o < pixels; o++, next_pixels(kept, &v, &to, channels, 1))
        square_lanes(kind, kept, &v, 0, channels, &to);
}

/* ---- Rows ---- */

/* Rows of outputs, over all pictures. */
VEC_INLINE void pool_rows(stria_pool_kind kind, index_kind kept, const pool_job *job, size_t first,
                          size_t rows)
{
    const stria_window *w = job->window;
    size_t channels = job->channels, line = w->in[2] * channels, plane = w->in[1] * line;
    size_t end = (first + rows) * w->out[2] * channels, entry_size = kept == INDEX_OF_BYTES ? 1 : 4;
    pool_view v = {.step = {w->dilation[0] * plane, w->dilation[1] * line, w->dilation[2] * channels},
                   .tap_step = {w->kernel[1] * w->kernel[2], w->kernel[2]}};
    whole_windows whole = whole_windows_of(w);
    for (size_t row = first; row < first + rows; row++) {
        pool_row r = pool_row_at(w, row);
        const float *x =
            job->x + r.picture * w->in[0] * plane + r.depth.input * plane + r.height.input * line;
        size_t entry = row * w->out[2] * channels;
        v.count[0] = r.depth.count;
        v.count[1] = r.height.count;
        size_t tap = (r.depth.first * w->kernel[1] + r.height.first) * w->kernel[2];
        bool square = is_square(w) && v.count[0] == 1 && v.count[1] == 2;
        for (size_t o = 0; o < w->out[2];) {
            tap_range width = taps_of(w, 2, o);
            pool_target to = {.y = job->y + entry, .room = end - entry};
            if (kept != NO_INDEX)
                to.index = (char *)job->index + entry * entry_size;
            v.x = x + width.input * channels;
            size_t pixels = 1;
            if (square && o == whole.first && whole.count > 0) {
                square_view view = {v.x, v.x + v.step[1], v.step[2], w->stride[2] * channels};
                pixels = whole.count;
                square_pixels(kind, kept, view, channels, pixels, to);
            } else {
                v.count[2] = width.count;
                v.tap = width.count > 0 && v.count[0] * v.count[1] > 0 ? tap + width.first : 0;
                pool_pixel(kind, kept, &v, channels, &to);
            }
            o += pixels;
            entry += pixels * channels;
        }
    }
}

VEC_INLINE void extreme_rows(stria_pool_kind kind, const pool_job *job, size_t first, size_t rows)
{
    if (job->index == NULL)
        pool_rows(kind, NO_INDEX, job, first, rows);
    else if (stria_pool_index_size(job->window) == 1)
        pool_rows(kind, INDEX_OF_BYTES, job, first, rows);
    else
        pool_rows(kind, INDEX_OF_WORDS, job, first, rows);
}

static void forward_rows(void *arguments, size_t first, size_t rows)
{
    const pool_job job = *(const pool_job *)arguments;
    switch (job.kind) {
    case STRIA_POOL_MAX:
        extreme_rows(STRIA_POOL_MAX, &job, first, rows);
        break;
    case STRIA_POOL_MIN:
        extreme_rows(STRIA_POOL_MIN, &job, first, rows);
        break;
    case STRIA_POOL_AVERAGE:
        pool_rows(STRIA_POOL_AVERAGE, NO_INDEX, &job, first, rows);
        break;
    }
}

static void forward(stria_pool_kind kind, const stria_window *window, size_t channels, size_t batch,
                    const float *x, float *y, void *index, stria_pool *pool)
{
    pool_job job = {kind, window, channels, x, y, index};
    size_t taps = window->kernel[0] * window->kernel[1] * window->kernel[2];
    size_t work = window->out[2] * channels * taps;
    run_range(pool, batch * window->out[0] * window->out[1], rows_in_piece(PIECE_OF_MEMORY, work),
              forward_rows, &job);
}

void STRIA_ISA(stria_pool_fill)(stria_pool_kernels *kernels)
{
    *kernels = (stria_pool_kernels){.forward = forward, .backward = STRIA_ISA(stria_pool_backward)};
}

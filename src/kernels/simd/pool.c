/* Pooling forward: a vector holds channels of one output pixel and goes through the inputs its window sees.
 */
#include "kernels/simd/pool.h"

#include <float.h>

#include "kernels/families.h"
#include "kernels/simd/cut.h"

typedef struct pool_job {
    stria_pool_kind kind;
    const stria_window *window;
    size_t channels;
    const float *x; /* [N,D,H,W,C] */
    float *y;       /* [N,Do,Ho,Wo,C] */
    void *index;    /* [N,Do,Ho,Wo,C] or NULL */
    size_t index_size;
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

/* Extremes over the window and, if `indexed`, the taps where they are. */
VEC_INLINE void window_extremes(stria_pool_kind kind, bool indexed, const pool_view *v, size_t vectors,
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
                    if (indexed)
                        winner[k] = vec_select(is_better(kind, value, best[k]), number, winner[k]);
                    best[k] = better_of(kind, value, best[k]);
                }
            }
        }
}

/* The same for a whole window of 2x2, with everything unrolled. */
VEC_INLINE void square_extremes(stria_pool_kind kind, bool indexed, const pool_view *v, size_t c, size_t n,
                                vec *best, vec *winner)
{
    *best = worst(kind);
    *winner = (vec)veci_broadcast(0);
    VEC_UNROLL
    for (size_t tap = 0; tap < 4; tap++) {
        vec value = vec_load_first(v->x + tap / 2 * v->step[1] + tap % 2 * v->step[2] + c, n);
        if (indexed)
            *winner = vec_select(is_better(kind, value, *best), (vec)veci_broadcast((int32_t)tap), *winner);
        *best = better_of(kind, value, *best);
    }
}

VEC_INLINE vec square_sum(const pool_view *v, size_t c, size_t n)
{
    const float *x = v->x + c;
    vec upper = vec_load_first(x, n) + vec_load_first(x + v->step[2], n);
    return upper + (vec_load_first(x + v->step[1], n) + vec_load_first(x + v->step[1] + v->step[2], n));
}

/* Where a row of results goes. `room` is what is left of it, this pixel included. */
typedef struct pool_target {
    float *y;
    uint8_t *bytes; /* the index of one byte, or NULL */
    float *words;   /* the index of four bytes, or NULL */
    size_t room;
} pool_target;

/* `vectors` vectors of channels of one pixel, from channel c on, the n first lanes of each. */
VEC_INLINE void pool_lanes(stria_pool_kind kind, bool indexed, bool square, const pool_view *v, float share,
                           size_t vectors, size_t c, size_t n, const pool_target *to)
{
    vec result[4], winner[4];
    if (kind == STRIA_POOL_AVERAGE) {
        if (square && vectors == 1)
            result[0] = square_sum(v, c, n);
        else
            window_sums(v, vectors, c, n, result);
        VEC_UNROLL
        for (size_t k = 0; k < vectors; k++)
            result[k] = result[k] * share;
    } else if (square && vectors == 1) {
        square_extremes(kind, indexed, v, c, n, result, winner);
    } else {
        window_extremes(kind, indexed, v, vectors, c, n, result, winner);
    }
    VEC_UNROLL
    for (size_t k = 0; k < vectors; k++) {
        size_t at = c + k * VL;
        vec_store_first(to->y + at, result[k], n);
        if (!indexed)
            continue;
        if (to->bytes != NULL)
            store_byte_entries(to->bytes + at, (veci)winner[k], n, to->room - at);
        else
            vec_store_first(to->words + at, winner[k], n);
    }
}

VEC_INLINE void pool_pixel(stria_pool_kind kind, bool indexed, bool square, const pool_view *v,
                           size_t channels, const pool_target *to)
{
    float share = 1;
    size_t c = 0;
    if (kind == STRIA_POOL_AVERAGE) {
        size_t seen = v->count[0] * v->count[1] * v->count[2];
        share = seen > 0 ? 1 / (float)seen : 0;
    }
    if (!square)
        for (; c + 4 * VL <= channels; c += 4 * VL)
            pool_lanes(kind, indexed, square, v, share, 4, c, VL, to);
    for (; c + VL <= channels; c += VL)
        pool_lanes(kind, indexed, square, v, share, 1, c, VL, to);
    if (c < channels)
        pool_lanes(kind, indexed, square, v, share, 1, c, channels - c, to);
}

/* Rows of outputs, over all pictures. */
VEC_INLINE void pool_rows(stria_pool_kind kind, bool indexed, const pool_job *job, size_t first, size_t rows)
{
    const stria_window *w = job->window;
    size_t channels = job->channels, line = w->in[2] * channels, plane = w->in[1] * line;
    pool_view v = {.step = {w->dilation[0] * plane, w->dilation[1] * line, w->dilation[2] * channels},
                   .tap_step = {w->kernel[1] * w->kernel[2], w->kernel[2]}};
    for (size_t row = first; row < first + rows; row++) {
        pool_row r = pool_row_at(w, row);
        const float *x =
            job->x + r.picture * w->in[0] * plane + r.depth.input * plane + r.height.input * line;
        size_t entry = row * w->out[2] * channels;
        v.count[0] = r.depth.count;
        v.count[1] = r.height.count;
        size_t tap = (r.depth.first * w->kernel[1] + r.height.first) * w->kernel[2];
        bool square_row = v.count[0] == 1 && v.count[1] == 2 && w->kernel[2] == 2 && tap == 0;
        for (size_t o = 0; o < w->out[2]; o++, entry += channels) {
            tap_range width = taps_of(w, 2, o);
            v.x = x + width.input * channels;
            v.count[2] = width.count;
            v.tap = width.count > 0 && v.count[0] * v.count[1] > 0 ? tap + width.first : 0;
            pool_target to = {.y = job->y + entry, .room = (w->out[2] - o) * channels};
            if (indexed && job->index_size == 1)
                to.bytes = (uint8_t *)job->index + entry;
            else if (indexed)
                to.words = (float *)job->index + entry;
            if (square_row && width.count == 2)
                pool_pixel(kind, indexed, true, &v, channels, &to);
            else
                pool_pixel(kind, indexed, false, &v, channels, &to);
        }
    }
}

static void forward_rows(void *arguments, size_t first, size_t rows)
{
    const pool_job job = *(const pool_job *)arguments;
    if (job.kind == STRIA_POOL_AVERAGE)
        pool_rows(STRIA_POOL_AVERAGE, false, &job, first, rows);
    else if (job.kind == STRIA_POOL_MAX && job.index != NULL)
        pool_rows(STRIA_POOL_MAX, true, &job, first, rows);
    else if (job.kind == STRIA_POOL_MAX)
        pool_rows(STRIA_POOL_MAX, false, &job, first, rows);
    else if (job.index != NULL)
        pool_rows(STRIA_POOL_MIN, true, &job, first, rows);
    else
        pool_rows(STRIA_POOL_MIN, false, &job, first, rows);
}

static void forward(stria_pool_kind kind, const stria_window *window, size_t channels, size_t batch,
                    const float *x, float *y, void *index, stria_pool *pool)
{
    pool_job job = {kind, window, channels, x, y, index, stria_pool_index_size(window)};
    size_t taps = window->kernel[0] * window->kernel[1] * window->kernel[2];
    size_t work = window->out[2] * channels * taps;
    run_range(pool, batch * window->out[0] * window->out[1], rows_in_piece(PIECE_OF_MEMORY, work),
              forward_rows, &job);
}

void STRIA_ISA(stria_pool_fill)(stria_pool_kernels *kernels)
{
    *kernels = (stria_pool_kernels){.forward = forward, .backward = STRIA_ISA(stria_pool_backward)};
}

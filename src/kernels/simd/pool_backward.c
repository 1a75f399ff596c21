/* Pooling backward. Windows that tile the picture (stride = size, the usual case) write each gradient once,
 * from the output's side. Others gather: a row of gradients is cleared and collects from the output rows that
 * see it, so that no two tasks ever write to the same place. */
#include "kernels/cut.h"
#include "kernels/simd/pool.h"

typedef struct pool_job {
    bool average;
    const stria_window *window;
    size_t channels;
    const float *dy;   /* [N,Do,Ho,Wo,C] */
    const void *index; /* [N,Do,Ho,Wo,C], not for averages */
    float *dx;         /* [N,D,H,W,C] */
    size_t entries;    /* N*Do*Ho*Wo*C */
} pool_job;

/* Where the gradient of one output, n lanes from `entry` on, goes: the winning taps, or the share of each. */
typedef struct output_lanes {
    vec dy;
    veci winner;
} output_lanes;

VEC_INLINE output_lanes load_output(bool average, bool bytes, const pool_job *job, float share, size_t entry,
                                    size_t n)
{
    output_lanes o = {.dy = vec_load_first(job->dy + entry, n)};
    if (average)
        o.dy = o.dy * share;
    else if (bytes)
        o.winner = load_byte_entries((const uint8_t *)job->index + entry, n, job->entries - entry);
    else
        o.winner = (veci)vec_load_first((const float *)job->index + entry, n);
    return o;
}

/* What the input at `tap` gets. */
VEC_INLINE vec gradient_at(bool average, const output_lanes *o, size_t tap)
{
    if (average)
        return o->dy;
    return (vec)((o->winner == veci_broadcast((int32_t)tap)) & (veci)o->dy);
}

VEC_INLINE float share_of(size_t seen)
{
    return seen > 0 ? 1 / (float)seen : 0;
}

static void clear(float *to, size_t count)
{
    size_t i = 0;
    for (; i + VL <= count; i += VL)
        vec_store(to + i, (vec){0});
    if (i < count)
        vec_store_first(to + i, (vec){0}, count - i);
}

/* ---- Windows that tile ---- */

static bool tiles(const stria_window *w)
{
    for (int a = 0; a < 3; a++)
        if (w->stride[a] != w->kernel[a] || w->dilation[a] != 1)
            return false;
    return true;
}

/* Whether the windows reach the end of every axis. */
static bool covers(const stria_window *w)
{
    for (int a = 0; a < 3; a++)
        if (w->out[a] * w->stride[a] < w->before[a] + w->in[a])
            return false;
    return true;
}

/* One pixel's lanes to all the inputs its window sees. */
VEC_INLINE void tile_lanes(bool average, bool bytes, const pool_job *job, const pool_row *row,
                           const tap_range *width, size_t entry, float *dx, size_t c, size_t n)
{
    const stria_window *w = job->window;
    size_t line = w->in[2] * job->channels, plane = w->in[1] * line;
    float share = share_of(row->depth.count * row->height.count * width->count);
    output_lanes o = load_output(average, bytes, job, share, entry + c, n);
    for (size_t d = 0; d < row->depth.count; d++)
        for (size_t h = 0; h < row->height.count; h++) {
            size_t tap = ((row->depth.first + d) * w->kernel[1] + row->height.first + h) * w->kernel[2];
            float *to = dx + d * plane + h * line + c;
            for (size_t i = 0; i < width->count; i++)
                vec_store_first(to + i * job->channels, gradient_at(average, &o, tap + width->first + i), n);
        }
}

VEC_INLINE void tile_pixel(bool average, bool bytes, const pool_job *job, const pool_row *row,
                           const tap_range *width, size_t entry, float *dx)
{
    size_t c = 0;
    for (; c + VL <= job->channels; c += VL)
        tile_lanes(average, bytes, job, row, width, entry, dx, c, VL);
    if (c < job->channels)
        tile_lanes(average, bytes, job, row, width, entry, dx, c, job->channels - c);
}

/* Whole windows of 2x2 write two rows. */
typedef struct square_target {
    float *upper, *lower;
} square_target;

VEC_INLINE void square_lanes(bool average, bool bytes, const pool_job *job, size_t entry, square_target to,
                             size_t c, size_t n)
{
    output_lanes o = load_output(average, bytes, job, 0.25f, entry + c, n);
    VEC_UNROLL
    for (size_t tap = 0; tap < 4; tap++)
        vec_store_first((tap < 2 ? to.upper : to.lower) + tap % 2 * job->channels + c,
                        gradient_at(average, &o, tap), n);
}

/* Two windows side by side, both in one vector; columns 0 and 1 of a row belong to the first, 2 and 3 to the
 * second. The first store puts column 0 right, the second column 3, and the third 1 and 2, which the others
 * spoiled. */
VEC_INLINE void square_pair(bool average, bool bytes, const pool_job *job, size_t entry, square_target to,
                            vec_mask is_first)
{
    size_t channels = job->channels, n = 2 * channels;
    output_lanes o = load_output(average, bytes, job, 0.25f, entry, n);
    VEC_UNROLL
    for (size_t row = 0; row < 2; row++) {
        float *x = row == 0 ? to.upper : to.lower;
        vec left = gradient_at(average, &o, 2 * row), right = gradient_at(average, &o, 2 * row + 1);
        vec_store_first(x, left, n);
        vec_store_first(x + 2 * channels, right, n);
        vec_store_first(x + channels, vec_select(is_first, right, left), n);
    }
}

/* `pixels` whole windows in a row. */
VEC_INLINE void square_pixels(bool average, bool bytes, const pool_job *job, size_t entry, square_target to,
                              size_t pixels)
{
    static const float places[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t channels = job->channels, o = 0;
    if (2 * channels <= VL) {
        vec_mask is_first = vec_less(vec_load(places), vec_broadcast((float)channels));
        for (; o + 2 <= pixels;
             o += 2, entry += 2 * channels, to.upper += 4 * channels, to.lower += 4 * channels)
            square_pair(average, bytes, job, entry, to, is_first);
    }
    for (; o < pixels; o++, entry += channels, to.upper += 2 * channels, to.lower += 2 * channels) {
        size_t c = 0;
        for (; c + VL <= channels; c += VL)
            square_lanes(average, bytes, job, entry, to, c, VL);
        if (c < channels)
            square_lanes(average, bytes, job, entry, to, c, channels - c);
    }
}

/* Rows of outputs, over all pictures. */
VEC_INLINE void tile_rows(bool average, bool bytes, const pool_job *job, size_t first, size_t rows)
{
    const stria_window *w = job->window;
    size_t channels = job->channels, line = w->in[2] * channels, plane = w->in[1] * line;
    whole_windows whole = whole_windows_of(w);
    for (size_t row = first; row < first + rows; row++) {
        pool_row r = pool_row_at(w, row);
        float *start = job->dx + r.picture * w->in[0] * plane + r.depth.input * plane + r.height.input * line;
        size_t entry = row * w->out[2] * channels;
        bool square = is_square(w) && r.depth.count == 1 && r.height.count == 2;
        for (size_t o = 0; o < w->out[2];) {
            tap_range width = taps_of(w, 2, o);
            float *dx = start + width.input * channels;
            size_t pixels = 1;
            if (square && o == whole.first && whole.count > 0) {
                pixels = whole.count;
                square_pixels(average, bytes, job, entry, (square_target){dx, dx + line}, pixels);
            } else {
                tile_pixel(average, bytes, job, &r, &width, entry, dx);
            }
            o += pixels;
            entry += pixels * channels;
        }
    }
}

static void tile_piece(void *arguments, size_t first, size_t rows)
{
    const pool_job job = *(const pool_job *)arguments;
    if (job.average)
        tile_rows(true, false, &job, first, rows);
    else if (stria_pool_index_size(job.window) == 1)
        tile_rows(false, true, &job, first, rows);
    else
        tile_rows(false, false, &job, first, rows);
}

static void clear_piece(void *arguments, size_t first, size_t count)
{
    const pool_job *job = arguments;
    clear(job->dx + first, count);
}

/* ---- Any other windows ---- */

/* Adds one pixel's gradient, as seen through a row of taps, to the inputs there. */
VEC_INLINE void gather_lanes(bool average, bool bytes, const pool_job *job, float share, size_t entry,
                             size_t tap, size_t count, float *dx, size_t n)
{
    size_t step = job->window->dilation[2] * job->channels;
    output_lanes o = load_output(average, bytes, job, share, entry, n);
    for (size_t i = 0; i < count; i++)
        vec_store_first(dx + i * step, vec_load_first(dx + i * step, n) + gradient_at(average, &o, tap + i),
                        n);
}

/* Adds one output row's gradients, as seen through the taps of one row of the window, to a row of inputs. */
VEC_INLINE void gather_row(bool average, bool bytes, const pool_job *job, size_t entry, size_t seen,
                           size_t tap, float *dx)
{
    size_t channels = job->channels;
    for (size_t o = 0; o < job->window->out[2]; o++, entry += channels) {
        tap_range width = taps_of(job->window, 2, o);
        float *to = dx + width.input * channels, share = share_of(seen * width.count);
        size_t c = 0, first = tap + width.first;
        for (; c + VL <= channels; c += VL)
            gather_lanes(average, bytes, job, share, entry + c, first, width.count, to + c, VL);
        if (c < channels)
            gather_lanes(average, bytes, job, share, entry + c, first, width.count, to + c, channels - c);
    }
}

/* The output that sees position `i` of an axis through tap `t`; false when there is none. */
static bool output_through(const stria_window *w, int axis, size_t i, size_t t, size_t *output)
{
    size_t shifted = i + w->before[axis], back = t * w->dilation[axis];
    if (shifted < back || (shifted - back) % w->stride[axis] != 0)
        return false;
    *output = (shifted - back) / w->stride[axis];
    return *output < w->out[axis];
}

/* Rows of inputs, over all pictures. */
VEC_INLINE void gather_rows(bool average, bool bytes, const pool_job *job, size_t first, size_t rows)
{
    const stria_window *w = job->window;
    for (size_t row = first; row < first + rows; row++) {
        size_t height = row % w->in[1], depth = row / w->in[1] % w->in[0],
               picture = row / w->in[1] / w->in[0];
        float *dx = job->dx + row * w->in[2] * job->channels;
        clear(dx, w->in[2] * job->channels);
        size_t od, oh;
        for (size_t d = 0; d < w->kernel[0]; d++) {
            if (!output_through(w, 0, depth, d, &od))
                continue;
            for (size_t h = 0; h < w->kernel[1]; h++) {
                if (!output_through(w, 1, height, h, &oh))
                    continue;
                size_t seen = taps_of(w, 0, od).count * taps_of(w, 1, oh).count;
                size_t entry = ((picture * w->out[0] + od) * w->out[1] + oh) * w->out[2] * job->channels;
                gather_row(average, bytes, job, entry, seen, (d * w->kernel[1] + h) * w->kernel[2], dx);
            }
        }
    }
}

static void gather_piece(void *arguments, size_t first, size_t rows)
{
    const pool_job job = *(const pool_job *)arguments;
    if (job.average)
        gather_rows(true, false, &job, first, rows);
    else if (stria_pool_index_size(job.window) == 1)
        gather_rows(false, true, &job, first, rows);
    else
        gather_rows(false, false, &job, first, rows);
}

void STRIA_ISA(stria_pool_backward)(stria_pool_kind kind, const stria_window *window, size_t channels,
                                    size_t batch, const float *dy, const void *index, float *dx,
                                    stria_pool *pool)
{
    const stria_window *w = window;
    size_t outputs = w->out[0] * w->out[1] * w->out[2], inputs = w->in[0] * w->in[1] * w->in[2];
    pool_job job = {.average = kind == STRIA_POOL_AVERAGE,
                    .window = window,
                    .channels = channels,
                    .dy = dy,
                    .index = index,
                    .dx = dx,
                    .entries = batch * outputs * channels};
    if (!tiles(w)) {
        size_t work = w->in[2] * channels * w->kernel[0] * w->kernel[1] * w->kernel[2];
        run_range(pool, batch * w->in[0] * w->in[1], rows_in_piece(PIECE_OF_MEMORY, work), gather_piece,
                  &job);
        return;
    }
    if (!covers(w))
        run_range(pool, batch * inputs * channels, PIECE_OF_MEMORY, clear_piece, &job);
    size_t work = w->in[2] * channels * w->kernel[0] * w->kernel[1];
    run_range(pool, batch * w->out[0] * w->out[1], rows_in_piece(PIECE_OF_MEMORY, work), tile_piece, &job);
}

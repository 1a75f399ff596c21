/* Moving numbers: what can be is copied in whole rows; the rest goes number by number over memory that is
 * near. */
#include "kernels/arrange.h"

#include <string.h>

#include "base/size.h"

/* Floats that make a task, about. */
#define PIECE 65536

/* Floats below which a loop copies faster than a call. */
#define SHORT 16

static inline void copy(float *to, const float *from, size_t count)
{
    if (count >= SHORT)
        memcpy(to, from, count * sizeof *to);
    else
        for (size_t i = 0; i < count; i++)
            to[i] = from[i];
}

static inline void clear(float *to, size_t count)
{
    if (count >= SHORT)
        memset(to, 0, count * sizeof *to);
    else
        for (size_t i = 0; i < count; i++)
            to[i] = 0;
}

/* Items first ... end - 1 of a job. */
typedef void (*items_fn)(const void *job, size_t first, size_t end);

typedef struct piece_job {
    const void *job;
    items_fn run;
    size_t count, piece;
} piece_job;

static void piece_task(void *argument, size_t task, size_t worker)
{
    (void)worker;
    const piece_job *p = argument;
    size_t first = task * p->piece;
    p->run(p->job, first, stria_size_min(first + p->piece, p->count));
}

/* Runs over `count` items of `size` floats each. */
static void run_items(stria_pool *pool, const void *job, items_fn run, size_t count, size_t size)
{
    piece_job p = {job, run, count, size < PIECE ? PIECE / size : 1};
    stria_pool_run(pool, stria_size_pieces(count, p.piece), piece_task, &p);
}

/* ---- Boxes ---- */

/* The outputs of an axis that are inputs: `count` from `first` on, the first of them input `input`. */
typedef struct overlap {
    size_t first, count, input;
} overlap;

static overlap overlap_of(const stria_box *box, int axis)
{
    int64_t offset = box->offset[axis], in = (int64_t)box->in[axis], out = (int64_t)box->out[axis];
    int64_t first = offset < 0 ? -offset : 0, end = in - offset < out ? in - offset : out;
    if (end <= first)
        return (overlap){0, 0, 0};
    return (overlap){(size_t)first, (size_t)(end - first), (size_t)(first + offset)};
}

typedef struct box_job {
    const stria_box *box;
    const float *x;
    float *y;
    overlap axes[3];
} box_job;

/* The input that output `o` of an axis is; false when it is 0. */
static inline bool inside(const overlap *axis, size_t o, size_t *input)
{
    *input = o - axis->first + axis->input;
    return o >= axis->first && o - axis->first < axis->count;
}

static void box_rows(const void *argument, size_t first, size_t end)
{
    const box_job *job = argument;
    const stria_box *b = job->box;
    const overlap *w = &job->axes[2];
    size_t row_size = b->out[2] * b->channels, left = w->first * b->channels, middle = w->count * b->channels;
    for (size_t row = first; row < end; row++) {
        size_t picture = row / (b->out[0] * b->out[1]), d, h;
        float *y = job->y + row * row_size;
        if (w->count == 0 || !inside(&job->axes[0], row / b->out[1] % b->out[0], &d) ||
            !inside(&job->axes[1], row % b->out[1], &h)) {
            clear(y, row_size);
            continue;
        }
        const float *x =
            job->x + (((picture * b->in[0] + d) * b->in[1] + h) * b->in[2] + w->input) * b->channels;
        clear(y, left);
        copy(y + left, x, middle);
        clear(y + left + middle, row_size - left - middle);
    }
}

void stria_box_copy(const stria_box *box, size_t batch, const float *x, float *y, stria_pool *pool)
{
    box_job job = {.box = box, .x = x, .y = y};
    for (int a = 0; a < 3; a++)
        job.axes[a] = overlap_of(box, a);
    run_items(pool, &job, box_rows, batch * box->out[0] * box->out[1], box->out[2] * box->channels);
}

/* ---- Repetitions ---- */

typedef struct repeat_job {
    const stria_repeat *repeat;
    const float *from;
    float *to;
} repeat_job;

/* The first of the output rows that input row `row` becomes. */
static size_t first_repetition(const stria_repeat *r, size_t row)
{
    size_t height = row % r->in[1], plane = row / r->in[1];
    return (plane * r->times[0] * r->in[1] + height) * r->times[1];
}

/* How far the rows of the next repetition of the plane are. */
static size_t plane_rows(const stria_repeat *r)
{
    return r->in[1] * r->times[1];
}

/* One row, each pixel `times` times. */
static inline void widen(const float *x, size_t pixels, size_t times, size_t channels, float *y)
{
    for (size_t w = 0; w < pixels; w++, x += channels)
        for (size_t t = 0; t < times; t++, y += channels)
            copy(y, x, channels);
}

static void repeat_rows(const void *argument, size_t first, size_t end)
{
    const repeat_job *job = argument;
    const stria_repeat *r = job->repeat;
    size_t in_size = r->in[2] * r->channels, out_size = in_size * r->times[2];
    for (size_t row = first; row < end; row++) {
        const float *x = job->from + row * in_size;
        float *y = job->to + first_repetition(r, row) * out_size;
        if (r->channels == 1)
            widen(x, r->in[2], r->times[2], 1, y);
        else
            widen(x, r->in[2], r->times[2], r->channels, y);
        for (size_t d = 0; d < r->times[0]; d++)
            for (size_t h = 0; h < r->times[1]; h++)
                if (d + h > 0)
                    copy(y + (d * plane_rows(r) + h) * out_size, y, out_size);
    }
}

void stria_repeat_forward(const stria_repeat *repeat, size_t batch, const float *x, float *y,
                          stria_pool *pool)
{
    const stria_repeat *r = repeat;
    repeat_job job = {repeat, x, y};
    run_items(pool, &job, repeat_rows, batch * r->in[0] * r->in[1],
              r->in[2] * r->channels * stria_size_volume(r->times));
}

/* Adds each pixel's repetitions of one row. */
static inline void narrow(const float *dy, size_t pixels, size_t times, size_t channels, float *dx)
{
    for (size_t w = 0; w < pixels; w++, dx += channels)
        for (size_t t = 0; t < times; t++, dy += channels)
            for (size_t c = 0; c < channels; c++)
                dx[c] += dy[c];
}

static void gather_rows(const void *argument, size_t first, size_t end)
{
    const repeat_job *job = argument;
    const stria_repeat *r = job->repeat;
    size_t in_size = r->in[2] * r->channels, out_size = in_size * r->times[2];
    for (size_t row = first; row < end; row++) {
        float *dx = job->to + row * in_size;
        const float *dy = job->from + first_repetition(r, row) * out_size;
        clear(dx, in_size);
        for (size_t d = 0; d < r->times[0]; d++)
            for (size_t h = 0; h < r->times[1]; h++) {
                const float *from = dy + (d * plane_rows(r) + h) * out_size;
                if (r->channels == 1)
                    narrow(from, r->in[2], r->times[2], 1, dx);
                else
                    narrow(from, r->in[2], r->times[2], r->channels, dx);
            }
    }
}

void stria_repeat_backward(const stria_repeat *repeat, size_t batch, const float *dy, float *dx,
                           stria_pool *pool)
{
    const stria_repeat *r = repeat;
    repeat_job job = {repeat, dy, dx};
    run_items(pool, &job, gather_rows, batch * r->in[0] * r->in[1],
              r->in[2] * r->channels * stria_size_volume(r->times));
}

/* ---- Exchanged axes ---- */

stria_permute stria_permute_make(int rank, const size_t *sizes, const int *axes)
{
    size_t steps[STRIA_PERMUTE_MAX], step = 1;
    for (int a = rank; a-- > 0; step *= sizes[a])
        steps[a] = step;
    stria_permute p = {0};
    for (int a = 0; a < rank; a++) {
        size_t size = sizes[axes[a]], its_step = steps[axes[a]];
        if (size == 1)
            continue;
        int last = p.rank - 1;
        if (last >= 0 && p.steps[last] == its_step * size) {
            p.sizes[last] *= size;
            p.steps[last] = its_step;
            continue;
        }
        p.sizes[p.rank] = size;
        p.steps[p.rank++] = its_step;
    }
    if (p.rank == 0)
        p = (stria_permute){.rank = 1, .sizes = {1}, .steps = {1}};
    return p;
}

bool stria_permute_is_identity(const stria_permute *permute)
{
    return permute->rank == 1 && permute->steps[0] == 1;
}

/* A panel: the output's last axis and the axis that is the input's last, all others fixed. Where they are the
 * same the panel is a row. */
typedef struct permute_job {
    const stria_permute *permute;
    const float *x;
    float *y;
    int near;         /* the output axis with step 1 in the input */
    size_t near_step; /* its step in the output */
    size_t panels;    /* of a sample */
    size_t sample;    /* floats */
} permute_job;

/* Side of the squares that a panel is exchanged in: reads and writes of one stay in the first cache. */
#define SIDE 16

/* y[i*step + j] = x[i + j*stride] for i below `near` and j below `far`. */
static void exchange(const float *x, size_t stride, size_t near, size_t far, float *y, size_t step)
{
    for (size_t i0 = 0; i0 < near; i0 += SIDE)
        for (size_t j0 = 0; j0 < far; j0 += SIDE) {
            size_t i_end = stria_size_min(i0 + SIDE, near), j_end = stria_size_min(j0 + SIDE, far);
            for (size_t i = i0; i < i_end; i++)
                for (size_t j = j0; j < j_end; j++)
                    y[i * step + j] = x[i + j * stride];
        }
}

static void permute_panels(const void *argument, size_t first, size_t end)
{
    const permute_job *job = argument;
    const stria_permute *p = job->permute;
    int last = p->rank - 1;
    for (size_t item = first; item < end; item++) {
        size_t rest = item % job->panels, from = 0, to = 0, step = 1;
        for (int a = last; a >= 0; step *= p->sizes[a--]) {
            if (a == last || a == job->near)
                continue;
            size_t at = rest % p->sizes[a];
            rest /= p->sizes[a];
            from += at * p->steps[a];
            to += at * step;
        }
        const float *x = job->x + item / job->panels * job->sample + from;
        float *y = job->y + item / job->panels * job->sample + to;
        if (job->near == last)
            copy(y, x, p->sizes[last]);
        else
            exchange(x, p->steps[last], p->sizes[job->near], p->sizes[last], y, job->near_step);
    }
}

void stria_permute_copy(const stria_permute *permute, size_t batch, const float *x, float *y,
                        stria_pool *pool)
{
    const stria_permute *p = permute;
    permute_job job = {.permute = p, .x = x, .y = y, .near_step = 1, .panels = 1, .sample = 1};
    for (int a = p->rank; a-- > 0; job.sample *= p->sizes[a])
        if (p->steps[a] == 1) {
            job.near = a;
            job.near_step = job.sample;
        }
    for (int a = 0; a < p->rank - 1; a++)
        job.panels *= a == job.near ? 1 : p->sizes[a];
    run_items(pool, &job, permute_panels, batch * job.panels, job.sample / job.panels);
}

/* The gradient of a convolution's input when it has very few channels. Gathered, a vector of channels would
 * be nearly empty; so this is the adjoint: each output pixel adds dy times the kernel to the inputs it saw, a
 * row of the window (taps times channels, neighbours in dx) at a time. The rows of a tile are outputs that
 * share no input: the same place in different pictures, and places a window apart in one row. Every input
 * takes its terms in one order: output rows, then columns by their remainder, whatever the batch.
 *
 * With padding, pictures are summed in a bordered copy first. */
#include <string.h>

#include "kernels/conv.h"

/* Pictures of a task: enough rows for a tile even when only one output of a row fits in. */
#define TASK_PICTURES 16

typedef struct scatter_job {
    const stria_conv_isa *isa;
    const stria_conv_method *method;
    const stria_conv_call *call;
    size_t size[3]; /* of the pictures that are added to */
    bool bordered;
    size_t apart; /* columns between outputs that share no input */
    size_t worker_floats;
} scatter_job;

/* What adding one row of the window needs. */
typedef struct scatter_rows {
    const float **dy;
    float **dx; /* first input of the window */
    size_t count;
} scatter_rows;

static size_t minimum(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t pointer_floats(size_t count)
{
    return stria_conv_lines(count * (sizeof(void *) / sizeof(float)));
}

/* Inputs along an axis from the first that a window sees to the last, padding included; at least the picture.
 */
static size_t reach(const stria_window *w, int axis)
{
    size_t seen = (w->out[axis] - 1) * w->stride[axis] + (w->kernel[axis] - 1) * w->dilation[axis] + 1;
    size_t own = w->before[axis] + w->in[axis];
    return seen > own ? seen : own;
}

static scatter_job job_of(const stria_conv_isa *isa, const stria_conv_method *m)
{
    const stria_window *w = &m->window;
    scatter_job job = {.isa = isa, .method = m};
    for (int a = 0; a < 3; a++) {
        job.size[a] = reach(w, a);
        job.bordered = job.bordered || job.size[a] != w->in[a];
    }
    job.apart = minimum((w->kernel[2] - 1) / w->stride[2] + 1, w->out[2]);
    size_t rows = TASK_PICTURES * ((w->out[2] - 1) / job.apart + 1);
    size_t pictures =
        job.bordered ? TASK_PICTURES * job.size[0] * job.size[1] * job.size[2] * m->channels : 0;
    job.worker_floats = STRIA_TILE_MAX_FLOATS + 2 * pointer_floats(rows) + stria_conv_lines(pictures);
    return job;
}

size_t stria_conv_scatter_scratch(const stria_conv_isa *isa, const stria_conv_method *m, size_t workers)
{
    return workers * job_of(isa, m).worker_floats;
}

/* Adds the products of all rows with one row of the window to dx + offset. */
static void add_window_row(const scatter_job *job, const scatter_rows *rows, const float *weights,
                           size_t offset, float *totals)
{
    static const ptrdiff_t no_offset[1] = {0};
    const stria_conv_isa *isa = job->isa;
    const stria_conv_method *m = job->method;
    size_t width = m->window.kernel[2] * m->channels, main_width = isa->main_vectors * isa->lanes;
    size_t narrow_width = isa->narrow_vectors * isa->lanes;
    for (size_t first = 0; first < width; first += main_width) {
        bool narrow = width - first <= narrow_width;
        size_t most = narrow && first == 0 ? isa->narrow_rows : isa->main_rows;
        size_t tiles = (rows->count + most - 1) / most;
        stria_gather_panel panel = {.weights = weights + m->filters * first,
                                    .taps = 1,
                                    .run = m->filters,
                                    .width = minimum(width - first, main_width),
                                    .block = m->filters > STRIA_CHAIN_LIMIT ? STRIA_CHAIN_BLOCK : SIZE_MAX,
                                    .totals = totals,
                                    .add = true};
        for (size_t t = 0; t < tiles; t++) {
            size_t begin = t * rows->count / tiles, count = (t + 1) * rows->count / tiles - begin;
            float *out[STRIA_TILE_MAX_ROWS];
            for (size_t i = 0; i < count; i++)
                out[i] = rows->dx[begin + i] + offset + first;
            stria_gather_tile tile = {.rows = rows->dy + begin, .offsets = no_offset, .out = out};
            (narrow ? isa->gather_narrow : isa->gather_main)[count - 1](&panel, &tile);
        }
    }
}

/* The outputs of row (depth, height) with columns `column`, `column` + apart, ... in every picture. */
static void place_rows(const scatter_job *job, size_t first, size_t pictures, const size_t at[3], float *dx,
                       scatter_rows *rows)
{
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    const float *dy = job->call->dy + first * w->out[0] * w->out[1] * w->out[2] * m->filters;
    rows->count = 0;
    for (size_t n = 0; n < pictures; n++) {
        size_t line = (n * w->out[0] + at[0]) * w->out[1] + at[1];
        size_t corner = (n * job->size[0] + at[0] * w->stride[0]) * job->size[1] + at[1] * w->stride[1];
        for (size_t column = at[2]; column < w->out[2]; column += job->apart) {
            rows->dy[rows->count] = dy + (line * w->out[2] + column) * m->filters;
            rows->dx[rows->count++] = dx + (corner * job->size[2] + column * w->stride[2]) * m->channels;
        }
    }
}

/* Copies the insides of bordered pictures to dx. */
static void copy_insides(const scatter_job *job, size_t first, size_t pictures, const float *bordered)
{
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    size_t row = w->in[2] * m->channels;
    float *to = job->call->dx + first * w->in[0] * w->in[1] * row;
    for (size_t n = 0; n < pictures; n++) {
        for (size_t d = 0; d < w->in[0]; d++) {
            for (size_t h = 0; h < w->in[1]; h++, to += row) {
                size_t line = (n * job->size[0] + w->before[0] + d) * job->size[1] + w->before[1] + h;
                memcpy(to, bordered + (line * job->size[2] + w->before[2]) * m->channels, row * sizeof *to);
            }
        }
    }
}

/* One task is a few pictures. */
static void scatter_pictures(void *context, size_t task, size_t worker)
{
    const scatter_job *job = context;
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    size_t first = task * TASK_PICTURES, pictures = minimum(TASK_PICTURES, m->batch - first);
    size_t picture = job->size[0] * job->size[1] * job->size[2] * m->channels;
    size_t most_rows = TASK_PICTURES * ((w->out[2] - 1) / job->apart + 1);
    float *totals = job->call->scratch + worker * job->worker_floats;
    float *pointers = totals + STRIA_TILE_MAX_FLOATS, *copy = pointers + 2 * pointer_floats(most_rows);
    scatter_rows rows = {.dy = (const float **)(void *)pointers,
                         .dx = (float **)(void *)(pointers + pointer_floats(most_rows))};
    float *dx = job->bordered ? copy : job->call->dx + first * picture;
    memset(dx, 0, pictures * picture * sizeof *dx);

    size_t padded = stria_conv_padded(job->isa, w->kernel[2] * m->channels);
    for (size_t row = 0; row < w->out[0] * w->out[1]; row++) {
        for (size_t column = 0; column < job->apart; column++) {
            place_rows(job, first, pictures, (size_t[3]){row / w->out[1], row % w->out[1], column}, dx,
                       &rows);
            for (size_t tap = 0; tap < w->kernel[0] * w->kernel[1]; tap++) {
                size_t d = tap / w->kernel[1] * w->dilation[0], h = tap % w->kernel[1] * w->dilation[1];
                add_window_row(job, &rows, job->call->packed + tap * m->filters * padded,
                               (d * job->size[1] + h) * job->size[2] * m->channels, totals);
            }
        }
    }
    if (job->bordered)
        copy_insides(job, first, pictures, copy);
}

void stria_conv_scatter(const stria_conv_isa *isa, const stria_conv_method *m, const stria_conv_call *call)
{
    scatter_job job = job_of(isa, m);
    job.call = call;
    stria_pool_run(call->pool, (m->batch + TASK_PICTURES - 1) / TASK_PICTURES, scatter_pictures, &job);
}

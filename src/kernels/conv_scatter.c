/* The gradient of a convolution's input when it has very few channels. Gathered along all axes, a vector of
 * channels would be nearly empty; so along the width this is the adjoint: a row of dx is summed by adding,
 * for every column of outputs, dy times a row of the window (taps times channels, neighbours in dx), gathered
 * over the taps of the other axes. The rows of a tile are columns that share no input: the same one in
 * several pictures, and those a window apart. Every input takes its terms in one order, columns by their
 * remainder, whatever the batch.
 *
 * With padding along the width, rows are summed in scratch memory with their padding and copied. */
#include <string.h>

#include "kernels/conv.h"

typedef struct scatter_job {
    const stria_conv_isa *isa;
    const stria_conv_method *method;
    const stria_conv_call *call;
    size_t width;            /* of the rows that are summed, padding included */
    size_t apart;            /* columns between outputs that share no input */
    size_t blocks, pictures; /* the batch in equal blocks of at most so many, about enough to fill a tile */
    size_t most;             /* rows of all tiles */
    float *worker_scratch;
    size_t worker_floats;
} scatter_job;

/* Rows of tiles, sorted by column: where the outputs of column 0, apart, ... of every picture stand in row 0
 * of dy, and the inputs they see in the row of dx. */
typedef struct scatter_rows {
    const float **dy;
    float **dx;
    size_t pictures;
    ptrdiff_t *offsets; /* [taps along the height] from row 0 of dy to the rows to be gathered */
    float *totals;
} scatter_rows;

static scatter_job job_of(const stria_conv_isa *isa, const stria_conv_method *m)
{
    const stria_window *w = &m->window;
    scatter_job job = {.isa = isa, .method = m};
    size_t seen = (w->out[2] - 1) * w->stride[2] + w->kernel[2], own = w->before[2] + w->in[2];
    job.width = seen > own ? seen : own;
    job.apart = stria_size_min((w->kernel[2] - 1) / w->stride[2] + 1, w->out[2]);
    size_t columns = (w->out[2] - 1) / job.apart + 1;
    job.pictures = columns < isa->main_rows ? isa->main_rows / columns : 1;
    job.blocks = (m->batch + job.pictures - 1) / job.pictures;
    job.most = job.pictures * columns;
    size_t sums = job.width != w->in[2] ? job.pictures * job.width * m->channels : 0;
    job.worker_floats = STRIA_TILE_MAX_FLOATS + 2 * stria_conv_pointers(job.most) +
                        stria_conv_pointers(w->kernel[1]) + stria_conv_lines(sums);
    return job;
}

size_t stria_conv_scatter_scratch(const stria_conv_isa *isa, const stria_conv_method *m, size_t workers)
{
    return workers * job_of(isa, m).worker_floats;
}

/* The taps of an axis through which input `i` is seen: `count` of them, tap + j * every, by outputs first,
 * first - 1 steps, ... */
typedef struct seen_by {
    stria_phase phase;
    size_t skipped, count; /* taps of the phase */
    size_t first;          /* output that sees it through the first one */
} seen_by;

static seen_by outputs_of(const stria_window *w, int axis, size_t i)
{
    seen_by s = {.phase = stria_conv_phase(w, axis, i % w->stride[axis])};
    ptrdiff_t out = (ptrdiff_t)(i / w->stride[axis]) + s.phase.first;
    for (size_t j = 0; j < s.phase.taps; j++, out += s.phase.tap_step) {
        if (out >= 0 && out < (ptrdiff_t)w->out[axis]) {
            if (s.count++ == 0) {
                s.skipped = j;
                s.first = (size_t)out;
            }
        }
    }
    return s;
}

/* Adds the products of a column of all pictures, summed over `taps` taps, to dx. */
static void add_column(const scatter_job *job, const scatter_rows *rows, size_t column, const float *weights,
                       size_t phase_taps, size_t skipped, size_t taps)
{
    const stria_conv_isa *isa = job->isa;
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    size_t width = w->kernel[2] * m->channels, main_width = isa->main_vectors * isa->lanes;
    size_t narrow_width = isa->narrow_vectors * isa->lanes;
    size_t count = ((w->out[2] - column - 1) / job->apart + 1) * rows->pictures;
    for (size_t first = 0; first < width; first += main_width) {
        bool narrow = width - first <= narrow_width;
        size_t panel_width = narrow ? narrow_width : main_width;
        size_t most = narrow && first == 0 ? isa->narrow_rows : isa->main_rows;
        size_t tiles = (count + most - 1) / most;
        stria_gather_panel panel = {
            .weights = weights + m->filters * (phase_taps * first + skipped * panel_width),
            .taps = taps,
            .run = m->filters,
            .width = stria_size_min(width - first, main_width),
            .block = taps * m->filters > STRIA_CHAIN_LIMIT ? STRIA_CHAIN_BLOCK : SIZE_MAX,
            .totals = rows->totals,
            .add = true};
        for (size_t t = 0; t < tiles; t++) {
            size_t begin = t * count / tiles, tile_rows = (t + 1) * count / tiles - begin;
            stria_gather_tile tile = {.rows = rows->dy + begin,
                                      .offsets = rows->offsets,
                                      .out = rows->dx + begin,
                                      .out_offset = column * w->stride[2] * m->channels + first};
            (narrow ? isa->gather_narrow : isa->gather_main)[tile_rows - 1](&panel, &tile);
        }
    }
}

/* Adds all terms of row (depth, height) of dx. */
static void add_row(const scatter_job *job, const scatter_rows *rows, size_t depth, size_t height)
{
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    size_t padded = stria_conv_padded(job->isa, w->kernel[2] * m->channels);
    ptrdiff_t pitch = (ptrdiff_t)(w->out[2] * m->filters);
    seen_by depths = outputs_of(w, 0, depth), heights = outputs_of(w, 1, height);
    if (heights.count == 0)
        return;
    size_t before = 0; /* taps of the phases before this one */
    for (size_t p = 0; p < height % w->stride[1]; p++)
        before += stria_conv_phase(w, 1, p).taps;
    for (size_t column = 0; column < job->apart; column++) {
        for (size_t j = 0; j < depths.count; j++) {
            ptrdiff_t out = (ptrdiff_t)depths.first + (ptrdiff_t)j * depths.phase.tap_step;
            ptrdiff_t row = out * (ptrdiff_t)w->out[1] + (ptrdiff_t)heights.first;
            for (size_t t = 0; t < heights.count; t++)
                rows->offsets[t] =
                    (row + (ptrdiff_t)t * heights.phase.tap_step) * pitch + (ptrdiff_t)(column * m->filters);
            size_t tap = depths.phase.tap + (depths.skipped + j) * depths.phase.every;
            add_column(job, rows, column,
                       job->call->packed + (tap * w->kernel[1] + before) * m->filters * padded,
                       heights.phase.taps, heights.skipped, heights.count);
        }
    }
}

/* The rows of `pictures` pictures from `first` on; row n of dx begins at dx + n * pitch. */
static void place_rows(const scatter_job *job, size_t first, size_t pictures, float *dx, size_t pitch,
                       scatter_rows *rows)
{
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    size_t picture = w->out[0] * w->out[1] * w->out[2] * m->filters, i = 0;
    for (size_t column = 0; column < w->out[2]; column += job->apart) {
        for (size_t n = 0; n < pictures; n++, i++) {
            rows->dy[i] = job->call->dy + (first + n) * picture + column * m->filters;
            rows->dx[i] = dx + n * pitch + column * w->stride[2] * m->channels;
        }
    }
    rows->pictures = pictures;
}

/* One task: a row of dx in a few pictures. */
static void scatter_task(void *context, size_t task, size_t worker)
{
    const scatter_job *job = context;
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    size_t lines = w->in[0] * w->in[1], block = task / lines, line = task % lines;
    size_t first = block * m->batch / job->blocks, row = w->in[2] * m->channels;
    size_t pictures = (block + 1) * m->batch / job->blocks - first;
    float *scratch = job->worker_scratch + worker * job->worker_floats;
    float *pointers = scratch + STRIA_TILE_MAX_FLOATS,
          *offsets = pointers + 2 * stria_conv_pointers(job->most);
    scatter_rows rows = {.dy = (const float **)(void *)pointers,
                         .dx = (float **)(void *)(pointers + stria_conv_pointers(job->most)),
                         .offsets = (ptrdiff_t *)(void *)offsets,
                         .totals = scratch};
    const bool padded = job->width != w->in[2];
    float *dx = job->call->dx + (first * lines + line) * row;
    float *sums = padded ? offsets + stria_conv_pointers(w->kernel[1]) : dx;
    size_t pitch = padded ? job->width * m->channels : lines * row;
    for (size_t n = 0; n < pictures && (padded || job->call->residual == NULL); n++)
        memset(sums + n * pitch, 0, (padded ? pitch : row) * sizeof *sums);
    place_rows(job, first, pictures, sums, pitch, &rows);
    add_row(job, &rows, line / w->in[1], line % w->in[1]);
    for (size_t n = 0; n < pictures && padded; n++) {
        const float *from = sums + n * pitch + w->before[2] * m->channels;
        float *to = dx + n * lines * row;
        for (size_t i = 0; i < row && job->call->residual != NULL; i++)
            to[i] += from[i];
        if (job->call->residual == NULL)
            memcpy(to, from, row * sizeof *to);
    }
}

void stria_conv_scatter(const stria_conv_isa *isa, const stria_conv_method *m, const stria_conv_call *call)
{
    scatter_job job = job_of(isa, m);
    job.call = call;
    job.worker_scratch = call->scratch;
    stria_pool_run(stria_conv_pool(call->pool, stria_conv_work(m)),
                   job.blocks * m->window.in[0] * m->window.in[1], scatter_task, &job);
}

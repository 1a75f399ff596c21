/* Convolution forward: the bordered copy where the method wants one, then the gather product or, for one
 * channel and few filters, pairs. */
#include "kernels/conv_depthwise.h"

/* ---- Gather ---- */

/* Forward as a gather product over x or its bordered copy. */
static stria_gather gather_of(const stria_conv_method *m)
{
    const stria_window *w = &m->window;
    stria_gather g = {.batch = m->batch,
                      .in_picture = stria_conv_picture(m),
                      .groups = m->groups,
                      .depth = m->depth,
                      .width = m->width,
                      .run = m->run};
    size_t in_pitch = m->channels, out_pitch = m->filters;
    for (int a = 2; a >= 0; a--) {
        g.axes[a] = (stria_gather_axis){.count = w->out[a],
                                        .step = w->stride[a],
                                        .first = m->bordered ? 0 : -(ptrdiff_t)w->before[a],
                                        .tap_step = (ptrdiff_t)w->dilation[a],
                                        .taps = a == 2 && m->runs ? 1 : w->kernel[a],
                                        .in = m->size[a],
                                        .in_pitch = in_pitch,
                                        .out_pitch = out_pitch};
        in_pitch *= m->size[a];
        out_pitch *= w->out[a];
    }
    g.out_picture = out_pitch;
    return g;
}

/* ---- Pairs: one task is a few rows of outputs, two at a time, cut into equal tiles of columns ---- */

#define PAIR_TASK_ROWS 16

typedef struct pair_job {
    const stria_conv_isa *isa;
    const stria_conv_method *method;
    const stria_conv_call *call;
    const float *bordered;
    const ptrdiff_t *offsets; /* [taps] */
} pair_job;

/* Row `row` of the outputs of the batch: where it is and what its first pixel sees first. */
typedef struct pair_row {
    size_t n, depth, height;
    const float *x;
} pair_row;

static void find_input(const pair_job *job, pair_row *at)
{
    const stria_conv_method *m = job->method;
    const size_t *stride = m->window.stride;
    at->x = job->bordered +
            ((at->n * m->size[0] + at->depth * stride[0]) * m->size[1] + at->height * stride[1]) * m->size[2];
}

static void next_row(const pair_job *job, pair_row *at)
{
    const size_t *out = job->method->window.out;
    if (++at->height == out[1]) {
        at->height = 0;
        if (++at->depth == out[0])
            at->depth = 0, at->n++;
    }
    find_input(job, at);
}

/* Computes the rows that begin at out[0] and out[1]. */
static void pair_rows(const pair_job *job, const float *const x[2], float *const out[2])
{
    const stria_conv_method *m = job->method;
    const stria_conv_call *call = job->call;
    size_t width = m->window.out[2], pairs = (width + 1) / 2;
    size_t tiles = (pairs + STRIA_PAIR_COLUMNS - 1) / STRIA_PAIR_COLUMNS;
    for (size_t t = 0; t < tiles; t++) {
        size_t begin = t * pairs / tiles, end = (t + 1) * pairs / tiles;
        stria_pair_tile tile = {
            .x = {x[0] + 2 * begin, x[1] + 2 * begin},
            .offsets = job->offsets,
            .taps = m->taps,
            .run = m->run,
            .tap_step = 1,
            .weights = call->packed,
            .bias = call->bias,
            .out = {out[0] + 2 * begin * m->filters, out[1] + 2 * begin * m->filters},
            .filters = m->filters,
            .odd = 2 * end > width,
            .relu = stria_conv_relu(call->activation.kind),
            .ceiling = stria_conv_ceiling(call->activation.kind),
        };
        for (int r = 0; r < 2 && call->residual != NULL; r++)
            tile.residual[r] = call->residual + (tile.out[r] - call->y);
        job->isa->pair[end - begin - 1](&tile);
    }
}

static void pair_task(void *context, size_t task, size_t worker)
{
    (void)worker;
    const pair_job *job = context;
    const stria_window *w = &job->method->window;
    size_t rows = job->method->batch * w->out[0] * w->out[1], first = task * PAIR_TASK_ROWS;
    size_t end = first + PAIR_TASK_ROWS < rows ? first + PAIR_TASK_ROWS : rows;
    size_t pitch = w->out[2] * job->method->filters;
    float *y = job->call->y + first * pitch;
    pair_row at = {.n = first / w->out[1] / w->out[0],
                   .depth = first / w->out[1] % w->out[0],
                   .height = first % w->out[1]};
    find_input(job, &at);
    for (size_t row = first; row < end; row += 2) {
        const float *x[2] = {at.x, at.x};
        float *out[2] = {y + (row - first) * pitch, y + (row - first) * pitch};
        next_row(job, &at);
        if (row + 1 < end) { /* an odd last row is computed twice */
            x[1] = at.x;
            out[1] += pitch;
            next_row(job, &at);
        }
        pair_rows(job, x, out);
    }
    if (!stria_conv_fuses(job->call->activation.kind))
        job->isa->activate(job->call->activation, y, (end - first) * pitch);
}

static void forward_pairs(const stria_conv_isa *isa, const stria_conv_method *m, const stria_conv_call *call,
                          const float *bordered, float *scratch)
{
    ptrdiff_t *offsets = (ptrdiff_t *)(void *)scratch;
    const stria_window *w = &m->window;
    for (size_t t = 0; t < m->taps; t++) {
        size_t d = t / w->kernel[1] * w->dilation[0], h = t % w->kernel[1] * w->dilation[1];
        offsets[t] = (ptrdiff_t)((d * m->size[1] + h) * m->size[2]);
    }
    pair_job job = {isa, m, call, bordered, offsets};
    size_t rows = m->batch * w->out[0] * w->out[1];
    stria_pool_run(stria_conv_pool(call->pool, stria_conv_work(m)),
                   (rows + PAIR_TASK_ROWS - 1) / PAIR_TASK_ROWS, pair_task, &job);
}

/* ---- The entry ---- */

/* The copy may be asked for without training, so its room is always there. */
static size_t border_scratch(const stria_conv_method *m)
{
    return m->bordered ? stria_conv_bordered_size(m) : 0;
}

size_t stria_conv_forward_scratch(const stria_conv_isa *isa, const stria_conv_method *m, size_t workers)
{
    if (m->winograd) {
        stria_winograd w = stria_winograd_forward(m);
        return border_scratch(m) + stria_winograd_scratch(isa, &w, workers);
    }
    if (m->depthwise)
        return stria_depthwise_forward_scratch(m, workers);
    if (m->pairs && isa->pair != NULL)
        return border_scratch(m) + stria_conv_lines(m->taps * (sizeof(ptrdiff_t) / sizeof(float)));
    stria_gather g = gather_of(m);
    return border_scratch(m) + stria_gather_scratch(isa, &g, workers);
}

void stria_conv_forward(const stria_conv_isa *isa, const stria_conv_call *call)
{
    stria_conv_method m;
    stria_conv_choose(isa, call->shape, call->batch, &m);
    if (m.depthwise) {
        stria_depthwise_forward(isa, &m, call);
        return;
    }
    if (m.fft) {
        if (m.bordered && call->kept != NULL)
            stria_conv_border(&m, call->x, call->kept, call->pool);
        stria_conv_fft_run(isa, call);
        return;
    }
    const float *x = call->x;
    if (m.bordered) {
        float *bordered = call->kept != NULL ? call->kept : call->scratch;
        stria_conv_border(&m, x, bordered, call->pool);
        x = bordered;
    }
    float *scratch = call->scratch + border_scratch(&m);
    if (m.winograd) {
        stria_winograd w = stria_winograd_forward(&m);
        w.input = x;
        w.weights = call->packed;
        w.bias = call->bias;
        w.residual = call->residual;
        w.result = call->y;
        w.activation = call->activation;
        w.scratch = scratch;
        w.pool = call->pool;
        stria_winograd_run(isa, &w);
        return;
    }
    if (m.pairs && isa->pair != NULL) {
        forward_pairs(isa, &m, call, x, scratch);
        return;
    }
    stria_gather g = gather_of(&m);
    g.input = x;
    g.weights = call->packed;
    g.bias = call->bias;
    g.residual = call->residual;
    g.out = call->y;
    g.activation = call->activation;
    g.scratch = scratch;
    g.pool = call->pool;
    stria_gather_run(isa, &g);
}

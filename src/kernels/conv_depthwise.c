/* Depthwise convolution: every channel has its own filters. There is little to compute for each number read,
 * so what counts is that every input is read once, in place.
 *
 * Forward and the input gradient are passes over a grid of outputs, forward one, the gradient one for each
 * phase of the stride (conv_input_gradient.c) over dy with the taps turned around. A task is a band of rows
 * of one picture in all passes. Windows of 3x3 without gaps go row by row, padding as zeros; others are cut
 * into regions of outputs that see the same taps, so padding costs nothing. The kernel gradient sums blocks
 * of about STRIA_CHAIN_BLOCK pixels, dealt into a fixed number of parts that are added in order. */
#include "kernels/conv_depthwise.h"

#include <string.h>

/* Parts of a kernel gradient. */
#define PARTS 16
/* Channels that are worth a task of their own in a kernel gradient. */
#define TASK_CHANNELS 64

static size_t multiplier_of(const stria_conv_method *m)
{
    return m->filters / m->channels;
}

/* ---- Passes ---- */

/* Outputs of one pass: as a gather product, with tap steps above 0. */
typedef struct pass {
    stria_gather_axis axes[3];
    size_t taps;
    const float *weights; /* [taps, filters] */
    size_t phase[3];
} pass;

static void set_pitches(stria_gather_axis axes[3], size_t in_pitch, const size_t in[3], size_t out_pitch,
                        const size_t out[3])
{
    for (int a = 2; a >= 0; a--) {
        axes[a].in_pitch = in_pitch;
        axes[a].out_pitch = out_pitch;
        in_pitch *= in[a];
        out_pitch *= out[a];
    }
}

static pass forward_pass(const stria_conv_method *m, const float *weights)
{
    const stria_window *w = &m->window;
    pass p = {.taps = stria_size_volume(w->kernel), .weights = weights};
    for (int a = 0; a < 3; a++)
        p.axes[a] = (stria_gather_axis){.count = w->out[a],
                                        .step = w->stride[a],
                                        .first = -(ptrdiff_t)w->before[a],
                                        .tap_step = (ptrdiff_t)w->dilation[a],
                                        .taps = w->kernel[a],
                                        .in = w->in[a]};
    set_pitches(p.axes, m->channels, w->in, m->filters, w->out);
    return p;
}

static size_t phases_of(const stria_conv_method *m)
{
    return stria_size_volume(m->window.stride);
}

/* Phase `index` of the input gradient; its inputs are dy. The last tap that is seen comes first. */
static pass gradient_pass(const stria_conv_method *m, size_t index, const float *weights)
{
    const stria_window *w = &m->window;
    pass p = {.taps = 1,
              .weights = weights,
              .phase = {index / (w->stride[1] * w->stride[2]), index / w->stride[2] % w->stride[1],
                        index % w->stride[2]}};
    for (int a = 0; a < 3; a++) {
        stria_phase phase = stria_conv_phase(w, a, p.phase[a]);
        ptrdiff_t reach = phase.taps > 0 ? (ptrdiff_t)(phase.taps - 1) * phase.tap_step : 0;
        p.axes[a] = (stria_gather_axis){.count = phase.count,
                                        .step = 1,
                                        .first = phase.first + reach,
                                        .tap_step = -phase.tap_step,
                                        .taps = phase.taps,
                                        .in = w->out[a]};
        p.taps *= phase.taps;
    }
    set_pitches(p.axes, m->filters, w->out, m->channels, w->in);
    return p;
}

/* ---- Packed weights: [taps, filters], those of the input gradient phase by phase ---- */

size_t stria_depthwise_packed_size(const stria_conv_method *m)
{
    return stria_size_volume(m->window.kernel) * m->filters;
}

void stria_depthwise_pack(const stria_conv_method *m, const float *kernel, float *packed)
{
    memcpy(packed, kernel, stria_depthwise_packed_size(m) * sizeof *packed);
}

void stria_depthwise_pack_transposed(const stria_conv_method *m, const float *kernel, float *packed)
{
    const stria_window *w = &m->window;
    for (size_t index = 0; index < phases_of(m); index++) {
        pass p = gradient_pass(m, index, NULL);
        size_t tap[3];
        stria_phase phase[3];
        for (int a = 0; a < 3; a++)
            phase[a] = stria_conv_phase(w, a, p.phase[a]);
        for (size_t t = 0; t < p.taps; t++, packed += m->filters) {
            size_t rest = p.taps - 1 - t;
            for (int a = 2; a >= 0; a--) {
                tap[a] = phase[a].tap + rest % phase[a].taps * phase[a].every;
                rest /= phase[a].taps;
            }
            size_t row = (tap[0] * w->kernel[1] + tap[1]) * w->kernel[2] + tap[2];
            memcpy(packed, kernel + row * m->filters, m->filters * sizeof *packed);
        }
    }
}

/* ---- Regions: outputs that see the same taps ---- */

/* A box of outputs. */
typedef struct box {
    size_t from[3], to[3];
} box;

/* Taps from..to-1 of an axis see real inputs, the first of them `input`, and so they do for `outputs`
 * neighbours. */
typedef struct sight {
    size_t from, to, input, outputs;
} sight;

static sight sight_of(const stria_gather_axis *axis, size_t output, size_t end)
{
    ptrdiff_t at = (ptrdiff_t)(output * axis->step) + axis->first, step = axis->tap_step;
    ptrdiff_t in = (ptrdiff_t)axis->in, taps = (ptrdiff_t)axis->taps;
    if (taps == 0)
        return (sight){.outputs = end - output};
    ptrdiff_t from = at < 0 ? (-at + step - 1) / step : 0, to = at < in ? (in - 1 - at) / step + 1 : 0;
    to = to < taps ? to : taps;
    if (from >= to)
        return (sight){.outputs = 1};
    sight s = {(size_t)from, (size_t)to, (size_t)(at + from * step), 1};
    if (from == 0 && to == taps)
        s.outputs = stria_size_min(end - output, (size_t)(in - 1 - (taps - 1) * step - at) / axis->step + 1);
    return s;
}

/* The taps of a region, in a worker's scratch. */
typedef struct tap_list {
    ptrdiff_t *offsets; /* [taps], from the first tap that is seen */
    size_t *rows;       /* [taps], floats into the weights */
    size_t count;
} tap_list;

typedef struct region {
    size_t at[3]; /* its first output */
    size_t rows, columns;
    size_t input; /* floats into the picture, of what the first output sees first */
} region;

static size_t list_floats(size_t taps)
{
    return 2 * stria_conv_pointers(taps);
}

static tap_list list_in(float *scratch, size_t taps)
{
    return (tap_list){.offsets = (ptrdiff_t *)(void *)scratch,
                      .rows = (size_t *)(void *)(scratch + stria_conv_pointers(taps))};
}

static void list_taps(const stria_gather_axis axes[3], const sight seen[3], size_t width, tap_list *list)
{
    list->count = 0;
    for (size_t d = seen[0].from; d < seen[0].to; d++) {
        for (size_t h = seen[1].from; h < seen[1].to; h++) {
            for (size_t w = seen[2].from; w < seen[2].to; w++, list->count++) {
                size_t at[3] = {d, h, w};
                ptrdiff_t offset = 0;
                for (int a = 0; a < 3; a++)
                    offset +=
                        (ptrdiff_t)(at[a] - seen[a].from) * axes[a].tap_step * (ptrdiff_t)axes[a].in_pitch;
                list->offsets[list->count] = offset;
                list->rows[list->count] = ((d * axes[1].taps + h) * axes[2].taps + w) * width;
            }
        }
    }
}

typedef void (*region_fn)(const void *context, const region *r, const tap_list *taps);

/* Calls run for every region of a box, each of one depth. */
static void each_region(const stria_gather_axis axes[3], const box *b, size_t width, tap_list *list,
                        region_fn run, const void *context)
{
    sight seen[3];
    for (size_t d = b->from[0]; d < b->to[0]; d++) {
        seen[0] = sight_of(&axes[0], d, d + 1);
        for (size_t h = b->from[1]; h < b->to[1]; h += seen[1].outputs) {
            seen[1] = sight_of(&axes[1], h, b->to[1]);
            for (size_t w = b->from[2]; w < b->to[2]; w += seen[2].outputs) {
                seen[2] = sight_of(&axes[2], w, b->to[2]);
                region r = {.at = {d, h, w}, .rows = seen[1].outputs, .columns = seen[2].outputs};
                list_taps(axes, seen, width, list);
                for (int a = 0; a < 3 && list->count > 0; a++)
                    r.input += seen[a].input * axes[a].in_pitch;
                run(context, &r, list);
            }
        }
    }
}

/* ---- Repeated channels ---- */

/* Inputs from..to-1 of an axis are seen by some output of a box. */
static void seen_inputs(const stria_gather_axis *axis, size_t first, size_t end, size_t *from, size_t *to)
{
    ptrdiff_t lowest = (ptrdiff_t)(first * axis->step) + axis->first, in = (ptrdiff_t)axis->in;
    ptrdiff_t highest =
        (ptrdiff_t)((end - 1) * axis->step) + axis->first + ((ptrdiff_t)axis->taps - 1) * axis->tap_step;
    *from = lowest < 0 ? 0 : (size_t)(lowest < in ? lowest : in - 1);
    *to = highest < (ptrdiff_t)*from ? *from + 1 : (size_t)(highest < in ? highest : in - 1) + 1;
}

/* Most inputs that `outputs` neighbours see along an axis. */
static size_t most_seen(const stria_gather_axis *axis, size_t outputs)
{
    return stria_size_min(axis->in,
                          (outputs - 1) * axis->step + (axis->taps - 1) * (size_t)axis->tap_step + 1);
}

/* Copies what a box sees of a picture, every channel `times` times, and leads the axes to the copy. */
static void repeat_channels(const float *x, size_t channels, size_t times, const box *b,
                            stria_gather_axis axes[3], float *copy)
{
    size_t from[3], to[3], sizes[3];
    float *out = copy;
    for (int a = 0; a < 3; a++) {
        seen_inputs(&axes[a], b->from[a], b->to[a], &from[a], &to[a]);
        sizes[a] = to[a] - from[a];
    }
    for (size_t d = from[0]; d < to[0]; d++) {
        for (size_t h = from[1]; h < to[1]; h++) {
            const float *line = x + d * axes[0].in_pitch + h * axes[1].in_pitch + from[2] * axes[2].in_pitch;
            for (size_t i = 0; i < sizes[2] * channels; i++) {
                for (size_t k = 0; k < times; k++)
                    *out++ = line[i];
            }
        }
    }
    size_t pitch = channels * times;
    for (int a = 2; a >= 0; a--) {
        axes[a].first -= (ptrdiff_t)from[a];
        axes[a].in = sizes[a];
        axes[a].in_pitch = pitch;
        pitch *= sizes[a];
    }
}

/* to[c] = the sum of the `times` neighbours from[c * times] on, added to what is there when `add`. */
static void add_repeated(const float *from, size_t channels, size_t times, bool add, float *to)
{
    for (size_t c = 0; c < channels; c++, from += times) {
        float sum = from[0];
        for (size_t k = 1; k < times; k++)
            sum += from[k];
        to[c] = add ? sum + to[c] : sum;
    }
}

/* ---- Forward and input gradient ---- */

typedef struct depthwise_job {
    const stria_conv_isa *isa;
    const stria_conv_method *method;
    const stria_conv_call *call;
    bool gradient;
    size_t passes;
    size_t counts[3];      /* outputs of the largest pass */
    size_t rows, columns;  /* of a task */
    size_t bands, stripes; /* tasks along rows and columns */
    const float *zeros;    /* [filters] */
    float *worker_scratch;
    size_t worker_floats;
} depthwise_job;

/* One pass over a box of a picture. */
typedef struct box_run {
    const depthwise_job *job;
    const pass *p;
    stria_gather_axis axes[3];
    box outputs;
    const float *x;        /* of the picture */
    float *out;            /* of the first output of the box */
    const float *residual; /* NULL, or as out */
} box_run;

/* Floats from the first output of the box. */
static size_t output_at(const box_run *run, const size_t at[3])
{
    size_t offset = 0;
    for (int a = 0; a < 3; a++)
        offset += (at[a] - run->outputs.from[a]) * run->axes[a].out_pitch;
    return offset;
}

static stria_activation_kind activation_of(const depthwise_job *job)
{
    return job->gradient ? STRIA_LINEAR : job->call->activation.kind;
}

/* Pixels along the longer side of a region. */
static void run_strips(const void *context, const region *r, const tap_list *taps)
{
    const box_run *run = context;
    const stria_gather_axis *a = run->axes;
    const depthwise_job *job = run->job;
    const bool across = r->rows > r->columns; /* strips of pixels below each other */
    const stria_gather_axis *along = &a[across ? 1 : 2], *other = &a[across ? 2 : 1];
    stria_depthwise_strip strip = {.offsets = taps->offsets,
                                   .rows = taps->rows,
                                   .taps = taps->count,
                                   .pixels = across ? r->rows : r->columns,
                                   .x_step = along->step * along->in_pitch,
                                   .channels = job->method->filters,
                                   .weights = run->p->weights,
                                   .bias = job->gradient ? NULL : job->call->bias,
                                   .out_step = along->out_pitch,
                                   .relu = stria_conv_relu(activation_of(job)),
                                   .ceiling = stria_conv_ceiling(activation_of(job))};
    size_t out = output_at(run, r->at);
    for (size_t i = 0; i < (across ? r->columns : r->rows); i++, out += other->out_pitch) {
        strip.x = run->x + r->input + i * other->step * other->in_pitch;
        strip.out = run->out + out;
        strip.residual = run->residual != NULL ? run->residual + out : NULL;
        job->isa->depthwise->strip(&strip);
    }
}

/* Whether a pass is one of windows of 3x3 that the micro-kernel for rows has. */
static bool has_rows(const pass *p)
{
    const stria_gather_axis *a = p->axes;
    return a[0].taps == 1 && a[1].taps == 3 && a[2].taps == 3 && a[1].tap_step == 1 && a[2].tap_step == 1 &&
           a[1].step == a[2].step && a[1].step <= 2;
}

/* Row `row` of plane `plane` of the inputs; either may lie outside. */
static void place_line(const box_run *run, ptrdiff_t plane, ptrdiff_t row, const float **line, size_t *step)
{
    const stria_gather_axis *a = run->axes;
    const bool real = plane >= 0 && (size_t)plane < a[0].in && row >= 0 && (size_t)row < a[1].in;
    *line = real ? run->x + (size_t)plane * a[0].in_pitch + (size_t)row * a[1].in_pitch : run->job->zeros;
    *step = real ? a[2].in_pitch : 0;
}

static void run_rows(const box_run *run)
{
    const stria_gather_axis *a = run->axes;
    const depthwise_job *job = run->job;
    const box *b = &run->outputs;
    const size_t stride = a[1].step, most = job->isa->depthwise->most_rows[stride - 1];
    const size_t count = b->to[1] - b->from[1], groups = stria_size_pieces(count, most);
    stria_depthwise_rows tile = {.in = a[2].in,
                                 .first = (ptrdiff_t)(b->from[2] * stride) + a[2].first,
                                 .stride = stride,
                                 .columns = b->to[2] - b->from[2],
                                 .channels = job->method->filters,
                                 .weights = run->p->weights,
                                 .bias = job->gradient ? NULL : job->call->bias,
                                 .out_row = a[1].out_pitch,
                                 .out_step = a[2].out_pitch,
                                 .relu = stria_conv_relu(activation_of(job)),
                                 .ceiling = stria_conv_ceiling(activation_of(job))};
    const ptrdiff_t plane = (ptrdiff_t)(b->from[0] * a[0].step) + a[0].first;
    for (size_t g = 0; g < groups; g++) {
        size_t begin = g * count / groups, end = (g + 1) * count / groups;
        ptrdiff_t row = (ptrdiff_t)((b->from[1] + begin) * stride) + a[1].first;
        tile.rows = end - begin;
        for (size_t l = 0; l < 3 + (tile.rows - 1) * stride; l++)
            place_line(run, plane, row + (ptrdiff_t)l, &tile.lines[l], &tile.steps[l]);
        tile.out = run->out + begin * a[1].out_pitch;
        tile.residual = run->residual != NULL ? run->residual + begin * a[1].out_pitch : NULL;
        job->isa->depthwise->rows(&tile);
    }
}

/* One pass over a box, computed where the outputs belong or, when channels have to be added, in `sums`. */
static void run_box(const depthwise_job *job, const pass *p, const box *b, size_t n, float *scratch)
{
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    const size_t times = multiplier_of(m), columns = b->to[2] - b->from[2], rows = b->to[1] - b->from[1];
    box_run run = {.job = job, .p = p, .outputs = *b};
    memcpy(run.axes, p->axes, sizeof run.axes);
    stria_gather_axis *axes = run.axes;
    tap_list list = list_in(scratch, stria_size_volume(w->kernel));
    float *room = scratch + list_floats(stria_size_volume(w->kernel)), *result;
    if (job->gradient) {
        result = job->call->dx + n * stria_size_volume(w->in) * m->channels;
        for (int a = 0; a < 3; a++) {
            result += (p->phase[a] + b->from[a] * w->stride[a]) * axes[a].out_pitch;
            axes[a].out_pitch *= w->stride[a];
        }
        run.x = job->call->dy + n * stria_size_volume(w->out) * m->filters;
    } else {
        result = job->call->y + n * stria_size_volume(w->out) * m->filters;
        for (int a = 0; a < 3; a++)
            result += b->from[a] * axes[a].out_pitch;
        run.x = job->call->x + n * stria_size_volume(w->in) * m->channels;
        if (times > 1) {
            repeat_channels(run.x, m->channels, times, b, axes, room);
            run.x = room;
        }
    }
    const size_t result_row = axes[1].out_pitch, result_step = axes[2].out_pitch;
    const bool adds = job->gradient && times > 1;
    run.out = adds ? room : result;
    if (job->gradient)
        run.residual = job->call->residual != NULL && !adds ? result : NULL;
    else if (job->call->residual != NULL)
        run.residual = job->call->residual + (result - job->call->y);
    if (adds) {
        axes[2].out_pitch = m->filters;
        axes[1].out_pitch = columns * m->filters;
    }
    if (has_rows(p))
        run_rows(&run);
    else
        each_region(axes, b, m->filters, &list, run_strips, &run);
    if (adds) {
        for (size_t i = 0; i < rows * columns; i++)
            add_repeated(room + i * m->filters, m->channels, times, job->call->residual != NULL,
                         result + i / columns * result_row + i % columns * result_step);
    } else if (!stria_conv_fuses(activation_of(job))) {
        for (size_t r = 0; r < rows; r++)
            job->isa->activate(job->call->activation, result + r * result_row, columns * m->filters);
    }
}

/* One task: a picture, a plane, a band of rows, some columns, in all passes. */
static void run_task(void *context, size_t task, size_t worker)
{
    const depthwise_job *job = context;
    float *scratch = job->worker_scratch + worker * job->worker_floats;
    const size_t column = task % job->stripes * job->columns,
                 row = task / job->stripes % job->bands * job->rows;
    const size_t plane = task / job->stripes / job->bands % job->counts[0];
    const size_t n = task / job->stripes / job->bands / job->counts[0];
    const float *weights = job->call->packed;
    for (size_t index = 0; index < job->passes; index++) {
        pass p =
            job->gradient ? gradient_pass(job->method, index, weights) : forward_pass(job->method, weights);
        box b = {.from = {plane, row, column},
                 .to = {stria_size_min(plane + 1, p.axes[0].count),
                        stria_size_min(row + job->rows, p.axes[1].count),
                        stria_size_min(column + job->columns, p.axes[2].count)}};
        weights += p.taps * job->method->filters;
        if (b.from[0] < b.to[0] && b.from[1] < b.to[1] && b.from[2] < b.to[2])
            run_box(job, &p, &b, n, scratch);
    }
}

static depthwise_job job_of(const stria_conv_method *m, bool gradient)
{
    depthwise_job job = {.method = m, .gradient = gradient, .passes = gradient ? phases_of(m) : 1};
    pass p = gradient ? gradient_pass(m, 0, NULL) : forward_pass(m, NULL);
    for (int a = 0; a < 3; a++)
        job.counts[a] = p.axes[a].count;
    /* Rows go in groups of 2 or 3; the rows of a band see some of its neighbours' inputs too. */
    const size_t pixel = stria_size_volume(m->window.kernel) * m->filters, row = job.counts[2] * pixel;
    job.rows =
        stria_size_min(job.counts[1], stria_size_pieces(stria_size_pieces(STRIA_CONV_TASK_WORK, row), 6) * 6);
    job.columns = job.counts[2];
    if (job.counts[1] == 1 && row > 2 * STRIA_CONV_TASK_WORK)
        job.columns = stria_size_min(job.columns, stria_size_max(STRIA_CONV_TASK_WORK / pixel, 16));
    job.bands = stria_size_pieces(job.counts[1], job.rows);
    job.stripes = stria_size_pieces(job.counts[2], job.columns);
    size_t room = 0;
    if (multiplier_of(m) > 1)
        room = gradient ? job.rows * job.columns
                        : most_seen(&p.axes[0], 1) * most_seen(&p.axes[1], job.rows) *
                              most_seen(&p.axes[2], job.columns);
    job.worker_floats =
        list_floats(stria_size_volume(m->window.kernel)) + stria_conv_lines(room * m->filters);
    return job;
}

static size_t scratch_of(const stria_conv_method *m, bool gradient, size_t workers)
{
    depthwise_job job = job_of(m, gradient);
    return stria_conv_lines(m->filters) + workers * job.worker_floats;
}

size_t stria_depthwise_forward_scratch(const stria_conv_method *m, size_t workers)
{
    return scratch_of(m, false, workers);
}

size_t stria_depthwise_input_gradient_scratch(const stria_conv_method *m, size_t workers)
{
    return scratch_of(m, true, workers);
}

static void run_job(const stria_conv_isa *isa, const stria_conv_method *m, const stria_conv_call *call,
                    bool gradient)
{
    depthwise_job job = job_of(m, gradient);
    job.isa = isa;
    job.call = call;
    job.zeros = memset(call->scratch, 0, m->filters * sizeof *call->scratch);
    job.worker_scratch = call->scratch + stria_conv_lines(m->filters);
    stria_pool_run(stria_conv_pool(call->pool, stria_conv_pixels(m) * stria_depthwise_packed_size(m)),
                   m->batch * job.counts[0] * job.bands * job.stripes, run_task, &job);
}

void stria_depthwise_forward(const stria_conv_isa *isa, const stria_conv_method *m,
                             const stria_conv_call *call)
{
    run_job(isa, m, call, false);
}

void stria_depthwise_input_gradient(const stria_conv_isa *isa, const stria_conv_method *m,
                                    const stria_conv_call *call)
{
    run_job(isa, m, call, true);
}

/* ---- Kernel gradient ---- */

typedef struct gradient_job {
    const stria_conv_isa *isa;
    const stria_conv_method *method;
    const stria_conv_call *call;
    pass p;
    size_t planes;         /* of all pictures */
    size_t rows, columns;  /* of a block in its plane */
    size_t bands, stripes; /* blocks of a plane */
    size_t block_planes;   /* whole planes of a block, when they are small */
    size_t blocks, parts, shares;
    size_t sums; /* floats: [taps + 1, filters], the last row for dbias */
    float *part_sums;
    float *worker_scratch;
    size_t worker_floats;
} gradient_job;

static gradient_job gradient_job_of(const stria_conv_method *m)
{
    gradient_job job = {.method = m, .p = forward_pass(m, NULL)};
    const size_t *out = m->window.out;
    job.planes = m->batch * out[0];
    job.columns = stria_size_min(out[2], STRIA_CHAIN_BLOCK);
    job.rows = stria_size_min(out[1], stria_size_max(STRIA_CHAIN_BLOCK / out[2], 1));
    job.bands = stria_size_pieces(out[1], job.rows);
    job.stripes = stria_size_pieces(out[2], job.columns);
    job.block_planes = stria_size_max(STRIA_CHAIN_BLOCK / (out[1] * out[2]), 1);
    job.blocks = stria_size_pieces(job.planes, job.block_planes) * job.bands * job.stripes;
    job.parts = stria_size_min(job.blocks, PARTS);
    job.shares = 1; /* of the channels; repeating them would be repeated */
    if (multiplier_of(m) == 1) {
        size_t work = stria_conv_pixels(m) * stria_depthwise_packed_size(m) / job.parts;
        size_t most = stria_size_max(m->channels / TASK_CHANNELS, 1);
        job.shares = stria_size_min(most, stria_size_max(work / STRIA_CONV_TASK_WORK, 1));
    }
    job.sums = stria_conv_lines((job.p.taps + 1) * m->filters);
    size_t room = 0;
    if (multiplier_of(m) > 1)
        room = most_seen(&job.p.axes[0], 1) * most_seen(&job.p.axes[1], job.rows) *
               most_seen(&job.p.axes[2], job.columns);
    job.worker_floats = list_floats(job.p.taps) + job.sums + stria_conv_lines(room * m->filters);
    return job;
}

size_t stria_depthwise_kernel_gradient_scratch(const stria_conv_method *m, size_t workers)
{
    gradient_job job = gradient_job_of(m);
    return job.parts * job.sums + workers * job.worker_floats;
}

/* A box of one plane, for channels first ... first + count - 1. */
typedef struct outer_run {
    const gradient_job *job;
    stria_gather_axis axes[3];
    const float *x, *dy; /* of the picture */
    size_t first, count;
    float *sums;
} outer_run;

static void run_outer(const void *context, const region *r, const tap_list *taps)
{
    const outer_run *run = context;
    const stria_gather_axis *a = run->axes;
    const size_t filters = run->job->method->filters,
                 groups = stria_size_max(stria_size_pieces(taps->count, STRIA_DEPTHWISE_TAPS), 1);
    stria_depthwise_outer outer = {.x = run->x + r->input + run->first,
                                   .dy = run->dy + run->first,
                                   .row_count = r->rows,
                                   .column_count = r->columns,
                                   .x_row = a[1].step * a[1].in_pitch,
                                   .x_step = a[2].step * a[2].in_pitch,
                                   .dy_row = a[1].out_pitch,
                                   .dy_step = a[2].out_pitch,
                                   .channels = run->count,
                                   .sums = run->sums + run->first,
                                   .bias_sums = NULL};
    for (int i = 0; i < 3; i++)
        outer.dy += r->at[i] * a[i].out_pitch;
    for (size_t g = 0; g < groups; g++) {
        size_t begin = g * taps->count / groups, end = (g + 1) * taps->count / groups;
        outer.offsets = taps->offsets + begin;
        outer.rows = taps->rows + begin;
        outer.taps = end - begin;
        outer.bias_sums =
            g == 0 && run->job->call->dbias != NULL ? outer.sums + run->job->p.taps * filters : NULL;
        run->job->isa->depthwise->outer(&outer);
    }
}

/* The sums of one block, in order: of its planes or its box. */
static void sum_block(const gradient_job *job, size_t block, outer_run *run, tap_list *list, float *room)
{
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    const size_t stripe = block % job->stripes, band = block / job->stripes % job->bands;
    const size_t first = block / job->stripes / job->bands * job->block_planes;
    for (size_t plane = first; plane < stria_size_min(first + job->block_planes, job->planes); plane++) {
        const size_t n = plane / w->out[0], depth = plane % w->out[0];
        box b = {.from = {depth, band * job->rows, stripe * job->columns},
                 .to = {depth + 1, stria_size_min((band + 1) * job->rows, w->out[1]),
                        stria_size_min((stripe + 1) * job->columns, w->out[2])}};
        memcpy(run->axes, job->p.axes, sizeof run->axes);
        run->x = job->call->x + n * stria_size_volume(w->in) * m->channels;
        run->dy = job->call->dy + n * stria_size_volume(w->out) * m->filters;
        if (multiplier_of(m) > 1) {
            repeat_channels(run->x, m->channels, multiplier_of(m), &b, run->axes, room);
            run->x = room;
        }
        each_region(run->axes, &b, m->filters, list, run_outer, run);
    }
}

/* One task: a part of the blocks, for a share of the channels. */
static void run_part(void *context, size_t task, size_t worker)
{
    const gradient_job *job = context;
    const size_t part = task / job->shares, share = task % job->shares, filters = job->method->filters;
    float *scratch = job->worker_scratch + worker * job->worker_floats;
    tap_list list = list_in(scratch, job->p.taps);
    outer_run run = {
        .job = job, .first = share * filters / job->shares, .sums = scratch + list_floats(job->p.taps)};
    run.count = (share + 1) * filters / job->shares - run.first;
    float *totals = job->part_sums + part * job->sums, *room = run.sums + job->sums;
    const size_t begin = part * job->blocks / job->parts, end = (part + 1) * job->blocks / job->parts;
    for (size_t block = begin; block < end; block++) {
        for (size_t row = 0; row <= job->p.taps; row++)
            memset(run.sums + row * filters + run.first, 0, run.count * sizeof *run.sums);
        sum_block(job, block, &run, &list, room);
        for (size_t row = 0; row <= job->p.taps; row++) {
            float *to = totals + row * filters + run.first;
            const float *from = run.sums + row * filters + run.first;
            for (size_t c = 0; c < run.count; c++)
                to[c] = block == begin ? from[c] : to[c] + from[c];
        }
    }
}

void stria_depthwise_kernel_gradient(const stria_conv_isa *isa, const stria_conv_method *m,
                                     const stria_conv_call *call)
{
    gradient_job job = gradient_job_of(m);
    job.isa = isa;
    job.call = call;
    job.part_sums = call->scratch;
    job.worker_scratch = call->scratch + job.parts * job.sums;
    stria_pool_run(stria_conv_pool(call->pool, stria_conv_pixels(m) * stria_depthwise_packed_size(m)),
                   job.parts * job.shares, run_part, &job);
    const size_t kernel = job.p.taps * m->filters;
    for (size_t part = 0; part < job.parts; part++) {
        const float *sums = job.part_sums + part * job.sums;
        for (size_t i = 0; i < kernel; i++)
            call->dkernel[i] = part == 0 ? sums[i] : call->dkernel[i] + sums[i];
        for (size_t k = 0; call->dbias != NULL && k < m->filters; k++)
            call->dbias[k] = part == 0 ? sums[kernel + k] : call->dbias[k] + sums[kernel + k];
    }
}

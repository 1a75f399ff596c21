/* The gradient of a convolution's input. A stride s splits the inputs of an axis into s phases, each seen
 * through its own taps; every phase is a gather product of dy with filters and channels exchanged, so nothing
 * is scattered and no zeros are put between pixels. A phase without taps (a window smaller than its stride)
 * sums nothing. Very few channels take another way (conv_scatter.c).
 *
 * A transposed convolution is this with a bias and an activation: the products apply them as forward's do. */
#include "kernels/conv_depthwise.h"

static size_t common_divisor(size_t a, size_t b)
{
    while (b != 0) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

stria_phase stria_conv_phase(const stria_window *w, int axis, size_t phase)
{
    size_t stride = w->stride[axis], dilation = w->dilation[axis], kernel = w->kernel[axis];
    size_t every = stride / common_divisor(stride, dilation);
    stria_phase p = {.count = phase < w->in[axis] ? (w->in[axis] - phase - 1) / stride + 1 : 0,
                     .every = every,
                     .tap_step = -(ptrdiff_t)(every * dilation / stride)};
    /* Input phase + q * stride is seen through tap t by output q + (phase + before - t * dilation) / stride,
     * when that divides. */
    ptrdiff_t shift = (ptrdiff_t)(phase + w->before[axis]);
    while (p.tap < kernel && p.tap < every &&
           (shift - (ptrdiff_t)(p.tap * dilation)) % (ptrdiff_t)stride != 0)
        p.tap++;
    if (p.tap < kernel && p.tap < every) {
        p.taps = (kernel - p.tap - 1) / every + 1;
        p.first = (shift - (ptrdiff_t)(p.tap * dilation)) / (ptrdiff_t)stride;
    }
    return p;
}

/* The gather product of one phase; input, weights, out, scratch and pool are left to the caller. */
static stria_gather gather_of(const stria_conv_method *m, const stria_phase phase[3])
{
    const stria_window *w = &m->window;
    stria_gather g = {
        .batch = m->batch, .groups = m->groups, .depth = m->width, .width = m->depth, .run = m->width};
    size_t in_pitch = m->filters, out_pitch = m->channels;
    for (int a = 2; a >= 0; a--) {
        g.axes[a] = (stria_gather_axis){.count = phase[a].count,
                                        .step = 1,
                                        .first = phase[a].first,
                                        .tap_step = phase[a].tap_step,
                                        .taps = phase[a].taps,
                                        .in = w->out[a],
                                        .in_pitch = in_pitch,
                                        .out_pitch = out_pitch * w->stride[a]};
        in_pitch *= w->out[a];
        out_pitch *= w->in[a];
    }
    g.in_picture = in_pitch;
    g.out_picture = out_pitch;
    return g;
}

static size_t taps_of(const stria_phase phase[3])
{
    return phase[0].taps * phase[1].taps * phase[2].taps;
}

static void find_phases(const stria_window *w, size_t index, size_t which[3], stria_phase phase[3])
{
    which[0] = index / (w->stride[1] * w->stride[2]);
    which[1] = index / w->stride[2] % w->stride[1];
    which[2] = index % w->stride[2];
    for (int a = 0; a < 3; a++)
        phase[a] = stria_conv_phase(w, a, which[a]);
}

static size_t phases_of(const stria_window *w)
{
    return w->stride[0] * w->stride[1] * w->stride[2];
}

size_t stria_conv_input_gradient_scratch(const stria_conv_isa *isa, const stria_conv_method *m,
                                         size_t workers)
{
    if (m->depthwise)
        return stria_depthwise_input_gradient_scratch(m, workers);
    if (m->scatter)
        return stria_conv_scatter_scratch(isa, m, workers);
    if (m->winograd) {
        stria_winograd w = stria_winograd_input_gradient(m);
        return stria_winograd_scratch(isa, &w, workers);
    }
    size_t most = 0;
    for (size_t p = 0; p < phases_of(&m->window); p++) {
        size_t which[3];
        stria_phase phase[3];
        find_phases(&m->window, p, which, phase);
        if (taps_of(phase) == 0)
            continue;
        stria_gather g = gather_of(m, phase);
        size_t scratch = stria_gather_scratch(isa, &g, workers);
        most = scratch > most ? scratch : most;
    }
    return most;
}

/* The inputs of a phase that no window sees: they have the bias and what is added. */
static void fill_phase(const stria_conv_isa *isa, const stria_gather *g, size_t channels)
{
    const stria_gather_axis *a = g->axes;
    for (size_t n = 0; n < g->batch; n++) {
        for (size_t d = 0; d < a[0].count; d++) {
            for (size_t h = 0; h < a[1].count; h++) {
                size_t row = n * g->out_picture + d * a[0].out_pitch + h * a[1].out_pitch;
                for (size_t w = 0; w < a[2].count; w++) {
                    size_t at = row + w * a[2].out_pitch;
                    for (size_t c = 0; c < channels; c++)
                        g->out[at + c] = (g->bias != NULL ? g->bias[c] : 0) +
                                         (g->residual != NULL ? g->residual[at + c] : 0);
                    if (g->activation.kind != STRIA_LINEAR)
                        isa->activate(g->activation, g->out + at, channels);
                }
            }
        }
    }
}

/* ---- What follows the sums where the products know no bias and no activation ---- */

#define FINISH_PIXELS 64

typedef struct finish_job {
    const stria_conv_isa *isa;
    const stria_conv_call *call;
    const float *residual; /* NULL, or not in dx yet */
    size_t pixels, channels;
} finish_job;

static void finish_task(void *context, size_t task, size_t worker)
{
    (void)worker;
    const finish_job *job = context;
    size_t first = task * FINISH_PIXELS, end = stria_size_min(first + FINISH_PIXELS, job->pixels);
    for (size_t p = first; p < end; p++) {
        float *dx = job->call->dx + p * job->channels;
        for (size_t c = 0; c < job->channels && job->call->bias != NULL; c++)
            dx[c] += job->call->bias[c];
        for (size_t c = 0; c < job->channels && job->residual != NULL; c++)
            dx[c] += job->residual[p * job->channels + c];
    }
    if (job->call->activation.kind != STRIA_LINEAR)
        job->isa->activate(job->call->activation, job->call->dx + first * job->channels,
                           (end - first) * job->channels);
}

static void finish(const stria_conv_isa *isa, const stria_conv_method *m, const stria_conv_call *call)
{
    finish_job job = {.isa = isa,
                      .call = call,
                      .residual = call->residual != call->dx ? call->residual : NULL,
                      .pixels = m->batch * stria_size_volume(m->window.in),
                      .channels = m->channels};
    if (call->bias == NULL && job.residual == NULL && call->activation.kind == STRIA_LINEAR)
        return;
    stria_pool_run(stria_conv_pool(call->pool, 4 * job.pixels * job.channels),
                   stria_size_pieces(job.pixels, FINISH_PIXELS), finish_task, &job);
}

/* ---- The entry ---- */

static void gather_phases(const stria_conv_isa *isa, const stria_conv_method *m, const stria_conv_call *call)
{
    const stria_window *w = &m->window;
    const float *weights = call->packed;
    size_t padded = stria_conv_padded(isa, m->depth);
    for (size_t p = 0; p < phases_of(w); p++) {
        size_t which[3];
        stria_phase phase[3];
        find_phases(w, p, which, phase);
        stria_gather g = gather_of(m, phase);
        size_t first = ((which[0] * w->in[1] + which[1]) * w->in[2] + which[2]) * m->channels;
        g.input = call->dy;
        g.weights = weights;
        g.bias = call->bias;
        g.activation = call->activation;
        g.out = call->dx + first;
        g.residual = call->residual != NULL ? call->residual + first : NULL;
        g.scratch = call->scratch;
        g.pool = call->pool;
        weights += taps_of(phase) * m->width * m->groups * padded;
        if (phase[0].count == 0 || phase[1].count == 0 || phase[2].count == 0)
            continue;
        if (taps_of(phase) != 0)
            stria_gather_run(isa, &g);
        else
            fill_phase(isa, &g, m->channels);
    }
}

void stria_conv_input_gradient(const stria_conv_isa *isa, const stria_conv_call *call)
{
    stria_conv_method m;
    stria_conv_choose(isa, call->shape, call->batch, &m);
    if (m.depthwise || m.scatter) {
        stria_conv_call sums = *call;
        sums.residual = call->residual == call->dx ? call->dx : NULL;
        if (m.depthwise)
            stria_depthwise_input_gradient(isa, &m, &sums);
        else
            stria_conv_scatter(isa, &m, &sums);
        finish(isa, &m, call);
    } else if (m.winograd) {
        stria_winograd product = stria_winograd_input_gradient(&m);
        product.input = call->dy;
        product.weights = call->packed;
        product.bias = call->bias;
        product.activation = call->activation;
        product.residual = call->residual;
        product.result = call->dx;
        product.scratch = call->scratch;
        product.pool = call->pool;
        stria_winograd_run(isa, &product);
    } else {
        gather_phases(isa, &m, call);
    }
}

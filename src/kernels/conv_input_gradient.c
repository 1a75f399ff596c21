/* The gradient of a convolution's input. A stride s splits the inputs of an axis into s phases, each seen
 * through its own taps; every phase is a gather product of dy with filters and channels exchanged, so nothing
 * is scattered and no zeros are put between pixels. A phase without taps (a window smaller than its stride)
 * stores zeros. Very few channels take another way (conv_scatter.c). */
#include <string.h>

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

/* The inputs of a phase that no window sees. */
static void clear_phase(const stria_gather *g, size_t channels)
{
    const stria_gather_axis *a = g->axes;
    for (size_t n = 0; n < g->batch; n++) {
        for (size_t d = 0; d < a[0].count; d++) {
            for (size_t h = 0; h < a[1].count; h++) {
                float *row = g->out + n * g->out_picture + d * a[0].out_pitch + h * a[1].out_pitch;
                for (size_t w = 0; w < a[2].count; w++)
                    memset(row + w * a[2].out_pitch, 0, channels * sizeof *row);
            }
        }
    }
}

void stria_conv_input_gradient(const stria_conv_isa *isa, const stria_conv_call *call)
{
    stria_conv_method m;
    stria_conv_choose(isa, call->shape, call->batch, &m);
    if (m.depthwise) {
        stria_depthwise_input_gradient(isa, &m, call);
        return;
    }
    if (m.scatter) {
        stria_conv_scatter(isa, &m, call);
        return;
    }
    if (m.winograd) {
        stria_winograd product = stria_winograd_input_gradient(&m);
        product.input = call->dy;
        product.weights = call->packed;
        product.residual = call->residual;
        product.result = call->dx;
        product.scratch = call->scratch;
        product.pool = call->pool;
        stria_winograd_run(isa, &product);
        return;
    }
    const stria_window *w = &m.window;
    const float *weights = call->packed;
    size_t padded = stria_conv_padded(isa, m.depth);
    for (size_t p = 0; p < phases_of(w); p++) {
        size_t which[3];
        stria_phase phase[3];
        find_phases(w, p, which, phase);
        stria_gather g = gather_of(&m, phase);
        g.input = call->dy;
        g.weights = weights;
        g.out = call->dx + ((which[0] * w->in[1] + which[1]) * w->in[2] + which[2]) * m.channels;
        g.residual = call->residual != NULL ? g.out : NULL;
        g.scratch = call->scratch;
        g.pool = call->pool;
        weights += taps_of(phase) * m.width * m.groups * padded;
        if (phase[0].count == 0 || phase[1].count == 0 || phase[2].count == 0)
            continue;
        if (taps_of(phase) != 0)
            stria_gather_run(isa, &g);
        else if (call->residual == NULL)
            clear_phase(&g, m.channels);
    }
}

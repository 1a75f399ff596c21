/* Packing kernels into panels, [groups, panels, taps, run, width of the panel], so that the micro-kernel
 * reads them in order. A panel holds the main tile's vectors, the last one of a group the narrow tile's when
 * that is enough. The transposed packing serves the input gradient: inputs and filters change places, and the
 * taps are ordered by phase (conv_input_gradient.c). */
#include "kernels/conv_depthwise.h"

#define WINOGRAD_TAPS 9

static size_t main_width(const stria_conv_isa *isa)
{
    return isa->main_vectors * isa->lanes;
}

/* Width of the panel that begins with filter `first` of `width`. */
static size_t panel_width(const stria_conv_isa *isa, size_t width, size_t first)
{
    size_t narrow = isa->narrow_vectors * isa->lanes;
    return width - first <= narrow ? narrow : main_width(isa);
}

size_t stria_conv_padded(const stria_conv_isa *isa, size_t width)
{
    size_t whole = (width - 1) / main_width(isa) * main_width(isa);
    return whole + panel_width(isa, width, whole);
}

/* A float takes about as long to pack as ten multiply-adds. */
static stria_pool *pool_for(const stria_conv_method *m, stria_pool *pool)
{
    return stria_conv_pool(pool, 10 * m->taps * m->run * m->filters);
}

static bool uses_pairs(const stria_conv_isa *isa, const stria_conv_method *m)
{
    return m->pairs && isa->pair != NULL;
}

size_t stria_conv_packed_size(const stria_conv_isa *isa, const stria_conv_method *m)
{
    if (m->winograd)
        return STRIA_WINOGRAD_SPOTS * m->channels * stria_conv_padded(isa, m->filters);
    if (m->depthwise)
        return stria_depthwise_packed_size(m);
    if (uses_pairs(isa, m))
        return m->taps * m->run * 2 * STRIA_PAIR_FILTERS;
    return m->groups * m->taps * m->run * stria_conv_padded(isa, m->width);
}

size_t stria_conv_packed_transposed_size(const stria_conv_isa *isa, const stria_conv_method *m)
{
    const size_t *kernel = m->window.kernel;
    if (m->depthwise)
        return stria_depthwise_packed_size(m);
    if (m->scatter)
        return kernel[0] * kernel[1] * m->filters * stria_conv_padded(isa, kernel[2] * m->channels);
    if (m->winograd)
        return STRIA_WINOGRAD_SPOTS * m->filters * stria_conv_padded(isa, m->channels);
    return m->groups * kernel[0] * kernel[1] * kernel[2] * m->width * stria_conv_padded(isa, m->depth);
}

/* ---- Forward ---- */

typedef struct pack_job {
    const stria_conv_isa *isa;
    const stria_conv_method *method;
    const float *kernel; /* [kd,kh,kw,depth,filters] */
    float *packed;
    size_t panels; /* of a group */
} pack_job;

static void pack_panel(void *context, size_t task, size_t worker)
{
    (void)worker;
    const pack_job *job = context;
    const stria_conv_method *m = job->method;
    size_t group = task / job->panels, first = task % job->panels * main_width(job->isa);
    size_t panel = panel_width(job->isa, m->width, first), left = m->width - first;
    float *to = job->packed + m->taps * m->run * (group * stria_conv_padded(job->isa, m->width) + first);
    job->isa->pack_rows(job->kernel + group * m->width + first, m->filters, m->taps * m->run,
                        left < panel ? left : panel, to, panel);
}

/* Every weight twice, for both pixels of a pair. */
static void pack_pairs(const stria_conv_method *m, const float *kernel, float *packed)
{
    for (size_t row = 0; row < m->taps * m->run; row++) {
        for (size_t k = 0; k < STRIA_PAIR_FILTERS; k++) {
            float weight = k < m->filters ? kernel[row * m->filters + k] : 0;
            packed[(row * STRIA_PAIR_FILTERS + k) * 2] = weight;
            packed[(row * STRIA_PAIR_FILTERS + k) * 2 + 1] = weight;
        }
    }
}

/* The taps of a panel, then what becomes of them: [SPOTS, channels, panel]. */
static void pack_winograd_panel(void *context, size_t task, size_t worker)
{
    (void)worker;
    const pack_job *job = context;
    const stria_conv_method *m = job->method;
    size_t first = task * main_width(job->isa), left = m->filters - first;
    size_t panel = panel_width(job->isa, m->filters, first), count = m->channels * panel;
    float *to = job->packed + STRIA_WINOGRAD_SPOTS * m->channels * first;
    job->isa->pack_rows(job->kernel + first, m->filters, WINOGRAD_TAPS * m->channels,
                        left < panel ? left : panel, to + (STRIA_WINOGRAD_SPOTS - WINOGRAD_TAPS) * count,
                        panel);
    job->isa->winograd_weights(to, count);
}

void stria_conv_pack(const stria_conv_isa *isa, const stria_conv_shape *shape, const float *kernel,
                     float *packed, stria_pool *pool)
{
    stria_conv_method m;
    stria_conv_choose(isa, shape, 1, &m);
    if (m.fft) {
        stria_conv_fft_pack(isa, shape, kernel, packed);
        return;
    }
    if (m.winograd) {
        pack_job job = {isa, &m, kernel, packed, (m.filters - 1) / main_width(isa) + 1};
        stria_pool_run(pool_for(&m, pool), job.panels, pack_winograd_panel, &job);
        return;
    }
    if (m.depthwise) {
        stria_depthwise_pack(&m, kernel, packed);
        return;
    }
    if (uses_pairs(isa, &m)) {
        pack_pairs(&m, kernel, packed);
        return;
    }
    pack_job job = {isa, &m, kernel, packed, (m.width - 1) / main_width(isa) + 1};
    stria_pool_run(pool_for(&m, pool), m.groups * job.panels, pack_panel, &job);
}

/* ---- Transposed ---- */

/* The taps of one phase for one panel of channels: [taps, filters of the group, panel]. */
static float *pack_phase(const pack_job *job, const stria_phase phase[3], size_t group, size_t first,
                         size_t channels, size_t panel, float *to)
{
    const stria_conv_method *m = job->method;
    const size_t *kernel = m->window.kernel;
    for (size_t d = 0; d < phase[0].taps; d++) {
        for (size_t h = 0; h < phase[1].taps; h++) {
            for (size_t w = 0; w < phase[2].taps; w++, to += m->width * panel) {
                size_t row =
                    (phase[0].tap + d * phase[0].every) * kernel[1] + phase[1].tap + h * phase[1].every;
                size_t tap = row * kernel[2] + phase[2].tap + w * phase[2].every;
                job->isa->pack_columns(job->kernel + (tap * m->depth + first) * m->filters + group * m->width,
                                       m->filters, m->width, channels, to, panel);
            }
        }
    }
    return to;
}

/* One task is a panel of a group's channels in every phase; phases follow each other, each with all its
 * panels. */
static void pack_transposed_panel(void *context, size_t task, size_t worker)
{
    (void)worker;
    const pack_job *job = context;
    const stria_conv_method *m = job->method;
    size_t group = task / job->panels, first = task % job->panels * main_width(job->isa);
    size_t panel = panel_width(job->isa, m->depth, first), left = m->depth - first;
    size_t padded = stria_conv_padded(job->isa, m->depth);
    const size_t *stride = m->window.stride;
    float *start = job->packed;
    for (size_t p = 0; p < stride[0] * stride[1] * stride[2]; p++) {
        stria_phase phase[3] = {stria_conv_phase(&m->window, 0, p / (stride[1] * stride[2])),
                                stria_conv_phase(&m->window, 1, p / stride[2] % stride[1]),
                                stria_conv_phase(&m->window, 2, p % stride[2])};
        size_t depth = phase[0].taps * phase[1].taps * phase[2].taps * m->width;
        pack_phase(job, phase, group, first, left < panel ? left : panel, panel,
                   start + depth * (group * padded + first));
        start += depth * m->groups * padded;
    }
}

/* For the scatter product: [taps along the depth, phases of the height, panels, taps of the phase, filters,
 * panel], a panel holding taps along the width and channels. One task is a panel. */
static void pack_scatter(void *context, size_t task, size_t worker)
{
    (void)worker;
    const pack_job *job = context;
    const stria_conv_method *m = job->method;
    const stria_window *w = &m->window;
    size_t width = w->kernel[2] * m->channels, first = task * main_width(job->isa), left = width - first;
    size_t panel = panel_width(job->isa, width, first), padded = stria_conv_padded(job->isa, width);
    float *start = job->packed;
    for (size_t d = 0; d < w->kernel[0]; d++) {
        for (size_t p = 0; p < w->stride[1]; p++) {
            stria_phase phase = stria_conv_phase(w, 1, p);
            for (size_t h = 0; h < phase.taps; h++) {
                size_t row = d * w->kernel[1] + phase.tap + h * phase.every;
                job->isa->pack_columns(job->kernel + (row * width + first) * m->filters, m->filters,
                                       m->filters, left < panel ? left : panel,
                                       start + m->filters * (phase.taps * first + h * panel), panel);
            }
            start += phase.taps * m->filters * padded;
        }
    }
}

/* As forward, with the window turned round: its last tap comes first. */
static void pack_winograd_transposed_panel(void *context, size_t task, size_t worker)
{
    (void)worker;
    const pack_job *job = context;
    const stria_conv_method *m = job->method;
    size_t first = task * main_width(job->isa), left = m->channels - first;
    size_t panel = panel_width(job->isa, m->channels, first), count = m->filters * panel;
    float *to = job->packed + STRIA_WINOGRAD_SPOTS * m->filters * first;
    for (size_t tap = 0; tap < WINOGRAD_TAPS; tap++)
        job->isa->pack_columns(job->kernel + (tap * m->channels + first) * m->filters, m->filters, m->filters,
                               left < panel ? left : panel, to + (STRIA_WINOGRAD_SPOTS - 1 - tap) * count,
                               panel);
    job->isa->winograd_weights(to, count);
}

void stria_conv_pack_transposed(const stria_conv_isa *isa, const stria_conv_shape *shape, const float *kernel,
                                float *packed, stria_pool *pool)
{
    stria_conv_method m;
    stria_conv_choose(isa, shape, 1, &m);
    if (m.depthwise) {
        stria_depthwise_pack_transposed(&m, kernel, packed);
        return;
    }
    pack_job job = {isa, &m, kernel, packed, 0};
    if (m.scatter) {
        job.panels = (m.window.kernel[2] * m.channels - 1) / main_width(isa) + 1;
        stria_pool_run(pool_for(&m, pool), job.panels, pack_scatter, &job);
        return;
    }
    job.panels = (m.depth - 1) / main_width(isa) + 1;
    if (m.winograd) {
        stria_pool_run(pool_for(&m, pool), job.panels, pack_winograd_transposed_panel, &job);
        return;
    }
    stria_pool_run(pool_for(&m, pool), m.groups * job.panels, pack_transposed_panel, &job);
}

/* Which algorithm a convolution uses in each direction, from its shape alone, and what memory that takes. All
 * choices that show in the bits of a result are here, and none of them depends on the instruction set. */
#include "kernels/conv_depthwise.h"

#include <string.h>

#include "base/error.h"

/* Up to so many channels a row of the window is one run: the taps are too short to be worth their pointers.
 */
#define RUN_MAX_CHANNELS 16
/* Up to so many channels the input gradient is scattered: gathered, most lanes of its vectors would be empty.
 */
#define SCATTER_MAX_CHANNELS 8
/* Kernels up to this size are so few tiles that kernel gradients are cut by pixels (conv_kernel_gradient.c).
 */
#define PAIR_MAX_KERNEL 8192

/* Winograd's product from so many channels, filters and tiles of the batch on. */
#define WINOGRAD_MIN_CHANNELS 16
#define WINOGRAD_MIN_TILES    14

/* Fourier transforms for windows of so many taps and as much less work. */
#define FFT_MIN_TAPS 121
#define FFT_HANDICAP 4

/* One tap, no gaps, no padding: pixels are rows of a matrix, wherever they lie. Dense layers are the usual
 * case. */
static bool is_pointwise(const stria_window *w)
{
    for (int a = 0; a < 3; a++) {
        if (w->kernel[a] != 1 || w->stride[a] != 1 || w->before[a] != 0 || w->in[a] != w->out[a])
            return false;
    }
    return true;
}

/* Inputs along an axis from the first that a window sees to the last, padding included. */
static size_t seen(const stria_window *w, int axis)
{
    return (w->out[axis] - 1) * w->stride[axis] + (w->kernel[axis] - 1) * w->dilation[axis] + 1;
}

static bool is_padded(const stria_window *w)
{
    for (int a = 0; a < 3; a++) {
        if (w->before[a] > 0 || seen(w, a) > w->in[a])
            return true;
    }
    return false;
}

bool stria_conv_algorithm_by_name(const char *name, stria_conv_algorithm *algorithm)
{
    static const char *const names[] = {[STRIA_CONV_DIRECT] = "direct",
                                        [STRIA_CONV_WINOGRAD] = "winograd",
                                        [STRIA_CONV_FFT] = "fft",
                                        [STRIA_CONV_REF] = "ref",
                                        [STRIA_CONV_AUTO] = "auto"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            *algorithm = (stria_conv_algorithm)i;
            return true;
        }
    }
    return false;
}

stria_status stria_conv_algorithm_read(const char *name, stria_conv_algorithm otherwise,
                                       stria_conv_algorithm *algorithm, stria_error *err)
{
    *algorithm = otherwise;
    if (name == NULL || stria_conv_algorithm_by_name(name, algorithm))
        return STRIA_OK;
    return stria_fail(err, STRIA_ERROR_VALUE,
                      "algorithm '%.64s' is unknown; it is auto, direct, winograd, fft or ref", name);
}

/* Windows of 3x3 that move by one. */
static bool winograd_applies(const stria_conv_shape *shape)
{
    const stria_window *w = &shape->window;
    for (int a = 1; a < 3; a++) {
        if (w->kernel[a] != 3 || w->stride[a] != 1 || w->dilation[a] != 1)
            return false;
    }
    return shape->groups == 1 && w->kernel[0] == 1 && w->stride[0] == 1 && w->before[0] == 0 &&
           w->in[0] == w->out[0];
}

/* Below, transforming costs more than it saves. */
static bool winograd_pays(const stria_conv_shape *shape, size_t batch)
{
    const size_t *out = shape->window.out;
    size_t tiles = batch * out[0] * stria_size_pieces(out[1], STRIA_WINOGRAD_OUT) *
                   stria_size_pieces(out[2], STRIA_WINOGRAD_OUT);
    return shape->channels >= WINOGRAD_MIN_CHANNELS && shape->filters >= WINOGRAD_MIN_CHANNELS &&
           tiles >= WINOGRAD_MIN_TILES;
}

/* Its multiply-adds take longer each. */
static bool fft_pays(const stria_conv_shape *shape, size_t batch)
{
    const stria_window *w = &shape->window;
    size_t taps = stria_size_volume(w->kernel);
    double direct = (double)(batch * stria_size_volume(w->out)) * (double)taps * (double)shape->channels *
                    (double)shape->filters;
    return taps >= FFT_MIN_TAPS && stria_conv_fft_applies(shape) &&
           stria_conv_fft_cost(shape, batch) * FFT_HANDICAP < direct;
}

stria_conv_algorithm stria_conv_choose_algorithm(const stria_conv_shape *shape, size_t batch,
                                                 stria_conv_algorithm wish)
{
    if (wish == STRIA_CONV_REF || wish == STRIA_CONV_DIRECT)
        return wish;
    if (wish == STRIA_CONV_FFT || wish == STRIA_CONV_AUTO) {
        bool pays = wish == STRIA_CONV_FFT || fft_pays(shape, batch);
        if (pays && stria_conv_fft_applies(shape))
            return STRIA_CONV_FFT;
    }
    if (wish == STRIA_CONV_FFT)
        return STRIA_CONV_DIRECT;
    bool taken = winograd_applies(shape) && (wish == STRIA_CONV_WINOGRAD || winograd_pays(shape, batch));
    return taken ? STRIA_CONV_WINOGRAD : STRIA_CONV_DIRECT;
}

void stria_conv_choose(const stria_conv_isa *isa, const stria_conv_shape *shape, size_t batch,
                       stria_conv_method *method)
{
    stria_conv_method m = {.window = shape->window,
                           .batch = batch,
                           .channels = shape->channels,
                           .filters = shape->filters,
                           .groups = shape->groups,
                           .depth = shape->channels / shape->groups,
                           .width = shape->filters / shape->groups};
    stria_window *w = &m.window;
    m.depthwise = m.groups > 1 && m.groups == m.channels;
    if (is_pointwise(w) && !m.depthwise) {
        size_t pixels = batch * stria_size_volume(w->in);
        m.batch = 1;
        for (int a = 0; a < 3; a++)
            w->in[a] = w->out[a] = a < 2 ? 1 : pixels;
    }
    m.winograd = shape->algorithm == STRIA_CONV_WINOGRAD;
    m.fft = shape->algorithm == STRIA_CONV_FFT;
    m.runs = !m.winograd && m.groups == 1 && m.channels <= RUN_MAX_CHANNELS && w->kernel[2] > 1 &&
             w->dilation[2] == 1;
    m.taps = m.runs ? w->kernel[0] * w->kernel[1] : stria_size_volume(w->kernel);
    m.run = m.runs ? w->kernel[2] * m.channels : m.depth;
    m.pairs = m.runs && m.channels == 1 && w->stride[2] == 1 && m.filters <= STRIA_PAIR_FILTERS &&
              m.taps * m.run * m.filters <= PAIR_MAX_KERNEL;
    m.bordered = m.runs && (is_padded(w) || (m.pairs && isa->pair != NULL));
    for (int a = 0; a < 3; a++)
        m.size[a] = m.bordered ? seen(w, a) : w->in[a];
    m.scatter = m.groups == 1 && m.channels <= SCATTER_MAX_CHANNELS && m.filters > m.channels &&
                w->kernel[2] > 1 && w->dilation[2] == 1;
    *method = m;
}

void stria_conv_needs_of(const stria_conv_isa *isa, const stria_conv_shape *shape, size_t batch,
                         size_t workers, bool training, stria_conv_needs *needs)
{
    stria_conv_method m;
    stria_conv_choose(isa, shape, batch, &m);
    size_t bordered = m.bordered ? stria_conv_bordered_size(&m) : 0;
    *needs = (stria_conv_needs){
        .packed = m.fft ? stria_conv_fft_packed_size(isa, shape) : stria_conv_packed_size(isa, &m),
        .packed_transposed = stria_conv_packed_transposed_size(isa, &m),
        .kept = training ? bordered : 0,
        .forward_scratch = m.fft ? stria_conv_fft_scratch(isa, shape, batch, workers)
                                 : stria_conv_forward_scratch(isa, &m, workers),
        .input_gradient_scratch = stria_conv_input_gradient_scratch(isa, &m, workers),
        .kernel_gradient_scratch =
            stria_conv_kernel_gradient_scratch(isa, &m, workers) + (training ? 0 : bordered)};
}

const char *stria_conv_describe(const stria_conv_isa *isa, const stria_conv_shape *shape, size_t batch)
{
    stria_conv_method m;
    stria_conv_choose(isa, shape, batch, &m);
    if (m.winograd)
        return isa->winograd_name;
    if (m.fft)
        return isa->fft_name;
    if (m.depthwise)
        return isa->depthwise->name;
    if (m.pairs && isa->pair != NULL)
        return isa->pair_name;
    return stria_conv_padded(isa, m.width) <= isa->narrow_vectors * isa->lanes ? isa->narrow_name
                                                                               : isa->gather_name;
}

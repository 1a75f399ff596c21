/* Spectrograms: the short-time Fourier transform of signals, and its powers on the mel scale of pitch. Frames
 * are transformed in double, so that quiet frequencies beside loud ones keep their logarithms; their tables
 * are what the layers pack. Gradients with respect to the signal are exact. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "kernels/fft.h"
#include "kernels/spectrum.h"
#include "layers/kinds.h"

/* Keras's epsilon, below which powers and magnitudes do not go. */
#define LEAST 1e-7

#define LONGEST ((double)(1 << 24))

/* Both kinds' frames. */
typedef struct frames {
    stria_spectrum spectrum;
    size_t count, step, bins;
    ptrdiff_t before; /* numbers that the first frame begins before the signal */
    size_t doubles;   /* of scratch that a frame takes */
} frames;

/* Doubles of what a layer packs: table, window, and `more`. */
static size_t packed_doubles(const stria_spectrum *s, size_t more)
{
    return stria_fft_table_size(s->fft) + s->frame + more;
}

/* Lays tables and window into the packed memory; returns what lies behind. */
static double *place_tables(stria_spectrum *s, float *packed)
{
    double *table = (double *)(void *)packed, *window = table + stria_fft_table_size(s->fft);
    s->table = table;
    s->window = window;
    return window + s->frame;
}

static double *worker_scratch(const stria_layer_call *call, const frames *f, size_t worker)
{
    return (double *)(void *)call->scratch + worker * f->doubles;
}

/* ---- Short-time Fourier transform ---- */

enum { MODE_LOG, MODE_MAGNITUDE, MODE_PSD, MODE_REAL, MODE_IMAG, MODE_ANGLE, MODE_STFT };
enum { SCALING_DENSITY, SCALING_SPECTRUM };

typedef struct stft_config {
    int mode, window, scaling;
    int64_t frame_length, frame_step, fft_length;
    bool periodic, expand_dims;
    stria_padding padding;
} stft_config;

typedef struct stft_state {
    frames f;
    size_t channels, values; /* per frame and channel: bins, or twice them */
} stft_state;

static const stria_argument stft_arguments[] = {
    {"mode", STRIA_ARG_WORD, offsetof(stft_config, mode), "log", 0, 0,
     "log magnitude psd real imag angle stft",
     "what is given of each frequency; stft: real parts, then imaginary ones"},
    {"frame_length", STRIA_ARG_INTEGER, offsetof(stft_config, frame_length), "256", 2, LONGEST, NULL,
     "numbers of a frame"},
    {"frame_step", STRIA_ARG_INTEGER, offsetof(stft_config, frame_step), "", 1, LONGEST, NULL,
     "from one frame to the next; left out: half of frame_length"},
    {"fft_length", STRIA_ARG_INTEGER, offsetof(stft_config, fft_length), "", 1, LONGEST, NULL,
     "of the transform; left out: the power of two from frame_length on"},
    {"window", STRIA_ARG_WORD, offsetof(stft_config, window), "hann", 0, 0, STRIA_FRAME_WINDOWS,
     "that frames are multiplied by"},
    {"periodic", STRIA_ARG_BOOLEAN, offsetof(stft_config, periodic), "no", 0, 0, NULL,
     "whether the window would go on in the next frame"},
    {"scaling", STRIA_ARG_WORD, offsetof(stft_config, scaling), "density", 0, 0, "density spectrum none",
     "divides by the root of the window's sum of squares, or by its sum"},
    {"padding", STRIA_ARG_PADDING, offsetof(stft_config, padding), "valid", 0, 0, NULL,
     "valid (frames inside the signal) or same (zeros around it)"},
    {"expand_dims", STRIA_ARG_BOOLEAN, offsetof(stft_config, expand_dims), "no", 0, 0, NULL,
     "give frames x frequencies x channels, not frames x (channels * frequencies)"},
};

static int64_t stft_step(const stft_config *c)
{
    return c->frame_step > 0 ? c->frame_step : c->frame_length / 2;
}

static int64_t stft_fft_length(const stft_config *c)
{
    int64_t length = 1;
    while (length < c->frame_length)
        length *= 2;
    return c->fft_length > 0 ? c->fft_length : length;
}

static int64_t stft_frames(const stft_config *c, int64_t length)
{
    if (length == STRIA_ANY_SIZE)
        return STRIA_ANY_SIZE;
    const int64_t step = stft_step(c);
    return c->padding.mode == STRIA_PADDING_SAME ? (length + step - 1) / step
                                                 : (length - c->frame_length) / step + 1;
}

static stria_status stft_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                               stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const stft_config *c = settings;
    const stria_shape *input = &inputs[0];
    int64_t channels;
    STRIA_TRY(stria_require_spatial(input, 1, "stft_spectrogram", err));
    STRIA_TRY(stria_require_channels(input, "stft_spectrogram", &channels, err));
    if (stft_step(c) > c->frame_length)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "frame_step %lld is above frame_length %lld: numbers would be left out",
                          (long long)stft_step(c), (long long)c->frame_length);
    if (stft_fft_length(c) < c->frame_length)
        return stria_fail(err, STRIA_ERROR_VALUE, "fft_length %lld is below frame_length %lld",
                          (long long)stft_fft_length(c), (long long)c->frame_length);
    if (c->padding.mode != STRIA_PADDING_VALID && c->padding.mode != STRIA_PADDING_SAME)
        return stria_fail(err, STRIA_ERROR_VALUE, "stft_spectrogram: padding is valid or same");
    const int64_t length = input->sizes[0];
    if (length != STRIA_ANY_SIZE && c->padding.mode == STRIA_PADDING_VALID && length < c->frame_length)
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "input %lld - frame_length %lld + 1 = %lld: no frame fits; use padding=same or a shorter frame",
            (long long)length, (long long)c->frame_length, (long long)(length - c->frame_length + 1));
    const int64_t values = (stft_fft_length(c) / 2 + 1) * (c->mode == MODE_STFT ? 2 : 1);
    if (channels > INT32_MAX / values)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%lld channels of %lld numbers are more than %d",
                          (long long)channels, (long long)values, INT32_MAX);
    const int64_t count = stft_frames(c, length);
    facts->output = c->expand_dims ? (stria_shape){3, {count, values, channels}}
                                   : (stria_shape){2, {count, channels * values}};
    facts->field[0] = c->frame_length;
    facts->field_stride[0] = stft_step(c);
    if (c->padding.mode == STRIA_PADDING_SAME && length != STRIA_ANY_SIZE) {
        const int64_t total = (count - 1) * stft_step(c) + c->frame_length - length;
        facts->field_before[0] = total > 0 ? total / 2 : 0;
    }
    return STRIA_OK;
}

static void stft_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const stft_config *c = call->config;
    const stria_shape *input = call->input_shapes[0];
    stft_state *s = call->state;
    const size_t fft = (size_t)stft_fft_length(c);
    s->channels = (size_t)input->sizes[1];
    s->f = (frames){.spectrum = {.frame = (size_t)c->frame_length,
                                 .fft = fft > 1 ? fft / 2 * 2 : 1, /* Keras's frequencies of odd lengths */
                                 .length = (size_t)input->sizes[0],
                                 .stride = s->channels},
                    .count = (size_t)stft_frames(c, input->sizes[0]),
                    .step = (size_t)stft_step(c),
                    .bins = fft / 2 + 1};
    if (c->padding.mode == STRIA_PADDING_SAME) {
        const int64_t total =
            (int64_t)(s->f.count - 1) * (int64_t)s->f.step + c->frame_length - input->sizes[0];
        s->f.before = total > 0 ? (ptrdiff_t)(total / 2) : 0;
    }
    s->values = s->f.bins * (c->mode == MODE_STFT ? 2 : 1);
    s->f.doubles = 2 * s->f.spectrum.fft + 2 + stria_fft_scratch_size(s->f.spectrum.fft);
    needs->packed = 2 * packed_doubles(&s->f.spectrum, 0);
    needs->scratch = 2 * stria_pool_workers(call->pool) * s->f.doubles;
    needs->backward_reads_input = true;
    needs->backward_keeps_dy = true;
    needs->kernel = "fft";
}

static void stft_pack(const stria_layer_call *call)
{
    const stft_config *c = call->config;
    const stft_state *s = call->state;
    stria_spectrum spectrum = s->f.spectrum;
    double *window = place_tables(&spectrum, call->packed) - spectrum.frame, sum = 0;
    stria_fft_make_table(spectrum.fft, (double *)(void *)call->packed);
    stria_frame_window_fill((stria_frame_window)c->window, spectrum.frame, c->periodic, window);
    if (c->window == STRIA_WINDOW_NONE)
        return;
    for (size_t t = 0; t < spectrum.frame; t++)
        sum += c->scaling == SCALING_DENSITY ? window[t] * window[t] : fabs(window[t]);
    const double scale = c->scaling == SCALING_DENSITY ? sqrt(sum) : c->scaling == SCALING_SPECTRUM ? sum : 1;
    for (size_t t = 0; t < spectrum.frame; t++)
        window[t] /= scale;
}

/* One number of a frequency, and its derivatives by re and im. Inner frequencies count twice in the power
 * density, as they stand for the negative ones too. */
static double stft_value(int mode, bool inner, double re, double im, double *by_re, double *by_im)
{
    const double power = re * re + im * im;
    switch (mode) {
    case MODE_REAL:
        *by_re = 1;
        *by_im = 0;
        return re;
    case MODE_IMAG:
        *by_re = 0;
        *by_im = 1;
        return im;
    case MODE_ANGLE:
        *by_re = power > 0 ? -im / power : 0;
        *by_im = power > 0 ? re / power : 0;
        return atan2(im + 0.0, re); /* -0 is 0 */
    case MODE_PSD: {
        const double times = inner ? 2 : 1;
        *by_re = 2 * times * re;
        *by_im = 2 * times * im;
        return times * power;
    }
    default: {
        const bool held = power < LEAST;
        const double magnitude = sqrt(held ? LEAST : power);
        const double down = mode == MODE_LOG ? power : magnitude;
        *by_re = held ? 0 : re / down;
        *by_im = held ? 0 : im / down;
        return mode == MODE_LOG ? log(magnitude) : magnitude;
    }
    }
}

/* The place of value v of a channel in its frame's numbers. */
static size_t stft_place(const stft_config *c, const stft_state *s, size_t v, size_t channel)
{
    return c->expand_dims ? v * s->channels + channel : channel * s->values + v;
}

/* What one frame of one channel is for both directions. */
typedef struct stft_frame {
    const stft_config *config;
    const stft_state *state;
    const stria_spectrum *spectrum;
    double *z, *scratch;
    ptrdiff_t start;
    size_t channel;
} stft_frame;

static void stft_frame_forward(const stft_frame *f, const float *x, float *y)
{
    const stft_config *c = f->config;
    const stft_state *s = f->state;
    double by_re, by_im;
    stria_spectrum_forward(f->spectrum, x + f->channel, f->start, f->z, f->scratch);
    for (size_t k = 0; k < s->f.bins; k++) {
        const double re = f->z[2 * k], im = f->z[2 * k + 1];
        const bool inner = k > 0 && k + 1 < s->f.bins;
        if (c->mode == MODE_STFT) {
            y[stft_place(c, s, k, f->channel)] = (float)re;
            y[stft_place(c, s, s->f.bins + k, f->channel)] = (float)im;
        } else
            y[stft_place(c, s, k, f->channel)] = (float)stft_value(c->mode, inner, re, im, &by_re, &by_im);
    }
}

static void stft_frame_backward(const stft_frame *f, const float *x, const float *dy, float *dx)
{
    const stft_config *c = f->config;
    const stft_state *s = f->state;
    stria_spectrum_forward(f->spectrum, x + f->channel, f->start, f->z, f->scratch);
    for (size_t k = 0; k < s->f.bins; k++) {
        double *z = f->z + 2 * k, by_re = 0, by_im = 0;
        const double g = (double)dy[stft_place(c, s, k, f->channel)];
        if (c->mode == MODE_STFT) {
            z[0] = g;
            z[1] = (double)dy[stft_place(c, s, s->f.bins + k, f->channel)];
            continue;
        }
        stft_value(c->mode, k > 0 && k + 1 < s->f.bins, z[0], z[1], &by_re, &by_im);
        z[0] = g * by_re;
        z[1] = g * by_im;
    }
    stria_spectrum_backward(f->spectrum, f->z, f->start, dx + f->channel, f->scratch);
}

/* All frames of a sample. */
static void stft_sample(const stria_layer_call *call, size_t sample, size_t worker, bool back)
{
    const stft_state *s = call->state;
    stria_spectrum spectrum = s->f.spectrum;
    place_tables(&spectrum, call->packed);
    const size_t in = spectrum.length * s->channels, row = s->values * s->channels;
    double *z = worker_scratch(call, &s->f, worker);
    if (back)
        memset(call->dinputs[0] + sample * in, 0, in * sizeof(float));
    for (size_t n = 0; n < s->f.count; n++)
        for (size_t channel = 0; channel < s->channels; channel++) {
            const stft_frame f = {.config = call->config,
                                  .state = s,
                                  .spectrum = &spectrum,
                                  .z = z,
                                  .scratch = z + 2 * spectrum.fft + 2,
                                  .start = (ptrdiff_t)(n * s->f.step) - s->f.before,
                                  .channel = channel};
            const size_t at = (sample * s->f.count + n) * row;
            if (back)
                stft_frame_backward(&f, call->inputs[0] + sample * in, call->dy + at,
                                    call->dinputs[0] + sample * in);
            else
                stft_frame_forward(&f, call->inputs[0] + sample * in, call->output + at);
        }
}

static void stft_forward_task(void *job, size_t sample, size_t worker)
{
    stft_sample(job, sample, worker, false);
}

static void stft_backward_task(void *job, size_t sample, size_t worker)
{
    stft_sample(job, sample, worker, true);
}

static void stft_forward(const stria_layer_call *call)
{
    stria_pool_run(call->pool, call->batch, stft_forward_task, (void *)(uintptr_t)call);
}

static void stft_backward(const stria_layer_call *call)
{
    if (call->dinputs[0] != NULL)
        stria_pool_run(call->pool, call->batch, stft_backward_task, (void *)(uintptr_t)call);
}

const stria_layer_kind stria_kind_stft_spectrogram = {
    .name = "stft_spectrogram",
    .aliases = "stft",
    .keras_class = "STFTSpectrogram",
    .title = "Short-time Fourier transform of a signal: the frequencies of each frame.",
    .formula = "z[n,k] = sum over t of x[n*step + t] * w[t] * exp(-2 pi i k t / fft), k from 0 to fft/2\n"
               "log: log max(|z|, 3.2e-4); magnitude |z|; psd: |z|^2, inner frequencies twice\n"
               "fixed: Keras's layer can train its kernels",
    .example = "stft_spectrogram mode=log frame_length=8 expand_dims",
    .config_size = sizeof(stft_config),
    .arguments = stft_arguments,
    .argument_count = sizeof stft_arguments / sizeof stft_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(stft_state),
    .shape = stft_shape,
    .bind = stft_bind,
    .pack = stft_pack,
    .forward = stft_forward,
    .backward = stft_backward,
};

/* ---- Mel spectrogram ---- */

typedef struct mel_config {
    int64_t fft_length, sequence_stride, sequence_length, num_mel_bins;
    int window;
    double sampling_rate, min_freq, max_freq;
    bool power_to_db;
    double top_db, mag_exp, min_power, ref_power;
} mel_config;

typedef struct mel_state {
    frames f;
    size_t mels;
} mel_state;

static const stria_argument mel_arguments[] = {
    {"fft_length", STRIA_ARG_INTEGER, offsetof(mel_config, fft_length), "2048", 2, LONGEST, NULL,
     "of the transform"},
    {"sequence_stride", STRIA_ARG_INTEGER, offsetof(mel_config, sequence_stride), "512", 1, LONGEST, NULL,
     "from one frame to the next"},
    {"sequence_length", STRIA_ARG_INTEGER, offsetof(mel_config, sequence_length), "", 1, LONGEST, NULL,
     "numbers of the window; left out: fft_length"},
    {"window", STRIA_ARG_WORD, offsetof(mel_config, window), "hann", 0, 0, STRIA_FRAME_WINDOWS,
     "that frames are multiplied by, periodic"},
    {"sampling_rate", STRIA_ARG_NUMBER, offsetof(mel_config, sampling_rate), "16000", 1, 1e12, NULL,
     "numbers of the signal in a second"},
    {"num_mel_bins", STRIA_ARG_INTEGER, offsetof(mel_config, num_mel_bins), "128", 1, 65536, NULL,
     "bands of pitch"},
    {"min_freq", STRIA_ARG_NUMBER, offsetof(mel_config, min_freq), "20", 0, 1e12, NULL,
     "where the lowest band begins, in hertz"},
    {"max_freq", STRIA_ARG_NUMBER, offsetof(mel_config, max_freq), "", 0, 1e12, NULL,
     "where the highest ends; left out: half of sampling_rate"},
    {"power_to_db", STRIA_ARG_BOOLEAN, offsetof(mel_config, power_to_db), "yes", 0, 0, NULL, "give decibels"},
    {"top_db", STRIA_ARG_NUMBER, offsetof(mel_config, top_db), "80", 0, 1e30, NULL,
     "decibels below the loudest that quieter ones are raised to"},
    {"mag_exp", STRIA_ARG_NUMBER, offsetof(mel_config, mag_exp), "2", 0.001, 100, NULL,
     "power of the magnitude: 1 for energy, 2 for power"},
    {"min_power", STRIA_ARG_NUMBER, offsetof(mel_config, min_power), "1e-10", 1e-38, 1e30, NULL,
     "smallest power that has decibels"},
    {"ref_power", STRIA_ARG_NUMBER, offsetof(mel_config, ref_power), "1", -1e30, 1e30, NULL,
     "power of 0 decibels"},
};

static int64_t mel_window_length(const mel_config *c)
{
    return c->sequence_length > 0 ? c->sequence_length : c->fft_length;
}

static double mel_max_freq(const mel_config *c)
{
    return c->max_freq > 0 ? c->max_freq : floor(c->sampling_rate / 2);
}

/* The signal grows by half a transform, mirrored, on both sides. */
static int64_t mel_frames(const mel_config *c, int64_t length)
{
    return length == STRIA_ANY_SIZE
               ? STRIA_ANY_SIZE
               : (length + c->fft_length / 2 * 2 - c->fft_length) / c->sequence_stride + 1;
}

static stria_status mel_shape(const void *settings, const stria_shape *inputs, size_t input_count,
                              stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const mel_config *c = settings;
    const stria_shape *input = &inputs[0];
    char text[STRIA_SHAPE_TEXT_SIZE];
    if (input->rank != 1)
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "mel_spectrogram takes a signal of one size, and its input is %s; flatten makes one of it",
            stria_shape_text(input, text, sizeof text));
    if (mel_window_length(c) > c->fft_length)
        return stria_fail(err, STRIA_ERROR_VALUE, "sequence_length %lld is above fft_length %lld",
                          (long long)mel_window_length(c), (long long)c->fft_length);
    if (!(c->min_freq < mel_max_freq(c)))
        return stria_fail(err, STRIA_ERROR_VALUE, "min_freq %g is not below max_freq %g", c->min_freq,
                          mel_max_freq(c));
    const int64_t length = input->sizes[0];
    if (length != STRIA_ANY_SIZE && length <= c->fft_length / 2)
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "input %lld is not above half of fft_length %lld, by which it is mirrored at its ends; use a "
            "shorter transform",
            (long long)length, (long long)c->fft_length);
    facts->output = (stria_shape){2, {c->num_mel_bins, mel_frames(c, length)}};
    facts->sees_all = c->power_to_db;
    return STRIA_OK;
}

static void mel_bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const mel_config *c = call->config;
    mel_state *s = call->state;
    const size_t fft = (size_t)c->fft_length, window = (size_t)mel_window_length(c);
    const size_t length = (size_t)call->input_shapes[0]->sizes[0];
    s->mels = (size_t)c->num_mel_bins;
    s->f = (frames){.spectrum = {.frame = window,
                                 .fft = fft,
                                 .offset = (fft - window) / 2,
                                 .length = length,
                                 .stride = 1,
                                 .reflects = true},
                    .count = (size_t)mel_frames(c, (int64_t)length),
                    .step = (size_t)c->sequence_stride,
                    .bins = fft / 2 + 1,
                    .before = (ptrdiff_t)(fft / 2)};
    s->f.doubles = 2 * fft + 2 + 2 * s->mels + stria_fft_scratch_size(fft);
    needs->packed = 2 * packed_doubles(&s->f.spectrum, s->f.bins);
    needs->scratch = 2 * stria_pool_workers(call->pool) * s->f.doubles;
    needs->backward_reads_input = true;
    needs->backward_reads_output = c->power_to_db;
    needs->backward_keeps_dy = true;
    needs->kernel = "fft";
}

/* Pitch in mel of a frequency in hertz (O'Shaughnessy, "Speech communication", 1987). */
static double mel_of(double hertz)
{
    return 1127.0 * log(1.0 + hertz / 700.0);
}

/* Behind table and window: for each frequency where it lies between the edges of the bands, which are equally
 * far from each other in mel: at edge j plus a share of the way to the next. Band m rises from edge m to m +
 * 1 and falls to m + 2. -1 for those outside all bands, and for frequency 0. */
static void mel_pack(const stria_layer_call *call)
{
    const mel_config *c = call->config;
    const mel_state *s = call->state;
    stria_spectrum spectrum = s->f.spectrum;
    double *positions = place_tables(&spectrum, call->packed);
    stria_fft_make_table(spectrum.fft, (double *)(void *)call->packed);
    stria_frame_window_fill((stria_frame_window)c->window, spectrum.frame, true, positions - spectrum.frame);
    const double low = mel_of(c->min_freq), high = mel_of(mel_max_freq(c));
    const double between = (high - low) / (double)(s->mels + 1);
    for (size_t k = 0; k < s->f.bins; k++) {
        const double hertz = c->sampling_rate / 2 * (double)k / (double)(s->f.bins - 1);
        const double position = (mel_of(hertz) - low) / between;
        positions[k] = k > 0 && position >= 0 && position < (double)(s->mels + 1) ? position : -1;
    }
}

/* A frequency's magnitude to the power mag_exp. */
static double mel_power(const mel_config *c, double re, double im)
{
    const double square = re * re + im * im;
    return c->mag_exp >= 2 && c->mag_exp <= 2 ? square : pow(square, c->mag_exp / 2);
}

/* Transforms frame n and gathers the bands: mel[m]. */
static void mel_gather(const mel_config *c, const mel_state *s, const stria_spectrum *spectrum,
                       const double *positions, const float *x, size_t n, double *z, double *mel,
                       double *scratch)
{
    const ptrdiff_t start = (ptrdiff_t)(n * s->f.step + spectrum->offset) - s->f.before;
    stria_spectrum_forward(spectrum, x, start, z, scratch);
    memset(mel, 0, s->mels * sizeof *mel);
    for (size_t k = 0; k < s->f.bins; k++) {
        if (positions[k] < 0)
            continue;
        const size_t edge = (size_t)positions[k];
        const double share = positions[k] - (double)edge, power = mel_power(c, z[2 * k], z[2 * k + 1]);
        if (edge < s->mels)
            mel[edge] += share * power;
        if (edge > 0)
            mel[edge - 1] += (1 - share) * power;
    }
}

static double decibels(const mel_config *c, double power)
{
    return 10 * log10(fmax(power, c->min_power)) - 10 * log10(fmax(fabs(c->ref_power), c->min_power));
}

/* The loudest of a sample's numbers, the first of them. */
static size_t find_loudest(const float *y, size_t count)
{
    size_t at = 0;
    for (size_t e = 1; e < count; e++)
        if (y[e] > y[at])
            at = e;
    return at;
}

/* Where a sample's things are. */
typedef struct mel_sample {
    stria_spectrum spectrum;
    const double *positions;
    double *z, *mel, *gradients, *scratch;
    size_t count; /* numbers of the output */
} mel_sample;

static mel_sample mel_sample_of(const stria_layer_call *call, size_t worker)
{
    const mel_state *s = call->state;
    mel_sample m = {.spectrum = s->f.spectrum, .count = s->mels * s->f.count};
    m.positions = place_tables(&m.spectrum, call->packed);
    m.z = worker_scratch(call, &s->f, worker);
    m.mel = m.z + 2 * m.spectrum.fft + 2;
    m.gradients = m.mel + s->mels;
    m.scratch = m.gradients + s->mels;
    return m;
}

static void mel_forward_task(void *job, size_t sample, size_t worker)
{
    const stria_layer_call *call = job;
    const mel_config *c = call->config;
    const mel_state *s = call->state;
    const mel_sample m = mel_sample_of(call, worker);
    const float *x = call->inputs[0] + sample * m.spectrum.length;
    float *y = call->output + sample * m.count;
    for (size_t n = 0; n < s->f.count; n++) {
        mel_gather(c, s, &m.spectrum, m.positions, x, n, m.z, m.mel, m.scratch);
        for (size_t b = 0; b < s->mels; b++)
            y[b * s->f.count + n] = (float)(c->power_to_db ? decibels(c, m.mel[b]) : m.mel[b]);
    }
    if (!c->power_to_db)
        return;
    const float floor_db = y[find_loudest(y, m.count)] - (float)c->top_db;
    for (size_t e = 0; e < m.count; e++)
        y[e] = y[e] < floor_db ? floor_db : y[e];
}

/* Bands at the floor move with the loudest; the others by their own power. */
static void mel_backward_task(void *job, size_t sample, size_t worker)
{
    const stria_layer_call *call = job;
    const mel_config *c = call->config;
    const mel_state *s = call->state;
    const mel_sample m = mel_sample_of(call, worker);
    const float *x = call->inputs[0] + sample * m.spectrum.length, *dy = call->dy + sample * m.count;
    const float *y = c->power_to_db ? call->output + sample * m.count : NULL;
    float *dx = call->dinputs[0] + sample * m.spectrum.length;
    const size_t loudest = c->power_to_db ? find_loudest(y, m.count) : 0;
    double to_loudest = 0;
    memset(dx, 0, m.spectrum.length * sizeof *dx);
    for (size_t e = 0; c->power_to_db && e < m.count; e++)
        if (y[e] <= y[loudest] - (float)c->top_db)
            to_loudest += (double)dy[e];
    for (size_t n = 0; n < s->f.count; n++) {
        mel_gather(c, s, &m.spectrum, m.positions, x, n, m.z, m.mel, m.scratch);
        for (size_t b = 0; b < s->mels; b++) {
            const size_t e = b * s->f.count + n;
            double g = (double)dy[e];
            if (c->power_to_db) {
                if (y[e] <= y[loudest] - (float)c->top_db)
                    g = 0;
                if (e == loudest)
                    g += to_loudest;
                g = m.mel[b] > c->min_power ? g * 10 / (log(10) * m.mel[b]) : 0;
            }
            m.gradients[b] = g;
        }
        for (size_t k = 0; k < s->f.bins; k++) {
            double *z = m.z + 2 * k, g = 0;
            const double square = z[0] * z[0] + z[1] * z[1];
            if (m.positions[k] >= 0 && square > 0) {
                const size_t edge = (size_t)m.positions[k];
                const double share = m.positions[k] - (double)edge;
                g = edge < s->mels ? share * m.gradients[edge] : 0;
                g += edge > 0 ? (1 - share) * m.gradients[edge - 1] : 0;
                g *= c->mag_exp * mel_power(c, z[0], z[1]) / square;
            }
            z[0] *= g;
            z[1] *= g;
        }
        const ptrdiff_t start = (ptrdiff_t)(n * s->f.step + m.spectrum.offset) - s->f.before;
        stria_spectrum_backward(&m.spectrum, m.z, start, dx, m.scratch);
    }
}

static void mel_forward(const stria_layer_call *call)
{
    stria_pool_run(call->pool, call->batch, mel_forward_task, (void *)(uintptr_t)call);
}

static void mel_backward(const stria_layer_call *call)
{
    if (call->dinputs[0] != NULL)
        stria_pool_run(call->pool, call->batch, mel_backward_task, (void *)(uintptr_t)call);
}

const stria_layer_kind stria_kind_mel_spectrogram = {
    .name = "mel_spectrogram",
    .aliases = "",
    .keras_class = "MelSpectrogram",
    .title = "How loud each band of pitch is in each frame of a signal.",
    .formula = "p[m,n] = sum over k of band[m,k] * |z[n,k]|^mag_exp, z the transform of frame n, the signal "
               "mirrored at\n"
               "its ends, bands triangles on the mel scale 1127 log(1 + f/700)\n"
               "y = 10 log10(max(p, min_power) / ref_power), at least the sample's largest - top_db",
    .example = "mel_spectrogram fft_length=8 sequence_stride=4 num_mel_bins=4",
    .config_size = sizeof(mel_config),
    .arguments = mel_arguments,
    .argument_count = sizeof mel_arguments / sizeof mel_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(mel_state),
    .shape = mel_shape,
    .bind = mel_bind,
    .pack = mel_pack,
    .forward = mel_forward,
    .backward = mel_backward,
};

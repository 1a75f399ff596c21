/* Frames of a signal and their transforms. */
#include "kernels/spectrum.h"

#include <math.h>
#include <string.h>

#include "kernels/fft.h"

#define TWO_PI 6.283185307179586476925

void stria_frame_window_fill(stria_frame_window window, size_t length, bool periodic, double *numbers)
{
    const double intervals = (double)(periodic ? length : length - 1);
    for (size_t t = 0; t < length; t++) {
        const double angle = length == 1 ? TWO_PI / 2 : TWO_PI * (double)t / intervals;
        switch (window) {
        case STRIA_WINDOW_HANN:
            numbers[t] = 0.5 - 0.5 * cos(angle);
            break;
        case STRIA_WINDOW_HAMMING:
            numbers[t] = 0.54 - 0.46 * cos(angle);
            break;
        case STRIA_WINDOW_BLACKMAN:
            numbers[t] = 0.42 - 0.5 * cos(angle) + 0.08 * cos(2 * angle);
            break;
        case STRIA_WINDOW_BARTLETT:
            numbers[t] = 1 - fabs(angle / (TWO_PI / 2) - 1);
            break;
        case STRIA_WINDOW_NONE:
            numbers[t] = 1;
            break;
        }
    }
}

/* Where number `at` of the endless signal stands in the real one; -1 where it is 0. */
static ptrdiff_t place_of(const stria_spectrum *s, ptrdiff_t at)
{
    const ptrdiff_t last = (ptrdiff_t)s->length - 1;
    if (at >= 0 && at <= last)
        return at;
    if (!s->reflects)
        return -1;
    return at < 0 ? -at : 2 * last - at;
}

void stria_spectrum_forward(const stria_spectrum *s, const float *signal, ptrdiff_t start, double *z,
                            double *scratch)
{
    memset(z, 0, 2 * s->fft * sizeof *z);
    for (size_t t = 0; t < s->frame; t++) {
        const ptrdiff_t at = place_of(s, start + (ptrdiff_t)t);
        if (at >= 0)
            z[2 * ((s->offset + t) % s->fft)] += (double)signal[(size_t)at * s->stride] * s->window[t];
    }
    stria_fft(s->fft, s->table, false, z, scratch);
}

/* re[k] = sum of x[t] cos(a k t), im[k] = -sum of x[t] sin(a k t); so dx[t] is the real part of the inverse
 * transform of dre + i dim, over those frequencies that have gradients. */
void stria_spectrum_backward(const stria_spectrum *s, double *z, ptrdiff_t start, float *gradient,
                             double *scratch)
{
    const size_t given = s->fft / 2 + 1;
    memset(z + 2 * given, 0, 2 * (s->fft - given) * sizeof *z);
    stria_fft(s->fft, s->table, true, z, scratch);
    for (size_t t = 0; t < s->frame; t++) {
        const ptrdiff_t at = place_of(s, start + (ptrdiff_t)t);
        if (at >= 0)
            gradient[(size_t)at * s->stride] += (float)(z[2 * ((s->offset + t) % s->fft)] * s->window[t]);
    }
}

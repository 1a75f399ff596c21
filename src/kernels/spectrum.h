/* Windowed frames of a signal and their spectra, for spectrograms: from numbers to re and im of the
 * frequencies and back (the adjoint). All in double; a call is one frame. */
#ifndef STRIA_KERNELS_SPECTRUM_H
#define STRIA_KERNELS_SPECTRUM_H

#include <stdbool.h>
#include <stddef.h>

typedef enum stria_frame_window {
    STRIA_WINDOW_HANN,     /* 0.5 - 0.5 cos */
    STRIA_WINDOW_HAMMING,  /* 0.54 - 0.46 cos */
    STRIA_WINDOW_BLACKMAN, /* 0.42 - 0.5 cos + 0.08 cos of twice the angle */
    STRIA_WINDOW_BARTLETT, /* a triangle */
    STRIA_WINDOW_NONE      /* ones */
} stria_frame_window;

#define STRIA_FRAME_WINDOWS "hann hamming blackman bartlett none"

/* The window's numbers; periodic: those of a window one longer, without the last. */
void stria_frame_window_fill(stria_frame_window window, size_t length, bool periodic, double *numbers);

/* What all frames of a layer share. */
typedef struct stria_spectrum {
    size_t frame;          /* numbers of the window */
    size_t fft;            /* length of the transform */
    size_t offset;         /* of the window in the transform */
    const double *window;  /* [frame] */
    const double *table;   /* stria_fft_make_table(fft) */
    size_t length, stride; /* of the signal: numbers, and floats from one to the next */
    bool reflects;         /* before and after the signal: mirrored about its ends, else 0 */
} stria_spectrum;

/* z[k] for k below `fft`: the transform of signal[start + t] * window[t], t below `frame`. z is [fft] pairs.
 */
void stria_spectrum_forward(const stria_spectrum *s, const float *signal, ptrdiff_t start, double *z,
                            double *scratch);

/* z holds the gradients of re and im of the first fft / 2 + 1 frequencies; adds that of the frame to
 * `gradient`. The rest of z is overwritten. */
void stria_spectrum_backward(const stria_spectrum *s, double *z, ptrdiff_t start, float *gradient,
                             double *scratch);

#endif

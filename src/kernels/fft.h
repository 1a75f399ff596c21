/* Discrete Fourier transforms of complex numbers, of any length, in double: powers of two by Cooley and
 * Tukey's way, others by Bluestein's. Numbers are pairs, the real part first. The tables of a length are made
 * once, by the caller's memory. */
#ifndef STRIA_KERNELS_FFT_H
#define STRIA_KERNELS_FFT_H

#include <stdbool.h>
#include <stddef.h>

/* Doubles of the table, and of scratch for one transform (0 for powers of two). */
size_t stria_fft_table_size(size_t length);
size_t stria_fft_scratch_size(size_t length);

void stria_fft_make_table(size_t length, double *table);

/* z[k] = sum over t of z[t] * exp(-2 pi i k t / length), in place; exp(+...) when `inverse`, not divided by
 * the length. */
void stria_fft(size_t length, const double *table, bool inverse, double *z, double *scratch);

#endif

/* Fourier transforms of one axis, of STRIA_CONV_FFT_LANES channels at a time. Forward takes numbers in their
 * order and leaves them with the bits of their places reversed (decimation in frequency, Gentleman and Sande,
 * 1966), backward takes them so (decimation in time, Cooley and Tukey, 1965): nothing is ever sorted. */
#include "kernels/simd/conv.h"

#define VECTORS (STRIA_CONV_FFT_LANES / VL)

void STRIA_ISA(stria_conv_fft_forward)(float *re, float *im, size_t count, size_t step, const float *roots)
{
    for (size_t half = count / 2; half > 0; half /= 2) {
        for (size_t j = 0; j < half; j++) {
            const vec wr = vec_broadcast(roots[2 * j * (count / 2 / half)]);
            const vec wi = vec_broadcast(roots[2 * j * (count / 2 / half) + 1]);
            for (size_t i = j; i < count; i += 2 * half) {
                float *ar = re + i * step, *ai = im + i * step;
                float *br = ar + half * step, *bi = ai + half * step;
                VEC_UNROLL
                for (int v = 0; v < VECTORS; v++) {
                    const vec xr = vec_load(ar + v * VL), xi = vec_load(ai + v * VL);
                    const vec yr = vec_load(br + v * VL), yi = vec_load(bi + v * VL);
                    const vec dr = xr - yr, di = xi - yi;
                    vec_store(ar + v * VL, xr + yr);
                    vec_store(ai + v * VL, xi + yi);
                    vec_store(br + v * VL, dr * wr - di * wi);
                    vec_store(bi + v * VL, dr * wi + di * wr);
                }
            }
        }
    }
}

void STRIA_ISA(stria_conv_fft_backward)(float *re, float *im, size_t count, size_t step, const float *roots)
{
    for (size_t half = 1; half < count; half *= 2) {
        for (size_t j = 0; j < half; j++) {
            const vec wr = vec_broadcast(roots[2 * j * (count / 2 / half)]);
            const vec wi = vec_broadcast(roots[2 * j * (count / 2 / half) + 1]);
            for (size_t i = j; i < count; i += 2 * half) {
                float *ar = re + i * step, *ai = im + i * step;
                float *br = ar + half * step, *bi = ai + half * step;
                VEC_UNROLL
                for (int v = 0; v < VECTORS; v++) {
                    const vec xr = vec_load(ar + v * VL), xi = vec_load(ai + v * VL);
                    const vec tr = vec_load(br + v * VL), ti = vec_load(bi + v * VL);
                    const vec yr = tr * wr + ti * wi, yi = ti * wr - tr * wi;
                    vec_store(ar + v * VL, xr + yr);
                    vec_store(ai + v * VL, xi + yi);
                    vec_store(br + v * VL, xr - yr);
                    vec_store(bi + v * VL, xi - yi);
                }
            }
        }
    }
}

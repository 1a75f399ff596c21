/* Resampling pictures to another size: which inputs an output is made of, and with which weights, is worked
 * out once per axis into a table of floats; running only adds up. Pixels are squares: output o of an axis has
 * its centre at (o + 1/2) * extent / out of the stretch that is resampled (half-pixel centres), as in Keras,
 * Pillow and OpenCV. */
#ifndef STRIA_KERNELS_RESAMPLE_H
#define STRIA_KERNELS_RESAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"

typedef enum stria_interpolation {
    STRIA_NEAREST,  /* the pixel in which the centre lies */
    STRIA_BILINEAR, /* a triangle of radius 1 */
    STRIA_BICUBIC,  /* Keys's cubic of radius 2 with a = -0.5 */
    STRIA_LANCZOS3, /* a windowed sinc of radius 3 */
    STRIA_LANCZOS5,
    STRIA_AREA,   /* the share of each pixel that the output covers */
    STRIA_BOX,    /* a square of radius 1/2; this and the next in whole numbers only */
    STRIA_HAMMING /* a windowed sinc of radius 1 */
} stria_interpolation;

/* The names of the first six, separated by spaces. */
#define STRIA_INTERPOLATION_WORDS "nearest bilinear bicubic lanczos3 lanczos5 area"

/* One axis: the stretch start ... start + extent - 1 of the input becomes the output. It may lie wholly
 * inside (a crop) or reach beyond the ends, where the picture's fill value is. */
typedef struct stria_resample_axis {
    size_t in, out, extent;
    int64_t start;
} stria_resample_axis;

typedef struct stria_resample {
    stria_resample_axis axes[2]; /* height, width */
    size_t channels;
    stria_interpolation interpolation;
    bool antialias; /* widen the kernel where the picture shrinks; without effect on nearest and area */
    float fill;
} stria_resample;

/* The most inputs that an output of the axis is made of. */
size_t stria_resample_taps(const stria_resample *resample, int axis);

/* Floats of the table of weights, and the filling of it. */
size_t stria_resample_table_size(const stria_resample *resample);
void stria_resample_fill_table(const stria_resample *resample, float *table);

/* Floats of scratch memory that a run needs. */
size_t stria_resample_scratch(const stria_resample *resample, size_t workers);

/* The stretch of axis `a` that has the proportions of the output, as Keras computes it: the middle of the
 * picture, or with `pad` the picture between equal borders. */
stria_resample_axis stria_resample_to_aspect(const int64_t in[2], const int64_t out[2], int a, bool pad);

/* y [N,Ho,Wo,C] from x [N,H,W,C]. */
void stria_resample_forward(const stria_resample *resample, const float *table, size_t batch, const float *x,
                            float *y, float *scratch, stria_pool *pool);

/* y [Ho,Wo,C] from x [H,W,C] in bytes: the same sums in floats, rounded to the nearest; and the floats of
 * scratch memory for that. */
size_t stria_resample_bytes_scratch(const stria_resample *resample);
void stria_resample_bytes(const stria_resample *resample, const float *table, const uint8_t *x, uint8_t *y,
                          float *scratch);

/* dx is overwritten. */
void stria_resample_backward(const stria_resample *resample, const float *table, size_t batch,
                             const float *dy, float *dx, float *scratch, stria_pool *pool);

/* ---- In whole numbers, to the bit as Pillow computes it: always antialiased; without nearest, lanczos5,
 * area ---- */

/* Numbers of the table, the filling of it, bytes of scratch memory (aligned for int32_t). `fill` is rounded.
 */
size_t stria_resample_fixed_table_size(const stria_resample *resample);
void stria_resample_fill_fixed_table(const stria_resample *resample, int32_t *table);
size_t stria_resample_fixed_scratch(const stria_resample *resample);

/* y [Ho,Wo,C] from x [H,W,C]. */
void stria_resample_fixed(const stria_resample *resample, const int32_t *table, const uint8_t *x, uint8_t *y,
                          void *scratch);

#endif

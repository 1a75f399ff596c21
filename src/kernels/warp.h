/* Pictures under a map of the plane: rotation, zoom, shift, shear, perspective. One definition for all
 * instruction sets; a call is one picture, so that callers give each sample a map of its own. */
#ifndef STRIA_KERNELS_WARP_H
#define STRIA_KERNELS_WARP_H

#include <stddef.h>

/* What lies outside the picture abcd. */
typedef enum stria_fill_mode {
    STRIA_FILL_REFLECT, /* dcba|abcd|dcba */
    STRIA_FILL_WRAP,    /* abcd|abcd|abcd */
    STRIA_FILL_CONSTANT,
    STRIA_FILL_NEAREST /* aaaa|abcd|dddd */
} stria_fill_mode;

#define STRIA_FILL_MODES "reflect wrap constant nearest"

typedef enum stria_warp_sampling { STRIA_WARP_NEAREST, STRIA_WARP_BILINEAR } stria_warp_sampling;

#define STRIA_WARP_SAMPLINGS "nearest bilinear"

/* Output (x, y) is the input at ((m0 x + m1 y + m2) / k, (m3 x + m4 y + m5) / k) with k = m6 x + m7 y + 1. */
typedef struct stria_warp {
    float map[8];
    stria_fill_mode fill_mode;
    stria_warp_sampling sampling;
    float fill_value;
} stria_warp;

/* x and y are [height, width, channels] and do not overlap. */
void stria_warp_forward(const stria_warp *warp, size_t height, size_t width, size_t channels, const float *x,
                        float *y);

/* The exact gradient: every output hands its own to the inputs that it was made of, by their weights. dx is
 * overwritten. */
void stria_warp_backward(const stria_warp *warp, size_t height, size_t width, size_t channels,
                         const float *dy, float *dx);

#endif

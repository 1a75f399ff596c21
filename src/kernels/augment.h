/* What one drawn augmentation does to one picture [height, width, channels], and its gradient. Layers draw
 * the numbers; nothing here is random but the noise that fills an erased box. */
#ifndef STRIA_KERNELS_AUGMENT_H
#define STRIA_KERNELS_AUGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "kernels/warp.h"

/* Most bins of a histogram. */
#define STRIA_MAX_BINS 1024

/* Formulas for a value range low ... high; clip holds y inside it. */
typedef enum stria_augment_kind {
    STRIA_AUGMENT_NONE, /* y = x */
    STRIA_AUGMENT_WARP,
    STRIA_AUGMENT_FLIP,       /* columns and rows in reverse, as `horizontal` and `vertical` say */
    STRIA_AUGMENT_BRIGHTNESS, /* y = clip(x + amount) */
    STRIA_AUGMENT_CONTRAST,   /* y = clip((x - mean) * amount + mean), the mean that of the channel */
    STRIA_AUGMENT_GRAY,       /* y = x + amount * (gray(x) - x), clip if `clips`; 1 or 3 channels */
    STRIA_AUGMENT_HUE, /* y = clip(x with its hue turned by amount, a share of the circle); 3 channels */
    STRIA_AUGMENT_SATURATION, /* x with its saturation times amount, at most 1; 3 channels */
    STRIA_AUGMENT_INVERT,     /* y = high - x */
    STRIA_AUGMENT_POSTERIZE,  /* keeps the upper 8 - amount bits of x as one of 256 steps */
    STRIA_AUGMENT_SOLARIZE,   /* v = clip(x + amount); v where below `threshold`, else low + high - v */
    STRIA_AUGMENT_STRETCH,    /* each channel's smallest and largest become low and high */
    STRIA_AUGMENT_EQUALIZE,   /* each channel's `bins` grey values become equally frequent */
    STRIA_AUGMENT_BLUR,    /* y = clip(Gaussian of sigma[] over kernel[] rows and columns, zeros outside) */
    STRIA_AUGMENT_CLIP,    /* y = clip(x) */
    STRIA_AUGMENT_SHARPEN, /* y = clip(x + (1 - amount) * (smooth(x) - x)) */
    STRIA_AUGMENT_ERASE    /* a box of fill values, or noise */
} stria_augment_kind;

typedef struct stria_augment {
    stria_augment_kind kind;
    float low, high; /* the value range */
    float amount, threshold;
    bool horizontal, vertical;       /* FLIP */
    bool clips;                      /* GRAY */
    int bins;                        /* EQUALIZE */
    size_t kernel[2];                /* BLUR: rows, columns; odd */
    float sigma[2];                  /* BLUR: along rows' axis, columns' axis */
    size_t top, bottom, left, right; /* ERASE: rows top ... bottom-1 */
    bool noise;                      /* ERASE: clip(normal * high) by `key`, else fill_value */
    float fill_value;
    stria_random_key key;
    uint64_t first; /* element of `key` for the picture's first number */
    stria_warp warp;
} stria_augment;

typedef struct stria_picture_size {
    size_t height, width, channels;
} stria_picture_size;

/* x and y do not overlap. */
void stria_augment_forward(const stria_augment *augment, const stria_picture_size *size, const float *x,
                           float *y);

/* The gradient at x; 0 where y is clipped, and for posterize and equalize, whose outputs are steps. dx is
 * overwritten; scratch has the size of a picture. */
void stria_augment_backward(const stria_augment *augment, const stria_picture_size *size, const float *x,
                            const float *dy, float *dx, float *scratch);

#endif

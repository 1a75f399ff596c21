/* What the files of the augmentations share. */
#ifndef STRIA_KERNELS_AUGMENT_INSIDE_H
#define STRIA_KERNELS_AUGMENT_INSIDE_H

#include "kernels/augment.h"

/* v held inside the value range; the slope is 0 outside, 1 inside and on its ends. */
static inline float stria_clip(const stria_augment *a, float v, float *slope)
{
    *slope = v >= a->low && v <= a->high ? 1.0F : 0.0F;
    return v < a->low ? a->low : v > a->high ? a->high : v;
}

/* Kinds GRAY, HUE, SATURATION. */
void stria_augment_color(const stria_augment *a, const stria_picture_size *size, const float *x, float *y);
void stria_augment_color_gradient(const stria_augment *a, const stria_picture_size *size, const float *x,
                                  const float *dy, float *dx);

/* Kinds BLUR and SHARPEN. */
void stria_augment_filter(const stria_augment *a, const stria_picture_size *size, const float *x, float *y);
void stria_augment_filter_gradient(const stria_augment *a, const stria_picture_size *size, const float *x,
                                   const float *dy, float *dx, float *scratch);

/* Kinds STRETCH and EQUALIZE. */
void stria_augment_stretch(const stria_augment *a, const stria_picture_size *size, const float *x, float *y);
void stria_augment_stretch_gradient(const stria_augment *a, const stria_picture_size *size, const float *x,
                                    const float *dy, float *dx);
void stria_augment_equalize(const stria_augment *a, const stria_picture_size *size, const float *x, float *y);
void stria_augment_equalize_gradient(const stria_augment *a, const stria_picture_size *size, const float *x,
                                     const float *dy, float *dx);

#endif

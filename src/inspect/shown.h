/* Numbers as pictures: what a model sees, as bytes, and maps over it. */
#ifndef STRIA_INSPECT_SHOWN_H
#define STRIA_INSPECT_SHOWN_H

#include <stria/picture.h>

/* x [height, width, channels] as a picture of grey (1 channel), colours (3), or for other counts the mean of
 * the channels in grey; low is black and high white. Errors: LIMIT, MEMORY. */
stria_status stria_shown_numbers(stria_picture *picture, stria_context *context, const float *x,
                                 int64_t height, int64_t width, int64_t channels, double low, double high,
                                 stria_error *err);

/* A map [height, width] in the colours of `palette` from low to high. Errors: VALUE, LIMIT, MEMORY. */
stria_status stria_shown_map(stria_picture *picture, stria_context *context, const float *map, int64_t height,
                             int64_t width, const char *palette, double low, double high, stria_error *err);

/* The map's colours over the photo in grey, the stronger the further a value is from 0; the photo has the
 * map's size. Errors as above. */
stria_status stria_shown_overlay(stria_picture *picture, stria_context *context, const stria_picture *photo,
                                 const float *map, const char *palette, double low, double high,
                                 stria_error *err);

#endif

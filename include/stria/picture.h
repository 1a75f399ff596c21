/* Pictures in bytes: reading, converting, cutting, resizing and writing them.
 *
 *     stria_picture picture = {0};
 *     if (stria_picture_read(&picture, context, "cat.png", &err) != STRIA_OK ||
 *         stria_picture_convert(&picture, context, 3, &err) != STRIA_OK ||
 *         stria_picture_resize(&picture, context, 224, 224, "bilinear", &err) != STRIA_OK ||
 *         stria_picture_write(context, "small.png", &picture, &err) != STRIA_OK)
 *         fprintf(stderr, "%s\n", err.message);
 *     stria_picture_free(&picture, context);
 *
 * Functions may be called from several threads at once, each with pictures of its own, as long as the context's memory
 * and files allow it (its own do). They run in the calling thread. */
#ifndef STRIA_PICTURE_H
#define STRIA_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>
#include <stria/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A picture [height, width, channels], rows from the top, without gaps. A caller may describe bytes of its own with this
 * struct wherever a function takes a const picture. */
typedef struct stria_picture {
    int64_t height, width;
    int64_t channels; /* 1 grey, 2 grey and alpha, 3 red, green, blue (RGB), 4 RGB and alpha */
    uint8_t *bytes;   /* 0 to 255; memory of the context */
} stria_picture;

/* Reads a picture file. What it is, its first bytes say, not its name:
 *   PNG     all kinds. Palettes become colours, fewer than 8 bits 8; transparent colours become an alpha channel
 *   JPEG    grey or colours, baseline and progressive, turned as EXIF data say (also those of WebP). Printing colours
 *           (CMYK) are refused, and damaged or missing pixels, which other programs fill with grey
 *   WebP    lossy and lossless; no animations
 *   PNM     P1 to P6, and PAM (P7) of up to 4 channels; of several pictures in a file the first
 *   BMP     1 to 32 bits, runs, bit fields, rows in either order; with a palette of greys only grey
 * 16 bits are rounded to 8; stria_array_read of <stria/data.h> keeps them. On success the caller owns the picture and
 * frees it with stria_picture_free of the same context; whatever `picture` held before is overwritten. libjpeg and libwebp
 * take the memory they work with, up to a few times the picture's, from malloc, not from the context.
 * Errors: MISSING, IO, FORMAT (no picture, or a damaged one), UNSUPPORTED, NOT_BUILT (names the switch), LIMIT (more
 * pixels than the context's max_pixels), MEMORY. */
STRIA_API stria_status stria_picture_read(stria_picture *picture, stria_context *context, const char *path,
                                          stria_error *err);

/* The same for a file's bytes; `name` is what messages call it. */
STRIA_API stria_status stria_picture_decode(stria_picture *picture, stria_context *context, const void *bytes, size_t size,
                                            const char *name, stria_error *err);

/* As stria_picture_decode, for a picture that is to be resized to height x width: a JPEG of at least twice the height and
 * twice the width is decoded at 1/2, 1/4 or 1/8 of its size, the smallest that is not below them. That is several times
 * faster, but averages pixels another way than resizing does. Other formats, and sizes of 0, are decoded whole. */
STRIA_API stria_status stria_picture_decode_reduced(stria_picture *picture, stria_context *context, const void *bytes,
                                                    size_t size, const char *name, int64_t height, int64_t width,
                                                    stria_error *err);

/* Makes a picture of zeros. Errors: VALUE, LIMIT, MEMORY. */
STRIA_API stria_status stria_picture_create(stria_picture *picture, stria_context *context, int64_t height, int64_t width,
                                            int64_t channels, stria_error *err);

/* Changes a picture to `channels`, 1 to 4. Grey is (299 R + 587 G + 114 B)/1000, rounded (ITU-R BT.601, as in Pillow);
 * colours of grey are grey; alpha that is not wanted is left out, alpha that is missing is 255.
 * On failure the picture is as it was. Errors: VALUE, MEMORY. */
STRIA_API stria_status stria_picture_convert(stria_picture *picture, stria_context *context, int64_t channels,
                                             stria_error *err);

/* Cuts out the box of `height` rows and `width` columns that begins at row `top` and column `left`, wholly within the
 * picture. Errors: VALUE (says box and picture). */
STRIA_API stria_status stria_picture_crop(stria_picture *picture, stria_context *context, int64_t top, int64_t left,
                                          int64_t height, int64_t width, stria_error *err);

/* Resizes to height x width. `method` says what the result equals, within one step of a byte:
 *   nearest, bilinear, bicubic, lanczos3, lanczos5, area       Keras's Resizing (tf.image.resize), rounded to bytes;
 *                                                              area is OpenCV's INTER_AREA too where the picture shrinks
 *   antialias, antialias-bicubic, antialias-lanczos3           the same with antialias (the first is bilinear)
 *   pil-nearest, pil-box, pil-bilinear, pil-hamming,
 *   pil-bicubic, pil-lanczos                                   Pillow's resize, byte for byte, which always antialiases
 *   opencv-nearest, opencv-bilinear                            OpenCV's INTER_NEAREST and INTER_LINEAR
 * Alpha is resized as a channel like others, but by the methods of Pillow colours count by how much they are seen.
 * On failure the picture is as it was. Errors: VALUE (an unknown method: the message lists them), LIMIT (sides above
 * 1,048,576 or too many pixels), MEMORY. */
STRIA_API stria_status stria_picture_resize(stria_picture *picture, stria_context *context, int64_t height, int64_t width,
                                            const char *method, stria_error *err);

/* All zero means the defaults. */
typedef struct stria_resize_options {
    size_t struct_size;       /* sizeof this struct, or 0 for the layout of version 0.1 */
    const char *method;       /* as above; NULL: "bilinear" */
    int crop_to_aspect_ratio; /* 1: first the middle is cut out that has the proportions of the result, as in Keras */
    int pad_to_aspect_ratio;  /* 1: first equal borders give it the proportions of the result, as in Keras */
    int fill;                 /* 0 to 255: what the borders are, in every channel */
} stria_resize_options;

/* The same with options; NULL gives the defaults. */
STRIA_API stria_status stria_picture_resize_with(stria_picture *picture, stria_context *context, int64_t height,
                                                 int64_t width, const stria_resize_options *options, stria_error *err);

/* Writes a PNG file, whole or not at all. Errors: VALUE (another suffix than .png, or no picture), NOT_BUILT, IO,
 * MEMORY. */
STRIA_API stria_status stria_picture_write(stria_context *context, const char *path, const stria_picture *picture,
                                           stria_error *err);

/* Packs the picture as a PNG file in memory: *bytes [*size], freed with stria_picture_free_bytes. Errors: VALUE,
 * NOT_BUILT, MEMORY. */
STRIA_API stria_status stria_picture_encode_png(uint8_t **bytes, size_t *size, stria_context *context,
                                                const stria_picture *picture, stria_error *err);

/* NULL is allowed. */
STRIA_API void stria_picture_free_bytes(uint8_t *bytes, stria_context *context);

/* Frees the bytes and clears the struct; a cleared struct is allowed. */
STRIA_API void stria_picture_free(stria_picture *picture, stria_context *context);

#ifdef __cplusplus
}
#endif

#endif

/* Decoding pictures from bytes. */
#ifndef STRIA_DATA_PICTURE_H
#define STRIA_DATA_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>

/* No picture has more pixels than this. */
#define STRIA_MAX_PIXELS ((int64_t)1 << 28)

/* A decoded picture [height, width, channels]: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
typedef struct stria_picture {
    int64_t height, width, channels;
    uint8_t *bytes; /* freed with stria_release of the context's allocator */
} stria_picture;

bool stria_png_looks(const void *bytes, size_t size);

/* Palettes become colours and fewer than 8 bits 8; 16 bits are rounded to 8; transparent colours become an
 * alpha channel. `name` is for messages. Errors: FORMAT, LIMIT, NOT_BUILT, MEMORY. */
stria_status stria_png_decode(stria_picture *picture, stria_context *context, const void *bytes, size_t size,
                              const char *name, stria_error *err);

#endif

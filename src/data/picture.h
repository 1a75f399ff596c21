/* The inside of reading and writing pictures: what the files of the formats share. */
#ifndef STRIA_DATA_PICTURE_H
#define STRIA_DATA_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/picture.h>

/* No file of a picture may be larger. */
#define STRIA_PICTURE_FILE_LIMIT ((uint64_t)1 << 32)

/* Checks the size that the header of a file announces, before anything is asked for, and allocates the
 * picture's bytes, which are not set. `name` is for messages. Errors: LIMIT, MEMORY. */
stria_status stria_picture_check_size(const stria_context *context, uint64_t height, uint64_t width,
                                      const char *name, stria_error *err);
stria_status stria_picture_allocate(stria_picture *picture, stria_context *context, int64_t height,
                                    int64_t width, int64_t channels, stria_error *err);

static inline size_t stria_picture_size(const stria_picture *picture)
{
    return (size_t)picture->height * (size_t)picture->width * (size_t)picture->channels;
}

/* Whether the struct describes a picture. Errors: VALUE. */
stria_status stria_picture_check(const stria_picture *picture, stria_error *err);

/* ---- The formats: whether bytes begin as theirs do, and decoding. `name` is for messages. Errors: FORMAT,
 * LIMIT, UNSUPPORTED, NOT_BUILT, MEMORY. ---- */

bool stria_png_looks(const void *bytes, size_t size);
stria_status stria_png_decode(stria_picture *picture, stria_context *context, const void *bytes, size_t size,
                              const char *name, stria_error *err);

#endif

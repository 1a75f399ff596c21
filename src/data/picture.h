/* The inside of reading and writing pictures: what the files of the formats share. */
#ifndef STRIA_DATA_PICTURE_H
#define STRIA_DATA_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/picture.h>

/* No file of a picture may be larger. */
#define STRIA_PICTURE_FILE_LIMIT ((uint64_t)1 << 32)

/* A file to decode, and how. */
typedef struct stria_picture_file {
    const char *name; /* for messages */
    const uint8_t *bytes;
    size_t size;
    /* Where they are not 0, a format that is decoded faster at a reduced size may give any that is at least
     * this. */
    int64_t least_height, least_width;
    /* Where it is not NULL, 16 bits are kept: *wide tells that the picture's bytes are a uint16_t for each
     * number, 0 to 65535. Is false at first. */
    bool *wide;
} stria_picture_file;

/* ---- The formats: whether bytes begin as theirs do, and decoding. Errors: FORMAT, LIMIT, UNSUPPORTED,
 * NOT_BUILT, MEMORY. ---- */

bool stria_png_looks(const uint8_t *bytes, size_t size);
stria_status stria_png_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                              stria_error *err);

bool stria_jpeg_looks(const uint8_t *bytes, size_t size);
stria_status stria_jpeg_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                               stria_error *err);

bool stria_webp_looks(const uint8_t *bytes, size_t size);
stria_status stria_webp_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                               stria_error *err);

bool stria_pnm_looks(const uint8_t *bytes, size_t size);
stria_status stria_pnm_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                              stria_error *err);

bool stria_bmp_looks(const uint8_t *bytes, size_t size);
stria_status stria_bmp_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                              stria_error *err);

/* ---- All of them ---- */

#define STRIA_PICTURE_FORMATS "PNG, JPEG, WebP, PNM or BMP"

/* The name of the format that the bytes begin as, or NULL. */
const char *stria_picture_format(const void *bytes, size_t size);

/* Decodes a file of any format. Errors: those of above; FORMAT and UNSUPPORTED, with what it is, for other
 * files. */
stria_status stria_picture_decode_file(stria_picture *picture, stria_context *context,
                                       const stria_picture_file *file, stria_error *err);

/* Checks the size that the header of a file announces, before memory for it is asked for. Errors: LIMIT. */
stria_status stria_picture_check_size(const stria_context *context, uint64_t height, uint64_t width,
                                      const char *name, stria_error *err);

/* Makes a picture of a checked size, whose numbers are not set: bytes, or with `wide` a uint16_t each.
 * Errors: MEMORY. */
stria_status stria_picture_allocate(stria_picture *picture, stria_context *context, int64_t height,
                                    int64_t width, int64_t channels, bool wide, stria_error *err);

/* Numbers of a picture. */
static inline size_t stria_picture_size(const stria_picture *picture)
{
    return (size_t)picture->height * (size_t)picture->width * (size_t)picture->channels;
}

/* Whether the struct describes a picture. Errors: VALUE. */
stria_status stria_picture_check(const stria_picture *picture, stria_error *err);

/* ---- Orientation ---- */

/* The orientation (1 to 8) that EXIF data, which begin with a TIFF header, have for the picture beside them;
 * 1, as it is, when there is none or what is there is damaged. */
int stria_exif_orientation(const uint8_t *bytes, size_t size);

/* Turns and mirrors a picture as an orientation says it is to be looked at. On failure it is as it was.
 * Errors: MEMORY. */
stria_status stria_picture_orient(stria_picture *picture, stria_context *context, int orientation,
                                  stria_error *err);

#endif

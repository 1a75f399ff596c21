/* What the fuzz targets of pictures do: decode in every way, and touch every byte of what comes out. */
#ifndef STRIA_TESTS_FUZZ_PICTURE_H
#define STRIA_TESTS_FUZZ_PICTURE_H

#include "base/context.h"
#include "data/picture.h"
#include "fuzz/bounded_context.h"

#define LIMIT ((size_t)64 << 20)

typedef bool (*picture_looks)(const uint8_t *bytes, size_t size);
typedef stria_status (*picture_decode)(stria_picture *picture, stria_context *context,
                                       const stria_picture_file *file, stria_error *err);

static inline void decode_and_touch(stria_context *context, const stria_picture_file *file,
                                    picture_decode decode)
{
    stria_picture picture;
    if (decode(&picture, context, file, NULL) != STRIA_OK)
        return;
    REQUIRE(picture.height > 0 && picture.width > 0 && picture.height <= context->max_pixels / picture.width);
    REQUIRE(picture.channels >= 1 && picture.channels <= 4);
    bool is_wide = file->wide != NULL && *file->wide;
    touch(picture.bytes, stria_picture_size(&picture) * (is_wide ? sizeof(uint16_t) : 1));
    stria_picture_free(&picture, context);
}

/* Decoders are only given what looks like theirs. */
static inline int fuzz_picture(const uint8_t *data, size_t size, picture_looks looks, picture_decode decode)
{
    if (!looks(data, size))
        return 0;
    stria_context *context = bounded_context_make(LIMIT);
    bool wide = false;
    const stria_picture_file ways[] = {
        {.name = "fuzz", .bytes = data, .size = size},
        {.name = "fuzz", .bytes = data, .size = size, .least_height = 7, .least_width = 9},
        {.name = "fuzz", .bytes = data, .size = size, .wide = &wide},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        decode_and_touch(context, &ways[i], decode);
    bounded_context_free(context);
    return 0;
}

#endif

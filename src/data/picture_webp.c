/* WebP through libwebp, lossy and lossless: the only file that includes webp/decode.h. libwebp has memory of
 * its own, from malloc. */
#include "data/picture.h"

#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"

bool stria_webp_looks(const uint8_t *bytes, size_t size)
{
    return size >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0;
}

#if STRIA_HAVE_WEBP

#    include <webp/decode.h>

/* Four bytes, little-endian. */
static size_t word_at(const uint8_t *bytes)
{
    return (size_t)bytes[3] << 24 | (size_t)bytes[2] << 16 | (size_t)bytes[1] << 8 | bytes[0];
}

/* Reads the chunks (RFC 9649, section 2) for one of EXIF: names of four bytes, sizes, contents padded to even
 * sizes. */
static int find_orientation(const uint8_t *bytes, size_t size)
{
    for (size_t at = 12; size - at >= 8;) {
        size_t length = word_at(bytes + at + 4);
        const uint8_t *content = bytes + at + 8;
        if (length > size - at - 8)
            break;
        if (memcmp(bytes + at, "EXIF", 4) == 0) {
            /* Some writers keep the introduction that JPEG needs. */
            size_t before = length >= 6 && memcmp(content, "Exif\0\0", 6) == 0 ? 6 : 0;
            return stria_exif_orientation(content + before, length - before);
        }
        length += length & 1;
        if (length > size - at - 8)
            break;
        at += 8 + length;
    }
    return 1;
}

static stria_status fail(const stria_picture_file *file, VP8StatusCode code, stria_error *err)
{
    static const char *const reasons[] = {[VP8_STATUS_BITSTREAM_ERROR] = "its data make no picture",
                                          [VP8_STATUS_UNSUPPORTED_FEATURE] = "it has an unknown feature",
                                          [VP8_STATUS_SUSPENDED] = "the file ends early",
                                          [VP8_STATUS_NOT_ENOUGH_DATA] = "the file ends early"};
    if (code == VP8_STATUS_OUT_OF_MEMORY)
        return stria_fail(err, STRIA_ERROR_MEMORY, "%s: out of memory while reading the WebP", file->name);
    bool known = (size_t)code < sizeof reasons / sizeof reasons[0] && reasons[code] != NULL;
    return stria_fail(err, STRIA_ERROR_FORMAT, "%s: damaged WebP: %s", file->name,
                      known ? reasons[code] : "its header makes no sense");
}

stria_status stria_webp_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                               stria_error *err)
{
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "%s: the libwebp here is not the one of this build",
                          file->name);
    VP8StatusCode code = WebPGetFeatures(file->bytes, file->size, &config.input);
    if (code != VP8_STATUS_OK)
        return fail(file, code, err);
    if (config.input.has_animation)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "%s: an animated WebP is not read: take one frame of it, as with "
                          "`webpmux -get frame 1 FILE -o NEW.webp`",
                          file->name);
    int64_t height = config.input.height, width = config.input.width,
            channels = config.input.has_alpha ? 4 : 3;
    stria_picture made;
    STRIA_TRY(stria_picture_check_size(context, (uint64_t)height, (uint64_t)width, file->name, err));
    STRIA_TRY(stria_picture_allocate(&made, context, height, width, channels, false, err));
    config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = made.bytes;
    config.output.u.RGBA.stride = (int)(width * channels);
    config.output.u.RGBA.size = stria_picture_size(&made);
    code = WebPDecode(file->bytes, file->size, &config);
    stria_status status = code == VP8_STATUS_OK ? STRIA_OK : fail(file, code, err);
    if (status == STRIA_OK)
        status = stria_picture_orient(&made, context, find_orientation(file->bytes, file->size), err);
    if (status != STRIA_OK) {
        stria_release(&context->allocator, made.bytes);
        return status;
    }
    *picture = made;
    return STRIA_OK;
}

#else

stria_status stria_webp_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                               stria_error *err)
{
    (void)picture, (void)context;
    return stria_fail(err, STRIA_ERROR_NOT_BUILT, "%s: WebP pictures need a build with -DSTRIA_WITH_WEBP=ON",
                      file->name);
}

#endif

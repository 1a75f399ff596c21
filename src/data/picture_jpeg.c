/* JPEG through libjpeg-turbo: the only file that includes jpeglib.h. libjpeg reports errors by a function
 * that must not return; the jump stays within decode(), which owns nothing, while everything that must be
 * freed hangs on a struct of its caller. libjpeg has memory of its own, from malloc.
 *
 * What libjpeg merely warns of is of two kinds: bytes that are out of place but belong to no pixel, which
 * many cameras write, and damaged pixels, which are an error here. */
#include "data/picture.h"

#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"

bool stria_jpeg_looks(const uint8_t *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0;
}

#if STRIA_HAVE_JPEG

#    include <setjmp.h>
#    include <stdio.h>

#    include <jpeglib.h>

#    include <jerror.h>

/* Each scan of a progressive picture passes over all of it, however few bytes it has. Encoders write about
 * ten. */
#    define MOST_SCANS 100

/* Huffman codes have at least one bit for each block of 8x8. */
#    define PIXELS_PER_BYTE 512

typedef struct decoder {
    struct jpeg_decompress_struct
        jpeg; /* has `manager` and `progress` in it, which lead back to this struct */
    struct jpeg_error_mgr manager;
    struct jpeg_progress_mgr progress;
    struct jpeg_source_mgr source;
    jmp_buf jump;
    stria_context *context;
    const stria_picture_file *file;
    int orientation;
    stria_picture picture;
    stria_status status;
    stria_error *err;
} decoder;

static decoder *decoder_of(j_common_ptr jpeg)
{
    return jpeg->client_data;
}

/* Well formed, but not something that libjpeg does. */
static bool is_unsupported(int code)
{
    return code == JERR_BAD_PRECISION || code == JERR_SOF_UNSUPPORTED || code == JERR_ARITH_NOTIMPL ||
           code == JERR_FRACT_SAMPLE_NOTIMPL || code == JERR_CONVERSION_NOTIMPL || code == JERR_NOT_COMPILED;
}

static void on_error(j_common_ptr jpeg)
{
    decoder *d = decoder_of(jpeg);
    const char *name = d->file->name;
    char message[JMSG_LENGTH_MAX];
    d->manager.format_message(jpeg, message);
    if (d->manager.msg_code == JERR_OUT_OF_MEMORY)
        d->status = stria_fail(d->err, STRIA_ERROR_MEMORY, "%s: out of memory while reading the JPEG", name);
    else if (is_unsupported(d->manager.msg_code))
        d->status = stria_fail(d->err, STRIA_ERROR_UNSUPPORTED, "%s: this kind of JPEG is not read: %s", name,
                               message);
    else
        d->status = stria_fail(d->err, STRIA_ERROR_FORMAT, "%s: damaged JPEG: %s", name, message);
    longjmp(d->jump, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    int code = jpeg->err->msg_code;
    if (level < 0 && (code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE ||
                      code == JWRN_MUST_RESYNC))
        on_error(jpeg);
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
    decoder *d = decoder_of(jpeg);
    if (d->jpeg.input_scan_number <= MOST_SCANS)
        return;
    d->status =
        stria_fail(d->err, STRIA_ERROR_LIMIT, "%s: a JPEG of more than %d scans", d->file->name, MOST_SCANS);
    longjmp(d->jump, 1);
}

/* ---- The source: the bytes at once ---- */

static void on_source(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

static boolean on_more(j_decompress_ptr jpeg)
{
    decoder *d = decoder_of((j_common_ptr)jpeg);
    d->status =
        stria_fail(d->err, STRIA_ERROR_FORMAT, "%s: damaged JPEG: the file ends early", d->file->name);
    longjmp(d->jump, 1);
}

static void on_skip(j_decompress_ptr jpeg, long count)
{
    struct jpeg_source_mgr *source = jpeg->src;
    if (count <= 0)
        return;
    if ((size_t)count > source->bytes_in_buffer)
        on_more(jpeg);
    source->next_input_byte += count;
    source->bytes_in_buffer -= (size_t)count;
}

/* ---- EXIF ---- */

/* Reads the segments before the first scan (ITU-T T.81, annex B) for one of EXIF. */
static int find_orientation(const uint8_t *bytes, size_t size)
{
    for (size_t at = 2; size - at >= 4 && bytes[at] == 0xFF;) {
        unsigned marker = bytes[at + 1];
        if (marker == 0xFF) { /* fill bytes */
            at++;
            continue;
        }
        size_t length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (marker == 0xDA || length < 2 || length > size - at - 2)
            break;
        if (marker == 0xE1 && length >= 8 && memcmp(bytes + at + 4, "Exif\0\0", 6) == 0)
            return stria_exif_orientation(bytes + at + 10, length - 8);
        at += 2 + length;
    }
    return 1;
}

/* ---- Decoding ---- */

/* Checks what the header announces. */
static stria_status check_header(decoder *d)
{
    const char *name = d->file->name;
    uint64_t height = d->jpeg.image_height, width = d->jpeg.image_width;
    STRIA_TRY(stria_picture_check_size(d->context, height, width, name, d->err));
    if (!d->jpeg.arith_code && height * width / PIXELS_PER_BYTE > d->file->size)
        return stria_fail(d->err, STRIA_ERROR_FORMAT,
                          "%s: damaged JPEG: %zu bytes cannot hold a picture of %llux%llu", name,
                          d->file->size, (unsigned long long)height, (unsigned long long)width);
    J_COLOR_SPACE space = d->jpeg.jpeg_color_space;
    if (space == JCS_CMYK || space == JCS_YCCK)
        return stria_fail(d->err, STRIA_ERROR_UNSUPPORTED,
                          "%s: a JPEG of printing colours (CMYK) is not read: convert it to RGB, as with "
                          "`magick FILE -colorspace sRGB NEW.jpg`",
                          name);
    if (space != JCS_GRAYSCALE && space != JCS_YCbCr && space != JCS_RGB)
        return stria_fail(d->err, STRIA_ERROR_UNSUPPORTED,
                          "%s: a JPEG of %d components is not read: must be grey or RGB", name,
                          d->jpeg.num_components);
    return STRIA_OK;
}

/* The largest of 1, 2, 4 and 8 that the size can be divided by. */
static unsigned reduction(const decoder *d)
{
    const stria_picture_file *file = d->file;
    bool turned = d->orientation >= 5;
    uint64_t height = (uint64_t)(turned ? file->least_width : file->least_height);
    uint64_t width = (uint64_t)(turned ? file->least_height : file->least_width);
    unsigned times = 8;
    while (times > 1 && (height == 0 || width == 0 || d->jpeg.image_height / times < height ||
                         d->jpeg.image_width / times < width))
        times /= 2;
    return times;
}

/* Has no variable that lives across a jump. */
static void decode(decoder *d)
{
    if (setjmp(d->jump) != 0)
        return;
    jpeg_create_decompress(&d->jpeg);
    d->jpeg.src = &d->source;
    d->jpeg.progress = &d->progress;
    jpeg_read_header(&d->jpeg, TRUE);
    d->status = check_header(d);
    if (d->status != STRIA_OK)
        return;
    d->jpeg.out_color_space = d->jpeg.jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    d->jpeg.scale_num = 1;
    d->jpeg.scale_denom = reduction(d);
    jpeg_start_decompress(&d->jpeg);
    d->status = stria_picture_allocate(&d->picture, d->context, d->jpeg.output_height, d->jpeg.output_width,
                                       d->jpeg.output_components, false, d->err);
    if (d->status != STRIA_OK)
        return;
    size_t row = (size_t)(d->picture.width * d->picture.channels);
    while (d->jpeg.output_scanline < d->jpeg.output_height) {
        JSAMPROW rows[4];
        for (size_t i = 0; i < 4; i++) {
            size_t y = d->jpeg.output_scanline + i;
            rows[i] = d->picture.bytes + (y < d->jpeg.output_height ? y : d->jpeg.output_height - 1) * row;
        }
        jpeg_read_scanlines(&d->jpeg, rows, 4);
    }
    jpeg_finish_decompress(&d->jpeg);
}

stria_status stria_jpeg_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                               stria_error *err)
{
    decoder d = {.context = context, .file = file, .err = err};
    d.jpeg.err = jpeg_std_error(&d.manager);
    d.manager.error_exit = on_error;
    d.manager.emit_message = on_message;
    d.manager.output_message = on_output;
    d.progress.progress_monitor = on_progress;
    d.source = (struct jpeg_source_mgr){.next_input_byte = file->bytes,
                                        .bytes_in_buffer = file->size,
                                        .init_source = on_source,
                                        .fill_input_buffer = on_more,
                                        .skip_input_data = on_skip,
                                        .resync_to_restart = jpeg_resync_to_restart,
                                        .term_source = on_source};
    d.jpeg.client_data = &d;
    d.orientation = find_orientation(file->bytes, file->size);
    decode(&d);
    jpeg_destroy_decompress(&d.jpeg);
    if (d.status == STRIA_OK)
        d.status = stria_picture_orient(&d.picture, context, d.orientation, err);
    if (d.status != STRIA_OK) {
        stria_release(&context->allocator, d.picture.bytes);
        return d.status;
    }
    *picture = d.picture;
    return STRIA_OK;
}

#else

stria_status stria_jpeg_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                               stria_error *err)
{
    (void)picture, (void)context;
    return stria_fail(err, STRIA_ERROR_NOT_BUILT, "%s: JPEG pictures need a build with -DSTRIA_WITH_JPEG=ON",
                      file->name);
}

#endif

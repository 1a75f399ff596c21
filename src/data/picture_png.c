/* PNG through libpng: the only file that includes png.h. libpng reports errors by longjmp; the jumps stay
 * within decode() and encode(), which own nothing, while everything that must be freed hangs on a struct of
 * their callers. */
#include "data/picture.h"

#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"

bool stria_png_looks(const uint8_t *bytes, size_t size)
{
    return size >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0;
}

#if STRIA_HAVE_PNG

#    include <png.h>

/* Deflate packs at most 1032 to 1: a picture that announces more than its bytes can hold is damaged. */
#    define DEFLATE_RATIO 1032

typedef struct decoder {
    stria_context *context;
    const stria_picture_file *file;
    size_t taken;
    png_structp png;
    png_infop info;
    stria_picture picture;
    stria_status status;
    stria_error *err;
} decoder;

static void on_error(png_structp png, png_const_charp message)
{
    decoder *d = png_get_error_ptr(png);
    if (d->status == STRIA_OK)
        d->status = stria_fail(d->err, STRIA_ERROR_FORMAT, "%s: damaged PNG: %s", d->file->name, message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static png_voidp on_allocate(png_structp png, png_alloc_size_t size)
{
    decoder *d = png_get_mem_ptr(png);
    void *memory = stria_allocate(&d->context->allocator, size);
    if (memory == NULL && d->status == STRIA_OK)
        d->status = stria_fail_memory(d->err, size);
    return memory;
}

static void on_free(png_structp png, png_voidp memory)
{
    decoder *d = png_get_mem_ptr(png);
    stria_release(&d->context->allocator, memory);
}

static void on_read(png_structp png, png_bytep to, size_t wanted)
{
    decoder *d = png_get_io_ptr(png);
    if (wanted > d->file->size - d->taken)
        png_error(png, "the file ends early");
    memcpy(to, d->file->bytes + d->taken, wanted);
    d->taken += wanted;
}

/* Checks what the header announces. Errors: LIMIT, FORMAT. */
static stria_status check_header(decoder *d)
{
    uint64_t width = png_get_image_width(d->png, d->info), height = png_get_image_height(d->png, d->info);
    STRIA_TRY(stria_picture_check_size(d->context, height, width, d->file->name, d->err));
    uint64_t bits = (uint64_t)png_get_bit_depth(d->png, d->info) * png_get_channels(d->png, d->info);
    if ((bits * width + 7) / 8 * height / DEFLATE_RATIO > d->file->size)
        return stria_fail(d->err, STRIA_ERROR_FORMAT,
                          "%s: damaged PNG: %zu bytes cannot hold a picture of %llux%llu", d->file->name,
                          d->file->size, (unsigned long long)height, (unsigned long long)width);
    return STRIA_OK;
}

/* Has no variable that lives across a jump. */
static void decode(decoder *d)
{
    if (setjmp(png_jmpbuf(d->png)) != 0)
        return;
    png_set_read_fn(d->png, d, on_read);
    /* Nothing but the picture is of interest: no colour profiles, texts, times. */
    png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_user_limits(d->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(d->png, d->info);
    d->status = check_header(d);
    if (d->status != STRIA_OK)
        return;
    png_set_expand(d->png); /* palettes, fewer than 8 bits, transparent colours */
    bool wide = d->file->wide != NULL && png_get_bit_depth(d->png, d->info) == 16;
    if (wide)
        png_set_swap(d->png); /* PNG has the high byte first */
    else
        png_set_scale_16(d->png);
    int passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    d->status = stria_picture_allocate(&d->picture, d->context, png_get_image_height(d->png, d->info),
                                       png_get_image_width(d->png, d->info),
                                       png_get_channels(d->png, d->info), wide, d->err);
    if (d->status != STRIA_OK)
        return;
    if (wide)
        *d->file->wide = true;
    size_t row = (size_t)(d->picture.width * d->picture.channels) * (wide ? sizeof(uint16_t) : 1);
    for (; passes > 0; passes--) {
        for (int64_t y = 0; y < d->picture.height; y++)
            png_read_row(d->png, d->picture.bytes + (size_t)y * row, NULL);
    }
    png_read_end(d->png, NULL);
}

stria_status stria_png_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                              stria_error *err)
{
    decoder d = {.context = context, .file = file, .err = err};
    d.png =
        png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &d, on_error, on_warning, &d, on_allocate, on_free);
    if (d.png != NULL)
        d.info = png_create_info_struct(d.png);
    if (d.info == NULL)
        d.status = stria_fail(err, STRIA_ERROR_MEMORY, "%s: out of memory while reading the PNG", file->name);
    else
        decode(&d);
    png_destroy_read_struct(&d.png, &d.info, NULL);
    if (d.status != STRIA_OK) {
        stria_release(&context->allocator, d.picture.bytes);
        return d.status;
    }
    *picture = d.picture;
    return STRIA_OK;
}

/* ---- Writing ---- */

typedef struct encoder {
    stria_context *context;
    const stria_picture *picture;
    png_structp png;
    png_infop info;
    uint8_t *bytes;
    size_t size, capacity;
    stria_status status;
    stria_error *err;
} encoder;

static void on_write_error(png_structp png, png_const_charp message)
{
    encoder *e = png_get_error_ptr(png);
    if (e->status == STRIA_OK)
        e->status = stria_fail(e->err, STRIA_ERROR_VALUE, "this picture cannot be a PNG: %s", message);
    png_longjmp(png, 1);
}

static png_voidp on_write_allocate(png_structp png, png_alloc_size_t size)
{
    encoder *e = png_get_mem_ptr(png);
    void *memory = stria_allocate(&e->context->allocator, size);
    if (memory == NULL && e->status == STRIA_OK)
        e->status = stria_fail_memory(e->err, size);
    return memory;
}

static void on_write_free(png_structp png, png_voidp memory)
{
    encoder *e = png_get_mem_ptr(png);
    stria_release(&e->context->allocator, memory);
}

static void on_write(png_structp png, png_bytep from, size_t size)
{
    encoder *e = png_get_io_ptr(png);
    void *bytes = e->bytes;
    if (size > SIZE_MAX - e->size ||
        !stria_grow(&e->context->allocator, &bytes, &e->capacity, e->size + size, 1)) {
        e->status = stria_fail_memory(e->err, size);
        png_error(png, "out of memory");
    }
    e->bytes = bytes;
    memcpy(e->bytes + e->size, from, size);
    e->size += size;
}

static void on_flush(png_structp png)
{
    (void)png;
}

/* Has no variable that lives across a jump. */
static void encode(encoder *e)
{
    static const int colours[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                  PNG_COLOR_TYPE_RGBA};
    if (setjmp(png_jmpbuf(e->png)) != 0)
        return;
    const stria_picture *p = e->picture;
    png_set_write_fn(e->png, e, on_write, on_flush);
    png_set_user_limits(e->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(e->png, e->info, (png_uint_32)p->width, (png_uint_32)p->height, 8, colours[p->channels],
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(e->png, e->info);
    size_t row = (size_t)(p->width * p->channels);
    for (int64_t y = 0; y < p->height; y++)
        png_write_row(e->png, p->bytes + (size_t)y * row);
    png_write_end(e->png, NULL);
}

stria_status stria_picture_encode_png(uint8_t **bytes, size_t *size, stria_context *context,
                                      const stria_picture *picture, stria_error *err)
{
    STRIA_TRY(stria_picture_check(picture, err));
    if (picture->height > PNG_UINT_31_MAX || picture->width > PNG_UINT_31_MAX / 8)
        return stria_fail(err, STRIA_ERROR_VALUE, "a picture of %lldx%lld is too large for a PNG",
                          (long long)picture->height, (long long)picture->width);
    encoder e = {.context = context, .picture = picture, .err = err};
    e.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &e, on_write_error, on_warning, &e,
                                      on_write_allocate, on_write_free);
    if (e.png != NULL)
        e.info = png_create_info_struct(e.png);
    if (e.info == NULL)
        e.status = stria_fail(err, STRIA_ERROR_MEMORY, "out of memory while writing a PNG");
    else
        encode(&e);
    png_destroy_write_struct(&e.png, &e.info);
    if (e.status != STRIA_OK) {
        stria_release(&context->allocator, e.bytes);
        return e.status;
    }
    *bytes = e.bytes;
    *size = e.size;
    return STRIA_OK;
}

#else

stria_status stria_png_decode(stria_picture *picture, stria_context *context, const stria_picture_file *file,
                              stria_error *err)
{
    (void)picture, (void)context;
    return stria_fail(err, STRIA_ERROR_NOT_BUILT, "%s: PNG pictures need a build with -DSTRIA_WITH_PNG=ON",
                      file->name);
}

stria_status stria_picture_encode_png(uint8_t **bytes, size_t *size, stria_context *context,
                                      const stria_picture *picture, stria_error *err)
{
    (void)bytes, (void)size, (void)context, (void)picture;
    return stria_fail(err, STRIA_ERROR_NOT_BUILT,
                      "writing PNG pictures needs a build with -DSTRIA_WITH_PNG=ON");
}

#endif

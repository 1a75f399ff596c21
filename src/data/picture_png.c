/* PNG through libpng: the only file that includes png.h. libpng reports errors by longjmp; the jump stays
 * within decode(), which owns nothing, while everything that must be freed hangs on a struct of its caller.
 */
#include "data/picture.h"

#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"

bool stria_png_looks(const void *bytes, size_t size)
{
    return size >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0;
}

#if STRIA_HAVE_PNG

#    include <png.h>

/* Deflate packs at most 1032 to 1: a picture that announces more than its bytes can hold is damaged. */
#    define DEFLATE_RATIO 1032

typedef struct decoder {
    const stria_allocator *allocator;
    const char *name;
    const uint8_t *bytes;
    size_t size, taken;
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
        d->status = stria_fail(d->err, STRIA_ERROR_FORMAT, "%s: damaged PNG: %s", d->name, message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static png_voidp on_allocate(png_structp png, png_alloc_size_t size)
{
    decoder *d = png_get_mem_ptr(png);
    void *memory = stria_allocate(d->allocator, size);
    if (memory == NULL && d->status == STRIA_OK)
        d->status = stria_fail_memory(d->err, size);
    return memory;
}

static void on_free(png_structp png, png_voidp memory)
{
    decoder *d = png_get_mem_ptr(png);
    stria_release(d->allocator, memory);
}

static void on_read(png_structp png, png_bytep to, size_t wanted)
{
    decoder *d = png_get_io_ptr(png);
    if (wanted > d->size - d->taken)
        png_error(png, "the file ends early");
    memcpy(to, d->bytes + d->taken, wanted);
    d->taken += wanted;
}

/* Checks what the header announces. Errors: LIMIT, FORMAT. */
static stria_status check_header(decoder *d)
{
    uint64_t width = png_get_image_width(d->png, d->info), height = png_get_image_height(d->png, d->info);
    if (width * height > (uint64_t)STRIA_MAX_PIXELS)
        return stria_fail(d->err, STRIA_ERROR_LIMIT,
                          "%s: a picture of %llux%llu, at most %lld pixels are supported", d->name,
                          (unsigned long long)height, (unsigned long long)width, (long long)STRIA_MAX_PIXELS);
    uint64_t bits = (uint64_t)png_get_bit_depth(d->png, d->info) * png_get_channels(d->png, d->info);
    if ((bits * width + 7) / 8 * height / DEFLATE_RATIO > d->size)
        return stria_fail(d->err, STRIA_ERROR_FORMAT,
                          "%s: damaged PNG: %zu bytes cannot hold a picture of %llux%llu", d->name, d->size,
                          (unsigned long long)height, (unsigned long long)width);
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
    png_set_scale_16(d->png);
    int passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    d->picture.height = png_get_image_height(d->png, d->info);
    d->picture.width = png_get_image_width(d->png, d->info);
    d->picture.channels = png_get_channels(d->png, d->info);
    size_t row = png_get_rowbytes(d->png, d->info);
    d->picture.bytes = stria_allocate_array(d->allocator, (size_t)d->picture.height, row);
    if (d->picture.bytes == NULL) {
        d->status = stria_fail_memory(d->err, (size_t)d->picture.height * row);
        return;
    }
    for (; passes > 0; passes--) {
        for (int64_t y = 0; y < d->picture.height; y++)
            png_read_row(d->png, d->picture.bytes + (size_t)y * row, NULL);
    }
    png_read_end(d->png, NULL);
}

stria_status stria_png_decode(stria_picture *picture, stria_context *context, const void *bytes, size_t size,
                              const char *name, stria_error *err)
{
    decoder d = {.allocator = &context->allocator, .name = name, .bytes = bytes, .size = size, .err = err};
    d.png =
        png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &d, on_error, on_warning, &d, on_allocate, on_free);
    if (d.png != NULL)
        d.info = png_create_info_struct(d.png);
    if (d.info == NULL)
        d.status = stria_fail(err, STRIA_ERROR_MEMORY, "%s: out of memory while reading the PNG", name);
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

#else

stria_status stria_png_decode(stria_picture *picture, stria_context *context, const void *bytes, size_t size,
                              const char *name, stria_error *err)
{
    (void)picture, (void)context, (void)bytes, (void)size;
    return stria_fail(err, STRIA_ERROR_NOT_BUILT, "%s: PNG pictures need a build with -DSTRIA_WITH_PNG=ON",
                      name);
}

#endif

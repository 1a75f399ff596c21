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

/* Colours of a picture that has at most 256, as figures do: an index for each pixel makes their files much
 * smaller. */
#    define MOST_COLOURS 256
#    define SLOTS        1024 /* a power of two */

typedef struct palette {
    size_t count;
    uint32_t colours[MOST_COLOURS];
    uint16_t slots[SLOTS]; /* 1 + the place of a colour, found by its hash; 0: none */
} palette;

typedef struct encoder {
    stria_context *context;
    const stria_picture *picture;
    palette palette;
    uint8_t *indices; /* of a row; NULL without palette */
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

static uint32_t colour_at(const uint8_t *pixel, int64_t channels)
{
    uint32_t alpha = channels == 4 ? pixel[3] : 255;
    return alpha << 24 | (uint32_t)pixel[2] << 16 | (uint32_t)pixel[1] << 8 | pixel[0];
}

/* The place of a colour, which is added when it is new; MOST_COLOURS when there is no room. */
static size_t find_colour(palette *p, uint32_t colour)
{
    size_t slot = (colour * 2654435761U) >> 22; /* Knuth's multiplicative hash */
    while (p->slots[slot] != 0 && p->colours[p->slots[slot] - 1] != colour)
        slot = (slot + 1) % SLOTS;
    if (p->slots[slot] != 0)
        return p->slots[slot] - 1U;
    if (p->count == MOST_COLOURS)
        return MOST_COLOURS;
    p->colours[p->count++] = colour;
    p->slots[slot] = (uint16_t)p->count;
    return p->count - 1;
}

/* Whether the picture has few colours, which are then in the palette. */
static bool has_few_colours(encoder *e)
{
    const stria_picture *p = e->picture;
    size_t size = stria_picture_size(p), channels = (size_t)p->channels;
    for (size_t i = 0; i < size; i += channels)
        if (find_colour(&e->palette, colour_at(p->bytes + i, p->channels)) == MOST_COLOURS)
            return false;
    return true;
}

/* With the alpha of every entry where the picture has alpha, so that it has when it is read again. */
static void write_palette(encoder *e)
{
    png_color colours[MOST_COLOURS];
    png_byte alphas[MOST_COLOURS];
    for (size_t i = 0; i < e->palette.count; i++) {
        uint32_t colour = e->palette.colours[i];
        colours[i] = (png_color){(png_byte)colour, (png_byte)(colour >> 8), (png_byte)(colour >> 16)};
        alphas[i] = (png_byte)(colour >> 24);
    }
    png_set_PLTE(e->png, e->info, colours, (int)e->palette.count);
    if (e->picture->channels == 4)
        png_set_tRNS(e->png, e->info, alphas, (int)e->palette.count, NULL);
}

static const uint8_t *indices_of(encoder *e, const uint8_t *row)
{
    for (int64_t x = 0; x < e->picture->width; x++, row += e->picture->channels)
        e->indices[x] = (uint8_t)find_colour(&e->palette, colour_at(row, e->picture->channels));
    return e->indices;
}

/* Has no variable that lives across a jump. Of the filters and levels the ones are taken that are fast and
 * nearly as small as the best: none for indices, for which nearness means nothing, the difference to the row
 * above for the rest. */
static void encode(encoder *e)
{
    static const int colours[] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                  PNG_COLOR_TYPE_RGBA};
    if (setjmp(png_jmpbuf(e->png)) != 0)
        return;
    const stria_picture *p = e->picture;
    bool indexed = e->indices != NULL;
    size_t count = e->palette.count;
    int depth = !indexed || count > 16 ? 8 : count > 4 ? 4 : count > 2 ? 2 : 1;
    png_set_write_fn(e->png, e, on_write, on_flush);
    png_set_user_limits(e->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_filter(e->png, PNG_FILTER_TYPE_BASE, indexed ? PNG_FILTER_NONE : PNG_FILTER_UP);
    png_set_compression_level(e->png, indexed ? 6 : 4);
    png_set_IHDR(e->png, e->info, (png_uint_32)p->width, (png_uint_32)p->height, depth,
                 indexed ? PNG_COLOR_TYPE_PALETTE : colours[p->channels], PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (indexed)
        write_palette(e);
    png_write_info(e->png, e->info);
    png_set_packing(e->png);
    size_t row = (size_t)(p->width * p->channels);
    for (int64_t y = 0; y < p->height; y++) {
        const uint8_t *from = p->bytes + (size_t)y * row;
        png_write_row(e->png, indexed ? indices_of(e, from) : from);
    }
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
    if (picture->channels >= 3 && has_few_colours(&e)) {
        e.indices = stria_allocate(&context->allocator, (size_t)picture->width);
        if (e.indices == NULL)
            return stria_fail_memory(err, (size_t)picture->width);
    }
    e.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &e, on_write_error, on_warning, &e,
                                      on_write_allocate, on_write_free);
    if (e.png != NULL)
        e.info = png_create_info_struct(e.png);
    if (e.info == NULL)
        e.status = stria_fail(err, STRIA_ERROR_MEMORY, "out of memory while writing a PNG");
    else
        encode(&e);
    png_destroy_write_struct(&e.png, &e.info);
    stria_release(&context->allocator, e.indices);
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

/* Pictures of another size, by methods that are named after what they equal. Positions, weights and sums are
 * of kernels/resample.h: Keras's in floats, as in the `resizing` layer; Pillow's in whole numbers. */
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/float_state.h"
#include "base/memory.h"
#include "base/options.h"
#include "data/picture.h"
#include "formats/quote.h"
#include "kernels/resample.h"

/* Positions and sums of weights stay exact enough. */
#define LARGEST_SIDE ((int64_t)1 << 20)

typedef enum arithmetic { AS_KERAS, AS_PILLOW, PIXELS_AT_CENTRES, PIXELS_AT_CORNERS } arithmetic;

typedef struct method {
    const char *name;
    arithmetic arithmetic;
    stria_interpolation interpolation;
    bool antialias;
} method;

static const method methods[] = {
    {"nearest", AS_KERAS, STRIA_NEAREST, false},
    {"bilinear", AS_KERAS, STRIA_BILINEAR, false},
    {"bicubic", AS_KERAS, STRIA_BICUBIC, false},
    {"lanczos3", AS_KERAS, STRIA_LANCZOS3, false},
    {"lanczos5", AS_KERAS, STRIA_LANCZOS5, false},
    {"area", AS_KERAS, STRIA_AREA, false},
    {"antialias", AS_KERAS, STRIA_BILINEAR, true},
    {"antialias-bicubic", AS_KERAS, STRIA_BICUBIC, true},
    {"antialias-lanczos3", AS_KERAS, STRIA_LANCZOS3, true},
    {"pil-nearest", PIXELS_AT_CENTRES, STRIA_NEAREST, false},
    {"pil-box", AS_PILLOW, STRIA_BOX, true},
    {"pil-bilinear", AS_PILLOW, STRIA_BILINEAR, true},
    {"pil-hamming", AS_PILLOW, STRIA_HAMMING, true},
    {"pil-bicubic", AS_PILLOW, STRIA_BICUBIC, true},
    {"pil-lanczos", AS_PILLOW, STRIA_LANCZOS3, true},
    {"opencv-nearest", PIXELS_AT_CORNERS, STRIA_NEAREST, false},
    {"opencv-bilinear", AS_KERAS, STRIA_BILINEAR, false},
};

#define METHODS                                                                                              \
    "nearest, bilinear, bicubic, lanczos3, lanczos5, area, antialias, antialias-bicubic, "                   \
    "antialias-lanczos3, "                                                                                   \
    "pil-nearest, pil-box, pil-bilinear, pil-hamming, pil-bicubic, pil-lanczos, opencv-nearest, "            \
    "opencv-bilinear"

static const method *find_method(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

/* ---- Alpha: Pillow averages colours by how much of them is seen ---- */

static void multiply_by_alpha(stria_picture *p)
{
    size_t channels = (size_t)p->channels;
    for (size_t i = 0; i < stria_picture_size(p); i += channels) {
        unsigned alpha = p->bytes[i + channels - 1];
        for (size_t c = 0; c + 1 < channels; c++) {
            unsigned product = p->bytes[i + c] * alpha + 128;
            p->bytes[i + c] = (uint8_t)(((product >> 8) + product) >> 8);
        }
    }
}

static void divide_by_alpha(stria_picture *p)
{
    size_t channels = (size_t)p->channels;
    for (size_t i = 0; i < stria_picture_size(p); i += channels) {
        unsigned alpha = p->bytes[i + channels - 1];
        for (size_t c = 0; c + 1 < channels && alpha != 0 && alpha != 255; c++) {
            unsigned colour = p->bytes[i + c] * 255U / alpha;
            p->bytes[i + c] = (uint8_t)(colour < 255 ? colour : 255);
        }
    }
}

/* ---- The arithmetics ---- */

static stria_status as_keras(const stria_resample *r, stria_context *context, const stria_picture *picture,
                             stria_picture *made, stria_error *err)
{
    size_t table = stria_resample_table_size(r), scratch = stria_resample_bytes_scratch(r);
    float *memory = stria_allocate_floats(&context->allocator, table + scratch);
    if (memory == NULL)
        return stria_fail_memory(err, (table + scratch) * sizeof(float));
    const stria_float_state before = stria_float_begin();
    stria_resample_fill_table(r, memory);
    stria_resample_bytes(r, memory, picture->bytes, made->bytes, memory + table);
    stria_float_end(before);
    stria_release(&context->allocator, memory);
    return STRIA_OK;
}

/* A copy with colours multiplied by alpha, and with the borders that the axes have. */
static stria_status multiplied(stria_resample *r, stria_context *context, const stria_picture *picture,
                               stria_picture *copy, stria_error *err)
{
    stria_resample_axis *rows = &r->axes[0], *columns = &r->axes[1];
    int64_t top = rows->start < 0 ? -rows->start : 0, left = columns->start < 0 ? -columns->start : 0;
    STRIA_TRY(stria_picture_allocate(copy, context, picture->height + 2 * top, picture->width + 2 * left,
                                     picture->channels, false, err));
    if (top + left > 0)
        memset(copy->bytes, (int)r->fill, stria_picture_size(copy));
    size_t row = (size_t)(picture->width * picture->channels);
    for (int64_t y = 0; y < picture->height; y++)
        memcpy(copy->bytes + (size_t)(((y + top) * copy->width + left) * copy->channels),
               picture->bytes + (size_t)y * row, row);
    multiply_by_alpha(copy);
    *rows = (stria_resample_axis){(size_t)copy->height, rows->out, rows->extent, rows->start + top};
    *columns =
        (stria_resample_axis){(size_t)copy->width, columns->out, columns->extent, columns->start + left};
    return STRIA_OK;
}

static stria_status as_pillow(const stria_resample *wanted, stria_context *context,
                              const stria_picture *picture, stria_picture *made, stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    bool has_alpha = picture->channels % 2 == 0;
    stria_resample r = *wanted;
    stria_picture copy = {0};
    if (has_alpha)
        STRIA_TRY(multiplied(&r, context, picture, &copy, err));
    size_t table = stria_resample_fixed_table_size(&r) * sizeof(int32_t);
    size_t size = table + stria_resample_fixed_scratch(&r);
    char *memory = allocator->allocate(allocator->payload, size, STRIA_TENSOR_ALIGNMENT);
    if (memory == NULL) {
        stria_release(allocator, copy.bytes);
        return stria_fail_memory(err, size);
    }
    int32_t *weights = (int32_t *)(void *)memory;
    const stria_float_state before = stria_float_begin();
    stria_resample_fill_fixed_table(&r, weights);
    stria_float_end(before);
    stria_resample_fixed(&r, weights, has_alpha ? copy.bytes : picture->bytes, made->bytes, memory + table);
    if (has_alpha)
        divide_by_alpha(made);
    stria_release(allocator, memory);
    stria_release(allocator, copy.bytes);
    return STRIA_OK;
}

/* Where output `o` of an axis lies: Pillow's at its centre, step by step, which the rounding of doubles
 * shows; OpenCV's at its corner. */
static double next_position(const stria_resample_axis *axis, bool centred, size_t o, double last)
{
    double scale = (double)axis->extent / (double)axis->out;
    if (!centred)
        return (double)o * scale;
    return o == 0 ? scale * 0.5 : last + scale;
}

/* The pixel there, or -1 for the fill value. */
static int64_t pixel_at(const stria_resample_axis *axis, double position)
{
    int64_t pixel = (int64_t)position, last = (int64_t)axis->extent - 1;
    pixel = (pixel < last ? pixel : last) + axis->start;
    return pixel < (int64_t)axis->in ? pixel : -1;
}

static void nearest_pixels(const stria_resample *r, bool centred, const stria_picture *picture,
                           stria_picture *made)
{
    size_t channels = (size_t)picture->channels;
    uint8_t *to = made->bytes;
    double down = 0, across = 0;
    for (size_t y = 0; y < r->axes[0].out; y++) {
        down = next_position(&r->axes[0], centred, y, down);
        int64_t row = pixel_at(&r->axes[0], down);
        for (size_t x = 0; x < r->axes[1].out; x++, to += channels) {
            across = next_position(&r->axes[1], centred, x, across);
            int64_t column = pixel_at(&r->axes[1], across);
            if (row < 0 || column < 0)
                memset(to, (int)r->fill, channels);
            else
                memcpy(to, picture->bytes + (size_t)(row * picture->width + column) * channels, channels);
        }
    }
}

/* ---- Resizing ---- */

static stria_status check(const stria_picture *picture, const stria_context *context, int64_t height,
                          int64_t width, stria_error *err)
{
    STRIA_TRY(stria_picture_check(picture, err));
    if (height < 1 || width < 1)
        return stria_fail(err, STRIA_ERROR_VALUE, "a picture of %lldx%lld: sizes must be at least 1",
                          (long long)height, (long long)width);
    const int64_t sides[] = {height, width, picture->height, picture->width};
    for (size_t i = 0; i < 4; i++)
        if (sides[i] > LARGEST_SIDE)
            return stria_fail(err, STRIA_ERROR_LIMIT,
                              "resizing %lldx%lld to %lldx%lld: sides of at most %lld are supported",
                              (long long)picture->height, (long long)picture->width, (long long)height,
                              (long long)width, (long long)LARGEST_SIDE);
    return stria_picture_check_size(context, (uint64_t)height, (uint64_t)width, "resizing", err);
}

/* The stretch of each axis that is resized. */
static stria_status set_axes(stria_resample *r, const stria_picture *picture, int64_t height, int64_t width,
                             const stria_resize_options *options, stria_error *err)
{
    const int64_t in[2] = {picture->height, picture->width}, out[2] = {height, width};
    if (options->crop_to_aspect_ratio && options->pad_to_aspect_ratio)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other; leave one out");
    for (int a = 0; a < 2; a++) {
        r->axes[a] = (stria_resample_axis){(size_t)in[a], (size_t)out[a], (size_t)in[a], 0};
        if (options->crop_to_aspect_ratio || options->pad_to_aspect_ratio)
            r->axes[a] = stria_resample_to_aspect(in, out, a, options->pad_to_aspect_ratio != 0);
        if (r->axes[a].extent > (size_t)LARGEST_SIDE)
            return stria_fail(err, STRIA_ERROR_LIMIT,
                              "pad_to_aspect_ratio makes %zu of %zu %s, more than %lld", r->axes[a].extent,
                              r->axes[a].in, a == 0 ? "rows" : "columns", (long long)LARGEST_SIDE);
    }
    return STRIA_OK;
}

stria_status stria_picture_resize_with(stria_picture *picture, stria_context *context, int64_t height,
                                       int64_t width, const stria_resize_options *given, stria_error *err)
{
    stria_resize_options options;
    STRIA_TRY(stria_options_read(&options, sizeof options, given, "stria_resize_options", err));
    const char *name = options.method != NULL ? options.method : "bilinear";
    const method *m = find_method(name);
    stria_picture made;
    STRIA_TRY(check(picture, context, height, width, err));
    if (m == NULL)
        return stria_fail(err, STRIA_ERROR_VALUE, "resizing method '%s': must be one of " METHODS,
                          stria_quote(STRIA_QUOTE_BUFFER, name));
    if (options.fill < 0 || options.fill > 255)
        return stria_fail(err, STRIA_ERROR_VALUE, "fill %d: must be 0 to 255", options.fill);
    stria_resample r = {.channels = (size_t)picture->channels,
                        .interpolation = m->interpolation,
                        .antialias = m->antialias,
                        .fill = (float)options.fill};
    STRIA_TRY(set_axes(&r, picture, height, width, &options, err));
    STRIA_TRY(stria_picture_allocate(&made, context, height, width, picture->channels, false, err));
    stria_status status = STRIA_OK;
    if (m->arithmetic == AS_KERAS)
        status = as_keras(&r, context, picture, &made, err);
    else if (m->arithmetic == AS_PILLOW)
        status = as_pillow(&r, context, picture, &made, err);
    else
        nearest_pixels(&r, m->arithmetic == PIXELS_AT_CENTRES, picture, &made);
    if (status != STRIA_OK) {
        stria_release(&context->allocator, made.bytes);
        return status;
    }
    stria_release(&context->allocator, picture->bytes);
    *picture = made;
    return STRIA_OK;
}

stria_status stria_picture_resize(stria_picture *picture, stria_context *context, int64_t height,
                                  int64_t width, const char *name, stria_error *err)
{
    return stria_picture_resize_with(picture, context, height, width, &(stria_resize_options){.method = name},
                                     err);
}

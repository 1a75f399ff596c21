/* Pictures of another size. The positions and weights are those of the `resizing` layer, kernels/resample.h.
 */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/float_state.h"
#include "base/memory.h"
#include "data/picture.h"
#include "formats/quote.h"
#include "kernels/kernels.h"
#include "kernels/resample.h"

typedef struct method {
    const char *name;
    stria_interpolation interpolation;
    bool antialias;
} method;

static const method methods[] = {
    {"nearest", STRIA_NEAREST, false},   {"bilinear", STRIA_BILINEAR, false},
    {"bicubic", STRIA_BICUBIC, false},   {"lanczos3", STRIA_LANCZOS3, false},
    {"lanczos5", STRIA_LANCZOS5, false}, {"area", STRIA_AREA, false},
    {"antialias", STRIA_BILINEAR, true},
};

#define METHODS "nearest, bilinear, bicubic, lanczos3, lanczos5, area, antialias"

static const method *find_method(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

static void to_bytes(const float *x, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float rounded = rintf(x[i]);
        bytes[i] = (uint8_t)(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
    }
}

static stria_status resample(const stria_resample *r, stria_context *context, const stria_picture *picture,
                             stria_picture *made, stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    size_t in = stria_picture_size(picture), out = stria_picture_size(made);
    size_t table = stria_resample_table_size(r), scratch = stria_resample_scratch(r, 1);
    float *memory = stria_allocate_floats(allocator, table + scratch + in + out);
    if (memory == NULL)
        return stria_fail_memory(err, (table + scratch + in + out) * sizeof(float));
    float *x = memory + table + scratch, *y = x + in;
    const stria_float_state before = stria_float_begin();
    stria_resample_fill_table(r, memory);
    context->kernels->elementwise.from_bytes(picture->bytes, 1.0F, x, in);
    stria_resample_forward(r, memory, 1, x, y, memory + table, NULL);
    to_bytes(y, made->bytes, out);
    stria_float_end(before);
    stria_release(allocator, memory);
    return STRIA_OK;
}

stria_status stria_picture_resize(stria_picture *picture, stria_context *context, int64_t height,
                                  int64_t width, const char *name, stria_error *err)
{
    const method *m = find_method(name);
    stria_picture made;
    STRIA_TRY(stria_picture_check(picture, err));
    if (m == NULL)
        return stria_fail(err, STRIA_ERROR_VALUE, "resizing method '%s': must be one of " METHODS,
                          stria_quote(STRIA_QUOTE_BUFFER, name));
    if (height < 1 || width < 1)
        return stria_fail(err, STRIA_ERROR_VALUE, "a picture of %lldx%lld: sizes must be at least 1",
                          (long long)height, (long long)width);
    STRIA_TRY(stria_picture_check_size(context, (uint64_t)height, (uint64_t)width, "resizing", err));
    const stria_resample r = {.axes = {{(size_t)picture->height, (size_t)height, (size_t)picture->height, 0},
                                       {(size_t)picture->width, (size_t)width, (size_t)picture->width, 0}},
                              .channels = (size_t)picture->channels,
                              .interpolation = m->interpolation,
                              .antialias = m->antialias};
    STRIA_TRY(stria_picture_allocate(&made, context, height, width, picture->channels, false, err));
    stria_status status = resample(&r, context, picture, &made, err);
    if (status != STRIA_OK) {
        stria_release(&context->allocator, made.bytes);
        return status;
    }
    stria_release(&context->allocator, picture->bytes);
    *picture = made;
    return STRIA_OK;
}

/* What excites a map as pictures: the best samples' windows in a row, or the picture that was made. */
#include <stria/stimulus.h>

#include <stdbool.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "inspect/figure.h"
#include "inspect/shown.h"
#include "tensor/shape.h"

#define TOP_TILE  112
#define MADE_TILE 320

/* A sample as height, width and channels; a signal is a picture of height 1, what is neither a single row. */
typedef struct sizes {
    int64_t height, width, channels;
} sizes;

static sizes sizes_of(const stria_shape *shape)
{
    const int64_t elements = stria_shape_elements(shape);
    if (shape->rank == 3)
        return (sizes){shape->sizes[0], shape->sizes[1], shape->sizes[2]};
    if (shape->rank == 2)
        return (sizes){1, shape->sizes[0], shape->sizes[1]};
    return (sizes){1, elements, 1};
}

/* The window of a sample as floats; what lies outside of the sample is `outside`. */
static stria_status cut(const stria_top *top, size_t index, const stria_allocator *allocator, float outside,
                        float **window, sizes *size, stria_error *err)
{
    const stria_top_sample *sample = &top->samples[index];
    const sizes whole = sizes_of(&top->shape);
    const int last = top->shape.rank - 2; /* of the spatial axes */
    const int64_t first_row = top->shape.rank == 3 ? sample->first[0] : 0;
    const int64_t first_column = last >= 0 && last < 2 ? sample->first[last] : 0;
    *size = whole;
    if (top->shape.rank == 3)
        size->height = sample->size[0];
    if (last == 0 || last == 1)
        size->width = sample->size[last];
    const float *from = top->pictures + index * (size_t)(whole.height * whole.width * whole.channels);
    const size_t row = (size_t)(size->width * size->channels);
    *window = stria_allocate_array(allocator, (size_t)size->height * row, sizeof **window);
    if (*window == NULL)
        return stria_fail_memory(err, (size_t)size->height * row * sizeof **window);
    for (int64_t i = 0; i < size->height; i++)
        for (int64_t j = 0; j < size->width; j++) {
            const int64_t y = first_row + i, x = first_column + j;
            const bool inside = y >= 0 && y < whole.height && x >= 0 && x < whole.width;
            for (int64_t c = 0; c < whole.channels; c++)
                (*window)[(i * size->width + j) * whole.channels + c] =
                    inside ? from[(y * whole.width + x) * whole.channels + c] : outside;
        }
    return STRIA_OK;
}

/* The picture enlarged by a whole factor, with a frame around what the output sees. */
static stria_status frame(stria_picture *picture, stria_context *context, const stria_top_sample *sample,
                          int rank, stria_error *err)
{
    const int64_t longer = picture->height > picture->width ? picture->height : picture->width;
    const int64_t factor = longer < TOP_TILE ? TOP_TILE / longer : 1, line = factor < 2 ? 1 : 2;
    const int64_t top = rank == 3 ? sample->first[0] : 0, left = sample->first[rank - 2];
    const int64_t bottom = (top + (rank == 3 ? sample->size[0] : 1)) * factor;
    const int64_t right = (left + sample->size[rank - 2]) * factor;
    stria_picture large = {0};
    uint8_t mark[3];
    stria_color_bytes(STRIA_COLOR_MARK, false, mark);
    STRIA_TRY(
        stria_picture_create(&large, context, picture->height * factor, picture->width * factor, 3, err));
    for (int64_t y = 0; y < large.height; y++)
        for (int64_t x = 0; x < large.width; x++) {
            const uint8_t *from =
                picture->bytes + (y / factor * picture->width + x / factor) * picture->channels;
            const bool within = y >= top * factor && y < bottom && x >= left * factor && x < right;
            const bool inner = y >= top * factor + line && y < bottom - line && x >= left * factor + line &&
                               x < right - line;
            for (int64_t c = 0; c < 3; c++)
                large.bytes[(y * large.width + x) * 3 + c] =
                    within && !inner ? mark[c] : from[picture->channels == 3 ? c : 0];
        }
    stria_picture_free(picture, context);
    *picture = large;
    return STRIA_OK;
}

static void find_range(const float *values, size_t count, double *low, double *high)
{
    *low = *high = count > 0 ? (double)values[0] : 0;
    for (size_t i = 1; i < count; i++) {
        *low = (double)values[i] < *low ? (double)values[i] : *low;
        *high = (double)values[i] > *high ? (double)values[i] : *high;
    }
}

/* "#12, Sneaker, 3.41", and where. */
static void describe(const stria_top_sample *s, const stria_dataset *data, char *text, size_t size)
{
    const char *name =
        data != NULL && s->label >= 0 ? stria_dataset_class_name(data, (size_t)s->label) : NULL;
    size_t length = (size_t)stria_format(text, size, "#%u\n%.4g", s->index, (double)s->value);
    if (name != NULL && length < size)
        length += (size_t)stria_format(text + length, size - length, "\n%.40s", name);
    for (int a = 0; a < s->axes && length < size; a++)
        length += (size_t)stria_format(text + length, size - length, "%s%lld", a == 0 ? "\nat " : ",",
                                       (long long)s->position[a]);
}

static stria_status add_samples(const stria_top *top, stria_context *context, const stria_dataset *data,
                                bool whole, stria_sheet *sheet, stria_error *err)
{
    double low, high;
    const sizes sample = sizes_of(&top->shape);
    const size_t elements = (size_t)(sample.height * sample.width * sample.channels);
    find_range(top->pictures, top->count * elements, &low, &high);
    stria_sheet_group(sheet, &(stria_sheet_group_options){.size = TOP_TILE,
                                                          .heading = whole ? "the whole samples"
                                                                           : "what the output sees of each"});
    for (size_t i = 0; i < top->count; i++) {
        char caption[160];
        float *window = NULL;
        sizes size = sample;
        stria_picture picture = {0};
        stria_status status =
            whole ? STRIA_OK : cut(top, i, &context->allocator, (float)low, &window, &size, err);
        if (status == STRIA_OK)
            status = stria_shown_numbers(&picture, context, whole ? top->pictures + i * elements : window,
                                         size.height, size.width, size.channels, low, high, err);
        if (status == STRIA_OK && whole && top->shape.rank >= 2 && top->shape.rank <= 3)
            status = frame(&picture, context, &top->samples[i], top->shape.rank, err);
        describe(&top->samples[i], data, caption, sizeof caption);
        if (status == STRIA_OK)
            stria_sheet_tile(sheet, &picture, &(stria_tile){.caption = caption});
        stria_picture_free(&picture, context);
        stria_release(&context->allocator, window);
        STRIA_TRY(status);
    }
    return STRIA_OK;
}

stria_status stria_top_sheet(const stria_top *top, stria_context *context, const stria_dataset *data,
                             stria_sheet **sheet, stria_error *err)
{
    char title[256];
    stria_sheet *made = NULL;
    stria_format(title, sizeof title, "What excites map %lld of %.80s most, of %zu samples",
                 (long long)top->map, top->layer, top->looked_at);
    STRIA_TRY(stria_sheet_create(&made, context, title, err));
    stria_status status = add_samples(top, context, data, false, made, err);
    if (status == STRIA_OK)
        status = add_samples(top, context, data, true, made, err);
    if (status != STRIA_OK) {
        stria_sheet_free(made);
        return status;
    }
    *sheet = made;
    return STRIA_OK;
}

stria_status stria_maximized_sheet(const stria_maximized *made, stria_context *context, stria_sheet **sheet,
                                   stria_error *err)
{
    char title[256], caption[96];
    const sizes size = sizes_of(&made->shape);
    stria_picture picture = {0};
    stria_sheet *laid = NULL;
    stria_format(title, sizeof title, "A picture that excites map %lld of %.80s", (long long)made->map,
                 made->layer);
    stria_format(caption, sizeof caption, "noise gives %.4g, this %.4g", made->before, made->after);
    STRIA_TRY(stria_shown_numbers(&picture, context, made->picture, size.height, size.width, size.channels,
                                  made->low, made->high, err));
    const stria_status status = stria_sheet_create(&laid, context, title, err);
    if (status == STRIA_OK) {
        stria_sheet_group(laid, &(stria_sheet_group_options){.size = MADE_TILE});
        stria_sheet_tile(laid, &picture, &(stria_tile){.caption = caption});
        *sheet = laid;
    }
    stria_picture_free(&picture, context);
    return status;
}

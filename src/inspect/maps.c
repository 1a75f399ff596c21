/* Feature maps: what every layer answers to one input, by a plan that keeps all outputs. */
#include "inspect/maps.h"

#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/size.h"
#include "base/text.h"
#include "inspect/palette.h"

#define USUAL_MOST     256 /* maps of one layer */
#define USUAL_OVERVIEW 16  /* maps of each of all layers */
#define LARGE_TILE     112.0
#define SMALL_TILE     48.0  /* 16 of them make a row */
#define FLAT_WIDTH     560.0 /* of an output without rows and columns, drawn as a strip */
#define FLAT_HEIGHT    16.0

/* ---- Running ---- */

/* How an output of this shape is cut into maps. */
static void describe(stria_maps_layer *layer)
{
    const stria_shape *shape = &layer->output;
    const int rank = shape->rank;
    layer->flat = rank < 2;
    layer->channels = rank < 2 ? 1 : shape->sizes[rank - 1];
    layer->width = rank < 1 ? 1 : rank < 2 ? shape->sizes[0] : shape->sizes[rank - 2];
    layer->height = rank < 3 ? 1 : shape->sizes[rank - 3];
    layer->slices = 1;
    for (int i = 0; i < rank - 3; i++)
        layer->slices *= shape->sizes[i];
    layer->count = layer->channels * layer->slices;
}

static float value_at(const stria_maps_layer *layer, size_t map, size_t i)
{
    const size_t channels = (size_t)layer->channels, pixels = (size_t)(layer->height * layer->width);
    return layer->values[(map / channels * pixels + i) * channels + map % channels];
}

/* Adds a layer unless its output is the memory of one that is there: flattening and the like change no
 * number. */
static void add_layer(stria_maps *maps, const stria_layer_info *info)
{
    const float *values = stria_plan_value(maps->plan, info->name);
    const stria_shape *shape = stria_plan_shape(maps->plan, info->name);
    if (values == NULL || shape == NULL || strcmp(info->kind, "input") == 0)
        return;
    for (size_t i = 0; i < maps->count; i++) {
        if (maps->layers[i].values == values)
            return;
    }
    stria_maps_layer *layer = &maps->layers[maps->count];
    *layer = (stria_maps_layer){.name = info->name, .kind = info->kind, .output = *shape, .values = values};
    describe(layer);
    if (layer->count > 0 && layer->height > 0 && layer->width > 0)
        maps->count++;
}

static stria_status run(stria_maps *maps, stria_model *model, const float *const *inputs,
                        const stria_shape *shapes, const char *layer, const char **keep, stria_error *err)
{
    stria_layer_info info;
    size_t kept = 0;
    for (size_t i = 0; stria_model_layer(model, i, &info); i++) {
        if (layer == NULL || strcmp(layer, info.name) == 0)
            keep[kept++] = info.name;
    }
    if (kept == 0)
        return stria_fail(err, STRIA_ERROR_MISSING, "there is no layer '%s'", layer);
    const stria_plan_options options = {
        .struct_size = sizeof options, .batch = 1, .input_shapes = shapes, .keep = keep, .keep_count = kept};
    STRIA_TRY(stria_plan_create(&maps->plan, model, &options, err));
    STRIA_TRY(stria_plan_run(maps->plan, inputs, 1, err));
    for (size_t i = 0; stria_model_layer(model, i, &info); i++) {
        if (layer == NULL || strcmp(layer, info.name) == 0)
            add_layer(maps, &info);
    }
    return maps->count > 0 ? STRIA_OK
                           : stria_fail(err, STRIA_ERROR_VALUE,
                                        "layer '%s' has no maps of its own: it is the input", layer);
}

stria_status stria_maps_create(stria_maps **maps, stria_context *context, stria_model *model,
                               const float *const *inputs, const stria_shape *shapes, const char *layer,
                               stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    const size_t count = stria_model_layer_count(model);
    stria_maps *made = stria_allocate(allocator, sizeof *made);
    const char **keep = stria_allocate_array(allocator, count, sizeof *keep);
    stria_status status = STRIA_OK;
    if (made != NULL) {
        made->context = context;
        made->layers = stria_allocate_array(allocator, count, sizeof *made->layers);
    }
    if (made == NULL || keep == NULL || made->layers == NULL)
        status = stria_fail_memory(err, count * sizeof *made->layers);
    if (status == STRIA_OK)
        status = run(made, model, inputs, shapes, layer, keep, err);
    stria_release(allocator, keep);
    if (status == STRIA_OK)
        *maps = made;
    else
        stria_maps_free(made);
    return status;
}

void stria_maps_free(stria_maps *maps)
{
    if (maps == NULL)
        return;
    const stria_allocator *allocator = &maps->context->allocator;
    stria_plan_free(maps->plan);
    stria_release(allocator, maps->layers);
    stria_release(allocator, maps);
}

/* ---- Asking ---- */

int stria_maps_layer_at(const stria_maps *maps, size_t layer, stria_maps_layer_info *info)
{
    if (layer >= maps->count)
        return 0;
    const stria_maps_layer *from = &maps->layers[layer];
    *info = (stria_maps_layer_info){.layer = from->name,
                                    .kind = from->kind,
                                    .output = from->output,
                                    .count = from->count,
                                    .height = from->height,
                                    .width = from->width};
    return 1;
}

int stria_maps_at(const stria_maps *maps, size_t layer, size_t map, stria_map_info *info)
{
    if (layer >= maps->count || map >= (size_t)maps->layers[layer].count)
        return 0;
    const stria_maps_layer *from = &maps->layers[layer];
    const size_t pixels = (size_t)(from->height * from->width);
    double sum = 0;
    size_t positive = 0;
    *info = (stria_map_info){.minimum = (double)INFINITY, .maximum = -(double)INFINITY};
    for (size_t i = 0; i < pixels; i++) {
        const double value = (double)value_at(from, map, i);
        sum += value;
        positive += value > 0;
        info->minimum = value < info->minimum ? value : info->minimum;
        info->maximum = value > info->maximum ? value : info->maximum;
    }
    info->mean = sum / (double)pixels;
    info->active = (double)positive / (double)pixels;
    return 1;
}

int stria_maps_read(const stria_maps *maps, size_t layer, size_t map, float *values)
{
    if (layer >= maps->count || map >= (size_t)maps->layers[layer].count)
        return 0;
    const stria_maps_layer *from = &maps->layers[layer];
    for (size_t i = 0; i < (size_t)(from->height * from->width); i++)
        values[i] = value_at(from, map, i);
    return 1;
}

/* ---- Showing ---- */

typedef struct drawing {
    const stria_maps *maps;
    stria_maps_options options;
    stria_sheet *sheet;
    uint8_t palette[STRIA_PALETTE_SIZE][3];
    uint8_t *bytes; /* of one map */
    bool overview;
} drawing;

static void add_tile(const drawing *d, size_t layer, size_t map, double low, double high)
{
    const stria_maps_layer *from = &d->maps->layers[layer];
    stria_map_info info;
    stria_maps_at(d->maps, layer, map, &info);
    if (!d->options.common_scale) {
        low = info.minimum;
        high = info.maximum;
    }
    for (size_t i = 0; i < (size_t)(from->height * from->width); i++) {
        /* One number everywhere, as a map that is 0 all over, is the dark end. */
        const uint8_t place =
            high > low ? stria_palette_byte(value_at(from, map, i), (float)low, (float)high) : 0;
        memcpy(d->bytes + 3 * i, d->palette[place], 3);
    }
    const stria_picture picture = {
        .height = from->height, .width = from->width, .channels = 3, .bytes = d->bytes};
    char number[48], caption[128], title[192];
    if (from->slices > 1)
        stria_format(number, sizeof number, "%zu of slice %zu", map % (size_t)from->channels,
                     map / (size_t)from->channels);
    else
        stria_format(number, sizeof number, "%zu", map);
    stria_format(caption, sizeof caption, d->overview ? "%s" : "%s\n%.3g to %.3g", number, info.minimum,
                 info.maximum);
    stria_format(title, sizeof title, "%s, map %s: %.4g to %.4g, mean %.4g, %.0f %% above 0", from->name,
                 number, info.minimum, info.maximum, info.mean, 100 * info.active);
    const double wide = fmin(FLAT_WIDTH, 10 * (double)from->width);
    stria_sheet_tile(d->sheet, &picture,
                     &(stria_tile){.caption = from->flat ? NULL : caption,
                                   .title = title,
                                   .width = from->flat ? wide : 0,
                                   .height = from->flat ? FLAT_HEIGHT : 0});
}

/* The smallest and largest number of a layer. */
static void range_of(const stria_maps_layer *from, double *low, double *high)
{
    const size_t count = (size_t)(from->count * from->height * from->width);
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (size_t i = 0; i < count; i++) {
        const double value = (double)from->values[i];
        *low = value < *low ? value : *low;
        *high = value > *high ? value : *high;
    }
}

static void add_layer_tiles(const drawing *d, size_t layer)
{
    const stria_maps_layer *from = &d->maps->layers[layer];
    const size_t usual = d->overview ? USUAL_OVERVIEW : USUAL_MOST;
    const size_t shown = stria_size_min((size_t)from->count, d->options.most > 0 ? d->options.most : usual);
    double low, high;
    char heading[256], shape[STRIA_SHAPE_TEXT_SIZE], part[64] = "";
    range_of(from, &low, &high);
    if (shown < (size_t)from->count)
        stria_format(part, sizeof part, ", the first %zu of %lld maps", shown, (long long)from->count);
    const bool named_so = strncmp(from->name, from->kind, strlen(from->kind)) == 0; /* "conv2d_1" */
    stria_format(heading, sizeof heading, "%s · %s%s%s · %.3g to %.3g%s", from->name,
                 named_so ? "" : from->kind, named_so ? "" : " ",
                 stria_shape_text(&from->output, shape, sizeof shape), low, high, part);
    stria_sheet_group(d->sheet,
                      &(stria_sheet_group_options){
                          .heading = heading,
                          .size = d->overview ? SMALL_TILE : LARGE_TILE,
                          .palette = d->options.common_scale && !d->overview ? d->options.palette : NULL,
                          .low = low,
                          .high = high});
    for (size_t map = 0; map < shown; map++)
        add_tile(d, layer, map, low, high);
}

static size_t largest_map(const stria_maps *maps)
{
    size_t largest = 0;
    for (size_t i = 0; i < maps->count; i++)
        largest = stria_size_max(largest, (size_t)(maps->layers[i].height * maps->layers[i].width));
    return largest;
}

stria_status stria_maps_sheet(const stria_maps *maps, const stria_maps_options *options, stria_sheet **sheet,
                              stria_error *err)
{
    drawing d = {.maps = maps, .overview = maps->count > 1};
    STRIA_TRY(stria_options_read(&d.options, sizeof d.options, options, "stria_maps_options", err));
    d.options.palette = d.options.palette != NULL ? d.options.palette : "gray";
    STRIA_TRY(stria_palette_make(d.palette, d.options.palette, err));
    const size_t size = 3 * largest_map(maps);
    d.bytes = stria_allocate(&maps->context->allocator, size);
    if (d.bytes == NULL)
        return stria_fail_memory(err, size);
    const char *title = d.options.title != NULL ? d.options.title : "Feature maps";
    const stria_status status = stria_sheet_create(&d.sheet, maps->context, title, err);
    if (status == STRIA_OK) {
        for (size_t i = 0; i < maps->count; i++)
            add_layer_tiles(&d, i);
        stria_sheet_note(d.sheet,
                         d.options.common_scale
                             ? "The maps of a layer have one scale: its smallest number is the dark end, its "
                               "largest the light one."
                             : "Each map has a scale of its own, from its smallest number to its largest.");
        *sheet = d.sheet;
    }
    stria_release(&maps->context->allocator, d.bytes);
    return status;
}

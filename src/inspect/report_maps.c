/* Feature maps of some samples in a report: what the layers along the network answer, as sheets of grey
 * pictures. */
#include <string.h>

#include <stria/inspect.h>

#include "base/error.h"
#include "base/size.h"
#include "inspect/palette.h"
#include "inspect/report.h"
#include "model/model.h"
#include "tensor/shape.h"

#define SHOWN_LAYERS 6
#define SHOWN_MAPS   16
#define MOST_SIDE    56 /* of a map; larger ones are made smaller, so that the page stays small */
#define SHEET_WIDTH  760.0

/* ---- Which layers ---- */

/* Whether what layer `name` answers goes on, as the next one in the maps, through one that keeps its shape
 * and mixes no pixels: a normalization, an activation. Then that one's maps are shown. */
static bool is_passed_on(const stria_model *model, const stria_maps_layer_info *layer,
                         const stria_maps_layer_info *next_maps)
{
    stria_layer_info next;
    const int index = stria_model_find_layer(model, next_maps->layer);
    return index > 0 && stria_model_layer(model, (size_t)index, &next) && next.input_count == 1 &&
           (int)next.inputs[0] == stria_model_find_layer(model, layer->layer) &&
           stria_shape_equal(&next.output, &layer->output) && strstr(next.kind, "pool") == NULL &&
           (next.params == 0 || strstr(next.kind, "norm") != NULL);
}

static bool is_candidate(const stria_model *model, const stria_maps *maps, size_t index)
{
    stria_maps_layer_info layer, next;
    return stria_maps_layer_at(maps, index, &layer) && layer.output.rank == 3 &&
           layer.height * layer.width > 1 &&
           !(stria_maps_layer_at(maps, index + 1, &next) && is_passed_on(model, &layer, &next));
}

/* Layers from the first to the last, evenly: their indices in the maps. Returns how many. */
static size_t choose_layers(const stria_model *model, const stria_maps *maps, size_t chosen[SHOWN_LAYERS])
{
    stria_maps_layer_info layer;
    size_t candidates = 0, seen = 0, count = 0;
    for (size_t i = 0; stria_maps_layer_at(maps, i, &layer); i++)
        candidates += is_candidate(model, maps, i);
    const size_t wanted = stria_size_min(candidates, SHOWN_LAYERS);
    for (size_t i = 0; count < wanted; i++) {
        if (is_candidate(model, maps, i) &&
            seen++ == (wanted > 1 ? count * (candidates - 1) / (wanted - 1) : 0))
            chosen[count++] = i;
    }
    return count;
}

/* ---- Pictures of them ---- */

/* Makes a picture smaller until no side is above `side`. */
static stria_status shrink(stria_report *report, stria_picture *picture, int64_t side, stria_error *err)
{
    const int64_t longest = stria_count_max(picture->height, picture->width);
    if (longest <= side)
        return STRIA_OK;
    return stria_picture_resize(picture, report->context,
                                stria_count_max(1, picture->height * side / longest),
                                stria_count_max(1, picture->width * side / longest), "antialias", err);
}

/* Map `map` of a layer, between the numbers that are black and white; `values` has room for it. */
static stria_status add_map(stria_report *report, stria_sheet *sheet, const stria_maps *maps, size_t layer,
                            size_t map, double low, double high, float *values, stria_error *err)
{
    stria_maps_layer_info info;
    stria_picture picture = {0};
    stria_maps_layer_at(maps, layer, &info);
    stria_maps_read(maps, layer, map, values);
    STRIA_TRY(stria_picture_create(&picture, report->context, info.height, info.width, 1, err));
    for (size_t p = 0; p < (size_t)(info.height * info.width); p++)
        picture.bytes[p] = stria_palette_byte(values[p], (float)low, (float)high);
    const stria_status status = shrink(report, &picture, MOST_SIDE, err);
    if (status == STRIA_OK) {
        stria_map_info numbers;
        char caption[24], title[128];
        stria_maps_at(maps, layer, map, &numbers);
        stria_format(caption, sizeof caption, "%zu", map);
        stria_format(title, sizeof title, "map %zu: from %.4g to %.4g, mean %.4g", map, numbers.minimum,
                     numbers.maximum, numbers.mean);
        stria_sheet_tile(sheet, &picture, &(stria_tile){.caption = caption, .title = title});
    }
    stria_picture_free(&picture, report->context);
    return status;
}

/* The first maps of a layer, on one scale. */
static stria_status add_layer(stria_report *report, stria_sheet *sheet, const stria_maps *maps, size_t layer,
                              stria_error *err)
{
    stria_maps_layer_info info;
    stria_map_info map;
    stria_maps_layer_at(maps, layer, &info);
    const size_t shown = stria_size_min((size_t)info.count, SHOWN_MAPS);
    char sizes[STRIA_SHAPE_TEXT_SIZE], heading[256], more[48] = "";
    double low = 0, high = 0;
    for (size_t k = 0; k < shown && stria_maps_at(maps, layer, k, &map); k++) {
        low = k == 0 || map.minimum < low ? map.minimum : low;
        high = k == 0 || map.maximum > high ? map.maximum : high;
    }
    if ((int64_t)shown < info.count)
        stria_format(more, sizeof more, ", the first %zu", shown);
    stria_format(heading, sizeof heading, "%.160s: %s%s", info.layer,
                 stria_shape_text(&info.output, sizes, sizeof sizes), more);
    stria_sheet_group(
        sheet, &(stria_sheet_group_options){
                   .heading = heading, .size = MOST_SIDE, .palette = "gray", .low = low, .high = high});
    const size_t pixels = (size_t)(info.height * info.width);
    float *values = stria_allocate_floats(&report->context->allocator, pixels);
    stria_status status = values != NULL ? STRIA_OK : stria_fail_memory(err, pixels * sizeof *values);
    for (size_t k = 0; k < shown && status == STRIA_OK; k++)
        status = add_map(report, sheet, maps, layer, k, low, high, values, err);
    stria_release(&report->context->allocator, values);
    return status;
}

/* ---- Samples ---- */

static stria_status fill_sheet(stria_report *report, stria_sheet *sheet, const stria_maps *maps, size_t index,
                               stria_error *err)
{
    stria_picture picture = {0};
    size_t chosen[SHOWN_LAYERS];
    const size_t count = choose_layers(report->model, maps, chosen);
    STRIA_TRY(stria_report_sample(report, index, &picture, err));
    stria_status status = shrink(report, &picture, 2 * MOST_SIDE, err);
    if (status == STRIA_OK) {
        stria_sheet_group(sheet,
                          &(stria_sheet_group_options){.heading = "the sample", .size = 2 * MOST_SIDE});
        stria_sheet_tile(sheet, &picture, &(stria_tile){.caption = NULL});
    }
    stria_picture_free(&picture, report->context);
    for (size_t i = 0; i < count && status == STRIA_OK; i++)
        status = add_layer(report, sheet, maps, chosen[i], err);
    return status;
}

/* Runs sample `index` and shows its maps. `x` has room for it. */
static stria_status add_sample(stria_report *report, size_t index, float *x, stria_error *err)
{
    const stria_dataset *data = report->options.data;
    const uint32_t wanted = (uint32_t)index;
    const float *inputs[1] = {x};
    char title[64];
    stria_maps *maps = NULL;
    stria_sheet *sheet = NULL;
    stria_figure *figure = NULL;
    stria_format(title, sizeof title, "Feature maps of sample %zu", index);
    STRIA_TRY(stria_dataset_read(data, report->options.part, &wanted, 1,
                                 stria_preprocessing_for(report->model, data), x, NULL, NULL, err));
    stria_status status = stria_maps_create(&maps, report->context, report->model, inputs,
                                            stria_dataset_shape(data), NULL, err);
    if (status == STRIA_OK)
        status = stria_sheet_create(&sheet, report->context, title, err);
    if (status == STRIA_OK)
        status = fill_sheet(report, sheet, maps, index, err);
    if (status == STRIA_OK)
        status = stria_sheet_figure(sheet, SHEET_WIDTH, &figure, err);
    stria_sheet_free(sheet);
    stria_maps_free(maps);
    return status == STRIA_OK ? stria_page_figure(&report->page, figure, title, err) : status;
}

/* Samples from all over the part. */
static stria_status add_samples(stria_report *report, stria_error *err)
{
    const stria_dataset *data = report->options.data;
    const size_t count = stria_dataset_count(data, report->options.part);
    const size_t shown = stria_size_min(count, (size_t)report->options.samples);
    const size_t numbers = (size_t)stria_shape_elements(stria_dataset_shape(data));
    float *x = stria_allocate_floats(&report->context->allocator, numbers);
    stria_status status = x != NULL ? STRIA_OK : stria_fail_memory(err, numbers * sizeof *x);
    for (size_t i = 0; i < shown && status == STRIA_OK; i++)
        status = add_sample(report, i * count / shown, x, err);
    stria_release(&report->context->allocator, x);
    return status;
}

/* Whether any layer's output is pictures. */
static bool has_maps(const stria_model *model)
{
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        if (layer.input_count > 0 && layer.output.rank == 3)
            return true;
    }
    return false;
}

stria_status stria_report_maps(stria_report *report, stria_error *err)
{
    stria_page *page = &report->page;
    stria_report_heading(report, "maps", "Feature maps");
    if (report->options.data == NULL)
        stria_page_missing(
            page, "There are no feature maps without data: `stria report MODEL DATA` shows those of some "
                  "samples.");
    else if (report->options.samples == 0)
        stria_page_missing(page, "They were not asked for: `--samples N` shows those of N samples.");
    else if (!has_maps(report->model) || !stria_report_has_pictures(report))
        stria_page_missing(page, "No layer of this model answers with pictures.");
    else
        return add_samples(report, err);
    return STRIA_OK;
}

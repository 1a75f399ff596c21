/* Feature maps of some samples in a report: what the layers along the network answer, as sheets of grey
 * pictures. */
#include <math.h>
#include <string.h>

#include <stria/plan.h>
#include <stria/sheet.h>

#include "base/error.h"
#include "base/size.h"
#include "inspect/palette.h"
#include "inspect/report.h"
#include "model/model.h"
#include "tensor/shape.h"

#define SHOWN_LAYERS 6
#define SHOWN_MAPS   16
#define MOST_SIDE    56 /* of a map; larger ones are made smaller, so that the page stays small */
#define SHEET_WIDTH  1100.0

/* The layers whose maps are shown. */
typedef struct choice {
    const char *names[SHOWN_LAYERS];
    size_t count;
} choice;

static bool has_maps(const stria_layer_info *layer)
{
    return layer->input_count > 0 && layer->output.rank == 3 && layer->output.sizes[0] != 1;
}

/* Whether what `layer` answers goes through one that keeps its shape and mixes no pixels: a normalization, an
 * activation, dropout. Then that one's maps are shown. */
static bool is_passed_on(const stria_model *model, size_t index, const stria_layer_info *layer)
{
    stria_layer_info next;
    return stria_model_layer(model, index + 1, &next) && next.input_count == 1 && next.inputs[0] == index &&
           stria_shape_equal(&next.output, &layer->output) && strstr(next.kind, "pool") == NULL &&
           (next.params == 0 || strstr(next.kind, "norm") != NULL);
}

/* Layers from the first to the last, evenly. */
static void choose_layers(const stria_model *model, choice *chosen)
{
    stria_layer_info layer;
    size_t candidates = 0, seen = 0;
    for (int pass = 0; pass < 2; pass++) {
        const size_t wanted = stria_size_min(candidates, SHOWN_LAYERS);
        for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
            if (!has_maps(&layer) || is_passed_on(model, i, &layer))
                continue;
            if (pass == 0)
                candidates++;
            else if (chosen->count < wanted &&
                     seen++ == (wanted > 1 ? chosen->count * (candidates - 1) / (wanted - 1) : 0))
                chosen->names[chosen->count++] = layer.name;
        }
    }
}

/* The largest and smallest number of some maps; both 0 when none is finite. */
static void find_range(const float *values, size_t pixels, size_t channels, size_t shown, double *low,
                       double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t p = 0; p < pixels; p++) {
        for (size_t c = 0; c < shown; c++) {
            const double value = (double)values[p * channels + c];
            *low = isfinite(value) ? fmin(*low, value) : *low;
            *high = isfinite(value) ? fmax(*high, value) : *high;
        }
    }
    if (*low > *high)
        *low = *high = 0;
}

/* Map `channel` of values [height, width, channels]. */
static stria_status add_map(stria_report *report, stria_sheet *sheet, const float *values,
                            const stria_shape *shape, size_t channel, double low, double high,
                            stria_error *err)
{
    const int64_t height = shape->sizes[0], width = shape->sizes[1];
    const size_t channels = (size_t)shape->sizes[2];
    stria_picture picture = {0};
    STRIA_TRY(stria_picture_create(&picture, report->context, height, width, 1, err));
    for (size_t p = 0; p < (size_t)(height * width); p++)
        picture.bytes[p] = stria_palette_byte(values[p * channels + channel], (float)low, (float)high);
    const int64_t longest = height > width ? height : width;
    stria_status status = STRIA_OK;
    if (longest > MOST_SIDE)
        status =
            stria_picture_resize(&picture, report->context, stria_count_max(1, height * MOST_SIDE / longest),
                                 stria_count_max(1, width * MOST_SIDE / longest), "antialias", err);
    if (status == STRIA_OK) {
        char caption[24];
        stria_format(caption, sizeof caption, "%zu", channel);
        stria_sheet_tile(sheet, &picture, &(stria_tile){.caption = caption});
    }
    stria_picture_free(&picture, report->context);
    return status;
}

static stria_status add_layer(stria_report *report, stria_sheet *sheet, const stria_plan *plan,
                              const char *layer, stria_error *err)
{
    const stria_shape *shape = stria_plan_shape(plan, layer);
    const float *values = stria_plan_value(plan, layer);
    const size_t pixels = (size_t)(shape->sizes[0] * shape->sizes[1]), channels = (size_t)shape->sizes[2];
    const size_t shown = stria_size_min(channels, SHOWN_MAPS);
    char sizes[STRIA_SHAPE_TEXT_SIZE], heading[256], more[48] = "";
    double low, high;
    find_range(values, pixels, channels, shown, &low, &high);
    if (shown < channels)
        stria_format(more, sizeof more, ", the first %zu", shown);
    stria_format(heading, sizeof heading, "%.160s: %s%s", layer, stria_shape_text(shape, sizes, sizeof sizes),
                 more);
    stria_sheet_group(
        sheet, &(stria_sheet_group_options){
                   .heading = heading, .size = MOST_SIDE, .palette = "gray", .low = low, .high = high});
    for (size_t c = 0; c < shown; c++)
        STRIA_TRY(add_map(report, sheet, values, shape, c, low, high, err));
    return STRIA_OK;
}

/* Runs sample `index` and adds its sheet. `x` has room for it. */
static stria_status fill_sheet(stria_report *report, stria_sheet *sheet, stria_plan *plan,
                               const choice *chosen, size_t index, float *x, stria_error *err)
{
    const stria_dataset *data = report->options.data;
    const uint32_t wanted = (uint32_t)index;
    const float *inputs[1] = {x};
    stria_picture picture = {0};
    STRIA_TRY(stria_dataset_read(data, report->options.part, &wanted, 1,
                                 stria_preprocessing_for(report->model, data), x, NULL, NULL, err));
    STRIA_TRY(stria_plan_run(plan, inputs, 1, err));
    STRIA_TRY(stria_report_sample(report, index, &picture, err));
    stria_sheet_group(sheet, &(stria_sheet_group_options){.heading = "the sample", .size = 112});
    const int64_t longest = picture.height > picture.width ? picture.height : picture.width;
    stria_status status = STRIA_OK;
    if (longest > 2 * MOST_SIDE)
        status = stria_picture_resize(
            &picture, report->context, stria_count_max(1, picture.height * 2 * MOST_SIDE / longest),
            stria_count_max(1, picture.width * 2 * MOST_SIDE / longest), "antialias", err);
    if (status == STRIA_OK)
        stria_sheet_tile(sheet, &picture, &(stria_tile){.caption = NULL});
    stria_picture_free(&picture, report->context);
    for (size_t i = 0; i < chosen->count && status == STRIA_OK; i++)
        status = add_layer(report, sheet, plan, chosen->names[i], err);
    return status;
}

static stria_status add_sample(stria_report *report, stria_plan *plan, const choice *chosen, size_t index,
                               float *x, stria_error *err)
{
    char title[64];
    stria_sheet *sheet = NULL;
    stria_figure *figure = NULL;
    stria_format(title, sizeof title, "Feature maps of sample %zu", index);
    STRIA_TRY(stria_sheet_create(&sheet, report->context, title, err));
    stria_status status = fill_sheet(report, sheet, plan, chosen, index, x, err);
    if (status == STRIA_OK)
        status = stria_sheet_figure(sheet, SHEET_WIDTH, &figure, err);
    stria_sheet_free(sheet);
    return status == STRIA_OK ? stria_page_figure(&report->page, figure, title, err) : status;
}

/* Samples from all over the part. */
static stria_status add_samples(stria_report *report, const choice *chosen, stria_error *err)
{
    const stria_dataset *data = report->options.data;
    const stria_shape *shape = stria_dataset_shape(data);
    const size_t count = stria_dataset_count(data, report->options.part);
    const size_t shown = stria_size_min(count, (size_t)report->options.samples);
    const stria_plan_options options = {
        .batch = 1, .input_shapes = shape, .keep = chosen->names, .keep_count = chosen->count};
    stria_plan *plan = NULL;
    STRIA_TRY(stria_plan_create(&plan, report->model, &options, err));
    const size_t numbers = (size_t)stria_shape_elements(shape);
    float *x = stria_allocate_floats(&report->context->allocator, numbers);
    stria_status status = x != NULL ? STRIA_OK : stria_fail_memory(err, numbers * sizeof *x);
    for (size_t i = 0; i < shown && status == STRIA_OK; i++)
        status = add_sample(report, plan, chosen, i * count / shown, x, err);
    stria_release(&report->context->allocator, x);
    stria_plan_free(plan);
    return status;
}

stria_status stria_report_maps(stria_report *report, stria_error *err)
{
    stria_page *page = &report->page;
    choice chosen = {.count = 0};
    stria_report_heading(report, "maps", "Feature maps");
    choose_layers(report->model, &chosen);
    if (report->options.data == NULL)
        stria_page_missing(
            page, "There are no feature maps without data: `stria report MODEL DATA` shows those of some "
                  "samples.");
    else if (report->options.samples == 0)
        stria_page_missing(page, "They were not asked for: `--samples N` shows those of N samples.");
    else if (chosen.count == 0 || !stria_report_has_pictures(report))
        stria_page_missing(page, "No layer of this model answers with pictures.");
    else
        return add_samples(report, &chosen, err);
    return STRIA_OK;
}

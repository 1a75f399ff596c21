/* Filters before and after training, side by side, in a report. The first parameters are not in the file:
 * model text and seed give them again, bit for bit. */
#include <string.h>

#include <stria/inspect.h>

#include "base/error.h"
#include "inspect/report.h"
#include "model/model.h"

#define SHOWN_LAYERS 4
#define SHEET_WIDTH  540.0

/* The model as it was before its training; NULL when the file does not say how to make it. */
static stria_status make_first(stria_report *report, stria_model **first, stria_error *err)
{
    const stria_allocator *allocator = &report->context->allocator;
    const char *drawn = stria_model_metadata(report->model, "first_parameters");
    const char *seed_text = stria_model_metadata(report->model, "seed");
    int64_t seed;
    *first = NULL;
    if (drawn == NULL || strcmp(drawn, "drawn") != 0 || seed_text == NULL ||
        !stria_text_to_integer(seed_text, strlen(seed_text), &seed))
        return STRIA_OK;
    const size_t length = stria_model_text(report->model, NULL, 0);
    char *text = stria_allocate_array(allocator, length + 1, 1);
    if (text == NULL)
        return stria_fail_memory(err, length + 1);
    stria_model_text(report->model, text, length + 1);
    const stria_parse_options options = {.without_parameters = 1};
    stria_model *made = NULL;
    stria_status status = stria_model_parse(&made, report->context, text, length, &options, err);
    stria_release(allocator, text);
    if (status == STRIA_OK)
        status = stria_model_initialize(made, (uint64_t)seed, err);
    if (status != STRIA_OK) {
        stria_model_free(made);
        return status;
    }
    *first = made;
    return STRIA_OK;
}

/* The filters of a layer as a figure with a caption. */
static stria_status add_sheet(stria_report *report, const stria_model *model, const char *layer,
                              bool is_inner, const char *caption, stria_error *err)
{
    const stria_filters_options options = {.most_filters = is_inner ? 16 : 64, .most_channels = 16};
    stria_filters *filters = NULL;
    stria_sheet *sheet = NULL;
    stria_figure *figure = NULL;
    stria_status status = stria_filters_create(&filters, report->context, model, layer, err);
    if (status == STRIA_OK)
        status = stria_filters_sheet(filters, &options, &sheet, err);
    if (status == STRIA_OK)
        status = stria_sheet_figure(sheet, SHEET_WIDTH, &figure, err);
    stria_sheet_free(sheet);
    stria_filters_free(filters);
    if (status != STRIA_OK)
        return status;
    stria_page_add(&report->page, "<div>");
    stria_page_element(&report->page, "p class=\"soft\"", caption);
    status = stria_page_figure(&report->page, figure, caption, err);
    stria_page_add(&report->page, "</div>\n");
    return status;
}

/* Whether a layer has kernels that are worth a picture: windows of more than one pixel. Not so are also
 * layers whose kernels are another's. */
static stria_status has_pictures(stria_report *report, const char *layer, bool *has, stria_error *err)
{
    stria_filters *filters = NULL;
    stria_error why = {0};
    const stria_status status = stria_filters_create(&filters, report->context, report->model, layer, &why);
    *has = false;
    if (status == STRIA_OK) {
        const stria_shape *shape = stria_filters_shape(filters);
        *has = shape->sizes[2] * shape->sizes[3] > 1;
    }
    stria_filters_free(filters);
    return status == STRIA_ERROR_MEMORY ? stria_fail(err, status, "%s", why.message) : STRIA_OK;
}

static stria_status add_layer(stria_report *report, const stria_model *first, const char *layer,
                              bool is_inner, stria_error *err)
{
    const bool trained = stria_model_metadata(report->model, "command") != NULL || report->history.count > 0;
    stria_page_element(&report->page, "h3", layer);
    stria_page_add(&report->page, "<div class=\"flow sides\">\n");
    stria_status status = STRIA_OK;
    if (first != NULL)
        status = add_sheet(report, first, layer, is_inner, "Before training", err);
    if (status == STRIA_OK)
        status = add_sheet(report, report->model, layer, is_inner, trained ? "After training" : "As they are",
                           err);
    stria_page_add(&report->page, "</div>\n");
    return status;
}

/* The first layers of convolutions; of networks without any the layer that looks at the picture first. */
static stria_status add_layers(stria_report *report, const stria_model *first, size_t *shown,
                               stria_error *err)
{
    stria_layer_info layer;
    for (int dense = 0; dense < 2 && *shown == 0; dense++) {
        for (size_t i = 0; stria_model_layer(report->model, i, &layer) && *shown < SHOWN_LAYERS; i++) {
            bool has = false;
            if (layer.params == 0 || (dense != 0) != (strcmp(layer.kind, "dense") == 0))
                continue;
            STRIA_TRY(has_pictures(report, layer.name, &has, err));
            if (!has)
                continue;
            STRIA_TRY(add_layer(report, first, layer.name, *shown > 0, err));
            *shown += dense != 0 ? SHOWN_LAYERS : 1;
        }
    }
    return STRIA_OK;
}

stria_status stria_report_filters(stria_report *report, stria_error *err)
{
    stria_model *first;
    size_t shown = 0;
    STRIA_TRY(make_first(report, &first, err));
    stria_report_heading(report, "filters", "Filters");
    const stria_status status = add_layers(report, first, &shown, err);
    if (status == STRIA_OK && shown == 0)
        stria_page_missing(&report->page, "No layer of this model has kernels that are pictures.");
    else if (status == STRIA_OK && first == NULL && report->history.count > 0)
        stria_page_missing(&report->page,
                           "The training went on from given parameters, so that the filters before it are "
                           "not known. Trainings that draw them from the seed show both.");
    stria_model_free(first);
    return status;
}

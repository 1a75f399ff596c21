/* The worst mistakes in a report, as pictures where the data has any; and how samples become pictures. */
#include <math.h>

#include "base/error.h"
#include "inspect/report.h"
#include "model/model.h"
#include "tensor/shape.h"

/* ---- Samples as pictures ---- */

bool stria_report_has_pictures(const stria_report *report)
{
    return report->options.data != NULL && stria_dataset_shape(report->options.data)->rank == 3;
}

/* The numbers from low to high as bytes; of other than one or three channels the first. */
static void fill_bytes(stria_picture *picture, const float *x, size_t channels, double low, double high)
{
    const double scale = high > low ? 255 / (high - low) : 0;
    const size_t pixels = (size_t)(picture->height * picture->width), kept = (size_t)picture->channels;
    for (size_t p = 0; p < pixels; p++) {
        for (size_t c = 0; c < kept; c++) {
            const double value = ((double)x[p * channels + c] - low) * scale;
            picture->bytes[p * kept + c] = (uint8_t)(value >= 0 ? fmin(255, floor(value + 0.5)) : 0);
        }
    }
}

stria_status stria_report_sample(stria_report *report, size_t index, stria_picture *picture, stria_error *err)
{
    const stria_dataset *data = report->options.data;
    const stria_shape *shape = stria_dataset_shape(data);
    const size_t count = (size_t)stria_shape_elements(shape), channels = (size_t)shape->sizes[2];
    const bool bytes = stria_dataset_preprocessing(data)[0] != '\0';
    const uint32_t wanted = (uint32_t)index;
    float *x = stria_allocate_floats(&report->context->allocator, count);
    if (x == NULL)
        return stria_fail_memory(err, count * sizeof *x);
    stria_status status =
        stria_dataset_read(data, report->options.part, &wanted, 1, "scale=1", x, NULL, NULL, err);
    if (status == STRIA_OK)
        status = stria_picture_create(picture, report->context, shape->sizes[0], shape->sizes[1],
                                      channels == 3 ? 3 : 1, err);
    if (status == STRIA_OK) {
        double low = 0, high = 255;
        if (!bytes) {
            low = INFINITY;
            high = -INFINITY;
            for (size_t i = 0; i < count; i++) {
                low = isfinite(x[i]) ? fmin(low, x[i]) : low;
                high = isfinite(x[i]) ? fmax(high, x[i]) : high;
            }
        }
        fill_bytes(picture, x, channels, low, high);
    }
    stria_release(&report->context->allocator, x);
    return status;
}

stria_status stria_report_add_sample(stria_report *report, size_t index, int64_t side, const char *title,
                                     stria_error *err)
{
    stria_picture picture = {0};
    STRIA_TRY(stria_report_sample(report, index, &picture, err));
    const int64_t longest = picture.height > picture.width ? picture.height : picture.width;
    int64_t height = picture.height, width = picture.width;
    stria_status status = STRIA_OK;
    if (longest > side) {
        height = height * side / longest > 0 ? height * side / longest : 1;
        width = width * side / longest > 0 ? width * side / longest : 1;
        status = stria_picture_resize(&picture, report->context, height, width, "antialias", err);
    } else {
        height *= side / longest;
        width *= side / longest;
    }
    if (status == STRIA_OK)
        status = stria_page_picture(&report->page, &picture, height, width, title, err);
    stria_picture_free(&picture, report->context);
    return status;
}

/* ---- Mistakes ---- */

#define SIDE 112

static void add_words(stria_report *report, const stria_sample_result *sample)
{
    stria_page *page = &report->page;
    char number[STRIA_NUMBER_SIZE];
    if (report->evaluation.class_count > 0) {
        stria_page_add(page, "<b>");
        stria_page_text(page, stria_report_class(report, sample->label, number));
        stria_page_add(page, "</b><br>taken for <b>");
        stria_page_text(page, stria_report_class(report, sample->predicted, number));
        stria_page_add(page, "</b><br>");
        stria_page_print(page, "%.3f, true class %.3f", sample->probability, sample->label_probability);
        stria_page_add(page, "<br>");
    }
    stria_page_print(page, "loss %s, #%zu", stria_report_figure(sample->loss, number), sample->index);
}

static stria_status add_pictures(stria_report *report, stria_error *err)
{
    stria_page *page = &report->page;
    stria_page_add(page, "<div class=\"flow\">\n");
    for (size_t i = 0; i < report->worst_count; i++) {
        char title[64];
        stria_format(title, sizeof title, "sample %zu", report->worst[i].index);
        stria_page_add(page, "<figure class=\"sample\">");
        STRIA_TRY(stria_report_add_sample(report, report->worst[i].index, SIDE, title, err));
        stria_page_add(page, "<figcaption>");
        add_words(report, &report->worst[i]);
        stria_page_add(page, "</figcaption></figure>\n");
    }
    stria_page_add(page, "</div>\n");
    return STRIA_OK;
}

static void add_list(stria_report *report)
{
    stria_page *page = &report->page;
    stria_page_add(page, "<ul>\n");
    for (size_t i = 0; i < report->worst_count; i++) {
        stria_page_add(page, "<li>");
        add_words(report, &report->worst[i]);
        stria_page_add(page, "</li>\n");
    }
    stria_page_add(page, "</ul>\n");
}

stria_status stria_report_mistakes(stria_report *report, stria_error *err)
{
    stria_page *page = &report->page;
    const stria_evaluation *of = &report->evaluation;
    stria_report_heading(report, "mistakes", "Worst mistakes");
    if (of->count == 0) {
        stria_page_missing(
            page, "There are no mistakes without data: `stria report MODEL DATA` shows the worst of them.");
        return STRIA_OK;
    }
    if (report->worst_count == 0) {
        stria_page_missing(page, report->options.mistakes == 0
                                     ? "They were not asked for: `--mistakes N` shows N of them."
                                     : "There is none: every sample was found.");
        return STRIA_OK;
    }
    stria_page_add(page, "<p>");
    if (report->worst_count == 1)
        stria_page_add(page, "The sample with the largest loss");
    else
        stria_page_print(page, "The %zu samples with the largest losses", report->worst_count);
    stria_page_add(
        page, of->class_count > 0
                  ? " among those that were taken for another class, with the probability of the predicted "
                    "class and of the true one, and the number of the sample.</p>\n"
                  : ", with the number of the sample.</p>\n");
    if (stria_report_has_pictures(report))
        return add_pictures(report, err);
    add_list(report);
    return STRIA_OK;
}

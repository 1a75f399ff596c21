/* The head of a report: title, what it is about in a sentence, the figures that matter most, and the menu. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "inspect/report.h"
#include "model/model.h"

static void add_card(stria_report *report, const char *name, const char *value)
{
    stria_page_add(&report->page, "<div>");
    stria_page_element(&report->page, "dt", name);
    stria_page_element(&report->page, "dd", value);
    stria_page_add(&report->page, "</div>\n");
}

static void add_cards(stria_report *report)
{
    const stria_evaluation *evaluation = &report->evaluation;
    const stria_history *history = &report->history;
    char number[STRIA_NUMBER_SIZE];
    stria_page_add(&report->page, "<dl class=\"cards\">\n");
    if (evaluation->count > 0) {
        const bool test = report->options.part == STRIA_PART_TEST;
        if (evaluation->accuracy >= 0) {
            stria_format(number, sizeof number, "%.4f", evaluation->accuracy);
            add_card(report, test ? "test accuracy" : "training accuracy", number);
        }
        add_card(report, test ? "test loss" : "training loss", stria_report_figure(evaluation->loss, number));
    }
    add_card(report, "parameters", stria_report_count(stria_model_params(report->model), number));
    add_card(report, "multiply-adds", stria_report_count(stria_model_macs(report->model), number));
    add_card(report, "layers", stria_report_count((int64_t)stria_model_layer_count(report->model), number));
    if (history->count > 0)
        add_card(report, "epochs", stria_report_count((int64_t)history->count, number));
    stria_page_add(&report->page, "</dl>\n");
}

stria_status stria_report_head(stria_report *report, stria_error *err)
{
    (void)err; /* the page remembers a failed allocation */
    const stria_report_options *options = &report->options;
    stria_page *page = &report->page;
    stria_text title = {.allocator = &report->context->allocator};
    stria_text_add(&title, options->title != NULL ? options->title : "Report on ");
    stria_text_add(&title, options->title != NULL ? "" : options->name);
    stria_page_begin(page, title.failed || title.bytes == NULL ? "" : title.bytes);
    page->text.failed = page->text.failed || title.failed;
    stria_text_free(&title);

    stria_page_add(page, "<p class=\"soft\">");
    stria_page_text(page, options->name);
    if (options->data != NULL) {
        char number[STRIA_NUMBER_SIZE];
        stria_page_add(page, " on ");
        stria_page_text(page, options->data_name);
        stria_page_print(page, ", %s part, %s samples",
                         options->part == STRIA_PART_TEST ? "test" : "training",
                         stria_report_count(report->evaluation.count, number));
    }
    stria_page_add(page, "</p>\n");
    add_cards(report);
    static const char *const menu[][2] = {
        {"network", "Network"},         {"training", "Training"},      {"results", "Results"},
        {"mistakes", "Worst mistakes"}, {"filters", "Filters"},        {"maps", "Feature maps"},
        {"memory", "Memory"},           {"origin", "Data and origin"},
    };
    stria_page_add(page, "<nav>");
    for (size_t i = 0; i < sizeof menu / sizeof menu[0]; i++)
        stria_text_format(&page->text, "<a href=\"#%s\">%s</a>\n", menu[i][0], menu[i][1]);
    stria_page_add(page, "</nav>\n");
    return STRIA_OK;
}

/* The results in a report: the figures of the evaluation, the confusion matrix, and every class. */
#include <math.h>

#include "base/error.h"
#include "inspect/chart.h"
#include "inspect/report.h"
#include "model/model.h"

#define MIX_UPS_SHOWN 15

static int64_t samples_of_class(const stria_evaluation *of, size_t class)
{
    int64_t sum = 0;
    for (size_t i = 0; i < of->class_count; i++)
        sum += of->confusion[class * of->class_count + i];
    return sum;
}

/* A figure from 0 to 1, and a bar of its length in a cell of its own. */
static void add_share(stria_page *page, double share)
{
    stria_text_format(&page->text,
                      "<td class=\"n\">%.4f</td><td class=\"track\"><span class=\"bar\" "
                      "style=\"width:%.1f%%\"></span></td>",
                      share, fmin(1, fmax(0, share)) * 100);
}

static void add_classes(stria_report *report)
{
    const stria_evaluation *of = &report->evaluation;
    stria_page *page = &report->page;
    stria_page_add(page, "<h3>Every class</h3>\n<div class=\"scroll tall\"><table id=\"classes\"><thead><tr>"
                         "<th class=\"n\">#</th><th>class</th><th class=\"n\">samples</th><th "
                         "class=\"n\">precision</th><th></th><th class=\"n\">recall</th><th></th>"
                         "<th class=\"n\">f1</th><th></th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < of->class_count; i++) {
        char number[STRIA_NUMBER_SIZE], name[STRIA_NUMBER_SIZE];
        stria_text_format(&page->text, "<tr><td class=\"n soft\">%zu</td>", i);
        stria_page_element(page, "td", stria_report_class(report, i, name));
        stria_page_element(page, "td class=\"n\"", stria_report_count(samples_of_class(of, i), number));
        add_share(page, of->precision[i]);
        add_share(page, of->recall[i]);
        add_share(page, of->f1[i]);
        stria_page_add(page, "</tr>\n");
    }
    stria_page_add(
        page, "</tbody></table></div>\n<p class=\"soft\">Precision is the share of those taken for the class "
              "that are of it, recall the share of those of the class that were found, f1 their harmonic "
              "mean.</p>\n");
}

/* ---- The pairs that are mixed up most ---- */

typedef struct mix_up {
    int64_t count;
    size_t actual, predicted;
} mix_up;

static bool is_more(const mix_up *a, const mix_up *b)
{
    if (a->count != b->count)
        return a->count > b->count;
    return a->actual != b->actual ? a->actual < b->actual : a->predicted < b->predicted;
}

/* Inserts into the list of the largest, which is sorted. */
static void offer(mix_up list[MIX_UPS_SHOWN], size_t *held, mix_up found)
{
    size_t place = *held;
    while (place > 0 && is_more(&found, &list[place - 1]))
        place--;
    if (place == MIX_UPS_SHOWN)
        return;
    *held += *held < MIX_UPS_SHOWN;
    for (size_t i = *held - 1; i > place; i--)
        list[i] = list[i - 1];
    list[place] = found;
}

static void add_mix_ups(stria_report *report)
{
    const stria_evaluation *of = &report->evaluation;
    stria_page *page = &report->page;
    mix_up list[MIX_UPS_SHOWN];
    size_t held = 0;
    for (size_t i = 0; i < of->class_count; i++) {
        for (size_t j = 0; j < of->class_count; j++) {
            const int64_t count = of->confusion[i * of->class_count + j];
            if (i != j && count > 0)
                offer(list, &held, (mix_up){count, i, j});
        }
    }
    if (held == 0)
        return;
    stria_page_add(
        page, "<h3>Taken for another class</h3>\n<div class=\"scroll\"><table id=\"mixups\"><thead><tr>"
              "<th class=\"n\">times</th><th>true class</th><th>predicted</th><th class=\"n\">share of the "
              "class</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < held; i++) {
        char number[STRIA_NUMBER_SIZE];
        stria_page_add(page, "<tr>");
        stria_page_element(page, "td class=\"n\"", stria_report_count(list[i].count, number));
        stria_page_element(page, "td", stria_report_class(report, list[i].actual, number));
        stria_page_element(page, "td", stria_report_class(report, list[i].predicted, number));
        stria_text_format(&page->text, "<td class=\"n\">%.2f %%</td></tr>\n",
                          100 * (double)list[i].count / (double)samples_of_class(of, list[i].actual));
    }
    stria_page_add(page, "</tbody></table></div>\n");
}

/* ---- The matrix ---- */

static stria_status add_matrix(stria_report *report, stria_error *err)
{
    const stria_evaluation *of = &report->evaluation;
    const stria_allocator *allocator = &report->context->allocator;
    const size_t classes = of->class_count;
    const char **names = stria_allocate_array(allocator, classes, sizeof *names);
    char(*numbers)[STRIA_NUMBER_SIZE] = stria_allocate_array(allocator, classes, sizeof *numbers);
    stria_figure *figure = NULL;
    stria_status status = STRIA_OK;
    if (names == NULL || numbers == NULL) {
        status = stria_fail_memory(err, classes * sizeof *numbers);
    } else {
        for (size_t i = 0; i < classes; i++)
            names[i] = stria_report_class(report, i, numbers[i]);
        const stria_confusion_chart chart = {.counts = of->confusion, .names = names, .classes = classes};
        status = stria_chart_confusion(&figure, report->context, &chart, err);
    }
    stria_release(allocator, (void *)names);
    stria_release(allocator, numbers);
    if (status != STRIA_OK)
        return status;
    STRIA_TRY(stria_page_figure(&report->page, figure, "Confusion matrix", err));
    const size_t bin = stria_chart_confusion_bin(classes);
    stria_page_add(&report->page,
                   "<p class=\"soft\">Rows are the true classes, columns the predicted ones; shares are of "
                   "the row.");
    if (bin > 1)
        stria_page_print(&report->page, " With %zu classes, each cell stands for %zu neighbouring ones.",
                         classes, bin);
    stria_page_add(&report->page, "</p>\n");
    return STRIA_OK;
}

stria_status stria_report_results(stria_report *report, stria_error *err)
{
    const stria_evaluation *of = &report->evaluation;
    stria_page *page = &report->page;
    char number[STRIA_NUMBER_SIZE];
    stria_report_heading(report, "results", "Results");
    if (of->count == 0) {
        stria_page_missing(
            page, "There are no results without data: `stria report MODEL DATA` evaluates the model on it.");
        return STRIA_OK;
    }
    stria_page_add(page, "<p id=\"figures\">");
    stria_page_print(page, "%s samples of the %s part, loss %s", stria_report_count(of->count, number),
                     report->options.part == STRIA_PART_TEST ? "test" : "training",
                     stria_report_figure(of->loss, (char[STRIA_NUMBER_SIZE]){0}));
    if (of->accuracy >= 0)
        stria_page_print(page, ", accuracy %.4f", of->accuracy);
    stria_page_add(page, ".</p>\n");
    if (of->class_count == 0) {
        stria_page_missing(page, "The data has targets instead of classes, so there is no confusion matrix.");
        return STRIA_OK;
    }
    stria_page_add(page, "<div class=\"flow sides\"><div>\n");
    STRIA_TRY(add_matrix(report, err));
    stria_page_add(page, "</div>\n<div>\n");
    add_mix_ups(report);
    stria_page_add(page, "</div></div>\n");
    add_classes(report);
    return STRIA_OK;
}

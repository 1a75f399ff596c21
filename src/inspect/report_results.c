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

/* The classes that occur or are predicted: of a network of a thousand classes few may be in the data. */
typedef struct occurring {
    size_t count;
    size_t *classes;    /* [count] */
    int64_t *counts;    /* [count, count] */
    const char **names; /* [count] */
    char (*numbers)[STRIA_NUMBER_SIZE];
} occurring;

static bool occurs(const stria_evaluation *of, size_t class)
{
    for (size_t i = 0; i < of->class_count; i++) {
        if (of->confusion[class * of->class_count + i] > 0 || of->confusion[i * of->class_count + class] > 0)
            return true;
    }
    return false;
}

static bool make_occurring(occurring *made, const stria_report *report)
{
    const stria_allocator *allocator = &report->context->allocator;
    const stria_evaluation *of = &report->evaluation;
    *made = (occurring){.classes = stria_allocate_array(allocator, of->class_count, sizeof *made->classes)};
    if (made->classes == NULL)
        return false;
    for (size_t i = 0; i < of->class_count; i++) {
        if (occurs(of, i))
            made->classes[made->count++] = i;
    }
    const size_t count = made->count;
    made->counts = stria_allocate_array(allocator, count * count, sizeof *made->counts);
    made->names = stria_allocate_array(allocator, count, sizeof *made->names);
    made->numbers = stria_allocate_array(allocator, count, sizeof *made->numbers);
    if (made->counts == NULL || made->names == NULL || made->numbers == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        made->names[i] = stria_report_class(report, made->classes[i], made->numbers[i]);
        for (size_t j = 0; j < count; j++)
            made->counts[i * count + j] =
                of->confusion[made->classes[i] * of->class_count + made->classes[j]];
    }
    return true;
}

static void free_occurring(occurring *made, const stria_report *report)
{
    const stria_allocator *allocator = &report->context->allocator;
    stria_release(allocator, made->classes);
    stria_release(allocator, made->counts);
    stria_release(allocator, (void *)made->names);
    stria_release(allocator, made->numbers);
}

static stria_status add_matrix(stria_report *report, stria_error *err)
{
    occurring of;
    stria_figure *figure = NULL;
    stria_status status;
    if (make_occurring(&of, report)) {
        const stria_confusion_chart chart = {.counts = of.counts, .names = of.names, .classes = of.count};
        status = stria_chart_confusion(&figure, report->context, &chart, err);
    } else {
        status = stria_fail_memory(err, of.count * of.count * sizeof *of.counts);
    }
    free_occurring(&of, report);
    if (status != STRIA_OK)
        return status;
    STRIA_TRY(stria_page_figure(&report->page, figure, "Confusion matrix", err));
    const size_t bin = stria_chart_confusion_bin(of.count),
                 left_out = report->evaluation.class_count - of.count;
    stria_page_add(&report->page,
                   "<p class=\"soft\">Rows are the true classes, columns the predicted ones; shares are of "
                   "the row.");
    if (left_out > 0)
        stria_page_print(&report->page, " %zu class%s neither in the data nor predicted.", left_out,
                         left_out == 1 ? " is" : "es are");
    if (bin > 1)
        stria_page_print(&report->page, " Of the %zu classes each cell has %zu neighbouring ones.", of.count,
                         bin);
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

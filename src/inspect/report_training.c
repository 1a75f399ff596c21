/* The training in a report: curves of loss, accuracy and learning rate over the epochs, and their numbers. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "inspect/chart.h"
#include "inspect/report.h"
#include "model/model.h"

/* The history by columns, for charts. */
typedef struct columns {
    double *epoch, *loss, *val_loss, *accuracy, *val_accuracy, *rate; /* [count]; NaN where there is none */
    size_t count;
    double best; /* the best epoch; NaN when none was */
} columns;

static double share_or_none(double accuracy)
{
    return accuracy >= 0 ? accuracy : (double)NAN;
}

static stria_status make_columns(columns *of, const stria_report *report, double **memory, stria_error *err)
{
    const size_t count = report->history.count;
    double *block = stria_allocate_array(&report->context->allocator, count, 6 * sizeof *block);
    if (block == NULL)
        return stria_fail_memory(err, count * 6 * sizeof *block);
    *memory = block;
    *of = (columns){.epoch = block,
                    .loss = block + count,
                    .val_loss = block + 2 * count,
                    .accuracy = block + 3 * count,
                    .val_accuracy = block + 4 * count,
                    .rate = block + 5 * count,
                    .count = count,
                    .best = (double)NAN};
    for (size_t i = 0; i < count; i++) {
        const stria_epoch *epoch = &report->history.epochs[i];
        of->epoch[i] = epoch->epoch;
        of->loss[i] = epoch->loss;
        of->val_loss[i] = epoch->val_loss;
        of->accuracy[i] = share_or_none(epoch->accuracy);
        of->val_accuracy[i] = share_or_none(epoch->val_accuracy);
        of->rate[i] = epoch->learning_rate;
        if (epoch->is_best)
            of->best = epoch->epoch;
    }
    return STRIA_OK;
}

static bool has_values(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i]))
            return true;
    }
    return false;
}

/* A chart of one figure, with that of the validation where there is one. */
static stria_status add_curves(stria_report *report, const columns *of, const char *title,
                               const char *y_title, const double *training, const double *validation,
                               stria_error *err)
{
    stria_line_chart chart = {.title = title,
                              .x_title = "epoch",
                              .y_title = y_title,
                              .x = of->epoch,
                              .count = of->count,
                              .mark = of->best};
    if (has_values(training, of->count))
        chart.series[chart.series_count++] = (stria_chart_series){"training", training};
    if (validation != NULL && has_values(validation, of->count)) {
        chart.series[chart.series_count++] = (stria_chart_series){"validation", validation};
        chart.mark_name = of->count > 1 ? "best epoch" : NULL;
    }
    if (chart.series_count == 0)
        return STRIA_OK;
    stria_figure *figure;
    STRIA_TRY(stria_chart_lines(&figure, report->context, &chart, err));
    return stria_page_figure(&report->page, figure, title, err);
}

/* Rates that fall by more than a factor of 20 are drawn on a logarithmic axis. */
static stria_status add_rate(stria_report *report, const columns *of, stria_error *err)
{
    double low = INFINITY, high = 0;
    for (size_t i = 0; i < of->count; i++) {
        low = fmin(low, of->rate[i]);
        high = fmax(high, of->rate[i]);
    }
    const stria_line_chart chart = {.title = "Learning rate",
                                    .x_title = "epoch",
                                    .y_title = "rate of the last step",
                                    .x = of->epoch,
                                    .count = of->count,
                                    .series = {{"learning rate", of->rate}},
                                    .series_count = 1,
                                    .logarithmic = low > 0 && high > 20 * low};
    stria_figure *figure;
    STRIA_TRY(stria_chart_lines(&figure, report->context, &chart, err));
    return stria_page_figure(&report->page, figure, chart.title, err);
}

static void add_cell(stria_page *page, double value)
{
    char number[STRIA_NUMBER_SIZE];
    stria_page_element(page, "td class=\"n\"", isnan(value) ? "" : stria_report_figure(value, number));
}

static void add_table(stria_report *report)
{
    stria_page *page = &report->page;
    stria_page_add(
        page,
        "<details><summary>The numbers of every epoch</summary>\n<div class=\"scroll tall\">"
        "<table id=\"history\"><thead><tr><th class=\"n\">epoch</th><th class=\"n\">loss</th>"
        "<th class=\"n\">accuracy</th><th class=\"n\">validation loss</th>"
        "<th class=\"n\">validation accuracy</th><th class=\"n\">learning rate</th><th></th></tr></thead>"
        "\n<tbody>\n");
    for (size_t i = 0; i < report->history.count; i++) {
        const stria_epoch *epoch = &report->history.epochs[i];
        char number[STRIA_NUMBER_SIZE];
        stria_text_format(&page->text, "<tr><td class=\"n\">%d</td>", epoch->epoch);
        add_cell(page, epoch->loss);
        add_cell(page, share_or_none(epoch->accuracy));
        add_cell(page, epoch->val_loss);
        add_cell(page, share_or_none(epoch->val_accuracy));
        stria_page_element(page, "td class=\"n\"",
                           stria_double_text(epoch->learning_rate, number, sizeof number));
        stria_page_add(page,
                       epoch->is_best ? "<td class=\"soft\">best so far</td></tr>\n" : "<td></td></tr>\n");
    }
    stria_page_add(page, "</tbody></table></div></details>\n");
}

static void add_sentence(stria_report *report, const columns *of)
{
    const stria_model *model = report->model;
    const char *epochs = stria_model_metadata(model, "epochs");
    stria_page *page = &report->page;
    stria_page_add(page, "<p>");
    stria_page_print(page, "%zu epoch%s", of->count, of->count == 1 ? "" : "s");
    static const char *const keys[][2] = {{"optimizer", "optimizer"},
                                          {"learning_rate", "learning rate"},
                                          {"schedule", "schedule"},
                                          {"loss", "loss"},
                                          {"batch", "batches of"}};
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        const char *value = stria_model_metadata(model, keys[k][0]);
        if (value == NULL)
            continue;
        stria_text_format(&page->text, ", %s ", keys[k][1]);
        stria_page_text(page, value);
    }
    stria_page_add(page, ".");
    if (!isnan(of->best) && has_values(of->val_loss, of->count))
        stria_page_print(page, " The validation loss was smallest in epoch %.0f.", of->best);
    int64_t kept;
    if (epochs != NULL && stria_text_to_integer(epochs, strlen(epochs), &kept) && kept < (int64_t)of->count)
        stria_page_print(page, " The parameters are those of epoch %lld.", (long long)kept);
    stria_page_add(page, "</p>\n");
}

stria_status stria_report_training(stria_report *report, stria_error *err)
{
    stria_report_heading(report, "training", "Training");
    if (report->history_fault[0] != '\0') {
        stria_page_missing(&report->page, "The curves are left out: %s.", report->history_fault);
        return STRIA_OK;
    }
    if (report->history.count == 0) {
        const bool trained = stria_model_metadata(report->model, "command") != NULL;
        stria_page_missing(
            &report->page,
            trained ? "The file of this model holds no history of its training: models that were "
                      "taught without labels or by an older version have none. `stria train` keeps one."
                    : "This model has not been trained. `stria train MODEL DATA -o FILE.safetensors` "
                      "keeps the history of the training in the file, and a report on that file shows "
                      "its curves.");
        return STRIA_OK;
    }
    columns of;
    double *memory = NULL;
    STRIA_TRY(make_columns(&of, report, &memory, err));
    add_sentence(report, &of);
    stria_page_add(&report->page, "<div class=\"figures\">\n");
    stria_status status = add_curves(report, &of, "Loss", "loss", of.loss, of.val_loss, err);
    if (status == STRIA_OK)
        status =
            add_curves(report, &of, "Accuracy", "share of the samples", of.accuracy, of.val_accuracy, err);
    if (status == STRIA_OK)
        status = add_rate(report, &of, err);
    stria_page_add(&report->page, "</div>\n");
    add_table(report);
    stria_release(&report->context->allocator, memory);
    return status;
}

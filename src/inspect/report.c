/* Reports: what is computed for the whole page, and the sections in their order. See stria/report.h. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "inspect/report.h"
#include "model/model.h"

#define MOST_MISTAKES 500
#define MOST_SAMPLES  20

/* ---- Texts ---- */

char *stria_report_count(int64_t count, char text[STRIA_NUMBER_SIZE])
{
    return count < 0 ? memcpy(text, "?", 2) : stria_count_text(count, text, STRIA_NUMBER_SIZE);
}

char *stria_report_bytes(int64_t bytes, char text[STRIA_NUMBER_SIZE])
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    size_t unit = 0;
    if (bytes < 0)
        return memcpy(text, "?", 2);
    for (; value >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        value /= 1024;
    stria_format(text, STRIA_NUMBER_SIZE, "%.2f %s", value, units[unit]);
    return text;
}

char *stria_report_figure(double value, char text[STRIA_NUMBER_SIZE])
{
    const double size = fabs(value);
    if (isnan(value))
        return memcpy(text, "-", 2);
    stria_format(text, STRIA_NUMBER_SIZE, (size >= 0.001 && size < 1000) || size == 0 ? "%.4f" : "%.4g",
                 value);
    return text;
}

const char *stria_report_class(const stria_report *report, size_t index, char number[STRIA_NUMBER_SIZE])
{
    const char *name =
        report->options.data != NULL ? stria_dataset_class_name(report->options.data, index) : NULL;
    if (name == NULL)
        name = stria_model_class_name(report->model, index);
    if (name != NULL)
        return name;
    stria_format(number, STRIA_NUMBER_SIZE, "%zu", index);
    return number;
}

void stria_report_heading(stria_report *report, const char *id, const char *title)
{
    stria_text_format(&report->page.text, "<h2 id=\"%s\">%s</h2>\n", id, title);
}

/* ---- The whole ---- */

static stria_status read_number(int64_t *number, const char *name, int64_t usual, int64_t most,
                                stria_error *err)
{
    if (*number < -1 || *number > most)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s is %lld: it must be from -1 (none) to %lld", name,
                          (long long)*number, (long long)most);
    *number = *number == 0 ? usual : *number < 0 ? 0 : *number;
    return STRIA_OK;
}

static stria_status read_options(stria_report *report, const stria_report_options *options, stria_error *err)
{
    stria_report_options *known = &report->options;
    STRIA_TRY(stria_options_read(known, sizeof *known, options, "stria_report_options", err));
    STRIA_TRY(read_number(&known->mistakes, "mistakes", 24, MOST_MISTAKES, err));
    STRIA_TRY(read_number(&known->samples, "samples", 2, MOST_SAMPLES, err));
    known->name = known->name != NULL ? known->name : "the model";
    known->data_name = known->data_name != NULL ? known->data_name : "the data";
    if (known->part != STRIA_PART_TRAIN && known->part != STRIA_PART_TEST)
        return stria_fail(err, STRIA_ERROR_VALUE, "part is %d: it must be one of stria_part",
                          (int)known->part);
    if (known->data != NULL && stria_dataset_count(known->data, known->part) == 0)
        known->part = known->part == STRIA_PART_TEST ? STRIA_PART_TRAIN : STRIA_PART_TEST;
    return STRIA_OK;
}

/* A history that cannot be read is said on the page; everything else can still be told. */
static stria_status read_history(stria_report *report, stria_error *err)
{
    stria_error why = {0};
    const stria_status status = stria_history_read(&report->history, report->model, &why);
    if (status == STRIA_ERROR_MEMORY)
        return stria_fail(err, status, "%s", why.message);
    if (status != STRIA_OK)
        stria_format(report->history_fault, sizeof report->history_fault, "%s", why.message);
    return STRIA_OK;
}

/* One pass over the data gives the figures and the worst mistakes. */
static stria_status evaluate(stria_report *report, stria_error *err)
{
    const stria_report_options *options = &report->options;
    if (options->data == NULL)
        return STRIA_OK;
    const size_t room = (size_t)options->mistakes;
    report->worst = stria_allocate_array(&report->context->allocator, room, sizeof *report->worst);
    if (report->worst == NULL)
        return stria_fail_memory(err, room * sizeof *report->worst);
    report->worst_count = room;
    return stria_evaluate_worst(&report->evaluation, report->worst, &report->worst_count, report->model,
                                options->data, options->part, options->batch, options->loss, err);
}

static stria_status write_sections(stria_report *report, stria_error *err)
{
    static stria_status (*const sections[])(stria_report *, stria_error *) = {
        stria_report_head,    stria_report_network,  stria_report_training,
        stria_report_results, stria_report_mistakes, stria_report_filters,
        stria_report_maps,    stria_report_memory,   stria_report_origin,
    };
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        STRIA_TRY(sections[i](report, err));
    stria_page_end(&report->page);
    return report->page.text.failed ? stria_fail_memory(err, report->page.text.length) : STRIA_OK;
}

stria_status stria_report_write(stria_model *model, const char *path, const stria_report_options *options,
                                stria_error *err)
{
    stria_context *context = model->context;
    stria_report report = {.context = context,
                           .model = model,
                           .page = {.context = context, .text = {.allocator = &context->allocator}}};
    stria_status status = read_options(&report, options, err);
    if (status == STRIA_OK)
        status = read_history(&report, err);
    if (status == STRIA_OK)
        status = evaluate(&report, err);
    if (status == STRIA_OK)
        status = write_sections(&report, err);
    if (status == STRIA_OK) {
        const stria_bytes piece = {report.page.text.bytes, report.page.text.length};
        status = stria_file_write(context, path, &piece, 1, false, err);
    }
    stria_text_free(&report.page.text);
    stria_history_free(&report.history, context);
    stria_evaluation_free(&report.evaluation, context);
    stria_release(&context->allocator, report.worst);
    return status;
}

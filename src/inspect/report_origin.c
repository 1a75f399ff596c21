/* Where a model comes from, in a report: the data and how it is prepared, the command that trained it, what
 * else its file says, and its text. */
#include <string.h>

#include <stria/version.h>

#include "base/error.h"
#include "inspect/report.h"
#include "model/model.h"
#include "tensor/shape.h"

#define SHOWN_SAMPLES 12
#define SHOWN_CLASSES 1000

static void add_fact(stria_page *page, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    stria_page_add(page, "<tr>");
    stria_page_element(page, "th", name);
    stria_page_element(page, "td", value);
    stria_page_add(page, "</tr>\n");
}

static void add_count(stria_page *page, const char *name, size_t count)
{
    char number[STRIA_NUMBER_SIZE];
    add_fact(page, name, stria_report_count((int64_t)count, number));
}

static void add_data_facts(stria_report *report)
{
    stria_page *page = &report->page;
    const stria_dataset *data = report->options.data;
    char shape[STRIA_SHAPE_TEXT_SIZE];
    stria_page_add(page, "<table class=\"facts\"><tbody>\n");
    add_fact(page, "name", report->options.data_name);
    add_count(page, "training samples", stria_dataset_count(data, STRIA_PART_TRAIN));
    add_count(page, "test samples", stria_dataset_count(data, STRIA_PART_TEST));
    add_fact(page, "a sample", stria_shape_text(stria_dataset_shape(data), shape, sizeof shape));
    if (stria_dataset_class_count(data) > 0)
        add_count(page, "classes", stria_dataset_class_count(data));
    else
        add_fact(page, "a target", stria_shape_text(stria_dataset_target_shape(data), shape, sizeof shape));
    const char *preprocessing = stria_preprocessing_for(report->model, data);
    add_fact(page, "preprocessing",
             preprocessing[0] != '\0' ? preprocessing : "none: numbers as they are stored");
    stria_page_add(page, "</tbody></table>\n");
}

/* Samples from all over the part, with their classes. */
static stria_status add_samples(stria_report *report, stria_error *err)
{
    stria_page *page = &report->page;
    const stria_report_options *options = &report->options;
    const size_t count = stria_dataset_count(options->data, options->part);
    const size_t shown = count < SHOWN_SAMPLES ? count : SHOWN_SAMPLES;
    stria_page_add(page, "<div class=\"flow\">\n");
    for (size_t i = 0; i < shown; i++) {
        char title[64];
        const size_t index = i * count / shown;
        stria_format(title, sizeof title, "sample %zu", index);
        stria_page_add(page, "<figure>");
        STRIA_TRY(stria_report_add_sample(report, index, 64, title, err));
        stria_page_add(page, "</figure>\n");
    }
    stria_page_add(page, "</div>\n");
    return STRIA_OK;
}

static void add_classes(stria_report *report)
{
    stria_page *page = &report->page;
    size_t count = stria_model_class_count(report->model);
    if (report->options.data != NULL && stria_dataset_class_count(report->options.data) > 0)
        count = stria_dataset_class_count(report->options.data);
    if (count == 0)
        return;
    stria_page_add(page, "<details><summary>The classes</summary><ol start=\"0\">\n");
    for (size_t i = 0; i < count && i < SHOWN_CLASSES; i++) {
        char number[STRIA_NUMBER_SIZE];
        stria_page_element(page, "li", stria_report_class(report, i, number));
    }
    stria_page_add(page, "</ol></details>\n");
}

static stria_status add_data(stria_report *report, stria_error *err)
{
    stria_page *page = &report->page;
    const char *name = stria_model_metadata(report->model, "data_name");
    stria_page_add(page, "<h3>Data</h3>\n");
    if (report->options.data == NULL) {
        stria_page_missing(
            page, "No data was given: `stria report MODEL DATA` shows it and what the model makes of it.");
        stria_page_add(page, "<table class=\"facts\"><tbody>\n");
        add_fact(page, "trained on", name);
        add_fact(page, "preprocessing", stria_model_metadata(report->model, "preprocessing"));
        stria_page_add(page, "</tbody></table>\n");
    } else {
        add_data_facts(report);
        if (stria_report_has_pictures(report))
            STRIA_TRY(add_samples(report, err));
    }
    add_classes(report);
    return STRIA_OK;
}

static void add_command(stria_report *report)
{
    stria_page *page = &report->page;
    const stria_model *model = report->model;
    const char *command = stria_model_metadata(model, "command");
    const char *first = stria_model_metadata(model, "first_parameters");
    stria_page_add(page, "<h3>To train it again</h3>\n");
    if (command == NULL) {
        stria_page_missing(page, "The file does not say which command trained this model%s",
                           stria_model_metadata(model, "seed") != NULL ? "; its options are below." : ".");
    } else {
        stria_page_add(page, "<pre id=\"command\">");
        stria_page_text(page, command);
        stria_page_add(
            page,
            "</pre>\n<p class=\"soft\">The same model text, data, options and instruction set give the same "
            "parameters, bit for bit, on any number of threads.");
        if (first != NULL && strcmp(first, "given") == 0)
            stria_page_add(page,
                           " This training went on from the parameters of another file, which it needs too.");
        stria_page_add(page, "</p>\n");
    }
}

static void add_provenance(stria_report *report)
{
    stria_page *page = &report->page;
    static const char *const keys[][2] = {
        {"trained_with", "trained with"},
        {"cpu", "instruction set"},
        {"seed", "seed"},
        {"first_parameters", "first parameters"},
        {"epochs", "epochs"},
        {"batch", "batch"},
        {"optimizer", "optimizer"},
        {"learning_rate", "learning rate"},
        {"schedule", "schedule"},
        {"loss", "loss"},
        {"class_weight", "class weights"},
        {"learning_rule", "learning rule"},
        {"data_name", "data"},
        {"data", "samples"},
        {"preprocessing", "preprocessing"},
        {"created", "created"},
    };
    stria_page_add(page, "<h3>What the file says</h3>\n<table class=\"facts\" id=\"provenance\"><tbody>\n");
    add_fact(page, "model", report->options.name);
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
        add_fact(page, keys[k][1], stria_model_metadata(report->model, keys[k][0]));
    add_fact(page, "this report", "stria " STRIA_VERSION);
    stria_page_add(page, "</tbody></table>\n");
}

static stria_status add_model_text(stria_report *report, stria_error *err)
{
    const size_t length = stria_model_text(report->model, NULL, 0);
    char *text = stria_allocate_array(&report->context->allocator, length + 1, 1);
    if (text == NULL)
        return stria_fail_memory(err, length + 1);
    stria_model_text(report->model, text, length + 1);
    stria_page_add(&report->page, "<details><summary>The model text</summary>\n");
    stria_page_element(&report->page, "pre id=\"model-text\"", text);
    stria_page_add(&report->page, "</details>\n");
    stria_release(&report->context->allocator, text);
    return STRIA_OK;
}

stria_status stria_report_origin(stria_report *report, stria_error *err)
{
    stria_report_heading(report, "origin", "Data and origin");
    STRIA_TRY(add_data(report, err));
    add_command(report);
    add_provenance(report);
    return add_model_text(report, err);
}

/* The network in a report: the table of its layers, as `stria summary` has it, what adds up, likely mistakes,
 * and the graph. */
#include <string.h>

#include <stria/lint.h>

#include "base/error.h"
#include "inspect/report.h"
#include "model/model.h"
#include "tensor/shape.h"

static bool is_next(const stria_layer_info *layer, size_t index)
{
    return layer->input_count == 0 || (layer->input_count == 1 && layer->inputs[0] + 1 == index);
}

static bool is_chain(const stria_model *model)
{
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        if (!is_next(&layer, i))
            return false;
    }
    return true;
}

/* "5x5", or "all". */
static void add_field(stria_page *page, const stria_receptive_field *field)
{
    stria_page_add(page, "<td class=\"n\">");
    if (field->size[0] == 0)
        stria_page_add(page, "all");
    else
        for (int64_t a = 0; a < field->axes; a++)
            stria_page_print(page, "%s%lld", a > 0 ? "x" : "", (long long)field->size[a]);
    stria_page_add(page, "</td>\n");
}

static void add_inputs(stria_report *report, const stria_layer_info *layer, size_t index)
{
    stria_page_add(&report->page, "<td>");
    for (size_t i = 0; i < layer->input_count && !is_next(layer, index); i++) {
        stria_layer_info input;
        stria_page_add(&report->page, i > 0 ? ", " : "");
        if (stria_model_layer(report->model, layer->inputs[i], &input))
            stria_page_text(&report->page, input.name);
    }
    stria_page_add(&report->page, "</td>\n");
}

const char *stria_report_layer_text(const stria_layer_info *layer)
{
    const size_t name = strlen(layer->name);
    const bool named =
        strncmp(layer->text, layer->name, name) == 0 && strncmp(layer->text + name, " = ", 3) == 0;
    return named ? layer->text + name + 3 : layer->text;
}

static void add_layers(stria_report *report)
{
    const stria_model *model = report->model;
    stria_page *page = &report->page;
    const bool chain = is_chain(model);
    stria_page_add(
        page, "<div class=\"scroll tall\"><table id=\"layers\">\n<thead><tr><th>layer</th><th>model text</th>"
              "<th>output</th><th class=\"n\">params</th><th class=\"n\">multiply-adds</th>"
              "<th class=\"n\">sees</th><th class=\"n\">memory</th>");
    stria_page_add(page, chain ? "</tr></thead>\n<tbody>\n" : "<th>inputs</th></tr></thead>\n<tbody>\n");
    stria_layer_info layer;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        char shape[STRIA_SHAPE_TEXT_SIZE], number[STRIA_NUMBER_SIZE];
        stria_page_add(page, "<tr><td class=\"w\">");
        stria_page_text(page, layer.name);
        stria_page_add(page, layer.frozen ? " (frozen)</td>\n" : "</td>\n");
        stria_page_element(page, "td class=\"soft\"", stria_report_layer_text(&layer));
        stria_page_element(page, "td class=\"w\"", stria_shape_text(&layer.output, shape, sizeof shape));
        stria_page_element(page, "td class=\"n\"", stria_report_count(layer.params, number));
        stria_page_element(page, "td class=\"n\"", stria_report_count(layer.macs, number));
        add_field(page, &layer.receptive_field);
        stria_page_element(page, "td class=\"n\"", stria_report_bytes(layer.bytes, number));
        if (!chain)
            add_inputs(report, &layer, i);
        stria_page_add(page, "</tr>\n");
    }
    stria_page_add(page, "</tbody></table></div>\n");
}

static void add_params(stria_page *page, const char *what, int64_t params)
{
    char number[STRIA_NUMBER_SIZE], bytes[STRIA_NUMBER_SIZE];
    stria_page_print(page, "%s: %s (%s)", what, stria_report_count(params, number),
                     stria_report_bytes(params * (int64_t)sizeof(float), bytes));
    stria_page_add(page, "<br>\n");
}

static void add_totals(stria_report *report, const stria_value_memory *memory)
{
    const stria_model *model = report->model;
    stria_page *page = &report->page;
    const int64_t params = stria_model_params(model), trainable = stria_model_trainable_params(model);
    char number[STRIA_NUMBER_SIZE];
    stria_page_add(page, "<p id=\"totals\">");
    add_params(page, "Total params", params);
    add_params(page, "Trainable params", trainable);
    add_params(page, "Non-trainable params", params - trainable);
    stria_page_print(page, "Multiply-adds: %s for one sample",
                     stria_report_count(stria_model_macs(model), number));
    stria_page_add(page, "<br>\n");
    stria_page_print(page, "Outputs, training: %s for one sample",
                     stria_report_bytes(memory->training, number));
    stria_layer_info peak;
    if (memory->inference >= 0 && stria_model_layer(model, memory->inference_layer, &peak)) {
        stria_page_add(page, "<br>\n");
        stria_page_print(page, "Outputs, inference: %s for one sample, at ",
                         stria_report_bytes(memory->inference, number));
        stria_page_text(page, peak.name);
    }
    stria_page_add(
        page, "</p>\n<p class=\"soft\">&#8220;sees&#8221; is the part of the input that one output of the "
              "layer depends on; &#8220;memory&#8221; is the layer's output for one sample.</p>\n");
}

static void add_finding(const stria_finding *finding, void *payload)
{
    stria_page *page = payload;
    stria_page_add(page, "<li><b>");
    stria_page_text(page, finding->name);
    stria_page_add(page, "</b>: ");
    stria_page_text(page, finding->message);
    stria_page_add(page, " <span class=\"soft\">(");
    stria_page_text(page, finding->help);
    stria_page_add(page, ")</span></li>\n");
}

/* What `stria check` has to say of the network, if anything. */
static stria_status add_findings(stria_report *report, stria_error *err)
{
    stria_page found = {.context = report->context, .text = {.allocator = &report->context->allocator}};
    const char *loss = stria_model_metadata(report->model, "loss");
    const stria_lint_options options = {.loss = loss, .finding = add_finding, .payload = &found};
    stria_status status = stria_model_lint(report->model, &options, NULL, err);
    if (status == STRIA_ERROR_VALUE) { /* a loss of another version's file */
        const stria_lint_options without = {.finding = add_finding, .payload = &found};
        status = stria_model_lint(report->model, &without, NULL, err);
    }
    if (status == STRIA_OK && found.text.length > 0) {
        stria_page_add(&report->page, "<h3>Worth knowing</h3>\n<ul>\n");
        stria_page_add(&report->page, found.text.bytes);
        stria_page_add(&report->page, "</ul>\n");
    }
    if (status == STRIA_OK && found.text.failed)
        status = stria_fail_memory(err, found.text.length);
    stria_text_free(&found.text);
    return status;
}

stria_status stria_report_network(stria_report *report, stria_error *err)
{
    stria_value_memory memory = {.inference = -1, .training = -1};
    const stria_status status = stria_model_value_memory(report->model, 1, &memory, err);
    if (status != STRIA_OK && status != STRIA_ERROR_LIMIT)
        return status;
    stria_report_heading(report, "network", "Network");
    stria_page_add(&report->page, "<div class=\"flow sides\"><div>\n");
    add_layers(report);
    add_totals(report, &memory);
    STRIA_TRY(add_findings(report, err));
    stria_page_add(&report->page, "</div>\n<div>\n");
    STRIA_TRY(stria_report_graph(report, err));
    stria_page_add(&report->page, "</div></div>\n");
    return STRIA_OK;
}

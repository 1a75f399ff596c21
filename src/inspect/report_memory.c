/* The memory in a report: what plans for inference and for training take, and which layers take it. */
#include <math.h>
#include <string.h>

#include <stria/plan.h>

#include "base/error.h"
#include "inspect/chart.h"
#include "inspect/report.h"
#include "model/model.h"

#define MOST_BARS 60

/* Bytes of each layer by what they are for, in the order of the layers. */
typedef struct ledger {
    size_t count;
    const char **names;                             /* [count] */
    double *outputs, *gradients, *params, *changes; /* [count]; of outputs and of parameters */
} ledger;

static bool make_ledger(ledger *made, const stria_report *report)
{
    const stria_allocator *allocator = &report->context->allocator;
    const size_t count = stria_model_layer_count(report->model);
    double *block = stria_allocate_array(allocator, count, 4 * sizeof *block);
    *made = (ledger){.count = count, .names = stria_allocate_array(allocator, count, sizeof *made->names)};
    if (block == NULL || made->names == NULL) {
        stria_release(allocator, block);
        return made->outputs = NULL, false;
    }
    made->outputs = block;
    made->gradients = block + count;
    made->params = block + 2 * count;
    made->changes = block + 3 * count;
    return true;
}

static void free_ledger(ledger *made, const stria_report *report)
{
    stria_release(&report->context->allocator, made->outputs);
    stria_release(&report->context->allocator, (void *)made->names);
}

/* Layers that run in the step of another, and views, have no output of their own. */
static void fill_ledger(ledger *to, const stria_model *model, const stria_plan *plan, bool training)
{
    stria_layer_info layer;
    stria_step_info step;
    for (size_t i = 0; stria_model_layer(model, i, &layer); i++) {
        to->names[i] = layer.name;
        to->params[i] = (double)layer.params * sizeof(float);
        to->changes[i] = training ? (double)layer.trainable_params * sizeof(float) : 0;
        to->outputs[i] = to->gradients[i] = 0;
    }
    for (size_t i = 0; stria_plan_step(plan, i, &step); i++) {
        const int index = stria_model_find_layer(model, step.layer);
        const bool is_input = stria_model_layer(model, (size_t)index, &layer) && layer.input_count == 0;
        if (strcmp(step.within, step.layer) == 0 && (step.kernel[0] != '\0' || (is_input && !step.backward)))
            (step.backward ? to->gradients : to->outputs)[index] += (double)step.output_bytes;
    }
}

static double total_at(const ledger *of, size_t i)
{
    return of->outputs[i] + of->gradients[i] + of->params[i] + of->changes[i];
}

/* Keeps the largest MOST_BARS of the layers that take any, in their order; returns the share of the bytes
 * they have. */
static double keep_largest(ledger *of)
{
    double all = 0, kept_bytes = 0;
    size_t kept = 0;
    for (size_t i = 0; i < of->count; i++)
        all += total_at(of, i);
    for (size_t i = 0; i < of->count; i++) {
        size_t larger = 0;
        for (size_t j = 0; j < of->count; j++)
            larger += total_at(of, j) > total_at(of, i) || (total_at(of, j) == total_at(of, i) && j < i);
        of->names[i] = total_at(of, i) > 0 && larger < MOST_BARS ? of->names[i] : NULL;
    }
    for (size_t i = 0; i < of->count; i++) {
        if (of->names[i] == NULL)
            continue;
        kept_bytes += total_at(of, i);
        of->names[kept] = of->names[i];
        of->outputs[kept] = of->outputs[i];
        of->gradients[kept] = of->gradients[i];
        of->params[kept] = of->params[i];
        of->changes[kept++] = of->changes[i];
    }
    of->count = kept;
    return all > 0 ? kept_bytes / all : 1;
}

static void add_row(stria_page *page, const char *name, uint64_t inference, uint64_t training,
                    bool has_training)
{
    char number[STRIA_NUMBER_SIZE];
    stria_page_add(page, "<tr>");
    stria_page_element(page, "td", name);
    stria_page_element(page, "td class=\"n\"", stria_report_bytes((int64_t)inference, number));
    stria_page_element(page, "td class=\"n\"",
                       has_training ? stria_report_bytes((int64_t)training, number) : "");
    stria_page_add(page, "</tr>\n");
}

static uint64_t sum_of(const stria_plan_memory *of)
{
    return of->parameters + of->packed + of->gradients + of->activations + of->scratch;
}

static void add_table(stria_page *page, const stria_plan_memory uses[2], int64_t batch, bool has_training)
{
    stria_page_add(
        page,
        "<div class=\"scroll\"><table id=\"memory-use\"><thead><tr><th></th><th class=\"n\">inference, 1 "
        "sample</th><th class=\"n\">");
    if (has_training)
        stria_page_print(page, "training, %lld samples", (long long)batch);
    stria_page_add(page, "</th></tr></thead>\n<tbody>\n");
    add_row(page, "parameters", uses[0].parameters, uses[1].parameters, has_training);
    add_row(page, "copies for the kernels", uses[0].packed, uses[1].packed, has_training);
    add_row(page, "gradients of parameters", uses[0].gradients, uses[1].gradients, has_training);
    add_row(page, "outputs and their gradients", uses[0].activations, uses[1].activations, has_training);
    add_row(page, "work space", uses[0].scratch, uses[1].scratch, has_training);
    add_row(page, "all of it", sum_of(&uses[0]), sum_of(&uses[1]), has_training);
    stria_page_add(page, "</tbody></table></div>\n");
}

static stria_status add_bars(stria_report *report, const stria_plan *plan, bool training, int64_t batch,
                             stria_error *err)
{
    ledger of;
    if (!make_ledger(&of, report)) {
        free_ledger(&of, report);
        return stria_fail_memory(err, of.count * 4 * sizeof(double));
    }
    fill_ledger(&of, report->model, plan, training);
    const size_t all = of.count;
    const double share = keep_largest(&of);
    char title[96];
    stria_format(title, sizeof title, training ? "Training, %lld samples" : "Inference, %lld sample",
                 (long long)batch);
    stria_bar_chart chart = {.title = title,
                             .x_title = share < 1 ? "memory of the largest layers" : "memory of each layer",
                             .bytes = true,
                             .labels = of.names,
                             .count = of.count,
                             .series = {{"outputs", of.outputs}, {"parameters", of.params}},
                             .series_count = 2};
    if (training) {
        chart.series[chart.series_count++] = (stria_chart_series){"gradients of outputs", of.gradients};
        chart.series[chart.series_count++] = (stria_chart_series){"gradients of parameters", of.changes};
    }
    stria_figure *figure = NULL;
    stria_status status = stria_chart_bars(&figure, report->context, &chart, err);
    if (status == STRIA_OK) {
        stria_page_add(&report->page, "<div>");
        status = stria_page_figure(&report->page, figure, title, err);
        if (share < 1)
            stria_page_print(&report->page, "The %zu largest of %zu layers, with %.1f %% of the bytes.",
                             of.count, all, share * 100);
        stria_page_add(&report->page, "</div>\n");
    }
    free_ledger(&of, report);
    return status;
}

/* The batch it was trained with, else that of training by default. */
static int64_t training_batch(const stria_model *model)
{
    const char *text = stria_model_metadata(model, "batch");
    int64_t batch;
    return text != NULL && stria_text_to_integer(text, strlen(text), &batch) && batch > 0 && batch <= 1000000
               ? batch
               : 64;
}

static stria_status add_plans(stria_report *report, stria_plan *const plans[2], int64_t batch,
                              stria_error *err)
{
    stria_page *page = &report->page;
    stria_plan_memory uses[2] = {{0}};
    for (int i = 0; i < 2 && plans[i] != NULL; i++)
        stria_plan_memory_use(plans[i], &uses[i]);
    add_table(page, uses, batch, plans[1] != NULL);
    stria_page_add(
        page,
        "<p class=\"soft\">The bars are what each layer has for itself. Outputs that are not needed at the "
        "same time share a place, so that the plan takes less than their sum; layers that run in the "
        "step of another have none of their own. Training also holds the state of the optimizer.</p>\n"
        "<div class=\"figures wide\">\n");
    stria_status status = add_bars(report, plans[0], false, 1, err);
    if (status == STRIA_OK && plans[1] != NULL)
        status = add_bars(report, plans[1], true, batch, err);
    stria_page_add(page, "</div>\n");
    return status;
}

stria_status stria_report_memory(stria_report *report, stria_error *err)
{
    stria_page *page = &report->page;
    const stria_dataset *data = report->options.data;
    const int64_t batch = training_batch(report->model);
    stria_report_heading(report, "memory", "Memory");
    stria_plan_options options = {.mode = STRIA_MODE_INFERENCE, .batch = 1};
    if (data != NULL)
        options.input_shapes = stria_dataset_shape(data);
    stria_plan *plans[2] = {NULL, NULL};
    stria_error why = {0};
    stria_status status = stria_plan_create(&plans[0], report->model, &options, &why);
    if (status == STRIA_ERROR_MEMORY)
        return stria_fail(err, status, "%s", why.message);
    if (status != STRIA_OK) {
        stria_page_missing(
            page,
            "The model cannot be planned: %s. Data says which sizes its input has: `stria report "
            "MODEL DATA`.",
            why.message);
        return STRIA_OK;
    }
    /* A batch may be too large to be planned here and all the same have been trained elsewhere. */
    options.mode = STRIA_MODE_TRAINING;
    options.batch = batch;
    if (stria_plan_create(&plans[1], report->model, &options, &why) != STRIA_OK)
        stria_page_missing(page, "Training with %lld samples cannot be planned: %s.", (long long)batch,
                           why.message);
    status = add_plans(report, plans, batch, err);
    stria_plan_free(plans[0]);
    stria_plan_free(plans[1]);
    return status;
}

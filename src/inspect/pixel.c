/* One output worked out: the terms of its window in double, then bias, batch normalisation and activation as
 * the formulas say, beside what the model itself computes with every layer a step of its own. */
#include <stria/pixel.h>

#include <math.h>
#include <string.h>

#include <stria/plan.h>

#include "base/error.h"
#include "base/memory.h"
#include "inspect/pixel_terms.h"
#include "layers/arguments.h"
#include "model/window.h"
#include "tensor/shape.h"

/* The layer, and those behind it that are followed. */
typedef struct work {
    stria_model *model;
    stria_plan *plan;
    size_t chain[STRIA_PIXEL_MOST_STEPS];
    size_t chained;
    int64_t place; /* of the output among the spatial ones, row by row */
    stria_pixel_layer layer;
    stria_pixel_term *others; /* terms of other maps, for a softmax */
} work;

/* ---- Choosing layers ---- */

static stria_status find_layer(const stria_model *model, const char *name, size_t *index, stria_error *err)
{
    if (name != NULL) {
        const int found = stria_model_find_layer(model, name);
        if (found < 0)
            return stria_fail(err, STRIA_ERROR_MISSING, "the model has no layer '%.200s'", name);
        *index = (size_t)found;
        return STRIA_OK;
    }
    for (size_t i = 0; i < model->node_count; i++) {
        const char *kind = model->nodes[i].kind->name;
        if (strncmp(kind, "conv", 4) == 0 || strncmp(kind, "depthwise_conv", 14) == 0 ||
            strncmp(kind, "separable_conv", 14) == 0) {
            *index = i;
            return STRIA_OK;
        }
    }
    return stria_fail(err, STRIA_ERROR_MISSING, "the model has no convolution; name a layer");
}

/* The only node that reads `index`, when that scales channels or applies a function. */
static bool find_follower(const stria_model *model, size_t index, size_t *follower)
{
    size_t readers = 0;
    for (size_t j = index + 1; j < model->node_count; j++)
        for (size_t k = 0; k < model->nodes[j].input_count; k++)
            if (model->nodes[j].inputs[k] == index) {
                readers++;
                *follower = j;
            }
    if (readers != 1)
        return false;
    const stria_node *node = &model->nodes[*follower];
    const stria_activation_kind function = stria_node_activation(node).kind;
    return node->wrapper == STRIA_WRAPPER_NONE && node->input_count == 1 &&
           (node->kind->part == STRIA_PART_SCALING ||
            (node->kind->part == STRIA_PART_ACTIVATION && node->facts.param_count == 0 &&
             (!stria_activation_by_rows(function) || function == STRIA_SOFTMAX)));
}

/* The layer and its followers, so many that their steps have room. */
static void find_chain(work *w, size_t index)
{
    w->chain[w->chained++] = index;
    while (w->chained + 2 < STRIA_PIXEL_MOST_STEPS && find_follower(w->model, index, &index))
        w->chain[w->chained++] = index;
}

/* ---- Running ---- */

static stria_status run(work *w, const float *const *inputs, const stria_shape *shapes, stria_error *err)
{
    const stria_model *model = w->model;
    const char *names[STRIA_PIXEL_MOST_STEPS + 1];
    size_t count = 0;
    const stria_node *node = &model->nodes[w->chain[0]];
    if (node->input_count > 0)
        names[count++] = model->nodes[node->inputs[0]].name;
    for (size_t i = 0; i < w->chained; i++)
        names[count++] = model->nodes[w->chain[i]].name;
    STRIA_TRY(stria_plan_create(&w->plan, w->model,
                                &(stria_plan_options){.input_shapes = shapes,
                                                      .keep = names,
                                                      .keep_count = count,
                                                      .outputs = &names[count - 1],
                                                      .output_count = 1,
                                                      .separate_layers = 1},
                                err));
    return stria_plan_run(w->plan, inputs, 1, err);
}

static const char *name_of(const work *w, size_t link)
{
    return w->model->nodes[w->chain[link]].name;
}

static stria_status check_place(work *w, const int64_t *position, int axes, int64_t map, stria_pixel *pixel,
                                stria_error *err)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    const stria_pixel_layer *layer = &w->layer;
    stria_shape_text(&pixel->output, text, sizeof text);
    if (axes != layer->axes)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "the output of layer '%s' is %s: a place in it has %d number%s, not %d",
                          pixel->layer, text, layer->axes, layer->axes == 1 ? "" : "s", axes);
    for (int a = 0; a < axes; a++) {
        const int at = a + 3 - axes;
        if (position[a] < 0 || position[a] >= layer->out[at])
            return stria_fail(err, STRIA_ERROR_VALUE,
                              "%lld is outside of the output of layer '%s', %s: there it goes from 0 to %lld",
                              (long long)position[a], pixel->layer, text, (long long)layer->out[at] - 1);
        pixel->position[at] = position[a];
        w->place = w->place * layer->out[at] + position[a];
    }
    if (map < 0 || map >= layer->maps)
        return stria_fail(err, STRIA_ERROR_VALUE, "map %lld is not from 0 to %lld, the last of layer '%s'",
                          (long long)map, (long long)layer->maps - 1, pixel->layer);
    pixel->map = map;
    return STRIA_OK;
}

/* ---- Steps ---- */

static const float *param_of(const work *w, const stria_node *node, const char *name)
{
    for (size_t q = 0; q < node->facts.param_count; q++)
        if (strcmp(node->facts.params[q].name, name) == 0)
            return stria_node_param(w->model, node, q);
    return NULL;
}

static stria_pixel_step *add_step(stria_pixel *pixel, const char *layer, const char *what, double value)
{
    stria_pixel_step *step = &pixel->steps[pixel->step_count++];
    *step = (stria_pixel_step){.layer = layer, .what = what, .value = value};
    return step;
}

static void add_number(stria_pixel_step *step, const char *name, double value)
{
    step->numbers[step->number_count++] = (stria_pixel_number){name, value};
}

static double add_bias(const work *w, stria_pixel *pixel, const stria_node *node, double value)
{
    const float *bias = w->layer.sort == STRIA_PIXEL_VALUE ? NULL : param_of(w, node, "bias");
    if (bias == NULL)
        return value;
    value += (double)bias[pixel->map];
    add_number(add_step(pixel, node->name, "bias", value), "bias", (double)bias[pixel->map]);
    return value;
}

/* gamma * (value - mean) / sqrt(variance + epsilon) + beta. */
static double add_scaling(const work *w, stria_pixel *pixel, const stria_node *node, double value)
{
    const double *epsilon = stria_node_argument(node, "epsilon", STRIA_ARG_NUMBER);
    const float *gamma = param_of(w, node, "gamma"), *beta = param_of(w, node, "beta");
    const double mean = (double)param_of(w, node, "moving_mean")[pixel->map];
    const double variance = (double)param_of(w, node, "moving_variance")[pixel->map];
    const double factor = gamma != NULL ? (double)gamma[pixel->map] : 1;
    const double shift = beta != NULL ? (double)beta[pixel->map] : 0;
    value = factor * (value - mean) / sqrt(variance + *epsilon) + shift;
    stria_pixel_step *step = add_step(pixel, node->name, node->kind->name, value);
    add_number(step, "gamma", factor);
    add_number(step, "mean", mean);
    add_number(step, "variance", variance);
    add_number(step, "epsilon", *epsilon);
    add_number(step, "beta", shift);
    return value;
}

/* The sum before the activation of map `map` at the same place. */
static double sum_of_map(const work *w, const stria_pixel *pixel, size_t link, int64_t map)
{
    size_t chosen, counted;
    if (link > 0 || w->layer.sort == STRIA_PIXEL_VALUE) {
        const stria_node *node = &w->model->nodes[w->chain[link]];
        const char *before = w->model->nodes[node->inputs[0]].name;
        return (double)stria_plan_value(w->plan, before)[w->place * w->layer.maps + map];
    }
    const float *bias = param_of(w, w->layer.node, "bias");
    const size_t count = stria_pixel_find_terms(&w->layer, pixel->position, map, w->others);
    return stria_pixel_operate(&w->layer, w->others, count, &chosen, &counted) +
           (bias != NULL ? (double)bias[map] : 0);
}

/* e^z / sum over the maps of e^z. */
static double add_softmax(const work *w, stria_pixel *pixel, size_t link, double value)
{
    double total = 0;
    for (int64_t k = 0; k < w->layer.maps; k++)
        total += exp((k == pixel->map ? value : sum_of_map(w, pixel, link, k)) - value);
    stria_pixel_step *step = add_step(pixel, name_of(w, link), "softmax", 1 / total);
    add_number(step, "sum", total * exp(value));
    return 1 / total;
}

/* The kernels' own function, in float. */
static double add_activation(const work *w, stria_pixel *pixel, size_t link, double value)
{
    const stria_activation function = stria_node_activation(&w->model->nodes[w->chain[link]]);
    if (function.kind == STRIA_LINEAR)
        return value;
    if (function.kind == STRIA_SOFTMAX)
        return add_softmax(w, pixel, link, value);
    const float before = (float)value;
    float after;
    w->model->context->kernels->elementwise.activate(function, &before, &after, 1, NULL);
    add_step(pixel, name_of(w, link), stria_activation_text((size_t)function.kind), (double)after);
    return (double)after;
}

static void add_steps(const work *w, stria_pixel *pixel)
{
    double value = pixel->result;
    for (size_t i = 0; i < w->chained; i++) {
        const stria_node *node = &w->model->nodes[w->chain[i]];
        const float plan_value = stria_plan_value(w->plan, node->name)[w->place * w->layer.maps + pixel->map];
        const size_t before = pixel->step_count;
        if (i == 0)
            value = add_bias(w, pixel, node, value);
        value = node->kind->part == STRIA_PART_SCALING ? add_scaling(w, pixel, node, value)
                                                       : add_activation(w, pixel, i, value);
        if (pixel->step_count > before) {
            pixel->steps[pixel->step_count - 1].has_plan_value = 1;
            pixel->steps[pixel->step_count - 1].plan_value = plan_value;
        }
        if (i == 0) {
            pixel->value = value;
            pixel->plan_value = plan_value;
            pixel->own_steps = pixel->step_count;
        }
    }
}

/* ---- Working out ---- */

static const char *operation_of(stria_pixel_sort sort)
{
    switch (sort) {
    case STRIA_PIXEL_MAXIMUM:
        return "maximum";
    case STRIA_PIXEL_MINIMUM:
        return "minimum";
    case STRIA_PIXEL_MEAN:
        return "mean";
    case STRIA_PIXEL_VALUE:
        return "value";
    default:
        return "sum";
    }
}

static stria_status work_out(work *w, const char *layer, const int64_t *position, int axes, int64_t map,
                             const float *const *inputs, const stria_shape *shapes, stria_pixel *pixel,
                             stria_error *err)
{
    const stria_allocator *allocator = &w->model->context->allocator;
    size_t index = 0, most = 0;
    STRIA_TRY(find_layer(w->model, layer, &index, err));
    find_chain(w, index);
    const stria_node *node = &w->model->nodes[index];
    if (node->input_count == 0)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "layer '%s' is an input: there is nothing to work out", node->name);
    STRIA_TRY(run(w, inputs, shapes, err));
    const char *before = w->model->nodes[node->inputs[0]].name;
    pixel->layer = node->name;
    pixel->kind = node->kind->name;
    pixel->input = *stria_plan_shape(w->plan, before);
    pixel->output = *stria_plan_shape(w->plan, node->name);
    STRIA_TRY(stria_pixel_layer_open(&w->layer, w->model, node, &pixel->input, &pixel->output, err));
    w->layer.x = stria_plan_value(w->plan, before);
    STRIA_TRY(check_place(w, position, axes, map, pixel, err));
    STRIA_TRY(stria_pixel_most_terms(&w->layer, &most, err));
    pixel->terms = stria_allocate_array(allocator, most, sizeof *pixel->terms);
    w->others = stria_allocate_array(allocator, most, sizeof *w->others);
    if (pixel->terms == NULL || w->others == NULL)
        return stria_fail_memory(err, most * sizeof *w->others);
    pixel->operation = operation_of(w->layer.sort);
    pixel->axes = axes;
    for (int a = 0; a < 3; a++)
        pixel->window[a] = w->layer.sort == STRIA_PIXEL_SEPARABLE ? 1 : w->layer.window[a];
    pixel->first_channel = stria_pixel_first_channel(&w->layer, map);
    pixel->channels = stria_pixel_channels(&w->layer);
    pixel->term_count = stria_pixel_find_terms(&w->layer, pixel->position, map, pixel->terms);
    pixel->result =
        stria_pixel_operate(&w->layer, pixel->terms, pixel->term_count, &pixel->chosen, &pixel->counted);
    add_steps(w, pixel);
    return STRIA_OK;
}

stria_status stria_pixel_work_out(stria_pixel *pixel, stria_model *model, const char *layer,
                                  const int64_t *position, int axes, int64_t map, const float *const *inputs,
                                  const stria_shape *shapes, stria_error *err)
{
    work w = {.model = model};
    *pixel = (stria_pixel){0};
    const stria_status status = work_out(&w, layer, position, axes, map, inputs, shapes, pixel, err);
    stria_plan_free(w.plan);
    stria_release(&model->context->allocator, w.others);
    if (status != STRIA_OK)
        stria_pixel_free(pixel, model->context);
    return status;
}

void stria_pixel_free(stria_pixel *pixel, stria_context *context)
{
    stria_release(&context->allocator, pixel->terms);
    *pixel = (stria_pixel){0};
}

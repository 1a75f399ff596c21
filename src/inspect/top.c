/* The samples of a data set that excite a map most: a pass over the data, and a list of the best that is kept
 * sorted. */
#include <stria/stimulus.h>

#include <string.h>

#include <stria/plan.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "data/dataset.h"
#include "inspect/stimulus.h"
#include "model/model.h"
#include "model/receptive_field.h"
#include "tensor/shape.h"
#include "train/fitting.h"

#define MOST_SAMPLES 10000
#define MOST_BATCH   65536

typedef struct search {
    stria_model *model;
    const stria_dataset *data;
    const stria_top_options *options;
    stria_plan *plan;
    stria_loader *loader;
    stria_shape output;
    size_t places, maps;
} search;

/* Puts a sample where it belongs: behind those that are as good. */
static void insert(stria_top *top, size_t capacity, const stria_top_sample *sample)
{
    size_t at = top->count;
    while (at > 0 && top->samples[at - 1].value < sample->value)
        at--;
    if (at == capacity)
        return;
    const size_t kept = top->count < capacity ? top->count : capacity - 1;
    memmove(&top->samples[at + 1], &top->samples[at], (kept - at) * sizeof *top->samples);
    top->samples[at] = *sample;
    top->count = kept + 1;
}

/* The largest value of the map in one sample's output, and where it is first. */
static stria_top_sample best_place(const search *s, const float *output, int64_t map)
{
    size_t best = 0;
    for (size_t p = 1; p < s->places; p++)
        if (output[p * s->maps + (size_t)map] > output[best * s->maps + (size_t)map])
            best = p;
    stria_top_sample sample = {.value = output[best * s->maps + (size_t)map], .axes = s->output.rank - 1};
    for (int a = sample.axes - 1; a >= 0; a--) {
        sample.position[a] = (int64_t)best % s->output.sizes[a];
        best /= (size_t)s->output.sizes[a];
    }
    return sample;
}

static stria_status look(search *s, stria_top *top, stria_error *err)
{
    const stria_kernels *kernels = s->model->context->kernels;
    const size_t total = stria_dataset_count(s->data, s->options->part);
    const size_t capacity = (size_t)s->options->count;
    stria_loader_start(s->loader, NULL, 0, total);
    for (size_t done = 0; done < total;) {
        stria_batch batch;
        STRIA_TRY(stria_loader_next(s->loader, &batch, err));
        if (batch.taken == 0)
            break;
        done += batch.taken;
        if (batch.count > 0)
            STRIA_TRY(stria_plan_run(s->plan, &batch.x, (int64_t)batch.count, err));
        const float *output = stria_plan_output(s->plan, 0);
        const size_t size = s->places * s->maps;
        if (batch.count > 0 &&
            !kernels->reduce.all_finite(output, batch.count * size, s->model->context->pool))
            return stria_fail(err, STRIA_ERROR_VALUE,
                              "layer '%s' gives a NaN or an infinity for samples %u to %u", top->layer,
                              batch.indices[0], batch.indices[batch.count - 1]);
        for (size_t n = 0; n < batch.count; n++) {
            stria_top_sample sample = best_place(s, output + n * size, top->map);
            sample.index = batch.indices[n];
            sample.label = batch.labels != NULL ? batch.labels[n] : -1;
            insert(top, capacity, &sample);
        }
        top->looked_at += batch.count;
        STRIA_TRY(stria_stimulus_tell(s->options->progress, s->options->payload, done, total, err));
    }
    return STRIA_OK;
}

/* Which part of a sample an output sees. */
static void find_box(const search *s, const stria_node *node, stria_top_sample *sample)
{
    const stria_shape *shape = stria_dataset_shape(s->data);
    for (int a = 0; a < shape->rank - 1 && a < 3; a++) {
        int64_t first = 0, last = shape->sizes[a] - 1;
        if (sample->axes == shape->rank - 1)
            (void)stria_receptive_field_at(node, a, sample->position[a], &first, &last);
        sample->first[a] = first;
        sample->size[a] = last - first + 1;
    }
}

/* Reads the pictures of the samples that were found, one by one. */
static stria_status read_pictures(const search *s, stria_top *top, stria_error *err)
{
    const stria_allocator *allocator = &s->model->context->allocator;
    const size_t elements = (size_t)stria_shape_elements(&top->shape);
    const stria_node *node = &s->model->nodes[stria_model_find_layer(s->model, top->layer)];
    top->pictures = stria_allocate_array(allocator, top->count * elements, sizeof *top->pictures);
    if (top->pictures == NULL)
        return stria_fail_memory(err, top->count * elements * sizeof *top->pictures);
    for (size_t i = 0; i < top->count; i++) {
        find_box(s, node, &top->samples[i]);
        STRIA_TRY(stria_dataset_read(s->data, s->options->part, &top->samples[i].index, 1,
                                     s->options->preprocessing, top->pictures + i * elements, NULL, NULL,
                                     err));
    }
    return STRIA_OK;
}

static stria_status find(search *s, stria_top *top, stria_error *err)
{
    const stria_context *context = s->model->context;
    STRIA_TRY(stria_stimulus_layer(s->model, s->options->layer, &top->layer, err));
    STRIA_TRY(stria_check_input(s->model, s->data, err));
    top->map = s->options->map;
    top->shape = *stria_dataset_shape(s->data);
    const size_t total = stria_dataset_count(s->data, s->options->part);
    if (total == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "this part of the data has no samples");
    const size_t batch = (size_t)s->options->batch < total ? (size_t)s->options->batch : total;
    STRIA_TRY(stria_plan_create(
        &s->plan, s->model,
        &(stria_plan_options){
            .batch = (int64_t)batch, .input_shapes = &top->shape, .outputs = &top->layer, .output_count = 1},
        err));
    s->output = *stria_plan_shape(s->plan, top->layer);
    STRIA_TRY(stria_stimulus_map(top->layer, &s->output, top->map, err));
    s->maps = (size_t)s->output.sizes[s->output.rank - 1];
    s->places = (size_t)stria_shape_elements(&s->output) / s->maps;
    top->samples = stria_allocate_array(&context->allocator, (size_t)s->options->count, sizeof *top->samples);
    if (top->samples == NULL)
        return stria_fail_memory(err, (size_t)s->options->count * sizeof *top->samples);
    STRIA_TRY(stria_loader_create(&s->loader, s->data, s->options->part, s->options->preprocessing, batch,
                                  stria_loader_threads(s->data), err));
    STRIA_TRY(look(s, top, err));
    return read_pictures(s, top, err);
}

stria_status stria_top_find(stria_top *top, stria_model *model, const stria_dataset *data,
                            const stria_top_options *given, stria_error *err)
{
    stria_top_options options;
    STRIA_TRY(stria_options_read(&options, sizeof options, given, "stria_top_options", err));
    if (options.count < 0 || options.count > MOST_SAMPLES)
        return stria_fail(err, STRIA_ERROR_VALUE, "count %lld is not from 1 to %d", (long long)options.count,
                          MOST_SAMPLES);
    if (options.batch < 0 || options.batch > MOST_BATCH)
        return stria_fail(err, STRIA_ERROR_VALUE, "batch %lld is not from 1 to %d", (long long)options.batch,
                          MOST_BATCH);
    options.count = options.count == 0 ? 9 : options.count;
    options.batch = options.batch == 0 ? 64 : options.batch;
    if (options.preprocessing == NULL)
        options.preprocessing = stria_preprocessing_for(model, data);
    search s = {.model = model, .data = data, .options = &options};
    *top = (stria_top){0};
    const stria_status status = find(&s, top, err);
    stria_loader_free(s.loader);
    stria_plan_free(s.plan);
    if (status != STRIA_OK)
        stria_top_free(top, model->context);
    return status;
}

void stria_top_free(stria_top *top, stria_context *context)
{
    stria_release(&context->allocator, top->samples);
    stria_release(&context->allocator, top->pictures);
    *top = (stria_top){0};
}

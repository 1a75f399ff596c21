/* The learned kernels of a layer: taken out of the model in one order, measured and compared. */
#include "inspect/filters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <stria/plan.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"

#define DEAD_PART      0.01
#define FEWEST_TO_TWIN 3 /* weights a filter must have for its direction to mean something */
#define USUAL_SAMPLES  1000
#define WATCH_BATCH    32

/* ---- Which weights are a layer's kernels ---- */

/* How the tensor's axes give [filters, channels, height, width]. */
typedef enum order {
    ORDER_CONV,      /* [spatial..., channels, filters] */
    ORDER_TRANSPOSE, /* [spatial..., filters, channels] */
    ORDER_DEPTHWISE, /* [spatial..., channels, multiplier]: channels*multiplier filters of one channel */
    ORDER_DENSE      /* [height*width*channels, units] */
} order;

typedef struct source {
    const char *layer;
    order order;
    size_t tensor;
    stria_shape shape;   /* of the tensor */
    stria_shape picture; /* dense: what the layer reads, before it was flattened */
    bool reads_input;
} source;

/* The picture that a dense layer reads: back over layers that leave the numbers in their order to the first
 * whose output has rows, columns and channels. */
static bool picture_before(const stria_model *model, size_t index, stria_shape *picture, bool *is_input)
{
    static const char in_order[] =
        " flatten reshape dropout activation batchnorm rescaling normalization relu ";
    stria_layer_info info;
    while (stria_model_layer(model, index, &info) && info.input_count == 1) {
        stria_layer_info before;
        if (!stria_model_layer(model, info.inputs[0], &before))
            return false;
        if (before.output.rank == 3 && before.output.sizes[0] > 1 && before.output.sizes[1] > 1) {
            *picture = before.output;
            *is_input = strcmp(before.kind, "input") == 0;
            return true;
        }
        char word[64];
        const size_t length = strlen(before.kind);
        if (length + 3 > sizeof word)
            return false;
        word[0] = ' ';
        memcpy(word + 1, before.kind, length);
        memcpy(word + 1 + length, " ", 2);
        if (strstr(in_order, word) == NULL)
            return false;
        index = info.inputs[0];
    }
    return false;
}

static int64_t elements(const stria_shape *shape)
{
    int64_t product = 1;
    for (int i = 0; i < shape->rank; i++)
        product *= shape->sizes[i];
    return product;
}

static bool find_tensor(const stria_model *model, const stria_layer_info *info, const char *suffix,
                        source *found)
{
    char name[1024];
    stria_tensor_info tensor;
    stria_format(name, sizeof name, "%s/%s", info->shares != NULL ? info->shares : info->name, suffix);
    const int index = stria_model_find_tensor(model, name);
    if (index < 0 || !stria_model_tensor(model, (size_t)index, &tensor))
        return false;
    found->tensor = (size_t)index;
    found->shape = tensor.shape;
    return true;
}

/* Whether a layer has kernels that are pictures, and where. */
static bool find_source(const stria_model *model, size_t index, source *found)
{
    stria_layer_info info, before;
    if (!stria_model_layer(model, index, &info))
        return false;
    *found = (source){.layer = info.name};
    if (info.input_count > 0 && stria_model_layer(model, info.inputs[0], &before))
        found->reads_input = strcmp(before.kind, "input") == 0 || strcmp(before.kind, "rescaling") == 0 ||
                             strcmp(before.kind, "normalization") == 0;
    if (find_tensor(model, &info, "depthwise_kernel", found)) {
        found->order = ORDER_DEPTHWISE;
        return true;
    }
    if (!find_tensor(model, &info, "kernel", found))
        return false;
    if (found->shape.rank == 2) {
        bool is_input = false;
        found->order = ORDER_DENSE;
        const bool whole = picture_before(model, index, &found->picture, &is_input);
        found->reads_input = is_input;
        return whole && elements(&found->picture) == found->shape.sizes[0];
    }
    found->order = strstr(info.kind, "transpose") != NULL   ? ORDER_TRANSPOSE
                   : strstr(info.kind, "depthwise") != NULL ? ORDER_DEPTHWISE
                                                            : ORDER_CONV;
    int64_t window = 1;
    for (int i = 0; i + 2 < found->shape.rank; i++)
        window *= found->shape.sizes[i];
    return found->shape.rank >= 3 && found->shape.rank <= 5 && window > 0;
}

static bool is_point(const source *from)
{
    for (int i = 0; i + 2 < from->shape.rank; i++) {
        if (from->shape.sizes[i] > 1)
            return false;
    }
    return from->order != ORDER_DENSE;
}

/* The layer to take when none is named: the first convolution wider than a point, then any, then the first
 * dense. */
static bool find_first(const stria_model *model, source *found)
{
    const size_t count = stria_model_layer_count(model);
    for (int pass = 0; pass < 3; pass++) {
        for (size_t i = 0; i < count; i++) {
            if (find_source(model, i, found) &&
                (pass == 2 || (found->order != ORDER_DENSE && (pass == 1 || !is_point(found)))))
                return true;
        }
    }
    return false;
}

/* ---- Taking them ---- */

static void set_shape(stria_filters *filters, const source *from)
{
    const int64_t *sizes = from->shape.sizes;
    const int spatial = from->shape.rank - 2;
    int64_t count = sizes[spatial + 1], channels = sizes[spatial];
    int64_t height = spatial >= 2 ? sizes[spatial - 2] : 1, width = spatial >= 1 ? sizes[spatial - 1] : 1;
    const int64_t slices = spatial == 3 ? sizes[0] : 1;
    switch (from->order) {
    case ORDER_CONV:
        break;
    case ORDER_TRANSPOSE:
        count = sizes[spatial];
        channels = sizes[spatial + 1];
        break;
    case ORDER_DEPTHWISE:
        count *= channels;
        channels = 1;
        break;
    case ORDER_DENSE:
        count = sizes[1];
        height = from->picture.sizes[0];
        width = from->picture.sizes[1];
        channels = from->picture.sizes[2];
        break;
    }
    filters->slices = slices;
    filters->shape = (stria_shape){4, {count, channels * slices, height, width}};
}

/* Where weight (y, x) of slice s of channel c of filter k stands in the tensor. */
static size_t place_of(const stria_filters *filters, order axes, const stria_shape *tensor, size_t k,
                       size_t cs, size_t y, size_t x)
{
    const size_t slices = (size_t)filters->slices, height = (size_t)filters->shape.sizes[2];
    const size_t width = (size_t)filters->shape.sizes[3], channels = (size_t)filters->shape.sizes[1] / slices;
    const size_t c = cs / slices, s = cs % slices, at = (s * height + y) * width + x;
    const size_t last = (size_t)tensor->sizes[tensor->rank - 1];
    switch (axes) {
    case ORDER_TRANSPOSE:
        return (at * (size_t)filters->shape.sizes[0] + k) * last + c;
    case ORDER_DEPTHWISE:
        return at * (size_t)filters->shape.sizes[0] + k; /* k is channel * multiplier + which of them */
    case ORDER_CONV:
    case ORDER_DENSE:
    default:
        return (at * channels + c) * last + k;
    }
}

static void copy_weights(stria_filters *filters, const source *from, const float *weights)
{
    const int64_t *sizes = filters->shape.sizes;
    float *to = filters->values;
    for (size_t k = 0; k < (size_t)sizes[0]; k++) {
        for (size_t c = 0; c < (size_t)sizes[1]; c++) {
            for (size_t y = 0; y < (size_t)sizes[2]; y++) {
                for (size_t x = 0; x < (size_t)sizes[3]; x++)
                    *to++ = weights[place_of(filters, from->order, &from->shape, k, c, y, x)];
            }
        }
    }
}

/* ---- Measuring ---- */

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(stria_filters *filters)
{
    const size_t count = (size_t)filters->shape.sizes[0], size = filters->filter_size;
    for (size_t k = 0; k < count; k++) {
        const float *w = filters->values + k * size;
        stria_filter_info *info = &filters->infos[k];
        double squares = 0, sum = 0;
        *info = (stria_filter_info){.minimum = (double)w[0], .maximum = (double)w[0], .twin = -1};
        for (size_t i = 0; i < size; i++) {
            squares += (double)w[i] * (double)w[i];
            sum += (double)w[i];
            info->minimum = fmin(info->minimum, (double)w[i]);
            info->maximum = fmax(info->maximum, (double)w[i]);
        }
        info->norm = sqrt(squares);
        info->mean = sum / (double)size;
        filters->sorted[k] = info->norm;
    }
    qsort(filters->sorted, count, sizeof *filters->sorted, compare_numbers);
    const double bound = DEAD_PART * filters->sorted[count / 2];
    for (size_t k = 0; k < count; k++)
        filters->infos[k].dead = filters->infos[k].norm <= bound;
}

/* Each filter is compared with those before it that are no twins themselves. */
static void find_twins(stria_filters *filters)
{
    const size_t count = (size_t)filters->shape.sizes[0], size = filters->filter_size;
    if (size < FEWEST_TO_TWIN)
        return;
    for (size_t k = 1; k < count; k++) {
        stria_filter_info *info = &filters->infos[k];
        const float *w = filters->values + k * size;
        for (size_t j = 0; j < k && info->twin < 0 && !info->dead; j++) {
            const stria_filter_info *other = &filters->infos[j];
            if (other->dead || other->twin >= 0)
                continue;
            const float *v = filters->values + j * size;
            double product = 0;
            for (size_t i = 0; i < size; i++)
                product += (double)w[i] * (double)v[i];
            const double cosine = product / (info->norm * other->norm);
            if (cosine > STRIA_TWIN_COSINE) {
                info->twin = (int64_t)j;
                info->cosine = fmin(cosine, 1);
            }
        }
    }
}

stria_status stria_filters_create(stria_filters **filters, stria_context *context, const stria_model *model,
                                  const char *layer, stria_error *err)
{
    source from;
    if (layer != NULL) {
        const int index = stria_model_find_layer(model, layer);
        if (index < 0)
            return stria_fail(err, STRIA_ERROR_MISSING, "there is no layer '%s'", layer);
        if (!find_source(model, (size_t)index, &from))
            return stria_fail(
                err, STRIA_ERROR_VALUE,
                "layer '%s' has no kernels that are pictures: a convolution has, and a dense layer that "
                "reads one",
                layer);
    } else if (!find_first(model, &from)) {
        return stria_fail(err, STRIA_ERROR_VALUE, "no layer of the model has kernels that are pictures");
    }
    const float *weights = stria_model_tensor_data_const(model, from.tensor);
    if (weights == NULL)
        return stria_fail(err, STRIA_ERROR_VALUE, "layer '%s': the model was made without parameters",
                          from.layer);
    const stria_allocator *allocator = &context->allocator;
    stria_filters *made = stria_allocate(allocator, sizeof *made);
    if (made == NULL)
        return stria_fail_memory(err, sizeof *made);
    made->context = context;
    made->reads_input = from.reads_input;
    set_shape(made, &from);
    const size_t count = (size_t)made->shape.sizes[0], total = (size_t)elements(&from.shape);
    made->filter_size = total / count;
    made->layer = stria_copy_text(allocator, from.layer, strlen(from.layer));
    made->values = stria_allocate_floats(allocator, total);
    made->infos = stria_allocate_array(allocator, count, sizeof *made->infos);
    made->sorted = stria_allocate_array(allocator, count, sizeof *made->sorted);
    if (made->layer == NULL || made->values == NULL || made->infos == NULL || made->sorted == NULL) {
        stria_filters_free(made);
        return stria_fail_memory(err, total * sizeof *made->values);
    }
    copy_weights(made, &from, weights);
    measure(made);
    find_twins(made);
    *filters = made;
    return STRIA_OK;
}

void stria_filters_free(stria_filters *filters)
{
    if (filters == NULL)
        return;
    const stria_allocator *allocator = &filters->context->allocator;
    stria_release(allocator, filters->layer);
    stria_release(allocator, filters->values);
    stria_release(allocator, filters->infos);
    stria_release(allocator, filters->sorted);
    stria_release(allocator, filters);
}

const char *stria_filters_layer(const stria_filters *filters)
{
    return filters->layer;
}

const stria_shape *stria_filters_shape(const stria_filters *filters)
{
    return &filters->shape;
}

const float *stria_filters_values(const stria_filters *filters)
{
    return filters->values;
}

int stria_filters_at(const stria_filters *filters, size_t index, stria_filter_info *info)
{
    if (index >= (size_t)filters->shape.sizes[0])
        return 0;
    *info = filters->infos[index];
    return 1;
}

/* ---- Watching them at work ---- */

/* The layer whose output shows what a filter lets through: behind it only normalisation and activation, each
 * the only reader of the one before. */
static size_t answer_of(const stria_model *model, size_t layer)
{
    static const char *const passed[] = {"batchnorm", "activation", "relu", "leaky_relu",
                                         "elu",       "prelu",      "relu6"};
    for (;;) {
        size_t reader = 0, readers = 0;
        stria_layer_info info;
        for (size_t i = 0; stria_model_layer(model, i, &info); i++) {
            for (size_t k = 0; k < info.input_count; k++) {
                if (info.inputs[k] == layer) {
                    reader = i;
                    readers++;
                }
            }
        }
        if (readers != 1 || !stria_model_layer(model, reader, &info))
            return layer;
        bool goes_on = false;
        for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++)
            goes_on = goes_on || strcmp(info.kind, passed[i]) == 0;
        if (!goes_on || info.input_count != 1)
            return layer;
        layer = reader;
    }
}

static void note_positive(const float *values, size_t rows, size_t channels, double *positive)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t c = 0; c < channels; c++)
            positive[c] += values[i * channels + c] > 0;
    }
}

static stria_status watch(stria_filters *filters, stria_model *model, const stria_dataset *data,
                          size_t samples, const char *answer, float *x, stria_error *err)
{
    const stria_shape *shape = stria_dataset_shape(data);
    const char *const keep[] = {answer};
    const stria_plan_options options = {.struct_size = sizeof options,
                                        .batch = WATCH_BATCH,
                                        .input_shapes = shape,
                                        .keep = keep,
                                        .keep_count = 1};
    stria_plan *plan = NULL;
    STRIA_TRY(stria_plan_create(&plan, model, &options, err));
    const stria_shape *output = stria_plan_shape(plan, answer);
    const size_t count = (size_t)filters->shape.sizes[0];
    const size_t channels = (size_t)output->sizes[output->rank - 1];
    stria_status status = STRIA_OK;
    if (channels != count)
        status =
            stria_fail(err, STRIA_ERROR_VALUE, "layer '%s' has %zu filters and %zu maps: not one for each",
                       filters->layer, count, channels);
    memset(filters->sorted, 0, count * sizeof *filters->sorted);
    for (size_t first = 0; first < samples && status == STRIA_OK; first += WATCH_BATCH) {
        uint32_t indices[WATCH_BATCH];
        const size_t batch = stria_size_min(WATCH_BATCH, samples - first);
        for (size_t i = 0; i < batch; i++)
            indices[i] = (uint32_t)(first + i);
        const float *inputs[] = {x};
        status = stria_dataset_read(data, STRIA_PART_TRAIN, indices, batch,
                                    stria_preprocessing_for(model, data), x, NULL, NULL, err);
        if (status == STRIA_OK)
            status = stria_plan_run(plan, inputs, (int64_t)batch, err);
        if (status == STRIA_OK)
            note_positive(stria_plan_value(plan, answer), batch * (size_t)elements(output) / channels,
                          channels, filters->sorted);
    }
    for (size_t k = 0; k < count && status == STRIA_OK; k++)
        filters->infos[k].silent = !(filters->sorted[k] > 0);
    stria_plan_free(plan);
    return status;
}

stria_status stria_filters_watch(stria_filters *filters, stria_model *model, const stria_dataset *data,
                                 size_t samples, stria_error *err)
{
    const int index = stria_model_find_layer(model, filters->layer);
    if (index < 0)
        return stria_fail(err, STRIA_ERROR_MISSING, "there is no layer '%s' in this model", filters->layer);
    if (stria_model_input_count(model) != 1)
        return stria_fail(err, STRIA_ERROR_VALUE, "the model has %zu inputs, and a data set has one",
                          stria_model_input_count(model));
    stria_layer_info answer;
    stria_model_layer(model, answer_of(model, (size_t)index), &answer);
    samples =
        stria_size_min(samples > 0 ? samples : USUAL_SAMPLES, stria_dataset_count(data, STRIA_PART_TRAIN));
    size_t size = 0;
    if (!stria_size_multiply((size_t)elements(stria_dataset_shape(data)), WATCH_BATCH, &size))
        return stria_fail_memory(err, SIZE_MAX);
    float *x = stria_allocate_floats(&filters->context->allocator, size);
    if (x == NULL)
        return stria_fail_memory(err, size * sizeof *x);
    const stria_status status = watch(filters, model, data, samples, answer.name, x, err);
    stria_release(&filters->context->allocator, x);
    return status;
}

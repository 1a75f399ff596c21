/* Building data sets: arrays from files or from the caller become samples, labels and targets of a part,
 * checked once so that reading them needs no checks. */
#include "data/dataset.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"

static const char *const part_names[2] = {"training", "test"};

stria_status stria_dataset_new(stria_dataset **data, stria_context *context, stria_error *err)
{
    stria_dataset *made = stria_allocate(&context->allocator, sizeof *made);
    if (made == NULL)
        return stria_fail_memory(err, sizeof *made);
    made->context = context;
    made->type = STRIA_F32;
    made->scale = 1;
    *data = made;
    return STRIA_OK;
}

/* Hands memory to the part, which releases it. */
static void keep(stria_samples *samples, void *memory)
{
    int m = 0;
    while (samples->memory[m] != NULL)
        m++;
    samples->memory[m] = memory;
}

/* The shape of one sample or target of an array [N, ...]; none of them is empty. */
static stria_status shape_of_one(const stria_npy *array, stria_shape *shape, const char *name,
                                 stria_error *err)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    if (array->rank == 0)
        return stria_fail(err, STRIA_ERROR_SHAPE, "%s: a single number, expected one row for each sample",
                          name);
    stria_shape whole = stria_shape_make(array->rank, array->sizes);
    if (array->count == 0)
        return stria_fail(err, STRIA_ERROR_SHAPE, "%s: the array of %s holds no samples", name,
                          stria_shape_text(&whole, text, sizeof text));
    if (array->sizes[0] > UINT32_MAX)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%s: %lld samples, at most %lu are supported", name,
                          (long long)array->sizes[0], (unsigned long)UINT32_MAX);
    *shape = array->rank == 1 ? (stria_shape){.rank = 1, .sizes = {1}}
                              : stria_shape_make(array->rank - 1, array->sizes + 1);
    int64_t elements;
    stria_status status = stria_shape_count(shape, &elements, err);
    return status == STRIA_OK ? STRIA_OK : stria_fail_in(err, status, "%s: ", name);
}

static stria_status shapes_differ(const char *name, const char *what, const stria_shape *test,
                                  const stria_shape *train, stria_error *err)
{
    char test_text[STRIA_SHAPE_TEXT_SIZE], train_text[STRIA_SHAPE_TEXT_SIZE];
    return stria_fail(err, STRIA_ERROR_SHAPE, "%s: test %s of %s, but training %s of %s", name, what,
                      stria_shape_text(test, test_text, sizeof test_text), what,
                      stria_shape_text(train, train_text, sizeof train_text));
}

stria_status stria_dataset_take_x(stria_dataset *data, stria_part part, const stria_npy *array, void **memory,
                                  const char *name, stria_error *err)
{
    const stria_allocator *allocator = &data->context->allocator;
    stria_samples *samples = &data->parts[part];
    stria_shape shape;
    STRIA_TRY(shape_of_one(array, &shape, name, err));
    if (shape.rank == 2) { /* pictures of one channel */
        shape.rank = 3;
        shape.sizes[2] = 1;
    }
    stria_dtype type = array->type == STRIA_U8 && !array->is_bool ? STRIA_U8 : STRIA_F32;
    if (part == STRIA_PART_TEST) {
        if (!stria_shape_equal(&shape, &data->shape))
            return shapes_differ(name, "samples", &shape, &data->shape, err);
        if (type != data->type)
            return stria_fail(err, STRIA_ERROR_SHAPE,
                              "%s: test samples of %s, but training samples of %s: store both alike", name,
                              stria_dtype_name(type), stria_dtype_name(data->type));
    }
    bool as_stored =
        type == STRIA_U8 || (array->type == STRIA_F32 && (uintptr_t)array->elements % _Alignof(float) == 0);
    if (as_stored) {
        samples->x = array->elements;
        keep(samples, *memory);
    } else {
        float *values = stria_allocate_floats(allocator, array->count);
        if (values == NULL)
            return stria_fail_memory(err, array->count * sizeof(float));
        stria_dtype_to_float(array->type, array->elements, array->count, values);
        samples->x = values;
        keep(samples, values);
        stria_release(allocator, *memory);
    }
    *memory = NULL;
    samples->count = (size_t)array->sizes[0];
    data->type = type;
    data->shape = shape;
    return STRIA_OK;
}

/* ---- Labels and targets ---- */

static bool is_integer(stria_dtype type)
{
    return type != STRIA_F32 && type != STRIA_F64 && type != STRIA_F16 && type != STRIA_BF16;
}

/* Little-endian integer `index`. Unsigned numbers above INT64_MAX come out negative: out of range either way.
 */
static int64_t integer_at(const stria_npy *array, size_t index)
{
    size_t size = stria_dtype_size(array->type);
    const uint8_t *bytes = (const uint8_t *)array->elements + index * size;
    uint64_t bits = 0;
    for (size_t b = 0; b < size; b++)
        bits |= (uint64_t)bytes[b] << (8 * b);
    bool is_signed = array->type == STRIA_I8 || array->type == STRIA_I16 || array->type == STRIA_I32;
    if (is_signed && (bits >> (8 * size - 1)) != 0)
        bits |= UINT64_MAX << (8 * size);
    return (int64_t)bits;
}

static stria_status take_labels(stria_samples *samples, const stria_allocator *allocator,
                                const stria_npy *array, const char *name, stria_error *err)
{
    int32_t *labels = stria_allocate_array(allocator, array->count, sizeof *labels);
    if (labels == NULL)
        return stria_fail_memory(err, array->count * sizeof *labels);
    for (size_t i = 0; i < array->count; i++) {
        int64_t label = integer_at(array, i);
        if (label < 0 || label > STRIA_MAX_LABEL) {
            stria_release(allocator, labels);
            return stria_fail(err, STRIA_ERROR_VALUE, "%s: label %lld of sample %zu is outside 0 to %d", name,
                              (long long)label, i, STRIA_MAX_LABEL);
        }
        labels[i] = (int32_t)label;
    }
    samples->labels = labels;
    keep(samples, labels);
    return STRIA_OK;
}

static stria_status take_targets(stria_samples *samples, const stria_allocator *allocator,
                                 const stria_npy *array, stria_error *err)
{
    float *targets = stria_allocate_floats(allocator, array->count);
    if (targets == NULL)
        return stria_fail_memory(err, array->count * sizeof *targets);
    stria_dtype_to_float(array->type, array->elements, array->count, targets);
    samples->targets = targets;
    keep(samples, targets);
    return STRIA_OK;
}

stria_status stria_dataset_take_y(stria_dataset *data, stria_part part, const stria_npy *array,
                                  const char *name, stria_error *err)
{
    const stria_allocator *allocator = &data->context->allocator;
    stria_samples *samples = &data->parts[part];
    stria_shape shape;
    STRIA_TRY(shape_of_one(array, &shape, name, err));
    bool labels = is_integer(array->type) && shape.rank == 1 && shape.sizes[0] == 1;
    if ((uint64_t)array->sizes[0] != samples->count)
        return stria_fail(err, STRIA_ERROR_SHAPE, "%s: %lld %s for the %zu samples of the %s part", name,
                          (long long)array->sizes[0], labels ? "labels" : "targets", samples->count,
                          part_names[part]);
    if (labels)
        shape.rank = 0;
    if (part == STRIA_PART_TEST) {
        if (labels != (data->target_shape.rank == 0))
            return stria_fail(err, STRIA_ERROR_SHAPE, "%s: test %s, but training %s", name,
                              labels ? "labels" : "targets", labels ? "targets" : "labels");
        if (!labels && !stria_shape_equal(&shape, &data->target_shape))
            return shapes_differ(name, "targets", &shape, &data->target_shape, err);
    }
    data->target_shape = shape;
    return labels ? take_labels(samples, allocator, array, name, err)
                  : take_targets(samples, allocator, array, err);
}

/* ---- Classes ---- */

/* Copies the names, or writes the numbers when there are none, to one block: pointers first, texts after. */
static stria_status name_classes(stria_dataset *data, const char *const *names, stria_error *err)
{
    char number[24];
    size_t pointers = data->class_count * sizeof(char *), texts = 0;
    for (size_t c = 0; c < data->class_count; c++)
        texts +=
            names != NULL ? strlen(names[c]) + 1 : (size_t)stria_format(number, sizeof number, "%zu", c) + 1;
    data->classes = stria_allocate(&data->context->allocator, pointers + texts);
    if (data->classes == NULL)
        return stria_fail_memory(err, pointers + texts);
    char *text = (char *)data->classes + pointers;
    for (size_t c = 0; c < data->class_count; c++) {
        if (names == NULL)
            stria_format(number, sizeof number, "%zu", c);
        const char *name = names != NULL ? names[c] : number;
        data->classes[c] = memcpy(text, name, strlen(name) + 1);
        text += strlen(name) + 1;
    }
    return STRIA_OK;
}

stria_status stria_dataset_finish(stria_dataset *data, const char *const *classes, size_t class_count,
                                  const char *name, stria_error *err)
{
    size_t found = 0; /* the largest label and one */
    for (int part = 0; part < 2; part++) {
        const stria_samples *samples = &data->parts[part];
        for (size_t i = 0; samples->labels != NULL && i < samples->count; i++) {
            size_t label = (size_t)samples->labels[i];
            if (class_count > 0 && label >= class_count)
                return stria_fail(err, STRIA_ERROR_VALUE,
                                  "%s: label %zu of %s sample %zu is outside 0 to %zu", name, label,
                                  part_names[part], i, class_count - 1);
            if (label >= found)
                found = label + 1;
        }
    }
    data->class_count = class_count > 0 ? class_count : found;
    return data->class_count > 0 ? name_classes(data, classes, err) : STRIA_OK;
}

/* ---- From the caller's numbers ---- */

/* Wraps the caller's numbers as an array [count, shape...]. Errors: SHAPE, LIMIT. */
static stria_status wrap(stria_npy *array, stria_dtype type, const void *elements, size_t count,
                         const stria_shape *shape, const char *name, stria_error *err)
{
    int64_t size;
    if (shape->rank < 1 || shape->rank >= STRIA_MAX_RANK)
        return stria_fail(err, STRIA_ERROR_SHAPE, "%s: a shape of %d dimensions, allowed are 1 to %d", name,
                          shape->rank, STRIA_MAX_RANK - 1);
    if (stria_shape_is_open(shape))
        return stria_fail(err, STRIA_ERROR_SHAPE, "%s: every size of a sample must be known", name);
    STRIA_TRY(stria_shape_count(shape, &size, err));
    *array = (stria_npy){.type = type, .rank = shape->rank + 1, .elements = elements};
    array->sizes[0] = (int64_t)count;
    memcpy(array->sizes + 1, shape->sizes, (size_t)shape->rank * sizeof shape->sizes[0]);
    size_t bytes;
    if (!stria_size_multiply(count, (size_t)size, &array->count) ||
        !stria_size_multiply(array->count, sizeof(float), &bytes))
        return stria_fail(err, STRIA_ERROR_LIMIT, "%s: %zu samples of %lld numbers are too many", name, count,
                          (long long)size);
    return STRIA_OK;
}

stria_status stria_dataset_create(stria_dataset **data, stria_context *context, const float *x,
                                  const stria_shape *shape, size_t count, const int32_t *labels,
                                  size_t class_count, const float *targets, const stria_shape *target_shape,
                                  stria_error *err)
{
    if (x == NULL || shape == NULL || count == 0 || count > UINT32_MAX)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "a data set needs x, its shape and 1 to %lu samples, not %zu",
                          (unsigned long)UINT32_MAX, count);
    if ((labels == NULL) == (targets == NULL))
        return stria_fail(err, STRIA_ERROR_VALUE, "a data set needs either labels or targets");
    if (labels != NULL && (class_count == 0 || class_count > STRIA_MAX_LABEL + 1))
        return stria_fail(err, STRIA_ERROR_VALUE, "%zu classes, allowed are 1 to %d", class_count,
                          STRIA_MAX_LABEL + 1);
    if (targets != NULL && target_shape == NULL)
        return stria_fail(err, STRIA_ERROR_VALUE, "targets need their shape");

    stria_dataset *made = NULL;
    void *copy = NULL;
    stria_npy array;
    STRIA_TRY(stria_dataset_new(&made, context, err));
    stria_status status = wrap(&array, STRIA_F32, x, count, shape, "x", err);
    if (status != STRIA_OK)
        goto done;
    copy = stria_allocate_floats(&context->allocator, array.count);
    if (copy == NULL) {
        status = stria_fail_memory(err, array.count * sizeof(float));
        goto done;
    }
    memcpy(copy, x, array.count * sizeof(float));
    array.elements = copy;
    status = stria_dataset_take_x(made, STRIA_PART_TRAIN, &array, &copy, "x", err);
    if (status != STRIA_OK)
        goto done;
    made->shape = *shape; /* as the caller says, also [H,W] */
    if (labels != NULL) {
        array = (stria_npy){.type = STRIA_I32, .rank = 1, .sizes = {(int64_t)count}, .count = count};
        array.elements = labels;
    } else {
        status = wrap(&array, STRIA_F32, targets, count, target_shape, "targets", err);
    }
    if (status == STRIA_OK)
        status =
            stria_dataset_take_y(made, STRIA_PART_TRAIN, &array, labels != NULL ? "labels" : "targets", err);
    if (status == STRIA_OK)
        status = stria_dataset_finish(made, NULL, labels != NULL ? class_count : 0, "labels", err);
done:
    stria_release(&context->allocator, copy);
    if (status == STRIA_OK)
        *data = made;
    else
        stria_dataset_free(made);
    return status;
}

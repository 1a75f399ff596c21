/* Data sets as their users see them: counts, shapes, classes and the samples as floats. The readers of this
 * room fill them (see build.c); this file only looks. */
#include "data/dataset.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/float_state.h"
#include "base/memory.h"
#include "data/files.h"
#include "kernels/kernels.h"

void stria_dataset_free(stria_dataset *data)
{
    if (data == NULL)
        return;
    const stria_allocator *allocator = &data->context->allocator;
    for (int part = 0; part < 2; part++) {
        for (int m = 0; m < 3; m++)
            stria_release(allocator, data->parts[part].memory[m]);
    }
    stria_files_free(data->files, data->context);
    stria_release(allocator, data->classes);
    stria_release(allocator, data);
}

size_t stria_dataset_count(const stria_dataset *data, stria_part part)
{
    return part == STRIA_PART_TRAIN || part == STRIA_PART_TEST ? data->parts[part].count : 0;
}

const stria_shape *stria_dataset_shape(const stria_dataset *data)
{
    return &data->shape;
}

size_t stria_dataset_class_count(const stria_dataset *data)
{
    return data->class_count;
}

const char *stria_dataset_class_name(const stria_dataset *data, size_t index)
{
    return index < data->class_count ? data->classes[index] : NULL;
}

const stria_shape *stria_dataset_target_shape(const stria_dataset *data)
{
    return &data->target_shape;
}

const char *stria_dataset_preprocessing(const stria_dataset *data)
{
    return data->preprocessing;
}

bool stria_dataset_streams(const stria_dataset *data)
{
    return data->files != NULL;
}

bool stria_dataset_leaves_out(const stria_dataset *data, stria_status status)
{
    return data->skip_broken && status != STRIA_ERROR_MEMORY && status != STRIA_ERROR_SHAPE;
}

stria_status stria_dataset_gather(const stria_dataset *data, stria_part part, const uint32_t *order,
                                  size_t first, size_t count, double scale, float *x, int32_t *labels,
                                  float *targets, stria_error *err)
{
    const stria_samples *samples = &data->parts[part];
    size_t sample_size = (size_t)stria_shape_elements(&data->shape);
    size_t target_size = samples->targets != NULL ? (size_t)stria_shape_elements(&data->target_shape) : 0;
    stria_status status = STRIA_OK;
    /* Without an order all samples are one run. */
    size_t run = order == NULL && data->files == NULL ? count : 1;
    const stria_float_state before = stria_float_begin();
    for (size_t done = 0; done < count && status == STRIA_OK; done += run) {
        size_t index = order == NULL ? first + done : order[first + done];
        assert(index < samples->count && run <= samples->count - index);
        float *to = x + done * sample_size;
        if (data->files != NULL) {
            status = stria_files_read(data, part, index, scale, to, err);
        } else if (data->type == STRIA_U8) {
            const uint8_t *bytes = (const uint8_t *)samples->x + index * sample_size;
            data->context->kernels->elementwise.from_bytes(bytes, (float)scale, to, run * sample_size);
        } else {
            memcpy(to, (const float *)samples->x + index * sample_size, run * sample_size * sizeof(float));
        }
        if (labels != NULL && samples->labels != NULL)
            memcpy(labels + done, samples->labels + index, run * sizeof(int32_t));
        if (targets != NULL && samples->targets != NULL)
            memcpy(targets + done * target_size, samples->targets + index * target_size,
                   run * target_size * sizeof(float));
    }
    stria_float_end(before);
    return status;
}

int32_t stria_dataset_label(const stria_dataset *data, stria_part part, size_t index)
{
    return index < stria_dataset_count(data, part) && data->parts[part].labels != NULL
               ? data->parts[part].labels[index]
               : -1;
}

const float *stria_dataset_targets(const stria_dataset *data, stria_part part, size_t index)
{
    if (index >= stria_dataset_count(data, part) || data->parts[part].targets == NULL)
        return NULL;
    return data->parts[part].targets + index * (size_t)stria_shape_elements(&data->target_shape);
}

stria_status stria_dataset_read(const stria_dataset *data, stria_part part, const uint32_t *indices,
                                size_t count, const char *preprocessing, float *x, int32_t *labels,
                                float *targets, stria_error *err)
{
    double scale = data->scale;
    if (preprocessing != NULL)
        STRIA_TRY(stria_preprocessing_scale(preprocessing, &scale, err));
    size_t available = stria_dataset_count(data, part);
    for (size_t i = 0; i < count; i++) {
        if (indices[i] >= available)
            return stria_fail(
                err, STRIA_ERROR_VALUE, "sample %lu does not exist: the %s part has %zu samples",
                (unsigned long)indices[i], part == STRIA_PART_TEST ? "test" : "training", available);
    }
    return count > 0 ? stria_dataset_gather(data, part, indices, 0, count, scale, x, labels, targets, err)
                     : STRIA_OK;
}

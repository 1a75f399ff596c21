/* The split is Keras's: the last samples, before any shuffling, floor(count * (1 - share)) stay for training.
 * A stratified one has as many, of every class its share. */
#include "train/split.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "data/files.h"

bool stria_split_is_stratified(const stria_dataset *data, const stria_settings *settings)
{
    return settings->options.validation > 0 &&
           (settings->options.stratified || (data->files != NULL && data->files->ordered_by_class));
}

static stria_status stratify(stria_split *split, const stria_dataset *data, const stria_settings *settings,
                             stria_error *err)
{
    const stria_allocator *allocator = &data->context->allocator;
    const size_t count = split->validation_end, train_count = split->train_count;
    const double validates = (double)(count - train_count) / (double)count;
    const double shares[2] = {1 - validates, validates};
    uint8_t *groups = stria_allocate_array(allocator, count, sizeof *groups);
    split->order = stria_allocate_array(allocator, count, sizeof *split->order);
    stria_status status = groups != NULL && split->order != NULL
                              ? stria_dataset_split(data, STRIA_PART_TRAIN, shares, 2, "stratified",
                                                    settings->options.seed, groups, err)
                              : stria_fail_memory(err, count * sizeof *split->order);
    size_t next[2] = {0, train_count};
    for (size_t i = 0; status == STRIA_OK && i < count; i++)
        split->order[next[groups[i]]++] = (uint32_t)i;
    stria_release(allocator, groups);
    return status;
}

void stria_split_free(stria_split *split, stria_context *context)
{
    stria_release(&context->allocator, split->order);
    split->order = NULL;
}

stria_status stria_split_make(stria_split *split, const stria_dataset *data, const stria_settings *settings,
                              stria_error *err)
{
    const stria_train_options *options = &settings->options;
    const size_t count = stria_dataset_count(data, STRIA_PART_TRAIN);
    stria_split made = {
        .train_count = count, .validation_part = STRIA_PART_TRAIN, .may_skip = data->skip_broken};
    if (count == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "the data has no training part");
    if (options->validate_on_test) {
        made.validation_part = STRIA_PART_TEST;
        made.validation_end = stria_dataset_count(data, STRIA_PART_TEST);
        if (made.validation_end == 0)
            return stria_fail(
                err, STRIA_ERROR_VALUE,
                "the data has no test part to validate on: 'validation' takes a share of the training "
                "part");
    } else if (options->validation > 0) {
        made.train_count = (size_t)floor((double)count * (1 - options->validation));
        made.validation_first = made.train_count;
        made.validation_end = count;
        if (made.train_count == 0 || made.train_count == count)
            return stria_fail(
                err, STRIA_ERROR_VALUE,
                "validation %g of %zu samples leaves %zu for training and %zu for validation: both need some",
                options->validation, count, made.train_count, count - made.train_count);
    }
    const size_t batch = (size_t)options->batch;
    made.steps = (int64_t)(made.train_count / batch + (made.train_count % batch != 0));
    *split = made;
    return stria_split_is_stratified(data, settings) ? stratify(split, data, settings, err) : STRIA_OK;
}

/* The split is Keras's: the last samples, before any shuffling, floor(count * (1 - share)) stay for training.
 */
#include "train/split.h"

#include <math.h>

#include "base/error.h"

stria_status stria_split_make(stria_split *split, const stria_dataset *data, const stria_settings *settings,
                              stria_error *err)
{
    const stria_train_options *options = &settings->options;
    const size_t count = stria_dataset_count(data, STRIA_PART_TRAIN);
    stria_split made = {.train_count = count, .validation_part = STRIA_PART_TRAIN};
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
    return STRIA_OK;
}

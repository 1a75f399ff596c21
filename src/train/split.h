/* Which samples are trained on and which validate. */
#ifndef STRIA_TRAIN_SPLIT_H
#define STRIA_TRAIN_SPLIT_H

#include <stria/data.h>

#include "train/settings.h"

typedef struct stria_split {
    size_t train_count; /* the first samples of the training part */
    int64_t steps;      /* of an epoch */
    stria_part validation_part;
    size_t validation_first, validation_end; /* equal: no validation */
} stria_split;

/* Errors: VALUE when either would be empty. */
stria_status stria_split_make(stria_split *split, const stria_dataset *data, const stria_settings *settings,
                              stria_error *err);

#endif

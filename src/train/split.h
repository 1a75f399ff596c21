/* Which samples are trained on and which validate. */
#ifndef STRIA_TRAIN_SPLIT_H
#define STRIA_TRAIN_SPLIT_H

#include <stdbool.h>

#include <stria/data.h>

#include "train/settings.h"

typedef struct stria_split {
    size_t train_count; /* the first samples of the training part, or of `order` */
    int64_t steps;      /* of an epoch */
    stria_part validation_part;
    size_t validation_first, validation_end; /* equal: no validation */
    bool may_skip;                           /* samples that cannot be read are left out */
    /* NULL, or the samples of the training part: first those to train on, then, from validation_first on,
     * those that validate, each in the order of the data. */
    uint32_t *order;
} stria_split;

/* Free with stria_split_free, also after a failure. Errors: VALUE when either would be empty, or for labels
 * to stratify by that the data does not have; MEMORY. */
stria_status stria_split_make(stria_split *split, const stria_dataset *data, const stria_settings *settings,
                              stria_error *err);
void stria_split_free(stria_split *split, stria_context *context);

/* Whether a share for validation is drawn from every class. */
bool stria_split_is_stratified(const stria_dataset *data, const stria_settings *settings);

#endif

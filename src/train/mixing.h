/* Targets of batches whose samples a layer has mixed (mixup, cutmix): they are mixed alike, so that the loss
 * is the one of what the model was shown. */
#ifndef STRIA_TRAIN_MIXING_H
#define STRIA_TRAIN_MIXING_H

#include <stria/context.h>
#include <stria/plan.h>

#include "train/loss.h"

/* Memory for mixed targets; all zero when the plan mixes nothing. */
typedef struct stria_mixing {
    size_t count;      /* of layers that mix */
    float *targets[2]; /* [batch, outputs] */
} stria_mixing;

/* For batches of up to `batch` samples with `outputs` numbers each. Errors: MEMORY. */
stria_status stria_mixing_make(stria_mixing *mixing, const stria_plan *plan, const stria_allocator *allocator,
                               size_t batch, size_t outputs, stria_error *err);
void stria_mixing_free(stria_mixing *mixing, const stria_allocator *allocator);

/* The targets of the plan's last run, mixed: from labels, as rows with a single 1 (for a single output as the
 * 0 or 1 that they are), or from targets. */
const float *stria_mixing_targets(const stria_mixing *mixing, const stria_plan *plan, const int32_t *labels,
                                  const float *targets, size_t batch, size_t outputs);

/* How many samples have their largest output at their largest target: at the heavier of two labels. */
int64_t stria_mixing_correct(const stria_loss *loss, const float *outputs, const float *targets, size_t batch,
                             size_t count);

#endif

/* Losses: how far a batch of outputs is from what it should be, and the gradient that training follows. */
#ifndef STRIA_TRAIN_LOSS_H
#define STRIA_TRAIN_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include <stria/model.h>
#include <stria/shape.h>

#include "kernels/kernels.h"
#include "train/choice.h"

typedef enum stria_loss {
    STRIA_LOSS_CATEGORICAL_CROSSENTROPY,
    STRIA_LOSS_MEAN_SQUARED_ERROR,
    STRIA_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY,
    STRIA_LOSS_COUNT,
    STRIA_LOSS_DEFAULT = STRIA_LOSS_COUNT /* none was named; see stria_loss_resolve */
} stria_loss;

/* Indexed by stria_loss. */
extern const stria_choice stria_losses[STRIA_LOSS_COUNT];

/* NULL gives STRIA_LOSS_DEFAULT. Errors: VALUE. */
stria_status stria_loss_read(stria_loss *loss, const char *text, stria_error *err);

/* The loss to compute for data with labels or with targets: cross-entropy (never "sparse": labels tell) or
 * mean squared error. By default cross-entropy for labels and for models that end in a softmax, else mean
 * squared error. Errors: VALUE for sparse_categorical_crossentropy without labels. */
stria_status stria_loss_resolve(stria_loss loss, const stria_model *model, bool has_labels,
                                stria_loss *resolved, stria_error *err);

/* Whether a plan for this loss leaves out a softmax at the very end, because the loss has it built in. */
bool stria_loss_takes_logits(stria_loss loss);

/* One batch of outputs with what they should be. */
typedef struct stria_loss_call {
    stria_loss loss; /* resolved */
    const float
        *outputs; /* [batch, rows, columns]; for cross-entropy what a softmax over the columns would get */
    const int32_t *labels; /* [batch], each below columns, rows is 1; or NULL */
    const float *targets;  /* [batch, rows, columns]; or NULL */
    size_t batch, rows, columns;
    double *losses;  /* [batch], overwritten */
    float *gradient; /* [batch, rows, columns] of the mean loss of the batch, overwritten; NULL: not wanted */
} stria_loss_call;

/* Returns the sum of the samples' losses, added in order. *correct: how many samples have their largest
 * output (the first of equal ones) at the label; -1 without labels. */
double stria_loss_compute(const stria_loss_call *call, const stria_kernels *kernels, stria_pool *pool,
                          int64_t *correct);

/* The index of the largest of `count` outputs, the first of equal ones; NaN is below everything. */
size_t stria_largest_output(const float *outputs, size_t count);

#endif

/* Losses: how far a batch of outputs is from what it should be, and the gradient that training follows. */
#ifndef STRIA_TRAIN_LOSS_H
#define STRIA_TRAIN_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include <stria/model.h>
#include <stria/shape.h>

#include "kernels/kernels.h"
#include "train/choice.h"

typedef enum stria_loss_kind {
    STRIA_LOSS_BINARY_CROSSENTROPY,
    STRIA_LOSS_BINARY_FOCAL_CROSSENTROPY,
    STRIA_LOSS_CATEGORICAL_CROSSENTROPY,
    STRIA_LOSS_CATEGORICAL_FOCAL_CROSSENTROPY,
    STRIA_LOSS_CATEGORICAL_HINGE,
    STRIA_LOSS_COSINE_SIMILARITY,
    STRIA_LOSS_HINGE,
    STRIA_LOSS_HUBER,
    STRIA_LOSS_KL_DIVERGENCE,
    STRIA_LOSS_LOG_COSH,
    STRIA_LOSS_MEAN_ABSOLUTE_ERROR,
    STRIA_LOSS_MEAN_ABSOLUTE_PERCENTAGE_ERROR,
    STRIA_LOSS_MEAN_SQUARED_ERROR,
    STRIA_LOSS_MEAN_SQUARED_LOGARITHMIC_ERROR,
    STRIA_LOSS_POISSON,
    STRIA_LOSS_SPARSE_CATEGORICAL_CROSSENTROPY,
    STRIA_LOSS_SQUARED_HINGE,
    STRIA_LOSS_COUNT,
    STRIA_LOSS_DEFAULT = STRIA_LOSS_COUNT /* none was named; see stria_loss_resolve */
} stria_loss_kind;

/* A loss with its arguments; those that it does not have are 0. */
typedef struct stria_loss {
    stria_loss_kind kind;
    double label_smoothing, delta, alpha, gamma;
    bool apply_class_balancing;
} stria_loss;

/* Indexed by stria_loss_kind. */
extern const stria_choice stria_losses[STRIA_LOSS_COUNT];

/* NULL gives STRIA_LOSS_DEFAULT. Errors: VALUE. */
stria_status stria_loss_read(stria_loss *loss, const char *text, stria_error *err);

/* Appends the loss: equal losses give equal text. */
void stria_loss_write(const stria_loss *loss, stria_text *text);

/* The loss to compute for data with labels or with targets, never "sparse": labels tell. By default
 * binary_crossentropy for models that end in a single sigmoid and for labels of a single output;
 * categorical_crossentropy for other labels and for models that end in a softmax; else mean squared error.
 * Errors: VALUE for sparse_categorical_crossentropy without labels. */
stria_status stria_loss_resolve(const stria_loss *loss, const stria_model *model, bool has_labels,
                                stria_loss *resolved, stria_error *err);

/* The stria_raw_output of plans for this loss: it has a softmax or sigmoid at the very end built in. For
 * STRIA_LOSS_DEFAULT that of any loss that it can be resolved to for this model. */
int stria_loss_raw_output(const stria_loss *loss, const stria_model *model);

/* How many classes labels can name for outputs of so many columns: a single column, unless the loss is one of
 * choices among columns, says yes or no. */
size_t stria_loss_classes(const stria_loss *loss, size_t columns);

/* The class that a row of outputs stands for: the largest, the first of equal ones; of a single column class
 * 1 when it is above a half, or where its sigmoid would be. */
size_t stria_loss_predicted(const stria_loss *loss, const float *outputs, size_t columns);

/* How probable a row of outputs takes a class to be: what a softmax or sigmoid that the loss has built in
 * makes of them, else the output itself; of a single column 1 - that for class 0. */
double stria_loss_probability(const stria_loss *loss, const float *outputs, size_t columns, size_t class);

/* How many marks a sample can earn for accuracy: one with labels; every output with targets that say yes or
 * no (binary cross-entropies); none, so that there is no accuracy, for other targets. */
size_t stria_loss_marks(const stria_loss *loss, bool has_labels, size_t outputs);

/* One batch of outputs with what they should be. */
typedef struct stria_loss_call {
    const stria_loss *loss; /* resolved */
    const float *outputs;   /* [batch, rows, columns]; as from plans with stria_loss_raw_output */
    const int32_t *labels;  /* [batch], each below stria_loss_classes, rows is 1; or NULL */
    const float *targets;   /* [batch, rows, columns]; or NULL */
    size_t batch, rows, columns;
    const double *class_weights; /* [stria_loss_classes] of the samples' losses, rows is 1; NULL: all 1 */
    double *losses;              /* [batch], overwritten */
    float *gradient; /* [batch, rows, columns] of the mean loss of the batch, overwritten; NULL: not wanted */
} stria_loss_call;

/* Returns the sum of the samples' losses, added in order. *marks: what the samples have earned of
 * stria_loss_marks; -1 where there are none. */
double stria_loss_compute(const stria_loss_call *call, const stria_kernels *kernels, stria_pool *pool,
                          int64_t *marks);

/* The index of the largest of `count` outputs, the first of equal ones; NaN is below everything. */
size_t stria_largest_output(const float *outputs, size_t count);

#endif

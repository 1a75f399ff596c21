/* The inside of a trainer: what one step of training works with. */
#ifndef STRIA_TRAIN_TRAINER_H
#define STRIA_TRAIN_TRAINER_H

#include <stria/train.h>

#include "train/fitting.h"
#include "train/mixing.h"
#include "train/settings.h"

/* Weights that lie side by side and are trained. */
typedef struct stria_weight_range {
    size_t offset, count;
} stria_weight_range;

struct stria_trainer {
    stria_model *model;
    stria_plan *plan;
    const stria_kernels *kernels;
    stria_pool *pool;
    stria_optimizer optimizer;
    double rate;
    uint64_t iterations;   /* steps done */
    stria_loss loss;       /* as asked for */
    double *class_weights; /* [classes] or NULL */
    stria_output_view output;
    int64_t batch; /* the largest */
    /* Optimizer state: blocks in the layout of model->weights; NULL past the optimizer's count. */
    float *states[STRIA_MAX_OPTIMIZER_STATES];
    stria_weight_range *ranges;
    size_t range_count;
    double *losses; /* [batch] */
    stria_mixing mixing;
    float *statistics; /* the moving statistics before the step, to go back to; NULL when there are none */
};

/* A trainer for samples of `input_shape` (NULL: the model's own). The model's parameters are left alone,
 * unless it has none yet. Errors: as stria_trainer_create. */
stria_status stria_trainer_make(stria_trainer **trainer, stria_model *model, const stria_settings *settings,
                                const stria_shape *input_shape, stria_error *err);

/* Reads the settings' class_weight; `data` may be NULL. Errors: VALUE, MEMORY. */
stria_status stria_trainer_weigh_classes(stria_trainer *trainer, const stria_settings *settings,
                                         const stria_dataset *data, const uint32_t *order, size_t train_count,
                                         stria_error *err);

/* stria_trainer_step with the sum of the losses instead of their mean; both results must be given. *correct
 * is in marks, -1 where there are none (stria_loss_marks). */
stria_status stria_trainer_advance(stria_trainer *trainer, const float *x, const int32_t *labels,
                                   const float *targets, int64_t batch, double *loss_sum, int64_t *correct,
                                   stria_error *err);

/* Whether every parameter is a number. Errors: DIVERGED with the name of the first tensor that holds another.
 */
stria_status stria_trainer_check_parameters(const stria_trainer *trainer, stria_error *err);

#endif

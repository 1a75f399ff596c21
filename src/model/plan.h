/* What training asks of a plan beyond the public interface. */
#ifndef STRIA_MODEL_PLAN_H
#define STRIA_MODEL_PLAN_H

#include <stria/plan.h>

#include "kernels/kernels.h"

/* The step number that random layers draw from in the next runs. */
void stria_plan_set_step(stria_plan *plan, uint64_t step);

/* Where the gradient of output `index` ([batch, shape...]) is to be written before
 * stria_plan_backward_in_place. Valid after a run of a training plan. */
float *stria_plan_output_gradient(stria_plan *plan, size_t index);

/* stria_plan_backward for gradients already written to stria_plan_output_gradient. */
void stria_plan_backward_in_place(stria_plan *plan);

/* Gradients of all weights: one block in the layout of model->weights (model/model.h), gaps and frozen
 * tensors zero. */
float *stria_plan_gradients(stria_plan *plan);

/* Layers of a training plan that mix samples with others of their batch; 0 for nearly all models. */
size_t stria_plan_mixing_count(const stria_plan *plan);

/* Of the last run: what the mixing layer `index` (below stria_plan_mixing_count, in running order) made sample
 * `sample` of: itself by `weight`, `partner` by 1 - weight. */
void stria_plan_mixing(const stria_plan *plan, size_t index, size_t sample, size_t *partner, double *weight);

/* The kernel table and pool of the plan's context. */
const stria_kernels *stria_plan_kernels(const stria_plan *plan);
stria_pool *stria_plan_pool(const stria_plan *plan);

#endif

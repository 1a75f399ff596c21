/* Regularizers and constraints of a model: what they add to the loss and its gradient, and what they do to
 * the weights. */
#ifndef STRIA_MODEL_PENALTY_H
#define STRIA_MODEL_PENALTY_H

#include <stria/plan.h>

#include "model/model.h"

/* The penalties on the trained weights; their derivatives are added to `gradients`, a block laid out as
 * model->weights, unless it is NULL. */
double stria_model_penalty(const stria_model *model, float *gradients);

/* Brings the trained weights back to what their constraints allow. */
void stria_model_constrain(stria_model *model);

/* Whether a layer's outputs have a penalty. */
bool stria_node_has_penalty(const stria_node *node);

/* The penalties on the outputs of the last run, divided by its batch. A training plan keeps these outputs; an
 * inference plan must have been asked to. */
double stria_plan_penalty(const stria_plan *plan);

/* That of one node; its derivatives are added to `gradient` unless it is NULL. */
double stria_plan_node_penalty(const stria_plan *plan, size_t index, float *gradient);

#endif

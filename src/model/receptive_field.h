/* The part of a model's input that one output of a layer depends on. */
#ifndef STRIA_MODEL_RECEPTIVE_FIELD_H
#define STRIA_MODEL_RECEPTIVE_FIELD_H

#include "model/model.h"

/* Finds field and walk of `node` from those of its inputs, which are in the model already. */
void stria_receptive_field_of(const stria_model *model, stria_node *node);

#endif

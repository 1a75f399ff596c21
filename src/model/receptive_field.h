/* The part of a model's input that one output of a layer depends on. */
#ifndef STRIA_MODEL_RECEPTIVE_FIELD_H
#define STRIA_MODEL_RECEPTIVE_FIELD_H

#include "model/model.h"

/* Finds field and walk of `node` from those of its inputs, which are in the model already. */
void stria_receptive_field_of(const stria_model *model, stria_node *node);

/* The first and the last place along axis `a` of the model's input that output `position` sees, which may
 * lie outside; false when it sees all. */
bool stria_receptive_field_at(const stria_node *node, int a, int64_t position, int64_t *first, int64_t *last);

#endif

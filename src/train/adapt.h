/* Adapting: layers of kind normalization that keep their mean and variance as parameters learn them from
 * data. */
#ifndef STRIA_TRAIN_ADAPT_H
#define STRIA_TRAIN_ADAPT_H

#include <stdbool.h>

#include <stria/train.h>

#include "model/model.h"

/* What layers are adapted to: samples order[0..count) of the training part, preprocessed. */
typedef struct stria_adapting {
    stria_model *model;
    const stria_dataset *data;
    const char *preprocessing;
    const uint32_t *order;           /* NULL: 0, 1, 2 ... */
    size_t count;                    /* 1 and more */
    int (*cancelled)(void *payload); /* asked between batches; may be NULL */
    void *payload;
} stria_adapting;

/* Whether the layer takes its numbers from data: a normalization with parameters of its own, not frozen. */
bool stria_adapts(const stria_model *model, const stria_node *node);

/* The same, and the parameters are still those that it starts with: mean 0 and variance 1 in all channels. */
bool stria_waits_for_data(const stria_model *model, const stria_node *node);

/* Gives one layer the mean and variance of what it sees; the log is told. After a failure its parameters are
 * as they were. Errors: VALUE (no finite number), CANCELLED, MEMORY, IO when the loader's thread cannot be
 * started. */
stria_status stria_adapt_layer(const stria_adapting *adapting, const stria_node *node, stria_error *err);

/* Adapts all layers that wait for data, in running order. After a failure those before the failing one have
 * their new numbers. */
stria_status stria_adapt_waiting(const stria_adapting *adapting, stria_error *err);

#endif

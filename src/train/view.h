/* What a layer sees of a data set, batch by batch: the data itself, or what the layers before it make of it.
 * For what is learned of layers one after the other: S-cells, read-outs, the numbers of a normalization. */
#ifndef STRIA_TRAIN_VIEW_H
#define STRIA_TRAIN_VIEW_H

#include <stria/plan.h>

#include "data/dataset.h"
#include "model/model.h"

/* All zero until opened. */
typedef struct stria_view {
    stria_plan *plan;  /* NULL: the data itself */
    const char *layer; /* whose output it is */
    stria_shape shape; /* of one sample */
    size_t elements;   /* of one sample */
} stria_view;

/* Opens what the node's first input gives, with the parameters that the model has now; needs the model's
 * input to fit the data (stria_check_input). Samples come `batch` at a time at most. Close it also after a
 * failure. Errors: those of stria_plan_create. */
stria_status stria_view_open(stria_view *view, stria_model *model, const stria_dataset *data,
                             const stria_node *node, size_t batch, stria_error *err);
void stria_view_close(stria_view *view);

/* The values [batch, elements] for a batch; they stand until the next call. */
const float *stria_view_look(const stria_view *view, const stria_batch *batch);

#endif

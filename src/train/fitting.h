/* Whether a model and data belong together: one rule for training and evaluation. */
#ifndef STRIA_TRAIN_FITTING_H
#define STRIA_TRAIN_FITTING_H

#include <stria/data.h>
#include <stria/model.h>
#include <stria/plan.h>

#include "train/loss.h"

/* The model has one input and one output, and a sample of the data is what the input takes. Errors:
 * UNSUPPORTED, SHAPE. */
stria_status stria_check_input(const stria_model *model, const stria_dataset *data, stria_error *err);

/* A model's output, cut as losses see it. */
typedef struct stria_output_view {
    const char *name;
    const stria_shape *shape; /* without batch; lives as long as the plan */
    size_t rows, columns;     /* columns is the last dimension */
} stria_output_view;

/* The output of a model as planned. */
stria_output_view stria_planned_output(const stria_model *model, const stria_plan *plan);

/* The data's classes or targets are what `output` gives, for a loss that is resolved. Errors: SHAPE. */
stria_status stria_check_output(const stria_output_view *output, const stria_dataset *data,
                                const stria_loss *loss, stria_error *err);

/* Gives the model, whose output tells so many `known` classes apart, the names of the data's classes where
 * they are as many; else tells the log. Errors: MEMORY. */
stria_status stria_take_classes(stria_model *model, const stria_dataset *data, size_t known,
                                stria_error *err);

#endif

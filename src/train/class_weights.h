/* What the samples of each class count for in training. */
#ifndef STRIA_TRAIN_CLASS_WEIGHTS_H
#define STRIA_TRAIN_CLASS_WEIGHTS_H

#include <stria/data.h>
#include <stria/model.h>

/* Reads "balanced", "2,1,1,0.5" or "cat=2,dog=1" (a class that is not named counts 1) to weights [classes],
 * freed with stria_release. Names are those of the data, or without data (NULL) of the model, or numbers from
 * 0. "balanced" counts the labels of the first `train_count` training samples, or of order[0..train_count).
 * Errors: VALUE, MEMORY. */
stria_status stria_class_weights_read(double **weights, const stria_model *model, const char *text,
                                      size_t classes, const stria_dataset *data, const uint32_t *order,
                                      size_t train_count, stria_error *err);

#endif

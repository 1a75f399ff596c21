/* What a training knows besides parameters and optimizer state: all of it goes into a checkpoint, so that a
 * resumed run equals an uninterrupted one. */
#ifndef STRIA_TRAIN_STATE_H
#define STRIA_TRAIN_STATE_H

#include <stdbool.h>

#include <stria/train.h>

#include "base/text.h"

typedef struct stria_training_state {
    int64_t epoch; /* whole epochs done */
    /* Of the epoch after these: steps done, and sums over their samples. */
    int64_t step, samples, correct;
    double loss_sum;
    /* The monitored figure. */
    double best_figure;
    int64_t best_epoch; /* 0: none yet */
    int64_t epochs_without_best;
    /* The last whole epoch, as in stria_epoch. */
    double loss, accuracy, val_loss, val_accuracy, learning_rate, seconds;
    stria_text history; /* one CSV row for each whole epoch */
} stria_training_state;

/* Appends the row of the last whole epoch to the history; false when out of memory. */
bool stria_history_add(stria_training_state *state);

/* Writes the header and the history to `path`, whole or not at all. Errors: IO, MEMORY. */
stria_status stria_history_write(stria_context *context, const stria_training_state *state, const char *path,
                                 stria_error *err);

/* Puts the history, without the seconds, into the model's metadata. Errors: MEMORY. */
stria_status stria_history_keep(const stria_training_state *state, stria_model *model, stria_error *err);

#endif

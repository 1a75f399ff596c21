/* Training options with every default filled in and every text read: checked once, used by all of the room.
 */
#ifndef STRIA_TRAIN_SETTINGS_H
#define STRIA_TRAIN_SETTINGS_H

#include <stria/train.h>

#include "train/loss.h"
#include "train/optimizer.h"
#include "train/schedule.h"

typedef struct stria_settings {
    stria_train_options options; /* epochs, batch and learning_rate are never 0 */
    stria_optimizer optimizer;
    stria_schedule schedule;
    stria_loss loss; /* as asked for: not yet resolved */
} stria_settings;

/* `options` may be NULL. Texts are not copied. Errors: VALUE. */
stria_status stria_settings_read(stria_settings *settings, const stria_train_options *options,
                                 stria_error *err);

#endif

/* What makes a training the one that a checkpoint belongs to: every option that the result depends on, as
 * text. */
#ifndef STRIA_TRAIN_IDENTITY_H
#define STRIA_TRAIN_IDENTITY_H

#include "base/memory.h"
#include "data/dataset.h"
#include "formats/safetensors.h"
#include "train/settings.h"
#include "train/split.h"

#define STRIA_IDENTITY_MAX 20

typedef struct stria_identity {
    stria_arena arena;
    stria_safetext texts[STRIA_IDENTITY_MAX]; /* "training.batch" = "64" ... */
    size_t count;
    bool fixes_epochs; /* "training.epochs" must be equal too */
} stria_identity;

/* `loss` is resolved. Free with stria_identity_free, also after a failure. Errors: MEMORY. */
stria_status stria_identity_make(stria_identity *identity, const stria_model *model,
                                 const stria_dataset *data, const stria_settings *settings,
                                 const stria_split *split, const stria_loss *loss, const char *preprocessing,
                                 stria_error *err);
void stria_identity_free(stria_identity *identity);

/* The text of an option, "batch". It must be one of the identity's. */
const char *stria_identity_value(const stria_identity *identity, const char *option);

/* Whether the checkpoint `file` is of the same training. Errors: FORMAT, names the first option that differs.
 */
stria_status stria_identity_check(const stria_identity *identity, const stria_safetensors *file,
                                  const char *name, stria_error *err);

#endif

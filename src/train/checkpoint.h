/* Checkpoints: a model file with the optimizer's state, the training state and the identity of the training
 * added. Tensors: "optimizer/STATE/TENSOR" for each trained tensor, and, for trainings that end with their
 * best parameters, "training/best/TENSOR". Texts: "training.*", floats as the 16 hexadecimal digits of their
 * bits. */
#ifndef STRIA_TRAIN_CHECKPOINT_H
#define STRIA_TRAIN_CHECKPOINT_H

#include "base/memory.h"
#include "formats/safetensors.h"
#include "train/identity.h"
#include "train/state.h"
#include "train/trainer.h"

/* Parameters of the best epoch, in the layouts of the model's two blocks. */
typedef struct stria_best_parameters {
    float *weights, *statistics; /* NULL when they are not kept */
} stria_best_parameters;

/* Which memory goes where in a checkpoint file; made once for a training. */
typedef struct stria_checkpoint {
    stria_arena arena;
    stria_safetensor *tensors; /* the optimizer's, then the best parameters */
    float **values;            /* where the numbers of each live */
    size_t optimizer_count, best_count;
} stria_checkpoint;

/* Free with stria_checkpoint_free, also after a failure. Errors: MEMORY. */
stria_status stria_checkpoint_make(stria_checkpoint *checkpoint, const stria_trainer *trainer,
                                   const stria_best_parameters *best, stria_error *err);
void stria_checkpoint_free(stria_checkpoint *checkpoint);

/* Writes the training as it stands to `path`, whole or not at all. Errors: IO, MEMORY. */
stria_status stria_checkpoint_write(const stria_checkpoint *checkpoint, const stria_trainer *trainer,
                                    const stria_identity *identity, const stria_training_state *state,
                                    const char *path, stria_error *err);

/* Checks everything in `file` that is not the model's, and reads the training state (an empty one). */
stria_status stria_checkpoint_read_state(const stria_checkpoint *checkpoint, const stria_safetensors *file,
                                         const char *name, const stria_split *split,
                                         const stria_settings *settings, size_t marks,
                                         stria_training_state *state, stria_error *err);

/* Takes over parameters and optimizer state of a file that stria_checkpoint_read_state has checked. On
 * failure nothing changed. Errors: FORMAT when the file is of another model. */
stria_status stria_checkpoint_restore(const stria_checkpoint *checkpoint, const stria_safetensors *file,
                                      const char *name, const stria_training_state *state,
                                      stria_trainer *trainer, stria_error *err);

#endif

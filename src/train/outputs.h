/* The files a training writes: the trained model, the two checkpoints beside it, and the lock that keeps a
 * second training away from them. */
#ifndef STRIA_TRAIN_OUTPUTS_H
#define STRIA_TRAIN_OUTPUTS_H

#include "base/context.h"
#include "base/memory.h"

typedef struct stria_outputs {
    stria_context *context;
    stria_arena arena;
    const char *model;       /* x.safetensors; NULL: nothing is written */
    const char *last, *best; /* x.last.safetensors, x.best.safetensors */
    const char *lock_path;   /* x.safetensors.lock */
    void *lock;
} stria_outputs;

/* Works out the paths, checks that files can be written there and takes the lock. `path` NULL: no such files.
 * The folder of `log` (may be NULL) is checked too. Free with stria_outputs_free, also after a failure.
 * Errors: MISSING (no such folder), IO, BUSY, MEMORY. */
stria_status stria_outputs_open(stria_outputs *outputs, stria_context *context, const char *path,
                                const char *log, stria_error *err);
void stria_outputs_free(stria_outputs *outputs);

#endif

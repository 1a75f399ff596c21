/* The inside of a data set: all samples in memory as stored (bytes or floats), read-only after opening. */
#ifndef STRIA_DATA_DATASET_H
#define STRIA_DATA_DATASET_H

#include <stdbool.h>

#include <stria/data.h>

#include "base/context.h"
#include "tensor/shape.h"

typedef struct stria_samples {
    size_t count;
    const void *x;          /* [count, shape...] of the data set's type */
    const int32_t *labels;  /* [count] or NULL */
    const float *targets;   /* [count, target_shape...] or NULL */
    void *memory[3];        /* what to release, NULL for built-in data */
} stria_samples;

struct stria_dataset {
    stria_context *context;
    const char *name;
    stria_dtype type; /* STRIA_U8 or STRIA_F32 */
    stria_shape shape, target_shape;
    stria_samples parts[2]; /* by stria_part */
    size_t class_count;
    char **classes;            /* NULL: numbers */
    char preprocessing[48];
    double scale; /* of bytes; 1 for floats */
};

/* Parses preprocessing text to the factor that stored numbers are multiplied by. */
bool stria_preprocessing_scale(const char *text, double *scale);

/* ---- Prefetching: the next batch is gathered on another thread while this one is computed ---- */

typedef struct stria_loader stria_loader;

/* One batch, owned by the loader, valid until the next call of stria_loader_next. x is a tensor with slack. */
typedef struct stria_batch {
    size_t count;
    const float *x;
    const int32_t *labels; /* NULL for targets */
    const float *targets;  /* NULL for labels */
} stria_batch;

/* Delivers the samples of `part` given by `order` (NULL: 0, 1, 2 ...) [count], from sample `first` on, in batches of
 * `batch` (the last may be short). `order` must outlive it. `threads`: 0 gathers in the calling thread, 1 on another.
 * Data and preprocessing must outlive the loader. */
stria_status stria_loader_create(stria_loader **loader, const stria_dataset *data, stria_part part,
                                 const char *preprocessing, size_t batch, int threads, stria_error *err);
void stria_loader_free(stria_loader *loader);
/* Starts a pass over order[first..count). */
void stria_loader_start(stria_loader *loader, const uint32_t *order, size_t first, size_t count);
/* The next batch; count 0 at the end of the pass. Allocates nothing. */
stria_batch stria_loader_next(stria_loader *loader);

#endif

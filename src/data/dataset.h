/* The inside of a data set: all samples in memory as stored (bytes or floats), read-only after opening; how
 * the readers of the room build one; and the loader that gathers batches ahead. */
#ifndef STRIA_DATA_DATASET_H
#define STRIA_DATA_DATASET_H

#include <stdbool.h>

#include <stria/data.h>

#include "base/context.h"
#include "formats/npy.h"
#include "tensor/shape.h"

typedef struct stria_samples {
    size_t count;          /* at most UINT32_MAX */
    const void *x;         /* [count, shape...] of the data set's type */
    const int32_t *labels; /* [count] or NULL */
    const float *targets;  /* [count, target_shape...] or NULL */
    void *memory[3];       /* what to release */
} stria_samples;

struct stria_dataset {
    stria_context *context;
    stria_dtype type; /* STRIA_U8 or STRIA_F32 */
    stria_shape shape, target_shape;
    stria_samples parts[2]; /* by stria_part */
    size_t class_count;
    char **classes; /* [class_count], one block with the texts */
    char preprocessing[48];
    double scale; /* of bytes; 1 for floats */
};

/* No file of a data set may be larger, packed or unpacked. */
#define STRIA_DATA_FILE_LIMIT ((uint64_t)1 << 34)

/* Labels are 0 to this. */
#define STRIA_MAX_LABEL 65535

/* ---- Preprocessing ---- */

/* Parses preprocessing text, "" or "scale=<number>", to the factor that stored bytes are multiplied by. */
bool stria_preprocessing_scale(const char *text, double *scale);

/* The preprocessing of pictures in bytes that come without a data set: as stria_preprocessing_for, with 1/255
 * at last. */
const char *stria_preprocessing_for_bytes(const stria_model *model);

/* Writes "scale=..." for a data set of bytes. */
void stria_dataset_set_scale(stria_dataset *data, double scale);

/* ---- Building; on failure the half-made data set is freed with stria_dataset_free ---- */

/* An empty data set with scale 1. Errors: MEMORY. */
stria_status stria_dataset_new(stria_dataset **data, stria_context *context, stria_error *err);

/* Makes `array` [N, ...], whose elements lie in `memory`, the samples of a part. [N,H,W] becomes N pictures
 * of one channel; bytes stay bytes, floats floats, other types are converted. The first part taken fixes
 * shape and type.
 * `*memory` belongs to the data set afterwards, and is set to NULL; on failure it stays the caller's. `name`
 * is for messages. Errors: SHAPE, LIMIT, MEMORY. */
stria_status stria_dataset_take_x(stria_dataset *data, stria_part part, const stria_npy *array, void **memory,
                                  const char *name, stria_error *err);

/* The same for y: integers [N] or [N,1] are labels, everything else are targets. Copies, so `array` stays the
 * caller's. Errors: as above; VALUE for a label out of range, named with its index. */
stria_status stria_dataset_take_y(stria_dataset *data, stria_part part, const stria_npy *array,
                                  const char *name, stria_error *err);

/* Counts the classes and names them. `classes` [class_count] may be NULL: the classes are then 0 to the
 * largest label. Errors: VALUE for a label of class_count and above, MEMORY. */
stria_status stria_dataset_finish(stria_dataset *data, const char *const *classes, size_t class_count,
                                  const char *name, stria_error *err);

/* ---- Reading ---- */

/* Writes samples order[first..first+count) (NULL: first, first + 1, ...) of a part as floats, bytes
 * multiplied by `scale`. The order's indices must be below the part's count. labels and targets may be NULL.
 */
void stria_dataset_gather(const stria_dataset *data, stria_part part, const uint32_t *order, size_t first,
                          size_t count, double scale, float *x, int32_t *labels, float *targets);

/* ---- Prefetching: the next batch is gathered on another thread while this one is computed ---- */

typedef struct stria_loader stria_loader;

/* One batch, owned by the loader, valid until the next call of stria_loader_next. x is a tensor with slack.
 */
typedef struct stria_batch {
    size_t count;
    const float *x;
    const int32_t *labels; /* NULL for targets */
    const float *targets;  /* NULL for labels */
} stria_batch;

/* Delivers the samples of `part` given by the order of stria_loader_start in batches of `batch` (the last may
 * be short). `threads`: 0 gathers in the calling thread, 1 on another. `preprocessing` NULL: the data's own.
 * Data must outlive the loader. One thread at a time may call the loader's functions. Errors: VALUE, LIMIT,
 * MEMORY, IO when the thread cannot be started. */
stria_status stria_loader_create(stria_loader **loader, const stria_dataset *data, stria_part part,
                                 const char *preprocessing, size_t batch, int threads, stria_error *err);
/* NULL is allowed; at any time. */
void stria_loader_free(stria_loader *loader);
/* Starts a pass over order[first..count), ending an unfinished one. `order` (NULL: 0, 1, 2 ...) must live
 * until the next start or free; count and the order's indices must not pass the part's count. */
void stria_loader_start(stria_loader *loader, const uint32_t *order, size_t first, size_t count);
/* The next batch; count 0 at the end of the pass. Allocates nothing. */
stria_batch stria_loader_next(stria_loader *loader);

#endif

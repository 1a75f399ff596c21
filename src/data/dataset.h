/* The inside of a data set: its samples in memory as stored (bytes or floats), or the picture files they are
 * decoded from, read-only after opening; how the readers of the room build one; and the loader that gathers
 * batches ahead. */
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
    char preprocessing[160];
    double scale;                      /* of bytes; 1 for floats */
    int decode_threads;                /* of loaders; 0: as many as the context has */
    bool skip_broken;                  /* files that cannot be read are left out */
    struct stria_picture_files *files; /* what the samples are decoded from; NULL: they are in memory */
};

/* No file of a data set may be larger, packed or unpacked. */
#define STRIA_DATA_FILE_LIMIT ((uint64_t)1 << 34)

/* Labels are 0 to this. */
#define STRIA_MAX_LABEL 65535

/* ---- Preprocessing ---- */

/* What preprocessing text says. */
typedef struct stria_preprocessing {
    double scale;          /* what bytes are multiplied by; 1 where nothing is said */
    int64_t height, width; /* pictures were resized to; 0 where nothing is said */
    int64_t channels;      /* and converted to */
    char resize[16];       /* by this method; "" where nothing is said */
    bool crop;             /* cut to the aspect ratio before */
} stria_preprocessing;

/* Reads preprocessing text: "" or some of "scale=1/255 size=224x224 resize=bilinear crop=yes channels=3" in
 * any order. Errors: VALUE names what is not understood. */
stria_status stria_preprocessing_read(stria_preprocessing *preprocessing, const char *text, stria_error *err);

/* Reads the scale alone. */
stria_status stria_preprocessing_scale(const char *text, double *scale, stria_error *err);

/* The preprocessing to keep with a model that is trained on the data: as stria_preprocessing_for, and for
 * picture files what is done to them now, whatever was done before. Freed with stria_release. Errors: VALUE,
 * MEMORY. */
stria_status stria_preprocessing_to_keep(char **text, const stria_model *model, const stria_dataset *data,
                                         stria_error *err);

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

/* Whether samples are read from files when they are asked for. */
bool stria_dataset_streams(const stria_dataset *data);

/* Whether a sample that fails to be read with this status is one to leave out. */
bool stria_dataset_leaves_out(const stria_dataset *data, stria_status status);

/* Writes samples order[first..first+count) (NULL: first, first + 1, ...) of a part as floats, bytes
 * multiplied by `scale`. The order's indices must be below the part's count. labels and targets may be NULL.
 * Errors: none for samples in memory; for files as stria_picture_read, SHAPE. Any thread. */
stria_status stria_dataset_gather(const stria_dataset *data, stria_part part, const uint32_t *order,
                                  size_t first, size_t count, double scale, float *x, int32_t *labels,
                                  float *targets, stria_error *err);

/* ---- Loading: the next batches are gathered on other threads while this one is computed ---- */

#define STRIA_MAX_DECODE_THREADS 256

typedef struct stria_loader stria_loader;

/* One batch, owned by the loader, valid until the next call of stria_loader_next. x is a tensor with slack.
 */
typedef struct stria_batch {
    size_t count;
    size_t taken; /* places of the pass that it stands for, those of broken files included; 0: the end */
    const float *x;
    const int32_t *labels;   /* NULL for targets */
    const float *targets;    /* NULL for labels */
    const uint32_t *indices; /* [count] of the samples in their part */
} stria_batch;

/* How many threads a loader of the data should have: 0 when the context has one only; 1 for samples in
 * memory; for files as many as the data set's options say, or as the context has. */
int stria_loader_threads(const stria_dataset *data);

/* Delivers the samples of `part` given by the order of stria_loader_start in batches of `batch` (the last may
 * be short, and any that has broken files which are left out). `threads`: 0 gathers in the calling thread;
 * more than 1 only for files. `preprocessing` NULL: the data's own; only its scale is used. Data must outlive
 * the loader. One thread at a time may call the loader's functions. Errors: VALUE, LIMIT, MEMORY, IO when a
 * thread cannot be started. */
stria_status stria_loader_create(stria_loader **loader, const stria_dataset *data, stria_part part,
                                 const char *preprocessing, size_t batch, int threads, stria_error *err);
/* NULL is allowed; at any time. */
void stria_loader_free(stria_loader *loader);
/* Starts a pass over order[first..end), ending an unfinished one. `order` (NULL: 0, 1, 2 ...) must live
 * until the next start or free; end and the order's indices must not pass the part's count. */
void stria_loader_start(stria_loader *loader, const uint32_t *order, size_t first, size_t end);
/* The next batch; `taken` 0 at the end of the pass. Allocates nothing for samples in memory. Errors: what
 * reading the batch's first bad sample gave; the pass is then at its end. */
stria_status stria_loader_next(stria_loader *loader, stria_batch *batch, stria_error *err);

#endif

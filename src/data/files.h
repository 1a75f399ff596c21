/* Data sets of picture files: only paths, labels and targets are in memory, so that a data set may be larger
 * than it; a sample is decoded, converted, cut and resized when it is read. */
#ifndef STRIA_DATA_FILES_H
#define STRIA_DATA_FILES_H

#include <stdatomic.h>

#include <stria/picture.h>

#include "base/text.h"
#include "data/cache.h"
#include "data/dataset.h"

/* The files of a part: paths one after the other in one block, each with its end. */
typedef struct stria_file_list {
    char *paths;
    size_t length, paths_capacity;
    uint32_t *starts; /* [count] where each begins in `paths` */
    size_t count, starts_capacity;
    int32_t *labels; /* [count], or NULL when there are targets */
    size_t labels_capacity;
    float *targets; /* [count, target size] */
    size_t targets_capacity;
    atomic_uchar *broken; /* [count] 1 for a file that was left out; NULL where none is */
} stria_file_list;

typedef struct stria_picture_files {
    char *folder; /* that paths are relative to, with its last slash; "" for the current one */
    stria_file_list parts[2];
    stria_preprocessing fit; /* what is done to each picture; sizes and channels are known once it is open */
    bool own_size, own_channels; /* those of the first picture, which all must have */
    bool ordered_by_class;       /* the training part's labels never fall */
    atomic_size_t broken_count;
    stria_picture_cache *cache; /* NULL for none */
} stria_picture_files;

/* An empty data set of files in `folder` (NULL: the current one). Errors: VALUE for bad options, MEMORY. */
stria_status stria_files_new(stria_dataset **data, stria_context *context, const char *folder,
                             const stria_dataset_options *options, stria_error *err);

/* Adds a file with a label, or, when `targets` is not NULL, with numbers [target_count]. Errors: MEMORY,
 * LIMIT. */
stria_status stria_files_add(stria_dataset *data, stria_part part, const char *path, size_t length,
                             int32_t label, const float *targets, size_t target_count, stria_error *err);

/* Closes the lists, names the classes, learns from the first picture what the options leave open, and opens
 * the cache. Errors: as stria_picture_read and stria_dataset_finish; VALUE when there are no files. */
stria_status stria_files_finish(stria_dataset *data, const stria_dataset_options *options,
                                const char *const *classes, size_t class_count, const char *name,
                                stria_error *err);

/* NULL is allowed. */
void stria_files_free(stria_picture_files *files, stria_context *context);

/* The path of a file within its folder. */
const char *stria_files_name(const stria_picture_files *files, stria_part part, size_t index);

/* The whole path, freed with stria_text_free. Errors: MEMORY. */
stria_status stria_files_path(stria_text *path, const stria_dataset *data, stria_part part, size_t index,
                              stria_error *err);

/* Reads one sample to x as floats, bytes multiplied by `scale`. Any thread. */
stria_status stria_files_read(const stria_dataset *data, stria_part part, size_t index, double scale,
                              float *x, stria_error *err);

/* Continues a checksum over what tells the files of a part apart: names and sizes. Errors: MEMORY. */
stria_status stria_files_checksum(const stria_dataset *data, stria_part part, uint32_t *checksum,
                                  stria_error *err);

/* ---- Making a picture fit ---- */

/* Converts, cuts and resizes as `fit` says; what it says nothing of stays. Errors: as those functions. */
stria_status stria_picture_fit(stria_picture *picture, stria_context *context, const stria_preprocessing *fit,
                               stria_error *err);

/* Completes `fit` by the model: sizes and channels by its input, method and cut by its metadata, where
 * nothing is said yet. Errors: VALUE for metadata that cannot be read. */
stria_status stria_preprocessing_complete(stria_preprocessing *fit, const stria_model *model,
                                          stria_error *err);

/* Writes preprocessing text. */
void stria_preprocessing_write(const stria_preprocessing *preprocessing, char *text, size_t size);

#endif

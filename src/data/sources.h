/* Where data sets come from: one function for each kind. All of them give a finished data set, or an error
 * that names the file and what would help. */
#ifndef STRIA_DATA_SOURCES_H
#define STRIA_DATA_SOURCES_H

#include <stdbool.h>

#include <stria/data.h>

#include "formats/npy.h"

/* *kind: a file (1), a folder (2), something else (3) or nothing (0). Errors: IO when the system does not
 * say. */
stria_status stria_data_probe(stria_context *context, const char *path, int *kind, stria_error *err);

/* *found: the folder holds the training images of an IDX data set. Errors: IO, MEMORY. */
stria_status stria_idx_folder_looks(bool *found, stria_context *context, const char *folder,
                                    stria_error *err);

/* Opens a folder of IDX files with MNIST's names. `classes` [class_count] may be NULL. */
stria_status stria_idx_folder_open(stria_dataset **data, stria_context *context, const char *folder,
                                   const char *const *classes, size_t class_count, stria_error *err);

/* Whether `name` is "digits" with nothing but figures and signs behind it: a name of the digits, right or
 * wrong. */
bool stria_digits_is_name(const char *name);

/* Opens "digits", which is compiled in, or "digits16@28x28+3-2". Errors: VALUE for a name that says something
 * else or digits that leave the picture, MEMORY. */
stria_status stria_digits_open(stria_dataset **data, stria_context *context, const char *name,
                               stria_error *err);

/* Opens a folder of pictures in a folder for each class. */
stria_status stria_class_folder_open(stria_dataset **data, stria_context *context, const char *folder,
                                     const stria_dataset_options *options, stria_error *err);

/* Whether a file is a list by its name, and opening one. */
bool stria_csv_looks(const char *path);
stria_status stria_csv_dataset_open(stria_dataset **data, stria_context *context, const char *path,
                                    const stria_dataset_options *options, stria_error *err);

/* *found: the folder holds CIFAR's files. Errors: IO, MEMORY. And opening them. */
stria_status stria_cifar_looks(bool *found, stria_context *context, const char *folder, stria_error *err);
stria_status stria_cifar_open(stria_dataset **data, stria_context *context, const char *folder,
                              stria_error *err);

/* Opens an .npz archive from its bytes; `name` is for messages. */
stria_status stria_npz_dataset_open(stria_dataset **data, stria_context *context, const void *bytes,
                                    size_t size, const char *name, stria_error *err);

/* Whether an archive has the array, and the error when it has not, with what it has as far as that fits. */
bool stria_npz_has(const stria_npz *npz, const char *member);
stria_status stria_npz_fail_missing(const stria_npz *npz, const char *name, const char *wanted,
                                    stria_error *err);

#endif

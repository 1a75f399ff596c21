/* Archives of arrays that Keras made, with weights named CASE.LAYER.TENSOR. */
#ifndef STRIA_TESTS_TRAIN_KERAS_ARCHIVE_H
#define STRIA_TESTS_TRAIN_KERAS_ARCHIVE_H

#include "formats/npy.h"
#include "train/training_fixture.h"

/* An opened archive, with a context of its own. */
typedef struct keras_archive {
    test_context test;
    char *bytes;
    stria_npz *npz;
} keras_archive;

/* `name` of a file in tests/train. */
void open_archive(keras_archive *archive, const char *name);
void close_archive(keras_archive *archive);

/* The numbers of a member as floats, and in `doubles` (when not NULL) as they are. Freed with free. */
float *read_member(const keras_archive *archive, const char *name, size_t count, double *doubles);

/* Sets every tensor of the model to that of case `of`. */
void start_from_keras(const keras_archive *archive, stria_model *model, const char *of);

/* Fails when a tensor differs from that of case `of` by more than `tolerance` times its largest value. */
void compare_weights(const keras_archive *archive, const stria_model *model, const char *of,
                     double tolerance);

#endif

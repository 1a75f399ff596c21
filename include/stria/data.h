/* Data sets, pictures and arrays: what goes into a model. */
#ifndef STRIA_DATA_H
#define STRIA_DATA_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/model.h>
#include <stria/shape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Data sets ---- */

struct stria_picture; /* of <stria/picture.h> */

/* Samples with labels or targets, in a training part and a test part: in memory, or in picture files that are decoded
 * when they are read. Immutable once opened: any thread may read. */
typedef struct stria_dataset stria_dataset;

typedef enum stria_part {
    STRIA_PART_TRAIN = 0,
    STRIA_PART_TEST /* falls back to nothing: its count is 0 when the data has no test part */
} stria_part;

/* Opens the data set called `name`.
 *
 * "digits" is built in: 1,797 handwritten digits of 8x8 pixels (UCI). Every fifth digit of each class is the
 * test part: 355 of them, 1,442 are for training. "digits16@28x28+3-2" draws them 16x16 pixels large (8 to 256) in
 * pictures of height 28 and width 28, in the middle and from there 3 rows down and 2 columns to the left (+ is down and
 * right); "digits16@28x28" stays in the middle, "digits16" fills the picture.
 *
 * "fashion-mnist" is 70,000 pictures of clothes of 28x28 pixels, from Debian's package dataset-fashion-mnist.
 *
 * A folder holds IDX files under MNIST's names, plain or .gz (the t10k files, the test part, may be missing); or
 * CIFAR-10's data_batch_1.bin ... and test_batch.bin, or CIFAR-100's train.bin and test.bin; or a folder of pictures for
 * each class, called as the class. Subfolders "train" and "test" (or "val", "valid", "validation") of class folders,
 * with nothing beside them, are the two parts.
 *
 * An .npz archive holds x and y, or x_train, y_train and perhaps x_test, y_test. Integers y [N] or [N,1] are
 * labels, any other y targets.
 *
 * A .csv file lists pictures by path, from its own folder on, with their labels or targets (docs/data.md).
 *
 * Known names come first: write "./digits" for a folder of that name. Pictures [N,H,W] get one channel, [N,F]
 * are flat features. Unsigned bytes are kept as they are, floats too, other numbers become floats.
 *
 * Errors: MISSING (says what to install), FORMAT, SHAPE, VALUE (label out of range), UNSUPPORTED, NOT_BUILT,
 * IO, MEMORY, LIMIT. The caller owns the data set. */
STRIA_API stria_status stria_dataset_open(stria_dataset **data, stria_context *context, const char *name,
                                          stria_error *err);

/* How a data set is opened. All zero means the defaults. Everything but the model is about picture files: other data is
 * as it is. */
typedef struct stria_dataset_options {
    size_t struct_size;
    const stria_model *model; /* says what is not said below: size and channels by its input, the way of resizing by how it
                                 was trained; NULL: none */
    int64_t height, width;    /* pictures are resized to this; 0: the model's, else their own, which must be one for all */
    int64_t channels;         /* and converted to 1 (grey) to 4 (RGB with alpha); 0: as above */
    const char *resize;       /* a method of stria_picture_resize; NULL: the model's, else "bilinear" */
    int crop_to_aspect_ratio; /* 1: only the middle that has the new aspect ratio is kept */
    int decode_threads;       /* threads that decode ahead; 0: as many as the context has */
    const char *cache;        /* where decoded pictures are kept for the next epoch: "memory", a file, or a folder for
                                 files of any data; NULL: nowhere */
    uint64_t cache_bytes;     /* the most that "memory" takes; 0: 4 GB */
    int skip_broken;          /* 1: files that cannot be read are left out, each told to the context's log once */
    int keep_empty_classes;   /* 1: a class folder may hold no pictures */
} stria_dataset_options;

/* The same with options, NULL for the defaults. Errors: also VALUE for options that say nothing possible. */
STRIA_API stria_status stria_dataset_open_with(stria_dataset **data, stria_context *context, const char *name,
                                               const stria_dataset_options *options, stria_error *err);

/* Makes a data set of numbers the caller has: x [count, shape...], and either labels [count] (0 to
 * class_count-1) or, with labels NULL, targets [count, target_shape...]. Everything is copied. All samples
 * are in the training part. Errors: VALUE, SHAPE, MEMORY. */
STRIA_API stria_status stria_dataset_create(stria_dataset **data, stria_context *context, const float *x,
                                            const stria_shape *shape, size_t count, const int32_t *labels,
                                            size_t class_count, const float *targets,
                                            const stria_shape *target_shape, stria_error *err);

/* NULL is allowed. */
STRIA_API void stria_dataset_free(stria_dataset *data);

/* Samples in a part. */
STRIA_API size_t stria_dataset_count(const stria_dataset *data, stria_part part);

/* Shape of one sample, without batch. It and the strings below live as long as the data set. */
STRIA_API const stria_shape *stria_dataset_shape(const stria_dataset *data);

/* Classes, 0 when the data has targets instead of labels (else the largest label of both parts and one,
 * unless the data set is known to have more); and their names ("0", "1", ... when the data has none; NULL
 * past the end). */
STRIA_API size_t stria_dataset_class_count(const stria_dataset *data);
STRIA_API const char *stria_dataset_class_name(const stria_dataset *data, size_t index);

/* Shape of one target, rank 0 when the data has labels. */
STRIA_API const stria_shape *stria_dataset_target_shape(const stria_dataset *data);

/* How stored bytes become the model's input, as kept in trained models: "scale=0.00392156862745098" for
 * pictures in bytes, "" for floats, which are used as they are. For picture files also what is done to them before:
 * "scale=0.00392156862745098 size=224x224 resize=bilinear channels=3", with "crop=yes" where they are cut to the new
 * aspect ratio, and no size where they keep their own. */
STRIA_API const char *stria_dataset_preprocessing(const stria_dataset *data);

/* Writes the samples indices[0..count) of `part` as floats to x [count, shape...], and, when not NULL, their
 * labels to `labels` or targets to `targets`. Stored bytes are multiplied by the scale of `preprocessing`
 * (text as above; NULL: the data's own); floats stay as they are, as in stria_array_fit; sizes and channels are those
 * that the data was opened with. Errors: VALUE for an index out of range or bad preprocessing text; for picture files
 * as stria_picture_read, naming the file, and SHAPE for a picture of another size where nothing says which. Any thread. */
STRIA_API stria_status stria_dataset_read(const stria_dataset *data, stria_part part, const uint32_t *indices,
                                          size_t count, const char *preprocessing, float *x, int32_t *labels,
                                          float *targets, stria_error *err);

/* Writes the path of a sample's file, and its end, as far as `size` allows; returns the length it has, 0 for samples that
 * are not in files of their own. */
STRIA_API size_t stria_dataset_path(const stria_dataset *data, stria_part part, size_t index, char *text, size_t size);

/* A sample's label; -1 when the data has targets, or past the end. */
STRIA_API int32_t stria_dataset_label(const stria_dataset *data, stria_part part, size_t index);

/* A sample's targets, as many as stria_dataset_target_shape has numbers; NULL when the data has labels, or past the end.
 * They live as long as the data set. */
STRIA_API const float *stria_dataset_targets(const stria_dataset *data, stria_part part, size_t index);

/* A sample as the picture it is stored as, before any conversion; freed with stria_picture_free of the data's context.
 * Errors: VALUE for an index out of range, UNSUPPORTED for samples that are no pictures in bytes, as stria_picture_read.
 * Any thread. */
STRIA_API stria_status stria_dataset_picture(const stria_dataset *data, stria_part part, size_t index,
                                             struct stria_picture *picture, stria_error *err);

/* Files that have been left out so far as they could not be read. */
STRIA_API size_t stria_dataset_broken(const stria_dataset *data);

/* The most groups of stria_dataset_split. */
#define STRIA_MAX_SHARES 16

/* Deals the samples of a part out to groups: groups[i] is the group of sample i, of stria_dataset_count. The shares are
 * above 0 and make 1 together. `how`: "end" cuts the part as it stands, "random" deals by `seed`, "stratified" too, and
 * gives every class its share of every group, to one sample (largest remainders); NULL: stratified where there are
 * labels, else random. The same data and seed give the same groups. Errors: VALUE, also for a share that is no sample;
 * MEMORY. */
STRIA_API stria_status stria_dataset_split(const stria_dataset *data, stria_part part, const double *shares,
                                           size_t share_count, const char *how, uint64_t seed, uint8_t *groups,
                                           stria_error *err);

/* The preprocessing that fits both a model and data: the model's own (metadata) when it has one; none when
 * a `rescaling` or `normalization` layer stands before the model's first other layer with parameters: the model then sees
 * the stored numbers, as in Keras; else the data's.
 * Constant or owned by model or data. */
STRIA_API const char *stria_preprocessing_for(const stria_model *model, const stria_dataset *data);

/* ---- Arrays ---- */

/* A block of numbers read from a file. */
typedef struct stria_array {
    stria_shape shape; /* with the batch, when the file has one */
    float *values;     /* row-major; integers and doubles were converted */
    int from_bytes;    /* 1 when the file held unsigned bytes */
} stria_array;

/* Reads pictures or arrays for prediction, told apart by content: a picture of any format that stria_picture_read
 * takes gives [1,H,W,C] with the file's channels (bytes as 0 to 255; 16 bits as v/257, so 0 to 255 too, in steps of
 * 1/257; transparency as a channel), an IDX file or a .npy, plain or packed with gzip, what it holds. Free with stria_array_free of the same context. Errors: MISSING,
 * FORMAT, UNSUPPORTED, NOT_BUILT, LIMIT, IO, MEMORY. */
STRIA_API stria_status stria_array_read(stria_array *array, stria_context *context, const char *path,
                                        stria_error *err);

/* Reads the array that a file has for input `input` of a model: of an .npz archive the member that is called
 * as the input, or the only one where the model has one input; any other file holds the array of a model with
 * one input. As stria_array_read; MISSING also when the archive has no such member. */
STRIA_API stria_status stria_array_read_input(stria_array *array, stria_context *context, const char *path,
                                              const stria_model *model, size_t input, stria_error *err);

/* Makes an array of zeros. Errors: VALUE, MEMORY. */
STRIA_API stria_status stria_array_create(stria_array *array, stria_context *context,
                                          const stria_shape *shape, stria_error *err);

/* Frees the numbers and clears the struct; a cleared struct is allowed. */
STRIA_API void stria_array_free(stria_array *array, stria_context *context);

/* Writes a .npy file (little-endian float32, C order), whole or not at all. Errors: IO, MEMORY. */
STRIA_API stria_status stria_array_write_npy(stria_context *context, const char *path, const float *values,
                                             const stria_shape *shape, stria_error *err);

/* Turns `array` into samples for input 0 of `model`: converts and resizes pictures in bytes [N,H,W,C] as those that the
 * model was trained on (bilinear when it does not say), adds a missing batch or channel dimension of 1, applies
 * the model's preprocessing to bytes (1/255 when it has none and does not rescale them itself), and checks
 * the sizes. The array is changed in place (to [N, shape...], from_bytes 0). Its memory is of `context`.
 * Errors: SHAPE says both shapes and the conversion that would help. */
STRIA_API stria_status stria_array_fit(stria_array *array, stria_context *context, const stria_model *model,
                                       stria_error *err);

/* The same for input `input`. */
STRIA_API stria_status stria_array_fit_input(stria_array *array, stria_context *context,
                                             const stria_model *model, size_t input, stria_error *err);

#ifdef __cplusplus
}
#endif

#endif

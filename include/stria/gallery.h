/* Pictures of a data set, and of what a model's random layers make of them, as sheets (stria/sheet.h). */
#ifndef STRIA_GALLERY_H
#define STRIA_GALLERY_H

#include <stddef.h>
#include <stdint.h>

#include <stria/data.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/model.h>
#include <stria/sheet.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero means the defaults. */
typedef struct stria_gallery_options {
    size_t struct_size;
    const char *name;  /* what the data is called in the title; NULL: "data" */
    stria_part part;
    size_t samples;    /* contact sheet: of each class; 0: 10, or 4 of more than 24 classes. Augmented: pictures; 0: 4 */
    int shuffle;       /* 1: samples are chosen at random by `seed`; 0: the first */
    uint64_t seed;     /* also of the random layers */
    size_t draws;      /* augmented: for each picture; 0: 8 */
} stria_gallery_options;

/* A contact sheet: some samples of each class, under the class's name and number of samples; of data without classes some
 * of all. Pictures are shown as they are stored. Samples that cannot be read are passed over, and counted in a note.
 * `options` may be NULL. The caller owns the sheet. Errors: UNSUPPORTED for samples that are no pictures [H,W,C],
 * VALUE for an empty part, MEMORY. */
STRIA_API stria_status stria_contact_sheet(stria_sheet **sheet, const stria_dataset *data,
                                           const stria_gallery_options *options, stria_error *err);

/* What the random layers that `model` begins with do while training: a row for each picture, first as it is, then as it
 * comes out of the last of those layers in different steps. Pictures are one batch, so layers that mix mix these.
 * What rescaling and normalization in between do is undone for showing, as far as it can be; notes say which layers took
 * part. Data is opened for the model (stria_dataset_options). Errors: VALUE for a model that begins with no random
 * layers, SHAPE when data and model do not fit, UNSUPPORTED for several inputs or what is no picture, those of
 * stria_plan_create and stria_dataset_read, MEMORY. */
STRIA_API stria_status stria_augmented_sheet(stria_sheet **sheet, stria_model *model, const stria_dataset *data,
                                             const stria_gallery_options *options, stria_error *err);

#ifdef __cplusplus
}
#endif

#endif

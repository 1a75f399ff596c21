/* The inputs of a prediction: the samples in a file, or chosen samples of a data set, ready for a model. */
#ifndef CLI_SAMPLES_H
#define CLI_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/stria.h>

#include "options.h"

typedef struct cli_samples {
    const char *name;          /* the file's or the data set's */
    stria_array array;         /* [count, shape...] as the model wants them */
    stria_array *more;         /* the same for the model's further inputs */
    size_t more_count;
    float *stored;             /* the same before scaling, to show them; NULL when that was not asked for */
    float low, high;           /* black and white of `stored` */
    uint32_t *indices;         /* [count] places in the data set; NULL for a file */
    int32_t *labels;           /* [count] true classes; NULL when unknown */
    const stria_dataset *data; /* NULL for a file */
} cli_samples;

/* Reads a picture, by path or as a sample photograph, an IDX file, a .npy, or an .npz with an array for each input.
 * Prints what is wrong and returns the exit status; `samples` is to be freed in any case. */
int cli_samples_read_file(cli_samples *samples, stria_context *context, const stria_model *model,
                          const char *name, bool keep_stored);

/* Reads samples of a data set. `index` holds lists as "0,5,10-19". As above. */
int cli_samples_read_data(cli_samples *samples, stria_context *context, const stria_model *model,
                          const stria_dataset *data, const char *name, stria_part part, const cli_list *index,
                          bool keep_stored);

/* A cleared struct is allowed. */
void cli_samples_free(cli_samples *samples, stria_context *context);

/* How many samples there are. */
size_t cli_samples_count(const cli_samples *samples);

/* What a sample is called: "shoe.png", "pictures.npy[3]", "fashion-mnist[17]". Returns `text`. */
char *cli_sample_name(const cli_samples *samples, size_t sample, char *text, size_t size);

/* Product of the sizes of a shape that exists in memory. */
size_t cli_shape_elements(const stria_shape *shape);

#endif

/* stria data: what its files share. */
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include <stdbool.h>

#include <stria/stria.h>

#include "open.h"
#include "options.h"

typedef struct data_options {
    cli_machine machine;
    const char *sheet, *augmented, *model, *part;
    int64_t decode_threads, samples, seed, draws, zoom;
    bool dark, json;
} data_options;

/* What was examined. */
typedef struct data_subject {
    const char *name;
    const stria_dataset *data;
    const stria_examination *found;
} data_subject;

/* Classes with fewer training samples than this are remarked on. */
#define DATA_FEW_SAMPLES 10

/* Opens data to be looked at as it is stored. Returns the exit status. */
int data_open(stria_dataset **data, stria_context *context, const char *name, int64_t decode_threads);

/* Print the result. Return the exit status. */
int data_tell(const data_subject *of);
int data_tell_json(const data_subject *of);

/* Write the pictures that the options ask for. Return the exit status. */
int data_write_sheet(const data_options *options, stria_context *context, const char *name);
int data_write_augmented(const data_options *options, stria_context *context, const char *name);

/* A sample's path, or "train[17]" where it has no file. The caller frees it; NULL without memory. */
char *data_sample_name(const stria_dataset *data, stria_place place);

/* "train" or "test". */
const char *data_part_name(stria_part part);

#endif

/* Telling what a model gave for each sample: as lines of a table, as JSON, or as pictures with captions. */
#ifndef CLI_TELLER_H
#define CLI_TELLER_H

#include <stria/stria.h>

#include "picture.h"
#include "samples.h"
#include "table.h"

#define CLI_MOST_TOP     1000
#define CLI_CAPTION_SIZE 512

typedef enum cli_telling {
    CLI_TELL_LINES,
    CLI_TELL_JSON,     /* an object for each sample, at once */
    CLI_TELL_PICTURES, /* at the end, side by side; the samples must live until then */
    CLI_TELL_NOTHING   /* but how many were right */
} cli_telling;

typedef struct cli_teller {
    cli_telling form;
    const stria_model *model;
    const char *layer;  /* the inner layer the outputs are of; NULL: the model's own */
    size_t top;         /* how many classes; 0: as many as are usual for the form */
    stria_shape output; /* of one sample; set before telling, and again when it changes */
    size_t output_size; /* numbers in it */
    cli_table table;
    cli_column columns[CLI_MOST_COLUMNS];
    char titles[CLI_MOST_COLUMNS][8];
    bool titles_are_printed;
    cli_picture *pictures;
    char (*captions)[CLI_CAPTION_SIZE];
    size_t picture_count;
    size_t known, right; /* samples whose class is known, and those the model names so */
} cli_teller;

/* `top` 0: the usual number of classes. Free with cli_teller_free. */
cli_teller cli_teller_create(cli_telling form, const stria_model *model, const char *layer, int64_t top);

/* Tells of one sample, whose outputs are at `outputs`. Returns the exit status. */
int cli_tell(cli_teller *teller, const cli_samples *samples, size_t sample, const float *outputs);

/* Prints what was gathered. Returns the exit status. */
int cli_teller_finish(cli_teller *teller);

void cli_teller_free(cli_teller *teller);

#endif

/* What --maps, --explain and --at look at: a picture file, or a sample of a data set; the layer that is named
 * beside it. */
#ifndef CLI_SEE_INPUT_H
#define CLI_SEE_INPUT_H

#include "picture_input.h"
#include "samples.h"
#include "see.h"

typedef struct see_input {
    const char *layer;          /* NULL: none was named */
    char name[256];             /* of the picture or sample */
    const float **inputs;       /* of the model, [shape...] each */
    stria_shape *shapes;        /* theirs */
    const stria_picture *shown; /* as it looks; bytes NULL for what is not made of pixels */
    cli_picture_input picture;
    cli_samples samples;
    stria_picture drawn;
} see_input;

/* Reads MODEL [LAYER] PICTURE, or MODEL [LAYER] with --data and --index. Prints what is wrong and returns the
 * exit status; to be freed in any case. */
int see_input_read(see_input *input, const see *run);
void see_input_free(see_input *input, const see *run);

#endif

/* The one picture that the modes of stria see look at: read, its bands picked, converted and resized to what
 * a model takes, with a remark on stderr for each of these. */
#ifndef CLI_PICTURE_INPUT_H
#define CLI_PICTURE_INPUT_H

#include <stria/stria.h>

typedef struct cli_picture_input {
    stria_array array; /* [1, shape...] as the model wants it; without a model bytes are divided by 255 */
    stria_picture
        shown; /* the same before scaling, 1 or 3 channels, to draw on; bytes NULL when it is no picture */
} cli_picture_input;

/* Reads the first sample of a file or a sample photograph for `model`; NULL: one grey channel of any size.
 * `bands` picks channels by number from 1, as "3,2,1"; NULL: all. Prints what is wrong and returns the exit
 * status; `input` is to be freed in any case. */
int cli_picture_input_read(cli_picture_input *input, stria_context *context, const stria_model *model,
                           const char *name, const char *bands);

/* The shape of the sample, without batch. */
stria_shape cli_picture_input_shape(const cli_picture_input *input);

/* A cleared struct is allowed. */
void cli_picture_input_free(cli_picture_input *input, stria_context *context);

#endif

/* The CSV log: one row for each epoch. The rows live in the training state, so that a resumed training's log
 * has the earlier ones. Numbers are the shortest decimals that read back to the same double; what there is
 * none of is empty. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "train/state.h"

static const char header[] = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds\n";

static void add_number(stria_text *row, bool known, double value)
{
    char number[40];
    stria_text_add(row, ",");
    if (known)
        stria_text_add(row, isnan(value) ? "nan" : stria_double_text(value, number, sizeof(number)));
}

bool stria_history_add(stria_training_state *state)
{
    /* val_accuracy is NaN without validation and never with it; accuracies are -1 without labels. */
    const bool validated = !isnan(state->val_accuracy);
    stria_text *row = &state->history;
    stria_text_format(row, "%lld", (long long)state->epoch);
    add_number(row, true, state->loss);
    add_number(row, state->accuracy >= 0, state->accuracy);
    add_number(row, validated, state->val_loss);
    add_number(row, validated && state->val_accuracy >= 0, state->val_accuracy);
    add_number(row, true, state->learning_rate);
    const long long milliseconds = llround(state->seconds * 1000);
    stria_text_format(row, ",%lld.%03lld\n", milliseconds / 1000, milliseconds % 1000);
    return !row->failed;
}

stria_status stria_history_write(stria_context *context, const stria_training_state *state, const char *path,
                                 stria_error *err)
{
    const stria_bytes pieces[] = {
        {header, sizeof(header) - 1},
        {state->history.length > 0 ? state->history.bytes : "", state->history.length},
    };
    return stria_file_write(context, path, pieces, 2, true, err);
}

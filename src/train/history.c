/* The history of a training: one row of CSV for each epoch. The rows live in the training state, so that a
 * resumed training has the earlier ones. Numbers are the shortest decimals that read back to the same double;
 * what there is none of is empty.
 *
 * The log has the seconds as its last column. The model's metadata has it without them, for the file of a
 * trained model does not depend on how fast it was trained; stria_history_read makes epochs of that. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "model/model.h"
#include "train/state.h"

#define COLUMNS "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate"

static const char header[] = COLUMNS ",seconds\n";

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

stria_status stria_history_keep(const stria_training_state *state, stria_model *model, stria_error *err)
{
    if (state->history.length == 0)
        return stria_model_set_metadata(model, "history", NULL, err);
    stria_text kept = {.allocator = state->history.allocator};
    stria_text_add(&kept, COLUMNS "\n");
    for (const char *row = state->history.bytes; *row != '\0';) {
        const char *end = strchr(row, '\n'), *comma = end;
        while (*comma != ',')
            comma--;
        stria_text_append(&kept, row, (size_t)(comma - row));
        stria_text_add(&kept, "\n");
        row = end + 1;
    }
    const stria_status status = kept.failed ? stria_fail_memory(err, kept.length)
                                            : stria_model_set_metadata(model, "history", kept.bytes, err);
    stria_text_free(&kept);
    return status;
}

/* ---- Reading ---- */

/* One number of a row and the byte after it, which must be `end`. `missing` stands for an empty one. */
static bool read_number(const char **at, char end, double missing, double *value)
{
    const char *begin = *at;
    const size_t length = strcspn(begin, ",\n");
    if (begin[length] != end)
        return false;
    *at = begin + length + 1;
    *value = missing;
    if (length == 0 || stria_text_to_double(begin, length, value))
        return true;
    static const char *const words[] = {"nan", "inf", "-inf"};
    const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < 3; i++) {
        if (length == strlen(words[i]) && memcmp(begin, words[i], length) == 0) {
            *value = values[i];
            return true;
        }
    }
    return false;
}

/* Reads row `index` of the history, from 0, and moves *at behind it. */
static bool read_row(const char **at, size_t index, stria_epoch *epoch)
{
    const double none = (double)NAN;
    double number;
    *epoch = (stria_epoch){.epoch = (int)index + 1, .seconds = none};
    return read_number(at, ',', none, &number) && number == (double)epoch->epoch &&
           read_number(at, ',', none, &epoch->loss) && read_number(at, ',', -1, &epoch->accuracy) &&
           read_number(at, ',', none, &epoch->val_loss) &&
           read_number(at, ',', isnan(epoch->val_loss) ? none : -1, &epoch->val_accuracy) &&
           read_number(at, '\n', none, &epoch->learning_rate);
}

static stria_status fail_damaged(size_t row, stria_error *err)
{
    return stria_fail(err, STRIA_ERROR_FORMAT,
                      "the history in the model's metadata is damaged: line %zu is not that of an epoch",
                      row);
}

stria_status stria_history_read(stria_history *history, const stria_model *model, stria_error *err)
{
    const stria_allocator *allocator = &model->context->allocator;
    const char *text = stria_model_metadata(model, "history");
    stria_history read = {0};
    if (text == NULL) {
        *history = read;
        return STRIA_OK;
    }
    if (strncmp(text, COLUMNS "\n", sizeof(COLUMNS)) != 0)
        return fail_damaged(1, err);
    text += sizeof(COLUMNS);
    size_t rows = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        rows++;
    if (rows > INT32_MAX)
        return fail_damaged(INT32_MAX, err);
    read.epochs = stria_allocate_array(allocator, rows, sizeof(*read.epochs));
    if (read.epochs == NULL)
        return stria_fail_memory(err, rows * sizeof(*read.epochs));
    double best = (double)NAN;
    for (; *text != '\0'; read.count++) {
        stria_epoch *epoch = &read.epochs[read.count];
        if (read.count == rows || !read_row(&text, read.count, epoch)) {
            stria_release(allocator, read.epochs);
            return fail_damaged(read.count + 2, err);
        }
        epoch->epochs = (int)rows;
        const double figure = isnan(epoch->val_loss) ? epoch->loss : epoch->val_loss;
        epoch->is_best = !isnan(figure) && !(figure >= best);
        best = epoch->is_best ? figure : best;
    }
    *history = read;
    return STRIA_OK;
}

void stria_history_free(stria_history *history, stria_context *context)
{
    if (context != NULL)
        stria_release(&context->allocator, history->epochs);
    *history = (stria_history){0};
}

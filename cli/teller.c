/* Telling what a model gave. See teller.h. */
#include "teller.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "json.h"
#include "text.h"

#define TOP_IN_LINES   3 /* classes told when nobody said how many */
#define TOP_IN_CAPTION 1
#define ROWS_AT_A_TIME 1000

cli_teller cli_teller_create(cli_telling form, const stria_model *model, const char *layer, int64_t top)
{
    return (cli_teller){.form = form, .model = model, .layer = layer, .top = (size_t)top};
}

/* Whether the outputs are those of a softmax: none negative, together 1. Others are scores, not
 * probabilities. */
static bool are_probabilities(const float *outputs, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(outputs[i] >= 0)) {
            return false;
        }
        sum += outputs[i];
    }
    return fabs(sum - 1) < 1e-3;
}

/* Whether the outputs are a list of classes; others are told by their range. */
static bool are_classes(const cli_teller *teller)
{
    return teller->layer == NULL && teller->output.rank == 1;
}

/* The model's name for a class, or the data's; else its number, written to `number`. */
static const char *class_name(const cli_teller *teller, const cli_samples *samples, size_t index,
                              char number[CLI_NUMBER_SIZE])
{
    if (index < stria_model_class_count(teller->model)) {
        return stria_model_class_name(teller->model, index);
    }
    if (samples->data != NULL && index < stria_dataset_class_count(samples->data)) {
        return stria_dataset_class_name(samples->data, index);
    }
    snprintf(number, CLI_NUMBER_SIZE, "%zu", index);
    return number;
}

/* What one sample gave. */
typedef struct verdict {
    const cli_samples *samples;
    size_t sample;
    const float *outputs;
    bool are_probabilities;
    stria_prediction top[CLI_MOST_TOP];
    size_t top_count;
    double low, high, mean; /* of all outputs */
} verdict;

static void judge(verdict *found, const cli_teller *teller, const cli_samples *samples, size_t sample,
                  const float *outputs, size_t size)
{
    found->samples = samples;
    found->sample = sample;
    found->outputs = outputs;
    found->are_probabilities = are_probabilities(outputs, size);
    const size_t usual = teller->form == CLI_TELL_PICTURES ? TOP_IN_CAPTION : TOP_IN_LINES;
    found->top_count =
        stria_top_predictions(outputs, size, found->top, teller->top > 0 ? teller->top : usual);
    found->low = found->high = size > 0 ? outputs[0] : 0;
    found->mean = 0;
    for (size_t i = 0; i < size; i++) {
        found->low = fmin(found->low, outputs[i]);
        found->high = fmax(found->high, outputs[i]);
        found->mean += outputs[i] / (double)size;
    }
}

/* "98.2 %", or the score. */
static const char *figure(const verdict *found, size_t place, char text[CLI_NUMBER_SIZE])
{
    if (!found->are_probabilities) {
        return cli_figure_text(found->top[place].probability, text);
    }
    snprintf(text, CLI_NUMBER_SIZE, "%.1f %%", 100 * found->top[place].probability);
    return text;
}

static cli_json *class_json(const cli_teller *teller, const cli_samples *samples, size_t index)
{
    char number[CLI_NUMBER_SIZE];
    cli_json *class = cli_json_object();
    cli_json_set(class, "class", cli_json_text(class_name(teller, samples, index, number)));
    cli_json_set(class, "index", cli_json_integer((int64_t)index));
    return class;
}

static int tell_json(const cli_teller *teller, const verdict *found)
{
    const cli_samples *samples = found->samples;
    cli_json *object = cli_json_object();
    cli_json_set(object, "schema", cli_json_text("stria.predict/1"));
    cli_json_set(object, "input", cli_json_text(samples->name));
    cli_json_set(object, "sample",
                 cli_json_integer(samples->indices != NULL ? (int64_t)samples->indices[found->sample]
                                                           : (int64_t)found->sample));
    if (samples->labels != NULL) {
        cli_json_set(object, "true", class_json(teller, samples, (size_t)samples->labels[found->sample]));
    }
    if (are_classes(teller)) {
        cli_json *top = cli_json_list();
        for (size_t i = 0; i < found->top_count; i++) {
            cli_json *class = class_json(teller, samples, found->top[i].index);
            cli_json_set(class, found->are_probabilities ? "probability" : "score",
                         cli_json_number(found->top[i].probability));
            cli_json_append(top, class);
        }
        cli_json_set(object, "top", top);
    } else {
        cli_json_set(object, "layer", cli_json_text(teller->layer));
        cli_json_set(object, "output", cli_json_shape(&teller->output));
        cli_json_set(object, "minimum", cli_json_number(found->low));
        cli_json_set(object, "maximum", cli_json_number(found->high));
        cli_json_set(object, "mean", cli_json_number(found->mean));
    }
    return cli_json_print(object);
}

static const char *ordinal(size_t place, char text[8])
{
    static const char *const ends[] = {"th", "st", "nd", "rd"};
    const bool teen = place % 100 >= 11 && place % 100 <= 13;
    snprintf(text, 8, "%zu%s", place % 1000, place % 10 <= 3 && !teen ? ends[place % 10] : ends[0]);
    return text;
}

/* Prints the lines gathered so far. */
static int print_lines(cli_teller *teller)
{
    const int status = cli_table_print(&teller->table, stdout, !teller->titles_are_printed);
    teller->titles_are_printed = true;
    cli_table_clear(&teller->table);
    return status;
}

static int tell_line(cli_teller *teller, const verdict *found)
{
    const cli_samples *samples = found->samples;
    const size_t places = found->top_count < CLI_MOST_COLUMNS - 3 ? found->top_count : CLI_MOST_COLUMNS - 3;
    char name[512], number[CLI_NUMBER_SIZE];
    cli_sample_name(samples, found->sample, name, sizeof name);
    if (teller->table.columns == NULL) { /* the first line decides the columns */
        size_t count = 0;
        teller->columns[count++] = (cli_column){.title = "input"};
        if (samples->labels != NULL) {
            teller->columns[count++] = (cli_column){.title = "true class"};
        }
        if (are_classes(teller)) {
            teller->columns[count++] = (cli_column){.title = "predicted"};
            for (size_t i = 1; i < places; i++) {
                teller->columns[count++] = (cli_column){.title = ordinal(i + 1, teller->titles[i])};
            }
            if (samples->labels != NULL) {
                teller->columns[count++] = (cli_column){.title = ""};
            }
        } else {
            teller->columns[count++] = (cli_column){.title = "output"};
            teller->columns[count++] = (cli_column){.title = "minimum", .right = true};
            teller->columns[count++] = (cli_column){.title = "maximum", .right = true};
            teller->columns[count++] = (cli_column){.title = "mean", .right = true};
        }
        teller->table = cli_table_create(teller->columns, count);
    }
    cli_table_add(&teller->table, "%s", name);
    if (samples->labels != NULL) {
        cli_table_add(&teller->table, "%s",
                      class_name(teller, samples, (size_t)samples->labels[found->sample], number));
    }
    if (are_classes(teller)) {
        for (size_t i = 0; i < places; i++) {
            char value[CLI_NUMBER_SIZE];
            cli_table_add(&teller->table, "%s %s", class_name(teller, samples, found->top[i].index, number),
                          figure(found, i, value));
        }
        if (samples->labels != NULL) {
            cli_table_add(&teller->table, "%s",
                          found->top[0].index == (size_t)samples->labels[found->sample] ? "" : "wrong");
        }
    } else {
        char shape[STRIA_SHAPE_TEXT_SIZE];
        cli_table_add(&teller->table, "%s", stria_shape_text(&teller->output, shape, sizeof shape));
        cli_table_add(&teller->table, "%s", cli_figure_text(found->low, number));
        cli_table_add(&teller->table, "%s", cli_figure_text(found->high, number));
        cli_table_add(&teller->table, "%s", cli_figure_text(found->mean, number));
    }
    return teller->table.cell_count >= ROWS_AT_A_TIME * teller->table.column_count ? print_lines(teller)
                                                                                   : CLI_DONE;
}

/* Height, width and channels of a sample that can be shown, or false. */
static bool picture_sizes(const stria_shape *batch, int64_t sizes[3])
{
    if (batch->rank != 4 && batch->rank != 3) {
        return false;
    }
    sizes[0] = batch->sizes[1];
    sizes[1] = batch->sizes[2];
    sizes[2] = batch->rank == 4 ? batch->sizes[3] : 1;
    return sizes[0] > 0 && sizes[1] > 0 && sizes[2] > 0;
}

static int keep_picture(cli_teller *teller, const verdict *found)
{
    const cli_samples *samples = found->samples;
    int64_t sizes[3];
    if (!picture_sizes(&samples->array.shape, sizes)) {
        return cli_fail(CLI_BAD_INPUT, "%s: --show needs pictures, height x width x channels", samples->name);
    }
    cli_picture *pictures = realloc(teller->pictures, (teller->picture_count + 1) * sizeof *pictures);
    if (pictures == NULL) {
        return cli_fail_memory();
    }
    teller->pictures = pictures;
    char(*captions)[CLI_CAPTION_SIZE] =
        realloc(teller->captions, (teller->picture_count + 1) * sizeof *captions);
    if (captions == NULL) {
        return cli_fail_memory();
    }
    teller->captions = captions;
    char *caption = captions[teller->picture_count], number[CLI_NUMBER_SIZE], value[CLI_NUMBER_SIZE];
    cli_sample_name(samples, found->sample, caption, CLI_CAPTION_SIZE);
    size_t length = strlen(caption);
    for (size_t i = 0; are_classes(teller) && i < found->top_count && length < CLI_CAPTION_SIZE; i++) {
        length += (size_t)snprintf(caption + length, CLI_CAPTION_SIZE - length, "\n%s %s",
                                   class_name(teller, samples, found->top[i].index, number),
                                   figure(found, i, value));
    }
    cli_style last_line = CLI_PLAIN;
    if (are_classes(teller) && samples->labels != NULL && length < CLI_CAPTION_SIZE) {
        const size_t label = (size_t)samples->labels[found->sample];
        const bool right = found->top[0].index == label;
        snprintf(caption + length, CLI_CAPTION_SIZE - length, right ? "\nright" : "\ntrue: %s",
                 class_name(teller, samples, label, number));
        last_line = right ? CLI_GREEN : CLI_RED;
    }
    teller->pictures[teller->picture_count++] = (cli_picture){
        .values = samples->stored + found->sample * (size_t)(sizes[0] * sizes[1] * sizes[2]),
        .height = sizes[0],
        .width = sizes[1],
        .channels = sizes[2],
        .low = samples->low,
        .high = samples->high,
        .last_line = last_line,
    };
    return CLI_DONE;
}

/* Whether a single output tells two classes apart: it is how much the second one is meant. */
static bool is_yes_or_no(const cli_teller *teller, const cli_samples *samples)
{
    const bool two = stria_model_class_count(teller->model) == 2 ||
                     (samples->data != NULL && stria_dataset_class_count(samples->data) == 2);
    return are_classes(teller) && teller->output_size == 1 && two;
}

int cli_tell(cli_teller *teller, const cli_samples *samples, size_t sample, const float *outputs)
{
    verdict found;
    const bool yes_or_no = is_yes_or_no(teller, samples);
    const float both[2] = {1 - outputs[0], outputs[0]};
    judge(&found, teller, samples, sample, yes_or_no ? both : outputs, yes_or_no ? 2 : teller->output_size);
    if (are_classes(teller) && samples->labels != NULL) {
        teller->known++;
        teller->right += found.top[0].index == (size_t)samples->labels[sample];
    }
    switch (teller->form) {
    case CLI_TELL_LINES:
        return tell_line(teller, &found);
    case CLI_TELL_JSON:
        return tell_json(teller, &found);
    case CLI_TELL_PICTURES:
        return keep_picture(teller, &found);
    case CLI_TELL_NOTHING:
        break;
    }
    return CLI_DONE;
}

int cli_teller_finish(cli_teller *teller)
{
    int status = CLI_DONE;
    if (teller->table.columns != NULL) {
        status = print_lines(teller);
    }
    for (size_t i = 0; i < teller->picture_count; i++) {
        teller->pictures[i].caption = teller->captions[i];
    }
    cli_pictures_print(stdout, teller->pictures, teller->picture_count);
    if (teller->known > 1 && teller->form != CLI_TELL_JSON) {
        printf("%s%zu of %zu right\n", teller->form == CLI_TELL_NOTHING ? "" : "\n", teller->right,
               teller->known);
    }
    return status;
}

void cli_teller_free(cli_teller *teller)
{
    cli_table_free(&teller->table);
    free(teller->pictures);
    free(teller->captions);
    *teller = (cli_teller){0};
}

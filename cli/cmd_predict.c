/* stria predict MODEL FILES...: what a model says about pictures, arrays, or samples of a data set.
 *
 * Each input is a block of samples (samples.h) that goes through one plan; each sample's outputs go to what
 * was asked for: a line of classes, JSON, a picture with a caption, or raw numbers in a .npy file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"
#include "picture.h"
#include "samples.h"
#include "table.h"
#include "terminal.h"
#include "text.h"

#define LARGEST_BATCH  64
#define MOST_TOP       1000
#define TOP_IN_LINES   3 /* classes told without --top, in lines and under pictures */
#define TOP_IN_CAPTION 1
#define ROWS_AT_A_TIME 1000
#define CAPTION_SIZE   512
#define MOST_COLUMNS   32 /* the table's own limit */

typedef struct predict_options {
    int64_t top, threads;
    const char *output, *layer, *data, *part, *cpu;
    cli_list index;
    bool show, json;
} predict_options;

typedef struct session {
    const predict_options *options;
    stria_context *context;
    stria_model *model;
    stria_plan *plan; /* for inputs of the shape `planned`, up to planned_batch at a time */
    stria_shape planned;
    int64_t planned_batch;
    stria_shape output; /* of one sample */
    size_t output_size; /* numbers in it */
    float *raw;         /* [raw_count, output...] */
    size_t raw_count;
    cli_table table;
    cli_column columns[MOST_COLUMNS];
    char titles[MOST_COLUMNS][8];
    bool titles_are_printed;
    cli_picture *pictures;
    char (*captions)[CAPTION_SIZE];
    size_t picture_count;
    size_t known, right; /* samples whose class is known, and those the model names so */
} session;

/* ---- Computing ---- */

static bool same_shape(const stria_shape *a, const stria_shape *b)
{
    return a->rank == b->rank && memcmp(a->sizes, b->sizes, (size_t)a->rank * sizeof a->sizes[0]) == 0;
}

/* Makes the plan for samples of this shape, unless it is there already. */
static int plan_for(session *run, const stria_shape *sample, int64_t batch)
{
    if (run->plan != NULL && same_shape(&run->planned, sample) && run->planned_batch >= batch) {
        return CLI_DONE;
    }
    stria_error err = {0};
    const char *layer = run->options->layer;
    const stria_plan_options options = {
        .struct_size = sizeof options,
        .mode = STRIA_MODE_INFERENCE,
        .batch = batch,
        .input_shapes = sample,
        .keep = layer != NULL ? &layer : NULL,
        .keep_count = layer != NULL ? 1 : 0,
    };
    stria_plan_free(run->plan);
    run->plan = NULL;
    if (stria_plan_create(&run->plan, run->model, &options, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    run->planned = *sample;
    run->planned_batch = batch;
    const stria_shape *output =
        stria_plan_shape(run->plan, layer != NULL ? layer : stria_model_output_name(run->model, 0));
    if (run->raw_count > 0 && !same_shape(output, &run->output)) {
        char before[STRIA_SHAPE_TEXT_SIZE], now[STRIA_SHAPE_TEXT_SIZE];
        return cli_fail(
            CLI_BAD_INPUT, "outputs of %s and of %s do not fit into one .npy file; give inputs of one size",
            stria_shape_text(&run->output, before, sizeof before), stria_shape_text(output, now, sizeof now));
    }
    run->output = *output;
    run->output_size = cli_shape_elements(output);
    return CLI_DONE;
}

static int keep_raw(session *run, const float *outputs, size_t samples)
{
    const size_t have = run->raw_count * run->output_size, more = samples * run->output_size;
    float *raw =
        more <= SIZE_MAX / sizeof *raw - have ? realloc(run->raw, (have + more) * sizeof *raw) : NULL;
    if (raw == NULL) {
        return cli_fail_memory();
    }
    memcpy(raw + have, outputs, more * sizeof *raw);
    run->raw = raw;
    run->raw_count += samples;
    return CLI_DONE;
}

/* ---- Telling ---- */

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
static bool are_classes(const session *run)
{
    return run->options->layer == NULL && run->output.rank == 1;
}

/* The model's name for a class, or the data's; else its number, written to `number`. */
static const char *class_name(const session *run, const cli_samples *samples, size_t index,
                              char number[CLI_NUMBER_SIZE])
{
    if (index < stria_model_class_count(run->model)) {
        return stria_model_class_name(run->model, index);
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
    stria_prediction top[MOST_TOP];
    size_t top_count;
    double low, high, mean; /* of all outputs */
} verdict;

static void judge(verdict *found, const session *run, const cli_samples *samples, size_t sample,
                  const float *outputs)
{
    const size_t size = run->output_size;
    found->samples = samples;
    found->sample = sample;
    found->outputs = outputs;
    found->are_probabilities = are_probabilities(outputs, size);
    const int usual = run->options->show ? TOP_IN_CAPTION : TOP_IN_LINES;
    found->top_count = stria_top_predictions(
        outputs, size, found->top, run->options->top > 0 ? (size_t)run->options->top : (size_t)usual);
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

static cli_json *class_json(const session *run, const cli_samples *samples, size_t index)
{
    char number[CLI_NUMBER_SIZE];
    cli_json *class = cli_json_object();
    cli_json_set(class, "class", cli_json_text(class_name(run, samples, index, number)));
    cli_json_set(class, "index", cli_json_integer((int64_t)index));
    return class;
}

static int tell_json(const session *run, const verdict *found)
{
    const cli_samples *samples = found->samples;
    cli_json *object = cli_json_object();
    cli_json_set(object, "schema", cli_json_text("stria.predict/1"));
    cli_json_set(object, "input", cli_json_text(samples->name));
    cli_json_set(object, "sample",
                 cli_json_integer(samples->indices != NULL ? (int64_t)samples->indices[found->sample]
                                                           : (int64_t)found->sample));
    if (samples->labels != NULL) {
        cli_json_set(object, "true", class_json(run, samples, (size_t)samples->labels[found->sample]));
    }
    if (are_classes(run)) {
        cli_json *top = cli_json_list();
        for (size_t i = 0; i < found->top_count; i++) {
            cli_json *class = class_json(run, samples, found->top[i].index);
            cli_json_set(class, found->are_probabilities ? "probability" : "score",
                         cli_json_number(found->top[i].probability));
            cli_json_append(top, class);
        }
        cli_json_set(object, "top", top);
    } else {
        cli_json_set(object, "layer", cli_json_text(run->options->layer));
        cli_json_set(object, "output", cli_json_shape(&run->output));
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
static int print_lines(session *run)
{
    const int status = cli_table_print(&run->table, stdout, !run->titles_are_printed);
    run->titles_are_printed = true;
    cli_table_clear(&run->table);
    return status;
}

static int tell_line(session *run, const verdict *found)
{
    const cli_samples *samples = found->samples;
    const size_t places = found->top_count < MOST_COLUMNS - 3 ? found->top_count : MOST_COLUMNS - 3;
    char name[512], number[CLI_NUMBER_SIZE];
    cli_sample_name(samples, found->sample, name, sizeof name);
    if (run->table.columns == NULL) { /* the first line decides the columns */
        size_t count = 0;
        run->columns[count++] = (cli_column){.title = "input"};
        if (samples->labels != NULL) {
            run->columns[count++] = (cli_column){.title = "true class"};
        }
        if (are_classes(run)) {
            run->columns[count++] = (cli_column){.title = "predicted"};
            for (size_t i = 1; i < places; i++) {
                run->columns[count++] = (cli_column){.title = ordinal(i + 1, run->titles[i])};
            }
            if (samples->labels != NULL) {
                run->columns[count++] = (cli_column){.title = ""};
            }
        } else {
            run->columns[count++] = (cli_column){.title = "output"};
            run->columns[count++] = (cli_column){.title = "minimum", .right = true};
            run->columns[count++] = (cli_column){.title = "maximum", .right = true};
            run->columns[count++] = (cli_column){.title = "mean", .right = true};
        }
        run->table = cli_table_create(run->columns, count);
    }
    cli_table_add(&run->table, "%s", name);
    if (samples->labels != NULL) {
        cli_table_add(&run->table, "%s",
                      class_name(run, samples, (size_t)samples->labels[found->sample], number));
    }
    if (are_classes(run)) {
        for (size_t i = 0; i < places; i++) {
            char value[CLI_NUMBER_SIZE];
            cli_table_add(&run->table, "%s %s", class_name(run, samples, found->top[i].index, number),
                          figure(found, i, value));
        }
        if (samples->labels != NULL) {
            cli_table_add(&run->table, "%s",
                          found->top[0].index == (size_t)samples->labels[found->sample] ? "" : "wrong");
        }
    } else {
        char shape[STRIA_SHAPE_TEXT_SIZE];
        cli_table_add(&run->table, "%s", stria_shape_text(&run->output, shape, sizeof shape));
        cli_table_add(&run->table, "%s", cli_figure_text(found->low, number));
        cli_table_add(&run->table, "%s", cli_figure_text(found->high, number));
        cli_table_add(&run->table, "%s", cli_figure_text(found->mean, number));
    }
    return run->table.cell_count >= ROWS_AT_A_TIME * run->table.column_count ? print_lines(run) : CLI_DONE;
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

static int keep_picture(session *run, const verdict *found)
{
    const cli_samples *samples = found->samples;
    int64_t sizes[3];
    if (!picture_sizes(&samples->array.shape, sizes)) {
        return cli_fail(CLI_BAD_INPUT, "%s: --show needs pictures, height x width x channels", samples->name);
    }
    cli_picture *pictures = realloc(run->pictures, (run->picture_count + 1) * sizeof *pictures);
    if (pictures == NULL) {
        return cli_fail_memory();
    }
    run->pictures = pictures;
    char(*captions)[CAPTION_SIZE] = realloc(run->captions, (run->picture_count + 1) * sizeof *captions);
    if (captions == NULL) {
        return cli_fail_memory();
    }
    run->captions = captions;
    char *caption = captions[run->picture_count], number[CLI_NUMBER_SIZE], value[CLI_NUMBER_SIZE];
    cli_sample_name(samples, found->sample, caption, CAPTION_SIZE);
    size_t length = strlen(caption);
    for (size_t i = 0; are_classes(run) && i < found->top_count && length < CAPTION_SIZE; i++) {
        length +=
            (size_t)snprintf(caption + length, CAPTION_SIZE - length, "\n%s %s",
                             class_name(run, samples, found->top[i].index, number), figure(found, i, value));
    }
    cli_style last_line = CLI_PLAIN;
    if (are_classes(run) && samples->labels != NULL && length < CAPTION_SIZE) {
        const size_t label = (size_t)samples->labels[found->sample];
        const bool right = found->top[0].index == label;
        snprintf(caption + length, CAPTION_SIZE - length, right ? "\nright" : "\ntrue: %s",
                 class_name(run, samples, label, number));
        last_line = right ? CLI_GREEN : CLI_RED;
    }
    run->pictures[run->picture_count++] = (cli_picture){
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

static int tell(session *run, const cli_samples *samples, size_t sample, const float *outputs)
{
    verdict found;
    judge(&found, run, samples, sample, outputs);
    if (are_classes(run) && samples->labels != NULL) {
        run->known++;
        run->right += found.top[0].index == (size_t)samples->labels[sample];
    }
    if (run->options->json) {
        return tell_json(run, &found);
    }
    if (run->options->show) {
        return keep_picture(run, &found);
    }
    return run->options->output == NULL ? tell_line(run, &found) : CLI_DONE;
}

/* Runs all samples of one input. */
static int predict(session *run, const cli_samples *samples)
{
    const size_t count = cli_samples_count(samples);
    if (count == 0) {
        return CLI_DONE;
    }
    stria_shape sample = {.rank = samples->array.shape.rank - 1};
    memcpy(sample.sizes, samples->array.shape.sizes + 1, (size_t)sample.rank * sizeof sample.sizes[0]);
    const size_t sample_size = cli_shape_elements(&sample),
                 largest = count < LARGEST_BATCH ? count : LARGEST_BATCH;
    int status = plan_for(run, &sample, (int64_t)largest);
    for (size_t first = 0; first < count && status == CLI_DONE; first += largest) {
        stria_error err = {0};
        const size_t batch = count - first < largest ? count - first : largest;
        const float *input = samples->array.values + first * sample_size;
        if (stria_plan_run(run->plan, &input, (int64_t)batch, &err) != STRIA_OK) {
            return cli_fail_with(&err, CLI_FROM_FILE);
        }
        const float *outputs = run->options->layer != NULL ? stria_plan_value(run->plan, run->options->layer)
                                                           : stria_plan_output(run->plan, 0);
        if (run->options->output != NULL) {
            status = keep_raw(run, outputs, batch);
        }
        for (size_t i = 0; i < batch && status == CLI_DONE; i++) {
            status = tell(run, samples, first + i, outputs + i * run->output_size);
        }
    }
    return status;
}

/* ---- The whole ---- */

static int write_raw(const session *run)
{
    stria_error err = {0};
    if (run->output.rank == STRIA_MAX_RANK) {
        return cli_fail(CLI_BAD_INPUT, "outputs with %d dimensions leave none for the samples",
                        STRIA_MAX_RANK);
    }
    stria_shape shape = {.rank = run->output.rank + 1, .sizes = {(int64_t)run->raw_count}};
    memcpy(shape.sizes + 1, run->output.sizes, (size_t)run->output.rank * sizeof shape.sizes[0]);
    if (stria_array_write_npy(run->context, run->options->output, run->raw, &shape, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    char text[STRIA_SHAPE_TEXT_SIZE];
    cli_note("wrote %s: %s", run->options->output, stria_shape_text(&shape, text, sizeof text));
    return CLI_DONE;
}

static int finish(session *run)
{
    int status = CLI_DONE;
    if (run->table.columns != NULL) {
        status = print_lines(run);
    }
    if (run->picture_count > 0) {
        for (size_t i = 0; i < run->picture_count; i++) {
            run->pictures[i].caption = run->captions[i];
        }
        cli_pictures_print(stdout, run->pictures, run->picture_count);
    }
    if (run->known > 1 && !run->options->json) {
        const bool alone = run->table.columns == NULL && run->picture_count == 0;
        printf("%s%zu of %zu right\n", alone ? "" : "\n", run->right, run->known);
    }
    if (status == CLI_DONE && run->options->output != NULL) {
        status = write_raw(run);
    }
    return status;
}

/* Reads and runs each file. Pictures to be shown stay until the end, so that they stand side by side. */
static int predict_files(session *run, const cli_arguments *files, cli_samples *kept)
{
    int status = CLI_DONE;
    for (int i = 0; i < files->count && status == CLI_DONE; i++) {
        cli_samples *samples = &kept[run->options->show ? i : 0];
        status =
            cli_samples_read_file(samples, run->context, run->model, files->items[i], run->options->show);
        if (status == CLI_DONE) {
            status = predict(run, samples);
        }
        if (!run->options->show) {
            cli_samples_free(samples, run->context);
        }
    }
    return status == CLI_DONE ? finish(run) : status;
}

static int predict_data(session *run, cli_samples *samples)
{
    static const cli_list first_sample = {.count = 1, .items = {"0"}};
    const predict_options *options = run->options;
    stria_dataset *data = NULL;
    int status = cli_open_data(&data, run->context, options->data);
    if (status == CLI_DONE) {
        const bool has_test = stria_dataset_count(data, STRIA_PART_TEST) > 0;
        const bool test = options->part != NULL ? strcmp(options->part, "test") == 0 : has_test;
        if (options->part == NULL && !has_test) {
            cli_note("%s has no test part; taking the training part", options->data);
        }
        status = cli_samples_read_data(
            samples, run->context, run->model, data, options->data, test ? STRIA_PART_TEST : STRIA_PART_TRAIN,
            options->index.count > 0 ? &options->index : &first_sample, options->show);
    }
    if (status == CLI_DONE) {
        status = predict(run, samples);
    }
    if (status == CLI_DONE) {
        status = finish(run);
    }
    stria_dataset_free(data);
    return status;
}

static int check_options(const predict_options *options, int file_count)
{
    if (options->json) {
        const int status = cli_json_check();
        if (status != CLI_DONE) {
            return status;
        }
    }
    if (options->data == NULL && file_count == 0) {
        return cli_fail(CLI_MISUSED, "nothing to predict: give files, or --data NAME with --index");
    }
    if (options->data != NULL && file_count > 0) {
        return cli_fail(CLI_MISUSED, "give either files or --data, not both");
    }
    if (options->data == NULL && (options->index.count > 0 || options->part != NULL)) {
        return cli_fail(CLI_MISUSED, "--%s belongs to --data", options->index.count > 0 ? "index" : "part");
    }
    return CLI_DONE;
}

static int check_model(const session *run)
{
    const size_t inputs = stria_model_input_count(run->model), outputs = stria_model_output_count(run->model);
    if (inputs != 1) {
        return cli_fail(CLI_BAD_INPUT, "the model has %zu inputs; predict gives it one", inputs);
    }
    if (outputs > 1 && run->options->layer == NULL) {
        cli_note("the model has %zu outputs; taking '%s' (--layer takes another)", outputs,
                 stria_model_output_name(run->model, 0));
    }
    const char *layer = run->options->layer;
    if (layer != NULL && stria_model_find_layer(run->model, layer) < 0) {
        cli_nearest nearest = cli_nearest_to(layer);
        stria_layer_info info;
        for (size_t i = 0; stria_model_layer(run->model, i, &info); i++) {
            cli_nearest_offer(&nearest, info.name);
        }
        if (nearest.best != NULL) {
            return cli_fail(CLI_MISUSED, "--layer '%s': there is no such layer; did you mean '%s'?", layer,
                            nearest.best);
        }
        return cli_fail(CLI_MISUSED, "--layer '%s': there is no such layer; 'stria summary' lists them",
                        layer);
    }
    return CLI_DONE;
}

static int run(int argc, char **argv)
{
    predict_options options = {0};
    cli_arguments arguments;
    int status;
    if (!cli_parse(&cli_predict_command, argc, argv, &options, &arguments, &status)) {
        return status;
    }
    const cli_arguments files = {arguments.count - 1, arguments.items + 1};
    const size_t kept_count = files.count > 0 ? (size_t)files.count : 1;
    status = check_options(&options, files.count);
    if (status != CLI_DONE) {
        return status;
    }
    session all = {.options = &options};
    cli_samples *kept = calloc(kept_count, sizeof *kept);
    if (kept == NULL) {
        return cli_fail_memory();
    }
    status = cli_open_context(&all.context, options.threads, options.cpu);
    if (status == CLI_DONE) {
        status = cli_open_model(&all.model, all.context, arguments.items[0]);
    }
    if (status == CLI_DONE) {
        status = check_model(&all);
    }
    if (status == CLI_DONE) {
        status = options.data != NULL ? predict_data(&all, kept) : predict_files(&all, &files, kept);
    }
    for (size_t i = 0; i < kept_count; i++) {
        cli_samples_free(&kept[i], all.context);
    }
    free(kept);
    cli_table_free(&all.table);
    free(all.pictures);
    free(all.captions);
    free(all.raw);
    stria_plan_free(all.plan);
    stria_model_free(all.model);
    stria_context_free(all.context);
    return status;
}

static const cli_option options_table[] = {
    {.name = "top",
     .type = CLI_INTEGER,
     .offset = offsetof(predict_options, top),
     .value = "K",
     .min = 1,
     .max = MOST_TOP,
     .help = "tell the K most probable classes (default 3; 1 under a picture)"},
    {.name = "show",
     .type = CLI_FLAG,
     .offset = offsetof(predict_options, show),
     .help = "show the pictures in the terminal"},
    {.name = "output",
     .letter = 'o',
     .type = CLI_TEXT,
     .offset = offsetof(predict_options, output),
     .value = "FILE.npy",
     .help = "write the raw outputs of all inputs, [N, ...], instead of telling classes"},
    {.name = "layer",
     .type = CLI_TEXT,
     .offset = offsetof(predict_options, layer),
     .value = "NAME",
     .help = "take the outputs of an inner layer"},
    {.name = "data",
     .type = CLI_TEXT,
     .offset = offsetof(predict_options, data),
     .value = "DATA",
     .help = "take samples of a data set instead of files"},
    {.name = "index",
     .type = CLI_REPEATED,
     .offset = offsetof(predict_options, index),
     .value = "I,J,...",
     .help = "which samples of --data, as 0,5,10-19 (default 0)"},
    {.name = "part",
     .type = CLI_TEXT,
     .offset = offsetof(predict_options, part),
     .value = "PART",
     .words = "train test",
     .help = "of --data: train or test (default: test, or train when there is no other)"},
    CLI_OPTION_THREADS(predict_options, threads),
    CLI_OPTION_CPU(predict_options, cpu),
    CLI_OPTION_JSON(predict_options, json),
};

const cli_command cli_predict_command = {
    .name = "predict",
    .title = "says what a model sees in pictures or arrays",
    .arguments = "MODEL FILES...",
    .min_arguments = 1,
    .max_arguments = 1000000,
    .description =
        "FILES are PNG pictures, IDX files or .npy arrays; a file may hold many samples. Bytes are scaled as "
        "in training; other numbers are taken as they are.",
    .examples = "stria predict lenet5.safetensors shoe.png\n"
                "stria predict lenet5.safetensors --data fashion-mnist --index 0-5 --show\n"
                "stria predict lenet5.safetensors x.npy -o y.npy",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};

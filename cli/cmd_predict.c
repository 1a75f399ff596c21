/* stria predict MODEL FILES...: what a model says about pictures, arrays, or samples of a data set.
 *
 * Each file is a block of samples (samples.h) that goes through the plan for its size; each sample's outputs
 * go to what was asked for: a line of classes, JSON, a picture with a caption, or raw numbers in a .npy file.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"
#include "samples.h"
#include "teller.h"
#include "text.h"

#define LARGEST_BATCH 64
#define MOST_PLANS    4 /* that are kept, for the sizes met last */

typedef struct predict_options {
    int64_t top;
    const char *output, *layer, *data, *part;
    cli_machine machine;
    cli_data_options pictures;
    cli_list index;
    bool show, check, json;
} predict_options;

/* A plan for inputs of these shapes, up to `batch` at a time. */
typedef struct planned {
    stria_plan *plan;
    stria_shape *shapes; /* [inputs of the model] */
    int64_t batch;
    uint64_t last_use;
} planned;

typedef struct session {
    const predict_options *options;
    stria_context *context;
    stria_model *model;
    size_t input_count;
    stria_plan *plan; /* the one in use */
    planned plans[MOST_PLANS];
    uint64_t uses;
    stria_shape *shapes;  /* [input_count] of the samples at hand */
    const float **inputs; /* [input_count] where they are */
    float *raw;           /* [raw_count, output...] for --output */
    size_t raw_count;
    bool warned; /* that outputs were not finite */
    cli_teller teller;
} session;

/* ---- Computing ---- */

static bool same_shape(const stria_shape *a, const stria_shape *b)
{
    return a->rank == b->rank && memcmp(a->sizes, b->sizes, (size_t)a->rank * sizeof a->sizes[0]) == 0;
}

/* The plan for the shapes at hand, or the place where it is to be: a free one, or that of the plan whose last
 * use is longest ago. */
static planned *find_plan(session *run, int64_t batch)
{
    planned *place = &run->plans[0];
    for (size_t i = 0; i < MOST_PLANS; i++) {
        planned *p = &run->plans[i];
        bool same = p->plan != NULL;
        for (size_t k = 0; same && k < run->input_count; k++) {
            same = same_shape(&p->shapes[k], &run->shapes[k]);
        }
        if (same && p->batch >= batch) {
            return p;
        }
        if (same || (place->plan != NULL && p->last_use < place->last_use)) {
            place = p;
        }
        if (same) {
            break; /* too small a batch: it is replaced */
        }
    }
    stria_plan_free(place->plan);
    place->plan = NULL;
    return place;
}

static void free_plans(session *run)
{
    for (size_t i = 0; i < MOST_PLANS; i++) {
        stria_plan_free(run->plans[i].plan);
        free(run->plans[i].shapes);
    }
    free(run->shapes);
    free(run->inputs);
}

/* Takes the plan for samples of the shapes at hand, and makes it unless it is there already. */
static int plan_for(session *run, const char *name, int64_t batch)
{
    stria_error err = {0};
    const char *layer = run->options->layer;
    planned *p = find_plan(run, batch);
    p->last_use = ++run->uses;
    if (p->plan == NULL) {
        const stria_plan_options options = {
            .struct_size = sizeof options,
            .mode = STRIA_MODE_INFERENCE,
            .batch = batch,
            .input_shapes = run->shapes,
            .keep = layer != NULL ? &layer : NULL,
            .keep_count = layer != NULL ? 1 : 0,
        };
        if (p->shapes == NULL) {
            p->shapes = calloc(run->input_count, sizeof *p->shapes);
        }
        if (p->shapes == NULL) {
            return cli_fail_memory();
        }
        if (stria_plan_create(&p->plan, run->model, &options, &err) != STRIA_OK) {
            p->plan = NULL;
            return err.code == STRIA_ERROR_SHAPE ? cli_fail(CLI_BAD_INPUT, "%s: %s", name, err.message)
                                                 : cli_fail_with(&err, CLI_FROM_OPTION);
        }
        memcpy(p->shapes, run->shapes, run->input_count * sizeof *p->shapes);
        p->batch = batch;
    }
    run->plan = p->plan;
    const stria_shape *output =
        stria_plan_shape(run->plan, layer != NULL ? layer : stria_model_output_name(run->model, 0));
    if (run->raw_count > 0 && !same_shape(output, &run->teller.output)) {
        char before[STRIA_SHAPE_TEXT_SIZE], now[STRIA_SHAPE_TEXT_SIZE];
        return cli_fail(CLI_BAD_INPUT,
                        "outputs of %s and of %s do not fit into one .npy file; give inputs of one size",
                        stria_shape_text(&run->teller.output, before, sizeof before),
                        stria_shape_text(output, now, sizeof now));
    }
    run->teller.output = *output;
    run->teller.output_size = cli_shape_elements(output);
    return CLI_DONE;
}

static int keep_raw(session *run, const float *outputs, size_t samples)
{
    const size_t have = run->raw_count * run->teller.output_size, more = samples * run->teller.output_size;
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

/* Says, for the first batch whose outputs are not all finite, where that began; with --check for the first in
 * which any layer's are not, as maximum pooling and relu may swallow a NaN. */
static void look_for_nonfinite(session *run, const char *name, const float *outputs, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        finite = finite && isfinite(outputs[i]);
    }
    if ((finite && !run->options->check) || run->warned) {
        return;
    }
    const char *layer = stria_plan_first_nonfinite(run->plan);
    run->warned = layer != NULL;
    if (layer != NULL && strcmp(layer, stria_model_input_name(run->model, 0)) == 0) {
        cli_note("warning: %s holds NaN or infinity", name);
    } else if (layer != NULL) {
        cli_note("warning: %s: layer '%s' is the first that gives NaN or infinity", name, layer);
    }
}

/* What the samples have for input `input` of the model. */
static const stria_array *input_array(const cli_samples *samples, size_t input)
{
    return input == 0 ? &samples->array : &samples->more[input - 1];
}

/* Runs all samples of one file or data set. */
static int predict(session *run, const cli_samples *samples)
{
    const size_t count = cli_samples_count(samples);
    if (count == 0) {
        return cli_fail(CLI_BAD_INPUT, "%s holds no samples", samples->name);
    }
    for (size_t k = 0; k < run->input_count; k++) {
        const stria_shape *shape = &input_array(samples, k)->shape;
        run->shapes[k] = (stria_shape){.rank = shape->rank - 1};
        memcpy(run->shapes[k].sizes, shape->sizes + 1,
               (size_t)run->shapes[k].rank * sizeof run->shapes[k].sizes[0]);
    }
    const size_t largest = count < LARGEST_BATCH ? count : LARGEST_BATCH;
    int status = plan_for(run, samples->name, (int64_t)largest);
    for (size_t first = 0; first < count && status == CLI_DONE; first += largest) {
        stria_error err = {0};
        const size_t batch = count - first < largest ? count - first : largest;
        for (size_t k = 0; k < run->input_count; k++) {
            run->inputs[k] = input_array(samples, k)->values + first * cli_shape_elements(&run->shapes[k]);
        }
        if (stria_plan_run(run->plan, run->inputs, (int64_t)batch, &err) != STRIA_OK) {
            return cli_fail_with(&err, CLI_FROM_FILE);
        }
        const float *outputs = run->options->layer != NULL ? stria_plan_value(run->plan, run->options->layer)
                                                           : stria_plan_output(run->plan, 0);
        look_for_nonfinite(run, samples->name, outputs, batch * run->teller.output_size);
        if (run->options->output != NULL) {
            status = keep_raw(run, outputs, batch);
        }
        for (size_t i = 0; i < batch && status == CLI_DONE; i++) {
            status = cli_tell(&run->teller, samples, first + i, outputs + i * run->teller.output_size);
        }
    }
    return status;
}

/* ---- The whole ---- */

static int write_raw(const session *run)
{
    stria_error err = {0};
    if (run->teller.output.rank == STRIA_MAX_RANK) {
        return cli_fail(CLI_BAD_INPUT, "outputs with %d dimensions leave none for the samples",
                        STRIA_MAX_RANK);
    }
    stria_shape shape = {.rank = run->teller.output.rank + 1, .sizes = {(int64_t)run->raw_count}};
    memcpy(shape.sizes + 1, run->teller.output.sizes,
           (size_t)run->teller.output.rank * sizeof shape.sizes[0]);
    if (stria_array_write_npy(run->context, run->options->output, run->raw, &shape, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    char text[STRIA_SHAPE_TEXT_SIZE];
    cli_note("wrote %s: %s", run->options->output, stria_shape_text(&shape, text, sizeof text));
    return CLI_DONE;
}

static int finish(session *run)
{
    const int status = cli_teller_finish(&run->teller);
    return status == CLI_DONE && run->options->output != NULL ? write_raw(run) : status;
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
    int status = cli_open_data(&data, run->context, options->data, run->model, &options->pictures);
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

static int check_model(session *run)
{
    const size_t outputs = stria_model_output_count(run->model);
    run->input_count = stria_model_input_count(run->model);
    if (run->input_count != 1 && run->options->data != NULL) {
        return cli_fail(CLI_BAD_INPUT, "the model has %zu inputs, and a data set has one; give .npz files",
                        run->input_count);
    }
    run->shapes = calloc(run->input_count, sizeof *run->shapes);
    run->inputs = calloc(run->input_count, sizeof *run->inputs);
    if (run->shapes == NULL || run->inputs == NULL) {
        return cli_fail_memory();
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
    status = cli_open_context(&all.context, &options.machine);
    if (status == CLI_DONE) {
        status = cli_open_model(&all.model, all.context, arguments.items[0]);
    }
    if (status == CLI_DONE) {
        status = check_model(&all);
    }
    if (status == CLI_DONE) {
        const cli_telling form = options.json             ? CLI_TELL_JSON
                                 : options.show           ? CLI_TELL_PICTURES
                                 : options.output != NULL ? CLI_TELL_NOTHING
                                                          : CLI_TELL_LINES;
        all.teller = cli_teller_create(form, all.model, options.layer, options.top);
        status = options.data != NULL ? predict_data(&all, kept) : predict_files(&all, &files, kept);
    }
    for (size_t i = 0; i < kept_count; i++) {
        cli_samples_free(&kept[i], all.context);
    }
    free(kept);
    cli_teller_free(&all.teller);
    free(all.raw);
    free_plans(&all);
    stria_model_free(all.model);
    stria_context_free(all.context);
    return status;
}

static const cli_option options_table[] = {
    CLI_INTEGER_ROW("top", predict_options, top, "K", 1, CLI_MOST_TOP,
                    "tell the K most probable classes (default 3; 1 under a picture)"),
    CLI_FLAG_ROW("show", predict_options, show, "show the pictures in the terminal"),
    CLI_FLAG_ROW("check", predict_options, check,
                 "look at every layer, and name the first that gives NaN or infinity"),
    CLI_OUTPUT_ROW(predict_options, output, "FILE.npy",
                   "write the raw outputs of all inputs, [N, ...], instead of telling classes"),
    CLI_TEXT_ROW("layer", predict_options, layer, "NAME", "take the outputs of an inner layer"),
    CLI_TEXT_ROW("data", predict_options, data, "DATA", "take samples of a data set instead of files"),
    CLI_REPEATED_ROW("index", predict_options, index, "I,J,...",
                     "which samples of --data, as 0,5,10-19 (default 0)"),
    CLI_WORDS_ROW("part", predict_options, part, "PART", "train test",
                  "of --data: train or test (default: test, or train when there is no other)"),
    CLI_DATA_ROWS(predict_options, pictures),
    CLI_MACHINE_ROWS(predict_options, machine),
    CLI_JSON_ROW(predict_options, json),
};

const cli_command cli_predict_command = {
    .name = "predict",
    .title = "says what a model sees in pictures or arrays",
    .arguments = "MODEL FILES...",
    .min_arguments = 1,
    .max_arguments = 1000000,
    .description =
        "FILES are pictures (PNG, JPEG, WebP, PNM, BMP), IDX files, .npy arrays, or for a model with "
        "several inputs .npz archives with an array for each, called as the input. A file may hold many "
        "samples. Bytes are scaled as in training; other numbers are taken as they are.",
    .examples = "stria predict lenet5.safetensors shoe.png\n"
                "stria predict lenet5.safetensors --data fashion-mnist --index 0-5 --show\n"
                "stria predict lenet5.safetensors x.npy -o y.npy",
    .options = options_table,
    .option_count = sizeof options_table / sizeof options_table[0],
    .run = run,
};

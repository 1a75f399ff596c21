/* Reading what is looked at. */
#include "see_input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

/* What the numbers of a data set look like: as they were stored, from black to white. */
static int draw(see_input *input, const see *run)
{
    const stria_shape *shape = &input->shapes[0];
    const int rank = shape->rank;
    if (rank != 2 && rank != 3) {
        return CLI_DONE;
    }
    const int64_t channels = shape->sizes[rank - 1], kept = channels == 3 ? 3 : 1,
                  taken = channels == 3 ? 1 : channels;
    stria_picture *picture = &input->drawn;
    stria_error err = {0};
    if (stria_picture_create(picture, run->context, rank == 3 ? shape->sizes[0] : 1, shape->sizes[rank - 2],
                             kept, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    const float *from = input->samples.stored, low = input->samples.low;
    const float range = input->samples.high - low;
    for (int64_t i = 0; i < picture->height * picture->width * kept; i++) {
        float sum = 0;
        for (int64_t c = 0; c < taken; c++) {
            sum += from[i * taken + c];
        }
        const float share = range > 0 ? (sum / (float)taken - low) / range : 0.5F;
        picture->bytes[i] = (uint8_t)(255 * fminf(fmaxf(share, 0), 1) + 0.5F);
    }
    return CLI_DONE;
}

/* Points at the first sample of each array. */
static int point(see_input *input, const see *run, const stria_array *first)
{
    const size_t count = stria_model_input_count(run->model);
    input->inputs = calloc(count, sizeof *input->inputs);
    input->shapes = calloc(count, sizeof *input->shapes);
    if (input->inputs == NULL || input->shapes == NULL) {
        return cli_fail_memory();
    }
    for (size_t i = 0; i < count; i++) {
        const stria_array *array = i == 0 ? first : &input->samples.more[i - 1];
        input->inputs[i] = array->values;
        input->shapes[i].rank = array->shape.rank - 1;
        memcpy(input->shapes[i].sizes, array->shape.sizes + 1,
               (size_t)input->shapes[i].rank * sizeof(int64_t));
    }
    return CLI_DONE;
}

/* Samples, of which the first is taken. */
static int take_samples(see_input *input, const see *run)
{
    const size_t count = cli_samples_count(&input->samples);
    if (count == 0) {
        return cli_fail(CLI_BAD_INPUT, "%s holds no samples", input->samples.name);
    }
    if (count > 1) {
        cli_note("%s holds %zu samples; this is about the first", input->samples.name, count);
    }
    cli_sample_name(&input->samples, 0, input->name, sizeof input->name);
    const int status = point(input, run, &input->samples.array);
    return status == CLI_DONE ? draw(input, run) : status;
}

static int read_data(see_input *input, const see *run)
{
    const see_options *o = run->options;
    const cli_list first = {.count = 1, .items = {"0"}};
    const stria_part part =
        o->part != NULL && strcmp(o->part, "train") == 0 ? STRIA_PART_TRAIN : STRIA_PART_TEST;
    stria_dataset *data = NULL;
    int status = cli_open_data(&data, run->context, o->data, run->model, NULL);
    if (status == CLI_DONE) {
        status = cli_samples_read_data(&input->samples, run->context, run->model, data, o->data, part,
                                       o->index.count > 0 ? &o->index : &first, true);
    }
    if (status == CLI_DONE) {
        status = take_samples(input, run);
    }
    stria_dataset_free(data);
    return status;
}

static int read_file(see_input *input, const see *run, const char *path)
{
    if (stria_model_input_count(run->model) > 1) {
        const int status = cli_samples_read_file(&input->samples, run->context, run->model, path, true);
        return status == CLI_DONE ? take_samples(input, run) : status;
    }
    const int status =
        cli_picture_input_read(&input->picture, run->context, run->model, path, run->options->bands);
    snprintf(input->name, sizeof input->name, "%s", path);
    input->shown = &input->picture.shown;
    return status == CLI_DONE ? point(input, run, &input->picture.array) : status;
}

int see_input_read(see_input *input, const see *run)
{
    int status;
    *input = (see_input){0};
    input->shown = &input->drawn;
    const bool from_data = run->options->data != NULL;
    const char *path = from_data ? NULL : see_picture(run, &input->layer, &status);
    if (from_data) {
        input->layer = see_layer(run, 1, &status);
    }
    if (status != CLI_DONE) {
        return status;
    }
    if (input->layer != NULL && stria_model_find_layer(run->model, input->layer) < 0) {
        return from_data && cli_exists(input->layer)
                   ? cli_fail(CLI_MISUSED, "PICTURE '%s' and --data %s are two pictures; give one",
                              input->layer, run->options->data)
                   : see_fail_layer(run, input->layer);
    }
    return from_data ? read_data(input, run) : read_file(input, run, path);
}

void see_input_free(see_input *input, const see *run)
{
    stria_picture_free(&input->drawn, run->context);
    cli_picture_input_free(&input->picture, run->context);
    cli_samples_free(&input->samples, run->context);
    free(input->inputs);
    free(input->shapes);
}

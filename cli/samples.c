/* The inputs of a prediction. See samples.h. */
#include "samples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "sample_picture.h"

size_t cli_shape_elements(const stria_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++) {
        count *= (size_t)shape->sizes[i];
    }
    return count;
}

size_t cli_samples_count(const cli_samples *samples)
{
    return samples->array.shape.rank > 0 ? (size_t)samples->array.shape.sizes[0] : 0;
}

char *cli_sample_name(const cli_samples *samples, size_t sample, char *text, size_t size)
{
    if (samples->indices != NULL) {
        snprintf(text, size, "%s[%lu]", samples->name, (unsigned long)samples->indices[sample]);
    } else if (cli_samples_count(samples) > 1) {
        snprintf(text, size, "%s[%zu]", samples->name, sample);
    } else {
        snprintf(text, size, "%s", samples->name);
    }
    return text;
}

void cli_samples_free(cli_samples *samples, stria_context *context)
{
    stria_array_free(&samples->array, context);
    for (size_t i = 0; i < samples->more_count; i++) {
        stria_array_free(&samples->more[i], context);
    }
    free(samples->more);
    free(samples->stored);
    free(samples->indices);
    free(samples->labels);
    *samples = (cli_samples){0};
}

/* Copies the numbers as they are now. Bytes are shown from 0 to 255, other numbers between their extremes. */
static int keep(cli_samples *samples, bool are_bytes)
{
    const size_t count = cli_shape_elements(&samples->array.shape);
    samples->stored = malloc(count > 0 ? count * sizeof(float) : 1);
    if (samples->stored == NULL) {
        return cli_fail_memory();
    }
    memcpy(samples->stored, samples->array.values, count * sizeof(float));
    samples->high = are_bytes ? 255 : 0;
    for (size_t i = 0; i < count && !are_bytes; i++) {
        samples->low = fminf(samples->low, samples->stored[i]);
        samples->high = fmaxf(samples->high, samples->stored[i]);
    }
    return CLI_DONE;
}

/* The arrays of a model's inputs behind the first: as many samples as that has. */
static int read_more(cli_samples *samples, stria_context *context, const stria_model *model, const char *path)
{
    const size_t more = stria_model_input_count(model) - 1;
    if (more == 0) {
        return CLI_DONE;
    }
    samples->more = calloc(more, sizeof *samples->more);
    if (samples->more == NULL) {
        return cli_fail_memory();
    }
    for (size_t i = 0; i < more; i++) {
        stria_error err = {0};
        stria_array *array = &samples->more[samples->more_count++];
        if (stria_array_read_input(array, context, path, model, i + 1, &err) != STRIA_OK) {
            return cli_fail_with(&err, CLI_FROM_FILE);
        }
        if (stria_array_fit_input(array, context, model, i + 1, &err) != STRIA_OK) {
            return cli_fail(CLI_BAD_INPUT, "%s: '%s': %s", path, stria_model_input_name(model, i + 1),
                            err.message);
        }
        if (array->shape.sizes[0] != samples->array.shape.sizes[0]) {
            return cli_fail(CLI_BAD_INPUT, "%s: '%s' has %lld samples and '%s' %lld", path,
                            stria_model_input_name(model, 0), (long long)samples->array.shape.sizes[0],
                            stria_model_input_name(model, i + 1), (long long)array->shape.sizes[0]);
        }
    }
    return CLI_DONE;
}

/* Says of pictures [N,H,W,C] that they were made to fit, unless the model was trained with resized pictures.
 */
static void note_conversion(const char *path, const stria_model *model, const stria_shape *stored,
                            const stria_shape *fitted)
{
    const char *preprocessing = stria_model_metadata(model, "preprocessing");
    if (stored->rank != 4 || fitted->rank != 4 ||
        (preprocessing != NULL && strstr(preprocessing, "resize=") != NULL) ||
        memcmp(stored->sizes, fitted->sizes, 4 * sizeof stored->sizes[0]) == 0) {
        return;
    }
    cli_note("%s: a picture of %lldx%lldx%lld, made %lldx%lldx%lld for the model", path,
             (long long)stored->sizes[1], (long long)stored->sizes[2], (long long)stored->sizes[3],
             (long long)fitted->sizes[1], (long long)fitted->sizes[2], (long long)fitted->sizes[3]);
}

/* From the file at `path`, which the user calls `name`. */
static int read_file(cli_samples *samples, stria_context *context, const stria_model *model, const char *name,
                     const char *path, bool keep_stored)
{
    stria_error err = {0};
    samples->name = name;
    if (stria_array_read_input(&samples->array, context, path, model, 0, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    if (keep_stored) {
        const int status = keep(samples, samples->array.from_bytes != 0);
        if (status != CLI_DONE) {
            return status;
        }
    }
    const stria_shape stored = samples->array.shape;
    if (stria_array_fit(&samples->array, context, model, &err) != STRIA_OK) {
        return cli_fail(CLI_BAD_INPUT, "%s: %s", name, err.message);
    }
    note_conversion(name, model, &stored, &samples->array.shape);
    return read_more(samples, context, model, path);
}

int cli_samples_read_file(cli_samples *samples, stria_context *context, const stria_model *model,
                          const char *name, bool keep_stored)
{
    char *path;
    int status = cli_find_picture(name, &path);
    if (status == CLI_DONE) {
        status = read_file(samples, context, model, name, path, keep_stored);
        free(path);
    }
    return status;
}

/* One "7" or "10-19" of a list. *next is where it ends. */
static bool parse_span(const char *text, unsigned long *first, unsigned long *last, char **next)
{
    *first = strtoul(text, next, 10);
    if (*text < '0' || *text > '9' || *first > UINT32_MAX) {
        return false;
    }
    *last = *first;
    if (**next == '-') {
        const char *end = *next + 1;
        *last = strtoul(end, next, 10);
        return *end >= '0' && *end <= '9' && *last >= *first && *last <= UINT32_MAX;
    }
    return true;
}

/* Walks through the lists; counts the places, and writes them when `indices` is given. */
static int parse_index(const cli_list *index, size_t available, uint32_t *indices, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < index->count; i++) {
        const char *at = index->items[i];
        for (;;) {
            unsigned long first, last;
            char *next = NULL;
            if (!parse_span(at, &first, &last, &next) || (*next != '\0' && *next != ',')) {
                return cli_fail(CLI_MISUSED, "--index '%s' is no list of places such as 0,5,10-19",
                                index->items[i]);
            }
            if (last >= available) {
                return cli_fail(CLI_MISUSED, "--index %lu: the part has %zu samples, 0 to %zu", last,
                                available, available > 0 ? available - 1 : 0);
            }
            for (unsigned long place = first; place <= last; place++) {
                if (indices != NULL) {
                    indices[*count] = (uint32_t)place;
                }
                ++*count;
            }
            if (*next == '\0') {
                break;
            }
            at = next + 1;
        }
    }
    return CLI_DONE;
}

static int list_indices(cli_samples *samples, const cli_list *index, size_t available, size_t *count)
{
    int status = parse_index(index, available, NULL, count);
    if (status != CLI_DONE) {
        return status;
    }
    samples->indices = malloc(*count * sizeof *samples->indices);
    samples->labels =
        stria_dataset_class_count(samples->data) > 0 ? malloc(*count * sizeof *samples->labels) : NULL;
    if (samples->indices == NULL ||
        (samples->labels == NULL && stria_dataset_class_count(samples->data) > 0)) {
        return cli_fail_memory();
    }
    return parse_index(index, available, samples->indices, count);
}

int cli_samples_read_data(cli_samples *samples, stria_context *context, const stria_model *model,
                          const stria_dataset *data, const char *name, stria_part part, const cli_list *index,
                          bool keep_stored)
{
    stria_error err = {0};
    samples->name = name;
    samples->data = data;
    size_t count = 0;
    int status = list_indices(samples, index, stria_dataset_count(data, part), &count);
    if (status != CLI_DONE) {
        return status;
    }
    const stria_shape *sample = stria_dataset_shape(data);
    stria_shape shape = {.rank = sample->rank + 1, .sizes = {(int64_t)count}};
    memcpy(shape.sizes + 1, sample->sizes, (size_t)sample->rank * sizeof sample->sizes[0]);
    if (stria_array_create(&samples->array, context, &shape, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    if (keep_stored) { /* read once without scaling, then as the model wants them */
        if (stria_dataset_read(data, part, samples->indices, count, "", samples->array.values, NULL, NULL,
                               &err) != STRIA_OK) {
            return cli_fail_with(&err, CLI_FROM_FILE);
        }
        status = keep(samples, strcmp(stria_dataset_preprocessing(data), "scale=0.00392156862745098") == 0);
        if (status != CLI_DONE) {
            return status;
        }
    }
    if (stria_dataset_read(data, part, samples->indices, count, stria_preprocessing_for(model, data),
                           samples->array.values, samples->labels, NULL, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    if (stria_array_fit(&samples->array, context, model, &err) != STRIA_OK) {
        return cli_fail(CLI_BAD_INPUT, "%s: %s", name, err.message);
    }
    return CLI_DONE;
}

/* A picture for a model. See picture_input.h. */
#include "picture_input.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "sample_picture.h"
#include "samples.h"

#define MOST_BANDS 16

/* What is at hand while a picture is prepared. */
typedef struct preparation {
    stria_context *context;
    const char *name;
    stria_array array;               /* [H, W, C] */
    int64_t height, width, channels; /* that are wanted; STRIA_ANY_SIZE: any */
} preparation;

/* Gives the array other numbers of a new shape. */
static int replace(preparation *p, const stria_shape *shape, stria_array *made)
{
    stria_error err = {0};
    if (stria_array_create(made, p->context, shape, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_FILE);
    }
    made->from_bytes = p->array.from_bytes;
    return CLI_DONE;
}

/* Puts `made` in the array's place. */
static void take(preparation *p, stria_array *made)
{
    stria_array_free(&p->array, p->context);
    p->array = *made;
}

/* Reduces the array to one sample [H, W, C]. Of three axes the first may be the batch of pictures without
 * channels, as in IDX files: when the last is too long for channels or the model's sizes say so. */
static int first_sample(preparation *p)
{
    stria_shape *shape = &p->array.shape;
    const bool batch_of_three =
        shape->rank == 3 && p->channels == 1 && shape->sizes[2] != 1 &&
        (p->height == STRIA_ANY_SIZE || p->height == shape->sizes[1]) &&
        (p->width == STRIA_ANY_SIZE ? shape->sizes[2] > MOST_BANDS : p->width == shape->sizes[2]);
    if (shape->rank == 2 || batch_of_three) {
        shape->sizes[shape->rank++] = 1;
    }
    if (shape->rank == 4) {
        if (shape->sizes[0] > 1) {
            cli_note("%s holds %lld pictures; taking the first", p->name, (long long)shape->sizes[0]);
        }
        if (shape->sizes[0] < 1) {
            return cli_fail(CLI_BAD_INPUT, "%s holds no pictures", p->name);
        }
        *shape = (stria_shape){3, {shape->sizes[1], shape->sizes[2], shape->sizes[3]}};
    }
    char text[STRIA_SHAPE_TEXT_SIZE];
    if (shape->rank != 3 || shape->sizes[0] < 1 || shape->sizes[1] < 1 || shape->sizes[2] < 1) {
        return cli_fail(CLI_BAD_INPUT, "%s is %s: no picture of rows, columns and channels", p->name,
                        stria_shape_text(shape, text, sizeof text));
    }
    return CLI_DONE;
}

/* ---- Channels ---- */

/* Makes [H, W, count] with channel c from those of each pixel by `weights` [count, channels]. */
static int mix(preparation *p, const float *weights, int64_t count)
{
    const int64_t pixels = p->array.shape.sizes[0] * p->array.shape.sizes[1],
                  channels = p->array.shape.sizes[2];
    const stria_shape shape = {3, {p->array.shape.sizes[0], p->array.shape.sizes[1], count}};
    stria_array made = {0};
    const int status = replace(p, &shape, &made);
    if (status != CLI_DONE) {
        return status;
    }
    for (int64_t i = 0; i < pixels; i++) {
        for (int64_t c = 0; c < count; c++) {
            double sum = 0;
            for (int64_t k = 0; k < channels; k++) {
                const float weight = weights[c * channels + k];
                sum += weight != 0 ? (double)weight * (double)p->array.values[i * channels + k] : 0;
            }
            made.values[i * count + c] = p->array.from_bytes ? (float)floor(sum + 0.5) : (float)sum;
        }
    }
    take(p, &made);
    return CLI_DONE;
}

static int pick_bands(preparation *p, const char *bands)
{
    const int64_t channels = p->array.shape.sizes[2];
    float *weights = calloc(MOST_BANDS * (size_t)channels, sizeof *weights);
    int64_t count = 0;
    if (weights == NULL) {
        return cli_fail_memory();
    }
    for (const char *at = bands;;) {
        char *end;
        const long long band = strtoll(at, &end, 10);
        if (end == at || (*end != ',' && *end != '\0') || band < 1 || band > channels ||
            count == MOST_BANDS) {
            free(weights);
            return cli_fail(CLI_MISUSED,
                            "--bands %s: up to %d numbers from 1 to %lld, the bands of %s, with commas",
                            bands, MOST_BANDS, (long long)channels, p->name);
        }
        weights[count++ * channels + band - 1] = 1;
        if (*end == '\0') {
            break;
        }
        at = end + 1;
    }
    const int status = mix(p, weights, count);
    free(weights);
    return status;
}

/* Turns the channels there are into those that are wanted, between grey, colour, and either with alpha. */
static int convert(preparation *p)
{
    static const float luma[] = {0.299f, 0.587f, 0.114f, 0}, first[] = {1, 0}, grey[] = {1, 1, 1};
    static const float colors[] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, grey_of_two[] = {1, 0, 1, 0, 1, 0};
    const int64_t have = p->array.shape.sizes[2], want = p->channels;
    if (want == have || want == STRIA_ANY_SIZE) {
        return CLI_DONE;
    }
    if (want == 1 && (have == 3 || have == 4)) {
        cli_note("%s has colours; taken as grey: 0.299 red + 0.587 green + 0.114 blue", p->name);
        return mix(p, luma, 1);
    }
    if (want == 1 && have == 2) {
        return mix(p, first, 1);
    }
    if (want == 3 && have <= 2) {
        cli_note("%s is grey; taken as red, green and blue alike", p->name);
        return mix(p, have == 1 ? grey : grey_of_two, 3);
    }
    if (want == 3 && have == 4) {
        return mix(p, colors, 3);
    }
    return cli_fail(CLI_BAD_INPUT,
                    "%s has %lld channels and %lld are wanted; --bands picks them, as --bands %s", p->name,
                    (long long)have, (long long)want, want == 1 ? "1" : "3,2,1");
}

/* ---- Size ---- */

static stria_picture bytes_of(const preparation *p, stria_status *status, stria_error *err)
{
    const int64_t *sizes = p->array.shape.sizes;
    stria_picture picture = {0};
    const size_t count = (size_t)(sizes[0] * sizes[1] * sizes[2]);
    *status = stria_picture_create(&picture, p->context, sizes[0], sizes[1], sizes[2], err);
    float low = 0, high = 255;
    if (!p->array.from_bytes) { /* numbers of any kind: from the smallest to the largest */
        low = INFINITY;
        high = -INFINITY;
        for (size_t i = 0; i < count; i++) {
            low = fminf(low, p->array.values[i]);
            high = fmaxf(high, p->array.values[i]);
        }
    }
    for (size_t i = 0; i < count && *status == STRIA_OK; i++) {
        const float part = high > low ? (p->array.values[i] - low) / (high - low) : 0;
        picture.bytes[i] = (uint8_t)(255 * fminf(1, fmaxf(0, part)) + 0.5f);
    }
    return picture;
}

/* Pictures of bytes are resized; other numbers stay as they are, and stria_array_fit tells what is wrong with
 * them. */
static int resize(preparation *p)
{
    const int64_t *sizes = p->array.shape.sizes;
    const int64_t height = p->height == STRIA_ANY_SIZE ? sizes[0] : p->height;
    const int64_t width = p->width == STRIA_ANY_SIZE ? sizes[1] : p->width;
    if ((height == sizes[0] && width == sizes[1]) || !p->array.from_bytes || sizes[2] > 4) {
        return CLI_DONE;
    }
    stria_error err = {0};
    stria_status status;
    stria_picture picture = bytes_of(p, &status, &err);
    if (status == STRIA_OK) {
        status = stria_picture_resize(&picture, p->context, height, width, "bilinear", &err);
    }
    stria_array made = {0};
    int result = status == STRIA_OK ? CLI_DONE : cli_fail_with(&err, CLI_FROM_FILE);
    if (result == CLI_DONE) {
        cli_note("%s is %lldx%lld; resized to %lldx%lld (bilinear)", p->name, (long long)sizes[0],
                 (long long)sizes[1], (long long)height, (long long)width);
        const stria_shape shape = {3, {height, width, sizes[2]}};
        result = replace(p, &shape, &made);
    }
    if (result == CLI_DONE) {
        for (size_t i = 0; i < cli_shape_elements(&made.shape); i++) {
            made.values[i] = (float)picture.bytes[i];
        }
        take(p, &made);
    }
    stria_picture_free(&picture, p->context);
    return result;
}

/* ---- The whole ---- */

/* Adds the batch axis and scales, as the model says or from bytes to 0 to 1. */
static int finish(preparation *p, const stria_model *model, cli_picture_input *input)
{
    stria_error err = {0};
    stria_status status = STRIA_OK;
    if (p->array.shape.sizes[2] == 1 || p->array.shape.sizes[2] == 3) {
        input->shown = bytes_of(p, &status, &err);
    }
    const stria_shape one = p->array.shape;
    p->array.shape = (stria_shape){4, {1, one.sizes[0], one.sizes[1], one.sizes[2]}};
    if (status == STRIA_OK && model != NULL) {
        status = stria_array_fit(&p->array, p->context, model, &err);
    } else if (status == STRIA_OK && p->array.from_bytes) {
        for (size_t i = 0; i < cli_shape_elements(&p->array.shape); i++) {
            p->array.values[i] /= 255;
        }
    }
    return status == STRIA_OK             ? CLI_DONE
           : status == STRIA_ERROR_MEMORY ? cli_fail_memory()
                                          : cli_fail(CLI_BAD_INPUT, "%s: %s", p->name, err.message);
}

static int prepare(preparation *p, const stria_model *model, const char *bands, cli_picture_input *input)
{
    int status = first_sample(p);
    if (status == CLI_DONE && bands != NULL) {
        status = pick_bands(p, bands);
    }
    if (status == CLI_DONE && model == NULL && p->array.shape.sizes[2] != 1 && bands != NULL) {
        /* Without a model the picked bands together are the grey picture. */
        float mean[MOST_BANDS];
        const int64_t count = p->array.shape.sizes[2];
        for (int64_t i = 0; i < count; i++) {
            mean[i] = 1 / (float)count;
        }
        cli_note("the mean of %lld bands is taken as grey", (long long)count);
        status = mix(p, mean, 1);
    }
    if (status == CLI_DONE) {
        status = convert(p);
    }
    if (status == CLI_DONE) {
        status = resize(p);
    }
    return status == CLI_DONE ? finish(p, model, input) : status;
}

/* Signals, volumes and lists of numbers: what the file holds is what the model gets. */
static int fit_only(preparation *p, const stria_model *model)
{
    stria_error err = {0};
    if (stria_array_fit(&p->array, p->context, model, &err) != STRIA_OK) {
        return cli_fail(CLI_BAD_INPUT, "%s: %s", p->name, err.message);
    }
    if (p->array.shape.sizes[0] < 1) {
        return cli_fail(CLI_BAD_INPUT, "%s holds no samples", p->name);
    }
    if (p->array.shape.sizes[0] > 1) {
        cli_note("%s holds %lld samples; taking the first", p->name, (long long)p->array.shape.sizes[0]);
        p->array.shape.sizes[0] = 1;
    }
    return CLI_DONE;
}

int cli_picture_input_read(cli_picture_input *input, stria_context *context, const stria_model *model,
                           const char *name, const char *bands)
{
    *input = (cli_picture_input){0};
    preparation p = {
        .context = context, .name = name, .height = STRIA_ANY_SIZE, .width = STRIA_ANY_SIZE, .channels = 1};
    if (model != NULL && stria_model_input_count(model) != 1) {
        return cli_fail(CLI_BAD_INPUT, "the model has %zu inputs; this looks at models with one",
                        stria_model_input_count(model));
    }
    const stria_shape *wanted = model != NULL ? stria_model_input_shape(model, 0) : NULL;
    const bool is_picture = wanted == NULL || wanted->rank == 3;
    if (wanted != NULL && is_picture) {
        p.height = wanted->sizes[0];
        p.width = wanted->sizes[1];
        p.channels = wanted->sizes[2];
    }
    stria_error err = {0};
    char *path;
    int status = cli_find_picture(name, &path);
    if (status != CLI_DONE) {
        return status;
    }
    if (stria_array_read(&p.array, context, path, &err) != STRIA_OK) {
        status = cli_fail_with(&err, CLI_FROM_FILE);
    }
    free(path);
    if (status == CLI_DONE) {
        status = is_picture ? prepare(&p, model, bands, input) : fit_only(&p, model);
    }
    input->array = p.array;
    return status;
}

stria_shape cli_picture_input_shape(const cli_picture_input *input)
{
    const stria_shape *whole = &input->array.shape;
    stria_shape shape = {.rank = whole->rank - 1};
    memcpy(shape.sizes, whole->sizes + 1, (size_t)shape.rank * sizeof shape.sizes[0]);
    return shape;
}

void cli_picture_input_free(cli_picture_input *input, stria_context *context)
{
    stria_array_free(&input->array, context);
    stria_picture_free(&input->shown, context);
}

/* What a model's random layers do to pictures, as a sheet. A plan for training runs the model up to the last
 * of the random layers that it begins with; each draw is a step of that plan. Rescaling and normalization on
 * the way are linear in each channel: an inference plan, in which random layers do nothing, tells what they
 * make of black and white pictures, and so how to undo them. */
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/options.h"
#include "base/size.h"
#include "base/text.h"
#include "data/dataset.h"
#include "inspect/gallery.h"
#include "model/model.h"
#include "model/plan.h"

#define TILE          96.0
#define MOST_PICTURES 64
#define MOST_DRAWS    64
#define MOST_CHANNELS 64

/* Kinds that a model may begin with, before it computes anything from pictures. */
static const char *const random_kinds[] = {"auto_contrast",  "cutmix",   "equalization",
                                           "gaussian_noise", "mixup",    "rand_augment",
                                           "solarization",   "random_*", NULL};
static const char *const fixed_kinds[] = {
    "center_crop", "cropping2d", "normalization", "rescaling", "resizing", "zero_padding2d", NULL};

typedef struct augmented {
    stria_model *model;
    const stria_dataset *data;
    stria_gallery_options options;
    stria_sample_choice choice;
    size_t last; /* the layer that ends the chain */
    stria_plan *training, *inference;
    size_t pictures;   /* rows */
    uint32_t *indices; /* [pictures] */
    int32_t *labels;   /* [pictures] */
    float *x;          /* [pictures, shape...] */
    size_t channels;
    double black[MOST_CHANNELS], white[MOST_CHANNELS]; /* what the chain makes of them */
    bool undone;                                       /* those tell how to show numbers */
    stria_text names;                                  /* of the layers that take part */
    stria_sheet *sheet;
} augmented;

/* ---- The chain of layers ---- */

static bool is_one_of(const char *const *patterns, const char *kind)
{
    for (; *patterns != NULL; patterns++)
        if (stria_text_matches(kind, *patterns))
            return true;
    return false;
}

/* The only layer that reads the output of `layer` and nothing else; -1 when there is none. */
static int64_t follower(const stria_model *model, size_t layer)
{
    stria_layer_info info;
    int64_t found = -1;
    for (size_t i = 0; stria_model_layer(model, i, &info); i++)
        for (size_t n = 0; n < info.input_count; n++)
            if (info.inputs[n] == layer) {
                if (found >= 0 || info.input_count != 1)
                    return -1;
                found = (int64_t)i;
            }
    return found;
}

/* Finds the last of the random layers that the model begins with, and names those that take part. */
static stria_status find_chain(augmented *of, stria_error *err)
{
    stria_layer_info info;
    bool found = false;
    if (stria_model_input_count(of->model) != 1)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "the model has %zu inputs, and pictures are one",
                          stria_model_input_count(of->model));
    const int input = stria_model_find_layer(of->model, stria_model_input_name(of->model, 0));
    for (int64_t at = follower(of->model, (size_t)input); at >= 0; at = follower(of->model, (size_t)at)) {
        stria_model_layer(of->model, (size_t)at, &info);
        const bool random = is_one_of(random_kinds, info.kind);
        if (!random && !is_one_of(fixed_kinds, info.kind))
            break;
        if (random) {
            of->last = (size_t)at;
            stria_text_format(&of->names, "%s%s", found ? ", " : "", info.name);
            found = true;
        }
    }
    if (!found)
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "the model begins with no random layers: such as 'random_flip' or 'random_rotation "
                          "0.1' behind its input would show here");
    return of->names.failed ? stria_fail_memory(err, of->names.length) : STRIA_OK;
}

static stria_status make_plans(augmented *of, stria_error *err)
{
    stria_layer_info info;
    stria_model_layer(of->model, of->last, &info);
    const stria_shape *wanted = stria_model_input_shape(of->model, 0), *shape = &of->data->shape;
    if (shape->rank != 3)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "the samples have %d axes, and pictures [H,W,C] three", shape->rank);
    for (int i = 0; i < 3; i++)
        if (wanted->rank != 3 || (wanted->sizes[i] != STRIA_ANY_SIZE && wanted->sizes[i] != shape->sizes[i]))
            return stria_fail(err, STRIA_ERROR_SHAPE,
                              "the data has pictures of %lldx%lldx%lld, and the model's input is another",
                              (long long)shape->sizes[0], (long long)shape->sizes[1],
                              (long long)shape->sizes[2]);
    stria_plan_options options = {.struct_size = sizeof options,
                                  .mode = STRIA_MODE_TRAINING,
                                  .batch = (int64_t)of->pictures,
                                  .input_shapes = shape,
                                  .outputs = &info.name,
                                  .output_count = 1,
                                  .seed = of->options.seed};
    STRIA_TRY(stria_plan_create(&of->training, of->model, &options, err));
    options.mode = STRIA_MODE_INFERENCE;
    options.batch = 1;
    return stria_plan_create(&of->inference, of->model, &options, err);
}

static const stria_shape *output_shape(const augmented *of)
{
    stria_layer_info info;
    stria_model_layer(of->model, of->last, &info);
    return stria_plan_shape(of->training, info.name);
}

/* ---- Pictures ---- */

/* One picture of each class in turn. */
static stria_status choose(augmented *of, stria_error *err)
{
    const size_t all = stria_dataset_count(of->data, of->options.part);
    const size_t size = (size_t)stria_shape_elements(&of->data->shape);
    STRIA_TRY(stria_sample_choice_make(&of->choice, of->data, &of->options, err));
    of->pictures = stria_size_min(of->options.samples > 0 ? of->options.samples : 4, MOST_PICTURES);
    of->pictures = stria_size_min(of->pictures, all);
    of->indices = stria_allocate_array(of->choice.allocator, of->pictures, sizeof *of->indices);
    of->labels = stria_allocate_array(of->choice.allocator, of->pictures, sizeof *of->labels);
    of->x = stria_allocate_floats(of->choice.allocator, of->pictures * size);
    if (of->indices == NULL || of->labels == NULL || of->x == NULL)
        return stria_fail_memory(err, of->pictures * size * sizeof *of->x);
    size_t count = 0;
    for (size_t round = 0; count < of->pictures; round++)
        for (size_t c = 0; c < of->choice.class_count && count < of->pictures; c++)
            if (of->choice.starts[c] + round < of->choice.starts[c + 1])
                of->indices[count++] = of->choice.order[of->choice.starts[c] + round];
    return stria_dataset_read(of->data, of->options.part, of->indices, of->pictures,
                              stria_preprocessing_for(of->model, of->data), of->x, of->labels, NULL, err);
}

/* What a black and a white picture come out as: numbers of 0, and of 255 times the scale of bytes. */
static stria_status find_ends(augmented *of, stria_error *err)
{
    const size_t size = (size_t)stria_shape_elements(&of->data->shape);
    const stria_shape *shape = output_shape(of);
    double scale = 1;
    STRIA_TRY(stria_preprocessing_scale(stria_preprocessing_for(of->model, of->data), &scale, err));
    const double top = of->data->type == STRIA_U8 ? scale / of->data->scale : 1;
    float *flat = stria_allocate_floats(of->choice.allocator, size);
    if (flat == NULL)
        return stria_fail_memory(err, size * sizeof *flat);
    stria_status status = STRIA_OK;
    of->channels = (size_t)shape->sizes[shape->rank - 1];
    of->undone = shape->rank == 3 && of->channels <= MOST_CHANNELS;
    for (int end = 0; end < 2 && of->undone && status == STRIA_OK; end++) {
        for (size_t i = 0; i < size; i++)
            flat[i] = end == 1 ? (float)top : 0.0F;
        status = stria_plan_run(of->inference, (const float *const[]){flat}, 1, err);
        /* In the middle, as a border may be padding. */
        const size_t middle = (size_t)(shape->sizes[0] / 2 * shape->sizes[1] + shape->sizes[1] / 2);
        const float *y = stria_plan_output(of->inference, 0);
        for (size_t c = 0; c < of->channels && status == STRIA_OK; c++)
            (end == 1 ? of->white : of->black)[c] = y[middle * of->channels + c];
    }
    for (size_t c = 0; c < of->channels && of->undone; c++)
        of->undone = isfinite(of->white[c]) && isfinite(of->black[c]) && of->white[c] != of->black[c];
    stria_release(of->choice.allocator, flat);
    return status;
}

/* A picture of numbers [height, width, channels] whose black and white are given for each channel. */
static stria_status add_tile(augmented *of, const float *numbers, const stria_shape *shape, size_t channels,
                             const double *black, const double *white, const stria_tile *about,
                             stria_error *err)
{
    const size_t pixels = (size_t)(shape->sizes[0] * shape->sizes[1]), kept = channels > 4 ? 3 : channels;
    stria_picture picture = {0};
    STRIA_TRY(stria_picture_create(&picture, of->data->context, shape->sizes[0], shape->sizes[1],
                                   (int64_t)kept, err));
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < kept; c++)
            picture.bytes[i * kept + c] = stria_gallery_byte(((double)numbers[i * channels + c] - black[c]) /
                                                             (white[c] - black[c]) * 255);
    stria_sheet_tile(of->sheet, &picture, about);
    stria_picture_free(&picture, of->data->context);
    return STRIA_OK;
}

/* ---- The sheet ---- */

static stria_status add_row(augmented *of, size_t row, const float *const *draws, size_t draw_count,
                            stria_error *err)
{
    const stria_shape *in = &of->data->shape, *out = output_shape(of);
    const size_t in_size = (size_t)stria_shape_elements(in), out_size = (size_t)stria_shape_elements(out);
    const size_t in_channels = (size_t)in->sizes[2];
    double scale = 1, black[MOST_CHANNELS] = {0}, white[MOST_CHANNELS];
    char title[1024], caption[64];
    STRIA_TRY(stria_preprocessing_scale(stria_preprocessing_for(of->model, of->data), &scale, err));
    for (size_t c = 0; c < stria_size_min(in_channels, MOST_CHANNELS); c++)
        white[c] = of->data->type == STRIA_U8 ? scale / of->data->scale : 1;
    stria_sample_title(of->data, of->options.part, of->indices[row], title, sizeof title);
    const char *name =
        of->data->class_count > 0 ? stria_dataset_class_name(of->data, (size_t)of->labels[row]) : "original";
    stria_format(caption, sizeof caption, "%.60s", name);
    const int smooth = in->sizes[0] > (int64_t)TILE || in->sizes[1] > (int64_t)TILE;
    STRIA_TRY(add_tile(of, of->x + row * in_size, in, in_channels, black, white,
                       &(stria_tile){.caption = caption, .title = title, .smooth = smooth}, err));
    for (size_t d = 0; d < draw_count; d++) {
        stria_format(title, sizeof title, "draw %zu", d + 1);
        STRIA_TRY(add_tile(of, draws[d] + row * out_size, out, of->channels, of->black, of->white,
                           &(stria_tile){.title = title, .smooth = smooth}, err));
    }
    return STRIA_OK;
}

/* Without known ends, the extremes of all that is shown are black and white. */
static void find_extremes(augmented *of, const float *numbers, size_t count)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        low = fmin(low, numbers[i]);
        high = fmax(high, numbers[i]);
    }
    for (size_t c = 0; c < stria_size_min(of->channels, MOST_CHANNELS); c++) {
        of->black[c] = low;
        of->white[c] = high > low ? high : low + 1;
    }
}

static stria_status run_draws(augmented *of, float *numbers, size_t draws, stria_error *err)
{
    const size_t size = of->pictures * (size_t)stria_shape_elements(output_shape(of));
    for (size_t d = 0; d < draws; d++) {
        stria_plan_set_step(of->training, d + 1);
        STRIA_TRY(stria_plan_run(of->training, (const float *const[]){of->x}, (int64_t)of->pictures, err));
        memcpy(numbers + d * size, stria_plan_output(of->training, 0), size * sizeof *numbers);
    }
    if (!of->undone)
        find_extremes(of, numbers, draws * size);
    return STRIA_OK;
}

static stria_status begin_sheet(augmented *of, size_t draws, stria_error *err)
{
    stria_text title = {.allocator = of->choice.allocator};
    stria_text_format(&title, "%s: %s", of->options.name != NULL ? of->options.name : "data",
                      of->names.bytes);
    const stria_status status = title.failed
                                    ? stria_fail_memory(err, title.length)
                                    : stria_sheet_create(&of->sheet, of->data->context, title.bytes, err);
    stria_text_free(&title);
    STRIA_TRY(status);
    stria_sheet_group(of->sheet, &(stria_sheet_group_options){.heading = "as it is, then as in training",
                                                              .size = TILE,
                                                              .columns = (int)draws + 1});
    return STRIA_OK;
}

static void add_notes(augmented *of)
{
    if (!of->undone)
        stria_sheet_note(of->sheet,
                         "Outputs are shown from their lowest (black) to their highest number (white).");
    if (stria_plan_mixing_count(of->training) > 0)
        stria_sheet_note(of->sheet, "The rows are one batch: layers that mix have these pictures to mix.");
}

static stria_status draw(augmented *of, stria_error *err)
{
    const size_t draws = stria_size_min(of->options.draws > 0 ? of->options.draws : 8, MOST_DRAWS);
    const float *rows[MOST_DRAWS];
    STRIA_TRY(find_chain(of, err));
    STRIA_TRY(choose(of, err));
    STRIA_TRY(make_plans(of, err));
    STRIA_TRY(find_ends(of, err));
    const stria_shape *shape = output_shape(of);
    if (shape->rank != 3 || of->data->shape.sizes[2] > MOST_CHANNELS)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "the random layers give no pictures of up to %d channels", MOST_CHANNELS);
    const size_t size = of->pictures * (size_t)stria_shape_elements(shape);
    float *numbers = stria_allocate_floats(of->choice.allocator, draws * size);
    if (numbers == NULL)
        return stria_fail_memory(err, draws * size * sizeof *numbers);
    for (size_t d = 0; d < draws; d++)
        rows[d] = numbers + d * size;
    stria_status status = run_draws(of, numbers, draws, err);
    if (status == STRIA_OK)
        status = begin_sheet(of, draws, err);
    for (size_t row = 0; row < of->pictures && status == STRIA_OK; row++)
        status = add_row(of, row, rows, draws, err);
    if (status == STRIA_OK)
        add_notes(of);
    stria_release(of->choice.allocator, numbers);
    return status;
}

stria_status stria_augmented_sheet(stria_sheet **sheet, stria_model *model, const stria_dataset *data,
                                   const stria_gallery_options *options, stria_error *err)
{
    const stria_allocator *allocator = &data->context->allocator;
    augmented of = {.model = model, .data = data, .names = {.allocator = allocator}};
    STRIA_TRY(stria_options_read(&of.options, sizeof of.options, options, "stria_gallery_options", err));
    const stria_status status = draw(&of, err);
    stria_plan_free(of.training);
    stria_plan_free(of.inference);
    stria_sample_choice_free(&of.choice);
    stria_release(allocator, of.indices);
    stria_release(allocator, of.labels);
    stria_release(allocator, of.x);
    stria_text_free(&of.names);
    if (status != STRIA_OK) {
        stria_sheet_free(of.sheet);
        return status;
    }
    *sheet = of.sheet;
    return STRIA_OK;
}

/* A picture that excites a map: gradient ascent from noise (Erhan et al., "Visualizing higher-layer features
 * of a deep network", 2009), kept a picture by decay, blur and shifts (Yosinski et al., "Understanding neural
 * networks through deep visualization", 2015; Olah, Mordvintsev and Schubert, "Feature visualization",
 * Distill 2017). */
#include <stria/stimulus.h>

#include <math.h>
#include <string.h>

#include <stria/plan.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/random.h"
#include "data/dataset.h"
#include "inspect/stimulus.h"
#include "model/model.h"
#include "tensor/shape.h"

#define START_NOISE 0.1 /* deviation, as a share of the range */
#define BLUR_EVERY  4
#define MOST_BLUR   64.0

typedef struct climb {
    stria_model *model;
    stria_plan *plan;
    stria_arena arena;
    size_t height, width, channels, elements;
    size_t outputs, maps;
    double low, high, rate, decay, blur;
    int64_t jitter, steps;
    uint64_t seed;
    float *x, *shifted; /* [height, width, channels] */
    float *direction;   /* [outputs]: what is climbed, as a gradient */
    double *taps;       /* of the blur */
    size_t radius;
} climb;

static stria_status allocate(climb *c, size_t count, float **values, stria_error *err)
{
    *values = stria_arena_allocate(&c->arena, count * sizeof **values);
    return *values != NULL ? STRIA_OK : stria_fail_memory(err, count * sizeof **values);
}

/* ---- Settings ---- */

static stria_status settle(climb *c, const stria_maximize_options *options, stria_error *err)
{
    c->steps = options->steps == 0 ? 200 : options->steps;
    c->rate = options->rate > 0 || options->rate < 0 ? options->rate : 0.02;
    c->decay = options->decay != NULL ? *options->decay : 0.01;
    c->blur = options->blur != NULL ? *options->blur : 0.5;
    c->seed = options->seed;
    c->low = options->low;
    c->high = options->high;
    if (c->steps < 0 || c->steps > 1000000)
        return stria_fail(err, STRIA_ERROR_VALUE, "steps %lld is not from 1 to 1,000,000",
                          (long long)options->steps);
    if (!(c->rate > 0) || !isfinite(c->rate))
        return stria_fail(err, STRIA_ERROR_VALUE, "rate %g is not above 0", options->rate);
    if (!(c->decay >= 0 && c->decay < 1))
        return stria_fail(err, STRIA_ERROR_VALUE, "decay %g is not from 0 to below 1", c->decay);
    if (!(c->blur >= 0 && c->blur <= MOST_BLUR))
        return stria_fail(err, STRIA_ERROR_VALUE, "blur %g is not from 0 to %g pixels", c->blur, MOST_BLUR);
    if (c->low == 0 && c->high == 0) {
        STRIA_TRY(stria_preprocessing_scale(stria_preprocessing_for_bytes(c->model), &c->high, err));
        c->high *= 255;
    }
    if (!(c->high > c->low) || !isfinite(c->high - c->low))
        return stria_fail(err, STRIA_ERROR_VALUE, "the range from %g to %g is empty", c->low, c->high);
    return STRIA_OK;
}

static void find_sizes(climb *c, const stria_shape *shape)
{
    const int rank = shape->rank;
    c->elements = (size_t)stria_shape_elements(shape);
    c->height = rank == 3 ? (size_t)shape->sizes[0] : 1;
    c->width = rank == 2 || rank == 3 ? (size_t)shape->sizes[rank - 2] : 1;
    c->channels = c->elements / (c->height * c->width);
}

static stria_status settle_jitter(climb *c, const int64_t *jitter, stria_error *err)
{
    const size_t longer = c->height > c->width ? c->height : c->width;
    c->jitter = jitter != NULL ? *jitter : (int64_t)(longer / 16 < 8 ? longer / 16 : 8);
    if (c->jitter < 0 || (uint64_t)c->jitter > longer)
        return stria_fail(err, STRIA_ERROR_VALUE, "jitter %lld is not from 0 to the picture's %zu pixels",
                          (long long)c->jitter, longer);
    return STRIA_OK;
}

/* Where the gradient begins: 1 at a place, or shared out over all places of the map. */
static stria_status find_direction(climb *c, const stria_maximize_options *options, const stria_shape *output,
                                   stria_error *err)
{
    const size_t places = c->outputs / c->maps;
    size_t place = 0;
    STRIA_TRY(allocate(c, c->outputs, &c->direction, err));
    for (int a = 0; options->position != NULL && a < output->rank - 1; a++) {
        const int64_t at = options->position[a];
        if (at < 0 || at >= output->sizes[a])
            return stria_fail(err, STRIA_ERROR_VALUE, "place %lld is not from 0 to %lld", (long long)at,
                              (long long)output->sizes[a] - 1);
        place = place * (size_t)output->sizes[a] + (size_t)at;
    }
    for (size_t p = 0; p < places; p++)
        if (options->position == NULL || p == place)
            c->direction[p * c->maps + (size_t)options->map] =
                options->position == NULL ? 1 / (float)places : 1;
    return STRIA_OK;
}

/* ---- Steps ---- */

/* The picture moved round by `down` and `right`, what leaves on one side coming in on the other. */
static void shift(const climb *c, const float *from, size_t down, size_t right, float *to)
{
    for (size_t i = 0; i < c->height; i++)
        for (size_t j = 0; j < c->width; j++) {
            const size_t row = (i + down) % c->height, column = (j + right) % c->width;
            memcpy(to + (row * c->width + column) * c->channels, from + (i * c->width + j) * c->channels,
                   c->channels * sizeof *to);
        }
}

/* One axis of a Gaussian, the border repeated: lines of `count` numbers, `step` apart. */
static void blur_lines(const climb *c, const float *from, float *to, size_t count, size_t step)
{
    for (size_t e = 0; e < c->elements; e++) {
        const size_t at = e / step % count, line = e - at * step;
        double sum = 0;
        for (size_t t = 0; t <= 2 * c->radius; t++) {
            const size_t reach = at + t;
            const size_t near = reach < c->radius            ? 0
                                : reach - c->radius >= count ? count - 1
                                                             : reach - c->radius;
            sum += c->taps[t] * (double)from[line + near * step];
        }
        to[e] = (float)sum;
    }
}

static stria_status make_taps(climb *c, stria_error *err)
{
    double sum = 0;
    c->radius = (size_t)ceil(3 * c->blur);
    c->taps = stria_arena_allocate(&c->arena, (2 * c->radius + 1) * sizeof *c->taps);
    if (c->taps == NULL)
        return stria_fail_memory(err, (2 * c->radius + 1) * sizeof *c->taps);
    for (size_t t = 0; t <= 2 * c->radius; t++) {
        const double distance = (double)t - (double)c->radius;
        c->taps[t] = c->radius == 0 ? 1 : exp(-distance * distance / (2 * c->blur * c->blur));
        sum += c->taps[t];
    }
    for (size_t t = 0; t <= 2 * c->radius; t++)
        c->taps[t] /= sum;
    return STRIA_OK;
}

/* What the map gives for the picture `x`. */
static stria_status answer(climb *c, const float *x, double *value, stria_error *err)
{
    STRIA_TRY(stria_plan_run(c->plan, &x, 1, err));
    const float *output = stria_plan_output(c->plan, 0);
    *value = 0;
    for (size_t i = 0; i < c->outputs; i++)
        if (c->direction[i] != 0.0F)
            *value += (double)c->direction[i] * (double)output[i];
    if (isfinite(*value))
        return STRIA_OK;
    return stria_fail(err, STRIA_ERROR_VALUE,
                      "the map is not finite; the first layer with a NaN or an infinity is '%s'",
                      stria_plan_first_nonfinite(c->plan));
}

/* One step up. *length is the gradient's root mean square. */
static stria_status step_up(climb *c, int64_t step, double *length, stria_error *err)
{
    const stria_random_key key = {
        .seed = c->seed, .purpose = STRIA_RANDOM_DATA, .layer = 1, .step = (uint64_t)step};
    const double moves = (double)(2 * c->jitter + 1), middle = (c->low + c->high) / 2;
    const size_t down = (size_t)(moves * (double)stria_random_uniform(&key, 0)) % c->height;
    const size_t right = (size_t)(moves * (double)stria_random_uniform(&key, 1)) % c->width;
    double value, squares = 0;
    shift(c, c->x, down, right, c->shifted);
    STRIA_TRY(answer(c, c->shifted, &value, err));
    const float *direction = c->direction;
    STRIA_TRY(stria_plan_backward(c->plan, &direction, err));
    shift(c, stria_plan_input_gradient(c->plan, 0), (c->height - down) % c->height,
          (c->width - right) % c->width, c->shifted);
    for (size_t i = 0; i < c->elements; i++)
        squares += (double)c->shifted[i] * (double)c->shifted[i];
    *length = sqrt(squares / (double)c->elements);
    if (!isfinite(*length))
        return stria_fail(err, STRIA_ERROR_VALUE, "the gradient of the map holds a NaN or an infinity");
    const double scale = *length > 0 ? c->rate * (c->high - c->low) / *length : 0;
    for (size_t i = 0; i < c->elements; i++)
        c->x[i] += (float)(scale * (double)c->shifted[i] - c->decay * ((double)c->x[i] - middle));
    if (c->blur > 0 && step % BLUR_EVERY == BLUR_EVERY - 1 && step + 1 < c->steps) {
        blur_lines(c, c->x, c->shifted, c->width, c->channels);
        blur_lines(c, c->shifted, c->x, c->height, c->channels * c->width);
    }
    for (size_t i = 0; i < c->elements; i++)
        c->x[i] = fminf(fmaxf(c->x[i], (float)c->low), (float)c->high);
    return STRIA_OK;
}

static stria_status go_up(climb *c, const stria_maximize_options *options, stria_maximized *made,
                          stria_error *err)
{
    const stria_random_key key = {.seed = c->seed, .purpose = STRIA_RANDOM_DATA};
    double steepest = 0;
    for (size_t i = 0; i < c->elements; i++) {
        const double noise = START_NOISE * (c->high - c->low) * stria_random_normal(&key, i);
        c->x[i] = fminf(fmaxf((float)((c->low + c->high) / 2 + noise), (float)c->low), (float)c->high);
    }
    STRIA_TRY(answer(c, c->x, &made->before, err));
    for (int64_t step = 0; step < c->steps; step++) {
        double length;
        STRIA_TRY(step_up(c, step, &length, err));
        steepest = fmax(steepest, length);
        STRIA_TRY(stria_stimulus_tell(options->progress, options->payload, (size_t)step + 1, (size_t)c->steps,
                                      err));
    }
    if (!(steepest > 0))
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "map %lld of layer '%s' does not change with the picture: its gradient is 0 "
                          "everywhere on the way",
                          (long long)made->map, made->layer);
    return answer(c, c->x, &made->after, err);
}

/* ---- Making ---- */

static stria_status maximize(climb *c, const stria_maximize_options *options, stria_maximized *made,
                             stria_error *err)
{
    stria_model *model = c->model;
    char text[STRIA_SHAPE_TEXT_SIZE];
    if (model->input_count != 1)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "the model has %zu inputs; a picture is made for models with one",
                          model->input_count);
    made->shape = options->shape != NULL ? *options->shape : *stria_model_input_shape(model, 0);
    STRIA_TRY(stria_model_check_input(model, 0, &made->shape, err));
    if (stria_shape_is_open(&made->shape))
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "the model takes pictures of any size, %s; say which is to be made",
                          stria_shape_text(&made->shape, text, sizeof text));
    STRIA_TRY(stria_stimulus_layer(
        model, options->layer != NULL ? options->layer : stria_model_output_name(model, 0), &made->layer,
        err));
    STRIA_TRY(stria_plan_create(
        &c->plan, model,
        &(stria_plan_options){.mode = STRIA_MODE_GRADIENTS,
                              .input_shapes = &made->shape,
                              .outputs = &made->layer,
                              .output_count = 1,
                              .input_gradients = 1,
                              .raw_output = stria_model_last_activation(model) == STRIA_SIGMOID
                                                ? STRIA_RAW_SIGMOID
                                                : STRIA_RAW_SOFTMAX},
        err));
    const stria_shape *output = stria_plan_shape(c->plan, made->layer);
    STRIA_TRY(stria_stimulus_map(made->layer, output, options->map, err));
    made->map = options->map;
    c->outputs = (size_t)stria_shape_elements(output);
    c->maps = (size_t)output->sizes[output->rank - 1];
    find_sizes(c, &made->shape);
    STRIA_TRY(settle(c, options, err));
    STRIA_TRY(settle_jitter(c, options->jitter, err));
    made->low = c->low;
    made->high = c->high;
    STRIA_TRY(find_direction(c, options, output, err));
    STRIA_TRY(make_taps(c, err));
    STRIA_TRY(allocate(c, c->elements, &c->shifted, err));
    made->picture = c->x = stria_allocate_floats(&model->context->allocator, c->elements);
    if (c->x == NULL)
        return stria_fail_memory(err, c->elements * sizeof *c->x);
    return go_up(c, options, made, err);
}

stria_status stria_maximize(stria_maximized *made, stria_model *model, const stria_maximize_options *given,
                            stria_error *err)
{
    stria_maximize_options options;
    STRIA_TRY(stria_options_read(&options, sizeof options, given, "stria_maximize_options", err));
    climb c = {.model = model, .arena.allocator = &model->context->allocator};
    *made = (stria_maximized){0};
    const stria_status status = maximize(&c, &options, made, err);
    stria_plan_free(c.plan);
    stria_arena_clear(&c.arena);
    if (status != STRIA_OK)
        stria_maximized_free(made, model->context);
    return status;
}

void stria_maximized_free(stria_maximized *made, stria_context *context)
{
    stria_release(&context->allocator, made->picture);
    *made = (stria_maximized){0};
}

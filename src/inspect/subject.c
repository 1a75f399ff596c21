/* A model, a picture and a class, and the plan that computes with them. */
#include "inspect/subject.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "tensor/shape.h"

/* ---- Memory ---- */

static stria_status allocate(stria_subject *subject, size_t count, size_t size, void **values,
                             stria_error *err)
{
    size_t bytes;
    if (!stria_size_multiply(count, size, &bytes))
        return stria_fail(err, STRIA_ERROR_LIMIT, "%zu numbers do not fit in memory", count);
    *values = stria_arena_allocate(&subject->arena, bytes);
    return *values != NULL ? STRIA_OK : stria_fail_memory(err, bytes);
}

stria_status stria_subject_floats(stria_subject *subject, size_t count, size_t times, float **values,
                                  stria_error *err)
{
    size_t total;
    void *memory = NULL;
    if (!stria_size_multiply(count, times, &total))
        return stria_fail(err, STRIA_ERROR_LIMIT, "%zu times %zu numbers do not fit in memory", times, count);
    STRIA_TRY(allocate(subject, total, sizeof **values, &memory, err));
    *values = memory;
    return STRIA_OK;
}

stria_status stria_subject_doubles(stria_subject *subject, size_t count, double **values, stria_error *err)
{
    void *memory = NULL;
    STRIA_TRY(allocate(subject, count, sizeof **values, &memory, err));
    *values = memory;
    return STRIA_OK;
}

/* ---- Opening ---- */

stria_status stria_subject_open(stria_subject *subject, stria_model *model, const float *x,
                                const stria_shape *shape, stria_error *err)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    *subject = (stria_subject){.model = model, .arena.allocator = &model->context->allocator, .x = x};
    if (model->input_count != 1)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "the model has %zu inputs; what depends on one picture is known "
                          "for models with one input",
                          model->input_count);
    STRIA_TRY(stria_model_check_input(model, 0, shape, err));
    if (shape->rank != 2 && shape->rank != 3)
        return stria_fail(
            err, STRIA_ERROR_UNSUPPORTED,
            "the input %s is neither a picture, height x width x channels, nor a signal, length x channels",
            stria_shape_text(shape, text, sizeof text));
    int64_t elements;
    STRIA_TRY(stria_shape_count(shape, &elements, err));
    if (elements < 0)
        return stria_fail(err, STRIA_ERROR_SHAPE, "the picture's shape %s has an open size",
                          stria_shape_text(shape, text, sizeof text));
    subject->height = shape->rank == 3 ? (size_t)shape->sizes[0] : 1;
    subject->width = (size_t)shape->sizes[shape->rank - 2];
    subject->channels = (size_t)shape->sizes[shape->rank - 1];
    subject->elements = (size_t)elements;
    return STRIA_OK;
}

/* Whether the class is what the only output speaks against. */
static bool is_other(const stria_subject *subject)
{
    return subject->binary && subject->class_index == 0;
}

/* The class called `target`, else of that number. */
static stria_status find_class(stria_subject *subject, const char *target, stria_error *err)
{
    const size_t names = stria_model_class_count(subject->model), length = strlen(target);
    const char *nearest = NULL;
    size_t distance = length / 2 + 1; /* a name has to be nearer */
    int64_t number;
    for (size_t i = 0; i < names && i < subject->classes; i++) {
        const char *name = stria_model_class_name(subject->model, i);
        const size_t apart = stria_text_distance(name, strlen(name), target, length);
        if (strcmp(name, target) == 0) {
            subject->class_index = i;
            return STRIA_OK;
        }
        nearest = apart < distance ? name : nearest;
        distance = apart < distance ? apart : distance;
    }
    if (stria_text_to_integer(target, length, &number)) {
        if (number < 0 || (uint64_t)number >= subject->classes)
            return stria_fail(err, STRIA_ERROR_VALUE, "class %lld is not from 0 to %zu", (long long)number,
                              subject->classes - 1);
        subject->class_index = (size_t)number;
        return STRIA_OK;
    }
    if (nearest != NULL)
        return stria_fail(err, STRIA_ERROR_VALUE, "there is no class '%.80s'; did you mean '%.80s'?", target,
                          nearest);
    return stria_fail(err, STRIA_ERROR_VALUE, "there is no class '%.80s': the model's classes are 0 to %zu%s",
                      target, subject->classes - 1, names > 0 ? ", or their names" : "");
}

/* Of equals the first. */
static void find_likeliest(stria_subject *subject)
{
    size_t likeliest = 0;
    double best = -INFINITY;
    for (subject->class_index = 0; subject->class_index < subject->classes; subject->class_index++) {
        const double probability = stria_subject_probability(subject, 0);
        if (probability > best) {
            best = probability;
            likeliest = subject->class_index;
        }
    }
    subject->class_index = likeliest;
}

stria_status stria_subject_start(stria_subject *subject, const stria_shape *shape,
                                 stria_plan_options *options, bool probabilities, const char *target,
                                 stria_error *err)
{
    stria_model *model = subject->model;
    const char *const output = stria_model_output_name(model, 0);
    const stria_activation_kind last = stria_model_last_activation(model);
    if (!probabilities)
        subject->raw = last == STRIA_SOFTMAX   ? STRIA_RAW_SOFTMAX
                       : last == STRIA_SIGMOID ? STRIA_RAW_SIGMOID
                                               : STRIA_RAW_NOTHING;
    options->batch = (int64_t)subject->batch;
    options->input_shapes = shape;
    options->outputs = &output;
    options->output_count = 1;
    options->raw_output = subject->raw;
    STRIA_TRY(stria_plan_create(&subject->plan, model, options, err));
    const stria_shape *given = stria_plan_shape(subject->plan, output);
    subject->outputs = (size_t)stria_shape_elements(given);
    subject->columns = given->rank > 0 ? (size_t)given->sizes[given->rank - 1] : 1;
    subject->places = subject->outputs / subject->columns;
    subject->binary = subject->columns == 1 && last == STRIA_SIGMOID;
    subject->classes = subject->binary ? 2 : subject->columns;
    STRIA_TRY(stria_subject_floats(subject, subject->outputs, subject->batch, &subject->direction, err));
    STRIA_TRY(stria_subject_run(subject, subject->x, 1, err));
    if (target != NULL)
        STRIA_TRY(find_class(subject, target, err));
    else
        find_likeliest(subject);
    const size_t column = subject->binary ? 0 : subject->class_index;
    for (size_t i = 0; i < subject->places * subject->batch; i++)
        subject->direction[i * subject->columns + column] = is_other(subject) ? -1 : 1;
    return STRIA_OK;
}

void stria_subject_close(stria_subject *subject)
{
    stria_plan_free(subject->plan);
    stria_arena_clear(&subject->arena);
}

/* ---- Running ---- */

stria_status stria_subject_run(stria_subject *subject, const float *pictures, size_t count, stria_error *err)
{
    STRIA_TRY(stria_plan_run(subject->plan, &pictures, (int64_t)count, err));
    const float *output = stria_plan_output(subject->plan, 0); /* [count, places, columns] */
    const stria_kernels *kernels = subject->model->context->kernels;
    if (kernels->reduce.all_finite(output, count * subject->outputs, subject->model->context->pool))
        return STRIA_OK;
    const char *layer = stria_plan_first_nonfinite(subject->plan);
    return stria_fail(err, STRIA_ERROR_VALUE,
                      "the output is not finite; the first layer with a NaN or an infinity is '%s'",
                      layer != NULL ? layer : stria_model_output_name(subject->model, 0));
}

stria_status stria_subject_back(stria_subject *subject, stria_error *err)
{
    const float *direction = subject->direction;
    return stria_plan_backward(subject->plan, &direction, err);
}

double stria_subject_score(const stria_subject *subject, size_t index)
{
    const float *row = stria_plan_output(subject->plan, 0) + index * subject->outputs;
    double sum = 0;
    for (size_t p = 0; p < subject->places; p++, row += subject->columns) {
        const double own = (double)row[subject->binary ? 0 : subject->class_index];
        sum += !is_other(subject) ? own : subject->raw != STRIA_RAW_NOTHING ? -own : 1 - own;
    }
    return sum;
}

/* Of one place. */
static double probability_of(const stria_subject *subject, const float *row)
{
    const double own = (double)row[subject->binary ? 0 : subject->class_index];
    double total = 0;
    if (subject->raw == STRIA_RAW_SIGMOID)
        return 1 / (1 + exp(is_other(subject) ? own : -own));
    if (subject->raw == STRIA_RAW_NOTHING)
        return is_other(subject) ? 1 - own : own;
    for (size_t c = 0; c < subject->columns; c++)
        total += exp((double)row[c] - own);
    return 1 / total;
}

double stria_subject_probability(const stria_subject *subject, size_t index)
{
    const float *row = stria_plan_output(subject->plan, 0) + index * subject->outputs;
    double sum = 0;
    for (size_t p = 0; p < subject->places; p++)
        sum += probability_of(subject, row + p * subject->columns);
    return sum / (double)subject->places;
}

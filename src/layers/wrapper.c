/* The wrappers: their names and help, the shape rules around a kind's own, and the power iteration. */
#include "layers/wrapper.h"

#include <math.h>
#include <string.h>

#include <stria/layers.h>

#include "base/error.h"
#include "base/size.h"
#include "tensor/shape.h"

static const stria_layer_wrapper_info wrappers[] = {
    {.name = "time_distributed",
     .keras_class = "TimeDistributed",
     .title = "The layer behind it for each entry of the first axis, with the same parameters.",
     .formula = "y[t] = layer(x[t]) for every t of the first axis\n"
                "parameters: those of the layer",
     .example = "time_distributed conv2d 8 3 relu"},
    {.name = "spectral_normalization",
     .keras_class = "SpectralNormalization",
     .title = "The layer behind it with a kernel whose largest singular value is kept at 1.",
     .formula = "training, before each forward, with W the kernel as a matrix of columns [rows, filters]:\n"
                "v = u W' / |u W'|, u = v W / |v W|, kernel = kernel / (v W u')\n"
                "in use the kernel stays as it is\n"
                "parameters: those of the layer + filters that are not trained (vector_u)",
     .example = "spectral_normalization dense 32 relu"},
};

size_t stria_layer_wrapper_count(void)
{
    return sizeof wrappers / sizeof wrappers[0];
}

int stria_layer_wrapper_describe(size_t index, stria_layer_wrapper_info *info)
{
    if (index >= stria_layer_wrapper_count())
        return 0;
    *info = wrappers[index];
    return 1;
}

static bool is_name(const char *name, const char *text, size_t length)
{
    bool same = strlen(name) == length;
    for (size_t i = 0; same && i < length; i++)
        same = stria_to_small(name[i]) == stria_to_small(text[i]);
    return same;
}

stria_wrapper stria_wrapper_by_name(const char *name, size_t length)
{
    for (size_t i = 0; i < stria_layer_wrapper_count(); i++)
        if (is_name(wrappers[i].name, name, length) || is_name(wrappers[i].keras_class, name, length))
            return (stria_wrapper)(i + 1);
    return STRIA_WRAPPER_NONE;
}

const char *stria_wrapper_name(stria_wrapper wrapper)
{
    return wrapper != STRIA_WRAPPER_NONE ? wrappers[wrapper - 1].name : NULL;
}

const char *stria_wrapper_class(stria_wrapper wrapper)
{
    return wrapper != STRIA_WRAPPER_NONE ? wrappers[wrapper - 1].keras_class : NULL;
}

size_t stria_wrapper_params(stria_wrapper wrapper)
{
    return wrapper == STRIA_SPECTRAL_NORMALIZATION ? 1 : 0;
}

/* ---- Every entry of the first axis ---- */

int64_t stria_wrapper_entry(const stria_shape *shape, stria_shape *entry)
{
    *entry = (stria_shape){.rank = shape->rank - 1};
    memcpy(entry->sizes, shape->sizes + 1, (size_t)entry->rank * sizeof entry->sizes[0]);
    return shape->sizes[0];
}

/* The window of an axis stands one axis further back; the first axis has windows of one entry. */
static void move_axes(int64_t axes[3])
{
    axes[2] = axes[1];
    axes[1] = axes[0];
    axes[0] = 0;
}

static stria_status distribute(const stria_layer_kind *kind, const void *config, const stria_shape *input,
                               stria_layer_facts *facts, stria_error *err)
{
    stria_shape entry;
    if (kind->part == STRIA_PART_SCALING)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "time_distributed does not go with %s, which would normalise each entry by itself; "
                          "without it, it normalises the last axis of any input",
                          kind->name);
    if (kind->mixes != NULL)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "time_distributed does not go with %s, which mixes whole samples and their targets "
                          "alike; entries of a sample have no targets of their own",
                          kind->name);
    if (input->rank < 2) {
        char text[STRIA_SHAPE_TEXT_SIZE];
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "time_distributed needs an input of at least two sizes, the first of them those of "
                          "the entries; its input is %s",
                          stria_shape_text(input, text, sizeof text));
    }
    int64_t times = stria_wrapper_entry(input, &entry);
    STRIA_TRY(kind->shape(config, &entry, 1, facts, err));
    if (facts->output.rank + 1 > STRIA_MAX_RANK - 1)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "the output of time_distributed would have more than %d sizes", STRIA_MAX_RANK - 1);
    memmove(facts->output.sizes + 1, facts->output.sizes,
            (size_t)facts->output.rank * sizeof facts->output.sizes[0]);
    facts->output.sizes[0] = times;
    facts->output.rank++;
    if (times == STRIA_ANY_SIZE || facts->macs < 0)
        facts->macs = -1;
    else if (!stria_count_multiply(facts->macs, times, &facts->macs))
        return stria_fail(err, STRIA_ERROR_LIMIT, "more than 2^63 multiplications for one sample");
    move_axes(facts->field);
    move_axes(facts->field_stride);
    move_axes(facts->field_before);
    move_axes(facts->finer);
    move_axes(facts->finer_first);
    move_axes(facts->finer_last);
    return STRIA_OK;
}

/* ---- Spectral normalisation ---- */

int stria_spectral_kernel(const stria_layer_facts *facts)
{
    for (size_t p = 0; p < facts->param_count; p++)
        if (strcmp(facts->params[p].name, "kernel") == 0 || strcmp(facts->params[p].name, "embeddings") == 0)
            return (int)p;
    return -1;
}

static stria_status normalize(const stria_layer_kind *kind, const void *config, const stria_shape *inputs,
                              size_t input_count, stria_layer_facts *facts, stria_error *err)
{
    STRIA_TRY(kind->shape(config, inputs, input_count, facts, err));
    int kernel = stria_spectral_kernel(facts);
    if (kernel < 0 || facts->param_count == STRIA_MAX_LAYER_PARAMS)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "spectral_normalization does not go with %s: it has no kernel", kind->name);
    const stria_shape *shape = &facts->params[kernel].shape;
    facts->params[facts->param_count++] =
        (stria_param_spec){.name = "vector_u",
                           .shape = {2, {1, shape->sizes[shape->rank - 1]}},
                           .initializer = {.kind = STRIA_TRUNCATED_NORMAL, .parameters = {0, 0.02}},
                           .trainable = false};
    return STRIA_OK;
}

stria_status stria_wrapper_shape(stria_wrapper wrapper, const stria_layer_kind *kind, const void *config,
                                 const stria_shape *inputs, size_t input_count, stria_layer_facts *facts,
                                 stria_error *err)
{
    if (wrapper == STRIA_WRAPPER_NONE)
        return kind->shape(config, inputs, input_count, facts, err);
    if (kind->max_inputs != 1)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "%s goes with a layer of one input, and %s takes %s",
                          stria_wrapper_name(wrapper), kind->name,
                          kind->max_inputs == 0 ? "none" : "several");
    if (wrapper == STRIA_TIME_DISTRIBUTED)
        return distribute(kind, config, inputs, facts, err);
    return normalize(kind, config, inputs, input_count, facts, err);
}

/* 1 / |vector| as Keras has it: not above 1e7. */
static double inverse_length(double sum_of_squares)
{
    double inverse = 1.0 / sqrt(sum_of_squares);
    return inverse < 1e7 ? inverse : 1e7;
}

void stria_spectral_normalize(float *kernel, size_t rows, size_t columns, float *u, float *scratch)
{
    double *sums = (double *)(void *)scratch; /* [columns] */
    float *v = scratch + 2 * columns;         /* [rows] */
    bool all_zero = true;
    for (size_t i = 0; i < rows * columns && all_zero; i++)
        all_zero = !(kernel[i] < 0 || kernel[i] > 0 || isnan(kernel[i]));
    if (all_zero)
        return;
    double squares = 0;
    for (size_t r = 0; r < rows; r++) {
        double sum = 0;
        for (size_t c = 0; c < columns; c++)
            sum += (double)u[c] * (double)kernel[r * columns + c];
        v[r] = (float)sum;
        squares += sum * sum;
    }
    double inverse = inverse_length(squares);
    memset(sums, 0, columns * sizeof *sums);
    for (size_t r = 0; r < rows; r++) {
        v[r] = (float)((double)v[r] * inverse);
        for (size_t c = 0; c < columns; c++)
            sums[c] += (double)v[r] * (double)kernel[r * columns + c];
    }
    squares = 0;
    for (size_t c = 0; c < columns; c++)
        squares += sums[c] * sums[c];
    inverse = inverse_length(squares);
    for (size_t c = 0; c < columns; c++)
        u[c] = (float)(sums[c] * inverse);
    double sigma = squares * inverse; /* v W u' with u = v W / |v W| */
    for (size_t i = 0; i < rows * columns && sigma > 0; i++)
        kernel[i] = (float)((double)kernel[i] / sigma);
}

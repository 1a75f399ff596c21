/* Initial values of parameters: Keras's initializers with Keras's defaults.
 *
 * Fans of a kernel [..., in, out]: fan_in = receptive field * in, fan_out = receptive field * out, whatever
 * the kernel is for; of a vector both are its size. variance_scaling has variance scale / fan:
 *     glorot: 1, mean of both fans   Glorot and Bengio, AISTATS 2010
 *     he:     2, fan_in              He et al., ICCV 2015
 *     lecun:  1, fan_in              LeCun et al., "Efficient BackProp", 1998
 * The uniform ones draw from +-sqrt(3 * variance). The normal ones are cut at two standard deviations and
 * widened by 1 / 0.8796... so that the variance is right after the cut; truncated_normal is cut but not
 * widened. */
#include "layers/initializers.h"

#include <math.h>

#include "base/error.h"
#include "tensor/shape.h"

/* Standard deviation of a standard normal distribution that is cut at +-2. */
#define CUT_NORMAL_DEVIATION 0.87962566103423978

static void fill(float number, size_t count, float *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = number;
}

static void fill_uniform(double low, double high, size_t count, const stria_random_key *key, float *values)
{
    const double middle = (low + high) / 2, half = (high - low) / 2;
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(middle + (2.0 * (double)stria_random_uniform(key, i) - 1.0) * half);
}

/* A draw outside the cut is replaced by draws of the next steps of the same element. */
static void fill_normal(double mean, double deviation, bool cut, size_t count, const stria_random_key *key,
                        float *values)
{
    for (size_t i = 0; i < count; i++) {
        stria_random_key attempt = *key;
        double number = stria_random_normal(&attempt, i);
        while (cut && fabs(number) > 2.0) {
            attempt.step++;
            number = stria_random_normal(&attempt, i);
        }
        values[i] = (float)(mean + number * deviation);
    }
}

/* ---- Variance by the fans ---- */

/* In the order of variance_scaling's words. */
enum { FAN_IN, FAN_OUT, FAN_MEAN };
enum { CUT_NORMAL, CALLED_NORMAL /* the same */, NORMAL, UNIFORM };

static void fill_scaled(double scale, int mode, int distribution, const stria_shape *shape, size_t count,
                        const stria_random_key *key, float *values)
{
    const int rank = shape->rank;
    double receptive = 1;
    for (int i = 0; i < rank - 2; i++)
        receptive *= (double)shape->sizes[i];
    const double fan_out = rank == 0 ? 1 : receptive * (double)shape->sizes[rank - 1];
    const double fan_in = rank < 2 ? fan_out : receptive * (double)shape->sizes[rank - 2];
    const double fan = mode == FAN_IN ? fan_in : mode == FAN_OUT ? fan_out : (fan_in + fan_out) / 2;
    const double variance = scale / fan;
    if (distribution == UNIFORM)
        fill_uniform(-sqrt(3.0 * variance), sqrt(3.0 * variance), count, key, values);
    else if (distribution == NORMAL)
        fill_normal(0, sqrt(variance), false, count, key, values);
    else
        fill_normal(0, sqrt(variance) / CUT_NORMAL_DEVIATION, true, count, key, values);
}

/* ---- Orthogonal matrices (Saxe et al., ICLR 2014): the Q of a normal matrix's QR with positive diagonal of
 * R, by Gram and Schmidt. A second pass removes what rounding left of the first: "twice is enough" (Giraud
 * et al., Computers & Mathematics with Applications 50, 2005). ---- */

static void orthonormalize_rows(float *a, size_t rows, size_t columns)
{
    for (size_t v = 0; v < rows; v++) {
        float *unit = a + v * columns;
        double square = 0;
        for (size_t c = 0; c < columns; c++)
            square += (double)unit[c] * (double)unit[c];
        for (size_t c = 0; c < columns; c++)
            unit[c] = (float)((double)unit[c] / sqrt(square));
        for (size_t j = v + 1; j < rows; j++) {
            float *other = a + j * columns;
            double along = 0;
            for (size_t c = 0; c < columns; c++)
                along += (double)unit[c] * (double)other[c];
            for (size_t c = 0; c < columns; c++)
                other[c] = (float)((double)other[c] - along * (double)unit[c]);
        }
    }
}

#define COLUMNS_TOGETHER 64

/* The same for columns, row by row over some columns at a time, as memory lies. */
static void orthonormalize_columns(float *a, size_t rows, size_t columns)
{
    for (size_t v = 0; v < columns; v++) {
        double square = 0;
        for (size_t r = 0; r < rows; r++)
            square += (double)a[r * columns + v] * (double)a[r * columns + v];
        for (size_t r = 0; r < rows; r++)
            a[r * columns + v] = (float)((double)a[r * columns + v] / sqrt(square));
        for (size_t first = v + 1; first < columns; first += COLUMNS_TOGETHER) {
            const size_t count = columns - first < COLUMNS_TOGETHER ? columns - first : COLUMNS_TOGETHER;
            double along[COLUMNS_TOGETHER] = {0};
            for (size_t r = 0; r < rows; r++) {
                const double unit = (double)a[r * columns + v];
                for (size_t c = 0; c < count; c++)
                    along[c] += unit * (double)a[r * columns + first + c];
            }
            for (size_t r = 0; r < rows; r++) {
                const double unit = (double)a[r * columns + v];
                float *row = a + r * columns + first;
                for (size_t c = 0; c < count; c++)
                    row[c] = (float)((double)row[c] - along[c] * unit);
            }
        }
    }
}

static void fill_orthogonal(double gain, const stria_shape *shape, size_t count, const stria_random_key *key,
                            float *values)
{
    const size_t columns = (size_t)shape->sizes[shape->rank - 1], rows = count / columns;
    fill_normal(0, 1, false, count, key, values);
    for (int pass = 0; pass < 2; pass++)
        if (rows < columns)
            orthonormalize_rows(values, rows, columns);
        else
            orthonormalize_columns(values, rows, columns);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)((double)values[i] * gain);
}

static void fill_identity(double gain, const stria_shape *shape, size_t count, float *values)
{
    const size_t columns = (size_t)shape->sizes[1];
    fill(0, count, values);
    for (size_t i = 0; i < columns && i < count / columns; i++)
        values[i * columns + i] = (float)gain;
}

/* ---- All of them ---- */

stria_status stria_initializer_check(const stria_initializer *initializer, const char *name,
                                     const stria_shape *shape, stria_error *err)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    if (initializer->kind == STRIA_ORTHOGONAL && shape->rank < 2)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "the initializer orthogonal needs two axes or more, and %s is %s", name,
                          stria_shape_text(shape, text, sizeof text));
    if (initializer->kind == STRIA_IDENTITY && shape->rank != 2)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "the initializer identity needs a matrix, as a dense layer's kernel is one, and %s "
                          "is %s",
                          name, stria_shape_text(shape, text, sizeof text));
    return STRIA_OK;
}

void stria_initialize(const stria_initializer *initializer, const stria_shape *shape,
                      const stria_random_key *key, float *values)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->sizes[i];
    const double *p = initializer->parameters;
    switch ((stria_initializer_kind)initializer->kind) {
    case STRIA_GLOROT_UNIFORM:
        fill_scaled(1, FAN_MEAN, UNIFORM, shape, count, key, values);
        break;
    case STRIA_GLOROT_NORMAL:
        fill_scaled(1, FAN_MEAN, CUT_NORMAL, shape, count, key, values);
        break;
    case STRIA_HE_UNIFORM:
        fill_scaled(2, FAN_IN, UNIFORM, shape, count, key, values);
        break;
    case STRIA_HE_NORMAL:
        fill_scaled(2, FAN_IN, CUT_NORMAL, shape, count, key, values);
        break;
    case STRIA_LECUN_UNIFORM:
        fill_scaled(1, FAN_IN, UNIFORM, shape, count, key, values);
        break;
    case STRIA_LECUN_NORMAL:
        fill_scaled(1, FAN_IN, CUT_NORMAL, shape, count, key, values);
        break;
    case STRIA_VARIANCE_SCALING:
        fill_scaled(p[0], (int)p[1], (int)p[2], shape, count, key, values);
        break;
    case STRIA_RANDOM_UNIFORM:
        fill_uniform(p[0], p[1], count, key, values);
        break;
    case STRIA_RANDOM_NORMAL:
        fill_normal(p[0], p[1], false, count, key, values);
        break;
    case STRIA_TRUNCATED_NORMAL:
        fill_normal(p[0], p[1], true, count, key, values);
        break;
    case STRIA_ORTHOGONAL:
        fill_orthogonal(p[0], shape, count, key, values);
        break;
    case STRIA_IDENTITY:
        fill_identity(p[0], shape, count, values);
        break;
    case STRIA_CONSTANT:
        fill((float)p[0], count, values);
        break;
    case STRIA_ONES:
        fill(1, count, values);
        break;
    case STRIA_ZEROS:
    case STRIA_INITIALIZER_COUNT:
        fill(0, count, values);
        break;
    }
}

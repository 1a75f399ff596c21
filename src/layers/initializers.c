/* Initial values of parameters: Keras's initializers with Keras's defaults.
 *
 * Fans of a kernel [..., in, out]: fan_in = receptive field * in, fan_out = receptive field * out.
 *     glorot: variance 2 / (fan_in + fan_out)   Glorot and Bengio, AISTATS 2010
 *     he:     variance 2 / fan_in               He et al., ICCV 2015
 *     lecun:  variance 1 / fan_in               LeCun et al., "Efficient BackProp", 1998
 * The uniform ones draw from +-sqrt(3 * variance). The normal ones are cut at two standard deviations and
 * widened by 1 / 0.8796... so that the variance is right after the cut; truncated_normal is cut but
 * not widened. */
#include "layers/initializers.h"

#include <math.h>

/* Standard deviation of a standard normal distribution that is cut at +-2. */
#define CUT_NORMAL_DEVIATION 0.87962566103423978

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

static void fill(float number, size_t count, float *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = number;
}

void stria_initialize(const stria_initializer *initializer, const stria_shape *shape,
                      const stria_random_key *key, float *values)
{
    size_t count = 1;
    double receptive = 1;
    for (int i = 0; i < shape->rank; i++) {
        count *= (size_t)shape->sizes[i];
        if (i < shape->rank - 2)
            receptive *= (double)shape->sizes[i];
    }
    int rank = shape->rank;
    double fan_out = rank == 0 ? 1 : receptive * (double)shape->sizes[rank - 1];
    double fan_in = rank < 2 ? fan_out : receptive * (double)shape->sizes[rank - 2];
    double glorot = 2.0 / (fan_in + fan_out), he = 2.0 / fan_in, lecun = 1.0 / fan_in;
    const double *p = initializer->parameters;
    switch ((stria_initializer_kind)initializer->kind) {
    case STRIA_GLOROT_UNIFORM:
        fill_uniform(-sqrt(3.0 * glorot), sqrt(3.0 * glorot), count, key, values);
        break;
    case STRIA_HE_UNIFORM:
        fill_uniform(-sqrt(3.0 * he), sqrt(3.0 * he), count, key, values);
        break;
    case STRIA_LECUN_UNIFORM:
        fill_uniform(-sqrt(3.0 * lecun), sqrt(3.0 * lecun), count, key, values);
        break;
    case STRIA_RANDOM_UNIFORM:
        fill_uniform(p[0], p[1], count, key, values);
        break;
    case STRIA_GLOROT_NORMAL:
        fill_normal(0, sqrt(glorot) / CUT_NORMAL_DEVIATION, true, count, key, values);
        break;
    case STRIA_HE_NORMAL:
        fill_normal(0, sqrt(he) / CUT_NORMAL_DEVIATION, true, count, key, values);
        break;
    case STRIA_LECUN_NORMAL:
        fill_normal(0, sqrt(lecun) / CUT_NORMAL_DEVIATION, true, count, key, values);
        break;
    case STRIA_TRUNCATED_NORMAL:
        fill_normal(p[0], p[1], true, count, key, values);
        break;
    case STRIA_RANDOM_NORMAL:
        fill_normal(p[0], p[1], false, count, key, values);
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

/* Element-wise operations in plain C: the definitions that every faster version is tested against.
 * Activations with corners are computed in float, by the same steps as in every version; those built on exp,
 * tanh or erf in double and rounded once. NaN passes through all of them. */
#include <math.h>
#include <string.h>

#include "kernels/families.h"

/* Klambauer et al., "Self-normalizing neural networks", 2017. */
static const double selu_alpha = 1.6732632423543772, selu_scale = 1.0507009873554805;

static float clip6(float x)
{
    return x < 0 ? 0 : x > 6 ? 6 : x;
}

/* log(1 + exp(x)), without overflow. */
static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

/* Phi(x), the normal distribution function; erfc keeps the lower tail accurate. */
static double normal_probability(double x)
{
    return 0.5 * erfc(-x * sqrt(0.5));
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static float activation_value(stria_activation activation, float x)
{
    double alpha = (double)activation.alpha, d = (double)x;
    switch (activation.kind) {
    case STRIA_LINEAR:
    case STRIA_SOFTMAX: /* never asked for here */
    case STRIA_ACTIVATION_COUNT:
        return x;
    case STRIA_RELU:
        return x < 0 ? 0 : x;
    case STRIA_RELU6:
        return clip6(x);
    case STRIA_LEAKY_RELU:
        return x > 0 ? x : activation.alpha * x;
    case STRIA_ELU:
        return x > 0 ? x : (float)(alpha * expm1(d));
    case STRIA_SELU:
        return (float)(selu_scale * (x > 0 ? d : selu_alpha * expm1(d)));
    case STRIA_TANH:
        return (float)tanh(d);
    case STRIA_SIGMOID:
        return (float)sigmoid(d);
    case STRIA_HARD_SIGMOID:
        return clip6(x + 3) / 6;
    case STRIA_HARD_SWISH:
        return x * (clip6(x + 3) / 6);
    case STRIA_SOFTPLUS:
        return isnan(d) ? x : (float)softplus(d);
    case STRIA_SOFTSIGN:
        return x / (1 + fabsf(x));
    case STRIA_SILU:
        return (float)(d * sigmoid(d));
    case STRIA_GELU:
        return (float)(d * normal_probability(d));
    case STRIA_MISH:
        return isnan(d) ? x : (float)(d * tanh(softplus(d)));
    case STRIA_EXPONENTIAL:
        return (float)exp(d);
    }
    return x;
}

/* The derivative at input or output `v`, whichever stria_activation_needs_input says. */
static double activation_slope(stria_activation activation, float v)
{
    double alpha = (double)activation.alpha, d = (double)v;
    switch (activation.kind) {
    case STRIA_LINEAR:
    case STRIA_SOFTMAX: /* never asked for here */
    case STRIA_ACTIVATION_COUNT:
        return 1;
    case STRIA_RELU:
        return v > 0 ? 1 : 0;
    case STRIA_RELU6:
        return v > 0 && v < 6 ? 1 : 0;
    case STRIA_LEAKY_RELU:
        return v > 0 ? 1 : alpha;
    case STRIA_ELU: /* with alpha 0 it is relu: nothing but 0 comes from inputs below 0 */
        return alpha == 0 ? (v > 0 ? 1 : 0) : v < 0 ? d + alpha : 1;
    case STRIA_SELU:
        return v < 0 ? d + selu_scale * selu_alpha : selu_scale;
    case STRIA_TANH:
        return 1 - d * d;
    case STRIA_SIGMOID:
        return d * (1 - d);
    case STRIA_HARD_SIGMOID:
        return v > 0 && v < 1 ? 1.0 / 6 : 0;
    case STRIA_HARD_SWISH: {
        float shifted = v + 3;
        return (double)(clip6(shifted) / 6) + (shifted > 0 && shifted < 6 ? d / 6 : 0);
    }
    case STRIA_SOFTPLUS: /* sigmoid(x) = 1 - exp(-softplus(x)) */
        return -expm1(-d);
    case STRIA_SOFTSIGN: /* 1 / (1 + |x|) = 1 - |softsign(x)| */
        return (1 - fabs(d)) * (1 - fabs(d));
    case STRIA_SILU:
        return sigmoid(d) * (1 + d * (1 - sigmoid(d)));
    case STRIA_GELU: { /* Phi(x) + x phi(x) */
        const double inverse_root_of_two_pi = 0.3989422804014327;
        return normal_probability(d) + d * inverse_root_of_two_pi * exp(-0.5 * d * d);
    }
    case STRIA_MISH: {
        double t = tanh(softplus(d));
        return t + d * (1 - t * t) * sigmoid(d);
    }
    case STRIA_EXPONENTIAL:
        return d;
    }
    return 1;
}

static void activate(stria_activation activation, const float *x, float *y, size_t count, stria_pool *pool)
{
    (void)pool;
    for (size_t i = 0; i < count; i++)
        y[i] = activation_value(activation, x[i]);
}

/* Whether the slope is 0 or not without a passage: then it chooses, so that a NaN or infinity in dy stays out
 * of inputs that had no part in it. */
static bool slope_chooses(stria_activation activation)
{
    return activation.kind == STRIA_RELU || activation.kind == STRIA_RELU6 ||
           activation.kind == STRIA_HARD_SIGMOID || (activation.kind == STRIA_ELU && activation.alpha == 0);
}

static void activate_gradient(stria_activation activation, const float *v, const float *dy, float *dx,
                              size_t count, stria_pool *pool)
{
    (void)pool;
    bool chooses = slope_chooses(activation);
    for (size_t i = 0; i < count; i++) {
        double slope = activation_slope(activation, v[i]);
        dx[i] = chooses && slope == 0 ? 0 : (float)((double)dy[i] * slope);
    }
}

static void add(const float *a, const float *b, float *y, size_t count, stria_pool *pool)
{
    (void)pool;
    for (size_t i = 0; i < count; i++)
        y[i] = a[i] + b[i];
}

static void add_activate(const float *a, const float *b, stria_activation activation, float *y, size_t count,
                         stria_pool *pool)
{
    add(a, b, y, count, pool);
    activate(activation, y, y, count, pool);
}

static void multiply(const float *a, const float *b, float *y, size_t count, stria_pool *pool)
{
    (void)pool;
    for (size_t i = 0; i < count; i++)
        y[i] = a[i] * b[i];
}

static void scale(const float *x, float factor, float offset, float *y, size_t count, stria_pool *pool)
{
    (void)pool;
    for (size_t i = 0; i < count; i++)
        y[i] = (float)((double)x[i] * (double)factor + (double)offset);
}

static void dropout(const stria_random_key *key, float rate, const float *x, float *y, size_t count,
                    stria_pool *pool)
{
    (void)pool;
    for (size_t e = 0; e < count; e++)
        y[e] = stria_random_uniform(key, e) >= rate ? x[e] / (1 - rate) : 0;
}

static void copy_rows(const float *from, size_t from_stride, float *to, size_t to_stride, size_t width,
                      size_t rows, stria_pool *pool)
{
    (void)pool;
    for (size_t r = 0; r < rows; r++)
        memcpy(to + r * to_stride, from + r * from_stride, width * sizeof *to);
}

static void from_bytes(const uint8_t *bytes, float factor, float *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = (float)bytes[i] * factor;
}

void stria_ref_elementwise_fill(stria_elementwise_kernels *kernels)
{
    *kernels = (stria_elementwise_kernels){.activate = activate,
                                           .activate_gradient = activate_gradient,
                                           .add = add,
                                           .add_activate = add_activate,
                                           .multiply = multiply,
                                           .scale = scale,
                                           .dropout = dropout,
                                           .copy_rows = copy_rows,
                                           .from_bytes = from_bytes};
}

/* The activations in plain C: the definitions that every faster version is tested against, and what all
 * instruction sets use for the rarer ones. Those with corners are computed in float, by the same steps as in
 * every version; those built on exp, tanh or erf in double and rounded once. NaN passes through all of them.
 */
#include <math.h>

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

/* LeCun et al., "Gradient-based learning applied to document recognition", 1998: f(1) = 1 and f(-1) = -1. */
static const double lecun_height = 1.7159, lecun_slope = 2.0 / 3;

/* The approximate gelu is x * sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3) (Hendrycks and Gimpel, 2016).
 */
static const double gelu_factor = 1.5957691216057308, gelu_cubic = 0.044715;

static double gelu_gate(double x)
{
    return sigmoid(gelu_factor * (x + gelu_cubic * x * x * x));
}

/* x + sqrt(x^2 + b), without cancelling below 0. */
static double squareplus_sum(double x, double b)
{
    double root = sqrt(x * x + b);
    return x < 0 ? (b > 0 ? b / (root - x) : 0) : x + root;
}

/* Beyond the threshold x up to the maximum, else a slope. */
static float clipped_relu(stria_activation a, float x)
{
    return x > a.gamma ? (x > a.beta ? a.beta : x) : a.alpha * (x - a.gamma);
}

/* At the maximum 1, but for Keras's relu6 within, which is 0 there. */
static double clipped_relu_slope(stria_activation a, float x)
{
    const bool six = a.gamma <= 0 && a.beta >= 6 && a.beta <= 6;
    if (x > a.gamma)
        return x > a.beta || (six && x >= 6) ? 0 : 1;
    return x < a.gamma ? (double)a.alpha : 0;
}

static float activation_value(stria_activation activation, float x)
{
    double alpha = (double)activation.alpha, d = (double)x;
    switch (activation.kind) {
    case STRIA_LINEAR:
    case STRIA_SOFTMAX: /* never asked for here */
    case STRIA_LOG_SOFTMAX:
    case STRIA_SPARSEMAX:
    case STRIA_GLU:
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
    case STRIA_LECUN_TANH:
        return (float)(lecun_height * tanh(lecun_slope * d));
    case STRIA_GELU_TANH:
        return (float)(d * gelu_gate(d));
    case STRIA_CELU:
        return x > 0 ? x : (float)(alpha * expm1(d / alpha));
    case STRIA_LOG_SIGMOID:
        return isnan(d) ? x : (float)-softplus(-d);
    case STRIA_HARD_TANH:
        return x < -1 ? -1 : x > 1 ? 1 : x;
    case STRIA_HARD_SHRINK:
        return fabsf(x) <= activation.alpha ? 0 : x;
    case STRIA_SOFT_SHRINK:
        return fabsf(x) <= activation.alpha ? 0 : x > 0 ? x - activation.alpha : x + activation.alpha;
    case STRIA_TANH_SHRINK:
        return (float)(d - tanh(d));
    case STRIA_THRESHOLD:
        return x <= activation.alpha ? activation.beta : x;
    case STRIA_CLIPPED_RELU:
        return clipped_relu(activation, x);
    case STRIA_SPARSE_PLUS:
        return x <= -1 ? 0 : x < 1 ? (x + 1) * (x + 1) / 4 : x;
    case STRIA_SPARSE_SIGMOID:
        return x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2;
    case STRIA_SQUAREPLUS:
        return (float)(squareplus_sum(d, alpha) / 2);
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
    case STRIA_LOG_SOFTMAX:
    case STRIA_SPARSEMAX:
    case STRIA_GLU:
    case STRIA_ACTIVATION_COUNT:
        return 1;
    case STRIA_RELU:
        return v > 0 ? 1 : 0;
    case STRIA_RELU6:
        return v > 0 && v < 6 ? 1 : 0;
    case STRIA_LEAKY_RELU:
        return v > 0 ? 1 : alpha;
    case STRIA_ELU: /* with alpha 0 it is relu: nothing but 0 comes from inputs below 0 */
        return alpha == 0 ? (v > 0 ? 1 : 0) : v > 0 ? 1 : d + alpha;
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
    case STRIA_LECUN_TANH:
        return lecun_slope / lecun_height * (lecun_height - d) * (lecun_height + d);
    case STRIA_GELU_TANH: {
        double gate = gelu_gate(d);
        return gate + d * gate * (1 - gate) * gelu_factor * (1 + 3 * gelu_cubic * d * d);
    }
    case STRIA_CELU:
        return v > 0 ? 1 : d / alpha + 1;
    case STRIA_LOG_SIGMOID: /* 1 - sigmoid(x) = 1 - exp(log_sigmoid(x)) */
        return -expm1(d);
    case STRIA_HARD_TANH:
        return v < -1 || v > 1 ? 0 : 1;
    case STRIA_HARD_SHRINK:
    case STRIA_SOFT_SHRINK:
        return fabsf(v) > 0 ? 1 : 0;
    case STRIA_TANH_SHRINK:
        return tanh(d) * tanh(d);
    case STRIA_THRESHOLD:
        return v <= activation.alpha ? 0 : 1;
    case STRIA_CLIPPED_RELU:
        return clipped_relu_slope(activation, v);
    case STRIA_SPARSE_PLUS: /* y = ((x + 1) / 2)^2 */
        return v < 1 ? sqrt(d) : 1;
    case STRIA_SPARSE_SIGMOID:
        return v > 0 && v < 1 ? 0.5 : 0;
    case STRIA_SQUAREPLUS: /* from x = y - alpha / (4 y) */
        return v > 0 ? d * d / (d * d + alpha / 4) : 0;
    }
    return 1;
}

/* Whether the slope is 0 without a passage: then it chooses, so that a NaN or infinity in dy stays out of
 * inputs that had no part in it. */
static bool slope_chooses(stria_activation activation)
{
    switch (activation.kind) {
    case STRIA_RELU:
    case STRIA_RELU6:
    case STRIA_HARD_SIGMOID:
    case STRIA_HARD_TANH:
    case STRIA_HARD_SHRINK:
    case STRIA_SOFT_SHRINK:
    case STRIA_THRESHOLD:
    case STRIA_CLIPPED_RELU:
    case STRIA_SPARSE_SIGMOID:
        return true;
    case STRIA_ELU:
        return activation.alpha == 0;
    default:
        return false;
    }
}

void stria_ref_activate_block(stria_activation activation, const float *x, float *y, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = activation_value(activation, x[i]);
}

void stria_ref_activate_gradient_block(stria_activation activation, const float *v, const float *dy,
                                       float *dx, size_t count)
{
    bool chooses = slope_chooses(activation);
    for (size_t i = 0; i < count; i++) {
        double slope = activation_slope(activation, v[i]);
        dx[i] = chooses && slope == 0 ? 0 : (float)((double)dy[i] * slope);
    }
}

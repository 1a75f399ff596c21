/* The activations and their derivatives. Each kind is a function of one vector; the loops are made once per
 * kind, with the kind a constant in them. Kinds that networks seldom use have none: their definitions do. */
#include "kernels/simd/activation.h"

#include <string.h>

#include "kernels/families.h"
#include "kernels/simd/math.h"

/* Klambauer et al., "Self-normalizing neural networks", 2017. */
#define SELU_ALPHA 1.6732632423543772
#define SELU_SCALE 1.0507009873554805

/* LeCun et al., 1998. */
#define LECUN_HEIGHT 1.7159
#define LECUN_SLOPE  (2.0 / 3)

/* The order of the operands lets NaN through. */
VEC_INLINE vec clip6(vec x)
{
    return vec_min(vec_broadcast(6), vec_max(vec_broadcast(0), x));
}

VEC_INLINE vec_mask is_positive(vec x)
{
    return vec_greater(x, vec_broadcast(0));
}

VEC_INLINE vec_mask is_negative(vec x)
{
    return vec_less(x, vec_broadcast(0));
}

/* The approximate gelu is x times this: sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3), at |x| up to 16. */
VEC_INLINE vec gelu_gate(vec x)
{
    return vec_sigmoid(x * ((x * x) * (float)(1.5957691216057308 * 0.044715) + (float)1.5957691216057308));
}

VEC_INLINE vec within_16(vec x)
{
    return vec_min(vec_broadcast(16), vec_max(vec_broadcast(-16), x));
}

/* Mish: with e = exp(x) and n = e (e + 2), tanh(softplus(x)) = n / (n + 2). From x = 20 on it is 1 in float.
 */
VEC_INLINE vec mish_exponential(vec x)
{
    return vec_exp(vec_min(vec_broadcast(20), x));
}

VEC_INLINE vec activation_value(stria_activation_kind kind, vec alpha, vec x)
{
    vec density;
    switch (kind) {
    case STRIA_RELU:
        return vec_max(vec_broadcast(0), x);
    case STRIA_RELU6:
        return clip6(x);
    case STRIA_LEAKY_RELU:
        return vec_select(is_positive(x), x, alpha * x);
    case STRIA_ELU:
        return vec_select(is_positive(x), x, alpha * vec_expm1_negative(x));
    case STRIA_SELU:
        return vec_select(is_positive(x), x * (float)SELU_SCALE,
                          vec_expm1_negative(x) * (float)(SELU_SCALE * SELU_ALPHA));
    case STRIA_TANH:
        return vec_tanh(x);
    case STRIA_SIGMOID:
        return vec_sigmoid(x);
    case STRIA_HARD_SIGMOID:
        return clip6(x + 3.0f) / 6.0f;
    case STRIA_HARD_SWISH:
        return x * (clip6(x + 3.0f) / 6.0f);
    case STRIA_SOFTPLUS:
        return vec_softplus(x);
    case STRIA_SOFTSIGN:
        return x / (vec_abs(x) + 1.0f);
    case STRIA_SILU:
        return x * vec_sigmoid(x);
    case STRIA_GELU:
        return x * vec_normal_probability(x, &density);
    case STRIA_MISH: {
        vec e = mish_exponential(x);
        vec n = e * (e + 2.0f);
        return x * (n / (n + 2.0f));
    }
    case STRIA_EXPONENTIAL:
        return vec_exp(x);
    case STRIA_LECUN_TANH:
        return vec_tanh(x * (float)LECUN_SLOPE) * (float)LECUN_HEIGHT;
    case STRIA_GELU_TANH:
        return x * gelu_gate(within_16(x));
    default:
        return x;
    }
}

/* dy times the derivative at `v`: the input where stria_activation_needs_input, else the output. */
VEC_INLINE vec activation_gradient(stria_activation_kind kind, vec alpha, vec v, vec dy)
{
    const vec none = {0};
    switch (kind) {
    case STRIA_RELU:
        return vec_select(is_positive(v), dy, none);
    case STRIA_RELU6:
        return vec_select(vec_mask_and(is_positive(v), vec_less(v, vec_broadcast(6))), dy, none);
    case STRIA_LEAKY_RELU:
        return vec_select(is_positive(v), dy, alpha * dy);
    case STRIA_ELU:
        return vec_select(is_positive(v), dy, dy * (v + alpha));
    case STRIA_SELU:
        return dy * vec_select(is_negative(v), v + (float)(SELU_SCALE * SELU_ALPHA),
                               vec_broadcast((float)SELU_SCALE));
    case STRIA_TANH:
        return dy * (1.0f - v * v);
    case STRIA_SIGMOID:
        return dy * (v * (1.0f - v));
    case STRIA_HARD_SIGMOID:
        return vec_select(vec_mask_and(is_positive(v), vec_less(v, vec_broadcast(1))), dy / 6.0f, none);
    case STRIA_HARD_SWISH: {
        vec shifted = v + 3.0f;
        vec_mask between = vec_mask_and(is_positive(shifted), vec_less(shifted, vec_broadcast(6)));
        return dy * (clip6(shifted) / 6.0f + vec_select(between, v / 6.0f, none));
    }
    case STRIA_SOFTPLUS: /* sigmoid(x) = 1 - exp(-softplus(x)) */
        return dy * (none - vec_expm1_negative(none - v));
    case STRIA_SOFTSIGN: { /* 1 / (1 + |x|) = 1 - |softsign(x)| */
        vec rest = 1.0f - vec_abs(v);
        return dy * (rest * rest);
    }
    case STRIA_SILU: { /* s (1 + x (1 - s)), where 1 - s = sigmoid(-x) keeps its digits */
        vec e = vec_exp(vec_minus_abs(v));
        vec large = 1.0f / (e + 1.0f), small = e * large;
        vec s = vec_select(is_negative(v), small, large), rest = vec_select(is_negative(v), large, small);
        return dy * (s * (v * rest + 1.0f));
    }
    case STRIA_GELU: { /* Phi(x) + x phi(x) */
        vec density, probability = vec_normal_probability(v, &density);
        return dy * (density * v * 0.398942280f + probability);
    }
    case STRIA_MISH: { /* with e and n as above: n / (n + 2) + x 4 e (1 + e) / (n + 2)^2 */
        vec e = mish_exponential(v);
        vec n = e * (e + 2.0f);
        vec reciprocal = 1.0f / (n + 2.0f);
        return dy * (n * reciprocal + v * (4.0f * e * reciprocal) * ((e + 1.0f) * reciprocal));
    }
    case STRIA_EXPONENTIAL:
        return dy * v;
    case STRIA_LECUN_TANH:
        return dy *
               (((float)LECUN_HEIGHT - v) * ((float)LECUN_HEIGHT + v) * (float)(LECUN_SLOPE / LECUN_HEIGHT));
    case STRIA_GELU_TANH: { /* with the gate g = sigmoid(2 u): g + x g (1 - g) 2 u' */
        vec x = within_16(v), gate = gelu_gate(x);
        vec rise = (x * x) * (float)(3 * 1.5957691216057308 * 0.044715) + (float)1.5957691216057308;
        return dy * (x * gate * (1.0f - gate) * rise + gate);
    }
    default:
        return dy;
    }
}

/* What is left after the last whole vector goes through the same loop by way of `rest`: the function, which
 * may be long, stands there once. */
VEC_INLINE void value_loop(stria_activation_kind kind, float alpha, const float *x, float *y, size_t count)
{
    const vec slope = vec_broadcast(alpha);
    const size_t left = count % VL, whole = count - left;
    float rest[VL], *to = y;
    const float *from = x;
    for (size_t n = whole;; n = VL) {
        for (size_t i = 0; i < n; i += VL)
            vec_store(to + i, activation_value(kind, slope, vec_load(from + i)));
        if (left == 0 || to == rest)
            break;
        vec_store(rest, vec_load_first(x + whole, left));
        from = to = rest;
    }
    if (left > 0)
        vec_store_first(y + whole, vec_load(rest), left);
}

VEC_INLINE void gradient_loop(stria_activation_kind kind, float alpha, const float *v, const float *dy,
                              float *dx, size_t count)
{
    const vec slope = vec_broadcast(alpha);
    const size_t left = count % VL, whole = count - left;
    float rest[VL], rest_of_v[VL], *to = dx;
    const float *from = dy, *at = v;
    for (size_t n = whole;; n = VL) {
        for (size_t i = 0; i < n; i += VL)
            vec_store(to + i, activation_gradient(kind, slope, vec_load(at + i), vec_load(from + i)));
        if (left == 0 || to == rest)
            break;
        vec_store(rest_of_v, vec_load_first(v + whole, left));
        vec_store(rest, vec_load_first(dy + whole, left));
        at = rest_of_v;
        from = to = rest;
    }
    if (left > 0)
        vec_store_first(dx + whole, vec_load(rest), left);
}

/* One case per kind that computes something. */
#define FOR_EACH_KIND(X)                                                                                     \
    X(STRIA_RELU)                                                                                            \
    X(STRIA_RELU6)                                                                                           \
    X(STRIA_LEAKY_RELU)                                                                                      \
    X(STRIA_ELU)                                                                                             \
    X(STRIA_SELU)                                                                                            \
    X(STRIA_TANH)                                                                                            \
    X(STRIA_SIGMOID)                                                                                         \
    X(STRIA_HARD_SIGMOID)                                                                                    \
    X(STRIA_HARD_SWISH)                                                                                      \
    X(STRIA_SOFTPLUS)                                                                                        \
    X(STRIA_SOFTSIGN)                                                                                        \
    X(STRIA_SILU)                                                                                            \
    X(STRIA_GELU)                                                                                            \
    X(STRIA_MISH)                                                                                            \
    X(STRIA_EXPONENTIAL)                                                                                     \
    X(STRIA_LECUN_TANH)                                                                                      \
    X(STRIA_GELU_TANH)

void STRIA_ISA(stria_activate_block)(stria_activation activation, const float *x, float *y, size_t count)
{
    switch (activation.kind) {
#define VALUE_CASE(constant)                                                                                 \
    case constant:                                                                                           \
        value_loop(constant, activation.alpha, x, y, count);                                                 \
        return;
        FOR_EACH_KIND(VALUE_CASE)
    case STRIA_LINEAR:
        if (y != x && count > 0)
            memcpy(y, x, count * sizeof *y);
        return;
    default:
        stria_ref_activate_block(activation, x, y, count);
    }
}

void STRIA_ISA(stria_activate_gradient_block)(stria_activation activation, const float *v, const float *dy,
                                              float *dx, size_t count)
{
    /* An elu of alpha 0 is relu: nothing but 0 comes from inputs below 0. */
    if (activation.kind == STRIA_ELU && activation.alpha == 0)
        activation.kind = STRIA_RELU;
    switch (activation.kind) {
#define GRADIENT_CASE(constant)                                                                              \
    case constant:                                                                                           \
        gradient_loop(constant, activation.alpha, v, dy, dx, count);                                         \
        return;
        FOR_EACH_KIND(GRADIENT_CASE)
    case STRIA_LINEAR:
        if (dx != dy && count > 0)
            memcpy(dx, dy, count * sizeof *dx);
        return;
    default:
        stria_ref_activate_gradient_block(activation, v, dy, dx, count);
    }
}

/* exp, tanh, sigmoid and their relatives on vectors, for every element of a vector alike: no tables, no
 * branches. NaN passes, infinities give the limits, results too small for a normal number are still right.
 *
 * Each function reduces its argument to a short range, where a polynomial or a quotient of two polynomials
 * stands for it; those are minimax fits of the relative error (scripts/fit_approximations.py) with positive
 * coefficients, so that nothing cancels while they are summed. tests/kernels/test_elementwise.c sweeps them
 * and holds the errors. */
#ifndef STRIA_KERNELS_SIMD_MATH_H
#define STRIA_KERNELS_SIMD_MATH_H

#include "kernels/simd/vec.h"

/* Adding this rounds a float below 2^22 to an integer, which then stands in the low bits. */
#define VEC_ROUNDING 0x1.8p23f

/* The bits of a NaN make numbers that wrap: harmless, since the NaN itself is multiplied by the result, but
 * only unsigned ones may. */
typedef uint32_t vec_bits __attribute__((vector_size(STRIA_VECTOR_BYTES)));

/* 2^n where n is a whole number from -126 to 127. `rounding` is n + VEC_ROUNDING, whose upper bits the shift
 * drops. */
VEC_INLINE vec vec_power_of_two(vec rounding)
{
    return (vec)(((vec_bits)rounding << 23) + (127u << 23));
}

/* v * 2^n where n is a whole number from -252 to 254, rounded once. `rounding` is n + VEC_ROUNDING. Without
 * an instruction for it in two steps, since 2^n itself may lie outside the floats. */
VEC_INLINE vec vec_scale_by_power(vec v, vec rounding)
{
#if STRIA_VECTOR_BYTES == 64
    return (vec)_mm512_scalef_ps((__m512)v, (__m512)(rounding - VEC_ROUNDING));
#else
    vec_bits n = (vec_bits)rounding - (vec_bits)vec_broadcast(VEC_ROUNDING);
    vec_bits half = (vec_bits)((veci)n >> 1);
    return v * (vec)((half + 127) << 23) * (vec)((n - half + 127) << 23);
#endif
}

/* expm1 for |r| <= ln(2)/2. */
VEC_INLINE vec vec_expm1_reduced(vec r)
{
    vec q = vec_broadcast(1.388252115e-3f);
    q = q * r + 8.366515245e-3f;
    q = q * r + 4.166719971e-2f;
    q = q * r + 1.666654366e-1f;
    q = q * r + 4.999999815e-1f;
    return (r * r) * q + r;
}

/* exp(x + low), where low is far smaller than x: a sum that one float cannot hold. Where the result is 0
 * anyway, it is not left to underflow, which takes processors a hundred times as long. */
VEC_INLINE vec vec_exp_sum(vec x, vec low)
{
    vec_mask vanishes = vec_less(x, vec_broadcast(-104.0f));
    /* The order of the operands lets NaN through; from 89 on the result is infinite. */
    x = vec_min(vec_broadcast(89.0f), vec_select(vanishes, (vec){0}, x));
    vec rounding = x * 1.44269504f + VEC_ROUNDING;
    vec n = rounding - VEC_ROUNDING;
    /* ln 2 in two parts: n times the first, of 16 bits, is exact. */
    vec r = x - n * 0x1.62e4p-1f;
    r = r - n * 1.42860677e-6f + low;
    return vec_select(vanishes, (vec){0}, vec_scale_by_power(vec_expm1_reduced(r) + 1.0f, rounding));
}

VEC_INLINE vec vec_exp(vec x)
{
    return vec_exp_sum(x, (vec){0});
}

/* exp(x) - 1 for x <= 0; anything for greater ones. 2^n (e + 1) - 1 with e = expm1(r) keeps small results
 * accurate. */
VEC_INLINE vec vec_expm1_negative(vec x)
{
    x = vec_min(vec_broadcast(0), vec_max(vec_broadcast(-18.0f), x));
    vec rounding = x * 1.44269504f + VEC_ROUNDING;
    vec n = rounding - VEC_ROUNDING;
    vec r = x - n * 0x1.62e4p-1f;
    r = r - n * 1.42860677e-6f;
    vec power = vec_power_of_two(rounding);
    return power * vec_expm1_reduced(r) + (power - 1.0f);
}

/* -|v| */
VEC_INLINE vec vec_minus_abs(vec v)
{
    return (vec)((veci)v | veci_broadcast(INT32_MIN));
}

/* h / (h + 1) where h = expm1(2 |x|) / 2, which is accurate for small x too; from the bound on the result
 * is 1. With r = |x| - n ln(2)/2 the polynomial is expm1(2r) / 2, so that no step is spent on the factors of
 * two. */
VEC_INLINE vec vec_tanh(vec x)
{
    vec a = vec_min(vec_broadcast(10.0f), vec_abs(x));
    vec rounding = a * (2 * 1.44269504f) + VEC_ROUNDING;
    vec n = rounding - VEC_ROUNDING;
    vec r = a - n * (0x1.62e4p-1f / 2);
    r = r - n * (1.42860677e-6f / 2);
    vec q = vec_broadcast(4.44240682e-2f);
    q = q * r + 1.33864358e-1f;
    q = q * r + 3.33335370e-1f;
    q = q * r + 6.66661263e-1f;
    q = q * r + 1.00000012f;
    vec e = (r * r) * q + r;
    vec power = vec_power_of_two(rounding);
    vec h = power * e + (power * 0.5f - 0.5f);
    return (vec)((veci)(h / (h + 1.0f)) | ((veci)x & veci_broadcast(INT32_MIN)));
}

/* 1 / (1 + exp(-x)), from exp(-|x|), which cannot overflow. */
VEC_INLINE vec vec_sigmoid(vec x)
{
    vec e = vec_exp(vec_minus_abs(x));
    return vec_select(vec_less(x, vec_broadcast(0)), e, vec_broadcast(1)) / (e + 1.0f);
}

/* log(1 + u) for 0 <= u <= 1: u P(u) / Q(u). */
VEC_INLINE vec vec_log1p_unit(vec u)
{
    vec p = vec_broadcast(1.246384196e-1f);
    p = p * u + 8.695150058e-1f;
    vec q = vec_broadcast(3.135227051e-2f);
    q = q * u + 4.760894198e-1f;
    q = q * u + 1.369513628f;
    q = q * u + 1.0f;
    return (p * u * u + u) / q;
}

/* log(1 + exp(x)) */
VEC_INLINE vec vec_softplus(vec x)
{
    return vec_max(x, vec_broadcast(0)) + vec_log1p_unit(vec_exp(vec_minus_abs(x)));
}

/* The normal distribution: its lower tail at -|x| is exp(-x^2/2) P(|x|) / Q(|x|). *density is exp(-x^2/2).
 * The square is taken as an exact part and a small rest, since the exponential would blow up its rounding
 * error. */
VEC_INLINE vec vec_normal_tail(vec x, vec *density)
{
    vec a = vec_min(vec_broadcast(14.5f), vec_abs(x));
    a = vec_select(vec_is_nan(x), x, a);
    vec high = (vec)((veci)a & veci_broadcast((int32_t)0xfffff000));
    vec e = vec_exp_sum(high * high * -0.5f, (a - high) * (a + high) * -0.5f);
    *density = e;
    vec p = vec_broadcast(8.171222326e-3f / 2);
    p = p * a + 8.088376768e-2f / 2;
    p = p * a + 3.653807280e-1f / 2;
    p = p * a + 8.751905815e-1f / 2;
    p = p * a + 0.5f;
    vec q = vec_broadcast(1.024098594e-2f);
    q = q * a + 1.013793479e-1f;
    q = q * a + 4.680255479e-1f;
    q = q * a + 1.200297856f;
    q = q * a + 1.673075426f;
    q = q * a + 1.0f;
    return e * (p / q);
}

/* The normal distribution function and exp(-x^2/2). */
VEC_INLINE vec vec_normal_probability(vec x, vec *density)
{
    vec tail = vec_normal_tail(x, density);
    return vec_select(vec_less(x, vec_broadcast(0)), tail, 1.0f - tail);
}

#endif

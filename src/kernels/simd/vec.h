/* Vectors of floats for the sources in this folder: GNU vector extensions where they suffice, intrinsics
 * where they lack something. Every source here is compiled once per instruction set; the build defines
 * STRIA_VECTOR_BYTES (64, 32 or 16) and STRIA_ISA_SUFFIX (avx512, avx2, baseline, neon). Each file exports
 * one function, named STRIA_ISA(...); all else in it must be static: a shared inline function built with AVX2
 * could be the copy the linker keeps for everyone.
 *
 * - vec, veci: VL floats, VL int32_t. Use + - * / on both, & | ^ << >> on veci (>> is arithmetic); a * b + c
 *   is one fused instruction wherever the CPU has it; (veci)v and (vec)i reinterpret bits.
 * - vec_mask: the result of a comparison: vec_less, vec_greater, vec_equal, vec_is_nan. Used by vec_select,
 *   combined by vec_mask_or and vec_mask_and.
 * - vec_load, vec_store: VL floats at any address.
 * - vec_load_first, vec_store_first: the first n (0 to VL) floats; nothing else is touched, the rest is 0.
 *   With a constant n = VL they cost no more than vec_load and vec_store.
 * - vec_broadcast, veci_broadcast: one value in all lanes.
 * - vec_max, vec_min: a > b ? a : b and a < b ? a : b in every lane, the second when one is NaN.
 * - vec_multiply_add: a * b + c, fused for certain where the CPU can, also when branches come between.
 * - vec_abs, vec_sqrt, vec_to_int (toward zero), vec_from_int.
 * - veci_load_bytes, veci_store_bytes: VL bytes as numbers 0 to 255.
 * - vec_sum, vec_largest: over the lanes, not in their order; vec_largest not for NaN.
 */
#ifndef STRIA_KERNELS_SIMD_VEC_H
#define STRIA_KERNELS_SIMD_VEC_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#    include <immintrin.h>
#elif defined(__aarch64__)
#    include <arm_neon.h>
#endif

#define STRIA_ISA_JOIN(name, suffix)  name##_##suffix
#define STRIA_ISA_NAMED(name, suffix) STRIA_ISA_JOIN(name, suffix)
/* `name` with the instruction set behind it: stria_conv_fill_avx512. */
#define STRIA_ISA(name) STRIA_ISA_NAMED(name, STRIA_ISA_SUFFIX)

#define STRIA_ISA_QUOTED(suffix)    #suffix
#define STRIA_ISA_QUOTE_THE(suffix) STRIA_ISA_QUOTED(suffix)
/* The instruction set in quotes: "avx512". */
#define STRIA_ISA_NAME STRIA_ISA_QUOTE_THE(STRIA_ISA_SUFFIX)

/* Floats in a vector. */
#define VL (STRIA_VECTOR_BYTES / 4)

/* Vector registers that accumulators, operands and one broadcast have to fit into. */
#if STRIA_VECTOR_BYTES == 64 || defined(__aarch64__)
#    define VEC_REGISTERS 32
#else
#    define VEC_REGISTERS 16
#endif

#define VEC_INLINE static inline __attribute__((always_inline, unused))

/* Before a loop with a small constant count over an array that is to live in registers. */
#if defined(__clang__)
#    define VEC_UNROLL _Pragma("clang loop unroll(full)")
#else
#    define VEC_UNROLL _Pragma("GCC unroll 32")
#endif

typedef float vec __attribute__((vector_size(STRIA_VECTOR_BYTES)));
typedef int32_t veci __attribute__((vector_size(STRIA_VECTOR_BYTES)));
typedef float vec_anywhere __attribute__((vector_size(STRIA_VECTOR_BYTES), aligned(4), may_alias));

VEC_INLINE vec vec_load(const float *from)
{
    return *(const vec_anywhere *)from;
}

VEC_INLINE void vec_store(float *to, vec v)
{
    *(vec_anywhere *)to = v;
}

/* Taking 0 away keeps every value, -0 too, and compiles to one broadcast. */
VEC_INLINE vec vec_broadcast(float value)
{
    return value - (vec){0};
}

VEC_INLINE veci veci_broadcast(int32_t value)
{
    return value + (veci){0};
}

VEC_INLINE vec vec_abs(vec v)
{
    return (vec)((veci)v & veci_broadcast(INT32_MAX));
}

VEC_INLINE veci vec_to_int(vec v)
{
    return __builtin_convertvector(v, veci);
}

VEC_INLINE vec vec_from_int(veci v)
{
    return __builtin_convertvector(v, vec);
}

/* ---- What the extension lacks ---- */

#if STRIA_VECTOR_BYTES == 64

typedef __mmask16 vec_mask;

VEC_INLINE __mmask16 vec_first_lanes(size_t n)
{
    return (__mmask16)((1u << n) - 1u);
}

VEC_INLINE vec vec_load_first(const float *from, size_t n)
{
    if (__builtin_constant_p(n) && n == VL)
        return vec_load(from);
    return (vec)_mm512_maskz_loadu_ps(vec_first_lanes(n), from);
}

VEC_INLINE void vec_store_first(float *to, vec v, size_t n)
{
    if (__builtin_constant_p(n) && n == VL)
        vec_store(to, v);
    else
        _mm512_mask_storeu_ps(to, vec_first_lanes(n), (__m512)v);
}

VEC_INLINE vec vec_max(vec a, vec b)
{
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
}

VEC_INLINE vec vec_min(vec a, vec b)
{
    return (vec)_mm512_min_ps((__m512)a, (__m512)b);
}

VEC_INLINE vec vec_sqrt(vec v)
{
    return (vec)_mm512_sqrt_ps((__m512)v);
}

VEC_INLINE vec vec_multiply_add(vec a, vec b, vec c)
{
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

VEC_INLINE vec_mask vec_less(vec a, vec b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ);
}

VEC_INLINE vec_mask vec_greater(vec a, vec b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ);
}

VEC_INLINE vec_mask vec_equal(vec a, vec b)
{
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ);
}

VEC_INLINE vec_mask vec_is_nan(vec v)
{
    return _mm512_cmp_ps_mask((__m512)v, (__m512)v, _CMP_UNORD_Q);
}

VEC_INLINE vec_mask vec_mask_or(vec_mask a, vec_mask b)
{
    return (vec_mask)(a | b);
}

VEC_INLINE vec_mask vec_mask_and(vec_mask a, vec_mask b)
{
    return (vec_mask)(a & b);
}

/* mask ? a : b in every lane. */
VEC_INLINE vec vec_select(vec_mask mask, vec a, vec b)
{
    return (vec)_mm512_mask_blend_ps(mask, (__m512)b, (__m512)a);
}

VEC_INLINE veci veci_load_bytes(const uint8_t *from)
{
    return (veci)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i_u *)from));
}

VEC_INLINE void veci_store_bytes(uint8_t *to, veci v)
{
    _mm_storeu_si128((__m128i_u *)to, _mm512_cvtepi32_epi8((__m512i)v));
}

VEC_INLINE float vec_sum(vec v)
{
    __m256 low = _mm512_castps512_ps256((__m512)v), high = _mm512_extractf32x8_ps((__m512)v, 1);
    __m256 half = _mm256_add_ps(low, high);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

VEC_INLINE float vec_largest(vec v)
{
    return _mm512_reduce_max_ps((__m512)v);
}

#else

typedef veci vec_mask;

VEC_INLINE vec_mask vec_less(vec a, vec b)
{
    return a < b;
}

VEC_INLINE vec_mask vec_greater(vec a, vec b)
{
    return a > b;
}

VEC_INLINE vec_mask vec_equal(vec a, vec b)
{
    return a == b;
}

VEC_INLINE vec_mask vec_is_nan(vec v)
{
    return v != v;
}

VEC_INLINE vec_mask vec_mask_or(vec_mask a, vec_mask b)
{
    return a | b;
}

VEC_INLINE vec_mask vec_mask_and(vec_mask a, vec_mask b)
{
    return a & b;
}

#    if STRIA_VECTOR_BYTES == 32

VEC_INLINE __m256i vec_first_lanes(size_t n)
{
    static const int32_t ones[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i_u *)(ones + 8 - n));
}

VEC_INLINE vec vec_load_first(const float *from, size_t n)
{
    if (__builtin_constant_p(n) && n == VL)
        return vec_load(from);
    return (vec)_mm256_maskload_ps(from, vec_first_lanes(n));
}

VEC_INLINE void vec_store_first(float *to, vec v, size_t n)
{
    if (__builtin_constant_p(n) && n == VL)
        vec_store(to, v);
    else
        _mm256_maskstore_ps(to, vec_first_lanes(n), (__m256)v);
}

VEC_INLINE vec vec_max(vec a, vec b)
{
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
}

VEC_INLINE vec vec_min(vec a, vec b)
{
    return (vec)_mm256_min_ps((__m256)a, (__m256)b);
}

VEC_INLINE vec vec_sqrt(vec v)
{
    return (vec)_mm256_sqrt_ps((__m256)v);
}

VEC_INLINE vec vec_multiply_add(vec a, vec b, vec c)
{
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

VEC_INLINE vec vec_select(vec_mask mask, vec a, vec b)
{
    return (vec)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
}

VEC_INLINE veci veci_load_bytes(const uint8_t *from)
{
    return (veci)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i_u *)from));
}

VEC_INLINE void veci_store_bytes(uint8_t *to, veci v)
{
    __m128i low = _mm256_castsi256_si128((__m256i)v), high = _mm256_extracti128_si256((__m256i)v, 1);
    __m128i words = _mm_packus_epi32(low, high);
    _mm_storel_epi64((__m128i_u *)to, _mm_packus_epi16(words, words));
}

VEC_INLINE float vec_sum(vec v)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

VEC_INLINE float vec_largest(vec v)
{
    v = vec_max(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3));
    v = vec_max(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5));
    return vec_max(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6))[0];
}

#    else /* 16 bytes */

VEC_INLINE vec vec_load_first(const float *from, size_t n)
{
    vec v = {0};
    switch (n) {
    case 0:
        return v;
    case 1:
        return (vec){from[0]};
    case 2:
        return (vec){from[0], from[1]};
    case 3:
        return (vec){from[0], from[1], from[2]};
    default:
        return vec_load(from);
    }
}

VEC_INLINE void vec_store_first(float *to, vec v, size_t n)
{
    switch (n) {
    case 0:
        return;
    case 1:
        to[0] = v[0];
        return;
    case 2:
        to[0] = v[0], to[1] = v[1];
        return;
    case 3:
        to[0] = v[0], to[1] = v[1], to[2] = v[2];
        return;
    default:
        vec_store(to, v);
    }
}

VEC_INLINE vec vec_select(vec_mask mask, vec a, vec b)
{
    return (vec)((mask & (veci)a) | (~mask & (veci)b));
}

#        if defined(__x86_64__)

VEC_INLINE vec vec_max(vec a, vec b)
{
    return (vec)_mm_max_ps((__m128)a, (__m128)b);
}

VEC_INLINE vec vec_min(vec a, vec b)
{
    return (vec)_mm_min_ps((__m128)a, (__m128)b);
}

VEC_INLINE vec vec_sqrt(vec v)
{
    return (vec)_mm_sqrt_ps((__m128)v);
}

VEC_INLINE vec vec_multiply_add(vec a, vec b, vec c)
{
    return a * b + c;
}

VEC_INLINE veci veci_load_bytes(const uint8_t *from)
{
    int32_t bytes;
    __builtin_memcpy(&bytes, from, sizeof bytes);
    __m128i words = _mm_unpacklo_epi8(_mm_cvtsi32_si128(bytes), _mm_setzero_si128());
    return (veci)_mm_unpacklo_epi16(words, _mm_setzero_si128());
}

VEC_INLINE void veci_store_bytes(uint8_t *to, veci v)
{
    __m128i words = _mm_packs_epi32((__m128i)v, (__m128i)v);
    int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    __builtin_memcpy(to, &bytes, sizeof bytes);
}

#        else

VEC_INLINE vec vec_max(vec a, vec b)
{
    return vec_select(a > b, a, b);
}

VEC_INLINE vec vec_min(vec a, vec b)
{
    return vec_select(a < b, a, b);
}

VEC_INLINE vec vec_sqrt(vec v)
{
    return (vec)vsqrtq_f32((float32x4_t)v);
}

VEC_INLINE vec vec_multiply_add(vec a, vec b, vec c)
{
    return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}

VEC_INLINE veci veci_load_bytes(const uint8_t *from)
{
    uint32_t bytes;
    __builtin_memcpy(&bytes, from, sizeof bytes);
    uint16x8_t words = vmovl_u8(vcreate_u8(bytes));
    return (veci)vmovl_u16(vget_low_u16(words));
}

VEC_INLINE void veci_store_bytes(uint8_t *to, veci v)
{
    uint16x4_t words = vmovn_u32((uint32x4_t)v);
    uint32_t bytes = vget_lane_u32(vreinterpret_u32_u8(vmovn_u16(vcombine_u16(words, words))), 0);
    __builtin_memcpy(to, &bytes, sizeof bytes);
}

#        endif

VEC_INLINE float vec_sum(vec v)
{
    return (v[0] + v[2]) + (v[1] + v[3]);
}

VEC_INLINE float vec_largest(vec v)
{
    v = vec_max(v, __builtin_shufflevector(v, v, 2, 3, 0, 1));
    return vec_max(v, __builtin_shufflevector(v, v, 1, 0, 3, 2))[0];
}

#    endif

#endif

#endif

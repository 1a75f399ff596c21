/* Tile sizes of the convolution micro-kernels on each instruction set. Accumulators, one vector of weights
 * per vector of the tile and one broadcast have to fit into the registers: one too many costs up to half the
 * speed. */
#ifndef STRIA_KERNELS_SIMD_CONV_H
#define STRIA_KERNELS_SIMD_CONV_H

#include "kernels/conv.h"
#include "kernels/simd/vec.h"

#define ROWS_1_TO_6(what)  what(1) what(2) what(3) what(4) what(5) what(6)
#define ROWS_1_TO_10(what) ROWS_1_TO_6(what) what(7) what(8) what(9) what(10)
#define ROWS_1_TO_12(what) ROWS_1_TO_10(what) what(11) what(12)
#define ROWS_1_TO_14(what) ROWS_1_TO_12(what) what(13) what(14)
#define ROWS_15_TO_28(what)                                                                                  \
    what(15) what(16) what(17) what(18) what(19) what(20) what(21) what(22) what(23) what(24) what(25)       \
        what(26) what(27) what(28)

#if STRIA_VECTOR_BYTES == 64
#    define MAIN_ROWS             14
#    define MAIN_VECTORS          2
#    define NARROW_ROWS           28
#    define NARROW_VECTORS        1
#    define WIDE_ROWS             3
#    define WIDE_PANELS           4
#    define EACH_MAIN_ROW(what)   ROWS_1_TO_14(what)
#    define EACH_NARROW_ROW(what) ROWS_1_TO_14(what) ROWS_15_TO_28(what)
#    define EACH_WIDE_ROW(what)   what(1) what(2) what(3)
#elif VEC_REGISTERS == 32
#    define MAIN_ROWS             6
#    define MAIN_VECTORS          4
#    define NARROW_ROWS           12
#    define NARROW_VECTORS        2
#    define WIDE_ROWS             3
#    define WIDE_PANELS           2
#    define EACH_MAIN_ROW(what)   ROWS_1_TO_6(what)
#    define EACH_NARROW_ROW(what) ROWS_1_TO_12(what)
#    define EACH_WIDE_ROW(what)   what(1) what(2) what(3)
#elif STRIA_VECTOR_BYTES == 32
#    define MAIN_ROWS             6
#    define MAIN_VECTORS          2
#    define NARROW_ROWS           12
#    define NARROW_VECTORS        1
#    define WIDE_ROWS             1
#    define WIDE_PANELS           4
#    define EACH_MAIN_ROW(what)   ROWS_1_TO_6(what)
#    define EACH_NARROW_ROW(what) ROWS_1_TO_12(what)
#    define EACH_WIDE_ROW(what)   what(1)
#else
#    define MAIN_ROWS             6
#    define MAIN_VECTORS          2
#    define NARROW_ROWS           10
#    define NARROW_VECTORS        1
#    define WIDE_ROWS             1
#    define WIDE_PANELS           4
#    define EACH_MAIN_ROW(what)   ROWS_1_TO_6(what)
#    define EACH_NARROW_ROW(what) ROWS_1_TO_10(what)
#    define EACH_WIDE_ROW(what)   what(1)
#endif

#define TILE_MAX_VECTORS 8
#define TILE_MAX_SUMS    28

/* How many lanes of vector v belong to a row of `width` floats. */
VEC_INLINE size_t lanes_of(size_t width, int v)
{
    size_t before = (size_t)v * VL;
    return width <= before ? 0 : width - before < VL ? width - before : VL;
}

/* The first lanes of a vector, found once and used for many rows. PART_IS_CHEAP: storing all lanes as a part
 * costs no more than storing the vector. */
#define PART_IS_CHEAP (STRIA_VECTOR_BYTES == 64)
#if STRIA_VECTOR_BYTES == 64

typedef __mmask16 part;

VEC_INLINE part part_of(size_t lanes)
{
    return vec_first_lanes(lanes);
}

VEC_INLINE vec load_part(const float *from, part lanes)
{
    return (vec)_mm512_maskz_loadu_ps(lanes, from);
}

VEC_INLINE void store_part(float *to, vec v, part lanes)
{
    _mm512_mask_storeu_ps(to, lanes, (__m512)v);
}

#elif STRIA_VECTOR_BYTES == 32

typedef __m256i part;

VEC_INLINE part part_of(size_t lanes)
{
    return vec_first_lanes(lanes);
}

VEC_INLINE vec load_part(const float *from, part lanes)
{
    return (vec)_mm256_maskload_ps(from, lanes);
}

VEC_INLINE void store_part(float *to, vec v, part lanes)
{
    _mm256_maskstore_ps(to, lanes, (__m256)v);
}

#else

typedef size_t part;

VEC_INLINE part part_of(size_t lanes)
{
    return lanes;
}

VEC_INLINE vec load_part(const float *from, part lanes)
{
    return vec_load_first(from, lanes);
}

VEC_INLINE void store_part(float *to, vec v, part lanes)
{
    vec_store_first(to, v, lanes);
}

#endif

/* Between 0 and a ceiling: relu and relu6. The order of the operands lets NaN through. */
VEC_INLINE vec clip(vec v, vec ceiling)
{
    return vec_min(ceiling, vec_max((vec){0}, v));
}

/* The micro-kernels of this instruction set, by rows - 1. */
extern const stria_gather_fn STRIA_ISA(stria_gather_main)[MAIN_ROWS];
extern const stria_gather_fn STRIA_ISA(stria_gather_far)[MAIN_ROWS];
extern const stria_gather_fn STRIA_ISA(stria_gather_narrow)[NARROW_ROWS];
extern const stria_gather_fn STRIA_ISA(stria_gather_wide)[WIDE_ROWS];
extern const stria_outer_fn STRIA_ISA(stria_outer_main)[MAIN_ROWS];
extern const stria_outer_fn STRIA_ISA(stria_outer_narrow)[NARROW_ROWS];
extern const stria_depthwise_isa STRIA_ISA(stria_depthwise);

void STRIA_ISA(stria_pack_rows)(const float *from, size_t from_step, size_t depth, size_t width, float *to,
                                size_t panel);
void STRIA_ISA(stria_pack_columns)(const float *from, size_t from_step, size_t depth, size_t width, float *to,
                                   size_t panel);

void STRIA_ISA(stria_winograd_inside)(const float *corner, size_t row_pitch, size_t column_pitch,
                                      size_t channels, float *to, size_t step);
void STRIA_ISA(stria_winograd_border)(const float *const *pixels, size_t channels, float *to, size_t step);
void STRIA_ISA(stria_winograd_result)(const stria_winograd_tile *tile);
void STRIA_ISA(stria_winograd_weights)(float *panel, size_t count);
void STRIA_ISA(stria_conv_fft_forward)(float *re, float *im, size_t count, size_t step, const float *roots);
void STRIA_ISA(stria_conv_fft_backward)(float *re, float *im, size_t count, size_t step, const float *roots);

#if STRIA_VECTOR_BYTES == 64
extern const stria_pair_fn STRIA_ISA(stria_pair)[STRIA_PAIR_COLUMNS];
stria_pair_outer_fn STRIA_ISA(stria_pair_outer)(size_t rows, size_t run);
#endif

#endif

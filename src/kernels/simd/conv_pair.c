/* The pair micro-kernels for pictures of one channel and few filters, where a vector of filters would be half
 * empty: a vector holds two neighbouring pixels of each filter (lane 2k + j: filter k, pixel j), and a
 * broadcast of 64 bits brings the two inputs they see through a tap. */
#include "kernels/simd/conv.h"

#if STRIA_VECTOR_BYTES == 64

typedef double two_floats __attribute__((aligned(4), may_alias));

VEC_INLINE vec broadcast_pair(const float *from)
{
    return (vec)_mm512_set1_pd(*(const two_floats *)(const void *)from);
}

VEC_INLINE vec permute(vec v, veci lanes)
{
    return (vec)_mm512_permutexvar_ps((__m512i)lanes, (__m512)v);
}

static const veci lane_numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* Lane m of a pair in memory, [pixel, filter], comes from lane 2m, behind the first pixel from 2(m - filters)
 * + 1. */
VEC_INLINE veci memory_order(size_t filters)
{
    const veci behind = lane_numbers >= veci_broadcast((int32_t)filters);
    return 2 * lane_numbers - (behind & veci_broadcast(2 * (int32_t)filters - 1));
}

/* Lane 2k + j comes from lane j * filters + k of a pair in memory. */
VEC_INLINE veci vector_order(size_t filters)
{
    return (lane_numbers >> 1) + (lane_numbers & 1) * veci_broadcast((int32_t)filters);
}

VEC_INLINE void pair(const stria_pair_tile *tile, const int columns)
{
    vec sums[2][STRIA_PAIR_COLUMNS];
    vec start = {0};
    if (tile->bias != NULL)
        start = permute(vec_load_first(tile->bias, tile->filters), lane_numbers >> 1);
    VEC_UNROLL
    for (int q = 0; q < columns; q++)
        sums[0][q] = sums[1][q] = start;
    const float *w = tile->weights;
    const size_t step = tile->tap_step;
    for (size_t t = 0; t < tile->taps; t++) {
        const float *above = tile->x[0] + tile->offsets[t], *below = tile->x[1] + tile->offsets[t];
        for (size_t c = tile->run; c > 0; c--, above += step, below += step, w += VL) {
            const vec b = vec_load(w);
            VEC_UNROLL
            for (int q = 0; q < columns; q++) {
                sums[0][q] += broadcast_pair(above + 2 * q) * b;
                sums[1][q] += broadcast_pair(below + 2 * q) * b;
            }
        }
    }
    const veci lanes = memory_order(tile->filters);
    const vec ceiling = vec_broadcast(tile->ceiling);
    const size_t two = 2 * tile->filters, end = tile->odd ? tile->filters : two;
    VEC_UNROLL
    for (int r = 0; r < 2; r++) {
        const float *residual = tile->residual[r];
        VEC_UNROLL
        for (int q = 0; q < columns; q++) {
            sums[r][q] = permute(sums[r][q], lanes);
            if (residual != NULL)
                sums[r][q] += vec_load_first(residual + (size_t)q * two, q < columns - 1 ? two : end);
        }
    }
    VEC_UNROLL
    for (int r = 0; r < 2; r++) {
        float *out = tile->out[r];
        VEC_UNROLL
        for (int q = 0; q < columns; q++, out += two) {
            const vec v = tile->relu ? clip(sums[r][q], ceiling) : sums[r][q];
            vec_store_first(out, v, q < columns - 1 ? two : end);
        }
    }
}

#    define PAIR(columns)                                                                                    \
        static void pair_##columns(const stria_pair_tile *tile)                                              \
        {                                                                                                    \
            pair(tile, columns);                                                                             \
        }
ROWS_1_TO_14(PAIR)

#    define NAME_PAIR(columns) pair_##columns,
const stria_pair_fn STRIA_ISA(stria_pair)[STRIA_PAIR_COLUMNS] = {ROWS_1_TO_14(NAME_PAIR)};

/* ---- Kernel gradient: dy is permuted once for all taps, each tap has an accumulator ---- */

#    define PAIR_MAX_ROWS 5
#    define PAIR_MAX_RUN  7

VEC_INLINE void pair_outer(const stria_pair_outer_tile *tile, const int rows, const int run)
{
    vec sums[PAIR_MAX_ROWS][PAIR_MAX_RUN];
    VEC_UNROLL
    for (int r = 0; r < rows; r++) {
        VEC_UNROLL
        for (int c = 0; c < run; c++)
            sums[r][c] = (vec){0};
    }
    const size_t filters = tile->filters, step = tile->pair_step;
    const __m512i lanes = (__m512i)vector_order(filters);
    const __mmask16 both = vec_first_lanes(2 * filters), one = vec_first_lanes(filters);
    for (size_t s = 0; s < tile->segment_count; s++) {
        const float *x[PAIR_MAX_ROWS], *dy = tile->dy + tile->segments[s].pixel * filters;
        VEC_UNROLL
        for (int r = 0; r < rows; r++)
            x[r] = tile->segments[s].x + tile->offsets[r];
        for (size_t left = tile->segments[s].count / 2; left > 0; left--, dy += 2 * filters) {
            const vec d = (vec)_mm512_maskz_permutexvar_ps(both, lanes, _mm512_maskz_loadu_ps(both, dy));
            VEC_UNROLL
            for (int r = 0; r < rows; r++) {
                VEC_UNROLL
                for (int c = 0; c < run; c++)
                    sums[r][c] += broadcast_pair(x[r] + c) * d;
                x[r] += step;
            }
        }
        if (tile->segments[s].count % 2 != 0) { /* one pixel is left: the next input is not its */
            const vec d =
                (vec)_mm512_maskz_permutexvar_ps(both & 0x5555, lanes, _mm512_maskz_loadu_ps(one, dy));
            VEC_UNROLL
            for (int r = 0; r < rows; r++) {
                VEC_UNROLL
                for (int c = 0; c < run; c++)
                    sums[r][c] += vec_broadcast(x[r][c]) * d;
            }
        }
    }
    const veci even = memory_order(filters);
    float *out = tile->out;
    VEC_UNROLL
    for (int r = 0; r < rows; r++) {
        VEC_UNROLL
        for (int c = 0; c < run; c++, out += filters) {
            const vec v = sums[r][c];
            vec sum = permute(v + (vec)_mm512_permute_ps((__m512)v, 0xB1), even);
            if (tile->add)
                sum = vec_load_first(out, filters) + sum;
            vec_store_first(out, sum, filters);
        }
    }
}

#    define PAIR_OUTER(rows, run)                                                                            \
        static void pair_outer_##rows##x##run(const stria_pair_outer_tile *tile)                             \
        {                                                                                                    \
            pair_outer(tile, rows, run);                                                                     \
        }
PAIR_OUTER(1, 3)
PAIR_OUTER(2, 3)
PAIR_OUTER(3, 3)
PAIR_OUTER(1, 5)
PAIR_OUTER(2, 5)
PAIR_OUTER(3, 5)
PAIR_OUTER(4, 5)
PAIR_OUTER(5, 5)
PAIR_OUTER(1, 7)
PAIR_OUTER(2, 7)
PAIR_OUTER(3, 7)

stria_pair_outer_fn STRIA_ISA(stria_pair_outer)(size_t rows, size_t run)
{
    static const stria_pair_outer_fn of_3[] = {pair_outer_1x3, pair_outer_2x3, pair_outer_3x3};
    static const stria_pair_outer_fn of_5[] = {pair_outer_1x5, pair_outer_2x5, pair_outer_3x5, pair_outer_4x5,
                                               pair_outer_5x5};
    static const stria_pair_outer_fn of_7[] = {pair_outer_1x7, pair_outer_2x7, pair_outer_3x7};
    switch (run) {
    case 3:
        return rows <= 3 ? of_3[rows - 1] : NULL;
    case 5:
        return rows <= 5 ? of_5[rows - 1] : NULL;
    case 7:
        return rows <= 3 ? of_7[rows - 1] : NULL;
    default:
        return NULL;
    }
}

#else

typedef int stria_no_pairs; /* an empty file is not C */

#endif

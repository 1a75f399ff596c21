/* Winograd's transforms for 4x4 outputs and 3x3 windows (S. Winograd, "Arithmetic complexity of
 * computations", 1980; A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", 2016). Vectors
 * run over channels, so that nothing is shuffled.
 *
 * In one dimension, four outputs of a window of three come from six products at the points 0, a, -a, b, -b
 * and infinity. a = 5/8 and b = 3/2 make every factor below exact in binary and the errors less than half of
 * those of the usual 1 and 2, which let products of very different sizes cancel. Both dimensions are done one
 * after the other. */
#include "kernels/simd/conv.h"

/* Before a loop over the rows or columns of a tile. A tile has more vectors than 16 registers hold, so there
 * it lives in memory, and for the vectors that every CPU has the code is kept small. */
#if STRIA_VECTOR_BYTES > 16 || VEC_REGISTERS > 16
#    define TILE_UNROLL VEC_UNROLL
#elif defined(__clang__)
#    define TILE_UNROLL _Pragma("clang loop unroll(disable)")
#else
#    define TILE_UNROLL _Pragma("GCC unroll 1")
#endif

#define IN   STRIA_WINOGRAD_IN
#define OUT  STRIA_WINOGRAD_OUT
#define TAPS 3

#define A   0.625f
#define B   1.5f
#define A2  (A * A)
#define B2  (B * B)
#define A3  (A * A * A)
#define B3  (B * B * B)
#define SUM (A2 + B2)
#define PRO (A2 * B2)

VEC_INLINE vec times(float factor, vec v, vec plus)
{
    return vec_multiply_add(vec_broadcast(factor), v, plus);
}

/* Six inputs to the values at the six points: rows of the polynomials' coefficients. */
VEC_INLINE void source_of_six(const vec x[IN], vec to[IN])
{
    const vec even_a = times(-B2, x[2], x[4]), odd_a = times(-B2, x[1], x[3]);
    const vec even_b = times(-A2, x[2], x[4]), odd_b = times(-A2, x[1], x[3]);
    to[0] = times(PRO, x[0], times(-SUM, x[2], x[4]));
    to[1] = times(A, odd_a, even_a);
    to[2] = times(-A, odd_a, even_a);
    to[3] = times(B, odd_b, even_b);
    to[4] = times(-B, odd_b, even_b);
    to[5] = times(PRO, x[1], times(-SUM, x[3], x[5]));
}

/* Six products to four outputs. */
VEC_INLINE void result_of_six(const vec m[IN], vec to[OUT])
{
    const vec even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
    to[0] = m[0] + (even_a + even_b);
    to[1] = times(B, odd_b, vec_broadcast(A) * odd_a);
    to[2] = times(B2, even_b, vec_broadcast(A2) * even_a);
    to[3] = times(B3, odd_b, times(A3, odd_a, m[5]));
}

/* Three weights to six. */
VEC_INLINE void weights_of_three(const vec w[TAPS], vec to[IN])
{
    const float by_a = 1 / (2 * A2 * (A2 - B2)), by_b = 1 / (2 * B2 * (B2 - A2));
    const vec even_a = vec_broadcast(by_a) * times(A2, w[2], w[0]);
    const vec even_b = vec_broadcast(by_b) * times(B2, w[2], w[0]);
    to[0] = vec_broadcast(1 / PRO) * w[0];
    to[1] = times(A * by_a, w[1], even_a);
    to[2] = times(-A * by_a, w[1], even_a);
    to[3] = times(B * by_b, w[1], even_b);
    to[4] = times(-B * by_b, w[1], even_b);
    to[5] = w[2];
}

/* A tile of inputs; `pixels` is NULL when it lies inside the picture and corner and pitches lead to them. */
VEC_INLINE void source(const float *const *pixels, const float *corner, size_t row_pitch, size_t column_pitch,
                       size_t channels, float *to, size_t step)
{
    for (size_t c = 0; c < channels; c += VL) {
        const size_t left = channels - c < VL ? channels - c : VL;
        vec rows[IN][IN];
        TILE_UNROLL
        for (size_t j = 0; j < IN; j++) {
            vec column[IN], transformed[IN];
            VEC_UNROLL
            for (size_t i = 0; i < IN; i++) {
                const float *from =
                    pixels != NULL ? pixels[i * IN + j] : corner + i * row_pitch + j * column_pitch;
                column[i] = vec_load_first(from + c, left);
            }
            source_of_six(column, transformed);
            VEC_UNROLL
            for (size_t i = 0; i < IN; i++)
                rows[i][j] = transformed[i];
        }
        TILE_UNROLL
        for (size_t i = 0; i < IN; i++) {
            vec transformed[IN];
            source_of_six(rows[i], transformed);
            VEC_UNROLL
            for (size_t j = 0; j < IN; j++)
                vec_store_first(to + (i * IN + j) * step + c, transformed[j], left);
        }
    }
}

void STRIA_ISA(stria_winograd_inside)(const float *corner, size_t row_pitch, size_t column_pitch,
                                      size_t channels, float *to, size_t step)
{
    source(NULL, corner, row_pitch, column_pitch, channels, to, step);
}

void STRIA_ISA(stria_winograd_border)(const float *const *pixels, size_t channels, float *to, size_t step)
{
    source(pixels, NULL, 0, 0, channels, to, step);
}

/* Where the outputs of a tile end: known to be OUT in whole tiles. */
VEC_INLINE void result(const stria_winograd_tile *tile, size_t rows, size_t columns)
{
    for (size_t k = 0; k < tile->width; k += VL) {
        const size_t left = tile->width - k < VL ? tile->width - k : VL;
        const vec bias = tile->bias != NULL ? vec_load_first(tile->bias + k, left) : (vec){0};
        vec outputs[OUT][IN];
        TILE_UNROLL
        for (size_t j = 0; j < IN; j++) {
            vec column[IN], transformed[OUT];
            VEC_UNROLL
            for (size_t i = 0; i < IN; i++)
                column[i] = vec_load_first(tile->products + (i * IN + j) * tile->step + k, left);
            result_of_six(column, transformed);
            VEC_UNROLL
            for (size_t i = 0; i < OUT; i++)
                outputs[i][j] = transformed[i];
        }
        TILE_UNROLL
        for (size_t i = 0; i < OUT; i++) {
            if (i >= rows)
                break;
            vec transformed[OUT];
            result_of_six(outputs[i], transformed);
            float *to = tile->out + i * tile->row_pitch + k;
            VEC_UNROLL
            for (size_t j = 0; j < OUT; j++) {
                if (j >= columns)
                    break;
                vec v = transformed[j] + bias;
                if (tile->residual != NULL)
                    v += vec_load_first(tile->residual + (to - tile->out) + j * tile->column_pitch, left);
                if (tile->relu)
                    v = clip(v, vec_broadcast(tile->ceiling));
                vec_store_first(to + j * tile->column_pitch, v, left);
            }
        }
    }
}

void STRIA_ISA(stria_winograd_result)(const stria_winograd_tile *tile)
{
    if (tile->rows == OUT && tile->columns == OUT)
        result(tile, OUT, OUT);
    else
        result(tile, tile->rows, tile->columns);
}

void STRIA_ISA(stria_winograd_weights)(float *panel, size_t count)
{
    const float *taps = panel + (STRIA_WINOGRAD_SPOTS - TAPS * TAPS) * count;
    for (size_t e = 0; e < count; e += VL) {
        vec rows[IN][TAPS];
        TILE_UNROLL
        for (size_t v = 0; v < TAPS; v++) {
            vec column[TAPS], transformed[IN];
            VEC_UNROLL
            for (size_t u = 0; u < TAPS; u++)
                column[u] = vec_load(taps + (u * TAPS + v) * count + e);
            weights_of_three(column, transformed);
            VEC_UNROLL
            for (size_t i = 0; i < IN; i++)
                rows[i][v] = transformed[i];
        }
        TILE_UNROLL
        for (size_t i = 0; i < IN; i++) {
            vec transformed[IN];
            weights_of_three(rows[i], transformed);
            VEC_UNROLL
            for (size_t j = 0; j < IN; j++)
                vec_store(panel + (i * IN + j) * count + e, transformed[j]);
        }
    }
}

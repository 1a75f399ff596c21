/* Packing weights into panels: rows are copied, columns transposed in registers, a square of VL by VL at a
 * time. */
#include "kernels/simd/conv.h"

void STRIA_ISA(stria_pack_rows)(const float *from, size_t from_step, size_t depth, size_t width, float *to,
                                size_t panel)
{
    for (size_t d = 0; d < depth; d++, from += from_step, to += panel) {
        for (int v = 0; (size_t)v * VL < panel; v++)
            vec_store(to + v * VL, vec_load_first(from + v * VL, lanes_of(width, v)));
    }
}

#if VL == 16
#    define ZIP_LOW(a, b)                                                                                    \
        __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#    define ZIP_HIGH(a, b)                                                                                   \
        __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif VL == 8
#    define ZIP_LOW(a, b)  __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#    define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#    define ZIP_LOW(a, b)  __builtin_shufflevector(a, b, 0, 4, 1, 5)
#    define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

/* Each round deals the rows of the lower and the upper half into each other; after log2(VL) rounds lane j of
 * row i has become lane i of row j. */
VEC_INLINE void transpose(vec rows[VL])
{
    VEC_UNROLL
    for (int round = 1; round < VL; round *= 2) {
        vec dealt[VL];
        VEC_UNROLL
        for (int i = 0; i < VL / 2; i++) {
            dealt[2 * i] = ZIP_LOW(rows[i], rows[i + VL / 2]);
            dealt[2 * i + 1] = ZIP_HIGH(rows[i], rows[i + VL / 2]);
        }
        VEC_UNROLL
        for (int i = 0; i < VL; i++)
            rows[i] = dealt[i];
    }
}

void STRIA_ISA(stria_pack_columns)(const float *from, size_t from_step, size_t depth, size_t width, float *to,
                                   size_t panel)
{
    for (size_t j = 0; j < panel; j += VL) {
        for (size_t d = 0; d < depth; d += VL) {
            const size_t columns = depth - d < VL ? depth - d : VL;
            vec rows[VL];
            VEC_UNROLL
            for (size_t i = 0; i < VL; i++)
                rows[i] = j + i < width ? vec_load_first(from + (j + i) * from_step + d, columns) : (vec){0};
            transpose(rows);
            float *square = to + d * panel + j;
            VEC_UNROLL
            for (size_t i = 0; i < VL; i++) {
                if (i < columns)
                    vec_store(square + i * panel, rows[i]);
            }
        }
    }
}

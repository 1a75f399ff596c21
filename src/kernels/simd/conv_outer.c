/* The outer-product micro-kernel of kernel gradients: a tile of neighbouring inputs by a panel of filters in
 * registers, summed over output pixels. Both operands are read where they stand; only dy is read past its
 * width, by less than a panel. */
#include "kernels/simd/conv.h"

VEC_INLINE void outer(const stria_outer_tile *tile, const int rows, const int vectors)
{
    vec sums[STRIA_TILE_MAX_ROWS][MAIN_VECTORS];
    VEC_UNROLL
    for (int i = 0; i < rows; i++) {
        VEC_UNROLL
        for (int v = 0; v < vectors; v++)
            sums[i][v] = (vec){0};
    }
    const size_t x_step = tile->every * tile->x_step, dy_step = tile->every * tile->dy_step;
    for (size_t s = 0; s < tile->segment_count; s++) {
        const float *x = tile->segments[s].x + tile->x_offset;
        const float *dy = tile->dy + tile->segments[s].pixel * tile->dy_step;
        for (size_t left = tile->segments[s].count; left > 0; left--) {
            vec b[MAIN_VECTORS];
            VEC_UNROLL
            for (int v = 0; v < vectors; v++)
                b[v] = vec_load(dy + v * VL);
            VEC_UNROLL
            for (int i = 0; i < rows; i++) {
                vec a = vec_broadcast(x[i]);
                VEC_UNROLL
                for (int v = 0; v < vectors; v++)
                    sums[i][v] += a * b[v];
            }
            x += x_step;
            dy += dy_step;
        }
    }
    if (tile->add) {
        VEC_UNROLL
        for (int i = 0; i < rows; i++) {
            VEC_UNROLL
            for (int v = 0; v < vectors; v++) {
                const float *out = tile->out + (size_t)i * tile->out_step + v * VL;
                sums[i][v] = vec_load_first(out, lanes_of(tile->width, v)) + sums[i][v];
            }
        }
    }
    VEC_UNROLL
    for (int i = 0; i < rows; i++) {
        VEC_UNROLL
        for (int v = 0; v < vectors; v++)
            vec_store_first(tile->out + (size_t)i * tile->out_step + v * VL, sums[i][v],
                            lanes_of(tile->width, v));
    }
}

#define MAIN(rows)                                                                                           \
    static void outer_main_##rows(const stria_outer_tile *tile)                                              \
    {                                                                                                        \
        outer(tile, rows, MAIN_VECTORS);                                                                     \
    }
EACH_MAIN_ROW(MAIN)

#define NARROW(rows)                                                                                         \
    static void outer_narrow_##rows(const stria_outer_tile *tile)                                            \
    {                                                                                                        \
        outer(tile, rows, NARROW_VECTORS);                                                                   \
    }
EACH_NARROW_ROW(NARROW)

#define NAME_MAIN(rows)   outer_main_##rows,
#define NAME_NARROW(rows) outer_narrow_##rows,

const stria_outer_fn STRIA_ISA(stria_outer_main)[] = {EACH_MAIN_ROW(NAME_MAIN)};
const stria_outer_fn STRIA_ISA(stria_outer_narrow)[] = {EACH_NARROW_ROW(NAME_NARROW)};

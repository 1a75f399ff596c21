/* The outer-product micro-kernel of kernel gradients: a tile of neighbouring inputs by a panel of filters in
 * registers, summed over output pixels. Both operands are read where they stand; only dy is read past its
 * width, by less than a panel. */
#include "kernels/simd/conv.h"

#define SECOND_CACHE 2 /* the locality that compilers take for it */

/* A tile of `rows` inputs by `vectors` vectors of filters; sums[j] is input j / vectors, vector j % vectors.
 */
VEC_INLINE void outer(const stria_outer_tile *tile, const int rows, const int vectors)
{
    const int count = rows * vectors;
    vec sums[TILE_MAX_SUMS];
    part lanes[TILE_MAX_VECTORS];
    VEC_UNROLL
    for (int j = 0; j < count; j++)
        sums[j] = (vec){0};
    const size_t x_step = tile->every * tile->x_step, dy_step = tile->every * tile->dy_step;
    const char *ahead = tile->ahead;
    for (size_t s = 0; s < tile->segment_count; s++) {
        const float *x = tile->segments[s].x + tile->x_offset;
        const float *dy = tile->dy + tile->segments[s].pixel * tile->dy_step;
        for (size_t left = tile->segments[s].count; left > 0; left--, x += x_step, dy += dy_step) {
            vec b[TILE_MAX_VECTORS];
            __builtin_prefetch(ahead, 0, SECOND_CACHE);
            ahead += tile->ahead_step;
            VEC_UNROLL
            for (int v = 0; v < vectors; v++)
                b[v] = vec_load(dy + v * VL);
            VEC_UNROLL
            for (int j = 0; j < count; j++)
                sums[j] += vec_broadcast(x[j / vectors]) * b[j % vectors];
        }
    }
    VEC_UNROLL
    for (int v = 0; v < vectors; v++)
        lanes[v] = part_of(lanes_of(tile->width, v));
    if (tile->add) {
        VEC_UNROLL
        for (int j = 0; j < count; j++) {
            const float *out = tile->out + (size_t)(j / vectors) * tile->out_step + j % vectors * VL;
            sums[j] = load_part(out, lanes[j % vectors]) + sums[j];
        }
    }
    VEC_UNROLL
    for (int j = 0; j < count; j++) {
        float *out = tile->out + (size_t)(j / vectors) * tile->out_step + j % vectors * VL;
        store_part(out, sums[j], lanes[j % vectors]);
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

/* The gather micro-kernel: a tile of pixels by a panel of filters in registers. For each input of the run one
 * vector load per vector of filters, then one broadcast and its multiply-adds per pixel. Compiled for every
 * number of rows, so that tiles can be cut equally. */
#include "kernels/simd/conv.h"

#define CACHE_LINE 64
/* Weights are asked for so many floats before they are used: as many cycles as far caches take to answer. */
#define NEAR_AHEAD 1024

/* The sum of the blocks before the first. */
static const float no_totals[STRIA_TILE_MAX_FLOATS];

/* A tile of `rows` pixels by `vectors` vectors of filters, of which a panel holds `width`. All loops over
 * sums[j], pixel j / vectors and vector j % vectors, are unrolled: the sums live in registers. */
VEC_INLINE void gather(const stria_gather_panel *panel, const stria_gather_tile *tile, const int rows,
                       const int vectors, const int width, const bool far)
{
    const int count = rows * vectors;
    vec sums[TILE_MAX_SUMS];
    part lanes[TILE_MAX_VECTORS];
    const float *w = panel->weights, *totals = no_totals;
    const float *ahead = tile->ahead;
    const size_t taps = panel->taps, run = panel->run, out_offset = tile->out_offset;

    VEC_UNROLL
    for (int v = 0; v < vectors; v++)
        lanes[v] = part_of(lanes_of(panel->width, v));
    if (panel->add) {
        VEC_UNROLL
        for (int j = 0; j < count; j++)
            sums[j] = load_part(tile->out[j / vectors] + out_offset + j % vectors * VL, lanes[j % vectors]);
    } else {
        vec start[TILE_MAX_VECTORS];
        VEC_UNROLL
        for (int v = 0; v < vectors; v++)
            start[v] = panel->bias != NULL ? load_part(panel->bias + v * VL, lanes[v]) : (vec){0};
        VEC_UNROLL
        for (int j = 0; j < count; j++)
            sums[j] = start[j % vectors];
    }
    for (size_t t = 0, c = 0;;) {
        for (size_t left = panel->block; t < taps && left > 0;) {
            const float *x[STRIA_TILE_MAX_ROWS];
            VEC_UNROLL
            for (int i = 0; i < rows; i++)
                x[i] = tile->rows[t * tile->rows_step + (size_t)i] + tile->offsets[t];
            const size_t end = run - c < left ? run : c + left;
            left -= end - c;
            for (; c < end; c++, w += width * VL) {
                vec b[TILE_MAX_VECTORS];
                if (rows >= vectors) {
                    VEC_UNROLL
                    for (int v = 0; v < vectors; v++) {
                        b[v] = vec_load(w + v * VL);
                        if (v * STRIA_VECTOR_BYTES % CACHE_LINE == 0)
                            __builtin_prefetch((far ? ahead : w + NEAR_AHEAD) + v * VL);
                    }
                    if (far)
                        ahead += tile->ahead_step;
                    VEC_UNROLL
                    for (int j = 0; j < count; j++)
                        sums[j] += vec_broadcast(x[j / vectors][c]) * b[j % vectors];
                } else { /* wide: pixels stay, weights of several panels pass by */
                    VEC_UNROLL
                    for (int i = 0; i < rows; i++)
                        b[i] = vec_broadcast(x[i][c]);
                    VEC_UNROLL
                    for (int j = 0; j < count; j++) {
                        const int v = j / rows, i = j % rows;
                        const float *from = w + (size_t)(v / width) * panel->weights_step + v % width * VL;
                        sums[i * vectors + v] += b[i] * vec_load(from);
                    }
                }
            }
            if (c == run)
                c = 0, t++;
        }
        if (t == taps)
            break;
        VEC_UNROLL
        for (int j = 0; j < count; j++) {
            vec_store(panel->totals + j * VL, vec_load(totals + j * VL) + sums[j]);
            sums[j] = (vec){0};
        }
        totals = panel->totals;
    }
    if (totals != no_totals) {
        VEC_UNROLL
        for (int j = 0; j < count; j++)
            sums[j] = vec_load(totals + j * VL) + sums[j];
    }
    if (panel->residual != NULL) {
        VEC_UNROLL
        for (int j = 0; j < count; j++) {
            const float *from = panel->residual + (tile->out[j / vectors] - panel->origin) + out_offset;
            sums[j] += load_part(from + j % vectors * VL, lanes[j % vectors]);
        }
    }
    if (panel->relu) {
        const vec ceiling = vec_broadcast(panel->ceiling);
        VEC_UNROLL
        for (int j = 0; j < count; j++)
            sums[j] = clip(sums[j], ceiling);
    }
#if !PART_IS_CHEAP
    if (panel->width == (size_t)vectors * VL) {
        VEC_UNROLL
        for (int j = 0; j < count; j++)
            vec_store(tile->out[j / vectors] + out_offset + j % vectors * VL, sums[j]);
        return;
    }
#endif
    VEC_UNROLL
    for (int j = 0; j < count; j++)
        store_part(tile->out[j / vectors] + out_offset + j % vectors * VL, sums[j], lanes[j % vectors]);
}

#define MAIN(rows)                                                                                           \
    static void gather_main_##rows(const stria_gather_panel *panel, const stria_gather_tile *tile)           \
    {                                                                                                        \
        gather(panel, tile, rows, MAIN_VECTORS, MAIN_VECTORS, false);                                        \
    }
EACH_MAIN_ROW(MAIN)

/* The baseline level is kept small, and its sums last long enough for weights to come from anywhere. */
#define FAR_IS_MAIN (VEC_REGISTERS == 16 && VL == 4)

#if FAR_IS_MAIN
#    define NAME_FAR(rows) gather_main_##rows,
#else
#    define NAME_FAR(rows) gather_far_##rows,
#    define FAR(rows)                                                                                        \
        static void gather_far_##rows(const stria_gather_panel *panel, const stria_gather_tile *tile)        \
        {                                                                                                    \
            gather(panel, tile, rows, MAIN_VECTORS, MAIN_VECTORS, true);                                     \
        }
EACH_MAIN_ROW(FAR)
#endif

#define NARROW(rows)                                                                                         \
    static void gather_narrow_##rows(const stria_gather_panel *panel, const stria_gather_tile *tile)         \
    {                                                                                                        \
        gather(panel, tile, rows, NARROW_VECTORS, NARROW_VECTORS, false);                                    \
    }
EACH_NARROW_ROW(NARROW)

#define WIDE(rows)                                                                                           \
    static void gather_wide_##rows(const stria_gather_panel *panel, const stria_gather_tile *tile)           \
    {                                                                                                        \
        gather(panel, tile, rows, WIDE_PANELS *MAIN_VECTORS, MAIN_VECTORS, false);                           \
    }
EACH_WIDE_ROW(WIDE)

#define NAME_MAIN(rows)   gather_main_##rows,
#define NAME_NARROW(rows) gather_narrow_##rows,
#define NAME_WIDE(rows)   gather_wide_##rows,

const stria_gather_fn STRIA_ISA(stria_gather_main)[] = {EACH_MAIN_ROW(NAME_MAIN)};
const stria_gather_fn STRIA_ISA(stria_gather_far)[] = {EACH_MAIN_ROW(NAME_FAR)};
const stria_gather_fn STRIA_ISA(stria_gather_narrow)[] = {EACH_NARROW_ROW(NAME_NARROW)};
const stria_gather_fn STRIA_ISA(stria_gather_wide)[] = {EACH_WIDE_ROW(NAME_WIDE)};

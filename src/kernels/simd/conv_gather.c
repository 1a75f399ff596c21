/* The gather micro-kernel: a tile of pixels by a panel of filters in registers. For each input of the run one
 * vector load per vector of filters, then one broadcast and its multiply-adds per pixel. Compiled for every
 * number of rows, so that tiles can be cut equally. */
#include "kernels/simd/conv.h"

/* vectors[v] of weights stands in the panel (v * VL) / panel: the wide kernels take several panels at once.
 */
VEC_INLINE const float *weights_at(const stria_gather_panel *panel, const float *w, const int v,
                                   const int width)
{
    return w + (size_t)(v / width) * panel->weights_step + (size_t)(v % width) * VL;
}

/* `width`: vectors in a panel. */
VEC_INLINE void gather(const stria_gather_panel *panel, const stria_gather_tile *tile, const int rows,
                       const int vectors, const int width)
{
    vec sums[STRIA_TILE_MAX_ROWS][TILE_MAX_VECTORS];
    const float *w = panel->weights;
    const size_t taps = panel->taps, run = panel->run, offset_out = tile->out_offset;

    VEC_UNROLL
    for (int v = 0; v < vectors; v++) {
        vec start = {0};
        if (panel->bias != NULL)
            start = vec_load_first(panel->bias + v * VL, lanes_of(panel->width, v));
        VEC_UNROLL
        for (int i = 0; i < rows; i++)
            sums[i][v] = start;
    }
    float *totals = NULL;
    for (size_t t = 0, c = 0;;) {
        for (size_t left = panel->block; t < taps && left > 0;) {
            const float *x[STRIA_TILE_MAX_ROWS];
            VEC_UNROLL
            for (int i = 0; i < rows; i++)
                x[i] = tile->rows[t * tile->rows_step + (size_t)i] + tile->offsets[t];
            const size_t end = run - c < left ? run : c + left;
            left -= end - c;
            for (; c < end; c++, w += width * VL) {
                if (rows >= vectors) {
                    vec b[TILE_MAX_VECTORS];
                    VEC_UNROLL
                    for (int v = 0; v < vectors; v++)
                        b[v] = vec_load(weights_at(panel, w, v, width));
                    VEC_UNROLL
                    for (int i = 0; i < rows; i++) {
                        vec a = vec_broadcast(x[i][c]);
                        VEC_UNROLL
                        for (int v = 0; v < vectors; v++)
                            sums[i][v] += a * b[v];
                    }
                } else {
                    vec a[STRIA_TILE_MAX_ROWS];
                    VEC_UNROLL
                    for (int i = 0; i < rows; i++)
                        a[i] = vec_broadcast(x[i][c]);
                    VEC_UNROLL
                    for (int v = 0; v < vectors; v++) {
                        vec b = vec_load(weights_at(panel, w, v, width));
                        VEC_UNROLL
                        for (int i = 0; i < rows; i++)
                            sums[i][v] += a[i] * b;
                    }
                }
            }
            if (c == run)
                c = 0, t++;
        }
        if (t == taps)
            break;
        float *to = panel->totals;
        VEC_UNROLL
        for (int i = 0; i < rows; i++) {
            VEC_UNROLL
            for (int v = 0; v < vectors; v++, to += VL) {
                vec_store(to, totals != NULL ? vec_load(to) + sums[i][v] : sums[i][v]);
                sums[i][v] = (vec){0};
            }
        }
        totals = panel->totals;
    }
    if (totals != NULL) {
        VEC_UNROLL
        for (int i = 0; i < rows; i++) {
            VEC_UNROLL
            for (int v = 0; v < vectors; v++)
                sums[i][v] = vec_load(totals + (i * vectors + v) * VL) + sums[i][v];
        }
    }
    if (panel->add) {
        VEC_UNROLL
        for (int i = 0; i < rows; i++) {
            VEC_UNROLL
            for (int v = 0; v < vectors; v++)
                sums[i][v] = vec_load_first(tile->out[i] + offset_out + v * VL, lanes_of(panel->width, v)) +
                             sums[i][v];
        }
    } else if (panel->activation.kind != STRIA_LINEAR) {
        VEC_UNROLL
        for (int i = 0; i < rows; i++) {
            VEC_UNROLL
            for (int v = 0; v < vectors; v++)
                sums[i][v] = activate(panel->activation, sums[i][v]);
        }
    }
    if (panel->width == (size_t)vectors * VL) {
        VEC_UNROLL
        for (int i = 0; i < rows; i++) {
            VEC_UNROLL
            for (int v = 0; v < vectors; v++)
                vec_store(tile->out[i] + offset_out + v * VL, sums[i][v]);
        }
    } else {
        VEC_UNROLL
        for (int i = 0; i < rows; i++) {
            VEC_UNROLL
            for (int v = 0; v < vectors; v++)
                vec_store_first(tile->out[i] + offset_out + v * VL, sums[i][v], lanes_of(panel->width, v));
        }
    }
}

#define MAIN(rows)                                                                                           \
    static void gather_main_##rows(const stria_gather_panel *panel, const stria_gather_tile *tile)           \
    {                                                                                                        \
        gather(panel, tile, rows, MAIN_VECTORS, MAIN_VECTORS);                                               \
    }
EACH_MAIN_ROW(MAIN)

#define NARROW(rows)                                                                                         \
    static void gather_narrow_##rows(const stria_gather_panel *panel, const stria_gather_tile *tile)         \
    {                                                                                                        \
        gather(panel, tile, rows, NARROW_VECTORS, NARROW_VECTORS);                                           \
    }
EACH_NARROW_ROW(NARROW)

#define WIDE(rows)                                                                                           \
    static void gather_wide_##rows(const stria_gather_panel *panel, const stria_gather_tile *tile)           \
    {                                                                                                        \
        gather(panel, tile, rows, WIDE_PANELS *MAIN_VECTORS, MAIN_VECTORS);                                  \
    }
EACH_WIDE_ROW(WIDE)

#define NAME_MAIN(rows)   gather_main_##rows,
#define NAME_NARROW(rows) gather_narrow_##rows,
#define NAME_WIDE(rows)   gather_wide_##rows,

const stria_gather_fn STRIA_ISA(stria_gather_main)[] = {EACH_MAIN_ROW(NAME_MAIN)};
const stria_gather_fn STRIA_ISA(stria_gather_narrow)[] = {EACH_NARROW_ROW(NAME_NARROW)};
const stria_gather_fn STRIA_ISA(stria_gather_wide)[] = {EACH_WIDE_ROW(NAME_WIDE)};

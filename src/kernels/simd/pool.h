/* What pooling forward and backward share: which inputs an output sees along an axis, and the entries of the
 * index. */
#ifndef STRIA_KERNELS_SIMD_POOL_H
#define STRIA_KERNELS_SIMD_POOL_H

#include "kernels/kernels.h"
#include "kernels/simd/vec.h"

/* The taps of output `o` that meet real inputs: `count` from `first` on, the first of them at position
 * `input`. */
typedef struct tap_range {
    size_t first, count, input;
} tap_range;

VEC_INLINE tap_range taps_of(const stria_window *w, int axis, size_t o)
{
    size_t start = o * w->stride[axis], before = w->before[axis], dilation = w->dilation[axis];
    size_t end = before + w->in[axis], kernel = w->kernel[axis];
    if (start >= before && start + (kernel - 1) * dilation < end)
        return (tap_range){0, kernel, start - before};
    size_t first = start >= before ? 0 : (before - start - 1) / dilation + 1;
    size_t last = start >= end ? 0 : (end - start - 1) / dilation + 1;
    last = last < kernel ? last : kernel;
    if (first >= last)
        return (tap_range){0, 0, 0};
    return (tap_range){first, last - first, start + first * dilation - before};
}

/* Output row `row` of all pictures: picture, and the taps along depth and height. */
typedef struct pool_row {
    size_t picture;
    tap_range depth, height;
} pool_row;

VEC_INLINE pool_row pool_row_at(const stria_window *w, size_t row)
{
    size_t height = row % w->out[1], depth = row / w->out[1] % w->out[0];
    return (pool_row){row / w->out[1] / w->out[0], taps_of(w, 0, depth), taps_of(w, 1, height)};
}

/* The outputs along the width whose windows hold no padding. */
typedef struct whole_windows {
    size_t first, count;
} whole_windows;

VEC_INLINE whole_windows whole_windows_of(const stria_window *w)
{
    size_t extent = (w->kernel[2] - 1) * w->dilation[2] + 1, end = w->before[2] + w->in[2];
    size_t first = (w->before[2] + w->stride[2] - 1) / w->stride[2];
    size_t last = end < extent ? 0 : (end - extent) / w->stride[2] + 1;
    last = last < w->out[2] ? last : w->out[2];
    return (whole_windows){first, last > first ? last - first : 0};
}

/* Whether windows are of 2x2. */
VEC_INLINE bool is_square(const stria_window *w)
{
    return w->kernel[0] == 1 && w->kernel[1] == 2 && w->kernel[2] == 2;
}

/* Writes `n` one-byte entries. Those behind them, up to `room` entries, are written later and may be spoiled.
 */
VEC_INLINE void store_byte_entries(uint8_t *to, veci entries, size_t n, size_t room)
{
    if (room >= VL) {
        veci_store_bytes(to, entries);
        return;
    }
    uint8_t some[VL];
    veci_store_bytes(some, entries);
    for (size_t i = 0; i < n; i++)
        to[i] = some[i];
}

/* Reads `n` one-byte entries; `room` are there. */
VEC_INLINE veci load_byte_entries(const uint8_t *from, size_t n, size_t room)
{
    if (room >= VL)
        return veci_load_bytes(from);
    uint8_t some[VL] = {0};
    for (size_t i = 0; i < n; i++)
        some[i] = from[i];
    return veci_load_bytes(some);
}

void STRIA_ISA(stria_pool_backward)(stria_pool_kind kind, const stria_window *window, size_t channels,
                                    size_t batch, const float *dy, const void *index, float *dx,
                                    stria_pool *pool);

#endif

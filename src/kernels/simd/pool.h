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

typedef uint8_t pool_bytes __attribute__((vector_size(VL)));

/* Writes `n` one-byte entries. The bytes behind them, up to `room` entries, are written later and may be
 * spoiled. */
VEC_INLINE void store_byte_entries(uint8_t *to, veci entries, size_t n, size_t room)
{
    pool_bytes bytes = __builtin_convertvector(entries, pool_bytes);
    if (room >= VL) {
        __builtin_memcpy(to, &bytes, sizeof bytes);
        return;
    }
    for (size_t i = 0; i < n; i++)
        to[i] = bytes[i];
}

/* Reads `n` one-byte entries, of at least `room` that are there. */
VEC_INLINE veci load_byte_entries(const uint8_t *from, size_t n, size_t room)
{
    pool_bytes bytes = {0};
    if (room >= VL)
        __builtin_memcpy(&bytes, from, sizeof bytes);
    else
        for (size_t i = 0; i < n; i++)
            bytes[i] = from[i];
    return __builtin_convertvector(bytes, veci);
}

void STRIA_ISA(stria_pool_backward)(stria_pool_kind kind, const stria_window *window, size_t channels,
                                    size_t batch, const float *dy, const void *index, float *dx,
                                    stria_pool *pool);

#endif

/* All arithmetic of windows: padding, stride, dilation, output sizes. The one place where it stands. */
#ifndef STRIA_LAYERS_GEOMETRY_H
#define STRIA_LAYERS_GEOMETRY_H

#include <stdint.h>

#include <stria/error.h>

#include "kernels/kernels.h"
#include "layers/arguments.h"

/* One axis of a window. `in` may be STRIA_ANY_SIZE, `out` then is too. */
typedef struct stria_axis {
    int64_t in, kernel, stride, dilation;
    int64_t before, after; /* padding; 0 for "same" while `in` is open */
    int64_t out;
} stria_axis;

/* Fills before, after and out of an axis from the other fields:
 *     extent = (kernel - 1) * dilation + 1
 *     valid:    out = floor((in - extent) / stride) + 1
 *     same:     out = ceil(in / stride), total = max(0, (out - 1) * stride + extent - in), before = total / 2
 *     causal:   out = ceil(in / stride), before = extent - 1
 *     explicit: out = floor((in - extent + before + after) / stride) + 1
 * `explicit_before` and `explicit_after` are read for STRIA_PADDING_EXPLICIT. `axis_name` ("height") is for
 * messages. Errors: SHAPE when out would be below 1 (says the sum), VALUE for sizes below their bounds, LIMIT
 * on overflow. */
stria_status stria_axis_solve(stria_axis *axis, stria_padding_mode padding, int64_t explicit_before,
                              int64_t explicit_after, const char *axis_name, stria_error *err);

/* The axis of a transposed convolution, whose windows lie over its output: in = that output, out = its input,
 * which is given, so that the window is that of the convolution whose input gradient it is:
 *     valid:    in = (out - 1) * stride + max(extent, stride)
 *     same:     in = out * stride, total = max(0, (out - 1) * stride + extent - in), before = total / 2
 *     explicit: in = (out - 1) * stride + extent - before - after
 * With an output padding P of 0 or more, which has to be below the stride,
 *     valid:    in = (out - 1) * stride + extent + P
 *     same:     in = (out - 1) * stride + extent mod 2 + P
 *     explicit: in as above + P
 * Errors as before; an output padding below 0 means none is given. */
stria_status stria_axis_transpose(stria_axis *axis, stria_padding_mode padding, int64_t explicit_before,
                                  int64_t explicit_after, int64_t output_padding, const char *axis_name,
                                  stria_error *err);

/* Entry `axis` of a list that has one value for all of `rank` axes or one for each; `what` names it in
 * messages. Errors: VALUE. */
stria_status stria_sizes_at(const stria_sizes *sizes, int rank, int axis, const char *what, int64_t *number,
                            stria_error *err);

/* What explicit padding has before and after axis `axis` of `rank`; 0 for other modes. Errors: VALUE. */
stria_status stria_padding_at(const stria_padding *padding, int rank, int axis, int64_t *before,
                              int64_t *after, stria_error *err);

/* Solves every spatial axis of an input [spatial..., C] with 1 to 3 spatial axes and, when all sizes are
 * known, fills `window` (may be NULL); axes[0] is the outermost. Errors: those of stria_axis_solve, VALUE for
 * lists that do not fit the number of axes. */
stria_status stria_window_solve(const stria_shape *input, const stria_sizes *kernel,
                                const stria_sizes *strides, const stria_sizes *dilation,
                                const stria_padding *padding, stria_axis axes[3], stria_window *window,
                                stria_error *err);

/* The same by stria_axis_transpose. `output_padding` has no sizes when none is given. */
stria_status stria_window_transpose(const stria_shape *input, const stria_sizes *kernel,
                                    const stria_sizes *strides, const stria_sizes *dilation,
                                    const stria_padding *padding, const stria_sizes *output_padding,
                                    stria_axis axes[3], stria_window *window, stria_error *err);

#endif

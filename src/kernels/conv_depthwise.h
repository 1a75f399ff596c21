/* Depthwise convolution: groups of one channel. Its driver (conv_depthwise.c, built once) and its
 * micro-kernels (simd/conv_depthwise.c, built once per instruction set) meet here, as conv.h is for the other
 * convolutions.
 *
 * The micro-kernels know one output channel per input channel. A depth multiplier above 1 repeats every
 * channel of x first, and in input gradients adds what belongs to a channel at last. */
#ifndef STRIA_KERNELS_CONV_DEPTHWISE_H
#define STRIA_KERNELS_CONV_DEPTHWISE_H

#include "kernels/conv.h"

/* ---- What the micro-kernels are told ---- */

/* Most rows of outputs of one call, and the rows of inputs that they see. */
#define STRIA_DEPTHWISE_ROWS  3
#define STRIA_DEPTHWISE_LINES 5

/* Rows of outputs of a 3x3 window: output (r, o) sees lines[r * stride + 0..2], columns first + o * stride +
 * 0..2; columns outside 0..in-1 are zeros. */
typedef struct stria_depthwise_rows {
    const float *lines[STRIA_DEPTHWISE_LINES]; /* at column 0; 3 + (rows - 1) * stride of them */
    size_t steps[STRIA_DEPTHWISE_LINES]; /* floats between columns; 0: every column is the same, of zeros */
    size_t in;
    ptrdiff_t first;
    size_t stride;        /* 1 or 2, of rows and columns */
    size_t rows, columns; /* outputs */
    size_t channels;
    const float *weights; /* [9, channels] */
    const float *bias;    /* [channels] or NULL */
    float *out;
    size_t out_row, out_step;
    const float *residual; /* NULL, or laid out as out: added to the sums; may be out */
    bool relu;             /* as in a gather panel */
    float ceiling;
} stria_depthwise_rows;

/* Neighbouring pixels p that see the same taps:
 * out[p * out_step + c] = bias[c] + sum over t of x[p * x_step + offsets[t] + c] * weights[rows[t] + c]. */
typedef struct stria_depthwise_strip {
    const float *x;
    const ptrdiff_t *offsets; /* [taps] */
    const size_t *rows;       /* [taps] */
    size_t taps;
    size_t pixels, x_step;
    size_t channels;
    const float *weights, *bias;
    float *out;
    size_t out_step;
    const float *residual;
    bool relu;
    float ceiling;
} stria_depthwise_strip;

#define STRIA_DEPTHWISE_TAPS 9

/* A rectangle of pixels (i, j) that see the same taps:
 * sums[rows[t] + c] += sum over i, j of x[i * x_row + j * x_step + offsets[t] + c] * dy[i * dy_row + j *
 * dy_step + c], and bias_sums[c], unless NULL, the sum of dy alone. */
typedef struct stria_depthwise_outer {
    const float *x;
    const ptrdiff_t *offsets; /* [taps] */
    const size_t *rows;       /* [taps] */
    size_t taps;              /* up to STRIA_DEPTHWISE_TAPS, 0 too */
    const float *dy;
    size_t row_count, column_count;
    size_t x_row, x_step, dy_row, dy_step;
    size_t channels;
    float *sums, *bias_sums;
} stria_depthwise_outer;

struct stria_depthwise_isa {
    void (*rows)(const stria_depthwise_rows *tile);
    void (*strip)(const stria_depthwise_strip *strip);
    void (*outer)(const stria_depthwise_outer *rectangle);
    size_t most_rows[2]; /* of a call of `rows`, for stride 1 and 2 */
    const char *name;
};

/* ---- The three directions, as those of conv.h ---- */

size_t stria_depthwise_packed_size(const stria_conv_method *method);
void stria_depthwise_pack(const stria_conv_method *method, const float *kernel, float *packed);
void stria_depthwise_pack_transposed(const stria_conv_method *method, const float *kernel, float *packed);

void stria_depthwise_forward(const stria_conv_isa *isa, const stria_conv_method *method,
                             const stria_conv_call *call);
void stria_depthwise_input_gradient(const stria_conv_isa *isa, const stria_conv_method *method,
                                    const stria_conv_call *call);
void stria_depthwise_kernel_gradient(const stria_conv_isa *isa, const stria_conv_method *method,
                                     const stria_conv_call *call);

size_t stria_depthwise_forward_scratch(const stria_conv_method *method, size_t workers);
size_t stria_depthwise_input_gradient_scratch(const stria_conv_method *method, size_t workers);
size_t stria_depthwise_kernel_gradient_scratch(const stria_conv_method *method, size_t workers);

#endif

/* Convolution inside: what the drivers (conv_*.c, built once) and the micro-kernels (simd/conv_*.c, built
 * once per instruction set) say to each other.
 *
 * Nearly all arithmetic is one shape, the gather product: a tile of output pixels by a panel of filters stays
 * in registers while inputs are broadcast through row pointers and packed weights stream by. Forward, input
 * gradients and dense layers are this product with other pointers. Kernel gradients have a second
 * micro-kernel, the outer product; pictures of one channel have their own, the pairs.
 *
 * Every result is one chain of fused multiply-adds in a fixed order (taps, then channels; pixels in kernel
 * gradients), cut only at places that the shape decides. Tile sizes, instruction sets with fused
 * multiply-adds and threads do not show in the bits. */
#ifndef STRIA_KERNELS_CONV_H
#define STRIA_KERNELS_CONV_H

#include <math.h>

#include "base/size.h"
#include "kernels/kernels.h"

/* The error of a sum grows with its chain: chains longer than the limit are summed in blocks. Kernel
 * gradients sum at most a block of pixels in one chain. */
#define STRIA_CHAIN_LIMIT 1024
#define STRIA_CHAIN_BLOCK 512

/* No tile has more rows, and no tile more floats. */
#define STRIA_TILE_MAX_ROWS   28
#define STRIA_TILE_MAX_FLOATS 448

/* ---- Gather product: out[i][j] = bias[j] + sum over t, c of row(t,i)[c] * weights[t,c,j] ---- */

/* What all tiles of a panel of filters have in common. */
typedef struct stria_gather_panel {
    const float *weights; /* [taps, run, width of the panel] */
    size_t weights_step;  /* floats from panel to panel; read by the wide kernels */
    const float *bias;    /* [width] or NULL */
    size_t taps, run;     /* run: neighbouring inputs of one tap */
    size_t width;         /* floats to store for each pixel */
    size_t block;         /* longest chain: STRIA_CHAIN_BLOCK or SIZE_MAX */
    float *totals;        /* [STRIA_TILE_MAX_FLOATS], for sums in blocks */
    bool add;             /* the sums begin with what is in out, not with the bias */
    bool relu;            /* results below 0 become 0, those above the ceiling the ceiling */
    float ceiling;
    const float *residual; /* NULL, or added to the sums: at the place that out is from `origin` */
    const float *origin;
} stria_gather_panel;

/* Where a tile of pixels reads and writes: row(t,i) = rows[t * rows_step + i] + offsets[t]. Inside the
 * picture rows_step is 0 and the offsets lead from tap to tap; at its border there is a pointer per tap and
 * pixel, and the offsets are 0. */
typedef struct stria_gather_tile {
    const float *const *rows;
    size_t rows_step;
    const ptrdiff_t *offsets; /* [taps] */
    float *const *out;
    size_t out_offset;  /* added to out */
    const float *ahead; /* far kernels: weights to ask for meanwhile, `ahead_step` further at every input */
    size_t ahead_step;
} stria_gather_tile;

typedef void (*stria_gather_fn)(const stria_gather_panel *panel, const stria_gather_tile *tile);

/* ---- Outer product: out[i][j] (+)= sum over pixels p of x[p * x_step + i] * dy[p * dy_step + j] ---- */

/* Neighbouring output pixels that see real inputs through a tap: what the first one sees, and which it is of
 * the pixels that dy begins with. */
typedef struct stria_segment {
    const float *x;
    size_t pixel, count;
} stria_segment;

typedef struct stria_outer_tile {
    const stria_segment *segments;
    size_t segment_count;
    ptrdiff_t x_offset; /* of the tile, added to the segments' pointers */
    const float *dy;
    size_t x_step, dy_step;
    size_t every; /* pixels from one of a segment to the next */
    float *out;
    size_t out_step;   /* floats between rows */
    size_t width;      /* floats to store in each row; dy is read up to the panel's width */
    bool add;          /* add to out */
    const char *ahead; /* asked for while the tile is computed: `ahead_step` bytes further at every pixel */
    size_t ahead_step;
} stria_outer_tile;

typedef void (*stria_outer_fn)(const stria_outer_tile *tile);

/* ---- Pairs: a vector holds two neighbouring pixels of each filter ---- */

/* For one channel, stride 1 along the width and up to STRIA_PAIR_FILTERS filters. Forward reads up to a pair
 * past the last input, so inputs come from a bordered copy. */

#define STRIA_PAIR_FILTERS 8
#define STRIA_PAIR_COLUMNS 14

/* Two rows of up to STRIA_PAIR_COLUMNS pairs of pixels. */
typedef struct stria_pair_tile {
    const float *x[2];        /* what the first pixel sees through the first tap */
    const ptrdiff_t *offsets; /* [taps], from there to the other rows of taps */
    size_t taps, run;         /* rows of taps, and taps in a row */
    size_t tap_step;          /* 1: what compilers must not know, or they keep inputs for the next tap */
    const float *weights;     /* [taps, run, 2 * STRIA_PAIR_FILTERS], each weight twice */
    const float *bias;        /* [filters] or NULL */
    float *out[2];
    size_t filters;
    const float *residual[2]; /* NULL, or added to the sums: rows as those of out */
    bool odd;                 /* the last pair is one pixel */
    bool relu;                /* as in a gather panel */
    float ceiling;
} stria_pair_tile;

typedef void (*stria_pair_fn)(const stria_pair_tile *tile);

/* out[t,r,k] (+)= sum over pixels of x * dy, even and odd pixels of each segment in chains of their own. */
typedef struct stria_pair_outer_tile {
    const stria_segment *segments;
    size_t segment_count;
    const float *dy;
    const ptrdiff_t *offsets; /* rows of taps of this tile */
    size_t pair_step;         /* 2: as tap_step */
    size_t filters;
    float *out; /* [rows, taps in a row, filters] */
    bool add;
} stria_pair_outer_tile;

typedef void (*stria_pair_outer_fn)(const stria_pair_outer_tile *tile);

/* ---- Winograd's transforms: a tile is 4x4 outputs that see 6x6 inputs through a window of 3x3 ---- */

#define STRIA_WINOGRAD_OUT   4
#define STRIA_WINOGRAD_IN    6
#define STRIA_WINOGRAD_SPOTS 36 /* matrix products that stand for the nine taps */

/* A tile of outputs made from its products. */
typedef struct stria_winograd_tile {
    const float *products; /* [SPOTS][width], `step` floats from spot to spot */
    size_t step;
    const float *bias; /* [width] or NULL */
    float *out;
    const float *residual; /* NULL, or laid out as out: added to the sums; may be out */
    size_t row_pitch, column_pitch;
    size_t rows, columns; /* 1 to STRIA_WINOGRAD_OUT, the others lie outside the picture */
    size_t width;
    bool relu; /* as in a gather panel */
    float ceiling;
} stria_winograd_tile;

/* ---- Fourier transforms (conv_fft.c) ---- */

/* Channels that are transformed side by side. */
#define STRIA_CONV_FFT_LANES 16

/* `count` (a power of 2) complex numbers, `step` floats apart, in place. `roots` has cosine and sine of -2 pi
 * j / count for j below count / 2. */
typedef void (*stria_conv_fft_fn)(float *re, float *im, size_t count, size_t step, const float *roots);

/* ---- One instruction set ---- */

typedef struct stria_depthwise_isa stria_depthwise_isa; /* conv_depthwise.h */

typedef struct stria_conv_isa {
    size_t lanes;
    /* Tiles: up to main_rows pixels by main_vectors vectors; up to narrow_rows by narrow_vectors for few
     * filters; up to wide_rows pixels by wide_panels main panels. Functions for r rows have index r - 1. */
    size_t main_rows, main_vectors, narrow_rows, narrow_vectors, wide_rows, wide_panels;
    const stria_gather_fn *gather_main, *gather_far, *gather_narrow, *gather_wide; /* far: main tiles, too */
    const stria_outer_fn *outer_main, *outer_narrow;
    /* to[d, 0..panel-1] = from[d * from_step + 0..width-1], 0 behind. */
    void (*pack_rows)(const float *from, size_t from_step, size_t depth, size_t width, float *to,
                      size_t panel);
    /* to[d, 0..panel-1] = from[(0..width-1) * from_step + d], 0 behind. */
    void (*pack_columns)(const float *from, size_t from_step, size_t depth, size_t width, float *to,
                         size_t panel);
    const stria_pair_fn *pair; /* [columns - 1]; NULL where the instruction set has none */
    /* For `rows` rows of `run` taps, NULL when there is none. */
    stria_pair_outer_fn (*pair_outer)(size_t rows, size_t run);
    /* A tile of inputs to its spots, `step` floats apart in `to`: inside the picture, and at its border with
     * a pointer for each of 6x6 pixels. */
    void (*winograd_inside)(const float *corner, size_t row_pitch, size_t column_pitch, size_t channels,
                            float *to, size_t step);
    void (*winograd_border)(const float *const *pixels, size_t channels, float *to, size_t step);
    void (*winograd_result)(const stria_winograd_tile *tile);
    /* [SPOTS][count] from the taps, which lie in the last nine of it; count is whole vectors. */
    void (*winograd_weights)(float *panel, size_t count);
    stria_conv_fft_fn fft_forward, fft_backward;
    const stria_depthwise_isa *depthwise;
    void (*activate)(stria_activation activation, float *y, size_t count);
    void (*column_sums)(const float *x, size_t rows, size_t columns, float *sums, stria_pool *pool);
    const char *gather_name, *narrow_name, *pair_name, *winograd_name, *fft_name;
} stria_conv_isa;

/* Whether the micro-kernels apply an activation in registers; others follow on the block just stored. */
static inline bool stria_conv_fuses(stria_activation_kind kind)
{
    return kind == STRIA_LINEAR || kind == STRIA_RELU || kind == STRIA_RELU6;
}

/* What the micro-kernels are told about it. */
static inline bool stria_conv_relu(stria_activation_kind kind)
{
    return kind == STRIA_RELU || kind == STRIA_RELU6;
}

static inline float stria_conv_ceiling(stria_activation_kind kind)
{
    return kind == STRIA_RELU6 ? 6 : INFINITY;
}

/* ---- How a convolution is computed (conv_method.c) ---- */

typedef struct stria_conv_method {
    stria_window window; /* a window of one tap that moves by one is one long row of pixels */
    size_t batch;
    size_t channels, filters, groups;
    size_t depth, width; /* channels and filters of a group */
    /* Forward and kernel gradient: `taps` runs of `run` neighbouring floats. With few channels a run is a
     * whole row of the window. */
    size_t taps, run;
    bool runs;     /* a run is a row of the window */
    bool bordered; /* x is copied into pictures with their padding around them, of size[] */
    size_t size[3];
    bool pairs;    /* kernel gradient in the order of pairs; forward by pairs where the instruction set can */
    bool scatter;  /* input gradient by adding, for very few channels */
    bool winograd; /* forward, and the input gradient unless it is scattered */
    bool fft;      /* forward */
    bool depthwise; /* groups of one channel: conv_depthwise.c, in all directions */
} stria_conv_method;

void stria_conv_choose(const stria_conv_isa *isa, const stria_conv_shape *shape, size_t batch,
                       stria_conv_method *method);
void stria_conv_needs_of(const stria_conv_isa *isa, const stria_conv_shape *shape, size_t batch,
                         size_t workers, bool training, stria_conv_needs *needs);
const char *stria_conv_describe(const stria_conv_isa *isa, const stria_conv_shape *shape, size_t batch);
stria_conv_algorithm stria_conv_choose_algorithm(const stria_conv_shape *shape, size_t batch,
                                                 stria_conv_algorithm wish);

/* Output pixels of the whole batch. */
static inline size_t stria_conv_pixels(const stria_conv_method *m)
{
    return m->batch * m->window.out[0] * m->window.out[1] * m->window.out[2];
}

/* Floats of a picture, bordered or not. */
static inline size_t stria_conv_picture(const stria_conv_method *m)
{
    return m->size[0] * m->size[1] * m->size[2] * m->channels;
}

/* Floats of a worker's or a part's share of scratch memory: whole cache lines. */
static inline size_t stria_conv_lines(size_t floats)
{
    return (floats + 15) & ~(size_t)15;
}

/* Floats that `count` pointers or sizes take in such memory. */
static inline size_t stria_conv_pointers(size_t count)
{
    return stria_conv_lines(count * (sizeof(void *) / sizeof(float)));
}

/* Multiply-adds that are worth a task of their own. */
#define STRIA_CONV_TASK_WORK 200000

/* The pool, unless the work is done sooner than another thread is woken. */
static inline stria_pool *stria_conv_pool(stria_pool *pool, size_t multiply_adds)
{
    return multiply_adds < 2 * STRIA_CONV_TASK_WORK ? NULL : pool;
}

/* Multiply-adds of each direction, padding counted. */
static inline size_t stria_conv_work(const stria_conv_method *m)
{
    return stria_conv_pixels(m) * m->taps * m->run * m->width;
}

/* ---- Packed weights (conv_pack.c): [groups, panels, taps, run, width of the panel] ---- */

/* Width of `width` filters in panels, the last one padded. */
size_t stria_conv_padded(const stria_conv_isa *isa, size_t width);

size_t stria_conv_packed_size(const stria_conv_isa *isa, const stria_conv_method *method);
size_t stria_conv_packed_transposed_size(const stria_conv_isa *isa, const stria_conv_method *method);
void stria_conv_pack(const stria_conv_isa *isa, const stria_conv_shape *shape, const float *kernel,
                     float *packed, stria_pool *pool);
void stria_conv_pack_transposed(const stria_conv_isa *isa, const stria_conv_shape *shape, const float *kernel,
                                float *packed, stria_pool *pool);

/* ---- Gather product over a grid of pixels (conv_gather.c) ---- */

/* One axis: output o is written at o and sees inputs o * step + first + t * tap_step for taps t; those
 * outside 0..in-1 are zeros. */
typedef struct stria_gather_axis {
    size_t count; /* outputs */
    size_t step;
    ptrdiff_t first, tap_step;
    size_t taps;
    size_t in;
    size_t in_pitch, out_pitch; /* floats between neighbours */
} stria_gather_axis;

/* The outputs *from..*to-1 of an axis see no padding. */
void stria_gather_inside(const stria_gather_axis *axis, size_t *from, size_t *to);

typedef struct stria_gather {
    stria_gather_axis axes[3];
    size_t batch, in_picture, out_picture; /* floats between pictures */
    size_t groups, depth, width;           /* of a group; depth: floats from a group's inputs to the next's */
    size_t run;
    const float *input, *weights, *bias;
    const float *residual; /* NULL, or laid out as out: added to the sums; may be out */
    float *out;
    stria_activation activation;
    float *scratch;
    stria_pool *pool;
} stria_gather;

/* Up to so many floats weights stay in the second cache, or nearly; more come from farther away. */
#define STRIA_NEAR_WEIGHTS (640 * 1024)

/* Lets tile `number` of `count` ask for its share of the next panel of weights, which like its own has
 * `inputs` rows of `row` floats: so memory is read at an even pace beside the sums. */
static inline void stria_gather_ask(stria_gather_tile *tile, const float *weights, size_t inputs, size_t row,
                                    size_t number, size_t count)
{
    tile->ahead_step = row / count;
    tile->ahead = weights + inputs * (row + number * tile->ahead_step);
}

size_t stria_gather_scratch(const stria_conv_isa *isa, const stria_gather *gather, size_t workers);
void stria_gather_run(const stria_conv_isa *isa, const stria_gather *gather);

/* ---- Winograd's product (conv_winograd.c) ---- */

/* Forward, or backward with inputs and filters in each other's place. */
typedef struct stria_winograd {
    size_t pictures;
    size_t in[2], out[2]; /* rows, columns */
    ptrdiff_t before[2];  /* padding */
    size_t depth, width;  /* channels read and written */
    const float *input;   /* [pictures, in, depth] */
    const float *weights; /* [panels][SPOTS, depth, width of the panel] */
    const float *bias;
    const float *residual; /* NULL, or laid out as result: added to the sums; may be result */
    float *result;         /* [pictures, out, width] */
    stria_activation activation;
    float *scratch;
    stria_pool *pool;
} stria_winograd;

size_t stria_winograd_scratch(const stria_conv_isa *isa, const stria_winograd *w, size_t workers);
void stria_winograd_run(const stria_conv_isa *isa, const stria_winograd *w);

/* The product of each direction, without its tensors. */
stria_winograd stria_winograd_forward(const stria_conv_method *m);
stria_winograd stria_winograd_input_gradient(const stria_conv_method *m);

/* ---- Convolution by Fourier transforms (conv_fft.c), forward ---- */

bool stria_conv_fft_applies(const stria_conv_shape *shape);
/* About the multiply-adds that it takes, packing included. */
double stria_conv_fft_cost(const stria_conv_shape *shape, size_t batch);
size_t stria_conv_fft_packed_size(const stria_conv_isa *isa, const stria_conv_shape *shape);
size_t stria_conv_fft_scratch(const stria_conv_isa *isa, const stria_conv_shape *shape, size_t batch,
                              size_t workers);
void stria_conv_fft_pack(const stria_conv_isa *isa, const stria_conv_shape *shape, const float *kernel,
                         float *packed);
void stria_conv_fft_run(const stria_conv_isa *isa, const stria_conv_call *call);

/* ---- Phases of the input gradient (conv_input_gradient.c) ----
 * Inputs i of an axis with the same (i + before) mod stride are seen through the same taps, so each of
 * `stride` phases is a gather product of step 1: input phase + q * stride is seen by outputs q + first + j *
 * tap_step through taps tap + j * every, j below taps. */
typedef struct stria_phase {
    size_t count; /* inputs; 0 when the phase is past the end */
    size_t tap, every, taps;
    ptrdiff_t first, tap_step;
} stria_phase;

stria_phase stria_conv_phase(const stria_window *window, int axis, size_t phase);

/* ---- The entries of the table ---- */

void stria_conv_forward(const stria_conv_isa *isa, const stria_conv_call *call);
void stria_conv_input_gradient(const stria_conv_isa *isa, const stria_conv_call *call);
void stria_conv_kernel_gradient(const stria_conv_isa *isa, const stria_conv_call *call);

/* Scratch of each, in floats. */
size_t stria_conv_forward_scratch(const stria_conv_isa *isa, const stria_conv_method *method, size_t workers);
size_t stria_conv_input_gradient_scratch(const stria_conv_isa *isa, const stria_conv_method *method,
                                         size_t workers);
size_t stria_conv_kernel_gradient_scratch(const stria_conv_isa *isa, const stria_conv_method *method,
                                          size_t workers);

/* Copies x into pictures of method->size with zeros around them (conv_border.c). */
void stria_conv_border(const stria_conv_method *method, const float *x, float *bordered, stria_pool *pool);
/* Floats of that copy, with slack to read past its end. */
size_t stria_conv_bordered_size(const stria_conv_method *method);

/* Input gradient for very few channels (conv_scatter.c). */
void stria_conv_scatter(const stria_conv_isa *isa, const stria_conv_method *method,
                        const stria_conv_call *call);
size_t stria_conv_scatter_scratch(const stria_conv_isa *isa, const stria_conv_method *method, size_t workers);

#endif

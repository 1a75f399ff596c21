/* The kernel tables: what computing is made of. Each family is a struct of function pointers, filled from the plain-C
 * definitions upwards by each instruction set the CPU has and the caller allows.
 *
 * Kernels take only numbers that shape inference has checked; they allocate nothing and cannot fail. Tensors are NHWC
 * (or NDHWC: a picture is a volume of depth 1, a dense layer a picture of 1x1), kernels HWIO, all contiguous floats,
 * 64-byte aligned with 64 readable bytes after their end unless said otherwise. Inputs that a caller of the library owns
 * (x of forward and of kernel_gradient, dy) have neither: kernels read exactly their elements.
 *
 * Every function takes the pool last (NULL: serial), cuts its work by the size of the problem and adds in a fixed order,
 * so results do not depend on the number of threads. */
#ifndef STRIA_KERNELS_KERNELS_H
#define STRIA_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/error.h>

#include "base/pool.h"
#include "base/random.h"

/* ---- Instruction sets ---- */

typedef enum stria_cpu_level {
    STRIA_CPU_PLAIN,    /* the definitions, in plain C */
    STRIA_CPU_BASELINE, /* 16-byte vectors that every x86-64 has */
    STRIA_CPU_AVX2,     /* AVX2 and FMA */
    STRIA_CPU_AVX512,   /* AVX-512 F, BW, DQ, VL */
    STRIA_CPU_NEON      /* AArch64 */
} stria_cpu_level;

/* The best level of this CPU (and operating system). Read once per process. */
stria_cpu_level stria_cpu_detect(void);
const char *stria_cpu_level_name(stria_cpu_level level);
/* Whether this build and CPU can run `level`. */
bool stria_cpu_level_available(stria_cpu_level level);

/* ---- Activations ---- */

typedef enum stria_activation_kind {
    STRIA_LINEAR,
    STRIA_RELU,
    STRIA_RELU6,
    STRIA_LEAKY_RELU, /* alpha: slope below 0, at least 0, since the derivative goes by the sign of the output */
    STRIA_ELU,        /* alpha, at least 0 */
    STRIA_SELU,
    STRIA_TANH,
    STRIA_SIGMOID,
    STRIA_HARD_SIGMOID, /* relu6(x + 3) / 6 */
    STRIA_HARD_SWISH,   /* x * hard_sigmoid(x) */
    STRIA_SOFTPLUS,
    STRIA_SOFTSIGN,
    STRIA_SILU,
    STRIA_GELU, /* exact, by erf */
    STRIA_MISH,
    STRIA_EXPONENTIAL,
    STRIA_LECUN_TANH,     /* 1.7159 tanh(2x/3) */
    STRIA_GELU_TANH,      /* approximate: x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 */
    STRIA_CELU,           /* alpha > 0: x > 0 ? x : alpha (e^(x/alpha) - 1) */
    STRIA_LOG_SIGMOID,    /* -ln(1 + e^-x) */
    STRIA_HARD_TANH,      /* min(max(x, -1), 1) */
    STRIA_HARD_SHRINK,    /* alpha, at least 0: |x| > alpha ? x : 0 */
    STRIA_SOFT_SHRINK,    /* alpha, at least 0: |x| > alpha ? x - sign(x) alpha : 0 */
    STRIA_TANH_SHRINK,    /* x - tanh(x) */
    STRIA_THRESHOLD,      /* alpha, beta: x > alpha ? x : beta */
    STRIA_CLIPPED_RELU,   /* alpha slope, beta maximum, gamma threshold: x > gamma ? min(x, beta) : alpha (x - gamma) */
    STRIA_SPARSE_PLUS,    /* x <= -1 ? 0 : x < 1 ? (x + 1)^2 / 4 : x */
    STRIA_SPARSE_SIGMOID, /* min(max((x + 1) / 2, 0), 1) */
    STRIA_SQUAREPLUS,     /* alpha, at least 0: (x + sqrt(x^2 + alpha)) / 2 */
    /* Over the last axis, row by row: see stria_activation_by_rows. */
    STRIA_SOFTMAX,
    STRIA_LOG_SOFTMAX, /* ln(softmax) */
    STRIA_SPARSEMAX,   /* the nearest point of the probability simplex */
    STRIA_GLU,         /* x[:n/2] * sigmoid(x[n/2:]): half as many numbers come out */
    STRIA_ACTIVATION_COUNT
} stria_activation_kind;

/* A kind with the numbers it names above; the others are 0. */
typedef struct stria_activation {
    stria_activation_kind kind;
    float alpha, beta, gamma;
} stria_activation;

/* Whether an activation is a function of whole rows (kernels/rows.h); the others are functions of each number. */
static inline bool stria_activation_by_rows(stria_activation_kind kind)
{
    return kind >= STRIA_SOFTMAX;
}

/* Whether the derivative needs the activation's input; the others get by with its output. */
static inline bool stria_activation_needs_input(stria_activation_kind kind)
{
    switch (kind) {
    case STRIA_HARD_SWISH:
    case STRIA_SILU:
    case STRIA_GELU:
    case STRIA_MISH:
    case STRIA_GELU_TANH:
    case STRIA_HARD_TANH:
    case STRIA_TANH_SHRINK:
    case STRIA_THRESHOLD:
    case STRIA_CLIPPED_RELU:
    case STRIA_GLU:
        return true;
    default:
        return false;
    }
}

/* ---- Convolution (and dense layers) ---- */

/* Where a window lies: all sizes resolved. Index 0 depth, 1 height, 2 width; unused ones have size 1. Output o of an
 * axis sees inputs o*stride - before + t*dilation for taps t below kernel; those outside 0..in-1 are padding. */
typedef struct stria_window {
    size_t in[3], out[3], kernel[3], stride[3], dilation[3], before[3];
} stria_window;

/* How a convolution is computed. Directly, sums are formed as defined; Winograd's way multiplies less and errs more;
 * by Fourier transforms, forward hardly minds how large the window is and errs by the largest sums; ref is the
 * definition in plain C. */
typedef enum stria_conv_algorithm {
    STRIA_CONV_DIRECT,
    STRIA_CONV_WINOGRAD,
    STRIA_CONV_FFT,
    STRIA_CONV_REF,
    STRIA_CONV_AUTO /* a wish, for `choose`: whatever is fastest */
} stria_conv_algorithm;

/* By name: "direct", "winograd", "fft", "ref", "auto"; false when there is none of that name. */
bool stria_conv_algorithm_by_name(const char *name, stria_conv_algorithm *algorithm);
/* The same for an option; NULL stands for `otherwise`. Errors: VALUE, listing the names. */
stria_status stria_conv_algorithm_read(const char *name, stria_conv_algorithm otherwise,
                                       stria_conv_algorithm *algorithm, stria_error *err);

typedef struct stria_conv_shape {
    stria_window window;
    size_t channels;                /* of the input */
    size_t filters;                 /* channels of the output */
    size_t groups;                  /* divides both */
    stria_conv_algorithm algorithm; /* from `choose`; the same in all calls for one convolution */
} stria_conv_shape;

/* Floats that a convolution needs besides its tensors, for batches up to `batch`. */
typedef struct stria_conv_needs {
    size_t packed;            /* by pack, read by forward */
    size_t packed_transposed; /* by pack_transposed, read by input_gradient */
    size_t kept;              /* left by forward for kernel_gradient, when training; may be 0 */
    size_t forward_scratch, input_gradient_scratch, kernel_gradient_scratch;
} stria_conv_needs;

/* Arguments of one call; a function reads those it names. [K] is filters, [C] channels. */
typedef struct stria_conv_call {
    const stria_conv_shape *shape;
    size_t batch;
    stria_activation activation; /* forward, input_gradient; none by rows */
    const float *x;              /* [N,D,H,W,C] */
    const float *packed;         /* from pack or pack_transposed */
    const float *bias;           /* NULL, [K] in forward or [C] in input_gradient */
    /* NULL, or added to the sum before the activation: [N,Do,Ho,Wo,K] in forward, [N,D,H,W,C] in input_gradient. It may
     * be what is written, which is then added to. */
    const float *residual;
    float *y;                    /* [N,Do,Ho,Wo,K] */
    float *kept;                 /* NULL in inference */
    const float *dy;             /* [N,Do,Ho,Wo,K]: gradient of the sum before the activation */
    float *dx;                   /* [N,D,H,W,C], overwritten unless it is residual */
    float *dkernel;              /* [kd,kh,kw,C/groups,K], overwritten */
    float *dbias;                /* [K] or NULL, overwritten */
    float *scratch;
    stria_pool *pool;
} stria_conv_call;

/* y[n,o,k] = activation(bias[k] + sum over taps t and channels c of x[n, o*stride - before + t*dilation, c] * w[t,c,k]):
 * a cross-correlation, as every framework computes it. A group's filters see only their group's channels. */
typedef struct stria_conv_kernels {
    /* What to put into shape->algorithm for batches up to `batch`: the wish where it can be had, else direct. */
    stria_conv_algorithm (*choose)(const stria_conv_shape *shape, size_t batch, stria_conv_algorithm wish);
    void (*needs)(const stria_conv_shape *shape, size_t batch, size_t workers, bool training, stria_conv_needs *needs);
    /* What forward will use for this shape, for printing: "gather 14x32 avx512". Constant. */
    const char *(*describe)(const stria_conv_shape *shape, size_t batch);
    void (*pack)(const stria_conv_shape *shape, const float *kernel, float *packed, stria_pool *pool);
    void (*pack_transposed)(const stria_conv_shape *shape, const float *kernel, float *packed, stria_pool *pool);
    /* Reads x, packed, bias, residual; writes y and, unless NULL, kept. */
    void (*forward)(const stria_conv_call *call);
    /* Reads dy, packed (from pack_transposed), bias, residual; writes dx. With bias and activation it is the forward of a
     * transposed convolution. */
    void (*input_gradient)(const stria_conv_call *call);
    /* Reads x, dy, kept; writes dkernel and dbias. Without kept it has the scratch of needs that are not for training, and
     * finds for itself what forward would have left. Padding may count as zeros: what is not finite in dy may make NaN of
     * taps that see nothing but padding there. */
    void (*kernel_gradient)(const stria_conv_call *call);
} stria_conv_kernels;

/* ---- Pooling ---- */

typedef enum stria_pool_kind { STRIA_POOL_MAX, STRIA_POOL_MIN, STRIA_POOL_AVERAGE } stria_pool_kind;

/* Bytes of one entry of `index`: 1 when the window has up to 256 taps, else 4 (uint32_t). */
static inline size_t stria_pool_index_size(const stria_window *w)
{
    return w->kernel[0] * w->kernel[1] * w->kernel[2] <= 256 ? 1 : 4;
}

/* Maxima and minima ignore the padding; averages divide by the number of real inputs. Among equal values the first tap
 * in row-major order wins and takes the whole gradient. `index` [N,Do,Ho,Wo,C] holds the winning tap (NULL in inference
 * and for averages). A maximum drops NaN and starts from -FLT_MAX (minimum: FLT_MAX), which is what a window of nothing
 * but NaN, -infinity or padding gives; an average of padding alone is 0. The tensors need no slack. */
typedef struct stria_pool_kernels {
    void (*forward)(stria_pool_kind kind, const stria_window *window, size_t channels, size_t batch, const float *x,
                    float *y, void *index, stria_pool *pool);
    /* dx is overwritten. */
    void (*backward)(stria_pool_kind kind, const stria_window *window, size_t channels, size_t batch, const float *dy,
                     const void *index, float *dx, stria_pool *pool);
} stria_pool_kernels;

/* ---- Element-wise; outputs may be the same memory as an input, never overlap otherwise; no slack is needed ---- */

typedef struct stria_elementwise_kernels {
    /* y = activation(x); none by rows. */
    void (*activate)(stria_activation activation, const float *x, float *y, size_t count, stria_pool *pool);
    /* dx = dy * activation'; `v` is the activation's input where stria_activation_needs_input, else its output. At the
     * corners: relu at 0 has 0, relu6 at 0 and 6 has 0, leaky_relu at 0 the slope, elu at 0 alpha, selu at 0 the positive
     * side, hard_tanh at -1 and 1 has 1, clipped_relu at its threshold 0 and at its maximum 1
     * (6 without threshold: 0), the others 0. */
    void (*activate_gradient)(stria_activation activation, const float *v, const float *dy, float *dx, size_t count,
                              stria_pool *pool);
    void (*add)(const float *a, const float *b, float *y, size_t count, stria_pool *pool);      /* y = a + b */
    /* y = activation(a + b) */
    void (*add_activate)(const float *a, const float *b, stria_activation activation, float *y, size_t count,
                         stria_pool *pool);
    void (*multiply)(const float *a, const float *b, float *y, size_t count, stria_pool *pool); /* y = a * b */
    /* y = x * scale + offset */
    void (*scale)(const float *x, float scale, float offset, float *y, size_t count, stria_pool *pool);
    /* y[e] = kept(e) ? x[e] / (1 - rate) : 0, kept when stria_random_uniform(key, e) >= rate. Its own gradient. */
    void (*dropout)(const stria_random_key *key, float rate, const float *x, float *y, size_t count, stria_pool *pool);
    /* Copies `rows` rows of `width` floats between tensors with other row strides (concatenation and its gradient). */
    void (*copy_rows)(const float *from, size_t from_stride, float *to, size_t to_stride, size_t width, size_t rows,
                      stria_pool *pool);
    /* y[i] = bytes[i] * scale */
    void (*from_bytes)(const uint8_t *bytes, float scale, float *y, size_t count);
} stria_elementwise_kernels;

/* What column_products and column_combine go back from: y[r,c] = activation(x[r,c] * scale[c] + shift[c]) and its
 * gradient dy. They call g[r,c] = dy[r,c] * activation' the gradient before the activation. Of activations only those
 * of stria_column_activates; with the linear one g is dy and scale and shift are not read. */
typedef struct stria_column_gradient {
    const float *dy, *x; /* [rows, columns] */
    size_t rows, columns;
    stria_activation activation;
    const float *scale, *shift; /* as column_scale had them: the same bits come out */
} stria_column_gradient;

/* Those whose derivative costs less than reading y would. */
static inline bool stria_column_activates(stria_activation_kind kind)
{
    return kind == STRIA_LINEAR || kind == STRIA_RELU || kind == STRIA_RELU6 || kind == STRIA_LEAKY_RELU;
}

/* ---- Reductions over [rows, columns], in a fixed order; row operations may work in place; no slack is needed ---- */

typedef struct stria_reduce_kernels {
    /* sums[c] = sum over rows of x[r,c] */
    void (*column_sums)(const float *x, size_t rows, size_t columns, float *sums, stria_pool *pool);
    /* Mean and biased variance of each column, of at least one row. */
    void (*column_moments)(const float *x, size_t rows, size_t columns, float *mean, float *variance, stria_pool *pool);
    /* sum_g[c] = sum of g[r,c]; sum_gx[c] = sum of g[r,c] * (x[r,c] - mean[c]) */
    void (*column_products)(const stria_column_gradient *gradient, const float *mean, float *sum_g, float *sum_gx,
                            stria_pool *pool);
    /* y[r,c] = x[r,c] * scale[c] + shift[c], then the activation (none by rows); y may be x */
    void (*column_scale)(const float *x, const float *scale, const float *shift, stria_activation activation, size_t rows,
                         size_t columns, float *y, stria_pool *pool);
    /* dx[r,c] = a[c] * g[r,c] + b[c] * x[r,c] + d[c] */
    void (*column_combine)(const stria_column_gradient *gradient, const float *a, const float *b, const float *d,
                           float *dx, stria_pool *pool);
    /* Softmax of each row, the row's maximum subtracted first. */
    void (*softmax)(const float *x, size_t rows, size_t columns, float *y, stria_pool *pool);
    /* dx[r,c] = y[r,c] * (dy[r,c] - sum over j of dy[r,j] * y[r,j]) */
    void (*softmax_gradient)(const float *y, const float *dy, size_t rows, size_t columns, float *dx, stria_pool *pool);
    /* Cross-entropy of softmax(logits) with labels [rows]: losses[r] = log(sum exp(z - max)) - (z[label] - max) in double,
     * dlogits (unless NULL) = (softmax - onehot) * gradient_scale. Returns how many rows have their first maximum at the
     * label. */
    size_t (*softmax_cross_entropy)(const float *logits, const int32_t *labels, size_t rows, size_t columns,
                                    float gradient_scale, double *losses, float *dlogits, stria_pool *pool);
    /* Whether no element is NaN or infinite. */
    bool (*all_finite)(const float *x, size_t count, stria_pool *pool);
} stria_reduce_kernels;

/* ---- Optimizer steps over flat arrays; w, state and g have `count` floats ---- */

typedef struct stria_update_kernels {
    /* momentum 0: w -= rate*g. Else m = momentum*m - rate*g; w += nesterov ? momentum*m - rate*g : m. m NULL when
     * momentum is 0. */
    void (*sgd)(float *w, float *m, const float *g, size_t count, float rate, float momentum, bool nesterov,
                stria_pool *pool);
    /* The betas are double because 1 - 0.999f is off by 1e-5: rounding comes after the subtraction, as in Keras.
     * m += (g - m)*(1-beta1); v += (g*g - v)*(1-beta2); w -= corrected_rate * m / (sqrt(v) + epsilon), where the caller
     * gives corrected_rate = rate * sqrt(1-beta2^t) / (1-beta1^t). First w -= rate_decay*w (AdamW: rate*decay; else 0). */
    void (*adam)(float *w, float *m, float *v, const float *g, size_t count, float corrected_rate, double beta1,
                 double beta2, float epsilon, float rate_decay, stria_pool *pool);
    /* v = rho*v + (1-rho)*g*g; d = rate*g/sqrt(v + epsilon); momentum: m = momentum*m + d, w -= m; else w -= d. m NULL when
     * momentum is 0. */
    void (*rmsprop)(float *w, float *v, float *m, const float *g, size_t count, float rate, double rho, float momentum,
                    float epsilon, stria_pool *pool);
} stria_update_kernels;

/* ---- What the instruction set can do at most ---- */

typedef struct stria_peak_kernels {
    /* Does multiply-adds on numbers that stay in registers, enough at a time that none waits for another; `rounds` > 0 of
     * them. Their sum goes to *sink, so that nothing can be left out. Returns how many multiply-adds it did. One thread. */
    uint64_t (*multiply_add)(size_t rounds, float *sink);
} stria_peak_kernels;

typedef struct stria_kernels {
    stria_cpu_level level;
    const char *name;               /* of the level */
    stria_conv_algorithm algorithm; /* the wish of plans that have none of their own */
    stria_conv_kernels conv;
    stria_pool_kernels pool;
    stria_elementwise_kernels elementwise;
    stria_reduce_kernels reduce;
    stria_update_kernels update;
    stria_peak_kernels peak;
} stria_kernels;

/* Fills the table for a level that is available: plain C first, then every level up to it; algorithms by shape. */
void stria_kernels_fill(stria_kernels *kernels, stria_cpu_level level);

#endif

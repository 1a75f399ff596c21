/* One convolution computed in all directions by one level of kernels, in memory that shows every mistake:
 * inputs end where the contract says they may be read no further, results and scratch begin as NaN, and what
 * stands around them is checked. */
#ifndef STRIA_TESTS_KERNELS_CONV_CASE_H
#define STRIA_TESTS_KERNELS_CONV_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

/* ---- Random numbers that a seed repeats ---- */

typedef struct test_random {
    uint64_t state;
} test_random;

/* The seed of the environment's STRIA_TEST_SEED, else of the clock; printed, so that a failure can be
 * repeated. */
uint64_t test_seed(void);
uint32_t test_random_below(test_random *random, uint32_t end);
/* Roughly normal: mean 0, variance 1. */
float test_random_normal(test_random *random);

/* One of the numbers behind `random`. */
size_t test_pick(test_random *random, const size_t *choices, size_t count);

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PICK(random, ...)                                                                                    \
    test_pick(random, (const size_t[]){__VA_ARGS__}, sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t))

/* The levels to compare with the definition; not all are available. */
#define TEST_LEVELS 4
extern const stria_cpu_level test_levels[TEST_LEVELS];

/* ---- Memory with an end ---- */

/* `count` floats; reading more than `slack` bytes past them, or writing before or behind them, is found out.
 */
typedef struct guarded {
    void *pages;
    size_t size;
    float *values;
    size_t count, slack;
} guarded;

/* Aligned to 64 bytes when `aligned`, and then the end may lie up to 60 bytes further. Filled with NaN. */
guarded guarded_create(size_t count, size_t slack, bool aligned);
/* Fails the test, naming `what`, when anything around the floats has changed. */
void guarded_check(const guarded *memory, const char *what);
void guarded_free(guarded *memory);

/* ---- One case ---- */

typedef struct conv_case {
    stria_conv_shape shape;
    size_t batch;
    stria_activation activation;
    bool with_bias, training;
    bool adds;       /* y adds dy, so that there is a residual, and dx adds to x */
    bool in_place;   /* with adds: y holds the residual before */
    bool transposes; /* dx is the forward of a transposed convolution: with bias and activation, and what
                      * it adds to need not be where it is written */
    guarded x, kernel, bias, dy; /* x and dy without slack to read, as a caller's */
    guarded input_bias;          /* [channels], for dx */
} conv_case;

typedef struct conv_results {
    guarded y, dx, dkernel, dbias;
} conv_results;

/* A window of one tap over one pixel: a dense layer. Axes are then set by conv_case_axis. */
stria_conv_shape conv_case_dense(size_t channels, size_t filters);
void conv_case_axis(stria_conv_shape *shape, int axis, size_t in, size_t kernel, size_t stride,
                    size_t dilation, size_t before, size_t after);

/* Makes the inputs, normal numbers. */
conv_case conv_case_create(const stria_conv_shape *shape, size_t batch, test_random *random);
void conv_case_free(conv_case *conv);

/* Runs pack, forward, and the gradients. The caller frees the results. */
conv_results conv_case_run(const conv_case *conv, const stria_conv_kernels *kernels, stria_pool *pool);
void conv_results_free(conv_results *results);

/* The kernels of a level. */
stria_conv_kernels conv_case_kernels(stria_cpu_level level);

/* Fails the test unless all bits are the same; kernel gradients are compared in training. */
void conv_case_same(const guarded *a, const guarded *b, const conv_case *conv, const char *what);
void conv_case_same_results(const conv_results *a, const conv_results *b, const conv_case *conv);

/* "2 x 9x7x3 -> 5, 3x3 ..." for messages. */
const char *conv_case_text(const conv_case *conv);

/* Fails the test unless what a batch needs is enough for every smaller one, as plans take for granted. */
void conv_case_check_needs(const stria_conv_shape *shape, size_t batch, const stria_conv_kernels *kernels);

/* Multiply-adds of one direction. */
size_t conv_case_work(const stria_conv_shape *shape, size_t batch);

#endif

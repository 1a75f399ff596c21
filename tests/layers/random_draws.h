/* Running a piece of model text on made-up or given numbers, for the tests of layers that draw. */
#ifndef STRIA_TESTS_RANDOM_DRAWS_H
#define STRIA_TESTS_RANDOM_DRAWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/stria.h>

/* How a text is run. Zero fields: inference, one thread, batch 1, seed 0, step 0. */
typedef struct draws_options {
    bool training;
    int threads;
    int64_t batch;
    uint64_t seed, step;
} draws_options;

/* The outputs of all outputs of the model, one after the other, and, when `gradient` is not NULL, the input's
 * gradient for an upstream gradient of normal numbers. The caller frees both. `x` NULL: uniform in 0 ... 1.
 */
float *run_draws(const char *text, const draws_options *options, const float *x, size_t *count,
                 float **gradient);

/* Mean and variance. */
void moments(const float *numbers, size_t count, double *mean, double *variance);

/* Fails unless `numbers` look uniform over low ... high: all inside, and each tenth of the range has a tenth
 * of them within five standard errors. */
void assert_uniform(const char *what, const double *numbers, size_t count, double low, double high);

/* An array of `count` times the value; the caller frees it. */
float *filled(size_t count, float value);

#endif

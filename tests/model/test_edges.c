/* Shapes and numbers at the edges, through the public interface: every level of this CPU against plain C,
 * with inputs that begin at odd addresses, and NaN and infinities in one pixel. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/random.h"
#include "kernels/kernels.h"
#include "support/check.h"
#include "support/test_context.h"

static const char *const edges[] = {
    "input 1x1x1\nconv2d 1 1\n",                               /* one number */
    "input 1x1x3\nconv2d 17 3 same relu\n",                    /* only padding around it */
    "input 7x5x3\nconv2d 17 7x5\n",                            /* kernel = picture */
    "input 4x4x2\nconv2d 3 3 padding=6 relu\n",                /* padding larger than the picture */
    "input 5x5x3\nconv2d 4 3 padding=9 dilation_rate=7\n",     /* dilation beyond it */
    "input 3x3x1000\nconv2d 3 3 same\n",                       /* many channels */
    "input 3x3x1\nconv2d 1000 3 same tanh\n",                  /* many filters */
    "input 9x9x17\nconv2d 17 3 same\n",                        /* odd both ways */
    "input 20x20x33\nconv2d 33 3 same relu\n",                 /* Winograd's product with rests */
    "input 1x40x1\nconv2d 5 1x7 same strides=1x3\n",           /* one row */
    "input 40x1x3\nconv2d 1 7x1 same strides=3x1\n",           /* one column */
    "input 6x6x17\nconv2d 17 3 same groups=17\n",              /* a filter each */
    "input 3x3x17\nmaxpool2d 3 1 same\nflatten\ndense 1000\n", /* pooling over all */
    "input 1\ndense 1\n",
    "input 1000\ndense 17 sigmoid\n",
};

#define EDGES (sizeof edges / sizeof edges[0])
#define BATCH 3

static float *draw(size_t count)
{
    const stria_random_key key = {.seed = 11, .purpose = STRIA_RANDOM_DATA};
    float *values = malloc((count + 1) * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)stria_random_normal(&key, i);
    return values;
}

static size_t elements(const stria_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->sizes[i];
    return count;
}

/* What a level gives: [output, gradient of the input]. `poison` goes into input number `at`. x is one float
 * off an aligned address. */
static float *compute(const char *text, const char *cpu, const char *algorithm, size_t at, float poison,
                      size_t *outputs, size_t *inputs)
{
    test_context test;
    stria_error err = {0};
    stria_model *model = NULL;
    stria_plan *plan = NULL;
    test_context_open(&test, 1, cpu);
    assert_ok(stria_model_parse(&model, test.context, text, strlen(text), NULL, &err), &err);
    assert_ok(stria_model_initialize(model, 5, &err), &err);
    *inputs = BATCH * elements(stria_model_input_shape(model, 0));
    *outputs = BATCH * elements(stria_model_output_shape(model, 0));
    float *x = draw(*inputs), *dy = draw(*outputs);
    memmove(x + 1, x, *inputs * sizeof *x);
    if (at < *inputs)
        x[1 + at] = poison;
    const float *input = x + 1, *gradient = dy;
    const stria_plan_options options = {
        .mode = STRIA_MODE_TRAINING, .batch = BATCH, .input_gradients = 1, .algorithm = algorithm};
    assert_ok(stria_plan_create(&plan, model, &options, &err), &err);
    assert_status(stria_plan_run(plan, &input, 0, &err), STRIA_ERROR_VALUE, &err);
    assert_message(&err, "a batch of 0 is not from 1 to the planned 3");
    err = (stria_error){0};
    assert_ok(stria_plan_run(plan, &input, BATCH, &err), &err);
    assert_ok(stria_plan_backward(plan, &gradient, &err), &err);
    float *numbers = malloc((*outputs + *inputs) * sizeof *numbers);
    assert_non_null(numbers);
    memcpy(numbers, stria_plan_output(plan, 0), *outputs * sizeof *numbers);
    memcpy(numbers + *outputs, stria_plan_input_gradient(plan, 0), *inputs * sizeof *numbers);
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
    free(x);
    free(dy);
    return numbers;
}

static void compare_levels(const char *algorithm, size_t at, float poison)
{
    for (size_t e = 0; e < EDGES; e++) {
        size_t outputs, inputs;
        float *wanted = compute(edges[e], "plain", NULL, at, poison, &outputs, &inputs);
        double square = 0;
        for (size_t i = 0; i < outputs + inputs; i++)
            square += isfinite(wanted[i]) ? (double)wanted[i] * (double)wanted[i] : 0;
        /* Chains of up to 9,000 terms: at most 2e-5 of the root of the mean square on other data; here, with
         * few numbers and direct kernels or Winograd's product, 1e-4 of it. */
        const double most = 1e-4 * sqrt(square / (double)(outputs + inputs)) + 1e-6;
        for (int level = STRIA_CPU_BASELINE; level <= STRIA_CPU_NEON; level++) {
            if (!stria_cpu_level_available((stria_cpu_level)level))
                continue;
            const char *name = stria_cpu_level_name((stria_cpu_level)level);
            float *got = compute(edges[e], name, algorithm, at, poison, &outputs, &inputs);
            for (size_t i = 0; i < outputs + inputs; i++) {
                const bool finite = isfinite(wanted[i]);
                const bool same = finite             ? fabs((double)got[i] - (double)wanted[i]) <= most
                                  : isnan(wanted[i]) ? isnan(got[i])
                                                     : !isfinite(got[i]);
                if (!same)
                    fail_msg("%s, number %zu of %zu + %zu: %.9g, in plain C %.9g\n%s", name, i, outputs,
                             inputs, (double)got[i], (double)wanted[i], edges[e]);
            }
            free(got);
        }
        free(wanted);
    }
}

static void every_level_agrees(void **state)
{
    (void)state;
    compare_levels(NULL, SIZE_MAX, 0);
    compare_levels("direct", SIZE_MAX, 0);
}

/* NaN and infinities reach exactly the outputs that see them. (Winograd's product spreads them over its
 * tiles.) */
static void only_what_sees_it_is_not_finite(void **state)
{
    (void)state;
    compare_levels("direct", 0, NAN);
    compare_levels("direct", 26, NAN);
    compare_levels("direct", 13, INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_agrees),
        cmocka_unit_test(only_what_sees_it_is_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

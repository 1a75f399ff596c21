/* Running a piece of model text and counting what comes out. */
#include "random_draws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "model/plan.h"
#include "support/check.h"
#include "support/test_context.h"

static size_t count_of(const stria_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->sizes[i];
    return count;
}

static float *draw(uint64_t seed, size_t count, bool normal)
{
    const stria_random_key key = {.seed = seed, .purpose = STRIA_RANDOM_DATA};
    float *values = malloc(count * sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = normal ? (float)stria_random_normal(&key, i) : stria_random_uniform(&key, i);
    return values;
}

float *filled(size_t count, float value)
{
    float *numbers = malloc(count * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = value;
    return numbers;
}

float *run_draws(const char *text, const draws_options *options, const float *x, size_t *count,
                 float **gradient)
{
    test_context test;
    stria_error err = {0};
    stria_model *model = NULL;
    stria_plan *plan = NULL;
    const size_t batch = options->batch > 0 ? (size_t)options->batch : 1;
    test_context_open(&test, options->threads > 0 ? options->threads : 1, NULL);
    assert_ok(stria_model_parse(&model, test.context, text, strlen(text), NULL, &err), &err);
    const stria_plan_options planned = {.mode =
                                            options->training ? STRIA_MODE_TRAINING : STRIA_MODE_INFERENCE,
                                        .batch = (int64_t)batch,
                                        .input_gradients = gradient != NULL,
                                        .seed = options->seed};
    assert_ok(stria_plan_create(&plan, model, &planned, &err), &err);
    stria_plan_set_step(plan, options->step);
    const size_t input_count = batch * count_of(stria_model_input_shape(model, 0));
    float *own = draw(9, input_count, false);
    const float *inputs[1] = {x != NULL ? x : own};
    assert_ok(stria_plan_run(plan, inputs, (int64_t)batch, &err), &err);
    float *numbers = NULL, *upstream[4] = {0};
    *count = 0;
    for (size_t o = 0; o < stria_model_output_count(model); o++) {
        const size_t added = batch * count_of(stria_model_output_shape(model, o));
        numbers = realloc(numbers, (*count + added) * sizeof *numbers);
        assert_non_null(numbers);
        memcpy(numbers + *count, stria_plan_output(plan, o), added * sizeof *numbers);
        *count += added;
        assert_true(o < 4);
        upstream[o] = draw(20 + o, added, true);
    }
    if (gradient != NULL) {
        assert_ok(stria_plan_backward(plan, (const float *const *)upstream, &err), &err);
        *gradient = malloc(input_count * sizeof **gradient);
        assert_non_null(*gradient);
        memcpy(*gradient, stria_plan_input_gradient(plan, 0), input_count * sizeof **gradient);
    }
    for (size_t o = 0; o < 4; o++)
        free(upstream[o]);
    free(own);
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
    return numbers;
}

void moments(const float *numbers, size_t count, double *mean, double *variance)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)numbers[i];
    *mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        squares += ((double)numbers[i] - *mean) * ((double)numbers[i] - *mean);
    *variance = squares / (double)count;
}

void assert_uniform(const char *what, const double *numbers, size_t count, double low, double high)
{
    size_t tenths[10] = {0};
    for (size_t i = 0; i < count; i++) {
        const double share = (numbers[i] - low) / (high - low);
        if (!(share >= -1e-4 && share <= 1 + 1e-4))
            fail_msg("%s: %g is not in %g ... %g", what, numbers[i], low, high);
        tenths[share < 0 ? 0 : share >= 1 ? 9 : (size_t)(share * 10)]++;
    }
    const double error = sqrt(0.09 * (double)count);
    for (int t = 0; t < 10; t++)
        if (fabs((double)tenths[t] - 0.1 * (double)count) > 5 * error)
            fail_msg("%s: %zu of %zu draws lie in tenth %d of %g ... %g", what, tenths[t], count, t, low,
                     high);
}

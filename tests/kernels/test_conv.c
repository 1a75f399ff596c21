/* Convolution on every level of this CPU against the definition in plain C: random shapes and the shapes of
 * real networks, exact integers, values that are not finite, the identities between the three directions, and
 * equal bits whatever the threads, the batch and the instruction set. */
#include <math.h>
#include <string.h>

#include "conv_case.h"
#include "base/memory.h"
#include "kernels/families.h"
#include "support/check.h"

/* Unit roundoff of float. */
static const double u = 0x1p-24;

/* ---- Random shapes ---- */

static void random_axis(test_random *random, stria_conv_shape *shape, int axis)
{
    size_t in = 1 + test_random_below(random, 20), kernel = 1 + test_random_below(random, 7);
    size_t stride = PICK(random, 1, 1, 1, 2, 2, 3), dilation = PICK(random, 1, 1, 1, 1, 2, 3);
    size_t before = 0, after = 0;
    switch (test_random_below(random, 4)) {
    case 0:
        break;
    case 1: /* about "same" */
        before = (kernel - 1) * dilation / 2;
        after = (kernel - 1) * dilation - before;
        break;
    case 2:
        before = test_random_below(random, 4);
        after = test_random_below(random, 4);
        break;
    default: /* more than the picture */
        before = test_random_below(random, (uint32_t)(in + kernel * dilation + 2));
        after = test_random_below(random, (uint32_t)(in + kernel * dilation + 2));
    }
    conv_case_axis(shape, axis, in, kernel, stride, dilation, before, after);
}

#define MAX_WORK 300000

static size_t outputs_of(const stria_conv_shape *shape)
{
    const size_t *out = shape->window.out;
    return out[0] * out[1] * out[2];
}

/* Groups of one channel: every number of channels about a vector, few and many filters for each. */
static stria_conv_shape random_depthwise(test_random *random, size_t *batch)
{
    for (;;) {
        size_t channels = PICK(random, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 64);
        stria_conv_shape shape = conv_case_dense(channels, channels * PICK(random, 1, 1, 1, 2, 3));
        shape.groups = channels;
        size_t dimensions = PICK(random, 0, 1, 2, 2, 2, 2, 2, 3);
        for (size_t a = 0; a < dimensions; a++)
            random_axis(random, &shape, 2 - (int)a);
        if (dimensions == 2 && test_random_below(random, 2) == 0) { /* what the rows of 3x3 are for */
            size_t stride = PICK(random, 1, 1, 2), before = test_random_below(random, 5);
            size_t height = 1 + test_random_below(random, 20), width = 1 + test_random_below(random, 20);
            conv_case_axis(&shape, 1, height, 3, stride, 1, before, test_random_below(random, 5));
            conv_case_axis(&shape, 2, width, 3, stride, 1, before, test_random_below(random, 5));
        }
        *batch = PICK(random, 1, 1, 2, 3, 17);
        if (outputs_of(&shape) > 0 && conv_case_work(&shape, *batch) <= MAX_WORK)
            return shape;
    }
}

static stria_conv_shape random_shape(test_random *random, size_t *batch)
{
    while (test_random_below(random, 4) > 0) {
        size_t channels = PICK(random, 1, 1, 2, 3, 4, 6, 7, 8, 9, 15, 16, 17, 33, 64);
        size_t filters = PICK(random, 1, 2, 3, 4, 6, 7, 8, 9, 15, 16, 17, 31, 33, 64, 150);
        stria_conv_shape shape = conv_case_dense(channels, filters);
        size_t dimensions = PICK(random, 0, 1, 2, 2, 2, 2, 3);
        for (size_t a = 0; a < dimensions; a++)
            random_axis(random, &shape, 2 - (int)a);
        size_t groups = PICK(random, 1, 1, 1, 1, 2, 3, 4);
        if (channels % groups == 0 && filters % groups == 0)
            shape.groups = groups;
        *batch = PICK(random, 1, 1, 2, 3, 17, 40);
        if (outputs_of(&shape) > 0 && conv_case_work(&shape, *batch) <= MAX_WORK)
            return shape;
    }
    return random_depthwise(random, batch);
}

/* ---- Against the definition ---- */

static void make_positive(guarded *memory)
{
    for (size_t i = 0; i < memory->count; i++)
        memory->values[i] = fabsf(memory->values[i]);
}

static guarded copy_of(const guarded *memory)
{
    guarded copy = guarded_create(memory->count, memory->slack, false);
    memcpy(copy.values, memory->values, memory->count * sizeof *copy.values);
    return copy;
}

static conv_case absolute_case(const conv_case *conv)
{
    conv_case absolute = *conv;
    absolute.x = copy_of(&conv->x);
    absolute.kernel = copy_of(&conv->kernel);
    absolute.bias = copy_of(&conv->bias);
    absolute.dy = copy_of(&conv->dy);
    absolute.input_bias = copy_of(&conv->input_bias);
    absolute.activation = (stria_activation){.kind = STRIA_LINEAR};
    make_positive(&absolute.x);
    make_positive(&absolute.kernel);
    make_positive(&absolute.bias);
    make_positive(&absolute.dy);
    make_positive(&absolute.input_bias);
    return absolute;
}

/* A chain of n terms is off by at most n * u / (1 - n * u) times the sum of their absolute values, in any
 * order (Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1); baseline rounds each product
 * too. No activation here has a slope above 1.13; the vector versions are good to a few units in the last
 * place. */
static void compare(const guarded *result, const guarded *expected, const guarded *absolute, size_t terms,
                    bool activated, const conv_case *conv, const char *level, const char *what)
{
    double n = 2 * ((double)terms + 2);
    for (size_t i = 0; i < result->count; i++) {
        double bound = n * u / (1 - n * u) * (double)absolute->values[i];
        if (activated)
            bound = 1.13 * bound + 16 * u * (1 + fabs((double)expected->values[i]));
        double error = fabs((double)result->values[i] - (double)expected->values[i]);
        if (!(error <= bound))
            fail_msg("%s: %s[%zu] is %.9g, not %.9g within %.3g\n%s", level, what, i,
                     (double)result->values[i], (double)expected->values[i], bound, conv_case_text(conv));
    }
}

static size_t taps_of(const stria_conv_shape *s)
{
    return s->window.kernel[0] * s->window.kernel[1] * s->window.kernel[2];
}

static void check_case(const conv_case *conv)
{
    const stria_conv_shape *s = &conv->shape;
    stria_conv_kernels definition;
    stria_ref_conv_fill(&definition);
    conv_case absolute = absolute_case(conv);
    conv_results expected = conv_case_run(conv, &definition, NULL);
    conv_results bound = conv_case_run(&absolute, &definition, NULL);
    size_t pixels = conv->dy.count / s->filters;
    for (size_t l = 0; l < TEST_LEVELS; l++) {
        if (!stria_cpu_level_available(test_levels[l]))
            continue;
        stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
        const char *name = stria_cpu_level_name(test_levels[l]);
        conv_results results = conv_case_run(conv, &kernels, NULL);
        compare(&results.y, &expected.y, &bound.y, taps_of(s) * s->channels / s->groups + 2,
                conv->activation.kind != STRIA_LINEAR, conv, name, "y");
        compare(&results.dx, &expected.dx, &bound.dx, taps_of(s) * s->filters / s->groups + 2,
                conv->transposes && conv->activation.kind != STRIA_LINEAR, conv, name, "dx");
        if (conv->training) {
            compare(&results.dkernel, &expected.dkernel, &bound.dkernel, pixels, false, conv, name,
                    "dkernel");
            compare(&results.dbias, &expected.dbias, &bound.dbias, pixels, false, conv, name, "dbias");
        }
        conv_results_free(&results);
    }
    conv_results_free(&expected);
    conv_results_free(&bound);
    conv_case_free(&absolute);
}

static void check_shapes(int count, stria_conv_shape (*draw)(test_random *, size_t *))
{
    test_random random = {test_seed()};
    for (int i = 0; i < count; i++) {
        size_t batch;
        stria_conv_shape shape = draw(&random, &batch);
        conv_case conv = conv_case_create(&shape, batch, &random);
        conv.with_bias = test_random_below(&random, 4) > 0;
        conv.training = test_random_below(&random, 4) > 0;
        conv.adds = test_random_below(&random, 3) == 0;
        conv.in_place = test_random_below(&random, 2) == 0;
        conv.transposes = test_random_below(&random, 2) == 0;
        conv.activation.kind = (stria_activation_kind)test_random_below(&random, STRIA_LECUN_TANH);
        if (test_random_below(&random, 2) == 0)
            conv.activation.kind = STRIA_LINEAR;
        conv.activation.alpha = 0.25F;
        if (conv.activation.kind == STRIA_EXPONENTIAL || conv.activation.kind == STRIA_SELU)
            conv.activation.kind = STRIA_RELU; /* slopes above 1.13 */
        check_case(&conv);
        conv_case_free(&conv);
    }
}

static void test_random_shapes(void **state)
{
    (void)state;
    check_shapes(300, random_shape);
}

static void test_depthwise_shapes(void **state)
{
    (void)state;
    check_shapes(400, random_depthwise);
}

/* Shapes that reach every path: LeNet-5's layers, chains in blocks, wide tiles, panels of every width,
 * depthwise ones in several tasks. */
static const struct {
    size_t batch, height, width, channels, filters, kernel, stride, before, after, groups;
} fixed_shapes[] = {
    {3, 28, 28, 1, 6, 5, 1, 2, 2, 1},     {20, 14, 14, 6, 16, 5, 1, 0, 0, 1},
    {1, 1, 1, 400, 120, 1, 1, 0, 0, 1},   {64, 1, 1, 120, 84, 1, 1, 0, 0, 1},
    {3, 1, 1, 84, 10, 1, 1, 0, 0, 1},     {2, 4, 5, 300, 33, 3, 1, 1, 1, 1},
    {1, 3, 3, 17, 600, 2, 1, 0, 0, 1},    {1, 1, 1, 1100, 260, 1, 1, 0, 0, 1},
    {2, 1, 1, 1025, 150, 1, 1, 0, 0, 1},  {1, 7, 7, 64, 64, 3, 1, 1, 1, 1},
    {1, 9, 9, 40, 70, 3, 2, 1, 1, 1},     {1, 40, 37, 1, 8, 3, 1, 1, 1, 1},
    {1, 33, 70, 1, 4, 7, 1, 3, 3, 1},     {2, 32, 32, 3, 20, 8, 2, 0, 0, 1},
    {1, 20, 20, 1, 5, 2, 1, 0, 1, 1},     {18, 9, 9, 3, 24, 5, 2, 2, 2, 1},
    {1, 6, 6, 8, 1200, 3, 1, 1, 1, 1},    {1, 12, 12, 4, 8, 12, 1, 0, 0, 1},
    {1, 26, 25, 10, 100, 3, 1, 1, 1, 1},  {5, 14, 14, 1, 6, 9, 3, 4, 4, 1},
    {2, 28, 30, 33, 33, 3, 1, 1, 1, 33},  {2, 41, 40, 40, 40, 3, 2, 0, 1, 40},
    {2, 24, 25, 24, 24, 5, 1, 2, 2, 24},  {2, 39, 25, 17, 51, 3, 1, 1, 1, 17},
    {2, 60, 60, 20, 40, 4, 3, 1, 2, 20},  {1, 1, 9000, 24, 48, 1, 1, 0, 0, 24},
    {1, 4, 4000, 16, 16, 3, 1, 1, 1, 16}, {9, 7, 7, 200, 200, 3, 1, 1, 1, 200},
};

static conv_case fixed_case(size_t index, test_random *random)
{
    stria_conv_shape shape = conv_case_dense(fixed_shapes[index].channels, fixed_shapes[index].filters);
    shape.groups = fixed_shapes[index].groups;
    conv_case_axis(&shape, 1, fixed_shapes[index].height, fixed_shapes[index].kernel,
                   fixed_shapes[index].stride, 1, fixed_shapes[index].before, fixed_shapes[index].after);
    conv_case_axis(&shape, 2, fixed_shapes[index].width, fixed_shapes[index].kernel,
                   fixed_shapes[index].stride, 1, fixed_shapes[index].before, fixed_shapes[index].after);
    return conv_case_create(&shape, fixed_shapes[index].batch, random);
}

static void test_fixed_shapes(void **state)
{
    (void)state;
    test_random random = {1};
    for (size_t i = 0; i < COUNT_OF(fixed_shapes); i++) {
        conv_case conv = fixed_case(i, &random);
        check_case(&conv);
        conv.adds = true;
        conv.in_place = i % 2 == 0;
        conv.activation.kind = i % 3 == 0 ? STRIA_RELU6 : STRIA_LINEAR;
        check_case(&conv);
        conv.transposes = true;
        conv.in_place = !conv.in_place;
        check_case(&conv);
        conv_case_free(&conv);
    }
}

/* ---- Exact values ---- */

static void fill(guarded *memory, float value)
{
    for (size_t i = 0; i < memory->count; i++)
        memory->values[i] = value;
}

/* A residual added to the sum gives the bits that adding it afterwards gives. */
static void test_residual_is_added_last(void **state)
{
    (void)state;
    test_random random = {6};
    for (size_t i = 0; i < COUNT_OF(fixed_shapes); i++) {
        conv_case conv = fixed_case(i, &random);
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv.adds = false;
            conv_results sum = conv_case_run(&conv, &kernels, NULL);
            for (size_t k = 0; k < sum.y.count; k++)
                sum.y.values[k] += conv.dy.values[k];
            conv.adds = true;
            for (int in_place = 0; in_place < 2; in_place++) {
                conv.in_place = in_place > 0;
                conv_results together = conv_case_run(&conv, &kernels, NULL);
                conv_case_same(&sum.y, &together.y, &conv, "y");
                conv_results_free(&together);
            }
            conv_results_free(&sum);
        }
        conv_case_free(&conv);
    }
}

/* Ones give counts of what is seen: small integers, which every order of adding gets right. */
static void test_ones_are_exact(void **state)
{
    (void)state;
    test_random random = {2};
    stria_conv_kernels definition;
    stria_ref_conv_fill(&definition);
    for (int i = 0; i < 60; i++) {
        size_t batch;
        stria_conv_shape shape = random_shape(&random, &batch);
        conv_case conv = conv_case_create(&shape, batch, &random);
        fill(&conv.x, 1);
        fill(&conv.kernel, 1);
        fill(&conv.bias, 1);
        fill(&conv.dy, 1);
        conv_results expected = conv_case_run(&conv, &definition, NULL);
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_results results = conv_case_run(&conv, &kernels, NULL);
            conv_case_same_results(&expected, &results, &conv);
            conv_results_free(&results);
        }
        conv_results_free(&expected);
        conv_case_free(&conv);
    }
}

static int kind_of(float value)
{
    return isnan(value) ? 2 : isinf(value) ? (value > 0 ? 1 : -1) : 0;
}

static void assert_same_kinds(const guarded *a, const guarded *b, const conv_case *conv, const char *what)
{
    for (size_t i = 0; i < a->count; i++) {
        if (kind_of(a->values[i]) != kind_of(b->values[i]))
            fail_msg("%s[%zu]: %g instead of %g\n%s", what, i, (double)a->values[i], (double)b->values[i],
                     conv_case_text(conv));
    }
}

/* NaN and infinity in one input reach the outputs that see it, and no others. In a kernel gradient padding
 * may count as zeros, which make NaN of what is not finite in dy: only x is tried there. */
static void test_not_finite_spreads_as_defined(void **state)
{
    (void)state;
    test_random random = {3};
    stria_conv_kernels definition;
    stria_ref_conv_fill(&definition);
    for (int i = 0; i < 120; i++) {
        size_t batch;
        stria_conv_shape shape = random_shape(&random, &batch);
        conv_case conv = conv_case_create(&shape, batch, &random);
        const float value = i % 2 == 0 ? NAN : INFINITY;
        const bool in_dy = i % 4 < 2;
        conv.activation.kind = i % 8 < 4 ? STRIA_LINEAR : STRIA_RELU6;
        conv.x.values[test_random_below(&random, (uint32_t)conv.x.count)] = value;
        if (in_dy)
            conv.dy.values[test_random_below(&random, (uint32_t)conv.dy.count)] = value;
        conv_results expected = conv_case_run(&conv, &definition, NULL);
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_results results = conv_case_run(&conv, &kernels, NULL);
            assert_same_kinds(&results.y, &expected.y, &conv, "y");
            assert_same_kinds(&results.dx, &expected.dx, &conv, "dx");
            if (!in_dy)
                assert_same_kinds(&results.dkernel, &expected.dkernel, &conv, "dkernel");
            conv_results_free(&results);
        }
        conv_results_free(&expected);
        conv_case_free(&conv);
    }
}

/* ---- Identities ---- */

static double dot(const guarded *a, const guarded *b)
{
    double sum = 0;
    for (size_t i = 0; i < a->count; i++)
        sum += (double)a->values[i] * (double)b->values[i];
    return sum;
}

/* <dy, conv(x, w)> = <input_gradient(dy, w), x> = <kernel_gradient(x, dy), w>: the three directions are
 * adjoint. Sums of some thousand terms of size 1 with relative errors of about 1e-6 each. */
static void test_adjoint(void **state)
{
    (void)state;
    test_random random = {test_seed()};
    for (int i = 0; i < 60; i++) {
        size_t batch;
        stria_conv_shape shape = random_shape(&random, &batch);
        conv_case conv = conv_case_create(&shape, batch, &random);
        conv.with_bias = false;
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_results results = conv_case_run(&conv, &kernels, NULL);
            double forward = dot(&conv.dy, &results.y), input = dot(&conv.x, &results.dx);
            double kernel = dot(&conv.kernel, &results.dkernel);
            double scale = sqrt(dot(&conv.dy, &conv.dy) * dot(&results.y, &results.y)) + 1;
            if (!(fabs(forward - input) <= 2e-5 * scale && fabs(forward - kernel) <= 2e-5 * scale))
                fail_msg("%s: %.9g, %.9g, %.9g\n%s", stria_cpu_level_name(test_levels[l]), forward, input,
                         kernel, conv_case_text(&conv));
            conv_results_free(&results);
        }
        conv_case_free(&conv);
    }
}

/* ---- Memory ---- */

static void test_smaller_batches_need_no_more(void **state)
{
    (void)state;
    test_random random = {test_seed()};
    for (int i = 0; i < 200; i++) {
        size_t batch;
        stria_conv_shape shape =
            i % 2 == 0 ? random_shape(&random, &batch) : random_depthwise(&random, &batch);
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_case_check_needs(&shape, 40, &kernels);
        }
    }
}

/* ---- Equal bits ---- */

static void test_threads_give_the_same_bits(void **state)
{
    (void)state;
    stria_pool *pools[7];
    stria_error err = {0};
    for (int t = 0; t < 7; t++)
        assert_ok(stria_pool_create(&pools[t], &stria_default_allocator, t + 2, &err), &err);
    test_random random = {4};
    for (size_t i = 0; i < COUNT_OF(fixed_shapes); i++) {
        conv_case conv = fixed_case(i, &random);
        conv.activation.kind = i % 2 == 0 ? STRIA_TANH : STRIA_RELU;
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_results serial = conv_case_run(&conv, &kernels, NULL);
            for (int t = 0; t < 7; t++) {
                conv_results threads = conv_case_run(&conv, &kernels, pools[t]);
                conv_case_same_results(&serial, &threads, &conv);
                conv_results_free(&threads);
            }
            conv_results_free(&serial);
        }
        conv_case_free(&conv);
    }
    for (int t = 0; t < 7; t++)
        stria_pool_free(pools[t]);
}

/* The pictures of a batch, computed alone. */
static void test_batches_give_the_same_bits(void **state)
{
    (void)state;
    test_random random = {5};
    for (size_t i = 0; i < COUNT_OF(fixed_shapes); i++) {
        conv_case conv = fixed_case(i, &random);
        for (size_t l = 0; l < TEST_LEVELS; l++) {
            if (!stria_cpu_level_available(test_levels[l]))
                continue;
            stria_conv_kernels kernels = conv_case_kernels(test_levels[l]);
            conv_results whole = conv_case_run(&conv, &kernels, NULL);
            for (size_t n = 0; n < conv.batch; n++) {
                conv_case one = conv_case_create(&conv.shape, 1, &random);
                memcpy(one.x.values, conv.x.values + n * one.x.count, one.x.count * sizeof(float));
                memcpy(one.dy.values, conv.dy.values + n * one.dy.count, one.dy.count * sizeof(float));
                memcpy(one.kernel.values, conv.kernel.values, one.kernel.count * sizeof(float));
                memcpy(one.bias.values, conv.bias.values, one.bias.count * sizeof(float));
                conv_results alone = conv_case_run(&one, &kernels, NULL);
                guarded y = {.values = whole.y.values + n * alone.y.count, .count = alone.y.count};
                guarded dx = {.values = whole.dx.values + n * alone.dx.count, .count = alone.dx.count};
                conv_case_same(&y, &alone.y, &conv, "y");
                conv_case_same(&dx, &alone.dx, &conv, "dx");
                conv_results_free(&alone);
                conv_case_free(&one);
            }
            conv_results_free(&whole);
        }
        conv_case_free(&conv);
    }
}

/* Instruction sets with fused multiply-adds differ in the width of their vectors only. */
static void test_instruction_sets_give_the_same_bits(void **state)
{
    (void)state;
    if (!stria_cpu_level_available(STRIA_CPU_AVX512)) {
        print_message("this CPU has one instruction set with fused multiply-adds\n");
        return;
    }
    stria_conv_kernels wide = conv_case_kernels(STRIA_CPU_AVX512), narrow = conv_case_kernels(STRIA_CPU_AVX2);
    test_random random = {test_seed()};
    for (size_t i = 0; i < COUNT_OF(fixed_shapes) + 100; i++) {
        size_t batch;
        stria_conv_shape shape = random_shape(&random, &batch);
        conv_case conv =
            i < COUNT_OF(fixed_shapes) ? fixed_case(i, &random) : conv_case_create(&shape, batch, &random);
        conv.activation.kind = STRIA_RELU;
        conv_results a = conv_case_run(&conv, &wide, NULL), b = conv_case_run(&conv, &narrow, NULL);
        conv_case_same(&a.y, &b.y, &conv, "y");
        conv_case_same(&a.dx, &b.dx, &conv, "dx");
        conv_case_same(&a.dkernel, &b.dkernel, &conv, "dkernel");
        conv_results_free(&a);
        conv_results_free(&b);
        conv_case_free(&conv);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_shapes),
        cmocka_unit_test(test_depthwise_shapes),
        cmocka_unit_test(test_fixed_shapes),
        cmocka_unit_test(test_residual_is_added_last),
        cmocka_unit_test(test_ones_are_exact),
        cmocka_unit_test(test_not_finite_spreads_as_defined),
        cmocka_unit_test(test_adjoint),
        cmocka_unit_test(test_smaller_batches_need_no_more),
        cmocka_unit_test(test_threads_give_the_same_bits),
        cmocka_unit_test(test_batches_give_the_same_bits),
        cmocka_unit_test(test_instruction_sets_give_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

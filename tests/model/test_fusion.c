/* Layers that run as one step: which do and which must not, and that nobody can tell by the numbers. Plans
 * with separate_layers are what the others are compared with. Sums and activations give the same bits either
 * way; a batch normalisation that is folded into a kernel rounds elsewhere. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/random.h"
#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"
#include "tensor/shape.h"

static stria_plan *plan_with(stria_model *model, stria_plan_options options, int separate)
{
    stria_plan *plan = NULL;
    stria_error err = {0};
    options.separate_layers = separate;
    assert_ok(stria_plan_create(&plan, model, &options, &err), &err);
    return plan;
}

static void run(stria_plan *plan, const float *x, int64_t batch)
{
    stria_error err = {0};
    const float *inputs[2] = {x, x};
    assert_ok(stria_plan_run(plan, inputs, batch, &err), &err);
}

static void backward(stria_plan *plan, const float *dy)
{
    stria_error err = {0};
    const float *gradients[3] = {dy, dy, dy};
    assert_ok(stria_plan_backward(plan, gradients, &err), &err);
}

static size_t count_of(const stria_shape *shape)
{
    return (size_t)stria_shape_elements(shape);
}

/* Numbers of their own for every tensor but kernels: what a fresh model has, zeros and ones, would hide
 * mistakes. */
static void scatter_parameters(stria_model *model, uint64_t seed)
{
    stria_error err = {0};
    stria_tensor_info info;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++) {
        if (strstr(info.name, "/kernel") != NULL)
            continue;
        float *values = draw_normals(seed + t, (size_t)info.count);
        for (int64_t i = 0; i < info.count; i++) {
            if (strstr(info.name, "variance") != NULL)
                values[i] = 0.5F + fabsf(values[i]);
            else if (strstr(info.name, "gamma") != NULL)
                values[i] = 1 + 0.3F * values[i];
        }
        assert_ok(stria_model_set_tensor(model, info.name, values, (size_t)info.count, &err), &err);
        free(values);
    }
}

/* ---- Which layers run as one step ---- */

/* What the plan says of each layer: the layer whose step it is in; layers that are not listed are steps of
 * their own. */
static const struct {
    const char *name, *text, *inference, *training;
} patterns[] = {
    {"resnet",
     "input 6x6x12\nc = conv2d 12 3 same use_bias=no\nb = batchnorm\nr = relu\nc2 = conv2d 12 3 same\n"
     "b2 = batchnorm\na = add(b2, r)\nr2 = relu\nglobal_avgpool2d\n",
     "b:c r:c b2:c2 a:c2 r2:c2", "r:b r2:a"},
    {"mobilenet",
     "input 6x6x12\nd = depthwise_conv2d 3 same use_bias=no\nb = batchnorm\nr = relu max_value=6\n"
     "p = conv2d 12 1 use_bias=no\nb2 = batchnorm\na = add(input_layer, b2)\nglobal_avgpool2d\n",
     "b:d r:d b2:p a:p", "r:b"},
    {"two branches",
     "input 6x6x12\nc = conv2d 12 3 same\nb = batchnorm\nc2 = conv2d(input_layer) 12 1\nb2 = batchnorm\n"
     "a = add(b, b2)\nr = leaky_relu\nflatten\n",
     "b:c b2:c2 a:c2 r:c2", "r:a"},
    {"the later branch is there too late",
     "input 6x6x12\nc = conv2d 12 3 same\np = maxpool2d(input_layer) 3 1 same\na = add(c, p)\nr = "
     "relu\nflatten\n",
     "r:a", "r:a"},
    {"activations", "input 8\nd = dense 8\nt = tanh\nd2 = dense 8\ns = silu\nd3 = dense 4\nsm = softmax\n",
     "t:d s:d2", "t:d s:d2"},
    {"own activations end it", "input 8\nd = dense 8 relu\nb = batchnorm\nr = relu\ndense 2\n", "r:b", "r:b"},
    {"one activation only", "input 8\nd = dense 8\nt = tanh\nr = relu\ndense 2\n", "t:d", "t:d"},
    {"one batch normalisation", "input 8\nd = dense 8\nb = batchnorm\nb2 = batchnorm\nr = relu\ndense 2\n",
     "b:d r:b2", "r:b2"},
    {"one sum",
     "input 8\nd = dense 8\na = add(d, input_layer)\na2 = add(a, input_layer)\nb = batchnorm\ndense 2\n",
     "a:d", ""},
    {"no batch normalisation behind a sum",
     "input 8\nd = dense 8\na = add(d, input_layer)\nb = batchnorm\nr = relu\ndense 2\n", "a:d r:b", "r:b"},
    {"twice the same", "input 8\nd = dense 8\na = add(d, d)\nr = relu\ndense 2\n", "r:a", "r:a"},
    {"sums of three",
     "input 8\nd = dense 8\ne = dense(input_layer) 8\na = add(d, e, input_layer)\nr = relu\ndense 2\n", "r:a",
     "r:a"},
    {"read by two", "input 8\nd = dense 8\nr = relu(d)\nb = batchnorm(d)\nadd(r, b)\n", "", ""},
    {"an output between", "input 8\nd = dense 8\nb = batchnorm\nr = relu\noutput(b, r)\n", "b:d", ""},
    {"an output at the end", "input 8\nd = dense 8\nb = batchnorm\nr = relu\n", "b:d r:d", "r:b"},
    {"derivatives by the input",
     "input 8\nb = batchnorm\ng = activation gelu\na = add(g, input_layer)\n"
     "s = silu\ndense 2\n",
     "g:b s:a", ""},
    {"batch normalisation before", "input 6x6x3\nb = batchnorm\nc = conv2d 4 3\nr = relu\nflatten\n", "r:c",
     "r:c"},
};
#define PATTERNS (sizeof patterns / sizeof patterns[0])

static void check_steps(const stria_plan *plan, const char *expected, const char *pattern)
{
    stria_step_info info;
    for (size_t i = 0; stria_plan_step(plan, i, &info); i++) {
        char entry[64], kernel[64];
        snprintf(entry, sizeof entry, "%s:%s", info.layer, info.within);
        snprintf(kernel, sizeof kernel, "in %s", info.within);
        /* Whole words of the list. */
        const char *at = strstr(expected, entry);
        while (at != NULL &&
               ((at != expected && at[-1] != ' ') || (at[strlen(entry)] != ' ' && at[strlen(entry)] != '\0')))
            at = strstr(at + 1, entry);
        const bool taken = strcmp(info.layer, info.within) != 0;
        if (taken != (at != NULL))
            fail_msg("%s: %s is in the step of %s; expected: %s", pattern, info.layer, info.within, expected);
        if (taken && !info.backward)
            assert_string_equal(info.kernel, kernel);
        if (!taken)
            assert_true(strncmp(info.kernel, "in ", 3) != 0);
    }
    size_t entries = strlen(expected) > 0;
    for (const char *at = expected; *at != '\0'; at++)
        entries += *at == ' ';
    for (size_t i = 0; stria_plan_step(plan, i, &info) && !info.backward; i++)
        entries -= strcmp(info.layer, info.within) != 0;
    assert_int_equal(entries, 0);
}

static void test_patterns(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < PATTERNS; i++) {
        stria_model *model = parse_model(test.context, patterns[i].text);
        for (int mode = STRIA_MODE_INFERENCE; mode <= STRIA_MODE_TRAINING; mode++) {
            const stria_plan_options options = {.mode = (stria_mode)mode, .batch = 3};
            stria_plan *plan = plan_with(model, options, 0), *separate = plan_with(model, options, 1);
            check_steps(plan, mode == STRIA_MODE_TRAINING ? patterns[i].training : patterns[i].inference,
                        patterns[i].name);
            check_steps(separate, "", patterns[i].name);
            stria_plan_free(plan);
            stria_plan_free(separate);
        }
        stria_model_free(model);
    }
    test_context_close(&test);
}

/* ---- The same numbers ---- */

/* Folding rounds every weight once more and adds in another order: some units of 2^-24 of the largest number,
 * more where the batch normalisation stretches what nearly cancels. */
static void expect_near(const float *got, const float *want, size_t count, const char *what, const char *text)
{
    float largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(want[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-5F * largest))
            fail_msg("%s[%zu] is %.9g, separate %.9g, the largest %g:\n%s", what, i, (double)got[i],
                     (double)want[i], (double)largest, text);
}

static void expect_same(const float *got, const float *want, size_t count, const char *what, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&got[i], &want[i], sizeof *got) != 0)
            fail_msg("%s[%zu] is %.9g, separate %.9g:\n%s", what, i, (double)got[i], (double)want[i], text);
}

/* A network of pictures 5x4x12 that joins and forks at random, rich in what can be fused and in what only
 * looks so. */
static void write_graph(uint32_t seed, bool normalises, char *text, size_t size)
{
    static const char *const functions[] = {"relu", "relu max_value=6", "leaky_relu 0.3", "tanh", "silu",
                                            "elu"};
    const stria_random_key key = {.seed = seed, .purpose = STRIA_RANDOM_DATA, .layer = 11};
    size_t at = (size_t)snprintf(text, size, "n0 = input 5x4x12\n");
    const unsigned last = 16;
    for (unsigned n = 1; n <= last; n++) {
        uint32_t w[4];
        stria_random_block(&key, n, w);
        /* Mostly the newest, so that the graph is deep. */
        unsigned a = w[0] % 8 != 0 ? n - 1 : w[1] % n, b = w[2] % n;
        unsigned choice = w[3] % 13;
        const char *function = functions[w[1] % 6];
        char *to = text + at;
        size_t room = size - at;
        int length;
        if (choice < 3)
            length =
                snprintf(to, room, "n%u = conv2d(n%u) 12 3 same%s\n", n, a, w[2] % 2 ? " use_bias=no" : "");
        else if (choice < 4)
            length = snprintf(
                to, room, w[2] % 2 ? "n%u = dense(n%u) 12\n" : "n%u = depthwise_conv2d(n%u) 3 same\n", n, a);
        else if (choice < 6)
            length = snprintf(to, room, normalises ? "n%u = batchnorm(n%u)\n" : "n%u = relu(n%u)\n", n, a);
        else if (choice < 9)
            length = snprintf(to, room, "n%u = add(n%u, n%u)\n", n, a, b);
        else if (choice < 11)
            length = snprintf(to, room, "n%u = %.*s(n%u)%s\n", n, (int)strcspn(function, " "), function, a,
                              function + strcspn(function, " "));
        else if (choice < 12)
            length = snprintf(to, room, "n%u = add(n%u, n%u, n%u)\n", n, a, b, b);
        else
            length = snprintf(to, room, "n%u = maxpool2d(n%u) 3 1 same\n", n, a);
        at += (size_t)length;
        assert_true(at < size);
    }
    snprintf(text + at, size - at, "v = flatten(n%u)\nw = dense(v) 12\noutput(w, n%u, n%u)\n", last,
             last - 3 - seed % 5, last - 1);
}

#define SAMPLE 240
#define BATCH  4

static const char *const kept[] = {"n5", "n9"};

typedef struct graph {
    const char *text;
    bool exact;        /* nothing is folded */
    size_t keep_count; /* of kept[] */
    const char *frozen;
} graph;

static void compare_outputs(stria_plan *const plans[2], const stria_model *model, size_t batch, bool exact,
                            const char *text)
{
    for (size_t o = 0; o < stria_model_output_count(model); o++)
        (exact ? expect_same : expect_near)(stria_plan_output(plans[0], o), stria_plan_output(plans[1], o),
                                            batch * count_of(stria_model_output_shape(model, o)), "output",
                                            text);
}

/* Inference of the whole batch and of one sample. Returns how many layers have no step of their own. */
static size_t check_inference(const graph *g, stria_model *model, const float *x)
{
    const stria_plan_options options = {.batch = BATCH, .keep = kept, .keep_count = g->keep_count};
    stria_plan *plans[2] = {plan_with(model, options, 0), plan_with(model, options, 1)};
    stria_step_info info;
    size_t taken = 0;
    for (size_t i = 0; stria_plan_step(plans[0], i, &info); i++)
        taken += strcmp(info.layer, info.within) != 0;
    for (int64_t batch = BATCH; batch > 0; batch -= 3) {
        run(plans[0], x, batch);
        run(plans[1], x, batch);
        compare_outputs(plans, model, (size_t)batch, g->exact, g->text);
        for (size_t k = 0; k < g->keep_count; k++)
            expect_near(stria_plan_value(plans[0], kept[k]), stria_plan_value(plans[1], kept[k]),
                        (size_t)batch * SAMPLE, kept[k], g->text);
    }
    stria_plan_free(plans[0]);
    stria_plan_free(plans[1]);
    return taken;
}

/* Steps of training with the whole batch and with half. Statistics move with every run, so each plan has a
 * model of its own. */
static void check_training(const graph *g, stria_model *const models[2], const float *x, const float *dy)
{
    const stria_plan_options options = {.mode = STRIA_MODE_TRAINING,
                                        .batch = BATCH,
                                        .keep = kept,
                                        .keep_count = g->keep_count,
                                        .input_gradients = 1};
    stria_plan *plans[2] = {plan_with(models[0], options, 0), plan_with(models[1], options, 1)};
    for (int64_t batch = BATCH; batch > 0; batch -= 2) {
        for (size_t p = 0; p < 2; p++) {
            run(plans[p], x, batch);
            backward(plans[p], dy);
        }
        compare_outputs(plans, models[0], (size_t)batch, true, g->text);
        expect_same(stria_plan_input_gradient(plans[0], 0), stria_plan_input_gradient(plans[1], 0),
                    (size_t)batch * SAMPLE, "input gradient", g->text);
        stria_tensor_info tensor;
        for (size_t t = 0; stria_model_tensor(models[0], t, &tensor); t++) {
            const float *got = stria_plan_tensor_gradient(plans[0], t);
            const float *want = stria_plan_tensor_gradient(plans[1], t);
            assert_int_equal(got == NULL, want == NULL);
            if (got != NULL)
                expect_same(got, want, (size_t)tensor.count, tensor.name, g->text);
            expect_same(stria_model_tensor_data(models[0], t), stria_model_tensor_data(models[1], t),
                        (size_t)tensor.count, tensor.name, g->text);
        }
    }
    stria_plan_free(plans[0]);
    stria_plan_free(plans[1]);
}

static size_t check_graph(const test_context *test, const graph *g, uint64_t seed)
{
    stria_model *models[2] = {parse_model(test->context, g->text), parse_model(test->context, g->text)};
    float *x = draw_normals(seed, BATCH * SAMPLE), *dy = draw_normals(seed + 1, BATCH * SAMPLE);
    stria_error err = {0};
    for (size_t m = 0; m < 2; m++) {
        scatter_parameters(models[m], seed);
        if (g->frozen != NULL)
            assert_ok(stria_model_freeze(models[m], g->frozen, &err), &err);
    }
    size_t taken = check_inference(g, models[0], x);
    check_training(g, models, x, dy);
    stria_model_free(models[0]);
    stria_model_free(models[1]);
    free(x);
    free(dy);
    return taken;
}

static void test_random_graphs(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    size_t taken = 0;
    for (uint32_t seed = 0; seed < 500; seed++) {
        char text[2048];
        const bool normalises = seed % 3 != 0;
        write_graph(seed, normalises, text, sizeof text);
        const graph g = {.text = text,
                         .exact = !normalises,
                         .keep_count = seed % 3,
                         .frozen = seed % 4 == 1 ? "n1,n2,n3,n7,n8,n11,w" : NULL};
        taken += check_graph(&test, &g, seed);
    }
    assert_true(taken > 700); /* the graphs are worth the name */
    test_context_close(&test);
}

/* What random graphs hardly ever have. */
static void test_places_that_are_shared(void **state)
{
    (void)state;
    static const char *const texts[] = {
        /* The residual is the convolution's own input, which is read without a copy: the output must not
         * replace it. */
        "input 5x4x12\nm = conv2d 12 3 same relu\nn = conv2d 12 3 same dilation_rate=2\na = add(n, m)\n"
        "r = relu\nflatten\n",
        /* It is read by a view that is read later. */
        "input 5x4x12\nm = conv2d 12 3 same\nv = activation(m) linear\nn = conv2d(input_layer) 12 3 same\n"
        "a = add(n, m)\nb = add(a, v)\n",
        /* It may be replaced, twice in a row. */
        "input 5x4x12\nm = conv2d 12 3 same\nn = conv2d(input_layer) 12 3 same\na = add(n, m)\n"
        "o = conv2d(input_layer) 12 3 same\nb = add(a, o)\nc = conv2d 12 1\n",
        /* Two branches of a sum share its gradient, but one writes over its own before the other has read it.
         */
        "input 5x4x12\nb = batchnorm\nt = conv2d(input_layer) 12 3 same tanh\nr = relu(b)\na = add(t, r)\n"
        "conv2d 12 1\n",
        /* The maximum does the derivative of the relu before it, but not where another layer or the caller
         * reads that. */
        "input 5x4x12\nc = conv2d 12 3 same relu\nm = maxpool2d 3 1 same\nd = conv2d 12 3 same\nr = relu "
        "max_value=6\n"
        "n = minpool2d 2\ne = dense 12 relu\no = maxpool2d 2 1\noutput(o, m)\n",
        "input 5x4x12\nc = conv2d 12 3 same relu\nm = maxpool2d 2\nd = conv2d(input_layer) 12 3 same relu\n"
        "n = maxpool2d 2\ne = conv2d(d) 12 3 2 same tanh\nf = maxpool2d(e) 1\ng = dense(n) 12\noutput(c, m, "
        "g)\n",
        "input 5x4x12\nc = conv2d 12 3 same relu\nl = global_maxpool2d\nd = conv2d(input_layer) 12 3 same "
        "relu\n"
        "m = adaptive_maxpool2d 3\ne = conv2d(input_layer) 12 3 same relu\nn = global_minpool2d\n"
        "output(l, m, n)\n",
        /* The sum of sums, and of a model's input. */
        "input 5x4x12\nb = batchnorm\na = add(b, input_layer)\nr = relu\nc = conv2d 12 3 same\n"
        "d = add(c, a)\ne = add(d, r)\nf = tanh\n",
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (uint64_t seed = 0; seed < 3; seed++)
            check_graph(&test, &(graph){.text = texts[i], .exact = strstr(texts[i], "conv2d 12 3") != NULL},
                        seed);
    test_context_close(&test);
}

/* ---- Parameters that change ---- */

static const char residual_block[] = "input 5x4x12\nc = conv2d 12 3 same use_bias=no\nb = batchnorm\nr = "
                                     "relu max_value=6\nd = conv2d 12 3 same\n"
                                     "e = batchnorm scale=no\na = add(e, r)\ns = activation silu\n";

static void test_refresh_folds_afresh(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, residual_block);
    float *x = draw_normals(1, BATCH * SAMPLE);
    const stria_plan_options options = {.batch = BATCH};
    stria_plan *plans[2] = {plan_with(model, options, 0), plan_with(model, options, 1)};
    stria_tensor_info info;
    for (uint64_t seed = 5; seed < 8; seed++) {
        stria_error err = {0};
        assert_ok(stria_model_initialize(model, seed, &err), &err);
        scatter_parameters(model, seed);
        float before[1 << 12];
        size_t at = 0;
        for (size_t t = 0; stria_model_tensor(model, t, &info); at += (size_t)info.count, t++) {
            assert_true(at + (size_t)info.count <= sizeof before / sizeof before[0]);
            memcpy(before + at, stria_model_tensor_data(model, t), (size_t)info.count * sizeof(float));
        }
        stria_plan_refresh(plans[0]);
        stria_plan_refresh(plans[1]);
        run(plans[0], x, BATCH);
        run(plans[1], x, BATCH);
        compare_outputs(plans, model, BATCH, false, residual_block);
        stria_plan *fresh = plan_with(model, options, 0);
        run(fresh, x, BATCH);
        expect_same(stria_plan_output(plans[0], 0), stria_plan_output(fresh, 0), BATCH * SAMPLE, "output",
                    residual_block);
        stria_plan_free(fresh);
        /* Folding leaves the model's own tensors alone. */
        at = 0;
        for (size_t t = 0; stria_model_tensor(model, t, &info); at += (size_t)info.count, t++)
            assert_memory_equal(before + at, stria_model_tensor_data(model, t),
                                (size_t)info.count * sizeof(float));
    }
    stria_plan_free(plans[0]);
    stria_plan_free(plans[1]);
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

/* ---- Gradients by differences ---- */

static double weighted_sum(stria_plan *plan, const float *x, const float *dy, size_t count)
{
    run(plan, x, BATCH);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)stria_plan_output(plan, 0)[i] * (double)dy[i];
    return sum;
}

/* Smooth functions behind each kind of host, and corners of leaky_relu that are hardly any: a step along a
 * random direction of the input changes the sum as its gradient says. */
static void test_gradients_by_differences(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "input 5x4x12\nc = conv2d 12 3 same\nt = activation softplus\nd = dense 12\ns = silu\n",
        "input 5x4x12\nb = batchnorm\nt = tanh\nc = conv2d 12 3 same\nd = batchnorm\nl = leaky_relu 0.95\n",
        ("input 5x4x12\nb = batchnorm\nc = conv2d 12 3 same\nd = batchnorm\na = add(b, d)\nt = sigmoid\n"
         "e = add(t, b, t)\n"),
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        stria_model *model = parse_model(test.context, texts[i]);
        scatter_parameters(model, i);
        float *x = draw_normals(1, BATCH * SAMPLE), *dy = draw_normals(2, BATCH * SAMPLE),
              *step = draw_normals(3, BATCH * SAMPLE);
        float *moved = draw_normals(4, BATCH * SAMPLE);
        stria_plan *plan = plan_with(
            model, (stria_plan_options){.mode = STRIA_MODE_TRAINING, .batch = BATCH, .input_gradients = 1},
            0);
        run(plan, x, BATCH);
        backward(plan, dy);
        double slope = 0, sums[2], size = 0;
        for (size_t k = 0; k < BATCH * SAMPLE; k++) {
            slope += (double)stria_plan_input_gradient(plan, 0)[k] * (double)step[k];
            size += pow((double)stria_plan_input_gradient(plan, 0)[k], 2);
        }
        for (int side = 0; side < 2; side++) {
            for (size_t k = 0; k < BATCH * SAMPLE; k++)
                moved[k] = x[k] + (side == 0 ? -0.005F : 0.005F) * step[k];
            sums[side] = weighted_sum(plan, moved, dy, BATCH * SAMPLE);
        }
        /* The slope is about the length of the gradient; steps of 0.005 bend by some 1e-4 of it, corners
         * of slope 1 and 0.95 by less than 1e-3. */
        double difference = (sums[1] - sums[0]) / 0.01;
        if (!(fabs(difference - slope) <= 5e-3 * sqrt(size)))
            fail_msg("slope %.6g, by differences %.6g, gradient of length %.3g:\n%s", slope, difference,
                     sqrt(size), texts[i]);
        stria_plan_free(plan);
        stria_model_free(model);
        free(x);
        free(dy);
        free(step);
        free(moved);
    }
    test_context_close(&test);
}

/* ---- Memory ---- */

static uint64_t activations_of(const stria_plan *plan)
{
    stria_plan_memory memory;
    stria_plan_memory_use(plan, &memory);
    return memory.activations;
}

/* The block writes its output over r, which nobody reads any more: two pictures are alive at a time, with
 * separate layers three. */
static void test_memory(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model =
        parse_model(test.context, "input 5x4x12\nr = conv2d 12 3 same relu\nc = conv2d 12 3 same relu\n"
                                  "d = conv2d 12 3 same\nb = batchnorm\na = add(b, r)\ns = relu\n"
                                  "e = conv2d 12 3 same relu\nflatten\ndense 1\n");
    stria_plan_options options = {.batch = BATCH};
    stria_plan *plan = plan_with(model, options, 0), *separate = plan_with(model, options, 1);
    assert_int_equal(activations_of(plan), 2 * BATCH * SAMPLE * sizeof(float));
    assert_int_equal(activations_of(separate), 3 * BATCH * SAMPLE * sizeof(float));
    stria_plan_free(plan);
    stria_plan_free(separate);
    options.mode = STRIA_MODE_TRAINING;
    plan = plan_with(model, options, 0);
    separate = plan_with(model, options, 1);
    assert_true(activations_of(plan) <= activations_of(separate));
    stria_plan_free(plan);
    stria_plan_free(separate);
    stria_model_free(model);
    test_context_close(&test);
}

/* ---- Threads ---- */

#define WIDE_BATCH 3

/* Large enough to be cut into several tasks. */
static const char wide_block[] =
    "input 20x20x24\nc = conv2d 24 3 same use_bias=no\nb = batchnorm\nr = relu\nd = conv2d 24 3 same\n"
    "e = batchnorm\na = add(e, r)\ns = relu\np = conv2d(s) 24 1\nt = tanh\nglobal_avgpool2d\ndense 4\n";

static void step_on(int threads, const float *x, const float *dy, float *out)
{
    test_context test;
    test_context_open(&test, threads, NULL);
    stria_model *model = parse_model(test.context, wide_block);
    stria_plan_options options = {.batch = WIDE_BATCH};
    stria_plan *plan = plan_with(model, options, 0);
    run(plan, x, WIDE_BATCH);
    memcpy(out, stria_plan_output(plan, 0), 12 * sizeof *out);
    stria_plan_free(plan);
    options.mode = STRIA_MODE_TRAINING;
    options.input_gradients = 1;
    plan = plan_with(model, options, 0);
    run(plan, x, WIDE_BATCH);
    backward(plan, dy);
    memcpy(out + 12, stria_plan_output(plan, 0), 12 * sizeof *out);
    memcpy(out + 24, stria_plan_input_gradient(plan, 0), WIDE_BATCH * 9600 * sizeof *out);
    stria_plan_free(plan);
    stria_model_free(model);
    test_context_close(&test);
}

static void test_threads_give_the_same_bits(void **state)
{
    (void)state;
    const size_t count = 24 + WIDE_BATCH * 9600;
    float *x = draw_normals(1, WIDE_BATCH * 9600), *dy = draw_normals(2, 12), *one = draw_normals(3, count),
          *more = draw_normals(4, count);
    step_on(1, x, dy, one);
    for (int threads = 2; threads <= 4; threads++) {
        step_on(threads, x, dy, more);
        expect_same(more, one, count, "number", wide_block);
    }
    free(x);
    free(dy);
    free(one);
    free(more);
}

/* ---- A few samples at a time ---- */

/* Pictures of a fifth of a megabyte and more, of which a second cache holds a few: convolutions and pooling
 * run picture by picture or by twos, the dense layers with their weights for the batch. */
static const char large_text[] =
    "input 64x64x12\nc = conv2d 12 3 same relu\np = maxpool2d 2\nd = conv2d 24 3 same\ne = conv2d 24 3 same\n"
    "a = add(e, d)\nr = relu\nf = conv2d(r) 24 1\ns = add(f, d)\nv = flatten(s)\ng = dense 40\nh = tanh\n"
    "k = conv2d(input_layer) 12 1 2\ni = add(p, k)\nj = relu(p)\noutput(h, i, r, j)\n";

#define LARGE       (64 * 64 * 12)
#define LARGE_BATCH 9

static void test_groups_of_samples(void **state)
{
    (void)state;
    static const char *const keep[] = {"p", "f"};
    float *x = draw_normals(1, LARGE_BATCH * LARGE);
    for (int threads = 1; threads <= 2; threads++) {
        test_context test;
        test_context_open(&test, threads, NULL);
        stria_model *model = parse_model(test.context, large_text);
        for (size_t kept_layers = 0; kept_layers <= 2; kept_layers++) {
            const stria_plan_options options = {
                .batch = LARGE_BATCH, .keep = keep, .keep_count = kept_layers};
            stria_plan *plans[2] = {plan_with(model, options, 0), plan_with(model, options, 1)};
            stria_step_info info;
            size_t few = 0;
            for (size_t i = 0; stria_plan_step(plans[0], i, &info); i++) {
                few += info.samples < LARGE_BATCH;
                if (strcmp(info.layer, "c") == 0 || strcmp(info.layer, "p") == 0)
                    assert_in_range(info.samples, 1, 3 * threads);
                if (strcmp(info.layer, "g") == 0)
                    assert_int_equal(info.samples, LARGE_BATCH);
            }
            assert_true(few >= 3);
            for (size_t i = 0; stria_plan_step(plans[1], i, &info); i++)
                assert_int_equal(info.samples, LARGE_BATCH);
            if (threads == 1 && kept_layers < 2)
                assert_true(activations_of(plans[0]) < activations_of(plans[1]));
            for (int64_t batch = LARGE_BATCH; batch > 0; batch -= 2) {
                run(plans[0], x, batch);
                run(plans[1], x, batch);
                compare_outputs(plans, model, (size_t)batch, true, large_text);
                for (size_t k = 0; k < kept_layers; k++)
                    expect_same(stria_plan_value(plans[0], keep[k]), stria_plan_value(plans[1], keep[k]),
                                (size_t)batch * count_of(stria_plan_shape(plans[0], keep[k])), keep[k],
                                large_text);
            }
            stria_plan_free(plans[0]);
            stria_plan_free(plans[1]);
        }
        stria_model_free(model);
        test_context_close(&test);
    }
    free(x);
}

/* The first layer is named, also when only the last sample shows it. */
static void test_first_nonfinite_of_groups(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, large_text);
    stria_error err = {0};
    float *x = draw_normals(1, LARGE_BATCH * LARGE), bias[24] = {0};
    stria_plan *plan = plan_with(model, (stria_plan_options){.batch = LARGE_BATCH}, 0);
    run(plan, x, LARGE_BATCH);
    assert_null(stria_plan_first_nonfinite(plan));
    bias[7] = INFINITY;
    assert_ok(stria_model_set_tensor(model, "f/bias", bias, 24, &err), &err);
    stria_plan_refresh(plan);
    run(plan, x, LARGE_BATCH);
    assert_string_equal(stria_plan_first_nonfinite(plan), "f");
    float *last = x + (LARGE_BATCH - 1) * LARGE;
    for (size_t i = 0; i < LARGE; i++)
        last[i] = last[i] > 0 ? 3e38F : -3e38F; /* sums of some of them overflow */
    run(plan, x, LARGE_BATCH);
    assert_string_equal(stria_plan_first_nonfinite(plan), "c");
    last[5] = NAN;
    run(plan, x, LARGE_BATCH);
    assert_string_equal(stria_plan_first_nonfinite(plan), "input_layer");
    stria_plan_free(plan);
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

/* ---- NaN ---- */

/* Of layers in one step the first is named: what is wrong shows at the end of the step only. */
static void test_first_nonfinite_names_the_step(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, residual_block);
    stria_error err = {0};
    float *x = draw_normals(1, BATCH * SAMPLE), beta[12] = {0, NAN};
    stria_plan *plans[2] = {plan_with(model, (stria_plan_options){.batch = BATCH}, 0),
                            plan_with(model, (stria_plan_options){.batch = BATCH}, 1)};
    for (int p = 0; p < 2; p++) {
        run(plans[p], x, BATCH);
        assert_null(stria_plan_first_nonfinite(plans[p]));
    }
    assert_ok(stria_model_set_tensor(model, "e/beta", beta, 12, &err), &err);
    for (int p = 0; p < 2; p++) {
        stria_plan_refresh(plans[p]);
        run(plans[p], x, BATCH);
        assert_string_equal(stria_plan_first_nonfinite(plans[p]), p == 0 ? "d" : "e");
        stria_plan_free(plans[p]);
    }
    stria_model_free(model);
    free(x);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_places_that_are_shared),
        cmocka_unit_test(test_refresh_folds_afresh),
        cmocka_unit_test(test_gradients_by_differences),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_threads_give_the_same_bits),
        cmocka_unit_test(test_groups_of_samples),
        cmocka_unit_test(test_first_nonfinite_names_the_step),
        cmocka_unit_test(test_first_nonfinite_of_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

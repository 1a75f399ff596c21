/* Layers that are used again and wrappers against Keras: outputs in inference, then one step of training with
 * its output, the gradients, and the parameters it leaves. Numbers: tests/golden/graphs/make_graphs.py. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/context.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/npy.h"
#include "support/check.h"
#include "support/test_context.h"

#define FOLDER         STRIA_TEST_DATA "/golden/graphs"
#define OUTPUT_SHARE   1e-5
#define GRADIENT_SHARE 1e-4
#define BATCH          3

static const struct {
    const char *name, *text;
} cases[] = {
    {"siamese", "a = input 6x6x2\nb = input 6x6x2\n"
                "f = conv2d(a) 3 3 tanh\nn = batchnorm\nflatten\ng = dense 4 tanh\n"
                "f(b)\nn2 = n(conv2d)\nfb = flatten(n2)\nh = g(fb)\n"
                "concat(g, h)\nlast = dense 2"},
    {"time_distributed_conv2d", "input 3x6x5x2\nw = time_distributed conv2d 4 3 2 relu"},
    {"time_distributed_dense", "input 4x5\nw = time_distributed dense 3 tanh"},
    {"time_distributed_maxpool2d", "input 2x5x5x2\nw = time_distributed maxpool2d 2"},
    {"spectral_normalization_dense", "input 5\nw = spectral_normalization dense 3 tanh"},
    {"spectral_normalization_conv2d", "input 5x4x2\nw = spectral_normalization conv2d 4 3 same"},
};

typedef struct archive {
    stria_context *context;
    const char *name;
    void *bytes;
    stria_npz *npz;
} archive;

/* A member as floats that the caller frees. */
static float *read_member(const archive *a, const char *key, size_t *count)
{
    stria_npy array;
    void *memory = NULL;
    stria_error err = {0};
    assert_ok(stria_npz_read(a->npz, key, 1 << 24, &array, &memory, &err), &err);
    float *values = malloc((array.count + 1) * sizeof *values);
    assert_non_null(values);
    memcpy(values, array.elements, array.count * sizeof *values);
    *count = array.count;
    stria_release(&a->context->allocator, memory);
    return values;
}

static void compare(const archive *a, const char *key, const float *got, size_t got_count, double share)
{
    size_t count;
    float *want = read_member(a, key, &count);
    double largest = 0;
    assert_non_null(got);
    assert_int_equal(count, got_count);
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)want[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= share * largest))
            fail_msg("%s: %s[%zu] is %.9g, Keras has %.9g", a->name, key, i, (double)got[i], (double)want[i]);
    free(want);
}

/* Tensors that Keras has too; those of the archive are all used. */
static void load_tensors(const archive *a, stria_model *model)
{
    size_t loaded = 0, in_archive = 0;
    for (size_t i = 0; stria_npz_name(a->npz, i) != NULL; i++)
        in_archive += strncmp(stria_npz_name(a->npz, i), "w:", 2) == 0;
    for (size_t i = 0; i < stria_model_tensor_count(model); i++, loaded++) {
        stria_tensor_info info;
        char key[96];
        size_t count;
        stria_error err = {0};
        assert_int_equal(stria_model_tensor(model, i, &info), 1);
        snprintf(key, sizeof key, "w:%s", info.name);
        float *values = read_member(a, key, &count);
        assert_ok(stria_model_set_tensor(model, info.name, values, count, &err), &err);
        free(values);
    }
    assert_int_equal(loaded, in_archive);
}

static stria_plan *make_plan(stria_model *model, stria_mode mode)
{
    stria_plan *plan = NULL;
    stria_error err = {0};
    const stria_plan_options options = {
        .mode = mode, .batch = BATCH, .input_gradients = mode == STRIA_MODE_TRAINING};
    assert_ok(stria_plan_create(&plan, model, &options, &err), &err);
    return plan;
}

static size_t count_of(const stria_shape *shape)
{
    size_t count = BATCH;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->sizes[i];
    return count;
}

static void train(const archive *a, stria_model *model, const float *const *xs)
{
    char key[96];
    size_t count;
    stria_error err = {0};
    stria_plan *plan = make_plan(model, STRIA_MODE_TRAINING);
    float *dt = read_member(a, "dt", &count);
    const float *gradients[1] = {dt};
    assert_ok(stria_plan_run(plan, xs, BATCH, &err), &err);
    compare(a, "t", stria_plan_output(plan, 0), count, OUTPUT_SHARE);
    assert_ok(stria_plan_backward(plan, gradients, &err), &err);
    for (size_t i = 0; i < stria_model_input_count(model); i++) {
        snprintf(key, sizeof key, "dx%zu", i);
        compare(a, key, stria_plan_input_gradient(plan, i), count_of(stria_model_input_shape(model, i)),
                GRADIENT_SHARE);
    }
    for (size_t i = 0; i < stria_model_tensor_count(model); i++) {
        stria_tensor_info info;
        stria_model_tensor(model, i, &info);
        snprintf(key, sizeof key, "after:%s", info.name);
        compare(a, key, stria_model_tensor_data_const(model, i), (size_t)info.count, OUTPUT_SHARE);
        snprintf(key, sizeof key, "d:%s", info.name);
        if (info.trainable)
            compare(a, key, stria_plan_tensor_gradient(plan, i), (size_t)info.count, GRADIENT_SHARE);
    }
    free(dt);
    stria_plan_free(plan);
}

static void check(stria_context *context, const char *name, const char *text)
{
    char path[512], key[32];
    size_t size = 0, count = 0;
    stria_error err = {0};
    archive a = {.context = context, .name = name};
    stria_model *model = NULL;
    float *xs[2] = {NULL, NULL};
    snprintf(path, sizeof path, FOLDER "/%s.npz", name);
    assert_ok(stria_file_read(context, path, 1 << 24, &a.bytes, &size, &err), &err);
    assert_ok(stria_npz_open(&a.npz, context, a.bytes, size, path, &err), &err);
    assert_ok(stria_model_parse(&model, context, text, strlen(text), NULL, &err), &err);
    load_tensors(&a, model);
    for (size_t i = 0; i < stria_model_input_count(model); i++) {
        snprintf(key, sizeof key, "x%zu", i);
        xs[i] = read_member(&a, key, &count);
        assert_int_equal(count, count_of(stria_model_input_shape(model, i)));
    }
    const float *const inputs[2] = {xs[0], xs[1]};
    stria_plan *plan = make_plan(model, STRIA_MODE_INFERENCE);
    assert_ok(stria_plan_run(plan, inputs, BATCH, &err), &err);
    compare(&a, "y", stria_plan_output(plan, 0), count_of(stria_model_output_shape(model, 0)), OUTPUT_SHARE);
    stria_plan_free(plan);
    train(&a, model, inputs);
    free(xs[0]);
    free(xs[1]);
    stria_model_free(model);
    stria_npz_free(a.npz);
    stria_release(&context->allocator, a.bytes);
}

static void test_cases(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 2, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check(test.context, cases[i].name, cases[i].text);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Problems, models and comparisons for the tests of training. */
#include "train/training_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const bars_text = "input 6x6x1\n"
                              "conv2d 4 3 same\n"
                              "batchnorm momentum=0.9\n"
                              "relu\n"
                              "maxpool2d 2\n"
                              "flatten\n"
                              "dropout 0.1\n"
                              "dense 3 softmax\n";

const char *const plain_bars_text = "input 6x6x1\n"
                                    "conv2d 4 3 same relu\n"
                                    "maxpool2d 2\n"
                                    "flatten\n"
                                    "dense 3 softmax\n";

static int skip_sync(void *payload, void *file)
{
    (void)payload;
    (void)file;
    return 0;
}

static int skip_folder_sync(void *payload, const char *path)
{
    (void)payload;
    (void)path;
    return 0;
}

void open_fast_context(test_context *test, int threads)
{
    test_context_open(test, threads, NULL);
    test->io.inner.sync = skip_sync;
    test->io.inner.sync_folder = skip_folder_sync;
}

void fill_numbers(float *values, size_t count, uint32_t seed)
{
    uint32_t state = seed * 2654435761u + 12345u;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
    }
}

static void draw_bar(float *picture, int class_index, int place)
{
    for (int i = 0; i < 6; i++) {
        const int row = class_index == 0 ? place : i;
        const int column = class_index == 1 ? place : class_index == 0 ? i : (i + place) % 6;
        picture[row * 6 + column] += 1.5f;
    }
}

stria_dataset *make_bars(stria_context *context, size_t count, uint32_t seed)
{
    float *x = malloc(count * 36 * sizeof(float));
    int32_t *labels = malloc(count * sizeof(int32_t));
    assert_non_null(x);
    assert_non_null(labels);
    fill_numbers(x, count * 36, seed);
    for (size_t i = 0; i < count; i++) {
        for (size_t p = 0; p < 36; p++)
            x[i * 36 + p] *= 0.4f;
        labels[i] = (int32_t)((i * 7 + seed) % 3);
        draw_bar(x + i * 36, labels[i], (int)((i * 5 + i / 6) % 6));
    }
    const stria_shape shape = {3, {6, 6, 1}};
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_ok(stria_dataset_create(&data, context, x, &shape, count, labels, 3, NULL, NULL, &err), &err);
    free(x);
    free(labels);
    return data;
}

stria_dataset *make_curve(stria_context *context, size_t count, uint32_t seed)
{
    float *x = malloc(count * 3 * sizeof(float)), *y = malloc(count * 2 * sizeof(float));
    assert_non_null(x);
    assert_non_null(y);
    fill_numbers(x, count * 3, seed);
    for (size_t i = 0; i < count; i++) {
        y[i * 2] = 0.5f * x[i * 3] - x[i * 3 + 1] * x[i * 3 + 2];
        y[i * 2 + 1] = x[i * 3 + 1] + 0.25f;
    }
    const stria_shape shape = {1, {3}}, target = {1, {2}};
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_ok(stria_dataset_create(&data, context, x, &shape, count, NULL, 0, y, &target, &err), &err);
    free(x);
    free(y);
    return data;
}

stria_model *make_model(stria_context *context, const char *text)
{
    stria_model *model = NULL;
    stria_error err = {0};
    assert_ok(stria_model_parse(&model, context, text, strlen(text), NULL, &err), &err);
    return model;
}

float *copy_parameters(const stria_model *model, size_t *count)
{
    *count = 0;
    stria_tensor_info info;
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++)
        *count += (size_t)info.count;
    float *values = malloc(*count * sizeof(float));
    assert_non_null(values);
    float *at = values;
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        memcpy(at, stria_model_tensor_data_const(model, i), (size_t)info.count * sizeof(float));
        at += info.count;
    }
    return values;
}

void assert_same_parameters(const stria_model *a, const stria_model *b)
{
    stria_tensor_info info;
    for (size_t i = 0; stria_model_tensor(a, i, &info); i++) {
        const float *of_a = stria_model_tensor_data_const(a, i), *of_b = stria_model_tensor_data_const(b, i);
        for (int64_t e = 0; e < info.count; e++) {
            if (memcmp(&of_a[e], &of_b[e], sizeof(float)) != 0) {
                print_error("%s[%lld]: %.9g and %.9g\n", info.name, (long long)e, (double)of_a[e],
                            (double)of_b[e]);
                fail();
            }
        }
    }
}

char *read_whole_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_error("cannot open %s\n", path);
        fail();
        return NULL;
    }
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long end = ftell(file);
    assert_true(end >= 0);
    rewind(file);
    char *bytes = malloc((size_t)end + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)end, file), (size_t)end);
    fclose(file);
    bytes[end] = '\0';
    *size = (size_t)end;
    return bytes;
}

void assert_same_files(const char *a, const char *b)
{
    size_t a_size, b_size;
    char *of_a = read_whole_file(a, &a_size), *of_b = read_whole_file(b, &b_size);
    size_t at = 0;
    while (at < a_size && at < b_size && of_a[at] == of_b[at])
        at++;
    if (at < a_size || at < b_size) {
        print_error("%s (%zu bytes) and %s (%zu bytes) differ at byte %zu\n    ...%.80s\n    ...%.80s\n", a,
                    a_size, b, b_size, at, of_a + (at > 40 ? at - 40 : 0), of_b + (at > 40 ? at - 40 : 0));
        fail();
    }
    free(of_a);
    free(of_b);
}

void check_near(double got, double wanted, double tolerance, const char *what, const char *file, int line)
{
    if (fabs(got - wanted) <= tolerance || (isnan(got) && isnan(wanted)))
        return;
    print_error("%s is %.17g, expected %.17g within %g\n", what, got, wanted, tolerance);
    _fail(file, line);
}

double measured_accuracy(const test_context *test, stria_model *model, const stria_dataset *data,
                         stria_part part)
{
    stria_evaluation result = {0};
    stria_error err = {0};
    assert_ok(stria_evaluate(&result, model, data, part, 0, NULL, &err), &err);
    const double figure = result.accuracy;
    stria_evaluation_free(&result, test->context);
    return figure;
}

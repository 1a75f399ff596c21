/* Reading archives of arrays that Keras made. */
#include "train/keras_archive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void open_archive(keras_archive *archive, const char *name)
{
    char path[TEMPORARY_PATH_SIZE];
    size_t size;
    stria_error err = {0};
    test_context_open(&archive->test, 1, NULL);
    strcpy(path, STRIA_TEST_DATA "/train/");
    strcat(path, name);
    archive->bytes = read_whole_file(path, &size);
    assert_ok(stria_npz_open(&archive->npz, archive->test.context, archive->bytes, size, name, &err), &err);
}

void close_archive(keras_archive *archive)
{
    stria_npz_free(archive->npz);
    free(archive->bytes);
    test_context_close(&archive->test);
}

float *read_member(const keras_archive *archive, const char *name, size_t count, double *doubles)
{
    stria_npy array;
    void *memory = NULL;
    stria_error err = {0};
    assert_ok(stria_npz_read(archive->npz, name, (uint64_t)1 << 24, &array, &memory, &err), &err);
    assert_int_equal(array.count, count);
    float *values = malloc(count * sizeof(float));
    assert_non_null(values);
    stria_dtype_to_float(array.type, array.elements, count, values);
    if (doubles != NULL) {
        assert_int_equal(array.type, STRIA_F64);
        memcpy(doubles, array.elements, count * sizeof(double));
    }
    stria_release(&archive->test.memory.table, memory);
    return values;
}

/* "CASE.LAYER.TENSOR" for the tensor "LAYER/TENSOR". */
static float *read_weights(const keras_archive *archive, const char *of, const char *tensor, size_t count)
{
    char name[100];
    strcpy(name, of);
    strcat(name, ".");
    strcat(name, tensor);
    *strchr(name, '/') = '.';
    return read_member(archive, name, count, NULL);
}

void start_from_keras(const keras_archive *archive, stria_model *model, const char *of)
{
    stria_tensor_info info;
    stria_error err = {0};
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        float *values = read_weights(archive, of, info.name, (size_t)info.count);
        assert_ok(stria_model_set_tensor(model, info.name, values, (size_t)info.count, &err), &err);
        free(values);
    }
}

/* Largest difference in each tensor, over its largest value. */
void compare_weights(const keras_archive *archive, const stria_model *model, const char *of, double tolerance)
{
    stria_tensor_info info;
    for (size_t i = 0; stria_model_tensor(model, i, &info); i++) {
        float *wanted = read_weights(archive, of, info.name, (size_t)info.count);
        const float *got = stria_model_tensor_data_const(model, i);
        double difference = 0, largest = 0;
        for (int64_t e = 0; e < info.count; e++) {
            difference = fmax(difference, fabs((double)got[e] - wanted[e]));
            largest = fmax(largest, fabs((double)wanted[e]));
        }
        print_message("%s, %s: largest difference %.2g of %.3g\n", of, info.name, difference / largest,
                      largest);
        assert_true(difference <= tolerance * largest);
        free(wanted);
    }
}

/* Shapes and element types. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "tensor/shape.h"

static stria_shape shape_of(int rank, int64_t a, int64_t b, int64_t c)
{
    const int64_t sizes[] = {a, b, c};
    return stria_shape_make(rank, sizes);
}

static void shapes_as_text(void **state)
{
    (void)state;
    char text[STRIA_SHAPE_TEXT_SIZE];
    stria_shape shape = shape_of(3, 28, 28, 1);
    assert_string_equal(stria_shape_text(&shape, text, sizeof text), "28x28x1");
    shape = shape_of(3, STRIA_ANY_SIZE, STRIA_ANY_SIZE, 3);
    assert_string_equal(stria_shape_text(&shape, text, sizeof text), "?x?x3");
    shape = shape_of(1, 10, 0, 0);
    assert_string_equal(stria_shape_text(&shape, text, sizeof text), "10");
    shape = shape_of(0, 0, 0, 0);
    assert_string_equal(stria_shape_text(&shape, text, sizeof text), "scalar");

    shape.rank = STRIA_MAX_RANK;
    for (int i = 0; i < STRIA_MAX_RANK; i++)
        shape.sizes[i] = INT64_MIN;
    stria_shape_text(&shape, text, sizeof text);
    assert_int_equal(strlen(text), 20 * STRIA_MAX_RANK + STRIA_MAX_RANK - 1);

    /* Cut anywhere, it stays within its bytes and is the beginning of the whole text. */
    char whole[STRIA_SHAPE_TEXT_SIZE];
    strcpy(whole, text);
    for (size_t size = 0; size < sizeof text; size++) {
        memset(text, '#', sizeof text);
        assert_ptr_equal(stria_shape_text(&shape, text, size), text);
        assert_int_equal(text[size], '#');
        if (size > 0) {
            assert_true(strlen(text) < size);
            assert_memory_equal(text, whole, strlen(text));
        }
    }
}

static void elements_are_counted(void **state)
{
    (void)state;
    stria_error err = {0};
    int64_t count = 77;
    stria_shape shape = shape_of(3, 28, 28, 3);
    assert_ok(stria_shape_count(&shape, &count, &err), &err);
    assert_int_equal(count, 2352);
    assert_int_equal(stria_shape_elements(&shape), 2352);
    shape = shape_of(0, 0, 0, 0);
    assert_ok(stria_shape_count(&shape, &count, &err), &err);
    assert_int_equal(count, 1);
    shape = shape_of(3, STRIA_ANY_SIZE, 5, 3);
    assert_ok(stria_shape_count(&shape, &count, &err), &err);
    assert_int_equal(count, -1);
    assert_int_equal(stria_shape_elements(&shape), -1);
    shape = shape_of(1, INT32_MAX, 0, 0);
    assert_ok(stria_shape_count(&shape, &count, &err), &err);
    assert_int_equal(count, INT32_MAX);
}

static void impossible_shapes_are_refused(void **state)
{
    (void)state;
    stria_error err = {0};
    int64_t count = 77;
    stria_shape shape = shape_of(2, 0, 5, 0);
    assert_status(stria_shape_count(&shape, &count, &err), STRIA_ERROR_SHAPE, &err);
    assert_message(&err, "0x5");
    shape = shape_of(2, 5, -7, 0);
    assert_status(stria_shape_count(&shape, &count, &err), STRIA_ERROR_SHAPE, &err);
    shape = shape_of(1, (int64_t)INT32_MAX + 1, 0, 0);
    assert_status(stria_shape_count(&shape, &count, &err), STRIA_ERROR_LIMIT, &err);
    assert_message(&err, "2147483648");
    shape = shape_of(3, 65536, 65536, 65536);
    assert_status(stria_shape_count(&shape, &count, &err), STRIA_ERROR_LIMIT, &err);
    shape = shape_of(2, INT64_MAX, INT64_MAX, 0);
    assert_status(stria_shape_count(&shape, &count, &err), STRIA_ERROR_LIMIT, &err);
    shape = shape_of(3, STRIA_ANY_SIZE, INT32_MAX, 2);
    assert_status(stria_shape_count(&shape, &count, &err), STRIA_ERROR_LIMIT, &err);
    assert_int_equal(count, 77);
}

static void shapes_are_compared(void **state)
{
    (void)state;
    stria_shape a = shape_of(2, 3, 4, 9), b = shape_of(2, 3, 4, 8), c = shape_of(3, 3, 4, 9),
                d = shape_of(2, 3, 5, 9);
    assert_true(stria_shape_equal(&a, &b)); /* what stands behind the rank does not count */
    assert_false(stria_shape_equal(&a, &c));
    assert_false(stria_shape_equal(&a, &d));
    assert_false(stria_shape_is_open(&a));
    a.sizes[1] = STRIA_ANY_SIZE;
    assert_true(stria_shape_is_open(&a));
}

/* ---- Element types ---- */

static void types_have_sizes_and_names(void **state)
{
    (void)state;
    static const struct {
        stria_dtype type;
        size_t size;
        const char *name;
    } types[] = {
        {STRIA_F32, 4, "float32"},   {STRIA_F64, 8, "float64"}, {STRIA_F16, 2, "float16"},
        {STRIA_BF16, 2, "bfloat16"}, {STRIA_I8, 1, "int8"},     {STRIA_U8, 1, "uint8"},
        {STRIA_I16, 2, "int16"},     {STRIA_U16, 2, "uint16"},  {STRIA_I32, 4, "int32"},
        {STRIA_U32, 4, "uint32"},    {STRIA_I64, 8, "int64"},   {STRIA_U64, 8, "uint64"},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        assert_int_equal(stria_dtype_size(types[i].type), types[i].size);
        assert_string_equal(stria_dtype_name(types[i].type), types[i].name);
    }
}

/* One element of each type, at an odd address, two of them so that the stride shows. */
static void elements_become_floats(void **state)
{
    (void)state;
    static const struct {
        stria_dtype type;
        unsigned char bytes[8];
        float value;
    } cases[] = {
        {STRIA_F32, {0x00, 0x00, 0xC0, 0x3F}, 1.5f},
        {STRIA_F64, {0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xB9, 0x3F}, 0.1f},
        {STRIA_F64, {0, 0, 0, 0, 0, 0, 0xF0, 0xBF}, -1.0f},
        {STRIA_BF16, {0x49, 0x40}, 3.140625f},
        {STRIA_I8, {0x7F}, 127.0f},
        {STRIA_I8, {0x80}, -128.0f},
        {STRIA_I8, {0xFF}, -1.0f},
        {STRIA_U8, {0xFF}, 255.0f},
        {STRIA_I16, {0x00, 0x80}, -32768.0f},
        {STRIA_I16, {0xFF, 0x7F}, 32767.0f},
        {STRIA_U16, {0xFF, 0xFF}, 65535.0f},
        {STRIA_I32, {0x00, 0x00, 0x00, 0x80}, -2147483648.0f},
        {STRIA_I32, {0xFE, 0xFF, 0xFF, 0xFF}, -2.0f},
        {STRIA_I32, {0x40, 0xE2, 0x01, 0x00}, 123456.0f},
        {STRIA_U32, {0x00, 0x00, 0x00, 0x80}, 2147483648.0f},
        {STRIA_I64, {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80}, -9223372036854775808.0f},
        {STRIA_I64, {0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, -3.0f},
        {STRIA_U64, {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80}, 9223372036854775808.0f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char buffer[1 + 16];
        size_t size = stria_dtype_size(cases[i].type);
        memcpy(buffer + 1, cases[i].bytes, size);
        memcpy(buffer + 1 + size, cases[i].bytes, size);
        float values[3] = {77.0f, 77.0f, 77.0f};
        stria_dtype_to_float(cases[i].type, buffer + 1, 2, values);
        if (values[0] != cases[i].value || values[1] != cases[i].value || values[2] != 77.0f) {
            print_error("%s, case %zu: got %g %g, expected %g\n", stria_dtype_name(cases[i].type), i,
                        (double)values[0], (double)values[1], (double)cases[i].value);
            fail();
        }
    }
}

/* Every half, by the definition of IEEE 754: (-1)^s * 2^(e-15) * (1 + f/1024), and f * 2^-24 for e = 0. */
static void every_half(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 65536; bits++) {
        const unsigned char bytes[2] = {(unsigned char)bits, (unsigned char)(bits >> 8)};
        float value;
        stria_dtype_to_float(STRIA_F16, bytes, 1, &value);
        int exponent = (int)(bits >> 10 & 31u), fraction = (int)(bits & 1023u);
        float expected;
        if (exponent == 31 && fraction != 0) {
            assert_true(isnan(value));
            continue;
        }
        if (exponent == 31)
            expected = INFINITY;
        else if (exponent == 0)
            expected = ldexpf((float)fraction, -24);
        else
            expected = ldexpf(1.0f + (float)fraction / 1024.0f, exponent - 15);
        if (bits >> 15)
            expected = -expected;
        assert_memory_equal(&value, &expected, sizeof value);
    }
}

static void special_values_pass(void **state)
{
    (void)state;
    static const unsigned char bytes[] = {0x00, 0x00, 0x80, 0x7F, 0x00, 0x00,
                                          0xC0, 0x7F, 0x00, 0x00, 0x00, 0x80};
    float values[3];
    stria_dtype_to_float(STRIA_F32, bytes, 3, values);
    assert_true(isinf(values[0]) && values[0] > 0.0f);
    assert_true(isnan(values[1]));
    assert_true(values[2] == 0.0f && signbit(values[2]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_as_text),
        cmocka_unit_test(elements_are_counted),
        cmocka_unit_test(impossible_shapes_are_refused),
        cmocka_unit_test(shapes_are_compared),
        cmocka_unit_test(types_have_sizes_and_names),
        cmocka_unit_test(elements_become_floats),
        cmocka_unit_test(every_half),
        cmocka_unit_test(special_values_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Arithmetic on shapes, and the element types that files and tensors hold. */
#ifndef STRIA_TENSOR_SHAPE_H
#define STRIA_TENSOR_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include <stria/error.h>
#include <stria/shape.h>

/* Element types. Computing is in f32; the others are how numbers are stored. */
typedef enum stria_dtype {
    STRIA_F32,
    STRIA_F64,
    STRIA_F16,
    STRIA_BF16,
    STRIA_I8,
    STRIA_U8,
    STRIA_I16,
    STRIA_U16,
    STRIA_I32,
    STRIA_U32,
    STRIA_I64,
    STRIA_U64
} stria_dtype;

size_t stria_dtype_size(stria_dtype type);
const char *stria_dtype_name(stria_dtype type); /* "float32", ... */

/* Converts `count` elements of `type`, little-endian and at any alignment, to floats. */
void stria_dtype_to_float(stria_dtype type, const void *elements, size_t count, float *values);

/* No tensor has more elements than this: 2^31 - 1. */
#define STRIA_MAX_ELEMENTS ((int64_t)INT32_MAX)

stria_shape stria_shape_make(int rank, const int64_t *sizes);

/* A size is open (STRIA_ANY_SIZE). */
bool stria_shape_is_open(const stria_shape *shape);

bool stria_shape_equal(const stria_shape *a, const stria_shape *b);

/* Number of elements, -1 when a size is open. Errors: LIMIT above STRIA_MAX_ELEMENTS, SHAPE for sizes below 1. */
stria_status stria_shape_count(const stria_shape *shape, int64_t *count, stria_error *err);

/* The same for shapes already checked: the product, -1 when open. */
int64_t stria_shape_elements(const stria_shape *shape);

#endif

/* Arithmetic on shapes: making, comparing, counting elements within the limit, and their text. */
#include "tensor/shape.h"

#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"

stria_shape stria_shape_make(int rank, const int64_t *sizes)
{
    stria_shape shape = {.rank = rank};
    for (int i = 0; i < rank && i < STRIA_MAX_RANK; i++)
        shape.sizes[i] = sizes[i];
    return shape;
}

bool stria_shape_is_open(const stria_shape *shape)
{
    for (int i = 0; i < shape->rank; i++)
        if (shape->sizes[i] == STRIA_ANY_SIZE)
            return true;
    return false;
}

bool stria_shape_equal(const stria_shape *a, const stria_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->sizes[i] != b->sizes[i])
            return false;
    return true;
}

stria_status stria_shape_count(const stria_shape *shape, int64_t *count, stria_error *err)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    int64_t product = 1;
    for (int i = 0; i < shape->rank; i++) {
        int64_t size = shape->sizes[i];
        if (size == STRIA_ANY_SIZE)
            continue;
        if (size < 1)
            return stria_fail(err, STRIA_ERROR_SHAPE, "shape %s has a size below 1",
                              stria_shape_text(shape, text, sizeof text));
        if (!stria_count_multiply(product, size, &product) || product > STRIA_MAX_ELEMENTS)
            return stria_fail(err, STRIA_ERROR_LIMIT, "shape %s has more than %lld elements",
                              stria_shape_text(shape, text, sizeof text), (long long)STRIA_MAX_ELEMENTS);
    }
    *count = stria_shape_is_open(shape) ? -1 : product;
    return STRIA_OK;
}

int64_t stria_shape_elements(const stria_shape *shape)
{
    if (stria_shape_is_open(shape))
        return -1;
    int64_t product = 1;
    for (int i = 0; i < shape->rank; i++)
        product *= shape->sizes[i];
    return product;
}

char *stria_shape_text(const stria_shape *shape, char *text, size_t size)
{
    if (size == 0)
        return text;
    text[0] = '\0';
    if (shape->rank == 0)
        stria_format(text, size, "scalar");
    size_t length = 0;
    for (int i = 0; i < shape->rank && length < size; i++) {
        const char *between = i > 0 ? "x" : "";
        if (shape->sizes[i] == STRIA_ANY_SIZE)
            stria_format(text + length, size - length, "%s?", between);
        else
            stria_format(text + length, size - length, "%s%lld", between, (long long)shape->sizes[i]);
        length += strlen(text + length);
    }
    return text;
}

/* Fuzz target: one NumPy array. */
#include <stdlib.h>

#include "formats/npy.h"
#include "fuzz/bounded_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stria_npy array;
    stria_error err = {0};
    if (stria_npy_parse(&array, data, size, "fuzz", &err) != STRIA_OK)
        return 0;
    const uint8_t *begin = array.elements;
    size_t width = stria_dtype_size(array.type);
    REQUIRE(begin >= data && array.count <= size / width && begin + array.count * width == data + size);
    REQUIRE(array.rank >= 0 && array.rank <= STRIA_MAX_RANK);
    float *values = malloc((array.count + 1) * sizeof *values);
    REQUIRE(values != NULL);
    stria_dtype_to_float(array.type, array.elements, array.count, values);
    touch(values, array.count * sizeof *values);
    free(values);
    return 0;
}

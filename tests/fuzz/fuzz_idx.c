/* Fuzz target: IDX files; the numbers are brought to the host's order and converted to floats. */
#include <string.h>

#include "base/context.h"
#include "base/memory.h"
#include "data/idx.h"
#include "fuzz/bounded_context.h"

#define LIMIT ((size_t)32 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stria_context *context = bounded_context_make(LIMIT);
    const stria_allocator *allocator = &context->allocator;
    void *copy = stria_allocate(allocator, size); /* parsing changes the bytes */
    stria_npy array;
    if (copy != NULL) {
        if (size > 0)
            memcpy(copy, data, size);
        bool looks = stria_idx_looks(copy, size);
        if (stria_idx_parse(&array, copy, size, "fuzz", NULL) == STRIA_OK) {
            REQUIRE(looks && array.count > 0 && array.count * stria_dtype_size(array.type) < size);
            float *values = stria_allocate_floats(allocator, array.count);
            if (values != NULL) {
                stria_dtype_to_float(array.type, array.elements, array.count, values);
                touch(values, array.count * sizeof *values);
            }
            stria_release(allocator, values);
        }
    }
    stria_release(allocator, copy);
    bounded_context_free(context);
    return 0;
}

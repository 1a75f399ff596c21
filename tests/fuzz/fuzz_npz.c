/* Fuzz target: archives of NumPy arrays; every member is unpacked and read. */
#include "base/context.h"
#include "base/memory.h"
#include "formats/npy.h"
#include "fuzz/bounded_context.h"

#define LIMIT       ((size_t)32 << 20)
#define MOST_MEMBER ((uint64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stria_context *context = bounded_context_make(LIMIT);
    stria_npz *npz = NULL;
    if (stria_npz_open(&npz, context, data, size, "fuzz", NULL) == STRIA_OK) {
        for (size_t i = 0; i < stria_npz_count(npz); i++) {
            stria_npy array;
            void *memory = NULL;
            if (stria_npz_read(npz, stria_npz_name(npz, i), MOST_MEMBER, &array, &memory, NULL) == STRIA_OK) {
                REQUIRE(array.count <= MOST_MEMBER);
                touch(array.elements, array.count * stria_dtype_size(array.type));
            }
            stria_release(&context->allocator, memory);
        }
        REQUIRE(stria_npz_name(npz, stria_npz_count(npz)) == NULL);
        stria_npz_free(npz);
    }
    bounded_context_free(context);
    return 0;
}

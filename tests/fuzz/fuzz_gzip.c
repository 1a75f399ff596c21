/* Fuzz target: gzip files. */
#include "base/context.h"
#include "base/memory.h"
#include "data/gzip.h"
#include "fuzz/bounded_context.h"

#define LIMIT         ((size_t)32 << 20)
#define MOST_UNPACKED ((uint64_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stria_context *context = bounded_context_make(LIMIT);
    void *unpacked = NULL;
    size_t unpacked_size = 0;
    if (stria_gzip_unpack(context, data, size, MOST_UNPACKED, "fuzz", &unpacked, &unpacked_size, NULL) ==
        STRIA_OK) {
        REQUIRE(stria_gzip_looks(data, size) && unpacked_size <= MOST_UNPACKED);
        touch(unpacked, unpacked_size);
        stria_release(&context->allocator, unpacked);
    }
    bounded_context_free(context);
    return 0;
}

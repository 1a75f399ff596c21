/* Fuzz target: WebP pictures. */
#include "fuzz/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_picture(data, size, stria_webp_looks, stria_webp_decode);
}

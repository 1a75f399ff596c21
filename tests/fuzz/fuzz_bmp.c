/* Fuzz target: BMP pictures. */
#include "fuzz/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_picture(data, size, stria_bmp_looks, stria_bmp_decode);
}

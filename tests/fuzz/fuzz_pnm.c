/* Fuzz target: PNM and PAM pictures, in 8 and in 16 bits. */
#include "fuzz/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_picture(data, size, stria_pnm_looks, stria_pnm_decode);
}

/* Fuzz target: JPEG pictures, whole, reduced and turned as their EXIF data say. */
#include "fuzz/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_picture(data, size, stria_jpeg_looks, stria_jpeg_decode);
}

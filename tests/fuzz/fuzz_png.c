/* Fuzz target: PNG pictures. Checksums of chunks stand in the way of mutations, so they are made right first.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/picture.h"

/* Four bytes, big-endian. */
static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Writes the CRC (PNG specification, annex D) of every whole chunk. */
static void mend_checksums(uint8_t *bytes, size_t size)
{
    for (size_t at = 8; size >= 12 && at <= size - 12;) {
        size_t length = word_at(bytes + at);
        if (length > size - at - 12)
            break;
        uint32_t crc = 0xFFFFFFFF;
        for (size_t i = at + 4; i < at + 8 + length; i++) {
            crc ^= bytes[i];
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }
        for (size_t b = 0; b < 4; b++)
            bytes[at + 8 + length + b] = (uint8_t)(~crc >> (24 - 8 * b));
        at += 12 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_picture(data, size, stria_png_looks, stria_png_decode);
    uint8_t *mended = malloc(size);
    if (mended != NULL && size > 0) {
        memcpy(mended, data, size);
        mend_checksums(mended, size);
        fuzz_picture(mended, size, stria_png_looks, stria_png_decode);
    }
    free(mended);
    return 0;
}

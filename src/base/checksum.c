/* CRC-32C by "slicing by 8" (Kounavis and Berry, "A systematic approach to building high performance
 * software-based CRC generators", ISCC 2005): eight table look-ups take in eight bytes at a time.
 *
 * The tables are made on the stack at each call that is long enough to repay them (some microseconds): the
 * library keeps no globals, and 2048 numbers in the source would tell nobody anything. Short texts go byte by
 * byte, two look-ups each in a table of sixteen. */
#include "base/checksum.h"

#define POLYNOMIAL 0x82F63B78u /* 0x1EDC6F41 with its bits reflected */
#define SLICES     8
#define LONG_TEXT  4096

/* nibbles[n] is n shifted through the register by four bits. */
static void make_nibbles(uint32_t nibbles[16])
{
    for (uint32_t n = 0; n < 16; n++) {
        uint32_t crc = n;
        for (int bit = 0; bit < 4; bit++)
            crc = (crc >> 1) ^ (POLYNOMIAL & (0u - (crc & 1u)));
        nibbles[n] = crc;
    }
}

static inline uint32_t add_byte(const uint32_t nibbles[16], uint32_t crc, uint32_t byte)
{
    crc ^= byte;
    crc = (crc >> 4) ^ nibbles[crc & 15u];
    return (crc >> 4) ^ nibbles[crc & 15u];
}

/* table[s][b] is byte b followed by s zero bytes. */
static void make_table(const uint32_t nibbles[16], uint32_t table[SLICES][256])
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = add_byte(nibbles, b, 0);
        table[0][b] = crc;
    }
    for (int s = 1; s < SLICES; s++)
        for (uint32_t b = 0; b < 256; b++)
            table[s][b] = (table[s - 1][b] >> 8) ^ table[0][table[s - 1][b] & 255u];
}

static inline uint32_t load_le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t stria_crc32c(uint32_t crc, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    uint32_t nibbles[16];
    make_nibbles(nibbles);
    crc = ~crc;
    if (size >= LONG_TEXT) {
        uint32_t t[SLICES][256];
        make_table(nibbles, t);
        for (; size >= 8; p += 8, size -= 8) {
            uint32_t low = crc ^ load_le32(p), high = load_le32(p + 4);
            crc = t[7][low & 255u] ^ t[6][low >> 8 & 255u] ^ t[5][low >> 16 & 255u] ^ t[4][low >> 24] ^
                  t[3][high & 255u] ^ t[2][high >> 8 & 255u] ^ t[1][high >> 16 & 255u] ^ t[0][high >> 24];
        }
    }
    for (; size > 0; p++, size--)
        crc = add_byte(nibbles, crc, *p);
    return ~crc;
}

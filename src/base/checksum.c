/* CRC-32C by "slicing by 8" (Kounavis and Berry, "A systematic approach to building high performance
 * software-based CRC generators", ISCC 2005): eight table look-ups take in eight bytes at a time.
 *
 * The tables are made on the stack at each call that is long enough to repay them (about a microsecond): the
 * library keeps no globals, and 2048 numbers in the source would tell nobody anything. Short texts go bit by
 * bit. */
#include "base/checksum.h"

#define POLYNOMIAL 0x82F63B78u /* 0x1EDC6F41 with its bits reflected */
#define SLICES     8
#define LONG_TEXT  128

static inline uint32_t shift_out(uint32_t crc, int bits)
{
    for (int i = 0; i < bits; i++)
        crc = (crc >> 1) ^ (POLYNOMIAL & (0u - (crc & 1u)));
    return crc;
}

/* table[s][b] is byte b with s zero bytes behind it, shifted through the register. Shifting is linear: the
 * entry of a byte is the exclusive or of the entries of its bits; and bit k is the lowest after k shifts,
 * which leaves 8 - k of the first byte's to do. */
static void make_table(uint32_t table[SLICES][256])
{
    for (int s = 0; s < SLICES; s++)
        table[s][0] = 0;
    uint32_t shifted = 1; /* the lowest bit, shifted `shifts` times */
    for (int shifts = 1; shifts <= 8 * SLICES; shifts++) {
        shifted = shift_out(shifted, 1);
        table[(shifts - 1) / 8][1u << (7 - (shifts - 1) % 8)] = shifted;
    }
    for (int s = 0; s < SLICES; s++)
        for (uint32_t bit = 2; bit < 256; bit *= 2)
            for (uint32_t low = 1; low < bit; low++)
                table[s][bit + low] = table[s][bit] ^ table[s][low];
}

static inline uint32_t load_le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t stria_crc32c(uint32_t crc, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    crc = ~crc;
    if (size >= LONG_TEXT) {
        uint32_t t[SLICES][256];
        make_table(t);
        for (; size >= 8; p += 8, size -= 8) {
            uint32_t low = crc ^ load_le32(p), high = load_le32(p + 4);
            crc = t[7][low & 255u] ^ t[6][low >> 8 & 255u] ^ t[5][low >> 16 & 255u] ^ t[4][low >> 24] ^
                  t[3][high & 255u] ^ t[2][high >> 8 & 255u] ^ t[1][high >> 16 & 255u] ^ t[0][high >> 24];
        }
    }
    for (; size > 0; p++, size--)
        crc = shift_out(crc ^ *p, 8);
    return ~crc;
}

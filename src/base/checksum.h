/* CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), as in RFC 3720 section 12.1. */
#ifndef STRIA_BASE_CHECKSUM_H
#define STRIA_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Continues from `crc` (0 at the start) over `size` bytes. */
uint32_t stria_crc32c(uint32_t crc, const void *bytes, size_t size);

/* A 64-bit hash, continued from `hash` (0 at the start): FNV-1a over bytes. To tell contents apart, not against malice. */
static inline uint64_t stria_hash(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    hash ^= UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif

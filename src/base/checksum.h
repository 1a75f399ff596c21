/* CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), as in RFC 3720 section 12.1. */
#ifndef STRIA_BASE_CHECKSUM_H
#define STRIA_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Continues from `crc` (0 at the start) over `size` bytes. */
uint32_t stria_crc32c(uint32_t crc, const void *bytes, size_t size);

#endif

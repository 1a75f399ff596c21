/* What the reader and the writer of safetensors share: the names of element types and the framing. */
#ifndef STRIA_FORMATS_SAFETENSORS_TYPES_H
#define STRIA_FORMATS_SAFETENSORS_TYPES_H

#include <stdint.h>
#include <stddef.h>

#include "tensor/shape.h"

/* The key that holds texts instead of a tensor. */
#define STRIA_SAFETENSORS_METADATA "__metadata__"

/* Bytes before the header: its length. */
#define STRIA_SAFETENSORS_PREFIX 8

/* Digits of a checksum as text: eight hexadecimal digits in lower case. */
#define STRIA_CHECKSUM_DIGITS 8

/* The format's name of an element type. */
typedef struct stria_safetensors_type {
    const char *name;
    stria_dtype type;
} stria_safetensors_type;

/* When two names share a type, the one that is written comes first. */
extern const stria_safetensors_type stria_safetensors_types[];
extern const size_t stria_safetensors_type_count;

/* CRC-32C of the 8 bytes of length and the `size` bytes of header, with the eight digits that begin at
 * header[digits] taken as '0'. */
uint32_t stria_safetensors_header_crc(const uint8_t prefix[STRIA_SAFETENSORS_PREFIX], const char *header,
                                      size_t size, size_t digits);

/* Writes the digits and an end. */
void stria_checksum_text(uint32_t crc, char text[STRIA_CHECKSUM_DIGITS + 1]);

#endif

/* Recognising files of other formats by their first bytes, so that a file given in the wrong place is called
 * what it is. */
#ifndef STRIA_FORMATS_FOREIGN_H
#define STRIA_FORMATS_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

/* Enough of a file's beginning for both functions. */
#define STRIA_FOREIGN_BYTES 16

/* What a file that begins with these bytes is, as "a PNG picture"; NULL when it may be text or safetensors.
 * Constant. */
const char *stria_foreign_format(const void *bytes, size_t size);

/* Whether it begins like safetensors, and not like text: a header's length below 2^32, then '{'. One wrong
 * bit in the length does not hide it. */
bool stria_begins_like_safetensors(const void *bytes, size_t size);

#endif

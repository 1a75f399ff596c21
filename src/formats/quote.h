/* Names out of files, made fit for one line of a message: whoever made the file must not be able to send
 * control bytes to somebody's terminal or log. */
#ifndef STRIA_FORMATS_QUOTE_H
#define STRIA_FORMATS_QUOTE_H

#include <stddef.h>

/* Room for any quoted name with its end. */
#define STRIA_QUOTE_SIZE 128

/* A buffer for one name in one call: stria_fail(err, code, "tensor '%s' ...", stria_quote(STRIA_QUOTE_BUFFER,
 * name)). */
#define STRIA_QUOTE_BUFFER ((char[STRIA_QUOTE_SIZE]){0})

/* Writes `name` to `quoted` [STRIA_QUOTE_SIZE], control bytes and bytes that are not UTF-8 as \xNN, and long
 * names cut with "...". Returns `quoted`. */
const char *stria_quote(char *quoted, const char *name);

/* Bytes of the UTF-8 character at text[0..length), or 0 when there is none: a wrong or cut sequence, a
 * surrogate, a code point above U+10FFFF (RFC 3629). */
size_t stria_utf8_length(const char *text, size_t length);

#endif

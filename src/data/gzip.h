/* Unpacking gzip (RFC 1952) in memory. */
#ifndef STRIA_DATA_GZIP_H
#define STRIA_DATA_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>

/* Whether the bytes begin as gzip does. */
bool stria_gzip_looks(const void *bytes, size_t size);

/* Unpacks all members of a gzip file one after another. *unpacked is freed with stria_release of the
 * context's allocator. Only bytes that belong to a member may follow the first: anything else is refused.
 * `name` is for messages. Errors: FORMAT (damaged, cut short, a wrong checksum), LIMIT (over `limit` bytes,
 * or far more than any picture packs to), NOT_BUILT, MEMORY. */
stria_status stria_gzip_unpack(stria_context *context, const void *bytes, size_t size, uint64_t limit,
                               const char *name, void **unpacked, size_t *unpacked_size, stria_error *err);

#endif

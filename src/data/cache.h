/* A cache of decoded pictures, so that later epochs need not decode them: in memory up to a limit, or in a
 * file that later runs find again. It holds the bytes of each sample as they are after resizing, at a place
 * of its own, and is filled as samples are met. */
#ifndef STRIA_DATA_CACHE_H
#define STRIA_DATA_CACHE_H

#include <stdbool.h>

#include <stria/data.h>

typedef struct stria_picture_cache stria_picture_cache;

/* `where` is "memory" with `limit` bytes (0: 4 GB), the path of a file, a folder, in which a file is named by
 * what the data is, or NULL: *cache stays NULL. A file is used again when it was made of the same list of
 * files, sizes and times of change, with the same preprocessing; else it begins anew. Errors: FORMAT for a
 * file that is no cache, UNSUPPORTED, IO, MEMORY. */
stria_status stria_picture_cache_open(stria_picture_cache **cache, const stria_dataset *data,
                                      const char *where, uint64_t limit, stria_error *err);
/* NULL is allowed. */
void stria_picture_cache_free(stria_picture_cache *cache);

/* Writes a sample's bytes times `scale` to x; false when the cache does not have it. Any thread. */
bool stria_picture_cache_read(stria_picture_cache *cache, stria_part part, size_t index, double scale,
                              float *x);

/* Keeps a sample's bytes, where there is room. A file that cannot be written to is written to no more, and
 * the context's log is told. Any thread. */
void stria_picture_cache_write(stria_picture_cache *cache, stria_part part, size_t index,
                               const uint8_t *bytes);

#endif

/* Whole files through the context's I/O table: read all, write all or nothing, lock. */
#ifndef STRIA_BASE_FILE_H
#define STRIA_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>

extern const stria_io stria_default_io;
extern const stria_clock stria_default_clock;

/* Reads a whole file (or pipe) of at most `limit` bytes. *bytes has one NUL after the end, is freed with
 * stria_release of the context's allocator. Errors name the path: MISSING, IO, LIMIT, MEMORY. */
stria_status stria_file_read(stria_context *context, const char *path, uint64_t limit, void **bytes,
                             size_t *size, stria_error *err);

/* One piece of a file to be written. */
typedef struct stria_bytes {
    const void *bytes;
    size_t size;
} stria_bytes;

/* Writes the pieces one after another so that `path` holds the old file or the new one at any moment:
 * temporary name in the same folder, space reserved, every return checked, sync, rename, sync of the folder;
 * the temporary is removed on failure. `durable` false leaves out the syncs. Errors: IO (names the path and
 * the cause). */
stria_status stria_file_write(stria_context *context, const char *path, const stria_bytes *pieces,
                              size_t count, bool durable, stria_error *err);

/* Whether there is a file (1), a folder (2), something else (3) or nothing (0). */
int stria_file_probe(stria_context *context, const char *path);

/* Takes the lock file `path`. Errors: BUSY, IO. */
stria_status stria_file_lock(stria_context *context, const char *path, void **lock, stria_error *err);
/* NULL is allowed. Removes the lock file. */
void stria_file_unlock(stria_context *context, const char *path, void *lock);

#endif

/* IDX, the format of MNIST and its relatives: a big-endian header (0, 0, type, dimensions; then each size in
 * four bytes) and the numbers. http://yann.lecun.com/exdb/mnist describes it. */
#ifndef STRIA_DATA_IDX_H
#define STRIA_DATA_IDX_H

#include <stdbool.h>
#include <stddef.h>

#include <stria/context.h>

#include "formats/npy.h"

/* Whether the bytes begin as an IDX file does. */
bool stria_idx_looks(const void *bytes, size_t size);

/* Reads `size` bytes of an IDX file of 1 to 4 dimensions; its numbers are brought to little-endian order in
 * place, so that the array is used like one of NumPy's. `name` is for messages. Errors: FORMAT, UNSUPPORTED.
 */
stria_status stria_idx_parse(stria_npy *array, void *bytes, size_t size, const char *name, stria_error *err);

/* Reads and, when packed, unpacks the file at `path` and parses it. *memory is freed with stria_release of
 * the context's allocator. Errors: those of above, and MISSING, IO, LIMIT, NOT_BUILT, MEMORY. */
stria_status stria_idx_read(stria_npy *array, stria_context *context, const char *path, void **memory,
                            stria_error *err);

#endif

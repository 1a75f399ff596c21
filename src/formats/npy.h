/* NumPy's .npy (format 1.0, 2.0, 3.0) and .npz: one array from bytes, and members of an archive. */
#ifndef STRIA_FORMATS_NPY_H
#define STRIA_FORMATS_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>

#include "tensor/shape.h"

/* An array in memory. `elements` points into the bytes given. */
typedef struct stria_npy {
    stria_dtype type;
    bool is_bool; /* stored as u8 */
    int rank;
    int64_t sizes[STRIA_MAX_RANK]; /* 0 is allowed: an array without elements */
    size_t count;                  /* elements, at most STRIA_MAX_ELEMENTS */
    const void *elements;          /* little-endian, at any alignment, row-major */
} stria_npy;

/* Reads `size` bytes of a .npy file. Object, structured, complex, big-endian and Fortran-ordered arrays of
 * more than one dimension are refused by name. Errors: FORMAT, UNSUPPORTED, LIMIT. `name` is for messages. */
stria_status stria_npy_parse(stria_npy *array, const void *bytes, size_t size, const char *name,
                             stria_error *err);

/* An opened .npz: a zip archive of .npy members. Other members are passed over. */
typedef struct stria_npz stria_npz;

/* Most .npy members in an archive. */
#define STRIA_NPZ_MAX_MEMBERS 4096

/* Opens from bytes, which must outlive it. Errors: FORMAT (also for a name given twice), LIMIT, NOT_BUILT,
 * MEMORY. */
stria_status stria_npz_open(stria_npz **npz, stria_context *context, const void *bytes, size_t size,
                            const char *name, stria_error *err);
/* NULL is allowed. */
void stria_npz_free(stria_npz *npz);

size_t stria_npz_count(const stria_npz *npz);
/* "x_train" for the member x_train.npy; NULL past the end. Lives as long as `npz`. */
const char *stria_npz_name(const stria_npz *npz, size_t index);
/* Unpacks and parses a member; `*memory` holds its bytes and is freed with stria_release of the context's
 * allocator. Errors: MISSING, FORMAT (also when a member unpacks to more or less than it announces, announces
 * more than its packed bytes can hold, or is not what its checksum says), UNSUPPORTED (encryption,
 * compression other than deflate), LIMIT (it announces more than `limit` bytes), MEMORY. */
stria_status stria_npz_read(stria_npz *npz, const char *member, uint64_t limit, stria_npy *array,
                            void **memory, stria_error *err);

#endif

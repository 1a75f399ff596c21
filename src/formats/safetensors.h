/* The safetensors container: 8 bytes little-endian header length, a JSON header, then the tensors' bytes without gaps.
 * Source: the format's own README. Stria adds checksums in `__metadata__` (key "stria.checksums"): a CRC-32C of the header
 * without that key and one for each tensor; files of other tools have none and load too. */
#ifndef STRIA_FORMATS_SAFETENSORS_H
#define STRIA_FORMATS_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include <stria/context.h>
#include <stria/error.h>

#include "tensor/shape.h"

/* A tensor in a file. `name` and `bytes` belong to the caller when writing, to the file struct when reading. */
typedef struct stria_safetensor {
    const char *name;
    stria_dtype type;
    stria_shape shape;
    const void *bytes; /* little-endian */
    size_t size;       /* in bytes */
} stria_safetensor;

/* A text under a key of `__metadata__`. */
typedef struct stria_safetext {
    const char *key, *value;
} stria_safetext;

/* An opened file. */
typedef struct stria_safetensors {
    stria_context *context;
    void *bytes; /* the whole file, when owned */
    stria_safetensor *tensors;
    size_t tensor_count;
    stria_safetext *texts;
    size_t text_count;
    bool has_checksums; /* and they were right */
    void *strings;      /* memory of names and texts */
} stria_safetensors;

/* Reads a file's bytes (not copied: they must outlive `file`). `name` is for messages. Everything is checked: header
 * length, JSON, types, shapes against sizes, offsets that overlap, leave holes or pass the end, duplicate names,
 * checksums. Errors: FORMAT, UNSUPPORTED, LIMIT, MEMORY, NOT_BUILT. Free with stria_safetensors_free. */
stria_status stria_safetensors_parse(stria_safetensors *file, stria_context *context, const void *bytes, size_t size,
                                     const char *name, stria_error *err);

/* Reads the file at `path` and parses it; the bytes belong to `file`. */
stria_status stria_safetensors_open(stria_safetensors *file, stria_context *context, const char *path, stria_error *err);

/* A cleared struct is allowed. */
void stria_safetensors_free(stria_safetensors *file);

/* NULL when absent. */
const stria_safetensor *stria_safetensors_find(const stria_safetensors *file, const char *name);
const char *stria_safetensors_text(const stria_safetensors *file, const char *key);

/* Writes a file with checksums, whole or not at all (see stria_file_write). */
stria_status stria_safetensors_write(stria_context *context, const char *path, const stria_safetensor *tensors,
                                     size_t tensor_count, const stria_safetext *texts, size_t text_count, bool durable,
                                     stria_error *err);

#endif

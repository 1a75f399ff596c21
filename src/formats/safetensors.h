/* The safetensors container: 8 bytes little-endian header length, a JSON header, then the tensors' bytes
 * without gaps. Source: the format's own README. Stria adds checksums in `__metadata__` (CRC-32C of the
 * header and of each tensor, docs/file-format.md), so that any flipped bit is found; files of other tools
 * have none and load too. */
#ifndef STRIA_FORMATS_SAFETENSORS_H
#define STRIA_FORMATS_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>

#include "formats/json.h"
#include "tensor/shape.h"

/* Longest header, a limit of the format; and the largest file that is opened. */
#define STRIA_SAFETENSORS_MAX_HEADER ((uint64_t)100000000)
#define STRIA_SAFETENSORS_MAX_FILE   ((uint64_t)8 << 30)

/* Metadata keys of the checksums. They are written by stria_safetensors_write and nobody else. */
#define STRIA_HEADER_CHECKSUM_KEY  "stria.header_checksum"
#define STRIA_TENSOR_CHECKSUMS_KEY "stria.checksums"

/* A tensor in a file. `name` and `bytes` belong to the caller when writing, to the file struct when reading.
 * Sizes of 0 are allowed: such a tensor has no bytes. */
typedef struct stria_safetensor {
    const char *name;
    stria_dtype type;
    stria_shape shape;
    const void *bytes; /* little-endian, at any alignment */
    size_t size;       /* in bytes */
} stria_safetensor;

/* A text under a key of `__metadata__`. */
typedef struct stria_safetext {
    const char *key, *value;
} stria_safetext;

/* An opened file. */
typedef struct stria_safetensors {
    stria_context *context;
    void *bytes;               /* the whole file, when owned */
    stria_safetensor *tensors; /* in the order of their bytes */
    size_t tensor_count;
    stria_safetensor **by_name; /* [tensor_count], sorted by name */
    stria_safetext *texts;      /* in the order of the header */
    size_t text_count;
    bool has_checksums; /* and they were right */
    stria_json *header; /* owns names and texts */
} stria_safetensors;

/* Reads a file's bytes (not copied: they must outlive `file`). `name` is for messages. Everything is checked:
 * header length, JSON, types, shapes against sizes, offsets that overlap, leave holes or pass the end,
 * duplicate names, checksums. Errors: FORMAT, UNSUPPORTED, LIMIT, MEMORY, NOT_BUILT; `file` is then cleared.
 * Free with stria_safetensors_free. */
stria_status stria_safetensors_parse(stria_safetensors *file, stria_context *context, const void *bytes,
                                     size_t size, const char *name, stria_error *err);

/* Reads the file at `path` and parses it; the bytes belong to `file`. */
stria_status stria_safetensors_open(stria_safetensors *file, stria_context *context, const char *path,
                                    stria_error *err);

/* A cleared struct is allowed. */
void stria_safetensors_free(stria_safetensors *file);

/* NULL when absent. */
const stria_safetensor *stria_safetensors_find(const stria_safetensors *file, const char *name);
const char *stria_safetensors_text(const stria_safetensors *file, const char *key);

/* Writes a file with checksums, whole or not at all (see stria_file_write); needs no JSON library. Bytes of
 * texts that are not UTF-8 become U+FFFD. Errors: VALUE for names or keys that are given twice, reserved or
 * not UTF-8, LIMIT for a header above the format's limit, IO, MEMORY. */
stria_status stria_safetensors_write(stria_context *context, const char *path,
                                     const stria_safetensor *tensors, size_t tensor_count,
                                     const stria_safetext *texts, size_t text_count, bool durable,
                                     stria_error *err);

#endif

/* The library's version and what this build of it can do. */
#ifndef STRIA_VERSION_H
#define STRIA_VERSION_H

#include <stddef.h>

#include <stria/export.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STRIA_VERSION_MAJOR 0
#define STRIA_VERSION_MINOR 1
#define STRIA_VERSION_PATCH 0
#define STRIA_VERSION       "0.1.0"

/* The version of the library that is linked, as "0.1.0". Constant. */
STRIA_API const char *stria_version(void);

/* One optional part of the library. */
typedef struct stria_feature {
    const char *name;    /* "png", "npz", "gzip", "safetensors" */
    const char *library; /* the library behind it with its version, "libpng 1.6.39" */
    int built_in;        /* 1 when this build has it, else 0 */
} stria_feature;

/* Writes up to `capacity` optional parts to `features` and returns how many there are in all.
 * `features` may be NULL when `capacity` is 0. Any thread. */
STRIA_API size_t stria_features(stria_feature *features, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif

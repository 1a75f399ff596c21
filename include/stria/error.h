/* Status codes and the caller-owned error that every function which can fail fills in.
 *
 * Rules that hold for the whole interface, unless a declaration says otherwise:
 *   - A function that can fail returns a stria_status and takes `stria_error *err` last; NULL is allowed.
 *   - Outputs come first and are written only on success.
 *   - On failure the objects passed in are as they were before the call.
 *   - The library never prints, exits, aborts or keeps global state. */
#ifndef STRIA_ERROR_H
#define STRIA_ERROR_H

#include <stria/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong, in the kinds a caller could act on. */
typedef enum stria_status {
    STRIA_OK = 0,
    STRIA_ERROR_VALUE,       /* an argument or option breaks its rule */
    STRIA_ERROR_SHAPE,       /* sizes do not fit together */
    STRIA_ERROR_SYNTAX,      /* model text with mistakes */
    STRIA_ERROR_FORMAT,      /* a file is damaged or is not of the format it should be */
    STRIA_ERROR_UNSUPPORTED, /* well formed, but not something this version does */
    STRIA_ERROR_NOT_BUILT,   /* this build was made without the part it needs */
    STRIA_ERROR_MISSING,     /* no such file, data set, layer or tensor */
    STRIA_ERROR_IO,          /* the system refused to read or write */
    STRIA_ERROR_BUSY,        /* another process is using the file */
    STRIA_ERROR_MEMORY,      /* an allocation failed */
    STRIA_ERROR_LIMIT,       /* larger than a limit that can be raised */
    STRIA_ERROR_CANCELLED,   /* the caller asked to stop */
    STRIA_ERROR_DIVERGED     /* training produced NaN or infinity */
} stria_status;

#define STRIA_ERROR_MESSAGE_SIZE 1024

/* Owned by the caller; {0} before first use. `message` is one line without a final full stop or newline (model text
 * mistakes have the source line and a caret on further lines). After success it is unchanged. */
typedef struct stria_error {
    stria_status code;
    char message[STRIA_ERROR_MESSAGE_SIZE];
} stria_error;

/* The name of a status: "shape", "memory", ... Constant, any thread. */
STRIA_API const char *stria_status_name(stria_status status);

#ifdef __cplusplus
}
#endif

#endif

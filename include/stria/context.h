/* The context: memory, files, clock, log, instruction set and threads that models, data sets and plans are made with.
 *
 * A context is passed to constructors only and must outlive what was made with it. Every table in it can be replaced:
 * tests make the n-th call fail, devices bring their own memory. */
#ifndef STRIA_CONTEXT_H
#define STRIA_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include <stria/error.h>
#include <stria/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Memory. Both functions must be callable from any thread. */
typedef struct stria_allocator {
    void *payload; /* handed to the functions */
    /* `size` (> 0) uninitialised bytes at a multiple of `alignment` (a power of two), or NULL. */
    void *(*allocate)(void *payload, size_t size, size_t alignment);
    /* Gives back what allocate returned. `memory` is never NULL. */
    void (*release)(void *payload, void *memory);
} stria_allocator;

/* Files. Every function returns 0 or an errno value. Paths are as the caller of the library gave them. */
typedef struct stria_io {
    void *payload;
    /* Opens for reading and tells the size in bytes (UINT64_MAX when it is a pipe). A folder is EISDIR. */
    int (*open_read)(void *payload, const char *path, void **file, uint64_t *size);
    /* Creates or truncates for writing. */
    int (*open_write)(void *payload, const char *path, void **file);
    /* Reads up to `wanted` bytes; *got is 0 only at the end of the file. */
    int (*read)(void *payload, void *file, void *buffer, size_t wanted, size_t *got);
    /* Writes all `size` bytes or fails. */
    int (*write)(void *payload, void *file, const void *bytes, size_t size);
    /* Reserves space for `size` bytes ahead of writing, so that a full disk shows before anything is lost. */
    int (*reserve)(void *payload, void *file, uint64_t size);
    /* Returns when the file's bytes are on the disk. */
    int (*sync)(void *payload, void *file);
    /* Closes; the handle is gone whatever it returns. */
    int (*close)(void *payload, void *file);
    int (*rename)(void *payload, const char *from, const char *to);
    int (*remove)(void *payload, const char *path);
    /* Makes renames in the folder that holds `path` durable. */
    int (*sync_folder)(void *payload, const char *path);
    /* *kind: 1 a file, 2 a folder, 3 something else. ENOENT when there is nothing. */
    int (*probe)(void *payload, const char *path, int *kind);
    /* Follows symbolic links: writes to `resolved` the path of the file that `path` leads to, or `path` itself.
     * ENAMETOOLONG when it needs more than `size` bytes. NULL: there are no links. */
    int (*resolve)(void *payload, const char *path, char *resolved, size_t size);
    /* Takes the exclusive lock file `path` (created when absent) without waiting; EWOULDBLOCK when another holds it.
     * The lock ends with unlock or with the process. */
    int (*lock)(void *payload, const char *path, void **lock);
    int (*unlock)(void *payload, void *lock);
    /* The functions below may be NULL: then folders of pictures cannot be read, or not be cached in files. */
    /* Opens a folder; read_folder gives its names one after the other in any order, "." and ".." left out, *name NULL
     * at the end (it lives until the next call). *kind is as of probe, and 4 for a link to a folder. */
    int (*open_folder)(void *payload, const char *path, void **folder);
    int (*read_folder)(void *payload, void *folder, const char **name, int *kind);
    int (*close_folder)(void *payload, void *folder);
    /* Tells the size in bytes and the time of the last change, in nanoseconds, of the file that `path` leads to. */
    int (*measure)(void *payload, const char *path, uint64_t *size, int64_t *changed);
    /* Opens for reading and writing in place, created when absent; tells the size. `close` closes it. */
    int (*open_update)(void *payload, const char *path, void **file, uint64_t *size);
    /* Read and write at a place, from any thread, all of `size` bytes or fail: EIO where the file ends before. */
    int (*read_at)(void *payload, void *file, uint64_t place, void *buffer, size_t size);
    int (*write_at)(void *payload, void *file, uint64_t place, const void *bytes, size_t size);
} stria_io;

/* Time. */
typedef struct stria_clock {
    void *payload;
    uint64_t (*monotonic_ns)(void *payload); /* for durations; never goes back */
    int64_t (*unix_seconds)(void *payload);  /* for provenance */
} stria_clock;

typedef enum stria_log_level { STRIA_LOG_DEBUG, STRIA_LOG_INFO, STRIA_LOG_WARNING } stria_log_level;

/* Receives one line without newline. May come from any thread. */
typedef void (*stria_log_fn)(stria_log_level level, const char *message, void *payload);

/* All zero means the defaults. */
typedef struct stria_context_options {
    size_t struct_size;               /* sizeof this struct, or 0 for the layout of version 0.1 */
    const stria_allocator *allocator; /* copied; NULL: the C library's */
    const stria_io *io;               /* copied; NULL: the operating system's */
    const stria_clock *clock;         /* copied; NULL: the operating system's */
    stria_log_fn log;                 /* NULL: nothing is logged */
    void *log_payload;
    const char *cpu; /* highest instruction set to use: "avx512", "avx2", "baseline", "neon", "plain".
                        NULL: the environment's STRIA_CPU, else the best this CPU has */
    int threads;     /* threads of the pool, the caller's included; 0: the CPUs this process may use; at most 256 */
    const char *algorithm; /* of the convolutions of plans that name none themselves, see stria_plan_options; NULL or
                              "auto": by shape, the fastest */
    int64_t max_pixels; /* pixels (height times width) of a picture that is read; 0: 268,435,456 (2^28); at most 2^40.
                           What announces more is refused before memory is asked for */
} stria_context_options;

typedef struct stria_context stria_context;

/* Makes a context. The caller owns it and frees it after everything made with it.
 * Errors: VALUE for an unknown or unavailable `cpu` (the message lists the available ones), an unknown algorithm, a bad
 * thread count or max_pixels;
 * MEMORY; IO when threads cannot be started. */
STRIA_API stria_status stria_context_create(stria_context **context, const stria_context_options *options,
                                            stria_error *err);

/* NULL is allowed. */
STRIA_API void stria_context_free(stria_context *context);

/* The instruction set in use, "avx512" ... Constant. */
STRIA_API const char *stria_context_cpu(const stria_context *context);

/* Threads of the pool, the caller's included. */
STRIA_API int stria_context_threads(const stria_context *context);

/* Nanoseconds of the context's monotonic clock. Any thread. */
STRIA_API uint64_t stria_context_now(const stria_context *context);

#ifdef __cplusplus
}
#endif

#endif

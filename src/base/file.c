/* Whole files through the context's I/O table: reading all, writing all or nothing, locks.
 *
 * Writing goes beside the target and is renamed over it: at any moment, whatever fails, the path holds the
 * old file or the new one. What is not a file (a pipe, /dev/stdout, /dev/null) cannot be replaced and is
 * written to as it stands. */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"

#define PATH_SIZE  4096
#define FIRST_READ ((size_t)65536) /* of a pipe, whose size is unknown */

/* A very long path is cut, so that the cause is always seen. */
static stria_status fail_path(stria_error *err, stria_status status, const char *doing, const char *path,
                              int code)
{
    char cause[128];
    return stria_fail(err, status, "cannot %s '%.768s': %s", doing, path,
                      stria_errno_text(code, cause, sizeof cause));
}

/* ---- Reading ---- */

static stria_status fail_limit(stria_error *err, const char *path, uint64_t limit)
{
    return stria_fail(err, STRIA_ERROR_LIMIT, "'%s' is larger than the limit of %llu bytes", path,
                      (unsigned long long)limit);
}

/* Reads to the end of an open file. The announced size is only where the buffer starts: files may grow or
 * shrink while they are read, those in /proc announce 0. One byte more than announced is asked for, so that
 * the end shows without growing. */
static stria_status read_all(stria_context *context, void *file, const char *path, uint64_t announced,
                             uint64_t limit, char **bytes, size_t *size, stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    stria_status status = STRIA_OK;
    size_t length = 0, capacity = FIRST_READ;
    if (announced != UINT64_MAX) {
        if (announced > SIZE_MAX - 2)
            return fail_limit(err, path, SIZE_MAX - 2);
        capacity = (size_t)announced + 2;
    }
    char *buffer = allocator->allocate(allocator->payload, capacity, STRIA_TENSOR_ALIGNMENT);
    if (!buffer)
        return stria_fail_memory(err, capacity);
    for (;;) {
        if (length + 1 == capacity) {
            size_t larger;
            char *grown = NULL;
            if (stria_size_multiply(capacity, 2, &larger))
                grown = allocator->allocate(allocator->payload, larger, STRIA_TENSOR_ALIGNMENT);
            if (!grown) {
                status = stria_fail_memory(err, capacity);
                goto failed;
            }
            memcpy(grown, buffer, length);
            stria_release(allocator, buffer);
            buffer = grown;
            capacity = larger;
        }
        size_t got = 0;
        int failure =
            context->io.read(context->io.payload, file, buffer + length, capacity - 1 - length, &got);
        if (failure) {
            status = fail_path(err, STRIA_ERROR_IO, "read", path, failure);
            goto failed;
        }
        if (got == 0)
            break;
        length += got;
        if (length > limit) {
            status = fail_limit(err, path, limit);
            goto failed;
        }
    }
    buffer[length] = '\0';
    *bytes = buffer;
    *size = length;
    return STRIA_OK;

failed:
    stria_release(allocator, buffer);
    return status;
}

stria_status stria_file_read(stria_context *context, const char *path, uint64_t limit, void **bytes,
                             size_t *size, stria_error *err)
{
    const stria_io *io = &context->io;
    void *file = NULL;
    uint64_t announced = UINT64_MAX;
    int failure = io->open_read(io->payload, path, &file, &announced);
    if (failure)
        return fail_path(err, stria_status_from_errno(failure), "open", path, failure);
    stria_status status;
    char *buffer = NULL;
    size_t length = 0;
    if (announced != UINT64_MAX && announced > limit)
        status = fail_limit(err, path, limit);
    else
        status = read_all(context, file, path, announced, limit, &buffer, &length, err);
    io->close(io->payload, file); /* nothing was written: nothing can be lost */
    if (status != STRIA_OK)
        return status;
    *bytes = buffer;
    *size = length;
    return STRIA_OK;
}

/* ---- Writing ---- */

static stria_status fail_write(stria_error *err, const char *path, int code)
{
    stria_status status = code == ENOMEM ? STRIA_ERROR_MEMORY : STRIA_ERROR_IO;
    return fail_path(err, status, "write", path, code);
}

/* Opens, fills and closes `path`; an errno value. With `reserve`, space for all is asked for first. */
static int write_pieces(const stria_io *io, const char *path, const stria_bytes *pieces, size_t count,
                        bool reserve, bool durable)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += pieces[i].size;
    void *file = NULL;
    int failure = io->open_write(io->payload, path, &file);
    if (failure)
        return failure;
    if (reserve)
        failure = io->reserve(io->payload, file, total);
    for (size_t i = 0; i < count && !failure; i++)
        if (pieces[i].size > 0)
            failure = io->write(io->payload, file, pieces[i].bytes, pieces[i].size);
    if (!failure && durable)
        failure = io->sync(io->payload, file);
    int close_failure = io->close(io->payload, file);
    return failure ? failure : close_failure;
}

stria_status stria_file_write(stria_context *context, const char *path, const stria_bytes *pieces,
                              size_t count, bool durable, stria_error *err)
{
    const stria_io *io = &context->io;
    int kind = 0, failure = io->probe(io->payload, path, &kind);
    if (failure && failure != ENOENT)
        return fail_write(err, path, failure);
    if (kind == 2)
        return fail_write(err, path, EISDIR);
    if (kind == 3) {
        failure = write_pieces(io, path, pieces, count, false, false);
        return failure ? fail_write(err, path, failure) : STRIA_OK;
    }

    /* A link stays a link: what it leads to is replaced. */
    char target[PATH_SIZE], temporary[PATH_SIZE + 64];
    if (io->resolve)
        failure = io->resolve(io->payload, path, target, sizeof target);
    else
        failure = stria_format(target, sizeof target, "%s", path) < PATH_SIZE ? 0 : ENAMETOOLONG;
    if (failure)
        return fail_write(err, path, failure);

    /* No other process has this number and no other thread this stack. */
    stria_format(temporary, sizeof temporary, "%s.tmp%ld-%llx", target, (long)getpid(),
                 (unsigned long long)(uintptr_t)&kind);
    failure = write_pieces(io, temporary, pieces, count, true, durable);
    if (!failure)
        failure = io->rename(io->payload, temporary, target);
    if (failure) {
        io->remove(io->payload, temporary); /* it may not even exist: the first failure is the one to tell */
        return fail_write(err, path, failure);
    }
    if (durable)
        failure = io->sync_folder(io->payload, target);
    return failure ? fail_write(err, path, failure) : STRIA_OK;
}

int stria_file_probe(stria_context *context, const char *path)
{
    int kind = 0;
    return context->io.probe(context->io.payload, path, &kind) == 0 ? kind : 0;
}

/* ---- Locks ---- */

stria_status stria_file_lock(stria_context *context, const char *path, void **lock, stria_error *err)
{
    int failure = context->io.lock(context->io.payload, path, lock);
    if (!failure)
        return STRIA_OK;
    if (stria_status_from_errno(failure) == STRIA_ERROR_BUSY)
        return stria_fail(err, STRIA_ERROR_BUSY, "'%s' is locked: another process is using it", path);
    return fail_path(err, STRIA_ERROR_IO, "lock", path, failure);
}

void stria_file_unlock(stria_context *context, const char *path, void *lock)
{
    if (!lock)
        return;
    context->io.remove(context->io.payload, path); /* first, while nobody else can hold it */
    context->io.unlock(context->io.payload, lock);
}

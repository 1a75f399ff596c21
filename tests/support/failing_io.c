/* The failing I/O table: each function asks whether it is its turn to fail, else calls the inner table. */
#include "support/failing_io.h"

#include <errno.h>

#include "base/file.h"

/* Counts a call; the errno value it must fail with, or 0. */
static int count_call(failing_io *io)
{
    size_t call = atomic_fetch_add(&io->calls, 1) + 1;
    if (io->fail_at == 0 || (io->fail_all_later ? call < io->fail_at : call != io->fail_at))
        return 0;
    atomic_fetch_add(&io->failures, 1);
    return io->code;
}

static int io_open_read(void *payload, const char *path, void **file, uint64_t *size)
{
    failing_io *io = payload;
    int failure = count_call(io);
    if (!failure)
        failure = io->inner.open_read(io->inner.payload, path, file, size);
    if (!failure)
        atomic_fetch_add(&io->open_files, 1);
    return failure;
}

static int io_open_write(void *payload, const char *path, void **file)
{
    failing_io *io = payload;
    int failure = count_call(io);
    if (!failure)
        failure = io->inner.open_write(io->inner.payload, path, file);
    if (!failure)
        atomic_fetch_add(&io->open_files, 1);
    return failure;
}

static int io_read(void *payload, void *file, void *buffer, size_t wanted, size_t *got)
{
    failing_io *io = payload;
    int failure = count_call(io);
    if (failure)
        return failure;
    if (io->read_limit > 0 && wanted > io->read_limit)
        wanted = io->read_limit;
    return io->inner.read(io->inner.payload, file, buffer, wanted, got);
}

static int io_write(void *payload, void *file, const void *bytes, size_t size)
{
    failing_io *io = payload;
    int failure = count_call(io);
    if (!failure && size > io->disk_space)
        failure = ENOSPC;
    if (failure) {
        (void)io->inner.write(io->inner.payload, file, bytes, size / 2);
        return failure;
    }
    if (io->disk_space != UINT64_MAX)
        io->disk_space -= size;
    return io->inner.write(io->inner.payload, file, bytes, size);
}

static int io_reserve(void *payload, void *file, uint64_t size)
{
    failing_io *io = payload;
    int failure = count_call(io);
    if (failure)
        return failure;
    if (io->cannot_reserve)
        return 0;
    return size > io->disk_space ? ENOSPC : io->inner.reserve(io->inner.payload, file, size);
}

static int io_sync(void *payload, void *file)
{
    failing_io *io = payload;
    int failure = count_call(io);
    return failure ? failure : io->inner.sync(io->inner.payload, file);
}

static int io_close(void *payload, void *file)
{
    failing_io *io = payload;
    int failure = count_call(io);
    int inner_failure = io->inner.close(io->inner.payload, file);
    atomic_fetch_sub(&io->open_files, 1);
    return failure ? failure : inner_failure;
}

static int io_rename(void *payload, const char *from, const char *to)
{
    failing_io *io = payload;
    int failure = count_call(io);
    return failure ? failure : io->inner.rename(io->inner.payload, from, to);
}

static int io_remove(void *payload, const char *path)
{
    failing_io *io = payload;
    int failure = count_call(io);
    return failure ? failure : io->inner.remove(io->inner.payload, path);
}

static int io_sync_folder(void *payload, const char *path)
{
    failing_io *io = payload;
    int failure = count_call(io);
    return failure ? failure : io->inner.sync_folder(io->inner.payload, path);
}

static int io_probe(void *payload, const char *path, int *kind)
{
    failing_io *io = payload;
    int failure = count_call(io);
    return failure ? failure : io->inner.probe(io->inner.payload, path, kind);
}

static int io_resolve(void *payload, const char *path, char *resolved, size_t size)
{
    failing_io *io = payload;
    int failure = count_call(io);
    return failure ? failure : io->inner.resolve(io->inner.payload, path, resolved, size);
}

static int io_lock(void *payload, const char *path, void **lock)
{
    failing_io *io = payload;
    int failure = count_call(io);
    if (!failure)
        failure = io->inner.lock(io->inner.payload, path, lock);
    if (!failure)
        atomic_fetch_add(&io->held_locks, 1);
    return failure;
}

static int io_unlock(void *payload, void *lock)
{
    failing_io *io = payload;
    int failure = count_call(io);
    int inner_failure = io->inner.unlock(io->inner.payload, lock);
    atomic_fetch_sub(&io->held_locks, 1);
    return failure ? failure : inner_failure;
}

static int io_open_folder(void *payload, const char *path, void **folder)
{
    failing_io *io = payload;
    int failure = count_call(io);
    if (!failure)
        failure = io->inner.open_folder(io->inner.payload, path, folder);
    if (!failure)
        atomic_fetch_add(&io->open_files, 1);
    return failure;
}

static int io_read_folder(void *payload, void *folder, const char **name, int *kind)
{
    failing_io *io = payload;
    int failure = count_call(io);
    return failure ? failure : io->inner.read_folder(io->inner.payload, folder, name, kind);
}

static int io_close_folder(void *payload, void *folder)
{
    failing_io *io = payload;
    int failure = count_call(io);
    int inner_failure = io->inner.close_folder(io->inner.payload, folder);
    atomic_fetch_sub(&io->open_files, 1);
    return failure ? failure : inner_failure;
}

static int io_measure(void *payload, const char *path, uint64_t *size, int64_t *changed)
{
    failing_io *io = payload;
    int failure = count_call(io);
    return failure ? failure : io->inner.measure(io->inner.payload, path, size, changed);
}

static int io_open_update(void *payload, const char *path, void **file, uint64_t *size)
{
    failing_io *io = payload;
    int failure = count_call(io);
    if (!failure)
        failure = io->inner.open_update(io->inner.payload, path, file, size);
    if (!failure)
        atomic_fetch_add(&io->open_files, 1);
    return failure;
}

static int io_read_at(void *payload, void *file, uint64_t place, void *buffer, size_t size)
{
    failing_io *io = payload;
    int failure = count_call(io);
    return failure ? failure : io->inner.read_at(io->inner.payload, file, place, buffer, size);
}

static int io_write_at(void *payload, void *file, uint64_t place, const void *bytes, size_t size)
{
    failing_io *io = payload;
    int failure = count_call(io);
    if (!failure && io->disk_space != UINT64_MAX && size > io->disk_space)
        failure = ENOSPC;
    if (failure) {
        (void)io->inner.write_at(io->inner.payload, file, place, bytes, size / 2);
        return failure;
    }
    if (io->disk_space != UINT64_MAX)
        io->disk_space -= size;
    return io->inner.write_at(io->inner.payload, file, place, bytes, size);
}

void failing_io_init(failing_io *io)
{
    *io = (failing_io){
        .table =
            {
                .payload = io,
                .open_read = io_open_read,
                .open_write = io_open_write,
                .read = io_read,
                .write = io_write,
                .reserve = io_reserve,
                .sync = io_sync,
                .close = io_close,
                .rename = io_rename,
                .remove = io_remove,
                .sync_folder = io_sync_folder,
                .probe = io_probe,
                .resolve = io_resolve,
                .lock = io_lock,
                .unlock = io_unlock,
                .open_folder = io_open_folder,
                .read_folder = io_read_folder,
                .close_folder = io_close_folder,
                .measure = io_measure,
                .open_update = io_open_update,
                .read_at = io_read_at,
                .write_at = io_write_at,
            },
        .inner = stria_default_io,
        .code = EIO,
        .disk_space = UINT64_MAX,
    };
}

/* The default I/O table and clock: POSIX files and the system's time.
 *
 * Every descriptor is closed on exec, interrupted calls are repeated, and every result is an errno value. A
 * file's handle is its descriptor plus one, so that none of them is NULL. */
#ifndef _DEFAULT_SOURCE
#    define _DEFAULT_SOURCE /* flock */
#endif
#define _FILE_OFFSET_BITS 64

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#ifndef PATH_MAX
#    define PATH_MAX 4096
#endif

#define LARGEST_TRANSFER ((size_t)1 << 30) /* Linux moves at most 2 GiB at a time */
#define MOST_LINKS       40                /* as the kernel */
#define LOCK_TRIES       100

static void *handle_of(int descriptor)
{
    return (void *)((intptr_t)descriptor + 1);
}

static int descriptor_of(void *handle)
{
    return (int)((intptr_t)handle - 1);
}

static int open_descriptor(const char *path, int flags, int *descriptor)
{
    do
        *descriptor = open(path, flags | O_CLOEXEC, 0666);
    while (*descriptor < 0 && errno == EINTR);
    return *descriptor < 0 ? errno : 0;
}

/* ---- Files ---- */

static int io_open_read(void *payload, const char *path, void **file, uint64_t *size)
{
    (void)payload;
    int descriptor;
    int failure = open_descriptor(path, O_RDONLY, &descriptor);
    if (failure)
        return failure;
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        failure = errno;
    else if (S_ISDIR(status.st_mode))
        failure = EISDIR;
    if (failure) {
        close(descriptor);
        return failure;
    }
    *size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : UINT64_MAX;
    *file = handle_of(descriptor);
    return 0;
}

static int io_open_write(void *payload, const char *path, void **file)
{
    (void)payload;
    int descriptor;
    int failure = open_descriptor(path, O_WRONLY | O_CREAT | O_TRUNC, &descriptor);
    if (!failure)
        *file = handle_of(descriptor);
    return failure;
}

static int io_read(void *payload, void *file, void *buffer, size_t wanted, size_t *got)
{
    (void)payload;
    ssize_t count;
    do
        count = read(descriptor_of(file), buffer, wanted < LARGEST_TRANSFER ? wanted : LARGEST_TRANSFER);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return errno;
    *got = (size_t)count;
    return 0;
}

static int io_write(void *payload, void *file, const void *bytes, size_t size)
{
    (void)payload;
    const char *p = bytes;
    while (size > 0) {
        ssize_t count = write(descriptor_of(file), p, size < LARGEST_TRANSFER ? size : LARGEST_TRANSFER);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno;
        if (count == 0)
            return ENOSPC; /* nothing taken and no reason given: a full device */
        p += count;
        size -= (size_t)count;
    }
    return 0;
}

/* A file system that cannot reserve is no error: then writing tells. */
static int io_reserve(void *payload, void *file, uint64_t size)
{
    (void)payload;
    if (size == 0)
        return 0;
    if (size > INT64_MAX)
        return EFBIG;
#if defined(_POSIX_ADVISORY_INFO) && _POSIX_ADVISORY_INFO > 0
    int failure;
    do
        failure = posix_fallocate(descriptor_of(file), 0, (off_t)size);
    while (failure == EINTR);
    switch (failure) {
    case EOPNOTSUPP:
    case EINVAL:
    case ENODEV:
    case ESPIPE:
    case ENOSYS:
        return 0;
    default:
        return failure;
    }
#else
    (void)file;
    return 0;
#endif
}

/* Pipes and some file systems' folders have nothing to sync. */
static int sync_descriptor(int descriptor)
{
    int result;
    do
        result = fsync(descriptor);
    while (result != 0 && errno == EINTR);
    return result == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : errno;
}

static int io_sync(void *payload, void *file)
{
    (void)payload;
    return sync_descriptor(descriptor_of(file));
}

/* After EINTR the descriptor is closed on Linux, and nobody can tell elsewhere: closing again might hit
 * another thread's file. */
static int io_close(void *payload, void *file)
{
    (void)payload;
    return close(descriptor_of(file)) == 0 || errno == EINTR ? 0 : errno;
}

static int io_rename(void *payload, const char *from, const char *to)
{
    (void)payload;
    return rename(from, to) == 0 ? 0 : errno;
}

static int io_remove(void *payload, const char *path)
{
    (void)payload;
    return unlink(path) == 0 ? 0 : errno;
}

/* ---- Paths ---- */

/* The length of the folder's part of `path`, its slash included; 0 for the current folder. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

static int io_sync_folder(void *payload, const char *path)
{
    (void)payload;
    char folder[PATH_MAX] = ".";
    size_t length = folder_length(path);
    if (length >= sizeof folder)
        return ENAMETOOLONG;
    if (length > 0) {
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    int descriptor;
    int failure = open_descriptor(folder, O_RDONLY | O_DIRECTORY, &descriptor);
    if (failure)
        return failure;
    failure = sync_descriptor(descriptor);
    close(descriptor);
    return failure;
}

static int io_probe(void *payload, const char *path, int *kind)
{
    (void)payload;
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOTDIR ? ENOENT : errno;
    *kind = S_ISREG(status.st_mode) ? 1 : S_ISDIR(status.st_mode) ? 2 : 3;
    return 0;
}

/* Follows links of the last name only: the system follows those of the folders before it anyway. */
static int io_resolve(void *payload, const char *path, char *resolved, size_t size)
{
    (void)payload;
    size_t length = strlen(path);
    if (length >= size)
        return ENAMETOOLONG;
    memcpy(resolved, path, length + 1);
    for (int links = 0; links < MOST_LINKS; links++) {
        char target[PATH_MAX];
        ssize_t got = readlink(resolved, target, sizeof target - 1);
        if (got < 0)
            return errno == EINVAL || errno == ENOENT ? 0 : errno;
        target[got] = '\0';
        size_t folder = target[0] == '/' ? 0 : folder_length(resolved);
        if (folder + (size_t)got >= size)
            return ENAMETOOLONG;
        memcpy(resolved + folder, target, (size_t)got + 1);
    }
    return ELOOP;
}

/* ---- Locks ---- */

/* Whoever unlocks removes the file while still holding it, so the file locked here may be one that has just
 * lost its name, and a third process may hold a new one of that name. Only a lock on the file that has the
 * name counts. */
static int io_lock(void *payload, const char *path, void **lock)
{
    (void)payload;
    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        int descriptor, result;
        int failure = open_descriptor(path, O_RDWR | O_CREAT, &descriptor);
        if (failure)
            return failure;
        do
            result = flock(descriptor, LOCK_EX | LOCK_NB);
        while (result != 0 && errno == EINTR);
        struct stat held, named;
        if (result != 0 || fstat(descriptor, &held) != 0) {
            failure = errno;
            close(descriptor);
            return failure;
        }
        if (stat(path, &named) == 0 && named.st_dev == held.st_dev && named.st_ino == held.st_ino) {
            *lock = handle_of(descriptor);
            return 0;
        }
        close(descriptor);
    }
    return EWOULDBLOCK;
}

static int io_unlock(void *payload, void *lock)
{
    return io_close(payload, lock);
}

/* ---- Folders ---- */

static int io_open_folder(void *payload, const char *path, void **folder)
{
    (void)payload;
    *folder = opendir(path);
    return *folder != NULL ? 0 : errno;
}

/* Most file systems tell the kind with the name; links, and names of those that do not, are looked at. */
static int kind_of_entry(DIR *folder, const struct dirent *entry)
{
    struct stat status;
    bool is_link = false;
    switch (entry->d_type) {
    case DT_REG:
        return 1;
    case DT_DIR:
        return 2;
    case DT_LNK:
        is_link = true;
        break;
    case DT_UNKNOWN:
        is_link = fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                  S_ISLNK(status.st_mode);
        break;
    default:
        return 3;
    }
    if (fstatat(dirfd(folder), entry->d_name, &status, 0) != 0)
        return 3; /* a link to nothing, or gone meanwhile */
    if (S_ISDIR(status.st_mode))
        return is_link ? 4 : 2;
    return S_ISREG(status.st_mode) ? 1 : 3;
}

static int io_read_folder(void *payload, void *folder, const char **name, int *kind)
{
    (void)payload;
    const struct dirent *entry;
    do {
        errno = 0;
        entry = readdir(folder);
        if (entry == NULL) {
            *name = NULL;
            return errno;
        }
    } while (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    *name = entry->d_name;
    *kind = kind_of_entry(folder, entry);
    return 0;
}

static int io_close_folder(void *payload, void *folder)
{
    (void)payload;
    return closedir(folder) == 0 ? 0 : errno;
}

static int io_measure(void *payload, const char *path, uint64_t *size, int64_t *changed)
{
    (void)payload;
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOTDIR ? ENOENT : errno;
    *size = (uint64_t)status.st_size;
    *changed = (int64_t)status.st_mtim.tv_sec * 1000000000 + (int64_t)status.st_mtim.tv_nsec;
    return 0;
}

/* ---- Files changed in place ---- */

static int io_open_update(void *payload, const char *path, void **file, uint64_t *size)
{
    (void)payload;
    int descriptor;
    int failure = open_descriptor(path, O_RDWR | O_CREAT, &descriptor);
    if (failure)
        return failure;
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        failure = errno;
    else if (!S_ISREG(status.st_mode))
        failure = EINVAL;
    if (failure) {
        close(descriptor);
        return failure;
    }
    *size = (uint64_t)status.st_size;
    *file = handle_of(descriptor);
    return 0;
}

static int io_read_at(void *payload, void *file, uint64_t place, void *buffer, size_t size)
{
    (void)payload;
    char *p = buffer;
    while (size > 0) {
        ssize_t count =
            pread(descriptor_of(file), p, size < LARGEST_TRANSFER ? size : LARGEST_TRANSFER, (off_t)place);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? errno : EIO;
        p += count;
        place += (uint64_t)count;
        size -= (size_t)count;
    }
    return 0;
}

static int io_write_at(void *payload, void *file, uint64_t place, const void *bytes, size_t size)
{
    (void)payload;
    const char *p = bytes;
    while (size > 0) {
        ssize_t count =
            pwrite(descriptor_of(file), p, size < LARGEST_TRANSFER ? size : LARGEST_TRANSFER, (off_t)place);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? errno : ENOSPC;
        p += count;
        place += (uint64_t)count;
        size -= (size_t)count;
    }
    return 0;
}

const stria_io stria_default_io = {
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
};

/* ---- Time ---- */

static uint64_t clock_monotonic_ns(void *payload)
{
    (void)payload;
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int64_t clock_unix_seconds(void *payload)
{
    (void)payload;
    return (int64_t)time(NULL);
}

const stria_clock stria_default_clock = {NULL, clock_monotonic_ns, clock_unix_seconds};

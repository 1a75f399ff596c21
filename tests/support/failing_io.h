/* An I/O table over the operating system's that counts calls and fails the one it is told to.
 *
 * A write that fails has written half of its bytes, as on a disk that fills up; a close or unlock that fails
 * has closed. */
#ifndef STRIA_TESTS_SUPPORT_FAILING_IO_H
#define STRIA_TESTS_SUPPORT_FAILING_IO_H

#include <stdatomic.h>
#include <stdbool.h>

#include <stria/context.h>

typedef struct failing_io {
    stria_io table;      /* for the context; points back here, so this struct must stay where it is */
    stria_io inner;      /* what does the work */
    size_t fail_at;      /* the call that fails, from 1; 0: none */
    bool fail_all_later; /* and every one after it */
    int code;            /* the errno value it fails with; EIO at first */
    bool cannot_reserve; /* reserve does nothing, as on file systems without it */
    uint64_t disk_space; /* bytes that can be written or reserved before ENOSPC; UINT64_MAX at first */
    size_t read_limit;   /* the most bytes one read gives; 0: any number */
    atomic_size_t calls;
    atomic_size_t failures;
    atomic_size_t open_files, held_locks;
} failing_io;

void failing_io_init(failing_io *io);

#endif

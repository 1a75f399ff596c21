/* A context whose file system holds one file and perhaps one folder: for targets that open data sets by name.
 */
#ifndef STRIA_TESTS_FUZZ_ONE_FILE_H
#define STRIA_TESTS_FUZZ_ONE_FILE_H

#include <errno.h>
#include <string.h>

#include <stria/context.h>

#include "fuzz/bounded_context.h"

typedef struct one_file {
    const char *name, *folder;
    const uint8_t *bytes;
    size_t size, at;
} one_file;

static int one_file_open(void *payload, const char *path, void **file, uint64_t *size)
{
    one_file *only = payload;
    if (strcmp(path, only->name) != 0)
        return ENOENT;
    only->at = 0;
    *size = only->size;
    *file = only;
    return 0;
}

static int one_file_read(void *payload, void *file, void *buffer, size_t wanted, size_t *got)
{
    one_file *only = payload;
    (void)file;
    *got = wanted < only->size - only->at ? wanted : only->size - only->at;
    if (*got > 0)
        memcpy(buffer, only->bytes + only->at, *got);
    only->at += *got;
    return 0;
}

static int one_file_close(void *payload, void *file)
{
    (void)payload;
    (void)file;
    return 0;
}

static int one_file_probe(void *payload, const char *path, int *kind)
{
    const one_file *only = payload;
    if (strcmp(path, only->name) == 0)
        *kind = 1;
    else if (only->folder != NULL && strcmp(path, only->folder) == 0)
        *kind = 2;
    else
        return ENOENT;
    return 0;
}

static stria_context *one_file_context(one_file *only)
{
    stria_context *context = NULL;
    const stria_io io = {.payload = only,
                         .open_read = one_file_open,
                         .read = one_file_read,
                         .close = one_file_close,
                         .probe = one_file_probe};
    const stria_context_options options = {.io = &io, .threads = 1};
    REQUIRE(stria_context_create(&context, &options, NULL) == STRIA_OK);
    return context;
}

#endif

/* Files for the tests of the formats: committed ones, and safetensors made by hand from any header. */
#ifndef STRIA_TESTS_FORMATS_FILES_H
#define STRIA_TESTS_FORMATS_FILES_H

#include <stddef.h>
#include <stdint.h>

typedef struct file_bytes {
    uint8_t *bytes; /* from malloc, exactly `size`: sanitizers see every read past the end */
    size_t size;
} file_bytes;

/* Reads a file, the test fails when that fails. */
file_bytes read_test_file(const char *path);

/* The same for tests/formats/data/NAME. */
file_bytes read_data_file(const char *name);

/* Path of tests/formats/data/NAME in `path`, which is returned. */
const char *data_path(const char *name, char path[1024]);

/* A safetensors file: this header with its true length, then `data_size` bytes 0, 1, 2 ... */
file_bytes make_safetensors(const char *header, size_t data_size);

void free_bytes(file_bytes *file);

#endif

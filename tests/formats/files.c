/* Files for the tests of the formats, by the C library alone. */
#include "formats/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

file_bytes read_test_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        print_error("'%s' is not there\n", path);
        fail();
    }
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    rewind(file);
    file_bytes read = {.bytes = malloc((size_t)size), .size = (size_t)size};
    assert_non_null(read.bytes);
    assert_int_equal(fread(read.bytes, 1, read.size, file), read.size);
    fclose(file);
    return read;
}

const char *data_path(const char *name, char path[1024])
{
    int length = snprintf(path, 1024, "%s/formats/data/%s", STRIA_TEST_DATA, name);
    assert_true(length > 0 && length < 1024);
    return path;
}

file_bytes read_data_file(const char *name)
{
    char path[1024];
    return read_test_file(data_path(name, path));
}

file_bytes make_safetensors(const char *header, size_t data_size)
{
    size_t length = strlen(header);
    file_bytes made = {.size = 8 + length + data_size};
    made.bytes = malloc(made.size);
    assert_non_null(made.bytes);
    for (int i = 0; i < 8; i++)
        made.bytes[i] = (uint8_t)((uint64_t)length >> 8 * i);
    memcpy(made.bytes + 8, header, length);
    for (size_t i = 0; i < data_size; i++)
        made.bytes[8 + length + i] = (uint8_t)i;
    return made;
}

void free_bytes(file_bytes *file)
{
    free(file->bytes);
    *file = (file_bytes){0};
}

/* The temporary folder and its files, by the C library alone: the code under test has no part in it. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "support/temporary_folder.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

void temporary_folder_make(temporary_folder *folder)
{
    const char *parent = getenv("TMPDIR");
    if (!parent || parent[0] == '\0')
        parent = "/tmp";
    snprintf(folder->path, sizeof folder->path, "%s/stria-test-XXXXXX", parent);
    assert_non_null(mkdtemp(folder->path));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void temporary_folder_remove(temporary_folder *folder)
{
    assert_int_equal(nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    folder->path[0] = '\0';
}

char *temporary_folder_path(const temporary_folder *folder, const char *name, char path[TEMPORARY_PATH_SIZE])
{
    int length = snprintf(path, TEMPORARY_PATH_SIZE, "%s/%s", folder->path, name);
    assert_true(length > 0 && length < TEMPORARY_PATH_SIZE);
    return path;
}

size_t temporary_folder_count(const temporary_folder *folder)
{
    DIR *names = opendir(folder->path);
    assert_non_null(names);
    size_t count = 0;
    for (const struct dirent *name = readdir(names); name; name = readdir(names))
        count += strcmp(name->d_name, ".") != 0 && strcmp(name->d_name, "..") != 0;
    closedir(names);
    return count;
}

void write_test_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void assert_file_holds(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        print_error("'%s' is not there\n", path);
        fail();
    }
    char *found = malloc(size + 1);
    assert_non_null(found);
    size_t length = fread(found, 1, size + 1, file);
    fclose(file);
    if (length != size || memcmp(found, bytes, size) != 0) {
        print_error("'%s' holds %zu%s bytes, or others than the %zu expected\n", path, length,
                    length > size ? " or more" : "", size);
        free(found);
        fail();
    }
    free(found);
}

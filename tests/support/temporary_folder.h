/* A folder for one test's files, in $TMPDIR or /tmp, removed with everything in it. */
#ifndef STRIA_TESTS_SUPPORT_TEMPORARY_FOLDER_H
#define STRIA_TESTS_SUPPORT_TEMPORARY_FOLDER_H

#include <stddef.h>

#define TEMPORARY_PATH_SIZE 1024

typedef struct temporary_folder {
    char path[512];
} temporary_folder;

void temporary_folder_make(temporary_folder *folder);
void temporary_folder_remove(temporary_folder *folder);

/* "folder/name" in `path`, which is returned. */
char *temporary_folder_path(const temporary_folder *folder, const char *name, char path[TEMPORARY_PATH_SIZE]);

/* Names in the folder, "." and ".." left out. */
size_t temporary_folder_count(const temporary_folder *folder);

/* Writes and compares whole files. */
void write_test_file(const char *path, const void *bytes, size_t size);
void assert_file_holds(const char *path, const void *bytes, size_t size);

#endif

/* Data sets of picture files for the tests. */
#include "data/picture_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/check.h"
#include "support/test_context.h"

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777);
        *slash = '/';
    }
}

void put_bytes(const temporary_folder *folder, const char *name, const void *bytes, size_t size)
{
    char path[TEMPORARY_PATH_SIZE];
    temporary_folder_path(folder, name, path);
    make_folders(path);
    write_test_file(path, bytes, size);
}

static void put(const temporary_folder *folder, const char *name, int64_t height, int64_t width,
                int64_t channels, uint32_t seed, unsigned base, unsigned spread)
{
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_error err = {0};
    stria_picture picture = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_ok(stria_picture_create(&picture, test.context, height, width, channels, &err), &err);
    uint32_t word = seed * 2654435761U + 1;
    for (int64_t i = 0; i < height * width * channels; i++) {
        word = word * 1664525U + 1013904223U;
        picture.bytes[i] = (uint8_t)(base + (word >> 24) * spread / 256);
    }
    assert_ok(stria_picture_encode_png(&bytes, &size, test.context, &picture, &err), &err);
    put_bytes(folder, name, bytes, size);
    stria_picture_free_bytes(bytes, test.context);
    stria_picture_free(&picture, test.context);
    test_context_close(&test);
}

void put_picture(const temporary_folder *folder, const char *name, int64_t height, int64_t width,
                 int64_t channels, uint32_t seed)
{
    put(folder, name, height, width, channels, seed, 0, 256);
}

void put_classes(const temporary_folder *folder, const char *part, int count, uint32_t seed)
{
    static const char *const classes[] = {"ape", "bee", "cat"};
    for (unsigned c = 0; c < 3; c++) {
        for (int i = 0; i < count; i++) {
            char name[128];
            snprintf(name, sizeof name, "%s%s/%04d.png", part, classes[c], i);
            put(folder, name, 8, 8, 3, seed + 1000 * c + (uint32_t)i, 40 * c, 150);
        }
    }
}

stria_dataset *open_data(stria_context *context, const temporary_folder *folder, const char *name,
                         const stria_dataset_options *options)
{
    char path[TEMPORARY_PATH_SIZE];
    stria_dataset *data = NULL;
    stria_error err = {0};
    assert_ok(
        stria_dataset_open_with(&data, context, temporary_folder_path(folder, name, path), options, &err),
        &err);
    return data;
}

stria_status refuse_data(stria_context *context, const temporary_folder *folder, const char *name,
                         const stria_dataset_options *options, stria_error *err)
{
    char path[TEMPORARY_PATH_SIZE];
    stria_dataset *data = NULL;
    *err = (stria_error){0};
    const stria_status status =
        stria_dataset_open_with(&data, context, temporary_folder_path(folder, name, path), options, err);
    assert_true(status != STRIA_OK && data == NULL);
    return status;
}

/* Opens with call n failing, an allocation or one of the system. False when there are fewer calls. */
static bool fails(test_context *test, const char *path, bool of_memory, size_t n, size_t *failures)
{
    stria_dataset *data = NULL;
    stria_error err = {0};
    if (of_memory)
        test->memory.fail_at = test->memory.calls + n;
    else
        test->io.fail_at = test->io.calls + n;
    const stria_status status = stria_dataset_open(&data, test->context, path, &err);
    const bool reached =
        of_memory ? test->memory.calls >= test->memory.fail_at : test->io.calls >= test->io.fail_at;
    test->memory.fail_at = test->io.fail_at = 0;
    stria_dataset_free(status == STRIA_OK ? data : NULL);
    assert_true(status == STRIA_OK ||
                (reached && status == (of_memory ? STRIA_ERROR_MEMORY : STRIA_ERROR_IO)));
    *failures += status != STRIA_OK;
    return reached;
}

void open_with_failures(test_context *test, const temporary_folder *folder, const char *name)
{
    char path[TEMPORARY_PATH_SIZE];
    size_t failures = 0;
    temporary_folder_path(folder, name, path);
    for (int of_memory = 0; of_memory < 2; of_memory++)
        for (size_t n = 1; fails(test, path, of_memory, n, &failures); n++)
            continue;
    assert_true(failures > 0);
    print_message("%zu calls made to fail\n", failures);
}

/* The main program of fuzz targets in builds without libFuzzer: runs every file of the folders named on the
 * command line once, so that the targets and their corpora are tested by every compiler. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/bounded_context.h"

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    REQUIRE(file != NULL);
    REQUIRE(fseek(file, 0, SEEK_END) == 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data =
        malloc(size > 0 ? size : 1); /* just as long: the sanitizers see every read past the end */
    REQUIRE(data != NULL && fread(data, 1, size, file) == size);
    fclose(file);
    REQUIRE(LLVMFuzzerTestOneInput(data, size) == 0);
    free(data);
}

static int run_folder(const char *folder)
{
    DIR *names = opendir(folder);
    int count = 0;
    REQUIRE(names != NULL);
    for (const struct dirent *name = readdir(names); name != NULL; name = readdir(names)) {
        char path[4096];
        if (name->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, name->d_name);
        run_file(path);
        count++;
    }
    closedir(names);
    return count;
}

int main(int argument_count, char **arguments)
{
    int count = 0;
    for (int i = 1; i < argument_count; i++)
        count += run_folder(arguments[i]);
    printf("%d files of the corpus run\n", count);
    return count > 0 ? 0 : 1;
}

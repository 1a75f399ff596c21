/* See sample_picture.h. Files come first: a file called temple is that file, and ./temple is never a sample.
 */
#include "sample_picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "open.h"

/* Their names without .jpg or .png. */
static const char *const samples[] = {"temple.jpg", "flower.jpg", "brick.png", "grass.png", "gravel.png"};

/* The folder is that of the user's data by the XDG Base Directory Specification; scripts/sample-pictures
 * writes there. */
int cli_find_picture(const char *name, char **path)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME"), *file = NULL;
    const char *folder = data != NULL && data[0] == '/' ? data : home;
    const char *inner = folder == data ? "stria/pictures" : ".local/share/stria/pictures";
    const size_t length = strlen(name);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        if (strncmp(name, samples[i], length) == 0 && samples[i][length] == '.') {
            file = samples[i];
        }
    }
    const bool is_sample = file != NULL && folder != NULL && !cli_exists(name);
    const size_t size = is_sample ? strlen(folder) + strlen(inner) + strlen(file) + sizeof "//" : length + 1;
    *path = malloc(size);
    if (*path == NULL) {
        return cli_fail_memory();
    }
    if (!is_sample) {
        memcpy(*path, name, size);
        return CLI_DONE;
    }
    snprintf(*path, size, "%s/%s/%s", folder, inner, file);
    if (!cli_exists(*path)) {
        const int status = cli_fail(CLI_ENVIRONMENT,
                                    "%s: no such file, and the sample photograph of that name is not at %s: "
                                    "scripts/sample-pictures gets it",
                                    name, *path);
        free(*path);
        *path = NULL;
        return status;
    }
    return CLI_DONE;
}

/* Opening a data set by name: known names first, then what the path leads to, told by content. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/gzip.h"
#include "data/idx.h"
#include "data/sources.h"

stria_status stria_data_probe(stria_context *context, const char *path, int *kind, stria_error *err)
{
    int found = 0, failure = context->io.probe(context->io.payload, path, &found);
    if (failure != 0 && failure != ENOENT && failure != ENOTDIR) {
        char cause[128];
        return stria_fail(err, stria_status_from_errno(failure), "%s: cannot be looked at: %s", path,
                          stria_errno_text(failure, cause, sizeof cause));
    }
    *kind = failure == 0 ? found : 0;
    return STRIA_OK;
}

/* Where Debian's package dataset-fashion-mnist puts it. */
#define FASHION_MNIST_FOLDER "/usr/share/datasets/fashion-mnist"

static stria_status open_fashion_mnist(stria_dataset **data, stria_context *context, const char *name,
                                       stria_error *err)
{
    (void)name;
    static const char *const classes[] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                          "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
    bool found;
    STRIA_TRY(stria_idx_folder_looks(&found, context, FASHION_MNIST_FOLDER, err));
    if (!found)
        return stria_fail(
            err, STRIA_ERROR_MISSING,
            "fashion-mnist: not found in %s: install it with `apt-get install dataset-fashion-mnist`",
            FASHION_MNIST_FOLDER);
    return stria_idx_folder_open(data, context, FASHION_MNIST_FOLDER, classes,
                                 sizeof classes / sizeof classes[0], err);
}

typedef struct known_name {
    const char *name;
    stria_status (*open)(stria_dataset **data, stria_context *context, const char *name, stria_error *err);
} known_name;

static const known_name known_names[] = {{"digits", stria_digits_open},
                                         {"fashion-mnist", open_fashion_mnist}};

#define KNOWN_NAME_COUNT (sizeof known_names / sizeof known_names[0])

static stria_status fail_missing(const char *name, stria_error *err)
{
    for (size_t i = 0; i < KNOWN_NAME_COUNT; i++) {
        const char *known = known_names[i].name;
        if (stria_text_distance(name, strlen(name), known, strlen(known)) <= strlen(known) / 4)
            return stria_fail(err, STRIA_ERROR_MISSING,
                              "%s: no such file, folder or data set: did you mean '%s'?", name, known);
    }
    return stria_fail(err, STRIA_ERROR_MISSING,
                      "%s: no such file, folder or data set (known names: digits, fashion-mnist)", name);
}

static stria_status open_folder(stria_dataset **data, stria_context *context, const char *folder,
                                const stria_dataset_options *options, stria_error *err)
{
    bool found;
    STRIA_TRY(stria_idx_folder_looks(&found, context, folder, err));
    if (found)
        return stria_idx_folder_open(data, context, folder, NULL, 0, err);
    STRIA_TRY(stria_cifar_looks(&found, context, folder, err));
    if (found)
        return stria_cifar_open(data, context, folder, err);
    return stria_class_folder_open(data, context, folder, options, err);
}

static stria_status open_file(stria_dataset **data, stria_context *context, const char *path,
                              stria_error *err)
{
    void *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_file_read(context, path, STRIA_DATA_FILE_LIMIT, &bytes, &size, err));
    stria_status status;
    if (size == 0)
        status = stria_fail(err, STRIA_ERROR_FORMAT, "%s: the file is empty", path);
    else if (size >= 4 && memcmp(bytes, "PK", 2) == 0)
        status = stria_npz_dataset_open(data, context, bytes, size, path, err);
    else if (stria_idx_looks(bytes, size) || stria_gzip_looks(bytes, size))
        status =
            stria_fail(err, STRIA_ERROR_FORMAT,
                       "%s: one IDX file is no data set: name its folder, which also holds the labels", path);
    else if (size >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0)
        status = stria_fail(err, STRIA_ERROR_FORMAT,
                            "%s: one array is no data set: save x and y together with numpy.savez", path);
    else
        status = stria_fail(
            err, STRIA_ERROR_FORMAT,
            "%s: not a data set: expected an .npz archive with x and y, a .csv list of pictures, or a folder",
            path);
    stria_release(&context->allocator, bytes);
    return status;
}

stria_status stria_dataset_open_with(stria_dataset **data, stria_context *context, const char *name,
                                     const stria_dataset_options *options, stria_error *err)
{
    stria_dataset_options known;
    STRIA_TRY(stria_options_read(&known, sizeof known, options, "stria_dataset_options", err));
    for (size_t i = 0; i < KNOWN_NAME_COUNT; i++) {
        if (strcmp(name, known_names[i].name) == 0)
            return known_names[i].open(data, context, name, err);
    }
    if (stria_digits_is_name(name))
        return stria_digits_open(data, context, name, err);
    int kind;
    STRIA_TRY(stria_data_probe(context, name, &kind, err));
    switch (kind) {
    case 0:
        return fail_missing(name, err);
    case 2:
        return open_folder(data, context, name, &known, err);
    default:
        return stria_csv_looks(name) ? stria_csv_dataset_open(data, context, name, &known, err)
                                     : open_file(data, context, name, err);
    }
}

stria_status stria_dataset_open(stria_dataset **data, stria_context *context, const char *name,
                                stria_error *err)
{
    return stria_dataset_open_with(data, context, name, NULL, err);
}

/* Folders of IDX files under MNIST's names, plain or packed with gzip: train-images-idx3-ubyte,
 * train-labels-idx1-ubyte, and t10k-... for the test part, which may be missing. Many copies have a dot for
 * the second hyphen. */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/dataset.h"
#include "data/idx.h"
#include "data/sources.h"

static const char *const part_prefixes[2] = {"train", "t10k"};
static const char *const image_kinds[] = {"images-idx3", "images.idx3", "images-idx4", "images.idx4", NULL};
static const char *const label_kinds[] = {"labels-idx1", "labels.idx1", NULL};

/* Makes *path the first file there is among the kinds' names, plain before packed, or NULL. Errors: IO,
 * MEMORY. */
static stria_status find(char **path, stria_context *context, const char *folder, stria_part part,
                         const char *const *kinds, stria_error *err)
{
    static const char *const endings[2] = {"", ".gz"};
    size_t length = strlen(folder), size = length + 64;
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    char *text = stria_allocate(&context->allocator, size);
    if (text == NULL)
        return stria_fail_memory(err, size);
    stria_status status = STRIA_OK;
    int kind = 0;
    for (; *kinds != NULL && kind != 1 && status == STRIA_OK; kinds++) {
        for (int packed = 0; packed < 2 && kind != 1 && status == STRIA_OK; packed++) {
            stria_format(text, size, "%s%s%s-%s-ubyte%s", folder, slash, part_prefixes[part], *kinds,
                         endings[packed]);
            status = stria_data_probe(context, text, &kind, err);
        }
    }
    if (kind != 1) {
        stria_release(&context->allocator, text);
        text = NULL;
    }
    *path = text;
    return status;
}

stria_status stria_idx_folder_looks(bool *found, stria_context *context, const char *folder, stria_error *err)
{
    char *path = NULL;
    STRIA_TRY(find(&path, context, folder, STRIA_PART_TRAIN, image_kinds, err));
    *found = path != NULL;
    stria_release(&context->allocator, path);
    return STRIA_OK;
}

/* Reads one file into the part: images when `labels` is false. */
static stria_status take(stria_dataset *data, stria_part part, const char *path, bool labels,
                         stria_error *err)
{
    stria_npy array;
    void *memory = NULL;
    STRIA_TRY(stria_idx_read(&array, data->context, path, &memory, err));
    stria_status status;
    if (labels && (array.rank != 1 || array.type == STRIA_F32 || array.type == STRIA_F64))
        status = stria_fail(err, STRIA_ERROR_FORMAT, "%s: labels are one dimension of integers, not %d of %s",
                            path, array.rank, stria_dtype_name(array.type));
    else if (labels)
        status = stria_dataset_take_y(data, part, &array, path, err);
    else if (array.rank < 3)
        status = stria_fail(err, STRIA_ERROR_FORMAT,
                            "%s: pictures have 3 dimensions (count, height, width) or 4, not %d", path,
                            array.rank);
    else
        status = stria_dataset_take_x(data, part, &array, &memory, path, err);
    stria_release(&data->context->allocator, memory);
    return status;
}

static stria_status take_part(stria_dataset *data, stria_part part, const char *folder, stria_error *err)
{
    const stria_allocator *allocator = &data->context->allocator;
    char *images = NULL, *labels = NULL;
    stria_status status = find(&images, data->context, folder, part, image_kinds, err);
    if (status == STRIA_OK)
        status = find(&labels, data->context, folder, part, label_kinds, err);
    if (status != STRIA_OK)
        goto done;
    const char *prefix = part_prefixes[part];
    if (images == NULL && labels == NULL && part == STRIA_PART_TEST)
        goto done;
    if (images == NULL)
        status = stria_fail(err, STRIA_ERROR_MISSING, "%s: %s-images-idx3-ubyte is missing (plain or .gz)",
                            folder, prefix);
    else if (labels == NULL)
        status = stria_fail(err, STRIA_ERROR_MISSING, "%s: %s-labels-idx1-ubyte is missing (plain or .gz)",
                            folder, prefix);
    if (status == STRIA_OK)
        status = take(data, part, images, false, err);
    if (status == STRIA_OK)
        status = take(data, part, labels, true, err);
done:
    stria_release(allocator, images);
    stria_release(allocator, labels);
    return status;
}

stria_status stria_idx_folder_open(stria_dataset **data, stria_context *context, const char *folder,
                                   const char *const *classes, size_t class_count, stria_error *err)
{
    stria_dataset *made = NULL;
    STRIA_TRY(stria_dataset_new(&made, context, err));
    stria_status status = take_part(made, STRIA_PART_TRAIN, folder, err);
    if (status == STRIA_OK)
        status = take_part(made, STRIA_PART_TEST, folder, err);
    if (status == STRIA_OK)
        status = stria_dataset_finish(made, classes, class_count, folder, err);
    if (status != STRIA_OK) {
        stria_dataset_free(made);
        return status;
    }
    if (made->type == STRIA_U8)
        stria_dataset_set_scale(made, 1.0 / 255);
    *data = made;
    return STRIA_OK;
}

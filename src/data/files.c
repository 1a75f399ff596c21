/* Data sets of picture files. */
#include "data/files.h"

#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/quote.h"
#include "kernels/kernels.h"

/* ---- Building ---- */

static stria_status read_options(stria_preprocessing *fit, const stria_dataset_options *options,
                                 stria_error *err)
{
    *fit = (stria_preprocessing){.scale = 1.0 / 255};
    if (options->height < 0 || options->width < 0 || (options->height == 0) != (options->width == 0))
        return stria_fail(err, STRIA_ERROR_VALUE,
                          "pictures of %lldx%lld: both sizes must be at least 1, or both 0",
                          (long long)options->height, (long long)options->width);
    if (options->channels < 0 || options->channels > 4)
        return stria_fail(err, STRIA_ERROR_VALUE, "%lld channels: allowed are 1 (grey) to 4 (RGB with alpha)",
                          (long long)options->channels);
    if (options->decode_threads < 0 || options->decode_threads > STRIA_MAX_DECODE_THREADS)
        return stria_fail(err, STRIA_ERROR_VALUE, "%d threads to decode with: allowed are 1 to %d",
                          options->decode_threads, STRIA_MAX_DECODE_THREADS);
    fit->height = options->height;
    fit->width = options->width;
    fit->channels = options->channels;
    fit->crop = options->crop_to_aspect_ratio != 0;
    if (options->resize != NULL) {
        const size_t length = strlen(options->resize);
        if (length == 0 || length >= sizeof fit->resize)
            return stria_fail(err, STRIA_ERROR_VALUE, "resize '%s' is no method",
                              stria_quote(STRIA_QUOTE_BUFFER, options->resize));
        memcpy(fit->resize, options->resize, length + 1);
    }
    if (options->model != NULL)
        STRIA_TRY(stria_preprocessing_complete(fit, options->model, err));
    if (fit->resize[0] == '\0')
        memcpy(fit->resize, "bilinear", sizeof "bilinear");
    return STRIA_OK;
}

/* Tries the method on a picture of one pixel, so that an unknown one is told before anything is read. */
static stria_status check_method(stria_context *context, const char *method, stria_error *err)
{
    stria_picture pixel = {0};
    STRIA_TRY(stria_picture_create(&pixel, context, 1, 1, 1, err));
    const stria_status status = stria_picture_resize(&pixel, context, 2, 2, method, err);
    stria_picture_free(&pixel, context);
    return status;
}

stria_status stria_files_new(stria_dataset **data, stria_context *context, const char *folder,
                             const stria_dataset_options *options, stria_error *err)
{
    stria_preprocessing fit;
    stria_dataset *made = NULL;
    STRIA_TRY(read_options(&fit, options, err));
    STRIA_TRY(check_method(context, fit.resize, err));
    STRIA_TRY(stria_dataset_new(&made, context, err));
    made->type = STRIA_U8;
    made->decode_threads = options->decode_threads;
    made->skip_broken = options->skip_broken != 0;
    made->files = stria_allocate(&context->allocator, sizeof *made->files);
    stria_status status = made->files != NULL ? STRIA_OK : stria_fail_memory(err, sizeof *made->files);
    if (status == STRIA_OK) {
        const size_t length = folder != NULL ? strlen(folder) : 0;
        const bool slash = length > 0 && folder[length - 1] != '/';
        made->files->fit = fit;
        made->files->folder = stria_allocate(&context->allocator, length + 2);
        if (made->files->folder == NULL)
            status = stria_fail_memory(err, length + 2);
        else if (length > 0) {
            memcpy(made->files->folder, folder, length);
            made->files->folder[length] = slash ? '/' : '\0';
        }
    }
    if (status != STRIA_OK) {
        stria_dataset_free(made);
        return status;
    }
    *data = made;
    return STRIA_OK;
}

stria_status stria_files_add(stria_dataset *data, stria_part part, const char *path, size_t length,
                             int32_t label, const float *targets, size_t target_count, stria_error *err)
{
    const stria_allocator *allocator = &data->context->allocator;
    stria_file_list *list = &data->files->parts[part];
    if (list->count == UINT32_MAX || list->length + length + 1 > UINT32_MAX)
        return stria_fail(err, STRIA_ERROR_LIMIT, "more than %lu files, or paths of more than 4 GB",
                          (unsigned long)UINT32_MAX);
    bool grown =
        stria_grow(allocator, (void **)&list->paths, &list->paths_capacity, list->length + length + 1, 1) &&
        stria_grow(allocator, (void **)&list->starts, &list->starts_capacity, list->count + 1,
                   sizeof *list->starts);
    if (grown && targets == NULL)
        grown = stria_grow(allocator, (void **)&list->labels, &list->labels_capacity, list->count + 1,
                           sizeof *list->labels);
    else if (grown)
        grown = stria_grow(allocator, (void **)&list->targets, &list->targets_capacity,
                           (list->count + 1) * target_count, sizeof *list->targets);
    if (!grown)
        return stria_fail_memory(err, list->length + length + 1);
    memcpy(list->paths + list->length, path, length);
    list->paths[list->length + length] = '\0';
    list->starts[list->count] = (uint32_t)list->length;
    list->length += length + 1;
    if (targets == NULL)
        list->labels[list->count] = label;
    else
        memcpy(list->targets + list->count * target_count, targets, target_count * sizeof *targets);
    list->count++;
    return STRIA_OK;
}

void stria_files_free(stria_picture_files *files, stria_context *context)
{
    if (files == NULL)
        return;
    const stria_allocator *allocator = &context->allocator;
    for (int part = 0; part < 2; part++) {
        stria_file_list *list = &files->parts[part];
        stria_release(allocator, list->paths);
        stria_release(allocator, list->starts);
        stria_release(allocator, list->labels);
        stria_release(allocator, list->targets);
        stria_release(allocator, (void *)list->broken);
    }
    stria_picture_cache_free(files->cache);
    stria_release(allocator, files->folder);
    stria_release(allocator, files);
}

/* Learns size and channels, where nothing says them, from the first picture that can be read. */
static stria_status look_at_first(stria_dataset *data, stria_error *err)
{
    stria_picture_files *files = data->files;
    stria_preprocessing *fit = &files->fit;
    files->own_size = fit->height == 0;
    files->own_channels = fit->channels == 0;
    if (files->own_size || files->own_channels) {
        stria_picture first = {0};
        const stria_part part = files->parts[0].count > 0 ? STRIA_PART_TRAIN : STRIA_PART_TEST;
        stria_status status = STRIA_ERROR_IO;
        for (size_t i = 0; i < files->parts[part].count && status != STRIA_OK; i++) {
            status = stria_dataset_picture(data, part, i, &first, err);
            if (status != STRIA_OK && !stria_dataset_leaves_out(data, status))
                return status;
        }
        if (status != STRIA_OK)
            return status;
        data->shape = (stria_shape){.rank = 3, .sizes = {first.height, first.width, first.channels}};
        stria_picture_free(&first, data->context);
    }
    data->shape.rank = 3;
    if (!files->own_size) {
        data->shape.sizes[0] = fit->height;
        data->shape.sizes[1] = fit->width;
    }
    if (!files->own_channels)
        data->shape.sizes[2] = fit->channels;
    fit->channels = data->shape.sizes[2];
    int64_t elements;
    return stria_shape_count(&data->shape, &elements, err);
}

static stria_status close_lists(stria_dataset *data, stria_error *err)
{
    stria_picture_files *files = data->files;
    for (int part = 0; part < 2; part++) {
        stria_file_list *list = &files->parts[part];
        data->parts[part].count = list->count;
        data->parts[part].labels = list->labels;
        data->parts[part].targets = list->targets;
        if (!data->skip_broken || list->count == 0)
            continue;
        list->broken = stria_allocate_array(&data->context->allocator, list->count, sizeof *list->broken);
        if (list->broken == NULL)
            return stria_fail_memory(err, list->count);
        for (size_t i = 0; i < list->count; i++)
            atomic_init(&list->broken[i], 0);
    }
    const stria_file_list *training = &files->parts[STRIA_PART_TRAIN];
    files->ordered_by_class = training->labels != NULL;
    for (size_t i = 1; i < training->count && files->ordered_by_class; i++)
        files->ordered_by_class = training->labels[i - 1] <= training->labels[i];
    return STRIA_OK;
}

stria_status stria_files_finish(stria_dataset *data, const stria_dataset_options *options,
                                const char *const *classes, size_t class_count, const char *name,
                                stria_error *err)
{
    stria_picture_files *files = data->files;
    if (files->parts[0].count + files->parts[1].count == 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s: there are no pictures", name);
    STRIA_TRY(close_lists(data, err));
    STRIA_TRY(stria_dataset_finish(data, classes, class_count, name, err));
    STRIA_TRY(look_at_first(data, err));
    stria_preprocessing_write(&files->fit, data->preprocessing, sizeof data->preprocessing);
    data->scale = files->fit.scale;
    return stria_picture_cache_open(&files->cache, data, options->cache, options->cache_bytes, err);
}

/* ---- Reading ---- */

const char *stria_files_name(const stria_picture_files *files, stria_part part, size_t index)
{
    return files->parts[part].paths + files->parts[part].starts[index];
}

stria_status stria_files_path(stria_text *path, const stria_dataset *data, stria_part part, size_t index,
                              stria_error *err)
{
    const char *name = stria_files_name(data->files, part, index);
    *path = (stria_text){.allocator = &data->context->allocator};
    if (name[0] != '/')
        stria_text_add(path, data->files->folder);
    stria_text_add(path, name);
    return path->failed ? stria_fail_memory(err, strlen(name) + strlen(data->files->folder)) : STRIA_OK;
}

stria_status stria_dataset_picture(const stria_dataset *data, stria_part part, size_t index,
                                   stria_picture *picture, stria_error *err)
{
    if (index >= stria_dataset_count(data, part))
        return stria_fail(err, STRIA_ERROR_VALUE, "sample %zu does not exist: the part has %zu", index,
                          stria_dataset_count(data, part));
    if (data->files != NULL) {
        stria_text path;
        STRIA_TRY(stria_files_path(&path, data, part, index, err));
        const stria_status status = stria_picture_read(picture, data->context, path.bytes, err);
        stria_text_free(&path);
        return status;
    }
    const stria_shape *shape = &data->shape;
    if (data->type != STRIA_U8 || shape->rank != 3 || shape->sizes[2] > 4)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "the data's samples are no pictures in bytes of 1 to 4 channels");
    STRIA_TRY(
        stria_picture_create(picture, data->context, shape->sizes[0], shape->sizes[1], shape->sizes[2], err));
    const size_t size = (size_t)stria_shape_elements(shape);
    memcpy(picture->bytes, (const uint8_t *)data->parts[part].x + index * size, size);
    return STRIA_OK;
}

static stria_status fail_other_shape(const stria_dataset *data, stria_part part, size_t index,
                                     const stria_picture *picture, stria_error *err)
{
    const int64_t *first = data->shape.sizes;
    const bool sizes = data->files->own_size && (picture->height != first[0] || picture->width != first[1]);
    char help[64];
    if (sizes)
        stria_format(help, sizeof help, "a size to resize to, such as %lldx%lld", (long long)first[0],
                     (long long)first[1]);
    else
        stria_format(help, sizeof help, "the channels to convert to, such as %lld", (long long)first[2]);
    return stria_fail(
        err, STRIA_ERROR_SHAPE,
        "%.600s: a picture of %lldx%lldx%lld among others of %lldx%lldx%lld: different pictures need %s",
        stria_files_name(data->files, part, index), (long long)picture->height, (long long)picture->width,
        (long long)picture->channels, (long long)first[0], (long long)first[1], (long long)first[2], help);
}

/* Decodes a sample and makes it fit. */
static stria_status decode(const stria_dataset *data, stria_part part, size_t index, stria_picture *picture,
                           stria_error *err)
{
    const stria_picture_files *files = data->files;
    STRIA_TRY(stria_dataset_picture(data, part, index, picture, err));
    stria_status status = STRIA_OK;
    if ((files->own_size &&
         (picture->height != data->shape.sizes[0] || picture->width != data->shape.sizes[1])) ||
        (files->own_channels && picture->channels != data->shape.sizes[2]))
        status = fail_other_shape(data, part, index, picture, err);
    if (status == STRIA_OK) {
        status = stria_picture_fit(picture, data->context, &files->fit, err);
        if (status != STRIA_OK)
            stria_fail_in(err, status, "%.600s: ", stria_files_name(files, part, index));
    }
    if (status != STRIA_OK)
        stria_picture_free(picture, data->context);
    return status;
}

/* Remembers that a file is left out, and says so once. */
static void leave_out(const stria_dataset *data, stria_part part, size_t index, const stria_error *why)
{
    atomic_uchar *broken = data->files->parts[part].broken;
    if (broken == NULL || atomic_exchange(&broken[index], 1) != 0)
        return;
    atomic_fetch_add(&data->files->broken_count, 1);
    stria_log(data->context, STRIA_LOG_WARNING, "left out: %s", why->message);
}

stria_status stria_files_read(const stria_dataset *data, stria_part part, size_t index, double scale,
                              float *x, stria_error *err)
{
    const stria_picture_files *files = data->files;
    const stria_file_list *list = &files->parts[part];
    const size_t size = (size_t)stria_shape_elements(&data->shape);
    const struct stria_elementwise_kernels *kernels = &data->context->kernels->elementwise;
    if (list->broken != NULL && atomic_load(&list->broken[index]) != 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: this file is left out",
                          stria_files_name(files, part, index));
    if (files->cache != NULL && stria_picture_cache_read(files->cache, part, index, scale, x))
        return STRIA_OK;
    stria_picture picture = {0};
    stria_error why = {0};
    const stria_status status = decode(data, part, index, &picture, &why);
    if (status != STRIA_OK) {
        if (stria_dataset_leaves_out(data, status))
            leave_out(data, part, index, &why);
        return stria_fail(err, status, "%s", why.message);
    }
    kernels->from_bytes(picture.bytes, (float)scale, x, size);
    if (files->cache != NULL)
        stria_picture_cache_write(files->cache, part, index, picture.bytes);
    stria_picture_free(&picture, data->context);
    return STRIA_OK;
}

/* A file that is gone counts as one without a size: reading tells. */
stria_status stria_files_checksum(const stria_dataset *data, stria_part part, uint32_t *checksum,
                                  stria_error *err)
{
    const stria_file_list *list = &data->files->parts[part];
    const stria_io *io = &data->context->io;
    *checksum = stria_crc32c(*checksum, list->paths, list->length);
    for (size_t i = 0; i < list->count && io->measure != NULL; i++) {
        stria_text path;
        uint64_t size = 0;
        int64_t changed;
        STRIA_TRY(stria_files_path(&path, data, part, i, err));
        if (io->measure(io->payload, path.bytes, &size, &changed) != 0)
            size = 0;
        stria_text_free(&path);
        *checksum = stria_crc32c(*checksum, &size, sizeof size);
    }
    return STRIA_OK;
}

/* ---- What a command on data asks ---- */

size_t stria_dataset_path(const stria_dataset *data, stria_part part, size_t index, char *text, size_t size)
{
    if (size > 0)
        text[0] = '\0';
    if (data->files == NULL || index >= stria_dataset_count(data, part))
        return 0;
    const char *name = stria_files_name(data->files, part, index);
    const char *folder = name[0] == '/' ? "" : data->files->folder;
    return (size_t)stria_format(text, size, "%s%s", folder, name);
}

size_t stria_dataset_broken(const stria_dataset *data)
{
    return data->files == NULL ? 0 : atomic_load(&data->files->broken_count);
}

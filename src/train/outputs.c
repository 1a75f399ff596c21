/* Paths and lock of a training's files. What cannot be written is found out here, before hours of training:
 * the folder must be there, the path must not be a folder, and taking the lock creates a file in the same
 * folder. */
#include "train/outputs.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

static const char suffix[] = ".safetensors";

static stria_status join(stria_outputs *outputs, const char *stem, size_t stem_length, const char *ending,
                         const char **path, stria_error *err)
{
    stria_text text = {.allocator = outputs->arena.allocator};
    stria_text_append(&text, stem, stem_length);
    stria_text_add(&text, ending);
    *path = text.failed ? NULL : stria_arena_copy_text(&outputs->arena, text.bytes, text.length);
    stria_text_free(&text);
    return *path != NULL ? STRIA_OK : stria_fail_memory(err, stem_length + strlen(ending) + 1);
}

static stria_status check_folder(stria_outputs *outputs, const char *path, stria_error *err)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return STRIA_OK;
    const char *folder;
    STRIA_TRY(join(outputs, path, slash == path ? 1 : (size_t)(slash - path), "", &folder, err));
    const int kind = stria_file_probe(outputs->context, folder);
    if (kind == 0)
        return stria_fail(err, STRIA_ERROR_MISSING, "%s: there is no folder '%s': make it first", path,
                          folder);
    if (kind != 2)
        return stria_fail(err, STRIA_ERROR_IO, "%s: '%s' is not a folder", path, folder);
    return STRIA_OK;
}

stria_status stria_outputs_open(stria_outputs *outputs, stria_context *context, const char *path,
                                const char *log, stria_error *err)
{
    *outputs = (stria_outputs){.context = context, .arena = {.allocator = &context->allocator}};
    if (log != NULL)
        STRIA_TRY(check_folder(outputs, log, err));
    if (path == NULL)
        return STRIA_OK;
    const size_t length = strlen(path), suffix_length = sizeof(suffix) - 1;
    const bool has_suffix = length > suffix_length && strcmp(path + length - suffix_length, suffix) == 0;
    const size_t stem = has_suffix ? length - suffix_length : length;
    STRIA_TRY(join(outputs, path, length, "", &outputs->model, err));
    STRIA_TRY(join(outputs, path, stem, ".last.safetensors", &outputs->last, err));
    STRIA_TRY(join(outputs, path, stem, ".best.safetensors", &outputs->best, err));
    STRIA_TRY(join(outputs, path, length, ".lock", &outputs->lock_path, err));
    STRIA_TRY(check_folder(outputs, path, err));
    const char *const files[] = {outputs->model, outputs->last, outputs->best};
    for (size_t i = 0; i < 3; i++)
        if (stria_file_probe(context, files[i]) == 2)
            return stria_fail(err, STRIA_ERROR_IO,
                              "%s: it is a folder, and the trained model is to be a file", files[i]);
    const stria_status status = stria_file_lock(context, outputs->lock_path, &outputs->lock, err);
    if (status == STRIA_ERROR_BUSY)
        return stria_fail(
            err, status, "%s: another training is writing it; wait for its end or name another output", path);
    if (status != STRIA_OK)
        return stria_fail_in(err, status, "the output cannot be written: ");
    return STRIA_OK;
}

void stria_outputs_free(stria_outputs *outputs)
{
    if (outputs->context == NULL)
        return;
    stria_file_unlock(outputs->context, outputs->lock_path, outputs->lock);
    stria_arena_clear(&outputs->arena);
}

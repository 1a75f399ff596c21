/* Reading pictures and arrays for prediction. What a file is, its first bytes say, not its name. */
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "data/gzip.h"
#include "data/idx.h"
#include "data/picture.h"
#include "data/sources.h"
#include "kernels/kernels.h"

/* Converts numbers of any type to an array of floats. */
static stria_status convert(stria_array *array, stria_context *context, const stria_npy *from,
                            const char *name, stria_error *err)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    stria_shape shape = stria_shape_make(from->rank, from->sizes);
    if (from->count == 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%s: the array of %s holds no numbers", name,
                          stria_shape_text(&shape, text, sizeof text));
    if (from->count > (size_t)STRIA_MAX_ELEMENTS)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%s: the array of %s holds more than %lld numbers", name,
                          stria_shape_text(&shape, text, sizeof text), (long long)STRIA_MAX_ELEMENTS);
    stria_array made = {.shape = shape, .from_bytes = from->type == STRIA_U8 && !from->is_bool};
    made.values = stria_allocate_floats(&context->allocator, from->count);
    if (made.values == NULL)
        return stria_fail_memory(err, from->count * sizeof(float));
    if (from->type == STRIA_U8)
        context->kernels->elementwise.from_bytes(from->elements, 1.0F, made.values, from->count);
    else
        stria_dtype_to_float(from->type, from->elements, from->count, made.values);
    *array = made;
    return STRIA_OK;
}

/* Bytes of a picture become 0 to 255; 16 bits become that too, with what they say of the steps between. */
static stria_status read_picture(stria_array *array, stria_context *context, const void *bytes, size_t size,
                                 const char *name, stria_error *err)
{
    stria_picture picture;
    bool wide = false;
    const stria_picture_file file = {.name = name, .bytes = bytes, .size = size, .wide = &wide};
    STRIA_TRY(stria_picture_decode_file(&picture, context, &file, err));
    stria_npy pixels = {.type = wide ? STRIA_U16 : STRIA_U8,
                        .rank = 4,
                        .sizes = {1, picture.height, picture.width, picture.channels},
                        .count = stria_picture_size(&picture),
                        .elements = picture.bytes};
    stria_status status = convert(array, context, &pixels, name, err);
    for (size_t i = 0; wide && status == STRIA_OK && i < pixels.count; i++)
        array->values[i] /= 257.0F;
    if (status == STRIA_OK)
        array->from_bytes = 1;
    stria_picture_free(&picture, context);
    return status;
}

static bool is_archive(const void *bytes, size_t size)
{
    return size >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0;
}

/* What is no array is a picture, or nothing. */
static stria_status read_other(stria_array *array, stria_context *context, const uint8_t *bytes, size_t size,
                               const char *name, stria_error *err)
{
    stria_status status = read_picture(array, context, bytes, size, name, err);
    if (status != STRIA_ERROR_FORMAT || size == 0 || stria_picture_format(bytes, size) != NULL)
        return status;
    return stria_fail(err, status,
                      "%s: neither a picture (" STRIA_PICTURE_FORMATS
                      ") nor .npy nor IDX: it begins with byte 0x%02x",
                      name, bytes[0]);
}

/* `bytes` may be changed. */
static stria_status read_bytes(stria_array *array, stria_context *context, void *bytes, size_t size,
                               const char *name, stria_error *err)
{
    stria_npy numbers;
    if (is_archive(bytes, size))
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "%s: an archive is not read here: save one array as .npy", name);
    if (size >= 6 && memcmp(bytes, "\x93NUMPY", 6) == 0)
        STRIA_TRY(stria_npy_parse(&numbers, bytes, size, name, err));
    else if (stria_idx_looks(bytes, size))
        STRIA_TRY(stria_idx_parse(&numbers, bytes, size, name, err));
    else
        return read_other(array, context, bytes, size, name, err);
    return convert(array, context, &numbers, name, err);
}

/* The member for an input of the model. */
static stria_status read_member(stria_array *array, stria_context *context, const void *bytes, size_t size,
                                const char *path, const stria_model *model, size_t input, stria_error *err)
{
    stria_npz *npz = NULL;
    stria_npy numbers;
    void *memory = NULL;
    const char *member = stria_model_input_name(model, input);
    STRIA_TRY(stria_npz_open(&npz, context, bytes, size, path, err));
    if (stria_model_input_count(model) == 1 && stria_npz_count(npz) == 1)
        member = stria_npz_name(npz, 0);
    stria_status status = STRIA_OK;
    if (!stria_npz_has(npz, member))
        status = stria_npz_fail_missing(npz, path, member, err);
    else if ((status = stria_npz_read(npz, member, STRIA_DATA_FILE_LIMIT, &numbers, &memory, err)) ==
             STRIA_OK)
        status = convert(array, context, &numbers, path, err);
    stria_release(&context->allocator, memory);
    stria_npz_free(npz);
    return status;
}

stria_status stria_array_read_input(stria_array *array, stria_context *context, const char *path,
                                    const stria_model *model, size_t input, stria_error *err)
{
    void *bytes = NULL;
    size_t size = 0, inputs = stria_model_input_count(model);
    if (input >= inputs)
        return stria_fail(err, STRIA_ERROR_VALUE, "the model has %zu inputs, so there is none at place %zu",
                          inputs, input);
    STRIA_TRY(stria_file_read(context, path, STRIA_DATA_FILE_LIMIT, &bytes, &size, err));
    if (is_archive(bytes, size)) {
        stria_status status = read_member(array, context, bytes, size, path, model, input, err);
        stria_release(&context->allocator, bytes);
        return status;
    }
    stria_release(&context->allocator, bytes);
    if (inputs > 1)
        return stria_fail(
            err, STRIA_ERROR_UNSUPPORTED,
            "%s: the model has %zu inputs: give an .npz archive with arrays called '%s', '%s'%s", path,
            inputs, stria_model_input_name(model, 0), stria_model_input_name(model, 1),
            inputs > 2 ? " ..." : "");
    return stria_array_read(array, context, path, err);
}

stria_status stria_array_read(stria_array *array, stria_context *context, const char *path, stria_error *err)
{
    void *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_file_read(context, path, STRIA_DATA_FILE_LIMIT, &bytes, &size, err));
    stria_status status = STRIA_OK;
    if (stria_gzip_looks(bytes, size)) {
        void *unpacked = NULL;
        status = stria_gzip_unpack(context, bytes, size, STRIA_DATA_FILE_LIMIT, path, &unpacked, &size, err);
        stria_release(&context->allocator, bytes);
        bytes = unpacked;
    }
    if (status == STRIA_OK)
        status = read_bytes(array, context, bytes, size, path, err);
    stria_release(&context->allocator, bytes);
    return status;
}

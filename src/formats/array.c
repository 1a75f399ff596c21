/* Blocks of numbers for callers: made, freed, and written as .npy files (format 1.0, little-endian float32, C
 * order). */
#include <stria/data.h>

#include <inttypes.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "tensor/shape.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#    error "numbers are written as they lie in memory, which must be little-endian"
#endif

/* The header ends at a multiple of this, so that the numbers of a mapped file are aligned. */
#define HEADER_ALIGNMENT 64
#define HEADER_SIZE      512 /* more than 8 sizes of 19 digits and the words around them need */

static stria_status check_shape(const stria_shape *shape, int64_t *count, stria_error *err)
{
    if (shape->rank < 0 || shape->rank > STRIA_MAX_RANK)
        return stria_fail(err, STRIA_ERROR_VALUE, "an array has 0 to %d dimensions, not %d", STRIA_MAX_RANK,
                          shape->rank);
    if (stria_shape_count(shape, count, err) != STRIA_OK)
        return stria_fail_in(err, STRIA_ERROR_VALUE, "not an array: ");
    char text[STRIA_SHAPE_TEXT_SIZE];
    if (*count < 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "not an array: shape %s has an open size",
                          stria_shape_text(shape, text, sizeof text));
    return STRIA_OK;
}

stria_status stria_array_create(stria_array *array, stria_context *context, const stria_shape *shape,
                                stria_error *err)
{
    int64_t count = 0;
    STRIA_TRY(check_shape(shape, &count, err));
    float *values = stria_allocate_floats(&context->allocator, (size_t)count);
    if (values == NULL)
        return stria_fail_memory(err, (size_t)count * sizeof *values);
    memset(values, 0, (size_t)count * sizeof *values);
    *array = (stria_array){.shape = *shape, .values = values};
    return STRIA_OK;
}

void stria_array_free(stria_array *array, stria_context *context)
{
    if (array->values != NULL)
        stria_release(&context->allocator, array->values);
    *array = (stria_array){0};
}

/* Writes magic, version, header length and header; returns how many bytes. */
static size_t write_header(char header[HEADER_SIZE], const stria_shape *shape)
{
    static const char magic[] = "\x93NUMPY\x01\x00"; /* and two bytes of length */
    const size_t start = sizeof magic - 1 + 2;
    size_t length = start;
    length += (size_t)stria_format(header + length, HEADER_SIZE - length,
                                   "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (int i = 0; i < shape->rank; i++)
        length += (size_t)stria_format(header + length, HEADER_SIZE - length, "%s%" PRId64, i > 0 ? ", " : "",
                                       shape->sizes[i]);
    length +=
        (size_t)stria_format(header + length, HEADER_SIZE - length, "%s), }", shape->rank == 1 ? "," : "");
    while ((length + 1) % HEADER_ALIGNMENT != 0)
        header[length++] = ' ';
    header[length++] = '\n';
    memcpy(header, magic, sizeof magic - 1);
    header[start - 2] = (char)((length - start) & 0xFF);
    header[start - 1] = (char)((length - start) >> 8);
    return length;
}

stria_status stria_array_write_npy(stria_context *context, const char *path, const float *values,
                                   const stria_shape *shape, stria_error *err)
{
    int64_t count = 0;
    char header[HEADER_SIZE];
    STRIA_TRY(check_shape(shape, &count, err));
    stria_bytes pieces[] = {{header, write_header(header, shape)}, {values, (size_t)count * sizeof *values}};
    return stria_file_write(context, path, pieces, 2, true, err);
}

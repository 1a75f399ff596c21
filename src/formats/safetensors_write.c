/* Writing safetensors with checksums. The header is padded with spaces so that the first tensor begins at a
 * multiple of 64 bytes; the tensors follow in the order given. The key of the header's checksum comes first
 * in the metadata and those of the tensors last, far apart, so that one scratch does not hide both. */
#include "formats/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/size.h"
#include "formats/quote.h"
#include "formats/safetensors_types.h"

/* Tensors begin at multiples of this many bytes in the file: a cache line. */
#define DATA_ALIGNMENT 64

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static stria_status check_utf8(const char *name, const char *what, stria_error *err)
{
    size_t length = strlen(name);
    for (size_t at = 0, count; at < length; at += count) {
        count = stria_utf8_length(name + at, length - at);
        if (count == 0)
            return stria_fail(err, STRIA_ERROR_VALUE, "%s '%s' is not UTF-8", what,
                              stria_quote(STRIA_QUOTE_BUFFER, name));
    }
    return STRIA_OK;
}

/* A file with a name twice could not be read again. Sorts `names` [count], the last of which is the reserved
 * one of their kind. */
static stria_status check_names(const char **names, size_t count, const char *what, stria_error *err)
{
    for (size_t i = 0; i < count; i++)
        STRIA_TRY(check_utf8(names[i], what, err));
    qsort(names, count, sizeof *names, compare_texts);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return stria_fail(err, STRIA_ERROR_VALUE, "%s '%s' is given twice or is reserved", what,
                              stria_quote(STRIA_QUOTE_BUFFER, names[i]));
    return STRIA_OK;
}

static stria_status check_all_names(const stria_allocator *allocator, const stria_safetensor *tensors,
                                    size_t tensor_count, const stria_safetext *texts, size_t text_count,
                                    stria_error *err)
{
    size_t room = (tensor_count > text_count ? tensor_count : text_count) + 2;
    const char **names = stria_allocate_array(allocator, room, sizeof *names);
    if (names == NULL)
        return stria_fail_memory(err, room * sizeof *names);
    for (size_t i = 0; i < tensor_count; i++)
        names[i] = tensors[i].name;
    names[tensor_count] = STRIA_SAFETENSORS_METADATA;
    stria_status status = check_names(names, tensor_count + 1, "tensor name", err);
    if (status == STRIA_OK) {
        for (size_t i = 0; i < text_count; i++)
            names[i] = texts[i].key;
        names[text_count] = STRIA_HEADER_CHECKSUM_KEY;
        names[text_count + 1] = STRIA_TENSOR_CHECKSUMS_KEY;
        status = check_names(names, text_count + 2, "metadata key", err);
    }
    stria_release(allocator, names);
    return status;
}

static const char *type_name(stria_dtype type)
{
    size_t i = 0;
    while (stria_safetensors_types[i].type != type)
        i++;
    return stria_safetensors_types[i].name;
}

static bool size_is_right(const stria_safetensor *tensor)
{
    size_t size = stria_dtype_size(tensor->type);
    for (int i = 0; i < tensor->shape.rank; i++)
        if (tensor->shape.sizes[i] < 0 || !stria_size_multiply(size, (size_t)tensor->shape.sizes[i], &size))
            return false;
    return size == tensor->size;
}

static stria_status check_sizes(const stria_safetensor *tensors, size_t count, stria_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!size_is_right(&tensors[i])) {
            char shape[STRIA_SHAPE_TEXT_SIZE];
            return stria_fail(err, STRIA_ERROR_VALUE, "tensor '%s' has %zu bytes, which do not make %s [%s]",
                              stria_quote(STRIA_QUOTE_BUFFER, tensors[i].name), tensors[i].size,
                              stria_dtype_name(tensors[i].type),
                              stria_shape_text(&tensors[i].shape, shape, sizeof shape));
        }
    return STRIA_OK;
}

/* Appends {"conv2d/kernel":"89abcdef", ...} as a JSON string: text within text, hence escaped once more. */
static void write_checksums(stria_text *header, const stria_safetensor *tensors, size_t count)
{
    stria_text sums = {.allocator = header->allocator};
    stria_text_add(&sums, "{");
    for (size_t i = 0; i < count; i++) {
        char digits[STRIA_CHECKSUM_DIGITS + 1];
        stria_checksum_text(stria_crc32c(0, tensors[i].bytes, tensors[i].size), digits);
        stria_text_add(&sums, i > 0 ? "," : "");
        stria_json_write_string(&sums, tensors[i].name);
        stria_text_format(&sums, ":\"%s\"", digits);
    }
    stria_text_add(&sums, "}");
    if (sums.failed)
        header->failed = true;
    else
        stria_json_write_string(header, sums.bytes);
    stria_text_free(&sums);
}

/* Writes the header with the digits of its own checksum still '0' and tells where they are. */
static void write_header(stria_text *header, const stria_safetensor *tensors, size_t tensor_count,
                         const stria_safetext *texts, size_t text_count, size_t *digits)
{
    stria_text_add(header, "{\"" STRIA_SAFETENSORS_METADATA "\":{\"" STRIA_HEADER_CHECKSUM_KEY "\":\"");
    *digits = header->length;
    stria_text_add(header, "00000000\"");
    for (size_t i = 0; i < text_count; i++) {
        stria_text_add(header, ",");
        stria_json_write_string(header, texts[i].key);
        stria_text_add(header, ":");
        stria_json_write_string(header, texts[i].value);
    }
    stria_text_add(header, ",\"" STRIA_TENSOR_CHECKSUMS_KEY "\":");
    write_checksums(header, tensors, tensor_count);
    stria_text_add(header, "}");
    uint64_t offset = 0;
    for (size_t i = 0; i < tensor_count; i++) {
        const stria_safetensor *tensor = &tensors[i];
        stria_text_add(header, ",");
        stria_json_write_string(header, tensor->name);
        stria_text_format(header, ":{\"dtype\":\"%s\",\"shape\":[", type_name(tensor->type));
        for (int d = 0; d < tensor->shape.rank; d++)
            stria_text_format(header, "%s%" PRId64, d > 0 ? "," : "", tensor->shape.sizes[d]);
        stria_text_format(header, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", offset,
                          offset + tensor->size);
        offset += tensor->size;
    }
    stria_text_add(header, "}");
    while (!header->failed && (STRIA_SAFETENSORS_PREFIX + header->length) % DATA_ALIGNMENT != 0)
        stria_text_add(header, " ");
}

stria_status stria_safetensors_write(stria_context *context, const char *path,
                                     const stria_safetensor *tensors, size_t tensor_count,
                                     const stria_safetext *texts, size_t text_count, bool durable,
                                     stria_error *err)
{
    const stria_allocator *allocator = &context->allocator;
    stria_text header = {.allocator = allocator};
    stria_bytes *pieces = NULL;
    uint8_t prefix[STRIA_SAFETENSORS_PREFIX];
    size_t digits = 0;
    stria_status status = check_sizes(tensors, tensor_count, err);
    if (status == STRIA_OK)
        status = check_all_names(allocator, tensors, tensor_count, texts, text_count, err);
    if (status != STRIA_OK)
        goto done;
    write_header(&header, tensors, tensor_count, texts, text_count, &digits);
    pieces = stria_allocate_array(allocator, tensor_count + 2, sizeof *pieces);
    if (header.failed || pieces == NULL) {
        status = stria_fail_memory(err, header.length + (tensor_count + 2) * sizeof *pieces);
        goto done;
    }
    if (header.length > STRIA_SAFETENSORS_MAX_HEADER) {
        status = stria_fail(err, STRIA_ERROR_LIMIT, "the header has %zu bytes, the format allows %" PRIu64,
                            header.length, STRIA_SAFETENSORS_MAX_HEADER);
        goto done;
    }
    for (int i = 0; i < STRIA_SAFETENSORS_PREFIX; i++)
        prefix[i] = (uint8_t)((uint64_t)header.length >> 8 * i);
    char sum[STRIA_CHECKSUM_DIGITS + 1];
    stria_checksum_text(stria_safetensors_header_crc(prefix, header.bytes, header.length, digits), sum);
    memcpy(header.bytes + digits, sum, STRIA_CHECKSUM_DIGITS);

    pieces[0] = (stria_bytes){prefix, sizeof prefix};
    pieces[1] = (stria_bytes){header.bytes, header.length};
    for (size_t i = 0; i < tensor_count; i++)
        pieces[i + 2] = (stria_bytes){tensors[i].bytes, tensors[i].size};
    status = stria_file_write(context, path, pieces, tensor_count + 2, durable, err);

done:
    stria_text_free(&header);
    stria_release(allocator, pieces);
    return status;
}

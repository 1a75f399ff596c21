/* Reading safetensors. The header is parsed as JSON and then every claim in it is compared with the bytes
 * there are; nothing is allocated from a number in the file. Refusals follow the format's own reader and are
 * a little stricter: unknown members of a tensor's entry are refused too. Where checksums are present they
 * are checked first, so that a damaged file is called damaged. */
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

const stria_safetensors_type stria_safetensors_types[] = {
    {"F32", STRIA_F32}, {"F64", STRIA_F64}, {"F16", STRIA_F16}, {"BF16", STRIA_BF16}, {"I8", STRIA_I8},
    {"U8", STRIA_U8},   {"I16", STRIA_I16}, {"U16", STRIA_U16}, {"I32", STRIA_I32},   {"U32", STRIA_U32},
    {"I64", STRIA_I64}, {"U64", STRIA_U64}, {"BOOL", STRIA_U8},
};
const size_t stria_safetensors_type_count =
    sizeof stria_safetensors_types / sizeof stria_safetensors_types[0];

uint32_t stria_safetensors_header_crc(const uint8_t prefix[STRIA_SAFETENSORS_PREFIX], const char *header,
                                      size_t size, size_t digits)
{
    size_t rest = digits + STRIA_CHECKSUM_DIGITS;
    uint32_t crc = stria_crc32c(0, prefix, STRIA_SAFETENSORS_PREFIX);
    crc = stria_crc32c(crc, header, digits);
    crc = stria_crc32c(crc, "00000000", STRIA_CHECKSUM_DIGITS);
    return stria_crc32c(crc, header + rest, size - rest);
}

void stria_checksum_text(uint32_t crc, char text[STRIA_CHECKSUM_DIGITS + 1])
{
    for (int i = STRIA_CHECKSUM_DIGITS - 1; i >= 0; i--, crc >>= 4)
        text[i] = "0123456789abcdef"[crc & 15];
    text[STRIA_CHECKSUM_DIGITS] = '\0';
}

/* The parts of a file while it is being read. */
typedef struct layout {
    const uint8_t *prefix;
    const char *header;
    size_t header_size;
    const uint8_t *data;
    size_t data_size;
} layout;

static stria_status split(layout *parts, const void *bytes, size_t size, stria_error *err)
{
    const uint8_t *start = bytes;
    uint64_t length = 0;
    if (size < STRIA_SAFETENSORS_PREFIX)
        return stria_fail(
            err, STRIA_ERROR_FORMAT,
            "%zu bytes are not a safetensors file, which begins with the length of its header in 8 bytes",
            size);
    for (int i = STRIA_SAFETENSORS_PREFIX - 1; i >= 0; i--)
        length = length << 8 | start[i];
    size_t rest = size - STRIA_SAFETENSORS_PREFIX;
    if (length > rest)
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "the header is announced with %" PRIu64
                          " bytes, but only %zu follow: the file is cut or is "
                          "not safetensors",
                          length, rest);
    if (length > STRIA_SAFETENSORS_MAX_HEADER)
        return stria_fail(err, STRIA_ERROR_LIMIT,
                          "the header has %" PRIu64 " bytes, the format allows %" PRIu64, length,
                          STRIA_SAFETENSORS_MAX_HEADER);
    *parts = (layout){.prefix = start,
                      .header = (const char *)start + STRIA_SAFETENSORS_PREFIX,
                      .header_size = (size_t)length,
                      .data = start + STRIA_SAFETENSORS_PREFIX + (size_t)length,
                      .data_size = rest - (size_t)length};
    if (length == 0 || parts->header[0] != '{')
        return stria_fail(err, STRIA_ERROR_FORMAT, "the header does not begin with '{'");
    return STRIA_OK;
}

/* ---- Metadata and checksums ---- */

static stria_status read_text(const char *key, const stria_json *value, void *payload)
{
    stria_safetensors *file = payload;
    const char *text = stria_json_string(value);
    file->texts[file->text_count++] = (stria_safetext){key, text};
    return text != NULL ? STRIA_OK : STRIA_ERROR_FORMAT;
}

static stria_status read_texts(stria_safetensors *file, stria_error *err)
{
    const stria_json *metadata = stria_json_get(file->header, STRIA_SAFETENSORS_METADATA);
    if (metadata == NULL)
        return STRIA_OK;
    if (!stria_json_is_object(metadata))
        return stria_fail(err, STRIA_ERROR_FORMAT, "'__metadata__' is not an object");
    size_t count = stria_json_count(metadata);
    file->texts = stria_allocate_array(&file->context->allocator, count, sizeof *file->texts);
    if (file->texts == NULL)
        return stria_fail_memory(err, count * sizeof *file->texts);
    if (stria_json_each(metadata, read_text, file) != STRIA_OK)
        return stria_fail(err, STRIA_ERROR_FORMAT, "metadata '%s' is not a string",
                          stria_quote(STRIA_QUOTE_BUFFER, file->texts[file->text_count - 1].key));
    return STRIA_OK;
}

static bool equals_checksum(const char *text, uint32_t crc)
{
    char digits[STRIA_CHECKSUM_DIGITS + 1];
    stria_checksum_text(crc, digits);
    return text != NULL && strcmp(text, digits) == 0;
}

/* Where the digits of the header's checksum begin in the header: right after the only place that reads as the
 * key and the opening quote of its value. Inside other strings a quote is always escaped. SIZE_MAX when there
 * is no such place. */
static size_t find_digits(const layout *parts)
{
    static const char opening[] = "\"" STRIA_HEADER_CHECKSUM_KEY "\":\"";
    const size_t length = sizeof opening - 1;
    for (size_t at = 0; at + length + STRIA_CHECKSUM_DIGITS <= parts->header_size; at++) {
        const char *next = memchr(parts->header + at, '"', parts->header_size - at);
        if (next == NULL)
            break;
        at = (size_t)(next - parts->header);
        if (at + length + STRIA_CHECKSUM_DIGITS <= parts->header_size && memcmp(next, opening, length) == 0)
            return at + length;
    }
    return SIZE_MAX;
}

/* Either both keys of checksums are there or none: a damaged key is then missed by the other one. */
static stria_status check_header(stria_safetensors *file, const layout *parts, stria_error *err)
{
    const char *sum = stria_safetensors_text(file, STRIA_HEADER_CHECKSUM_KEY);
    const char *sums = stria_safetensors_text(file, STRIA_TENSOR_CHECKSUMS_KEY);
    if (sum == NULL && sums == NULL)
        return STRIA_OK;
    if (sum == NULL || sums == NULL)
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "the file is damaged: metadata '%s' is there, but not '%s'",
                          sum != NULL ? STRIA_HEADER_CHECKSUM_KEY : STRIA_TENSOR_CHECKSUMS_KEY,
                          sum != NULL ? STRIA_TENSOR_CHECKSUMS_KEY : STRIA_HEADER_CHECKSUM_KEY);
    size_t digits = find_digits(parts);
    if (strlen(sum) != STRIA_CHECKSUM_DIGITS || digits == SIZE_MAX ||
        !equals_checksum(
            sum, stria_safetensors_header_crc(parts->prefix, parts->header, parts->header_size, digits)))
        return stria_fail(
            err, STRIA_ERROR_FORMAT,
            "the header does not have its checksum: the file is damaged, or another tool changed it; such "
            "a tool must leave out '" STRIA_HEADER_CHECKSUM_KEY "' and '" STRIA_TENSOR_CHECKSUMS_KEY "'");
    file->has_checksums = true;
    return STRIA_OK;
}

static stria_status check_tensors(const stria_safetensors *file, stria_error *err)
{
    if (!file->has_checksums)
        return STRIA_OK;
    const char *text = stria_safetensors_text(file, STRIA_TENSOR_CHECKSUMS_KEY);
    stria_json *sums = NULL;
    stria_status status = stria_json_parse(&sums, text, strlen(text), err);
    if (status != STRIA_OK)
        return stria_fail_in(err, status, "metadata '" STRIA_TENSOR_CHECKSUMS_KEY "': ");
    if (!stria_json_is_object(sums) || stria_json_count(sums) != file->tensor_count)
        status = stria_fail(err, STRIA_ERROR_FORMAT,
                            "metadata '" STRIA_TENSOR_CHECKSUMS_KEY "' has %zu checksums for %zu tensors",
                            stria_json_count(sums), file->tensor_count);
    for (size_t i = 0; i < file->tensor_count && status == STRIA_OK; i++) {
        const stria_safetensor *tensor = &file->tensors[i];
        const char *sum = stria_json_string(stria_json_get(sums, tensor->name));
        const char *quoted = stria_quote(STRIA_QUOTE_BUFFER, tensor->name);
        if (sum == NULL)
            status = stria_fail(err, STRIA_ERROR_FORMAT, "tensor '%s' has no checksum", quoted);
        else if (!equals_checksum(sum, stria_crc32c(0, tensor->bytes, tensor->size)))
            status = stria_fail(err, STRIA_ERROR_FORMAT,
                                "tensor '%s' does not have its checksum: the file is damaged", quoted);
    }
    stria_json_free(sums);
    return status;
}

/* ---- Tensors ---- */

static stria_status read_type(stria_safetensor *tensor, const stria_json *entry, stria_error *err)
{
    const char *text = stria_json_string(stria_json_get(entry, "dtype"));
    if (text == NULL)
        return stria_fail(err, STRIA_ERROR_FORMAT, "'dtype' is not a string");
    for (size_t i = 0; i < stria_safetensors_type_count; i++)
        if (strcmp(text, stria_safetensors_types[i].name) == 0) {
            tensor->type = stria_safetensors_types[i].type;
            return STRIA_OK;
        }
    return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "the element type '%s' is not supported",
                      stria_quote(STRIA_QUOTE_BUFFER, text));
}

/* Reads the sizes, and how many bytes they mean into tensor->size. */
static stria_status read_shape(stria_safetensor *tensor, const stria_json *entry, stria_error *err)
{
    const stria_json *sizes = stria_json_get(entry, "shape");
    if (!stria_json_is_array(sizes))
        return stria_fail(err, STRIA_ERROR_FORMAT, "'shape' is not a list");
    size_t rank = stria_json_count(sizes);
    if (rank > STRIA_MAX_RANK)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%zu dimensions, at most %d are supported", rank,
                          STRIA_MAX_RANK);
    tensor->shape.rank = (int)rank;
    tensor->size = stria_dtype_size(tensor->type);
    for (size_t i = 0; i < rank; i++) {
        int64_t size = -1;
        if (!stria_json_integer(stria_json_at(sizes, i), &size) || size < 0)
            return stria_fail(err, STRIA_ERROR_FORMAT, "size %zu of 'shape' is not a whole number from 0 up",
                              i);
        tensor->shape.sizes[i] = size;
        if ((uint64_t)size > SIZE_MAX || !stria_size_multiply(tensor->size, (size_t)size, &tensor->size))
            return stria_fail(err, STRIA_ERROR_FORMAT, "the product of the sizes is larger than any file");
    }
    return STRIA_OK;
}

static stria_status read_offsets(stria_safetensor *tensor, const stria_json *entry, const layout *parts,
                                 stria_error *err)
{
    const stria_json *offsets = stria_json_get(entry, "data_offsets");
    int64_t begin = -1, end = -1;
    if (!stria_json_is_array(offsets) || stria_json_count(offsets) != 2 ||
        !stria_json_integer(stria_json_at(offsets, 0), &begin) ||
        !stria_json_integer(stria_json_at(offsets, 1), &end))
        return stria_fail(err, STRIA_ERROR_FORMAT, "'data_offsets' is not a list of two whole numbers");
    if (begin < 0 || end < begin || (uint64_t)end > parts->data_size)
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "bytes %" PRId64 " to %" PRId64
                          " are not within the %zu bytes of tensors that the file has",
                          begin, end, parts->data_size);
    if ((uint64_t)(end - begin) != tensor->size) {
        char shape[STRIA_SHAPE_TEXT_SIZE];
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "shape [%s] of %s needs %zu bytes, 'data_offsets' gives %" PRId64,
                          stria_shape_text(&tensor->shape, shape, sizeof shape),
                          stria_dtype_name(tensor->type), tensor->size, end - begin);
    }
    tensor->bytes = parts->data + begin;
    return STRIA_OK;
}

/* What reading the members of the header needs. */
typedef struct members {
    stria_safetensors *file;
    const layout *parts;
    stria_error *err;
} members;

static stria_status read_tensor(const char *name, const stria_json *entry, void *payload)
{
    members *reading = payload;
    stria_error *err = reading->err;
    if (strcmp(name, STRIA_SAFETENSORS_METADATA) == 0)
        return STRIA_OK;
    stria_safetensor tensor = {.name = name};
    stria_status status = STRIA_OK;
    if (!stria_json_is_object(entry) || stria_json_count(entry) != 3)
        status = stria_fail(err, STRIA_ERROR_FORMAT,
                            "its entry is not an object of 'dtype', 'shape', 'data_offsets'");
    if (status == STRIA_OK)
        status = read_type(&tensor, entry, err);
    if (status == STRIA_OK)
        status = read_shape(&tensor, entry, err);
    if (status == STRIA_OK)
        status = read_offsets(&tensor, entry, reading->parts, err);
    if (status != STRIA_OK)
        return stria_fail_in(err, status, "tensor '%s': ", stria_quote(STRIA_QUOTE_BUFFER, name));
    reading->file->tensors[reading->file->tensor_count++] = tensor;
    return STRIA_OK;
}

/* By the place of the bytes; a tensor without bytes comes before one that begins at the same place. */
static int compare_places(const void *a, const void *b)
{
    const stria_safetensor *first = a, *second = b;
    uintptr_t first_place = (uintptr_t)first->bytes, second_place = (uintptr_t)second->bytes;
    if (first_place != second_place)
        return first_place < second_place ? -1 : 1;
    return (first->size > second->size) - (first->size < second->size);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(stria_safetensor *const *)a)->name, (*(stria_safetensor *const *)b)->name);
}

/* Tensors must fill the bytes after the header exactly, each beginning where the one before it ends. */
static stria_status check_places(const stria_safetensors *file, const layout *parts, stria_error *err)
{
    const uint8_t *end = parts->data;
    for (size_t i = 0; i < file->tensor_count; i++) {
        const stria_safetensor *tensor = &file->tensors[i];
        const uint8_t *begin = tensor->bytes;
        if (begin < end)
            return stria_fail(err, STRIA_ERROR_FORMAT, "tensors '%s' and '%s' overlap",
                              stria_quote(STRIA_QUOTE_BUFFER, tensor[-1].name),
                              stria_quote(STRIA_QUOTE_BUFFER, tensor->name));
        if (begin > end)
            return stria_fail(err, STRIA_ERROR_FORMAT, "%zu bytes before tensor '%s' belong to no tensor",
                              (size_t)(begin - end), stria_quote(STRIA_QUOTE_BUFFER, tensor->name));
        end = begin + tensor->size;
    }
    size_t left = parts->data_size - (size_t)(end - parts->data);
    if (left != 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%zu bytes at the end of the file belong to no tensor",
                          left);
    return STRIA_OK;
}

static stria_status read_tensors(stria_safetensors *file, const layout *parts, stria_error *err)
{
    size_t count = stria_json_count(file->header); /* may count the metadata too */
    file->tensors = stria_allocate_array(&file->context->allocator, count, sizeof *file->tensors);
    file->by_name = stria_allocate_array(&file->context->allocator, count, sizeof *file->by_name);
    if (file->tensors == NULL || file->by_name == NULL)
        return stria_fail_memory(err, count * sizeof *file->tensors);
    members reading = {file, parts, err};
    STRIA_TRY(stria_json_each(file->header, read_tensor, &reading));
    qsort(file->tensors, file->tensor_count, sizeof *file->tensors, compare_places);
    for (size_t i = 0; i < file->tensor_count; i++)
        file->by_name[i] = &file->tensors[i];
    qsort(file->by_name, file->tensor_count, sizeof *file->by_name, compare_names);
    return check_places(file, parts, err);
}

/* ---- The interface ---- */

static stria_status parse(stria_safetensors *file, const void *bytes, size_t size, stria_error *err)
{
    layout parts;
    STRIA_TRY(split(&parts, bytes, size, err));
    stria_status status = stria_json_parse(&file->header, parts.header, parts.header_size, err);
    if (status != STRIA_OK)
        return status == STRIA_ERROR_FORMAT ? stria_fail_in(err, status, "the header is not right: ")
                                            : status;
    STRIA_TRY(read_texts(file, err));
    STRIA_TRY(check_header(file, &parts, err));
    STRIA_TRY(read_tensors(file, &parts, err));
    return check_tensors(file, err);
}

stria_status stria_safetensors_parse(stria_safetensors *file, stria_context *context, const void *bytes,
                                     size_t size, const char *name, stria_error *err)
{
    *file = (stria_safetensors){.context = context};
    stria_status status = parse(file, bytes, size, err);
    if (status == STRIA_OK)
        return STRIA_OK;
    stria_safetensors_free(file);
    return stria_fail_in(err, status, "%s: ", name);
}

stria_status stria_safetensors_open(stria_safetensors *file, stria_context *context, const char *path,
                                    stria_error *err)
{
    void *bytes = NULL;
    size_t size = 0;
    *file = (stria_safetensors){0};
    STRIA_TRY(stria_file_read(context, path, STRIA_SAFETENSORS_MAX_FILE, &bytes, &size, err));
    stria_status status = stria_safetensors_parse(file, context, bytes, size, path, err);
    if (status == STRIA_OK)
        file->bytes = bytes;
    else
        stria_release(&context->allocator, bytes);
    return status;
}

void stria_safetensors_free(stria_safetensors *file)
{
    if (file->context == NULL)
        return;
    const stria_allocator *allocator = &file->context->allocator;
    stria_json_free(file->header);
    stria_release(allocator, file->tensors);
    stria_release(allocator, file->by_name);
    stria_release(allocator, file->texts);
    stria_release(allocator, file->bytes);
    *file = (stria_safetensors){0};
}

const stria_safetensor *stria_safetensors_find(const stria_safetensors *file, const char *name)
{
    if (file->tensor_count == 0)
        return NULL;
    stria_safetensor wanted = {.name = name}, *key = &wanted;
    stria_safetensor **found =
        bsearch(&key, file->by_name, file->tensor_count, sizeof *file->by_name, compare_names);
    return found != NULL ? *found : NULL;
}

const char *stria_safetensors_text(const stria_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->text_count; i++)
        if (strcmp(file->texts[i].key, key) == 0)
            return file->texts[i].value;
    return NULL;
}

/* Reading .npy: a magic, a version, the length of a header, the header, the elements (NumPy's "NEP 1" and the
 * documentation of numpy.lib.format). The header is the text of a Python dictionary with exactly the keys
 * 'descr', 'fortran_order' and 'shape'; a parser of just that grammar reads it. It never recurses and
 * allocates nothing. */
#include "formats/npy.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "formats/quote.h"

/* Headers are short: a hundred bytes, more only for structured arrays, which are not read. */
#define MAX_HEADER ((size_t)65536)

/* Longest 'descr' that is told in a message. */
#define MAX_DESCR 64

typedef struct element_type {
    const char *descr;
    stria_dtype type;
    bool is_bool;
} element_type;

static const element_type types[] = {
    {"|u1", STRIA_U8, false},  {"|b1", STRIA_U8, true},   {"|i1", STRIA_I8, false},
    {"<i2", STRIA_I16, false}, {"<u2", STRIA_U16, false}, {"<i4", STRIA_I32, false},
    {"<u4", STRIA_U32, false}, {"<i8", STRIA_I64, false}, {"<u8", STRIA_U64, false},
    {"<f2", STRIA_F16, false}, {"<f4", STRIA_F32, false}, {"<f8", STRIA_F64, false},
};

/* Where the parser is in the header. */
typedef struct cursor {
    const char *text;
    size_t at, size;
} cursor;

/* What a header says. */
typedef struct header {
    char descr[MAX_DESCR];
    bool has_descr, has_order, has_shape;
    bool fortran_order;
} header;

static void skip_blanks(cursor *c)
{
    while (c->at < c->size && (c->text[c->at] == ' ' || c->text[c->at] == '\n' || c->text[c->at] == '\t'))
        c->at++;
}

/* Takes `wanted` if it comes next, after blanks. */
static bool take(cursor *c, char wanted)
{
    skip_blanks(c);
    if (c->at == c->size || c->text[c->at] != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    size_t length = strlen(word);
    skip_blanks(c);
    if (c->size - c->at < length || memcmp(c->text + c->at, word, length) != 0)
        return false;
    c->at += length;
    return true;
}

static stria_status fail_header(const cursor *c, const char *expected, stria_error *err)
{
    return stria_fail(err, STRIA_ERROR_FORMAT,
                      "its header is not right: %s expected at byte %zu of the header", expected, c->at);
}

/* A Python string without escapes. */
static stria_status read_string(cursor *c, char *string, size_t size, stria_error *err)
{
    char quote = '\'';
    size_t length = 0;
    if (!take(c, '\'')) {
        quote = '"';
        if (!take(c, '"'))
            return fail_header(c, "a string", err);
    }
    for (; c->at < c->size && c->text[c->at] != quote; c->at++) {
        if (c->text[c->at] == '\\' || c->text[c->at] == '\0' || length + 1 == size)
            return fail_header(c, "the end of a short string", err);
        string[length++] = c->text[c->at];
    }
    string[length] = '\0';
    return take(c, quote) ? STRIA_OK : fail_header(c, "the end of a string", err);
}

static stria_status read_size(cursor *c, int64_t *size, stria_error *err)
{
    skip_blanks(c);
    size_t start = c->at;
    int64_t value = 0;
    for (; c->at < c->size && c->text[c->at] >= '0' && c->text[c->at] <= '9'; c->at++)
        if (!stria_count_multiply(value, 10, &value) || !stria_count_add(value, c->text[c->at] - '0', &value))
            return stria_fail(err, STRIA_ERROR_FORMAT, "a size in its shape is above %" PRId64, INT64_MAX);
    if (c->at == start)
        return fail_header(c, "a size", err);
    if (c->at < c->size && c->text[c->at] == 'L') /* Python 2 wrote long numbers so */
        c->at++;
    *size = value;
    return STRIA_OK;
}

/* A Python tuple: () or (3,) or (3, 4) or (3, 4,). */
static stria_status read_shape(cursor *c, stria_npy *array, stria_error *err)
{
    if (!take(c, '('))
        return fail_header(c, "'('", err);
    array->rank = 0;
    while (!take(c, ')')) {
        int64_t size = 0;
        STRIA_TRY(read_size(c, &size, err));
        if (array->rank == STRIA_MAX_RANK)
            return stria_fail(err, STRIA_ERROR_LIMIT, "more than %d dimensions are not supported",
                              STRIA_MAX_RANK);
        array->sizes[array->rank++] = size;
        skip_blanks(c);
        bool comma = take(c, ',');
        if (!comma && (array->rank == 1 || c->at == c->size || c->text[c->at] != ')'))
            return fail_header(c, "','", err);
    }
    return STRIA_OK;
}

static stria_status read_member(cursor *c, header *head, stria_npy *array, stria_error *err)
{
    char key[16];
    STRIA_TRY(read_string(c, key, sizeof key, err));
    if (!take(c, ':'))
        return fail_header(c, "':'", err);
    bool *seen = NULL;
    if (strcmp(key, "descr") == 0) {
        seen = &head->has_descr;
        if (take(c, '['))
            return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "structured arrays are not supported");
        STRIA_TRY(read_string(c, head->descr, sizeof head->descr, err));
    } else if (strcmp(key, "fortran_order") == 0) {
        seen = &head->has_order;
        head->fortran_order = take_word(c, "True");
        if (!head->fortran_order && !take_word(c, "False"))
            return fail_header(c, "True or False", err);
    } else if (strcmp(key, "shape") == 0) {
        seen = &head->has_shape;
        STRIA_TRY(read_shape(c, array, err));
    } else {
        return stria_fail(err, STRIA_ERROR_FORMAT, "its header has the unknown key '%s'",
                          stria_quote(STRIA_QUOTE_BUFFER, key));
    }
    if (*seen)
        return stria_fail(err, STRIA_ERROR_FORMAT, "its header has the key '%s' twice", key);
    *seen = true;
    return STRIA_OK;
}

static stria_status read_header(cursor *c, header *head, stria_npy *array, stria_error *err)
{
    if (!take(c, '{'))
        return fail_header(c, "'{'", err);
    while (!take(c, '}')) {
        STRIA_TRY(read_member(c, head, array, err));
        bool comma = take(c, ',');
        if (!comma && (c->at == c->size || c->text[c->at] != '}'))
            return fail_header(c, "',' or '}'", err);
    }
    skip_blanks(c);
    if (c->at != c->size)
        return fail_header(c, "the end", err);
    if (!head->has_descr || !head->has_order || !head->has_shape)
        return stria_fail(err, STRIA_ERROR_FORMAT, "its header lacks the key '%s'",
                          !head->has_descr   ? "descr"
                          : !head->has_order ? "fortran_order"
                                             : "shape");
    return STRIA_OK;
}

static stria_status find_type(const char *descr, stria_npy *array, stria_error *err)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(descr, types[i].descr) == 0) {
            array->type = types[i].type;
            array->is_bool = types[i].is_bool;
            return STRIA_OK;
        }
    const char *quoted = stria_quote(STRIA_QUOTE_BUFFER, descr);
    const char *what = "this type is not supported";
    if (descr[0] == '>')
        what = "big-endian numbers are not supported; convert them with astype(dtype.newbyteorder('<'))";
    else if (descr[0] == '|' && descr[1] == 'O')
        what = "arrays of Python objects are not supported, they can hold programs";
    else if (descr[0] != '\0' && descr[1] == 'c')
        what = "complex numbers are not supported";
    else if (descr[0] != '\0' && strchr("SUaV", descr[1]) != NULL && descr[1] != '\0')
        what = "texts and raw bytes are not supported";
    else if (descr[0] != '\0' && (descr[1] == 'M' || descr[1] == 'm'))
        what = "dates and times are not supported";
    return stria_fail(err, STRIA_ERROR_UNSUPPORTED, "the element type is '%s': %s", quoted, what);
}

/* Compares what the header announces with the `left` bytes that follow it. */
static stria_status check_size(stria_npy *array, size_t left, stria_error *err)
{
    size_t count = 1, wanted = 0;
    bool fits = true;
    for (int i = 0; i < array->rank; i++)
        fits = fits && (uint64_t)array->sizes[i] <= SIZE_MAX &&
               stria_size_multiply(count, (size_t)array->sizes[i], &count);
    if (!fits || !stria_size_multiply(count, stria_dtype_size(array->type), &wanted) || wanted > left)
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "its shape needs more elements than follow: the file is cut (%zu bytes of %s)",
                          left, stria_dtype_name(array->type));
    if (wanted < left)
        return stria_fail(err, STRIA_ERROR_FORMAT, "%zu bytes follow the array", left - wanted);
    if (count > (size_t)STRIA_MAX_ELEMENTS)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%zu elements, at most %" PRId64 " are read", count,
                          STRIA_MAX_ELEMENTS);
    array->count = count;
    return STRIA_OK;
}

static stria_status parse(stria_npy *array, const uint8_t *bytes, size_t size, stria_error *err)
{
    static const char magic[] = "\x93NUMPY";
    const size_t magic_length = sizeof magic - 1;
    if (size < magic_length || memcmp(bytes, magic, magic_length) != 0)
        return stria_fail(err, STRIA_ERROR_FORMAT, "not a NumPy array: it does not begin with \\x93NUMPY");
    if (size < magic_length + 2)
        return stria_fail(err, STRIA_ERROR_FORMAT, "the file ends before its version");
    int major = bytes[magic_length], minor = bytes[magic_length + 1];
    if (major < 1 || major > 3 || minor != 0)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "version %d.%d of the format is not known, 1.0, 2.0 and 3.0 are", major, minor);
    size_t start = magic_length + 2, width = major == 1 ? 2 : 4, length = 0;
    if (size - start < width)
        return stria_fail(err, STRIA_ERROR_FORMAT, "the file ends before the length of its header");
    for (size_t i = width; i-- > 0;)
        length = length << 8 | bytes[start + i];
    start += width;
    if (length > size - start)
        return stria_fail(err, STRIA_ERROR_FORMAT,
                          "its header is announced with %zu bytes, but only %zu follow: the file is cut",
                          length, size - start);
    if (length > MAX_HEADER)
        return stria_fail(err, STRIA_ERROR_LIMIT, "its header has %zu bytes, at most %zu are read", length,
                          MAX_HEADER);
    cursor c = {.text = (const char *)bytes + start, .size = length};
    header head = {.fortran_order = false};
    STRIA_TRY(read_header(&c, &head, array, err));
    STRIA_TRY(find_type(head.descr, array, err));
    if (head.fortran_order && array->rank > 1)
        return stria_fail(err, STRIA_ERROR_UNSUPPORTED,
                          "arrays in Fortran order are not supported; save numpy.ascontiguousarray of it");
    array->elements = bytes + start + length;
    return check_size(array, size - start - length, err);
}

stria_status stria_npy_parse(stria_npy *array, const void *bytes, size_t size, const char *name,
                             stria_error *err)
{
    stria_npy read = {.rank = 0};
    stria_status status = parse(&read, bytes, size, err);
    if (status != STRIA_OK)
        return stria_fail_in(err, status, "%s: ", name);
    *array = read;
    return STRIA_OK;
}

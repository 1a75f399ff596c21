/* JSON for file headers, by jansson. This is the only file of the library that includes it: everything else
 * sees stria_json, which is jansson's value under an opaque name. Jansson allocates with the C library; its
 * allocator is a global of the process, which belongs to the program and not to us. Writing needs no library:
 * headers are written as text, and only strings want care. */
#include "formats/json.h"

#include <string.h>

#include "base/error.h"
#include "formats/quote.h"

#if STRIA_HAVE_JSON
#    include <jansson.h>

/* Finds the longest token, and refuses deep nesting: jansson recurses up to 2,048 levels, file headers need
 * three. Brackets inside strings do not count, and in text that is not JSON neither figure matters. */
static stria_status survey(const char *text, size_t size, size_t *longest, stria_error *err)
{
    size_t depth = 0, line = 1, line_start = 0, token = 0;
    bool in_string = false;
    *longest = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        token++;
        if (token > *longest)
            *longest = token;
        if (in_string) {
            if (c == '\\' && i + 1 < size) {
                i++;
                token++;
            } else if (c == '"') {
                in_string = false;
                token = 0;
            }
            continue;
        }
        if (c == '"')
            in_string = true;
        else if (strchr("{}[]:, \t\r\n", c) != NULL)
            token = 0;
        if (c == '\n') {
            line++;
            line_start = i + 1;
        }
        if (c == '{' || c == '[') {
            if (++depth > STRIA_JSON_MAX_DEPTH)
                return stria_fail(err, STRIA_ERROR_FORMAT, "JSON line %zu column %zu: nesting deeper than %d",
                                  line, i - line_start + 1, STRIA_JSON_MAX_DEPTH);
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return STRIA_OK;
}

/* The text as jansson is given it: `["xxx...x",` the text `]`. When jansson 2.14 lacks the memory to lengthen
 * its buffer for a token, it leaves out characters and goes on, and a model text with "rate=0.25" may come
 * out as "rate=0.2". The buffer never shrinks; so it is made long enough for every token by a first one that
 * is longer than all others, whose length shows whether that worked. */
typedef struct wrapped_text {
    const char *text;
    size_t size;
    size_t padding;
    size_t at; /* of brackets, padding and text together */
} wrapped_text;

static const char opening[] = "[\"", middle[] = "\",", closing[] = "]";

/* Copies what of text[0..size), which stands at `start` in the whole, belongs at the place where reading is.
 */
static size_t copy_part(char *buffer, size_t room, wrapped_text *whole, size_t *start, const char *text,
                        size_t size)
{
    size_t end = *start + size, count = 0;
    if (room > 0 && whole->at < end) { /* what comes before is copied, for there is room left */
        count = end - whole->at < room ? end - whole->at : room;
        if (text != NULL)
            memcpy(buffer, text + (whole->at - *start), count);
        else
            memset(buffer, 'x', count);
        whole->at += count;
    }
    *start = end;
    return count;
}

static size_t read_wrapped(void *buffer, size_t room, void *payload)
{
    wrapped_text *whole = payload;
    char *next = buffer;
    size_t start = 0, got = 0;
    got += copy_part(next + got, room - got, whole, &start, opening, sizeof opening - 1);
    got += copy_part(next + got, room - got, whole, &start, NULL, whole->padding);
    got += copy_part(next + got, room - got, whole, &start, middle, sizeof middle - 1);
    got += copy_part(next + got, room - got, whole, &start, whole->text, whole->size);
    return got + copy_part(next + got, room - got, whole, &start, closing, sizeof closing - 1);
}

#    define FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)

/* The value, or NULL for wrong text and for lack of memory alike. */
static json_t *load_whole(const char *text, size_t size, size_t padding)
{
    wrapped_text whole = {.text = text, .size = size, .padding = padding};
    json_error_t error;
    json_t *list = json_load_callback(read_wrapped, &whole, FLAGS, &error), *value = NULL;
    if (json_array_size(list) == 2 && json_string_length(json_array_get(list, 0)) == padding)
        value = json_incref(json_array_get(list, 1));
    json_decref(list);
    return value;
}

stria_status stria_json_parse(stria_json **json, const void *bytes, size_t size, stria_error *err)
{
    size_t longest = 0;
    STRIA_TRY(survey(bytes, size, &longest, err));
    json_t *value = load_whole(bytes, size, longest);
    if (value != NULL) {
        *json = (stria_json *)value;
        return STRIA_OK;
    }
    /* For the mistake and its place the text is read as it stands. Without a mistake, it was memory that
     * lacked. */
    json_error_t error;
    value = json_loadb(bytes, size, FLAGS, &error);
    bool mistaken =
        value == NULL && error.text[0] != '\0' && json_error_code(&error) != json_error_out_of_memory;
    json_decref(value);
    if (!mistaken)
        return stria_fail(err, STRIA_ERROR_MEMORY, "out of memory for JSON of %zu bytes", size);
    return stria_fail(err, STRIA_ERROR_FORMAT, "JSON line %d column %d: %s", error.line, error.column,
                      stria_quote(STRIA_QUOTE_BUFFER, error.text));
}

static const json_t *inside(const stria_json *json)
{
    return (const json_t *)json;
}

void stria_json_free(stria_json *json)
{
    json_decref((json_t *)json);
}

bool stria_json_is_object(const stria_json *json)
{
    return json_is_object(inside(json));
}

bool stria_json_is_array(const stria_json *json)
{
    return json_is_array(inside(json));
}

size_t stria_json_count(const stria_json *json)
{
    return stria_json_is_object(json) ? json_object_size(inside(json)) : json_array_size(inside(json));
}

const stria_json *stria_json_get(const stria_json *json, const char *key)
{
    return (const stria_json *)json_object_get(inside(json), key);
}

const stria_json *stria_json_at(const stria_json *json, size_t index)
{
    return (const stria_json *)json_array_get(inside(json), index);
}

stria_status stria_json_each(const stria_json *json,
                             stria_status (*each)(const char *key, const stria_json *value, void *payload),
                             void *payload)
{
    json_t *object = (json_t *)json; /* jansson's iterators take no const; nothing is changed */
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        STRIA_TRY(each(json_object_iter_key(at), (const stria_json *)json_object_iter_value(at), payload));
    return STRIA_OK;
}

const char *stria_json_string(const stria_json *json)
{
    return json_string_value(inside(json));
}

bool stria_json_integer(const stria_json *json, int64_t *value)
{
    if (!json_is_integer(inside(json)))
        return false;
    *value = json_integer_value(inside(json));
    return true;
}

bool stria_json_number(const stria_json *json, double *value)
{
    if (!json_is_number(inside(json)))
        return false;
    *value = json_number_value(inside(json));
    return true;
}

bool stria_json_boolean(const stria_json *json, bool *value)
{
    if (!json_is_boolean(inside(json)))
        return false;
    *value = json_is_true(inside(json));
    return true;
}

bool stria_json_is_null(const stria_json *json)
{
    return json_is_null(inside(json));
}

#else

stria_status stria_json_parse(stria_json **json, const void *bytes, size_t size, stria_error *err)
{
    (void)json;
    (void)bytes;
    (void)size;
    return stria_fail(err, STRIA_ERROR_NOT_BUILT,
                      "reading safetensors needs jansson: build with -DSTRIA_WITH_JSON=ON");
}

void stria_json_free(stria_json *json)
{
    (void)json;
}

bool stria_json_is_object(const stria_json *json)
{
    (void)json;
    return false;
}

bool stria_json_is_array(const stria_json *json)
{
    (void)json;
    return false;
}

size_t stria_json_count(const stria_json *json)
{
    (void)json;
    return 0;
}

const stria_json *stria_json_get(const stria_json *json, const char *key)
{
    (void)json;
    (void)key;
    return NULL;
}

const stria_json *stria_json_at(const stria_json *json, size_t index)
{
    (void)json;
    (void)index;
    return NULL;
}

stria_status stria_json_each(const stria_json *json,
                             stria_status (*each)(const char *key, const stria_json *value, void *payload),
                             void *payload)
{
    (void)json;
    (void)each;
    (void)payload;
    return STRIA_OK;
}

const char *stria_json_string(const stria_json *json)
{
    (void)json;
    return NULL;
}

bool stria_json_integer(const stria_json *json, int64_t *value)
{
    (void)json;
    (void)value;
    return false;
}

bool stria_json_number(const stria_json *json, double *value)
{
    (void)json;
    (void)value;
    return false;
}

bool stria_json_boolean(const stria_json *json, bool *value)
{
    (void)json;
    (void)value;
    return false;
}

bool stria_json_is_null(const stria_json *json)
{
    (void)json;
    return false;
}

#endif

void stria_json_write_string(stria_text *text, const char *string)
{
    size_t length = strlen(string),
           plain = 0; /* string[plain..at) needs no escape and is still to be appended */
    stria_text_append(text, "\"", 1);
    for (size_t at = 0; at < length;) {
        unsigned char c = (unsigned char)string[at];
        size_t count = stria_utf8_length(string + at, length - at);
        if (count != 0 && c >= 0x20 && c != '"' && c != '\\') {
            at += count;
            continue;
        }
        stria_text_append(text, string + plain, at - plain);
        if (count == 0)
            stria_text_add(text, "\xEF\xBF\xBD");
        else if (c == '"' || c == '\\')
            stria_text_format(text, "\\%c", c);
        else if (c == '\n')
            stria_text_add(text, "\\n");
        else if (c == '\t')
            stria_text_add(text, "\\t");
        else
            stria_text_format(text, "\\u%04x", (unsigned)c);
        plain = ++at;
    }
    stria_text_append(text, string + plain, length - plain);
    stria_text_append(text, "\"", 1);
}

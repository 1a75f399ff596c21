/* JSON for file headers: the one place in the library that touches the JSON library. Objects keep their
 * order; duplicate keys, nesting deeper than 64, integers outside of int64 and text that is not UTF-8 are
 * refused. */
#ifndef STRIA_FORMATS_JSON_H
#define STRIA_FORMATS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>

#include "base/text.h"

/* Deepest nesting of objects and arrays. */
#define STRIA_JSON_MAX_DEPTH 64

typedef struct stria_json stria_json;

/* Parses `size` bytes. The value is owned by the caller. Errors: FORMAT with line and column, NOT_BUILT,
 * MEMORY. */
stria_status stria_json_parse(stria_json **json, const void *bytes, size_t size, stria_error *err);
/* NULL is allowed. */
void stria_json_free(stria_json *json);

/* NULL is no value and of no type: the result of a failed look-up can be asked on. */
bool stria_json_is_object(const stria_json *json);
bool stria_json_is_array(const stria_json *json);
/* Members of an object or elements of an array; 0 for others. */
size_t stria_json_count(const stria_json *json);
/* Member of an object, NULL when absent. Borrowed. */
const stria_json *stria_json_get(const stria_json *json, const char *key);
/* Element of an array, NULL past the end. Borrowed. */
const stria_json *stria_json_at(const stria_json *json, size_t index);
/* Calls `each` for every member of an object in order; stops and returns its status when that is not
 * STRIA_OK. Keys live as long as the value. */
stria_status stria_json_each(const stria_json *json,
                             stria_status (*each)(const char *key, const stria_json *value, void *payload),
                             void *payload);
/* NULL, or false, when the value is of another type. Strings never hold a NUL and live as long as the value.
 */
const char *stria_json_string(const stria_json *json);
bool stria_json_integer(const stria_json *json, int64_t *value);
bool stria_json_number(const stria_json *json, double *value);
bool stria_json_boolean(const stria_json *json, bool *value);
bool stria_json_is_null(const stria_json *json);

/* Appends `string` quoted and escaped; bytes that are not UTF-8 become U+FFFD, for JSON cannot hold them. */
void stria_json_write_string(stria_text *text, const char *string);

#endif

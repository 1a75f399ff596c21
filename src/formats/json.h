/* JSON for file headers: the one place in the library that touches the JSON library. Objects keep their order; duplicate
 * keys, nesting deeper than 64 and text that is not UTF-8 are refused. */
#ifndef STRIA_FORMATS_JSON_H
#define STRIA_FORMATS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>

#include "base/text.h"

typedef struct stria_json stria_json;

/* Parses `size` bytes. The value is owned by the caller. Errors: FORMAT with line and column, NOT_BUILT, MEMORY. */
stria_status stria_json_parse(stria_json **json, const void *bytes, size_t size, stria_error *err);
void stria_json_free(stria_json *json);

bool stria_json_is_object(const stria_json *json);
bool stria_json_is_array(const stria_json *json);
/* Members of an object or elements of an array; 0 for others. */
size_t stria_json_count(const stria_json *json);
/* Member of an object, NULL when absent. Borrowed. */
const stria_json *stria_json_get(const stria_json *json, const char *key);
/* Element of an array, NULL past the end. Borrowed. */
const stria_json *stria_json_at(const stria_json *json, size_t index);
/* Calls `each` for every member in order; stops and returns its status when that is not STRIA_OK. */
stria_status stria_json_each(const stria_json *json,
                             stria_status (*each)(const char *key, const stria_json *value, void *payload), void *payload);
/* NULL, or false, when the value is of another type. */
const char *stria_json_string(const stria_json *json);
bool stria_json_integer(const stria_json *json, int64_t *value);
bool stria_json_number(const stria_json *json, double *value);

/* Appends `string` quoted and escaped. */
void stria_json_write_string(stria_text *text, const char *string);

#endif

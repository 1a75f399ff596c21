/* JSON out and in, for --json and the benchmark worker. Without STRIA_HAVE_JSON every function still exists:
 * cli_json_check says that the part is not built in, and the rest do nothing. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/shape.h>

/* A value: an object, a list, a text, a number, true, false or null. */
typedef struct cli_json cli_json;

/* CLI_DONE, or says that this build has no JSON and returns CLI_ENVIRONMENT. */
int cli_json_check(void);

/* ---- Writing. NULL stands for a value that no memory was left for; it goes through everything up to
 * cli_json_print, which reports it. ---- */

cli_json *cli_json_object(void);
cli_json *cli_json_list(void);
cli_json *cli_json_text(const char *text); /* NULL gives null; bytes that are not UTF-8 become U+FFFD */
cli_json *cli_json_integer(int64_t integer);
cli_json *cli_json_count(int64_t integer); /* null for a negative number, an open size */
cli_json *cli_json_number(double number);  /* unrounded; null for NaN and infinities */
cli_json *cli_json_boolean(bool boolean);
cli_json *cli_json_null(void);
cli_json *cli_json_shape(const stria_shape *shape); /* a list, null for open sizes */

/* Puts `value`, which it takes over, into an object or at the end of a list. */
void cli_json_set(cli_json *object, const char *key, cli_json *value);
void cli_json_append(cli_json *list, cli_json *value);

/* Prints `value` as one line on stdout and frees it. Returns the exit status. */
int cli_json_print(cli_json *value);

void cli_json_free(cli_json *value);

/* ---- Reading ---- */

/* Reads one JSON value; NULL when the text is none. The caller frees it. */
cli_json *cli_json_parse(const char *text);

/* Members of an object and elements of a list, owned by it. NULL when there is none, or the value is of
 * another kind. */
const cli_json *cli_json_get(const cli_json *object, const char *key);
size_t cli_json_length(const cli_json *list); /* 0 for other kinds */
const cli_json *cli_json_at(const cli_json *list, size_t index);

/* The value of a text, NULL for other kinds; of a number, `otherwise` for other kinds; of a boolean. */
const char *cli_json_as_text(const cli_json *value);
int64_t cli_json_as_integer(const cli_json *value, int64_t otherwise);
double cli_json_as_number(const cli_json *value, double otherwise);
bool cli_json_as_boolean(const cli_json *value, bool otherwise);

#endif

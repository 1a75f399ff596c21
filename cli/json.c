/* JSON out and in, through jansson; the only file of the command that knows it. See json.h. A cli_json is a
 * json_t. */
#include "json.h"

#include "failure.h"

#if defined(STRIA_HAVE_JSON)

#    include <jansson.h>
#    include <math.h>
#    include <stdlib.h>
#    include <string.h>

static json_t *ours(cli_json *value)
{
    return (json_t *)value;
}

static const json_t *ours_const(const cli_json *value)
{
    return (const json_t *)value;
}

int cli_json_check(void)
{
    return CLI_DONE;
}

cli_json *cli_json_object(void)
{
    return (cli_json *)json_object();
}

cli_json *cli_json_list(void)
{
    return (cli_json *)json_array();
}

cli_json *cli_json_text(const char *text)
{
    if (text == NULL) {
        return cli_json_null();
    }
    json_t *value = json_string(text);
    if (value != NULL) {
        return (cli_json *)value;
    }
    /* Not UTF-8, as file names may be: every byte beyond ASCII becomes the replacement character. */
    char *clean = malloc(3 * strlen(text) + 1);
    if (clean == NULL) {
        return NULL;
    }
    char *to = clean;
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x80) {
            *to++ = *text;
        } else {
            memcpy(to, "\xef\xbf\xbd", 3);
            to += 3;
        }
    }
    *to = '\0';
    value = json_string(clean);
    free(clean);
    return (cli_json *)value;
}

cli_json *cli_json_integer(int64_t integer)
{
    return (cli_json *)json_integer(integer);
}

cli_json *cli_json_count(int64_t integer)
{
    return integer < 0 ? cli_json_null() : cli_json_integer(integer);
}

cli_json *cli_json_number(double number)
{
    return isfinite(number) ? (cli_json *)json_real(number) : cli_json_null();
}

cli_json *cli_json_boolean(bool boolean)
{
    return (cli_json *)json_boolean(boolean);
}

cli_json *cli_json_null(void)
{
    return (cli_json *)json_null();
}

cli_json *cli_json_shape(const stria_shape *shape)
{
    cli_json *list = cli_json_list();
    for (int i = 0; i < shape->rank; i++) {
        cli_json_append(list, cli_json_count(shape->sizes[i]));
    }
    return list;
}

/* A value that could not be made or put leaves null in its place: a missing key would be silent. jansson
 * gives the same constant for null, so what failed is kept here until the next print. */
static bool out_of_memory;

void cli_json_set(cli_json *object, const char *key, cli_json *value)
{
    if (json_object_set_new(ours(object), key, ours(value)) != 0) {
        out_of_memory = true;
    }
}

void cli_json_append(cli_json *list, cli_json *value)
{
    if (json_array_append_new(ours(list), ours(value)) != 0) {
        out_of_memory = true;
    }
}

int cli_json_print(cli_json *value)
{
    char *line =
        out_of_memory || value == NULL ? NULL : json_dumps(ours(value), JSON_COMPACT | JSON_ENCODE_ANY);
    cli_json_free(value);
    out_of_memory = false;
    if (line == NULL) {
        return cli_fail_memory();
    }
    puts(line);
    free(line);
    return cli_finish_output(CLI_DONE);
}

void cli_json_free(cli_json *value)
{
    json_decref(ours(value));
}

cli_json *cli_json_parse(const char *text)
{
    json_error_t error;
    return (cli_json *)json_loads(text, JSON_DECODE_ANY, &error);
}

const cli_json *cli_json_get(const cli_json *object, const char *key)
{
    return (const cli_json *)json_object_get(ours_const(object), key);
}

size_t cli_json_length(const cli_json *list)
{
    return json_array_size(ours_const(list));
}

const cli_json *cli_json_at(const cli_json *list, size_t index)
{
    return (const cli_json *)json_array_get(ours_const(list), index);
}

const char *cli_json_as_text(const cli_json *value)
{
    return json_string_value(ours_const(value));
}

int64_t cli_json_as_integer(const cli_json *value, int64_t otherwise)
{
    return json_is_integer(ours_const(value)) ? json_integer_value(ours_const(value)) : otherwise;
}

double cli_json_as_number(const cli_json *value, double otherwise)
{
    return json_is_number(ours_const(value)) ? json_number_value(ours_const(value)) : otherwise;
}

bool cli_json_as_boolean(const cli_json *value, bool otherwise)
{
    return json_is_boolean(ours_const(value)) ? json_is_true(ours_const(value)) : otherwise;
}

#else

int cli_json_check(void)
{
    return cli_fail(CLI_ENVIRONMENT, "JSON is not built in: configure with -DSTRIA_WITH_JSON=ON (jansson)");
}

cli_json *cli_json_object(void)
{
    return NULL;
}

cli_json *cli_json_list(void)
{
    return NULL;
}

cli_json *cli_json_text(const char *text)
{
    (void)text;
    return NULL;
}

cli_json *cli_json_integer(int64_t integer)
{
    (void)integer;
    return NULL;
}

cli_json *cli_json_count(int64_t integer)
{
    (void)integer;
    return NULL;
}

cli_json *cli_json_number(double number)
{
    (void)number;
    return NULL;
}

cli_json *cli_json_boolean(bool boolean)
{
    (void)boolean;
    return NULL;
}

cli_json *cli_json_null(void)
{
    return NULL;
}

cli_json *cli_json_shape(const stria_shape *shape)
{
    (void)shape;
    return NULL;
}

void cli_json_set(cli_json *object, const char *key, cli_json *value)
{
    (void)object, (void)key, (void)value;
}

void cli_json_append(cli_json *list, cli_json *value)
{
    (void)list, (void)value;
}

int cli_json_print(cli_json *value)
{
    (void)value;
    return cli_json_check();
}

void cli_json_free(cli_json *value)
{
    (void)value;
}

cli_json *cli_json_parse(const char *text)
{
    (void)text;
    return NULL;
}

const cli_json *cli_json_get(const cli_json *object, const char *key)
{
    (void)object, (void)key;
    return NULL;
}

size_t cli_json_length(const cli_json *list)
{
    (void)list;
    return 0;
}

const cli_json *cli_json_at(const cli_json *list, size_t index)
{
    (void)list, (void)index;
    return NULL;
}

const char *cli_json_as_text(const cli_json *value)
{
    (void)value;
    return NULL;
}

int64_t cli_json_as_integer(const cli_json *value, int64_t otherwise)
{
    (void)value;
    return otherwise;
}

double cli_json_as_number(const cli_json *value, double otherwise)
{
    (void)value;
    return otherwise;
}

bool cli_json_as_boolean(const cli_json *value, bool otherwise)
{
    (void)value;
    return otherwise;
}

#endif

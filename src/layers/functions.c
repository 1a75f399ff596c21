/* Reading and writing functions with parameters by their tables; nothing here knows any function. */
#include "layers/functions.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

#define MAX_AXIS 7

size_t stria_function_parameter_count(const stria_function *function)
{
    size_t count = 0;
    while (function->parameters != NULL && function->parameters[count].name != NULL)
        count++;
    return count;
}

/* ---- Axes: bit a for axis a from the front, bit 8 + a for axis -1 - a ---- */

bool stria_axes_resolve(double axes, int rank, unsigned *bits, int *missing)
{
    const unsigned set = (unsigned)axes;
    *bits = 0;
    for (int a = 0; a <= MAX_AXIS; a++) {
        const bool front = (set >> a & 1) != 0, back = (set >> (8 + a) & 1) != 0;
        if ((front || back) && a >= rank) {
            *missing = front ? a : -1 - a;
            return false;
        }
        if (front)
            *bits |= 1U << a;
        if (back)
            *bits |= 1U << (rank - 1 - a);
    }
    return true;
}

static size_t skip_spaces(const char *text, size_t at, size_t length)
{
    while (at < length && (text[at] == ' ' || text[at] == '\t'))
        at++;
    return at;
}

static bool read_axis(const char *text, size_t length, unsigned *set)
{
    int64_t axis;
    if (!stria_text_to_integer(text, length, &axis) || axis < -1 - MAX_AXIS || axis > MAX_AXIS)
        return false;
    *set |= axis >= 0 ? 1U << axis : 1U << (8 - 1 - axis);
    return true;
}

/* "0", "[0, 1, 2]" or "(0, 1, 2)". */
static bool read_axes(const char *text, size_t length, double *axes)
{
    unsigned set = 0;
    if (length == 0)
        return false;
    const bool listed = text[0] == '[' || text[0] == '(';
    if (listed && text[length - 1] != (text[0] == '[' ? ']' : ')'))
        return false;
    size_t at = listed ? 1 : 0;
    const size_t end = listed ? length - 1 : length;
    while (at <= end) {
        const size_t from = skip_spaces(text, at, end);
        size_t to = from;
        while (to < end && text[to] != ',' && text[to] != ' ' && text[to] != '\t')
            to++;
        if (!read_axis(text + from, to - from, &set))
            return false;
        at = skip_spaces(text, to, end);
        if (at < end && (text[at] != ',' || !listed))
            return false;
        at++;
    }
    *axes = (double)set;
    return true;
}

static void write_axes(double axes, stria_text *text)
{
    const unsigned set = (unsigned)axes;
    const bool listed = (set & (set - 1)) != 0;
    const char *separator = "";
    stria_text_add(text, listed ? "[" : "");
    for (int bit = 0; bit < 16; bit++)
        if ((set >> bit & 1) != 0) {
            stria_text_format(text, "%s%d", separator, bit < 8 ? bit : 7 - bit);
            separator = ", ";
        }
    stria_text_add(text, listed ? "]" : "");
}

/* ---- Names ---- */

static size_t name_length(const char *text, size_t length)
{
    const char *open = memchr(text, '(', length);
    return open != NULL ? (size_t)(open - text) : length;
}

/* "GlorotUniform" is glorot_uniform: letters in any case, underscores count for nothing. */
static bool same_name(const char *name, size_t known, const char *text, size_t length)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '_')
            continue;
        while (n < known && name[n] == '_')
            n++;
        if (n == known || stria_to_small(name[n]) != stria_to_small(text[i]))
            return false;
        n++;
    }
    return n == known && length > 0;
}

static bool is_alias(const char *aliases, const char *text, size_t length)
{
    for (const char *alias = aliases; alias != NULL && *alias != '\0';) {
        const size_t known = strcspn(alias, " ");
        if (same_name(alias, known, text, length))
            return true;
        alias += known + strspn(alias + known, " ");
    }
    return false;
}

int stria_function_find(const stria_function_family *family, const char *text, size_t length)
{
    const size_t named = name_length(text, length);
    for (size_t i = 0; i < family->count; i++) {
        const stria_function *function = &family->functions[i];
        if (same_name(function->name, strlen(function->name), text, named) ||
            is_alias(function->aliases, text, named))
            return (int)i;
    }
    return -1;
}

bool stria_function_is_word(const stria_function_family *family, const char *text, size_t length)
{
    const size_t named = name_length(text, length);
    for (size_t i = family->optional ? 1 : 0; i < family->count; i++) {
        const stria_function *function = &family->functions[i];
        if ((strlen(function->name) == named && memcmp(function->name, text, named) == 0) ||
            (family->aliases_are_words && function->aliases != NULL &&
             stria_words_find(function->aliases, text, named) >= 0))
            return true;
    }
    return false;
}

/* ---- Parameters ---- */

static bool read_parameter(const stria_parameter *parameter, const char *text, size_t length, double *value)
{
    double number;
    switch (parameter->type) {
    case STRIA_PARAMETER_WORD: {
        const int index = stria_words_find(parameter->words, text, length);
        *value = index;
        return index >= 0;
    }
    case STRIA_PARAMETER_AXES:
        return read_axes(text, length, value);
    case STRIA_PARAMETER_NUMBER:
        if (!stria_text_to_double(text, length, &number))
            return false;
        *value = number;
        return number >= parameter->minimum && number <= parameter->maximum;
    }
    return false;
}

/* "a number from 0 to 1", "one of rows columns". */
static void describe_rule(const stria_parameter *parameter, char *text, size_t size)
{
    char low[32], high[32];
    if (parameter->type == STRIA_PARAMETER_WORD)
        snprintf(text, size, "one of %s", parameter->words);
    else if (parameter->type == STRIA_PARAMETER_AXES)
        snprintf(text, size, "an axis such as 0, or several as in [0, 1, 2]");
    else if (parameter->maximum >= (double)FLT_MAX && parameter->minimum <= -(double)FLT_MAX)
        snprintf(text, size, "a number that a float can hold");
    else if (parameter->maximum >= (double)FLT_MAX)
        snprintf(text, size, "a number of at least %s",
                 stria_double_text(parameter->minimum, low, sizeof low));
    else
        snprintf(text, size, "a number from %s to %s", stria_double_text(parameter->minimum, low, sizeof low),
                 stria_double_text(parameter->maximum, high, sizeof high));
}

stria_function_value stria_function_defaults(const stria_function_family *family, int kind)
{
    stria_function_value value;
    memset(&value, 0, sizeof value);
    value.kind = kind;
    const stria_function *function = &family->functions[kind];
    for (size_t i = 0; i < stria_function_parameter_count(function); i++) {
        const char *text = function->parameters[i].default_value;
        read_parameter(&function->parameters[i], text, strlen(text), &value.parameters[i]);
    }
    return value;
}

/* ---- Reading ---- */

typedef struct reader {
    const stria_function *function;
    const char *argument;
    const char *text;
    size_t count; /* of parameters */
    bool given[STRIA_MAX_PARAMETERS];
    size_t next; /* the first parameter that may be given by position */
    stria_function_value *value;
    stria_value_mistake *mistake;
} reader;

static bool STRIA_PRINTF_LIKE(4, 5)
    refuse(stria_value_mistake *mistake, size_t at, size_t length, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(mistake->why, sizeof mistake->why, format, list);
    va_end(list);
    mistake->at = at;
    mistake->length = length == 0 ? 1 : length;
    return false;
}

static int shown(size_t length)
{
    return length > 40 ? 40 : (int)length;
}

/* "mean, stddev". */
static void list_parameters(const reader *r, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < r->count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "",
                                 r->function->parameters[i].name);
}

static bool find_parameter(const reader *r, size_t at, size_t length, size_t *index)
{
    const char *nearest = NULL;
    size_t least = length / 3 + 2;
    for (size_t i = 0; i < r->count; i++) {
        const char *name = r->function->parameters[i].name;
        const size_t distance = stria_text_distance(r->text + at, length, name, strlen(name));
        if (strlen(name) == length && memcmp(name, r->text + at, length) == 0) {
            *index = i;
            return true;
        }
        if (distance < least) {
            least = distance;
            nearest = name;
        }
    }
    char names[128];
    list_parameters(r, names, sizeof names);
    if (nearest != NULL)
        return refuse(r->mistake, at, length, "%s has no parameter '%.*s'; did you mean '%s'?",
                      r->function->name, shown(length), r->text + at, nearest);
    return refuse(r->mistake, at, length, "%s has no parameter '%.*s'; it has %s", r->function->name,
                  shown(length), r->text + at, names);
}

/* "mean of random_normal"; "l2" where the function has that name too. */
static const char *owned(const reader *r, const stria_parameter *parameter, char *text, size_t size)
{
    if (strcmp(parameter->name, r->function->name) == 0)
        return parameter->name;
    snprintf(text, size, "%s of %s", parameter->name, r->function->name);
    return text;
}

/* One value between commas: bytes `at` up to `end`. */
static bool read_piece(reader *r, size_t at, size_t end)
{
    char owner[80];
    const size_t from = skip_spaces(r->text, at, end);
    while (end > from && (r->text[end - 1] == ' ' || r->text[end - 1] == '\t'))
        end--;
    size_t index = r->next, start = from;
    const char *equals = memchr(r->text + from, '=', end - from);
    if (equals != NULL) {
        size_t key_end = (size_t)(equals - r->text);
        start = skip_spaces(r->text, key_end + 1, end);
        while (key_end > from && r->text[key_end - 1] == ' ')
            key_end--;
        if (!find_parameter(r, from, key_end - from, &index))
            return false;
        if (r->given[index])
            return refuse(r->mistake, from, end - from, "%s is given twice",
                          owned(r, &r->function->parameters[index], owner, sizeof owner));
    } else {
        while (index < r->count && r->given[index])
            index++;
        r->next = index + 1;
    }
    if (index >= r->count) {
        char names[128];
        list_parameters(r, names, sizeof names);
        return refuse(r->mistake, from, end - from, "%s takes %s%s", r->function->name,
                      r->count == 0 ? "no parameters" : "no more than ", names);
    }
    const stria_parameter *parameter = &r->function->parameters[index];
    r->given[index] = true;
    if (start == end)
        return refuse(r->mistake, start, 1, "there is no value for %s",
                      owned(r, parameter, owner, sizeof owner));
    if (!read_parameter(parameter, r->text + start, end - start, &r->value->parameters[index])) {
        char rule[160];
        describe_rule(parameter, rule, sizeof rule);
        return refuse(r->mistake, start, end - start, "'%.*s' does not fit %s: it takes %s",
                      shown(end - start), r->text + start, owned(r, parameter, owner, sizeof owner), rule);
    }
    return true;
}

/* The end of the piece that begins at `at`: a comma or ) outside of brackets, or `length`. */
static size_t piece_end(const char *text, size_t at, size_t length)
{
    int depth = 0;
    for (; at < length; at++) {
        if (depth == 0 && (text[at] == ',' || text[at] == ')'))
            break;
        depth += text[at] == '(' || text[at] == '[';
        depth -= text[at] == ')' || text[at] == ']';
    }
    return at;
}

static bool read_pieces(reader *r, size_t open, size_t length)
{
    size_t at = open + 1, end = piece_end(r->text, at, length);
    if (end < length && r->text[end] == ')' && skip_spaces(r->text, at, end) == end) {
        at = end + 1;
    } else {
        for (;;) {
            end = piece_end(r->text, at, length);
            if (end == length)
                return refuse(r->mistake, open, 1, "no ) to this (");
            if (!read_piece(r, at, end))
                return false;
            at = end + 1;
            if (r->text[end] == ')')
                break;
        }
    }
    if (at < length)
        return refuse(r->mistake, at, length - at, "there is more after the ) of %s", r->function->name);
    return true;
}

bool stria_function_read(const stria_function_family *family, const char *argument, const char *text,
                         size_t length, stria_function_value *value, stria_value_mistake *mistake)
{
    const size_t named = name_length(text, length);
    const int kind = stria_function_find(family, text, length);
    if (kind < 0)
        return refuse(mistake, 0, named, "'%.*s' does not fit %s: it takes %s", shown(named), text, argument,
                      family->example);
    *value = stria_function_defaults(family, kind);
    if (named == length)
        return true;
    const stria_function *function = &family->functions[kind];
    reader r = {.function = function,
                .argument = argument,
                .text = text,
                .count = stria_function_parameter_count(function),
                .value = value,
                .mistake = mistake};
    return read_pieces(&r, named, length);
}

/* ---- Writing ---- */

static bool same_number(double a, double b)
{
    return a <= b && a >= b;
}

bool stria_function_equal(const stria_function_family *family, const stria_function_value *a,
                          const stria_function_value *b)
{
    if (a->kind != b->kind)
        return false;
    for (size_t i = 0; i < stria_function_parameter_count(&family->functions[a->kind]); i++)
        if (!same_number(a->parameters[i], b->parameters[i]))
            return false;
    return true;
}

void stria_function_write(const stria_function_family *family, const stria_function_value *value,
                          stria_text *text)
{
    const stria_function *function = &family->functions[value->kind];
    const stria_function_value defaults = stria_function_defaults(family, value->kind);
    bool unbroken = true, any = false;
    stria_text_add(text, function->name);
    for (size_t i = 0; i < stria_function_parameter_count(function); i++) {
        const stria_parameter *parameter = &function->parameters[i];
        if (same_number(value->parameters[i], defaults.parameters[i])) {
            unbroken = false;
            continue;
        }
        stria_text_add(text, any ? ", " : "(");
        any = true;
        if (!unbroken)
            stria_text_format(text, "%s=", parameter->name);
        char number[40];
        if (parameter->type == STRIA_PARAMETER_WORD) {
            size_t length;
            const char *word = stria_words_at(parameter->words, (int)value->parameters[i], &length);
            stria_text_append(text, word, length);
        }
        if (parameter->type == STRIA_PARAMETER_AXES)
            write_axes(value->parameters[i], text);
        if (parameter->type == STRIA_PARAMETER_NUMBER)
            stria_text_add(text, stria_double_text(value->parameters[i], number, sizeof number));
    }
    if (any)
        stria_text_add(text, ")");
}

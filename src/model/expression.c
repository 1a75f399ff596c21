/* A value is items with `x` or `,` between them:
 *
 *     value  = item { ( "x" | "," ) item }
 *     item   = "?" | sum | "[" value "]" | word [ "(" [ word "=" ] value ")" ]
 *     sum    = term { ( "+" | "-" ) term }
 *     term   = factor { ( "*" | "/" ) factor }
 *     factor = integer | parameter | "-" factor | "(" sum ")"
 *
 * An item that is one parameter becomes the parameter's value, whatever that is; a sum becomes an integer.
 * `x` parts sizes, so in 3xk and kxk the letters before and behind it are looked at by themselves. */
#include "model/expression.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define MAX_NESTED 32

typedef struct reader {
    const char *text;
    size_t at, length;
    const stria_block_parameter *parameters;
    size_t count;
    char *room;
    size_t size, used;
    bool replaced; /* a parameter has been read */
    bool computed; /* there was something to work out */
    bool unknown;  /* a word in a sum that is no parameter */
    int nested;
    char *mistake;
    size_t mistake_size;
} reader;

/* A part of a sum: as text while it is only one word or number, else an integer. */
typedef struct operand {
    const char *text;
    size_t length;
    bool word;     /* and not a parameter */
    bool computed; /* `integer` is its value */
    int64_t integer;
} operand;

static char peek(const reader *r)
{
    return r->at < r->length ? r->text[r->at] : '\0';
}

static void skip_spaces(reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t')
        r->at++;
}

static bool STRIA_PRINTF_LIKE(2, 3) fail(reader *r, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(r->mistake, r->mistake_size, format, list);
    va_end(list);
    return false;
}

static bool put(reader *r, const char *text, size_t length)
{
    if (length > r->size - r->used)
        return fail(r, "the value is too long with its parameters put in");
    memcpy(r->room + r->used, text, length);
    r->used += length;
    return true;
}

/* ---- Words ---- */

static bool is_word_byte(char byte)
{
    return stria_is_letter(byte) || stria_is_digit(byte) || byte == '_';
}

static const stria_block_parameter *find_parameter(const reader *r, const char *name, size_t length)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->parameters[i].name_length == length && memcmp(r->parameters[i].name, name, length) == 0)
            return &r->parameters[i];
    return NULL;
}

/* The parameter at the front of a word such as kxk, up to an x. */
static const stria_block_parameter *find_size(const reader *r, const char *word, size_t length)
{
    for (size_t end = length - 1; end > 0; end--) {
        const stria_block_parameter *found = word[end] == 'x' ? find_parameter(r, word, end) : NULL;
        if (found != NULL)
            return found;
    }
    return NULL;
}

static void read_word(reader *r, operand *word)
{
    size_t start = r->at;
    while (is_word_byte(peek(r)))
        r->at++;
    *word = (operand){.text = r->text + start, .length = r->at - start, .word = true};
    const stria_block_parameter *found = find_parameter(r, word->text, word->length);
    if (found == NULL)
        found = find_size(r, word->text, word->length);
    if (found == NULL)
        return;
    r->at = start + found->name_length;
    r->replaced = true;
    *word = (operand){.text = found->value, .length = found->value_length};
}

static bool is_number_byte(char byte)
{
    return stria_is_digit(byte) || byte == '.';
}

/* 16, -0.5, 1e-3: what a number can be made of. */
static void read_number(reader *r, operand *number)
{
    size_t start = r->at;
    r->at += peek(r) == '-';
    while (is_number_byte(peek(r)))
        r->at++;
    if (peek(r) == 'e' || peek(r) == 'E') {
        size_t digits = r->at + 1;
        if (digits < r->length && (r->text[digits] == '-' || r->text[digits] == '+'))
            digits++;
        if (digits < r->length && stria_is_digit(r->text[digits]))
            for (r->at = digits; stria_is_digit(peek(r));)
                r->at++;
    }
    *number = (operand){.text = r->text + start, .length = r->at - start};
}

/* ---- Sums ---- */

/* The parameter nearest to a mistyped one, or NULL. */
static const stria_block_parameter *nearest_parameter(const reader *r, const operand *word)
{
    const stria_block_parameter *best = NULL;
    size_t best_distance = word->length / 3 + 2;
    for (size_t i = 0; i < r->count; i++) {
        const stria_block_parameter *p = &r->parameters[i];
        size_t distance = stria_text_distance(word->text, word->length, p->name, p->name_length);
        if (distance < best_distance) {
            best_distance = distance;
            best = p;
        }
    }
    return best;
}

/* Numbers below 2^31, whose sums and products are far from those of 64 bits. */
static bool is_moderate(int64_t number)
{
    return number >= -INT32_MAX && number <= INT32_MAX;
}

/* Whether an operand has more digits than moderate numbers, and nothing but digits. */
static bool is_long(const operand *o)
{
    size_t digits = 0;
    while (digits < o->length && stria_is_digit(o->text[digits]))
        digits++;
    return digits == o->length && digits > 10;
}

static bool need_integer(reader *r, operand *o)
{
    int shown = o->length > 40 ? 40 : (int)o->length;
    if (o->computed)
        return true;
    r->computed = true;
    if (o->word) {
        const stria_block_parameter *nearest = nearest_parameter(r, o);
        r->unknown = true;
        if (nearest == NULL)
            return fail(r, "there is no parameter '%.*s'", shown, o->text);
        return fail(r, "there is no parameter '%.*s'; did you mean '%.*s'?", shown, o->text,
                    (int)nearest->name_length, nearest->name);
    }
    o->computed = true;
    if (is_long(o))
        return fail(r, "%.*s is too large", shown, o->text);
    if (!stria_text_to_integer(o->text, o->length, &o->integer))
        return fail(r, "'%.*s' is not an integer, and sums are worked out in integers", shown, o->text);
    return is_moderate(o->integer) || fail(r, "%.*s is too large", shown, o->text);
}

/* left = left + right, or what the sign says. */
static bool compute(reader *r, char sign, operand *left, operand *right)
{
    if (!need_integer(r, left) || !need_integer(r, right))
        return false;
    int64_t a = left->integer, b = right->integer;
    if (sign == '/' && b == 0)
        return fail(r, "%" PRId64 " / 0 has no result", a);
    if (sign == '/' && a % b != 0)
        return fail(r, "%" PRId64 " / %" PRId64 " does not come out even", a, b);
    left->integer = sign == '+' ? a + b : sign == '-' ? a - b : sign == '*' ? a * b : a / b;
    return is_moderate(left->integer) || fail(r, "%" PRId64 " %c %" PRId64 " is too large", a, sign, b);
}

static bool read_sum(reader *r, operand *sum);

static bool read_factor(reader *r, operand *factor)
{
    operand zero = {.computed = true};
    bool good = false;
    if (++r->nested > MAX_NESTED)
        return fail(r, "the value has more than %d parts in each other", MAX_NESTED);
    skip_spaces(r);
    char byte = peek(r);
    bool negative = byte == '-' && r->at + 1 < r->length && is_number_byte(r->text[r->at + 1]);
    if (negative || is_number_byte(byte)) {
        read_number(r, factor);
        good = true;
    } else if (byte == '-') {
        r->at++;
        good = read_factor(r, factor) && compute(r, '-', &zero, factor);
        *factor = zero;
    } else if (byte == '(') {
        r->at++;
        good = read_sum(r, factor) && need_integer(r, factor);
        skip_spaces(r);
        if (good && peek(r) != ')')
            return fail(r, "there is no ) to a (");
        r->at++;
    } else if (is_word_byte(byte)) {
        read_word(r, factor);
        good = true;
    } else {
        fail(r, "a number or a parameter is missing");
    }
    r->nested--;
    return good;
}

static bool read_term(reader *r, operand *term)
{
    if (!read_factor(r, term))
        return false;
    for (skip_spaces(r); peek(r) == '*' || peek(r) == '/'; skip_spaces(r)) {
        char sign = r->text[r->at++];
        operand right;
        if (!read_factor(r, &right) || !compute(r, sign, term, &right))
            return false;
    }
    return true;
}

static bool read_sum(reader *r, operand *sum)
{
    if (!read_term(r, sum))
        return false;
    for (skip_spaces(r); peek(r) == '+' || peek(r) == '-'; skip_spaces(r)) {
        char sign = r->text[r->at++];
        operand right;
        if (!read_term(r, &right) || !compute(r, sign, sum, &right))
            return false;
    }
    return true;
}

/* ---- Items ---- */

static bool read_items(reader *r, int depth);

/* What stands in brackets of either kind. */
static bool read_bracket(reader *r, int depth, char close)
{
    if (depth == MAX_NESTED)
        return fail(r, "the value has more than %d parts in each other", MAX_NESTED);
    if (!put(r, r->text + r->at++, 1) || !read_items(r, depth + 1))
        return false;
    if (peek(r) != close)
        return fail(r, "there is no %c to a %c", close, close == ')' ? '(' : '[');
    r->at++;
    return put(r, &close, 1);
}

static bool read_item(reader *r, int depth)
{
    operand item;
    if (peek(r) == '?')
        return put(r, r->text + r->at++, 1);
    if (peek(r) == '[')
        return read_bracket(r, depth, ']');
    if (!read_sum(r, &item))
        return false;
    if (item.computed) {
        char number[24];
        return put(r, number, (size_t)snprintf(number, sizeof number, "%" PRId64, item.integer));
    }
    return put(r, item.text, item.length) && (!item.word || peek(r) != '(' || read_bracket(r, depth, ')'));
}

/* Copies the name of a function's parameter with its '='. */
static bool read_key(reader *r)
{
    size_t end = r->at;
    while (end < r->length && is_word_byte(r->text[end]))
        end++;
    size_t key = end;
    while (end < r->length && (r->text[end] == ' ' || r->text[end] == '\t'))
        end++;
    if (end == r->length || r->text[end] != '=')
        return true;
    if (!put(r, r->text + r->at, key - r->at) || !put(r, "=", 1))
        return false;
    r->at = end + 1;
    skip_spaces(r);
    return true;
}

static bool read_items(reader *r, int depth)
{
    for (;;) {
        skip_spaces(r);
        if ((depth > 0 && !read_key(r)) || !read_item(r, depth))
            return false;
        skip_spaces(r);
        char byte = peek(r);
        if (byte != ',' && byte != 'x')
            return true;
        r->at++;
        if (!put(r, &byte, 1))
            return false;
    }
}

stria_substitution stria_substitute(const char *value, size_t length, const stria_block_parameter *parameters,
                                    size_t count, char *room, size_t size, stria_substituted *result)
{
    double number;
    reader r = {.text = value,
                .length = length,
                .parameters = parameters,
                .count = count,
                .room = room,
                .size = size,
                .mistake = result->mistake,
                .mistake_size = sizeof result->mistake};
    if (stria_text_to_double(value, length, &number))
        return STRIA_SUBSTITUTION_NONE;
    bool good = read_items(&r, 0);
    if (good && r.at < length)
        good = fail(&r, "'%.*s' is not understood here", length - r.at > 40 ? 40 : (int)(length - r.at),
                    value + r.at);
    if (!good)
        return r.replaced || (r.unknown && count > 0) ? STRIA_SUBSTITUTION_MISTAKE : STRIA_SUBSTITUTION_NONE;
    result->length = r.used;
    return r.replaced || r.computed ? STRIA_SUBSTITUTION_DONE : STRIA_SUBSTITUTION_NONE;
}

/* Splitting a line of model text. It only finds the pieces: what they mean is decided in parse.c and the
 * argument tables. */
#include "model/statement.h"

#include <stdio.h>
#include <string.h>

/* Where reading is. */
typedef struct cursor {
    const char *line;
    size_t at, length;
    stria_argument_mistake *mistake;
} cursor;

static bool fail(const cursor *c, size_t at, size_t length, const char *message)
{
    c->mistake->column = (int)at + 1;
    c->mistake->length = length == 0 ? 1 : (int)length;
    snprintf(c->mistake->message, sizeof c->mistake->message, "%s", message);
    return false;
}

static char peek(const cursor *c)
{
    return c->at < c->length ? c->line[c->at] : '\0';
}

static void skip_spaces(cursor *c)
{
    while (c->at < c->length && (c->line[c->at] == ' ' || c->line[c->at] == '\t'))
        c->at++;
}

static bool is_name_byte(char byte)
{
    return stria_is_letter(byte) || stria_is_digit(byte) || byte == '_' || byte == '-' || byte == '.';
}

/* A name starts with a letter or underscore. */
static bool read_name(cursor *c, stria_token *token, const char *what)
{
    size_t start = c->at;
    if (!stria_is_letter(peek(c)) && peek(c) != '_')
        return fail(c, c->at, 1, what);
    while (c->at < c->length && is_name_byte(c->line[c->at]))
        c->at++;
    if (c->at < c->length && strchr(" \t=(),", c->line[c->at]) == NULL)
        return fail(c, c->at, 1, "a name has letters, digits, '_', '-' and '.' only");
    *token = (stria_token){c->line + start, c->at - start, (int)start + 1};
    return true;
}

static bool read_inputs(cursor *c, stria_statement *s)
{
    size_t open = c->at++;
    s->has_inputs = true;
    for (;;) {
        skip_spaces(c);
        if (s->input_count == STRIA_MAX_INPUTS)
            return fail(c, c->at, 1, "more than 16 inputs");
        if (!read_name(c, &s->inputs[s->input_count], "the name of a layer is expected here"))
            return false;
        s->input_count++;
        skip_spaces(c);
        if (peek(c) == ')') {
            c->at++;
            return true;
        }
        if (peek(c) != ',')
            return c->at >= c->length ? fail(c, open, 1, "no ) to this (")
                                      : fail(c, c->at, 1, "a comma or ) is expected here");
        c->at++;
    }
}

static stria_structure structure_of(const stria_token *word)
{
    static const char *const words[] = {
        [STRIA_BLOCK] = "block", [STRIA_REPEAT] = "repeat", [STRIA_END] = "end"};
    for (stria_structure i = STRIA_BLOCK; i <= STRIA_END; i++)
        if (strlen(words[i]) == word->length && memcmp(words[i], word->text, word->length) == 0)
            return i;
    return STRIA_LAYER;
}

/* Behind the word block: the name that the block gets. */
static bool read_block_name(cursor *c, stria_statement *s)
{
    if (s->name.length > 0)
        return fail(c, (size_t)s->name.column - 1, s->name.length,
                    "a block's name stands behind it, as in 'block residual filters'");
    if (!read_name(c, &s->name, "a block has a name, as in 'block residual filters'"))
        return false;
    skip_spaces(c);
    return true;
}

/* A word such as time_distributed before the kind. */
static bool read_wrapper(cursor *c, stria_statement *s)
{
    size_t start = (size_t)s->kind.column - 1;
    s->wrapper = stria_wrapper_by_name(s->kind.text, s->kind.length);
    if (s->wrapper == STRIA_WRAPPER_NONE)
        return true;
    if (peek(c) == '(')
        return fail(c, c->at, 1, "inputs stand behind the layer, as in 'time_distributed conv2d(x) 8 3'");
    if (c->at >= c->length)
        return fail(c, start, s->kind.length,
                    "a layer is expected behind this word, as in "
                    "'time_distributed conv2d 8 3'");
    if (!read_name(c, &s->kind, "a layer is expected here, as in 'time_distributed conv2d 8 3'"))
        return false;
    if (stria_wrapper_by_name(s->kind.text, s->kind.length) != STRIA_WRAPPER_NONE)
        return fail(c, (size_t)s->kind.column - 1, s->kind.length,
                    "only one of time_distributed and spectral_normalization can stand before a layer");
    skip_spaces(c);
    return true;
}

bool stria_statement_read(stria_statement *s, const char *line, size_t length,
                          stria_argument_mistake *mistake)
{
    memset(s, 0, sizeof *s);
    const char *comment = memchr(line, '#', length);
    cursor c = {
        .line = line, .length = comment != NULL ? (size_t)(comment - line) : length, .mistake = mistake};
    while (c.length > 0 && strchr(" \t\r\n\v\f", line[c.length - 1]) != NULL)
        c.length--;
    skip_spaces(&c);
    s->empty = c.at == c.length;
    s->end_column = (int)c.length + 1;
    if (s->empty)
        return true;
    if (!read_name(&c, &s->kind, "a line begins with a layer's kind, such as conv2d, or with 'name ='"))
        return false;
    skip_spaces(&c);
    if (peek(&c) == '=') {
        s->name = s->kind;
        c.at++;
        skip_spaces(&c);
        if (!read_name(&c, &s->kind, "a layer's kind, such as conv2d, is expected after '='"))
            return false;
        skip_spaces(&c);
    }
    if (!read_wrapper(&c, s))
        return false;
    s->structure = structure_of(&s->kind);
    if (s->structure == STRIA_BLOCK && !read_block_name(&c, s))
        return false;
    if (peek(&c) == '(' && s->structure != STRIA_REPEAT && !read_inputs(&c, s))
        return false;
    size_t start = c.at;
    size_t count = stria_tokens_split(line + start, c.length - start, s->arguments, STRIA_MAX_ARGUMENTS);
    if (count > STRIA_MAX_ARGUMENTS)
        return fail(&c, start, 1, "too many arguments");
    s->argument_count = count;
    for (size_t i = 0; i < count; i++)
        s->arguments[i].column += (int)start;
    return true;
}

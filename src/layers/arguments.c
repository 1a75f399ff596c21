/* Reading and writing lists of arguments by their tables. The values themselves are read and written in
 * values.c; nothing here knows any layer. */
#include "layers/arguments.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "layers/values.h"

const char *stria_activation_text(size_t kind)
{
    return kind < STRIA_ACTIVATION_COUNT ? stria_activation_functions.functions[kind].name : NULL;
}

stria_activation stria_activation_of(const stria_function_value *function)
{
    return (stria_activation){.kind = (stria_activation_kind)function->kind,
                              .alpha = (float)function->parameters[0],
                              .beta = (float)function->parameters[1],
                              .gamma = (float)function->parameters[2]};
}

stria_activation stria_activation_default(stria_activation_kind kind)
{
    const stria_function_value function = stria_function_defaults(&stria_activation_functions, (int)kind);
    return stria_activation_of(&function);
}

static bool token_is(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool looks_like_number(const char *text, size_t length)
{
    return length > 0 && strchr("0123456789+-.?", text[0]) != NULL;
}

/* What one reading needs at every step. */
typedef struct reading {
    const char *what;
    const stria_argument *arguments;
    size_t count;
    unsigned char *config;
    bool given[STRIA_MAX_ARGUMENTS];
    bool misplaced; /* a token belongs to no argument: it may be what a missing one was meant to be */
    stria_mistake_fn report;
    void *payload;
    size_t mistakes;
} reading;

static void STRIA_PRINTF_LIKE(4, 5) report(reading *r, int column, size_t length, const char *format, ...)
{
    stria_argument_mistake mistake = {.column = column, .length = length == 0 ? 1 : (int)length};
    va_list list;
    va_start(list, format);
    vsnprintf(mistake.message, sizeof mistake.message, format, list);
    va_end(list);
    r->mistakes++;
    if (r->report != NULL)
        r->report(&mistake, r->payload);
}

static void set(reading *r, size_t index, const char *text, size_t length, int column)
{
    const stria_argument *argument = &r->arguments[index];
    stria_value_mistake mistake;
    stria_value parsed;
    memset(&parsed, 0, sizeof parsed);
    r->given[index] = true;
    if (!stria_value_read(argument, text, length, &parsed, &mistake)) {
        report(r, column + (int)mistake.at, mistake.length, "%s: %s", r->what, mistake.why);
        return;
    }
    memcpy(r->config + argument->offset, &parsed, stria_value_size(argument->type));
}

/* The argument name nearest to a mistyped one, or NULL. */
static const char *nearest_argument(const reading *r, const char *text, size_t length)
{
    const char *best = NULL;
    size_t best_distance = length / 3 + 2;
    for (size_t i = 0; i < r->count; i++) {
        size_t distance =
            stria_text_distance(text, length, r->arguments[i].name, strlen(r->arguments[i].name));
        if (distance < best_distance) {
            best_distance = distance;
            best = r->arguments[i].name;
        }
    }
    return best;
}

static void consider_word(const char *word, size_t word_length, const char *text, size_t length,
                          const char **best, size_t *best_length, size_t *best_distance)
{
    size_t distance = stria_text_distance(text, length, word, word_length);
    if (distance < *best_distance) {
        *best_distance = distance;
        *best = word;
        *best_length = word_length;
    }
}

/* The word nearest to a mistyped one among all that the arguments take, or NULL. */
static const char *nearest_word(const reading *r, const char *text, size_t length, size_t *word_length)
{
    const char *best = NULL, *open = memchr(text, '(', length);
    if (open != NULL)
        length = (size_t)(open - text);
    size_t best_distance = length / 3 + 2;
    for (size_t i = 0; i < r->count; i++) {
        const stria_argument *argument = &r->arguments[i];
        const stria_function_family *functions = stria_value_functions(argument->type);
        for (size_t k = 0; functions != NULL && k < functions->count; k++)
            consider_word(functions->functions[k].name, strlen(functions->functions[k].name), text, length,
                          &best, word_length, &best_distance);
        const char *words = argument->type == STRIA_ARG_PADDING   ? stria_value_padding_words(argument)
                            : argument->type == STRIA_ARG_WORD    ? argument->words
                            : argument->type == STRIA_ARG_BOOLEAN ? argument->name
                                                                  : "";
        while (*words != '\0') {
            size_t known = strcspn(words, " ");
            consider_word(words, known, text, length, &best, word_length, &best_distance);
            words += known + strspn(words + known, " ");
        }
    }
    return best;
}

static void read_keyed(reading *r, const stria_token *token, size_t key_length)
{
    const char *key = token->text, *text = token->text + key_length + 1;
    size_t length = token->length - key_length - 1;
    int column = token->column + (int)key_length + 1;
    for (size_t i = 0; i < r->count; i++) {
        if (!token_is(key, key_length, r->arguments[i].name))
            continue;
        if (r->given[i])
            report(r, token->column, token->length, "%s: %s is given twice", r->what, r->arguments[i].name);
        else if (length == 0) {
            report(r, token->column, token->length, "%s: no value after '%s='", r->what,
                   r->arguments[i].name);
            r->given[i] = true;
        } else
            set(r, i, text, length, column);
        return;
    }
    r->misplaced = true;
    if (key_length == 0) {
        report(r, token->column, token->length, "%s: no name before '='; arguments are written name=value",
               r->what);
        return;
    }
    const char *nearest = nearest_argument(r, key, key_length);
    report(r, token->column, key_length, "%s has no argument '%.*s'%s%s%s", r->what,
           key_length > 40 ? 40 : (int)key_length, key, nearest != NULL ? "; did you mean '" : "",
           nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
}

static void read_bare(reading *r, const stria_token *token)
{
    const char *text = token->text;
    size_t length = token->length;
    int taken = -1;
    for (size_t i = 0; i < r->count; i++) {
        if (!stria_value_takes_word(&r->arguments[i], text, length))
            continue;
        if (!r->given[i]) {
            if (r->arguments[i].type == STRIA_ARG_BOOLEAN)
                set(r, i, "yes", 3, token->column);
            else
                set(r, i, text, length, token->column);
            return;
        }
        taken = (int)i;
    }
    if (taken >= 0) {
        report(r, token->column, length, "%s: %s is given twice", r->what, r->arguments[taken].name);
        return;
    }
    if (looks_like_number(text, length)) {
        for (size_t i = 0; i < r->count; i++) {
            if (r->given[i] || !stria_value_takes_position(&r->arguments[i]))
                continue;
            set(r, i, text, length, token->column);
            return;
        }
        report(r, token->column, length, "%s: there is no argument left for '%.*s'", r->what,
               length > 40 ? 40 : (int)length, text);
        return;
    }
    r->misplaced = true;
    for (size_t i = 0; i < r->count; i++)
        if (token_is(text, length, r->arguments[i].name)) {
            report(r, token->column, length, "%s: %s has no value; write %s=value, without spaces", r->what,
                   r->arguments[i].name, r->arguments[i].name);
            return;
        }
    size_t word_length = 0;
    const char *word = nearest_word(r, text, length, &word_length);
    if (word != NULL)
        report(r, token->column, length, "%s does not know the word '%.*s'; did you mean '%.*s'?", r->what,
               length > 40 ? 40 : (int)length, text, (int)word_length, word);
    else
        report(r, token->column, length, "%s does not know the word '%.*s'", r->what,
               length > 40 ? 40 : (int)length, text);
}

size_t stria_arguments_read(const char *what, const stria_argument *arguments, size_t count,
                            const stria_token *tokens, size_t token_count, int end_column, void *config,
                            stria_mistake_fn report_mistake, void *payload)
{
    assert(count <= STRIA_MAX_ARGUMENTS);
    reading r = {.what = what,
                 .arguments = arguments,
                 .count = count,
                 .config = config,
                 .report = report_mistake,
                 .payload = payload};
    for (size_t i = 0; i < count; i++) {
        const char *text = arguments[i].default_value;
        if (text != NULL && text[0] != '\0')
            set(&r, i, text, strlen(text), 1);
        r.given[i] = false;
    }
    assert(r.mistakes == 0);
    for (size_t t = 0; t < token_count; t++) {
        /* Those in parentheses are a function's. */
        const char *open = memchr(tokens[t].text, '(', tokens[t].length);
        const size_t plain = open != NULL ? (size_t)(open - tokens[t].text) : tokens[t].length;
        const char *equals = memchr(tokens[t].text, '=', plain);
        if (equals != NULL)
            read_keyed(&r, &tokens[t], (size_t)(equals - tokens[t].text));
        else
            read_bare(&r, &tokens[t]);
    }
    for (size_t i = 0; i < count && !r.misplaced; i++)
        if (arguments[i].default_value == NULL && !r.given[i])
            report(&r, end_column, 1, "%s needs %s (%s)", what, arguments[i].name, arguments[i].help);
    return r.mistakes;
}

static bool is_space(char byte)
{
    return byte != '\0' && strchr(" \t\r\n\v\f", byte) != NULL;
}

/* The end of the token that begins at `at`: spaces inside parentheses belong to it. */
static size_t token_end(const char *text, size_t at, size_t length)
{
    for (int depth = 0; at < length && text[at] != '#'; at++) {
        if (depth == 0 && is_space(text[at]))
            break;
        depth += text[at] == '(';
        depth -= text[at] == ')' && depth > 0;
    }
    return at;
}

size_t stria_tokens_split(const char *text, size_t length, stria_token *tokens, size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < length && text[i] != '#';) {
        if (is_space(text[i])) {
            i++;
            continue;
        }
        size_t start = i;
        i = token_end(text, i, length);
        if (count < capacity)
            tokens[count] = (stria_token){text + start, i - start, (int)start + 1};
        count++;
    }
    return count;
}

static void keep_first_mistake(const stria_argument_mistake *mistake, void *payload)
{
    stria_error *err = payload;
    if (err->code == STRIA_OK)
        stria_fail(err, STRIA_ERROR_VALUE, "%s", mistake->message);
}

stria_status stria_arguments_read_text(const char *what, const stria_argument *arguments, size_t count,
                                       const char *text, void *config, stria_error *err)
{
    stria_token tokens[STRIA_MAX_ARGUMENTS + 1];
    size_t token_count = stria_tokens_split(text, strlen(text), tokens, STRIA_MAX_ARGUMENTS + 1);
    if (token_count > STRIA_MAX_ARGUMENTS + 1)
        return stria_fail(err, STRIA_ERROR_VALUE, "%s has at most %zu arguments", what, count);
    stria_error first = {0};
    size_t skipped = token_count > 0 ? 1 : 0;
    if (stria_arguments_read(what, arguments, count, tokens + skipped, token_count - skipped,
                             (int)strlen(text) + 1, config, keep_first_mistake, &first) == 0)
        return STRIA_OK;
    return stria_fail(err, first.code, "%s", first.message);
}

/* Whether the value can stand without its key: the words of padding and activations, and numbers as long as
 * every argument before them that a number could be taken for is written too. */
static bool stands_alone(const stria_argument *argument, const void *slot, bool unbroken)
{
    if (argument->type == STRIA_ARG_PADDING)
        return ((const stria_padding *)slot)->mode != STRIA_PADDING_EXPLICIT;
    if (argument->type == STRIA_ARG_ACTIVATION)
        return true;
    return stria_value_takes_position(argument) && unbroken;
}

void stria_arguments_write(const stria_argument *arguments, size_t count, const void *config,
                           stria_text *text)
{
    bool unbroken = true;
    for (size_t i = 0; i < count; i++) {
        const stria_argument *argument = &arguments[i];
        const void *slot = (const unsigned char *)config + argument->offset;
        if (stria_value_is_default(argument, slot)) {
            unbroken = unbroken && !stria_value_takes_position(argument);
            continue;
        }
        stria_text_add(text, " ");
        if (!stands_alone(argument, slot, unbroken))
            stria_text_format(text, "%s=", argument->name);
        stria_value_write(argument, slot, text);
    }
}

void stria_argument_tell(const stria_argument *argument, stria_argument_info *info)
{
    *info = (stria_argument_info){.name = argument->name,
                                  .type = stria_argument_type_name(argument->type),
                                  .default_value = argument->default_value,
                                  .minimum = argument->minimum,
                                  .maximum = argument->maximum,
                                  .words = argument->words,
                                  .help = argument->help};
}

/* Reading and writing arguments by their tables. A value's type decides how it is read, compared and written;
 * nothing here knows any layer. */
#include "layers/arguments.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const char *const activation_names[STRIA_ACTIVATION_COUNT] = {
    [STRIA_LINEAR] = "linear",
    [STRIA_RELU] = "relu",
    [STRIA_RELU6] = "relu6",
    [STRIA_LEAKY_RELU] = "leaky_relu",
    [STRIA_ELU] = "elu",
    [STRIA_SELU] = "selu",
    [STRIA_TANH] = "tanh",
    [STRIA_SIGMOID] = "sigmoid",
    [STRIA_HARD_SIGMOID] = "hard_sigmoid",
    [STRIA_HARD_SWISH] = "hard_swish",
    [STRIA_SOFTPLUS] = "softplus",
    [STRIA_SOFTSIGN] = "softsign",
    [STRIA_SILU] = "silu",
    [STRIA_GELU] = "gelu",
    [STRIA_MISH] = "mish",
    [STRIA_EXPONENTIAL] = "exponential",
    [STRIA_SOFTMAX] = "softmax",
};

static const char *const initializer_names[STRIA_INITIALIZER_COUNT] = {
    [STRIA_GLOROT_UNIFORM] = "glorot_uniform",
    [STRIA_GLOROT_NORMAL] = "glorot_normal",
    [STRIA_HE_UNIFORM] = "he_uniform",
    [STRIA_HE_NORMAL] = "he_normal",
    [STRIA_LECUN_UNIFORM] = "lecun_uniform",
    [STRIA_LECUN_NORMAL] = "lecun_normal",
    [STRIA_RANDOM_UNIFORM] = "random_uniform",
    [STRIA_RANDOM_NORMAL] = "random_normal",
    [STRIA_TRUNCATED_NORMAL] = "truncated_normal",
    [STRIA_ZEROS] = "zeros",
    [STRIA_ONES] = "ones",
};

/* Any value of any type, for comparing with defaults. */
typedef union value {
    int64_t integer;
    double number;
    bool boolean;
    stria_sizes sizes;
    stria_padding padding;
    int word;
    stria_activation activation;
    stria_initializer initializer;
    stria_shape shape;
    stria_range range;
} value;

const char *stria_activation_text(size_t kind)
{
    return kind < STRIA_ACTIVATION_COUNT ? activation_names[kind] : NULL;
}

float stria_activation_default_alpha(stria_activation_kind kind)
{
    if (kind == STRIA_LEAKY_RELU)
        return 0.2F;
    return kind == STRIA_ELU ? 1.0F : 0.0F;
}

const char *stria_initializer_text(size_t initializer)
{
    return initializer < STRIA_INITIALIZER_COUNT ? initializer_names[initializer] : NULL;
}

const char *stria_argument_type_name(stria_argument_type type)
{
    switch (type) {
    case STRIA_ARG_INTEGER:
        return "integer";
    case STRIA_ARG_NUMBER:
        return "number";
    case STRIA_ARG_BOOLEAN:
        return "yes or no";
    case STRIA_ARG_SIZES:
        return "sizes";
    case STRIA_ARG_PADDING:
        return "padding";
    case STRIA_ARG_WORD:
        return "word";
    case STRIA_ARG_ACTIVATION:
        return "activation";
    case STRIA_ARG_INITIALIZER:
        return "initializer";
    case STRIA_ARG_SHAPE:
        return "shape";
    case STRIA_ARG_RANGE:
        return "one or two numbers";
    }
    return "";
}

static bool token_is(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

/* Index of a name in an array, or -1. */
static int find_name(const char *const *names, size_t count, const char *text, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (token_is(text, length, names[i]))
            return (int)i;
    return -1;
}

/* Index of a word in a list separated by spaces, or -1. */
static int find_word(const char *words, const char *text, size_t length)
{
    int index = 0;
    for (const char *word = words; *word != '\0'; index++) {
        size_t word_length = strcspn(word, " ");
        if (word_length == length && memcmp(word, text, length) == 0)
            return index;
        word += word_length;
        word += strspn(word, " ");
    }
    return -1;
}

/* Word `index` of a list, with its length. */
static const char *word_at(const char *words, int index, size_t *length)
{
    for (; index > 0; index--) {
        words += strcspn(words, " ");
        words += strspn(words, " ");
    }
    *length = strcspn(words, " ");
    return words;
}

/* The words for padding in the order of stria_padding_mode, and those that an argument takes. */
static const char padding_words[] = "valid same causal";

static const char *padding_words_of(const stria_argument *argument)
{
    return argument->words != NULL ? argument->words : "valid same";
}

static bool within(const stria_argument *argument, double number)
{
    return (argument->minimum == 0 && argument->maximum == 0) ||
           (number >= argument->minimum && number <= argument->maximum);
}

/* Says in `why` what values the argument takes. */
static bool refuse(const stria_argument *argument, const char *text, size_t length, char *why, size_t size)
{
    char low[32], high[32], bounds[80] = "";
    if (argument->minimum != 0 || argument->maximum != 0)
        snprintf(bounds, sizeof bounds, " from %s to %s",
                 stria_double_text(argument->minimum, low, sizeof low),
                 stria_double_text(argument->maximum, high, sizeof high));
    int shown = length > 40 ? 40 : (int)length;
    const char *what = "", *note = "";
    switch (argument->type) {
    case STRIA_ARG_INTEGER:
        what = "an integer";
        break;
    case STRIA_ARG_NUMBER:
        what = "a number";
        break;
    case STRIA_ARG_BOOLEAN:
        what = "yes or no";
        break;
    case STRIA_ARG_SIZES:
        what = "one size or sizes like 3x3, each an integer";
        break;
    case STRIA_ARG_PADDING:
        what = argument->words != NULL ? "valid, same, causal, or zeros as 1 or 2,0, each an integer"
                                       : "valid, same, or zeros as 1, 1x2 or 0,1,0,1, each an integer";
        if (token_is(text, length, "causal"))
            note = "; only conv1d takes causal";
        break;
    case STRIA_ARG_WORD:
        what = argument->words;
        break;
    case STRIA_ARG_ACTIVATION:
        what = "the name of an activation (see 'stria help activation')";
        break;
    case STRIA_ARG_INITIALIZER:
        what = "an initializer such as glorot_uniform, he_normal, zeros or ones";
        break;
    case STRIA_ARG_SHAPE:
        what = "sizes like 28x28x1, each an integer from 1 to 2147483647 or ?";
        break;
    case STRIA_ARG_RANGE:
        what = "a number or two like -0.1,0.2";
        break;
    }
    snprintf(why, size, "'%.*s' does not fit %s: it takes %s%s%s%s", shown, text, argument->name,
             argument->type == STRIA_ARG_WORD ? "one of " : "", what, bounds, note);
    return false;
}

/* Reads integers separated by 'x' or ','; returns how many there were, 0 when malformed or more than
 * `capacity`. */
static int read_list(const stria_argument *argument, const char *text, size_t length, int64_t *values,
                     int capacity)
{
    int count = 0;
    size_t start = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != 'x' && text[i] != ',')
            continue;
        int64_t number;
        if (count == capacity || !stria_text_to_integer(text + start, i - start, &number) ||
            !within(argument, (double)number))
            return 0;
        values[count++] = number;
        start = i + 1;
    }
    return count;
}

static bool read_shape(const char *text, size_t length, stria_shape *shape)
{
    *shape = (stria_shape){0};
    size_t start = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != 'x')
            continue;
        int64_t size;
        if (i - start == 1 && text[start] == '?')
            size = STRIA_ANY_SIZE;
        else if (!stria_text_to_integer(text + start, i - start, &size) || size < 1 || size > INT32_MAX)
            return false;
        if (shape->rank == STRIA_MAX_RANK - 1)
            return false;
        shape->sizes[shape->rank++] = size;
        start = i + 1;
    }
    return shape->rank > 0;
}

static bool read_range(const stria_argument *argument, const char *text, size_t length, stria_range *range)
{
    const char *comma = memchr(text, ',', length);
    size_t first = comma == NULL ? length : (size_t)(comma - text);
    *range = (stria_range){.count = comma == NULL ? 1 : 2};
    if (!stria_text_to_double(text, first, &range->values[0]) || !within(argument, range->values[0]))
        return false;
    return comma == NULL || (stria_text_to_double(comma + 1, length - first - 1, &range->values[1]) &&
                             within(argument, range->values[1]));
}

/* Reads a value of the argument's type into `slot`; on failure says why. */
static bool read_value(const stria_argument *argument, const char *text, size_t length, void *slot, char *why,
                       size_t size)
{
    switch (argument->type) {
    case STRIA_ARG_INTEGER: {
        int64_t *integer = slot;
        return (stria_text_to_integer(text, length, integer) && within(argument, (double)*integer)) ||
               refuse(argument, text, length, why, size);
    }
    case STRIA_ARG_NUMBER: {
        double *number = slot;
        return (stria_text_to_double(text, length, number) && within(argument, *number)) ||
               refuse(argument, text, length, why, size);
    }
    case STRIA_ARG_BOOLEAN: {
        bool yes = token_is(text, length, "yes") || token_is(text, length, "true");
        if (!yes && !token_is(text, length, "no") && !token_is(text, length, "false"))
            return refuse(argument, text, length, why, size);
        *(bool *)slot = yes;
        return true;
    }
    case STRIA_ARG_SIZES: {
        stria_sizes *sizes = slot;
        *sizes = (stria_sizes){0};
        sizes->count = read_list(argument, text, length, sizes->values, 3);
        return sizes->count > 0 || refuse(argument, text, length, why, size);
    }
    case STRIA_ARG_PADDING: {
        stria_padding *padding = slot;
        *padding = (stria_padding){0};
        if (find_word(padding_words_of(argument), text, length) >= 0) {
            padding->mode = (stria_padding_mode)find_word(padding_words, text, length);
            return true;
        }
        padding->mode = STRIA_PADDING_EXPLICIT;
        padding->count = read_list(argument, text, length, padding->values, 6);
        return padding->count > 0 || refuse(argument, text, length, why, size);
    }
    case STRIA_ARG_WORD: {
        int index = find_word(argument->words, text, length);
        if (index < 0)
            return refuse(argument, text, length, why, size);
        *(int *)slot = index;
        return true;
    }
    case STRIA_ARG_ACTIVATION: {
        int kind = find_name(activation_names, STRIA_ACTIVATION_COUNT, text, length);
        if (kind < 0)
            return refuse(argument, text, length, why, size);
        stria_activation_kind found = (stria_activation_kind)kind;
        *(stria_activation *)slot = (stria_activation){found, stria_activation_default_alpha(found)};
        return true;
    }
    case STRIA_ARG_INITIALIZER: {
        int initializer = find_name(initializer_names, STRIA_INITIALIZER_COUNT, text, length);
        if (initializer < 0)
            return refuse(argument, text, length, why, size);
        *(stria_initializer *)slot = (stria_initializer)initializer;
        return true;
    }
    case STRIA_ARG_SHAPE:
        return read_shape(text, length, slot) || refuse(argument, text, length, why, size);
    case STRIA_ARG_RANGE:
        return read_range(argument, text, length, slot) || refuse(argument, text, length, why, size);
    }
    return false;
}

/* Whether a bare token is a word that this argument takes. */
static bool takes_word(const stria_argument *argument, const char *text, size_t length)
{
    switch (argument->type) {
    case STRIA_ARG_BOOLEAN:
        return token_is(text, length, argument->name);
    case STRIA_ARG_PADDING:
        return find_word(padding_words, text, length) >= 0;
    case STRIA_ARG_WORD:
        return find_word(argument->words, text, length) >= 0;
    case STRIA_ARG_ACTIVATION:
        return find_name(activation_names, STRIA_ACTIVATION_COUNT, text, length) >= 0;
    case STRIA_ARG_INITIALIZER:
        return find_name(initializer_names, STRIA_INITIALIZER_COUNT, text, length) >= 0;
    default:
        return false;
    }
}

/* Whether a bare token that is no word can be meant for this argument. */
static bool takes_position(const stria_argument *argument)
{
    return argument->type == STRIA_ARG_INTEGER || argument->type == STRIA_ARG_NUMBER ||
           argument->type == STRIA_ARG_SIZES || argument->type == STRIA_ARG_PADDING ||
           argument->type == STRIA_ARG_SHAPE || argument->type == STRIA_ARG_RANGE;
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
    char why[384];
    value parsed;
    memset(&parsed, 0, sizeof parsed);
    r->given[index] = true;
    if (!read_value(argument, text, length, &parsed, why, sizeof why)) {
        report(r, column, length, "%s: %s", r->what, why);
        return;
    }
    static const size_t sizes[] = {
        [STRIA_ARG_INTEGER] = sizeof(int64_t),
        [STRIA_ARG_NUMBER] = sizeof(double),
        [STRIA_ARG_BOOLEAN] = sizeof(bool),
        [STRIA_ARG_SIZES] = sizeof(stria_sizes),
        [STRIA_ARG_PADDING] = sizeof(stria_padding),
        [STRIA_ARG_WORD] = sizeof(int),
        [STRIA_ARG_ACTIVATION] = sizeof(stria_activation),
        [STRIA_ARG_INITIALIZER] = sizeof(stria_initializer),
        [STRIA_ARG_SHAPE] = sizeof(stria_shape),
        [STRIA_ARG_RANGE] = sizeof(stria_range),
    };
    memcpy(r->config + argument->offset, &parsed, sizes[argument->type]);
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

/* The word nearest to a mistyped one among all that the arguments take, or NULL. */
static const char *nearest_word(const reading *r, const char *text, size_t length, size_t *word_length)
{
    const char *best = NULL;
    size_t best_distance = length / 3 + 2;
    for (size_t i = 0; i < r->count; i++) {
        const stria_argument *argument = &r->arguments[i];
        const char *words = argument->type == STRIA_ARG_PADDING   ? padding_words_of(argument)
                            : argument->type == STRIA_ARG_WORD    ? argument->words
                            : argument->type == STRIA_ARG_BOOLEAN ? argument->name
                                                                  : NULL;
        size_t choices = argument->type == STRIA_ARG_ACTIVATION    ? STRIA_ACTIVATION_COUNT
                         : argument->type == STRIA_ARG_INITIALIZER ? STRIA_INITIALIZER_COUNT
                                                                   : 0;
        for (size_t k = 0; words != NULL ? *words != '\0' : k < choices; k++) {
            const char *word = words != NULL                            ? words
                               : argument->type == STRIA_ARG_ACTIVATION ? activation_names[k]
                                                                        : initializer_names[k];
            size_t this_length = strcspn(word, " ");
            size_t distance = stria_text_distance(text, length, word, this_length);
            if (distance < best_distance) {
                best_distance = distance;
                best = word;
                *word_length = this_length;
            }
            if (words != NULL) {
                words += this_length;
                words += strspn(words, " ");
            }
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
        if (!takes_word(&r->arguments[i], text, length))
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
            if (r->given[i] || !takes_position(&r->arguments[i]))
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
        const char *equals = memchr(tokens[t].text, '=', tokens[t].length);
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

size_t stria_tokens_split(const char *text, size_t length, stria_token *tokens, size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < length && text[i] != '#';) {
        if (strchr(" \t\r\n\v\f", text[i]) != NULL) {
            i++;
            continue;
        }
        size_t start = i;
        while (i < length && text[i] != '#' && strchr(" \t\r\n\v\f", text[i]) == NULL)
            i++;
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

/* ---- Writing ---- */

static bool sizes_equal(const stria_sizes *a, const stria_sizes *b)
{
    if (a->count != b->count)
        return false;
    return a->count == 0 || memcmp(a->values, b->values, sizeof a->values[0] * (size_t)a->count) == 0;
}

static bool padding_equal(const stria_padding *a, const stria_padding *b)
{
    if (a->mode != b->mode || a->count != b->count)
        return false;
    return a->count == 0 || memcmp(a->values, b->values, sizeof a->values[0] * (size_t)a->count) == 0;
}

static bool shapes_equal(const stria_shape *a, const stria_shape *b)
{
    return a->rank == b->rank && memcmp(a->sizes, b->sizes, sizeof a->sizes[0] * (size_t)a->rank) == 0;
}

static bool ranges_equal(const stria_range *a, const stria_range *b)
{
    if (a->count != b->count)
        return false;
    for (int i = 0; i < a->count; i++)
        if (a->values[i] < b->values[i] || a->values[i] > b->values[i])
            return false;
    return true;
}

/* Whether the value in the config is the argument's default. */
static bool is_default(const stria_argument *argument, const void *slot)
{
    if (argument->default_value == NULL)
        return false;
    value expected;
    memset(&expected, 0, sizeof expected);
    char why[8];
    if (argument->default_value[0] != '\0')
        read_value(argument, argument->default_value, strlen(argument->default_value), &expected, why,
                   sizeof why);
    switch (argument->type) {
    case STRIA_ARG_INTEGER:
        return *(const int64_t *)slot == expected.integer;
    case STRIA_ARG_NUMBER: {
        double number = *(const double *)slot;
        return number <= expected.number && number >= expected.number;
    }
    case STRIA_ARG_BOOLEAN:
        return *(const bool *)slot == expected.boolean;
    case STRIA_ARG_SIZES:
        return sizes_equal(slot, &expected.sizes);
    case STRIA_ARG_PADDING:
        return padding_equal(slot, &expected.padding);
    case STRIA_ARG_WORD:
        return *(const int *)slot == expected.word;
    case STRIA_ARG_ACTIVATION:
        return ((const stria_activation *)slot)->kind == expected.activation.kind;
    case STRIA_ARG_INITIALIZER:
        return *(const stria_initializer *)slot == expected.initializer;
    case STRIA_ARG_SHAPE:
        return shapes_equal(slot, &expected.shape);
    case STRIA_ARG_RANGE:
        return ranges_equal(slot, &expected.range);
    }
    return false;
}

static void write_list(const int64_t *values, int count, char separator, stria_text *text)
{
    for (int i = 0; i < count; i++) {
        if (i > 0)
            stria_text_append(text, &separator, 1);
        if (values[i] == STRIA_ANY_SIZE)
            stria_text_add(text, "?");
        else
            stria_text_format(text, "%lld", (long long)values[i]);
    }
}

static void write_value(const stria_argument *argument, const void *slot, stria_text *text)
{
    switch (argument->type) {
    case STRIA_ARG_INTEGER:
        stria_text_format(text, "%lld", (long long)*(const int64_t *)slot);
        break;
    case STRIA_ARG_NUMBER: {
        char number[40];
        stria_text_add(text, stria_double_text(*(const double *)slot, number, sizeof number));
        break;
    }
    case STRIA_ARG_BOOLEAN:
        stria_text_add(text, *(const bool *)slot ? "yes" : "no");
        break;
    case STRIA_ARG_SIZES: {
        const stria_sizes *sizes = slot;
        write_list(sizes->values, sizes->count, 'x', text);
        break;
    }
    case STRIA_ARG_PADDING: {
        const stria_padding *padding = slot;
        if (padding->mode == STRIA_PADDING_EXPLICIT) {
            write_list(padding->values, padding->count, ',', text);
        } else {
            size_t length;
            const char *word = word_at(padding_words, (int)padding->mode, &length);
            stria_text_append(text, word, length);
        }
        break;
    }
    case STRIA_ARG_WORD: {
        size_t length;
        const char *word = word_at(argument->words, *(const int *)slot, &length);
        stria_text_append(text, word, length);
        break;
    }
    case STRIA_ARG_ACTIVATION:
        stria_text_add(text, activation_names[((const stria_activation *)slot)->kind]);
        break;
    case STRIA_ARG_INITIALIZER:
        stria_text_add(text, initializer_names[*(const stria_initializer *)slot]);
        break;
    case STRIA_ARG_SHAPE: {
        const stria_shape *shape = slot;
        write_list(shape->sizes, shape->rank, 'x', text);
        break;
    }
    case STRIA_ARG_RANGE: {
        const stria_range *range = slot;
        char number[40];
        for (int i = 0; i < range->count; i++)
            stria_text_format(text, "%s%s", i > 0 ? "," : "",
                              stria_double_text(range->values[i], number, sizeof number));
        break;
    }
    }
}

/* Whether the value can stand without its key: the words of padding and activations, and numbers as long as
 * every argument before them that a number could be taken for is written too. */
static bool stands_alone(const stria_argument *argument, const void *slot, bool unbroken)
{
    if (argument->type == STRIA_ARG_PADDING)
        return ((const stria_padding *)slot)->mode != STRIA_PADDING_EXPLICIT;
    if (argument->type == STRIA_ARG_ACTIVATION)
        return true;
    return takes_position(argument) && unbroken;
}

void stria_arguments_write(const stria_argument *arguments, size_t count, const void *config,
                           stria_text *text)
{
    bool unbroken = true;
    for (size_t i = 0; i < count; i++) {
        const stria_argument *argument = &arguments[i];
        const void *slot = (const unsigned char *)config + argument->offset;
        if (is_default(argument, slot)) {
            unbroken = unbroken && !takes_position(argument);
            continue;
        }
        stria_text_add(text, " ");
        if (!stands_alone(argument, slot, unbroken))
            stria_text_format(text, "%s=", argument->name);
        write_value(argument, slot, text);
    }
}

/* How each type of value is read, compared and written. A new type is a row in each of the switches below. */
#include "layers/values.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

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
    case STRIA_ARG_REGULARIZER:
        return "regularizer";
    case STRIA_ARG_CONSTRAINT:
        return "constraint";
    case STRIA_ARG_SHAPE:
        return "shape";
    case STRIA_ARG_RANGE:
        return "one or two numbers";
    case STRIA_ARG_NUMBERS:
        return "numbers";
    case STRIA_ARG_LISTS:
        return "lists";
    }
    return "";
}

const stria_function_family *stria_value_functions(stria_argument_type type)
{
    switch (type) {
    case STRIA_ARG_ACTIVATION:
        return &stria_activation_functions;
    case STRIA_ARG_INITIALIZER:
        return &stria_initializer_functions;
    case STRIA_ARG_REGULARIZER:
        return &stria_regularizer_functions;
    case STRIA_ARG_CONSTRAINT:
        return &stria_constraint_functions;
    default:
        return NULL;
    }
}

size_t stria_value_size(stria_argument_type type)
{
    static const size_t sizes[] = {
        [STRIA_ARG_INTEGER] = sizeof(int64_t),
        [STRIA_ARG_NUMBER] = sizeof(double),
        [STRIA_ARG_BOOLEAN] = sizeof(bool),
        [STRIA_ARG_SIZES] = sizeof(stria_sizes),
        [STRIA_ARG_PADDING] = sizeof(stria_padding),
        [STRIA_ARG_WORD] = sizeof(int),
        [STRIA_ARG_ACTIVATION] = sizeof(stria_activation),
        [STRIA_ARG_INITIALIZER] = sizeof(stria_initializer),
        [STRIA_ARG_REGULARIZER] = sizeof(stria_regularizer),
        [STRIA_ARG_CONSTRAINT] = sizeof(stria_constraint),
        [STRIA_ARG_SHAPE] = sizeof(stria_shape),
        [STRIA_ARG_RANGE] = sizeof(stria_range),
        [STRIA_ARG_NUMBERS] = sizeof(stria_numbers),
        [STRIA_ARG_LISTS] = sizeof(stria_lists),
    };
    return sizes[type];
}

/* ---- Reading ---- */

static bool token_is(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

/* The words for padding in the order of stria_padding_mode. */
static const char padding_words[] = "valid same causal";

const char *stria_value_padding_words(const stria_argument *argument)
{
    return argument->words != NULL ? argument->words : "valid same";
}

static bool within(const stria_argument *argument, double number)
{
    return (argument->minimum == 0 && argument->maximum == 0) ||
           (number >= argument->minimum && number <= argument->maximum);
}

/* Says what values the argument takes. */
static bool refuse(const stria_argument *argument, const char *text, size_t length,
                   stria_value_mistake *mistake)
{
    char low[32], high[32], bounds[80] = "";
    if (argument->minimum < argument->maximum)
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
    case STRIA_ARG_INITIALIZER:
    case STRIA_ARG_REGULARIZER:
    case STRIA_ARG_CONSTRAINT:
        what = stria_value_functions(argument->type)->example;
        break;
    case STRIA_ARG_SHAPE:
        what = "sizes like 28x28x1, each an integer from 1 to 2147483647 or ?";
        break;
    case STRIA_ARG_RANGE:
        what = "a number or two like -0.1,0.2";
        break;
    case STRIA_ARG_NUMBERS:
        what = "a number or up to 16 like 0.5,0.25";
        break;
    case STRIA_ARG_LISTS:
        what = "at most 256 lists of together 1024 numbers, like 0.1.2,1.2.3, each an integer";
        break;
    }
    mistake->at = 0;
    mistake->length = length;
    snprintf(mistake->why, sizeof mistake->why, "'%.*s' does not fit %s: it takes %s%s%s%s", shown, text,
             argument->name, argument->type == STRIA_ARG_WORD ? "one of " : "", what, bounds, note);
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

/* -1 is another way to write ?, where the argument's minimum is that. */
static bool read_shape(const stria_argument *argument, const char *text, size_t length, stria_shape *shape)
{
    *shape = (stria_shape){0};
    size_t start = 0;
    const char *open = argument->minimum < 0 ? "-1" : "?";
    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != 'x')
            continue;
        int64_t size;
        if (token_is(text + start, i - start, "?") || token_is(text + start, i - start, open))
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

/* Numbers with commas between, at most `capacity`. */
static bool read_range(const stria_argument *argument, const char *text, size_t length, int capacity,
                       stria_range *range)
{
    *range = (stria_range){0};
    for (size_t start = 0, i = 0; i <= length; i++) {
        if (i < length && text[i] != ',')
            continue;
        double *value = &range->values[range->count];
        if (range->count == capacity || !stria_text_to_double(text + start, i - start, value) ||
            !within(argument, *value))
            return false;
        range->count++;
        start = i + 1;
    }
    return true;
}

static bool read_lists(const stria_argument *argument, const char *text, size_t length, stria_lists *lists)
{
    *lists = (stria_lists){0};
    int values = 0;
    size_t start = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != '.' && text[i] != ',')
            continue;
        int64_t number;
        if (values == STRIA_MAX_LIST_VALUES || !stria_text_to_integer(text + start, i - start, &number) ||
            number < 0 || number > UINT16_MAX || !within(argument, (double)number))
            return false;
        lists->values[values++] = (uint16_t)number;
        start = i + 1;
        if (i < length && text[i] == '.')
            continue;
        if (lists->count == STRIA_MAX_LISTS)
            return false;
        lists->ends[lists->count++] = (uint16_t)values;
    }
    return true;
}

/* Kernels take an activation's parameters as floats. */
static bool read_activation(const stria_argument *argument, const char *text, size_t length,
                            stria_activation *activation, stria_value_mistake *mistake)
{
    stria_function_value function;
    if (!stria_function_read(&stria_activation_functions, argument->name, text, length, &function, mistake))
        return false;
    *activation = stria_activation_of(&function);
    return true;
}

bool stria_value_read(const stria_argument *argument, const char *text, size_t length, void *slot,
                      stria_value_mistake *mistake)
{
    switch (argument->type) {
    case STRIA_ARG_INTEGER: {
        int64_t *integer = slot;
        return (stria_text_to_integer(text, length, integer) && within(argument, (double)*integer)) ||
               refuse(argument, text, length, mistake);
    }
    case STRIA_ARG_NUMBER: {
        double *number = slot;
        return (stria_text_to_double(text, length, number) && within(argument, *number)) ||
               refuse(argument, text, length, mistake);
    }
    case STRIA_ARG_BOOLEAN: {
        bool yes = token_is(text, length, "yes") || token_is(text, length, "true");
        if (!yes && !token_is(text, length, "no") && !token_is(text, length, "false"))
            return refuse(argument, text, length, mistake);
        *(bool *)slot = yes;
        return true;
    }
    case STRIA_ARG_SIZES: {
        stria_sizes *sizes = slot;
        *sizes = (stria_sizes){0};
        sizes->count = read_list(argument, text, length, sizes->values, 3);
        return sizes->count > 0 || refuse(argument, text, length, mistake);
    }
    case STRIA_ARG_PADDING: {
        stria_padding *padding = slot;
        *padding = (stria_padding){0};
        if (stria_words_find(stria_value_padding_words(argument), text, length) >= 0) {
            padding->mode = (stria_padding_mode)stria_words_find(padding_words, text, length);
            return true;
        }
        padding->mode = STRIA_PADDING_EXPLICIT;
        padding->count = read_list(argument, text, length, padding->values, 6);
        return padding->count > 0 || refuse(argument, text, length, mistake);
    }
    case STRIA_ARG_WORD: {
        int index = stria_words_find(argument->words, text, length);
        if (index < 0)
            return refuse(argument, text, length, mistake);
        *(int *)slot = index;
        return true;
    }
    case STRIA_ARG_ACTIVATION:
        return read_activation(argument, text, length, slot, mistake);
    case STRIA_ARG_INITIALIZER:
    case STRIA_ARG_REGULARIZER:
    case STRIA_ARG_CONSTRAINT:
        return stria_function_read(stria_value_functions(argument->type), argument->name, text, length, slot,
                                   mistake);
    case STRIA_ARG_SHAPE:
        return read_shape(argument, text, length, slot) || refuse(argument, text, length, mistake);
    case STRIA_ARG_RANGE:
    case STRIA_ARG_NUMBERS:
        return read_range(argument, text, length, argument->type == STRIA_ARG_RANGE ? 2 : STRIA_MAX_NUMBERS,
                          slot) ||
               refuse(argument, text, length, mistake);
    case STRIA_ARG_LISTS:
        return read_lists(argument, text, length, slot) || refuse(argument, text, length, mistake);
    }
    return false;
}

bool stria_value_takes_word(const stria_argument *argument, const char *text, size_t length)
{
    const stria_function_family *functions = stria_value_functions(argument->type);
    if (functions != NULL)
        return stria_function_is_word(functions, text, length);
    switch (argument->type) {
    case STRIA_ARG_BOOLEAN:
        return token_is(text, length, argument->name);
    case STRIA_ARG_PADDING:
        return stria_words_find(padding_words, text, length) >= 0;
    case STRIA_ARG_WORD:
        return stria_words_find(argument->words, text, length) >= 0;
    default:
        return false;
    }
}

bool stria_value_takes_position(const stria_argument *argument)
{
    return argument->type == STRIA_ARG_INTEGER || argument->type == STRIA_ARG_NUMBER ||
           argument->type == STRIA_ARG_SIZES || argument->type == STRIA_ARG_PADDING ||
           argument->type == STRIA_ARG_SHAPE || argument->type == STRIA_ARG_RANGE ||
           argument->type == STRIA_ARG_NUMBERS || argument->type == STRIA_ARG_LISTS;
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

static bool lists_equal(const stria_lists *a, const stria_lists *b)
{
    if (a->count != b->count)
        return false;
    const size_t count = (size_t)a->count, values = count == 0 ? 0 : a->ends[count - 1];
    return memcmp(a->ends, b->ends, count * sizeof a->ends[0]) == 0 &&
           memcmp(a->values, b->values, values * sizeof a->values[0]) == 0;
}

static bool floats_equal(float a, float b)
{
    return a <= b && a >= b;
}

static bool activations_equal(const stria_activation *a, const stria_activation *b)
{
    return a->kind == b->kind && floats_equal(a->alpha, b->alpha) && floats_equal(a->beta, b->beta) &&
           floats_equal(a->gamma, b->gamma);
}

bool stria_value_is_default(const stria_argument *argument, const void *slot)
{
    if (argument->default_value == NULL)
        return false;
    stria_value expected;
    stria_value_mistake mistake;
    memset(&expected, 0, sizeof expected);
    if (argument->default_value[0] != '\0')
        stria_value_read(argument, argument->default_value, strlen(argument->default_value), &expected,
                         &mistake);
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
        return activations_equal(slot, &expected.activation);
    case STRIA_ARG_INITIALIZER:
    case STRIA_ARG_REGULARIZER:
    case STRIA_ARG_CONSTRAINT:
        return stria_function_equal(stria_value_functions(argument->type), slot, &expected.function);
    case STRIA_ARG_SHAPE:
        return shapes_equal(slot, &expected.shape);
    case STRIA_ARG_RANGE:
    case STRIA_ARG_NUMBERS:
        return ranges_equal(slot, &expected.range);
    case STRIA_ARG_LISTS:
        return lists_equal(slot, &expected.lists);
    }
    return false;
}

static void write_list(const int64_t *values, int count, char separator, bool may_be_open, stria_text *text)
{
    for (int i = 0; i < count; i++) {
        if (i > 0)
            stria_text_append(text, &separator, 1);
        if (may_be_open && values[i] == STRIA_ANY_SIZE)
            stria_text_add(text, "?");
        else
            stria_text_format(text, "%lld", (long long)values[i]);
    }
}

/* The decimal with the fewest digits that reads back to the same float. */
static double shortest_of_float(float number)
{
    double value = (double)number;
    for (int digits = 1; digits <= FLT_DECIMAL_DIG; digits++) {
        char text[40];
        const int length = stria_format(text, sizeof text, "%.*e", digits - 1, (double)number);
        if (stria_text_to_double(text, (size_t)length, &value) && (float)value <= number &&
            (float)value >= number)
            return value;
    }
    return (double)number;
}

static void write_activation(const stria_activation *activation, stria_text *text)
{
    stria_function_value function =
        stria_function_defaults(&stria_activation_functions, (int)activation->kind);
    const float numbers[] = {activation->alpha, activation->beta, activation->gamma};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!floats_equal((float)function.parameters[i], numbers[i]))
            function.parameters[i] = shortest_of_float(numbers[i]);
    stria_function_write(&stria_activation_functions, &function, text);
}

void stria_value_write(const stria_argument *argument, const void *slot, stria_text *text)
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
        write_list(sizes->values, sizes->count, 'x', false, text);
        break;
    }
    case STRIA_ARG_PADDING: {
        const stria_padding *padding = slot;
        if (padding->mode == STRIA_PADDING_EXPLICIT) {
            write_list(padding->values, padding->count, ',', false, text);
        } else {
            size_t length;
            const char *word = stria_words_at(padding_words, (int)padding->mode, &length);
            stria_text_append(text, word, length);
        }
        break;
    }
    case STRIA_ARG_WORD: {
        size_t length;
        const char *word = stria_words_at(argument->words, *(const int *)slot, &length);
        stria_text_append(text, word, length);
        break;
    }
    case STRIA_ARG_ACTIVATION:
        write_activation(slot, text);
        break;
    case STRIA_ARG_INITIALIZER:
    case STRIA_ARG_REGULARIZER:
    case STRIA_ARG_CONSTRAINT:
        stria_function_write(stria_value_functions(argument->type), slot, text);
        break;
    case STRIA_ARG_SHAPE: {
        const stria_shape *shape = slot;
        write_list(shape->sizes, shape->rank, 'x', true, text);
        break;
    }
    case STRIA_ARG_RANGE:
    case STRIA_ARG_NUMBERS: {
        const stria_range *range = slot;
        char number[40];
        for (int i = 0; i < range->count; i++)
            stria_text_format(text, "%s%s", i > 0 ? "," : "",
                              stria_double_text(range->values[i], number, sizeof number));
        break;
    }
    case STRIA_ARG_LISTS: {
        const stria_lists *lists = slot;
        for (int list = 0, i = 0; list < lists->count; list++)
            for (int first = i; i < lists->ends[list]; i++)
                stria_text_format(text, "%s%d", i > first ? "." : list > 0 ? "," : "", lists->values[i]);
        break;
    }
    }
}

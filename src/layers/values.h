/* Values of arguments: how each type is read from text, compared with its default and written back. Shared by
 * the parser and the writer of whole argument lists. */
#ifndef STRIA_LAYERS_VALUES_H
#define STRIA_LAYERS_VALUES_H

#include "layers/arguments.h"
#include "layers/functions.h"

/* A value of any type. */
typedef union stria_value {
    int64_t integer;
    double number;
    bool boolean;
    stria_sizes sizes;
    stria_padding padding;
    int word;
    stria_activation activation;
    stria_function_value function;
    stria_shape shape;
    stria_range range;
    stria_lists lists;
} stria_value;

size_t stria_value_size(stria_argument_type type);

/* Reads a value of the argument's type into `slot`; on failure says why and where. */
bool stria_value_read(const stria_argument *argument, const char *text, size_t length, void *slot,
                      stria_value_mistake *mistake);

/* Whether the value in the config is the argument's default. */
bool stria_value_is_default(const stria_argument *argument, const void *slot);

void stria_value_write(const stria_argument *argument, const void *slot, stria_text *text);

/* Whether a bare token is a word that this argument takes. */
bool stria_value_takes_word(const stria_argument *argument, const char *text, size_t length);

/* Whether a bare token that is no word can be meant for this argument. */
bool stria_value_takes_position(const stria_argument *argument);

/* The words that a padding takes, separated by spaces. */
const char *stria_value_padding_words(const stria_argument *argument);

/* The functions that arguments of a type name; NULL for other types. */
const stria_function_family *stria_value_functions(stria_argument_type type);

#endif

/* Functions that arguments name, with their parameters in parentheses: "he_normal", "l2(0.01)",
 * "random_normal(mean=0, stddev=0.02)". A constant table for each family (activations, initializers,
 * regularizers, constraints) feeds reading, writing, messages and help; what the functions compute is done
 * elsewhere. */
#ifndef STRIA_LAYERS_FUNCTIONS_H
#define STRIA_LAYERS_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define STRIA_MAX_PARAMETERS 4

typedef enum stria_parameter_type {
    STRIA_PARAMETER_NUMBER, /* "1/255" is allowed */
    STRIA_PARAMETER_WORD,   /* the index of one of its words */
    STRIA_PARAMETER_AXES    /* "0" or "[0, 1, -1]": see stria_axes_resolve */
} stria_parameter_type;

typedef struct stria_parameter {
    const char *name; /* Keras's name; NULL past the last */
    stria_parameter_type type;
    const char *default_value; /* as written */
    double minimum, maximum;   /* of numbers */
    const char *words;         /* STRIA_PARAMETER_WORD: the words, separated by spaces */
} stria_parameter;

typedef struct stria_function {
    const char *name;
    const char *aliases; /* separated by spaces; NULL for none */
    const char *help;    /* the formula, one line */
    const stria_parameter
        *parameters; /* up to one without a name, STRIA_MAX_PARAMETERS at most; NULL for none */
} stria_function;

/* A function with values for its parameters. */
typedef struct stria_function_value {
    int kind; /* index into the family's functions */
    double parameters[STRIA_MAX_PARAMETERS];
} stria_function_value;

typedef struct stria_function_family {
    const char *name; /* "initializer" */
    const char *example;
    const stria_function *functions; /* in the order of the family's enumeration */
    size_t count;
    bool optional;          /* function 0 is "none" */
    bool aliases_are_words; /* see stria_function_is_word */
} stria_function_family;

extern const stria_function_family stria_activation_functions, stria_initializer_functions,
    stria_regularizer_functions, stria_constraint_functions;

/* What is wrong with a value and where in its text. */
typedef struct stria_value_mistake {
    size_t at, length;
    char why[384];
} stria_value_mistake;

/* Index of the function that `text` names, with or without parameters, or -1. Names are those of the table,
 * their aliases and Keras's classes: letters in any case, underscores or none. */
int stria_function_find(const stria_function_family *family, const char *text, size_t length);

/* Whether `text`, with or without parameters, is one of the family's names as they stand in the table, or,
 * where the family says so, of its aliases: then it needs no key in front of it. "none" always does. */
bool stria_function_is_word(const stria_function_family *family, const char *text, size_t length);

/* Reads "name" or "name(values)" whose name is known; `argument` names the owner in messages. On failure says
 * why and where. */
bool stria_function_read(const stria_function_family *family, const char *argument, const char *text,
                         size_t length, stria_function_value *value, stria_value_mistake *mistake);

/* The value with the function's defaults. */
stria_function_value stria_function_defaults(const stria_function_family *family, int kind);

bool stria_function_equal(const stria_function_family *family, const stria_function_value *a,
                          const stria_function_value *b);

/* Writes the name, and in parentheses the parameters that differ from their defaults. */
void stria_function_write(const stria_function_family *family, const stria_function_value *value,
                          stria_text *text);

size_t stria_function_parameter_count(const stria_function *function);

/* The axes that a parameter names, as a set of bits for a tensor of `rank` axes: axis -1 is the last. False
 * when there is one that the tensor does not have; it is put into *missing. */
bool stria_axes_resolve(double axes, int rank, unsigned *bits, int *missing);

#endif

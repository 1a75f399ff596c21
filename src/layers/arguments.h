/* Arguments as data: one table for each layer kind (and optimizer, schedule, loss) feeds the parser, the
 * writer, the help, the messages and the mapping to Keras. A table entry says where in a config struct the
 * value goes. */
#ifndef STRIA_LAYERS_ARGUMENTS_H
#define STRIA_LAYERS_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>
#include <stria/layers.h>
#include <stria/shape.h>

#include "base/text.h"
#include "kernels/kernels.h"
#include "layers/functions.h"

/* Sizes of a window or stride: "3" means the same on every axis, "3x5" rows x columns. */
typedef struct stria_sizes {
    int count; /* as written: 1 to 3 */
    int64_t values[3];
} stria_sizes;

typedef enum stria_padding_mode {
    STRIA_PADDING_VALID,
    STRIA_PADDING_SAME,
    STRIA_PADDING_CAUSAL, /* everything in front */
    STRIA_PADDING_EXPLICIT
} stria_padding_mode;

/* "valid", "same", "causal", or explicit zeros: "1" on every side, "1x2" rows and columns, "0,1,0,1" top,
 * bottom, left, right. */
typedef struct stria_padding {
    stria_padding_mode mode;
    int count; /* of values as written: 1, one for each axis, or two for each axis */
    int64_t values[6];
} stria_padding;

#define STRIA_MAX_NUMBERS 16

/* A bound or two: "0.2", or "-0.1,0.2" for two numbers in any order. What one number means is up to the
 * layer. */
typedef struct stria_range {
    int count; /* as written: 1 or 2; 0 when left out */
    double values[STRIA_MAX_NUMBERS];
} stria_range;

/* Up to STRIA_MAX_NUMBERS numbers: "0.5", or "0.485,0.456,0.406". */
typedef stria_range stria_numbers;

/* Lists of small numbers, such as the channels that each filter sees: "0.1.2,1.2.3" are two lists of three.
 */
#define STRIA_MAX_LISTS       256
#define STRIA_MAX_LIST_VALUES 1024
typedef struct stria_lists {
    int count;
    uint16_t ends[STRIA_MAX_LISTS]; /* list i is values[ends[i - 1]] to values[ends[i] - 1] */
    uint16_t values[STRIA_MAX_LIST_VALUES];
} stria_lists;

/* How a parameter starts; formulas in initializers.c. */
typedef enum stria_initializer_kind {
    STRIA_GLOROT_UNIFORM,
    STRIA_GLOROT_NORMAL,
    STRIA_HE_UNIFORM,
    STRIA_HE_NORMAL,
    STRIA_LECUN_UNIFORM,
    STRIA_LECUN_NORMAL,
    STRIA_RANDOM_UNIFORM,   /* minval, maxval */
    STRIA_RANDOM_NORMAL,    /* mean, stddev */
    STRIA_TRUNCATED_NORMAL, /* mean, stddev */
    STRIA_VARIANCE_SCALING, /* scale, mode, distribution */
    STRIA_ORTHOGONAL,       /* gain */
    STRIA_IDENTITY,         /* gain */
    STRIA_CONSTANT,         /* value */
    STRIA_ZEROS,
    STRIA_ONES,
    STRIA_INITIALIZER_COUNT
} stria_initializer_kind;

/* A penalty on the size of a parameter or of an output, part of the loss; the comments say the parameters. */
typedef enum stria_regularizer_kind {
    STRIA_REGULARIZER_NONE,
    STRIA_L1,
    STRIA_L2,
    STRIA_L1_L2,                  /* l1, l2 */
    STRIA_ORTHOGONAL_REGULARIZER, /* factor, mode (0 rows, 1 columns) */
    STRIA_REGULARIZER_COUNT
} stria_regularizer_kind;

/* What a parameter is brought back to after every step of training. */
typedef enum stria_constraint_kind {
    STRIA_CONSTRAINT_NONE,
    STRIA_MAX_NORM,     /* max_value, axis */
    STRIA_MIN_MAX_NORM, /* min_value, max_value, rate, axis */
    STRIA_NON_NEG,
    STRIA_UNIT_NORM, /* axis */
    STRIA_CONSTRAINT_COUNT
} stria_constraint_kind;

typedef stria_function_value stria_initializer; /* kind: stria_initializer_kind */
typedef stria_function_value stria_regularizer; /* stria_regularizer_kind; all zero is none */
typedef stria_function_value stria_constraint;  /* stria_constraint_kind; all zero is none */

/* The initializers of what is not drawn, for tables of parameters: {"beta", shape, STRIA_START_ZEROS, true}.
 */
#define STRIA_START_ZEROS                                                                                    \
    {                                                                                                        \
        .kind = STRIA_ZEROS                                                                                  \
    }
#define STRIA_START_ONES                                                                                     \
    {                                                                                                        \
        .kind = STRIA_ONES                                                                                   \
    }

typedef enum stria_argument_type {
    STRIA_ARG_INTEGER,     /* int64_t */
    STRIA_ARG_NUMBER,      /* double; "1/255" is allowed */
    STRIA_ARG_BOOLEAN,     /* bool; yes, no, true, false, or the name alone for yes */
    STRIA_ARG_SIZES,       /* stria_sizes */
    STRIA_ARG_PADDING,     /* stria_padding */
    STRIA_ARG_WORD,        /* int: index into words */
    STRIA_ARG_ACTIVATION,  /* stria_activation */
    STRIA_ARG_INITIALIZER, /* stria_initializer */
    STRIA_ARG_REGULARIZER, /* stria_regularizer */
    STRIA_ARG_CONSTRAINT,  /* stria_constraint */
    STRIA_ARG_SHAPE,       /* stria_shape; sizes may be `?` */
    STRIA_ARG_RANGE,       /* stria_range */
    STRIA_ARG_NUMBERS,     /* stria_numbers */
    STRIA_ARG_LISTS        /* stria_lists; minimum and maximum are of each number */
} stria_argument_type;

typedef struct stria_argument {
    const char *name; /* Keras's name */
    stria_argument_type type;
    uint32_t offset;           /* in the config struct; 32 bits, as there are many rows */
    const char *default_value; /* as written; NULL: must be given; "": left out means all zero */
    double minimum, maximum;   /* of integers, numbers, bounds and each size; both 0: none */
    const char *words;         /* STRIA_ARG_WORD: the words, separated by spaces; STRIA_ARG_PADDING: those it
                                * takes, NULL for "valid same" */
    const char *help;
} stria_argument;

#define STRIA_MAX_ARGUMENTS 24

/* A piece of a line with where it stands. */
typedef struct stria_token {
    const char *text;
    size_t length;
    int column; /* from 1 */
} stria_token;

/* What is wrong and at which token: columns count from 1; length at least 1. */
typedef struct stria_argument_mistake {
    int column, length;
    char message[512];
} stria_argument_mistake;

typedef void (*stria_mistake_fn)(const stria_argument_mistake *mistake, void *payload);

/* Fills `config` (zeroed by the caller) from tokens `value`, `key=value` or bare words; defaults first. A
 * value without key goes to the first argument, in table order, that has no value yet and is not an
 * enumerated one that takes the word. Every mistake is reported; returns how many there were. `what` names
 * the owner in messages ("conv2d"). `end_column` is where a missing argument is reported. */
size_t stria_arguments_read(const char *what, const stria_argument *arguments, size_t count,
                            const stria_token *tokens, size_t token_count, int end_column, void *config,
                            stria_mistake_fn report, void *payload);

/* Splits a text like "sgd momentum=0.9" at white space outside of parentheses into at most `capacity` tokens,
 * up to `#`; returns how many there are in all. */
size_t stria_tokens_split(const char *text, size_t length, stria_token *tokens, size_t capacity);

/* Reads a whole text "name key=value" whose first token was already matched: the first mistake becomes a
 * VALUE error. */
stria_status stria_arguments_read_text(const char *what, const stria_argument *arguments, size_t count,
                                       const char *text, void *config, stria_error *err);

/* Appends the arguments that differ from their defaults, each as " value" or " key=value". */
void stria_arguments_write(const stria_argument *arguments, size_t count, const void *config,
                           stria_text *text);

/* The name of an activation ("relu") or NULL past the end. */
const char *stria_activation_text(size_t kind);

/* An activation from the function that an argument names, and the one with the function's defaults. */
stria_activation stria_activation_of(const stria_function_value *function);
stria_activation stria_activation_default(stria_activation_kind kind);

/* What is told of an argument. */
void stria_argument_tell(const stria_argument *argument, stria_argument_info *info);

/* "integer", "number", ... */
const char *stria_argument_type_name(stria_argument_type type);

#endif

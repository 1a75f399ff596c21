/* Values of model text in which parameters of a block stand: `filters`, `3xk`, `4*filters`, `l2(decay)`. */
#ifndef STRIA_MODEL_EXPRESSION_H
#define STRIA_MODEL_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

/* A parameter of a block and its value in one use of the block. */
typedef struct stria_block_parameter {
    const char *name, *value;
    size_t name_length, value_length;
} stria_block_parameter;

typedef enum stria_substitution {
    STRIA_SUBSTITUTION_NONE, /* the value is what it was */
    STRIA_SUBSTITUTION_DONE,
    STRIA_SUBSTITUTION_MISTAKE
} stria_substitution;

typedef struct stria_substituted {
    size_t length;
    char mistake[256];
} stria_substituted;

/* Writes the value with its parameters put in and its sums worked out to `room` of `size` bytes. What has
 * neither parameters nor sums in integers is left to whoever reads the value. */
stria_substitution stria_substitute(const char *value, size_t length, const stria_block_parameter *parameters,
                                    size_t count, char *room, size_t size, stria_substituted *result);

#endif

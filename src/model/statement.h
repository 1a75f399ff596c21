/* One line of model text, taken apart into tokens: [name "="] [wrapper] kind ["(" inputs ")"] arguments ["#"
 * comment], or "block" name ["(" inputs ")"] parameters. */
#ifndef STRIA_MODEL_STATEMENT_H
#define STRIA_MODEL_STATEMENT_H

#include <stdbool.h>

#include "layers/arguments.h"
#include "layers/layer.h"
#include "layers/wrapper.h"

/* The lines that are no layers but hold others together: block ... end and repeat ... end. */
typedef enum stria_structure { STRIA_LAYER, STRIA_BLOCK, STRIA_REPEAT, STRIA_END } stria_structure;

typedef struct stria_statement {
    bool empty; /* nothing but spaces and a comment */
    stria_structure structure;
    stria_token name; /* length 0: none; of a block, what it is called */
    stria_wrapper wrapper;
    stria_token kind;
    bool has_inputs; /* there are parentheses */
    size_t input_count;
    stria_token inputs[STRIA_MAX_INPUTS];
    size_t argument_count;
    stria_token arguments[STRIA_MAX_ARGUMENTS];
    int end_column; /* one past the last token */
} stria_statement;

/* Takes `length` bytes apart; tokens point into them. A mistake is described and false returned. */
bool stria_statement_read(stria_statement *statement, const char *line, size_t length,
                          stria_argument_mistake *mistake);

#endif

/* The inside of the parser of model text, shared by the files that read its kinds of lines. The text is first
 * cut into lines, and each `block` and `repeat` finds its `end`; then lines are read one by one, those of a
 * block once for each of its uses and those of a repeat once for each turn. */
#ifndef STRIA_MODEL_PARSE_INSIDE_H
#define STRIA_MODEL_PARSE_INSIDE_H

#include "base/text.h"
#include "model/expression.h"
#include "model/model.h"
#include "model/name_table.h"
#include "model/statement.h"

/* After so many mistakes the rest is not worth telling. */
#define STRIA_MAX_MISTAKES 100
#define STRIA_MAX_LINE     4096
#define STRIA_MAX_BLOCKS   1000
/* Uses of blocks and repeats in each other. */
#define STRIA_MAX_DEPTH 16
/* Lines of blocks and repeats read in all: many more than a model can have layers. */
#define STRIA_MAX_READINGS (10 * STRIA_MAX_LAYERS)

/* A line that holds something. */
typedef struct stria_source_line {
    const char *text;
    int length;   /* above STRIA_MAX_LINE: too long to be read */
    int number;   /* in the text, from 1 */
    int end;      /* of a block or repeat: the index of its end; else -1 */
    int told;     /* the reading in which mistakes of this line were told; 0: none */
    bool opens;   /* is a block or repeat */
    bool misused; /* of a block: its first line has a mistake */
} stria_source_line;

/* Where a line is read: the text itself, one use of a block, or one turn of a repeat. */
typedef struct stria_scope {
    const struct stria_scope *outer; /* NULL: the text itself */
    int used_at;                     /* number of the line of the use, or of the repeat */
    const char *block;               /* the block's name; NULL: none, or a repeat */
    int block_length;
    int header; /* index of the block's first line; in repeats, of the block they are in; -1 outside */
    int turn;   /* of a repeat; 0: no repeat */
    int depth;
    bool repeats;       /* lines of this use of a block may be read again for the next turn */
    unsigned part;      /* the number of this use of a block; 0: none */
    const char *prefix; /* "residual_1." */
    size_t prefix_length;
    const stria_block_parameter *parameters;
    size_t parameter_count;
    int *output; /* the node that an output line of the block names, or -1; NULL outside blocks */
} stria_scope;

/* What a name of the text means that is not simply the name of a node. */
typedef struct stria_symbol {
    const char *name; /* with the prefix of its scope */
    size_t length;
    int node;       /* -1: its line had a mistake */
    int line;       /* index of the line that defines it */
    unsigned count; /* how often that line has: 2 makes x_2 of x */
    bool is_layer;  /* not the output of a block */
} stria_symbol;

/* What is read just now. */
typedef struct stria_place {
    stria_source_line *line;
    const stria_scope *scope;
    int reading; /* its number */
} stria_place;

typedef struct stria_parser {
    stria_model *model;
    stria_diagnostic_fn diagnostic;
    void *payload;
    const char *file;
    stria_error *err;
    stria_source_line *lines;
    size_t line_count, line_capacity;
    stria_place at;
    int readings;        /* of lines */
    int readings_inside; /* of them, those of lines in blocks and repeats */
    size_t told;         /* mistakes */
    size_t failures;     /* mistakes, also those that are not told again */
    stria_status first_code;
    bool out_of_memory;
    bool stopped; /* there is no sense in reading on */
    int previous; /* node of the line above; -1 none yet, -2 it had a mistake */
    unsigned parts;
    stria_arena arena; /* of the names of symbols */
    stria_symbol *symbols;
    size_t symbol_count, symbol_capacity;
    stria_symbol no_symbol; /* for the meaning of a name when there is no memory */
    stria_name_table symbol_names;
    stria_name_table blocks; /* the values are indices of lines */
} stria_parser;

enum { STRIA_NONE_YET = -1, STRIA_HAD_MISTAKE = -2, STRIA_NO_LAYER = -3 };

/* A line as it is read: its tokens with the parameters of the scope put in. Changed tokens point into room.
 */
typedef struct stria_reading {
    stria_statement s;
    stria_token kind;                         /* as the text has them: the kind ... */
    stria_token written[STRIA_MAX_ARGUMENTS]; /* ... and the arguments */
    size_t used;
    char room[2 * STRIA_MAX_LINE];
} stria_reading;

/* The index of the current line. */
static inline int stria_parser_line(const stria_parser *p)
{
    return (int)(p->at.line - p->lines);
}

/* Begins to read a line in a scope. */
static inline void stria_parser_go(stria_parser *p, int line, const stria_scope *scope)
{
    p->at = (stria_place){&p->lines[line], scope, ++p->readings};
}

/* ---- parse_tell.c ---- */

/* Whether a mistake in this line would be told: it has been when another use or turn told one. */
bool stria_parser_can_tell(const stria_parser *p);
void stria_parser_tell(stria_parser *p, stria_status code, int column, int length, const char *message);
void stria_parser_tell_token(stria_parser *p, stria_status code, const stria_token *token, const char *format,
                             ...) STRIA_PRINTF_LIKE(4, 5);

/* ---- parse_names.c ---- */

/* A name as the model has it: the prefix of the scope before it. Returns its length. */
typedef struct stria_full_name {
    char text[STRIA_MAX_LINE + STRIA_MAX_NAME + 32];
    size_t length;
} stria_full_name;

void stria_parser_full_name(const stria_parser *p, const stria_token *name, stria_full_name *full);

/* What a full name means, or NULL when at most a node has it. */
stria_symbol *stria_parser_symbol(const stria_parser *p, const stria_full_name *name);
/* Gives a name, new or not, the meaning that the current line says. */
stria_symbol *stria_parser_define(stria_parser *p, const stria_full_name *name, int node, unsigned count);

/* Whether a node or symbol has the name. */
bool stria_parser_is_taken(const stria_parser *p, const stria_full_name *name);

/* The full name that the current line's layer gets; in later turns of a repeat with its number. `count` is
 * that number. False, and told, when the name is in use. */
bool stria_parser_new_name(stria_parser *p, const stria_token *name, stria_full_name *full, unsigned *count);

/* The node of a name; -1: none, -2: its line had a mistake, -3: it is what a block gives, or an input of the
 * block that the line is in. */
int stria_parser_find_node(const stria_parser *p, const stria_token *name);

/* Takes the nearest name of the scope when it is nearer than the best so far. */
void stria_parser_nearest_name(const stria_parser *p, const stria_token *name, const char **best,
                               size_t *length, size_t *distance);

/* Nodes that a line names, or the line above. False when one cannot be used; a name that is unknown is told,
 * one that had a mistake itself is not. */
bool stria_parser_find_inputs(stria_parser *p, const stria_statement *s, size_t *nodes, size_t *count);

/* Remembers that the current line has a mistake, so that lines that build on it are not told. */
void stria_parser_poison(stria_parser *p, const stria_token *name);

/* ---- parse_layer.c ---- */

/* Puts the scope's parameters into the line's tokens. False, and told, when that is not possible. */
bool stria_parser_substitute(stria_parser *p, stria_reading *r);
/* The same for one value; it stays in the reading's room. */
bool stria_parser_substitute_value(stria_parser *p, stria_reading *r, const stria_token *at,
                                   const char **value, size_t *length);
void stria_parser_read_layer(stria_parser *p, stria_reading *r);
void stria_parser_read_output(stria_parser *p, const stria_statement *s);

/* Whether a word names a kind of layers or an activation. */
bool stria_parser_is_kind(const stria_token *word);
void stria_parser_tell_unknown_kind(stria_parser *p, const stria_token *word);
bool stria_token_is(const stria_token *token, const char *word);
/* The '=' of key=value, or NULL; one in parentheses is a function's. */
const char *stria_token_equals(const stria_token *token);

/* ---- parse_block.c ---- */

/* The line of the block of that name that can be used here, or -1. */
int stria_parser_find_block(const stria_parser *p, const stria_token *name);
void stria_parser_define_block(stria_parser *p, const stria_statement *s);
void stria_parser_use_block(stria_parser *p, stria_reading *r, int line);
void stria_parser_repeat(stria_parser *p, stria_reading *r);

/* ---- parse.c ---- */

/* Reads lines first ... last - 1 in a scope, then goes back to the current one. */
void stria_parser_read_lines(stria_parser *p, const stria_scope *scope, int first, int last);

#endif

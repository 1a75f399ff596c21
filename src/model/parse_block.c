/* block ... end and repeat ... end. A block is checked where it is defined as far as that goes without its
 * parameters, and read anew for every use, in a scope with the use's parameters, inputs and name. */
#include <stdio.h>
#include <string.h>

#include "layers/values.h"
#include "model/parse_inside.h"

int stria_parser_find_block(const stria_parser *p, const stria_token *name)
{
    const size_t *line = stria_name_table_find(&p->blocks, name->text, name->length);
    return line != NULL ? (int)*line : -1;
}

/* ---- Defining ---- */

#define BLOCK_INSIDE "a block cannot be defined inside a block or repeat; is an end missing above?"

static bool is_parameter_name(const stria_token *name)
{
    bool good = name->length > 0 && !stria_is_digit(name->text[0]);
    for (size_t i = 0; good && i < name->length; i++)
        good = stria_is_letter(name->text[i]) || stria_is_digit(name->text[i]) || name->text[i] == '_';
    return good;
}

/* Whether a word is a value of some layer's argument or stands for a layer. */
static bool means_something(const stria_token *word)
{
    static const char *const words[] = {"block", "repeat", "end",   "output", "yes",
                                        "no",    "true",   "false", "x"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (stria_token_is(word, words[i]))
            return true;
    for (size_t k = 0; stria_layer_kinds[k] != NULL; k++)
        for (size_t a = 0; a < stria_layer_kinds[k]->argument_count; a++)
            if (stria_layer_kinds[k]->arguments[a].type != STRIA_ARG_BOOLEAN &&
                stria_value_takes_word(&stria_layer_kinds[k]->arguments[a], word->text, word->length))
                return true;
    return stria_parser_is_kind(word) ||
           stria_wrapper_by_name(word->text, word->length) != STRIA_WRAPPER_NONE;
}

/* The name of a parameter, in front of its default. */
static stria_token parameter_name(const stria_token *token)
{
    const char *equals = stria_token_equals(token);
    return (stria_token){token->text, equals != NULL ? (size_t)(equals - token->text) : token->length,
                         token->column};
}

static bool same_token(const stria_token *a, const stria_token *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static void check_parameter(stria_parser *p, const stria_statement *s, size_t index)
{
    stria_token name = parameter_name(&s->arguments[index]);
    int shown = name.length > 60 ? 60 : (int)name.length;
    if (!is_parameter_name(&name)) {
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->arguments[index],
                                "a parameter is a name of letters, digits and '_', as in 'filters' or "
                                "'stride=1'");
        return;
    }
    if (means_something(&name))
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &name,
                                "a parameter cannot be called '%.*s': that word has a meaning already", shown,
                                name.text);
    if (name.length + 1 == s->arguments[index].length)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->arguments[index],
                                "parameter '%.*s' has no default behind its '='", shown, name.text);
    for (size_t i = 0; i < index; i++) {
        stria_token other = parameter_name(&s->arguments[i]);
        if (same_token(&name, &other)) {
            stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &name, "two parameters are called '%.*s'", shown,
                                    name.text);
            return;
        }
    }
}

static void check_header(stria_parser *p, const stria_statement *s)
{
    const stria_token *name = &s->name;
    int shown = name->length > 60 ? 60 : (int)name->length, block = stria_parser_find_block(p, name);
    if (p->at.scope->outer != NULL)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->kind, BLOCK_INSIDE);
    if (means_something(name))
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, name,
                                "a block cannot be called '%.*s': that word has a meaning already", shown,
                                name->text);
    else if (block >= 0)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, name, "there is a block '%.*s' already, at line %d",
                                shown, name->text, p->lines[block].number);
    else if (stria_model_find_node(p->model, name->text, name->length) >= 0)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, name, "the name '%.*s' is already in use", shown,
                                name->text);
    for (size_t i = 0; i < s->input_count; i++)
        for (size_t k = 0; k < i; k++)
            if (same_token(&s->inputs[i], &s->inputs[k])) {
                stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->inputs[i], "two inputs are called '%.*s'",
                                        (int)s->inputs[i].length, s->inputs[i].text);
                break;
            }
    for (size_t i = 0; i < s->argument_count; i++)
        check_parameter(p, s, i);
}

/* Whether the kind of a line in a block can be known once the block is used. */
static bool may_be_kind(const stria_parser *p, const stria_statement *header, const stria_name_table *names,
                        const stria_token *word)
{
    for (size_t i = 0; i < header->argument_count; i++) {
        stria_token name = parameter_name(&header->arguments[i]);
        if (same_token(&name, word))
            return true;
    }
    return stria_parser_is_kind(word) || stria_token_is(word, "output") ||
           stria_parser_find_block(p, word) >= 0 ||
           stria_name_table_find(names, word->text, word->length) != NULL;
}

/* Tells mistakes in the block's lines that do not depend on a use. */
static void check_body(stria_parser *p, const stria_statement *header, int first, int last)
{
    const stria_allocator *allocator = &p->model->context->allocator;
    const stria_place here = p->at;
    stria_name_table names = {0};
    for (int i = first; i < last && !p->stopped; i++) {
        stria_statement s;
        stria_argument_mistake mistake;
        stria_parser_go(p, i, here.scope);
        if (p->at.line->length > STRIA_MAX_LINE)
            continue;
        if (!stria_statement_read(&s, p->at.line->text, (size_t)p->at.line->length, &mistake)) {
            stria_parser_tell(p, STRIA_ERROR_SYNTAX, mistake.column, mistake.length, mistake.message);
            continue;
        }
        if (s.structure == STRIA_BLOCK) {
            stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s.kind, BLOCK_INSIDE);
            break; /* what belongs to which is not known */
        }
        if (s.structure == STRIA_LAYER && same_token(&s.kind, &header->name))
            stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s.kind, "a block cannot use itself");
        else if (s.structure == STRIA_LAYER && !may_be_kind(p, header, &names, &s.kind))
            stria_parser_tell_unknown_kind(p, &s.kind);
        if (s.name.length > 0 && stria_name_table_find(&names, s.name.text, s.name.length) == NULL) {
            if (!stria_name_table_reserve(&names, allocator)) {
                p->out_of_memory = p->stopped = true;
                break;
            }
            stria_name_table_add(&names, s.name.text, s.name.length, 0);
        }
    }
    stria_name_table_free(&names, allocator);
    p->at = here;
}

/* Whether the structure that the current line opens has an end and something before it. */
static bool has_body(stria_parser *p, const stria_statement *s, const char *what)
{
    int first = stria_parser_line(p);
    if (p->at.line->end < 0)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->kind, "there is no end to this %s", what);
    else if (p->at.line->end == first + 1)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->kind, "there is no line in this %s", what);
    return p->at.line->end > first + 1;
}

void stria_parser_define_block(stria_parser *p, const stria_statement *s)
{
    size_t before = p->failures;
    int header = stria_parser_line(p);
    check_header(p, s);
    bool has_lines = has_body(p, s, "block");
    p->at.line->misused = p->failures > before;
    if (has_lines)
        check_body(p, s, header + 1, p->at.line->end);
    if (stria_parser_find_block(p, &s->name) >= 0)
        return;
    if (p->blocks.count == STRIA_MAX_BLOCKS) {
        stria_parser_tell_token(p, STRIA_ERROR_LIMIT, &s->kind, "a model text has at most %d blocks",
                                STRIA_MAX_BLOCKS);
        p->stopped = true;
        return;
    }
    if (!stria_name_table_reserve(&p->blocks, &p->model->context->allocator)) {
        p->out_of_memory = p->stopped = true;
        return;
    }
    stria_name_table_add(&p->blocks, s->name.text, s->name.length, (size_t)header);
}

/* ---- Using ---- */

/* The values of a block's parameters in one use. */
typedef struct values {
    stria_block_parameter list[STRIA_MAX_ARGUMENTS];
    bool given[STRIA_MAX_ARGUMENTS];
    stria_reading defaults; /* the room that their sums are in */
} values;

static void tell_unknown_parameter(stria_parser *p, const stria_token *at, const stria_statement *header,
                                   const stria_token *key)
{
    stria_token best = {0};
    size_t best_distance = key->length / 3 + 2;
    for (size_t i = 0; i < header->argument_count; i++) {
        stria_token name = parameter_name(&header->arguments[i]);
        size_t distance = stria_text_distance(key->text, key->length, name.text, name.length);
        if (distance < best_distance) {
            best_distance = distance;
            best = name;
        }
    }
    stria_parser_tell_token(
        p, STRIA_ERROR_SYNTAX, at, "%.*s has no parameter '%.*s'%s%.*s%s", (int)header->name.length,
        header->name.text, key->length > 40 ? 40 : (int)key->length, key->text,
        best.length > 0 ? "; did you mean '" : "", (int)best.length, best.text, best.length > 0 ? "'?" : "");
}

/* The parameter that an argument of a use gives, or -1 and told. */
static int find_parameter(stria_parser *p, const stria_statement *header, const values *v,
                          const stria_token *argument, const stria_token *written)
{
    int count = (int)header->argument_count;
    if (stria_token_equals(argument) == NULL) {
        for (int i = 0; i < count; i++)
            if (!v->given[i])
                return i;
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, written, "%.*s: there is no parameter left for '%.*s'",
                                (int)header->name.length, header->name.text,
                                argument->length > 40 ? 40 : (int)argument->length, argument->text);
        return -1;
    }
    stria_token key = parameter_name(argument), at = {written->text, key.length, written->column};
    for (int i = 0; i < count; i++) {
        stria_token name = parameter_name(&header->arguments[i]);
        if (!same_token(&key, &name))
            continue;
        if (!v->given[i])
            return i;
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &at, "%.*s: %.*s is given twice",
                                (int)header->name.length, header->name.text, (int)name.length, name.text);
        return -1;
    }
    tell_unknown_parameter(p, &at, header, &key);
    return -1;
}

/* Takes what the use gives. */
static void read_values(stria_parser *p, const stria_reading *r, const stria_statement *header, values *v)
{
    for (size_t i = 0; i < r->s.argument_count; i++) {
        const stria_token *argument = &r->s.arguments[i];
        int index = find_parameter(p, header, v, argument, &r->written[i]);
        if (index < 0)
            continue;
        const char *equals = stria_token_equals(argument);
        size_t key = equals != NULL ? (size_t)(equals - argument->text) + 1 : 0;
        v->given[index] = true;
        v->list[index].value = argument->text + key;
        v->list[index].value_length = argument->length - key;
        if (key == argument->length)
            stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &r->written[i], "%.*s: %.*s has no value",
                                    (int)header->name.length, header->name.text, (int)key - 1,
                                    argument->text);
    }
}

/* Defaults come in order and may use the parameters before them. */
static bool fill_defaults(stria_parser *p, const stria_reading *r, const stria_statement *header,
                          const stria_scope *scope, values *v)
{
    stria_token end = {.column = r->s.end_column, .length = 1};
    size_t before = p->failures;
    for (size_t i = 0; i < header->argument_count; i++) {
        stria_token name = parameter_name(&header->arguments[i]);
        const stria_token *written = &header->arguments[i];
        v->list[i].name = name.text;
        v->list[i].name_length = name.length;
        if (v->given[i])
            continue;
        if (name.length == written->length) {
            stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &end, "%.*s needs %.*s", (int)header->name.length,
                                    header->name.text, (int)name.length, name.text);
            continue;
        }
        if (p->failures > before)
            continue;
        stria_scope so_far = *scope;
        so_far.parameter_count = i;
        const stria_place here = p->at;
        const char *value = written->text + name.length + 1;
        size_t length = written->length - name.length - 1;
        stria_parser_go(p, scope->header, &so_far);
        stria_parser_substitute_value(p, &v->defaults, written, &value, &length);
        p->at = here;
        v->list[i].value = value;
        v->list[i].value_length = length;
    }
    return p->failures == before;
}

/* The name of a use without one: residual, residual_1, residual_2 ... */
static void number_use(stria_parser *p, const stria_token *block, stria_full_name *full)
{
    stria_parser_full_name(p, block, full);
    stria_symbol *symbol = stria_parser_symbol(p, full);
    if (!stria_parser_is_taken(p, full))
        return;
    size_t stem = full->length;
    unsigned number = symbol != NULL && symbol->count > 0 ? symbol->count : 1;
    do
        full->length =
            stem + (size_t)stria_format(full->text + stem, sizeof full->text - stem, "_%u", number);
    while (stria_parser_is_taken(p, full) && ++number > 0);
    if (symbol != NULL)
        symbol->count = number + 1;
}

/* Gives the inputs of a use their names inside and reads the block's lines; returns the node that the block
 * gives, or -1. */
static int read_body(stria_parser *p, const stria_scope *scope, const stria_statement *header,
                     const size_t *nodes)
{
    size_t before = p->failures;
    const stria_place here = p->at;
    p->at.scope = scope;
    for (size_t i = 0; i < header->input_count; i++) {
        stria_full_name full;
        stria_parser_full_name(p, &header->inputs[i], &full);
        stria_parser_define(p, &full, (int)nodes[i], 1);
    }
    p->at = here;
    p->previous = (int)nodes[0];
    stria_parser_read_lines(p, scope, scope->header + 1, p->lines[scope->header].end);
    if (p->failures > before || p->stopped)
        return -1;
    return *scope->output >= 0 ? *scope->output : p->previous;
}

/* The inputs of a use, as many as the block has. */
static bool find_use_inputs(stria_parser *p, const stria_reading *r, const stria_statement *header,
                            size_t *nodes)
{
    size_t expected = header->input_count > 0 ? header->input_count : 1, count;
    size_t given = r->s.has_inputs ? r->s.input_count : 1;
    bool found = stria_parser_find_inputs(p, &r->s, nodes, &count);
    if (given == expected)
        return found;
    stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &r->kind, "%.*s takes %zu input%s, not %zu",
                            (int)header->name.length, header->name.text, expected, expected == 1 ? "" : "s",
                            given);
    return false;
}

static bool is_deep(stria_parser *p, const stria_token *at)
{
    if (p->at.scope->depth < STRIA_MAX_DEPTH)
        return false;
    stria_parser_tell_token(p, STRIA_ERROR_LIMIT, at,
                            "blocks and repeats are more than %d deep in each other", STRIA_MAX_DEPTH);
    return true;
}

static void use(stria_parser *p, stria_reading *r, const stria_statement *header, int line)
{
    size_t before = p->failures, nodes[STRIA_MAX_INPUTS];
    values v = {0};
    stria_full_name full;
    unsigned count = 1;
    int output = -1;
    if (r->s.name.length > 0)
        stria_parser_new_name(p, &r->s.name, &full, &count);
    else
        number_use(p, &header->name, &full);
    bool usable = find_use_inputs(p, r, header, nodes);
    stria_scope scope = {.outer = p->at.scope,
                         .used_at = p->at.line->number,
                         .block = header->name.text,
                         .block_length = (int)header->name.length,
                         .header = line,
                         .depth = p->at.scope->depth + 1,
                         .part = ++p->parts,
                         .prefix = full.text,
                         .parameters = v.list,
                         .parameter_count = header->argument_count,
                         .output = &output};
    read_values(p, r, header, &v);
    usable = fill_defaults(p, r, header, &scope, &v) && usable;
    if (p->failures == before && full.length + 1 >= STRIA_MAX_NAME)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &r->kind,
                                "the name has %zu bytes; at most %d are allowed", full.length,
                                STRIA_MAX_NAME - 2);
    int node = -1;
    if (usable && p->failures == before) {
        stria_full_name prefix = full;
        prefix.text[prefix.length++] = '.';
        scope.prefix = prefix.text;
        scope.prefix_length = prefix.length;
        node = read_body(p, &scope, header, nodes);
    }
    if (node < 0) {
        stria_parser_poison(p, &r->s.name);
        return;
    }
    p->previous = node;
    stria_parser_define(p, &full, node, 1);
    if (count > 1) {
        stria_parser_full_name(p, &r->s.name, &full);
        stria_parser_define(p, &full, node, count);
    }
}

void stria_parser_use_block(stria_parser *p, stria_reading *r, int line)
{
    stria_statement header;
    stria_argument_mistake mistake;
    const stria_source_line *first = &p->lines[line];
    if (first->misused || is_deep(p, &r->kind) ||
        !stria_statement_read(&header, first->text, (size_t)first->length, &mistake)) {
        stria_parser_poison(p, &r->s.name);
    } else if (p->at.scope->header >= 0 && line >= p->at.scope->header) {
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &r->kind,
                                "a block uses blocks that are defined above it; '%.*s' is at line %d",
                                (int)header.name.length, header.name.text, first->number);
        stria_parser_poison(p, &r->s.name);
    } else {
        use(p, r, &header, line);
    }
}

/* ---- Repeating ---- */

/* The number of turns, or 0 and told. */
static int64_t read_turns(stria_parser *p, stria_reading *r)
{
    const stria_statement *s = &r->s;
    int64_t turns;
    if (s->name.length > 0)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->name, "a repeat has no name");
    if (s->argument_count == 0) {
        stria_token end = {.column = s->end_column, .length = 1};
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &end,
                                "repeat needs a number of turns, as in 'repeat 3'");
        return 0;
    }
    const stria_token *first = &s->arguments[0], *last = &s->arguments[s->argument_count - 1];
    stria_token written = *first;
    written.length = (size_t)(last->text - first->text) + last->length;
    const char *value = written.text;
    size_t length = written.length;
    if (!stria_parser_substitute_value(p, r, &written, &value, &length))
        return 0;
    if (stria_text_to_integer(value, length, &turns) && turns >= 1 && turns <= STRIA_MAX_LAYERS)
        return turns;
    stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &written,
                            "'%.*s' does not fit repeat: it takes an integer from 1 to %d",
                            length > 40 ? 40 : (int)length, value, STRIA_MAX_LAYERS);
    return 0;
}

void stria_parser_repeat(stria_parser *p, stria_reading *r)
{
    size_t before = p->failures;
    const int first = stria_parser_line(p);
    int64_t turns = read_turns(p, r);
    if (!has_body(p, &r->s, "repeat") || is_deep(p, &r->s.kind) || p->failures > before) {
        p->previous = STRIA_HAD_MISTAKE;
        return;
    }
    stria_scope scope = *p->at.scope;
    scope.outer = p->at.scope;
    scope.used_at = p->at.line->number;
    scope.block = NULL;
    scope.repeats = true;
    scope.depth++;
    for (int64_t turn = 1; turn <= turns && p->failures == before && !p->stopped; turn++) {
        if (p->previous == STRIA_HAD_MISTAKE && turn > 1)
            break;
        scope.turn = (int)turn;
        stria_parser_read_lines(p, &scope, first + 1, p->at.line->end);
    }
}

/* Lines that add a layer, or name the outputs. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <stria/layers.h>

#include "model/parse_inside.h"

#define MAX_CONFIG 4096

/* Arguments are read with columns of their own, ARGUMENT_COLUMNS apart, and mistakes brought back to where
 * the text has them: a parameter's value is longer or shorter than its name. */
#define ARGUMENT_COLUMNS (1 << 14)

bool stria_token_is(const stria_token *token, const char *word)
{
    return strlen(word) == token->length && memcmp(token->text, word, token->length) == 0;
}

const char *stria_token_equals(const stria_token *token)
{
    const char *open = memchr(token->text, '(', token->length);
    return memchr(token->text, '=', open != NULL ? (size_t)(open - token->text) : token->length);
}

/* ---- Parameters ---- */

bool stria_parser_substitute_value(stria_parser *p, stria_reading *r, const stria_token *at,
                                   const char **value, size_t *length)
{
    stria_substituted result;
    char *room = r->room + r->used;
    switch (stria_substitute(*value, *length, p->at.scope->parameters, p->at.scope->parameter_count, room,
                             sizeof r->room - r->used, &result)) {
    case STRIA_SUBSTITUTION_NONE:
        break;
    case STRIA_SUBSTITUTION_DONE:
        *value = room;
        *length = result.length;
        r->used += result.length;
        break;
    case STRIA_SUBSTITUTION_MISTAKE:
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, at, "'%.*s': %s",
                                at->length > 60 ? 60 : (int)at->length, at->text, result.mistake);
        return false;
    }
    return true;
}

/* key=value with the value's parameters put in. */
static bool substitute_argument(stria_parser *p, stria_reading *r, stria_token *token)
{
    const char *equals = stria_token_equals(token);
    size_t key = equals != NULL ? (size_t)(equals - token->text) + 1 : 0;
    const char *value = token->text + key;
    size_t length = token->length - key, before = r->used;
    if (key > sizeof r->room - r->used)
        return true;
    r->used += key;
    if (!stria_parser_substitute_value(p, r, token, &value, &length))
        return false;
    if (value == token->text + key) {
        r->used = before;
        return true;
    }
    memcpy(r->room + before, token->text, key);
    token->text = r->room + before;
    token->length = key + length;
    return true;
}

bool stria_parser_substitute(stria_parser *p, stria_reading *r)
{
    bool good = true;
    stria_statement *s = &r->s;
    r->kind = s->kind;
    memcpy(r->written, s->arguments, s->argument_count * sizeof s->arguments[0]);
    for (size_t i = 0; i < p->at.scope->parameter_count; i++) {
        const stria_block_parameter *parameter = &p->at.scope->parameters[i];
        if (parameter->name_length == s->kind.length &&
            memcmp(parameter->name, s->kind.text, s->kind.length) == 0) {
            s->kind.text = parameter->value;
            s->kind.length = parameter->value_length;
            break;
        }
    }
    for (size_t i = 0; i < s->argument_count; i++)
        good = substitute_argument(p, r, &s->arguments[i]) && good;
    return good;
}

/* ---- Outputs ---- */

/* An output line in a block says which of its layers the block gives. */
static void read_block_output(stria_parser *p, const stria_statement *s, const size_t *nodes, size_t count)
{
    if (count != 1)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->inputs[1], "a block has one output");
    else if (*p->at.scope->output >= 0)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->kind, "the block has an output line already");
    else
        *p->at.scope->output = (int)nodes[0];
}

/* All of a line's outputs are taken, or none. */
void stria_parser_read_output(stria_parser *p, const stria_statement *s)
{
    stria_model *model = p->model;
    size_t nodes[STRIA_MAX_INPUTS], count, before = p->failures;
    if (s->name.length > 0)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->name,
                                "an output line has no name of its own; name the layer it shows");
    for (size_t i = 0; i < s->argument_count; i++)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->arguments[i],
                                "output takes names in ( ), as in output(a, b)");
    if (!stria_parser_find_inputs(p, s, nodes, &count))
        return;
    if (p->at.scope->output != NULL) {
        read_block_output(p, s, nodes, count);
        return;
    }
    bool were_named = model->outputs_named;
    size_t old_count = model->output_count, old_first = old_count > 0 ? model->outputs[0] : 0;
    for (size_t i = 0; i < count; i++) {
        stria_error error = {0};
        if (stria_model_add_output(model, nodes[i], &error) == STRIA_OK)
            continue;
        p->out_of_memory = p->out_of_memory || error.code == STRIA_ERROR_MEMORY;
        stria_parser_tell_token(p, error.code, s->has_inputs ? &s->inputs[i] : &s->kind, "%s", error.message);
    }
    if (p->failures > before) {
        model->outputs_named = were_named;
        model->output_count = old_count;
        if (old_count > 0)
            model->outputs[0] = old_first;
    }
}

/* ---- Layers ---- */

static bool is_activation(const stria_token *word)
{
    return stria_function_is_word(&stria_activation_functions, word->text, word->length);
}

bool stria_parser_is_kind(const stria_token *word)
{
    return stria_layer_kind_by_name(word->text, word->length) != NULL || is_activation(word);
}

/* The number of the line below that defines a block of that name, or 0. */
static int find_block_below(const stria_parser *p, const stria_token *word)
{
    for (size_t i = (size_t)stria_parser_line(p) + 1; i < p->line_count; i++) {
        const stria_source_line *line = &p->lines[i];
        stria_statement s;
        stria_argument_mistake mistake;
        if (line->opens && stria_statement_read(&s, line->text, (size_t)line->length, &mistake) &&
            s.structure == STRIA_BLOCK && s.name.length == word->length &&
            memcmp(s.name.text, word->text, word->length) == 0)
            return line->number;
    }
    return 0;
}

void stria_parser_tell_unknown_kind(stria_parser *p, const stria_token *word)
{
    int below = stria_parser_can_tell(p) ? find_block_below(p, word) : 0;
    if (below > 0) {
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, word,
                                "block '%.*s' is defined below, at line %d; a block stands above its uses",
                                (int)word->length, word->text, below);
        return;
    }
    const char *nearest = stria_layer_kind_nearest(word->text, word->length);
    size_t length = nearest != NULL ? strlen(nearest) : 0;
    size_t distance = nearest != NULL ? stria_text_distance(word->text, word->length, nearest, length)
                                      : word->length / 3 + 2;
    for (size_t i = 0; stria_parser_can_tell(p) && i < p->blocks.capacity; i++) {
        const stria_name_entry *block = &p->blocks.entries[i];
        size_t own = block->name == NULL
                         ? distance
                         : stria_text_distance(word->text, word->length, block->name, block->length);
        if (own < distance) {
            nearest = block->name;
            length = block->length;
            distance = own;
        }
    }
    stria_layer_wrapper_info wrapper;
    for (size_t i = 0; stria_layer_wrapper_describe(i, &wrapper); i++) {
        size_t own = stria_text_distance(word->text, word->length, wrapper.name, strlen(wrapper.name));
        if (own < distance) {
            nearest = wrapper.name;
            length = strlen(wrapper.name);
            distance = own;
        }
    }
    if (stria_parser_can_tell(p))
        stria_parser_nearest_name(p, word, &nearest, &length, &distance);
    int shown = word->length > 60 ? 60 : (int)word->length;
    if (nearest != NULL)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, word, "there is no layer '%.*s'; did you mean '%.*s'?",
                                shown, word->text, (int)length, nearest);
    else
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, word,
                                "there is no layer '%.*s'; 'stria help layers' lists them", shown,
                                word->text);
}

/* The line f(x) of an earlier layer f: that layer again. */
static const stria_layer_kind *find_owner(stria_parser *p, stria_reading *r, stria_new_layer *layer)
{
    stria_token word = r->s.kind;
    word.column = r->kind.column;
    int shown = word.length > 60 ? 60 : (int)word.length;
    int node = stria_parser_find_node(p, &word);
    if (node == STRIA_NONE_YET) {
        stria_parser_tell_unknown_kind(p, &word);
    } else if (node == STRIA_NO_LAYER) {
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &word,
                                "'%.*s' is what a block takes or gives; only a layer can be used again",
                                shown, word.text);
    } else if (node >= 0 && p->model->nodes[node].kind->max_inputs == 0) {
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &word, "'%.*s' is an input and cannot be used again",
                                shown, word.text);
    } else if (node >= 0 && r->s.wrapper != STRIA_WRAPPER_NONE) {
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &word,
                                "'%.*s' is a layer that is used again: %s belongs before its own line", shown,
                                word.text, stria_wrapper_name(r->s.wrapper));
    } else if (node >= 0 && r->s.argument_count > 0) {
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &r->written[0],
                                "'%.*s' is a layer that is used again: it has its arguments already", shown,
                                word.text);
    } else if (node >= 0) {
        layer->again = true;
        layer->owner = p->model->nodes[node].owner;
        layer->wrapper = p->model->nodes[node].wrapper;
        return p->model->nodes[node].kind;
    }
    return NULL;
}

/* The kind of a line. The name of an activation by itself is short for `activation NAME`. */
static const stria_layer_kind *find_kind(stria_parser *p, stria_reading *r, stria_new_layer *layer)
{
    stria_statement *s = &r->s;
    const stria_layer_kind *kind = stria_layer_kind_by_name(s->kind.text, s->kind.length);
    if (kind != NULL)
        return kind;
    if (is_activation(&s->kind) && s->argument_count < STRIA_MAX_ARGUMENTS) {
        memmove(s->arguments + 1, s->arguments, s->argument_count * sizeof s->arguments[0]);
        memmove(r->written + 1, r->written, s->argument_count * sizeof r->written[0]);
        s->arguments[0] = s->kind;
        r->written[0] = r->kind;
        s->argument_count++;
        return stria_layer_kind_by_name("activation", strlen("activation"));
    }
    return find_owner(p, r, layer);
}

static bool check_input_count(stria_parser *p, const stria_layer_kind *kind, const stria_reading *r)
{
    const stria_statement *s = &r->s;
    if (kind->max_inputs == 0) {
        if (s->has_inputs)
            stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->inputs[0], "%s takes no inputs", kind->name);
        else if (p->at.scope->output != NULL)
            stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &r->kind,
                                    "a block has no input lines: it gets its inputs where it is used");
        return !s->has_inputs && p->at.scope->output == NULL;
    }
    size_t count = s->has_inputs ? s->input_count : 1;
    if (count >= kind->min_inputs && count <= kind->max_inputs)
        return true;
    if (kind->min_inputs == kind->max_inputs)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &r->kind, "%s takes %zu input%s, not %zu", kind->name,
                                kind->min_inputs, kind->min_inputs == 1 ? "" : "s", count);
    else
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &r->kind,
                                "%s takes at least %zu inputs, named in ( ), as in %s(a, b)", kind->name,
                                kind->min_inputs, kind->name);
    return false;
}

typedef struct argument_place {
    stria_parser *parser;
    const stria_reading *reading;
} argument_place;

/* Brings a mistake in an argument back to where the text has it. */
static void tell_argument(const stria_argument_mistake *mistake, void *payload)
{
    const argument_place *place = payload;
    const stria_reading *r = place->reading;
    int column = mistake->column, length = mistake->length;
    if (column >= ARGUMENT_COLUMNS) {
        int index = column / ARGUMENT_COLUMNS - 1, offset = column % ARGUMENT_COLUMNS;
        const stria_token *now = &r->s.arguments[index], *written = &r->written[index];
        if (now->text != written->text && offset + length == (int)now->length)
            length = (int)written->length - offset;
        column = written->column + offset;
    }
    stria_parser_tell(place->parser, STRIA_ERROR_SYNTAX, column, length, mistake->message);
}

static void read_arguments(stria_parser *p, stria_reading *r, const stria_layer_kind *kind, void *config)
{
    stria_statement *s = &r->s;
    argument_place place = {p, r};
    for (size_t i = 0; i < s->argument_count; i++)
        s->arguments[i].column = (int)(i + 1) * ARGUMENT_COLUMNS;
    stria_arguments_read(kind->name, kind->arguments, kind->argument_count, s->arguments, s->argument_count,
                         s->end_column, config, tell_argument, &place);
}

void stria_parser_read_layer(stria_parser *p, stria_reading *r)
{
    size_t before = p->failures;
    stria_statement *s = &r->s;
    stria_full_name full;
    unsigned count = 1;
    union {
        double number;
        int64_t integer;
        void *pointer;
        unsigned char bytes[MAX_CONFIG];
    } config;
    memset(&config, 0, sizeof config);
    stria_new_layer layer = {.wrapper = s->wrapper,
                             .config = &config,
                             .prefix = p->at.scope->prefix,
                             .prefix_length = p->at.scope->prefix_length,
                             .part = p->at.scope->part};
    layer.kind = find_kind(p, r, &layer);
    if (s->name.length > 0 && stria_parser_new_name(p, &s->name, &full, &count)) {
        layer.name = full.text;
        layer.name_length = full.length;
    }
    bool usable = layer.kind != NULL && check_input_count(p, layer.kind, r);
    if (layer.kind == NULL || layer.kind->max_inputs > 0)
        usable = stria_parser_find_inputs(p, s, layer.inputs, &layer.input_count) && usable;
    assert(layer.kind == NULL || layer.kind->config_size <= sizeof config);
    if (layer.kind != NULL && !layer.again)
        read_arguments(p, r, layer.kind, &config);
    if (!usable || p->failures > before) {
        stria_parser_poison(p, &s->name);
        return;
    }
    if (layer.again)
        layer.config = p->model->nodes[layer.owner].config;
    stria_error error = {0};
    if (stria_model_add_layer(p->model, &layer, &error) != STRIA_OK) {
        p->out_of_memory = p->out_of_memory || error.code == STRIA_ERROR_MEMORY;
        stria_parser_tell_token(p, error.code, &r->kind, "%s", error.message);
        stria_parser_poison(p, &s->name);
        p->stopped = p->stopped || p->model->node_count == STRIA_MAX_LAYERS;
        return;
    }
    p->previous = (int)p->model->node_count - 1;
    if (s->name.length > 0 && p->at.scope->repeats) {
        stria_parser_full_name(p, &s->name, &full);
        stria_parser_define(p, &full, p->previous, count)->is_layer = true;
    }
}

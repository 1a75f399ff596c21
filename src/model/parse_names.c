/* Names in model text. Inside a block a name means what the same use of the block defines; in the model it
 * has the use's name before it: residual_1.conv2d. Most names are those of nodes; the others, and those that
 * had a mistake, are symbols. */
#include <string.h>

#include "model/parse_inside.h"

/* Mistakes for which the names of all layers are compared: it takes a while where there are thousands. */
#define MAX_SUGGESTIONS 20

void stria_parser_full_name(const stria_parser *p, const stria_token *name, stria_full_name *full)
{
    size_t prefix = p->at.scope->prefix_length;
    memcpy(full->text, p->at.scope->prefix, prefix);
    memcpy(full->text + prefix, name->text, name->length);
    full->length = prefix + name->length;
    full->text[full->length] = '\0';
}

stria_symbol *stria_parser_symbol(const stria_parser *p, const stria_full_name *name)
{
    const size_t *index = stria_name_table_find(&p->symbol_names, name->text, name->length);
    return index != NULL ? &p->symbols[*index] : NULL;
}

stria_symbol *stria_parser_define(stria_parser *p, const stria_full_name *name, int node, unsigned count)
{
    const stria_allocator *allocator = &p->model->context->allocator;
    stria_symbol *symbol = stria_parser_symbol(p, name);
    if (symbol == NULL) {
        char *copy = stria_arena_copy_text(&p->arena, name->text, name->length);
        if (copy == NULL || !stria_name_table_reserve(&p->symbol_names, allocator) ||
            !stria_grow(allocator, (void **)&p->symbols, &p->symbol_capacity, p->symbol_count + 1,
                        sizeof *p->symbols)) {
            p->out_of_memory = p->stopped = true;
            return &p->no_symbol;
        }
        symbol = &p->symbols[p->symbol_count];
        symbol->name = copy;
        symbol->length = name->length;
        stria_name_table_add(&p->symbol_names, copy, name->length, p->symbol_count++);
    }
    symbol->node = node;
    symbol->line = stria_parser_line(p);
    symbol->count = count;
    symbol->is_layer = false;
    return symbol;
}

bool stria_parser_is_taken(const stria_parser *p, const stria_full_name *name)
{
    return stria_parser_symbol(p, name) != NULL ||
           stria_model_find_node(p->model, name->text, name->length) >= 0;
}

void stria_parser_poison(stria_parser *p, const stria_token *name)
{
    stria_full_name full;
    p->previous = STRIA_HAD_MISTAKE;
    if (name->length == 0)
        return;
    stria_parser_full_name(p, name, &full);
    const stria_symbol *symbol = stria_parser_symbol(p, &full);
    if (symbol != NULL ? symbol->line == stria_parser_line(p) : !stria_parser_is_taken(p, &full))
        stria_parser_define(p, &full, -1, 0);
}

bool stria_parser_new_name(stria_parser *p, const stria_token *name, stria_full_name *full, unsigned *count)
{
    stria_parser_full_name(p, name, full);
    *count = 1;
    const stria_symbol *symbol = stria_parser_symbol(p, full);
    if (symbol != NULL && symbol->node >= 0 && symbol->line == stria_parser_line(p)) {
        *count = symbol->count + 1;
        full->length +=
            (size_t)stria_format(full->text + full->length, sizeof full->text - full->length, "_%u", *count);
        if (!stria_parser_is_taken(p, full))
            return true;
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, name,
                                "the name '%.*s_%u', which '%.*s' gets in turn %u, is already in use",
                                (int)name->length, name->text, *count, (int)name->length, name->text, *count);
        return false;
    }
    if (stria_name_table_find(&p->blocks, name->text, name->length) != NULL) {
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, name, "the name '%.*s' is that of a block",
                                (int)name->length, name->text);
        return false;
    }
    if (!stria_parser_is_taken(p, full))
        return true;
    stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, name, "the name '%.*s' is already in use",
                            (int)name->length, name->text);
    return false;
}

/* ---- Finding ---- */

/* Takes the candidate as the nearest when it is a name of this scope and nearer. */
static void consider(const stria_parser *p, const stria_token *name, const char *candidate, size_t length,
                     const char **best, size_t *best_length, size_t *best_distance)
{
    size_t prefix = p->at.scope->prefix_length;
    if (length <= prefix || memcmp(candidate, p->at.scope->prefix, prefix) != 0)
        return;
    size_t distance = stria_text_distance(name->text, name->length, candidate + prefix, length - prefix);
    if (distance >= *best_distance)
        return;
    *best_distance = distance;
    *best = candidate + prefix;
    *best_length = length - prefix;
}

void stria_parser_nearest_name(const stria_parser *p, const stria_token *name, const char **best,
                               size_t *length, size_t *distance)
{
    if (p->told >= MAX_SUGGESTIONS)
        return;
    for (size_t i = 0; i < p->model->node_count; i++) {
        const char *candidate = p->model->nodes[i].name;
        consider(p, name, candidate, strlen(candidate), best, length, distance);
    }
    for (size_t i = 0; i < p->symbol_count; i++)
        if (p->symbols[i].node >= 0)
            consider(p, name, p->symbols[i].name, p->symbols[i].length, best, length, distance);
}

static void tell_unknown(stria_parser *p, const stria_token *name)
{
    const char *best = NULL;
    size_t length = 0, distance = name->length / 3 + 2;
    bool inside = p->at.scope->prefix_length > 0;
    if (stria_parser_can_tell(p))
        stria_parser_nearest_name(p, name, &best, &length, &distance);
    if (best != NULL)
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, name,
                                "no line above is named '%.*s'; did you mean '%.*s'?", (int)name->length,
                                name->text, (int)length, best);
    else
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, name, "no line above%s is named '%.*s'",
                                inside ? " in this block" : "", (int)name->length, name->text);
}

/* The node of a name, -1 when it is unknown, -2 when its line had a mistake. */
static int find_node(const stria_parser *p, const stria_token *name)
{
    stria_full_name full;
    stria_parser_full_name(p, name, &full);
    const stria_symbol *symbol = stria_parser_symbol(p, &full);
    if (symbol != NULL)
        return symbol->node >= 0 ? symbol->node : STRIA_HAD_MISTAKE;
    return stria_model_find_node(p->model, full.text, full.length);
}

int stria_parser_find_node(const stria_parser *p, const stria_token *name)
{
    stria_full_name full;
    stria_parser_full_name(p, name, &full);
    const stria_symbol *symbol = stria_parser_symbol(p, &full);
    if (symbol != NULL && symbol->node >= 0 && !symbol->is_layer)
        return STRIA_NO_LAYER;
    return find_node(p, name);
}

bool stria_parser_find_inputs(stria_parser *p, const stria_statement *s, size_t *nodes, size_t *count)
{
    bool usable = true;
    *count = s->input_count;
    if (!s->has_inputs) {
        *count = 1;
        if (p->previous == STRIA_NONE_YET)
            stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &s->kind,
                                    "%.*s has no input: a model begins with a line such as 'input 28x28x1'",
                                    (int)s->kind.length, s->kind.text);
        if (p->previous < 0)
            return false;
        nodes[0] = (size_t)p->previous;
        return true;
    }
    for (size_t i = 0; i < s->input_count; i++) {
        int node = find_node(p, &s->inputs[i]);
        usable = usable && node >= 0;
        if (node >= 0)
            nodes[i] = (size_t)node;
        else if (node != STRIA_HAD_MISTAKE)
            tell_unknown(p, &s->inputs[i]);
    }
    return usable;
}

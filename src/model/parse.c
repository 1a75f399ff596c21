/* Reading model text. Each line is taken apart, its kind found, its arguments read by the kind's table and
 * the layer added to the graph. Reading goes on after a mistake, so that all of a file's mistakes are told in
 * one go; lines that build on a line with a mistake are only read, not added. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/text.h"
#include "model/model.h"
#include "model/statement.h"

/* After so many mistakes the rest is not worth telling. */
#define MAX_MISTAKES 100
#define MAX_LINE     4096
#define MAX_CONFIG   1024

typedef struct parser {
    stria_model *model;
    stria_diagnostic_fn diagnostic;
    void *payload;
    const char *file;
    int line;
    const char *source; /* of the line, with its end */
    size_t mistakes;
    stria_status first_code;
    stria_error *err;
    bool out_of_memory;
    int previous;        /* node of the line above; -1 none yet, -2 it had a mistake */
    stria_text poisoned; /* names of lines with mistakes, each between newlines */
} parser;

enum { NONE_YET = -1, HAD_MISTAKE = -2 };

/* ---- Mistakes ---- */

/* The first mistake goes to the error with its line and a caret; all go to the callback. */
static void tell(parser *p, stria_status code, int column, int length, const char *message)
{
    if (p->mistakes++ == 0) {
        char marks[64];
        int marked = length < (int)sizeof marks - 1 ? length : (int)sizeof marks - 1;
        marks[0] = '^';
        for (int i = 1; i < marked; i++)
            marks[i] = '~';
        marks[marked] = '\0';
        p->first_code = code;
        stria_fail(p->err, code, "%s%s%d:%d: %s\n  %s\n  %*s%s", p->file, p->file[0] != '\0' ? ":" : "",
                   p->line, column, message, p->source, column - 1, "", marks);
    }
    if (p->diagnostic != NULL && p->mistakes <= MAX_MISTAKES)
        p->diagnostic(&(stria_diagnostic){.file = p->file,
                                          .line = p->line,
                                          .column = column,
                                          .length = length,
                                          .message = message,
                                          .source = p->source},
                      p->payload);
}

static void STRIA_PRINTF_LIKE(4, 5)
    tell_token(parser *p, stria_status code, const stria_token *token, const char *format, ...)
{
    char message[512];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    tell(p, code, token->column, token->length == 0 ? 1 : (int)token->length, message);
}

static void tell_argument(const stria_argument_mistake *mistake, void *payload)
{
    tell(payload, STRIA_ERROR_SYNTAX, mistake->column, mistake->length, mistake->message);
}

/* ---- Names ---- */

static bool is_poisoned(const parser *p, const stria_token *name)
{
    char key[MAX_LINE + 3];
    snprintf(key, sizeof key, "\n%.*s\n", (int)name->length, name->text);
    return p->poisoned.bytes != NULL && strstr(p->poisoned.bytes, key) != NULL;
}

static void poison(parser *p, const stria_statement *s)
{
    p->previous = HAD_MISTAKE;
    if (s->name.length > 0)
        stria_text_format(&p->poisoned, "\n%.*s\n", (int)s->name.length, s->name.text);
}

static const char *nearest_name(const parser *p, const stria_token *name)
{
    const char *best = NULL;
    size_t best_distance = name->length / 3 + 2;
    for (size_t i = 0; i < p->model->node_count; i++) {
        const char *candidate = p->model->nodes[i].name;
        size_t distance = stria_text_distance(name->text, name->length, candidate, strlen(candidate));
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

/* Finds the nodes that a line names, or the line above. Returns false when one cannot be used; a name that is
 * unknown is told, one that had a mistake itself is not. */
static bool find_inputs(parser *p, const stria_statement *s, size_t *nodes, size_t *count)
{
    bool usable = true;
    *count = s->input_count;
    if (!s->has_inputs) {
        *count = 1;
        if (p->previous == NONE_YET)
            tell_token(p, STRIA_ERROR_SYNTAX, &s->kind,
                       "%.*s has no input: a model begins with a line such as 'input 28x28x1'",
                       (int)s->kind.length, s->kind.text);
        if (p->previous < 0)
            return false;
        nodes[0] = (size_t)p->previous;
        return true;
    }
    for (size_t i = 0; i < s->input_count; i++) {
        const stria_token *name = &s->inputs[i];
        int node = stria_model_find_node(p->model, name->text, name->length);
        if (node < 0) {
            usable = false;
            if (is_poisoned(p, name))
                continue;
            const char *nearest = nearest_name(p, name);
            tell_token(p, STRIA_ERROR_SYNTAX, name, "no line above is named '%.*s'%s%s%s", (int)name->length,
                       name->text, nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                       nearest != NULL ? "'?" : "");
            continue;
        }
        nodes[i] = (size_t)node;
    }
    return usable;
}

/* ---- Lines ---- */

static bool token_is(const stria_token *token, const char *word)
{
    return strlen(word) == token->length && memcmp(token->text, word, token->length) == 0;
}

/* All of a line's outputs are taken, or none. */
static void read_output(parser *p, const stria_statement *s)
{
    stria_model *model = p->model;
    size_t nodes[STRIA_MAX_INPUTS], count, before = p->mistakes;
    if (s->name.length > 0)
        tell_token(p, STRIA_ERROR_SYNTAX, &s->name,
                   "an output line has no name of its own; name the layer it shows");
    for (size_t i = 0; i < s->argument_count; i++)
        tell_token(p, STRIA_ERROR_SYNTAX, &s->arguments[i], "output takes names in ( ), as in output(a, b)");
    if (!find_inputs(p, s, nodes, &count))
        return;
    bool were_named = model->outputs_named;
    size_t old_count = model->output_count, old_first = old_count > 0 ? model->outputs[0] : 0;
    for (size_t i = 0; i < count; i++) {
        stria_error error = {0};
        if (stria_model_add_output(model, nodes[i], &error) == STRIA_OK)
            continue;
        p->out_of_memory = p->out_of_memory || error.code == STRIA_ERROR_MEMORY;
        tell_token(p, error.code, s->has_inputs ? &s->inputs[i] : &s->kind, "%s", error.message);
    }
    if (p->mistakes > before) {
        model->outputs_named = were_named;
        model->output_count = old_count;
        if (old_count > 0)
            model->outputs[0] = old_first;
    }
}

/* The kind of a line. The name of an activation by itself is short for `activation NAME`. */
static const stria_layer_kind *find_kind(parser *p, stria_statement *s)
{
    const stria_layer_kind *kind = stria_layer_kind_by_name(s->kind.text, s->kind.length);
    if (kind != NULL)
        return kind;
    for (size_t i = 0; stria_activation_text(i) != NULL; i++) {
        if (!token_is(&s->kind, stria_activation_text(i)) || s->argument_count == STRIA_MAX_ARGUMENTS)
            continue;
        memmove(s->arguments + 1, s->arguments, s->argument_count * sizeof s->arguments[0]);
        s->arguments[0] = s->kind;
        s->argument_count++;
        return stria_layer_kind_by_name("activation", strlen("activation"));
    }
    const char *nearest = stria_layer_kind_nearest(s->kind.text, s->kind.length);
    tell_token(p, STRIA_ERROR_SYNTAX, &s->kind, "there is no layer '%.*s'%s%s%s",
               s->kind.length > 60 ? 60 : (int)s->kind.length, s->kind.text,
               nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
               nearest != NULL ? "'?" : "; 'stria help layers' lists them");
    return NULL;
}

static bool check_input_count(parser *p, const stria_layer_kind *kind, const stria_statement *s)
{
    if (kind->max_inputs == 0) {
        if (s->has_inputs)
            tell_token(p, STRIA_ERROR_SYNTAX, &s->inputs[0], "%s takes no inputs", kind->name);
        return !s->has_inputs;
    }
    size_t count = s->has_inputs ? s->input_count : 1;
    if (count >= kind->min_inputs && count <= kind->max_inputs)
        return true;
    if (kind->min_inputs == kind->max_inputs)
        tell_token(p, STRIA_ERROR_SYNTAX, &s->kind, "%s takes %zu input%s, not %zu", kind->name,
                   kind->min_inputs, kind->min_inputs == 1 ? "" : "s", count);
    else
        tell_token(p, STRIA_ERROR_SYNTAX, &s->kind,
                   "%s takes at least %zu inputs, named in ( ), as in %s(a, b)", kind->name, kind->min_inputs,
                   kind->name);
    return false;
}

static void read_layer(parser *p, stria_statement *s)
{
    size_t before = p->mistakes;
    stria_new_layer layer = {0};
    union {
        double number;
        int64_t integer;
        void *pointer;
        unsigned char bytes[MAX_CONFIG];
    } config;
    memset(&config, 0, sizeof config);
    layer.kind = find_kind(p, s);
    layer.config = &config;
    if (s->name.length > 0) {
        layer.name = s->name.text;
        layer.name_length = s->name.length;
        if (stria_model_find_node(p->model, layer.name, layer.name_length) >= 0 || is_poisoned(p, &s->name))
            tell_token(p, STRIA_ERROR_SYNTAX, &s->name, "the name '%.*s' is already in use",
                       (int)s->name.length, s->name.text);
    }
    bool usable = layer.kind != NULL && check_input_count(p, layer.kind, s);
    if (layer.kind == NULL || layer.kind->max_inputs > 0)
        usable = find_inputs(p, s, layer.inputs, &layer.input_count) && usable;
    assert(layer.kind == NULL || layer.kind->config_size <= sizeof config);
    if (layer.kind != NULL)
        stria_arguments_read(layer.kind->name, layer.kind->arguments, layer.kind->argument_count,
                             s->arguments, s->argument_count, s->end_column, &config, tell_argument, p);
    if (!usable || p->mistakes > before) {
        poison(p, s);
        return;
    }
    stria_error error = {0};
    if (stria_model_add_layer(p->model, &layer, &error) != STRIA_OK) {
        p->out_of_memory = p->out_of_memory || error.code == STRIA_ERROR_MEMORY;
        tell_token(p, error.code, &s->kind, "%s", error.message);
        poison(p, s);
        return;
    }
    p->previous = (int)p->model->node_count - 1;
}

static void read_line(parser *p, const char *line, size_t length)
{
    stria_statement s;
    stria_argument_mistake mistake;
    char source[MAX_LINE + 1];
    while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == '\n'))
        length--;
    size_t shown = length < MAX_LINE ? length : MAX_LINE;
    memcpy(source, line, shown);
    source[shown] = '\0';
    p->source = source;
    if (length > MAX_LINE) {
        snprintf(source + 60, 4, "...");
        tell(p, STRIA_ERROR_SYNTAX, 1, 1, "the line is longer than 4096 bytes");
        p->previous = HAD_MISTAKE;
        return;
    }
    if (!stria_statement_read(&s, line, length, &mistake)) {
        tell(p, STRIA_ERROR_SYNTAX, mistake.column, mistake.length, mistake.message);
        poison(p, &s);
    } else if (!s.empty && token_is(&s.kind, "output")) {
        read_output(p, &s);
    } else if (!s.empty) {
        read_layer(p, &s);
    }
}

/* ---- The public functions ---- */

static stria_status finish(parser *p)
{
    bool out_of_memory = p->out_of_memory || p->poisoned.failed;
    stria_text_free(&p->poisoned);
    if (out_of_memory)
        return stria_fail(p->err, STRIA_ERROR_MEMORY, "not enough memory to read the model text");
    return p->mistakes == 0 ? STRIA_OK : p->first_code;
}

stria_status stria_model_add(stria_model *model, const char *line, stria_error *err)
{
    parser p = {.model = model, .file = "", .line = (int)model->node_count + 1, .err = err};
    p.poisoned.allocator = &model->context->allocator;
    p.previous = (int)model->node_count - 1;
    if (strchr(line, '\n') != NULL)
        return stria_fail(err, STRIA_ERROR_SYNTAX, "one line at a time; stria_model_parse reads whole texts");
    read_line(&p, line, strlen(line));
    return finish(&p);
}

/* The first byte that no text has, or `length`. */
static size_t find_binary(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' && strchr("\t\r\n\f\v", text[i] == '\0' ? 1 : text[i]) == NULL)
            return i;
    return length;
}

static void read_lines(parser *p, const char *text, size_t length)
{
    for (size_t at = 0; at < length && p->mistakes < MAX_MISTAKES && !p->out_of_memory;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line_length = end != NULL ? (size_t)(end - (text + at)) : length - at;
        p->line++;
        read_line(p, text + at, line_length);
        at += line_length + 1;
    }
    p->source = "";
    p->line += p->line == 0; /* lines count from 1 in empty text too */
    if (p->mistakes == 0 && p->model->node_count == 0)
        tell(p, STRIA_ERROR_SYNTAX, 1, 1,
             "there is no layer in this model text; it begins with a line such as 'input 28x28x1'");
}

stria_status stria_model_parse(stria_model **model, stria_context *context, const char *text, size_t length,
                               const stria_parse_options *given, stria_error *err)
{
    stria_parse_options known;
    const stria_parse_options *options = &known;
    STRIA_TRY(stria_options_read(&known, sizeof known, given, "stria_parse_options", err));
    const char *file = options->file_name != NULL ? options->file_name : "";
    size_t binary = find_binary(text, length);
    if (binary < length)
        return stria_fail(err, STRIA_ERROR_SYNTAX, "%s%sthis is not model text: byte %zu is 0x%02x", file,
                          file[0] != '\0' ? ": " : "", binary + 1, (unsigned)(unsigned char)text[binary]);
    stria_model *m = NULL;
    STRIA_TRY(stria_model_create(&m, context, err));
    m->materialized = false;
    stria_error first = {0};
    parser p = {.model = m,
                .diagnostic = options->diagnostic,
                .payload = options->payload,
                .file = file,
                .err = &first,
                .previous = NONE_YET};
    p.poisoned.allocator = &context->allocator;
    read_lines(&p, text, length);
    stria_status status = finish(&p);
    if (status != STRIA_OK && p.mistakes > 1 && status != STRIA_ERROR_MEMORY)
        stria_fail(err, status, "%s\n(the first of %zu mistakes)", first.message, p.mistakes);
    else if (status != STRIA_OK)
        stria_fail(err, status, "%s", first.message);
    if (status == STRIA_OK && !options->without_parameters)
        status = stria_model_initialize(m, 0, err);
    if (status != STRIA_OK) {
        stria_model_free(m);
        return status;
    }
    *model = m;
    return STRIA_OK;
}

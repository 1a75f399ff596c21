/* Reading model text: cutting it into lines, finding what belongs to each block and repeat, and reading line
 * by line. Reading goes on after a mistake, so that all of a file's mistakes are told in one go; lines that
 * build on a line with a mistake are only read, not added. */
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "model/parse_inside.h"

/* ---- Lines ---- */

/* Where the blocks and repeats begin that have no end yet: each one's `end` is the index of the one around
 * it until its own is found. */
static void match_end(stria_parser *p, int *open, int index)
{
    const stria_source_line *line = &p->lines[index];
    stria_statement s;
    stria_argument_mistake mistake;
    if (line->length > STRIA_MAX_LINE)
        return;
    stria_statement_read(&s, line->text, (size_t)line->length, &mistake);
    if (s.structure == STRIA_BLOCK || s.structure == STRIA_REPEAT) {
        p->lines[index].opens = true;
        p->lines[index].end = *open;
        *open = index;
    } else if (s.structure == STRIA_END && *open >= 0) {
        int opening = *open;
        *open = p->lines[opening].end;
        p->lines[opening].end = index;
    }
}

/* Cuts the text into the lines that hold something. False without memory. */
static bool cut_lines(stria_parser *p, const char *text, size_t length)
{
    int number = 0, open = -1;
    for (size_t at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t line_length = end != NULL ? (size_t)(end - (text + at)) : length - at;
        const char *line = text + at;
        at += line_length + 1;
        number++;
        while (line_length > 0 && line[line_length - 1] == '\r')
            line_length--;
        size_t blanks = 0;
        while (blanks < line_length && strchr(" \t\v\f\r", line[blanks]) != NULL)
            blanks++;
        if (line_length <= STRIA_MAX_LINE && (blanks == line_length || line[blanks] == '#'))
            continue;
        if (!stria_grow(&p->model->context->allocator, (void **)&p->lines, &p->line_capacity,
                        p->line_count + 1, sizeof *p->lines))
            return false;
        p->lines[p->line_count++] = (stria_source_line){
            .text = line,
            .length = line_length > STRIA_MAX_LINE ? STRIA_MAX_LINE + 1 : (int)line_length,
            .number = number,
            .end = -1};
        match_end(p, &open, (int)p->line_count - 1);
    }
    while (open >= 0) {
        int opening = open;
        open = p->lines[opening].end;
        p->lines[opening].end = -1;
    }
    return true;
}

static void read_layer_line(stria_parser *p, stria_reading *r)
{
    if (!stria_parser_substitute(p, r)) {
        stria_parser_poison(p, &r->s.name);
        return;
    }
    int block = stria_parser_is_kind(&r->s.kind) ? -1 : stria_parser_find_block(p, &r->s.kind);
    if (block >= 0 && r->s.wrapper != STRIA_WRAPPER_NONE) {
        stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &r->kind, "%s goes with one layer, not with a block",
                                stria_wrapper_name(r->s.wrapper));
        stria_parser_poison(p, &r->s.name);
    } else if (block >= 0) {
        stria_parser_use_block(p, r, block);
    } else {
        stria_parser_read_layer(p, r);
    }
}

/* Reads the current line; returns the index of the next. */
static int read_line(stria_parser *p)
{
    stria_reading r;
    stria_argument_mistake mistake;
    const stria_source_line *line = p->at.line;
    int next = stria_parser_line(p) + 1;
    r.used = 0;
    if (line->length > STRIA_MAX_LINE) {
        stria_parser_tell(p, STRIA_ERROR_SYNTAX, 1, 1, "the line is longer than 4096 bytes");
        p->previous = STRIA_HAD_MISTAKE;
        return next;
    }
    bool good = stria_statement_read(&r.s, line->text, (size_t)line->length, &mistake);
    if (!good)
        stria_parser_tell(p, STRIA_ERROR_SYNTAX, mistake.column, mistake.length, mistake.message);
    else if (r.s.empty)
        return next;
    switch (r.s.structure) {
    case STRIA_BLOCK:
        if (good)
            stria_parser_define_block(p, &r.s);
        return line->end >= 0 ? line->end + 1 : (int)p->line_count;
    case STRIA_REPEAT:
        if (good)
            stria_parser_repeat(p, &r);
        return line->end >= 0 ? line->end + 1 : (int)p->line_count;
    case STRIA_END:
        if (good)
            stria_parser_tell_token(p, STRIA_ERROR_SYNTAX, &r.s.kind, "there is no block or repeat to end");
        break;
    case STRIA_LAYER:
        if (!good)
            stria_parser_poison(p, &r.s.name);
        else if (stria_token_is(&r.s.kind, "output"))
            stria_parser_read_output(p, &r.s);
        else
            read_layer_line(p, &r);
        break;
    }
    return next;
}

void stria_parser_read_lines(stria_parser *p, const stria_scope *scope, int first, int last)
{
    const stria_place here = p->at;
    for (int i = first; i < last && !p->stopped;) {
        stria_parser_go(p, i, scope);
        if (scope->outer != NULL && ++p->readings_inside > STRIA_MAX_READINGS) {
            stria_parser_tell(p, STRIA_ERROR_LIMIT, 1, 1, "blocks and repeats make more than 100000 lines");
            p->stopped = true;
            break;
        }
        i = read_line(p);
    }
    p->at = here;
}

/* ---- The public functions ---- */

static const stria_scope whole_text = {.header = -1, .prefix = ""};

static stria_status finish(stria_parser *p)
{
    const stria_allocator *allocator = &p->model->context->allocator;
    stria_arena_clear(&p->arena);
    stria_release(allocator, p->symbols);
    stria_name_table_free(&p->symbol_names, allocator);
    stria_name_table_free(&p->blocks, allocator);
    if (p->out_of_memory)
        return stria_fail(p->err, STRIA_ERROR_MEMORY, "not enough memory to read the model text");
    return p->told == 0 ? STRIA_OK : p->first_code;
}

stria_status stria_model_add(stria_model *model, const char *text, stria_error *err)
{
    size_t length = strlen(text);
    stria_source_line line = {.text = text,
                              .length = length > STRIA_MAX_LINE ? STRIA_MAX_LINE + 1 : (int)length,
                              .number = (int)model->node_count + 1,
                              .end = -1};
    stria_parser p = {.model = model,
                      .file = "",
                      .err = err,
                      .lines = &line,
                      .line_count = 1,
                      .arena = {.allocator = &model->context->allocator},
                      .previous = (int)model->node_count - 1};
    stria_statement s;
    stria_argument_mistake mistake;
    if (strchr(text, '\n') != NULL)
        return stria_fail(err, STRIA_ERROR_SYNTAX, "one line at a time; stria_model_parse reads whole texts");
    stria_parser_go(&p, 0, &whole_text);
    if (line.length <= STRIA_MAX_LINE && stria_statement_read(&s, text, length, &mistake) &&
        s.structure != STRIA_LAYER)
        stria_parser_tell_token(&p, STRIA_ERROR_SYNTAX, &s.kind,
                                "'%.*s' belongs to several lines; stria_model_parse reads whole texts",
                                (int)s.kind.length, s.kind.text);
    else
        stria_parser_read_lines(&p, &whole_text, 0, 1);
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

/* The last line's layer is the output, and of a block that is not always its last layer. */
static void add_last_output(stria_parser *p)
{
    stria_model *model = p->model;
    stria_error err = {0};
    if (p->told > 0 || model->outputs_named || p->previous < 0 ||
        (size_t)p->previous + 1 == model->node_count)
        return;
    if (stria_model_add_output(model, (size_t)p->previous, &err) != STRIA_OK)
        p->out_of_memory = true;
}

static stria_status read_text(stria_parser *p, const char *text, size_t length)
{
    stria_source_line end = {.text = "", .number = 1, .end = -1};
    for (size_t i = 0; i + 1 < length; i++)
        end.number += text[i] == '\n';
    if (cut_lines(p, text, length))
        stria_parser_read_lines(p, &whole_text, 0, (int)p->line_count);
    else
        p->out_of_memory = true;
    p->at = (stria_place){&end, &whole_text, ++p->readings};
    if (p->told == 0 && p->model->node_count == 0)
        stria_parser_tell(p, STRIA_ERROR_SYNTAX, 1, 1,
                          "there is no layer in this model text; it begins with a line such as 'input "
                          "28x28x1'");
    stria_release(&p->model->context->allocator, p->lines);
    add_last_output(p);
    return finish(p);
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
    if (length > INT_MAX)
        return stria_fail(err, STRIA_ERROR_LIMIT, "%s%sthe model text has more than 2^31 bytes", file,
                          file[0] != '\0' ? ": " : "");
    stria_model *m = NULL;
    STRIA_TRY(stria_model_create(&m, context, err));
    m->materialized = false;
    stria_error first = {0};
    stria_parser p = {.model = m,
                      .diagnostic = options->diagnostic,
                      .payload = options->payload,
                      .file = file,
                      .err = &first,
                      .arena = {.allocator = &context->allocator},
                      .previous = STRIA_NONE_YET};
    stria_status status = read_text(&p, text, length);
    if (status != STRIA_OK && p.told > 1 && status != STRIA_ERROR_MEMORY)
        stria_fail(err, status, "%s\n(the first of %zu mistakes)", first.message, p.told);
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

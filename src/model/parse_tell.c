/* Telling mistakes in model text: where, what, and in which use of a block. A line of a block or repeat that
 * is read several times tells its mistakes once. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "model/parse_inside.h"

bool stria_parser_can_tell(const stria_parser *p)
{
    return p->at.line->told == 0 || p->at.line->told == p->at.reading;
}

/* Appends " (in residual at line 12, in stage at line 30)". */
static void add_uses(const stria_parser *p, char *message, size_t size)
{
    size_t at = strlen(message);
    const char *before = " (";
    for (const stria_scope *scope = p->at.scope; scope != NULL && scope->outer != NULL;
         scope = scope->outer) {
        char use[2 * STRIA_MAX_NAME] = "";
        if (scope->block != NULL)
            snprintf(use, sizeof use, "%sin %.*s at line %d", before, scope->block_length, scope->block,
                     scope->used_at);
        else if (scope->turn > 1)
            snprintf(use, sizeof use, "%sin turn %d of the repeat at line %d", before, scope->turn,
                     scope->used_at);
        if (use[0] == '\0' || at + strlen(use) + 2 > size)
            continue;
        memcpy(message + at, use, strlen(use) + 1);
        at += strlen(use);
        before = ", ";
    }
    if (before[0] == ',')
        memcpy(message + at, ")", 2);
}

/* The first mistake goes to the error with its line and a caret; all go to the callback. */
void stria_parser_tell(stria_parser *p, stria_status code, int column, int length, const char *what)
{
    char source[STRIA_MAX_LINE + 1], message[1024];
    p->failures++;
    if (!stria_parser_can_tell(p))
        return;
    p->at.line->told = p->at.reading;
    bool whole = p->at.line->length <= STRIA_MAX_LINE;
    snprintf(source, sizeof source, "%.*s%s", whole ? p->at.line->length : 60, p->at.line->text,
             whole ? "" : "...");
    snprintf(message, sizeof message, "%s", what);
    add_uses(p, message, sizeof message);
    if (p->told++ == 0) {
        char marks[64];
        int marked = length < (int)sizeof marks - 1 ? length : (int)sizeof marks - 1;
        marks[0] = '^';
        for (int i = 1; i < marked; i++)
            marks[i] = '~';
        marks[marked] = '\0';
        p->first_code = code;
        stria_fail(p->err, code, "%s%s%d:%d: %s\n  %s\n  %*s%s", p->file, p->file[0] != '\0' ? ":" : "",
                   p->at.line->number, column, message, source, column - 1, "", marks);
    }
    if (p->diagnostic != NULL && p->told <= STRIA_MAX_MISTAKES)
        p->diagnostic(&(stria_diagnostic){.file = p->file,
                                          .line = p->at.line->number,
                                          .column = column,
                                          .length = length,
                                          .message = message,
                                          .source = source},
                      p->payload);
    p->stopped = p->stopped || p->told >= STRIA_MAX_MISTAKES;
}

void stria_parser_tell_token(stria_parser *p, stria_status code, const stria_token *token, const char *format,
                             ...)
{
    char message[512];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    stria_parser_tell(p, code, token->column, token->length == 0 ? 1 : (int)token->length, message);
}

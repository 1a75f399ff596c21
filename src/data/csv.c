/* Reading rows of comma-separated values. */
#include "data/csv.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

void stria_csv_begin(stria_csv *csv, const stria_allocator *allocator, void *bytes, size_t size,
                     const char *name)
{
    *csv = (stria_csv){
        .allocator = allocator, .bytes = bytes, .size = size, .name = name, .line = 1, .next_line = 1};
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        csv->at = 3;
}

void stria_csv_free(stria_csv *csv)
{
    stria_release(csv->allocator, (void *)csv->fields);
    csv->fields = NULL;
}

static stria_status fail_line(const stria_csv *csv, int64_t line, const char *what, stria_error *err)
{
    return stria_fail(err, STRIA_ERROR_FORMAT, "%s: line %lld: %s", csv->name, (long long)line, what);
}

static size_t end_of_line_at(const stria_csv *csv, size_t at)
{
    if (at < csv->size && csv->bytes[at] == '\n')
        return 1;
    return at + 1 < csv->size && csv->bytes[at] == '\r' && csv->bytes[at + 1] == '\n' ? 2 : 0;
}

static stria_status add_field(stria_csv *csv, size_t start, size_t end, stria_error *err)
{
    if (!stria_grow(csv->allocator, (void **)&csv->fields, &csv->capacity, csv->count + 1,
                    sizeof *csv->fields))
        return stria_fail_memory(err, (csv->count + 1) * sizeof *csv->fields);
    csv->fields[csv->count++] = csv->bytes + start;
    if (memchr(csv->bytes + start, '\0', end - start) != NULL)
        return fail_line(csv, csv->line, "a zero byte: this is no text", err);
    return STRIA_OK;
}

/* Takes a quoted field out of its quotes; `at` is behind the first. *end is behind the text, csv->at behind
 * the last quote. */
static stria_status unquote(stria_csv *csv, size_t *end, stria_error *err)
{
    size_t to = csv->at;
    for (; csv->at < csv->size; csv->at++) {
        const char byte = csv->bytes[csv->at];
        if (byte == '"') {
            csv->at++;
            if (csv->at == csv->size || csv->bytes[csv->at] != '"') {
                *end = to;
                return STRIA_OK;
            }
        }
        csv->next_line += byte == '\n';
        csv->bytes[to++] = byte;
    }
    return fail_line(csv, csv->line, "a quote that is opened and never closed", err);
}

/* Reads one field and what follows it; *last is whether the row ends with it. */
static stria_status read_field(stria_csv *csv, int *last, stria_error *err)
{
    size_t start = csv->at, end = start;
    if (csv->at < csv->size && csv->bytes[csv->at] == '"') {
        start = ++csv->at;
        STRIA_TRY(unquote(csv, &end, err));
    } else {
        while (csv->at < csv->size && csv->bytes[csv->at] != ',' && end_of_line_at(csv, csv->at) == 0) {
            if (csv->bytes[csv->at] == '"')
                return fail_line(csv, csv->next_line, "a quote within a field that does not begin with one",
                                 err);
            csv->at++;
        }
        end = csv->at;
    }
    STRIA_TRY(add_field(csv, start, end, err));
    const size_t line_end = end_of_line_at(csv, csv->at);
    *last = 1;
    if (line_end > 0) {
        csv->at += line_end;
        csv->next_line++;
    } else if (csv->at < csv->size) {
        if (csv->bytes[csv->at] != ',')
            return fail_line(csv, csv->next_line,
                             "text behind a closing quote: a comma or the end is expected", err);
        csv->at++;
        *last = 0;
    }
    csv->bytes[end] = '\0'; /* the comma, quote or end of line behind it has been read */
    return STRIA_OK;
}

stria_status stria_csv_next(stria_csv *csv, stria_error *err)
{
    csv->count = 0;
    for (size_t empty; (empty = end_of_line_at(csv, csv->at)) > 0; csv->next_line++)
        csv->at += empty;
    csv->line = csv->next_line;
    if (csv->at == csv->size)
        return STRIA_OK;
    for (int last = 0; !last;)
        STRIA_TRY(read_field(csv, &last, err));
    return STRIA_OK;
}

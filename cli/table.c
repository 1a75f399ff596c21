/* Tables in columns. See table.h. */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "terminal.h"
#include "text.h"

#define GAP          2
#define CONTINUED_BY 4 /* columns that the further lines of a row are set in */

cli_table cli_table_create(const cli_column *columns, size_t column_count)
{
    return (cli_table){.columns = columns, .column_count = column_count};
}

void cli_table_add(cli_table *table, const char *format, ...)
{
    if (table->out_of_memory) {
        return;
    }
    if (table->cell_count == table->cell_capacity) {
        const size_t capacity = table->cell_capacity == 0 ? 64 : 2 * table->cell_capacity;
        char **cells = realloc(table->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            table->out_of_memory = true;
            return;
        }
        table->cells = cells;
        table->cell_capacity = capacity;
    }
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *cell = length < 0 ? NULL : malloc((size_t)length + 1);
    if (cell == NULL) {
        table->out_of_memory = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(cell, (size_t)length + 1, format, arguments);
    va_end(arguments);
    for (char *c = cell; (c = strchr(c, '\n')) != NULL;) {
        *c = '?'; /* as names of files may have one: a row stays a row */
    }
    table->cells[table->cell_count++] = cell;
}

void cli_table_clear(cli_table *table)
{
    for (size_t i = 0; i < table->cell_count; i++) {
        free(table->cells[i]);
    }
    table->cell_count = 0;
}

void cli_table_free(cli_table *table)
{
    cli_table_clear(table);
    free(table->cells);
    *table = (cli_table){0};
}

/* Where each column stands: `line` of the row, from 0, and its width. */
typedef struct layout {
    int width[CLI_MOST_COLUMNS];
    size_t line[CLI_MOST_COLUMNS];
    int longest; /* columns that the widest line takes */
} layout;

/* Columns go on a line while they fit; the first line takes at least one. */
static layout lay_out(const cli_table *table, int screen)
{
    layout plan = {0};
    int at = 0;
    size_t line = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        int width = cli_text_width(table->columns[c].title);
        width = width < table->columns[c].min_width ? table->columns[c].min_width : width;
        for (size_t i = c; i < table->cell_count; i += table->column_count) {
            const int cell = cli_text_width(table->cells[i]);
            width = cell > width ? cell : width;
        }
        if (c > 0 && at + GAP + width > screen) {
            line++;
            at = CONTINUED_BY - GAP;
        }
        at += (c > 0 ? GAP : 0) + width;
        plan.width[c] = width;
        plan.line[c] = line;
        plan.longest = at > plan.longest ? at : plan.longest;
    }
    return plan;
}

/* Whether all cells of the row's line that begins at column `c` are empty. */
static bool is_empty_line(const cli_table *table, const layout *plan, char *const *cells, size_t c)
{
    const size_t line = plan->line[c];
    for (; c < table->column_count && plan->line[c] == line; c++) {
        if (*cells[c] != '\0') {
            return false;
        }
    }
    return true;
}

static void print_row(const cli_table *table, const layout *plan, char *const *cells, FILE *stream)
{
    int pending = 0; /* spaces owed: none are written at the end of a line */
    for (size_t c = 0; c < table->column_count; c++) {
        if (c > 0 && plan->line[c] != plan->line[c - 1]) {
            if (cells != NULL && is_empty_line(table, plan, cells, c)) {
                while (c + 1 < table->column_count && plan->line[c + 1] == plan->line[c]) {
                    c++;
                }
                continue;
            }
            fputc('\n', stream);
            pending = CONTINUED_BY;
        } else if (c > 0) {
            pending += GAP;
        }
        const char *text = cells != NULL ? cells[c] : table->columns[c].title;
        const int space = plan->width[c] - cli_text_width(text);
        if (table->columns[c].right) {
            pending += space;
        }
        if (*text != '\0') {
            fprintf(stream, "%*s", pending, "");
            cli_write_text(stream, text);
            pending = 0;
        }
        if (!table->columns[c].right) {
            pending += space;
        }
    }
    fputc('\n', stream);
}

int cli_table_print(const cli_table *table, FILE *stream, bool titles)
{
    if (table->out_of_memory) {
        return cli_fail_memory();
    }
    const cli_terminal terminal = cli_terminal_of(stream);
    const layout plan = lay_out(table, terminal.width);
    if (titles) {
        fputs(cli_style_text(&terminal, CLI_BOLD), stream);
        print_row(table, &plan, NULL, stream);
        fputs(cli_style_text(&terminal, CLI_PLAIN), stream);
        for (int i = 0; i < plan.longest; i++) {
            fputc('-', stream);
        }
        fputc('\n', stream);
    }
    for (size_t i = 0; i + table->column_count <= table->cell_count; i += table->column_count) {
        print_row(table, &plan, table->cells + i, stream);
    }
    return CLI_DONE;
}

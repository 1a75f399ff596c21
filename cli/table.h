/* Tables in columns that are never cut: where the screen is too narrow for a row, each row takes several
 * lines, and the columns stay aligned within those. Further lines that would be empty are left out. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <stria/export.h>

#define CLI_MOST_COLUMNS 32

typedef struct cli_column {
    const char *title;
    bool right;    /* numbers stand at the right */
    int min_width; /* so that tables printed row by row align */
} cli_column;

typedef struct cli_table {
    const cli_column *columns;
    size_t column_count;
    char **cells; /* row by row */
    size_t cell_count, cell_capacity;
    bool out_of_memory;
} cli_table;

/* A table of `columns`, which must outlive it. Free with cli_table_free. */
cli_table cli_table_create(const cli_column *columns, size_t column_count);

/* Adds the next cell of the row. Without memory the table remembers it, and printing fails. */
void cli_table_add(cli_table *table, const char *format, ...) STRIA_PRINTF_LIKE(2, 3);

/* Forgets the rows. */
void cli_table_clear(cli_table *table);

/* Prints the rows, under a line of titles when `titles`. Returns the exit status. */
int cli_table_print(const cli_table *table, FILE *stream, bool titles);

void cli_table_free(cli_table *table);

#endif

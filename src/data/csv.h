/* Rows of comma-separated values as in RFC 4180: fields may stand in quotes, a quote in them is doubled, and
 * commas, spaces and ends of lines are then part of the field. Lines end in LF or CR LF; a byte order mark at
 * the start and empty lines are passed over. */
#ifndef STRIA_DATA_CSV_H
#define STRIA_DATA_CSV_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>

typedef struct stria_csv {
    const stria_allocator *allocator;
    char *bytes; /* [size] and one byte more, which is 0; fields are taken out of their quotes in place */
    size_t size, at;
    const char *name; /* for messages */
    int64_t line;     /* where the row begins, from 1 */
    int64_t next_line;
    char **fields; /* [count] of the row, each with its end */
    size_t count, capacity;
} stria_csv;

void stria_csv_begin(stria_csv *csv, const stria_allocator *allocator, void *bytes, size_t size,
                     const char *name);
void stria_csv_free(stria_csv *csv);

/* Reads the next row; count 0 at the end. Fields live as long as the bytes. Errors: FORMAT says the line,
 * MEMORY. */
stria_status stria_csv_next(stria_csv *csv, stria_error *err);

#endif

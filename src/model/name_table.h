/* Names and where what they name is kept: an open hash table, so that texts of thousands of lines are read in
 * a time that grows as they do. Names belong to the caller and stay where they are. */
#ifndef STRIA_MODEL_NAME_TABLE_H
#define STRIA_MODEL_NAME_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>

typedef struct stria_name_entry {
    const char *name; /* NULL: free */
    size_t length;
    uint64_t hash;
    size_t value;
} stria_name_entry;

/* All zero is an empty table. */
typedef struct stria_name_table {
    stria_name_entry *entries;
    size_t count, capacity; /* capacity: 0 or a power of two */
} stria_name_table;

/* Makes room for one more name; false without memory. */
bool stria_name_table_reserve(stria_name_table *table, const stria_allocator *allocator);

/* Adds a name that is not in the table. There must be room for it. */
void stria_name_table_add(stria_name_table *table, const char *name, size_t length, size_t value);

/* The value of a name, or NULL; it stays there until a name is added. */
size_t *stria_name_table_find(const stria_name_table *table, const char *name, size_t length);

void stria_name_table_free(stria_name_table *table, const stria_allocator *allocator);

#endif

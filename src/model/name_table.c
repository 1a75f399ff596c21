/* The table is at most half full and probed in steps of one. The hash is FNV-1a of 64 bits (Fowler, Noll and
 * Vo). */
#include "model/name_table.h"

#include <string.h>

#include "base/memory.h"

#define FIRST_CAPACITY 64

static uint64_t hash_of(const char *name, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

/* The entry of that name, or the free one where it belongs. */
static stria_name_entry *place(const stria_name_table *table, const char *name, size_t length, uint64_t hash)
{
    for (size_t at = (size_t)hash;; at++) {
        stria_name_entry *entry = &table->entries[at & (table->capacity - 1)];
        if (entry->name == NULL ||
            (entry->hash == hash && entry->length == length && memcmp(entry->name, name, length) == 0))
            return entry;
    }
}

bool stria_name_table_reserve(stria_name_table *table, const stria_allocator *allocator)
{
    if (2 * (table->count + 1) <= table->capacity)
        return true;
    stria_name_table grown = {.count = table->count,
                              .capacity = table->capacity == 0 ? FIRST_CAPACITY : 2 * table->capacity};
    grown.entries = stria_allocate_array(allocator, grown.capacity, sizeof *grown.entries);
    if (grown.entries == NULL)
        return false;
    for (size_t i = 0; i < table->capacity; i++) {
        const stria_name_entry *entry = &table->entries[i];
        if (entry->name != NULL)
            *place(&grown, entry->name, entry->length, entry->hash) = *entry;
    }
    stria_release(allocator, table->entries);
    *table = grown;
    return true;
}

void stria_name_table_add(stria_name_table *table, const char *name, size_t length, size_t value)
{
    uint64_t hash = hash_of(name, length);
    *place(table, name, length, hash) = (stria_name_entry){name, length, hash, value};
    table->count++;
}

size_t *stria_name_table_find(const stria_name_table *table, const char *name, size_t length)
{
    if (table->count == 0)
        return NULL;
    stria_name_entry *entry = place(table, name, length, hash_of(name, length));
    return entry->name != NULL ? &entry->value : NULL;
}

void stria_name_table_free(stria_name_table *table, const stria_allocator *allocator)
{
    stria_release(allocator, table->entries);
    *table = (stria_name_table){0};
}

/* Memory through an allocator table: single blocks, arrays, tensors, growing arrays, and the arena.
 *
 * The table gives uninitialised bytes; what most of the library wants is zeroed, so that is done here, once.
 */
#ifndef _DEFAULT_SOURCE
#    define _DEFAULT_SOURCE /* madvise */
#endif

#include "base/memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#    include <sys/mman.h>
#endif

#include "base/size.h"

/* ---- The C library's allocator ---- */

/* Large blocks ask for large pages: their first touch, and every walk through them, then costs a fraction.
 * The system need not grant it. */
#define LARGE_PAGE  ((size_t)2 << 20)
#define LARGE_BLOCK (2 * LARGE_PAGE)

static void *default_allocate(void *payload, size_t size, size_t alignment)
{
    (void)payload;
    if (alignment <= alignof(max_align_t))
        return malloc(size);
    void *memory = NULL;
    bool large = size >= LARGE_BLOCK && alignment < LARGE_PAGE;
    if (posix_memalign(&memory, large ? LARGE_PAGE : alignment, size) != 0)
        return NULL;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (large)
        (void)madvise(memory, size, MADV_HUGEPAGE);
#endif
    return memory;
}

static void default_release(void *payload, void *memory)
{
    (void)payload;
    free(memory);
}

const stria_allocator stria_default_allocator = {NULL, default_allocate, default_release};

/* ---- Blocks ---- */

void *stria_allocate(const stria_allocator *allocator, size_t size)
{
    if (size == 0)
        size = 1;
    void *memory = allocator->allocate(allocator->payload, size, alignof(max_align_t));
    if (memory)
        memset(memory, 0, size);
    return memory;
}

void *stria_allocate_array(const stria_allocator *allocator, size_t count, size_t element_size)
{
    size_t size;
    return stria_size_multiply(count, element_size, &size) ? stria_allocate(allocator, size) : NULL;
}

float *stria_allocate_floats(const stria_allocator *allocator, size_t count)
{
    size_t size, with_slack;
    if (!stria_size_multiply(count, sizeof(float), &size) ||
        !stria_size_add(size, STRIA_TENSOR_ALIGNMENT, &with_slack))
        return NULL;
    char *memory = allocator->allocate(allocator->payload, with_slack, STRIA_TENSOR_ALIGNMENT);
    if (!memory)
        return NULL;
    memset(memory + size, 0, STRIA_TENSOR_ALIGNMENT);
    return (float *)(void *)memory;
}

/* *array is a pointer of the caller's own type: its bytes are copied, as reading it through a void * would
 * break the aliasing rules. */
bool stria_grow(const stria_allocator *allocator, void **array, size_t *capacity, size_t needed,
                size_t element_size)
{
    if (needed <= *capacity)
        return true;
    size_t larger = *capacity < 8 ? 8 : *capacity;
    while (larger < needed) {
        if (!stria_size_multiply(larger, 2, &larger))
            larger = needed;
    }
    void *grown = stria_allocate_array(allocator, larger, element_size);
    if (!grown)
        return false;
    void *old;
    memcpy(&old, array, sizeof old);
    if (old)
        memcpy(grown, old, *capacity * element_size);
    stria_release(allocator, old);
    memcpy(array, &grown, sizeof grown);
    *capacity = larger;
    return true;
}

void stria_release(const stria_allocator *allocator, void *memory)
{
    if (memory)
        allocator->release(allocator->payload, memory);
}

char *stria_copy_text(const stria_allocator *allocator, const char *text, size_t length)
{
    size_t size;
    char *copy = stria_size_add(length, 1, &size) ? stria_allocate(allocator, size) : NULL;
    if (copy && length > 0)
        memcpy(copy, text, length);
    return copy;
}

/* ---- The arena: a list of blocks, the newest first, each filled from its start ---- */

#define FIRST_BLOCK   ((size_t)4096)
#define LARGEST_BLOCK ((size_t)262144)

struct stria_arena_block {
    struct stria_arena_block *next;
    size_t used, size; /* of `bytes` */
    alignas(max_align_t) unsigned char bytes[];
};

/* A block with room for `size` bytes, twice as large as the last one up to a limit. */
static struct stria_arena_block *add_block(stria_arena *arena, size_t size)
{
    size_t block_size = FIRST_BLOCK;
    if (arena->blocks && arena->blocks->size >= FIRST_BLOCK)
        block_size = arena->blocks->size < LARGEST_BLOCK ? 2 * arena->blocks->size : LARGEST_BLOCK;
    if (block_size < size)
        block_size = size;
    size_t total;
    if (!stria_size_add(block_size, sizeof(struct stria_arena_block), &total))
        return NULL;
    struct stria_arena_block *block = stria_allocate(arena->allocator, total);
    if (!block)
        return NULL;
    block->size = block_size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *stria_arena_allocate(stria_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = stria_size_round_up(size == 0 ? 1 : size, alignof(max_align_t));
    struct stria_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < size)
        block = add_block(arena, size);
    if (!block)
        return NULL;
    void *memory = block->bytes + block->used;
    block->used += size;
    return memory;
}

char *stria_arena_copy_text(stria_arena *arena, const char *text, size_t length)
{
    size_t size;
    char *copy = stria_size_add(length, 1, &size) ? stria_arena_allocate(arena, size) : NULL;
    if (copy && length > 0)
        memcpy(copy, text, length);
    return copy;
}

void stria_arena_clear(stria_arena *arena)
{
    while (arena->blocks) {
        struct stria_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        stria_release(arena->allocator, block);
    }
}

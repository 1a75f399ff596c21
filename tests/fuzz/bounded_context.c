/* The bounded allocator: each block is preceded by its size, and what is alive is counted. Targets use one
 * thread. */
#include "fuzz/bounded_context.h"

#include <stdio.h>
#include <stdlib.h>

/* What a picture may take, of libraries that have memory of their own too. */
#define BYTES_OF_A_PIXEL 64

#define MOST_ALIGNMENT 64 /* of what the library asks for */

typedef struct bounded_memory {
    size_t limit, live;
} bounded_memory;

static bounded_memory memory; /* a fuzz target has one context at a time */

static void *allocate(void *payload, size_t size, size_t alignment)
{
    bounded_memory *m = payload;
    REQUIRE(size > 0 && alignment <= MOST_ALIGNMENT);
    if (size > m->limit - m->live)
        return NULL;
    size_t whole = (size + MOST_ALIGNMENT + MOST_ALIGNMENT - 1) / MOST_ALIGNMENT * MOST_ALIGNMENT;
    char *start = aligned_alloc(MOST_ALIGNMENT, whole);
    if (!start)
        return NULL;
    m->live += size;
    *(size_t *)(void *)start = size;
    return start + MOST_ALIGNMENT;
}

static void release(void *payload, void *block)
{
    bounded_memory *m = payload;
    char *start = (char *)block - MOST_ALIGNMENT;
    m->live -= *(size_t *)(void *)start;
    free(start);
}

stria_context *bounded_context_make(size_t limit)
{
    memory = (bounded_memory){.limit = limit};
    const stria_allocator allocator = {&memory, allocate, release};
    const stria_context_options options = {
        .allocator = &allocator, .threads = 1, .max_pixels = (int64_t)(limit / BYTES_OF_A_PIXEL)};
    stria_context *context = NULL;
    REQUIRE(stria_context_create(&context, &options, NULL) == STRIA_OK);
    return context;
}

void bounded_context_free(stria_context *context)
{
    stria_context_free(context);
    REQUIRE(memory.live == 0);
}

void require(int holds, const char *claim, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

void touch(const void *bytes, size_t size)
{
    static volatile unsigned sink;
    const uint8_t *p = bytes;
    unsigned local = 0;
    for (size_t i = 0; i < size; i++)
        local += p[i];
    sink = sink + local;
}

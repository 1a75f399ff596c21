/* Memory through the context's allocator, and the arena for descriptions that are freed at once. */
#ifndef STRIA_BASE_MEMORY_H
#define STRIA_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include <stria/context.h>

/* Tensors start at a multiple of this and have as many readable bytes after their end: kernels may read,
 * never write, past the end by less than one vector. */
#define STRIA_TENSOR_ALIGNMENT 64

/* The C library's allocator. */
extern const stria_allocator stria_default_allocator;

/* `size` zeroed bytes aligned for any C type; size 0 gives one byte. NULL when out of memory. */
void *stria_allocate(const stria_allocator *allocator, size_t size);

/* `count` zeroed elements; NULL also when the product overflows. */
void *stria_allocate_array(const stria_allocator *allocator, size_t count, size_t element_size);

/* `count` uninitialised floats as a tensor: aligned, with zeroed slack after the end. NULL as above. */
float *stria_allocate_floats(const stria_allocator *allocator, size_t count);

/* Grows an array of *capacity elements to at least `needed`, doubling; the old elements are kept, new ones
 * zero. On failure returns false and nothing changed. *array may be NULL with *capacity 0. */
bool stria_grow(const stria_allocator *allocator, void **array, size_t *capacity, size_t needed,
                size_t element_size);

/* NULL is allowed. */
void stria_release(const stria_allocator *allocator, void *memory);

/* A copy of `length` bytes of text with its end; NULL when out of memory. */
char *stria_copy_text(const stria_allocator *allocator, const char *text, size_t length);

/* An arena: many small allocations, one free. {.allocator = a} is an empty one. */
typedef struct stria_arena {
    const stria_allocator *allocator;
    struct stria_arena_block *blocks;
} stria_arena;

/* Zeroed bytes aligned for any C type, or NULL. */
void *stria_arena_allocate(stria_arena *arena, size_t size);
char *stria_arena_copy_text(stria_arena *arena, const char *text, size_t length);
/* Frees everything; the arena is empty again. */
void stria_arena_clear(stria_arena *arena);

#endif

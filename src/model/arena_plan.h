/* Placing buffers with known lifetimes in one block. */
#ifndef STRIA_MODEL_ARENA_PLAN_H
#define STRIA_MODEL_ARENA_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <stria/context.h>

/* A buffer that is alive from time `first` to time `last`, both included. */
typedef struct stria_buffer {
    size_t size; /* bytes */
    size_t first, last;
    size_t offset; /* result: a multiple of STRIA_TENSOR_ALIGNMENT */
} stria_buffer;

/* Gives every buffer an offset so that no two that are alive together overlap: the best of several orders
 * of placing them, each into the smallest gap that takes it. *total is the size of the block, *lower_bound the largest sum of sizes
 * alive at one time. Sizes are rounded up to the alignment. False when out of memory or when the total does
 * not fit size_t. */
bool stria_arena_plan(stria_buffer *buffers, size_t count, const stria_allocator *allocator, size_t *total,
                      size_t *lower_bound);

#endif

/* The memory planner: greedy by size with the best fit, which meets the lower bound on most networks (see
 * Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020, for the family of
 * strategies). */
#include "model/arena_plan.h"

#include "base/memory.h"
#include "base/size.h"

/* Larger first; among equals the earlier first, then by position, so that the plan is the same everywhere. */
static bool goes_before(const stria_buffer *buffers, size_t a, size_t b)
{
    if (buffers[a].size != buffers[b].size)
        return buffers[a].size > buffers[b].size;
    if (buffers[a].first != buffers[b].first)
        return buffers[a].first < buffers[b].first;
    return a < b;
}

static bool alive_together(const stria_buffer *a, const stria_buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Sifts entry `root` down a heap whose top is what goes last. */
static void sift(const stria_buffer *buffers, size_t *order, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && goes_before(buffers, order[child], order[child + 1]))
            child++;
        if (!goes_before(buffers, order[root], order[child]))
            return;
        size_t swap = order[root];
        order[root] = order[child];
        order[child] = swap;
    }
}

static void sort_by_size(const stria_buffer *buffers, size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count / 2; i-- > 0;)
        sift(buffers, order, i, count);
    for (size_t end = count; end > 1;) {
        end--;
        size_t swap = order[0];
        order[0] = order[end];
        order[end] = swap;
        sift(buffers, order, 0, end);
    }
}

/* Finds the place for `buffer` among those placed, which are listed by rising offset. */
static size_t best_offset(const stria_buffer *buffers, const size_t *placed, size_t placed_count,
                          const stria_buffer *buffer)
{
    size_t end = 0, best = SIZE_MAX, best_gap = SIZE_MAX;
    for (size_t i = 0; i < placed_count; i++) {
        const stria_buffer *other = &buffers[placed[i]];
        if (!alive_together(other, buffer))
            continue;
        if (other->offset > end && other->offset - end >= buffer->size && other->offset - end < best_gap) {
            best = end;
            best_gap = other->offset - end;
        }
        if (other->offset + other->size > end)
            end = other->offset + other->size;
    }
    return best != SIZE_MAX ? best : end;
}

static size_t bound(const stria_buffer *buffers, size_t count)
{
    size_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t sum = 0;
        for (size_t j = 0; j < count; j++)
            if (buffers[j].first <= buffers[i].first && buffers[i].first <= buffers[j].last)
                sum += buffers[j].size;
        if (sum > largest)
            largest = sum;
    }
    return largest;
}

bool stria_arena_plan(stria_buffer *buffers, size_t count, const stria_allocator *allocator, size_t *total,
                      size_t *lower_bound)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!stria_size_add(buffers[i].size, STRIA_TENSOR_ALIGNMENT, &buffers[i].size))
            return false;
        buffers[i].size = (buffers[i].size - 1) & ~(size_t)(STRIA_TENSOR_ALIGNMENT - 1);
        if (!stria_size_add(sum, buffers[i].size, &sum))
            return false;
    }
    size_t *order = stria_allocate_array(allocator, count, sizeof *order);
    size_t *placed = stria_allocate_array(allocator, count, sizeof *placed);
    bool done = order != NULL && placed != NULL;
    *total = 0;
    if (done)
        sort_by_size(buffers, order, count);
    for (size_t i = 0; done && i < count; i++) {
        stria_buffer *buffer = &buffers[order[i]];
        buffer->offset = best_offset(buffers, placed, i, buffer);
        if (buffer->offset + buffer->size > *total)
            *total = buffer->offset + buffer->size;
        size_t at = i;
        for (; at > 0 && buffers[placed[at - 1]].offset > buffer->offset; at--)
            placed[at] = placed[at - 1];
        placed[at] = order[i];
    }
    stria_release(allocator, order);
    stria_release(allocator, placed);
    *lower_bound = bound(buffers, count);
    return done;
}

/* The memory planner: greedy placing, each buffer into the smallest gap that takes it, in several orders, of
 * which the best is kept (see Pisarchyk and Lee, "Efficient memory management for deep neural net inference",
 * 2020, for the family of strategies). Where none meets the lower bound, the order is mended by what went
 * wrong: buffers that lie at the peak are placed earlier the next time ("squeaky wheel" optimization, Joslin
 * and Clements, 1999). All is deterministic; the work is bounded by a count of steps, not by a clock. */
#include "model/arena_plan.h"

#include <string.h>

#include "base/memory.h"
#include "base/size.h"

/* About twice the comparisons of two buffers that a plan may cost, unless the first order costs more. */
#define SEARCH_STEPS 16000000
#define MAX_ROUNDS   400

typedef struct planner {
    stria_buffer *buffers;
    size_t count;
    double *keys;         /* [count] */
    size_t *order;        /* [count], in which they are placed */
    stria_buffer *placed; /* [count] copies, by rising offset */
    size_t *best;         /* [count] offsets */
    size_t total;         /* of those */
} planner;

/* ---- Orders ---- */

typedef double (*key_fn)(const stria_buffer *buffer);

static double by_size(const stria_buffer *buffer)
{
    return (double)buffer->size;
}

static double by_lifetime(const stria_buffer *buffer)
{
    return (double)(buffer->last - buffer->first);
}

static double by_area(const stria_buffer *buffer)
{
    return (double)buffer->size * (double)(buffer->last - buffer->first + 1);
}

static double by_first_use(const stria_buffer *buffer)
{
    return -(double)buffer->first;
}

/* Larger keys first; among equals the larger, then the earlier, then by position, so that the plan is the
 * same everywhere. */
static bool goes_before(const planner *p, size_t a, size_t b)
{
    const stria_buffer *x = &p->buffers[a], *y = &p->buffers[b];
    if (p->keys[a] > p->keys[b] || p->keys[a] < p->keys[b])
        return p->keys[a] > p->keys[b];
    if (x->size != y->size)
        return x->size > y->size;
    return x->first != y->first ? x->first < y->first : a < b;
}

/* Sifts entry `root` down a heap whose top is what goes last. */
static void sift(const planner *p, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && goes_before(p, p->order[child], p->order[child + 1]))
            child++;
        if (!goes_before(p, p->order[root], p->order[child]))
            return;
        size_t swap = p->order[root];
        p->order[root] = p->order[child];
        p->order[child] = swap;
    }
}

static void sort(planner *p, key_fn key)
{
    for (size_t i = 0; i < p->count; i++) {
        p->keys[i] = key(&p->buffers[i]);
        p->order[i] = i;
    }
    for (size_t i = p->count / 2; i-- > 0;)
        sift(p, i, p->count);
    for (size_t end = p->count; end > 1;) {
        end--;
        size_t swap = p->order[0];
        p->order[0] = p->order[end];
        p->order[end] = swap;
        sift(p, 0, end);
    }
}

/* ---- Placing ---- */

static bool alive_together(const stria_buffer *a, const stria_buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Finds the place for `buffer` among the first `count` placed, which are listed by rising offset. */
static size_t best_offset(const planner *p, size_t count, const stria_buffer *buffer)
{
    size_t end = 0, best = SIZE_MAX, best_gap = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        const stria_buffer *other = &p->placed[i];
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

/* Places all in the order and returns the size of the block; keeps the offsets if there was none so small. */
static size_t place(planner *p)
{
    size_t total = 0;
    for (size_t i = 0; i < p->count; i++) {
        stria_buffer *buffer = &p->buffers[p->order[i]];
        buffer->offset = best_offset(p, i, buffer);
        if (buffer->offset + buffer->size > total)
            total = buffer->offset + buffer->size;
        size_t at = i;
        while (at > 0 && p->placed[at - 1].offset > buffer->offset)
            at--;
        memmove(&p->placed[at + 1], &p->placed[at], (i - at) * sizeof *p->placed);
        p->placed[at] = *buffer;
    }
    if (total < p->total) {
        p->total = total;
        for (size_t i = 0; i < p->count; i++)
            p->best[i] = p->buffers[i].offset;
    }
    return total;
}

/* ---- Mending ---- */

/* Moves the buffers that end at the peak forward in the order, at most to half their place, so that again and
 * again they get to its front. */
static void promote(planner *p, size_t peak)
{
    for (size_t i = 0; i < p->count; i++) {
        const size_t index = p->order[i];
        const stria_buffer *buffer = &p->buffers[index];
        if (buffer->offset + buffer->size < peak)
            continue;
        memmove(&p->order[i / 2 + 1], &p->order[i / 2], (i - i / 2) * sizeof *p->order);
        p->order[i / 2] = index;
    }
}

/* How many times all buffers may be placed, each time at most count^2 / 2 comparisons. */
static size_t rounds_for(size_t count)
{
    const size_t rounds = count > 0 ? SEARCH_STEPS / count / count : 0;
    return rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds > 0 ? rounds : 1;
}

static void search(planner *p, size_t lower_bound)
{
    static const key_fn keys[] = {by_size, by_area, by_lifetime, by_first_use};
    const size_t key_count = sizeof keys / sizeof keys[0], rounds = rounds_for(p->count);
    for (size_t k = 0; k < key_count && k < rounds && p->total > lower_bound; k++) {
        sort(p, keys[k]);
        place(p);
    }
    for (size_t k = 0; k < key_count && p->total > lower_bound; k++) {
        sort(p, keys[k]);
        size_t peak = SIZE_MAX;
        for (size_t round = key_count; round < rounds && p->total > lower_bound; round += key_count) {
            promote(p, peak);
            peak = place(p);
        }
    }
    for (size_t i = 0; i < p->count; i++)
        p->buffers[i].offset = p->best[i];
}

/* ---- The whole ---- */

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
    *lower_bound = bound(buffers, count);
    planner p = {.buffers = buffers, .count = count, .total = count > 0 ? SIZE_MAX : 0};
    p.keys = stria_allocate_array(allocator, count, sizeof *p.keys);
    p.order = stria_allocate_array(allocator, count, sizeof *p.order);
    p.placed = stria_allocate_array(allocator, count, sizeof *p.placed);
    p.best = stria_allocate_array(allocator, count, sizeof *p.best);
    const bool done = p.keys != NULL && p.order != NULL && p.placed != NULL && p.best != NULL;
    if (done)
        search(&p, *lower_bound);
    *total = p.total;
    stria_release(allocator, p.keys);
    stria_release(allocator, p.order);
    stria_release(allocator, p.placed);
    stria_release(allocator, p.best);
    return done;
}

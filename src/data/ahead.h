/* Work done ahead of its use by several threads: items 0, 1, 2 ... are taken in order, in groups that fill
 * one slot each, and the groups are handed out in order. There are only so many slots, so that nobody runs
 * far ahead; what a slot is belongs to the owner. Who works on an item never shows in what it gives. */
#ifndef STRIA_DATA_AHEAD_H
#define STRIA_DATA_AHEAD_H

#include <stdbool.h>
#include <stddef.h>

#include <stria/context.h>

typedef struct stria_ahead stria_ahead;

/* Does one item for a slot. Several threads may be in it at a time, each with another item. */
typedef void (*stria_ahead_fn)(void *owner, size_t item, size_t slot);

/* With `threads` 0 the work is done by who asks for it. Errors: MEMORY, IO when a thread cannot be started.
 */
stria_status stria_ahead_create(stria_ahead **ahead, const stria_allocator *allocator, size_t threads,
                                size_t slots, stria_ahead_fn work, void *owner, stria_error *err);
/* NULL is allowed; at any time. Waits for the items being worked on. */
void stria_ahead_free(stria_ahead *ahead);

/* Starts over with `items` in groups of `group` (the last may be short), once nobody works on the items of
 * before. */
void stria_ahead_start(stria_ahead *ahead, size_t items, size_t group);

/* Waits for the next group and tells its slot, which is the caller's until the next call; false at the end.
 */
bool stria_ahead_next(stria_ahead *ahead, size_t *slot);

#endif

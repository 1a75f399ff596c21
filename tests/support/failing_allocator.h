/* An allocator that counts, fills new memory with rubbish, and fails the call it is told to.
 *
 * The usual loop over a scenario:
 *     for (size_t n = 1;; n++) {
 *         failing_allocator memory;
 *         failing_allocator_init(&memory);
 *         memory.fail_at = n;
 *         ... run the scenario; it succeeds or reports STRIA_ERROR_MEMORY, and frees everything ...
 *         assert_int_equal(memory.live_blocks, 0);
 *         if (memory.calls < n) break;    it got by without the n-th allocation: all have failed once
 *     }
 * It may be used from several threads. */
#ifndef STRIA_TESTS_SUPPORT_FAILING_ALLOCATOR_H
#define STRIA_TESTS_SUPPORT_FAILING_ALLOCATOR_H

#include <stdatomic.h>
#include <stdbool.h>

#include <stria/context.h>

typedef struct failing_allocator {
    stria_allocator table;     /* for the context; points back here, so this struct must stay where it is */
    size_t fail_at;            /* the call that fails, from 1; 0: none */
    bool fail_all_later;       /* and every one after it */
    size_t limit;              /* bytes that may live at a time; 0: any number */
    atomic_size_t calls;       /* of allocate */
    atomic_size_t failures;    /* calls that were made to fail */
    atomic_size_t live_blocks; /* not yet released */
    atomic_size_t live_bytes, peak_bytes;
} failing_allocator;

void failing_allocator_init(failing_allocator *memory);

#endif

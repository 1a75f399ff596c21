/* The counting and failing allocator. Before each block stand its size and the address malloc gave, so that
 * releasing can count and a block that was not allocated here is noticed. */
#include "support/failing_allocator.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#define MARK    0x5354524941u
#define RUBBISH 0xA5
/* No machine has so much; the sanitizers' malloc aborts instead of giving NULL. */
#define HUGE ((size_t)1 << 38)

typedef struct block_header {
    void *start;
    size_t size;
    uint64_t mark;
} block_header;

static void count_block(failing_allocator *memory, size_t size)
{
    atomic_fetch_add(&memory->live_blocks, 1);
    size_t live = atomic_fetch_add(&memory->live_bytes, size) + size;
    size_t peak = atomic_load(&memory->peak_bytes);
    while (live > peak && !atomic_compare_exchange_weak(&memory->peak_bytes, &peak, live))
        ;
}

static void *counting_allocate(void *payload, size_t size, size_t alignment)
{
    failing_allocator *memory = payload;
    size_t call = atomic_fetch_add(&memory->calls, 1) + 1;
    assert_true(size > 0);
    assert_true(alignment > 0 && (alignment & (alignment - 1)) == 0);
    bool chosen =
        memory->fail_at > 0 && (memory->fail_all_later ? call >= memory->fail_at : call == memory->fail_at);
    bool full = memory->limit > 0 &&
                (size > memory->limit || atomic_load(&memory->live_bytes) > memory->limit - size);
    if (alignment < sizeof(block_header))
        alignment = 32;
    char *start = chosen || full || size > HUGE ? NULL : malloc(size + alignment + sizeof(block_header));
    if (!start) {
        atomic_fetch_add(&memory->failures, 1);
        return NULL;
    }
    uintptr_t address = (uintptr_t)start + sizeof(block_header);
    size_t shift = (size_t)(-address & (alignment - 1));
    char *block = start + sizeof(block_header) + shift;
    block_header header = {.start = start, .size = size, .mark = MARK};
    memcpy(block - sizeof header, &header, sizeof header);
    memset(block, RUBBISH, size);
    count_block(memory, size);
    return block;
}

static void counting_release(void *payload, void *block)
{
    failing_allocator *memory = payload;
    block_header header;
    memcpy(&header, (char *)block - sizeof header, sizeof header);
    assert_int_equal(header.mark, MARK);
    atomic_fetch_sub(&memory->live_blocks, 1);
    atomic_fetch_sub(&memory->live_bytes, header.size);
    memset((char *)block - sizeof header, 0, sizeof header);
    free(header.start);
}

void failing_allocator_init(failing_allocator *memory)
{
    *memory = (failing_allocator){.table = {memory, counting_allocate, counting_release}};
}

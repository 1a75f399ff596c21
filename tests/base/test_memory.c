/* Blocks, tensors, growing arrays, the arena and the arithmetic on sizes. */
#include <stdalign.h>
#include <string.h>

#include "base/memory.h"
#include "base/size.h"
#include "support/check.h"
#include "support/failing_allocator.h"

static bool is_zero(const void *memory, size_t size)
{
    const unsigned char *bytes = memory;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void assert_aligned(const void *memory, size_t alignment)
{
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % alignment, 0);
}

static void blocks_are_zeroed_and_aligned(void **state)
{
    (void)state;
    failing_allocator memory;
    failing_allocator_init(&memory);
    for (size_t size = 0; size < 300; size++) {
        void *block = stria_allocate(&memory.table, size);
        assert_aligned(block, alignof(max_align_t));
        assert_true(is_zero(block, size > 0 ? size : 1));
        stria_release(&memory.table, block);
    }
    stria_release(&memory.table, NULL);
    assert_int_equal(memory.live_blocks, 0);
}

static void products_that_overflow_give_null(void **state)
{
    (void)state;
    failing_allocator memory;
    failing_allocator_init(&memory);
    assert_null(stria_allocate_array(&memory.table, SIZE_MAX / 2, 3));
    assert_null(stria_allocate_array(&memory.table, 3, SIZE_MAX / 2));
    assert_null(stria_allocate_floats(&memory.table, SIZE_MAX / 4));
    assert_null(stria_allocate_floats(&memory.table, SIZE_MAX / 4 - 8));
    assert_null(stria_copy_text(&memory.table, "", SIZE_MAX));
    assert_int_equal(memory.calls, 0);
    void *none = stria_allocate_array(&memory.table, 0, 8);
    assert_non_null(none);
    stria_release(&memory.table, none);
}

static void tensors_have_alignment_and_slack(void **state)
{
    (void)state;
    failing_allocator memory;
    failing_allocator_init(&memory);
    for (size_t count = 0; count < 70; count++) {
        float *values = stria_allocate_floats(&memory.table, count);
        assert_aligned(values, STRIA_TENSOR_ALIGNMENT);
        assert_true(is_zero(values + count, STRIA_TENSOR_ALIGNMENT));
        stria_release(&memory.table, values);
    }
    assert_int_equal(memory.live_blocks, 0);
}

static void default_allocator_aligns(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        void *block = stria_default_allocator.allocate(NULL, 100, alignment);
        assert_aligned(block, alignment);
        memset(block, 1, 100);
        stria_default_allocator.release(NULL, block);
    }
}

static void arrays_grow(void **state)
{
    (void)state;
    failing_allocator memory;
    failing_allocator_init(&memory);
    int *numbers = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        assert_true(stria_grow(&memory.table, (void **)&numbers, &capacity, (size_t)i + 1, sizeof *numbers));
        assert_true(capacity >= (size_t)i + 1);
        assert_int_equal(numbers[i], 0);
        numbers[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], i);
    assert_true(memory.calls < 12); /* doubling: 8, 16 ... 1024 */

    /* What cannot grow stays as it is. */
    int *before = numbers;
    size_t capacity_before = capacity;
    assert_false(stria_grow(&memory.table, (void **)&numbers, &capacity, SIZE_MAX / 2, sizeof *numbers));
    memory.fail_at = memory.calls + 1;
    assert_false(stria_grow(&memory.table, (void **)&numbers, &capacity, capacity + 1, sizeof *numbers));
    assert_ptr_equal(numbers, before);
    assert_int_equal(capacity, capacity_before);
    assert_int_equal(numbers[999], 999);
    stria_release(&memory.table, numbers);
    assert_int_equal(memory.live_blocks, 0);
}

static void texts_are_copied(void **state)
{
    (void)state;
    failing_allocator memory;
    failing_allocator_init(&memory);
    char *copy = stria_copy_text(&memory.table, "convolution", 4);
    assert_string_equal(copy, "conv");
    stria_release(&memory.table, copy);
    copy = stria_copy_text(&memory.table, NULL, 0);
    assert_string_equal(copy, "");
    stria_release(&memory.table, copy);
    assert_int_equal(memory.live_blocks, 0);
}

enum { ARENA_PIECES = 3000 };

static void arena_pieces_do_not_overlap(void **state)
{
    (void)state;
    failing_allocator memory;
    failing_allocator_init(&memory);
    stria_arena arena = {.allocator = &memory.table};
    static unsigned char *pieces[ARENA_PIECES];
    for (size_t i = 0; i < ARENA_PIECES; i++) {
        size_t size = i % 500 == 499 ? 100000 + i : i % 97;
        pieces[i] = stria_arena_allocate(&arena, size);
        assert_aligned(pieces[i], alignof(max_align_t));
        assert_true(is_zero(pieces[i], size));
        memset(pieces[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < ARENA_PIECES; i++) {
        size_t size = i % 500 == 499 ? 100000 + i : i % 97;
        for (size_t j = 0; j < size; j++)
            assert_int_equal(pieces[i][j], i % 251);
    }
    assert_string_equal(stria_arena_copy_text(&arena, "pooling", 4), "pool");
    assert_true(memory.calls < 40);
    assert_null(stria_arena_allocate(&arena, SIZE_MAX));
    assert_null(stria_arena_allocate(&arena, SIZE_MAX / 2));
    stria_arena_clear(&arena);
    assert_int_equal(memory.live_blocks, 0);

    /* Empty again, and usable again. */
    assert_non_null(stria_arena_allocate(&arena, 1));
    stria_arena_clear(&arena);
    stria_arena_clear(&arena);
    assert_int_equal(memory.live_blocks, 0);
}

static void arena_survives_failures(void **state)
{
    (void)state;
    size_t failed = 0;
    for (size_t n = 1;; n++) {
        failing_allocator memory;
        failing_allocator_init(&memory);
        memory.fail_at = n;
        stria_arena arena = {.allocator = &memory.table};
        size_t nulls = 0;
        for (size_t i = 0; i < 400; i++)
            nulls += stria_arena_allocate(&arena, 64) == NULL;
        assert_int_equal(nulls, memory.failures);
        stria_arena_clear(&arena);
        assert_int_equal(memory.live_blocks, 0);
        failed += memory.failures;
        if (memory.calls < n)
            break;
    }
    print_message("allocations failed: %zu\n", failed);
    assert_true(failed > 1);
}

static void sizes_are_checked(void **state)
{
    (void)state;
    size_t size = 7;
    assert_true(stria_size_multiply(SIZE_MAX, 1, &size) && size == SIZE_MAX);
    assert_true(stria_size_multiply(0, SIZE_MAX, &size) && size == 0);
    assert_true(stria_size_multiply(SIZE_MAX, 0, &size) && size == 0);
    assert_true(stria_size_multiply(SIZE_MAX / 3, 3, &size) && size == SIZE_MAX / 3 * 3);
    size = 7;
    assert_false(stria_size_multiply(SIZE_MAX / 3 + 1, 3, &size));
    assert_false(stria_size_multiply((size_t)1 << 32, (size_t)1 << 32, &size));
    assert_false(stria_size_add(SIZE_MAX, 1, &size));
    assert_int_equal(size, 7);
    assert_true(stria_size_add(SIZE_MAX - 1, 1, &size) && size == SIZE_MAX);

    int64_t count = 7;
    assert_true(stria_count_multiply(INT64_MAX, 1, &count) && count == INT64_MAX);
    assert_true(stria_count_multiply(INT64_MAX, 0, &count) && count == 0);
    count = 7;
    assert_false(stria_count_multiply(INT64_MAX / 2 + 1, 2, &count));
    assert_false(stria_count_multiply(-1, 1, &count));
    assert_false(stria_count_multiply(1, -1, &count));
    assert_false(stria_count_add(INT64_MAX, 1, &count));
    assert_false(stria_count_add(-1, 1, &count));
    assert_int_equal(count, 7);
    assert_true(stria_count_add(INT64_MAX - 1, 1, &count) && count == INT64_MAX);

    assert_int_equal(stria_size_round_up(0, 64), 0);
    assert_int_equal(stria_size_round_up(1, 64), 64);
    assert_int_equal(stria_size_round_up(64, 64), 64);
    assert_int_equal(stria_size_round_up(65, 64), 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_and_aligned),
        cmocka_unit_test(products_that_overflow_give_null),
        cmocka_unit_test(tensors_have_alignment_and_slack),
        cmocka_unit_test(default_allocator_aligns),
        cmocka_unit_test(arrays_grow),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(arena_pieces_do_not_overlap),
        cmocka_unit_test(arena_survives_failures),
        cmocka_unit_test(sizes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Contexts for tests: the counting and failing tables put together. */
#include "support/test_context.h"

#include "support/check.h"

void test_context_prepare(test_context *test)
{
    failing_allocator_init(&test->memory);
    failing_io_init(&test->io);
    test->context = NULL;
}

stria_status test_context_create(test_context *test, int threads, const char *cpu, stria_error *err)
{
    stria_context_options options = {
        .allocator = &test->memory.table, .io = &test->io.table, .cpu = cpu, .threads = threads};
    return stria_context_create(&test->context, &options, err);
}

void test_context_open(test_context *test, int threads, const char *cpu)
{
    stria_error err = {0};
    test_context_prepare(test);
    assert_ok(test_context_create(test, threads, cpu, &err), &err);
}

void test_context_close(test_context *test)
{
    stria_context_free(test->context);
    test->context = NULL;
    if (test->memory.live_blocks > 0)
        print_error("%zu blocks with %zu bytes were never released\n", (size_t)test->memory.live_blocks,
                    (size_t)test->memory.live_bytes);
    assert_int_equal(test->memory.live_blocks, 0);
    assert_int_equal(test->io.open_files, 0);
    assert_int_equal(test->io.held_locks, 0);
}

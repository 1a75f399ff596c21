/* A context whose memory and files count and can be made to fail. */
#ifndef STRIA_TESTS_SUPPORT_TEST_CONTEXT_H
#define STRIA_TESTS_SUPPORT_TEST_CONTEXT_H

#include <stria/context.h>

#include "support/failing_allocator.h"
#include "support/failing_io.h"

typedef struct test_context {
    failing_allocator memory;
    failing_io io;
    stria_context *context;
} test_context;

/* Makes the context; the test fails when that fails. `cpu` NULL: STRIA_CPU or the best. */
void test_context_open(test_context *test, int threads, const char *cpu);

/* Sets up the tables only, so that fail_at can be set before `test_context_create`, which hands back its
 * status. */
void test_context_prepare(test_context *test);
stria_status test_context_create(test_context *test, int threads, const char *cpu, stria_error *err);

/* Frees the context (NULL is allowed) and fails the test when a block, a file or a lock is left. */
void test_context_close(test_context *test);

#endif

/* What every fuzz target runs in: a context whose memory is bounded, so that a file which asks for much is
 * refused and does not end the fuzzer. */
#ifndef STRIA_TESTS_FUZZ_BOUNDED_CONTEXT_H
#define STRIA_TESTS_FUZZ_BOUNDED_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>

/* The function that libFuzzer and run_corpus.c call. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Makes a context of one thread that can allocate `limit` bytes at a time; ends the program when that fails.
 */
stria_context *bounded_context_make(size_t limit);

/* Frees it and ends the program when a block was not released. */
void bounded_context_free(stria_context *context);

/* Ends the program when a claim about the code under test does not hold, which fuzzers report as a crash. */
#define REQUIRE(claim) require((claim), #claim, __FILE__, __LINE__)
void require(int holds, const char *claim, const char *file, int line);

/* Reads every byte, so that the sanitizers see each one. */
void touch(const void *bytes, size_t size);

#endif

/* Random numbers for what is timed: the same each time, and never denormal. */
#ifndef CLI_BENCH_RANDOM_H
#define CLI_BENCH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* The next 64 bits; *state may begin anywhere. */
uint64_t cli_random_bits(uint64_t *state);

/* From 0 to below 1. */
float cli_random_unit(uint64_t *state);

/* Room for `count` floats, which the caller frees; NULL without memory, or for none. */
float *cli_floats(size_t count);

/* The same, uniform between -1 and 1. */
float *cli_random_floats(uint64_t *state, size_t count);

#endif

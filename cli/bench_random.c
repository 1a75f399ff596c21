/* Random numbers. See bench_random.h. */
#include "bench_random.h"

#include <stdlib.h>

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t cli_random_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* In steps of 2^-24: zero or a normal number. */
float cli_random_unit(uint64_t *state)
{
    return (float)(cli_random_bits(state) >> 40) * 0x1p-24f;
}

float *cli_floats(size_t count)
{
    return count > 0 && count <= SIZE_MAX / sizeof(float) ? malloc(count * sizeof(float)) : NULL;
}

float *cli_random_floats(uint64_t *state, size_t count)
{
    float *values = cli_floats(count);
    for (size_t i = 0; values != NULL && i < count; i++) {
        values[i] = 2 * cli_random_unit(state) - 1;
    }
    return values;
}

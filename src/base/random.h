/* Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). A number is a function of (seed, purpose, step, layer, element), so streams need no stored state
 * and do not depend on threads, order or restarts. */
#ifndef STRIA_BASE_RANDOM_H
#define STRIA_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* What a stream is for; numbers never change meaning, new ones are added at the end. */
typedef enum stria_random_purpose {
    STRIA_RANDOM_INITIALIZE = 1,
    STRIA_RANDOM_SHUFFLE = 2,
    STRIA_RANDOM_DROPOUT = 3,
    STRIA_RANDOM_DATA = 4,
    STRIA_RANDOM_AUGMENT = 5, /* what a sample is augmented by */
    STRIA_RANDOM_SPLIT = 6    /* which samples validate */
} stria_random_purpose;

typedef struct stria_random_key {
    uint64_t seed;
    uint32_t purpose;
    uint32_t layer;
    uint64_t step; /* below 2^32; with `element` it makes the counter */
} stria_random_key;

/* The generator itself: 128 random bits for a counter and a key. */
void stria_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

/* Words 4*block ... 4*block+3 of the stream. */
void stria_random_block(const stria_random_key *key, uint32_t block, uint32_t words[4]);

/* Word `element` of the stream, below 2^34. */
uint32_t stria_random_word(const stria_random_key *key, uint64_t element);

/* Uniform in [0,1): the word's upper 24 bits times 2^-24, so exact in float. */
float stria_random_uniform(const stria_random_key *key, uint64_t element);

/* Standard normal in double by Box-Muller from words 4*element .. 4*element+3 (52-bit uniforms); element
 * below 2^32. */
double stria_random_normal(const stria_random_key *key, uint64_t element);

/* Writes a random order of 0 ... count-1 (Fisher-Yates with unbiased draws). */
void stria_random_order(const stria_random_key *key, uint32_t *order, uint32_t count);

#endif

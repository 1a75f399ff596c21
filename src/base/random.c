/* Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011): ten rounds of multiplication and exchange turn a
 * counter of 128 bits and a key of 64 into 128 random bits.
 *
 * How streams are told apart, for ever (trained models and tests depend on it):
 *     key     = { seed low, seed high }
 *     counter = { block, step low, layer, purpose }
 * Every part has its own word, so no two streams share a block. A stream has 2^32 blocks of four words. */
#include "base/random.h"

#include <math.h>

#define ROUNDS       10
#define MULTIPLIER_0 0xD2511F53u
#define MULTIPLIER_1 0xCD9E8D57u
#define WEYL_0       0x9E3779B9u /* golden ratio */
#define WEYL_1       0xBB67AE85u /* sqrt(3) - 1 */

void stria_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0;
        uint64_t p1 = (uint64_t)MULTIPLIER_1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += WEYL_0;
        k1 += WEYL_1;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

void stria_random_block(const stria_random_key *key, uint32_t block, uint32_t words[4])
{
    const uint32_t counter[4] = {block, (uint32_t)key->step, key->layer, key->purpose};
    const uint32_t philox_key[2] = {(uint32_t)key->seed, (uint32_t)(key->seed >> 32)};
    stria_philox(counter, philox_key, words);
}

uint32_t stria_random_word(const stria_random_key *key, uint64_t element)
{
    uint32_t words[4];
    stria_random_block(key, (uint32_t)(element / 4), words);
    return words[element % 4];
}

float stria_random_uniform(const stria_random_key *key, uint64_t element)
{
    return (float)(stria_random_word(key, element) >> 8) * 0x1p-24f;
}

/* The upper 52 bits of two words. */
static double bits_52(uint32_t high, uint32_t low)
{
    return (double)(((uint64_t)high << 32 | low) >> 12);
}

/* Box and Muller, "A note on the generation of random normal deviates", 1958. The radius takes a uniform in
 * (0,1], so that its logarithm is finite. */
double stria_random_normal(const stria_random_key *key, uint64_t element)
{
    uint32_t words[4];
    stria_random_block(key, (uint32_t)element, words);
    double radius = sqrt(-2.0 * log((bits_52(words[0], words[1]) + 1.0) * 0x1p-52));
    double angle = 6.283185307179586476925 * (bits_52(words[2], words[3]) * 0x1p-52);
    return radius * cos(angle);
}

/* The words of a stream, one after another. */
typedef struct word_reader {
    const stria_random_key *key;
    uint64_t position;
    uint32_t words[4];
} word_reader;

static uint32_t next_word(word_reader *reader)
{
    if (reader->position % 4 == 0)
        stria_random_block(reader->key, (uint32_t)(reader->position / 4), reader->words);
    return reader->words[reader->position++ % 4];
}

/* A number below `bound` (> 0), all equally likely: the upper half of word * bound, where the few words that
 * would favour some numbers are drawn again (Lemire, "Fast random integer generation in an interval", 2019).
 */
static uint32_t draw_below(word_reader *reader, uint32_t bound)
{
    uint32_t uneven = (0u - bound) % bound; /* 2^32 mod bound */
    for (;;) {
        uint64_t product = (uint64_t)next_word(reader) * bound;
        if ((uint32_t)product >= uneven)
            return (uint32_t)(product >> 32);
    }
}

void stria_random_order(const stria_random_key *key, uint32_t *order, uint32_t count)
{
    word_reader reader = {.key = key};
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t left = count; left > 1; left--) {
        uint32_t j = draw_below(&reader, left);
        uint32_t last = order[left - 1];
        order[left - 1] = order[j];
        order[j] = last;
    }
}

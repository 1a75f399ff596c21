/* Dropout with the random numbers made on vectors: the Philox4x32-10 of base/random.c, the same bits, with
 * one counter per 64-bit lane. */
#include "kernels/simd/dropout.h"

#include "kernels/cut.h"

/* Each lane holds one 32-bit word in its lower half; what stands in the upper half does not matter until the
 * end. */
typedef uint64_t vec_words __attribute__((vector_size(STRIA_VECTOR_BYTES)));

/* Counters in a vector; vectors worked on at once, whose long chains of operations overlap; the words they
 * give. */
#define BLOCKS (VL / 2)
#define GROUPS (VEC_REGISTERS / 8)
#define WORDS  (2 * VL * GROUPS)
#define ROUNDS 10

/* The product of the lower halves. */
VEC_INLINE vec_words multiply_words(vec_words a, uint32_t b)
{
    vec_words factor = (uint64_t)b - (vec_words){0};
#if STRIA_VECTOR_BYTES == 64
    return (vec_words)_mm512_mul_epu32((__m512i)a, (__m512i)factor);
#elif STRIA_VECTOR_BYTES == 32
    return (vec_words)_mm256_mul_epu32((__m256i)a, (__m256i)factor);
#elif defined(__x86_64__)
    return (vec_words)_mm_mul_epu32((__m128i)a, (__m128i)factor);
#else
    return (vec_words)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)factor));
#endif
}

/* a0 b0 a1 b1 ... of the first and of the second half of the lanes. */
VEC_INLINE void interleave(vec_words a, vec_words b, vec_words *first, vec_words *second)
{
#if STRIA_VECTOR_BYTES == 64
    *first = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
    *second = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
#elif STRIA_VECTOR_BYTES == 32
    *first = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    *second = __builtin_shufflevector(a, b, 2, 6, 3, 7);
#else
    *first = __builtin_shufflevector(a, b, 0, 2);
    *second = __builtin_shufflevector(a, b, 1, 3);
#endif
}

/* The keys of the rounds, which go up by the golden ratio and by sqrt(3) - 1. */
typedef struct round_keys {
    uint32_t first[ROUNDS], second[ROUNDS];
} round_keys;

static round_keys keys_of(uint64_t seed)
{
    round_keys keys;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        keys.first[round] = (uint32_t)seed + round * 0x9E3779B9u;
        keys.second[round] = (uint32_t)(seed >> 32) + round * 0xBB67AE85u;
    }
    return keys;
}

/* Words 4*block ... 4*(block + GROUPS*BLOCKS) - 1 of the stream. */
VEC_INLINE void random_words(const stria_random_key *key, const round_keys *keys, uint64_t block,
                             veci words[2 * GROUPS])
{
    static const uint64_t places[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    vec_words place, c0[GROUPS], c1[GROUPS], c2[GROUPS], c3[GROUPS];
    __builtin_memcpy(&place, places, sizeof place);
    VEC_UNROLL
    for (size_t g = 0; g < GROUPS; g++) {
        c0[g] = place + (block + g * BLOCKS);
        c1[g] = key->step - (vec_words){0};
        c2[g] = (uint64_t)key->layer - (vec_words){0};
        c3[g] = (uint64_t)key->purpose - (vec_words){0};
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        VEC_UNROLL
        for (size_t g = 0; g < GROUPS; g++) {
            vec_words p0 = multiply_words(c0[g], 0xD2511F53u), p1 = multiply_words(c2[g], 0xCD9E8D57u);
            c0[g] = (p1 >> 32) ^ c1[g] ^ keys->first[round];
            c1[g] = p1;
            c2[g] = (p0 >> 32) ^ c3[g] ^ keys->second[round];
            c3[g] = p0;
        }
    }
    VEC_UNROLL
    for (size_t g = 0; g < GROUPS; g++) {
        vec_words first, second;
        interleave((c0[g] & 0xffffffffu) | (c1[g] << 32), (c2[g] & 0xffffffffu) | (c3[g] << 32), &first,
                   &second);
        words[2 * g] = (veci)first;
        words[2 * g + 1] = (veci)second;
    }
}

/* x / (1 - rate) where the word's uniform is at least `rate`, else 0. */
VEC_INLINE vec drop(vec x, veci words, vec rate, vec kept_share)
{
    vec uniform = vec_from_int((words >> 8) & 0xffffff) * 0x1p-24f;
    return vec_select(vec_less(uniform, rate), (vec){0}, x / kept_share);
}

typedef struct dropout_job {
    const stria_random_key *key;
    float rate;
    const float *x;
    float *y;
} dropout_job;

/* `first` is a multiple of the piece and so of WORDS. */
static void dropout_piece(void *arguments, size_t first, size_t count)
{
    const dropout_job job = *(const dropout_job *)arguments;
    const round_keys keys = keys_of(job.key->seed);
    vec rate = vec_broadcast(job.rate), kept_share = vec_broadcast(1 - job.rate);
    size_t end = first + count, i = first;
    veci words[2 * GROUPS];
    for (; i + WORDS <= end; i += WORDS) {
        random_words(job.key, &keys, i / 4, words);
        VEC_UNROLL
        for (size_t k = 0; k < 2 * GROUPS; k++)
            vec_store(job.y + i + k * VL, drop(vec_load(job.x + i + k * VL), words[k], rate, kept_share));
    }
    if (i == end)
        return;
    random_words(job.key, &keys, i / 4, words);
    for (size_t k = 0; i < end; k++, i += VL) {
        size_t n = end - i < VL ? end - i : VL;
        vec_store_first(job.y + i, drop(vec_load_first(job.x + i, n), words[k], rate, kept_share), n);
    }
}

void STRIA_ISA(stria_dropout)(const stria_random_key *key, float rate, const float *x, float *y, size_t count,
                              stria_pool *pool)
{
    dropout_job job = {key, rate, x, y};
    run_range(pool, count, PIECE_OF_ARITHMETIC, dropout_piece, &job);
}

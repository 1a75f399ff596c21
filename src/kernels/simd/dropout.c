/* Dropout with the random numbers made on vectors: the Philox4x32-10 of base/random.c, the same bits, with
 * one counter per 64-bit lane. */
#include "kernels/simd/dropout.h"

#include "kernels/simd/cut.h"

/* Each lane holds one 32-bit word in its lower half; what stands in the upper half does not matter until the
 * end. */
typedef uint64_t vec_words __attribute__((vector_size(STRIA_VECTOR_BYTES)));

/* Counters worked on at once, and the words they give. */
#define BLOCKS (VL / 2)
#define WORDS  (2 * VL)

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

/* Words 4*block ... 4*(block + BLOCKS) - 1 of the stream. */
VEC_INLINE void random_words(const stria_random_key *key, uint64_t block, veci words[2])
{
    vec_words c0, c1 = key->step - (vec_words){0}, c2 = (uint64_t)key->layer - (vec_words){0},
                  c3 = (uint64_t)key->purpose - (vec_words){0};
    for (int lane = 0; lane < BLOCKS; lane++)
        c0[lane] = block + (uint64_t)lane;
    uint32_t k0 = (uint32_t)key->seed, k1 = (uint32_t)(key->seed >> 32);
    for (int round = 0; round < 10; round++) {
        vec_words p0 = multiply_words(c0, 0xD2511F53u), p1 = multiply_words(c2, 0xCD9E8D57u);
        c0 = (p1 >> 32) ^ c1 ^ k0;
        c1 = p1;
        c2 = (p0 >> 32) ^ c3 ^ k1;
        c3 = p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    vec_words first, second;
    interleave((c0 & 0xffffffffu) | (c1 << 32), (c2 & 0xffffffffu) | (c3 << 32), &first, &second);
    words[0] = (veci)first;
    words[1] = (veci)second;
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
    const dropout_job *job = arguments;
    vec rate = vec_broadcast(job->rate), kept_share = vec_broadcast(1 - job->rate);
    for (size_t i = first; i < first + count; i += WORDS) {
        veci words[2];
        random_words(job->key, i / 4, words);
        size_t left = first + count - i;
        if (left >= WORDS) {
            vec_store(job->y + i, drop(vec_load(job->x + i), words[0], rate, kept_share));
            vec_store(job->y + i + VL, drop(vec_load(job->x + i + VL), words[1], rate, kept_share));
            continue;
        }
        for (size_t half = 0; half * VL < left; half++) {
            size_t at = i + half * VL, n = left - half * VL < VL ? left - half * VL : VL;
            vec x = vec_load_first(job->x + at, n);
            vec_store_first(job->y + at, drop(x, words[half], rate, kept_share), n);
        }
    }
}

void STRIA_ISA(stria_dropout)(const stria_random_key *key, float rate, const float *x, float *y, size_t count,
                              stria_pool *pool)
{
    dropout_job job = {key, rate, x, y};
    run_range(pool, count, PIECE_OF_ARITHMETIC, dropout_piece, &job);
}

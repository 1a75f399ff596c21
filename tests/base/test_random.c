/* Philox against published answers, the layout of streams (which must never change), and the distributions.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "support/check.h"

/* From kat_vectors of Random123 1.14, lines "philox4x32 10". */
static void published_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], words[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t words[4];
        stria_philox(cases[i].counter, cases[i].key, words);
        assert_memory_equal(words, cases[i].words, sizeof words);
    }
}

/* Trained models are reproduced from their seed: these words, worked out with a separate implementation of
 * the paper, must stay. */
static void streams_never_change(void **state)
{
    (void)state;
    const stria_random_key key = {
        .seed = 0x0123456789ABCDEF, .purpose = STRIA_RANDOM_SHUFFLE, .layer = 3, .step = 7};
    const uint32_t expected[4] = {0x0b2ad40e, 0xe3d9aacf, 0x9acdfc97, 0x1a742eca};
    uint32_t words[4];
    stria_random_block(&key, 5, words);
    assert_memory_equal(words, expected, sizeof words);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(stria_random_word(&key, 20 + i), expected[i]);
    assert_true(stria_random_uniform(&key, 20) == (float)(0x0b2ad40e >> 8) / 16777216.0f);

    assert_int_equal(STRIA_RANDOM_INITIALIZE, 1);
    assert_int_equal(STRIA_RANDOM_SHUFFLE, 2);
    assert_int_equal(STRIA_RANDOM_DROPOUT, 3);
    assert_int_equal(STRIA_RANDOM_DATA, 4);

    uint32_t order[10];
    static const uint32_t frozen[10] = {6, 7, 0, 4, 5, 9, 8, 2, 3, 1};
    const stria_random_key shuffle = {.seed = 1, .purpose = STRIA_RANDOM_SHUFFLE};
    stria_random_order(&shuffle, order, 10);
    assert_memory_equal(order, frozen, sizeof frozen);
}

static int compare_words(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Streams whose keys differ in any one part share no block. */
static void streams_are_apart(void **state)
{
    (void)state;
    enum { PART = 6, COUNT = PART * PART * PART * PART * PART };
    static uint64_t seen[COUNT];
    size_t count = 0;
    for (uint64_t seed = 0; seed < PART; seed++)
        for (uint32_t purpose = 0; purpose < PART; purpose++)
            for (uint32_t layer = 0; layer < PART; layer++)
                for (uint64_t step = 0; step < PART; step++)
                    for (uint32_t block = 0; block < PART; block++) {
                        uint32_t words[4];
                        uint64_t high_seed = seed % 2 ? seed << 32 : seed;
                        const stria_random_key key = {
                            .seed = high_seed, .purpose = purpose, .layer = layer, .step = step};
                        stria_random_block(&key, block, words);
                        seen[count++] = (uint64_t)words[0] << 32 | words[1];
                    }
    qsort(seen, count, sizeof seen[0], compare_words);
    for (size_t i = 1; i < count; i++)
        assert_true(seen[i] != seen[i - 1]); /* 7776 of 2^64: equal by chance once in 6e11 */
}

/* Bounds are five standard errors: the numbers are fixed, so this fails only when the code changes. */
static void uniforms_are_even(void **state)
{
    (void)state;
    enum { COUNT = 200000, BINS = 20 };
    const stria_random_key key = {.seed = 11, .purpose = STRIA_RANDOM_DROPOUT};
    double sum = 0.0;
    int bins[BINS] = {0};
    for (uint64_t i = 0; i < COUNT; i++) {
        float value = stria_random_uniform(&key, i);
        assert_true(value >= 0.0f && value < 1.0f);
        assert_true(value * 16777216.0f == floorf(value * 16777216.0f));
        sum += (double)value;
        bins[(int)(value * BINS)]++;
    }
    assert_true(fabs(sum / COUNT - 0.5) < 5.0 * sqrt(1.0 / 12.0 / COUNT));
    double expected = (double)COUNT / BINS;
    for (int i = 0; i < BINS; i++)
        assert_true(fabs(bins[i] - expected) < 5.0 * sqrt(expected));
}

static void normals_are_normal(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    const stria_random_key key = {.seed = 12, .purpose = STRIA_RANDOM_INITIALIZE};
    double moments[5] = {0};
    int within_one = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        double value = stria_random_normal(&key, i), power = 1.0;
        assert_true(fabs(value) < 8.6); /* sqrt(-2 ln 2^-52) = 8.49 */
        for (int m = 1; m < 5; m++)
            moments[m] += power *= value;
        within_one += fabs(value) < 1.0;
    }
    /* Standard errors of the moments 0, 1, 0, 3: the roots of 1, 2, 15, 96 over COUNT. */
    static const double means[5] = {0, 0, 1, 0, 3}, variances[5] = {0, 1, 2, 15, 96};
    for (int m = 1; m < 5; m++)
        assert_true(fabs(moments[m] / COUNT - means[m]) < 5.0 * sqrt(variances[m] / COUNT));
    assert_true(fabs((double)within_one / COUNT - 0.6826894921) < 5.0 * sqrt(0.2166 / COUNT));
}

/* The normal of words that are all ones or all zeros is finite. */
static void normals_have_no_poles(void **state)
{
    (void)state;
    const stria_random_key key = {.seed = 12};
    uint32_t words[4];
    stria_random_block(&key, 9, words);
    double u1 = ((double)(((uint64_t)words[0] << 32 | words[1]) >> 12) + 1.0) / 4503599627370496.0;
    double u2 = (double)(((uint64_t)words[2] << 32 | words[3]) >> 12) / 4503599627370496.0;
    double expected = sqrt(-2.0 * log(u1)) * cos(2.0 * acos(-1.0) * u2);
    assert_true(fabs(stria_random_normal(&key, 9) - expected) <= 1e-15 * fabs(expected));
}

static void orders_hold_every_number_once(void **state)
{
    (void)state;
    enum { COUNT = 10000 };
    static uint32_t order[COUNT + 1];
    static unsigned char seen[COUNT];
    for (uint32_t count = 0; count <= COUNT; count += count < 20 ? 1 : 1663) {
        const stria_random_key key = {.seed = count, .purpose = STRIA_RANDOM_SHUFFLE};
        order[count] = 0xABCD;
        stria_random_order(&key, order, count);
        assert_int_equal(order[count], 0xABCD);
        memset(seen, 0, sizeof seen);
        for (uint32_t i = 0; i < count; i++) {
            assert_true(order[i] < count);
            assert_int_equal(seen[order[i]]++, 0);
        }
    }
}

/* All 24 orders of four things are equally likely. */
static void orders_are_even(void **state)
{
    (void)state;
    enum { COUNT = 24000 };
    int bins[256] = {0};
    for (uint64_t step = 0; step < COUNT; step++) {
        const stria_random_key key = {.seed = 5, .purpose = STRIA_RANDOM_SHUFFLE, .step = step};
        uint32_t order[4];
        stria_random_order(&key, order, 4);
        bins[order[0] << 6 | order[1] << 4 | order[2] << 2 | order[3]]++;
    }
    int orders = 0;
    for (int i = 0; i < 256; i++)
        if (bins[i] > 0) {
            orders++;
            assert_true(abs(bins[i] - COUNT / 24) < 5 * 32); /* sqrt(1000) = 32 */
        }
    assert_int_equal(orders, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_answers),
        cmocka_unit_test(streams_never_change),
        cmocka_unit_test(streams_are_apart),
        cmocka_unit_test(uniforms_are_even),
        cmocka_unit_test(normals_are_normal),
        cmocka_unit_test(normals_have_no_poles),
        cmocka_unit_test(orders_hold_every_number_once),
        cmocka_unit_test(orders_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

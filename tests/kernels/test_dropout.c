/* Dropout: the definition against stria_random_uniform, the same bits on every instruction set. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/kernel_check.h"

static const stria_random_key key = {
    .seed = 0xFEDCBA9876543210u, .purpose = STRIA_RANDOM_DROPOUT, .layer = 5, .step = 0xFFFFFFF7u};

static void definition_follows_the_stream(void **state)
{
    (void)state;
    float x[1000], y[1000];
    fill_normal(x, 1000);
    definitions()->elementwise.dropout(&key, 0.3f, x, y, 1000, NULL);
    for (size_t e = 0; e < 1000; e++) {
        float want = stria_random_uniform(&key, e) >= 0.3f ? x[e] / (1 - 0.3f) : 0;
        assert_memory_equal(&y[e], &want, sizeof want);
    }
}

static void same_bits_on_every_level(void **state)
{
    (void)state;
    static const float rates[] = {0, 0.1f, 0.25f, 0.5f, 0.99f, 0.99999994f};
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    for (size_t s = 0; s < awkward_count_of_counts; s++)
        for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
            size_t n = awkward_counts[s];
            stria_random_key stream = key;
            stream.layer = (uint32_t)r;
            stream.step += s;
            float *x = guarded_floats(n), *want = guarded_floats(n);
            fill_normal(x, n);
            sprinkle_special(x, n);
            for (size_t i = 0; i < n; i++) /* a NaN of one sign, whose bits survive a division */
                if (isnan(x[i]))
                    x[i] = NAN;
            definitions()->elementwise.dropout(&stream, rates[r], x, want, n, NULL);
            for (size_t l = 0; l < count; l++) {
                float *y = guarded_floats(n), *same = guarded_copy(x, n);
                levels[l].elementwise.dropout(&stream, rates[r], x, y, n, NULL);
                expect_same(y, want, n * sizeof *y, "%s dropout %g of %zu", levels[l].name, (double)rates[r],
                            n);
                levels[l].elementwise.dropout(&stream, rates[r], same, same, n, NULL);
                expect_same(same, want, n * sizeof *y, "%s dropout %g of %zu in place", levels[l].name,
                            (double)rates[r], n);
            }
            guards_release();
        }
}

static void same_bits_on_any_threads(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels), n = 100003;
    stria_error err;
    stria_pool *pool = NULL;
    assert_ok(stria_pool_create(&pool, &stria_default_allocator, 3, &err), &err);
    float *x = guarded_floats(n), *want = guarded_floats(n), *y = guarded_floats(n);
    for (size_t i = 0; i < n; i++)
        x[i] = 1;
    definitions()->elementwise.dropout(&key, 0.4f, x, want, n, NULL);
    for (size_t l = 0; l < count; l++) {
        levels[l].elementwise.dropout(&key, 0.4f, x, y, n, pool);
        expect_same(y, want, n * sizeof *y, "%s dropout on three threads", levels[l].name);
    }
    /* The share that is dropped: 4 sigma of a binomial. */
    size_t dropped = 0;
    for (size_t i = 0; i < n; i++)
        dropped += want[i] == 0;
    assert_true(fabs((double)dropped - 0.4 * (double)n) < 4 * sqrt((double)n * 0.4 * 0.6));
    stria_pool_free(pool);
    guards_release();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definition_follows_the_stream),
        cmocka_unit_test(same_bits_on_every_level),
        cmocka_unit_test(same_bits_on_any_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Softmax, its gradient and its cross-entropy: identities and worked examples for the definitions, every
 * instruction set against them. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/kernel_check.h"

static const size_t widths[] = {1,  2,  3,  4,  5,  7,   8,    9,    10,   15,   16,
                                17, 31, 32, 33, 47, 100, 1000, 1023, 1024, 1025, 3001};
#define WIDTHS (sizeof widths / sizeof widths[0])

/* What a probability may be off, in ulps: its exponential, the sum, a division, and the difference z - max,
 * which is rounded before it is exponentiated: half an ulp of a difference up to `range` (that of the
 * logits). */
static tolerance probability(const float *z, size_t count)
{
    float low = z[0], high = z[0];
    for (size_t i = 1; i < count; i++) {
        low = z[i] < low ? z[i] : low;
        high = z[i] > high ? z[i] : high;
    }
    return (tolerance){4 + (double)(high - low), 1e-44};
}

static void definitions_on_worked_examples(void **state)
{
    (void)state;
    const stria_reduce_kernels *d = &definitions()->reduce;
    const float z[6] = {0, 1.0986123f, 1.0986123f, 5, 5, 4}; /* log 3 */
    float y[6], dz[6];
    d->softmax(z, 2, 3, y, NULL);
    const float want[6] = {1.0f / 7, 3.0f / 7, 3.0f / 7, 0.422318798f, 0.422318798f, 0.155362403f};
    expect_close(y, want, 6, (tolerance){2, 0}, "softmax");
    const int32_t labels[2] = {2, 0};
    double losses[2];
    /* The first row's first maximum is 1, not 2; the second row's is 0. */
    assert_int_equal(d->softmax_cross_entropy(z, labels, 2, 3, 0.5f, losses, dz, NULL), 1);
    assert_true(fabs(losses[0] - log(7.0 / 3)) < 1e-7);
    assert_true(fabs(losses[1] - log(2 + exp(-1))) < 1e-12);
    const float gradient[6] = {0.5f / 7, 1.5f / 7, -2.0f / 7, -0.288840601f, 0.211159399f, 0.0776812015f};
    expect_close(dz, gradient, 6, (tolerance){2, 0}, "gradient");
    assert_int_equal(d->softmax_cross_entropy(z, labels, 2, 3, 1, losses, NULL, NULL), 1);
}

/* The gradient of the loss by differences, which are good to h^2. */
static void definition_of_the_gradient_is_that_of_the_loss(void **state)
{
    (void)state;
    const stria_reduce_kernels *d = &definitions()->reduce;
    float z[10], dz[10];
    double above, below, loss;
    fill_normal(z, 10);
    const int32_t label = 3;
    d->softmax_cross_entropy(z, &label, 1, 10, 1, &loss, dz, NULL);
    for (size_t i = 0; i < 10; i++) {
        float kept = z[i];
        z[i] = kept + 0x1p-10f;
        d->softmax_cross_entropy(z, &label, 1, 10, 1, &above, NULL, NULL);
        z[i] = kept - 0x1p-10f;
        d->softmax_cross_entropy(z, &label, 1, 10, 1, &below, NULL, NULL);
        z[i] = kept;
        assert_true(fabs((above - below) * 0x1p9 - (double)dz[i]) < 3e-6 + 2e-4 * fabs((double)dz[i]));
    }
    /* And the softmax's own gradient, fed with that of the loss by the probabilities, makes it again. */
    float y[10], dy[10] = {0}, dx[10];
    d->softmax(z, 1, 10, y, NULL);
    dy[label] = -1 / y[label];
    d->softmax_gradient(y, dy, 1, 10, dx, NULL);
    expect_close(dx, dz, 10, (tolerance){8, 3e-7}, "softmax_gradient against the fused gradient");
}

static void every_level_is_like_the_definition(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    const stria_reduce_kernels *d = &definitions()->reduce;
    static const float spreads[] = {0, 0.01f, 1, 10, 60};
    for (size_t i = 0; i < WIDTHS; i++)
        for (size_t s = 0; s < 5; s++) {
            size_t columns = widths[i], rows = columns > 500 ? 3 : 13, n = rows * columns;
            float *z = guarded_floats(n), *dy = guarded_floats(n), *want = guarded_floats(n),
                  *want_dx = guarded_floats(n);
            fill_normal(z, n);
            fill_normal(dy, n);
            for (size_t k = 0; k < n; k++)
                z[k] *= spreads[s];
            d->softmax(z, rows, columns, want, NULL);
            d->softmax_gradient(want, dy, rows, columns, want_dx, NULL);
            for (size_t l = 0; l < count; l++) {
                const stria_reduce_kernels *k = &levels[l].reduce;
                float *y = guarded_floats(n), *dx = guarded_floats(n), *same = guarded_copy(z, n);
                k->softmax(z, rows, columns, y, NULL);
                expect_close(y, want, n, probability(z, n), "%s softmax %zux%zu", levels[l].name, rows,
                             columns);
                k->softmax(same, rows, columns, same, NULL);
                expect_same(same, y, n * sizeof *y, "%s softmax %zux%zu in place", levels[l].name, rows,
                            columns);
                k->softmax_gradient(want, dy, rows, columns, dx, NULL);
                for (size_t c = 0; c < n; c++) /* the sum of dy y lies below 4, its error below 1e-6 */
                    expect_close(&dx[c], &want_dx[c], 1, (tolerance){3, 1e-6 * (double)want[c]},
                                 "%s softmax_gradient %zux%zu [%zu]", levels[l].name, rows, columns, c);
            }
            guards_release();
        }
}

static void every_level_has_the_same_loss(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    const stria_reduce_kernels *d = &definitions()->reduce;
    static const float spreads[] = {0, 0.01f, 1, 10, 60};
    for (size_t i = 0; i < WIDTHS; i++)
        for (size_t s = 0; s < 6; s++) {
            size_t columns = widths[i], rows = columns > 500 ? 5 : 67, n = rows * columns;
            float *z = guarded_floats(n), *want_dz = guarded_floats(n);
            if (s < 5)
                fill_normal(z, n);
            else
                fill_whole(z, n); /* several maxima in a row */
            for (size_t k = 0; s < 5 && k < n; k++)
                z[k] *= spreads[s];
            int32_t *labels = guarded_bytes(rows * sizeof *labels);
            double *want = guarded_bytes(rows * sizeof *want), *got = guarded_bytes(rows * sizeof *got);
            for (size_t r = 0; r < rows; r++)
                labels[r] = (int32_t)random_below(columns);
            size_t correct = d->softmax_cross_entropy(z, labels, rows, columns, 0.25f, want, want_dz, NULL);
            for (size_t l = 0; l < count; l++) {
                const stria_reduce_kernels *k = &levels[l].reduce;
                float *dz = guarded_floats(n), *same = guarded_copy(z, n);
                assert_int_equal(k->softmax_cross_entropy(z, labels, rows, columns, 0.25f, got, dz, NULL),
                                 correct);
                double share = probability(z, n).ulps * 0x1p-24;
                /* p - 1 of a float p: 2^-24 of the scale, and what the sum is off. */
                expect_close(dz, want_dz, n, (tolerance){6, 0.25 * 5e-7}, "%s dlogits %zux%zu",
                             levels[l].name, rows, columns);
                for (size_t r = 0; r < rows; r++)
                    if (!(fabs(got[r] - want[r]) <= share * fmin(1, want[r]) + 1e-15 * want[r] + 1e-43))
                        fail_msg("%s loss %.17g, wanted %.17g (%zux%zu)", levels[l].name, got[r], want[r],
                                 rows, columns);
                assert_int_equal(k->softmax_cross_entropy(z, labels, rows, columns, 0.25f, want, NULL, NULL),
                                 correct);
                expect_same(want, got, rows * sizeof *got, "%s losses without gradient", levels[l].name);
                k->softmax_cross_entropy(same, labels, rows, columns, 0.25f, want, same, NULL);
                expect_same(same, dz, n * sizeof *dz, "%s dlogits in place", levels[l].name);
                d->softmax_cross_entropy(z, labels, rows, columns, 0.25f, want, NULL, NULL);
            }
            guards_release();
        }
}

/* A confident network: the loss is as small as the other classes are unlikely, not 0. */
static void small_losses_keep_their_digits(void **state)
{
    (void)state;
    for (stria_cpu_level level = STRIA_CPU_PLAIN; level <= STRIA_CPU_NEON; level++) {
        const stria_kernels *k = table_of(level);
        if (k == NULL)
            continue;
        const float z[10] = {40, 3, 2, 1, 0, 0, 0, 0, 0, 0};
        const int32_t label = 0;
        double loss, want = exp(-37) + exp(-38) + exp(-39) + 6 * exp(-40);
        assert_int_equal(k->reduce.softmax_cross_entropy(z, &label, 1, 10, 1, &loss, NULL, NULL), 1);
        if (!(fabs(loss - want) <= 3e-7 * want))
            fail_msg("%s: loss %g, wanted %g", k->name, loss, want);
    }
}

static void not_numbers_and_infinities_show(void **state)
{
    (void)state;
    for (stria_cpu_level level = STRIA_CPU_PLAIN; level <= STRIA_CPU_NEON; level++) {
        const stria_kernels *k = table_of(level);
        for (size_t place = 0; k != NULL && place < 20; place++) {
            static const float special[] = {NAN, INFINITY};
            for (int s = 0; s < 2; s++) {
                float z[20] = {0}, y[20];
                const int32_t label = 5;
                double loss;
                z[place] = special[s];
                k->reduce.softmax(z, 1, 20, y, NULL);
                assert_true(isnan(y[place]));
                k->reduce.softmax_cross_entropy(z, &label, 1, 20, 1, &loss, y, NULL);
                assert_true(isnan(loss) && isnan(y[place]));
            }
            /* Minus infinity is a probability of 0. */
            float z[20] = {0}, y[20], share = 1.0f / 19;
            z[place] = -INFINITY;
            k->reduce.softmax(z, 1, 20, y, NULL);
            for (size_t i = 0; i < 20; i++)
                assert_true(i == place ? y[i] == 0 : fabsf(y[i] - share) < 1e-8f);
        }
    }
}

static void bits_depend_on_neither_threads_nor_width(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    stria_error err;
    stria_pool *pool = NULL;
    assert_ok(stria_pool_create(&pool, &stria_default_allocator, 3, &err), &err);
    const stria_kernels *avx2 = table_of(STRIA_CPU_AVX2), *avx512 = table_of(STRIA_CPU_AVX512);
    static const size_t large[][2] = {{6000, 10}, {900, 100}, {70, 3001}};
    for (size_t s = 0; s < 3; s++) {
        size_t rows = large[s][0], columns = large[s][1], n = rows * columns;
        float *z = guarded_floats(n), *a = guarded_floats(n), *b = guarded_floats(n);
        int32_t *labels = guarded_bytes(rows * sizeof *labels);
        double *losses = guarded_bytes(rows * sizeof *losses), *others = guarded_bytes(rows * sizeof *others);
        fill_normal(z, n);
        for (size_t r = 0; r < rows; r++)
            labels[r] = (int32_t)random_below(columns);
        for (size_t l = 0; l < count; l++) {
            const stria_reduce_kernels *k = &levels[l].reduce;
            k->softmax(z, rows, columns, a, NULL);
            k->softmax(z, rows, columns, b, pool);
            expect_same(b, a, n * sizeof *a, "%s softmax on three threads", levels[l].name);
            k->softmax_gradient(a, z, rows, columns, a, NULL);
            k->softmax_gradient(b, z, rows, columns, b, pool);
            expect_same(b, a, n * sizeof *a, "%s softmax_gradient on three threads", levels[l].name);
            size_t correct = k->softmax_cross_entropy(z, labels, rows, columns, 1, losses, a, NULL);
            assert_int_equal(k->softmax_cross_entropy(z, labels, rows, columns, 1, others, b, pool), correct);
            expect_same(others, losses, rows * sizeof *losses, "%s losses on three threads", levels[l].name);
            expect_same(b, a, n * sizeof *a, "%s dlogits on three threads", levels[l].name);
        }
        if (avx2 != NULL && avx512 != NULL) {
            avx2->reduce.softmax(z, rows, columns, a, NULL);
            avx512->reduce.softmax(z, rows, columns, b, NULL);
            expect_same(b, a, n * sizeof *a, "avx512 and avx2, softmax");
            avx2->reduce.softmax_gradient(a, z, rows, columns, a, NULL);
            avx512->reduce.softmax_gradient(b, z, rows, columns, b, NULL);
            expect_same(b, a, n * sizeof *a, "avx512 and avx2, softmax_gradient");
            avx2->reduce.softmax_cross_entropy(z, labels, rows, columns, 1, losses, a, NULL);
            avx512->reduce.softmax_cross_entropy(z, labels, rows, columns, 1, others, b, NULL);
            expect_same(others, losses, rows * sizeof *losses, "avx512 and avx2, losses");
            expect_same(b, a, n * sizeof *a, "avx512 and avx2, dlogits");
        }
        guards_release();
    }
    stria_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions_on_worked_examples),
        cmocka_unit_test(definition_of_the_gradient_is_that_of_the_loss),
        cmocka_unit_test(every_level_is_like_the_definition),
        cmocka_unit_test(every_level_has_the_same_loss),
        cmocka_unit_test(small_losses_keep_their_digits),
        cmocka_unit_test(not_numbers_and_infinities_show),
        cmocka_unit_test(bits_depend_on_neither_threads_nor_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

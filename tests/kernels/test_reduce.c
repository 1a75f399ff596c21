/* Column operations and the search for infinities: the definitions on worked examples, every instruction set
 * against the definitions, sums that naive code gets wrong. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/kernel_check.h"

/* Shapes of batches of pictures, and awkward ones: around the limits of joining (64 columns), of strips
 * (256), of the blocks and pieces. */
static const struct {
    size_t rows, columns;
} shapes[] = {
    {1, 1},    {1, 6},    {2, 1},     {3, 5},    {7, 6},    {31, 6},   {33, 6},    {64, 10},
    {1000, 1}, {5003, 3}, {20011, 6}, {1021, 7}, {300, 15}, {777, 16}, {129, 17},  {97, 31},
    {50, 32},  {85, 33},  {41, 63},   {40, 64},  {39, 65},  {1, 120},  {64, 120},  {700, 100},
    {17, 255}, {70, 256}, {19, 257},  {9, 511},  {3, 1000}, {5, 4099}, {2000, 84}, {40000, 16},
};
#define SHAPES (sizeof shapes / sizeof shapes[0])

static void definitions_on_worked_examples(void **state)
{
    (void)state;
    const stria_reduce_kernels *d = &definitions()->reduce;
    const float x[6] = {1, 10, 3, 20, 5, 60}, dy[6] = {1, 0, 2, 1, -1, 2};
    float a[2], b[2], y[6];
    d->column_sums(x, 3, 2, a, NULL);
    assert_true(a[0] == 9 && a[1] == 90);
    d->column_moments(x, 3, 2, a, b, NULL);
    assert_true(a[0] == 3 && a[1] == 30);
    assert_true(fabsf(b[0] - 8.0f / 3) < 1e-6f && fabsf(b[1] - 1400.0f / 3) < 1e-4f);
    const float mean[2] = {3, 30};
    stria_column_gradient gradient = {.dy = dy, .x = x, .rows = 3, .columns = 2};
    d->column_products(&gradient, mean, a, b, NULL);
    assert_true(a[0] == 2 && a[1] == 3);
    assert_true(b[0] == -4 && b[1] == 50); /* 1*-2 + 2*0 - 1*2; 0 + 1*-10 + 2*30 */
    const float scale[2] = {2, -1}, shift[2] = {-3, 15}, offset[2] = {0.5f, 1};
    d->column_scale(x, scale, shift, (stria_activation){.kind = STRIA_RELU}, 3, 2, y, NULL);
    const float scaled[6] = {0, 5, 3, 0, 7, 0};
    expect_same(y, scaled, sizeof y, "column_scale with relu");
    d->column_combine(&gradient, scale, shift, offset, y, NULL);
    const float combined[6] = {-0.5f, 151, -4.5f, 300, -16.5f, 899};
    expect_same(y, combined, sizeof y, "column_combine");
    gradient.activation.kind = STRIA_RELU; /* its inputs -1, 5; 3, -5; 7, -45 */
    gradient.scale = scale;
    gradient.shift = shift;
    d->column_products(&gradient, mean, a, b, NULL);
    assert_true(a[0] == 1 && a[1] == 0);
    assert_true(b[0] == -2 && b[1] == 0);
    d->column_combine(&gradient, scale, shift, offset, y, NULL);
    const float rectified[6] = {-2.5f, 151, -4.5f, 301, -16.5f, 901};
    expect_same(y, rectified, sizeof y, "column_combine behind relu");
    assert_true(d->all_finite(x, 6, NULL));
}

/* Sums of n numbers: the order differs from the definition's, which is in double; a tree of floats and then
 * doubles keeps the error under 2^-22 of the sum of the absolute values (measured: a third of it). */
static void expect_sums(const float *got, const float *want, const float *a, const float *b,
                        const float *centre, size_t rows, size_t columns, const char *level, const char *what)
{
    for (size_t c = 0; c < columns; c++) {
        double size = 0;
        for (size_t r = 0; r < rows; r++) {
            double value = (double)a[r * columns + c];
            if (b != NULL)
                value *= fabs((double)b[r * columns + c]) + fabs((double)centre[c]);
            size += fabs(value);
        }
        expect_close(&got[c], &want[c], 1, (tolerance){1, 0x1p-22 * size}, "%s %s, column %zu of %zux%zu",
                     level, what, c, rows, columns);
    }
}

static void every_level_sums_alike(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    const stria_reduce_kernels *d = &definitions()->reduce;
    for (size_t s = 0; s < SHAPES; s++) {
        size_t rows = shapes[s].rows, columns = shapes[s].columns, n = rows * columns;
        float *x = guarded_floats(n), *dy = guarded_floats(n);
        fill_normal(x, n);
        fill_normal(dy, n);
        for (size_t i = 0; i < n; i++)
            x[i] += 0.5f;
        float *mean = guarded_floats(columns), *want[2] = {guarded_floats(columns), guarded_floats(columns)};
        float *got[2] = {guarded_floats(columns), guarded_floats(columns)};
        d->column_moments(x, rows, columns, mean, want[1], NULL);
        for (size_t l = 0; l < count; l++) {
            const stria_reduce_kernels *k = &levels[l].reduce;
            k->column_moments(x, rows, columns, got[0], got[1], NULL);
            expect_close(got[0], mean, columns, (tolerance){2, 1e-7}, "%s mean of %zux%zu", levels[l].name,
                         rows, columns);
            expect_close(got[1], want[1], columns, (tolerance){8, 0}, "%s variance of %zux%zu",
                         levels[l].name, rows, columns);
            d->column_sums(dy, rows, columns, want[0], NULL);
            k->column_sums(dy, rows, columns, got[0], NULL);
            expect_sums(got[0], want[0], dy, NULL, NULL, rows, columns, levels[l].name, "sum");
            float *sum_want = guarded_floats(columns), *sum_got = guarded_floats(columns);
            const stria_column_gradient gradient = {.dy = dy, .x = x, .rows = rows, .columns = columns};
            d->column_products(&gradient, mean, sum_want, want[0], NULL);
            k->column_products(&gradient, mean, sum_got, got[0], NULL);
            expect_sums(sum_got, sum_want, dy, NULL, NULL, rows, columns, levels[l].name, "sum of dy");
            expect_sums(got[0], want[0], dy, x, mean, rows, columns, levels[l].name, "sum of dy x");
        }
        guards_release();
    }
}

/* Whole numbers add up exactly in any order. */
static void whole_numbers_add_up_exactly(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    for (size_t s = 0; s < SHAPES; s++) {
        size_t rows = shapes[s].rows, columns = shapes[s].columns, n = rows * columns;
        float *x = guarded_floats(n), *want = guarded_floats(columns), *got = guarded_floats(columns);
        fill_whole(x, n);
        definitions()->reduce.column_sums(x, rows, columns, want, NULL);
        for (size_t l = 0; l < count; l++) {
            levels[l].reduce.column_sums(x, rows, columns, got, NULL);
            expect_close(got, want, columns, (tolerance){0, 0}, "%s sums of %zux%zu", levels[l].name, rows,
                         columns);
        }
        guards_release();
    }
}

/* A spread of 1 around 100,000, and numbers that drift from -1000 to 1000: E[x^2] - E[x]^2 in float gives
 * nonsense for the first, a first guess of the mean for the second. */
static void moments_survive_large_means(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels), rows = 50000, columns = 6, n = rows * columns;
    float *x = guarded_floats(n), want[2][6], got[2][6];
    for (int drift = 0; drift < 2; drift++) {
        for (size_t i = 0; i < n; i++)
            x[i] = random_normal() + (drift ? 2000.0f * (float)i / (float)n - 1000 : 100000);
        definitions()->reduce.column_moments(x, rows, columns, want[0], want[1], NULL);
        for (size_t l = 0; l < count; l++) {
            levels[l].reduce.column_moments(x, rows, columns, got[0], got[1], NULL);
            expect_close(got[0], want[0], columns, (tolerance){1, 1e-4}, "%s mean, drift %d", levels[l].name,
                         drift);
            expect_close(got[1], want[1], columns, (tolerance){16, 0}, "%s variance, drift %d",
                         levels[l].name, drift);
        }
    }
    guards_release();
}

static void every_level_applies_columns_alike(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    const stria_reduce_kernels *d = &definitions()->reduce;
    static const stria_activation activations[] = {
        {.kind = STRIA_LINEAR}, {.kind = STRIA_RELU}, {.kind = STRIA_LEAKY_RELU, .alpha = 0.1f}};
    for (size_t s = 0; s < SHAPES; s++)
        for (size_t a = 0; a < 3; a++) {
            size_t rows = shapes[s].rows, columns = shapes[s].columns, n = rows * columns;
            float *x = guarded_floats(n), *dy = guarded_floats(n), *want = guarded_floats(n), *f[3];
            fill_normal(x, n);
            fill_normal(dy, n);
            for (int k = 0; k < 3; k++) {
                f[k] = guarded_floats(columns);
                fill_normal(f[k], columns);
            }
            for (size_t l = 0; l < count; l++) {
                const stria_reduce_kernels *k = &levels[l].reduce;
                float *got = guarded_floats(n);
                d->column_scale(x, f[0], f[1], activations[a], rows, columns, want, NULL);
                k->column_scale(x, f[0], f[1], activations[a], rows, columns, got, NULL);
                /* Products and sums of numbers up to about 25; without fused multiply-add one rounding more.
                 */
                expect_close(got, want, n, (tolerance){1.5, 1.5e-6}, "%s column_scale %zux%zu",
                             levels[l].name, rows, columns);
                const stria_column_gradient gradient = {.dy = dy, .x = x, .rows = rows, .columns = columns};
                d->column_combine(&gradient, f[0], f[1], f[2], want, NULL);
                k->column_combine(&gradient, f[0], f[1], f[2], got, NULL);
                expect_close(got, want, n, (tolerance){1.5, 3e-6}, "%s column_combine %zux%zu",
                             levels[l].name, rows, columns);
                float *same = guarded_copy(dy, n);
                const stria_column_gradient in_place = {.dy = same, .x = x, .rows = rows, .columns = columns};
                k->column_combine(&in_place, f[0], f[1], f[2], same, NULL);
                expect_same(same, got, n * sizeof *got, "%s column_combine in place", levels[l].name);
            }
            guards_release();
        }
}

/* Quarters times a half, one or two are exact, so that no level sees another side of a corner; many numbers
 * are at one. */
static void every_level_goes_back_through_activations(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    const stria_reduce_kernels *d = &definitions()->reduce;
    static const stria_activation activations[] = {
        {.kind = STRIA_RELU}, {.kind = STRIA_RELU6}, {.kind = STRIA_LEAKY_RELU, .alpha = 0.125f}};
    for (size_t s = 0; s < SHAPES; s++)
        for (size_t a = 0; a < 3; a++) {
            size_t rows = shapes[s].rows, columns = shapes[s].columns, n = rows * columns;
            float *x = guarded_floats(n), *dy = guarded_floats(n), *g = guarded_floats(n);
            float *y = guarded_floats(n), *f[5], *want[3], *got[3];
            fill_normal(dy, n);
            for (size_t i = 0; i < n; i++)
                x[i] = 0.25f * ((float)random_below(65) - 32);
            for (int k = 0; k < 5; k++) {
                f[k] = guarded_floats(columns);
                fill_normal(f[k], columns);
            }
            for (size_t c = 0; c < columns; c++) {
                f[3][c] = (random_below(2) == 0 ? 0.5f : -0.5f) * (float)(1U << random_below(3));
                f[4][c] = 0.25f * ((float)random_below(33) - 16);
            }
            for (int k = 0; k < 3; k++) {
                want[k] = guarded_floats(k < 2 ? columns : n);
                got[k] = guarded_floats(k < 2 ? columns : n);
            }
            const stria_column_gradient gradient = {dy, x, rows, columns, activations[a], f[3], f[4]};
            d->column_products(&gradient, f[0], want[0], want[1], NULL);
            d->column_combine(&gradient, f[0], f[1], f[2], want[2], NULL);
            /* The gradient by the activation's output is the same. */
            d->column_scale(x, f[3], f[4], activations[a], rows, columns, y, NULL);
            definitions()->elementwise.activate_gradient(activations[a], y, dy, g, n, NULL);
            const stria_column_gradient linear = {.dy = g, .x = x, .rows = rows, .columns = columns};
            d->column_combine(&linear, f[0], f[1], f[2], y, NULL);
            expect_same(want[2], y, n * sizeof *y, "column_combine by the output");
            for (size_t l = 0; l < count; l++) {
                const stria_reduce_kernels *k = &levels[l].reduce;
                k->column_products(&gradient, f[0], got[0], got[1], NULL);
                expect_sums(got[0], want[0], g, NULL, NULL, rows, columns, levels[l].name, "sum of g");
                expect_sums(got[1], want[1], g, x, f[0], rows, columns, levels[l].name, "sum of g x");
                k->column_combine(&gradient, f[0], f[1], f[2], got[2], NULL);
                /* As column_combine above, of numbers up to about 60. */
                expect_close(got[2], want[2], n, (tolerance){1.5, 8e-6}, "%s column_combine %zux%zu",
                             levels[l].name, rows, columns);
            }
            guards_release();
        }
}

static void every_place_of_an_infinity_is_found(void **state)
{
    (void)state;
    static const float finite[] = {0, -0.0f, FLT_MAX, -FLT_MAX, 0x1p-149f, 1};
    static const float others[] = {INFINITY, -INFINITY, NAN};
    for (stria_cpu_level level = STRIA_CPU_PLAIN; level <= STRIA_CPU_NEON; level++) {
        const stria_kernels *k = table_of(level);
        for (size_t n = 0; k != NULL && n < 200; n++) {
            float *x = guarded_floats(n);
            for (size_t i = 0; i < n; i++)
                x[i] = finite[random_below(6)];
            assert_true(k->reduce.all_finite(x, n, NULL));
            for (size_t i = 0; i < n; i++) {
                float kept = x[i];
                x[i] = others[random_below(3)];
                if (k->reduce.all_finite(x, n, NULL))
                    fail_msg("%s: %g at %zu of %zu was not found", k->name, (double)x[i], i, n);
                x[i] = kept;
            }
            guards_release();
        }
    }
}

/* One call with results in `out` [5][n]. */
static void run_all(const stria_reduce_kernels *k, const float *x, const float *dy, const float *f,
                    size_t rows, size_t columns, float *out, stria_pool *pool)
{
    size_t n = rows * columns;
    k->column_sums(x, rows, columns, out, pool);
    k->column_moments(x, rows, columns, out + columns, out + 2 * columns, pool);
    stria_column_gradient gradient = {.dy = dy, .x = x, .rows = rows, .columns = columns};
    k->column_products(&gradient, out + columns, out + 3 * columns, out + 4 * columns, pool);
    k->column_scale(x, f, f + columns, (stria_activation){.kind = STRIA_TANH}, rows, columns, out + 5 * columns,
                    pool);
    gradient.activation.kind = STRIA_RELU;
    gradient.scale = f;
    gradient.shift = f + columns;
    k->column_combine(&gradient, f, f + columns, f, out + 5 * columns + n, pool);
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
    static const size_t large[][2] = {{50176, 6}, {3000, 100}, {400, 1000}, {12544, 16}, {99991, 1}};
    for (size_t s = 0; s < sizeof large / sizeof large[0]; s++) {
        size_t rows = large[s][0], columns = large[s][1], n = rows * columns, total = 5 * columns + 2 * n;
        float *x = guarded_floats(n), *dy = guarded_floats(n), *f = guarded_floats(2 * columns);
        fill_normal(x, n);
        fill_normal(dy, n);
        fill_normal(f, 2 * columns);
        float *serial = guarded_floats(total), *other = guarded_floats(total);
        for (size_t l = 0; l < count; l++) {
            run_all(&levels[l].reduce, x, dy, f, rows, columns, serial, NULL);
            run_all(&levels[l].reduce, x, dy, f, rows, columns, other, pool);
            expect_same(other, serial, total * sizeof *other, "%s %zux%zu on three threads", levels[l].name,
                        rows, columns);
            x[n / 2] = NAN;
            assert_false(levels[l].reduce.all_finite(x, n, pool));
            x[n / 2] = 0;
            assert_true(levels[l].reduce.all_finite(x, n, pool));
        }
        if (avx2 != NULL && avx512 != NULL) {
            run_all(&avx2->reduce, x, dy, f, rows, columns, serial, NULL);
            run_all(&avx512->reduce, x, dy, f, rows, columns, other, NULL);
            expect_same(other, serial, total * sizeof *other, "avx512 and avx2, %zux%zu", rows, columns);
        }
        guards_release();
    }
    stria_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions_on_worked_examples),
        cmocka_unit_test(every_level_sums_alike),
        cmocka_unit_test(whole_numbers_add_up_exactly),
        cmocka_unit_test(moments_survive_large_means),
        cmocka_unit_test(every_level_applies_columns_alike),
        cmocka_unit_test(every_level_goes_back_through_activations),
        cmocka_unit_test(every_place_of_an_infinity_is_found),
        cmocka_unit_test(bits_depend_on_neither_threads_nor_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

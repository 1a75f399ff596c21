/* Pooling: the definitions on worked examples and by the adjoint identity, every instruction set against them
 * for all kinds of windows. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/kernel_check.h"

static const char *const kind_names[] = {"max", "min", "average"};

static size_t volume(const size_t sizes[3])
{
    return sizes[0] * sizes[1] * sizes[2];
}

/* Sets the number of outputs from the rest and the padding behind; false when there is none. */
static bool set_outputs(stria_window *w, const size_t after[3])
{
    for (int a = 0; a < 3; a++) {
        size_t extent = (w->kernel[a] - 1) * w->dilation[a] + 1, padded = w->before[a] + w->in[a] + after[a];
        if (padded < extent)
            return false;
        w->out[a] = (padded - extent) / w->stride[a] + 1;
    }
    return true;
}

/* A picture of height and width with a square window. */
static stria_window square_window(size_t height, size_t width, size_t kernel, size_t stride, size_t before,
                                  size_t after)
{
    stria_window w = {{1, height, width},  {0},       {1, kernel, kernel},
                      {1, stride, stride}, {1, 1, 1}, {0, before, before}};
    const size_t behind[3] = {0, after, after};
    assert_true(set_outputs(&w, behind));
    return w;
}

/* ---- The definitions ---- */

static void definitions_on_worked_examples(void **state)
{
    (void)state;
    const stria_pool_kernels *d = &definitions()->pool;
    /* One channel, 3x4; 2x2 windows with stride 2 leave out the last row. */
    const float x[12] = {1, 5, -1, NAN, 2, 5, -3, -2, 9, 9, 9, 9};
    stria_window w = square_window(3, 4, 2, 2, 0, 0);
    assert_int_equal(w.out[1], 1);
    assert_int_equal(w.out[2], 2);
    float y[2], dx[12];
    uint8_t index[2];
    const float dy[2] = {10, 100};
    d->forward(STRIA_POOL_MAX, &w, 1, 1, x, y, index, NULL);
    assert_true(y[0] == 5 && y[1] == -1); /* the first of two fives; NaN drops out */
    assert_true(index[0] == 1 && index[1] == 0);
    d->backward(STRIA_POOL_MAX, &w, 1, 1, dy, index, dx, NULL);
    const float want_max[12] = {0, 10, 100};
    expect_same(dx, want_max, sizeof dx, "gradient of max");
    d->forward(STRIA_POOL_MIN, &w, 1, 1, x, y, index, NULL);
    assert_true(y[0] == 1 && y[1] == -3 && index[0] == 0 && index[1] == 2);
    d->forward(STRIA_POOL_AVERAGE, &w, 1, 1, x + 4, y, NULL, NULL);
    assert_true(y[0] == 6.25f && y[1] == 3.25f);
    d->backward(STRIA_POOL_AVERAGE, &w, 1, 1, dy, NULL, dx, NULL);
    const float want_average[12] = {2.5f, 2.5f, 25, 25, 2.5f, 2.5f, 25, 25};
    expect_same(dx, want_average, sizeof dx, "gradient of average");

    /* Nothing but NaN, and nothing but infinities: Keras gives the largest finite number either way. */
    const float none[12] = {NAN, NAN, -INFINITY, -INFINITY, NAN, NAN, -INFINITY, -INFINITY};
    d->forward(STRIA_POOL_MAX, &w, 1, 1, none, y, index, NULL);
    assert_true(y[0] == -FLT_MAX && y[1] == -FLT_MAX && index[0] == 0 && index[1] == 0);

    /* [1..5], window 3, "same": the average counts real inputs only. Keras: 1.5, 2, 3, 4, 4.5. */
    const float five[5] = {1, 2, 3, 4, 5}, want_five[5] = {1.5f, 2, 3, 4, 4.5f};
    float z[5];
    stria_window line = {{1, 1, 5}, {1, 1, 5}, {1, 1, 3}, {1, 1, 1}, {1, 1, 1}, {0, 0, 1}};
    d->forward(STRIA_POOL_AVERAGE, &line, 1, 1, five, z, NULL, NULL);
    expect_same(z, want_five, sizeof z, "average of [1..5]");
    /* The maximum ignores the padding, which is not 0. */
    const float below[5] = {-1, -2, -3, -4, -5}, want_below[5] = {-1, -1, -2, -3, -4};
    d->forward(STRIA_POOL_MAX, &line, 1, 1, below, z, NULL, NULL);
    expect_same(z, want_below, sizeof z, "maximum of [-1..-5]");

    /* A window in the padding alone. */
    stria_window wide = {{1, 1, 2}, {1, 1, 4}, {1, 1, 2}, {1, 1, 2}, {1, 1, 1}, {0, 0, 3}};
    d->forward(STRIA_POOL_AVERAGE, &wide, 1, 1, five, z, NULL, NULL);
    assert_true(z[0] == 0 && z[1] == 1 && z[2] == 2 && z[3] == 0);
    uint8_t taps[4];
    d->forward(STRIA_POOL_MAX, &wide, 1, 1, five, z, taps, NULL);
    assert_true(z[0] == -FLT_MAX && z[1] == 1 && taps[0] == 0 && taps[1] == 1 && taps[2] == 0);
}

/* ---- Windows to try ---- */

static stria_window random_window(void)
{
    stria_window w;
    size_t after[3];
    for (;;) {
        for (int a = 0; a < 3; a++) {
            bool used = a > 0 || random_below(4) == 0;
            w.in[a] = used ? 1 + random_below(a > 0 ? 11 : 4) : 1;
            w.kernel[a] = used ? 1 + random_below(4) : 1;
            w.stride[a] = used ? 1 + random_below(4) : 1;
            w.dilation[a] = used && random_below(4) == 0 ? 2 : 1;
            w.before[a] = used && random_below(2) == 0 ? random_below(4) : 0;
            after[a] = used && random_below(2) == 0 ? random_below(4) : 0;
            if (random_below(3) == 0)
                w.stride[a] = w.kernel[a]; /* tiles */
        }
        if (set_outputs(&w, after))
            return w;
    }
}

static const size_t channel_counts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 100, 131};
#define CHANNEL_COUNTS (sizeof channel_counts / sizeof channel_counts[0])

#define WINDOW_FORMAT                                                                                        \
    "%zux%zux%zu window %zux%zux%zu stride %zu,%zu,%zu dilation %zu,%zu,%zu before %zu,%zu,%zu"
#define WINDOW_VALUES(w)                                                                                     \
    (w)->in[0], (w)->in[1], (w)->in[2], (w)->kernel[0], (w)->kernel[1], (w)->kernel[2], (w)->stride[0],      \
        (w)->stride[1], (w)->stride[2], (w)->dilation[0], (w)->dilation[1], (w)->dilation[2],                \
        (w)->before[0], (w)->before[1], (w)->before[2]

/* What a fill leaves: numbers, few different numbers, all negative ones, special ones. */
static void fill_pictures(float *x, size_t count, size_t how)
{
    fill_normal(x, count);
    if (how == 1)
        fill_whole(x, count);
    for (size_t i = 0; how == 2 && i < count; i++)
        x[i] = -0.1f - fabsf(x[i]);
    if (how == 3)
        sprinkle_special(x, count);
}

/* ---- Adjoints ---- */

/* <dy, pool(x)> = <backward(dy), x>: an average is linear, and an extreme is one of its inputs. */
static void gradients_are_adjoint(void **state)
{
    (void)state;
    for (stria_cpu_level level = STRIA_CPU_PLAIN; level <= STRIA_CPU_NEON; level++) {
        const stria_kernels *k = table_of(level);
        for (size_t trial = 0; k != NULL && trial < 100; trial++) {
            stria_window w = random_window();
            size_t channels = channel_counts[random_below(CHANNEL_COUNTS)], batch = 1 + random_below(3);
            size_t in = batch * volume(w.in) * channels, out = batch * volume(w.out) * channels;
            float *x = guarded_floats(in), *y = guarded_floats(out), *dy = guarded_floats(out),
                  *dx = guarded_floats(in);
            void *index = guarded_bytes(out * stria_pool_index_size(&w));
            fill_normal(x, in);
            fill_normal(dy, out);
            for (stria_pool_kind kind = STRIA_POOL_MAX; kind <= STRIA_POOL_AVERAGE; kind++) {
                k->pool.forward(kind, &w, channels, batch, x, y, kind == STRIA_POOL_AVERAGE ? NULL : index,
                                NULL);
                k->pool.backward(kind, &w, channels, batch, dy, index, dx, NULL);
                double left = 0, right = 0, size = 1;
                for (size_t i = 0; i < out; i++) {
                    if (fabsf(y[i]) == FLT_MAX) /* it saw padding alone */
                        continue;
                    left += (double)dy[i] * (double)y[i];
                    size += fabs((double)dy[i] * (double)y[i]);
                }
                for (size_t i = 0; i < in; i++)
                    right += (double)dx[i] * (double)x[i];
                /* Some roundings of each product, which do not add up in one direction. */
                if (!(fabs(left - right) <= 2e-6 * size))
                    fail_msg("%s %s " WINDOW_FORMAT ": %g and %g", k->name, kind_names[kind],
                             WINDOW_VALUES(&w), left, right);
            }
            guards_release();
        }
    }
}

/* ---- Every level ---- */

/* One window on all levels against the definition. */
static void try_window(const stria_window *w, size_t channels, size_t batch, size_t how)
{
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    size_t in = batch * volume(w->in) * channels, out = batch * volume(w->out) * channels;
    size_t index_bytes = out * stria_pool_index_size(w), taps = volume(w->kernel);
    float *x = guarded_floats(in), *dy = guarded_floats(out);
    fill_pictures(x, in, how);
    fill_normal(dy, out);
    for (stria_pool_kind kind = STRIA_POOL_MAX; kind <= STRIA_POOL_AVERAGE; kind++) {
        bool average = kind == STRIA_POOL_AVERAGE;
        if (average && how == 3)
            continue;
        float *want = guarded_floats(out), *want_dx = guarded_floats(in);
        void *want_index = average ? NULL : guarded_bytes(index_bytes);
        definitions()->pool.forward(kind, w, channels, batch, x, want, want_index, NULL);
        definitions()->pool.backward(kind, w, channels, batch, dy, want_index, want_dx, NULL);
        for (size_t l = 0; l < count; l++) {
            const stria_pool_kernels *k = &levels[l].pool;
            float *y = guarded_floats(out), *dx = guarded_floats(in);
            void *index = average ? NULL : guarded_bytes(index_bytes);
            k->forward(kind, w, channels, batch, x, y, index, NULL);
            k->backward(kind, w, channels, batch, dy, want_index, dx, NULL);
            /* Extremes are inputs; sums of `taps` numbers up to 5, each rounding up to half an ulp of the
             * sum. */
            tolerance exact = {0, 0}, sums = {2, (double)taps * 5 * 0x1p-24};
            expect_close(y, want, out, average ? sums : exact, "%s %s, %zu channels, " WINDOW_FORMAT,
                         levels[l].name, kind_names[kind], channels, WINDOW_VALUES(w));
            if (!average) {
                expect_same(index, want_index, index_bytes, "%s index of %s, %zu channels, " WINDOW_FORMAT,
                            levels[l].name, kind_names[kind], channels, WINDOW_VALUES(w));
                k->forward(kind, w, channels, batch, x, y, NULL, NULL);
                expect_close(y, want, out, exact, "%s %s without index, %zu channels, " WINDOW_FORMAT,
                             levels[l].name, kind_names[kind], channels, WINDOW_VALUES(w));
            }
            expect_close(dx, want_dx, in, sums, "%s gradient of %s, %zu channels, " WINDOW_FORMAT,
                         levels[l].name, kind_names[kind], channels, WINDOW_VALUES(w));
        }
    }
    guards_release();
}

static void every_level_on_common_windows(void **state)
{
    (void)state;
    static const size_t some[] = {1, 3, 6, 8, 16, 17, 65};
    for (size_t c = 0; c < sizeof some / sizeof some[0]; c++) {
        size_t channels = some[c];
        const stria_window windows[] = {
            square_window(14, 14, 2, 2, 0, 0), /* LeNet-5 */
            square_window(10, 10, 2, 2, 0, 0),
            square_window(9, 7, 2, 2, 0, 0),   /* a row and a column left over */
            square_window(9, 7, 2, 2, 0, 1),   /* "same" */
            square_window(12, 13, 3, 2, 0, 1), /* overlapping: ResNet's first */
            square_window(8, 8, 3, 1, 1, 1),   /* Inception */
            square_window(6, 6, 2, 1, 0, 0),
            square_window(9, 9, 2, 3, 0, 0),    /* gaps */
            square_window(7, 7, 7, 7, 0, 0),    /* global */
            square_window(2, 3, 5, 1, 2, 2),    /* larger than the picture */
            square_window(17, 17, 17, 1, 0, 0), /* 289 taps: four-byte index */
            square_window(20, 20, 17, 3, 2, 2),
        };
        for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
            try_window(&windows[i], channels, i % 2 + 1, i % 4);
    }
}

static void every_level_on_random_windows(void **state)
{
    (void)state;
    for (size_t trial = 0; trial < 300; trial++) {
        stria_window w = random_window();
        try_window(&w, channel_counts[random_below(CHANNEL_COUNTS)], 1 + random_below(3), trial % 4);
    }
}

static void average_of_many_is_accurate(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels), channels = 20, side = 200, n = side * side * channels;
    stria_window w = square_window(side, side, side, side, 0, 0);
    float *x = guarded_floats(n), want[20], got[20];
    for (size_t i = 0; i < n; i++)
        x[i] = random_normal() + 10;
    definitions()->pool.forward(STRIA_POOL_AVERAGE, &w, channels, 1, x, want, NULL, NULL);
    for (size_t l = 0; l < count; l++) {
        levels[l].pool.forward(STRIA_POOL_AVERAGE, &w, channels, 1, x, got, NULL, NULL);
        /* 40,000 numbers one after another would be off by hundreds of ulps. */
        expect_close(got, want, channels, (tolerance){8, 0}, "%s global average", levels[l].name);
    }
    guards_release();
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
    const stria_window windows[] = {square_window(28, 28, 2, 2, 0, 0), square_window(29, 31, 2, 2, 0, 0),
                                    square_window(28, 28, 3, 2, 1, 1)};
    for (size_t i = 0; i < 3; i++)
        for (stria_pool_kind kind = STRIA_POOL_MAX; kind <= STRIA_POOL_AVERAGE; kind++) {
            const stria_window *w = &windows[i];
            size_t channels = 21, batch = 24;
            size_t in = batch * volume(w->in) * channels, out = batch * volume(w->out) * channels;
            float *x = guarded_floats(in), *y[2] = {guarded_floats(out), guarded_floats(out)};
            float *dx[2] = {guarded_floats(in), guarded_floats(in)};
            uint8_t *index[2] = {guarded_bytes(out), guarded_bytes(out)};
            fill_normal(x, in);
            for (size_t l = 0; l <= count; l++) {
                const stria_kernels *a = l < count ? &levels[l] : avx2, *b = l < count ? &levels[l] : avx512;
                if (a == NULL || b == NULL)
                    continue;
                const stria_kernels *tables[2] = {a, b};
                for (int k = 0; k < 2; k++) {
                    stria_pool *workers = l < count && k == 1 ? pool : NULL;
                    tables[k]->pool.forward(kind, w, channels, batch, x, y[k], index[k], workers);
                    tables[k]->pool.backward(kind, w, channels, batch, y[0], index[k], dx[k], workers);
                }
                expect_same(y[1], y[0], out * sizeof(float), "%s and %s, %s %zu", a->name, b->name,
                            kind_names[kind], i);
                expect_same(dx[1], dx[0], in * sizeof(float), "%s and %s, gradient of %s %zu", a->name,
                            b->name, kind_names[kind], i);
            }
            guards_release();
        }
    stria_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions_on_worked_examples),
        cmocka_unit_test(gradients_are_adjoint),
        cmocka_unit_test(every_level_on_common_windows),
        cmocka_unit_test(every_level_on_random_windows),
        cmocka_unit_test(average_of_many_is_accurate),
        cmocka_unit_test(bits_depend_on_neither_threads_nor_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

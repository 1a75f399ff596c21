/* Activations, their gradients and the other element-wise kernels: the definitions against finite differences
 * and known values, every instruction set against the definitions, accuracy by sweeps over all floats. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/kernel_check.h"

#include "base/memory.h"

/* What an activation may be off by. Ulps hold over all floats, found by sweeps of 1 in 61 with some air;
 * `absolute` is there where results near 0 come from large arguments. */
typedef struct activation_case {
    stria_activation activation;
    const char *name;
    tolerance value;
    /* Of the derivative, per unit of dy: a difference of numbers around 1 in float. */
    double gradient;
} activation_case;

static const activation_case cases[] = {
    {{.kind = STRIA_LINEAR}, "linear", {0, 0}, 0},
    {{.kind = STRIA_RELU}, "relu", {0, 0}, 0},
    {{.kind = STRIA_RELU6}, "relu6", {0, 0}, 0},
    {{.kind = STRIA_LEAKY_RELU, .alpha = 0.2f}, "leaky_relu", {0, 0}, 1e-8},
    {{.kind = STRIA_ELU, .alpha = 1.0f}, "elu", {1.5, 0}, 1e-7},
    {{.kind = STRIA_ELU, .alpha = 0.3f}, "elu(0.3)", {2, 0}, 1e-7},
    {{.kind = STRIA_ELU, .alpha = 0.0f}, "elu(0)", {0, 0}, 0},
    {{.kind = STRIA_SELU}, "selu", {2.5, 0}, 3e-7},
    {{.kind = STRIA_TANH}, "tanh", {2.5, 0}, 1e-7},
    {{.kind = STRIA_SIGMOID}, "sigmoid", {2.8, 0}, 1e-7},
    {{.kind = STRIA_HARD_SIGMOID}, "hard_sigmoid", {0, 0}, 3e-8},
    {{.kind = STRIA_HARD_SWISH}, "hard_swish", {0, 0}, 2e-7},
    {{.kind = STRIA_SOFTPLUS}, "softplus", {4.5, 0}, 2e-7},
    {{.kind = STRIA_SOFTSIGN}, "softsign", {0, 0}, 1e-7},
    {{.kind = STRIA_SILU}, "silu", {3.2, 1e-43}, 3e-7},
    {{.kind = STRIA_GELU}, "gelu", {10, 1e-43}, 5e-7},
    {{.kind = STRIA_MISH}, "mish", {4, 3e-43}, 6e-7},
    {{.kind = STRIA_EXPONENTIAL}, "exponential", {1.1, 0}, 0},
    {{.kind = STRIA_LECUN_TANH}, "lecun_tanh", {3.5, 0}, 3e-7},
    {{.kind = STRIA_GELU_TANH}, "gelu_tanh", {200, 1e-43}, 2e-6},
    {{.kind = STRIA_CELU, .alpha = 1}, "celu", {0, 0}, 0},
    {{.kind = STRIA_CELU, .alpha = 2}, "celu(2)", {0, 0}, 0},
    {{.kind = STRIA_LOG_SIGMOID}, "log_sigmoid", {0, 0}, 0},
    {{.kind = STRIA_HARD_TANH}, "hard_tanh", {0, 0}, 0},
    {{.kind = STRIA_HARD_SHRINK, .alpha = 0.5f}, "hard_shrink", {0, 0}, 0},
    {{.kind = STRIA_SOFT_SHRINK, .alpha = 0.5f}, "soft_shrink", {0, 0}, 0},
    {{.kind = STRIA_TANH_SHRINK}, "tanh_shrink", {0, 0}, 0},
    {{.kind = STRIA_THRESHOLD, .alpha = 1, .beta = 5}, "threshold(1, 5)", {0, 0}, 0},
    {{.kind = STRIA_CLIPPED_RELU, .alpha = 0.1f, .beta = 3, .gamma = 1}, "clipped_relu", {0, 0}, 0},
    {{.kind = STRIA_SPARSE_PLUS}, "sparse_plus", {0, 0}, 0},
    {{.kind = STRIA_SPARSE_SIGMOID}, "sparse_sigmoid", {0, 0}, 0},
    {{.kind = STRIA_SQUAREPLUS, .alpha = 4}, "squareplus", {0, 0}, 0},
};
#define CASE_COUNT (sizeof cases / sizeof cases[0])

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- The definitions ---- */

static float value_at(stria_activation activation, float x)
{
    float y;
    definitions()->elementwise.activate(activation, &x, &y, 1, NULL);
    return y;
}

static float slope_at(stria_activation activation, float x)
{
    float y = value_at(activation, x), one = 1, slope;
    const float *v = stria_activation_needs_input(activation.kind) ? &x : &y;
    definitions()->elementwise.activate_gradient(activation, v, &one, &slope, 1, NULL);
    return slope;
}

static void definitions_have_their_derivatives(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASE_COUNT; i++)
        for (float x = -8.05f; x < 8; x += 0.1f) {
            /* The float results are good to 6e-8 * |y|, the quotient to 1e-5 * |y|; h^2 adds 1e-4 * |y|. */
            const float h = 0x1p-6f;
            float above = value_at(cases[i].activation, x + h), below = value_at(cases[i].activation, x - h);
            double want = ((double)above - (double)below) / (2 * (double)h);
            double got = (double)slope_at(cases[i].activation, x);
            if (!(fabs(got - want) <= 2e-4 * (1 + fabs((double)above))))
                fail_msg("%s at %g: derivative %g, differences %g", cases[i].name, (double)x, got, want);
        }
}

/* Values from Keras 3.15 (float32). */
static void definitions_agree_with_keras_at_corners(void **state)
{
    (void)state;
    static const struct {
        stria_activation activation;
        float x, y, slope;
    } corners[] = {
        {{.kind = STRIA_RELU}, 0, 0, 0},
        {{.kind = STRIA_RELU6}, 0, 0, 0},
        {{.kind = STRIA_RELU6}, 6, 6, 0},
        {{.kind = STRIA_LEAKY_RELU, .alpha = 0.2f}, 0, 0, 0.2f},
        {{.kind = STRIA_LEAKY_RELU, .alpha = 0.2f}, -100, -20, 0.2f},
        {{.kind = STRIA_ELU, .alpha = 1}, 0, 0, 1},
        {{.kind = STRIA_ELU, .alpha = 0.3f}, 0, 0, 0.3f},
        {{.kind = STRIA_SELU}, 0, 0, 1.050701f},
        {{.kind = STRIA_SELU}, -INFINITY, -1.7580993f, 0},
        {{.kind = STRIA_HARD_SIGMOID}, -3, 0, 0},
        {{.kind = STRIA_HARD_SIGMOID}, 3, 1, 0},
        {{.kind = STRIA_HARD_SIGMOID}, 0, 0.5f, 0.16666667f},
        {{.kind = STRIA_SOFTPLUS}, 0, 0.6931472f, 0.5f},
        {{.kind = STRIA_SOFTPLUS}, INFINITY, INFINITY, 1},
        {{.kind = STRIA_SOFTSIGN}, -100, -0.990099f, 9.8029603e-05f},
        {{.kind = STRIA_SILU}, 0, 0, 0.5f},
        {{.kind = STRIA_GELU}, 0, 0, 0.5f},
        {{.kind = STRIA_MISH}, 0, 0, 0.6f},
        {{.kind = STRIA_TANH}, INFINITY, 1, 0},
        {{.kind = STRIA_SIGMOID}, -INFINITY, 0, 0},
        {{.kind = STRIA_EXPONENTIAL}, -INFINITY, 0, 0},
        {{.kind = STRIA_GELU_TANH}, 0, 0, 0.5f},
        {{.kind = STRIA_LOG_SIGMOID}, 0, -0.6931472f, 0.5f},
        {{.kind = STRIA_HARD_TANH}, -1, -1, 1},
        {{.kind = STRIA_HARD_TANH}, 1, 1, 1},
        {{.kind = STRIA_HARD_SHRINK, .alpha = 0.5f}, 0.5f, 0, 0},
        {{.kind = STRIA_HARD_SHRINK, .alpha = 0.5f}, -0.5f, 0, 0},
        {{.kind = STRIA_SOFT_SHRINK, .alpha = 0.5f}, -0.5f, 0, 0},
        {{.kind = STRIA_SOFT_SHRINK, .alpha = 0.5f}, -1, -0.5f, 1},
        {{.kind = STRIA_THRESHOLD, .alpha = 1, .beta = 5}, 1, 5, 0},
        {{.kind = STRIA_CLIPPED_RELU, .alpha = 0.1f, .beta = 3, .gamma = 1}, 1, 0, 0},
        {{.kind = STRIA_CLIPPED_RELU, .alpha = 0.1f, .beta = 3, .gamma = 1}, 3, 3, 1},
        {{.kind = STRIA_CLIPPED_RELU, .alpha = 0.1f, .beta = 3, .gamma = 1}, 20, 3, 0},
        {{.kind = STRIA_CLIPPED_RELU, .beta = 3, .gamma = 4}, 6, 3, 0},
        {{.kind = STRIA_SPARSE_PLUS}, -1, 0, 0},
        {{.kind = STRIA_SPARSE_PLUS}, 1, 1, 1},
        {{.kind = STRIA_SPARSE_SIGMOID}, -1, 0, 0},
        {{.kind = STRIA_SPARSE_SIGMOID}, 1, 1, 0},
        {{.kind = STRIA_SQUAREPLUS, .alpha = 4}, 0, 1, 0.5f},
    };
    for (size_t i = 0; i < sizeof corners / sizeof corners[0]; i++) {
        float y = value_at(corners[i].activation, corners[i].x);
        float slope = slope_at(corners[i].activation, corners[i].x);
        /* One rounding of Keras's, one of ours. */
        expect_close(&y, &corners[i].y, 1, (tolerance){1, 0}, "kind %d at %g", corners[i].activation.kind,
                     (double)corners[i].x);
        /* 1 - |softsign|, from the rounded output. */
        expect_close(&slope, &corners[i].slope, 1, (tolerance){2, 1.5e-9}, "slope of kind %d at %g",
                     corners[i].activation.kind, (double)corners[i].x);
    }
}

static void nan_passes_activations(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        assert_true(isnan(value_at(cases[i].activation, NAN)));
        for (size_t l = 0; l < count; l++) {
            float x[19], y[19];
            for (size_t k = 0; k < 19; k++)
                x[k] = k % 3 == 0 ? NAN : 1;
            levels[l].elementwise.activate(cases[i].activation, x, y, 19, NULL);
            for (size_t k = 0; k < 19; k++)
                if (isnan(y[k]) != (k % 3 == 0))
                    fail_msg("%s %s: input %g gives %g", levels[l].name, cases[i].name, (double)x[k],
                             (double)y[k]);
        }
    }
}

/* ---- Accuracy ---- */

#define SWEPT 4096

/* One float in `step` of all; STRIA_TEST_SWEEP sets it (1 takes minutes). */
static uint64_t sweep_step(void)
{
    const char *step = getenv("STRIA_TEST_SWEEP");
    return step != NULL ? strtoull(step, NULL, 10) : 65521;
}

static void activations_are_accurate_over_all_floats(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    static float x[SWEPT], want[SWEPT], got[SWEPT];
    uint64_t step = sweep_step(), bits = 11;
    while (bits < 0x100000000) {
        size_t n = 0;
        for (; n < SWEPT && bits < 0x100000000; bits += step)
            x[n++] = from_bits((uint32_t)bits);
        for (size_t i = 0; i < CASE_COUNT; i++) {
            definitions()->elementwise.activate(cases[i].activation, x, want, n, NULL);
            for (size_t l = 0; l < count; l++) {
                levels[l].elementwise.activate(cases[i].activation, x, got, n, NULL);
                expect_close(got, want, n, cases[i].value, "%s %s, floats from %.9g on", levels[l].name,
                             cases[i].name, (double)x[0]);
            }
        }
    }
}

/* Where people look: [-20, 20] evenly. */
static void activations_are_accurate_near_zero(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels), n = 0;
    static float x[40001], want[40001], got[40001], slope_want[40001], slope_got[40001], ones[40001];
    for (n = 0; n < 40001; n++) {
        x[n] = ((float)n - 20000) / 1000;
        ones[n] = 1;
    }
    for (size_t i = 0; i < CASE_COUNT; i++) {
        stria_activation a = cases[i].activation;
        definitions()->elementwise.activate(a, x, want, n, NULL);
        const float *v = stria_activation_needs_input(a.kind) ? x : want;
        definitions()->elementwise.activate_gradient(a, v, ones, slope_want, n, NULL);
        for (size_t l = 0; l < count; l++) {
            levels[l].elementwise.activate(a, x, got, n, NULL);
            expect_close(got, want, n, cases[i].value, "%s %s", levels[l].name, cases[i].name);
            levels[l].elementwise.activate_gradient(a, v, ones, slope_got, n, NULL);
            expect_close(slope_got, slope_want, n, (tolerance){1, cases[i].gradient}, "%s gradient of %s",
                         levels[l].name, cases[i].name);
        }
    }
}

/* ---- Sizes, places, special numbers ---- */

static void activations_of_all_sizes(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    for (size_t s = 0; s < awkward_count_of_counts; s++)
        for (size_t i = 0; i < CASE_COUNT; i++) {
            stria_activation a = cases[i].activation;
            size_t n = awkward_counts[s];
            float *x = guarded_floats(n), *dy = guarded_floats(n), *want = guarded_floats(n),
                  *slope = guarded_floats(n);
            fill_normal(x, n);
            fill_normal(dy, n);
            sprinkle_special(x, n);
            definitions()->elementwise.activate(a, x, want, n, NULL);
            const float *v = stria_activation_needs_input(a.kind) ? x : want;
            definitions()->elementwise.activate_gradient(a, v, dy, slope, n, NULL);
            for (size_t l = 0; l < count; l++) {
                float *y = guarded_floats(n), *same = guarded_copy(x, n), *dx = guarded_copy(dy, n);
                levels[l].elementwise.activate(a, x, y, n, NULL);
                expect_close(y, want, n, cases[i].value, "%s %s of %zu", levels[l].name, cases[i].name, n);
                levels[l].elementwise.activate(a, same, same, n, NULL);
                expect_same(same, y, n * sizeof *y, "%s %s of %zu in place", levels[l].name, cases[i].name,
                            n);
                levels[l].elementwise.activate_gradient(a, v, dx, dx, n, NULL);
                for (size_t k = 0; k < n; k++) {
                    /* At infinities the derivatives that need the input are NaN in the definition, as in
                     * Keras. */
                    if (stria_activation_needs_input(a.kind) && fabsf(v[k]) > 1e30f)
                        continue;
                    double scale = fabs((double)dy[k]);
                    expect_close(&dx[k], &slope[k], 1, (tolerance){2, cases[i].gradient * scale},
                                 "%s gradient of %s at %g for %g", levels[l].name, cases[i].name,
                                 (double)v[k], (double)dy[k]);
                }
            }
            guards_release();
        }
}

static void sums_products_and_scales(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    for (size_t s = 0; s < awkward_count_of_counts; s++)
        for (size_t l = 0; l < count; l++) {
            const stria_elementwise_kernels *k = &levels[l].elementwise, *d = &definitions()->elementwise;
            size_t n = awkward_counts[s];
            float *a = guarded_floats(n), *b = guarded_floats(n), *want = guarded_floats(n),
                  *got = guarded_floats(n);
            fill_normal(a, n);
            fill_normal(b, n);
            sprinkle_special(a, n);
            sprinkle_special(b, n);
            d->add(a, b, want, n, NULL);
            k->add(a, b, got, n, NULL);
            expect_close(got, want, n, (tolerance){0, 0}, "%s add %zu", levels[l].name, n);
            for (size_t i = 0; i < 3; i++) {
                static const stria_activation_kind kinds[] = {STRIA_LINEAR, STRIA_RELU, STRIA_LEAKY_RELU};
                const stria_activation activation = {.kind = kinds[i], .alpha = 0.5f};
                d->add_activate(a, b, activation, want, n, NULL);
                k->add_activate(a, b, activation, got, n, NULL);
                expect_close(got, want, n, (tolerance){0, 0}, "%s add_activate %zu", levels[l].name, n);
            }
            d->multiply(a, b, want, n, NULL);
            k->multiply(a, b, got, n, NULL);
            expect_close(got, want, n, (tolerance){0, 0}, "%s multiply %zu", levels[l].name, n);
            d->scale(a, 0.3f, -1.7f, want, n, NULL);
            k->scale(a, 0.3f, -1.7f, got, n, NULL);
            /* Without fused multiply-add the product is rounded: 2^-25 of |0.3 a|, and the sum may be small.
             */
            expect_close(got, want, n, (tolerance){1.5, 1e-7}, "%s scale %zu", levels[l].name, n);
            float *in_place = guarded_copy(a, n);
            k->scale(in_place, 0.3f, -1.7f, in_place, n, NULL);
            expect_same(in_place, got, n * sizeof *got, "%s scale %zu in place", levels[l].name, n);
            d->add(a, b, want, n, NULL);
            k->add(a, b, b, n, NULL);
            expect_close(b, want, n, (tolerance){0, 0}, "%s add %zu in place", levels[l].name, n);
            guards_release();
        }
}

static void rows_are_copied(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    for (size_t trial = 0; trial < 200; trial++) {
        size_t width = random_below(50), from_stride = width + random_below(20),
               to_stride = width + random_below(20);
        size_t rows = random_below(12) + 1;
        size_t from_size = (rows - 1) * from_stride + width, to_size = (rows - 1) * to_stride + width;
        float *from = guarded_floats(from_size), *want = guarded_floats(to_size);
        fill_normal(from, from_size);
        fill_normal(want, to_size);
        float *before = guarded_copy(want, to_size);
        definitions()->elementwise.copy_rows(from, from_stride, want, to_stride, width, rows, NULL);
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < width; i++)
                assert_true(want[r * to_stride + i] == from[r * from_stride + i]);
        for (size_t l = 0; l < count; l++) {
            float *to = guarded_copy(before, to_size);
            levels[l].elementwise.copy_rows(from, from_stride, to, to_stride, width, rows, NULL);
            expect_same(to, want, to_size * sizeof *to, "%s: %zu rows of %zu, strides %zu and %zu",
                        levels[l].name, rows, width, from_stride, to_stride);
        }
        guards_release();
    }
}

static void bytes_become_floats(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    const float scale = 1.0f / 255;
    for (size_t s = 0; s < awkward_count_of_counts; s++) {
        size_t n = awkward_counts[s];
        uint8_t *bytes = guarded_bytes(n);
        float *want = guarded_floats(n);
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (uint8_t)(i < 256 ? i : random_word());
            want[i] = (float)bytes[i] * scale;
        }
        float *defined = guarded_floats(n);
        definitions()->elementwise.from_bytes(bytes, scale, defined, n);
        expect_same(defined, want, n * sizeof *want, "definition, %zu bytes", n);
        for (size_t l = 0; l < count; l++) {
            float *got = guarded_floats(n);
            levels[l].elementwise.from_bytes(bytes, scale, got, n);
            expect_same(got, want, n * sizeof *want, "%s, %zu bytes", levels[l].name, n);
        }
        guards_release();
    }
}

/* ---- Equal bits ---- */

#define MANY 150001

/* On one thread and on three, and where multiply and add are fused at any width. */
static void bits_depend_on_neither_threads_nor_width(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    stria_error err;
    stria_pool *pool = NULL;
    assert_ok(stria_pool_create(&pool, &stria_default_allocator, 3, &err), &err);
    float *x = guarded_floats(MANY), *serial = guarded_floats(MANY), *threads = guarded_floats(MANY),
          *other = guarded_floats(MANY);
    fill_normal(x, MANY);
    const stria_kernels *avx2 = table_of(STRIA_CPU_AVX2), *avx512 = table_of(STRIA_CPU_AVX512);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        stria_activation a = cases[i].activation;
        for (size_t l = 0; l < count; l++) {
            levels[l].elementwise.activate(a, x, serial, MANY, NULL);
            levels[l].elementwise.activate(a, x, threads, MANY, pool);
            expect_same(threads, serial, MANY * sizeof *x, "%s %s on three threads", levels[l].name,
                        cases[i].name);
            levels[l].elementwise.activate_gradient(a, serial, x, other, MANY, NULL);
            levels[l].elementwise.activate_gradient(a, serial, x, threads, MANY, pool);
            expect_same(threads, other, MANY * sizeof *x, "%s gradient of %s on three threads",
                        levels[l].name, cases[i].name);
        }
        if (avx2 == NULL || avx512 == NULL)
            continue;
        avx2->elementwise.activate(a, x, serial, MANY, NULL);
        avx512->elementwise.activate(a, x, other, MANY, NULL);
        expect_same(other, serial, MANY * sizeof *x, "avx512 and avx2: %s", cases[i].name);
        avx2->elementwise.activate_gradient(a, x, x, serial, MANY, NULL);
        avx512->elementwise.activate_gradient(a, x, x, other, MANY, NULL);
        expect_same(other, serial, MANY * sizeof *x, "avx512 and avx2: gradient of %s", cases[i].name);
    }
    for (size_t l = 0; l < count; l++) {
        const stria_elementwise_kernels *k = &levels[l].elementwise;
        k->add(x, serial, other, MANY, NULL);
        k->add(x, serial, threads, MANY, pool);
        expect_same(threads, other, MANY * sizeof *x, "%s add on three threads", levels[l].name);
        k->scale(x, 3, 1, other, MANY, NULL);
        k->scale(x, 3, 1, threads, MANY, pool);
        expect_same(threads, other, MANY * sizeof *x, "%s scale on three threads", levels[l].name);
        k->copy_rows(x, 100, other, 101, 99, 1485, NULL);
        k->copy_rows(x, 100, threads, 101, 99, 1485, pool);
        for (size_t r = 0; r < 1485; r++)
            expect_same(threads + r * 101, other + r * 101, 99 * sizeof *x, "%s copy_rows on three threads",
                        levels[l].name);
    }
    stria_pool_free(pool);
    guards_release();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions_have_their_derivatives),
        cmocka_unit_test(definitions_agree_with_keras_at_corners),
        cmocka_unit_test(nan_passes_activations),
        cmocka_unit_test(activations_are_accurate_over_all_floats),
        cmocka_unit_test(activations_are_accurate_near_zero),
        cmocka_unit_test(activations_of_all_sizes),
        cmocka_unit_test(sums_products_and_scales),
        cmocka_unit_test(rows_are_copied),
        cmocka_unit_test(bytes_become_floats),
        cmocka_unit_test(bits_depend_on_neither_threads_nor_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

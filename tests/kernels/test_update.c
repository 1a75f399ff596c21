/* Optimizer steps: the definitions against Keras, every instruction set against the definitions. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "kernels/kernel_check.h"

/* ---- Keras ---- */

/* Three steps of Keras 3.15 (float32) on four weights. */
static const float start[4] = {0.5f, -1.25f, 2.0f, 1e-3f};
static const float gradients[3][4] = {
    {0.1f, -2.0f, 3e-4f, 0.0f}, {-0.3f, 1.5f, 2e-4f, 1e-6f}, {0.7f, 0.25f, -5e-4f, -40.0f}};

typedef enum rule { SGD, ADAM, RMSPROP } rule;

typedef struct keras_case {
    const char *name;
    rule rule;
    double rate, momentum, decay, rho;
    bool nesterov;
    float weights[4];
} keras_case;

static const keras_case keras_cases[] = {
    {"sgd", SGD, 0.01, 0, 0, 0, false, {0.495000035f, -1.24750006f, 2.0f, 0.400999963f}},
    {"momentum", SGD, 0.01, 0.9, 0, 0, false, {0.495990008f, -1.22679996f, 1.99999309f, 0.400999963f}},
    {"nesterov", SGD, 0.01, 0.9, 0, 0, true, {0.491391003f, -1.22662008f, 1.9999938f, 0.760999918f}},
    {"adam", ADAM, 0.001, 0, 0, 0, false, {0.499069214f, -1.24890554f, 1.99812794f, 0.00146003196f}},
    {"adamw", ADAM, 0.002, 0, 0.04, 0, false, {0.498018682f, -1.24751163f, 1.99577641f, 0.00191985257f}},
    {"rmsprop", RMSPROP, 0.001, 0, 0, 0.9, false, {0.496944129f, -1.24914134f, 1.99985027f, 0.00415911572f}},
    {"rmsprop momentum",
     RMSPROP,
     0.001,
     0.5,
     0,
     0.8,
     false,
     {0.497225106f, -1.24850786f, 1.99883437f, 0.00323132472f}},
};

static void steps_equal_those_of_keras(void **state)
{
    (void)state;
    for (stria_cpu_level level = STRIA_CPU_PLAIN; level <= STRIA_CPU_NEON; level++) {
        const stria_kernels *k = table_of(level);
        for (size_t i = 0; k != NULL && i < sizeof keras_cases / sizeof keras_cases[0]; i++) {
            const keras_case *c = &keras_cases[i];
            float w[4], m[4] = {0}, v[4] = {0};
            memcpy(w, start, sizeof w);
            for (int t = 1; t <= 3; t++) {
                const float *g = gradients[t - 1];
                double corrected = c->rate * sqrt(1 - pow(0.999, t)) / (1 - pow(0.9, t));
                if (c->rule == SGD)
                    k->update.sgd(w, c->momentum != 0 ? m : NULL, g, 4, (float)c->rate, (float)c->momentum,
                                  c->nesterov, NULL);
                else if (c->rule == ADAM)
                    k->update.adam(w, m, v, g, 4, (float)corrected, 0.9, 0.999, 1e-7f,
                                   (float)(c->rate * c->decay), NULL);
                else
                    k->update.rmsprop(w, v, c->momentum != 0 ? m : NULL, g, 4, (float)c->rate, c->rho,
                                      (float)c->momentum, 1e-7f, NULL);
            }
            /* Three roundings of the weight on either side, and the last weight moves by far more than it
             * was. */
            expect_close(w, c->weights, 4, (tolerance){4, 1e-9}, "%s %s", k->name, c->name);
        }
    }
}

/* ---- Every level ---- */

/* One call, with what it may write. */
typedef struct update_case {
    rule rule;
    float rate, momentum, decay, epsilon;
    bool nesterov;
} update_case;

static const update_case update_cases[] = {
    {SGD, 0.01f, 0, 0, 0, false},
    {SGD, 0.01f, 0.9f, 0, 0, false},
    {SGD, 0.01f, 0.9f, 0, 0, true},
    {ADAM, 0.003f, 0, 0, 1e-7f, false},
    {ADAM, 0.003f, 0, 1e-4f, 1e-7f, false},
    {RMSPROP, 0.001f, 0, 0, 1e-7f, false},
    {RMSPROP, 0.001f, 0.7f, 0, 1e-7f, false},
};
#define UPDATE_CASES (sizeof update_cases / sizeof update_cases[0])

static void run(const stria_kernels *k, const update_case *c, float *w, float *m, float *v, const float *g,
                size_t n, stria_pool *pool)
{
    float *momentum = c->momentum != 0 ? m : NULL;
    if (c->rule == SGD)
        k->update.sgd(w, momentum, g, n, c->rate, c->momentum, c->nesterov, pool);
    else if (c->rule == ADAM)
        k->update.adam(w, m, v, g, n, c->rate, 0.9, 0.999, c->epsilon, c->decay, pool);
    else
        k->update.rmsprop(w, v, momentum, g, n, c->rate, 0.9, c->momentum, c->epsilon, pool);
}

static void fill_state(float *w, float *m, float *v, float *g, size_t n)
{
    fill_normal(w, n);
    fill_normal(m, n);
    fill_normal(g, n);
    for (size_t i = 0; i < n; i++) {
        float root = random_normal();
        v[i] = root * root + 0.01f;
    }
}

/* The results are some five operations deep, each rounding numbers no larger than `size`. */
static void expect_close_each(const float *got, const float *want, const double *size, size_t n,
                              const char *level, const char *what)
{
    for (size_t i = 0; i < n; i++)
        expect_close(&got[i], &want[i], 1, (tolerance){1, 2.5 * 0x1p-23 * size[i]}, "%s %s [%zu] of %zu",
                     level, what, i, n);
}

static void every_level_steps_alike(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels);
    for (size_t s = 0; s < awkward_count_of_counts; s++)
        for (size_t i = 0; i < UPDATE_CASES; i++) {
            const update_case *c = &update_cases[i];
            size_t n = awkward_counts[s];
            float *w = guarded_floats(n), *m = guarded_floats(n), *v = guarded_floats(n),
                  *g = guarded_floats(n);
            fill_state(w, m, v, g, n);
            float *want_w = guarded_copy(w, n), *want_m = guarded_copy(m, n), *want_v = guarded_copy(v, n);
            run(definitions(), c, want_w, want_m, want_v, g, n, NULL);
            /* Without momentum a step is at most the rate times (|m| + |g|) / 0.1, the root of the smallest
             * v. */
            double *state_size = guarded_bytes(n * sizeof(double)),
                   *weight_size = guarded_bytes(n * sizeof(double));
            for (size_t j = 0; j < n; j++) {
                state_size[j] = fabs((double)m[j]) + fabs((double)g[j]);
                weight_size[j] =
                    fabs((double)w[j]) + state_size[j] * (c->momentum != 0 ? 1 : 10 * (double)c->rate);
            }
            for (size_t l = 0; l < count; l++) {
                float *got_w = guarded_copy(w, n), *got_m = guarded_copy(m, n), *got_v = guarded_copy(v, n);
                run(&levels[l], c, got_w, got_m, got_v, g, n, NULL);
                expect_close_each(got_m, want_m, state_size, n, levels[l].name, "m");
                expect_close(got_v, want_v, n, (tolerance){3, 0}, "%s v of %zu, case %zu", levels[l].name, n,
                             i);
                expect_close_each(got_w, want_w, weight_size, n, levels[l].name, "w");
            }
            guards_release();
        }
}

static void zero_and_huge_gradients(void **state)
{
    (void)state;
    for (stria_cpu_level level = STRIA_CPU_PLAIN; level <= STRIA_CPU_NEON; level++) {
        const stria_kernels *k = table_of(level);
        if (k == NULL)
            continue;
        float w[3] = {1, 1, 1}, m[3] = {0}, v[3] = {0}, g[3] = {0, 1e-30f, 1e18f};
        k->update.adam(w, m, v, g, 3, 0.001f, 0.9, 0.999, 1e-7f, 0, NULL);
        assert_true(w[0] == 1 && w[1] == 1); /* 1e-31 / 1e-7 moves nothing */
        /* 0.001 * 0.1 g / (sqrt(0.001) g) */
        const float moved = 1 - 0.00316227766f;
        expect_close(&w[2], &moved, 1, (tolerance){1, 0}, "%s", k->name);
    }
}

static void bits_depend_on_neither_threads_nor_width(void **state)
{
    (void)state;
    stria_kernels levels[LEVELS_MAX];
    size_t count = fast_levels(levels), n = 200003, bytes = n * sizeof(float);
    stria_error err;
    stria_pool *pool = NULL;
    assert_ok(stria_pool_create(&pool, &stria_default_allocator, 3, &err), &err);
    const stria_kernels *avx2 = table_of(STRIA_CPU_AVX2), *avx512 = table_of(STRIA_CPU_AVX512);
    for (size_t i = 0; i < UPDATE_CASES; i++) {
        float *w = guarded_floats(n), *m = guarded_floats(n), *v = guarded_floats(n), *g = guarded_floats(n);
        fill_state(w, m, v, g, n);
        for (size_t l = 0; l < count; l++) {
            float *a[3] = {guarded_copy(w, n), guarded_copy(m, n), guarded_copy(v, n)};
            float *b[3] = {guarded_copy(w, n), guarded_copy(m, n), guarded_copy(v, n)};
            run(&levels[l], &update_cases[i], a[0], a[1], a[2], g, n, NULL);
            run(&levels[l], &update_cases[i], b[0], b[1], b[2], g, n, pool);
            for (int k = 0; k < 3; k++)
                expect_same(b[k], a[k], bytes, "%s case %zu on three threads", levels[l].name, i);
        }
        if (avx2 != NULL && avx512 != NULL) {
            float *a[3] = {guarded_copy(w, n), guarded_copy(m, n), guarded_copy(v, n)};
            float *b[3] = {guarded_copy(w, n), guarded_copy(m, n), guarded_copy(v, n)};
            run(avx2, &update_cases[i], a[0], a[1], a[2], g, n, NULL);
            run(avx512, &update_cases[i], b[0], b[1], b[2], g, n, NULL);
            for (int k = 0; k < 3; k++)
                expect_same(b[k], a[k], bytes, "avx512 and avx2, case %zu", i);
        }
        guards_release();
    }
    stria_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_equal_those_of_keras),
        cmocka_unit_test(every_level_steps_alike),
        cmocka_unit_test(zero_and_huge_gradients),
        cmocka_unit_test(bits_depend_on_neither_threads_nor_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

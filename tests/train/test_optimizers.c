/* Each optimizer for several steps against Keras's formula in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/memory.h"
#include "train/optimizer.h"
#include "train/training_fixture.h"

#define COUNT 1003 /* not a multiple of any vector */
#define STEPS 12

static test_context test;

static int set_up(void **state)
{
    (void)state;
    test_context_open(&test, 2, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_context_close(&test);
    return 0;
}

/* The state of one weight, as Keras updates it. */
typedef struct reference {
    double w, m, v;
} reference;

typedef void (*reference_fn)(reference *r, double g, double rate, int t);

static void sgd(reference *r, double g, double rate, int t)
{
    (void)t;
    r->w -= rate * g;
}

static void sgd_momentum(reference *r, double g, double rate, int t)
{
    (void)t;
    r->m = 0.9 * r->m - rate * g;
    r->w += r->m;
}

static void sgd_nesterov(reference *r, double g, double rate, int t)
{
    (void)t;
    r->m = 0.8 * r->m - rate * g;
    r->w += 0.8 * r->m - rate * g;
}

static void adam_with(reference *r, double g, double rate, int t, double beta_1, double beta_2,
                      double epsilon)
{
    const double alpha = rate * sqrt(1 - pow(beta_2, t)) / (1 - pow(beta_1, t));
    r->m += (g - r->m) * (1 - beta_1);
    r->v += (g * g - r->v) * (1 - beta_2);
    r->w -= alpha * r->m / (sqrt(r->v) + epsilon);
}

static void adam(reference *r, double g, double rate, int t)
{
    adam_with(r, g, rate, t, 0.9, 0.999, 1e-7);
}

static void adam_other(reference *r, double g, double rate, int t)
{
    adam_with(r, g, rate, t, 0.5, 0.9, 1e-3);
}

static void adamw(reference *r, double g, double rate, int t)
{
    r->w -= rate * 0.004 * r->w;
    adam_with(r, g, rate, t, 0.9, 0.999, 1e-7);
}

static void rmsprop(reference *r, double g, double rate, int t)
{
    (void)t;
    r->v = 0.9 * r->v + 0.1 * g * g;
    r->w -= rate * g / sqrt(r->v + 1e-7);
}

static void rmsprop_momentum(reference *r, double g, double rate, int t)
{
    (void)t;
    r->v = 0.8 * r->v + 0.2 * g * g;
    r->m = 0.5 * r->m + rate * g / sqrt(r->v + 1e-3);
    r->w -= r->m;
}

static void compare(const char *text, reference_fn step, double rate)
{
    stria_error err = {0};
    stria_optimizer optimizer;
    assert_ok(stria_optimizer_read(&optimizer, text, &err), &err);
    const stria_allocator *allocator = &test.context->allocator;
    float *w = stria_allocate_floats(allocator, COUNT), *g = stria_allocate_floats(allocator, COUNT);
    float *states[STRIA_MAX_OPTIMIZER_STATES] = {NULL, NULL};
    reference *references = calloc(COUNT, sizeof(reference));
    assert_non_null(references);
    fill_numbers(w, COUNT, 5);
    for (size_t i = 0; i < COUNT; i++)
        references[i].w = w[i];
    for (size_t s = 0; s < stria_optimizer_state_count(&optimizer); s++) {
        states[s] = stria_allocate_floats(allocator, COUNT);
        memset(states[s], 0, COUNT * sizeof(float));
    }
    for (int t = 1; t <= STEPS; t++) {
        fill_numbers(g, COUNT, 100 + (uint32_t)t);
        g[0] = 0;      /* a weight that never gets a gradient */
        g[1] *= 1e-6f; /* where epsilon matters */
        g[2] *= 1e4f;
        stria_optimizer_apply(&optimizer, test.context->kernels, test.context->pool, w, states, g, COUNT,
                              rate, (uint64_t)t);
        for (size_t i = 0; i < COUNT; i++)
            step(&references[i], g[i], rate, t);
    }
    for (size_t i = 0; i < COUNT; i++) {
        /* Weights of about 1 and steps in float: STEPS roundings of 6e-8 and a few for the state; sgd's third
         * weight moves by thousands. */
        const double size = 1 + fabs(references[i].w);
        if (!(fabs(w[i] - references[i].w) <= 2e-6 * size))
            print_error("%s, weight %zu:\n", text, i);
        assert_near(w[i], references[i].w, 2e-6 * size);
    }
    for (size_t s = 0; s < STRIA_MAX_OPTIMIZER_STATES; s++)
        stria_release(allocator, states[s]);
    stria_release(allocator, w);
    stria_release(allocator, g);
    free(references);
}

static void formulas(void **state)
{
    (void)state;
    compare("sgd", sgd, 0.01);
    compare("sgd momentum=0.9", sgd_momentum, 0.01);
    compare("sgd momentum=0.8 nesterov", sgd_nesterov, 0.02);
    compare("adam", adam, 0.001);
    compare("adam beta_1=0.5 beta_2=0.9 epsilon=1e-3", adam_other, 0.01);
    compare("adamw", adamw, 0.01);
    compare("rmsprop", rmsprop, 0.001);
    compare("rmsprop rho=0.8 momentum=0.5 epsilon=1e-3", rmsprop_momentum, 0.001);
}

static void defaults(void **state)
{
    (void)state;
    stria_error err = {0};
    stria_optimizer o;
    assert_ok(stria_optimizer_read(&o, "adamw", &err), &err);
    assert_near(o.beta_1, 0.9, 0);
    assert_near(o.beta_2, 0.999, 0);
    assert_near(o.epsilon, 1e-7, 0);
    assert_near(o.weight_decay, 0.004, 0);
    assert_ok(stria_optimizer_read(&o, "adam", &err), &err);
    assert_near(o.weight_decay, 0, 0);
    assert_ok(stria_optimizer_read(&o, "rmsprop", &err), &err);
    assert_near(o.rho, 0.9, 0);
    assert_near(o.momentum, 0, 0);
    assert_near(stria_optimizer_default_rate(STRIA_OPTIMIZER_SGD), 0.01, 0);
    assert_near(stria_optimizer_default_rate(STRIA_OPTIMIZER_ADAM), 0.001, 0);
    assert_near(stria_optimizer_default_rate(STRIA_OPTIMIZER_ADAMW), 0.001, 0);
    assert_near(stria_optimizer_default_rate(STRIA_OPTIMIZER_RMSPROP), 0.001, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(formulas, set_up, tear_down),
        cmocka_unit_test(defaults),
    };
    return cmocka_run_group_tests_name("optimizers", tests, NULL, NULL);
}

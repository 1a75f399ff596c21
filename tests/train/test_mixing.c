/* Mixed samples and their targets: what a training step with mixup or CutMix computes, against sums done here
 * from the outputs, partners and weights of the same run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "model/plan.h"
#include "train/training_fixture.h"

#define BATCH   12
#define CLASSES 3

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

/* One step and all that it left behind. */
typedef struct step {
    stria_model *model;
    stria_trainer *trainer;
    const stria_plan *plan;
    float x[BATCH * 16];
    int32_t labels[BATCH];
    float targets[BATCH * CLASSES];
    double loss;
    int64_t correct;
} step;

static void run_step(step *s, const char *text, const char *loss, bool with_targets)
{
    const stria_random_key key = {.seed = 4, .purpose = STRIA_RANDOM_DATA};
    stria_error err = {0};
    stria_train_options options = {.struct_size = sizeof options};
    memset(s, 0, sizeof *s);
    for (size_t e = 0; e < BATCH * 16; e++)
        s->x[e] = (float)stria_random_normal(&key, e);
    for (size_t n = 0; n < BATCH; n++)
        s->labels[n] = (int32_t)(n * 7 % CLASSES);
    for (size_t e = 0; e < BATCH * CLASSES; e++)
        s->targets[e] = with_targets ? (float)stria_random_normal(&key, 1000 + e)
                                     : (e % CLASSES == (size_t)s->labels[e / CLASSES] ? 1.0F : 0.0F);
    options.batch = BATCH;
    options.seed = 6;
    options.loss = loss;
    options.optimizer = "sgd";
    s->model = make_model(test.context, text);
    assert_ok(stria_trainer_create(&s->trainer, s->model, &options, &err), &err);
    assert_ok(stria_trainer_step(s->trainer, s->x, with_targets ? NULL : s->labels,
                                 with_targets ? s->targets : NULL, BATCH, &s->loss, &s->correct, &err),
              &err);
    s->plan = stria_trainer_plan(s->trainer);
}

static void end_step(step *s)
{
    stria_trainer_free(s->trainer);
    stria_model_free(s->model);
}

/* Targets of the step, mixed by all layers that mix. */
static void mix_targets(const step *s, double mixed[BATCH][CLASSES])
{
    double before[BATCH][CLASSES];
    for (size_t e = 0; e < BATCH * CLASSES; e++)
        mixed[e / CLASSES][e % CLASSES] = (double)s->targets[e];
    for (size_t i = 0; i < stria_plan_mixing_count(s->plan); i++) {
        memcpy(before, mixed, sizeof before);
        for (size_t n = 0; n < BATCH; n++) {
            size_t partner;
            double weight;
            stria_plan_mixing(s->plan, i, n, &partner, &weight);
            assert_true(partner < BATCH && weight >= 0 && weight <= 1);
            for (size_t j = 0; j < CLASSES; j++)
                mixed[n][j] = weight * before[n][j] + (1 - weight) * before[partner][j];
        }
    }
}

static double log_softmax(const float *z, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < CLASSES; k++)
        sum += exp((double)z[k]);
    return (double)z[j] - log(sum);
}

/* The loss is the weighted sum of two cross-entropies, and the gradient of the last bias is its. */
static void check_cross_entropy(const char *text, size_t layers)
{
    step s;
    double mixed[BATCH][CLASSES], loss = 0, bias[CLASSES] = {0};
    int64_t correct = 0;
    run_step(&s, text, NULL, false);
    assert_int_equal(stria_plan_mixing_count(s.plan), layers);
    mix_targets(&s, mixed);
    for (size_t n = 0; n < BATCH; n++) {
        const float *z = stria_plan_output(s.plan, 0) + n * CLASSES;
        size_t largest = 0, heaviest = 0;
        for (size_t j = 0; j < CLASSES; j++) {
            loss -= mixed[n][j] * log_softmax(z, j) / BATCH;
            bias[j] += (exp(log_softmax(z, j)) - mixed[n][j]) / BATCH;
            largest = z[j] > z[largest] ? j : largest;
            heaviest = mixed[n][j] > mixed[n][heaviest] ? j : heaviest;
        }
        correct += largest == heaviest;
    }
    assert_true(fabs(loss - s.loss) < 1e-6);
    assert_int_equal(correct, s.correct);
    const int tensor = stria_model_find_tensor(s.model, "top/bias");
    const float *gradient = stria_plan_tensor_gradient(s.plan, (size_t)tensor);
    for (size_t j = 0; j < CLASSES; j++)
        assert_true(fabs((double)gradient[j] - bias[j]) < 1e-6);
    end_step(&s);
}

static void test_cross_entropy(void **state)
{
    (void)state;
    check_cross_entropy("input 4x4x1\nflatten\ntop = dense 3 softmax\n", 0);
    check_cross_entropy("input 4x4x1\nmixup 1\nflatten\ntop = dense 3 softmax\n", 1);
    check_cross_entropy("input 4x4x1\ncutmix 1,1\nflatten\ntop = dense 3 softmax\n", 1);
    check_cross_entropy("input 4x4x1\nmixup 1\ncutmix 1,1\nflatten\ntop = dense 3 softmax\n", 2);
}

/* With w of one label and 1 - w of another: w times the one's loss and 1 - w times the other's. */
static void test_two_labels(void **state)
{
    (void)state;
    step s;
    double loss = 0;
    run_step(&s, "input 4x4x1\nmixup 1\nflatten\ntop = dense 3 softmax\n", NULL, false);
    for (size_t n = 0; n < BATCH; n++) {
        size_t partner;
        double weight;
        const float *z = stria_plan_output(s.plan, 0) + n * CLASSES;
        stria_plan_mixing(s.plan, 0, n, &partner, &weight);
        loss -= weight * log_softmax(z, (size_t)s.labels[n]) / BATCH;
        loss -= (1 - weight) * log_softmax(z, (size_t)s.labels[partner]) / BATCH;
    }
    assert_true(fabs(loss - s.loss) < 1e-6);
    end_step(&s);
}

static void test_squared_error(void **state)
{
    (void)state;
    step s;
    double mixed[BATCH][CLASSES], loss = 0;
    run_step(&s, "input 4x4x1\nmixup 1\nflatten\ntop = dense 3\n", "mean_squared_error", true);
    mix_targets(&s, mixed);
    for (size_t e = 0; e < BATCH * CLASSES; e++) {
        const double difference = (double)stria_plan_output(s.plan, 0)[e] - mixed[e / CLASSES][e % CLASSES];
        loss += difference * difference / (BATCH * CLASSES);
    }
    assert_true(fabs(loss - s.loss) < 1e-5);
    assert_int_equal(s.correct, -1);
    end_step(&s);
}

/* ---- What is drawn ---- */

#define MANY 3000

/* Runs a layer on pictures whose numbers are their sample's number. */
static stria_plan *run_numbered(const char *text, stria_model **model, uint64_t step_number)
{
    stria_error err = {0};
    stria_plan *plan = NULL;
    float *x = malloc(MANY * 20 * sizeof *x);
    assert_non_null(x);
    for (size_t e = 0; e < MANY * 20; e++)
        x[e] = (float)(e / 20);
    *model = make_model(test.context, text);
    const stria_plan_options options = {.mode = STRIA_MODE_TRAINING, .batch = MANY, .seed = 8};
    assert_ok(stria_plan_create(&plan, *model, &options, &err), &err);
    stria_plan_set_step(plan, step_number);
    const float *inputs[1] = {x};
    assert_ok(stria_plan_run(plan, inputs, MANY, &err), &err);
    free(x);
    return plan;
}

/* Weights have the moments of their distribution, outputs are made by them, and everyone is one's partner. */
static void test_mixup_draws(void **state)
{
    (void)state;
    const double alphas[] = {0.2, 1, 5};
    size_t shift_of_first = 0;
    for (size_t a = 0; a < 3; a++) {
        char text[64];
        double sum = 0, squares = 0;
        bool taken[MANY] = {false};
        stria_model *model = NULL;
        snprintf(text, sizeof text, "input 5x4x1\nmixup %g\n", alphas[a]);
        stria_plan *plan = run_numbered(text, &model, a);
        for (size_t n = 0; n < MANY; n++) {
            size_t partner;
            double weight;
            stria_plan_mixing(plan, 0, n, &partner, &weight);
            assert_false(taken[partner]);
            taken[partner] = true;
            sum += weight;
            squares += (weight - 0.5) * (weight - 0.5);
            const double made = weight * (double)n + (1 - weight) * (double)partner;
            assert_true(fabs((double)stria_plan_output(plan, 0)[20 * n + 7] - made) < 1e-3);
            if (n == 0 && a > 0)
                assert_true(partner != shift_of_first);
            if (n == 0)
                shift_of_first = partner;
        }
        const double variance = 1 / (4 * (2 * alphas[a] + 1));
        assert_true(fabs(sum / MANY - 0.5) < 5 * sqrt(variance / MANY));
        assert_true(fabs(squares / MANY - variance) < 0.08 * variance);
        stria_plan_free(plan);
        stria_model_free(model);
    }
}

/* Numbers are a sample's own or its partner's, the latter in a box, and the weight is the share of the
 * former. */
static void test_cutmix_draws(void **state)
{
    (void)state;
    stria_model *model = NULL;
    stria_plan *plan = run_numbered("input 5x4x1\ncutmix 1,1\n", &model, 0);
    double sum = 0;
    for (size_t n = 0; n < MANY; n++) {
        size_t partner, top = 5, bottom = 0, left = 4, right = 0, taken = 0;
        double weight;
        stria_plan_mixing(plan, 0, n, &partner, &weight);
        for (size_t e = 0; e < 20; e++) {
            const size_t from = (size_t)stria_plan_output(plan, 0)[20 * n + e];
            assert_true(from == n || from == partner);
            if (from == n)
                continue;
            taken++;
            top = e / 4 < top ? e / 4 : top;
            bottom = e / 4 + 1;
            left = e % 4 < left ? e % 4 : left;
            right = e % 4 + 1 > right ? e % 4 + 1 : right;
        }
        assert_int_equal(taken, taken == 0 ? 0 : (bottom - top) * (right - left));
        assert_true(fabs(weight - (1 - (double)taken / 20)) < 1e-12);
        sum += weight;
    }
    /* Half of a large picture on average; a little more of so small a one, since pixels count when their
     * upper left corner is in the box. */
    assert_true(sum / MANY > 0.5 && sum / MANY < 0.6);
    stria_plan_free(plan);
    stria_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cross_entropy), cmocka_unit_test(test_two_labels),
        cmocka_unit_test(test_squared_error), cmocka_unit_test(test_mixup_draws),
        cmocka_unit_test(test_cutmix_draws),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

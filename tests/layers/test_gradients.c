/* The gradient of every layer kind against central differences of L = sum(output * g), for inputs and
 * parameters.
 *
 * A case is model text, so it goes through parser, plan, kernels and backward as in training. Inputs stay
 * away from the corners of relu and from ties of maxima: where a case has such corners its inputs are SPREAD,
 * a shuffled ladder whose steps are 0.1 and whose rungs lie 0.05 beside every multiple of 0.1, while
 * differences reach out 2^-7. A case's text seeds its numbers: those of the others do not change them. A kind
 * in the registry without a case, or without a refusal, fails the test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stria/stria.h>

#include "base/checksum.h"
#include "base/random.h"
#include "gradient_cases.h"
#include "layers/layer.h"

/* Reach of a difference. Its error from curvature is about reach^2 / 6 = 1e-5 of the gradient, the one from
 * rounding the outputs to float about 6e-8 / reach = 8e-6 of the output. */
#define REACH 0x1p-7F

/* Largest difference accepted, as a share of the tensor's largest gradient: a hundred times the errors above.
 */
#define TOLERANCE 1e-3

#define MAX_TENSORS 24

static const stria_gradient_family *const families[] = {
    &stria_gradients_weighted,
    &stria_gradients_pool,
    &stria_gradients_norm,
    &stria_gradients_activation,
    &stria_gradients_random,
    &stria_gradients_sound,
    &stria_gradients_shape,
    &stria_gradients_merge,
    &stria_gradients_graph,
    &stria_gradients_neocognitron,
    NULL,
};

typedef struct fixture {
    stria_context *context;
    bool *kinds; /* by index in the registry: seen in a case */
} fixture;

static void require(stria_status status, const char *what, const stria_error *err)
{
    if (status != STRIA_OK)
        fail_msg("%s\n%s", what, err->message);
}

static size_t count_of(const stria_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->sizes[i];
    return count;
}

/* ---- One case ---- */

typedef struct check {
    const stria_gradient_case *c;
    stria_model *model;
    stria_plan *plan;
    size_t input_count, output_count;
    size_t input_sizes[MAX_TENSORS], output_sizes[MAX_TENSORS]; /* numbers, batch included */
    float *inputs[MAX_TENSORS], *upstream[MAX_TENSORS];
} check;

static float *draw(uint64_t seed, uint32_t stream, size_t count, stria_gradient_values how)
{
    const stria_random_key key = {.seed = seed, .purpose = STRIA_RANDOM_DATA, .layer = stream};
    float *numbers = malloc(count * sizeof *numbers);
    uint32_t *order = malloc(count * sizeof *order);
    assert_non_null(numbers);
    assert_non_null(order);
    stria_random_order(&key, order, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = how == SPREAD ? (float)(0.1 * ((double)order[i] + 0.5 - (double)((count + 1) / 2)))
                                   : (float)stria_random_normal(&key, i);
        if (how == CELLS)
            numbers[i] = 0.5F + fabsf(numbers[i]);
    }
    free(order);
    return numbers;
}

/* Parameters away from their first values: a bias of zeros would hide a forgotten one. */
static void draw_parameters(stria_model *model, uint64_t seed, stria_gradient_values how)
{
    static const double inhibition[] = {0.3, 100, 0.6, -0.5}; /* of CELLS */
    stria_tensor_info info;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++) {
        float *numbers = draw(seed, (uint32_t)(100 + t), (size_t)info.count, how == CELLS ? CELLS : NORMAL);
        float *data = stria_model_tensor_data(model, t);
        const bool is_bias = strstr(info.name, "/bias") != NULL;
        for (int64_t i = 0; i < info.count; i++) {
            double value = (double)numbers[i];
            if (strstr(info.name, "variance") != NULL || strstr(info.name, "gamma") != NULL)
                value = 0.5 + fabs(value);
            else if (how == CELLS && strstr(info.name, "/inhibition") != NULL)
                value = inhibition[i % 4];
            else if (is_bias && (how == FAR || how == FARTHER))
                value = i % 2 == 0 ? 1.5 : -1.5;
            else if (!is_bias)
                value *= (how == FAR       ? 0.25
                          : how == FARTHER ? 0.1
                                           : 1) /
                         sqrt((double)count_of(&info.shape) / (double)info.shape.sizes[info.shape.rank - 1]);
            data[i] = (float)value;
        }
        free(numbers);
    }
}

static void forward(const check *k)
{
    stria_error err = {0};
    const float *inputs[MAX_TENSORS];
    for (size_t i = 0; i < k->input_count; i++)
        inputs[i] = k->inputs[i];
    require(stria_plan_run(k->plan, inputs, k->c->batch, &err), k->c->text, &err);
}

static double loss(const check *k)
{
    double sum = 0;
    forward(k);
    for (size_t o = 0; o < k->output_count; o++) {
        const float *y = stria_plan_output(k->plan, o);
        for (size_t i = 0; i < k->output_sizes[o]; i++)
            sum += (double)y[i] * (double)k->upstream[o][i];
    }
    return sum;
}

/* Moves each number of `values` both ways and compares the change of L with `gradient`. */
static void compare(const check *k, const char *name, float *numbers, const float *gradient, size_t count)
{
    double largest = 0, worst = 0;
    size_t at = 0;
    double *differences = malloc(count * sizeof *differences);
    assert_non_null(differences);
    for (size_t i = 0; i < count; i++) {
        const float here = numbers[i];
        const float above = here + REACH, below = here - REACH;
        numbers[i] = above;
        double rise = loss(k);
        numbers[i] = below;
        rise -= loss(k);
        numbers[i] = here;
        differences[i] = rise / ((double)above - (double)below);
        largest = fmax(largest, fabs(differences[i]));
    }
    for (size_t i = 0; i < count; i++) {
        double error = fabs((double)gradient[i] - differences[i]);
        if (!(error <= worst)) {
            worst = error;
            at = i;
        }
    }
    /* A gradient that is 0 everywhere is compared as if the largest were 1e-2: rounding is all there is. */
    if (!(worst <= TOLERANCE * fmax(largest, 1e-2)))
        fail_msg("%s\n%s[%zu]: backward says %.8g, differences say %.8g; largest %.4g", k->c->text, name, at,
                 (double)gradient[at], differences[at], largest);
    free(differences);
}

static void open_plan(check *k, bool input_gradients, uint64_t seed)
{
    stria_error err = {0};
    const stria_plan_options options = {
        .mode = STRIA_MODE_TRAINING, .batch = k->c->batch, .input_gradients = input_gradients, .seed = seed};
    require(stria_plan_create(&k->plan, k->model, &options, &err), k->c->text, &err);
}

static float *copy(const float *numbers, size_t count)
{
    float *copied = malloc(count * sizeof *copied);
    assert_non_null(numbers);
    assert_non_null(copied);
    memcpy(copied, numbers, count * sizeof *copied);
    return copied;
}

/* The caller's gradients of the outputs are read where they are, and left as they were. */
static void backward(const check *k)
{
    stria_error err = {0};
    const float *upstream[MAX_TENSORS];
    float *before[MAX_TENSORS];
    for (size_t o = 0; o < k->output_count; o++) {
        upstream[o] = k->upstream[o];
        before[o] = copy(k->upstream[o], k->output_sizes[o]);
    }
    require(stria_plan_backward(k->plan, upstream, &err), k->c->text, &err);
    for (size_t o = 0; o < k->output_count; o++) {
        if (memcmp(before[o], k->upstream[o], k->output_sizes[o] * sizeof(float)) != 0)
            fail_msg("%s: backward wrote to the caller's gradient of output %zu", k->c->text, o);
        free(before[o]);
    }
}

static void note_kinds(const fixture *f, const stria_model *model)
{
    stria_layer_info info;
    for (size_t i = 0; stria_model_layer(model, i, &info); i++) {
        int kind = stria_layer_kind_find(info.kind);
        if (kind >= 0)
            f->kinds[kind] = true;
    }
}

static void check_case(const fixture *f, const stria_gradient_case *c, uint64_t seed)
{
    check k = {.c = c};
    stria_error err = {0};
    stria_tensor_info info;
    require(stria_model_parse(&k.model, f->context, c->text, strlen(c->text), NULL, &err), c->text, &err);
    note_kinds(f, k.model);
    draw_parameters(k.model, seed, c->values);
    if (c->freeze != NULL)
        require(stria_model_freeze(k.model, c->freeze, &err), c->text, &err);
    k.input_count = stria_model_input_count(k.model);
    k.output_count = stria_model_output_count(k.model);
    const size_t batch = (size_t)c->batch, tensor_count = stria_model_tensor_count(k.model);
    assert_true(k.input_count <= MAX_TENSORS && k.output_count <= MAX_TENSORS && tensor_count <= MAX_TENSORS);
    for (size_t i = 0; i < k.input_count; i++) {
        k.input_sizes[i] = batch * count_of(stria_model_input_shape(k.model, i));
        k.inputs[i] = draw(seed, (uint32_t)i, k.input_sizes[i], c->values);
    }
    for (size_t o = 0; o < k.output_count; o++) {
        k.output_sizes[o] = batch * count_of(stria_model_output_shape(k.model, o));
        k.upstream[o] = draw(seed, (uint32_t)(50 + o), k.output_sizes[o], NORMAL);
    }

    open_plan(&k, true, seed);
    forward(&k);
    backward(&k);
    float *input_gradients[MAX_TENSORS] = {0}, *gradients[MAX_TENSORS] = {0};
    for (size_t i = 0; i < k.input_count; i++)
        input_gradients[i] = copy(stria_plan_input_gradient(k.plan, i), k.input_sizes[i]);
    for (size_t t = 0; t < tensor_count; t++) {
        assert_int_equal(stria_model_tensor(k.model, t, &info), 1);
        if (info.trainable)
            gradients[t] = copy(stria_plan_tensor_gradient(k.plan, t), (size_t)info.count);
        else
            assert_null(stria_plan_tensor_gradient(k.plan, t));
    }

    for (size_t i = 0; i < k.input_count; i++)
        compare(&k, stria_model_input_name(k.model, i), k.inputs[i], input_gradients[i], k.input_sizes[i]);
    for (size_t t = 0; t < tensor_count; t++) {
        assert_int_equal(stria_model_tensor(k.model, t, &info), 1);
        if (info.trainable)
            compare(&k, info.name, stria_model_tensor_data(k.model, t), gradients[t], (size_t)info.count);
    }
    stria_plan_free(k.plan);

    /* A plan that leaves out the inputs' gradients gives the parameters the same ones, to the bit. */
    open_plan(&k, false, seed);
    forward(&k);
    backward(&k);
    for (size_t t = 0; t < tensor_count; t++)
        if (gradients[t] != NULL) {
            assert_int_equal(stria_model_tensor(k.model, t, &info), 1);
            assert_memory_equal(stria_plan_tensor_gradient(k.plan, t), gradients[t],
                                (size_t)info.count * sizeof(float));
        }
    assert_null(stria_plan_input_gradient(k.plan, 0));
    stria_plan_free(k.plan);

    for (size_t i = 0; i < MAX_TENSORS; i++) {
        free(k.inputs[i]);
        free(k.upstream[i]);
        free(input_gradients[i]);
        free(gradients[i]);
    }
    stria_model_free(k.model);
}

static void test_cases(void **state)
{
    const fixture *f = *state;
    for (size_t k = 0; families[k] != NULL; k++)
        for (size_t i = 0; i < families[k]->case_count; i++) {
            const stria_gradient_case *c = &families[k]->cases[i];
            check_case(f, c, stria_crc32c(0, c->text, strlen(c->text)));
        }
}

/* Every activation as a layer and behind a convolution, where its derivative may come from a kept sum. */
static void test_activations(void **state)
{
    const fixture *f = *state;
    char text[96];
    for (size_t i = 0; stria_activation_name(i) != NULL; i++) {
        /* 160 rungs reach from -8 to 8, beyond the corners at 3 and 6. Those by rows, which may have corners
         * anywhere, have cases of their own. */
        snprintf(text, sizeof text, "input 8x20\nactivation %s", stria_activation_name(i));
        if (!stria_activation_by_rows((stria_activation_kind)i))
            check_case(f, &(stria_gradient_case){text, 1, SPREAD, NULL}, 500 + i);
        if (strcmp(stria_activation_name(i), "glu") == 0)
            continue; /* no layer ends with it */
        snprintf(text, sizeof text, "input 4x4x2\nconv2d 3 2 %s", stria_activation_name(i));
        check_case(f, &(stria_gradient_case){text, 2, FARTHER, NULL}, 600 + i);
    }
}

/* ---- Refusals ---- */

static void check_refusal(const fixture *f, const stria_refusal *r)
{
    stria_model *model = NULL;
    stria_error err = {0};
    stria_status status = stria_model_parse(&model, f->context, r->text, strlen(r->text), NULL, &err);
    if (status != r->status || strstr(err.message, r->says) == NULL)
        fail_msg("%s\nstatus %s, not %s, or \"%s\" is missing in: %s", r->text, stria_status_name(status),
                 stria_status_name(r->status), r->says, err.message);
    assert_null(model);
}

static void test_refusals(void **state)
{
    for (size_t k = 0; families[k] != NULL; k++)
        for (size_t i = 0; i < families[k]->refusal_count; i++)
            check_refusal(*state, &families[k]->refusals[i]);
}

static bool has_refusal(const char *kind)
{
    for (size_t k = 0; families[k] != NULL; k++)
        for (size_t i = 0; i < families[k]->refusal_count; i++)
            if (strcmp(families[k]->refusals[i].kind, kind) == 0)
                return true;
    return false;
}

/* Runs last: the tests before have noted what they saw. */
static void test_every_kind_has_cases(void **state)
{
    const fixture *f = *state;
    for (size_t k = 0; stria_layer_kinds[k] != NULL; k++) {
        const char *name = stria_layer_kinds[k]->name;
        if (!f->kinds[k] || !has_refusal(name))
            fail_msg("%s has no %s in tests/layers/gradients_*.c", name,
                     f->kinds[k] ? "refusal" : "gradient case");
    }
}

static int set_up(void **state)
{
    static fixture f;
    stria_error err = {0};
    require(stria_context_create(&f.context, NULL, &err), "context", &err);
    f.kinds = calloc(stria_layer_kind_count(), sizeof *f.kinds);
    *state = &f;
    return f.kinds == NULL;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    free(f->kinds);
    stria_context_free(f->context);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_every_kind_has_cases),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

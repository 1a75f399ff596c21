/* The ready models against Keras: parameters, number of layers, and for some the output for one picture.
 * Keras's side is named_networks.json, made by make_named_networks.py, whose head says how weights and
 * pictures are made; smaller pictures than the networks' own are enough, since the weights are the same. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "base/context.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/json.h"
#include "support/check.h"
#include "support/test_context.h"

/* Largest difference as a share of the largest output. Fifty layers of float sums in another order than
 * Keras's give about 3e-6. */
#define TOLERANCE 2e-5

static double spread(uint64_t tensor, uint64_t i)
{
    uint32_t bits = (uint32_t)(i * 2654435761U + tensor * 40503U + 12345U);
    bits = (bits ^ (bits >> 15)) * 2246822519U;
    bits ^= bits >> 13;
    return ((double)bits + 0.5) / 2147483648.0 - 1;
}

static double fan_in(const stria_tensor_info *info)
{
    double fan = 1;
    int last = strstr(info->name, "depthwise") != NULL ? 2 : info->shape.rank - 1;
    for (int a = 0; a < last; a++)
        fan *= (double)info->shape.sizes[a];
    return fan;
}

static void fill(stria_model *model)
{
    stria_tensor_info info;
    for (size_t t = 0; stria_model_tensor(model, t, &info); t++) {
        float *numbers = stria_model_tensor_data(model, t);
        const char *name = strrchr(info.name, '/');
        const bool kernel = strstr(name, "kernel") != NULL, gamma = strcmp(name, "/gamma") == 0,
                   variance = strcmp(name, "/moving_variance") == 0;
        const double factor = kernel ? sqrt(3 / fan_in(&info)) : variance ? 0.5 : 0.1;
        for (int64_t i = 0; i < info.count; i++)
            numbers[i] = (float)((gamma || variance ? 1 : 0) + spread(t, (uint64_t)i) * factor);
    }
}

static int64_t integer_of(const stria_json *object, const char *key)
{
    int64_t value = -1;
    const stria_json *json = stria_json_get(object, key);
    if (json == NULL || !stria_json_integer(json, &value))
        fail_msg("no integer %s", key);
    return value;
}

static stria_model *parse(const test_context *test, const char *text, bool parameters)
{
    stria_model *model = NULL;
    stria_error err = {0};
    const stria_parse_options options = {.without_parameters = !parameters};
    assert_ok(stria_model_parse(&model, test->context, text, strlen(text), &options, &err), &err);
    return model;
}

/* The model's text without the layers behind its feature maps, for pictures of another size. */
static stria_model *parse_features(const test_context *test, const char *name, const stria_json *input)
{
    const char *text = stria_architecture_text(name), *line = strstr(text, "\ninput "),
               *top = strstr(text, "\ndense");
    assert_non_null(line);
    char *changed = malloc(strlen(text) + 64);
    assert_non_null(changed);
    int64_t sizes[3];
    for (size_t a = 0; a < 3; a++)
        assert_true(stria_json_integer(stria_json_at(input, a), &sizes[a]));
    const char *rest = strchr(line + 1, '\n');
    size_t rest_length = top != NULL ? (size_t)(top - rest) : strlen(rest);
    int length =
        sprintf(changed, "%.*s\ninput %lldx%lldx%lld%.*s\n", (int)(line - text), text, (long long)sizes[0],
                (long long)sizes[1], (long long)sizes[2], (int)rest_length, rest);
    assert_true(length > 0);
    stria_model *model = parse(test, changed, true);
    free(changed);
    return model;
}

static void compare_output(const test_context *test, const char *name, const stria_json *network)
{
    const stria_json *want = stria_json_get(network, "output");
    double largest = 0, worst = 0;
    assert_true(stria_json_number(stria_json_get(network, "largest"), &largest));
    const size_t step = (size_t)integer_of(network, "step");
    stria_model *model = parse_features(test, name, stria_json_get(network, "input"));
    const stria_shape *shape = stria_model_input_shape(model, 0);
    const size_t count = (size_t)(shape->sizes[0] * shape->sizes[1] * shape->sizes[2]);
    float *picture = malloc(count * sizeof *picture);
    assert_non_null(picture);
    for (size_t i = 0; i < count; i++)
        picture[i] = (float)spread(1000, i);
    fill(model);
    stria_plan *plan = NULL;
    stria_error err = {0};
    const float *inputs[] = {picture};
    assert_ok(stria_plan_create(&plan, model, NULL, &err), &err);
    assert_ok(stria_plan_run(plan, inputs, 1, &err), &err);
    const float *got = stria_plan_output(plan, 0);
    for (size_t i = 0; i < stria_json_count(want); i++) {
        double expected;
        assert_true(stria_json_number(stria_json_at(want, i), &expected));
        worst = fmax(worst, fabs((double)got[i * step] - expected));
    }
    printf("  %-22s worst difference %.2g of the largest output\n", name, worst / largest);
    if (!(worst <= TOLERANCE * largest))
        fail_msg("%s: differs from Keras by %.3g, and %.3g is allowed", name, worst, TOLERANCE * largest);
    stria_plan_free(plan);
    stria_model_free(model);
    free(picture);
}

typedef struct walk {
    const test_context *test;
    size_t networks, outputs;
} walk;

static stria_status check_network(const char *name, const stria_json *network, void *payload)
{
    walk *w = payload;
    const char *text = stria_architecture_text(name);
    if (text == NULL)
        fail_msg("there is no ready model %s", name);
    stria_model *model = parse(w->test, text, false);
    if (stria_model_params(model) != integer_of(network, "params") ||
        stria_model_trainable_params(model) != integer_of(network, "trainable"))
        fail_msg("%s: %lld parameters, %lld trainable; Keras %lld and %lld", name,
                 (long long)stria_model_params(model), (long long)stria_model_trainable_params(model),
                 (long long)integer_of(network, "params"), (long long)integer_of(network, "trainable"));
    if (strncmp(name, "mobilenet", strlen("mobilenet")) == 0)
        assert_int_equal(stria_model_layer_count(model), integer_of(network, "layers"));
    stria_model_free(model);
    w->networks++;
    if (stria_json_get(network, "output") != NULL) {
        compare_output(w->test, name, network);
        w->outputs++;
    }
    return STRIA_OK;
}

static void test_networks(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 2, NULL);
    void *bytes = NULL;
    size_t size = 0;
    stria_json *json = NULL;
    stria_error err = {0};
    assert_ok(stria_file_read(test.context, STRIA_TEST_DATA "/model/named_networks.json", 1 << 24, &bytes,
                              &size, &err),
              &err);
    assert_ok(stria_json_parse(&json, bytes, size, &err), &err);
    walk w = {.test = &test};
    stria_json_each(json, check_network, &w);
    assert_true(w.networks >= 13 && w.outputs >= 3);
    stria_json_free(json);
    stria_release(&test.context->allocator, bytes);
    test_context_close(&test);
}

/* MobileNetV2 with a new top, its first 100 layers as they were: what Keras's guide to transfer learning
 * trains. */
static void test_fine_tuning(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse(&test, stria_architecture_text("mobilenet_v2-features"), false);
    stria_error err = {0};
    const stria_shape *features = stria_model_output_shape(model, 0);
    assert_true(features->sizes[0] == 5 && features->sizes[1] == 5 && features->sizes[2] == 1280);
    assert_int_equal(stria_model_layer_count(model), 154);
    assert_ok(stria_model_freeze(model, "*", &err), &err);
    assert_int_equal(stria_model_trainable_params(model), 0);
    assert_ok(stria_model_add(model, "global_avgpool2d", &err), &err);
    assert_ok(stria_model_add(model, "dropout 0.2", &err), &err);
    assert_ok(stria_model_add(model, "dense 1", &err), &err);
    assert_int_equal(stria_model_params(model), 2259265);
    assert_int_equal(stria_model_trainable_params(model), 1281);
    stria_model_free(model);

    model = parse(&test, stria_architecture_text("mobilenet_v2-features"), false);
    for (size_t i = 0; i < 100; i++) {
        stria_layer_info info;
        assert_true(stria_model_layer(model, i, &info));
        if (info.params > 0)
            assert_ok(stria_model_freeze(model, info.name, &err), &err);
    }
    assert_ok(stria_model_add(model, "global_avgpool2d", &err), &err);
    assert_ok(stria_model_add(model, "dense 1", &err), &err);
    assert_int_equal(stria_model_trainable_params(model), 1862721);
    size_t trainable = 0;
    stria_tensor_info tensor;
    for (size_t t = 0; stria_model_tensor(model, t, &tensor); t++)
        trainable += tensor.trainable != 0;
    assert_int_equal(trainable, 56);
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_networks), cmocka_unit_test(test_fine_tuning)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every number of tests/oracles/course_numbers.json, which are those of textbooks and lectures, recomputed:
 * shapes, parameters, multiplications, padding, ignored columns, memory. An expectation that this file does
 * not know makes the test fail, so none is passed over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stria/stria.h>

#include "formats/json.h"
#include "support/check.h"
#include "support/test_context.h"

#define MOST_FACTS 96

/* The facts of one layer. */
typedef struct known_fact {
    char key[48];
    int64_t value;
    int has_value, chosen;
} known_fact;

typedef struct known_facts {
    size_t count;
    known_fact facts[MOST_FACTS];
} known_facts;

static void keep_fact(const stria_fact *fact, void *payload)
{
    known_facts *known = payload;
    assert_true(known->count < MOST_FACTS);
    known_fact *kept = &known->facts[known->count++];
    snprintf(kept->key, sizeof kept->key, "%s", fact->key);
    kept->value = fact->value;
    kept->has_value = fact->has_value;
    kept->chosen = fact->chosen;
}

static void explain(const stria_model *model, size_t layer, int64_t batch, known_facts *known)
{
    stria_error err = {0};
    known->count = 0;
    const stria_explain_options options = {.batch = batch, .fact = keep_fact, .payload = known};
    assert_ok(stria_model_explain(model, layer, &options, &err), &err);
}

static int64_t fact(const known_facts *known, const char *key)
{
    for (size_t i = 0; i < known->count; i++)
        if (strcmp(known->facts[i].key, key) == 0 && known->facts[i].has_value)
            return known->facts[i].value;
    fail_msg("nothing is said of %s", key);
    return 0;
}

/* ---- Reading the file ---- */

static stria_json *read_numbers(void)
{
    static char bytes[1 << 16];
    stria_json *json = NULL;
    stria_error err = {0};
    FILE *file = fopen(STRIA_TEST_DATA "/oracles/course_numbers.json", "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(size < sizeof bytes);
    assert_ok(stria_json_parse(&json, bytes, size, &err), &err);
    return json;
}

static int64_t integer(const stria_json *json)
{
    int64_t value = 0;
    assert_true(stria_json_integer(json, &value));
    return value;
}

/* "3x5x7", behind `skip` entries. */
static void sizes_text(const stria_json *list, size_t skip, char *text, size_t size)
{
    size_t length = 0;
    assert_true(stria_json_count(list) > skip);
    for (size_t i = skip; i < stria_json_count(list); i++)
        length += (size_t)snprintf(text + length, size - length, "%s%lld", i > skip ? "x" : "",
                                   (long long)integer(stria_json_at(list, i)));
}

/* A layer of the file as a line of model text. */
static void layer_text(const stria_json *layer, char *text, size_t size)
{
    const char *kind = stria_json_string(stria_json_get(layer, "kind"));
    char sizes[96], strides[96];
    if (strcmp(kind, "input") == 0) {
        sizes_text(stria_json_get(layer, "shape"), 0, sizes, sizeof sizes);
        snprintf(text, size, "input %s\n", sizes);
    } else if (strcmp(kind, "conv2d") == 0) {
        const stria_json *padding = stria_json_get(layer, "padding");
        char zeros[32];
        sizes_text(stria_json_get(layer, "kernel"), 0, sizes, sizeof sizes);
        sizes_text(stria_json_get(layer, "stride"), 0, strides, sizeof strides);
        if (stria_json_string(padding) == NULL)
            snprintf(zeros, sizeof zeros, "%lld", (long long)integer(padding));
        snprintf(text, size, "conv2d %lld %s strides=%s padding=%s\n",
                 (long long)integer(stria_json_get(layer, "filters")), sizes, strides,
                 stria_json_string(padding) != NULL ? stria_json_string(padding) : zeros);
    } else if (strcmp(kind, "dense") == 0) {
        snprintf(text, size, "dense %lld\n", (long long)integer(stria_json_get(layer, "units")));
    } else {
        assert_string_equal(kind, "flatten");
        snprintf(text, size, "flatten\n");
    }
}

static stria_model *parse(const test_context *test, const char *text)
{
    stria_model *model = NULL;
    stria_error err = {0};
    const stria_parse_options options = {.without_parameters = 1};
    assert_ok(stria_model_parse(&model, test->context, text, strlen(text), &options, &err), &err);
    return model;
}

/* ---- Cases with layers ---- */

typedef struct checked_case {
    const stria_model *model;
    size_t last; /* layer */
    known_facts facts;
    size_t checks;
} checked_case;

static void check_shape(const stria_shape *shape, const stria_json *expected, size_t skip)
{
    char found[STRIA_SHAPE_TEXT_SIZE], text[96];
    sizes_text(expected, skip, text, sizeof text);
    assert_string_equal(stria_shape_text(shape, found, sizeof found), text);
}

static stria_layer_info layer_of(const stria_model *model, size_t index)
{
    stria_layer_info info;
    assert_true(stria_model_layer(model, index, &info));
    return info;
}

static void check_layers(const checked_case *c, const char *key, const stria_json *expected)
{
    assert_int_equal(stria_json_count(expected), stria_model_layer_count(c->model));
    for (size_t i = 0; i < stria_json_count(expected); i++) {
        const stria_layer_info info = layer_of(c->model, i);
        if (strcmp(key, "shapes") == 0)
            check_shape(&info.output, stria_json_at(expected, i), 0);
        else
            assert_int_equal(info.params, integer(stria_json_at(expected, i)));
    }
}

/* Two numbers, of the height and of the width. */
static void check_both(const checked_case *c, const char *what, const stria_json *expected)
{
    char key[48];
    snprintf(key, sizeof key, "height.%s", what);
    assert_int_equal(fact(&c->facts, key), integer(stria_json_at(expected, 0)));
    snprintf(key, sizeof key, "width.%s", what);
    assert_int_equal(fact(&c->facts, key), integer(stria_json_at(expected, 1)));
}

static void check_tensor(const checked_case *c, const char *name, const stria_json *expected)
{
    char full[128];
    stria_tensor_info info;
    snprintf(full, sizeof full, "%s/%s", layer_of(c->model, c->last).name, name);
    const int index = stria_model_find_tensor(c->model, full);
    assert_true(index >= 0 && stria_model_tensor(c->model, (size_t)index, &info));
    check_shape(&info.shape, expected, 0);
}

/* Expectations that are one number of the arithmetic of the last layer. */
static const char *const numbers[][2] = {
    {"multiplications", "macs"},
    {"multiplications_per_output", "macs.output"},
    {"output_numbers", "numbers"},
    {"output_bits", "bits"},
    {"output_bytes", "bytes"},
    {"output_bytes_batch_100", "bytes.batch"},
    {"fully_connected_neurons", "dense.neurons"},
    {"fully_connected_params", "dense.params"},
    {"connections", "connections"},
};

static stria_status check_expectation(const char *key, const stria_json *value, void *payload)
{
    checked_case *c = payload;
    c->checks++;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(key, numbers[i][0]) == 0) {
            assert_int_equal(fact(&c->facts, numbers[i][1]), integer(value));
            return STRIA_OK;
        }
    if (strcmp(key, "shapes") == 0 || strcmp(key, "params") == 0) {
        check_layers(c, key, value);
    } else if (strcmp(key, "total_params") == 0) {
        assert_int_equal(stria_model_params(c->model), integer(value));
    } else if (strcmp(key, "batched_output") == 0) {
        const stria_shape output = layer_of(c->model, c->last).output;
        check_shape(&output, value, 1);
    } else if (strcmp(key, "kernel_shape") == 0 || strcmp(key, "weight_shape") == 0) {
        check_tensor(c, "kernel", value);
    } else if (strcmp(key, "bias_shape") == 0) {
        check_tensor(c, "bias", value);
    } else if (strcmp(key, "same_padding") == 0) {
        check_both(c, "padding", stria_json_get(value, "total"));
        check_both(c, "before", stria_json_get(value, "top_left"));
        check_both(c, "after", stria_json_get(value, "bottom_right"));
    } else if (strcmp(key, "ignored") == 0) {
        assert_int_equal(fact(&c->facts, "height.ignored"), integer(stria_json_get(value, "rows")));
        assert_int_equal(fact(&c->facts, "width.ignored"), integer(stria_json_get(value, "columns")));
    } else {
        fail_msg("the test does not know the expectation '%s'", key);
    }
    return STRIA_OK;
}

static void test_cases_with_layers(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_json *json = read_numbers();
    const stria_json *cases = stria_json_get(json, "cases");
    size_t count = 0, checks = 0;
    for (size_t i = 0; i < stria_json_count(cases); i++) {
        const stria_json *layers = stria_json_get(stria_json_at(cases, i), "layers");
        char text[1024] = "";
        if (layers == NULL)
            continue;
        for (size_t k = 0; k < stria_json_count(layers); k++) {
            const size_t length = strlen(text);
            layer_text(stria_json_at(layers, k), text + length, sizeof text - length);
        }
        stria_model *model = parse(&test, text);
        checked_case c = {.model = model, .last = stria_model_layer_count(model) - 1};
        explain(model, c.last, 100, &c.facts);
        stria_json_each(stria_json_get(stria_json_at(cases, i), "expect"), check_expectation, &c);
        checks += c.checks;
        stria_model_free(model);
        count++;
    }
    assert_int_equal(count, 15);
    assert_true(checks > 40);
    stria_json_free(json);
    test_context_close(&test);
}

/* ---- Cases in words ---- */

static const stria_json *expectation(const stria_json *json, const char *name)
{
    const stria_json *cases = stria_json_get(json, "cases");
    for (size_t i = 0; i < stria_json_count(cases); i++)
        if (strcmp(stria_json_string(stria_json_get(stria_json_at(cases, i), "name")), name) == 0)
            return stria_json_get(stria_json_at(cases, i), "expect");
    fail_msg("there is no case %s", name);
    return NULL;
}

/* The last layer of the text has this shape, channels left out, and gives these facts. */
static void check_picture(const test_context *test, const char *text, const stria_json *sizes,
                          known_facts *facts)
{
    stria_model *model = parse(test, text);
    const size_t last = stria_model_layer_count(model) - 1;
    const stria_shape output = layer_of(model, last).output;
    assert_int_equal(output.sizes[0], integer(stria_json_at(sizes, 0)));
    assert_int_equal(output.sizes[1], integer(stria_json_at(sizes, 1)));
    explain(model, last, 0, facts);
    stria_model_free(model);
}

static void test_cases_in_words(void **state)
{
    (void)state;
    test_context test;
    known_facts facts;
    char text[256], in[96];
    test_context_open(&test, 1, NULL);
    stria_json *json = read_numbers();

    const stria_json *expect = expectation(json, "zero_padding_7x7");
    check_picture(&test, "input 7x7x1\nconv2d 1 3\n", stria_json_get(expect, "valid"), &facts);
    check_picture(&test, "input 7x7x1\nconv2d 1 3 same\n", stria_json_get(expect, "same"), &facts);
    static const char *const sides[] = {"height.before", "height.after", "width.before", "width.after"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(fact(&facts, sides[i]), integer(stria_json_get(expect, "pad_each_side")));

    /* A 1x1 window over a padded picture has as many outputs as the picture has pixels. */
    expect = expectation(json, "border_5x5");
    check_picture(&test, "input 5x5x1\nconv2d 1 1 padding=1\n", stria_json_get(expect, "padded"), &facts);

    expect = expectation(json, "stride_figure");
    check_picture(&test, "input 5x7x1\nconv2d 1 3 2 same\n", stria_json_get(expect, "same_stride2"), &facts);

    expect = expectation(json, "centre_crop");
    stria_model *crop = parse(&test, "input 427x640x3\ncenter_crop 70 120\nrescaling 1/255\n");
    explain(crop, 1, 0, &facts);
    assert_int_equal(fact(&facts, "height.before"), integer(stria_json_get(expect, "crop_top")));
    assert_int_equal(fact(&facts, "width.before"), integer(stria_json_get(expect, "crop_left")));
    stria_model_free(crop);

    expect = stria_json_get(expectation(json, "pooling_max_3_3"), "example");
    sizes_text(stria_json_get(expect, "in"), 0, in, sizeof in);
    snprintf(text, sizeof text, "input %s\nmaxpool2d 3 3\n", in);
    check_picture(&test, text, stria_json_get(expect, "out"), &facts);

    expect = expectation(json, "pooling_kinds");
    const stria_json *kinds = stria_json_get(expect, "kinds"), *example = stria_json_get(expect, "example");
    assert_int_equal(stria_json_count(kinds), 3);
    sizes_text(stria_json_get(example, "in"), 0, in, sizeof in);
    for (size_t i = 0; i < stria_json_count(kinds); i++) {
        snprintf(text, sizeof text, "input %s\n%s_pooling2d 2\n", in,
                 stria_json_string(stria_json_at(kinds, i)));
        check_picture(&test, text, stria_json_get(example, "out"), &facts);
    }
    stria_json_free(json);
    test_context_close(&test);
}

/* ---- What the arithmetic says beyond the file ---- */

static void test_alternatives(void **state)
{
    (void)state;
    static const struct {
        const char *text, *chosen;
        int64_t valid, same, with_zeros;
    } cases[] = {
        {"input 32x32x3\nconv2d 20 8 2 padding=1\n", "height.explicit", 13, 16, 14},
        {"input 32x32x3\nconv2d 20 8 2 same\n", "height.same", 13, 16, 14},
        {"input 32x32x3\nconv2d 20 8 2\n", "height.valid", 13, 16, 14},
        {"input 4x9x1\nconv2d 1 5x3 same\n", "height.same", 0, 4, 2},
        {"input 256x256x1\nmaxpool2d 3\n", "height.valid", 85, 86, 86},
        {"input 9x9x1\ndepthwise_conv2d 3 dilation_rate=2\n", "height.valid", 5, 9, 7},
        {"input 9x9x1\nconv2d 2 3 padding=0,2,1,0\n", "height.explicit", 7, 9, 9},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        known_facts facts;
        stria_model *model = parse(&test, cases[i].text);
        explain(model, 1, 0, &facts);
        assert_int_equal(fact(&facts, "height.valid"), cases[i].valid);
        assert_int_equal(fact(&facts, "height.same"), cases[i].same);
        assert_int_equal(fact(&facts, "height.explicit"), cases[i].with_zeros);
        for (size_t f = 0; f < facts.count; f++)
            if (strncmp(facts.facts[f].key, "height.", 7) == 0 && facts.facts[f].chosen) {
                assert_string_equal(facts.facts[f].key, cases[i].chosen);
                assert_int_equal(facts.facts[f].value, layer_of(model, 1).output.sizes[0]);
            }
        stria_model_free(model);
    }
    test_context_close(&test);
}

/* Of whatever kind with windows: what is marked as the layer's own way comes to the layer's own size. */
static void test_chosen_is_the_output(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "input 40x3\nconv1d 4 5 2 causal\n",
        "input 40x3\nconv1d 4 5 same\n",
        "input 40x3\navgpool1d 3 2\n",
        "input 9x20x30x2\nconv3d 4 3 2 same\n",
        "input 9x20x30x2\nmaxpool3d 2\n",
        "input 20x30x2\nseparable_conv2d 4 3 2\n",
        "input 20x30x2\ndepthwise_conv2d 3x5 same\n",
        "input 20x30x2\nconv2d_transpose 4 3 2\n",
        "input 20x30x2\nconv2d_transpose 4 3 2 same\n",
        "input 20x30x2\nconv2d_transpose 4 2 3\n",
        "input 20x30x2\nconv2d_transpose 4 3 2 padding=1\n",
        "input 20x30x2\nconv2d_transpose 4 4 2 same output_padding=1\n",
        "input 20x30x2\nconv2d_transpose 4 3 2 output_padding=1\n",
        "input 20x30x2\nconv2d_transpose 4 5 2 padding=2 output_padding=1\n",
        "input 40x2\nconv1d_transpose 4 3 2 same\n",
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        known_facts facts;
        stria_model *model = parse(&test, texts[i]);
        const stria_shape output = layer_of(model, 1).output;
        int found = 0;
        explain(model, 1, 0, &facts);
        for (size_t f = 0; f < facts.count; f++)
            if (facts.facts[f].chosen) {
                if (facts.facts[f].value != output.sizes[found])
                    fail_msg("%s%s comes to %lld, the output has %lld", texts[i], facts.facts[f].key,
                             (long long)facts.facts[f].value, (long long)output.sizes[found]);
                found++;
            }
        assert_int_equal(found, output.rank - 1);
        stria_model_free(model);
    }
    test_context_close(&test);
}

/* Layers that only change sizes: every number of the sums, worked out by hand. */
static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct {
            const char *key;
            int64_t value;
        } facts[6];
    } cases[] = {
        {"input 7x9x1\nzero_padding2d 0,1,2,3\n",
         {{"height.size", 8},
          {"height.before", 0},
          {"height.after", 1},
          {"width.size", 14},
          {"width.before", 2}}},
        {"input 7x3\nzero_padding1d 2\n", {{"length.size", 11}, {"length.before", 2}, {"length.after", 2}}},
        {"input 7x9x1\ncropping2d 1x2\n",
         {{"height.size", 5}, {"height.after", 1}, {"width.size", 5}, {"width.after", 2}}},
        {"input 5x6x7x1\ncropping3d 0,1,2,0,3,3\n",
         {{"depth.size", 4}, {"height.size", 4}, {"width.size", 1}, {"depth.after", 1}}},
        {"input 5x6x2\nup_sampling2d 2x3\n", {{"height.size", 10}, {"width.size", 18}}},
        {"input 9x12x1\ncenter_crop 4 6\n",
         {{"height.before", 2}, {"height.after", 3}, {"width.before", 3}, {"width.after", 3}}},
        /* Too low: of 12 columns those 6 * 6 / 8 that are in proportion. */
        {"input 6x12x1\ncenter_crop 8 6\n",
         {{"height.used", 6},
          {"height.before", 0},
          {"width.used", 4},
          {"width.before", 4},
          {"width.size", 6}}},
        {"input 6x12x1\nresizing 3 24\n", {{"height.size", 3}, {"width.size", 24}}},
        {"input 10x10x1\nresizing 4 8 crop_to_aspect_ratio=yes\n",
         {{"height.used", 5}, {"height.before", 2}, {"width.used", 10}, {"width.before", 0}}},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        known_facts facts;
        stria_model *model = parse(&test, cases[i].text);
        const stria_shape output = layer_of(model, 1).output;
        explain(model, 1, 0, &facts);
        for (size_t f = 0; f < 6 && cases[i].facts[f].key != NULL; f++)
            if (fact(&facts, cases[i].facts[f].key) != cases[i].facts[f].value)
                fail_msg("%s%s comes to %lld", cases[i].text, cases[i].facts[f].key,
                         (long long)fact(&facts, cases[i].facts[f].key));
        for (size_t f = 0, axis = 0; f < facts.count; f++)
            if (strstr(facts.facts[f].key, ".size") != NULL)
                assert_int_equal(facts.facts[f].value, output.sizes[axis++]);
        stria_model_free(model);
    }
    test_context_close(&test);
}

/* What is said of padding and of ignored rows accounts for every row: outputs, padding and rest make up the
 * input. */
static void test_rows_add_up(void **state)
{
    (void)state;
    static const char *const paddings[] = {"valid", "same", "1", "0,2,1,0"};
    test_context test;
    test_context_open(&test, 1, NULL);
    for (int in = 1; in <= 12; in++)
        for (int kernel = 1; kernel <= 4; kernel++)
            for (int stride = 1; stride <= 5; stride++)
                for (size_t p = 0; p < sizeof paddings / sizeof paddings[0]; p++) {
                    char text[128];
                    stria_model *model = NULL;
                    known_facts facts;
                    snprintf(text, sizeof text, "input %dx20x1\nconv2d 1 %d %d padding=%s\n", in, kernel,
                             stride, paddings[p]);
                    if (stria_model_parse(&model, test.context, text, strlen(text), NULL, NULL) != STRIA_OK)
                        continue;
                    explain(model, 1, 0, &facts);
                    const int64_t out = layer_of(model, 1).output.sizes[0];
                    const int64_t ignored = fact(&facts, "height.ignored");
                    int64_t before = 0, after = 0;
                    if (p > 0) {
                        before = fact(&facts, "height.before");
                        after = fact(&facts, "height.after");
                    }
                    /* The last window ends at the last row that is not ignored, or in the padding behind it.
                     */
                    const int64_t end = (out - 1) * stride + kernel - before;
                    assert_in_range(ignored, 0, stride - 1);
                    if (ignored > 0)
                        assert_int_equal(end, in - ignored);
                    else
                        assert_in_range(end, in, in + after);
                    if (stride > kernel)
                        assert_int_equal(fact(&facts, "height.skipped"), stride - kernel);
                    stria_model_free(model);
                }
    test_context_close(&test);
}

static void test_refusals(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    known_facts facts = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse(&test, "input ?x?x3\nconv2d 4 3\nglobal_avgpool2d\ndense 2\n");
    const stria_explain_options options = {.fact = keep_fact, .payload = &facts};
    assert_status(stria_model_explain(model, 4, &options, &err), STRIA_ERROR_MISSING, &err);
    assert_status(stria_model_explain(model, 1, NULL, &err), STRIA_ERROR_VALUE, &err);
    assert_status(
        stria_model_explain(model, 1, &(stria_explain_options){.batch = -1, .fact = keep_fact}, &err),
        STRIA_ERROR_VALUE, &err);
    for (size_t i = 0; i < 4; i++) { /* open sizes: what is known is said */
        explain(model, i, 0, &facts);
        assert_true(facts.count > 0);
    }
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_with_layers),
        cmocka_unit_test(test_cases_in_words),
        cmocka_unit_test(test_alternatives),
        cmocka_unit_test(test_chosen_is_the_output),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_rows_add_up),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

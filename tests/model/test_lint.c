/* The lint: each rule finds what it is there for and nothing where it is not; ready models are free of
 * problems. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <stria/stria.h>

#include "support/check.h"
#include "support/models.h"
#include "support/test_context.h"

/* A text and what the rule says of it: the layer that is named and a part of the message; NULL for nothing.
 */
typedef struct lint_case {
    const char *rule, *text, *layer, *message;
} lint_case;

static const lint_case cases[] = {
    {"linear-stack", "input 9x9x3\nconv2d 4 3\nconv2d 4 3 relu", "conv2d_1", "a window of (3 - 1)*1 + 3 = 5"},
    {"linear-stack", "input 9x9x3\nconv2d 4 3 2\nconv2d 4 2", "conv2d_1", "(2 - 1)*2 + 3 = 5"},
    {"linear-stack", "input 9x9x3\nconv2d 4 3\navgpool2d 2\nflatten\ndense 10 softmax", "dense",
     "'conv2d' and 'dense' are linear, and so is all between"},
    {"linear-stack", "input 9x9x3\nconv2d 4 3\nbatchnorm\nconv2d 4 3 relu", "conv2d_1", "so is all between"},
    {"linear-stack", "input 20\ndense 8\ndropout 0.5\ndense 3", "dense_1", "so is all between"},
    {"linear-stack", "input 20\ndense 8\nactivation linear\ndense 3", "dense_1", "so is all between"},
    {"linear-stack", "input 20\ndense 8 relu\ndense 3", NULL, NULL},
    {"linear-stack", "input 9x9x3\nconv2d 4 3\nrelu\nconv2d 4 3", NULL, NULL},
    {"linear-stack", "input 9x9x3\nconv2d 4 3\nmaxpool2d 2\nconv2d 4 3", NULL, NULL},
    {"linear-stack", "input 9x9x3\nconv2d 4 3\nbatchnorm\nrelu\nconv2d 4 3", NULL, NULL},
    /* Meant so: depthwise separable, and a bottleneck. */
    {"linear-stack", "input 9x9x8\ndepthwise_conv2d 3\nbatchnorm\nconv2d 16 1 relu", NULL, NULL},
    {"linear-stack", "input 9x9x16\nconv2d 4 1\nbatchnorm\nconv2d 16 1 relu6", NULL, NULL},
    {"linear-stack", "input 9x9x4\nconv2d 16 1\nbatchnorm\nconv2d 4 1 relu6", "conv2d_1", "linear"},
    /* What another layer or the caller reads is no waste. */
    {"linear-stack", "input 9x9x3\na = conv2d 4 3 same\nb = conv2d 4 3 same\nadd(a, b)", NULL, NULL},
    {"linear-stack", "input 9\na = dense 4\nb = dense 2\noutput(a)\noutput(b)", NULL, NULL},

    {"two-activations", "input 9x9x3\nconv2d 4 3 relu\nrelu", "re_lu",
     "relu of 'conv2d', which ends in relu"},
    {"two-activations", "input 20\ndense 4 softmax\nactivation tanh", "activation", "tanh of 'dense'"},
    {"two-activations", "input 20\ndense 4 relu\nsoftmax", "softmax",
     "softmax of 'dense', which ends in relu"},
    {"two-activations", "input 9x9x3\nconv2d 4 3\nrelu", NULL, NULL},
    {"two-activations", "input 9x9x3\nconv2d 4 3 relu\nmaxpool2d 2\nconv2d 2 3 relu", NULL, NULL},

    {"dropout-before-batchnorm", "input 20\ndense 8 relu\ndropout 0.5\nbatchnorm\ndense 2",
     "batch_normalization", "'dropout' stands before 'batch_normalization'"},
    {"dropout-before-batchnorm", "input 20\ndropout 0.5\ndense 8\nbatchnorm\ndense 2", "batch_normalization",
     "'dropout' stands before"},
    {"dropout-before-batchnorm", "input 9x9x4\nspatial_dropout2d 0.5\nconv2d 8 3\nbatchnorm",
     "batch_normalization", "'spatial_dropout2d' stands before"},
    {"dropout-before-batchnorm", "input 20\ndense 8\nbatchnorm\nrelu\ndropout 0.5\ndense 2", NULL, NULL},
    {"dropout-before-batchnorm", "input 20\ndropout 0.5\ndense 8 relu\ndense 8\nbatchnorm", NULL, NULL},

    {"bias-before-batchnorm", "input 9x9x3\nconv2d 4 3\nbatchnorm", "batch_normalization",
     "'conv2d', 4 numbers"},
    {"bias-before-batchnorm", "input 9x9x3\nconv2d 4 3 use_bias=no\nbatchnorm", NULL, NULL},
    {"bias-before-batchnorm", "input 9x9x3\nconv2d 4 3 relu\nbatchnorm", NULL, NULL},

    {"rescaled-twice", "input 9x9x3\nrescaling 1/255\nconv2d 4 3\nrescaling 1/255", NULL, NULL},
    {"rescaled-twice", "input 9x9x3\nrescaling 1/255\nrescaling 1/127.5 -1", "rescaling_1",
     "'rescaling' has scaled the picture already"},
    {"rescaled-twice", "input 9x9x3\nrescaling 1/255\nrescaling 2 -1", NULL, NULL},

    {"value-range", "input 9x9x3\nrescaling 1/255\nrandom_flip\nrandom_contrast 0.2", "random_contrast",
     "takes values for 0 ... 255, and 'rescaling'"},
    {"value-range", "input 9x9x3\nrescaling 1/127.5 -1\nrandom_brightness 0.2 value_range=-1,1", NULL, NULL},
    {"value-range", "input 9x9x3\nrandom_contrast 0.2\nrescaling 1/255\nrandom_flip", NULL, NULL},
    {"value-range", "input 9x9x3\nrandom_flip\nrandom_contrast 0.2\nconv2d 4 3", "random_contrast",
     "pictures come as 0 ... 1"},

    {"no-effect", "input 20\ndense 4 relu\ndropout 0\ndense 2", "dropout", "a share of 0"},
    {"no-effect", "input 9x9x3\nrescaling 1", "rescaling", "multiplies by 1 and adds 0"},
    {"no-effect", "input 9x9x3\nmaxpool2d 1", "max_pooling2d", "windows of one number"},
    {"no-effect", "input 20\ndense 4 relu\ndropout 0.1\ndense 2", NULL, NULL},
    {"no-effect", "input 9x9x3\nrescaling 1 0.5\nmaxpool2d 1 2", NULL, NULL},

    {"unused", "input 20\na = dense 4 relu\nb = dense(a) 3\nc = dense(a) 2\noutput(c)", "b",
     "no output depends on 'b': its parameters are never trained"},
    {"unused", "a = input 20\nb = input 10\ndense(a) 3", "b", "no output depends on 'b'"},
    {"unused", "input 20\na = dense 4 relu\nb = dense(a) 3\nc = dense(a) 2\noutput(b)\noutput(c)", NULL,
     NULL},

    {"dense-share", "input 32x32x3\nconv2d 4 3 relu\nflatten\ndense 100 relu\ndense 10", "dense",
     "'dense' has 360,100 of the 361,222 parameters: 99.7 %"},
    {"dense-share", "input 32x32x3\nconv2d 16 3 relu\nglobal_avgpool2d\ndense 10", NULL, NULL},
    {"dense-share", "input 28x28x1\nflatten\ndense 100 relu\ndense 10", NULL, NULL},

    {"wide-flatten", "input 129x128x1\nflatten\ndense 4", "dense",
     "16,512 numbers in a row: 16,512 * 4 of 'dense' are 66,048"},
    {"wide-flatten", "input 128x128x1\nflatten\ndense 4", NULL, NULL},

    {"mostly-padding", "input 3x9x2\nconv2d 4 7 same relu", "conv2d",
     "the window of 'conv2d' is 7 and its input 3 in height"},
    {"mostly-padding", "input 4x9x2\nconv2d 4 7 same relu", NULL, NULL},

    {"smallest-input",
     "input ?x?x1\nconv2d 4 5 relu\nmaxpool2d 2\nconv2d 4 5 relu\nglobal_avgpool2d\ndense 2", "input_layer",
     "at least 14 on each open side; of 13, layer 'conv2d_1': "},
    {"smallest-input",
     "input ?x?x1\nconv2d 4 5 relu\nmaxpool2d 2\nconv2d 4 5 relu\nglobal_avgpool2d\ndense 2", "input_layer",
     "input 4 - window 5 + 1 = 0"},
    {"smallest-input", "input ?x?x1\nconv2d 4 5 same relu\nmaxpool2d 2 2 same\nglobal_avgpool2d\ndense 2",
     NULL, NULL},
    {"smallest-input", "input 20x20x1\nconv2d 4 5 relu", NULL, NULL},

    {"ignored-border", "input 256x255x1\nmaxpool2d 3", "max_pooling2d",
     "the last 1 of 256 rows of its input"},
    {"ignored-border", "input 70x120x3\nconv2d 4 7 2", "conv2d",
     "the last 1 of 70 rows and 1 of 120 columns"},
    {"ignored-border", "input 255x255x1\nmaxpool2d 3", NULL, NULL},
    {"ignored-border", "input 256x256x1\nmaxpool2d 3 3 same", NULL, NULL},
    {"ignored-border", "input 256x256x1\nconv2d 4 1 2 relu", NULL, NULL},
    {"ignored-border", "input ?x?x1\nmaxpool2d 3", NULL, NULL},

    {"even-same", "input 9x9x1\nconv2d 2 4 same", "conv2d", "of 3 zeros 1 go before and 2 behind"},
    {"even-same", "input 9x9x1\nconv2d 2 3 same\nmaxpool2d 2 1 same", NULL, NULL},
    {"even-same", "input 9x9x1\nconv2d 2 4", NULL, NULL},

    {"skipped-pixels", "input 9x9x1\nconv2d 2 2 3", "conv2d",
     "moves by 3 with a window of 2 in height: 1 of 3"},
    {"skipped-pixels", "input 9x9x1\nmaxpool2d 2x3 3", "max_pooling2d", "in height"},
    {"skipped-pixels", "input 9x9x1\nconv2d 2 1 2", NULL, NULL},
    {"skipped-pixels", "input 9x9x1\nconv2d 2 3 3", NULL, NULL},

    {"softmax-inside", "input 20\ndense 8 softmax\ndense 3", "dense",
     "the softmax of 'dense' goes on into 'dense_1'"},
    {"softmax-inside", "input 9x9x3\nconv2d 4 3 softmax\nmaxpool2d 2", "conv2d",
     "goes on into 'max_pooling2d'"},
    {"softmax-inside", "input 20\ndense 8 relu\ndense 3 softmax", NULL, NULL},

    {"softmax-hidden", "input 9x9x3\nconv2d 4 9\nsoftmax\nflatten", "softmax",
     "the output 'flatten' is the softmax of 'softmax' in another shape"},
    {"softmax-hidden", "input 20\ndense 4 softmax\nactivation linear\ndropout 0.1", "dense",
     "the output 'dropout'"},
    {"softmax-hidden", "input 9x9x3\nconv2d 4 9\nflatten\nsoftmax", NULL, NULL},

    {"softmax-alone", "input 20\ndense 1 softmax", "dense", "e^x/e^x = 1"},
    {"softmax-alone", "input 20\ndense 2 softmax", NULL, NULL},

    {"sigmoid-classes", "input 20\ndense 5 sigmoid", "dense", "the 5 outputs of 'dense' are sigmoids"},
    {"sigmoid-classes", "input 20\ndense 1 sigmoid", NULL, NULL},
    {"sigmoid-classes", "input 20\ndense 5 sigmoid\ndense 5 softmax", NULL, NULL},
};

/* What one rule found. */
typedef struct findings {
    const char *rule;
    size_t count;
    char layer[96], message[512];
    stria_lint_counts all;
} findings;

static void take(const stria_finding *finding, void *payload)
{
    findings *found = payload;
    assert_true(finding->help != NULL && *finding->help != '\0');
    if (finding->severity == STRIA_PROBLEM)
        found->all.problems++;
    else
        found->all.hints++;
    if (strcmp(finding->rule, found->rule) != 0)
        return;
    found->count++;
    snprintf(found->layer, sizeof found->layer, "%s", finding->name);
    snprintf(found->message, sizeof found->message, "%s", finding->message);
}

static findings lint(const stria_model *model, const char *rule, const char *loss)
{
    findings found = {.rule = rule};
    stria_error err = {0};
    stria_lint_counts counts = {0};
    const stria_lint_options options = {.loss = loss, .finding = take, .payload = &found};
    assert_ok(stria_model_lint(model, &options, &counts, &err), &err);
    assert_int_equal(counts.problems, found.all.problems);
    assert_int_equal(counts.hints, found.all.hints);
    return found;
}

static void test_cases(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const lint_case *c = &cases[i];
        stria_model *model = parse_model(test.context, c->text);
        const findings found = lint(model, c->rule, NULL);
        if (found.count != (c->layer != NULL))
            fail_msg("%s: %zu findings in\n%s\n%s", c->rule, found.count, c->text, found.message);
        if (c->layer != NULL) {
            assert_string_equal(found.layer, c->layer);
            if (strstr(found.message, c->message) == NULL)
                fail_msg("%s: '%s' is not in '%s'", c->rule, c->message, found.message);
        }
        stria_model_free(model);
    }
    test_context_close(&test);
}

static void look_at_fact(const stria_fact *fact, void *payload)
{
    (void)payload;
    assert_true(!fact->has_value || fact->value >= 0);
}

/* With the loss known. */
static void test_loss(void **state)
{
    (void)state;
    static const struct {
        const char *text, *loss, *message;
    } losses[] = {
        {"input 20\ndense 4 softmax", "mean_squared_error",
         "'dense' ends in softmax: with mean_squared_error"},
        {"input 20\ndense 4 relu", "categorical_crossentropy", "'dense' ends in relu"},
        {"input 20\ndense 4 sigmoid", "sparse_categorical_crossentropy",
         "takes outputs without softmax for the sums"},
        {"input 20\ndense 4 softmax", "categorical_crossentropy", NULL},
        {"input 20\ndense 4", "sparse_categorical_crossentropy", NULL},
        {"input 20\ndense 4 sigmoid", "mean_squared_error", NULL},
        {"input 20\ndense 4 relu", NULL, NULL},
        {"input 20\ndense 4 relu", "categorical_focal_crossentropy gamma=1", "'dense' ends in relu"},
        {"input 20\ndense 1 sigmoid", "binary_crossentropy label_smoothing=0.1", NULL},
        {"input 20\ndense 1", "bce", NULL},
        {"input 20\ndense 4 softmax", "binary_crossentropy", "without sigmoid for the sums"},
        {"input 20\ndense 4 softmax", "kl_divergence", NULL},
        {"input 20\ndense 4", "kld", "takes outputs for probabilities"},
        {"input 20\ndense 1 sigmoid", "hinge", "below -1 and above 1"},
        {"input 20\ndense 1 tanh", "squared_hinge", NULL},
        {"input 20\ndense 4 softmax", "huber delta=2", "with huber delta=2 its gradient"},
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        stria_model *model = parse_model(test.context, losses[i].text);
        const findings found = lint(model, "loss", losses[i].loss);
        assert_int_equal(found.count, losses[i].message != NULL);
        if (losses[i].message != NULL)
            assert_non_null(strstr(found.message, losses[i].message));
        stria_model_free(model);
    }
    test_context_close(&test);
}

static void test_parameters(void **state)
{
    (void)state;
    test_context test;
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input 20\ndense 4 softmax");
    assert_int_equal(lint(model, "not-finite", NULL).count, 0);
    float *kernel = stria_model_tensor_data(model, (size_t)stria_model_find_tensor(model, "dense/kernel"));
    kernel[3] = NAN;
    kernel[79] = -INFINITY;
    const findings found = lint(model, "not-finite", NULL);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.message, "2 of the 80 numbers of 'dense/kernel' are NaN or infinite");
    stria_model_free(model);
    test_context_close(&test);
}

/* No rule without a case that it finds something in and one that it finds nothing in. */
static void test_every_rule_has_cases(void **state)
{
    (void)state;
    static const char *const elsewhere[] = {"loss", "not-finite"}; /* test_loss, test_parameters */
    stria_lint_rule_info rule;
    size_t count = 0;
    for (; stria_lint_rule(count, &rule); count++) {
        bool finds = false, passes = false;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
            if (strcmp(cases[i].rule, rule.name) == 0) {
                finds = finds || cases[i].layer != NULL;
                passes = passes || cases[i].layer == NULL;
            }
        for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
            finds = passes = finds || strcmp(elsewhere[i], rule.name) == 0;
        if (!finds || !passes)
            fail_msg("the rule '%s' has no case that %s", rule.name,
                     finds ? "passes" : "it finds something in");
        assert_true(rule.title != NULL && *rule.title != '\0');
    }
    assert_true(count >= 20);
}

static void test_ready_models(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; stria_architecture_name(i) != NULL; i++) {
        const char *text = stria_architecture_text(stria_architecture_name(i));
        const stria_parse_options options = {.without_parameters = 1};
        stria_model *model = NULL;
        stria_lint_counts counts = {0};
        assert_ok(stria_model_parse(&model, test.context, text, strlen(text), &options, &err), &err);
        assert_ok(stria_model_lint(model, NULL, &counts, &err), &err);
        if (counts.problems > 0)
            fail_msg("%s has %zu problems", stria_architecture_name(i), counts.problems);
        stria_model_free(model);
    }
    test_context_close(&test);
}

/* Windows as large as can be written: no sum overflows. */
static void test_extremes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "input 2x2x2x1\nmaxpool3d 1073741824 1073741824 same",
        "input 9x9x1\nconv2d 1 1 1073741824 same\nconv2d 1 30000x1 padding=same dilation_rate=1073741824",
        "input 9x9x1\nconv2d_transpose 1 3 1000 same",
    };
    test_context test;
    test_context_open(&test, 1, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        stria_error err = {0};
        stria_model *model = parse_model(test.context, texts[i]);
        const findings found = lint(model, "linear-stack", NULL);
        assert_null(strstr(found.message, "-"));
        for (size_t layer = 0; layer < stria_model_layer_count(model); layer++) {
            const stria_explain_options options = {.fact = look_at_fact};
            assert_ok(stria_model_explain(model, layer, &options, &err), &err);
        }
        stria_model_free(model);
    }
    test_context_close(&test);
}

static void test_allocations(void **state)
{
    (void)state;
    test_context test;
    stria_error err = {0};
    test_context_open(&test, 1, NULL);
    stria_model *model = parse_model(test.context, "input ?x?x1\nconv2d 4 5 relu\nglobal_avgpool2d\ndense 2");
    stria_status status = STRIA_ERROR_MEMORY;
    for (size_t after = 1; status != STRIA_OK; after++) {
        test.memory.fail_at = test.memory.calls + after;
        status = stria_model_lint(model, NULL, NULL, &err);
        assert_true(status == STRIA_OK || status == STRIA_ERROR_MEMORY);
        assert_true(after < 20);
    }
    test.memory.fail_at = 0;
    stria_model_free(model);
    test_context_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_parameters),   cmocka_unit_test(test_every_rule_has_cases),
        cmocka_unit_test(test_ready_models), cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

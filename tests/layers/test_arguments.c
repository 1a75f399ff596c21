/* Arguments by their tables: every type by position, key and word; every kind of mistake with its place;
 * writing that reads back. The table is one of our own, so that the test does not change when a layer does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <stria/layers.h>

#include "base/memory.h"
#include "layers/arguments.h"
#include "layers/layer.h"

typedef struct config {
    int64_t filters;
    stria_sizes window, strides;
    stria_padding padding;
    double rate;
    bool bias;
    int mode;
    stria_activation activation;
    stria_initializer start, bias_start;
    stria_regularizer penalty;
    stria_constraint limit;
    stria_shape shape;
    stria_range factor;
} config;

static const stria_argument table[] = {
    {.name = "filters",
     .type = STRIA_ARG_INTEGER,
     .offset = offsetof(config, filters),
     .minimum = 1,
     .maximum = 100,
     .help = "how many"},
    {.name = "window",
     .type = STRIA_ARG_SIZES,
     .offset = offsetof(config, window),
     .default_value = "2",
     .minimum = 1,
     .maximum = 64,
     .help = "rows and columns"},
    {.name = "strides",
     .type = STRIA_ARG_SIZES,
     .offset = offsetof(config, strides),
     .default_value = "",
     .minimum = 1,
     .maximum = 64,
     .help = "steps"},
    {.name = "padding",
     .type = STRIA_ARG_PADDING,
     .offset = offsetof(config, padding),
     .default_value = "valid",
     .minimum = 0,
     .maximum = 64,
     .help = "zeros"},
    {.name = "rate",
     .type = STRIA_ARG_NUMBER,
     .offset = offsetof(config, rate),
     .default_value = "0.5",
     .minimum = 0,
     .maximum = 1,
     .help = "share"},
    {.name = "bias",
     .type = STRIA_ARG_BOOLEAN,
     .offset = offsetof(config, bias),
     .default_value = "yes",
     .help = "whether to add one"},
    {.name = "mode",
     .type = STRIA_ARG_WORD,
     .offset = offsetof(config, mode),
     .default_value = "nearest",
     .words = "nearest linear_2 cubic",
     .help = "how"},
    {.name = "activation",
     .type = STRIA_ARG_ACTIVATION,
     .offset = offsetof(config, activation),
     .default_value = "linear",
     .help = "what follows"},
    {.name = "start",
     .type = STRIA_ARG_INITIALIZER,
     .offset = offsetof(config, start),
     .default_value = "glorot_uniform",
     .help = "first values"},
    {.name = "bias_start",
     .type = STRIA_ARG_INITIALIZER,
     .offset = offsetof(config, bias_start),
     .default_value = "zeros",
     .help = "first values of the bias"},
    {.name = "penalty",
     .type = STRIA_ARG_REGULARIZER,
     .offset = offsetof(config, penalty),
     .default_value = "",
     .help = "part of the loss"},
    {.name = "limit",
     .type = STRIA_ARG_CONSTRAINT,
     .offset = offsetof(config, limit),
     .default_value = "",
     .help = "of the weights"},
    {.name = "shape",
     .type = STRIA_ARG_SHAPE,
     .offset = offsetof(config, shape),
     .default_value = "",
     .help = "sizes"},
    {.name = "factor",
     .type = STRIA_ARG_RANGE,
     .offset = offsetof(config, factor),
     .default_value = "0,255",
     .minimum = -1,
     .maximum = 255,
     .help = "how far"},
};
#define TABLE_COUNT (sizeof table / sizeof table[0])

typedef struct mistakes {
    size_t count;
    stria_argument_mistake list[16];
} mistakes;

static void keep(const stria_argument_mistake *mistake, void *payload)
{
    mistakes *kept = payload;
    assert_true(kept->count < 16);
    kept->list[kept->count++] = *mistake;
}

/* Reads the arguments of "thing ..." after its first word. */
static size_t read_line(const char *line, config *c, mistakes *kept)
{
    stria_token tokens[STRIA_MAX_ARGUMENTS + 1];
    size_t count = stria_tokens_split(line, strlen(line), tokens, STRIA_MAX_ARGUMENTS + 1);
    assert_in_range(count, 1, STRIA_MAX_ARGUMENTS + 1);
    memset(c, 0, sizeof *c);
    kept->count = 0;
    size_t found = stria_arguments_read("thing", table, TABLE_COUNT, tokens + 1, count - 1,
                                        (int)strlen(line) + 1, c, keep, kept);
    assert_int_equal(found, kept->count);
    return found;
}

static config read_good(const char *line)
{
    config c;
    mistakes kept;
    if (read_line(line, &c, &kept) > 0)
        fail_msg("\"%s\": %s", line, kept.list[0].message);
    return c;
}

static void assert_sizes(const stria_sizes *sizes, int count, int64_t first, int64_t last)
{
    assert_int_equal(sizes->count, count);
    if (count > 0) {
        assert_int_equal(sizes->values[0], first);
        assert_int_equal(sizes->values[count - 1], last);
    }
}

static void assert_number(double got, double expected)
{
    if (got < expected || got > expected)
        fail_msg("%.17g is not %.17g", got, expected);
}

static void assert_range(const stria_range *range, int count, double first, double last)
{
    assert_int_equal(range->count, count);
    assert_number(range->values[0], first);
    assert_number(range->values[count - 1], last);
}

static void test_defaults(void **state)
{
    (void)state;
    config c = read_good("thing 8");
    assert_int_equal(c.filters, 8);
    assert_sizes(&c.window, 1, 2, 2);
    assert_sizes(&c.strides, 0, 0, 0);
    assert_int_equal(c.padding.mode, STRIA_PADDING_VALID);
    assert_number(c.rate, 0.5);
    assert_true(c.bias);
    assert_int_equal(c.mode, 0);
    assert_int_equal(c.activation.kind, STRIA_LINEAR);
    assert_int_equal(c.start.kind, STRIA_GLOROT_UNIFORM);
    assert_int_equal(c.bias_start.kind, STRIA_ZEROS);
    assert_int_equal(c.shape.rank, 0);
    assert_range(&c.factor, 2, 0, 255);
}

static void test_positions_keys_and_words(void **state)
{
    (void)state;
    config c = read_good("thing 8 3x5 2 same relu");
    assert_sizes(&c.window, 2, 3, 5);
    assert_sizes(&c.strides, 1, 2, 2);
    assert_int_equal(c.padding.mode, STRIA_PADDING_SAME);
    assert_int_equal(c.activation.kind, STRIA_RELU);

    /* Keys in any order; a number without key goes to the first argument that has none yet. */
    c = read_good("thing strides=2x1 filters=8 cubic 5 rate=1/4 bias=no shape=?x?x3 elu");
    assert_int_equal(c.filters, 8);
    assert_sizes(&c.window, 1, 5, 5);
    assert_sizes(&c.strides, 2, 2, 1);
    assert_int_equal(c.mode, 2);
    assert_number(c.rate, 0.25);
    assert_false(c.bias);
    assert_int_equal(c.shape.rank, 3);
    assert_int_equal(c.shape.sizes[0], STRIA_ANY_SIZE);
    assert_int_equal(c.shape.sizes[2], 3);
    assert_int_equal(c.activation.kind, STRIA_ELU);

    /* The name of a yes-or-no argument means yes; words of two arguments of one type go to them in turn. */
    c = read_good("thing 1 bias he_normal ones linear_2");
    assert_true(c.bias);
    assert_int_equal(c.start.kind, STRIA_HE_NORMAL);
    assert_int_equal(c.bias_start.kind, STRIA_ONES);
    assert_int_equal(c.mode, 1);

    c = read_good("thing 1 bias=true rate=1e-3 # a remark with window=9");
    assert_true(c.bias);
    assert_number(c.rate, 1e-3);
    assert_sizes(&c.window, 1, 2, 2);
}

static void test_paddings(void **state)
{
    (void)state;
    const struct {
        const char *line;
        int count;
        int64_t values[4];
    } cases[] = {
        {"thing 1 padding=1", 1, {1}},
        {"thing 1 padding=1x2", 2, {1, 2}},
        {"thing 1 padding=0,1,2,3", 4, {0, 1, 2, 3}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        config c = read_good(cases[i].line);
        assert_int_equal(c.padding.mode, STRIA_PADDING_EXPLICIT);
        assert_int_equal(c.padding.count, cases[i].count);
        assert_memory_equal(c.padding.values, cases[i].values, (size_t)cases[i].count * sizeof(int64_t));
    }
}

static void test_ranges(void **state)
{
    (void)state;
    config c = read_good("thing 1 factor=0.25");
    assert_range(&c.factor, 1, 0.25, 0.25);
    c = read_good("thing 1 factor=-1/4,0.5");
    assert_range(&c.factor, 2, -0.25, 0.5);
    c = read_good("thing 1 factor=0.5,-0.5");
    assert_range(&c.factor, 2, 0.5, -0.5);
}

static void test_every_function(void **state)
{
    (void)state;
    const stria_function_family *const families[] = {
        &stria_activation_functions, &stria_initializer_functions, &stria_regularizer_functions,
        &stria_constraint_functions};
    const char *const arguments[] = {"activation", "start", "penalty", "limit"};
    const size_t counts[] = {STRIA_ACTIVATION_COUNT, STRIA_INITIALIZER_COUNT, STRIA_REGULARIZER_COUNT,
                             STRIA_CONSTRAINT_COUNT};
    char line[96];
    for (size_t f = 0; f < 4; f++) {
        assert_int_equal(families[f]->count, counts[f]);
        assert_int_equal(families[f]->optional, families[f]->functions[0].name[0] == 'n');
        for (size_t i = 0; i < counts[f]; i++) {
            const stria_function *function = &families[f]->functions[i];
            assert_true(function->name != NULL && function->help != NULL && function->help[0] != '\0');
            assert_int_equal(stria_function_find(families[f], function->name, strlen(function->name)), i);
            snprintf(line, sizeof line, "thing 1 %s=%s", arguments[f], function->name);
            config c = read_good(line);
            const int kinds[] = {(int)c.activation.kind, c.start.kind, c.penalty.kind, c.limit.kind};
            assert_int_equal(kinds[f], i);
            /* Every default is a value that the parameter takes. */
            for (size_t p = 0; p < stria_function_parameter_count(function); p++) {
                snprintf(line, sizeof line, "thing 1 %s=%s(%s=%s)", arguments[f], function->name,
                         function->parameters[p].name, function->parameters[p].default_value);
                config same = read_good(line);
                assert_memory_equal(&c, &same, sizeof c);
            }
        }
    }
    assert_null(stria_activation_text(STRIA_ACTIVATION_COUNT));
    assert_string_equal(stria_activation_text(STRIA_RELU), "relu");
    /* Keras: the function leaky_relu has slope 0.2 and elu has 1. */
    assert_number((double)read_good("thing 1 leaky_relu").activation.alpha, (double)0.2F);
    assert_number((double)read_good("thing 1 elu").activation.alpha, 1);
    assert_int_equal(read_good("thing 1 swish").activation.kind, STRIA_SILU);
    assert_int_equal(read_good("thing 1 hard_silu").activation.kind, STRIA_HARD_SWISH);
    const stria_activation clipped = read_good("thing 1 clipped_relu(0.5, threshold=2)").activation;
    assert_number((double)clipped.alpha, 0.5);
    assert_number((double)clipped.beta, (double)1e38F);
    assert_number((double)clipped.gamma, 2);
}

static void test_parameters(void **state)
{
    (void)state;
    config c = read_good("thing 1 leaky_relu(0.1) start=random_normal( 1 , stddev = 1/50 ) same");
    assert_int_equal(c.activation.kind, STRIA_LEAKY_RELU);
    assert_number((double)c.activation.alpha, (double)0.1F);
    assert_int_equal(c.start.kind, STRIA_RANDOM_NORMAL);
    assert_number(c.start.parameters[0], 1);
    assert_number(c.start.parameters[1], 0.02);
    assert_int_equal(c.padding.mode, STRIA_PADDING_SAME);

    c = read_good("thing 1 random_uniform(maxval=0.1) ones() l1_l2(0.1, 0.2) max_norm(3, axis=[0, 1, -1])");
    assert_number(c.start.parameters[0], -0.05);
    assert_number(c.start.parameters[1], 0.1);
    assert_int_equal(c.bias_start.kind, STRIA_ONES);
    assert_int_equal(c.penalty.kind, STRIA_L1_L2);
    assert_number(c.penalty.parameters[1], 0.2);
    assert_number(c.limit.parameters[0], 3);
    unsigned bits;
    int missing;
    assert_true(stria_axes_resolve(c.limit.parameters[1], 4, &bits, &missing));
    assert_int_equal(bits, 1 + 2 + 8);
    assert_false(stria_axes_resolve(c.limit.parameters[1], 1, &bits, &missing));
    assert_int_equal(missing, 1);

    /* Keras's class names, and none. */
    c = read_good("thing 1 start=GlorotNormal penalty=L1L2(l2=1) limit=MinMaxNorm(0.5, 2, 0.25, axis=1)");
    assert_int_equal(c.start.kind, STRIA_GLOROT_NORMAL);
    assert_int_equal(c.penalty.kind, STRIA_L1_L2);
    assert_int_equal(c.limit.kind, STRIA_MIN_MAX_NORM);
    assert_number(c.limit.parameters[2], 0.25);
    c = read_good("thing 1 penalty=none limit=none");
    assert_int_equal(c.penalty.kind, STRIA_REGULARIZER_NONE);
    c = read_good("thing 1 penalty=orthogonal_regularizer(mode=columns)");
    assert_number(c.penalty.parameters[0], 0.01);
    assert_number(c.penalty.parameters[1], 1);
}

static void test_mistakes(void **state)
{
    (void)state;
    const struct {
        const char *line;
        int column, length;
        const char *says[3]; /* pieces of the message */
    } cases[] = {
        {"thing", 6, 1, {"thing", "filters", "how many"}},
        {"thing 0", 7, 1, {"0", "filters", "1"}},
        {"thing 101", 7, 3, {"101", "filters", "100"}},
        {"thing 1.5", 7, 3, {"1.5", "filters", "integer"}},
        {"thing 99999999999999999999", 7, 20, {"filters", "integer"}},
        {"thing 8 3x", 9, 2, {"3x", "window"}},
        {"thing 8 3xx3", 9, 4, {"window"}},
        {"thing 8 3x3x3x3", 9, 7, {"window"}},
        {"thing 8 0x3", 9, 3, {"window", "1"}},
        {"thing 8 padding=-1", 17, 2, {"-1", "padding"}},
        {"thing 8 padding=some", 17, 4, {"some", "padding", "same"}},
        {"thing 8 rate=2", 14, 1, {"rate", "2", "1"}},
        {"thing 8 rate=1/0", 14, 3, {"rate", "1/0"}},
        {"thing 8 rate=nan", 14, 3, {"rate", "nan"}},
        {"thing 8 rate=inf", 14, 3, {"rate", "inf"}},
        {"thing 8 rate=1e999", 14, 5, {"rate"}},
        {"thing 8 rate=", 9, 5, {"rate"}},
        {"thing 8 =3", 9, 2, {"name=value"}},
        {"thing 8 strides", 9, 7, {"strides", "strides=value"}},
        {"thing 8 window=", 9, 7, {"window", "no value"}},
        {"thing filters=", 7, 8, {"filters", "no value"}},
        {"thing eight", 7, 5, {"eight"}},
        {"thing flters=8", 7, 6, {"flters", "filters"}},
        {"thing 8 bias=maybe", 14, 5, {"maybe", "bias", "yes or no"}},
        {"thing 8 mode=cubik", 14, 5, {"cubik", "mode", "cubic"}},
        {"thing 8 shape=3x0", 15, 3, {"3x0", "shape"}},
        {"thing 8 shape=3x*", 15, 3, {"shape"}},
        {"thing 8 factor=0,256", 16, 5, {"0,256", "factor", "from -1 to 255"}},
        {"thing 8 factor=0,1,2", 16, 5, {"factor", "two"}},
        {"thing 8 factor=,1", 16, 2, {"factor"}},
        {"thing 8 factor=1,", 16, 2, {"factor"}},
        {"thing 8 activation=rulu", 20, 4, {"rulu", "activation"}},
        {"thing 8 start=he", 15, 2, {"he", "start"}},
        {"thing 8 start=random_normal(0, 0.1", 28, 1, {"no ) to this ("}},
        {"thing 8 start=random_normal(0, -0.1)", 32, 4, {"-0.1", "stddev of random_normal", "at least 0"}},
        {"thing 8 start=random_normal(sdtdev=1)", 29, 6, {"sdtdev", "did you mean 'stddev'"}},
        {"thing 8 start=random_normal(colour=1)", 29, 6, {"colour", "it has mean, stddev"}},
        {"thing 8 start=random_normal(0, mean=1)", 32, 6, {"mean", "twice"}},
        {"thing 8 start=random_normal(0, 1, 2)", 35, 1, {"no more than mean, stddev"}},
        {"thing 8 start=random_normal(0, )", 32, 1, {"no value for stddev"}},
        {"thing 8 start=random_normal(, 1)", 29, 1, {"no value for mean"}},
        {"thing 8 start=random_normal(0)x", 31, 1, {"more after the )"}},
        {"thing 8 start=zeros(1)", 21, 1, {"zeros", "no parameters"}},
        {"thing 8 relu(1)", 14, 1, {"relu", "no parameters"}},
        {"thing 8 rleu(1)", 9, 7, {"rleu", "relu"}},
        {"thing 8 l2(-1)", 12, 2, {"-1", "does not fit l2: it takes"}},
        {"thing 8 l2(nan)", 12, 3, {"nan", "does not fit l2: it takes"}},
        {"thing 8 max_norm(1, 9)", 21, 1, {"9", "axis of max_norm", "[0, 1, 2]"}},
        {"thing 8 max_norm(1, [0 1])", 21, 5, {"axis"}},
        {"thing 8 max_norm(1, [0, 1)", 17, 1, {"no ) to this ("}},
        {"thing 8 penalty=orthogonal_regularizer(1, diagonals)", 43, 9, {"diagonals", "one of rows columns"}},
        {"thing 8 none", 9, 4, {"none"}},
        {"thing 8 stridse=2", 9, 7, {"stridse", "strides"}},
        {"thing 8 colour=red", 9, 6, {"colour", "no argument"}},
        {"thing 8 rleu", 9, 4, {"rleu", "relu"}},
        {"thing 8 sme", 9, 3, {"sme", "same"}},
        {"thing 8 xyzzyxyzzy", 9, 10, {"xyzzyxyzzy"}},
        {"thing 8 filters=9", 9, 9, {"filters", "twice"}},
        {"thing 8 relu relu", 14, 4, {"activation", "twice"}},
        {"thing 8 relu activation=tanh", 14, 15, {"activation", "twice"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        config c;
        mistakes kept;
        if (read_line(cases[i].line, &c, &kept) != 1)
            fail_msg("\"%s\": %zu mistakes, not 1", cases[i].line, kept.count);
        const stria_argument_mistake *m = &kept.list[0];
        if (m->column != cases[i].column || m->length != cases[i].length)
            fail_msg("\"%s\": column %d length %d, not %d and %d: %s", cases[i].line, m->column, m->length,
                     cases[i].column, cases[i].length, m->message);
        for (size_t k = 0; k < 3 && cases[i].says[k] != NULL; k++)
            if (strstr(m->message, cases[i].says[k]) == NULL)
                fail_msg("\"%s\": \"%s\" does not say \"%s\"", cases[i].line, m->message, cases[i].says[k]);
    }
}

static void test_all_mistakes_at_once(void **state)
{
    (void)state;
    config c;
    mistakes kept;
    /* Every argument is looked at although those before it were wrong. */
    assert_int_equal(read_line("thing 0 stridse=1 rate=7 relu tanh colour=red", &c, &kept), 5);
    const int columns[] = {7, 9, 24, 31, 36};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(kept.list[i].column, columns[i]);
    assert_int_equal(c.activation.kind, STRIA_RELU);
}

static void test_long_tokens_are_cut_in_messages(void **state)
{
    (void)state;
    char line[3000] = "thing 8 ";
    memset(line + 8, 'q', 2500);
    config c;
    mistakes kept;
    assert_int_equal(read_line(line, &c, &kept), 1);
    assert_int_equal(kept.list[0].length, 2500);
    assert_true(strlen(kept.list[0].message) < sizeof kept.list[0].message - 1);
    memcpy(line + 8, "rate=", 5);
    assert_int_equal(read_line(line, &c, &kept), 1);
    memset(line + 8, '7', 2500);
    assert_int_equal(read_line(line, &c, &kept), 1);
}

static void test_tokens(void **state)
{
    (void)state;
    stria_token tokens[3];
    const char *line = "  sgd\tmomentum=0.9  nesterov# remark";
    assert_int_equal(stria_tokens_split(line, strlen(line), tokens, 3), 3);
    assert_int_equal(tokens[0].column, 3);
    assert_int_equal(tokens[0].length, 3);
    assert_int_equal(tokens[1].column, 7);
    assert_int_equal(tokens[1].length, 12);
    assert_int_equal(tokens[2].column, 21);
    assert_int_equal(tokens[2].length, 8);
    line = "a=f( 1, 2 ) g(x # ) remark";
    assert_int_equal(stria_tokens_split(line, strlen(line), tokens, 3), 2);
    assert_int_equal(tokens[0].length, 11);
    assert_int_equal(tokens[1].column, 13);
    assert_int_equal(tokens[1].length, 4);
    assert_int_equal(stria_tokens_split("a b c d", 7, tokens, 2), 4);
    assert_int_equal(stria_tokens_split("", 0, tokens, 3), 0);
    assert_int_equal(stria_tokens_split("# all remark", 12, tokens, 3), 0);
    /* The text ends where it is said to end. */
    assert_int_equal(stria_tokens_split("a bcd", 3, tokens, 3), 2);
    assert_int_equal(tokens[1].length, 1);
}

static void test_whole_text(void **state)
{
    (void)state;
    config c = {0};
    stria_error err = {0};
    assert_int_equal(
        stria_arguments_read_text("thing", table, TABLE_COUNT, "thing 8 rate=0.25 tanh", &c, &err), STRIA_OK);
    assert_number(c.rate, 0.25);
    assert_int_equal(c.activation.kind, STRIA_TANH);
    memset(&c, 0, sizeof c);
    assert_int_equal(
        stria_arguments_read_text("thing", table, TABLE_COUNT, "thing 8 rate=5 colour=red", &c, &err),
        STRIA_ERROR_VALUE);
    assert_non_null(strstr(err.message, "rate"));
    memset(&c, 0, sizeof c);
    assert_int_equal(stria_arguments_read_text("thing", table, TABLE_COUNT, "thing", &c, &err),
                     STRIA_ERROR_VALUE);
    assert_non_null(strstr(err.message, "filters"));
}

/* What is written reads back to the same config, and says no more than needed. */
static void test_writing(void **state)
{
    (void)state;
    const char *const cases[][2] = {
        {"thing 8", " 8"},
        {"thing filters=8 window=2", " 8"},
        {"thing 8 3x5 2 same relu", " 8 3x5 2 same relu"},
        {"thing 8 strides=2", " 8 strides=2"},
        {"thing 8 3 strides=2x1 padding=0,1,0,1", " 8 3 2x1 padding=0,1,0,1"},
        {"thing 8 padding=1x2 rate=1/4", NULL},
        {"thing 8 bias=no he_normal ones", " 8 bias=no start=he_normal bias_start=ones"},
        {"thing 8 bias", " 8"},
        {"thing 8 cubic shape=?x?x3", " 8 mode=cubic shape=?x?x3"},
        {"thing 8 rate=0.1", " 8 rate=0.1"},
        {"thing 8 rate=1/3", NULL},
        {"thing 8 leaky_relu( 0.1 )", " 8 leaky_relu(0.1)"},
        {"thing 8 start=random_normal(0, 0.05)", " 8 start=random_normal"},
        {"thing 8 random_normal(stddev=0.02)", " 8 start=random_normal(stddev=0.02)"},
        {"thing 8 random_uniform(-1,1)", " 8 start=random_uniform(-1, 1)"},
        {"thing 8 l2(1e-4)", " 8 penalty=l2(0.0001)"},
        {"thing 8 l2 non_neg", " 8 penalty=l2 limit=non_neg"},
        {"thing 8 penalty=none", " 8"},
        {"thing 8 penalty=orthogonal_regularizer(mode=columns)",
         " 8 penalty=orthogonal_regularizer(mode=columns)"},
        {"thing 8 max_norm(3, [0,1,2])", " 8 limit=max_norm(3, [0, 1, 2])"},
        {"thing 8 unit_norm(axis=-1)", " 8 limit=unit_norm(-1)"},
        {"thing 8 factor=-0.1,0.2", " 8 factor=-0.1,0.2"},
        {"thing 8 factor=0.5", " 8 factor=0.5"},
        {"thing 8 factor=0,255", " 8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        config c = read_good(cases[i][0]);
        stria_text text = {.allocator = &stria_default_allocator};
        stria_text_add(&text, "thing");
        stria_arguments_write(table, TABLE_COUNT, &c, &text);
        assert_false(text.failed);
        if (cases[i][1] != NULL && strcmp(text.bytes + strlen("thing"), cases[i][1]) != 0)
            fail_msg("\"%s\" was written as \"%s\", not \"thing%s\"", cases[i][0], text.bytes, cases[i][1]);
        config again = read_good(text.bytes);
        if (memcmp(&c, &again, sizeof c) != 0)
            fail_msg("\"%s\" was written as \"%s\", which reads back differently", cases[i][0], text.bytes);
        stria_text_free(&text);
    }
}

/* ---- The tables of the layer kinds themselves ---- */

static void test_tables_are_sound(void **state)
{
    (void)state;
    const char *before = "";
    for (size_t k = 0; stria_layer_kinds[k] != NULL; k++) {
        const stria_layer_kind *kind = stria_layer_kinds[k];
        if (strcmp(before, kind->name) >= 0)
            fail_msg("%s stands after %s: the kinds are to be in alphabetical order", kind->name, before);
        before = kind->name;
        assert_ptr_equal(stria_layer_kind_by_name(kind->name, strlen(kind->name)), kind);
        assert_ptr_equal(stria_layer_kind_by_name(kind->keras_class, strlen(kind->keras_class)), kind);
        for (const char *alias = kind->aliases; *alias != '\0';) {
            size_t length = strcspn(alias, " ");
            assert_ptr_equal(stria_layer_kind_by_name(alias, length), kind);
            alias += length + strspn(alias + length, " ");
        }
        assert_true(kind->argument_count <= STRIA_MAX_ARGUMENTS);
        assert_true(strlen(kind->title) > 0 && strlen(kind->formula) > 0 && strlen(kind->example) > 0);
        for (size_t i = 0; i < kind->argument_count; i++) {
            const stria_argument *a = &kind->arguments[i];
            if (a->offset >= kind->config_size || a->help == NULL || a->help[0] == '\0' ||
                (a->type == STRIA_ARG_WORD && a->words == NULL))
                fail_msg("%s: the entry of argument %s is incomplete", kind->name, a->name);
            for (size_t j = 0; j < i; j++)
                if (strcmp(a->name, kind->arguments[j].name) == 0)
                    fail_msg("%s has two arguments %s", kind->name, a->name);
        }
    }
    assert_null(stria_layer_kind_by_name("conv9d", 6));
    assert_null(stria_layer_kind_by_name("conv2", 5));
    assert_non_null(stria_layer_kind_by_name("CONV2D", 6));
    assert_string_equal(stria_layer_kind_nearest("conv2", 5), "conv2d");
    assert_null(stria_layer_kind_nearest("xyzzyxyzzyxyzzy", 15));
}

static void test_public_description(void **state)
{
    (void)state;
    size_t count = stria_layer_kind_count();
    for (size_t k = 0; k < count; k++) {
        stria_layer_kind_info info;
        assert_int_equal(stria_layer_kind_describe(k, &info), 1);
        assert_string_equal(info.name, stria_layer_kinds[k]->name);
        assert_int_equal(stria_layer_kind_find(info.name), (int)k);
        for (size_t i = 0; i < info.argument_count; i++) {
            stria_argument_info argument;
            assert_int_equal(stria_layer_kind_argument(k, i, &argument), 1);
            assert_string_equal(argument.name, stria_layer_kinds[k]->arguments[i].name);
            assert_true(strlen(argument.type) > 0);
        }
        stria_argument_info past;
        assert_int_equal(stria_layer_kind_argument(k, info.argument_count, &past), 0);
    }
    assert_null(stria_layer_kinds[count]);
    stria_layer_kind_info info;
    assert_int_equal(stria_layer_kind_describe(count, &info), 0);
    assert_int_equal(stria_layer_kind_find("conv9d"), -1);
    assert_string_equal(stria_layer_kind_suggest("dens"), "dense");
    assert_string_equal(stria_activation_name(0), "linear");
    assert_null(stria_activation_name(STRIA_ACTIVATION_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_positions_keys_and_words),
        cmocka_unit_test(test_paddings),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_every_function),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_all_mistakes_at_once),
        cmocka_unit_test(test_long_tokens_are_cut_in_messages),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_whole_text),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_tables_are_sound),
        cmocka_unit_test(test_public_description),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

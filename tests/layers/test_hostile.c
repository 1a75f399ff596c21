/* Every layer kind of the registry with arguments, input sizes and numbers that nobody should give it.
 *
 * The kind's example is taken apart and put together again with one argument, then with several, set to
 * hostile values, behind inputs of every rank. Text that is wrong must be refused with one clean line. Text
 * that is right must be planned, run and run backward, for the largest batch and a smaller one, on normal
 * numbers and on NaN, infinities and huge ones, with the same bits whatever the number of threads; or refused
 * for want of memory. What else may go wrong - a crash, an overflow, a read out of range, a cast of a number
 * that does not fit - is for the sanitizers to see, and a trial that does not end is ended by an alarm that
 * says which it was. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stria/stria.h>

#include "base/random.h"
#include "base/text.h"
#include "layers/layer.h"
#include "layers/values.h"
#include "support/check.h"
#include "support/test_context.h"

#define SECONDS      60 /* for one trial, under a sanitizer and on a busy machine too */
#define MEMORY_LIMIT ((size_t)8 << 20)
#define MOST_NUMBERS ((int64_t)20000) /* of an input or output that is run, for one sample */
#define BATCH        3
#define ROUNDS       40 /* random trials of a kind */
#define VALUE_LENGTH 128
#define TEXT_LENGTH  4096
#define MOST_INPUTS  2
#define OPEN_SIZE    5 /* what `?` becomes in a plan */

/* Values are separated by |. */
static const char inputs[] =
    "3|1|?|7x2|1x1|16x1|?x2|300x1|5x6x1|8x8x3|1x1x1|1x9x2|?x?x3|33x31x1|?x7x?|4x5x6x2|1x1x1x1|?x?x?x2|"
    "2x3x4x5x2|1x1x1x1x1x1|2147483647|65536x65536x3|46341x46341|1073741824x1|2x1073741823x1";

static const char *const values_of[] = {
    [STRIA_ARG_INTEGER] = "-9223372036854775808|-2147483648|-2|-1|0|1|2|3|7|64|65536|1073741824|2147483647|"
                          "4294967296|9223372036854775807",
    [STRIA_ARG_NUMBER] = "-1e308|-1e39|-1|-0.5|0|1e-320|1e-30|0.5|1|2.5|300|1e9|1e20|1e38|1e300",
    [STRIA_ARG_BOOLEAN] = "yes|no",
    [STRIA_ARG_SIZES] = "0|-1|1|2|3|7|1x2|3x1|2x2x2|1x1x9|300|1073741824|1073741824x1073741824|"
                        "1073741824x1x1073741824|2147483648|9223372036854775807",
    [STRIA_ARG_PADDING] = "valid|same|causal|explicit|0|1|1x2|2x0x1|0,1|0,1,0,1|7,0,0,9|1,2,3,4,5,6|1,2,3|-1|"
                          "1073741824|1073741824,1073741824|1073741824x1073741824x1073741824",
    [STRIA_ARG_ACTIVATION] = "softmax|relu|gelu|glu|log_softmax|leaky_relu(1e300)|leaky_relu(-1)|elu(0)|"
                             "threshold(1e39, -1e39)",
    [STRIA_ARG_INITIALIZER] = "zeros|orthogonal|identity|orthogonal(1e300)|constant(1e39)|"
                              "random_normal(0, 1e300)|random_uniform(1, -1)|truncated_normal(0, 0)|"
                              "variance_scaling(1e-300)|variance_scaling(0)",
    [STRIA_ARG_REGULARIZER] = "l1(1e300)|l2(-1)|l2(0.01)|l1_l2(0, 1e39)|orthogonal",
    [STRIA_ARG_CONSTRAINT] = "max_norm(0)|max_norm(1e300)|max_norm(2, 3)|max_norm(2, -9)|unit_norm|"
                             "unit_norm(1073741824)|min_max_norm(2, 1)|non_neg",
    [STRIA_ARG_SHAPE] = "0|1|2x3|?|?x?|?x1|1x1x1x1x1x1x1x1|1x1x1x1x1x1x1x1x1|3x2x1|1073741824x1073741824|"
                        "2147483647|2x1|3x1x2|1x1|9223372036854775807",
    [STRIA_ARG_RANGE] = "0|1|-1|0,0|1,-1|-1e308,1e308|1e300|0.5,0.5|1e-320|255|-1,1|1e9,1e9",
    [STRIA_ARG_NUMBERS] = "0|1|-1|0,0|1,2,3|1e300|-1e39,1e39|1e-320|1,2,3,4,5,6,7,8,9",
    [STRIA_ARG_LISTS] = "0|0.0|0,0|0.1,1.0|0.1.2,0.1,2,0.1.2|65535|65536|-1|7.6.5,1",
};

typedef struct tally {
    size_t trials, run;
} tally;

/* The arguments of a kind as text: those of its example, and of a trial. */
typedef struct trial_line {
    const stria_layer_kind *kind;
    char example[STRIA_MAX_ARGUMENTS][VALUE_LENGTH]; /* "": the default */
    char values[STRIA_MAX_ARGUMENTS][VALUE_LENGTH];
} trial_line;

static char current[TEXT_LENGTH];
static stria_random_key dice = {.seed = 20261122, .purpose = STRIA_RANDOM_DATA};
static uint64_t thrown;

static uint32_t draw(size_t below)
{
    return stria_random_word(&dice, thrown++) % (uint32_t)below;
}

static void tell_current(int number)
{
    static const char says[] = "\nno end, or a signal, in:\n";
    (void)!write(STDERR_FILENO, says, sizeof says - 1);
    (void)!write(STDERR_FILENO, current, strlen(current));
    signal(number, SIG_DFL);
    raise(number);
}

/* ---- Lines ---- */

/* Entry `index` of a list; false past the end. */
static bool entry(const char *list, char separator, size_t index, char *value)
{
    const char separators[] = {separator, '\0'};
    for (; index > 0; index--) {
        list += strcspn(list, separators);
        if (*list == '\0')
            return false;
        list++;
    }
    stria_format(value, VALUE_LENGTH, "%.*s", (int)strcspn(list, separators), list);
    return *value != '\0';
}

/* Hostile value `index` of an argument: its words; or its bounds and what is just outside of them, then the
 * list of its type. False past the end. */
static bool hostile_value(const stria_argument *argument, size_t index, char *value)
{
    const double least = argument->minimum, most = argument->maximum;
    if (argument->type == STRIA_ARG_WORD)
        return entry(argument->words, ' ', index, value);
    if (least < most) {
        const double bounds[] = {least, most, least - 1, most + 1};
        if (index < 4) {
            stria_format(value, VALUE_LENGTH, "%.17g", bounds[index]);
            return true;
        }
        index -= 4;
    }
    assert_true(argument->type < sizeof values_of / sizeof values_of[0] && values_of[argument->type] != NULL);
    return entry(values_of[argument->type], '|', index, value);
}

static size_t count_values(const stria_argument *argument)
{
    char value[VALUE_LENGTH];
    size_t count = 0;
    while (hostile_value(argument, count, value))
        count++;
    return count;
}

/* Reads the example's arguments and writes each as text of its own. */
static void take_example(trial_line *line, const stria_layer_kind *kind, const stria_allocator *allocator)
{
    stria_error err = {0};
    const char *example = strchr(kind->example, '=') != NULL && strstr(kind->example, " = ") != NULL
                              ? strstr(kind->example, " = ") + 3
                              : kind->example;
    const char *end_of_names = strchr(example, ')');
    char text[256];
    memset(line, 0, sizeof *line);
    line->kind = kind;
    /* `add(a, b) x=1` reads as `add x=1`. */
    stria_format(text, sizeof text, "%s%s", kind->name,
                 kind->min_inputs > 1 && end_of_names != NULL ? end_of_names + 1
                                                              : example + strcspn(example, " "));
    void *config = calloc(1, kind->config_size + 1);
    assert_non_null(config);
    if (stria_arguments_read_text(kind->name, kind->arguments, kind->argument_count, text, config, &err) !=
        STRIA_OK)
        fail_msg("%s: %s", text, err.message);
    for (size_t a = 0; a < kind->argument_count; a++) {
        const stria_argument *argument = &kind->arguments[a];
        const void *slot = (const char *)config + argument->offset;
        stria_text value = {.allocator = allocator};
        if (stria_value_is_default(argument, slot))
            continue;
        stria_value_write(argument, slot, &value);
        stria_format(line->example[a], VALUE_LENGTH, "%s", value.bytes);
        stria_text_free(&value);
    }
    free(config);
}

/* The model text of a trial behind these inputs. */
static void write_text(const trial_line *line, const char *const *input_shapes)
{
    size_t length = 0;
    const stria_layer_kind *kind = line->kind;
    current[0] = '\0';
    const size_t inputs_wanted = kind->max_inputs == 0 ? 0 : kind->min_inputs > 1 ? MOST_INPUTS : 1;
    for (size_t i = 0; i < inputs_wanted; i++)
        length += (size_t)snprintf(current + length, sizeof current - length, "x%zu = input %s\n", i,
                                   input_shapes[i]);
    length += (size_t)snprintf(current + length, sizeof current - length, "%s%s", kind->name,
                               inputs_wanted > 1 ? "(x0, x1)" : "");
    for (size_t a = 0; a < kind->argument_count; a++)
        if (line->values[a][0] != '\0')
            length += (size_t)snprintf(current + length, sizeof current - length, " %s=%s",
                                       kind->arguments[a].name, line->values[a]);
    assert_true(length + 1 < sizeof current);
    current[length] = '\n';
    current[length + 1] = '\0';
}

/* ---- One trial ---- */

static void check_refused(stria_status status, const stria_error *err)
{
    if (status != err->code || err->message[0] == '\0' || err->message[0] == '\n')
        fail_msg("%s\nis refused with status %s and '%s'", current, stria_status_name(status), err->message);
}

static int64_t count_of(const stria_shape *shape)
{
    int64_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= shape->sizes[i];
    return count;
}

static float wild(uint32_t number)
{
    static const float list[] = {NAN,   INFINITY, -INFINITY, 3e38F, -3e38F,        1e-40F,
                                 -0.0F, 255,      -1,        1,     2147483648.0F, 1e10F};
    return list[number % (sizeof list / sizeof list[0])];
}

static float *make_numbers(int64_t count, bool are_wild, uint32_t stream)
{
    const stria_random_key key = {.seed = 1, .purpose = STRIA_RANDOM_DATA, .layer = stream};
    float *made = malloc((size_t)count * sizeof *made);
    assert_non_null(made);
    for (int64_t i = 0; i < count; i++)
        made[i] = are_wild && i % 3 != 0 ? wild(stria_random_word(&key, (uint64_t)i))
                                         : 4 * stria_random_uniform(&key, (uint64_t)i) - 2;
    return made;
}

/* The first numbers that differ; NaN are all alike. */
static void compare(const float *a, const float *b, int64_t count, const char *what)
{
    for (int64_t i = 0; i < count; i++)
        if (memcmp(&a[i], &b[i], sizeof a[i]) != 0 && !(isnan(a[i]) && isnan(b[i])))
            fail_msg("%s\n%s[%lld] is %.9g with 1 thread and %.9g with 3", current, what, (long long)i,
                     (double)a[i], (double)b[i]);
}

/* Plans of one model with one thread and with three. */
typedef struct twin_plans {
    stria_model *models[2];
    stria_plan *plans[2];
} twin_plans;

static void run_twins(const twin_plans *twins, bool training, int64_t batch, bool are_wild)
{
    float *given[MOST_INPUTS] = {0}, *upstream = NULL;
    stria_error err = {0};
    const stria_model *model = twins->models[0];
    const size_t input_count = stria_model_input_count(model);
    const char *output_name = stria_model_output_name(model, 0);
    for (size_t i = 0; i < input_count; i++)
        given[i] = make_numbers(
            batch * count_of(stria_plan_shape(twins->plans[0], stria_model_input_name(model, i))), are_wild,
            (uint32_t)i);
    const int64_t outputs = batch * count_of(stria_plan_shape(twins->plans[0], output_name));
    upstream = make_numbers(outputs, are_wild, 9);
    for (int p = 0; p < 2; p++) {
        assert_ok(stria_plan_run(twins->plans[p], (const float *const *)given, batch, &err), &err);
        if (training)
            assert_ok(stria_plan_backward(twins->plans[p], (const float *const[]){upstream}, &err), &err);
    }
    compare(stria_plan_output(twins->plans[0], 0), stria_plan_output(twins->plans[1], 0), outputs, "output");
    for (size_t i = 0; training && i < input_count; i++)
        compare(stria_plan_input_gradient(twins->plans[0], i), stria_plan_input_gradient(twins->plans[1], i),
                batch * count_of(stria_plan_shape(twins->plans[0], stria_model_input_name(model, i))),
                "gradient of an input");
    stria_tensor_info info;
    for (size_t t = 0; training && stria_model_tensor(model, t, &info); t++)
        if (info.trainable)
            compare(stria_plan_tensor_gradient(twins->plans[0], t),
                    stria_plan_tensor_gradient(twins->plans[1], t), info.count, info.name);
    for (size_t i = 0; i < MOST_INPUTS; i++)
        free(given[i]);
    free(upstream);
}

/* The model's inputs with OPEN_SIZE for `?`; false when one is too large to be run. */
static bool close_inputs(const stria_model *model, stria_shape *closed)
{
    for (size_t i = 0; i < stria_model_input_count(model); i++) {
        closed[i] = *stria_model_input_shape(model, i);
        int64_t count = 1;
        for (int k = 0; k < closed[i].rank; k++) {
            if (closed[i].sizes[k] == STRIA_ANY_SIZE)
                closed[i].sizes[k] = OPEN_SIZE;
            if (closed[i].sizes[k] > MOST_NUMBERS / count)
                return false;
            count *= closed[i].sizes[k];
        }
    }
    return true;
}

static void plan_and_run(twin_plans *twins, stria_mode mode, tally *sums)
{
    stria_shape closed[MOST_INPUTS];
    stria_error err = {0};
    if (!close_inputs(twins->models[0], closed))
        return;
    const bool training = mode == STRIA_MODE_TRAINING;
    const stria_plan_options options = {
        .mode = mode, .batch = BATCH, .input_gradients = training, .input_shapes = closed, .seed = 3};
    stria_status status = stria_plan_create(&twins->plans[0], twins->models[0], &options, &err);
    if (status != STRIA_OK) {
        check_refused(status, &err);
        if (status == STRIA_ERROR_VALUE)
            fail_msg("%s\nparses, and its plan is refused: %s", current, err.message);
        return;
    }
    const stria_shape *output =
        stria_plan_shape(twins->plans[0], stria_model_output_name(twins->models[0], 0));
    if (count_of(output) <= MOST_NUMBERS &&
        stria_plan_create(&twins->plans[1], twins->models[1], &options, &err) == STRIA_OK) {
        sums->run++;
        for (int are_wild = 0; are_wild < 2; are_wild++) {
            run_twins(twins, training, BATCH, are_wild);
            run_twins(twins, training, 1, are_wild);
        }
        stria_plan_free(twins->plans[1]);
    }
    stria_plan_free(twins->plans[0]);
    twins->plans[0] = twins->plans[1] = NULL;
}

static void try_line(const test_context *contexts, const trial_line *line, const char *const *input_shapes,
                     tally *sums)
{
    twin_plans twins = {0};
    stria_error err = {0};
    write_text(line, input_shapes);
    sums->trials++;
    alarm(SECONDS);
    stria_status status =
        stria_model_parse(&twins.models[0], contexts[0].context, current, strlen(current), NULL, &err);
    if (status != STRIA_OK) {
        check_refused(status, &err);
        assert_null(twins.models[0]);
    } else if (stria_model_parse(&twins.models[1], contexts[1].context, current, strlen(current), NULL,
                                 &err) == STRIA_OK) {
        plan_and_run(&twins, STRIA_MODE_TRAINING, sums);
        plan_and_run(&twins, STRIA_MODE_INFERENCE, sums);
    }
    stria_model_free(twins.models[0]);
    stria_model_free(twins.models[1]);
    alarm(0);
}

/* ---- All trials of a kind ---- */

static void reset(trial_line *line)
{
    memcpy(line->values, line->example, sizeof line->values);
}

/* One argument at a time, behind every input. */
static void try_each(const test_context *contexts, trial_line *line, tally *sums)
{
    char input[VALUE_LENGTH];
    for (size_t i = 0; entry(inputs, '|', i, input); i++) {
        const char *const same[] = {input, input};
        reset(line);
        try_line(contexts, line, same, sums);
        for (size_t a = 0; a < line->kind->argument_count; a++) {
            reset(line);
            for (size_t v = 0; hostile_value(&line->kind->arguments[a], v, line->values[a]); v++)
                try_line(contexts, line, same, sums);
        }
    }
}

/* Several at a time, behind inputs that may differ. */
static void try_some(const test_context *contexts, trial_line *line, tally *sums)
{
    size_t count = 0;
    char some[MOST_INPUTS][VALUE_LENGTH];
    while (entry(inputs, '|', count, some[0]))
        count++;
    for (int round = 0; round < ROUNDS; round++) {
        const size_t first = draw(count), second = draw(2) == 0 ? first : draw(count);
        entry(inputs, '|', first, some[0]);
        entry(inputs, '|', second, some[1]);
        reset(line);
        for (size_t a = 0; a < line->kind->argument_count; a++)
            if (draw(3) == 0)
                hostile_value(&line->kind->arguments[a], draw(count_values(&line->kind->arguments[a])),
                              line->values[a]);
        try_line(contexts, line, (const char *const[]){some[0], some[1]}, sums);
    }
}

static void try_kind(test_context *contexts, const stria_layer_kind *kind)
{
    static trial_line line;
    tally sums = {0};
    take_example(&line, kind, &contexts[0].memory.table);
    contexts[0].memory.limit = contexts[1].memory.limit = MEMORY_LIMIT;
    try_each(contexts, &line, &sums);
    try_some(contexts, &line, &sums);
    contexts[0].memory.limit = contexts[1].memory.limit = 0;
    if (sums.run == 0)
        fail_msg("%s: of %zu trials none could be run", kind->name, sums.trials);
}

static char **chosen; /* kinds by name, ended by NULL; none: all */

static bool is_chosen(const char *name)
{
    for (char **at = chosen; *at != NULL; at++)
        if (strcmp(*at, name) == 0)
            return true;
    return *chosen == NULL;
}

static void test_every_kind(void **state)
{
    (void)state;
    test_context contexts[2];
    test_context_open(&contexts[0], 1, NULL);
    test_context_open(&contexts[1], 3, NULL);
    for (size_t i = 0; stria_layer_kinds[i] != NULL; i++)
        if (is_chosen(stria_layer_kinds[i]->name))
            try_kind(contexts, stria_layer_kinds[i]);
    test_context_close(&contexts[1]);
    test_context_close(&contexts[0]);
}

/* test_hostile [KIND...]: these kinds only. */
int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
    };
    (void)count;
    chosen = arguments + 1;
    signal(SIGALRM, tell_current);
    signal(SIGABRT, tell_current);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

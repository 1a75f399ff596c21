/* Every layer against Keras: outputs, gradients of inputs and weights, and changed statistics, within the
 * tolerances that the cases carry (tests/golden/make_golden.py wrote them, its head says what is in them).
 *
 * Nothing here knows a layer: a case's configuration is turned into model text argument by argument, by
 * Keras's names, so a new kind is compared as soon as the registry has it. A key of Keras's that the kind
 * does not take must be one of those that change nothing. */
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

#include "base/context.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/json.h"
#include "formats/npy.h"
#include "layers/layer.h"

#define MAX_INPUTS  4
#define MAX_WEIGHTS 4

/* Largest difference as a share of the tensor's largest value, beside the tolerances that the cases carry:
 * some float roundings of sums of tens of numbers, and ten times as much where they are propagated backwards.
 */
#define OUTPUT_SHARE   1e-5
#define GRADIENT_SHARE 1e-4

/* The folders with cases, each with its manifest and, beside it or in golden/, the program that makes it. */
static const char *const folders[] = {
    "golden",          /* make_golden.py */
    "golden/norm",     /* make_norm.py */
    "golden/random",   /* make_random.py */
    "golden/sound",    /* make_sound.py */
    "golden/shape",    /* make_shape.py */
    "golden/weighted", /* make_weighted.py */
};

/* One folder while its cases run. */
typedef struct fixture {
    stria_context *context;
    const char *folder;
    void *manifest_bytes;
    stria_json *manifest;
} fixture;

/* One case while it runs. */
typedef struct golden {
    const fixture *f;
    const stria_json *entry;
    const char *name;
    const stria_layer_kind *kind;
    bool training;
    void *bytes;
    stria_npz *npz;
    stria_model *model;
    size_t input_count, weight_count;
    float *inputs[MAX_INPUTS];
    size_t batch;
    size_t compared; /* arrays */
    double worst;    /* largest error over its tolerance */
    char worst_key[64];
} golden;

static void require(stria_status status, const char *where, const stria_error *err)
{
    if (status != STRIA_OK)
        fail_msg("%s: %s", where, err->message);
}

static int64_t integer_of(const stria_json *json)
{
    int64_t value = 0;
    assert_true(stria_json_integer(json, &value));
    return value;
}

static const char *string_of(const stria_json *object, const char *key)
{
    const char *string = stria_json_string(stria_json_get(object, key));
    assert_non_null(string);
    return string;
}

static bool is_true(const stria_json *json)
{
    bool value = false;
    return stria_json_boolean(json, &value) && value;
}

/* ---- Model text from a Keras configuration ---- */

/* Values that mean what the layers do anyway. */
static bool changes_nothing(const char *key, const stria_json *value)
{
    static const char *const free_keys[] = {"name", "trainable", "seed", "dtype"};
    for (size_t i = 0; i < sizeof free_keys / sizeof free_keys[0]; i++)
        if (strcmp(key, free_keys[i]) == 0)
            return true;
    bool yes;
    int64_t number;
    const char *string = stria_json_string(value);
    if (stria_json_is_null(value))
        return true;
    if (strstr(key, "_initializer") != NULL)
        return true; /* the case brings the weights */
    if (strcmp(key, "data_format") == 0)
        return string != NULL && strcmp(string, "channels_last") == 0;
    if (strcmp(key, "axis") == 0)
        return stria_json_integer(value, &number) && number == -1;
    if (strcmp(key, "synchronized") == 0 || strcmp(key, "renorm") == 0 || strcmp(key, "rms_scaling") == 0)
        return stria_json_boolean(value, &yes) && !yes;
    if (strcmp(key, "renorm_momentum") == 0)
        return true; /* only renorm reads it */
    return false;
}

/* Appends " key=value"; arrays as the argument's type writes them. */
static void write_argument(stria_text *text, const char *key, stria_argument_type type,
                           const stria_json *value)
{
    char number_text[40];
    double number;
    bool yes;
    stria_text_format(text, " %s=", key);
    if (stria_json_is_array(value) && (type == STRIA_ARG_RANGE || type == STRIA_ARG_NUMBERS)) {
        for (size_t i = 0; i < stria_json_count(value); i++) {
            assert_true(stria_json_number(stria_json_at(value, i), &number));
            stria_text_format(text, "%s%s", i > 0 ? "," : "",
                              stria_double_text(number, number_text, sizeof number_text));
        }
    } else if (stria_json_is_array(value)) {
        for (size_t i = 0; i < stria_json_count(value); i++) {
            const stria_json *entry = stria_json_at(value, i);
            if (stria_json_is_array(entry)) /* what comes before and after */
                stria_text_format(text, "%s%lld,%lld", i > 0 ? "," : "",
                                  (long long)integer_of(stria_json_at(entry, 0)),
                                  (long long)integer_of(stria_json_at(entry, 1)));
            else
                stria_text_format(text, "%s%lld", i > 0 ? "x" : "", (long long)integer_of(entry));
        }
    } else if (stria_json_string(value) != NULL)
        stria_text_add(text, stria_json_string(value));
    else if (stria_json_number(value, &number))
        stria_text_add(text, stria_double_text(number, number_text, sizeof number_text));
    else if (stria_json_boolean(value, &yes))
        stria_text_add(text, yes ? "yes" : "no");
    else
        fail_msg("value of %s is of no known type", key);
}

typedef struct writing {
    stria_text *text;
    const golden *g;
} writing;

static stria_status write_member(const char *key, const stria_json *value, void *payload)
{
    const writing *w = payload;
    const stria_layer_kind *kind = w->g->kind;
    for (size_t i = 0; i < kind->argument_count; i++)
        if (strcmp(kind->arguments[i].name, key) == 0) {
            if (kind->arguments[i].type != STRIA_ARG_INITIALIZER && !stria_json_is_null(value))
                write_argument(w->text, key, kind->arguments[i].type, value);
            return STRIA_OK;
        }
    if (!changes_nothing(key, value))
        fail_msg("%s: %s does not take Keras's argument %s", w->g->name, kind->name, key);
    return STRIA_OK;
}

static void build_model(golden *g)
{
    stria_text text = {.allocator = &stria_default_allocator};
    const stria_json *inputs = stria_json_get(g->entry, "inputs");
    g->input_count = stria_json_count(inputs);
    assert_in_range(g->input_count, 1, MAX_INPUTS);
    for (size_t i = 0; i < g->input_count; i++) {
        const stria_json *shape = stria_json_get(stria_json_at(inputs, i), "shape");
        stria_text_format(&text, "in%zu = input ", i);
        for (size_t a = 1; a < stria_json_count(shape); a++)
            stria_text_format(&text, "%s%lld", a > 1 ? "x" : "",
                              (long long)integer_of(stria_json_at(shape, a)));
        stria_text_add(&text, "\n");
    }
    stria_text_format(&text, "golden = %s(", g->kind->name);
    for (size_t i = 0; i < g->input_count; i++)
        stria_text_format(&text, "%sin%zu", i > 0 ? ", " : "", i);
    stria_text_add(&text, ")");
    writing w = {.text = &text, .g = g};
    stria_json_each(stria_json_get(g->entry, "config"), write_member, &w);
    stria_text_add(&text, "\n");
    assert_false(text.failed);
    stria_error err = {0};
    require(stria_model_parse(&g->model, g->f->context, text.bytes, text.length, NULL, &err), g->name, &err);
    stria_text_free(&text);
}

/* ---- Numbers ---- */

/* Member `key` as floats the caller frees, or NULL when the case has none. */
static float *read_member(const golden *g, const char *key, size_t *count)
{
    bool found = false;
    for (size_t i = 0; stria_npz_name(g->npz, i) != NULL; i++)
        found = found || strcmp(stria_npz_name(g->npz, i), key) == 0;
    if (!found)
        return NULL;
    stria_npy array;
    void *memory = NULL;
    stria_error err = {0};
    require(stria_npz_read(g->npz, key, 1 << 24, &array, &memory, &err), key, &err);
    float *values = malloc((array.count + 1) * sizeof *values);
    assert_non_null(values);
    stria_dtype_to_float(array.type, array.elements, array.count, values);
    *count = array.count;
    stria_release(&g->f->context->allocator, memory);
    return values;
}

/* Compares with member `key`, when the case has it. */
static void compare(golden *g, const char *key, const float *got, size_t got_count)
{
    size_t count = 0;
    float *want = read_member(g, key, &count);
    if (want == NULL)
        return;
    if (got == NULL || got_count != count)
        fail_msg("%s: %s has %zu numbers, Keras %zu", g->name, key, got == NULL ? 0 : got_count, count);
    double rtol = 0, atol = 0;
    g->compared++;
    const stria_json *tol = stria_json_get(stria_json_get(g->entry, "tol"), key);
    assert_true(stria_json_number(stria_json_get(tol, "rtol"), &rtol));
    assert_true(stria_json_number(stria_json_get(tol, "atol"), &atol));
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(want[i]))
            largest = fmax(largest, fabs((double)want[i]));
    const double share = strncmp(key, "grad", 4) == 0 ? GRADIENT_SHARE : OUTPUT_SHARE;
    for (size_t i = 0; i < count; i++) {
        double a = (double)got[i], b = (double)want[i];
        if ((isnan(a) && isnan(b)) || (isinf(b) && a >= b && a <= b))
            continue;
        double allowed = fmin(atol + rtol * fabs(b), share * largest);
        double ratio = fabs(a - b) > 0 ? fabs(a - b) / allowed : 0;
        if (!(ratio <= 1))
            fail_msg("%s: %s[%zu] is %.9g, Keras has %.9g (tolerance %.3g)", g->name, key, i, a, b, allowed);
        if (ratio > g->worst) {
            g->worst = ratio;
            snprintf(g->worst_key, sizeof g->worst_key, "%s", key);
        }
    }
    free(want);
}

static size_t shape_count(const stria_shape *shape, size_t batch)
{
    for (int i = 0; i < shape->rank; i++)
        batch *= (size_t)shape->sizes[i];
    return batch;
}

/* The model's tensor that is Keras's weight `index`, by name. */
static size_t tensor_of(const golden *g, size_t index)
{
    const stria_json *weight = stria_json_at(stria_json_get(g->entry, "weights"), index);
    char name[96];
    snprintf(name, sizeof name, "golden/%s", string_of(weight, "name"));
    int found = stria_model_find_tensor(g->model, name);
    if (found < 0)
        fail_msg("%s: no tensor %s", g->name, name);
    stria_tensor_info info;
    assert_int_equal(stria_model_tensor(g->model, (size_t)found, &info), 1);
    const stria_json *shape = stria_json_get(weight, "shape");
    assert_int_equal(info.shape.rank, stria_json_count(shape));
    for (int a = 0; a < info.shape.rank; a++)
        assert_int_equal(info.shape.sizes[a], integer_of(stria_json_at(shape, (size_t)a)));
    return (size_t)found;
}

static void load(golden *g)
{
    char path[512], key[48];
    stria_error err = {0};
    size_t size = 0, count = 0;
    snprintf(path, sizeof path, "%s/%s/%s", STRIA_TEST_DATA, g->f->folder, string_of(g->entry, "file"));
    require(stria_file_read(g->f->context, path, 1 << 24, &g->bytes, &size, &err), path, &err);
    require(stria_npz_open(&g->npz, g->f->context, g->bytes, size, path, &err), path, &err);
    build_model(g);
    for (size_t i = 0; i < g->input_count; i++) {
        snprintf(key, sizeof key, "input_%zu", i);
        g->inputs[i] = read_member(g, key, &count);
        assert_non_null(g->inputs[i]);
        g->batch = count / shape_count(stria_model_input_shape(g->model, i), 1);
    }
    g->weight_count = stria_json_count(stria_json_get(g->entry, "weights"));
    assert_in_range(g->weight_count, 0, MAX_WEIGHTS);
    assert_int_equal(g->weight_count, stria_model_tensor_count(g->model));
}

static void load_weights(const golden *g)
{
    char key[48];
    for (size_t i = 0; i < g->weight_count; i++) {
        size_t count = 0;
        snprintf(key, sizeof key, "weight_%zu", i);
        float *values = read_member(g, key, &count);
        assert_non_null(values);
        memcpy(stria_model_tensor_data(g->model, tensor_of(g, i)), values, count * sizeof *values);
        free(values);
    }
}

/* ---- Running ---- */

static stria_plan *run(golden *g, stria_mode mode)
{
    stria_plan *plan = NULL;
    stria_error err = {0};
    const stria_plan_options options = {
        .mode = mode, .batch = (int64_t)g->batch, .input_gradients = mode == STRIA_MODE_TRAINING};
    const float *inputs[MAX_INPUTS];
    for (size_t i = 0; i < g->input_count; i++)
        inputs[i] = g->inputs[i];
    load_weights(g);
    require(stria_plan_create(&plan, g->model, &options, &err), g->name, &err);
    require(stria_plan_run(plan, inputs, (int64_t)g->batch, &err), g->name, &err);
    compare(g, "output_0", stria_plan_output(plan, 0),
            shape_count(stria_model_output_shape(g->model, 0), g->batch));
    return plan;
}

static void run_inference(golden *g)
{
    stria_plan_free(run(g, STRIA_MODE_INFERENCE));
}

static void run_training(golden *g)
{
    char key[48];
    stria_error err = {0};
    stria_plan *plan = run(g, STRIA_MODE_TRAINING);
    size_t count = 0;
    float *upstream = read_member(g, "grad_output_0", &count);
    assert_non_null(upstream);
    const float *gradients[1] = {upstream};
    require(stria_plan_backward(plan, gradients, &err), g->name, &err);
    for (size_t i = 0; i < g->input_count; i++) {
        snprintf(key, sizeof key, "grad_input_%zu", i);
        compare(g, key, stria_plan_input_gradient(plan, i),
                shape_count(stria_model_input_shape(g->model, i), g->batch));
    }
    for (size_t i = 0; i < g->weight_count; i++) {
        stria_tensor_info info;
        size_t tensor = tensor_of(g, i);
        assert_int_equal(stria_model_tensor(g->model, tensor, &info), 1);
        if (info.trainable) {
            snprintf(key, sizeof key, "grad_weight_%zu", i);
            compare(g, key, stria_plan_tensor_gradient(plan, tensor), (size_t)info.count);
        }
        snprintf(key, sizeof key, "after_weight_%zu", i);
        compare(g, key, stria_model_tensor_data(g->model, tensor), (size_t)info.count);
    }
    free(upstream);
    stria_plan_free(plan);
}

static void run_case(golden *g)
{
    g->training = is_true(stria_json_get(g->entry, "training"));
    load(g);
    if (!g->training)
        run_inference(g);
    else if (!is_true(stria_json_get(g->entry, "grad")))
        stria_plan_free(run(g, STRIA_MODE_TRAINING));
    if (is_true(stria_json_get(g->entry, "grad"))) {
        stria_error err = {0};
        /* Two layers act otherwise in training. Keras's gradients at inference are those of a frozen
         * normalisation (which leaves out its weights); for dropout there is no such plan, and its gradient
         * is the finite-difference test's. */
        const bool dropout = strcmp(g->kind->keras_class, "Dropout") == 0;
        if (!g->training && strcmp(g->kind->keras_class, "BatchNormalization") == 0)
            require(stria_model_freeze(g->model, "golden", &err), g->name, &err);
        if (g->training || !dropout)
            run_training(g);
    }
    if (g->compared == 0)
        fail_msg("%s: nothing was compared", g->name);
    for (size_t i = 0; i < g->input_count; i++)
        free(g->inputs[i]);
    stria_model_free(g->model);
    stria_npz_free(g->npz);
    stria_release(&g->f->context->allocator, g->bytes);
}

/* Runs the cases of a folder whose kinds there are; returns how many those were. */
static size_t run_folder(const fixture *f)
{
    const stria_json *cases = stria_json_get(f->manifest, "cases");
    size_t run_count = 0, announced = (size_t)integer_of(stria_json_get(f->manifest, "count"));
    assert_int_equal(stria_json_count(cases), announced);
    char later[4096] = "";
    size_t later_length = 0;
    for (size_t i = 0; i < announced; i++) {
        golden g = {.f = f, .entry = stria_json_at(cases, i)};
        const char *class_name = string_of(g.entry, "layer");
        g.name = string_of(g.entry, "name");
        g.kind = stria_layer_kind_by_name(class_name, strlen(class_name));
        if (g.kind == NULL) {
            later_length +=
                (size_t)snprintf(later + later_length, sizeof later - later_length, " %s", g.name);
            assert_true(later_length < sizeof later);
            continue;
        }
        run_case(&g);
        printf("  %-26s %zu arrays, worst %5.1f %% of its tolerance%s%s\n", g.name, g.compared, 100 * g.worst,
               g.worst > 0 ? ": " : "", g.worst_key);
        run_count++;
    }
    printf("  %s: %zu of %zu cases; not yet:%s\n", f->folder, run_count, announced, later);
    return run_count;
}

static void test_cases(void **state)
{
    size_t run_count = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        fixture f = {.context = *state, .folder = folders[i]};
        char path[512];
        size_t size = 0;
        stria_error err = {0};
        snprintf(path, sizeof path, "%s/%s/manifest.json", STRIA_TEST_DATA, f.folder);
        require(stria_file_read(f.context, path, 1 << 24, &f.manifest_bytes, &size, &err), path, &err);
        require(stria_json_parse(&f.manifest, f.manifest_bytes, size, &err), path, &err);
        run_count += run_folder(&f);
        stria_json_free(f.manifest);
        stria_release(&f.context->allocator, f.manifest_bytes);
    }
    /* The kinds of the first version alone have this many cases. */
    assert_true(run_count >= 30);
}

static int set_up(void **state)
{
    stria_context *context = NULL;
    stria_error err = {0};
    require(stria_context_create(&context, NULL, &err), "context", &err);
    *state = context;
    return 0;
}

static int tear_down(void **state)
{
    stria_context_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* stria bench kernels: the machine's peak, and how much of it each family of kernels reaches. A kernel is
 * timed as the step of a plan of one layer, in one direction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "bench_random.h"
#include "bench_steps.h"
#include "bench_times.h"
#include "failure.h"
#include "table.h"
#include "text.h"

#define USUAL_SECONDS 0.15

typedef enum direction {
    FORWARD = 1,         /* inference */
    TRAINING = 2,        /* forward of a training plan */
    BACKWARD = 4,        /* all gradients */
    INPUT_GRADIENT = 8,  /* alone: the layer is frozen */
    KERNEL_GRADIENT = 16 /* alone: nobody asks for the input's */
} direction;

#define STREAMS 32 /* among the directions: bound by memory, although there are multiply-adds */

#define CONVOLUTION (FORWARD | INPUT_GRADIENT | KERNEL_GRADIENT)

/* A layer as model text; its last layer is timed. */
typedef struct layer_case {
    const char *name;
    const char *text;
    int64_t batch;
    unsigned directions;
    const char *algorithm; /* NULL: by shape */
} layer_case;

static const layer_case layer_cases[] = {
    {"conv 3x3 56x56x64-64", "input 56x56x64\nconv2d 64 3 same", 4, CONVOLUTION, "direct"},
    {"conv 3x3 28x28x128-128", "input 28x28x128\nconv2d 128 3 same", 4, CONVOLUTION, "direct"},
    {"conv 3x3 14x14x256-256", "input 14x14x256\nconv2d 256 3 same", 4, CONVOLUTION, "direct"},
    {"conv 3x3 7x7x512-512", "input 7x7x512\nconv2d 512 3 same", 4, CONVOLUTION, "direct"},
    {"winograd 56x56x64-64", "input 56x56x64\nconv2d 64 3 same", 4, FORWARD | INPUT_GRADIENT, "winograd"},
    {"winograd 28x28x128-128", "input 28x28x128\nconv2d 128 3 same", 4, FORWARD | INPUT_GRADIENT, "winograd"},
    {"winograd 14x14x256-256", "input 14x14x256\nconv2d 256 3 same", 4, FORWARD | INPUT_GRADIENT, "winograd"},
    {"conv 3x3 s2 56x56x64-128", "input 56x56x64\nconv2d 128 3 2 same", 4, CONVOLUTION, NULL},
    {"conv 3x3 d2 28x28x128-128", "input 28x28x128\nconv2d 128 3 same dilation_rate=2", 4, CONVOLUTION, NULL},
    {"conv 1x1 56x56x64-256", "input 56x56x64\nconv2d 256 1", 4, CONVOLUTION, NULL},
    {"conv 1x1 14x14x1024-256", "input 14x14x1024\nconv2d 256 1", 4, CONVOLUTION, NULL},
    {"conv 7x7 s2 224x224x3-64", "input 224x224x3\nconv2d 64 7 2 same", 1, CONVOLUTION, NULL},
    {"conv 5x5 28x28x1-6", "input 28x28x1\nconv2d 6 5 same", 64, CONVOLUTION, NULL},
    {"conv 5x5 14x14x6-16", "input 14x14x6\nconv2d 16 5", 64, CONVOLUTION, NULL},
    {"depthwise 3x3 112x112x32", "input 112x112x32\ndepthwise_conv2d 3 same", 4, CONVOLUTION, NULL},
    {"depthwise 3x3 s2 112x112x64", "input 112x112x64\ndepthwise_conv2d 3 2 same", 4, CONVOLUTION, NULL},
    {"depthwise 3x3 14x14x512", "input 14x14x512\ndepthwise_conv2d 3 same", 4, CONVOLUTION, NULL},
    {"dense 4096-1000 b1", "input 4096\ndense 1000", 1, FORWARD | STREAMS, NULL},
    {"dense 4096-1000 b16", "input 4096\ndense 1000", 16, CONVOLUTION, NULL},
    {"dense 512-512 b512", "input 512\ndense 512", 512, CONVOLUTION, NULL},
    {"pool max 2x2 112x112x64", "input 112x112x64\nmaxpool2d 2", 4, FORWARD | BACKWARD, NULL},
    {"pool max 3x3 s2 112x112x64", "input 112x112x64\nmaxpool2d 3 2 same", 4, FORWARD | BACKWARD, NULL},
    {"pool average 2x2 112x112x64", "input 112x112x64\navgpool2d 2", 4, FORWARD | BACKWARD, NULL},
    {"pool global 56x56x64", "input 56x56x64\nglobal_avgpool2d", 16, FORWARD | BACKWARD, NULL},
    {"relu 56x56x64", "input 56x56x64\nrelu", 16, FORWARD | BACKWARD, NULL},
    {"tanh 56x56x64", "input 56x56x64\ntanh", 16, FORWARD | BACKWARD, NULL},
    {"sigmoid 56x56x64", "input 56x56x64\nsigmoid", 16, FORWARD | BACKWARD, NULL},
    {"gelu 56x56x64", "input 56x56x64\ngelu", 16, FORWARD | BACKWARD, NULL},
    {"add 56x56x64", "a = input 56x56x64\nb = input 56x56x64\nadd(a, b)", 16, FORWARD, NULL},
    {"dropout 56x56x64", "input 56x56x64\ndropout 0.5", 16, TRAINING | BACKWARD, NULL},
    {"softmax 1000", "input 1000\nsoftmax", 1024, FORWARD | BACKWARD, NULL},
    {"batchnorm 56x56x64", "input 56x56x64\nbatchnorm", 16, FORWARD | TRAINING | BACKWARD, NULL},
};

/* Bytes that a step reads and writes for each parameter: it, its gradient, its state. The look for NaN in the
 * gradients is timed too. */
static const struct {
    const char *name, *optimizer;
    double bytes;
} update_cases[] = {
    {"update sgd", "sgd", 3 * 4},
    {"update sgd momentum", "sgd momentum=0.9", 5 * 4},
    {"update rmsprop", "rmsprop", 5 * 4},
    {"update adam", "adam", 7 * 4},
};

/* What the cases are gone through with. */
typedef struct passage {
    stria_context *context;
    const cli_bench_options *options;
    stria_peak peak;
    cli_table table;
    size_t count; /* samples */
    double seconds[CLI_MOST_SAMPLES];
} passage;

/* One timed thing. */
typedef struct result {
    const char *name, *direction, *kernel;
    int64_t batch;
    double macs, bytes;
} result;

static bool has_time_left(const passage *p, uint64_t start)
{
    const double wanted = p->options->seconds >= 0 ? p->options->seconds : USUAL_SECONDS;
    const double spent = (double)(stria_context_now(p->context) - start) * 1e-9;
    return p->count < CLI_MOST_SAMPLES && (p->count < CLI_FEWEST_SAMPLES || spent < wanted);
}

static int tell(passage *p, const result *r)
{
    char number[CLI_NUMBER_SIZE];
    const cli_figures figures = cli_figures_of(p->seconds, p->count);
    const cli_rate rate = cli_rate_of(r->macs, r->bytes, figures.median, &p->peak);
    if (p->options->json) {
        cli_json *object = cli_json_object();
        cli_json_set(object, "schema", cli_json_text("stria.bench.kernel/1"));
        cli_json_set(object, "name", cli_json_text(r->name));
        cli_json_set(object, "direction", cli_json_text(r->direction));
        cli_json_set(object, "batch", cli_json_integer(r->batch));
        cli_json_set(object, "kernel", cli_json_text(r->kernel));
        cli_figures_json(&figures, object);
        cli_json_set(object, "runs", cli_json_integer((int64_t)p->count));
        cli_rate_json(&rate, object);
        return cli_json_print(object);
    }
    cli_table_clear(&p->table);
    cli_table_add(&p->table, "%s", r->name);
    cli_table_add(&p->table, "%s", r->direction);
    cli_table_add(&p->table, "%s", cli_short_time_text(figures.median, number));
    cli_table_add(&p->table, "%s", cli_rate_text(&rate, number));
    cli_table_add(&p->table, "%s", cli_share_text(&rate, number));
    const cli_rate best = cli_rate_of(r->macs, r->bytes, figures.fastest, &p->peak);
    cli_table_add(&p->table, "%s", cli_share_text(&best, number));
    cli_table_add(&p->table, "%s", cli_spread_text(&figures, number));
    cli_table_add(&p->table, "%s", r->kernel);
    const int status = cli_table_print(&p->table, stdout, false);
    return cli_finish_output(status);
}

/* ---- Layers ---- */

static const struct {
    direction direction;
    const char *name;
} directions[] = {{FORWARD, "forward"},
                  {TRAINING, "training"},
                  {BACKWARD, "backward"},
                  {INPUT_GRADIENT, "inputs"},
                  {KERNEL_GRADIENT, "weights"}};

#define DIRECTIONS (sizeof directions / sizeof directions[0])

static bool wants(const passage *p, const char *name, const char *direction_name)
{
    char full[96];
    snprintf(full, sizeof full, "%s %s", name, direction_name);
    return cli_bench_wants(p->options, full);
}

static stria_status time_step(passage *p, cli_steps *steps, size_t step, stria_error *err)
{
    p->count = 0;
    stria_status status = cli_steps_run(steps, err); /* touches the memory */
    const uint64_t start = stria_context_now(p->context);
    while (status == STRIA_OK && has_time_left(p, start)) {
        status = cli_steps_run(steps, err);
        p->seconds[p->count++] = (double)steps->times[step] * 1e-9;
    }
    return status;
}

/* Plain C has no Winograd convolution, and would be timed twice. */
static bool has_algorithm(const layer_case *c, const char *kernel)
{
    const bool asked = c->algorithm != NULL && strcmp(c->algorithm, "winograd") == 0;
    return !asked || strstr(kernel, "winograd") != NULL;
}

static int time_direction(passage *p, stria_model *model, const layer_case *c, size_t which)
{
    const direction wanted = directions[which].direction;
    const stria_plan_options plan_options = {
        .struct_size = sizeof plan_options,
        .mode = wanted == FORWARD ? STRIA_MODE_INFERENCE : STRIA_MODE_TRAINING,
        .batch = c->batch,
        .input_gradients = wanted == BACKWARD || wanted == TRAINING || wanted == INPUT_GRADIENT,
        .algorithm = c->algorithm,
    };
    stria_error err = {0};
    cli_steps steps = {0};
    stria_step_info info;
    size_t step = 0;
    stria_status status = wanted == INPUT_GRADIENT ? stria_model_freeze(model, "*", &err) : STRIA_OK;
    if (status == STRIA_OK) {
        status = cli_steps_open(&steps, model, &plan_options, &err);
    }
    bool found = false;
    if (status == STRIA_OK) {
        found = cli_steps_find(&steps, stria_model_output_name(model, 0), wanted >= BACKWARD, &step, &info) &&
                has_algorithm(c, info.kernel);
        status = found ? time_step(p, &steps, step, &err) : STRIA_OK;
    }
    int told = CLI_DONE;
    if (status != STRIA_OK) {
        told = cli_fail_with(&err, CLI_FROM_OPTION);
    } else if (found) {
        told = tell(p, &(result){.name = c->name,
                                 .direction = directions[which].name,
                                 .kernel = info.kernel,
                                 .batch = c->batch,
                                 .macs = c->directions & STREAMS ? 0 : (double)info.macs,
                                 .bytes = (double)info.bytes});
    }
    cli_steps_close(&steps);
    return told;
}

/* Each direction has a model of its own: frozen layers stay frozen. */
static int time_layer(passage *p, const layer_case *c)
{
    int status = CLI_DONE;
    for (size_t d = 0; d < DIRECTIONS && status == CLI_DONE; d++) {
        if (!(c->directions & directions[d].direction) || !wants(p, c->name, directions[d].name)) {
            continue;
        }
        stria_error err = {0};
        stria_model *model = NULL;
        if (stria_model_parse(&model, p->context, c->text, strlen(c->text), NULL, &err) != STRIA_OK) {
            status = cli_fail_with(&err, CLI_FROM_OPTION);
        } else {
            status = time_direction(p, model, c, d);
        }
        stria_model_free(model);
    }
    return status;
}

/* ---- Optimizers ---- */

#define UPDATED_MODEL  "input 1024\ndense 4096\ndense 2 softmax"
#define UPDATED_INPUTS 1024

static stria_status time_updates(passage *p, stria_model *model, const char *optimizer, stria_error *err)
{
    const stria_train_options options = {
        .struct_size = sizeof options, .batch = 1, .optimizer = optimizer, .learning_rate = 1e-6};
    stria_trainer *trainer = NULL;
    uint64_t random = 1;
    const int32_t label = 1;
    float *x = cli_random_floats(&random, UPDATED_INPUTS);
    stria_status status = stria_trainer_create(&trainer, model, &options, err);
    if (status == STRIA_OK && x == NULL) {
        snprintf(err->message, sizeof err->message, "out of memory");
        status = err->code = STRIA_ERROR_MEMORY;
    }
    if (status == STRIA_OK) {
        status = stria_trainer_step(trainer, x, &label, NULL, 1, NULL, NULL, err);
    }
    p->count = 0;
    const uint64_t start = stria_context_now(p->context);
    while (status == STRIA_OK && has_time_left(p, start)) {
        const uint64_t before = stria_context_now(p->context);
        status = stria_trainer_apply(trainer, err);
        p->seconds[p->count++] = (double)(stria_context_now(p->context) - before) * 1e-9;
    }
    stria_trainer_free(trainer);
    free(x);
    return status;
}

static int time_update(passage *p, size_t which)
{
    if (!wants(p, update_cases[which].name, "step")) {
        return CLI_DONE;
    }
    stria_error err = {0};
    stria_model *model = NULL;
    stria_status status =
        stria_model_parse(&model, p->context, UPDATED_MODEL, strlen(UPDATED_MODEL), NULL, &err);
    if (status == STRIA_OK) {
        status = time_updates(p, model, update_cases[which].optimizer, &err);
    }
    int told;
    if (status != STRIA_OK) {
        told = cli_fail_with(&err, CLI_FROM_OPTION);
    } else {
        told = tell(p, &(result){.name = update_cases[which].name,
                                 .direction = "step",
                                 .kernel = stria_context_cpu(p->context),
                                 .batch = 1,
                                 .bytes = update_cases[which].bytes * (double)stria_model_params(model)});
    }
    stria_model_free(model);
    return told;
}

/* ---- All ---- */

#define LAYER_CASES  (sizeof layer_cases / sizeof layer_cases[0])
#define UPDATE_CASES (sizeof update_cases / sizeof update_cases[0])

static size_t count_wanted(const passage *p)
{
    size_t count = 0;
    for (size_t i = 0; i < LAYER_CASES; i++) {
        for (size_t d = 0; d < DIRECTIONS; d++) {
            count += (layer_cases[i].directions & directions[d].direction) != 0 &&
                     wants(p, layer_cases[i].name, directions[d].name);
        }
    }
    for (size_t i = 0; i < UPDATE_CASES; i++) {
        count += wants(p, update_cases[i].name, "step");
    }
    return count;
}

static int time_all(passage *p)
{
    if (count_wanted(p) == 0) {
        return cli_bench_nothing(p->options, "kernel");
    }
    stria_error err = {0};
    if (stria_context_peak(p->context, CLI_PEAK_SECONDS, &p->peak, &err) != STRIA_OK) {
        return cli_fail_with(&err, CLI_FROM_OPTION);
    }
    int status;
    if (p->options->json) {
        status = cli_bench_print_peak_json(p->context, &p->peak);
    } else {
        cli_bench_print_peak(p->context, &p->peak);
        status = cli_table_print(&p->table, stdout, true);
    }
    for (size_t i = 0; i < LAYER_CASES && status == CLI_DONE; i++) {
        status = time_layer(p, &layer_cases[i]);
    }
    for (size_t i = 0; i < UPDATE_CASES && status == CLI_DONE; i++) {
        status = time_update(p, i);
    }
    if (status == CLI_DONE && !p->options->json) {
        cli_bench_print_wrapped("\n" CLI_BENCH_SPREAD "\n" CLI_BENCH_PEAK
                                "\nbest: the same of the fastest run");
    }
    return status;
}

int cli_bench_kernels(stria_context *context, const cli_bench_options *options)
{
    /* Widths that all rows fit, because each is printed when it is known. */
    static const cli_column columns[] = {{.title = "kernel", .min_width = 27},
                                         {.title = "pass", .min_width = 8},
                                         {.title = "median", .right = true, .min_width = 8},
                                         {.title = "rate", .right = true, .min_width = 12},
                                         {.title = "peak", .right = true, .min_width = 5},
                                         {.title = "best", .right = true, .min_width = 5},
                                         {.title = "spread", .right = true, .min_width = 6},
                                         {.title = "computed by", .min_width = 19}};
    passage *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return cli_fail_memory();
    }
    p->context = context;
    p->options = options;
    p->table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    const int status = time_all(p);
    cli_table_free(&p->table);
    free(p);
    return status;
}

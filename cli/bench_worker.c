/* stria bench --worker: lets another program time Stria beside other frameworks.
 *
 * One JSON object for each line, requests on stdin, answers on stdout:
 *   at the start            {"ok":1,"version":"stria 0.1.0 (avx512)"}
 *   {"cmd":"prepare","w":W} builds the network of the workload W, its plan and its data:
 * {"ok":1,"note":"kernels"}, or
 *                           {"ok":0,"unsupported":"why"} for what this version does not have
 *   {"cmd":"round","budget":S}  takes the exclusive lock, warms up once, times samples of at least 4 ms until
 * S seconds are spent (0: one sample): {"ok":1,"samples":[[seconds, switches], ...],"inner":runs} anything
 * that fails     {"ok":0,"error":"why"} A workload names its layers by their Keras classes with Keras's
 * arguments; they are written as model text. */
#define _DEFAULT_SOURCE /* flock */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <stria/stria.h>

#include "bench_job.h"
#include "commands.h"
#include "failure.h"
#include "json.h"
#include "open.h"

#define SAMPLE_SECONDS 0.004
#define MOST_SAMPLES   200

typedef struct worker {
    stria_context *context;
    stria_model *model;
    cli_job *job;
    bool is_epoch;
    int64_t runs; /* for one sample */
    int lock;     /* file descriptor */
} worker;

static int answer_error(const char *key, const char *message)
{
    cli_json *answer = cli_json_object();
    cli_json_set(answer, "ok", cli_json_integer(0));
    cli_json_set(answer, key, cli_json_text(message));
    return cli_json_print(answer);
}

/* ---- Model text ---- */

/* Text that grows; `failed` when there was no memory. */
typedef struct text {
    char *bytes;
    size_t length, capacity;
    bool failed;
} text;

static void STRIA_PRINTF_LIKE(2, 3) add(text *to, const char *format, ...)
{
    char piece[256];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof piece) {
        to->failed = true;
    }
    if (to->failed) {
        return;
    }
    if (to->length + (size_t)length + 1 > to->capacity) {
        const size_t capacity = 2 * (to->capacity + (size_t)length + 1);
        char *bytes = realloc(to->bytes, capacity);
        if (bytes == NULL) {
            to->failed = true;
            return;
        }
        to->bytes = bytes;
        to->capacity = capacity;
    }
    memcpy(to->bytes + to->length, piece, (size_t)length + 1);
    to->length += (size_t)length;
}

#define INPUT_NAME "workload_input" /* what layers call "input" */

static void add_sizes(text *to, const char *key, const cli_json *sizes)
{
    for (size_t i = 0; i < cli_json_length(sizes); i++) {
        add(to, "%s%s%s%" PRId64, i == 0 ? " " : "", i == 0 ? key : "", i == 0 ? "=" : "x",
            cli_json_as_integer(cli_json_at(sizes, i), 0));
    }
}

static void add_word(text *to, const char *key, const cli_json *word)
{
    if (cli_json_as_text(word) != NULL) {
        add(to, " %s=%s", key, cli_json_as_text(word));
    }
}

/* " (a, b)": the layer's inputs. */
static void add_inputs(text *to, const cli_json *inputs)
{
    for (size_t i = 0; i < cli_json_length(inputs); i++) {
        const char *name = cli_json_as_text(cli_json_at(inputs, i));
        name = name != NULL ? name : "";
        add(to, "%s%s", i == 0 ? "(" : ", ", strcmp(name, "input") == 0 ? INPUT_NAME : name);
    }
    add(to, ")");
}

/* The Keras classes a workload may name, and which of their arguments are passed on. */
static const struct {
    const char *class, *kind, *sizes[3], *counts[1], *words[2], *numbers[2];
} known_layers[] = {
    {"Conv2D",
     "conv2d",
     {"kernel_size", "strides", "dilation_rate"},
     {"filters"},
     {"padding", "activation"},
     {0}},
    {"MaxPooling2D", "maxpool2d", {"pool_size", "strides"}, {0}, {"padding"}, {0}},
    {"AveragePooling2D", "avgpool2d", {"pool_size", "strides"}, {0}, {"padding"}, {0}},
    {"GlobalAveragePooling2D", "global_avgpool2d", {0}, {0}, {0}, {0}},
    {"BatchNormalization", "batchnorm", {0}, {0}, {0}, {"momentum", "epsilon"}},
    {"Activation", "activation", {0}, {0}, {"activation"}, {0}},
    {"Add", "add", {0}, {0}, {0}, {0}},
    {"Flatten", "flatten", {0}, {0}, {0}, {0}},
    {"Dense", "dense", {0}, {"units"}, {"activation"}, {0}},
};

#define KNOWN_LAYERS (sizeof known_layers / sizeof known_layers[0])

static bool add_layer(text *to, const cli_json *layer)
{
    const char *class = cli_json_as_text(cli_json_get(layer, "layer"));
    const char *name = cli_json_as_text(cli_json_get(layer, "name"));
    size_t k = 0;
    while (k < KNOWN_LAYERS && (class == NULL || strcmp(known_layers[k].class, class) != 0)) {
        k++;
    }
    if (k == KNOWN_LAYERS || name == NULL) {
        return false;
    }
    add(to, "%s = %s", name, known_layers[k].kind);
    add_inputs(to, cli_json_get(layer, "inputs"));
    for (size_t i = 0; i < 1 && known_layers[k].counts[i] != NULL; i++) {
        const char *key = known_layers[k].counts[i];
        add(to, " %s=%" PRId64, key, cli_json_as_integer(cli_json_get(layer, key), 0));
    }
    for (size_t i = 0; i < 3 && known_layers[k].sizes[i] != NULL; i++) {
        add_sizes(to, known_layers[k].sizes[i], cli_json_get(layer, known_layers[k].sizes[i]));
    }
    for (size_t i = 0; i < 2 && known_layers[k].words[i] != NULL; i++) {
        add_word(to, known_layers[k].words[i], cli_json_get(layer, known_layers[k].words[i]));
    }
    for (size_t i = 0; i < 2 && known_layers[k].numbers[i] != NULL; i++) {
        const char *key = known_layers[k].numbers[i];
        add(to, " %s=%.9g", key, cli_json_as_number(cli_json_get(layer, key), 0));
    }
    if (!cli_json_as_boolean(cli_json_get(layer, "use_bias"), true)) {
        add(to, " use_bias=no");
    }
    add(to, "\n");
    return true;
}

/* Writes the workload's network; false, with a reason, when it holds a layer this version does not have. */
static bool add_network(text *to, const cli_json *workload, bool trains, char *why, size_t why_size)
{
    const cli_json *input = cli_json_get(workload, "input"), *layers = cli_json_get(workload, "layers");
    add(to, INPUT_NAME " = input ");
    for (size_t i = 1; i < cli_json_length(input); i++) { /* the first is the batch */
        add(to, "%s%" PRId64, i > 1 ? "x" : "", cli_json_as_integer(cli_json_at(input, i), 0));
    }
    add(to, "\n");
    for (size_t i = 0; i < cli_json_length(layers); i++) {
        const cli_json *layer = cli_json_at(layers, i);
        if (!add_layer(to, layer)) {
            const char *class = cli_json_as_text(cli_json_get(layer, "layer"));
            snprintf(why, why_size, "layer %s", class != NULL ? class : "without a class");
            return false;
        }
    }
    if (trains) {
        add(to, "softmax\n"); /* the workloads end in logits; softmax and loss are one step */
    }
    return true;
}

/* ---- Requests ---- */

static bool find_mode(const char *name, cli_job_mode *mode)
{
    static const char *const names[] = {[CLI_JOB_INFERENCE] = "inference",
                                        [CLI_JOB_FORWARD_BACKWARD] = "forward_backward",
                                        [CLI_JOB_TRAIN_STEP] = "train_step",
                                        [CLI_JOB_TRAIN_EPOCH] = "train_epoch"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (name != NULL && strcmp(names[i], name) == 0) {
            *mode = (cli_job_mode)i;
            return true;
        }
    }
    return false;
}

static void forget(worker *w)
{
    cli_job_free(w->job);
    stria_model_free(w->model);
    w->job = NULL;
    w->model = NULL;
}

static int answer_failure(const stria_error *err)
{
    const bool unsupported = err->code == STRIA_ERROR_UNSUPPORTED;
    return answer_error(unsupported ? "unsupported" : "error", err->message);
}

static int prepare(worker *w, const cli_json *workload)
{
    forget(w);
    stria_error err = {0};
    cli_job_mode mode;
    const int64_t batch = cli_json_as_integer(cli_json_get(workload, "batch"), 0);
    const int64_t samples = cli_json_as_integer(cli_json_get(workload, "samples"), 0);
    if (!find_mode(cli_json_as_text(cli_json_get(workload, "mode")), &mode)) {
        return answer_error("unsupported", "mode");
    }
    w->is_epoch = mode == CLI_JOB_TRAIN_EPOCH;
    if (batch < 1 || (w->is_epoch && (samples < 1 || samples > INT32_MAX))) {
        return answer_error("error", "the workload has no batch or samples");
    }
    text network = {0};
    char why[128];
    if (!add_network(&network, workload, w->is_epoch || mode == CLI_JOB_TRAIN_STEP, why, sizeof why)) {
        free(network.bytes);
        return answer_error("unsupported", why);
    }
    stria_status status = STRIA_ERROR_MEMORY;
    snprintf(err.message, sizeof err.message, "out of memory");
    if (!network.failed) {
        status = stria_model_parse(&w->model, w->context, network.bytes, network.length, NULL, &err);
    }
    free(network.bytes);
    if (status == STRIA_OK) {
        status = cli_job_create(&w->job, w->context, w->model, mode, batch, samples, &err);
    }
    if (status == STRIA_OK) {
        status = cli_job_calibrate(w->job, SAMPLE_SECONDS, &w->runs, &err);
    }
    if (status != STRIA_OK) {
        forget(w);
        return answer_failure(&err);
    }
    char kernels[2048];
    cli_job_kernels(w->job, kernels, sizeof kernels);
    cli_json *answer = cli_json_object();
    cli_json_set(answer, "ok", cli_json_integer(1));
    cli_json_set(answer, "note", cli_json_text(kernels));
    return cli_json_print(answer);
}

/* The samples of one round, while the lock is held. */
static stria_status take_samples(worker *w, double budget, cli_json *samples, stria_error *err)
{
    double seconds;
    int64_t switches;
    stria_status status = STRIA_OK;
    const uint64_t start = stria_context_now(w->context);
    if (!w->is_epoch) {
        status = cli_job_time(w->job, w->runs > 1 ? w->runs / 2 : 1, &seconds, &switches, err);
    }
    for (int i = 0; i < MOST_SAMPLES && status == STRIA_OK; i++) {
        if (i > 0 && (double)(stria_context_now(w->context) - start) * 1e-9 >= budget) {
            break;
        }
        status = cli_job_time(w->job, w->runs, &seconds, &switches, err);
        if (status == STRIA_OK) {
            cli_json *sample = cli_json_list();
            cli_json_append(sample, cli_json_number(seconds));
            cli_json_append(sample, cli_json_integer(switches));
            cli_json_append(samples, sample);
        }
    }
    return status;
}

static int time_round(worker *w, double budget)
{
    if (w->job == NULL) {
        return answer_error("error", "nothing is prepared");
    }
    while (flock(w->lock, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return answer_error("error", strerror(errno));
        }
    }
    stria_error err = {0};
    cli_json *samples = cli_json_list();
    const stria_status status = take_samples(w, budget, samples, &err);
    flock(w->lock, LOCK_UN);
    if (status != STRIA_OK) {
        cli_json_free(samples);
        return answer_failure(&err);
    }
    cli_json *answer = cli_json_object();
    cli_json_set(answer, "ok", cli_json_integer(1));
    cli_json_set(answer, "samples", samples);
    cli_json_set(answer, "inner", cli_json_integer(w->runs));
    return cli_json_print(answer);
}

static int answer(worker *w, const char *line)
{
    cli_json *request = cli_json_parse(line);
    const char *command = cli_json_as_text(cli_json_get(request, "cmd"));
    int status;
    if (command != NULL && strcmp(command, "prepare") == 0) {
        status = prepare(w, cli_json_get(request, "w"));
    } else if (command != NULL && strcmp(command, "round") == 0) {
        status = time_round(w, cli_json_as_number(cli_json_get(request, "budget"), 0));
    } else {
        status = answer_error("error", "the request is no prepare and no round");
    }
    cli_json_free(request);
    return status;
}

static int say_hello(const worker *w)
{
    char version[64];
    snprintf(version, sizeof version, "stria %s (%s)", stria_version(), stria_context_cpu(w->context));
    cli_json *hello = cli_json_object();
    cli_json_set(hello, "ok", cli_json_integer(1));
    cli_json_set(hello, "version", cli_json_text(version));
    return cli_json_print(hello);
}

int cli_bench_worker(int64_t threads, const char *cpu, const char *lock_path)
{
    int status = cli_json_check();
    if (status != CLI_DONE) {
        return status;
    }
    worker w = {.lock = open(lock_path, O_CREAT | O_RDWR | O_CLOEXEC, 0666)};
    if (w.lock < 0) {
        return cli_fail(CLI_ENVIRONMENT, "%s: %s", lock_path, strerror(errno));
    }
    char *line = NULL;
    size_t capacity = 0;
    status = cli_open_context(&w.context, threads, cpu);
    if (status == CLI_DONE) {
        status = say_hello(&w);
    }
    while (status == CLI_DONE && getline(&line, &capacity, stdin) >= 0) {
        status = answer(&w, line);
    }
    free(line);
    forget(&w);
    stria_context_free(w.context);
    close(w.lock);
    return status;
}

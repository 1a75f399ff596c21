/* Reading workloads and making them ready. See bench_workload.h. */
#include "bench_workload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

/* ---- The list ---- */

/* bench/workloads.json, with a zero behind it; the build makes it (cli/CMakeLists.txt). */
extern const unsigned char cli_embedded_workloads[];

#define LARGEST_FILE ((size_t)64 << 20)

/* The whole file with a zero behind it; NULL with errno set. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    char *bytes = NULL;
    size_t length = 0, capacity = 0;
    for (;;) {
        if (length + 1 >= capacity) {
            capacity = capacity == 0 ? 65536 : 2 * capacity;
            char *more = capacity <= LARGEST_FILE ? realloc(bytes, capacity) : NULL;
            if (more == NULL) {
                errno = capacity <= LARGEST_FILE ? ENOMEM : EFBIG;
                break;
            }
            bytes = more;
        }
        const size_t got = fread(bytes + length, 1, capacity - 1 - length, file);
        length += got;
        if (got == 0) {
            break;
        }
    }
    const bool complete = feof(file) != 0;
    const int error = errno;
    fclose(file);
    if (!complete) {
        free(bytes);
        errno = error;
        return NULL;
    }
    bytes[length] = '\0';
    return bytes;
}

int cli_workloads_read(cli_json **list, const char *path)
{
    if (path == NULL) {
        *list = cli_json_parse((const char *)cli_embedded_workloads);
        return *list != NULL ? CLI_DONE : cli_fail_memory();
    }
    char *bytes = read_file(path);
    if (bytes == NULL) {
        return cli_fail(errno == ENOMEM ? CLI_MEMORY : CLI_ENVIRONMENT, "%s: %s", path, strerror(errno));
    }
    *list = cli_json_parse(bytes);
    free(bytes);
    if (cli_workload_count(*list) == 0) {
        cli_json_free(*list);
        *list = NULL;
        return cli_fail(CLI_BAD_INPUT, "%s: not a list of workloads: no JSON object with \"workloads\"",
                        path);
    }
    return CLI_DONE;
}

size_t cli_workload_count(const cli_json *list)
{
    return cli_json_length(cli_json_get(list, "workloads"));
}

const cli_json *cli_workload_at(const cli_json *list, size_t index)
{
    return cli_json_at(cli_json_get(list, "workloads"), index);
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
    {"DepthwiseConv2D",
     "depthwise_conv2d",
     {"kernel_size", "strides", "dilation_rate"},
     {"depth_multiplier"},
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
        if (cli_json_get(layer, key) == NULL) {
            continue; /* the default */
        }
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

/* ---- Making ready ---- */

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

static stria_status refuse(stria_error *err, stria_status code, const char *message)
{
    err->code = code;
    snprintf(err->message, sizeof err->message, "%s", message);
    return code;
}

stria_status cli_workload_open(cli_workload *workload, stria_context *context, const cli_json *json,
                               stria_error *err)
{
    *workload = (cli_workload){.batch = cli_json_as_integer(cli_json_get(json, "batch"), 0)};
    const int64_t samples = cli_json_as_integer(cli_json_get(json, "samples"), 0);
    if (!find_mode(cli_json_as_text(cli_json_get(json, "mode")), &workload->mode)) {
        return refuse(err, STRIA_ERROR_UNSUPPORTED, "mode");
    }
    const bool is_epoch = workload->mode == CLI_JOB_TRAIN_EPOCH;
    if (workload->batch < 1 || (is_epoch && (samples < 1 || samples > INT32_MAX))) {
        return refuse(err, STRIA_ERROR_VALUE, "the workload has no batch or samples");
    }
    text network = {0};
    char why[128];
    if (!add_network(&network, json, is_epoch || workload->mode == CLI_JOB_TRAIN_STEP, why, sizeof why)) {
        free(network.bytes);
        return refuse(err, STRIA_ERROR_UNSUPPORTED, why);
    }
    stria_status status = network.failed ? refuse(err, STRIA_ERROR_MEMORY, "out of memory")
                                         : stria_model_parse(&workload->model, context, network.bytes,
                                                             network.length, NULL, err);
    free(network.bytes);
    if (status == STRIA_OK) {
        status = cli_job_create(&workload->job, context, workload->model, workload->mode, workload->batch,
                                samples, err);
    }
    return status;
}

void cli_workload_close(cli_workload *workload)
{
    cli_job_free(workload->job);
    stria_model_free(workload->model);
    workload->job = NULL;
    workload->model = NULL;
}

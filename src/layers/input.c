/* Input layers: where a model's pictures or signals come in. */
#include <string.h>

#include "base/error.h"
#include "layers/kinds.h"

typedef struct config {
    stria_shape shape;
} config;

static const stria_argument arguments[] = {
    {"shape", STRIA_ARG_SHAPE, offsetof(config, shape), NULL, 0, 0, NULL,
     "sizes of one sample without the batch, such as 28x28x1; ? is any size"},
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)inputs, (void)input_count, (void)err;
    const config *c = settings;
    facts->output = c->shape;
    return STRIA_OK;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    (void)call;
    needs->kernel = "";
}

/* The plan hands the caller's memory on: there is nothing to compute. */
static void nothing(const stria_layer_call *call)
{
    (void)call;
}

stria_status stria_shape_parse(stria_shape *result, const char *text, stria_error *err)
{
    config read = {0};
    char line[STRIA_SHAPE_TEXT_SIZE + 16];
    if (strlen(text) >= STRIA_SHAPE_TEXT_SIZE)
        return stria_fail(err, STRIA_ERROR_VALUE, "'%.40s...' is too long for sizes like 28x28x1", text);
    stria_format(line, sizeof line, "shape %s", text);
    STRIA_TRY(stria_arguments_read_text("shape", arguments, 1, line, &read, err));
    *result = read.shape;
    return STRIA_OK;
}

const stria_layer_kind stria_kind_input = {
    .name = "input",
    .aliases = "inputlayer",
    .keras_class = "InputLayer",
    .title = "Where samples come in.",
    .formula = "y = x",
    .example = "input 28x28x1",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 0,
    .max_inputs = 0,
    .shape = shape,
    .bind = bind,
    .forward = nothing,
    .backward = nothing,
};

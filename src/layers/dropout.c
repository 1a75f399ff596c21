/* Dropout (Srivastava et al., JMLR 2014), inverted: what is kept is scaled up while training, so that
 * inference is the identity. Which numbers are dropped is a function of seed, step, layer and element:
 * backward draws them again. */
#include "layers/epilogue.h"
#include "layers/kinds.h"

typedef struct config {
    double rate;
} config;

static const stria_argument arguments[] = {
    {"rate", STRIA_ARG_NUMBER, offsetof(config, rate), NULL, 0, 0.999999, NULL,
     "share of the numbers to drop"},
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)settings, (void)input_count, (void)err;
    facts->output = inputs[0];
    return STRIA_OK;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    needs->view = !call->training || !(c->rate > 0);
    needs->kernel = needs->view ? "" : "dropout";
}

static void forward(const stria_layer_call *call)
{
    const config *c = call->config;
    call->kernels->elementwise.dropout(&call->random, (float)c->rate, call->inputs[0], call->output,
                                       stria_call_output_count(call), call->pool);
}

static void backward(const stria_layer_call *call)
{
    const config *c = call->config;
    if (call->dinputs[0] != NULL)
        call->kernels->elementwise.dropout(&call->random, (float)c->rate, call->dy, call->dinputs[0],
                                           stria_call_output_count(call), call->pool);
}

const stria_layer_kind stria_kind_dropout = {
    .name = "dropout",
    .aliases = "",
    .keras_class = "Dropout",
    .onnx_operator = "Dropout",
    .title = "Drops a random share of the numbers while training.",
    .formula = "y = x / (1 - rate) with probability 1 - rate, else 0; at inference y = x",
    .example = "dropout 0.5",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = shape,
    .bind = bind,
    .forward = forward,
    .backward = backward,
};

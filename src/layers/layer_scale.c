/* Layer scale (Touvron et al., ICCV 2021), as ConvNeXt has it: a learned factor for each channel that starts
 * near zero, so that a residual branch starts out silent. */
#include <string.h>

#include "base/error.h"
#include "kernels/broadcast.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"

typedef struct config {
    double init_values;
} config;

typedef struct state {
    stria_broadcast gamma; /* x and gamma, which has no batch */
    size_t channels;
} state;

static const stria_argument arguments[] = {
    {"init_values", STRIA_ARG_NUMBER, offsetof(config, init_values), "1e-6", -1e6, 1e6, NULL,
     "first value of the factors"},
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    int64_t channels;
    STRIA_TRY(stria_require_channels(&inputs[0], "layer_scale", &channels, err));
    facts->output = inputs[0];
    facts->params[0] = (stria_param_spec){
        .name = "gamma",
        .shape = {1, {channels}},
        .initializer = {.kind = STRIA_CONSTANT, .parameters = {c->init_values}},
        .trainable = true,
    };
    facts->param_count = 1;
    return STRIA_OK;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const stria_shape *input = call->input_shapes[0];
    state *s = call->state;
    size_t x[STRIA_MAX_RANK], gamma[STRIA_MAX_RANK];
    for (int a = 0; a < input->rank; a++) {
        x[a] = (size_t)input->sizes[a];
        gamma[a] = a == input->rank - 1 ? x[a] : 1;
    }
    stria_broadcast_make(&s->gamma, input->rank, x, x, true, gamma, false);
    s->channels = stria_call_output_channels(call);
    needs->backward_reads_input = call->differentiates;
    needs->backward_in_place = true;
    needs->scratch = call->differentiates ? 2 * s->channels : 0;
    needs->kernel = "scale";
}

static void multiply(const stria_layer_call *call, const float *x, float *y)
{
    const state *s = call->state;
    stria_broadcast_apply(call->kernels, STRIA_BROADCAST_MULTIPLY, &s->gamma, call->batch, x, call->params[0],
                          y, call->pool);
}

static void forward(const stria_layer_call *call)
{
    multiply(call, call->inputs[0], call->output);
}

static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    if (call->dparams[0] != NULL) {
        const stria_column_gradient gradient = {.dy = call->dy,
                                                .x = call->inputs[0],
                                                .rows = stria_call_output_count(call) / s->channels,
                                                .columns = s->channels};
        float *zeros = call->scratch, *sums = zeros + s->channels;
        memset(zeros, 0, s->channels * sizeof *zeros);
        call->kernels->reduce.column_products(&gradient, zeros, sums, call->dparams[0], call->pool);
    }
    if (call->dinputs[0] != NULL)
        multiply(call, call->dy, call->dinputs[0]);
}

/* For a layer before it that takes it over. */
static void scale(const stria_layer_call *call, size_t channel, double *factor, double *shift)
{
    *factor = (double)call->params[0][channel];
    *shift = 0;
}

const stria_layer_kind stria_kind_layer_scale = {
    .name = "layer_scale",
    .aliases = "",
    .keras_class = "LayerScale",
    .onnx_operator = "Mul",
    .title = "A learned factor for each channel, near zero at first (ConvNeXt).",
    .formula = "y = gamma * x",
    .example = "layer_scale",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(state),
    .shape = shape,
    .bind = bind,
    .forward = forward,
    .backward = backward,
    .part = STRIA_PART_SCALING,
    .scale = scale,
};

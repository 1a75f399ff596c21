/* PReLU (He et al., ICCV 2015): a learned slope below zero for each position, or for all that share it. */
#include "base/error.h"
#include "kernels/broadcast.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "layers/params.h"
#include "tensor/shape.h"

typedef struct config {
    stria_param_config alpha;
    stria_sizes shared_axes; /* count 0: none */
} config;

typedef struct state {
    stria_broadcast alpha; /* x and alpha, which has no batch */
    stria_broadcast whole; /* x and what is like it */
} state;

static const stria_argument arguments[] = {
    STRIA_PARAM_ARGUMENTS(config, "alpha", alpha, "zeros", "the slopes"),
    {"shared_axes", STRIA_ARG_SIZES, offsetof(config, shared_axes), "", 1, STRIA_MAX_RANK, NULL,
     "axes along which one slope holds, such as 1,2 for one slope per channel of a picture"},
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    stria_shape alpha = inputs[0];
    for (int i = 0; i < c->shared_axes.count; i++) {
        int axis;
        STRIA_TRY(stria_find_axis(c->shared_axes.values[i], &inputs[0], "prelu", &axis, err));
        alpha.sizes[axis] = 1;
    }
    for (int a = 0; a < alpha.rank; a++)
        if (alpha.sizes[a] == STRIA_ANY_SIZE) {
            char text[STRIA_SHAPE_TEXT_SIZE];
            return stria_fail(
                err, STRIA_ERROR_SHAPE,
                "prelu has a slope for each position, and its input is %s; share the open axes, "
                "as in shared_axes=1,2",
                stria_shape_text(&inputs[0], text, sizeof text));
        }
    facts->output = inputs[0];
    facts->params[0] = stria_param("alpha", alpha, &c->alpha);
    facts->param_count = 1;
    return STRIA_OK;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    const stria_shape *shape_of_x = call->input_shapes[0];
    state *s = call->state;
    size_t x[STRIA_MAX_RANK], alpha[STRIA_MAX_RANK];
    for (int a = 0; a < shape_of_x->rank; a++)
        x[a] = alpha[a] = (size_t)shape_of_x->sizes[a];
    for (int i = 0; i < c->shared_axes.count; i++)
        alpha[c->shared_axes.values[i] - 1] = 1;
    stria_broadcast_make(&s->alpha, shape_of_x->rank, x, x, true, alpha, false);
    stria_broadcast_make(&s->whole, shape_of_x->rank, x, x, true, x, true);
    needs->backward_reads_input = call->differentiates;
    needs->backward_in_place = true;
    needs->scratch = call->differentiates ? stria_call_output_count(call) : 0;
    needs->kernel = "prelu";
}

static void forward(const stria_layer_call *call)
{
    const state *s = call->state;
    stria_broadcast_apply(call->kernels, STRIA_BROADCAST_PRELU, &s->alpha, call->batch, call->inputs[0],
                          call->params[0], call->output, call->pool);
}

/* dalpha is the sum of dy * x where x < 0; dx is dy times the slope, which is 0 at 0. */
static void backward(const stria_layer_call *call)
{
    const state *s = call->state;
    if (call->dparams[0] != NULL) {
        stria_broadcast_apply(call->kernels, STRIA_BROADCAST_NEGATIVE_PRODUCT, &s->whole, call->batch,
                              call->inputs[0], call->dy, call->scratch, call->pool);
        stria_broadcast_sum(call->kernels, &s->alpha, call->batch, call->scratch, call->dparams[0],
                            call->pool);
    }
    if (call->dinputs[0] == NULL)
        return;
    stria_broadcast_apply(call->kernels, STRIA_BROADCAST_PRELU_SLOPE, &s->alpha, call->batch, call->inputs[0],
                          call->params[0], call->scratch, call->pool);
    call->kernels->elementwise.multiply(call->scratch, call->dy, call->dinputs[0],
                                        stria_call_output_count(call), call->pool);
}

const stria_layer_kind stria_kind_prelu = {
    .name = "prelu",
    .aliases = "p_re_lu",
    .keras_class = "PReLU",
    .onnx_operator = "PRelu",
    .title = "A learned slope below zero, for each position or shared along some axes.",
    .formula = "y = x > 0 ? x : alpha * x",
    .example = "prelu shared_axes=1,2",
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
};

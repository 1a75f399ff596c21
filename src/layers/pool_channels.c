/* Depth pooling: the maximum, minimum or average of neighbouring channels, at every position by itself. A
 * network learns with it to be invariant to anything, as it does to small shifts with pooling over windows
 * (Géron, "Hands-On Machine Learning", chapter on convolutional networks). */
#include "base/error.h"
#include "kernels/middle.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"

typedef struct config {
    int64_t pool_size;
    int function;
} config;

static const stria_pool_kind functions[] = {STRIA_POOL_MAX, STRIA_POOL_AVERAGE, STRIA_POOL_MIN};

static const stria_argument arguments[] = {
    {"pool_size", STRIA_ARG_INTEGER, offsetof(config, pool_size), "2", 1, (double)(1 << 30), NULL,
     "channels of a group; divides the channels of the input"},
    {"function", STRIA_ARG_WORD, offsetof(config, function), "max", 0, 0, "max average min",
     "what is taken of each group"},
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)input_count;
    const config *c = settings;
    int64_t channels;
    STRIA_TRY(stria_require_channels(&inputs[0], "depth_pool", &channels, err));
    if (channels % c->pool_size != 0)
        return stria_fail(
            err, STRIA_ERROR_SHAPE,
            "groups of %lld channels do not fill the input's %lld: %lld = %lld * %lld + %lld; use a "
            "pool_size that divides it",
            (long long)c->pool_size, (long long)channels, (long long)channels,
            (long long)(channels / c->pool_size), (long long)c->pool_size,
            (long long)(channels % c->pool_size));
    facts->output = inputs[0];
    facts->output.sizes[inputs[0].rank - 1] = channels / c->pool_size;
    return STRIA_OK;
}

static stria_pool_kind kind_of(const stria_layer_call *call)
{
    const config *c = call->config;
    return functions[c->function];
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    bool average = kind_of(call) == STRIA_POOL_AVERAGE;
    needs->backward_reads_input = !average;
    needs->backward_reads_output = !average;
    needs->backward_keeps_dy = true;
    needs->kernel = "depth pool";
}

/* Each group is a middle axis on its own. */
static stria_middle middle_of(const stria_layer_call *call)
{
    const config *c = call->config;
    return (stria_middle){stria_call_output_count(call), (size_t)c->pool_size, 1};
}

static void forward(const stria_layer_call *call)
{
    const stria_middle middle = middle_of(call);
    stria_middle_pool(kind_of(call), &middle, call->inputs[0], call->output, call->pool);
}

static void backward(const stria_layer_call *call)
{
    const stria_middle middle = middle_of(call);
    if (call->dinputs[0] != NULL)
        stria_middle_pool_gradient(kind_of(call), &middle, call->inputs[0], call->output, call->dy,
                                   call->dinputs[0], call->pool);
}

const stria_layer_kind stria_kind_depth_pool = {
    .name = "depth_pool",
    .aliases = "",
    .keras_class = "DepthPool",
    .title = "The largest, smallest or average value of neighbouring channels (Keras has no such layer).",
    .formula = "y[...,c] = max over k of x[...,c*pool_size + k]\n"
               "equal values share the gradient evenly",
    .example = "depth_pool 2",
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

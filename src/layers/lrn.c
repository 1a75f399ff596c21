/* Local response normalisation across channels (Krizhevsky et al., "ImageNet classification with deep
 * convolutional neural networks", NIPS 2012, section 3.3), with the defaults of TensorFlow's operator. */
#include "base/error.h"
#include "kernels/response.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"

typedef struct config {
    int64_t depth_radius;
    double bias, alpha, beta;
} config;

static const stria_argument arguments[] = {
    {"depth_radius", STRIA_ARG_INTEGER, offsetof(config, depth_radius), "5", 0, 1e6, NULL,
     "channels on either side that count"},
    {"bias", STRIA_ARG_NUMBER, offsetof(config, bias), "1", 0, 0, NULL, "added to the sum of squares"},
    {"alpha", STRIA_ARG_NUMBER, offsetof(config, alpha), "1", 0, 0, NULL,
     "factor of each square; Caffe's and ONNX's alpha is this times the window, 2 * depth_radius + 1"},
    {"beta", STRIA_ARG_NUMBER, offsetof(config, beta), "0.5", 0, 0, NULL, "exponent"},
};

static stria_status shape(const void *settings, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err)
{
    (void)settings;
    (void)input_count;
    (void)err;
    facts->output = inputs[0];
    return STRIA_OK;
}

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    *(stria_response *)call->state = (stria_response){.radius = (size_t)c->depth_radius,
                                                      .bias = (float)c->bias,
                                                      .alpha = (float)c->alpha,
                                                      .beta = (float)c->beta};
    needs->scratch = call->differentiates ? stria_call_output_count(call) : 0;
    needs->backward_reads_input = call->differentiates;
    needs->backward_in_place = true;
    needs->kernel = "neighbours";
}

static void forward(const stria_layer_call *call)
{
    const size_t channels = stria_call_output_channels(call);
    stria_response_normalize(call->state, call->inputs[0], stria_call_output_count(call) / channels, channels,
                             call->output, call->pool);
}

static void backward(const stria_layer_call *call)
{
    const size_t channels = stria_call_output_channels(call);
    if (call->dinputs[0] != NULL)
        stria_response_normalize_gradient(call->state, call->inputs[0], call->dy,
                                          stria_call_output_count(call) / channels, channels,
                                          call->dinputs[0], call->scratch, call->pool);
}

const stria_layer_kind stria_kind_lrn = {
    .name = "lrn",
    .aliases = "local_response_normalization",
    .keras_class = "LRN",
    .onnx_operator = "LRN",
    .title = "Each number against the squares of its neighbour channels (Keras has no such layer).",
    .formula = "y[c] = x[c] / (bias + alpha * sum of x[d]^2)^beta, |d - c| <= depth_radius\n"
               "AlexNet (2012): depth_radius 2, bias 2, alpha 1e-4, beta 0.75",
    .example = "lrn 2 bias=2 alpha=1e-4 beta=0.75",
    .config_size = sizeof(config),
    .arguments = arguments,
    .argument_count = sizeof arguments / sizeof arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .state_size = sizeof(stria_response),
    .shape = shape,
    .bind = bind,
    .forward = forward,
    .backward = backward,
};

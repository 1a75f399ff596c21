/* Gaussian noise, added or multiplied, as a regulariser: active in training only. */
#include <math.h>
#include <string.h>

#include "kernels/noise.h"
#include "layers/epilogue.h"
#include "layers/kinds.h"
#include "layers/random.h"

typedef struct config {
    double amount; /* the deviation, or the rate */
    int64_t seed;
} config;

static const stria_argument noise_arguments[] = {
    {"stddev", STRIA_ARG_NUMBER, offsetof(config, amount), NULL, 0, 1e30, NULL,
     "standard deviation of what is added"},
    STRIA_SEED_ARGUMENT(config),
};

static const stria_argument dropout_arguments[] = {
    {"rate", STRIA_ARG_NUMBER, offsetof(config, amount), NULL, 0, 0.999999, NULL,
     "of the dropout whose variance the factors have"},
    STRIA_SEED_ARGUMENT(config),
};

static void bind(stria_layer_call *call, stria_layer_needs *needs)
{
    const config *c = call->config;
    stria_random_bind(call, c->seed, STRIA_RANDOM_DROPOUT);
    needs->view = !call->training || !(c->amount > 0);
    needs->backward_in_place = true;
    needs->kernel = needs->view ? "" : "noise";
}

static void noise_forward(const stria_layer_call *call)
{
    const config *c = call->config;
    stria_noise_add(&call->random, c->amount, call->inputs[0], call->output, stria_call_output_count(call),
                    call->pool);
}

static void noise_backward(const stria_layer_call *call)
{
    if (call->dinputs[0] != NULL && call->dinputs[0] != call->dy)
        memcpy(call->dinputs[0], call->dy, stria_call_output_count(call) * sizeof(float));
}

const stria_layer_kind stria_kind_gaussian_noise = {
    .name = "gaussian_noise",
    .aliases = "",
    .keras_class = "GaussianNoise",
    .title = "Adds normal noise while training.",
    .formula = "y = x + stddev * normal; at inference y = x",
    .example = "gaussian_noise 0.1",
    .config_size = sizeof(config),
    .arguments = noise_arguments,
    .argument_count = sizeof noise_arguments / sizeof noise_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = stria_same_shape,
    .bind = bind,
    .forward = noise_forward,
    .backward = noise_backward,
};

/* Srivastava et al. 2014, section 10: factors of mean 1 and the variance rate / (1 - rate) of dropout's. */
static double deviation(const stria_layer_call *call)
{
    const config *c = call->config;
    return sqrt(c->amount / (1.0 - c->amount));
}

static void dropout_forward(const stria_layer_call *call)
{
    stria_noise_multiply(&call->random, deviation(call), call->inputs[0], call->output,
                         stria_call_output_count(call), call->pool);
}

static void dropout_backward(const stria_layer_call *call)
{
    if (call->dinputs[0] != NULL)
        stria_noise_multiply(&call->random, deviation(call), call->dy, call->dinputs[0],
                             stria_call_output_count(call), call->pool);
}

const stria_layer_kind stria_kind_gaussian_dropout = {
    .name = "gaussian_dropout",
    .aliases = "",
    .keras_class = "GaussianDropout",
    .title = "Multiplies by normal factors around 1 while training.",
    .formula = "y = x * (1 + sqrt(rate / (1 - rate)) * normal); at inference y = x",
    .example = "gaussian_dropout 0.3",
    .config_size = sizeof(config),
    .arguments = dropout_arguments,
    .argument_count = sizeof dropout_arguments / sizeof dropout_arguments[0],
    .min_inputs = 1,
    .max_inputs = 1,
    .shape = stria_same_shape,
    .bind = bind,
    .forward = dropout_forward,
    .backward = dropout_backward,
};

/* What layers that multiply by a kernel share (convolutions of every sort, dense): the arguments about their
 * parameters, and packing, forward and backward through the convolution kernels. Such a layer resolves its
 * geometry and leaves the rest to these functions. */
#ifndef STRIA_LAYERS_WEIGHTED_H
#define STRIA_LAYERS_WEIGHTED_H

#include "layers/params.h"

/* ---- Arguments and parameters ---- */

/* What the rows below fill; a member `weights` of the kind's config. */
typedef struct stria_weighted_config {
    stria_activation activation;
    bool use_bias;
    stria_param_config kernel, bias;
    stria_regularizer activity_regularizer;
} stria_weighted_config;

/* The rows that every weighted kind's table ends with. `name` is what Keras calls the
 * kernel in their names: "kernel" or "depthwise". */
/* clang-format off */
#define STRIA_WEIGHTED_ARGUMENTS(config, name)                                                               \
    STRIA_WEIGHTED_SUM_ARGUMENTS(config),                                                                    \
    STRIA_PARAM_ARGUMENTS(config, name, weights.kernel, "glorot_uniform", "the kernel"),                     \
    STRIA_WEIGHTED_BIAS_ARGUMENTS(config)

/* Those before and behind the rows about kernels, for kinds with several. */
#define STRIA_WEIGHTED_SUM_ARGUMENTS(config)                                                                 \
    {"activation", STRIA_ARG_ACTIVATION, offsetof(config, weights.activation), "linear", 0, 0, NULL,         \
     "function applied to every output"},                                                                    \
    {"use_bias", STRIA_ARG_BOOLEAN, offsetof(config, weights.use_bias), "yes", 0, 0, NULL,                   \
     "add one number for each channel of the output"}
#define STRIA_WEIGHTED_BIAS_ARGUMENTS(config)                                                                \
    STRIA_PARAM_ARGUMENTS(config, "bias", weights.bias, "zeros", "the bias"),                                \
    STRIA_ACTIVITY_ARGUMENT(config, weights.activity_regularizer)
/* clang-format on */

/* Names the parameters and the penalty on the output: a kernel of `shape` and, where it is used, a bias of
 * `filters` numbers. */
void stria_weighted_params(const stria_weighted_config *config, const stria_shape *shape, int64_t filters,
                           stria_layer_facts *facts);

/* Multiply-adds of one sample: those of the kernel at every one of the outputs (or inputs) [spatial..., C]
 * given; -1 when a size is open. Errors: LIMIT above 2^63. */
stria_status stria_weighted_macs(const stria_shape *kernel, const stria_shape *at, int64_t *macs,
                                 stria_error *err);

/* ---- Running ---- */

/* The state of such a layer. Down to `collect`, it is set before stria_weighted_bind. */
typedef struct stria_weighted {
    stria_conv_shape shape;
    bool transposed; /* forward is the input gradient of the convolution that `shape` tells of */
    size_t samples;  /* pictures the kernel sees for each sample: 1, or the leading sizes of a dense layer's
                        input */
    stria_activation activation;
    /* For a parameter that is not laid out as the convolution's kernel: makes the kernel of it, and its
     * gradient of the kernel's. NULL: it is the kernel. */
    void (*spread)(const stria_layer_call *call, const float *param, float *kernel);
    void (*collect)(const stria_layer_call *call, const float *dkernel, float *dparam);
    size_t backward_at; /* floats into packed, where the layout for the input's gradient starts */
    size_t kernel_at;   /* floats into scratch, where the gradient to be collected starts */
    size_t sum_at;      /* floats into saved, where the sum before the activation starts */
    size_t bias_at;     /* floats into packed, where the bias starts that a taken scaling is folded into */
    bool packs_backward, keeps_copy, saves_sum;
} stria_weighted;

/* The parts that the functions below take from layers behind. */
#define STRIA_WEIGHTED_TAKES             (STRIA_PART_SCALING | STRIA_PART_SUM | STRIA_PART_ACTIVATION | STRIA_PART_CURVED)
#define STRIA_WEIGHTED_TAKES_IN_TRAINING (STRIA_PART_ACTIVATION | STRIA_PART_CURVED | STRIA_PART_SELECTION)

void stria_weighted_bind(stria_layer_call *call, stria_weighted *state, stria_layer_needs *needs);
void stria_weighted_pack(const stria_layer_call *call);
void stria_weighted_forward(const stria_layer_call *call);
void stria_weighted_backward(const stria_layer_call *call);

#endif

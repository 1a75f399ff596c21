/* The functions that arguments can name, with Keras 3's parameters and defaults. What they compute:
 * activations in the kernels, initializers in initializers.c, regularizers and constraints in training. */
#include <float.h>

#include "layers/arguments.h"
#include "layers/functions.h"

#define NUMBER(name, default_value, minimum, maximum)                                                        \
    {                                                                                                        \
        name, STRIA_PARAMETER_NUMBER, default_value, minimum, maximum, NULL                                  \
    }
/* A list and its end: most functions have none, and a fixed length would make the tables five times larger.
 */
#define PARAMETERS(...)                                                                                      \
    (const stria_parameter[])                                                                                \
    {                                                                                                        \
        __VA_ARGS__,                                                                                         \
        {                                                                                                    \
            .name = NULL                                                                                     \
        }                                                                                                    \
    }
#define LARGEST    ((double)FLT_MAX)
#define COUNT(set) (sizeof(set) / sizeof((set)[0]))

static const stria_function activations[STRIA_ACTIVATION_COUNT] = {
    [STRIA_LINEAR] = {.name = "linear", .help = "x"},
    [STRIA_RELU] = {.name = "relu", .help = "max(x, 0)"},
    [STRIA_RELU6] = {.name = "relu6", .help = "min(max(x, 0), 6)"},
    [STRIA_LEAKY_RELU] = {.name = "leaky_relu",
                          .help = "x > 0 ? x : negative_slope * x",
                          .parameters = PARAMETERS(NUMBER("negative_slope", "0.2", 0, 1e6))},
    [STRIA_ELU] = {.name = "elu",
                   .help = "x > 0 ? x : alpha * (e^x - 1)",
                   .parameters = PARAMETERS(NUMBER("alpha", "1", 0, 1e6))},
    [STRIA_SELU] = {.name = "selu", .help = "1.0507 (x > 0 ? x : 1.6733 (e^x - 1))"},
    [STRIA_TANH] = {.name = "tanh", .help = "(e^x - e^-x)/(e^x + e^-x)"},
    [STRIA_SIGMOID] = {.name = "sigmoid", .help = "1/(1 + e^-x)"},
    [STRIA_HARD_SIGMOID] = {.name = "hard_sigmoid", .help = "relu6(x + 3)/6"},
    [STRIA_HARD_SWISH] = {.name = "hard_swish", .aliases = "hard_silu", .help = "x * hard_sigmoid(x)"},
    [STRIA_SOFTPLUS] = {.name = "softplus", .help = "ln(1 + e^x)"},
    [STRIA_SOFTSIGN] = {.name = "softsign", .help = "x/(1 + |x|)"},
    [STRIA_SILU] = {.name = "silu", .aliases = "swish", .help = "x * sigmoid(x)"},
    [STRIA_GELU] = {.name = "gelu", .help = "x (1 + erf(x/sqrt 2))/2"},
    [STRIA_MISH] = {.name = "mish", .help = "x * tanh(softplus(x))"},
    [STRIA_EXPONENTIAL] = {.name = "exponential", .help = "e^x"},
    [STRIA_LECUN_TANH] = {.name = "lecun_tanh", .help = "1.7159 tanh(2x/3), LeNet-5's"},
    [STRIA_GELU_TANH] = {.name = "gelu_tanh",
                         .help = "gelu, approximately: x * sigmoid(1.5958 (x + 0.044715 x^3))"},
    [STRIA_CELU] = {.name = "celu",
                    .help = "x > 0 ? x : alpha * (e^(x/alpha) - 1)",
                    .parameters = PARAMETERS(NUMBER("alpha", "1", 1e-6, 1e6))},
    [STRIA_LOG_SIGMOID] = {.name = "log_sigmoid", .help = "ln(sigmoid(x))"},
    [STRIA_HARD_TANH] = {.name = "hard_tanh", .help = "min(max(x, -1), 1)"},
    [STRIA_HARD_SHRINK] = {.name = "hard_shrink",
                           .help = "|x| > threshold ? x : 0",
                           .parameters = PARAMETERS(NUMBER("threshold", "0.5", 0, 1e6))},
    [STRIA_SOFT_SHRINK] = {.name = "soft_shrink",
                           .help = "|x| > threshold ? x - threshold * sign(x) : 0",
                           .parameters = PARAMETERS(NUMBER("threshold", "0.5", 0, 1e6))},
    [STRIA_TANH_SHRINK] = {.name = "tanh_shrink", .help = "x - tanh(x)"},
    [STRIA_THRESHOLD] = {.name = "threshold",
                         .help = "x > threshold ? x : default_value",
                         .parameters = PARAMETERS(NUMBER("threshold", "0", -LARGEST, LARGEST),
                                                  NUMBER("default_value", "0", -LARGEST, LARGEST))},
    [STRIA_CLIPPED_RELU] = {.name = "clipped_relu",
                            .help = "x > threshold ? min(x, max_value) : negative_slope * (x - threshold)",
                            .parameters = PARAMETERS(NUMBER("negative_slope", "0", 0, 1e6),
                                                     NUMBER("max_value", "1e38", 0, LARGEST),
                                                     NUMBER("threshold", "0", 0, LARGEST))},
    [STRIA_SPARSE_PLUS] = {.name = "sparse_plus", .help = "x <= -1 ? 0 : x < 1 ? (x + 1)^2/4 : x"},
    [STRIA_SPARSE_SIGMOID] = {.name = "sparse_sigmoid", .help = "min(max((x + 1)/2, 0), 1)"},
    [STRIA_SQUAREPLUS] = {.name = "squareplus",
                          .help = "(x + sqrt(x^2 + b))/2",
                          .parameters = PARAMETERS(NUMBER("b", "4", 0, LARGEST))},
    [STRIA_SOFTMAX] = {.name = "softmax", .help = "e^x / sum of e^x over the last axis"},
    [STRIA_LOG_SOFTMAX] = {.name = "log_softmax", .help = "ln(softmax(x)) over the last axis"},
    [STRIA_SPARSEMAX] = {.name = "sparsemax", .help = "max(x - t, 0), t such that the last axis sums to 1"},
    [STRIA_GLU] = {.name = "glu", .help = "x[:n/2] * sigmoid(x[n/2:]), which halves the last axis"},
};

const stria_function_family stria_activation_functions = {
    .name = "activation",
    .example = "an activation such as relu or leaky_relu(0.1) (see 'stria help activation')",
    .functions = activations,
    .count = COUNT(activations),
    .aliases_are_words = true,
};

static const stria_function initializers[STRIA_INITIALIZER_COUNT] = {
    [STRIA_GLOROT_UNIFORM] = {.name = "glorot_uniform",
                              .aliases = "xavier_uniform",
                              .help = "uniform, variance 2/(fan_in + fan_out)"},
    [STRIA_GLOROT_NORMAL] = {.name = "glorot_normal",
                             .aliases = "xavier_normal",
                             .help = "normal cut at 2 deviations, variance 2/(fan_in + fan_out)"},
    [STRIA_HE_UNIFORM] = {.name = "he_uniform", .help = "uniform, variance 2/fan_in"},
    [STRIA_HE_NORMAL] = {.name = "he_normal", .help = "normal cut at 2 deviations, variance 2/fan_in"},
    [STRIA_LECUN_UNIFORM] = {.name = "lecun_uniform", .help = "uniform, variance 1/fan_in"},
    [STRIA_LECUN_NORMAL] = {.name = "lecun_normal", .help = "normal cut at 2 deviations, variance 1/fan_in"},
    [STRIA_RANDOM_UNIFORM] = {.name = "random_uniform",
                              .aliases = "uniform",
                              .help = "uniform from minval up to maxval",
                              .parameters = PARAMETERS(NUMBER("minval", "-0.05", -LARGEST, LARGEST),
                                                       NUMBER("maxval", "0.05", -LARGEST, LARGEST))},
    [STRIA_RANDOM_NORMAL] = {.name = "random_normal",
                             .aliases = "normal",
                             .help = "normal",
                             .parameters = PARAMETERS(NUMBER("mean", "0", -LARGEST, LARGEST),
                                                      NUMBER("stddev", "0.05", 0, LARGEST))},
    [STRIA_TRUNCATED_NORMAL] = {.name = "truncated_normal",
                                .help = "normal, drawn anew beyond 2 stddev: the deviation is 0.88 stddev",
                                .parameters = PARAMETERS(NUMBER("mean", "0", -LARGEST, LARGEST),
                                                         NUMBER("stddev", "0.05", 0, LARGEST))},
    [STRIA_VARIANCE_SCALING] =
        {.name = "variance_scaling",
         .help = "variance scale/fan; what a normal distribution loses by the cut is made up for",
         .parameters = PARAMETERS(NUMBER("scale", "1", 1e-30, LARGEST),
                                  {"mode", STRIA_PARAMETER_WORD, "fan_in", 0, 0, "fan_in fan_out fan_avg"},
                                  {"distribution", STRIA_PARAMETER_WORD, "truncated_normal", 0, 0,
                                   "truncated_normal normal untruncated_normal uniform"})},
    [STRIA_ORTHOGONAL] = {.name = "orthogonal",
                          .aliases = "orthogonal_initializer",
                          .help = "gain * a random matrix of orthonormal columns, or rows if those are fewer",
                          .parameters = PARAMETERS(NUMBER("gain", "1", -LARGEST, LARGEST))},
    [STRIA_IDENTITY] = {.name = "identity",
                        .aliases = "identity_initializer",
                        .help = "gain on the diagonal of a matrix, else 0",
                        .parameters = PARAMETERS(NUMBER("gain", "1", -LARGEST, LARGEST))},
    [STRIA_CONSTANT] = {.name = "constant",
                        .help = "value",
                        .parameters = PARAMETERS(NUMBER("value", "0", -LARGEST, LARGEST))},
    [STRIA_ZEROS] = {.name = "zeros", .aliases = "zero", .help = "0"},
    [STRIA_ONES] = {.name = "ones", .aliases = "one", .help = "1"},
};

const stria_function_family stria_initializer_functions = {
    .name = "initializer",
    .example = "an initializer such as glorot_uniform, he_normal, random_normal(0, 0.02), zeros or ones",
    .functions = initializers,
    .count = COUNT(initializers),
};

static const stria_function regularizers[STRIA_REGULARIZER_COUNT] = {
    [STRIA_REGULARIZER_NONE] = {.name = "none", .help = "0"},
    [STRIA_L1] = {.name = "l1",
                  .help = "l1 * sum of |w|",
                  .parameters = PARAMETERS(NUMBER("l1", "0.01", 0, LARGEST))},
    [STRIA_L2] = {.name = "l2",
                  .help = "l2 * sum of w^2",
                  .parameters = PARAMETERS(NUMBER("l2", "0.01", 0, LARGEST))},
    [STRIA_L1_L2] = {.name = "l1_l2",
                     .help = "l1 * sum of |w| + l2 * sum of w^2",
                     .parameters = PARAMETERS(NUMBER("l1", "0", 0, LARGEST), NUMBER("l2", "0", 0, LARGEST))},
    [STRIA_ORTHOGONAL_REGULARIZER] =
        {.name = "orthogonal_regularizer",
         .help = "factor * mean of |cosine| of all pairs of rows, or columns, of a matrix",
         .parameters = PARAMETERS(NUMBER("factor", "0.01", 0, LARGEST),
                                  {"mode", STRIA_PARAMETER_WORD, "rows", 0, 0, "rows columns"})},
};

const stria_function_family stria_regularizer_functions = {
    .name = "regularizer",
    .example = "a regularizer: l1(0.01), l2(0.01), l1_l2(0.01, 0.01), orthogonal_regularizer(0.01) or none",
    .functions = regularizers,
    .count = COUNT(regularizers),
    .optional = true,
};

#define AXIS                                                                                                 \
    {                                                                                                        \
        "axis", STRIA_PARAMETER_AXES, "0", 0, 0, NULL                                                        \
    }

static const stria_function constraints[STRIA_CONSTRAINT_COUNT] = {
    [STRIA_CONSTRAINT_NONE] = {.name = "none", .help = "w"},
    [STRIA_MAX_NORM] = {.name = "max_norm",
                        .help = "w * min(norm, max_value) / (norm + 1e-7), norm over the axes",
                        .parameters = PARAMETERS(NUMBER("max_value", "2", 0, LARGEST), AXIS)},
    [STRIA_MIN_MAX_NORM] = {.name = "min_max_norm",
                            .help = "w * (rate * clip(norm) + (1 - rate) * norm) / (norm + 1e-7)",
                            .parameters = PARAMETERS(NUMBER("min_value", "0", 0, LARGEST),
                                                     NUMBER("max_value", "1", 0, LARGEST),
                                                     NUMBER("rate", "1", 0, 1), AXIS)},
    [STRIA_NON_NEG] = {.name = "non_neg", .aliases = "non_negative", .help = "max(w, 0)"},
    [STRIA_UNIT_NORM] = {.name = "unit_norm",
                         .help = "w / (norm + 1e-7), norm over the axes",
                         .parameters = PARAMETERS(AXIS)},
};

const stria_function_family stria_constraint_functions = {
    .name = "constraint",
    .example = "a constraint: max_norm(2), min_max_norm(0, 1), non_neg, unit_norm or none",
    .functions = constraints,
    .count = COUNT(constraints),
    .optional = true,
};

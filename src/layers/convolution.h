/* What the convolution layers of one, two and three dimensions share: their arguments, their shape rule and
 * how they bind. A signal is bound as a picture of height 1, a picture as a volume of depth 1, so every kind
 * runs on the same kernels. */
#ifndef STRIA_LAYERS_CONVOLUTION_H
#define STRIA_LAYERS_CONVOLUTION_H

#include "layers/geometry.h"
#include "layers/kinds.h"
#include "layers/weighted.h"

/* Of all kinds; each has its own arguments in it, the others stay 0. */
typedef struct stria_convolution {
    int64_t filters, groups, depth_multiplier;
    stria_sizes kernel_size, strides, dilation_rate, output_padding;
    stria_padding padding;
    bool flip_kernel;
    stria_weighted_config weights;
    stria_param_config pointwise;
} stria_convolution;

#define STRIA_LARGEST_SETTING ((double)(1 << 30))

/* What the window is called in the help of 1, 2 and 3 dimensions. */
#define STRIA_WINDOW_1D "length of the window"
#define STRIA_WINDOW_2D "rows x columns of the window; one number for both"
#define STRIA_WINDOW_3D "planes x rows x columns of the window; one number for all"

/* Rows of argument tables, in Keras's order. `window` is one of the above, `modes` the words of padding. */
/* clang-format off */
#define STRIA_FILTERS_ARGUMENT                                                                               \
    {"filters", STRIA_ARG_INTEGER, offsetof(stria_convolution, filters), NULL, 1, STRIA_LARGEST_SETTING,     \
     NULL, "number of feature maps"}
#define STRIA_WINDOW_ARGUMENTS(window, modes)                                                                \
    {"kernel_size", STRIA_ARG_SIZES, offsetof(stria_convolution, kernel_size), NULL, 1,                      \
     STRIA_LARGEST_SETTING, NULL, window},                                                                   \
    {"strides", STRIA_ARG_SIZES, offsetof(stria_convolution, strides), "1", 1, STRIA_LARGEST_SETTING, NULL,  \
     "how far the window moves at each step"},                                                               \
    {"padding", STRIA_ARG_PADDING, offsetof(stria_convolution, padding), "valid", 0, STRIA_LARGEST_SETTING,  \
     modes, "zeros around the input: valid (none), same, or numbers"}
#define STRIA_DILATION_ARGUMENT                                                                              \
    {"dilation_rate", STRIA_ARG_SIZES, offsetof(stria_convolution, dilation_rate), "1", 1,                   \
     STRIA_LARGEST_SETTING, NULL, "distance between the taps of the window"}
#define STRIA_MULTIPLIER_ARGUMENT                                                                            \
    {"depth_multiplier", STRIA_ARG_INTEGER, offsetof(stria_convolution, depth_multiplier), "1", 1,           \
     STRIA_LARGEST_SETTING, NULL, "filters of each channel"}
/* clang-format on */

/* Checks that the input is of `axes` axes with known channels, which are stored. `kind` is for messages. */
stria_status stria_convolution_input(const stria_shape *input, int axes, const char *kind, int64_t *channels,
                                     stria_error *err);

/* Refuses strides and dilation above 1 together, as Keras does. */
stria_status stria_convolution_steps(const stria_convolution *c, stria_error *err);

/* Output and receptive field of a window over `input` that makes `filters` channels, and its kernel
 * [sizes..., depth, width] and bias as the parameters. */
stria_status stria_convolution_shape(const stria_convolution *c, const stria_shape *input, int64_t depth,
                                     int64_t width, int64_t filters, stria_layer_facts *facts,
                                     stria_error *err);

/* The kernel's shape [sizes..., depth, width] of a solved window. */
stria_shape stria_convolution_kernel(const stria_axis axes[3], int spatial, int64_t depth, int64_t width);

/* Fills the weighted state of a layer over `input`, except what is particular to the kind. */
void stria_convolution_state(const stria_convolution *c, const stria_shape *input, size_t filters,
                             size_t groups, stria_weighted *state);

/* The kind's `activation`. */
stria_activation stria_convolution_activation(const void *config);

/* What the kinds have in common, but for names, documentation, shape and bind. `config` begins with a
 * stria_convolution. */
#define STRIA_CONVOLUTION_KIND(config, table)                                                                \
    .config_size = sizeof(config), .arguments = table, .argument_count = sizeof table / sizeof table[0],     \
    .min_inputs = 1, .max_inputs = 1, .activation = stria_convolution_activation,                            \
    .takes = STRIA_WEIGHTED_TAKES, .takes_in_training = STRIA_WEIGHTED_TAKES_IN_TRAINING

/* Those that run as stria_weighted. */
#define STRIA_CONVOLUTION_WEIGHTED                                                                           \
    .state_size = sizeof(stria_weighted), .pack = stria_weighted_pack, .forward = stria_weighted_forward,    \
    .backward = stria_weighted_backward

#endif

/* Gradient cases and refusals of layers that multiply by a kernel: convolutions of every sort and dense. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    /* convolution: sizes of 1, odd sizes, strides that leave a rest, every padding, groups, dilation */
    {"input 1x1x1\nconv2d 1 1", 1, NORMAL, NULL},
    {"input 5x5x1\nconv2d 2 5", 2, NORMAL, NULL},
    {"input 6x7x3\nconv2d 4 3", 2, NORMAL, NULL},
    {"input 6x7x3\nconv2d 4 3 same", 1, NORMAL, NULL},
    {"input 7x6x2\nconv2d 5 3 2 same", 2, NORMAL, NULL},
    {"input 9x8x2\nconv2d 3 2x3 3", 1, NORMAL, NULL},
    {"input 5x6x2\nconv2d 3 2x4 same", 1, NORMAL, NULL},
    {"input 7x8x2\nconv2d 3 3 same dilation_rate=2", 1, NORMAL, NULL},
    {"input 7x7x2\nconv2d 3 3 dilation_rate=3x1", 1, NORMAL, NULL},
    {"input 4x5x2\nconv2d 3 3 padding=1", 1, NORMAL, NULL},
    {"input 4x5x2\nconv2d 3 3 2 padding=0,1,2,0", 1, NORMAL, NULL},
    {"input 1x1x3\nconv2d 2 3 same", 3, NORMAL, NULL},
    {"input 4x4x6\nconv2d 6 3 same groups=3", 2, NORMAL, NULL},
    {"input 5x4x3\nconv2d 6 3 groups=3 use_bias=no", 1, NORMAL, NULL},
    {"input 4x5x3\nconv2d 17 1", 2, NORMAL, NULL},
    {"input 1x9x2\nconv2d 3 1x4 1x2", 1, NORMAL, NULL},
    {"input 5x5x2\nconv2d 3 3 tanh", 1, NORMAL, NULL},
    {"input 5x5x2\nconv2d 3 3 gelu", 1, NORMAL, NULL},
    {"input 5x5x2\nconv2d 3 3 same silu use_bias=no", 1, NORMAL, NULL},
    {"input 5x5x2\nconv2d 3 3 softmax", 1, NORMAL, NULL},
    {"input 5x5x2\nconv2d 4 3 relu", 2, FAR, NULL},
    {"input 5x5x2\nconv2d 4 3 same leaky_relu", 1, FAR, NULL},
    {"input 6x6x1\nconv2d 3 3 tanh\nconv2d 2 3 sigmoid", 2, NORMAL, NULL},

    /* depthwise: the same, and several filters for each channel */
    {"input 1x1x1\ndepthwise_conv2d 1", 1, NORMAL, NULL},
    {"input 1x1x3\ndepthwise_conv2d 3 same", 2, NORMAL, NULL},
    {"input 5x6x1\ndepthwise_conv2d 3 depth_multiplier=4", 1, NORMAL, NULL},
    {"input 6x7x3\ndepthwise_conv2d 3", 2, NORMAL, NULL},
    {"input 7x6x5\ndepthwise_conv2d 3 same", 1, NORMAL, NULL},
    {"input 7x6x17\ndepthwise_conv2d 3 2 same", 1, NORMAL, NULL},
    {"input 9x8x2\ndepthwise_conv2d 2x3 3", 1, NORMAL, NULL},
    {"input 6x9x3\ndepthwise_conv2d 3 1x2 padding=0,1,2,0", 1, NORMAL, NULL},
    {"input 6x5x3\ndepthwise_conv2d 5 same depth_multiplier=2", 1, NORMAL, NULL},
    {"input 7x8x2\ndepthwise_conv2d 3 same dilation_rate=2 depth_multiplier=3 use_bias=no", 1, NORMAL, NULL},
    {"input 5x5x3\ndepthwise_conv2d 3 same tanh", 2, NORMAL, NULL},
    {"input 5x5x3\ndepthwise_conv2d 3 silu depth_multiplier=2", 1, NORMAL, NULL},
    {"input 5x5x4\ndepthwise_conv2d 3 relu6", 2, FAR, NULL},
    {"input 6x6x2\nconv2d 4 1 tanh\ndepthwise_conv2d 3 2 same tanh\nconv2d 3 1", 2, NORMAL, NULL},

    /* dense */
    {"input 1\ndense 1", 1, NORMAL, NULL},
    {"input 7\ndense 5", 3, NORMAL, NULL},
    {"input 7\ndense 33 use_bias=no", 5, NORMAL, NULL},
    {"input 3x2x4\ndense 3 sigmoid", 2, NORMAL, NULL},
    {"input 6\ndense 4 softmax", 3, NORMAL, NULL},
    {"input 6\ndense 4 mish", 3, NORMAL, NULL},
    {"input 6\ndense 5 relu", 3, FAR, NULL},
};

static const stria_refusal refusals[] = {
    {"conv2d", "input 4x4x1\nconv2d 8 5", STRIA_ERROR_SHAPE, "5"},
    {"conv2d", "input 4x4\nconv2d 8 3", STRIA_ERROR_SHAPE, "4x4"},
    {"conv2d", "input 4x4x3\nconv2d 8 3 groups=2", STRIA_ERROR_SHAPE, "groups"},
    {"conv2d", "input 8x8x3\nconv2d 8 3 2 dilation_rate=2", STRIA_ERROR_VALUE, "dilation_rate"},
    {"dense", "input ?\ndense 3", STRIA_ERROR_SHAPE, "?"},
    {"dense", "input 4\ndense 0", STRIA_ERROR_SYNTAX, "units"},
    {"depthwise_conv2d", "input 4x4x2\ndepthwise_conv2d 5", STRIA_ERROR_SHAPE, "5"},
    {"depthwise_conv2d", "input 4x4\ndepthwise_conv2d 3", STRIA_ERROR_SHAPE, "4x4"},
    {"depthwise_conv2d", "input 4x4x?\ndepthwise_conv2d 3", STRIA_ERROR_SHAPE, "?"},
    {"depthwise_conv2d", "input 8x8x3\ndepthwise_conv2d 3 2 dilation_rate=2", STRIA_ERROR_VALUE,
     "dilation_rate"},
    {"depthwise_conv2d", "input 8x8x3\ndepthwise_conv2d 3 depth_multiplier=0", STRIA_ERROR_SYNTAX,
     "depth_multiplier"},
};

const stria_gradient_family stria_gradients_weighted = {STRIA_GRADIENT_LIST(cases),
                                                        STRIA_REFUSAL_LIST(refusals)};

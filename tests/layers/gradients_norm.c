/* Gradient cases and refusals of normalisation. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    /* normalisation */
    {"input 4x3x3\nbatchnorm", 3, NORMAL, NULL},
    {"input 5x3x2\nbatchnorm center=no", 1, NORMAL, NULL},
    {"input 3x3x2\nbatchnorm scale=no epsilon=0.1", 2, NORMAL, NULL},
    {"input 5\nbatchnorm", 6, NORMAL, NULL},
    {"input 3x3x2\nbatchnorm\nconv2d 2 2 tanh", 2, NORMAL, "batch_normalization"},
    {"input 3x2x6\nlayernorm", 2, NORMAL, NULL},
    {"input 9\nlayernorm center=no", 3, NORMAL, NULL},
    {"input 4x3x2\nlayernorm axis=2,3 scale=no", 2, NORMAL, NULL},
    {"input 4x3x2\nlayernorm axis=-3,-2,-1 epsilon=0.1", 2, NORMAL, NULL},
    {"input 3x11\nrmsnorm", 2, NORMAL, NULL},
    {"input 3x4x2\nrmsnorm axis=2,3 epsilon=0.1", 2, NORMAL, NULL},
    {"input 3x5\nunitnorm", 2, NORMAL, NULL},
    {"input 3x4x2\nunitnorm axis=1", 2, NORMAL, NULL},
    {"input 3x4x2\nunitnorm axis=1,2", 2, NORMAL, NULL},
    {"input 3x4x6\ngroupnorm 2", 2, NORMAL, NULL},
    {"input 3x4x3\ngroupnorm -1", 2, NORMAL, NULL},
    {"input 5x4\ngroupnorm 1 scale=no", 3, NORMAL, NULL},
    {"input 8\ngroupnorm 4 center=no epsilon=0.5", 2, NORMAL, NULL},
    {"input 3x4x5\nlayer_scale 0.5", 2, NORMAL, NULL},
    {"input 3x4x2\nnormalization", 2, NORMAL, NULL},
    {"input 4x3\nnormalization mean=1,-2,0.5 variance=4,0.25,2", 2, NORMAL, NULL},
    {"input 4x3\nnormalization mean=1 variance=4 invert", 2, NORMAL, NULL},
    {"input 3x3x2\nconv2d 4 2\nlayer_scale\nrelu", 2, FAR, NULL},
    {"input 8x20\nprelu", 1, SPREAD, NULL},
    {"input 3x4x2\nprelu shared_axes=1,2", 2, SPREAD, NULL},
    {"input 3x4x2\nprelu shared_axes=3", 2, SPREAD, NULL},
    {"input 3x4\nprelu shared_axes=1x2", 2, SPREAD, NULL},
};

static const stria_refusal refusals[] = {
    {"batchnorm", "input 4x4x?\nbatchnorm", STRIA_ERROR_SHAPE, "4x4x?"},
    {"layernorm", "input 4x4x?\nlayernorm", STRIA_ERROR_SHAPE, "4x4x?"},
    {"layernorm", "input 4x4x2\nlayernorm axis=1", STRIA_ERROR_UNSUPPORTED, "last axes"},
    {"layernorm", "input 4x4x2\nlayernorm axis=1,3", STRIA_ERROR_UNSUPPORTED, "neighbours"},
    {"rmsnorm", "input 4x4x2\nrmsnorm axis=4", STRIA_ERROR_SHAPE, "axis 4"},
    {"unitnorm", "input 4x4x2\nunitnorm axis=2,2", STRIA_ERROR_UNSUPPORTED, "neighbours"},
    {"groupnorm", "input 4x4x6\ngroupnorm 4", STRIA_ERROR_SHAPE, "4 groups do not divide 6 channels"},
    {"groupnorm", "input 4x4x6\ngroupnorm", STRIA_ERROR_SHAPE, "32 groups"},
    {"groupnorm", "input 4x4x6\ngroupnorm 2 axis=1", STRIA_ERROR_UNSUPPORTED, "last"},
    {"layer_scale", "input 4x?\nlayer_scale", STRIA_ERROR_SHAPE, "4x?"},
    {"normalization", "input 4x3\nnormalization mean=1,2 variance=1", STRIA_ERROR_SHAPE, "2 numbers for 3"},
    {"normalization", "input 4x3\nnormalization mean=1", STRIA_ERROR_VALUE, "no variance"},
    {"normalization", "input 4x3\nnormalization axis=1", STRIA_ERROR_UNSUPPORTED, "last"},
    {"normalization", "input 4x3\nnormalization mean=1 variance=-1", STRIA_ERROR_SYNTAX, "variance"},
    {"prelu", "input ?x4x2\nprelu", STRIA_ERROR_SHAPE, "shared_axes=1,2"},
    {"prelu", "input 4x4x2\nprelu shared_axes=4", STRIA_ERROR_SHAPE, "axis 4"},
};

const stria_gradient_family stria_gradients_norm = {STRIA_GRADIENT_LIST(cases), STRIA_REFUSAL_LIST(refusals)};

/* Gradient cases and refusals of normalisation. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    /* normalisation */
    {"input 4x3x3\nbatchnorm", 3, NORMAL, NULL},
    {"input 5x3x2\nbatchnorm center=no", 1, NORMAL, NULL},
    {"input 3x3x2\nbatchnorm scale=no epsilon=0.1", 2, NORMAL, NULL},
    {"input 5\nbatchnorm", 6, NORMAL, NULL},
    {"input 3x3x2\nbatchnorm\nconv2d 2 2 tanh", 2, NORMAL, "batch_normalization"},
};

static const stria_refusal refusals[] = {
    {"batchnorm", "input 4x4x?\nbatchnorm", STRIA_ERROR_SHAPE, "4x4x?"},
};

const stria_gradient_family stria_gradients_norm = {STRIA_GRADIENT_LIST(cases), STRIA_REFUSAL_LIST(refusals)};

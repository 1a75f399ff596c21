/* Gradient cases and refusals of inputs, shapes and scaling. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    /* shape and merging */
    {"input 2x3x4\nflatten", 2, NORMAL, NULL},
    {"input 2x3x2\nflatten\ndense 3", 2, NORMAL, NULL},
    {"input 3x4x2\nconv2d 2 2\nflatten\ndense 3 tanh", 2, NORMAL, NULL},

    {"input 4x5x3\nrescaling 1/127.5 offset=-1", 1, NORMAL, NULL},
};

static const stria_refusal refusals[] = {
    {"flatten", "input 4x4\nflatten 2", STRIA_ERROR_SYNTAX, "2"},
    {"input", "input 4x0", STRIA_ERROR_SYNTAX, "4x0"},
    {"rescaling", "input 4\nrescaling", STRIA_ERROR_SYNTAX, "scale"},
};

const stria_gradient_family stria_gradients_shape = {STRIA_GRADIENT_LIST(cases),
                                                     STRIA_REFUSAL_LIST(refusals)};

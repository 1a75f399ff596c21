/* Gradient cases and refusals of activations. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    /* element by element */
    {"input 8x20\nrelu", 1, SPREAD, NULL},
    {"input 8x20\nrelu max_value=6", 1, SPREAD, NULL},
    {"input 3x7\nrelu negative_slope=0.1", 2, SPREAD, NULL},
    {"input 3x7\nleaky_relu", 2, SPREAD, NULL},
    {"input 3x7\nelu alpha=0.5", 2, SPREAD, NULL},
    {"input 3x7\nsoftmax", 2, NORMAL, NULL},
};

static const stria_refusal refusals[] = {
    {"activation", "input 4\nactivation", STRIA_ERROR_SYNTAX, "activation"},
    {"elu", "input 4\nelu alpha=-1", STRIA_ERROR_SYNTAX, "alpha"},
    {"leaky_relu", "input 4\nleaky_relu -1", STRIA_ERROR_SYNTAX, "negative_slope"},
    {"relu", "input 4\nrelu max_value=5", STRIA_ERROR_UNSUPPORTED, "max_value"},
    {"softmax", "input 4\nsoftmax 3", STRIA_ERROR_SYNTAX, "3"},
};

const stria_gradient_family stria_gradients_activation = {STRIA_GRADIENT_LIST(cases),
                                                          STRIA_REFUSAL_LIST(refusals)};

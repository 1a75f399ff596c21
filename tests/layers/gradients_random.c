/* Gradient cases and refusals of layers that draw random numbers while training. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    {"input 5x4x3\ndropout 0.3", 2, NORMAL, NULL},
    {"input 9\ndropout 0", 1, NORMAL, NULL},
};

static const stria_refusal refusals[] = {
    {"dropout", "input 4\ndropout 1", STRIA_ERROR_SYNTAX, "rate"},
};

const stria_gradient_family stria_gradients_random = {STRIA_GRADIENT_LIST(cases),
                                                      STRIA_REFUSAL_LIST(refusals)};

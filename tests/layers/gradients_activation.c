/* Gradient cases and refusals of activations. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    /* element by element */
    {"input 8x20\nrelu", 1, SPREAD, NULL},
    {"input 8x20\nrelu max_value=6", 1, SPREAD, NULL},
    {"input 3x7\nrelu negative_slope=0.1", 2, SPREAD, NULL},
    {"input 3x7\nleaky_relu", 2, SPREAD, NULL},
    {"input 3x7\nelu alpha=0.5", 2, SPREAD, NULL},
    {"input 8x20\nrelu max_value=5.2 negative_slope=0.1 threshold=1", 1, SPREAD, NULL},
    {"input 8x20\nrelu max_value=3", 1, SPREAD, NULL},
    {"input 8x20\nrelu threshold=2", 1, SPREAD, NULL},
    /* by rows, the last also along other axes */
    {"input 3x7\nsoftmax", 2, NORMAL, NULL},
    {"input 1\nsoftmax", 2, NORMAL, NULL},
    {"input 3x5x2\nsoftmax axis=1", 2, NORMAL, NULL},
    {"input 3x5x2\nsoftmax axis=2", 2, NORMAL, NULL},
    {"input 3x7\nlog_softmax", 2, NORMAL, NULL},
    {"input 5x6\nrescaling 0.05\nsparsemax", 2, NORMAL, NULL},
    {"input 4\ndense 5 sparsemax", 2, FARTHER, NULL},
    {"input 3x6\nglu", 2, NORMAL, NULL},
    {"input 2x2x2\nglu", 1, NORMAL, NULL},
    {"input 4\ndense 6 log_softmax", 2, NORMAL, NULL},
    {"input 4\ndense 6\nglu\ndense 2", 2, NORMAL, NULL},
};

static const stria_refusal refusals[] = {
    {"activation", "input 4\nactivation", STRIA_ERROR_SYNTAX, "activation"},
    {"elu", "input 4\nelu alpha=-1", STRIA_ERROR_SYNTAX, "alpha"},
    {"leaky_relu", "input 4\nleaky_relu -1", STRIA_ERROR_SYNTAX, "negative_slope"},
    {"activation", "input 5\nglu", STRIA_ERROR_SHAPE, "5 is odd"},
    {"dense", "input 5\ndense 4 glu", STRIA_ERROR_UNSUPPORTED, "'glu' behind"},
    {"relu", "input 4\nrelu max_value=-5", STRIA_ERROR_SYNTAX, "max_value"},
    {"relu", "input 4\nrelu threshold=-1", STRIA_ERROR_SYNTAX, "threshold"},
    {"softmax", "input 4\nsoftmax 3", STRIA_ERROR_SHAPE, "axis 3"},
    {"softmax", "input 4\nsoftmax axis=0", STRIA_ERROR_SHAPE, "axis 0"},
};

const stria_gradient_family stria_gradients_activation = {STRIA_GRADIENT_LIST(cases),
                                                          STRIA_REFUSAL_LIST(refusals)};

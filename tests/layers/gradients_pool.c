/* Gradient cases and refusals of pooling. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    /* pooling */
    {"input 6x7x3\nmaxpool2d", 2, SPREAD, NULL},
    {"input 6x7x2\nmaxpool2d 3 2 same", 2, SPREAD, NULL},
    {"input 5x6x2\nmaxpool2d 2x3 1", 1, SPREAD, NULL},
    {"input 5x5x1\nmaxpool2d 3 2 padding=1", 1, SPREAD, NULL},
    {"input 17x18x1\nmaxpool2d 17 1", 1, SPREAD, NULL},
    {"input 1x1x5\nmaxpool2d 1", 2, SPREAD, NULL},
    {"input 6x7x3\nminpool2d 2", 2, SPREAD, NULL},
    {"input 6x7x2\nminpool2d 3 2 same", 1, SPREAD, NULL},
    {"input 6x7x3\navgpool2d 2", 2, NORMAL, NULL},
    {"input 6x5x2\navgpool2d 3 2 same", 1, NORMAL, NULL},
    {"input 5x5x2\navgpool2d 3 2 padding=0,1,1,0", 1, NORMAL, NULL},
    {"input 4x5x3\nglobal_avgpool2d", 2, NORMAL, NULL},
    {"input 3x4x2\nglobal_avgpool2d keepdims", 2, NORMAL, NULL},
};

static const stria_refusal refusals[] = {
    {"avgpool2d", "input 4x4x1\navgpool2d 5", STRIA_ERROR_SHAPE, "5"},
    {"avgpool2d", "input 4x4x1\navgpool2d", STRIA_ERROR_SYNTAX, "pool_size"},
    {"global_avgpool2d", "input 4\nglobal_avgpool2d", STRIA_ERROR_SHAPE, "4"},
    {"maxpool2d", "input 4x4x1\nmaxpool2d 2x5", STRIA_ERROR_SHAPE, "width"},
    {"minpool2d", "input 4x4x1\nminpool2d 2 padding=2", STRIA_ERROR_VALUE, "padding"},
};

const stria_gradient_family stria_gradients_pool = {STRIA_GRADIENT_LIST(cases), STRIA_REFUSAL_LIST(refusals)};

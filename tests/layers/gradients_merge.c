/* Gradient cases and refusals of layers with several inputs. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    {"a = input 3x4x2\nb = input 3x4x2\nadd(a, b)", 2, NORMAL, NULL},
    {"a = input 5\nb = input 5\nc = input 5\nadd(a, b, c)", 2, NORMAL, NULL},
    {"a = input 5\nadd(a, a)", 2, NORMAL, NULL},
    {"a = input 3x4x2\nb = input 3x4x5\nconcat(a, b)", 2, NORMAL, NULL},
    {"a = input 3x4x2\nb = input 2x4x2\nconcat(a, b) axis=1", 2, NORMAL, NULL},
    {"a = input 3x1x2\nb = input 3x4x2\nc = input 3x2x2\nconcat(a, b, c) axis=2", 1, NORMAL, NULL},
    {"a = input 4\nconcat(a, a)", 1, NORMAL, NULL},
};

static const stria_refusal refusals[] = {
    {"add", "a = input 4\nb = input 5\nadd(a, b)", STRIA_ERROR_SHAPE, "5"},
    {"add", "input 4\nadd", STRIA_ERROR_SYNTAX, "input"},
    {"concat", "a = input 4x4x1\nb = input 5x4x1\nconcat(a, b)", STRIA_ERROR_SHAPE, "5x4x1"},
    {"concat", "a = input 4\nb = input 4\nconcat(a, b) axis=3", STRIA_ERROR_SHAPE, "axis"},
};

const stria_gradient_family stria_gradients_merge = {STRIA_GRADIENT_LIST(cases),
                                                     STRIA_REFUSAL_LIST(refusals)};

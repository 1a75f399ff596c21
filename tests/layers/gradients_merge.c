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
    /* sizes of 1 are repeated, missing ones are 1 */
    {"a = input 3x4x2\nb = input 1x1x2\nadd(a, b)", 2, NORMAL, NULL},
    {"a = input 2\nb = input 3x4x2\nc = input 3x1x1\nadd(a, b, c)\nrelu", 2, SPREAD, NULL},
    {"a = input 3x1x2\nb = input 1x4x1\nadd(a, b)", 2, NORMAL, NULL},
    {"a = input 1\nb = input 1\nadd(a, b)", 2, NORMAL, NULL},
    {"input 4x4x2\nc = conv2d 2 3 same\ns = conv2d(input_layer) 2 4\na = add(c, s)\nrelu", 2, FAR, NULL},
    {"a = input 3x4\nb = input 3x4\nsubtract(a, b)", 2, NORMAL, NULL},
    {"a = input 4\nb = input 3x4\nsubtract(a, b)", 2, NORMAL, NULL},
    {"a = input 5\nsubtract(a, a)", 2, NORMAL, NULL},
    {"a = input 3x4\nb = input 3x4\nc = input 1x4\naverage(a, b, c)", 2, NORMAL, NULL},
    {"a = input 3x5x2\nb = input 3x5x2\nmultiply(a, b)", 2, NORMAL, NULL},
    {"a = input 3x5x2\nb = input 1x1x2\nmultiply(a, b)", 3, NORMAL, NULL},
    {"a = input 2\nb = input 3x5x2\nmultiply(a, b)", 2, NORMAL, NULL},
    {"a = input 3x5x2\nb = input 3x1x1\nc = input 5x1\nmultiply(a, b, c)", 2, NORMAL, NULL},
    {"a = input 3x5x2\nb = input 1x1x1\nmultiply(a, b)", 2, NORMAL, NULL},
    {"a = input 3x5x17\nb = input 3x5x1\nmultiply(b, a)", 1, NORMAL, NULL},
    {"a = input 4\nmultiply(a, a, a)", 2, NORMAL, NULL},
    /* offsets that keep one ladder's rungs beside the other's */
    {"a = input 3x6\nb = input 3x6\nc = input 6\nr = rescaling(b) 1 0.03\ns = rescaling(c) 1 0.06\n"
     "maximum(a, r, s)",
     2, SPREAD, NULL},
    {"a = input 3x6\nb = input 3x6\nr = rescaling(b) 1 0.03\nminimum(a, r)", 2, SPREAD, NULL},
    {"a = input 3x6\nb = input 3x1\nr = rescaling(b) 1 0.03\nminimum(r, a)", 2, SPREAD, NULL},
    {"a = input 5\nb = input 5\ndot(a, b) 1", 3, NORMAL, NULL},
    {"a = input 5\nb = input 5\ndot(a, b) -1 normalize", 3, NORMAL, NULL},
    {"a = input 3x4\nb = input 5x4\ndot(a, b) 2", 2, NORMAL, NULL},
    {"a = input 4x3\nb = input 5x4\ndot(a, b) axes=1,2 normalize", 2, NORMAL, NULL},
    {"a = input 4\nb = input 3x4x70\ndot(a, b) axes=1,2", 2, NORMAL, NULL},
    {"a = input 2x4x3\nb = input 4x2\ndot(a, b) axes=2,1 normalize=yes", 2, NORMAL, NULL},
    {"a = input 1x1\nb = input 1\ndot(a, b) 1", 1, NORMAL, NULL},
    {"a = input 3x4\ndot(a, a) -1", 2, NORMAL, NULL},
};

static const stria_refusal refusals[] = {
    {"dot", "a = input 2x2x2x2x3\nb = input 2x2x2x2x3\ndot(a, b) -1", STRIA_ERROR_LIMIT, "axes"},
    {"add", "a = input 4\nb = input 5\nadd(a, b)", STRIA_ERROR_SHAPE, "5"},
    {"add", "input 4\nadd", STRIA_ERROR_SYNTAX, "input"},
    {"add", "a = input 3x4x2\nb = input 3\nadd(a, b)", STRIA_ERROR_SHAPE, "equal or 1"},
    {"subtract", "a = input 4\nb = input 4\nsubtract(a, b, a)", STRIA_ERROR_SYNTAX, "2 inputs"},
    {"average", "a = input 4x3\nb = input 5x3\naverage(a, b)", STRIA_ERROR_SHAPE, "5x3"},
    {"multiply", "a = input 4x4x8\nb = input 1x1x4\nmultiply(a, b)", STRIA_ERROR_SHAPE, "1x1x4"},
    {"maximum", "a = input 4\nmaximum(a)", STRIA_ERROR_SYNTAX, "input"},
    {"minimum", "a = input 4\nb = input 2\nminimum(a, b)", STRIA_ERROR_SHAPE, "equal or 1"},
    {"dot", "a = input 3x4\nb = input 3x5\ndot(a, b) 2", STRIA_ERROR_SHAPE, "4 and 5"},
    {"dot", "a = input 3x4\nb = input 4\ndot(a, b) 2", STRIA_ERROR_SHAPE, "axis 2"},
    {"dot", "a = input 3x4\nb = input 3x4\ndot(a, b) 1,2,2", STRIA_ERROR_VALUE, "two"},
    {"dot", "a = input 3x4\nb = input 3x4\ndot(a, b)", STRIA_ERROR_SYNTAX, "axes"},
    {"dot", "a = input 2x2x2x2x2x2\ndot(a, a) 1", STRIA_ERROR_LIMIT, "axes"},
    {"concat", "a = input 4x4x1\nb = input 5x4x1\nconcat(a, b)", STRIA_ERROR_SHAPE, "5x4x1"},
    {"concat", "a = input 4\nb = input 4\nconcat(a, b) axis=3", STRIA_ERROR_SHAPE, "axis"},
};

const stria_gradient_family stria_gradients_merge = {STRIA_GRADIENT_LIST(cases),
                                                     STRIA_REFUSAL_LIST(refusals)};

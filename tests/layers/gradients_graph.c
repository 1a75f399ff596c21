/* Gradient cases and refusals of graphs: values that are used twice, views of them, several outputs. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    /* graphs: a value that is used twice, a view of it, and several outputs */
    {"input 5x5x2\nx = conv2d 3 3 same tanh\ny = conv2d(x) 3 3 same\nadd(x, y)\nflatten\ndense 4 tanh", 2,
     NORMAL, NULL},
    {"input 4x4x2\nx = conv2d 3 3 same sigmoid\nf = flatten(x)\na = dense(f) 2\ng = "
     "global_avgpool2d(x)\nconcat(a, g)",
     2, NORMAL, NULL},
    {"input 6\nx = dense 5 tanh\na = dense(x) 2 softmax\nb = dense(x) 3 sigmoid\noutput(a, b)", 3, NORMAL,
     NULL},
    {"x = input 2x3x2\nf = flatten\ng = global_avgpool2d(x)\nconcat(f, g)", 2, NORMAL, NULL},
    {"x = input 2x3x2\nf = flatten\noutput(f, x)", 2, NORMAL, NULL},
    {"x = input 6\nf = flatten\ng = flatten\na = dense(f) 2\nb = dense(g) 3 tanh\nconcat(a, b)", 2, NORMAL,
     NULL},
    {"input 4\nx = dense 3 tanh\ny = dense 2 sigmoid\noutput(y, x)", 2, NORMAL, NULL},
    {"input 2x2x2\nx = conv2d 2 1\nf = flatten\ng = flatten(x)\nadd(f, g)\noutput(add, f)", 2, NORMAL, NULL},
    {"input 4x4x1\nconv2d 2 3 tanh\nbatchnorm\ntanh\nflatten\ndense 3", 3, NORMAL, "conv2d"},
    /* layers used again: the gradients of all their uses are added */
    {"x = input 5x5x2\nf = conv2d 2 3 same tanh\ny = f(f)\nz = f(y)\nadd(f, z)", 2, NORMAL, NULL},
    {"x = input 6\nd = dense 6 tanh\ng = dense 4\ne = d(d)\nh = g(e)\noutput(g, h)", 3, NORMAL, NULL},
    {"x = input 3x4x2\nb = batchnorm\nt = tanh\nc = b(t)\nadd(b, c)", 2, NORMAL, NULL},
    {"input 4\nf = dense 4 tanh\ny = f(f)\ndense 2\noutput(dense, y)", 2, NORMAL, "f"},
    {"input 3x4x4x2\ntime_distributed conv2d 3 3 tanh\ntime_distributed flatten\ndense 2", 2, NORMAL, NULL},
    {"input 2x4x5x2\ntime_distributed maxpool2d 2\nflatten\ndense 3", 3, NORMAL, NULL},
    {"input 1x1\nf = time_distributed dense 1 tanh\ng = f(f)\nadd(f, g)", 1, NORMAL, NULL},
};

const stria_gradient_family stria_gradients_graph = {STRIA_GRADIENT_LIST(cases), NULL, 0};

/* Gradient cases and refusals of the neocognitron's cells. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    {"input 5x6x2\ns_cells 4 3", 2, CELLS, NULL},
    {"input 7x5x3\ns_cells 5 2x3 selectivity=1.5 valid decay=0.7", 1, CELLS, NULL},
    {"input 4x4x1\ns_cells 3 3 0.5 padding=0,1,2,1", 2, CELLS, NULL},
    {"input 1x1x1\ns_cells 1 1 selectivity=8", 5, CELLS, NULL},
    {"input 4x5x2\ns_cells 17 3 2", 1, CELLS, NULL},
    {"input 6x6x2\nx = c_cells 1\ny = s_cells 2 3 2\nconcat(x, y)", 1, CELLS, NULL},
    {"input 5x5x2\nx = s_cells 4 3 2\nc_cells 3\ny = s_cells 1 3 1\nconcat(x, y)", 1, CELLS, "x"},
    {"input 4x4x2\nx = c_cells 3 alpha=4\ny = s_cells 2 3 2\nz = s_cells(x) 2 1 1\nadd(y, z)", 1, CELLS, NULL},
    {"input 6x7x3\nc_cells 3", 2, CELLS, NULL},
    {"input 7x6x2\nc_cells 5 strides=2 alpha=0.2", 1, CELLS, NULL},
    {"input 5x6x2\nc_cells 2x3 1x2 1 valid decay=0.5", 2, CELLS, NULL},
    {"input 1x1x4\nc_cells 3 padding=1", 2, CELLS, NULL},
    {"input 4x4x2\nx = c_cells 3 alpha=4\ny = c_cells(x) 2 1 4 valid\nz = c_cells(x) 2 1 4 valid "
     "decay=0.5\nadd(y, z)",
     1, CELLS, NULL},
};

static const stria_refusal refusals[] = {
    {"s_cells", "input 5x5x1\ns_cells 3", STRIA_ERROR_SYNTAX, "kernel_size"},
    {"s_cells", "input 5x5x1\ns_cells 3 7 valid", STRIA_ERROR_SHAPE, "input 5 - window 7 + 1"},
    {"s_cells", "input 5x5x1\ns_cells 3 3 competition=4", STRIA_ERROR_VALUE, "competition 4"},
    {"s_cells", "input 5x5x1\ns_cells 3 3 selectivity=0", STRIA_ERROR_SYNTAX, "selectivity"},
    {"s_cells", "input 5x5x?\ns_cells 3 3", STRIA_ERROR_SHAPE, "5x5x?"},
    {"s_cells", "input 25\ns_cells 3 3", STRIA_ERROR_SHAPE, "25"},
    {"c_cells", "input 4x4x1\nc_cells 5 valid", STRIA_ERROR_SHAPE, "input 4 - window 5 + 1"},
    {"c_cells", "input 4x4x1\nc_cells 3 alpha=0", STRIA_ERROR_SYNTAX, "alpha"},
    {"c_cells", "input 4x4x1\nc_cells 3 0", STRIA_ERROR_SYNTAX, "strides"},
    {"c_cells", "input 4x4x1\nc_cells 2000", STRIA_ERROR_SYNTAX, "kernel_size"},
};

const stria_gradient_family stria_gradients_neocognitron = {STRIA_GRADIENT_LIST(cases),
                                                            STRIA_REFUSAL_LIST(refusals)};

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

    /* signals and volumes */
    {"input 7x3\nmaxpool1d", 2, SPREAD, NULL},
    {"input 9x2\nmaxpool1d 3 2 same", 1, SPREAD, NULL},
    {"input 1x1\nmaxpool1d 1", 1, SPREAD, NULL},
    {"input 8x2\nminpool1d 3 1 padding=1,2", 2, SPREAD, NULL},
    {"input 7x3\navgpool1d 3 2 same", 2, NORMAL, NULL},
    {"input 3x4x5x2\nmaxpool3d 2", 1, SPREAD, NULL},
    {"input 3x4x3x1\nmaxpool3d 2x3x2 1 same", 2, SPREAD, NULL},
    {"input 3x4x5x2\nminpool3d 1x2x3 2x1x1", 1, SPREAD, NULL},
    {"input 4x3x5x2\navgpool3d 2x3x3 2 same", 1, NORMAL, NULL},
    {"input 3x3x4x1\navgpool3d 2 padding=1,0,0,1,1,1", 1, NORMAL, NULL},

    /* all positions */
    {"input 5x3\nglobal_avgpool1d", 2, NORMAL, NULL},
    {"input 2x3x4x2\nglobal_avgpool3d keepdims", 1, NORMAL, NULL},
    {"input 5x3\nglobal_maxpool1d", 2, SPREAD, NULL},
    {"input 3x4x70\nglobal_maxpool2d", 1, SPREAD, NULL},
    {"input 2x3x2x3\nglobal_maxpool3d keepdims", 2, SPREAD, NULL},
    {"input 5x3\nglobal_minpool1d keepdims", 2, SPREAD, NULL},
    {"input 3x4x5\nglobal_minpool2d", 2, SPREAD, NULL},
    {"input 2x3x2x1\nglobal_minpool3d", 1, SPREAD, NULL},

    /* bins */
    {"input 7x3\nadaptive_avgpool1d 3", 2, NORMAL, NULL},
    {"input 3x70\nadaptive_avgpool1d 5", 1, NORMAL, NULL},
    {"input 5x7x2\nadaptive_avgpool2d 2x3", 2, NORMAL, NULL},
    {"input 3x4x5x1\nadaptive_avgpool3d 2", 1, NORMAL, NULL},
    {"input 7x3\nadaptive_maxpool1d 3", 2, SPREAD, NULL},
    {"input 5x7x2\nadaptive_maxpool2d 2x3", 2, SPREAD, NULL},
    {"input 3x4x5x1\nadaptive_maxpool3d 2x4x1", 1, SPREAD, NULL},

    /* channels */
    {"input 3x2x6\ndepth_pool 3", 2, SPREAD, NULL},
    {"input 8\ndepth_pool 4 min", 2, SPREAD, NULL},
    {"input 2x3x2x4\ndepth_pool function=average", 1, NORMAL, NULL},
    {"input 5x1\ndepth_pool 1", 1, SPREAD, NULL},
};

static const stria_refusal refusals[] = {
    {"adaptive_avgpool1d", "input 9x1\nadaptive_avgpool1d 2x2", STRIA_ERROR_VALUE, "give 1"},
    {"adaptive_avgpool2d", "input 9x9x1\nadaptive_avgpool2d", STRIA_ERROR_SYNTAX, "output_size"},
    {"adaptive_avgpool3d", "input 9x9x9x1\nadaptive_avgpool3d 2x2", STRIA_ERROR_VALUE, "give 1 or 3"},
    {"adaptive_maxpool1d", "input 9x9x1\nadaptive_maxpool1d 2", STRIA_ERROR_SHAPE, "signals"},
    {"adaptive_maxpool2d", "input 9x9x1\nadaptive_maxpool2d 0", STRIA_ERROR_SYNTAX, "output_size"},
    {"adaptive_maxpool3d", "input 9x9x1\nadaptive_maxpool3d 2", STRIA_ERROR_SHAPE, "volumes"},
    {"depth_pool", "input 4x4x10\ndepth_pool 4", STRIA_ERROR_SHAPE, "10 = 2 * 4 + 2"},
    {"avgpool1d", "input 4x1\navgpool1d 5", STRIA_ERROR_SHAPE, "input 4 - window 5 + 1 = 0"},
    {"avgpool2d", "input 4x4x1\navgpool2d 5", STRIA_ERROR_SHAPE, "5"},
    {"avgpool2d", "input 4x4x1\navgpool2d", STRIA_ERROR_SYNTAX, "pool_size"},
    {"avgpool3d", "input 4x4x4x1\navgpool3d 2x2", STRIA_ERROR_VALUE, "give 1 or 3"},
    {"global_avgpool1d", "input 4\nglobal_avgpool1d", STRIA_ERROR_SHAPE, "100x1"},
    {"global_avgpool2d", "input 4\nglobal_avgpool2d", STRIA_ERROR_SHAPE, "4"},
    {"global_avgpool3d", "input 4x4x1\nglobal_avgpool3d", STRIA_ERROR_SHAPE, "volumes"},
    {"global_maxpool1d", "input 4x4x1\nglobal_maxpool1d", STRIA_ERROR_SHAPE, "signals"},
    {"global_maxpool2d", "input 4x1\nglobal_maxpool2d", STRIA_ERROR_SHAPE, "pictures"},
    {"global_maxpool3d", "input 4\nglobal_maxpool3d", STRIA_ERROR_SHAPE, "volumes"},
    {"global_minpool1d", "input 4\nglobal_minpool1d", STRIA_ERROR_SHAPE, "signals"},
    {"global_minpool2d", "input 4x4x1\nglobal_minpool2d 2", STRIA_ERROR_SYNTAX, "2"},
    {"global_minpool3d", "input 4x4x1\nglobal_minpool3d", STRIA_ERROR_SHAPE, "volumes"},
    {"maxpool1d", "input 4x4x1\nmaxpool1d", STRIA_ERROR_SHAPE, "signals"},
    {"maxpool2d", "input 4x4x1\nmaxpool2d 2x5", STRIA_ERROR_SHAPE, "width"},
    {"maxpool3d", "input 4x4x4x1\nmaxpool3d 2x5x2", STRIA_ERROR_SHAPE, "height"},
    {"minpool1d", "input 4x1\nminpool1d 0", STRIA_ERROR_SYNTAX, "pool_size"},
    {"minpool2d", "input 4x4x1\nminpool2d 2 padding=2", STRIA_ERROR_VALUE, "padding"},
    {"minpool3d", "input 4x4x1\nminpool3d", STRIA_ERROR_SHAPE, "volumes"},
};

const stria_gradient_family stria_gradients_pool = {STRIA_GRADIENT_LIST(cases), STRIA_REFUSAL_LIST(refusals)};

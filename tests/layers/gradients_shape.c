/* Gradient cases and refusals of inputs, shapes and scaling. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    /* shape and merging */
    {"input 2x3x4\nflatten", 2, NORMAL, NULL},
    {"input 2x3x2\nflatten\ndense 3", 2, NORMAL, NULL},
    {"input 3x4x2\nconv2d 2 2\nflatten\ndense 3 tanh", 2, NORMAL, NULL},

    {"input 4x5x3\nrescaling 1/127.5 offset=-1", 1, NORMAL, NULL},

    {"input 2x3x4\nreshape 4x?", 2, NORMAL, NULL},
    {"input 6\nreshape 1x2x-1\nconv2d 2 1", 2, NORMAL, NULL},
    {"input 4x3\nreshape 12\ndense 2", 1, NORMAL, NULL},
    {"input 3x4x2\npermute 3x1x2", 2, NORMAL, NULL},
    {"input 3x17x18\npermute 1x3x2", 1, NORMAL, NULL},
    {"input 2x3x4x5\npermute 4x2x3x1", 1, NORMAL, NULL},
    {"input 2x3x2x2x3\npermute 2x4x1x5x3", 2, NORMAL, NULL},
    {"input 1x4x1\npermute 3x2x1\nconv2d 2 1", 2, NORMAL, NULL},
    {"input 5\npermute 1", 1, NORMAL, NULL},
    {"input 5\nrepeat_vector 3", 2, NORMAL, NULL},
    {"input 1\nrepeat_vector 1", 1, NORMAL, NULL},

    /* borders */
    {"input 4x3\nzero_padding1d", 2, NORMAL, NULL},
    {"input 1x1\nzero_padding1d 0,2", 1, NORMAL, NULL},
    {"input 3x4x2\nzero_padding2d 0,1,2,0", 2, NORMAL, NULL},
    {"input 3x4x17\nzero_padding2d 1x2", 1, NORMAL, NULL},
    {"input 2x3x2x2\nzero_padding3d 1,0,0,2,1,1", 1, NORMAL, NULL},
    {"input 7x2\ncropping1d 1x2", 2, NORMAL, NULL},
    {"input 5x6x3\ncropping2d 1,0,2,1", 2, NORMAL, NULL},
    {"input 2x2x1\ncropping2d", 1, NORMAL, NULL},
    {"input 4x3x5x2\ncropping3d", 1, NORMAL, NULL},

    /* other sizes */
    {"input 4x3\nup_sampling1d 3", 2, NORMAL, NULL},
    {"input 1x1\nup_sampling1d 1", 1, NORMAL, NULL},
    {"input 3x2x2\nup_sampling2d 2x3", 2, NORMAL, NULL},
    {"input 3x2x17\nup_sampling2d", 1, NORMAL, NULL},
    {"input 3x4x2\nup_sampling2d bilinear", 2, NORMAL, NULL},
    {"input 4x3x1\nup_sampling2d 3x2 bicubic", 1, NORMAL, NULL},
    {"input 2x3x2x2\nup_sampling3d 2x1x3", 1, NORMAL, NULL},
    {"input 5x6x2\nresizing 8 3", 2, NORMAL, NULL},
    {"input 8x6x3\nresizing 3 4 antialias", 1, NORMAL, NULL},
    {"input 8x6x1\nresizing 3 9 bicubic", 1, NORMAL, NULL},
    {"input 6x7x2\nresizing 4 3 lanczos3 antialias", 1, NORMAL, NULL},
    {"input 5x3x2\nresizing 9 7 lanczos5", 1, NORMAL, NULL},
    {"input 7x5x2\nresizing 3 4 area", 1, NORMAL, NULL},
    {"input 5x6x2\nresizing 3 9 nearest", 1, NORMAL, NULL},
    {"input 4x6x2\nresizing 3 2 crop_to_aspect_ratio", 2, NORMAL, NULL},
    {"input 4x6x2\nresizing 3 2 pad_to_aspect_ratio fill_value=9", 2, NORMAL, NULL},
    {"input 1x1x4\nresizing 1 1", 1, NORMAL, NULL},
    {"input 7x6x2\ncenter_crop 4 3", 2, NORMAL, NULL},
    {"input 5x4x2\ncenter_crop 6 3", 1, NORMAL, NULL},

    /* embeddings, of indices that differences do not move */
    {"x = input 3\na = rescaling(x) 0 offset=2\nb = rescaling(x) 0\nconcat(a, b)\nembedding 3 4", 2, NORMAL,
     NULL},
    {"input 2x1\nrescaling 0 offset=1\nembedding 2 1", 1, NORMAL, NULL},
};

static const stria_refusal refusals[] = {
    {"center_crop", "input 5x5x1\ncenter_crop 3", STRIA_ERROR_SYNTAX, "width"},
    {"cropping1d", "input 4x1\ncropping1d 3,1", STRIA_ERROR_SHAPE, "input 4 - 3 - 1 = 0"},
    {"cropping1d", "input 4x1\ncropping1d 1,2,3", STRIA_ERROR_VALUE, "3 sizes"},
    {"cropping2d", "input 4x4x1\ncropping2d 0,0,2,3", STRIA_ERROR_SHAPE, "width: input 4 - 2 - 3 = -1"},
    {"cropping2d", "input 4x4x1\ncropping2d -1", STRIA_ERROR_SYNTAX, "cropping"},
    {"cropping3d", "input 4x4x4x1\ncropping3d same", STRIA_ERROR_VALUE, "numbers"},
    {"embedding", "input 4\nembedding 5", STRIA_ERROR_SYNTAX, "output_dim"},
    {"embedding", "input 4\nembedding 5 2 mask_zero=yes", STRIA_ERROR_SYNTAX, "mask_zero"},
    {"permute", "input 4x4x1\npermute 1x2", STRIA_ERROR_SHAPE, "3 axes"},
    {"permute", "input 4x4x1\npermute 1x2x2", STRIA_ERROR_SHAPE, "1x2x2"},
    {"repeat_vector", "input 4x4\nrepeat_vector 2", STRIA_ERROR_SHAPE, "flatten"},
    {"reshape", "input 4x6\nreshape 5x-1", STRIA_ERROR_SHAPE,
     "24 numbers, which do not fill 5x?, a multiple of 5"},
    {"reshape", "input 4x6\nreshape 5x5", STRIA_ERROR_SHAPE, "24 numbers, which do not fill 5x5 = 25"},
    {"reshape", "input 4x6\nreshape ?x-1", STRIA_ERROR_VALUE, "one size"},
    {"resizing", "input 4x4x1\nresizing 2 2 crop_to_aspect_ratio pad_to_aspect_ratio", STRIA_ERROR_VALUE,
     "exclude"},
    {"resizing", "input 4x4x1\nresizing 1000000000 1 pad_to_aspect_ratio", STRIA_ERROR_LIMIT, "rows"},
    {"up_sampling1d", "input 4x4x1\nup_sampling1d", STRIA_ERROR_SHAPE, "signals"},
    {"up_sampling2d", "input 4x4x1\nup_sampling2d 1x2x3", STRIA_ERROR_VALUE, "give 1 or 2"},
    {"up_sampling2d", "input 4x4x1\nup_sampling2d cubic", STRIA_ERROR_SYNTAX, "bicubic"},
    {"up_sampling3d", "input 4x4x4x1\nup_sampling3d 0", STRIA_ERROR_SYNTAX, "size"},
    {"zero_padding1d", "input 4x1\nzero_padding1d 1,2,3", STRIA_ERROR_VALUE, "3 sizes"},
    {"zero_padding2d", "input 4x4x1\nzero_padding2d same", STRIA_ERROR_VALUE, "numbers"},
    {"zero_padding3d", "input 4x4x1\nzero_padding3d", STRIA_ERROR_SHAPE, "volumes"},
    {"flatten", "input 4x4\nflatten 2", STRIA_ERROR_SYNTAX, "2"},
    {"input", "input 4x0", STRIA_ERROR_SYNTAX, "4x0"},
    {"rescaling", "input 4\nrescaling", STRIA_ERROR_SYNTAX, "scale"},
};

const stria_gradient_family stria_gradients_shape = {STRIA_GRADIENT_LIST(cases),
                                                     STRIA_REFUSAL_LIST(refusals)};

/* Gradient cases and refusals of layers that draw random numbers while training. */
#include "gradient_cases.h"

static const stria_gradient_case cases[] = {
    {"input 5x4x3\ndropout 0.3", 2, NORMAL, NULL},
    {"input 9\ndropout 0", 1, NORMAL, NULL},
    {"input 5x4x3\ndropout 0.3 noise_shape=1x?x3 seed=4", 2, NORMAL, NULL},
    {"input 5x4x3x2\ndropout 0.5 noise_shape=5x1x3x1", 2, NORMAL, NULL},
    {"input 7x3\nspatial_dropout1d 0.4", 3, NORMAL, NULL},
    {"input 1x1\nspatial_dropout1d 0.4 seed=2", 1, NORMAL, NULL},
    {"input 5x4x3\nspatial_dropout2d 0.4", 3, NORMAL, NULL},
    {"input 2x3x2x3\nspatial_dropout3d 0.4", 2, NORMAL, NULL},
    {"input 5x4x3\ndense 3\nalpha_dropout 0.3", 2, NORMAL, NULL},
    {"input 5x4x3\nalpha_dropout 0.3 noise_shape=1x4x1", 2, NORMAL, NULL},
    {"input 9\nalpha_dropout 0", 1, NORMAL, NULL},
    {"input 5x4x3\ngaussian_noise 0.5", 2, NORMAL, NULL},
    {"input 5\ndense 4\ngaussian_noise 0.5 seed=1\ndense 3", 2, NORMAL, NULL},
    {"input 5x4x3\ngaussian_dropout 0.3", 2, NORMAL, NULL},
    {"input 1\ngaussian_dropout 0", 1, NORMAL, NULL},
};

static const stria_refusal refusals[] = {
    {"dropout", "input 4\ndropout 1", STRIA_ERROR_SYNTAX, "rate"},
    {"dropout", "input 4x3\ndropout 0.5 noise_shape=?x4x3", STRIA_ERROR_SHAPE, "without the batch"},
    {"dropout", "input 4x3\ndropout 0.5 noise_shape=2x3", STRIA_ERROR_SHAPE, "neither 1 nor the input's 4"},
    {"alpha_dropout", "input 4x3\nalpha_dropout 0.5 noise_shape=4x1x1", STRIA_ERROR_SHAPE, "3 sizes"},
    {"spatial_dropout1d", "input 4\nspatial_dropout1d 0.5", STRIA_ERROR_SHAPE, "spatial_dropout1d"},
    {"spatial_dropout2d", "input 4x3\nspatial_dropout2d 0.5", STRIA_ERROR_SHAPE, "spatial_dropout2d"},
    {"spatial_dropout3d", "input 4x3x2\nspatial_dropout3d 0.5", STRIA_ERROR_SHAPE, "spatial_dropout3d"},
    {"gaussian_noise", "input 4\ngaussian_noise -1", STRIA_ERROR_SYNTAX, "stddev"},
    {"gaussian_dropout", "input 4\ngaussian_dropout 1", STRIA_ERROR_SYNTAX, "rate"},
};

const stria_gradient_family stria_gradients_random = {STRIA_GRADIENT_LIST(cases),
                                                      STRIA_REFUSAL_LIST(refusals)};

/* Penalties: which kernel computes each, by Keras's definitions (function_tables.c has the formulas). */
#include "layers/regularizers.h"

#include "base/error.h"
#include "kernels/penalty.h"
#include "tensor/shape.h"

stria_status stria_regularizer_check(const stria_regularizer *regularizer, const char *name,
                                     const stria_shape *shape, stria_error *err)
{
    char text[STRIA_SHAPE_TEXT_SIZE];
    if (regularizer->kind == STRIA_ORTHOGONAL_REGULARIZER && shape->rank != 2)
        return stria_fail(err, STRIA_ERROR_SHAPE,
                          "the regularizer orthogonal_regularizer needs a matrix, as a dense layer's kernel "
                          "is one, and %s is %s",
                          name, stria_shape_text(shape, text, sizeof text));
    return STRIA_OK;
}

double stria_regularize(const stria_regularizer *regularizer, const stria_shape *shape, const float *values,
                        double scale, float *gradient)
{
    const double *p = regularizer->parameters;
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->sizes[i];
    switch ((stria_regularizer_kind)regularizer->kind) {
    case STRIA_L1:
        return stria_penalty_l1_l2(values, count, scale * p[0], 0, gradient);
    case STRIA_L2:
        return stria_penalty_l1_l2(values, count, 0, scale * p[0], gradient);
    case STRIA_L1_L2:
        return stria_penalty_l1_l2(values, count, scale * p[0], scale * p[1], gradient);
    case STRIA_ORTHOGONAL_REGULARIZER:
        return stria_penalty_orthogonal(values, (size_t)shape->sizes[0], (size_t)shape->sizes[1], p[1] > 0,
                                        scale * p[0], gradient);
    case STRIA_REGULARIZER_NONE:
    case STRIA_REGULARIZER_COUNT:
        break;
    }
    return 0;
}

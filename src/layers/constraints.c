/* Constraints by Keras's definitions: w is multiplied by desired / (norm + 1e-7), where the norm is taken
 * over the axes given, and max_norm:     desired = min(norm, max_value) min_max_norm: desired = rate *
 * min(max(norm, min_value), max_value) + (1 - rate) * norm unit_norm:    desired = 1 */
#include "layers/constraints.h"

#include <float.h>

#include "base/error.h"
#include "kernels/norms.h"
#include "tensor/shape.h"

/* The axes that a constraint's norm is taken over, as they stand in its parameters; -1 for one without. */
static double axes_of(const stria_constraint *constraint)
{
    switch ((stria_constraint_kind)constraint->kind) {
    case STRIA_MAX_NORM:
        return constraint->parameters[1];
    case STRIA_MIN_MAX_NORM:
        return constraint->parameters[3];
    case STRIA_UNIT_NORM:
        return constraint->parameters[0];
    case STRIA_CONSTRAINT_NONE:
    case STRIA_NON_NEG:
    case STRIA_CONSTRAINT_COUNT:
        break;
    }
    return -1;
}

stria_status stria_constraint_check(const stria_constraint *constraint, const char *name,
                                    const stria_shape *shape, stria_error *err)
{
    const double axes = axes_of(constraint);
    unsigned bits;
    int missing;
    if (axes < 0 || stria_axes_resolve(axes, shape->rank, &bits, &missing))
        return STRIA_OK;
    char text[STRIA_SHAPE_TEXT_SIZE];
    return stria_fail(err, STRIA_ERROR_SHAPE, "the constraint %s has axis %d, and %s is %s: it has %d axes",
                      stria_constraint_functions.functions[constraint->kind].name, missing, name,
                      stria_shape_text(shape, text, sizeof text), shape->rank);
}

void stria_constrain(const stria_constraint *constraint, const stria_shape *shape, float *values)
{
    const double *p = constraint->parameters;
    size_t sizes[STRIA_MAX_RANK], count = 1;
    for (int i = 0; i < shape->rank; i++) {
        sizes[i] = (size_t)shape->sizes[i];
        count *= sizes[i];
    }
    stria_norm_rule rule = {.low = 0, .high = DBL_MAX, .rate = 1};
    unsigned axes = 0;
    int missing;
    switch ((stria_constraint_kind)constraint->kind) {
    case STRIA_NON_NEG:
        for (size_t i = 0; i < count; i++)
            values[i] = values[i] > 0 ? values[i] : 0;
        return;
    case STRIA_MAX_NORM:
        rule.high = p[0];
        break;
    case STRIA_MIN_MAX_NORM:
        rule = (stria_norm_rule){.low = p[0], .high = p[1], .rate = p[2]};
        break;
    case STRIA_UNIT_NORM:
        rule.low = rule.high = 1;
        break;
    case STRIA_CONSTRAINT_NONE:
    case STRIA_CONSTRAINT_COUNT:
        return;
    }
    stria_axes_resolve(axes_of(constraint), shape->rank, &axes, &missing);
    stria_limit_norms(values, sizes, (size_t)shape->rank, axes, &rule);
}

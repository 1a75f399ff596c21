/* What parameters are brought back to after every step of training. */
#ifndef STRIA_LAYERS_CONSTRAINTS_H
#define STRIA_LAYERS_CONSTRAINTS_H

#include <stria/error.h>
#include <stria/shape.h>

#include "layers/arguments.h"

/* Whether the constraint can be put on the parameter `name` of `shape`. Errors: SHAPE for an axis that it
 * does not have. */
stria_status stria_constraint_check(const stria_constraint *constraint, const char *name,
                                    const stria_shape *shape, stria_error *err);

/* Changes the values of a tensor of `shape`; the check has passed. */
void stria_constrain(const stria_constraint *constraint, const stria_shape *shape, float *values);

#endif

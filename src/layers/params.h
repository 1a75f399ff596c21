/* What the text of a layer says of each of its trained parameters, and the rows of argument tables for it.
 * Shared by every kind with parameters. */
#ifndef STRIA_LAYERS_PARAMS_H
#define STRIA_LAYERS_PARAMS_H

#include "layers/layer.h"

/* A member of a kind's config for each parameter. */
typedef struct stria_param_config {
    stria_initializer initializer;
    stria_regularizer regularizer;
    stria_constraint constraint;
} stria_param_config;

/* clang-format off */
/* The rows NAME_initializer, NAME_regularizer and NAME_constraint of a parameter; `member` of `config` is its
 * stria_param_config, `start` the default initializer, `what` the parameter in words. */
#define STRIA_PARAM_ARGUMENTS(config, name, member, start, what)                                             \
    {name "_initializer", STRIA_ARG_INITIALIZER, offsetof(config, member.initializer), start, 0, 0, NULL,    \
     "first values of " what},                                                                                 \
    {name "_regularizer", STRIA_ARG_REGULARIZER, offsetof(config, member.regularizer), "", 0, 0, NULL,       \
     "penalty on " what ", part of the loss"},                                                               \
    {name "_constraint", STRIA_ARG_CONSTRAINT, offsetof(config, member.constraint), "", 0, 0, NULL,          \
     "limit of " what ", applied after every step"}

/* The row of facts->activity_regularizer. */
#define STRIA_ACTIVITY_ARGUMENT(config, member)                                                              \
    {"activity_regularizer", STRIA_ARG_REGULARIZER, offsetof(config, member), "", 0, 0, NULL,                \
     "penalty on the outputs, divided by the batch, part of the loss"}
/* clang-format on */

static inline stria_param_spec stria_param(const char *name, stria_shape shape,
                                           const stria_param_config *config)
{
    return (stria_param_spec){.name = name,
                              .shape = shape,
                              .initializer = config->initializer,
                              .trainable = true,
                              .regularizer = config->regularizer,
                              .constraint = config->constraint};
}

#endif

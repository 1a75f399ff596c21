/* The layer kinds of kind_list.def, and what their files share. */
#ifndef STRIA_LAYERS_KINDS_H
#define STRIA_LAYERS_KINDS_H

#include "layers/layer.h"

#define STRIA_KIND(name) extern const stria_layer_kind stria_kind_##name;
#include "layers/kind_list.def"
#undef STRIA_KIND

/* The last size of a shape must be known: channels make parameters. Errors: SHAPE. */
stria_status stria_require_channels(const stria_shape *input, const char *kind, int64_t *channels,
                                    stria_error *err);

/* The input must have `axes` spatial axes and channels: a signal [L,C], a picture [H,W,C] or a volume
 * [D,H,W,C]. Errors: SHAPE with what would help. */
stria_status stria_require_spatial(const stria_shape *input, int axes, const char *kind, stria_error *err);

/* The row of an argument `axis`, as Keras counts: 0 is the batch, -1 the last. */
#define STRIA_AXIS_ARGUMENT(config, field, help)                                                             \
    {                                                                                                        \
        "axis", STRIA_ARG_INTEGER, offsetof(config, field), "-1", -STRIA_MAX_RANK, STRIA_MAX_RANK, NULL,     \
            help                                                                                             \
    }

/* The index of such an axis in a shape without the batch. Errors: SHAPE when there is none. */
stria_status stria_find_axis(int64_t axis, const stria_shape *shape, const char *kind, int *index,
                             stria_error *err);

/* Smaller deviations of the layer normalization count as this. */
#define STRIA_LEAST_DEVIATION 1e-7

/* Whether a softmax layer of this configuration runs over the last axis. */
bool stria_softmax_over_last(const void *config, const stria_shape *output);

/* Makes the shape rule `rule`_1d, _2d or _3d of a kind with one input out of
 *     rule(settings, input, axes, facts, err)
 * which serves signals, pictures and volumes alike. */
#define STRIA_SPATIAL_SHAPE(rule, axes)                                                                      \
    static stria_status rule##_##axes##d(const void *settings, const stria_shape *inputs,                    \
                                         size_t input_count, stria_layer_facts *facts, stria_error *err)     \
    {                                                                                                        \
        (void)input_count;                                                                                   \
        return rule(settings, &inputs[0], axes, facts, err);                                                 \
    }

#endif

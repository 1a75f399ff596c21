/* The layer kinds that registry.c lists, and what their files share. */
#ifndef STRIA_LAYERS_KINDS_H
#define STRIA_LAYERS_KINDS_H

#include "layers/layer.h"

extern const stria_layer_kind stria_kind_activation, stria_kind_add, stria_kind_avgpool2d,
    stria_kind_batchnorm, stria_kind_concat, stria_kind_conv2d, stria_kind_dense, stria_kind_depthwise_conv2d,
    stria_kind_dropout, stria_kind_elu, stria_kind_flatten, stria_kind_global_avgpool2d, stria_kind_input,
    stria_kind_leaky_relu, stria_kind_maxpool2d, stria_kind_minpool2d, stria_kind_relu, stria_kind_rescaling,
    stria_kind_softmax;

/* The last size of a shape must be known: channels make parameters. Errors: SHAPE. */
stria_status stria_require_channels(const stria_shape *input, const char *kind, int64_t *channels,
                                    stria_error *err);

/* The input must have `axes` spatial axes and channels: a signal [L,C], a picture [H,W,C] or a volume
 * [D,H,W,C]. Errors: SHAPE with what would help. */
stria_status stria_require_spatial(const stria_shape *input, int axes, const char *kind, stria_error *err);

#endif

/* The ways of attribution, one function each: they fill the maps of the result for a subject that has been
 * run on its picture. */
#ifndef STRIA_INSPECT_ATTRIBUTION_H
#define STRIA_INSPECT_ATTRIBUTION_H

#include "inspect/subject.h"

/* Allocates map [height, width] and full of a result, zero. Errors: MEMORY. */
stria_status stria_attribution_maps(stria_subject *subject, stria_attribution *result, size_t height,
                                    size_t width, stria_error *err);

/* Which layer's maps Grad-CAM takes; `wanted` NULL: the last convolution on the way to the output whose maps
 * are larger than one number. Errors: MISSING, UNSUPPORTED, MEMORY. */
stria_status stria_gradcam_layer(stria_subject *subject, const char *wanted, const char **layer,
                                 stria_error *err);

typedef stria_status stria_attribute_fn(stria_subject *subject, const stria_attribution_options *options,
                                        stria_attribution *result, stria_error *err);
stria_attribute_fn stria_attribute_gradcam, stria_attribute_saliency, stria_attribute_gradient_input,
    stria_attribute_smoothgrad, stria_attribute_integrated, stria_attribute_occlusion;

#endif

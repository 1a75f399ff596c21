/* Attribution: what in a picture an answer of the model depends on. Grad-CAM, gradients and what is made of them, and
 * hiding parts of the picture. Everything is computed as in inference: dropout off, moving statistics. */
#ifndef STRIA_ATTRIBUTION_H
#define STRIA_ATTRIBUTION_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/model.h>
#include <stria/picture.h>
#include <stria/shape.h>
#include <stria/sheet.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The name of method `index` ("gradcam", ...), or NULL past the end; and one line on it. Constant. */
STRIA_API const char *stria_attribution_name(size_t index);
STRIA_API const char *stria_attribution_title(size_t index);

/* All zero means the defaults.
 *
 * With S the score of the class (what the model gives before a softmax or sigmoid at its end; without one its output;
 * summed over all places when the output is a map; a single sigmoid is class 1 of two) and x the picture [H,W,C], the methods are
 *     gradcam               relu(sum over k of a_k A_k) with A_k the maps of a layer and a_k the mean of dS/dA_k over
 *                           the map (Selvaraju et al., ICCV 2017)
 *     saliency              the largest |dS/dx| of the channels (Simonyan et al., 2013)
 *     gradient-input        the sum over the channels of x * dS/dx
 *     smoothgrad            saliency of the mean gradient of `samples` pictures with noise (Smilkov et al., 2017)
 *     integrated-gradients  the sum over the channels of x - b times the mean of dS/dx on the way from b, a picture that
 *                           is `fill` all over, to x (Sundararajan et al., ICML 2017); the map's sum is S(x) - S(b)
 *     occlusion             how much the probability drops when a patch is hidden (Zeiler and Fergus, ECCV 2014) */
typedef struct stria_attribution_options {
    size_t struct_size;
    const char *method;       /* NULL: "gradcam" */
    const char *target_class; /* its name or, when there is none of that name, its number from 0; NULL: the most likely */
    const char *layer;        /* gradcam: NULL: the last convolution whose maps are larger than one number */
    int probabilities;        /* 1: the score is the probability, as in Keras's examples */
    int64_t samples;          /* smoothgrad, integrated-gradients; 0: 50 */
    double noise;             /* smoothgrad: deviation, as a share of the picture's range of values; 0: 0.15 */
    uint64_t seed;            /* smoothgrad */
    int64_t patch;            /* occlusion: rows and columns of the patch; 0: an eighth of the picture's longer side */
    int64_t stride;           /* occlusion: how far it moves, at most `patch`; 0: half of that */
    const double *fill;       /* occlusion: what hides, NULL: the mean of each channel. integrated-gradients: NULL: 0 */
    int64_t batch;            /* pictures at a time; 0: 16. Does not change the map but for rounding */
} stria_attribution_options;

/* An answer and what it depends on. Strings live as long as the model. A signal [L,C] is a picture of height 1. */
typedef struct stria_attribution {
    const char *method;
    const char *layer;       /* gradcam: whose maps; else "" */
    size_t class_index;
    const char *class_name;  /* NULL: classes have no names */
    double probability;      /* of the class; without a softmax the model's output. Of a map: the mean over its places */
    double score;            /* S */
    int is_signed;           /* 1: values below 0 speak against the class */
    int64_t map_height, map_width;
    float *map;              /* [map_height, map_width]: of gradcam the layer's places, of occlusion the patch's, else the
                                picture's */
    int64_t height, width;
    float *full;             /* [height, width], the picture's: gradcam bilinear between places, occlusion the mean of the
                                patches that hide a pixel, else the map itself */
    int64_t patch, stride;   /* occlusion: those that were taken */
    double baseline_score;   /* integrated-gradients: S(b) */
} stria_attribution;

/* Explains what the first output of `model`, which has one input, answers to x [shape...], a sample without batch. *result is filled on success and
 * freed by stria_attribution_free. Errors: VALUE (an unknown method or class, settings out of range, numbers that are
 * not finite: the message names the layer), MISSING (no such layer), SHAPE (a layer without maps, or a picture that does
 * not fit), UNSUPPORTED (several inputs, volumes, a model without a convolution), LIMIT, MEMORY. */
STRIA_API stria_status stria_attribution_compute(stria_attribution *result, stria_model *model, const float *x,
                                                 const stria_shape *shape, const stria_attribution_options *options,
                                                 stria_error *err);

/* Lays a result out: the picture `photo` (of the result's height and width, 1 to 4 channels; NULL: without it), the map
 * in the colours of `palette` (stria_color_map; NULL: "heat", or "diverging" when it is signed) with their scale, and the
 * map over the picture. The caller owns the sheet. Errors: SHAPE, VALUE, MEMORY. */
STRIA_API stria_status stria_attribution_sheet(const stria_attribution *result, stria_context *context,
                                               const stria_picture *photo, const char *palette, stria_sheet **sheet,
                                               stria_error *err);

/* Frees the maps and clears the struct; a cleared struct is allowed. `context` is that of the model. */
STRIA_API void stria_attribution_free(stria_attribution *result, stria_context *context);

#ifdef __cplusplus
}
#endif

#endif

/* Looking into trained networks: learned filters, feature maps, hand-made filters, and which orientation each filter
 * answers to. The numbers come first; each can be laid out as a sheet (stria/sheet.h) or figure. */
#ifndef STRIA_INSPECT_H
#define STRIA_INSPECT_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/data.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/figure.h>
#include <stria/model.h>
#include <stria/shape.h>
#include <stria/sheet.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Filters ---- */

/* The learned kernels of one layer as small pictures, in one order for all kinds of layers: [filters, channels, height,
 * width]. Of a convolution over volumes each slice of each channel counts as a channel; a convolution over signals has
 * pictures of one row for each channel; of a dense layer behind a picture, flattened or not, the weights of each unit
 * have the picture's shape; of a depthwise layer each filter has one channel. */
typedef struct stria_filters stria_filters;

/* One filter. */
typedef struct stria_filter_info {
    double norm, mean, minimum, maximum; /* of its weights; the norm is L2 */
    int dead;                            /* 1: its norm is below a hundredth of the layer's median norm, or 0 */
    int silent;                          /* 1: it was positive nowhere in the data of stria_filters_watch */
    int64_t twin;                        /* the first filter before it whose direction is the same, -1: none */
    double cosine;                       /* between the two: above STRIA_TWIN_COSINE */
} stria_filter_info;

#define STRIA_TWIN_COSINE 0.99

/* Copies the kernels of the layer called `layer`; NULL: the first layer that has any, convolutions first. The caller owns
 * the result; the model may change or end. Errors: MISSING when there is no such layer; VALUE when it has no
 * kernels that are pictures; MEMORY. */
STRIA_API stria_status stria_filters_create(stria_filters **filters, stria_context *context, const stria_model *model,
                                            const char *layer, stria_error *err);

/* NULL is allowed. */
STRIA_API void stria_filters_free(stria_filters *filters);

/* The layer's name; [filters, channels, height, width]; and all weights in that order. They live as long as the
 * filters. */
STRIA_API const char *stria_filters_layer(const stria_filters *filters);
STRIA_API const stria_shape *stria_filters_shape(const stria_filters *filters);
STRIA_API const float *stria_filters_values(const stria_filters *filters);

/* Describes filter `index`; 1, or 0 past the end. */
STRIA_API int stria_filters_at(const stria_filters *filters, size_t index, stria_filter_info *info);

/* Runs up to `samples` (0: 1,000) samples of the data's training part through `model`, the one the filters are of, and
 * marks as silent the filters whose map, behind the activation that follows the layer, was never above 0. Errors: as
 * stria_plan_create and stria_plan_run; SHAPE when data and model do not fit. */
STRIA_API stria_status stria_filters_watch(stria_filters *filters, stria_model *model, const stria_dataset *data,
                                           size_t samples, stria_error *err);

/* How kernels become pictures: 0 is the middle of the palette, and the ends are the same distance from it, so that in
 * grey darker is more negative and whiter more positive. All zero means the defaults. */
typedef struct stria_filters_options {
    size_t struct_size;
    const char *palette; /* a colour map; NULL: "gray" */
    int own_scale;       /* 1: each filter's largest weight is an end of the palette; else the layer's largest is */
    int separate;        /* 1: also kernels over a colour picture are shown channel by channel */
    const char *summary; /* "mean" or "norm" over the channels instead of all of them; NULL: all */
    size_t most_filters;  /* shown; 0: 256 */
    size_t most_channels; /* shown of each; 0: 64 */
} stria_filters_options;

/* Lays the filters out: a tile for each with number and norm, its channels side by side; dead, silent and twin ones
 * marked; what is left out is said. The caller owns the sheet. Errors: VALUE (palette, summary), MEMORY. */
STRIA_API stria_status stria_filters_sheet(const stria_filters *filters, const stria_filters_options *options,
                                           stria_sheet **sheet, stria_error *err);

#ifdef __cplusplus
}
#endif

#endif

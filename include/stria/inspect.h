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

/* ---- Orientation tuning ---- */

#define STRIA_TUNING_ANGLES 36 /* 0, 5, ... 175 degrees */

/* How a filter answers to gratings. Angles are of the bars, in degrees: 0 lies, 90 stands, anticlockwise. */
typedef struct stria_tuning {
    double responses[STRIA_TUNING_ANGLES]; /* amplitude at the frequency below */
    double frequency;                      /* waves per pixel, that it answers to best */
    double preferred, strongest;           /* the angle it answers to best, and that answer */
    double selectivity;                    /* 0: all angles alike, 1: one angle only */
} stria_tuning;

/* Finds the tuning of every filter: tunings[filters]. Errors: VALUE for kernels of one row or column; MEMORY. */
STRIA_API stria_status stria_filters_tune(const stria_filters *filters, stria_tuning *tunings, stria_error *err);

/* Draws the curves, each beside its filter. The caller owns the figure. Errors: MEMORY, LIMIT. */
STRIA_API stria_status stria_tuning_figure(const stria_filters *filters, const stria_tuning *tunings,
                                           stria_figure **figure, stria_error *err);

/* ---- Feature maps ---- */

/* The outputs of a model's layers for one input, cut into maps: of [H,W,C] C maps of H rows and W columns; of [L,C] C maps
 * of one row; of [D,H,W,C] a map for each slice and channel; of [F] one map of one row. */
typedef struct stria_maps stria_maps;

/* One layer. Strings live as long as the model. */
typedef struct stria_maps_layer_info {
    const char *layer, *kind;
    stria_shape output;
    int64_t count, height, width;
} stria_maps_layer_info;

/* One map. `active` is the part of it above 0. */
typedef struct stria_map_info {
    double minimum, maximum, mean, active;
} stria_map_info;

/* Runs the model on one sample, inputs[i] as for stria_plan_run and `shapes` as in stria_plan_options (NULL: the
 * model's), and keeps the outputs of `layer`, NULL: of all layers that change a number. The caller owns the maps and
 * frees them before the model. Errors: MISSING; VALUE for the input layer; those of stria_plan_create. */
STRIA_API stria_status stria_maps_create(stria_maps **maps, stria_context *context, stria_model *model,
                                         const float *const *inputs, const stria_shape *shapes, const char *layer,
                                         stria_error *err);

/* NULL is allowed. */
STRIA_API void stria_maps_free(stria_maps *maps);

/* Each writes to its last argument and returns 1, or 0 past the end; `values` has room for height * width numbers. */
STRIA_API int stria_maps_layer_at(const stria_maps *maps, size_t layer, stria_maps_layer_info *info);
STRIA_API int stria_maps_at(const stria_maps *maps, size_t layer, size_t map, stria_map_info *info);
STRIA_API int stria_maps_read(const stria_maps *maps, size_t layer, size_t map, float *values);

/* All zero means the defaults. */
typedef struct stria_maps_options {
    size_t struct_size;
    const char *title;   /* NULL: "Feature maps" */
    const char *palette; /* a colour map; NULL: "gray" */
    int common_scale;    /* 1: one for the maps of a layer; else each map from its smallest to its largest number */
    size_t most;         /* maps shown of each layer; 0: 256 of one, 16 of each of several */
} stria_maps_options;

/* Lays the maps out, the layers in their order. The caller owns the sheet. Errors: VALUE (palette), MEMORY. */
STRIA_API stria_status stria_maps_sheet(const stria_maps *maps, const stria_maps_options *options, stria_sheet **sheet,
                                        stria_error *err);

/* ---- Hand-made kernels ---- */

#define STRIA_LARGEST_KERNEL 255

/* A kernel [height, width], freed with stria_kernel_free. */
typedef struct stria_kernel {
    int64_t height, width;
    float *values;
} stria_kernel;

/* Name and meaning of the kernels that are known; 1, or 0 past the end. A capital N stands for
 * a size: "vertical7" is one of "verticalN". Constant, any thread. */
STRIA_API int stria_kernel_describe(size_t index, const char **name, const char **title);

/* Makes the kernel called `name`, or reads it from the file of that name: a .npy array of two axes, or text with a line
 * of numbers for each row. Errors: MISSING lists the names; FORMAT, SHAPE, LIMIT, IO, MEMORY. */
STRIA_API stria_status stria_kernel_read(stria_kernel *kernel, stria_context *context, const char *name,
                                         stria_error *err);

/* A cleared struct is allowed. */
STRIA_API void stria_kernel_free(stria_kernel *kernel, stria_context *context);

/* What a conv2d layer with this kernel makes of a grey picture [height, width], with padding "same" or "valid":
 * result [height, width, 1], freed with stria_array_free. Errors: SHAPE when it fits nowhere; MEMORY. */
STRIA_API stria_status stria_kernel_apply(const stria_kernel *kernel, stria_context *context, const float *picture,
                                          int64_t height, int64_t width, int same, stria_array *result,
                                          stria_error *err);

#ifdef __cplusplus
}
#endif

#endif

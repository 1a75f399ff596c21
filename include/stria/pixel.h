/* One number of a layer's output, worked out as one would by hand: what the window sees, what it is multiplied by, the
 * products, their sum, and what becomes of it. */
#ifndef STRIA_PIXEL_H
#define STRIA_PIXEL_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/figure.h>
#include <stria/model.h>
#include <stria/shape.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One number that the window sees. Places and taps are of depth, height and width; axes that the layer does not have are
 * 0, so that those of a signal are in [2]. */
typedef struct stria_pixel_term {
    int64_t place[3]; /* in the layer's input; of padding outside of it */
    int64_t tap[3];   /* in the window */
    int64_t channel;  /* of the input */
    int padding;      /* 1: there is no such input. A sum takes 0 for it, other operations leave it out */
    float input;
    float weight;     /* 1 where the layer has none */
    double product;
} stria_pixel_term;

/* A number in a step, "gamma" or "mean", in the order of the formula. */
typedef struct stria_pixel_number {
    const char *name;
    double value;
} stria_pixel_number;

/* What becomes of the number after the sum. */
typedef struct stria_pixel_step {
    const char *layer; /* whose work it is: the layer's own, or that of one behind it */
    const char *what;  /* "bias", "batchnorm", or an activation: "relu" */
    int number_count;
    stria_pixel_number numbers[5]; /* bias; gamma, mean, variance, epsilon, beta; softmax: sum, of e^z over the maps */
    double value;                  /* after it */
    int has_plan_value;            /* 1: here the layer ends, and the model itself has */
    float plan_value;
} stria_pixel_step;

#define STRIA_PIXEL_MOST_STEPS 8

/* Strings live as long as the model. */
typedef struct stria_pixel {
    const char *layer, *kind;
    const char *operation; /* "sum" of products, "maximum", "minimum", "mean", or "value": the input itself */
    int axes;              /* spatial axes, 0 to 3: the last so many of the three below */
    int64_t position[3];
    int64_t map;
    int64_t window[3];     /* taps along each axis */
    int64_t first_channel, channels; /* those of the input that the terms go through */
    stria_shape input, output;       /* of the layer */
    stria_pixel_term *terms; /* taps in order, the channels of each together. Transposed: those whose input lands here */
    size_t term_count;
    size_t chosen;         /* maximum and minimum: which term, the first of equals */
    size_t counted;        /* terms that are not padding */
    double result;         /* of the operation, worked out in double */
    stria_pixel_step steps[STRIA_PIXEL_MOST_STEPS];
    size_t step_count;     /* steps of the layer itself, and those of batch normalisations and activations that alone read it */
    size_t own_steps;      /* of the layer itself */
    double value;          /* of the layer: after its own steps */
    float plan_value;      /* what the model has there; differs by rounding */
} stria_pixel;

/* Works output number `map` at `position` (one number for each of the `axes` spatial axes of the layer's output) out, for
 * inputs[i], input i of the model, of the shapes given (NULL: the model's own). Convolutions of all sorts (of a separable one the terms are
 * those of its second half: the sums of the first and what they are multiplied by), dense layers, pooling, batch
 * normalisation and activations can be; layer NULL: the first convolution. *pixel is filled on success and freed by stria_pixel_free.
 * Errors: MISSING (no such layer), VALUE (outside of the output, or another number of axes), UNSUPPORTED (another kind), SHAPE, LIMIT,
 * MEMORY. */
STRIA_API stria_status stria_pixel_work_out(stria_pixel *pixel, stria_model *model, const char *layer,
                                            const int64_t *position, int axes, int64_t map, const float *const *inputs,
                                            const stria_shape *shapes, stria_error *err);

/* Draws it: what the window sees, the kernel and the products as tiles of numbers, padding dashed, arrows to the sum and
 * on through the steps to the output. Of more than eight channels the first eight are drawn, of a dense layer the largest
 * 64 products. The caller owns the figure. Errors: MEMORY, LIMIT. */
STRIA_API stria_status stria_pixel_figure(const stria_pixel *pixel, stria_context *context, stria_figure **figure,
                                          stria_error *err);

/* Frees the terms and clears the struct; a cleared struct is allowed. */
STRIA_API void stria_pixel_free(stria_pixel *pixel, stria_context *context);

#ifdef __cplusplus
}
#endif

#endif

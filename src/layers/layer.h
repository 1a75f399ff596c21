/* What a layer kind is: one constant struct with its name, argument table, shape rule, initial values,
 * forward and backward. Adding a kind touches its file, registry.c and its test cases, nothing else. */
#ifndef STRIA_LAYERS_LAYER_H
#define STRIA_LAYERS_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stria/error.h>
#include <stria/shape.h>

#include "kernels/kernels.h"
#include "layers/arguments.h"

#define STRIA_MAX_LAYER_PARAMS 4

/* A parameter tensor of a layer. */
typedef struct stria_param_spec {
    const char *name; /* "kernel" */
    stria_shape shape;
    stria_initializer initializer;
    bool trainable; /* false for moving statistics */
    stria_regularizer regularizer;
    stria_constraint constraint;
} stria_param_spec;

/* What the shape rule finds out about a layer, for one sample. */
typedef struct stria_layer_facts {
    stria_shape output;
    size_t param_count;
    stria_param_spec params[STRIA_MAX_LAYER_PARAMS];
    stria_regularizer activity_regularizer; /* penalty on the output */
    int64_t macs;                           /* multiply-adds; -1 when a size is open */
    bool sees_all;                          /* every output depends on the whole input */
    /* The window that one output sees, along each spatial axis of the input, outermost first. */
    int64_t field[3];        /* its extent; 0 means 1 */
    int64_t field_stride[3]; /* distance between the windows of neighbouring outputs; 0 means 1 */
    int64_t field_before[3]; /* padding before the first */
    /* Of layers with several outputs for each input: output k has windows ceil((k + finer_first) / finer) to
     * floor((k + finer_last) / finer) of those. */
    int64_t finer[3]; /* 0 means 1 */
    int64_t finer_first[3], finer_last[3];
} stria_layer_facts;

/* What a plan must provide for a layer, for its largest batch. */
typedef struct stria_layer_needs {
    bool view; /* the output is the input's memory under another shape; forward is not called */
    bool backward_reads_input; /* backward needs inputs (all of them) */
    bool backward_reads_output;
    bool backward_keeps_dy; /* backward leaves dy as it is */
    bool backward_in_place; /* dinputs[0] may be dy */
    bool backward_adds;     /* backward can add to dinputs; see call->adds_dinput */
    size_t packed;          /* floats of packed parameters */
    size_t saved;           /* bytes that forward leaves for backward; 0 in inference */
    size_t scratch;         /* floats for one call of forward or backward */
    const char *kernel;     /* what computes it, for printing; constant */
} stria_layer_needs;

#define STRIA_MAX_INPUTS 16

/* Parts of the work of a layer that the layer before it can take over; in one step they come in this order.
 */
enum {
    STRIA_PART_SCALING = 1, /* batch normalisation by moving statistics: a factor and a shift per channel */
    STRIA_PART_SUM = 2,     /* the sum of two inputs */
    STRIA_PART_ACTIVATION = 4, /* a function of each number whose derivative goes by the output */
    STRIA_PART_CURVED = 8,     /* one whose derivative goes by the input */
    /* Training: a layer that selects some of its inputs, as the maximum does, multiplies by the derivative of
     * the relu before it: it has fewer numbers than that layer. */
    STRIA_PART_SELECTION = 16
};

typedef struct stria_layer_call stria_layer_call;

/* What a layer does for layers behind it, which have no step of their own: first the scaling, then the sum,
 * then the activation. */
typedef struct stria_taken {
    const stria_layer_call *scaling; /* of the layer whose scaling is taken; NULL for none */
    void (*scale)(const stria_layer_call *scaling, size_t channel, double *factor, double *shift);
    bool sum;
    const float *residual; /* [batch, output shape]: what the sum adds */
    stria_activation activation;
} stria_taken;

/* One layer bound to a plan: what bind, pack, forward and backward get. Pointers that do not apply are NULL.
 */
struct stria_layer_call {
    const void *config;
    void *state; /* kind->state_size zeroed bytes, filled by bind, kept with the plan */
    const stria_kernels *kernels;
    stria_pool *pool;
    bool training;        /* as while training: random layers draw, statistics are those of the batch */
    bool differentiates;  /* the plan can run backward: forward leaves what that needs */
    stria_taken taken;
    stria_activation derives; /* of the layer before: its derivative is this one's work; linear for none */
    bool derived;             /* dy has been multiplied by the derivative of this layer's activation */
    bool statistics_off;      /* frozen: batch normalisation uses and keeps its moving statistics */
    bool again;               /* the same run once more: moving statistics are left alone */
    bool wants_dinput;        /* the gradient of some input will be asked for */
    stria_conv_algorithm algorithm; /* bind: the wish for convolutions */
    bool raw_output; /* leave out the own activation; dy is then the gradient of the sum before it */
    size_t batch;    /* bind: the largest; else of this run */
    stria_random_key random;
    size_t input_count;
    const stria_shape *input_shapes[STRIA_MAX_INPUTS]; /* without batch */
    const stria_shape *output_shape;
    const float *inputs[STRIA_MAX_INPUTS];
    float *output;
    float *params[STRIA_MAX_LAYER_PARAMS]; /* in the order of facts.params */
    float *packed;
    void *saved;
    float *scratch;
    float *dy;                              /* gradient of the output; backward may overwrite it */
    float *dinputs[STRIA_MAX_INPUTS];       /* overwritten or added to; NULL where not wanted */
    bool adds_dinput[STRIA_MAX_INPUTS];     /* whether they are added to */
    float *dparams[STRIA_MAX_LAYER_PARAMS]; /* overwritten; NULL where not wanted */
};

typedef struct stria_layer_kind {
    const char *name;
    const char *aliases; /* separated by spaces; "" for none */
    const char *keras_class;
    /* Its twin in ONNX: "Conv"; several in a row with + between; one of several with | between; NULL for
     * none. */
    const char *onnx_operator;
    const char *title;
    const char *formula;
    const char *example;
    size_t config_size; /* of the private struct that the arguments fill */
    const stria_argument *arguments;
    size_t argument_count;
    size_t min_inputs, max_inputs; /* 0 and 0 for input layers */
    size_t state_size;
    /* Output shape and parameters from the inputs' shapes (sizes may be open). Errors: SHAPE, VALUE, LIMIT;
     * the message says the sum that went wrong and what would help. */
    stria_status (*shape)(const void *config, const stria_shape *inputs, size_t input_count,
                          stria_layer_facts *facts, stria_error *err);
    /* Fills state and needs for a plan; sizes are known and checked. */
    void (*bind)(stria_layer_call *call, stria_layer_needs *needs);
    /* Copies parameters to `packed`; NULL when there is nothing to pack. */
    void (*pack)(const stria_layer_call *call);
    void (*forward)(const stria_layer_call *call);
    /* Writes dinputs and dparams from dy. */
    void (*backward)(const stria_layer_call *call);
    /* What plans know of a kind to run neighbours as one step (model/fuse.c). */
    unsigned takes,
        takes_in_training; /* parts that forward and backward do for layers behind; see call->taken */
    unsigned part;         /* what this layer is for the one before; 0: a step of its own */
    /* The function the layer ends with; NULL: linear. A layer whose own is not linear takes nothing. */
    stria_activation (*activation)(const void *config);
    /* STRIA_PART_SCALING: y = factor * x + shift of a channel, from the parameters as they are. */
    void (*scale)(const stria_layer_call *call, size_t channel, double *factor, double *shift);
    /* Training: sample `sample` of the output is `weight` of the input's and 1 - weight of sample `partner`; the loss
     * mixes targets alike. NULL: samples stay apart. */
    void (*mixes)(const stria_layer_call *call, size_t sample, size_t *partner, double *weight);
} stria_layer_kind;

/* The kinds in alphabetical order, ended by NULL. */
extern const stria_layer_kind *const stria_layer_kinds[];

/* By name, alias or Keras class, in any case of letters; NULL when unknown. */
const stria_layer_kind *stria_layer_kind_by_name(const char *name, size_t length);

/* The nearest name to a mistyped one, or NULL. */
const char *stria_layer_kind_nearest(const char *name, size_t length);

#endif

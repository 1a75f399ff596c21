/* The inside of a plan, shared by the file that makes it and the file that runs it. */
#ifndef STRIA_MODEL_PLAN_INSIDE_H
#define STRIA_MODEL_PLAN_INSIDE_H

#include "base/memory.h"
#include "model/arena_plan.h"
#include "model/model.h"
#include "model/plan.h"

#define STRIA_NO_BUFFER ((size_t)-1)
#define STRIA_NO_NODE   ((size_t)-1)

/* What happens to the gradient of one input of a node. */
typedef struct stria_gradient_route {
    size_t buffer; /* of the temporary that is added afterwards, or STRIA_NO_BUFFER */
    float *into;   /* where a temporary is added to; NULL: the layer writes to its place itself */
} stria_gradient_route;

/* A node bound to the plan. Buffers are indices into plan->buffers until they have addresses. */
typedef struct stria_plan_node {
    bool used;              /* an output or something kept depends on it */
    bool differentiated;    /* its output's gradient is computed */
    bool view;              /* its output is its input's memory */
    bool gradient_borrowed; /* its gradient is another's too: backward must leave it as it is */
    bool gradient_callers;  /* of an output: backward reads its gradient where the caller has it */
    bool gradient_shared;   /* a view whose gradient is its input's gradient: nothing to do in backward */
    bool adds_params;       /* backward adds its parameters' gradients to those of a later use of them */
    bool kept;              /* readable after a run */
    size_t host;            /* the node whose step computes this one: itself, or the one that has taken it */
    size_t residual;        /* of a host that has taken a sum: the node it adds; else STRIA_NO_NODE */
    const char *in_host;    /* of a node that has been taken: "in conv1"; else NULL */
    size_t root;            /* the node whose memory holds the output: itself, or behind views */
    int external;           /* the root is this input of the model, in the caller's memory; else -1 */
    size_t elements;        /* of one sample's output */
    size_t pass;            /* that it runs in */
    bool grouped;           /* its memory holds one group of its pass */
    int64_t macs;           /* multiply-adds for one sample */
    stria_shape shape;
    size_t entries;                 /* of the first axis that the layer takes as so many samples; else 1 */
    stria_shape entry_input, entry; /* the layer's shapes without that axis */
    float *kernel, *vector_u;       /* of spectral normalisation, to be divided before forward; else NULL */
    size_t kernel_rows;
    stria_layer_needs needs;
    size_t value, gradient, saved; /* buffers; STRIA_NO_BUFFER for none */
    size_t kept_gradient;          /* buffer of a copy of the gradient, which later steps overwrite */
    stria_gradient_route routes[STRIA_MAX_INPUTS];
    stria_layer_call call;
} stria_plan_node;

/* Nodes first ... last, which run for `group` samples at a time. */
typedef struct stria_plan_pass {
    size_t first, last, group;
} stria_plan_pass;

struct stria_plan {
    stria_context *context;
    stria_model *model;
    stria_arena arena;
    stria_mode mode;
    bool training;       /* layers do what they do while training */
    bool differentiates; /* backward can be run */
    bool input_gradients, separate;
    stria_conv_algorithm algorithm; /* the wish for convolutions */
    size_t batch;                   /* largest */
    size_t last_batch;              /* of the last run; 0 before it */
    uint64_t seed, step;
    stria_plan_node *nodes; /* one for each of the model's */
    size_t node_count;
    size_t *outputs; /* nodes it ends at: most often the model's */
    size_t output_count;
    stria_plan_pass *passes; /* all nodes, one after the other */
    size_t pass_count;
    stria_buffer *buffers;
    size_t buffer_count, buffer_capacity;
    float *block;            /* activations, their gradients and what backward keeps */
    float *packed;           /* packed parameters of all nodes */
    float *scratch;          /* of the step that runs */
    float *gradients;        /* of all weights, in their layout; training only */
    float *shared_gradients; /* of one layer's parameters, before they are added to those of a later use */
    stria_plan_memory memory;
    uint64_t *times; /* of the steps, while a profile is taken; else NULL */
    uint64_t tick;   /* when the step before ended */
};

/* Decides which neighbouring layers run as one step: host, residual and what hosts take. Errors: MEMORY. */
stria_status stria_plan_fuse(stria_plan *plan, stria_error *err);

/* Decides which steps run for how many samples at a time: passes, pass and grouped. Errors: MEMORY. */
stria_status stria_plan_find_passes(stria_plan *plan, stria_error *err);

/* The address of a buffer. */
static inline float *stria_plan_buffer(const stria_plan *plan, size_t buffer)
{
    return (float *)((unsigned char *)plan->block + plan->buffers[buffer].offset);
}

#endif

/* Plans: a model bound to a batch size, an input size, kernels, threads and one block of memory.
 *
 * Everything that can fail, choose or allocate happens when the plan is made. Running it is a loop over its steps.
 * It computes with denormal numbers as zeros, rounding to nearest and without traps, and leaves the caller's
 * floating-point state, flags included, as it was.
 * A plan is used by one thread at a time; many plans of one model may run at once. The model must outlive its plans and
 * must not be added to while it has any. */
#ifndef STRIA_PLAN_H
#define STRIA_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include <stria/error.h>
#include <stria/export.h>
#include <stria/model.h>
#include <stria/shape.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct stria_plan stria_plan;

typedef enum stria_mode {
    STRIA_MODE_INFERENCE = 0, /* forward only; dropout off; moving statistics */
    STRIA_MODE_TRAINING,      /* forward keeps what backward needs; dropout on; batch statistics */
    STRIA_MODE_GRADIENTS      /* forward as in inference, and backward: gradients of inputs and of kept layers, none of
                                 parameters and no penalties. To find out what an answer depends on */
} stria_mode;

/* An activation at the very end of a model that a loss has built in: without it the outputs are what it would get. */
typedef enum stria_raw_output {
    STRIA_RAW_NOTHING = 0,
    STRIA_RAW_SOFTMAX,
    STRIA_RAW_SIGMOID
} stria_raw_output;

/* All zero means the defaults. */
typedef struct stria_plan_options {
    size_t struct_size;
    stria_mode mode;
    int64_t batch;                   /* largest batch that will be run; 0: 1 */
    const stria_shape *input_shapes; /* one for each input, without batch; NULL: the model's own. Needed for `?` sizes */
    const char *const *keep;         /* names of layers whose outputs can be read after a run */
    size_t keep_count;
    const char *const *outputs; /* names of layers that the plan ends at, in place of the model's outputs: what only later
                                   layers need is not computed, backward begins here. NULL: the model's */
    size_t output_count;
    int input_gradients; /* training and gradients: also compute the gradients of the inputs */
    int raw_output;      /* a stria_raw_output: leave out a softmax, or sigmoid, at the very end, so that outputs are logits */
    uint64_t seed;       /* training: of dropout and other random layers */
    const char *algorithm; /* of convolutions: "direct" (sums as defined), "winograd" (where it applies: 3x3 windows
                              that move by 1; fewer multiplications, errors about twice as large), "fft" (forward by
                              Fourier transforms, where there are no groups; for large windows), "ref" (the
                              definition in plain C, slow). "auto": by shape, the fastest. NULL: the context's */
    int separate_layers;   /* every layer is a step of its own, for the whole batch, for inspection and tests. Else a convolution or dense layer
                              does in its step what the batch normalisation (inference), the sum (inference) and the
                              activation behind it do; batch normalisation and sums do so with activations. Layers that
                              are kept, outputs, or read by several keep their values; stria_plan_step tells */
} stria_plan_options;

/* Makes a plan. The caller owns it. Errors: SHAPE (sizes open or not fitting), VALUE (batch < 1 or too large, an
 * unknown algorithm), MISSING
 * (a name to keep or to end at), MEMORY. */
STRIA_API stria_status stria_plan_create(stria_plan **plan, stria_model *model, const stria_plan_options *options,
                                         stria_error *err);

/* NULL is allowed. */
STRIA_API void stria_plan_free(stria_plan *plan);

/* Packs the model's parameters afresh. Inference plans pack when made; call this after the parameters changed.
 * Training plans pack at every run; gradient plans as those for inference. */
STRIA_API void stria_plan_refresh(stria_plan *plan);

/* Runs `batch` samples (1 to the planned batch). inputs[i] is input i of the model as [batch, shape...], contiguous
 * floats that the caller owns and keeps until the run (for training: until backward) is over.
 * Allocates nothing. Errors: VALUE for a bad batch. */
STRIA_API stria_status stria_plan_run(stria_plan *plan, const float *const *inputs, int64_t batch, stria_error *err);

/* Output `index` (of the plan's outputs) of the last run as [batch, shape...]; owned by the plan, overwritten by the next run; NULL past the
 * end. */
STRIA_API const float *stria_plan_output(const stria_plan *plan, size_t index);

/* The output of a kept layer (or of an input or output layer); NULL for others. */
STRIA_API const float *stria_plan_value(const stria_plan *plan, const char *layer);

/* The shape of a layer's output in this plan, without batch; NULL when there is no such layer. */
STRIA_API const stria_shape *stria_plan_shape(const stria_plan *plan, const char *layer);

/* Training and gradient plans: computes the gradients of L = sum(output * output_gradient) for the last run.
 * output_gradients[i] is as output i. Parameter gradients are overwritten, not added to. Allocates nothing.
 * Errors: VALUE for an inference plan or when nothing has been run. */
STRIA_API stria_status stria_plan_backward(stria_plan *plan, const float *const *output_gradients, stria_error *err);

/* Gradients after backward, owned by the plan: of tensor `index` of the model (NULL when it is not trainable), and of
 * input `index` (NULL unless asked for). */
STRIA_API const float *stria_plan_tensor_gradient(const stria_plan *plan, size_t index);
STRIA_API const float *stria_plan_input_gradient(const stria_plan *plan, size_t index);

/* Of gradient plans, after backward: the gradient of the output of a kept layer, [batch, shape...], owned by the plan;
 * NULL for others, and for a layer that no output depends on. */
STRIA_API const float *stria_plan_value_gradient(const stria_plan *plan, const char *layer);

/* Name of the first layer, in running order, whose output for the last run's inputs holds a NaN or an infinity, or NULL.
 * Of layers that run as one step only the last output is seen, and the first of them is named: it, or one of those that
 * say "in" and its name (stria_step_info), is the one.
 * It runs the layers again to look at each in turn, with the inputs that the caller still keeps. */
STRIA_API const char *stria_plan_first_nonfinite(stria_plan *plan);

/* Bytes a plan uses. */
typedef struct stria_plan_memory {
    uint64_t parameters;  /* held by the model */
    uint64_t packed;      /* copies in the kernels' layout */
    uint64_t gradients;   /* of the parameters */
    uint64_t activations; /* the planned block: outputs, gradients of outputs and what backward keeps */
    uint64_t scratch;     /* the kernels' work space */
    uint64_t lower_bound; /* largest sum of activation bytes alive at one step */
} stria_plan_memory;

/* Writes what the plan uses to *memory. */
STRIA_API void stria_plan_memory_use(const stria_plan *plan, stria_plan_memory *memory);

/* One step of a plan, for printing. Strings live as long as the plan. */
typedef struct stria_step_info {
    const char *layer;     /* its layer */
    const char *kernel;    /* what computes it: "gather 14x32 avx512"; "in conv1" when it is done in the step of the layer
                              conv1 (batch normalisation, add and activations behind it); "" for a view */
    int backward;          /* 1 for steps of the gradient */
    uint64_t output_bytes; /* for the planned batch */
    uint64_t offset;       /* where in the activation block */
    int64_t macs;          /* multiply-adds for the planned batch, by the definition; 0 for layers that are not made of them */
    uint64_t bytes;        /* of the tensors it reads and writes for the planned batch, each once; 0 for a view */
    const char *within;    /* the layer whose step computes it: itself, or conv1 of "in conv1" */
    int64_t samples;       /* that it runs for at a time, in turn with its neighbours; the planned batch for most */
} stria_step_info;

/* The number of steps, and step `index` of them in running order: 1, or 0 when there is none. */
STRIA_API size_t stria_plan_step_count(const stria_plan *plan);
STRIA_API int stria_plan_step(const stria_plan *plan, size_t index, stria_step_info *info);

/* Does stria_plan_run, and stria_plan_backward unless output_gradients is NULL, and writes to nanoseconds[i], of
 * stria_plan_step_count entries, how long step i took (packing of parameters belongs to the forward step; next to none for
 * a view). Allocates nothing. Errors: as the two. */
STRIA_API stria_status stria_plan_profile(stria_plan *plan, const float *const *inputs, int64_t batch,
                                          const float *const *output_gradients, uint64_t *nanoseconds, stria_error *err);

#ifdef __cplusplus
}
#endif

#endif

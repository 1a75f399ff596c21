/* Models: the description of a network with its parameters. A model can be written, read, printed, compared and saved;
 * to compute with it, make a plan (stria/plan.h) or train it (stria/train.h).
 *
 * A model that nobody changes may be used from many threads at a time. */
#ifndef STRIA_MODEL_H
#define STRIA_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include <stria/context.h>
#include <stria/error.h>
#include <stria/export.h>
#include <stria/shape.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct stria_model stria_model;

/* ---- Making ---- */

/* Makes an empty model; add lines with stria_model_add. The caller owns it. Errors: MEMORY. */
STRIA_API stria_status stria_model_create(stria_model **model, stria_context *context, stria_error *err);

/* NULL is allowed. */
STRIA_API void stria_model_free(stria_model *model);

/* Adds one line of model text, "conv2d 8 5 strides=3 relu"; no block or repeat. Without `( )` the layer takes the line before it.
 * New parameters are initialised from seed 0 (see stria_model_initialize).
 * Errors: SYNTAX (message with column and caret), SHAPE, MEMORY; the model is then as before. */
STRIA_API stria_status stria_model_add(stria_model *model, const char *line, stria_error *err);

/* One mistake in model text. Strings live during the callback. */
typedef struct stria_diagnostic {
    const char *file;    /* the name given in the options, or "" */
    int line;            /* from 1 */
    int column;          /* from 1, in bytes */
    int length;          /* how many bytes are marked, at least 1 */
    const char *message; /* what is wrong, the rule, the suggestion */
    const char *source;  /* the whole line */
} stria_diagnostic;

typedef void (*stria_diagnostic_fn)(const stria_diagnostic *diagnostic, void *payload);

typedef struct stria_parse_options {
    size_t struct_size;
    const char *file_name;          /* for messages; may be NULL */
    stria_diagnostic_fn diagnostic; /* called for every mistake in order; may be NULL */
    void *payload;
    int without_parameters; /* 1: describe only; takes no memory for parameters until stria_model_initialize */
} stria_parse_options;

/* Reads a whole model text of `length` bytes (it needs no final NUL). Every mistake is reported to the diagnostic
 * callback; `err` holds the first, as "file:line:column: message" with the line and a caret below, and says how many
 * there are. Errors: SYNTAX or SHAPE, MEMORY. The caller owns the model. */
STRIA_API stria_status stria_model_parse(stria_model **model, stria_context *context, const char *text, size_t length,
                                         const stria_parse_options *options, stria_error *err);

/* Opens model text (*.stria) or a trained model (*.safetensors) by content. `options` may be NULL; its file_name is
 * ignored. Errors: those of stria_model_parse, and MISSING, IO, FORMAT, UNSUPPORTED, NOT_BUILT, LIMIT. */
STRIA_API stria_status stria_model_load(stria_model **model, stria_context *context, const char *path,
                                        const stria_parse_options *options, stria_error *err);

/* The same from memory; `name` stands for the file in messages. */
STRIA_API stria_status stria_model_load_memory(stria_model **model, stria_context *context, const void *bytes,
                                               size_t size, const char *name, const stria_parse_options *options,
                                               stria_error *err);

/* Writes the model with parameters as one safetensors file; a reader at any moment sees the old file or the new one.
 * Errors: VALUE (no layers or parameters, or a metadata key that the format uses itself), IO (the old file is whole),
 * MEMORY. */
STRIA_API stria_status stria_model_save(const stria_model *model, const char *path, stria_error *err);

/* Writes the model text to `buffer`, cut to `size` bytes with its end, and returns the whole length without the end, as
 * snprintf does. The text parses back to the same model; arguments at their defaults are left out, blocks and repeats
 * unrolled. */
STRIA_API size_t stria_model_text(const stria_model *model, char *buffer, size_t size);

/* Draws all parameters anew: the initializers of the layers (Keras's defaults and formulas), seeded by `seed` and tensor.
 * The same seed gives the same bits whatever the threads and instruction set. Errors: MEMORY for a model made without
 * parameters. */
STRIA_API stria_status stria_model_initialize(stria_model *model, uint64_t seed, stria_error *err);

/* ---- Ready model texts ---- */

/* The name of ready model `index` ("lenet5", ...), or NULL past the end. Constant. */
STRIA_API const char *stria_architecture_name(size_t index);

/* One line on ready model `index`, or NULL past the end. Constant. */
STRIA_API const char *stria_architecture_title(size_t index);

/* The model text of the ready model `name`, or NULL when there is none. Constant. */
STRIA_API const char *stria_architecture_text(const char *name);

/* ---- Looking ---- */

/* Input and output layers. Shapes leave the batch out. */
STRIA_API size_t stria_model_input_count(const stria_model *model);
STRIA_API size_t stria_model_output_count(const stria_model *model);
/* NULL past the end. The strings and shapes live as long as the model is not added to. */
STRIA_API const char *stria_model_input_name(const stria_model *model, size_t index);
STRIA_API const char *stria_model_output_name(const stria_model *model, size_t index);
STRIA_API const stria_shape *stria_model_input_shape(const stria_model *model, size_t index);
STRIA_API const stria_shape *stria_model_output_shape(const stria_model *model, size_t index);

#define STRIA_MAX_LAYER_INPUTS 16

/* The window a layer's outputs see in the model's input, accumulated over the layers before it: output (i,j) sees
 * input rows offset[0] + i*stride[0] ... + size[0] - 1, likewise columns. size 0: the whole input.
 * `axes` is the number of the input's spatial axes, outermost first: 1 for signals, 2 for pictures, 3 for volumes.
 * Behind layers that make the grid finer (transposed convolution, up-sampling) divisor may be above 1: windows move by
 * stride rows every divisor outputs, size is that of the largest of them, offset where that of output 0 begins. */
typedef struct stria_receptive_field {
    int64_t axes;
    int64_t size[3], stride[3], offset[3], divisor[3];
} stria_receptive_field;

/* What is known of a layer before anything runs. Strings live as long as the model. */
typedef struct stria_layer_info {
    const char *name;      /* "conv2d_1" */
    const char *kind;      /* "conv2d" */
    const char *text;      /* its line of model text */
    size_t input_count;
    size_t inputs[STRIA_MAX_LAYER_INPUTS]; /* indices of layers */
    stria_shape output;    /* without the batch */
    int64_t params;        /* all parameters, moving statistics included; 0 for a layer that uses another's */
    int64_t trainable_params;
    int64_t macs;          /* multiply-adds for one sample; -1 when a size is open */
    int64_t bytes;         /* output bytes for one sample; -1 when a size is open */
    stria_receptive_field receptive_field;
    int frozen;            /* 1 after stria_model_freeze */
    const char *shares;    /* the layer that this one is another use of, with the same parameters; NULL: none */
} stria_layer_info;

/* How many layers there are. */
STRIA_API size_t stria_model_layer_count(const stria_model *model);

/* Describes layer `index`; 1, or 0 when there is none. */
STRIA_API int stria_model_layer(const stria_model *model, size_t index, stria_layer_info *info);

/* Index of the layer called `name`, or -1. */
STRIA_API int stria_model_find_layer(const stria_model *model, const char *name);

/* Sums over the layers. */
STRIA_API int64_t stria_model_params(const stria_model *model);
STRIA_API int64_t stria_model_trainable_params(const stria_model *model);
STRIA_API int64_t stria_model_macs(const stria_model *model); /* -1 when a size is open */

/* Bytes that the outputs of the layers take for a batch, as the network itself has it. What a plan takes (stria/plan.h)
 * has fused layers, packed parameters and scratch in it as well. */
typedef struct stria_value_memory {
    int64_t inference;       /* the most that is needed at one time: what a layer reads, what others are still to read, what
                                it writes. Of a chain: the largest two neighbouring layers. -1 when a size is open */
    size_t inference_layer;  /* when this layer runs */
    int64_t training;        /* all of them, which the gradient reads again; -1 when a size is open */
} stria_value_memory;

/* Finds out the bytes of outputs for `batch` samples. Errors: VALUE for a batch below 1, LIMIT when the sum is above 2^63,
 * MEMORY. */
STRIA_API stria_status stria_model_value_memory(const stria_model *model, int64_t batch, stria_value_memory *memory,
                                                stria_error *err);

/* Gives the model's inputs the sizes that are open (`?`), one shape without batch for each: shapes, multiplications and
 * receptive fields are then those of this size. Errors: VALUE for another number of inputs; SHAPE and those of the layers
 * when the sizes do not fit; LIMIT, MEMORY. The model must have no plans. */
STRIA_API stria_status stria_model_set_input_shapes(stria_model *model, const stria_shape *shapes, size_t count,
                                                    stria_error *err);

/* ---- Parameters ---- */

/* One parameter tensor. */
typedef struct stria_tensor_info {
    const char *name;  /* "conv2d/kernel"; lives as long as the model */
    stria_shape shape; /* kernels [kh,kw,cin,cout], dense kernels [in,out] */
    int64_t count;     /* numbers in it */
    int trainable;     /* 0 for moving statistics and frozen layers */
} stria_tensor_info;

/* How many parameter tensors there are, those of all layers. */
STRIA_API size_t stria_model_tensor_count(const stria_model *model);

/* Describes tensor `index` in the order of the layers; 1, or 0 when there is none. */
STRIA_API int stria_model_tensor(const stria_model *model, size_t index, stria_tensor_info *info);

/* Index of the tensor called `name`, or -1. */
STRIA_API int stria_model_find_tensor(const stria_model *model, const char *name);

/* The tensor's numbers, owned by the model, row-major; NULL past the end or without parameters. They stay in place until a layer is added.
 * Plans pack copies: after a change call stria_plan_refresh. */
STRIA_API float *stria_model_tensor_data(stria_model *model, size_t index);
STRIA_API const float *stria_model_tensor_data_const(const stria_model *model, size_t index);

/* Copies `count` numbers out of or into the tensor called `name`. Errors: MISSING, SHAPE when the count differs. */
STRIA_API stria_status stria_model_get_tensor(const stria_model *model, const char *name, float *values, size_t count,
                                              stria_error *err);
STRIA_API stria_status stria_model_set_tensor(stria_model *model, const char *name, const float *values, size_t count,
                                              stria_error *err);

/* Keeps the layers whose names match `pattern` (`*` any text, `?` one character; several separated by commas) from being
 * trained. A frozen batch normalisation also uses its moving statistics. Errors: MISSING when nothing matches. */
STRIA_API stria_status stria_model_freeze(stria_model *model, const char *pattern, stria_error *err);

/* Copies every tensor of `source` whose name and shape are in `model`. *copied may be NULL.
 * Errors: MISSING when none is. */
STRIA_API stria_status stria_model_copy_tensors(stria_model *model, const stria_model *source, size_t *copied,
                                                stria_error *err);

/* ---- Names and provenance carried in the file ---- */

/* Class names in the order of the outputs. Count 0 when there are none. */
STRIA_API size_t stria_model_class_count(const stria_model *model);
STRIA_API const char *stria_model_class_name(const stria_model *model, size_t index);
/* Copies the names. Errors: MEMORY. */
STRIA_API stria_status stria_model_set_classes(stria_model *model, const char *const *names, size_t count,
                                               stria_error *err);

/* Text kept with the model under a key, NULL when there is none. Lives until it is set again. Keys that training sets:
 * "preprocessing", "data", "data_name", "command", "trained_with", "cpu", "seed", "optimizer", "learning_rate", "schedule",
 * "loss", "class_weight", "batch",
 * "epochs", "history", "first_parameters" ("drawn" from the seed or "given"), "learning_rule". */
STRIA_API const char *stria_model_metadata(const stria_model *model, const char *key);
/* Copies `value`; NULL removes. Errors: MEMORY. */
STRIA_API stria_status stria_model_set_metadata(stria_model *model, const char *key, const char *value,
                                                stria_error *err);

#ifdef __cplusplus
}
#endif

#endif

/* What layer kinds there are and what arguments they take: the table behind model text, `stria help` and messages. */
#ifndef STRIA_LAYERS_H
#define STRIA_LAYERS_H

#include <stddef.h>

#include <stria/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One argument of a layer kind. All strings are constant. */
typedef struct stria_argument_info {
    const char *name;          /* Keras's name, "kernel_size" */
    const char *type;          /* "integer", "number", "sizes", "word", "yes or no", "padding", "activation", "initializer", "regularizer",
                                  "constraint", "shape", "one or two numbers", "numbers" */
    const char *default_value; /* as written in model text; NULL when the argument must be given; "" when left out means none */
    double minimum, maximum;   /* of each number; both 0: no bounds */
    const char *words;         /* the words allowed, separated by spaces, or NULL */
    const char *help;          /* one line */
} stria_argument_info;

/* One layer kind. All strings are constant. */
typedef struct stria_layer_kind_info {
    const char *name;        /* "conv2d" */
    const char *aliases;     /* further names, separated by spaces; may be "" */
    const char *keras_class; /* "Conv2D" */
    const char *title;       /* one line: what it does */
    const char *formula;     /* the definition, one or more lines */
    const char *example;     /* a line of model text */
    size_t argument_count;
    const char *onnx_operator; /* its twin in ONNX, "Conv"; several in a row with + between, one of several with | between;
                                  NULL for none */
} stria_layer_kind_info;

/* How many kinds there are. Any thread. */
STRIA_API size_t stria_layer_kind_count(void);

/* Describes kind `index` (in alphabetical order); 1, or 0 when there is no such index. Any thread. */
STRIA_API int stria_layer_kind_describe(size_t index, stria_layer_kind_info *info);

/* Index of the kind called `name` (name, alias or Keras class in any case), or -1. Any thread. */
STRIA_API int stria_layer_kind_find(const char *name);

/* Describes argument `argument` of kind `index`; 1, or 0 when there is none. Any thread. */
STRIA_API int stria_layer_kind_argument(size_t index, size_t argument, stria_argument_info *info);

/* The kind whose name is nearest to a mistyped `name`, or NULL when none is near. Any thread. */
STRIA_API const char *stria_layer_kind_suggest(const char *name);

/* A word before a kind that changes how the layer is used. All strings are constant. */
typedef struct stria_layer_wrapper_info {
    const char *name;        /* "time_distributed" */
    const char *keras_class; /* "TimeDistributed" */
    const char *title;       /* one line: what it does */
    const char *formula;     /* the definition, one or more lines */
    const char *example;     /* a line of model text */
} stria_layer_wrapper_info;

/* How many wrappers there are. Any thread. */
STRIA_API size_t stria_layer_wrapper_count(void);

/* Describes wrapper `index`; 1, or 0 when there is no such index. Any thread. */
STRIA_API int stria_layer_wrapper_describe(size_t index, stria_layer_wrapper_info *info);

/* A function that arguments of layers name, "l2(0.01)". All strings are constant. */
typedef struct stria_function_info {
    const char *name;
    const char *aliases; /* further names, separated by spaces; may be "" */
    const char *formula; /* one line; x is a number, w a parameter */
    size_t argument_count;
} stria_function_info;

/* Describes function `index` of a family: "activation", "initializer", "regularizer" or "constraint"; 1, or 0 when there
 * is none. Any thread. */
STRIA_API int stria_function_describe(const char *family, size_t index, stria_function_info *info);

/* Describes argument `argument` of that function (its help is NULL: the formula tells); 1, or 0 when there is none. Any
 * thread. */
STRIA_API int stria_function_argument(const char *family, size_t index, size_t argument, stria_argument_info *info);

/* The activation names that "activation" arguments take; NULL past the end. Any thread. */
STRIA_API const char *stria_activation_name(size_t index);

#ifdef __cplusplus
}
#endif

#endif

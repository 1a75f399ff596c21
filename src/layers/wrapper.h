/* Wrappers: words before a layer in model text that change how it is used, as Keras's TimeDistributed and
 * SpectralNormalization do. A wrapper goes around the kind's shape rule; the plan does the rest for every
 * kind alike. */
#ifndef STRIA_LAYERS_WRAPPER_H
#define STRIA_LAYERS_WRAPPER_H

#include "layers/layer.h"

typedef enum stria_wrapper {
    STRIA_WRAPPER_NONE,
    STRIA_TIME_DISTRIBUTED,      /* the layer for each entry of the first axis by itself */
    STRIA_SPECTRAL_NORMALIZATION /* the kernel divided by its largest singular value */
} stria_wrapper;

/* By name or Keras class, in any case of letters; NONE when unknown. */
stria_wrapper stria_wrapper_by_name(const char *name, size_t length);
/* "time_distributed", "TimeDistributed"; NULL for NONE. */
const char *stria_wrapper_name(stria_wrapper wrapper);
const char *stria_wrapper_class(stria_wrapper wrapper);

/* The shape without its first axis; its size is the result. */
int64_t stria_wrapper_entry(const stria_shape *shape, stria_shape *entry);

/* The kind's shape rule with the wrapper around it. `wrapper_params` of the parameters, the last, are the
 * wrapper's own. Errors: those of the rule; UNSUPPORTED when the wrapper does not go with the kind. */
stria_status stria_wrapper_shape(stria_wrapper wrapper, const stria_layer_kind *kind, const void *config,
                                 const stria_shape *inputs, size_t input_count, stria_layer_facts *facts,
                                 stria_error *err);
size_t stria_wrapper_params(stria_wrapper wrapper);

/* The index of the parameter that spectral normalisation divides, or -1. */
int stria_spectral_kernel(const stria_layer_facts *facts);

/* One step of the power iteration (Miyato et al., "Spectral Normalization for Generative Adversarial
 * Networks", 2018), as Keras takes it before each forward in training: u [columns] gets nearer to the right
 * singular vector of the kernel [rows, columns], and the kernel is divided by the singular value that they
 * give. A kernel of zeros is left alone. `scratch`, aligned as tensors are, has rows + 2 * columns floats. */
void stria_spectral_normalize(float *kernel, size_t rows, size_t columns, float *u, float *scratch);

#endif

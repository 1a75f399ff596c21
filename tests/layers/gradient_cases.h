/* The gradient cases and refusals of the layer kinds, a table for each family; test_gradients.c runs them. */
#ifndef STRIA_TESTS_GRADIENT_CASES_H
#define STRIA_TESTS_GRADIENT_CASES_H

#include <stddef.h>
#include <stdint.h>

#include <stria/error.h>

typedef enum stria_gradient_values {
    NORMAL,  /* standard normal */
    SPREAD,  /* a shuffled ladder whose steps are 0.1 and whose rungs lie 0.05 beside every multiple of 0.1 */
    FAR,     /* normal, but with small kernels and biases of +1.5 and -1.5: sums stay 6 deviations away from
                0 */
    FARTHER, /* the same with smaller kernels: sums stay 5 deviations away from 0.5, 1 and 3 too */
    CELLS    /* above 0, inputs and kernels, and inhibition that leaves S-cells far from their threshold: of
                four planes three answer, one of them with inhibition below 0, and one is silent */
} stria_gradient_values;

typedef struct stria_gradient_case {
    const char *text; /* model text */
    int64_t batch;
    stria_gradient_values values;
    const char *freeze; /* layers to freeze, or NULL */
} stria_gradient_case;

typedef struct stria_refusal {
    const char *kind; /* whose refusal it is */
    const char *text;
    stria_status status;
    const char *says; /* a piece of the message */
} stria_refusal;

typedef struct stria_gradient_family {
    const stria_gradient_case *cases;
    size_t case_count;
    const stria_refusal *refusals;
    size_t refusal_count;
} stria_gradient_family;

#define STRIA_GRADIENT_LIST(list) list, sizeof(list) / sizeof(list)[0]
#define STRIA_REFUSAL_LIST(list)  list, sizeof(list) / sizeof(list)[0]

extern const stria_gradient_family stria_gradients_weighted, stria_gradients_pool, stria_gradients_norm,
    stria_gradients_activation, stria_gradients_random, stria_gradients_sound, stria_gradients_shape,
    stria_gradients_merge, stria_gradients_graph, stria_gradients_neocognitron;

#endif

/* The arithmetic of one layer, written out: every sum with its numbers put in, as one would work it out by hand. */
#ifndef STRIA_EXPLAIN_H
#define STRIA_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>

#include <stria/error.h>
#include <stria/export.h>
#include <stria/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One thing to know of a layer. Strings live during the callback. */
typedef struct stria_fact {
    const char *group; /* what a heading over several facts says: "height" */
    const char *key;   /* for programs, never changes: "height.same" */
    const char *name;  /* what it is: "same" */
    const char *sum;   /* how it comes about: "ceil(32/2)"; "" when there is nothing to work out */
    int64_t value;     /* what the sum comes to; -1 when has_value is 0 */
    int has_value;     /* 0: the sum says it all, or depends on an open size, or is above 2^63 */
    const char *unit;  /* of the value: "rows"; may be "" */
    int alternative;   /* 1: one of several ways, stated side by side ... */
    int chosen;        /* ... and the one that the layer takes */
} stria_fact;

typedef void (*stria_fact_fn)(const stria_fact *fact, void *payload);

typedef struct stria_explain_options {
    size_t struct_size;
    int64_t batch;   /* memory is stated for one sample and for so many; 0: 100 */
    stria_fact_fn fact; /* called for every fact; facts of a group follow each other */
    void *payload;
} stria_explain_options;

/* Works layer `index` out. Of windows (convolutions, pooling): the output's size with each kind of padding, what is added at
 * every side, what is ignored at the end, which part of its input and of the model's input an output sees. Of layers that
 * multiply: parameters, multiplications, connections, and those of a dense layer with the same output. Of all: shapes,
 * parameters and memory. Errors: MISSING when there is no such layer, VALUE for a batch below 0. */
STRIA_API stria_status stria_model_explain(const stria_model *model, size_t index, const stria_explain_options *options,
                                           stria_error *err);

#ifdef __cplusplus
}
#endif

#endif

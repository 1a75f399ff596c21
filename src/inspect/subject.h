/* What is looked into: a model with one picture as its input, the plan that runs it, and the class whose
 * score is asked for. Shared by the ways of attribution. */
#ifndef STRIA_INSPECT_SUBJECT_H
#define STRIA_INSPECT_SUBJECT_H

#include <stdbool.h>

#include <stria/attribution.h>
#include <stria/plan.h>

#include "base/memory.h"
#include "model/model.h"

typedef struct stria_subject {
    stria_model *model;
    stria_plan *plan;
    stria_arena arena; /* of everything below, freed with it */
    const float *x;    /* [height, width, channels] */
    size_t height, width, channels, elements;
    size_t columns, places; /* of the output: numbers at a place, and places */
    size_t outputs;         /* columns * places */
    size_t classes;         /* columns, or the two that a single sigmoid tells apart */
    size_t class_index;
    size_t batch;     /* pictures at a time */
    int raw;          /* a stria_raw_output: the activation that outputs are before */
    bool binary;      /* the only output is that of class 1 */
    float *direction; /* [batch, outputs]: dS/doutput */
} stria_subject;

/* Finds the sizes of a picture [H,W,C] or a signal [L,C] of the model. Errors: UNSUPPORTED, SHAPE. */
stria_status stria_subject_open(stria_subject *subject, stria_model *model, const float *x,
                                const stria_shape *shape, stria_error *err);

/* Makes the plan, runs x and chooses the class (`target` NULL: the most likely). `options` has what the
 * subject does not know; with `probabilities` scores are probabilities. Errors: those of plans, VALUE for an
 * unknown class or numbers that are not finite. */
stria_status stria_subject_start(stria_subject *subject, const stria_shape *shape,
                                 stria_plan_options *options, bool probabilities, const char *target,
                                 stria_error *err);

/* Runs `count` pictures. Errors: VALUE when the outputs are not finite. */
stria_status stria_subject_run(stria_subject *subject, const float *pictures, size_t count, stria_error *err);

/* Goes back from the class's scores of the pictures of the last run. */
stria_status stria_subject_back(stria_subject *subject, stria_error *err);

/* The score and the probability that picture `index` of the last run got. */
double stria_subject_score(const stria_subject *subject, size_t index);
double stria_subject_probability(const stria_subject *subject, size_t index);

/* Zeroed floats and doubles of the subject's arena. Errors: LIMIT, MEMORY. */
stria_status stria_subject_floats(stria_subject *subject, size_t count, size_t times, float **values,
                                  stria_error *err);
stria_status stria_subject_doubles(stria_subject *subject, size_t count, double **values, stria_error *err);

void stria_subject_close(stria_subject *subject);

#endif

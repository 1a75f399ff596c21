/* The formulas of the losses: one row of outputs against what it should be, and the gradient. */
#ifndef STRIA_TRAIN_LOSS_FORMULAS_H
#define STRIA_TRAIN_LOSS_FORMULAS_H

#include "train/loss.h"

typedef struct stria_loss_row {
    const stria_loss *loss;
    const float *outputs; /* [columns] */
    const float *targets; /* [columns]; NULL: `label` says where the 1 of the row is */
    int32_t label;        /* of a single column it is the target itself */
    size_t columns;
    double scale, shift; /* every target t counts as t * scale + shift */
    double share;        /* the gradient is multiplied by it: the row's share of the batch's mean */
    float *gradient;     /* [columns], overwritten; NULL: not wanted */
} stria_loss_row;

/* The loss of one output y for its target t, and its derivative by y. */
typedef double (*stria_loss_element_fn)(const stria_loss *loss, double y, double t, double *slope);

/* A loss is the mean over a row of `element`, or what `row` gives. */
typedef struct stria_loss_formula {
    stria_loss_element_fn element;
    double (*row)(const stria_loss_row *row);
    int raw_output;    /* the activation that the loss has built in, a stria_raw_output */
    bool of_classes;   /* a row is one choice among its columns, of which there must be two */
    bool takes_hinges; /* targets of 0 and 1 count as -1 and 1 */
} stria_loss_formula;

/* Indexed by stria_loss_kind. */
extern const stria_loss_formula stria_loss_formulas[STRIA_LOSS_COUNT];

/* The row's loss; writes its gradient. */
double stria_loss_row_compute(const stria_loss_row *row);

#endif
